//! Sessions at random points of runs full of faults: back in time, cloned, saved and restored.

use std::collections::BTreeMap;

use lab::session::{Opening, Session};

/// How many points: `cargo xtask prove` asks for more.
fn points() -> u64 {
    let asked = std::env::var("RAFT_LAB_POINTS").ok();
    asked.and_then(|points| points.parse().ok()).unwrap_or(1_000)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Nobody is there to break off a transaction that hangs, as etcdctl's have no timeout.
fn unattended() -> Opening {
    Opening { attended: false, ..Opening::default() }
}

/// Steps to an event.
fn go_on(session: &mut Session, event: u64) {
    while session.seq() < event && session.step() {}
}

/// Everything that can be told of a session without looking inside.
fn told(session: &Session) -> String {
    let terminal: Vec<String> = session.terminal().iter().map(|e| format!("{e:?}")).collect();
    let cluster = session.cluster();
    format!("{:016x} {:?}\n{}", cluster.trace_hash(), session.stage(), terminal.join("\n"))
}

/// Design §4: a seek, a clone, and a copy restored from the saved text are where the run was at
/// that event, and go on as it did.
#[test]
fn every_way_back_leads_on_as_before() {
    const POINTS_A_SEED: u64 = 20;
    let mut compared = 0;
    for seed in 1..=points().div_ceil(POINTS_A_SEED) {
        let mut session = Session::new(unattended()).expect("an empty set-up");
        session.apply(&lab::fuzz::script(seed, 800)).expect("a script");
        // The trace so far, at every event after which nothing was left to be issued.
        let mut hashes = BTreeMap::new();
        while session.busy() && session.step() {
            hashes.insert(session.seq(), session.cluster().trace_hash());
        }
        assert_eq!(session.cluster().violation(), None, "seed {seed}");
        let events: Vec<u64> = hashes.keys().copied().collect();
        let mut random = Random(seed);
        for _ in 0..POINTS_A_SEED {
            let place = random.below(events.len() as u64 - 1) as usize;
            let (here, there) = (events[place], events[(place + 60).min(events.len() - 1)]);
            let at = format!("seed {seed}, event {here}");
            session.seek(here);
            assert_eq!(session.cluster().trace_hash(), hashes[&here], "{at}: seek");
            let mut clone = session.clone();
            let mut restored =
                Session::restore(unattended(), &session.saved()).expect("what was saved");
            assert_eq!(restored.seq(), here, "{at}");
            assert_eq!(restored.cluster().trace_hash(), hashes[&here], "{at}: restored");
            for session in [&mut session, &mut clone, &mut restored] {
                go_on(session, there);
                assert_eq!(session.cluster().trace_hash(), hashes[&there], "{at}: onwards");
            }
            assert_eq!(told(&clone), told(&session), "{at}: the clone");
            assert_eq!(restored.stage(), session.stage(), "{at}: the restored");
            compared += 1;
        }
    }
    println!("{compared} points of sessions: every way back led on identically");
}

/// Proves: a command that was broken off because nobody was there is broken off again wherever the
/// session is opened, and what is typed there is not.
#[test]
fn nobody_was_there_then() {
    let mut session = Session::new(unattended()).expect("an empty set-up");
    let hangs = "etcdctl --endpoints=n2 txn <<'E'\n\nput a 1\n\n\nE\n";
    session.apply(&format!("until leader\npause n2\n{hangs}advance 1s\n")).expect("a script");
    while session.busy() && session.step() {}
    let exits = |session: &Session| -> Vec<Option<i32>> {
        session.terminal().iter().map(|entry| entry.exit).collect()
    };
    assert_eq!(exits(&session)[2], Some(130), "nobody waits for it");
    let saved = session.saved();
    let mut opened = Session::restore(Opening::default(), &saved).expect("what was saved");
    assert_eq!(exits(&opened), exits(&session));
    assert_eq!(opened.cluster().trace_hash(), session.cluster().trace_hash());
    let again = Session::restore(unattended(), &opened.saved()).expect("what was saved again");
    assert_eq!(again.cluster().trace_hash(), session.cluster().trace_hash());
    opened.apply(hangs).expect("a line");
    let end = opened.now_micros() + 30_000_000;
    while opened.now_micros() < end && opened.step() {}
    assert_eq!(exits(&opened).last(), Some(&None), "somebody is there");
}

/// Proves: what somebody waited for longer than `lab run` would is waited for as long when `lab run` is
/// given the saved text.
#[test]
fn somebody_was_there_then() {
    let mut session = Session::new(Opening::default()).expect("an empty set-up");
    session.apply("until leader\netcdctl watch a\n").expect("a script");
    while session.now_micros() < 20_000_000 && session.step() {}
    session.interrupt();
    let saved = session.saved();
    let mut run = Session::new(unattended()).expect("an empty set-up");
    run.apply(&saved).expect("what was saved is a script");
    while run.busy() && run.step() {}
    assert_eq!(run.seq(), session.seq());
    assert_eq!(run.cluster().trace_hash(), session.cluster().trace_hash());
    // And so in a session that nobody attends and that comes back to it.
    let again = Session::restore(unattended(), &saved).expect("what was saved");
    let again = Session::restore(Opening::default(), &again.saved()).expect("what was saved again");
    assert_eq!(again.cluster().trace_hash(), session.cluster().trace_hash());
}
