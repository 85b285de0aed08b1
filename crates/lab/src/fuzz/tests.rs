//! The fuzzer finds what is broken on purpose, and nothing where nothing is.

use sim::Property;

use super::recording::{judge, replay};
use super::*;

fn options(seeds: (u64, u64), steps: u64) -> FuzzOptions {
    FuzzOptions {
        first: seeds.0,
        last: seeds.1,
        steps,
        nodes: None,
        disabled: Vec::new(),
        jobs: 2,
        shrink_tries: 600,
        until: None,
    }
}

/// Proves (issue "Shown", 4 and 5): Raft's safety under every kind of fault, its liveness after
/// them, and linearizability of what clients were told; and that every fault really struck.
#[test]
fn seeds_hold() {
    let campaign = campaign(&options((1, 500), 20_000), &|_| {});
    if let Some(failure) = &campaign.failure {
        panic!("seed {}: {}\n{}", failure.seed, failure.explanation, failure.script);
    }
    assert_eq!(campaign.never(), []);
    assert!(campaign.events >= 500 * 20_000);
    let Searched { decided, undecided } = campaign.searched;
    assert!(undecided < decided, "{undecided} searches given up, {decided} decided");
}

/// Proves: when the time is over no further seed is begun, but one always is.
#[test]
fn time_ends_a_campaign() {
    let over = Some(std::time::Instant::now());
    let campaign = campaign(&FuzzOptions { until: over, ..options((7, 900), 100) }, &|_| {});
    assert_eq!(campaign.runs, 1);
}

/// Proves: what was issued live, line by line, and the script that it is written down as have the
/// same events.
#[test]
fn a_run_is_its_script() {
    for seed in 1..=20 {
        let ran = run(seed, &options((seed, seed), 1_500));
        assert_eq!(ran.verdict, None, "seed {seed}");
        let replayed = replay(&ran.recording.text());
        assert_eq!(replayed.cluster().trace_hash(), ran.trace_hash, "seed {seed}");
        assert_eq!(judge(&replayed), None, "seed {seed}");
    }
}

/// Proves: a rule that is left out is missed, by a property that fits to it, and a short script is
/// enough to show it: within 100 seeds, but for a vote that is forgotten in a crash, which does harm
/// only if another candidate asks in that very term, and for a read of a deposed leader, which takes a
/// client that asks it while its successor writes.
#[test]
fn rules_are_missed() {
    let safety = Broken::Safety;
    // With how many seeds, and in how many lines at most.
    let expected = [
        (Rule::Majority, safety(Property::DurableOnQuorum), 100, 20),
        (Rule::OneVoteATerm, safety(Property::OneVoteATerm), 100, 20),
        (Rule::PersistVote, safety(Property::OneVoteATerm), 1_000, 30),
        (Rule::LogConsistencyCheck, safety(Property::LogMatching), 100, 20),
        (Rule::UpToDateCheck, safety(Property::UpToDateLeader), 100, 30),
        (Rule::ConfirmLeadershipBeforeRead, safety(Property::ReadSeesWrites), 400, 20),
    ];
    for (rule, broken, seeds, lines_max) in expected {
        let disabled = vec![rule];
        let campaign = campaign(&FuzzOptions { disabled, ..options((1, seeds), 4_000) }, &|_| {});
        let failure = campaign.failure.unwrap_or_else(|| panic!("{} is not missed", rule.name()));
        assert_eq!(failure.broken, broken, "{}: {}", rule.name(), failure.script);
        assert!(failure.lines.0 <= lines_max, "{}", failure.script);
        let replayed = replay(&failure.script);
        let judged = judge(&replayed).map(|verdict| verdict.broken);
        assert_eq!(judged, Some(broken), "{}", failure.script);
        // The checker of properties comes first, but the history alone convicts the run too.
        if rule == Rule::ConfirmLeadershipBeforeRead {
            let history = replayed.cluster().history();
            assert!(crate::linear::check(history.iter()).is_err(), "{}", failure.script);
        }
    }
}
