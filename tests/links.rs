//! Links and files carry a session exactly, and whatever else they carry does no harm.

use lab::link::{LinkError, PREFIX, Shared};
use lab::session::{Opening, Progress, Session};

/// SplitMix64: enough to draw sessions with, and the same everywhere.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

const LINES: [&str; 30] = [
    "etcdctl put name john",
    "client b etcdctl put 'a key' \"ü 🦀\" &",
    "client b etcdctl get name --consistency=s",
    "etcdctl put doc <<'EOF'\n# at event 9\n# lines issued 1\n# shows panel=keys\nEOF",
    "etcdctl del name &",
    "etcdctl --command-timeout=500ms put name joe",
    "export ETCDCTL_ENDPOINTS=n1",
    "unset ETCDCTL_ENDPOINTS",
    "crash leader",
    "crash n1",
    "tear follower",
    "restart",
    "pause n1",
    "resume",
    "isolate n1",
    "heal",
    "clock n1 1.5x",
    "set latency 35ms",
    "set jitter 7ms",
    "set pre-vote off",
    "set check-quorum off",
    "set snapshot-count 20",
    "disable own-term-commit",
    "enable own-term-commit",
    "nodes 5",
    "seed 42",
    "status",
    "jobs",
    "advance 200ms",
    "until term >= 2 since start limit 1s",
];

/// A session in which anything was done, at any moment of it.
fn any_session(seed: u64) -> Session {
    let mut draw = Draw(seed);
    let setup = draw.one(&["", "until leader", "set latency 40ms\nuntil leader limit 3s"]);
    let nodes = draw.below(5) as u8 + 1;
    let opening = Opening { nodes, seed, setup: setup.to_owned(), ..Opening::default() };
    let mut session = Session::new(opening).expect("a good set-up");
    for _ in 0..draw.below(12) + 1 {
        match draw.below(8) {
            0 => drop(session.undo()),
            1 => drop(session.redo()),
            2 => session.seek(draw.below(session.end() + 1)),
            3 => drop(session.return_to_other()),
            _ => {
                // Some lines name what this cluster has not: then they are refused, and that is kept.
                let _ = session.act(draw.one(&LINES));
            }
        }
        for _ in 0..draw.below(120) {
            session.step();
        }
    }
    session
}

fn opening() -> Opening {
    Opening::default()
}

/// Opens what `shared` holds, and goes to its event in small steps.
fn arrive(shared: &Shared) -> Session {
    let mut session = shared.open(opening()).expect("what was written can be read");
    while session.arrive(50) == Progress::Pending {}
    session
}

/// Proves: a thousand sessions come out of a link as they went in, at the same event with the same
/// state, and what is done next has the same effect.
#[test]
fn a_thousand_sessions_come_out_of_a_link_as_they_went_in() {
    let mut modified = 0;
    for seed in 0..1_000 {
        let mut session = any_session(seed);
        let shared = Shared::of(&session, "sandbox", "panel=logs speed=1/5");
        let fragment = shared.fragment().expect("short enough");
        assert!(fragment.starts_with(PREFIX) && fragment.is_ascii());
        let back = Shared::from_fragment(&fragment).expect("it was just made");
        assert_eq!(back, shared, "seed {seed}");
        let mut again = arrive(&back);
        assert!(back.is_same(&again), "seed {seed}");
        assert_eq!(again.seq(), session.seq(), "seed {seed}");
        assert_eq!(again.stage().nodes, session.stage().nodes, "seed {seed}");
        assert_eq!(again.stage().rules_off, session.stage().rules_off, "seed {seed}");
        assert_eq!(again.saved(), session.saved(), "seed {seed}");
        modified += u32::from(!again.stage().rules_off.is_empty());
        for both in [&mut session, &mut again] {
            // Lines that still waited for their turn are not part of a link.
            both.seek(both.seq());
            (0..50).for_each(|_| {
                both.step();
            });
        }
        assert_eq!(again.cluster().trace_hash(), session.cluster().trace_hash(), "seed {seed}");
    }
    assert!(modified > 10, "rules were left out in {modified} sessions only");
}

/// Proves: whatever is done to a link, opening it ends, and in words.
#[test]
fn a_link_that_was_tampered_with_is_refused_or_opens() {
    let mut draw = Draw(7);
    let (mut refused, mut opened) = (0, 0);
    for seed in 0..300 {
        let fragment = Shared::of(&any_session(seed), "sandbox", "").fragment().expect("short");
        let mut bytes = fragment.into_bytes();
        for _ in 0..draw.below(3) + 1 {
            let at = draw.below(bytes.len() as u64) as usize;
            match draw.below(3) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, b'A' + draw.below(26) as u8),
                _ => bytes[at] = b'a' + draw.below(26) as u8,
            }
            if bytes.is_empty() {
                break;
            }
        }
        let text = String::from_utf8(bytes).expect("ASCII");
        match Shared::from_fragment(&text).and_then(|shared| shared.open(opening())) {
            Ok(_) => opened += 1,
            Err(error) => {
                refused += 1;
                assert!(error.to_string().starts_with(|c: char| c.is_ascii_lowercase()), "{error}");
            }
        }
    }
    assert!(refused > 200, "{refused} refused, {opened} opened");
}

/// Proves: a text whose lines were changed is refused with a place, or runs and ends.
#[test]
fn a_script_that_was_tampered_with_is_refused_or_runs() {
    let mut draw = Draw(8);
    for seed in 0..100 {
        let mut text = Shared::of(&any_session(seed), "sandbox", "").text.into_bytes();
        for _ in 0..draw.below(4) + 1 {
            let at = draw.below(text.len() as u64) as usize;
            text[at] = b" 0123456789@#abcn\n"[draw.below(18) as usize];
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let Ok(shared) = Shared::parse(text) else { continue };
        if let Ok(mut session) = shared.open(opening()) {
            for _ in 0..200 {
                if session.arrive(100) != Progress::Pending {
                    break;
                }
            }
        }
    }
}

/// Proves: a link that unpacks to far more than it weighs is stopped early.
#[test]
fn a_bomb_does_not_go_off() {
    let text = format!("# raft-lab session 1\n{}", "# nothing\n".repeat(1_000_000));
    let shared = Shared { text, ..Shared::of(&any_session(1), "sandbox", "") };
    let fragment = shared.fragment().expect("ten megabytes of one line are a short link");
    assert_eq!(Shared::from_fragment(&fragment), Err(LinkError::TooLarge));
}

/// Proves: what is too long for a link says so, and is a file all the same.
#[test]
fn a_session_too_long_for_a_link_is_a_file() {
    let mut session = any_session(3);
    let mut draw = Draw(9);
    for _ in 0..3_000 {
        let value = draw.next();
        session.act(&format!("etcdctl put k{} {value:x} &", value % 7)).expect("a line");
        session.step();
    }
    let shared = Shared::of(&session, "sandbox", "");
    assert!(matches!(shared.fragment(), Err(LinkError::TooLong(_))));
    let again = arrive(&Shared::parse(shared.text.clone()).expect("it may be a file"));
    assert!(shared.is_same(&again));
}

/// Proves: opening a session can be undone, a session that cannot be read changes nothing, and
/// goals that were reached stay reached.
#[test]
fn loading_a_session_is_undone_like_anything_else() {
    let mut session = any_session(4);
    let (before, hash) = (session.saved(), session.cluster().trace_hash());
    assert!(session.load("# raft-lab session 1\n@3 crush n1\n").is_err());
    assert_eq!(session.saved(), before);
    let other = any_session(5);
    session.load(&other.saved()).expect("a saved session");
    assert!(session.is_arriving());
    while session.arrive(7) == Progress::Pending {}
    assert_eq!(session.saved(), other.saved());
    assert_eq!(session.undoes(), Some("open another session"));
    assert!(session.undo());
    assert_eq!((session.cluster().trace_hash(), session.saved()), (hash, before));
}

/// Proves: a session that is saved while one has gone back in it comes back there, with its future.
#[test]
fn a_session_is_restored_in_its_past() {
    let mut session = any_session(6);
    session.act("crash n1").expect("a line");
    let crash = session.seq();
    session.seek(crash - 1);
    let hash = session.cluster().trace_hash();
    let mut again = Session::restore(opening(), &session.saved()).expect("it was saved");
    assert_eq!((again.seq(), again.cluster().trace_hash()), (crash - 1, hash));
    again.step();
    assert_eq!(again.seq(), crash);
}
