//! The judges judged: histories known good and bad, and another program's verdicts.

use std::sync::Arc;

use sim::member::kv_core::{
    Bytes, DeleteRangeRequest, DeleteRangeResponse, KeyValue, LeaseId, PutRequest, PutResponse,
    RangeRequest, RangeResponse, Revision,
};
use sim::member::{Consistency, Request, Response};
use sim::{CallError, CallId, HistoryRecord, Outcome};

use super::keys::Searched;
use super::*;

/// A history from lines `CALLED RETURNED WHAT`: times are places in the history, `-` is a call that
/// never returned, `!` one that failed. What: `put k v @r`, `get k = v @r mod m`, `get k none @r`,
/// `stale …` (serializable), `del k N @r`.
fn history(text: &str) -> Vec<HistoryRecord> {
    let mut records: Vec<(u64, HistoryRecord)> = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim).filter(|line| !line.is_empty())) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (request, response) = parse(&words[2..]);
        let called: u64 = words[0].parse().expect("a time");
        let call = CallId(number);
        let at = sim::member::Micros(called);
        let client = "a".into();
        let request = Arc::new(request);
        let begun = HistoryRecord::Call { call, client, at, request, endpoint: None };
        records.push((called, begun));
        let (returned, outcome) = match words[1] {
            "-" => continue,
            "!" => (called + 1, Outcome::Failed(CallError::DeadlineExceeded)),
            "?" => (called + 1, Outcome::Unknown(CallError::DeadlineExceeded)),
            time => {
                let revision = response.revision();
                let (node, raft_term) = (sim::member::raft_core::NodeId(1), Default::default());
                let time = time.parse().expect("a time");
                (time, Outcome::Ok { node, response, revision, raft_term })
            }
        };
        let at = sim::member::Micros(returned);
        let outcome = Arc::new(outcome);
        records.push((returned, HistoryRecord::Return { call, at, outcome }));
    }
    records.sort_by_key(|(at, _)| *at);
    // Calls are numbered in the order in which they begin.
    records.into_iter().map(|(_, record)| record).collect()
}

fn parse(words: &[&str]) -> (Request, Response) {
    let number = |mark: &str| {
        let place = words.iter().position(|word| word.starts_with(mark));
        place.map_or(0, |place| words[place][mark.len()..].parse::<i64>().expect("a number"))
    };
    let revision = Revision(number("@"));
    match words {
        ["put", key, value, ..] => (
            Request::Put(PutRequest::new(*key, *value)),
            Response::Put(PutResponse { revision, prev_kv: None }),
        ),
        ["del", key, deleted, ..] => {
            let deleted = deleted.parse().expect("a number");
            let response = DeleteRangeResponse { revision, deleted, prev_kvs: Vec::new() };
            (Request::DeleteRange(DeleteRangeRequest::key(*key)), Response::DeleteRange(response))
        }
        [verb @ ("get" | "stale"), key, rest @ ..] => {
            let create = number("create");
            let kv = |value: &&str| KeyValue {
                key: Bytes::from(*key),
                value: Bytes::from(*value),
                create_revision: Revision(if create == 0 { number("mod") } else { create }),
                mod_revision: Revision(number("mod")),
                version: number("version").max(1),
                lease: LeaseId::NONE,
            };
            let kvs: Vec<KeyValue> = match rest {
                ["=", value, ..] => vec![kv(value)],
                _ => Vec::new(),
            };
            let consistency = match *verb {
                "get" => Consistency::Linearizable,
                _ => Consistency::Serializable,
            };
            let count = kvs.len() as i64;
            (
                Request::Range { range: RangeRequest::key(*key), consistency },
                Response::Range(RangeResponse { revision, kvs, more: false, count }),
            )
        }
        other => panic!("not a call: {other:?}"),
    }
}

fn by_revision(text: &str) -> Result<(), String> {
    check(&history(text)).map_err(|misfit| misfit.explanation)
}

fn by_search(text: &str) -> Result<Searched, String> {
    keys::check(&operations(&history(text)), 100_000).map_err(|misfit| misfit.explanation)
}

#[track_caller]
fn good(text: &str) {
    assert_eq!(by_revision(text), Ok(()));
    assert!(by_search(text).expect("linearizable").undecided == 0);
}

/// Bad in its revisions, and as a history of values too.
#[track_caller]
fn bad(text: &str, because: &str) {
    only_revisions_tell(text, because);
    assert!(by_search(text).is_err(), "{:?}", by_search(text));
}

#[track_caller]
fn only_revisions_tell(text: &str, because: &str) {
    let explanation = by_revision(text).expect_err("not linearizable");
    assert!(explanation.contains(because), "{explanation}");
}

/// Proves: what a single store can answer is accepted, unknown outcomes included.
#[test]
fn histories_known_good() {
    good("");
    good("1 2 put x 1 @2\n3 4 get x = 1 @2 mod2\n5 6 get y none @2");
    // Concurrent with the write: before or after it.
    good("1 9 put x 1 @2\n2 3 get x none @1\n4 5 get x = 1 @2 mod2");
    // An unknown write may never happen, or happen late.
    good("1 ? put x 1\n3 4 get x none @1\n5 6 get x none @1");
    good("1 ? put x 1\n3 4 get x none @1\n5 6 get x = 1 @2 mod2");
    good("1 - put x 1\n3 4 put x 2 @2\n5 6 get x = 1 @3 mod3 create2 version2");
    good("1 ? put x 1\n3 4 del x 1 @3\n5 6 get x none @3");
    // An unknown delete.
    good("1 2 put x 1 @2\n3 ? del x 0\n5 6 get x none @3\n7 8 put x 2 @4\n9 10 get x = 2 @4 mod4");
    // Deletes of nothing have no revision of their own.
    good("1 2 del x 0 @1\n3 4 put x 1 @2\n5 6 del x 1 @3\n7 8 del x 0 @3");
    // A stale read shows what was.
    good("1 2 put x 1 @2\n3 4 put x 2 @3\n5 6 stale x = 1 @2 mod2\n7 8 stale x none @1");
    // What failed has not happened.
    good("1 ! put x 1\n3 4 get x none @1");
}

/// Proves: each sentence of `revisions` is judged.
#[test]
fn histories_known_bad() {
    // A stale linearizable read: acknowledged, but not seen.
    bad("1 2 put x 1 @2\n3 4 get x none @1", "had been answered with revision 2");
    bad(
        "1 2 put x 1 @2\n3 4 put x 2 @3\n5 6 get x = 1 @2 mod2",
        "had been answered with revision 3",
    );
    // Reads that go back, while the write is still under way.
    bad("1 9 put x 1 @2\n2 3 get x = 1 @2 mod2\n4 5 get x none @1", "answered with revision 2");
    // A lost write: its revision is there, its effect is not.
    bad("1 2 put x 1 @2\n3 4 get x none @2", "changed at revision 2");
    bad("1 2 put x 1 @2\n3 4 del x 0 @2", "changed at revision 2");
    bad("1 2 put x 1 @2\n3 4 put x 2 @3\n5 6 get x = 1 @3 mod2", "changed at revision 3");
    // A value from nowhere, from a failed write, or from one to come.
    bad("1 2 get x = 1 @2 mod2", "no put can have done that");
    bad("1 ! put x 1\n3 4 get x = 1 @2 mod2", "no put can have done that");
    bad("1 2 get x = 1 @2 mod2\n3 - put x 1", "no put can have done that");
    // An unknown write that happens twice.
    bad(
        "1 ? put x 1\n3 4 get x = 1 @2 mod2\n5 6 del x 1 @3\n7 8 get x = 1 @4 mod4",
        "no put can have done that",
    );
    // A deleted value comes back.
    bad("1 2 put x 1 @2\n3 4 del x 1 @3\n5 6 get x = 1 @3 mod2", "changed at revision 3");
    bad("1 2 del x 1 @2", "nobody had put it");
}

/// Proves: what values alone cannot tell, revisions do.
#[test]
fn revisions_that_contradict() {
    only_revisions_tell("1 2 put x 1 @2\n3 4 put y 1 @2", "both wrote at revision 2");
    only_revisions_tell("1 2 put x 1 @3\n3 4 put y 1 @2", "answered with revision 3");
    only_revisions_tell("1 2 put x 1 @4", "only 1 writes were acknowledged");
    only_revisions_tell("1 2 put x 1 @2\n3 4 get x = 1 @2 mod3", "contradict each other");
    only_revisions_tell(
        "1 2 put x 1 @2\n3 4 put y 2 @3\n5 6 get x = 1 @3 mod3",
        "two stories of revision 3",
    );
    // An effect before its cause: the second put began when revision 3 had been told of.
    only_revisions_tell(
        "1 2 put y 1 @2\n3 4 put y 2 @3\n5 - put x 1\n6 7 put y 3 @4\n8 9 get x = 1 @4 mod2",
        "two stories of revision 2",
    );
    only_revisions_tell(
        "1 2 put y 1 @3\n3 - put x 1\n4 5 get x = 1 @3 mod2",
        "no put can have done that",
    );
    // A serializable read may be behind, but must be a prefix, and not ahead.
    only_revisions_tell(
        "1 2 put x 1 @2\n3 4 put x 2 @3\n5 6 stale x = 2 @2 mod3",
        "contradict each other",
    );
    only_revisions_tell(
        "1 2 put x 1 @2\n3 4 put y 2 @3\n5 6 stale x none @3",
        "changed at revision 2",
    );
    only_revisions_tell(
        "1 - put x 1\n2 3 stale x = 1 @2 mod2\n4 5 get x none @1",
        "answered with revision 2",
    );
}

/// Proves: an answer says with its revisions what happened to its key in between.
#[test]
fn a_key_has_one_life_at_a_time() {
    let deleted = "1 2 put x 1 @2\n3 4 del x 1 @3\n5 6 put x 2 @4\n";
    good(&format!("{deleted}7 8 get x = 2 @4 mod4"));
    only_revisions_tell(
        &format!("{deleted}7 8 get x = 2 @4 mod4 create2 version2"),
        "found \"x\" as revision 4 left it",
    );
}

mod against_stateright {
    use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
    use stateright::semantics::{ConsistencyTester, LinearizabilityTester};

    use crate::linear::search::{Finding, Model, Timed, search};

    /// A register of numbers, 0 at first: what stateright's `Register` is.
    struct Number;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Op {
        Write(u8),
        Read(u8),
    }

    impl Model for Number {
        type State = u8;
        type Operation = Op;

        fn begin(&self) -> u8 {
            0
        }

        fn apply(&self, state: &u8, operation: &Op) -> Option<u8> {
            match operation {
                Op::Write(value) => Some(*value),
                Op::Read(value) => (value == state).then_some(*state),
            }
        }
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

    /// A random history of up to four threads, told to both; some calls never return.
    fn one_history(seed: u64) -> (Finding, bool) {
        let mut random = Random(seed);
        let threads = 2 + random.below(3);
        let mut tester: LinearizabilityTester<u64, Register<u8>> =
            LinearizabilityTester::new(Register(0));
        let mut open: Vec<Option<usize>> = vec![None; threads as usize];
        let mut timed: Vec<Timed<Op>> = Vec::new();
        for time in 0..(6 + random.below(14)) {
            let thread = random.below(threads);
            match open[thread as usize].take() {
                None => {
                    let operation = match random.below(2) {
                        0 => Op::Write(1 + random.below(3) as u8),
                        // What it reads is drawn now and told when it returns.
                        _ => Op::Read(random.below(4) as u8),
                    };
                    let asked = match operation {
                        Op::Write(value) => RegisterOp::Write(value),
                        Op::Read(_) => RegisterOp::Read,
                    };
                    tester.on_invoke(thread, asked).expect("one call at a time");
                    open[thread as usize] = Some(timed.len());
                    timed.push(Timed { called: time, returned: None, operation });
                }
                Some(place) => {
                    timed[place].returned = Some(time);
                    let told = match timed[place].operation {
                        Op::Write(_) => RegisterRet::WriteOk,
                        Op::Read(value) => RegisterRet::ReadOk(value),
                    };
                    tester.on_return(thread, told).expect("it was called");
                }
            }
        }
        // A read that was never answered says nothing, whatever was drawn for it.
        timed.retain(|t| t.returned.is_some() || matches!(t.operation, Op::Write(_)));
        (search(&Number, &timed, 1_000_000), tester.is_consistent())
    }

    /// Proves: the search says what stateright's tester says, of 1,000 random histories (or as many
    /// as `RAFT_LAB_HISTORIES` asks for), good and bad ones in comparable numbers.
    #[test]
    fn a_thousand_random_histories() {
        let asked = std::env::var("RAFT_LAB_HISTORIES").ok();
        let histories = asked.and_then(|asked| asked.parse().ok()).unwrap_or(1_000);
        let mut linearizable = 0;
        for seed in 0..histories {
            let (ours, theirs) = one_history(seed);
            assert_ne!(ours, Finding::Undecided, "seed {seed}");
            assert_eq!(ours == Finding::Linearizable, theirs, "seed {seed}");
            linearizable += u64::from(theirs);
        }
        println!("{histories} histories: both say the same; {linearizable} are linearizable");
        let share = linearizable * 10 / histories;
        assert!((2..8).contains(&share), "{linearizable} were linearizable");
    }
}
