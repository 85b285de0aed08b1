//! Sessions go back and forth in time, are undone, saved and restored, and are always the same.

use lab::session::{Issued, Opening, Progress, Session};

/// A session with faults and writes in it, ten simulated seconds long.
fn busy_session(seed: u64) -> Session {
    let setup = "until leader\netcdctl put name john".to_owned();
    let mut session = Session::new(Opening { nodes: 5, seed, setup, ..Opening::default() })
        .expect("the set-up is a good script");
    for (at_micros, line) in [
        (2_000_000, "crash leader"),
        (3_000_000, "etcdctl put name joe"),
        (5_000_000, "restart"),
        (5_500_000, "partition n1 n2 | n3 n4 n5"),
        (6_000_000, "etcdctl --endpoints=n1 --command-timeout=1s put name joan"),
        (8_000_000, "heal"),
        (8_500_000, "isolate follower"),
    ] {
        run_to(&mut session, at_micros);
        session.apply(line).expect("a good line");
    }
    run_to(&mut session, 10_000_000);
    session
}

fn run_to(session: &mut Session, at_micros: u64) {
    while session.advance(at_micros, 1_000) == Progress::Pending {}
}

/// Proves: wherever a learner goes in time, the same event shows the same state.
#[test]
fn a_seek_shows_what_was_there() {
    let mut session = busy_session(11);
    let (end, hash) = (session.seq(), session.cluster().trace_hash());
    let mut seen = Vec::new();
    for event in (0..end).step_by(97) {
        session.seek(event);
        // A line with several actions is several events; a seek does not stop between them.
        assert!(session.seq() >= event && session.seq() < event + 25, "seek to {event}");
        seen.push((event, session.seq(), session.cluster().trace_hash(), session.stage()));
    }
    for (event, seq, hash, stage) in seen.into_iter().rev() {
        session.seek(event);
        assert_eq!((session.seq(), session.cluster().trace_hash()), (seq, hash), "event {event}");
        assert_eq!(session.stage(), stage, "event {event}");
    }
    session.seek(end);
    assert_eq!((session.seq(), session.cluster().trace_hash()), (end, hash));
}

/// Proves: undo takes the last line back, redo does it again, and both end where they were.
#[test]
fn undo_and_redo_return_to_the_same_states() {
    let mut session = busy_session(12);
    let mut states = Vec::new();
    let mut undone = 0;
    while session.undoes().is_some() {
        states.push((session.seq(), session.cluster().trace_hash()));
        assert!(session.undo());
        undone += 1;
    }
    assert_eq!(undone, 7, "seven lines were given, and the set-up cannot be undone");
    assert!(!session.undo());
    for state in states.into_iter().rev() {
        assert!(session.redo());
        assert_eq!((session.seq(), session.cluster().trace_hash()), state);
    }
    assert!(!session.redo());
}

/// Proves: acting in the past cuts the future off, and undo brings the old future back.
#[test]
fn acting_in_the_past_forks_and_undo_returns() {
    let mut session = busy_session(13);
    let (end, hash) = (session.end(), session.cluster().trace_hash());
    session.seek(end / 2);
    let fork = session.seq();
    session.apply("crash n5").expect("a good line");
    assert_eq!(session.end(), fork + 1, "the crash is the last event now");
    run_to(&mut session, 10_000_000);
    assert_ne!(session.cluster().trace_hash(), hash);
    assert!(session.undo());
    assert_eq!(session.seq(), fork);
    session.seek(end);
    assert_eq!((session.seq(), session.cluster().trace_hash()), (end, hash));
}

/// Proves: a saved session comes back at the same event with the same state, and goes on alike.
#[test]
fn a_saved_session_is_restored_exactly() {
    for seed in 0..20 {
        let mut session = busy_session(seed);
        let opening = Opening { nodes: 5, seed, ..Opening::default() };
        let mut restored =
            Session::restore(opening, &session.saved()).expect("what was saved can be read");
        assert_eq!(restored.seq(), session.seq());
        assert_eq!(restored.cluster().trace_hash(), session.cluster().trace_hash());
        assert_eq!(restored.terminal().len(), session.terminal().len());
        assert_eq!(restored.saved(), session.saved());
        run_to(&mut session, 12_000_000);
        run_to(&mut restored, 12_000_000);
        assert_eq!(restored.cluster().trace_hash(), session.cluster().trace_hash(), "seed {seed}");
    }
}

/// Proves: a text that is no saved session is refused with a place and a reason.
#[test]
fn a_text_that_was_not_saved_is_refused() {
    let error =
        |text: &str| Session::restore(Opening::default(), text).expect_err(text).to_string();
    assert!(error("nodes 3\n").starts_with("1:1: expected a saved session"));
    assert!(error("# raft-lab session 1\n@4 crush n1\n").starts_with("2:4: "));
}

/// Proves: a bad line changes nothing but the terminal, which shows it.
#[test]
fn a_bad_line_changes_nothing() {
    let mut session = busy_session(14);
    let (seq, saved, entries) = (session.seq(), session.saved(), session.terminal().len());
    for line in ["nodes 0", "nodes 8", "crash n9", "cut n1", "etcdctl 'open", "set latency fast"] {
        assert!(session.apply(line).is_err(), "{line}");
    }
    assert_eq!((session.seq(), session.saved()), (seq, saved));
    assert_eq!(session.terminal().len(), entries + 6);
}

/// Proves: a value beyond etcd's limit gets etcd's answer, and markup stays text.
#[test]
fn values_too_large_or_strange_are_only_text() {
    let mut session = busy_session(15);
    session.apply("heal").expect("a good line");
    // Long enough for the election that the isolation brought about.
    run_to(&mut session, 14_000_000);
    let put = |bytes: usize| format!("etcdctl put big {}", "x".repeat(bytes));
    for (line, exit, stderr) in [
        (put(1_600_000), 1, "Error: etcdserver: request is too large\n"),
        // Beyond 2 MiB the real client does not even send it.
        (
            put(2 * 1024 * 1024),
            1,
            "Error: rpc error: code = ResourceExhausted desc = trying to send ",
        ),
        ("etcdctl put '<img src=x onerror=alert(1)>' '\u{202e}🦀'".to_owned(), 0, ""),
    ] {
        session.apply(&line).expect("a good line");
        while session.busy() {
            session.advance_while_busy(1_000);
        }
        let entry = session.terminal().last().expect("the line is in the terminal");
        assert_eq!(entry.exit, Some(exit), "{}", entry.stderr);
        assert!(entry.stderr.starts_with(stderr), "{}", entry.stderr);
    }
    let stage = session.stage();
    assert!(stage.nodes.iter().any(|n| n.keys.iter().any(|k| k.key.starts_with("<img"))));
}

/// Proves: a line of somebody at the controls does not wait for an etcdctl that hangs, and is undone
/// and saved like any other.
#[test]
fn a_click_does_not_wait_for_a_command() {
    let setup = "until leader\ntransfer n1\nuntil leader is n1".to_owned();
    let mut session = Session::new(Opening { setup, ..Opening::default() }).expect("a good set-up");
    for line in ["crash n2", "crash n3"] {
        assert_eq!(session.act(line), Ok(Issued::AtOnce));
    }
    assert_eq!(session.act("etcdctl --endpoints=n1 put name john"), Ok(Issued::InTurn));
    session.advance_while_busy(20);
    assert!(session.busy(), "without a quorum the write hangs");
    let before = session.seq();
    assert_eq!(session.act("restart"), Ok(Issued::AtOnce));
    assert_eq!(session.stage().quorum.running, 3);
    assert!(session.busy(), "the write still hangs");
    while session.busy() {
        session.advance_while_busy(1_000);
    }
    assert_eq!(session.terminal()[5].stdout, "OK\n", "three nodes are a quorum again");
    let restored = Session::restore(Opening::default(), &session.saved()).expect("it was saved");
    assert_eq!(restored.cluster().trace_hash(), session.cluster().trace_hash());
    assert!(session.undo());
    assert_eq!((session.seq(), session.stage().quorum.running), (before, 1));
}
