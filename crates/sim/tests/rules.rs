//! Rules of Raft, switched off one at a time: for some seed the checkers catch what comes of it,
//! with all rules on they catch nothing.
//!
//! These runs are random. Each rule, also those that need more than luck, has a story of exact steps
//! in `tests/rules/` at the top.

mod common;

use common::{Random, fault_run, random_settings};
use sim::member::Micros;
use sim::member::raft_core::Rule;
use sim::{Cluster, Property, Settings, Switch};

/// Runs seeds with a rule off until a checker notices; says what it noticed.
fn caught(rule: Rule, seeds: u64) -> Vec<(u64, Property)> {
    let mut found = Vec::new();
    for seed in 0..seeds {
        let mut random = Random(seed);
        let settings = random_settings(seed, &mut random);
        let settings = Settings { nodes: settings.nodes.max(3), ..settings };
        let mut cluster = Cluster::new(settings.with_rule(rule, Switch::Off));
        assert!(cluster.is_modified(), "{} is a rule of safety", rule.name());
        fault_run(&mut cluster, &mut random, Micros::from_secs(20), |_| {});
        if let Some(violation) = cluster.violation() {
            found.push((seed, violation.property));
            assert!(cluster.clone().step().is_none(), "the run stops there");
            assert_eq!(violation.seq, cluster.seq());
        }
    }
    found
}

/// Checks that a rule's absence is noticed, and as what.
fn check(rule: Rule, seeds: u64, expected: &[Property]) {
    let found = caught(rule, seeds);
    println!("{}: {found:?}", rule.name());
    assert!(!found.is_empty(), "{} off: nothing was noticed in {seeds} seeds", rule.name());
    for (seed, property) in found {
        assert!(expected.contains(&property), "{} off, seed {seed}: {property:?}", rule.name());
    }
}

/// With all rules on, the same runs break nothing.
#[test]
fn nothing_is_caught_with_all_rules_on() {
    for seed in 0..30 {
        let mut random = Random(seed);
        let settings = random_settings(seed, &mut random);
        let mut cluster = Cluster::new(settings);
        assert!(!cluster.is_modified(), "PreVote and CheckQuorum are not rules of safety");
        fault_run(&mut cluster, &mut random, Micros::from_secs(20), |_| {});
        assert_eq!(cluster.violation(), None, "seed {seed}");
    }
}

/// Raft §5.1, Figure 2: a term that is not on disk is forgotten in a crash.
#[test]
fn persist_term() {
    check(Rule::PersistTerm, 10, &[Property::TermNeverBack]);
}

/// Raft §5.2: two votes in a term.
#[test]
fn one_vote_a_term() {
    check(Rule::OneVoteATerm, 40, &[Property::OneVoteATerm, Property::ElectionSafety]);
}

/// Raft §5.4.1: a leader whose log lacks what others have.
#[test]
fn up_to_date_check() {
    let expected = [Property::LeaderCompleteness, Property::UpToDateLeader];
    check(Rule::UpToDateCheck, 40, &expected);
}

/// Raft §5.1: a deposed leader that leads on.
#[test]
fn step_down() {
    check(Rule::StepDown, 40, &[Property::ElectionSafety, Property::LogMatching]);
}

/// Raft §5.2: a candidate that stays in its term.
#[test]
fn new_term_on_candidacy() {
    let expected = [Property::LogMatching, Property::OneVoteATerm, Property::ElectionSafety];
    check(Rule::NewTermOnCandidacy, 40, &expected);
}

/// Raft §5.3: two of five are no majority.
#[test]
fn majority() {
    let expected = [Property::DurableOnQuorum, Property::LogMatching, Property::ElectionSafety];
    check(Rule::Majority, 20, &expected);
}

/// Raft §5.3: entries put behind others than the leader's.
#[test]
fn log_consistency_check() {
    let expected = [Property::LogMatching, Property::StateMachineSafety];
    check(Rule::LogConsistencyCheck, 20, &expected);
}

/// Raft §5.3: a message that was overtaken deletes what came after it.
#[test]
fn truncate_on_conflict_only() {
    let expected = [
        Property::StateMachineSafety,
        Property::DurableOnQuorum,
        Property::DurableBeforeAcknowledged,
        Property::LogMatching,
    ];
    check(Rule::TruncateOnConflictOnly, 20, &expected);
}

/// Raft Figure 2: a message that was overtaken takes the commit index back.
#[test]
fn never_move_commit_back() {
    check(Rule::NeverMoveCommitBack, 20, &[Property::CommitNeverBack]);
}

/// Raft Figure 2: acknowledged first, written later.
#[test]
fn sync_before_acknowledging() {
    let expected = [Property::DurableBeforeAcknowledged, Property::TermNeverBack];
    check(Rule::SyncBeforeAcknowledging, 20, &expected);
}
