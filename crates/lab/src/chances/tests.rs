use super::*;
use crate::session::{Opening, Session};

fn tried(wanted: Wanted, slice: u32) -> Chances {
    let mut chances = Chances::new(wanted);
    while !chances.run(slice).is_done() {
        // No run needs so many: what is done again and again ends here, and not never.
        assert!(chances.events < 20_000 * u64::from(chances.wanted.runs), "it does not end");
    }
    chances
}

fn few(runs: u32) -> Wanted {
    Wanted { runs, ..Wanted::default() }
}

/// Proves: what is counted does not depend on how much is done at a time, and is the same again.
#[test]
fn slices_of_any_size_count_the_same() {
    let whole = tried(few(60), u32::MAX);
    for slice in [1, 7, 1_000] {
        let sliced = tried(few(60), slice);
        assert_eq!(sliced.tally(), whole.tally(), "slices of {slice}");
        assert_eq!(sliced.progress(), whole.progress());
    }
    let other = tried(Wanted { seed: 2, ..few(60) }, u32::MAX);
    assert_ne!(other.tally(), whole.tally());
}

/// Proves: a slice ends when its budget does.
#[test]
fn a_budget_is_kept() {
    let mut chances = Chances::new(few(1_000));
    assert_eq!(chances.run(500).events, 500);
    assert_eq!(chances.run(1).events, 501);
    assert!(!chances.progress().is_done());
}

/// Proves: numbers add up: each run is counted once in every tally.
#[test]
fn every_run_is_counted_once() {
    let chances = tried(few(300), u32::MAX);
    let tally = chances.tally();
    assert_eq!((tally.led, tally.given_up), (300, 0));
    assert_eq!(tally.by_split.iter().sum::<u32>(), 300);
    for most in [1, 2, 10, 40, 1_000_000] {
        let bars = tally.histogram(most);
        assert!(bars.len() <= most as usize, "{bars:?}");
        assert_eq!(bars.iter().map(|bar| bar.runs).sum::<u32>(), 300);
        assert!(bars.windows(2).all(|two| two[0].to_ms == two[1].from_ms));
        assert!(bars[0].runs > 0 && bars[bars.len() - 1].runs > 0);
    }
    let (median, most) = (tally.median_ms().unwrap(), tally.within_ms(95).unwrap());
    let longest = tally.within_ms(100).unwrap();
    assert!(median < most && most < longest, "{median} {most} {longest}");
    assert_eq!(u64::from(longest), tally.slowest.unwrap().micros / 1_000);
    assert_eq!(tally.histogram_rows(10).len(), tally.histogram(10).len());
}

/// Proves: times are those that the election timeout allows: nobody stands before its timer, which
/// began with the last heartbeat, has run out, and somebody has before the longest one has.
#[test]
fn times_are_what_the_timers_allow() {
    let chances = tried(few(500), u32::MAX);
    let tally = chances.tally();
    let first = tally.histogram(1_000_000)[0].from_ms;
    assert!((700..1_100).contains(&first), "the soonest after {first} ms");
    let median = tally.median_ms().unwrap();
    assert!((1_000..1_400).contains(&median), "half within {median} ms");
}

/// Proves: less spread, more split votes and, with none but the phases of the clocks, later leaders.
#[test]
fn without_chance_votes_split() {
    let spread = |timeouts| {
        let wanted = Wanted { timeouts, latency: Micros(40_000), pre_vote: false, ..few(300) };
        tried(wanted, u32::MAX).tally().with_split()
    };
    let (etcd, five, one) = (spread(None), spread(Some(5)), spread(Some(1)));
    assert!(etcd < five && five < one, "{etcd} {five} {one}");
    // As many timeouts as etcd draws from is what etcd does.
    assert_eq!(spread(Some(10)), etcd);
}

/// Proves: a run is what its lines are, event for event: the session has the next leader at the very
/// moment, in the very term.
#[test]
fn the_worst_run_can_be_looked_at() {
    let quick = Wanted {
        nodes: 3,
        heartbeat: Micros(20_000),
        election_timeout: Micros(150_000),
        latency: Micros(15_000),
        jitter: Micros(5_000),
        pre_vote: false,
        ..few(100)
    };
    let slow =
        Wanted { heartbeat: Micros(600_000), election_timeout: Micros(3_000_000), ..few(40) };
    let cold = Wanted { beginning: Beginning::ColdStart, ..few(100) };
    for wanted in [few(100), quick, slow, cold] {
        let chances = tried(wanted.clone(), u32::MAX);
        let tally = chances.tally();
        for run in [tally.slowest.unwrap(), tally.most_split.unwrap()] {
            let lines = wanted.lines(run.seed).unwrap();
            let setup = lines.clone();
            let session = Session::new(Opening { setup, ..Opening::default() }).expect("a script");
            let leads = session.feed().iter().rfind(|item| item.text.contains(" leads term "));
            let end = leads.expect("a leader").at_micros;
            let begin = session.feed().iter().find(|item| item.text.starts_with("crash"));
            assert_eq!(end - begin.map_or(0, |item| item.at_micros), run.micros, "{lines}");
        }
    }
    assert_eq!(Wanted { timeouts: Some(3), ..few(1) }.lines(1), None);
}

/// Proves: where nobody can win, runs are given up and said to be.
#[test]
fn hopeless_runs_are_given_up() {
    let wanted = Wanted { latency: Micros(3_000_000), ..few(3) };
    let chances = tried(wanted, u32::MAX);
    assert_eq!((chances.tally().led, chances.tally().given_up), (0, 3));
    assert_eq!(chances.tally().median_ms(), None);
    assert_eq!(chances.tally().histogram(10), []);
    let rows = chances.tally().rows();
    assert_eq!(rows.last().unwrap()[1], "3 (100.0 %)");
}
