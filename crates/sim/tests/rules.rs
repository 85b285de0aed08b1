//! Rules of Raft, switched off one at a time: for some seed the checkers catch what comes of it,
//! with all rules on they catch nothing.

mod common;

use common::{Random, begin, elect, fault_run, put, random_settings, run_for, until};
use sim::member::Micros;
use sim::member::raft_core::{NodeId, Rule};
use sim::{Action, Cluster, Event, LinkChange, Property, Sent, Settings, Switch};

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

/// Raft Figure 2: n3 votes for n1, forgets it in a crash, and votes for n2 in the same term.
#[test]
fn persist_vote() {
    let run =
        |switch| (0..40).find_map(|seed| vote_twice(seed, switch).map(|property| (seed, property)));
    let caught = run(Switch::Off).map(|(_, property)| property);
    assert_eq!(caught, Some(Property::OneVoteATerm));
    assert_eq!(run(Switch::On), None);
}

fn vote_twice(seed: u64, switch: Switch) -> Option<Property> {
    let defaults = Settings::default();
    let settings = Settings { seed, pre_vote: false, check_quorum: false, ..defaults };
    let mut cluster = Cluster::new(settings.with_rule(Rule::PersistVote, switch));
    let [candidate, rival] = [NodeId(1), NodeId(2)];
    // The two never hear of each other.
    for (from, to) in [(candidate, rival), (rival, candidate)] {
        act(&mut cluster, Action::SetLink { from, to, change: LinkChange::Cut });
    }
    let voted = |event: &Event| {
        let granted = |sent: &Sent| sent.reject == Some(false) && sent.to == candidate;
        event.node == Some(NodeId(3)) && event.sent.iter().any(granted)
    };
    for _ in 0..10_000 {
        let Some(event) = cluster.step() else { break };
        if voted(&event) {
            act(&mut cluster, Action::Isolate(candidate));
            act(&mut cluster, Action::Crash(NodeId(3)));
            act(&mut cluster, Action::Restart(NodeId(3)));
        }
    }
    cluster.violation().map(|violation| violation.property)
}

/// Raft §5.4.2, Figure 8: an entry of an earlier term that is on a majority is overwritten by a
/// leader that never had it. Nothing of it may be taken for committed.
#[test]
fn own_term_commit() {
    let caught = (0..10).find_map(|seed| figure_8(seed, Switch::Off));
    assert_eq!(caught, Some(Property::LeaderCompleteness));
    assert_eq!((0..10).find_map(|seed| figure_8(seed, Switch::On)), None);
}

fn figure_8(seed: u64, switch: Switch) -> Option<Property> {
    let settings = Settings { nodes: 5, seed, ..Settings::default() };
    let mut cluster = Cluster::new(settings.with_rule(Rule::OwnTermCommit, switch));
    // (a) A leader has two large entries on itself and one other; one message holds only one.
    let first = elect(&mut cluster);
    let friend = cluster.follower()?;
    act(&mut cluster, Action::Partition(vec![vec![first, friend]]));
    let old = cluster.node(first).state().last_index;
    for _ in 0..2 {
        let value = "x".repeat(300_000);
        begin(&mut cluster, put("large", &value), &[first.0], Micros::from_secs(5));
    }
    run_for(&mut cluster, Micros::from_millis(200));
    // (b) The last one is elected by the rest, and has an entry that it alone has.
    act(&mut cluster, Action::Crash(first));
    act(&mut cluster, Action::Crash(friend));
    if !until(&mut cluster, Micros::from_secs(20), |cluster| cluster.leader().is_some()) {
        return None;
    }
    let alone = cluster.leader()?;
    act(&mut cluster, Action::Isolate(alone));
    // (c) The first two and one more elect one of the two, which spreads the old entries; it is
    // cut off as soon as it takes one for committed.
    act(&mut cluster, Action::Restart(first));
    act(&mut cluster, Action::Restart(friend));
    act(&mut cluster, Action::Partition(vec![vec![alone]]));
    let commits = |cluster: &Cluster| cluster.nodes().any(|node| node.state().commit > old);
    if !until(&mut cluster, Micros::from_secs(20), commits) {
        return None;
    }
    // (d) Without the two, the one that was alone is elected, and overwrites that entry.
    act(&mut cluster, Action::Partition(vec![vec![first], vec![friend]]));
    run_for(&mut cluster, Micros::from_secs(20));
    cluster.violation().map(|violation| violation.property)
}

fn act(cluster: &mut Cluster, action: Action) {
    if cluster.violation().is_none() {
        cluster.act(action).expect("the script makes sense");
    }
}
