//! The store beside a real etcd 3.5.1: seeded operations are done to both, and no answer, event or
//! error may differ.
//!
//! ```sh
//! cargo test -p kv-core --test etcd_differential       # 3,000 operations
//! ETCD=/path/to/etcd ETCD_OPERATIONS=100000 ETCD_SEED=7 cargo test -p kv-core --test etcd_diff…
//! ```
//!
//! Without an etcd of that version it says so, and passes. What is taken as equal, and why:
//!
//! - Pairs that compare equal in a sorted range: etcd promises no order among them, and a limit
//!   cuts any of them off.
//! - Deletions at a compacted revision, told to who watches from that revision: etcd 3.5.1 tells
//!   them until its compaction has got there, and later ones always.
//! - The checksum while etcd's compaction is under way, which is another one in 3.5.1: it is asked for
//!   again, for two seconds at most.
//! - A watcher that begins in the past and is overtaken by a compaction before etcd has seen to it.
//!
//! Left out: transactions by which etcd 3.5.1 would die (see [`would_kill`]).

use std::path::Path;
use std::time::{Duration, Instant};

use kv_core::{
    Bytes, DeleteRangeRequest, Error, RangeRequest, RangeResponse, RequestOp, ResponseOp, Revision,
    SortOrder, SortTarget, Store, TxnRequest, TxnResponse,
};
use serde_json::json;

use common::{Answer, Draw, Op};
use server::Server;
use watches::Watches;

#[path = "../common/mod.rs"]
mod common;
mod json;
mod server;
mod watches;

/// How many operations the ordinary run does.
const OPERATIONS: u64 = 3000;
/// How many between two fresh servers.
const OPERATIONS_A_SERVER: u64 = 5000;
/// How many between two sets of watchers.
const OPERATIONS_A_WATCH: u64 = 100;

fn main() {
    // Cargo hands the names of tests to every test program.
    let mut filters = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
    let is_asked = filters.peek().is_none() || filters.any(|it| "etcd_differential".contains(&it));
    if !is_asked || std::env::args().any(|word| word == "--list") {
        return;
    }
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => default,
    };
    let (operations, seed) = (number("ETCD_OPERATIONS", OPERATIONS), number("ETCD_SEED", 1));
    if operations == 0 {
        return;
    }
    let etcd = match server::find() {
        Ok(etcd) => etcd,
        Err(why) => return println!("SKIPPED: the store was not held against etcd: {why}"),
    };
    let mut tally = Tally::default();
    let (mut rounds, mut late) = (0, 0);
    while tally.operations < operations {
        let most = (operations - tally.operations).min(OPERATIONS_A_SERVER);
        if !compare(&etcd, seed + rounds, most, &mut tally) {
            late += 1;
            println!("etcd was too slow: on with another one");
            assert!(late < 20, "this machine is too busy to compare anything");
        }
        rounds += 1;
    }
    let Tally { operations: done, errors, watches, events, cancelled, hashes } = tally;
    println!(
        "equal to etcd {}: {done} operations, {errors} of them refused; {watches} watches, {events} \
         events, {cancelled} cancelled; {hashes} hashes; seeds {seed} to {}",
        server::VERSION,
        seed + rounds - 1,
    );
    // A comparison that meets nothing compares nothing.
    assert!(errors * 100 > done && events > done / 2);
    assert!(cancelled > 0 || done < OPERATIONS);
}

/// What has been compared.
#[derive(Debug, Default)]
struct Tally {
    operations: u64,
    errors: u64,
    watches: u64,
    events: u64,
    cancelled: u64,
    hashes: u64,
}

/// Compares so many operations on a fresh server. False if it was too slow at some point: whether
/// the operation happened is not known then, and so there is nothing to compare after it.
fn compare(etcd: &Path, seed: u64, operations: u64, tally: &mut Tally) -> bool {
    let server = Server::start(etcd);
    let (mut draw, mut store) = (Draw(seed), Store::new());
    let mut left = operations;
    let mut round = 0;
    while left > 0 {
        let mut watches = Watches::begin(&mut draw, &server, &store);
        for _ in 0..left.min(OPERATIONS_A_WATCH) {
            left -= 1;
            let op = drawn(&mut draw, store.revision());
            let place = format!("seed {seed}, operation {} of the round", operations - left);
            if matches!(op, Op::Compact(_)) {
                // Whether an event comes with the pair before depends on which came first.
                if !watches.drain(&server, &mut store, &place) {
                    return false;
                }
            }
            match step(&server, &mut store, &op, &place) {
                Step::Done => {}
                Step::Refused => tally.errors += 1,
                Step::TooSlow => return false,
            }
            tally.operations += 1;
            watches.poll(&store);
        }
        let place = format!("seed {seed}, {} operations done", operations - left);
        if !watches.drain(&server, &mut store, &place) {
            return false;
        }
        watches.end(tally, &place);
        check_leases(&server, &store, &place);
        if round % 5 == 0 {
            check_hashes(&mut draw, &server, &store, tally, &place);
        }
        round += 1;
    }
    true
}

fn drawn(draw: &mut Draw, revision: Revision) -> Op {
    loop {
        let mut op = common::op(draw, revision.0, 40);
        match &mut op {
            // Of values that are left out nobody sees how they were sorted.
            Op::Range(range) => show_values(range),
            Op::Txn(txn) => for_each(txn, &mut |op| {
                if let RequestOp::Range(range) = op {
                    show_values(range);
                }
            }),
            _ => {}
        }
        // Compacting at 0 leaves etcd 3.5.1 unable to cancel a watch that begins below.
        let spoils = matches!(op, Op::Compact(Revision(0)));
        let kills = if let Op::Txn(txn) = &mut op { would_kill(txn) } else { false };
        if !spoils && !kills {
            return op;
        }
    }
}

fn show_values(range: &mut RangeRequest) {
    range.keys_only &= range.sort_target != SortTarget::Value;
}

fn for_each(txn: &mut TxnRequest, each: &mut impl FnMut(&mut RequestOp)) {
    for op in txn.success.iter_mut().chain(&mut txn.failure) {
        each(op);
        if let RequestOp::Txn(inner) = op {
            for_each(inner, each);
        }
    }
}

/// Whether a put may want to keep the value of a key that was deleted before it in the same
/// transaction. There are ways past etcd's check; its server then panics, for ever after.
fn would_kill(txn: &mut TxnRequest) -> bool {
    let (mut keeps, mut deletions) = (Vec::new(), Vec::new());
    for_each(txn, &mut |op| match op {
        RequestOp::Put(put) if put.ignore_value || put.ignore_lease => keeps.push(put.key.clone()),
        RequestOp::DeleteRange(deletion) => deletions.push(deletion.clone()),
        _ => {}
    });
    let holds = |deletion: &DeleteRangeRequest, key: &Bytes| match &deletion.range_end {
        None => deletion.key == *key,
        Some(end) if end.is_empty() => deletion.key == *key,
        Some(end) => deletion.key <= *key && (key < end || end.as_slice() == b"\0"),
    };
    keeps.iter().any(|key| deletions.iter().any(|deletion| holds(deletion, key)))
}

/// How an operation ended on both.
enum Step {
    Done,
    Refused,
    /// On etcd, nobody knows.
    TooSlow,
}

/// Does an operation to both.
fn step(server: &Server, store: &mut Store, op: &Op, place: &str) -> Step {
    let (path, body) = json::request(op);
    let theirs = server.ask(path, &body).map(|answer| json::answer(op, &answer));
    if theirs.as_ref().is_err_and(|error| error.contains("timed out")) {
        return Step::TooSlow;
    }
    let ours = common::apply(store, op).map_err(|error: Error| error.to_string());
    let step = if ours.is_err() { Step::Refused } else { Step::Done };
    let (ours, theirs) = (level(op, ours), level(op, theirs));
    assert_eq!(ours, theirs, "ours on the left; {place}: {op:#?}\n{path} {body}");
    step
}

/// An answer with the pairs that compare equal in an order of ours.
fn level(op: &Op, answer: Result<Answer, String>) -> Result<Answer, String> {
    Ok(match (op, answer?) {
        (Op::Range(request), Answer::Range(mut answer)) => {
            level_range(request, &mut answer);
            Answer::Range(answer)
        }
        (Op::Txn(request), Answer::Txn(mut answer)) => {
            level_txn(request, &mut answer);
            Answer::Txn(answer)
        }
        (_, answer) => answer,
    })
}

fn level_txn(request: &TxnRequest, answer: &mut TxnResponse) {
    let ops = if answer.succeeded { &request.success } else { &request.failure };
    for (op, answer) in ops.iter().zip(&mut answer.responses) {
        match (op, answer) {
            (RequestOp::Range(request), ResponseOp::Range(answer)) => level_range(request, answer),
            (RequestOp::Txn(request), ResponseOp::Txn(answer)) => level_txn(request, answer),
            _ => {}
        }
    }
}

fn level_range(request: &RangeRequest, answer: &mut RangeResponse) {
    if request.sort_target == SortTarget::Key {
        return;
    }
    let by = |kv: &kv_core::KeyValue| match request.sort_target {
        SortTarget::Version => (kv.version, Vec::new()),
        SortTarget::Create => (kv.create_revision.0, Vec::new()),
        SortTarget::Mod => (kv.mod_revision.0, Vec::new()),
        SortTarget::Key | SortTarget::Value => (0, kv.value.as_slice().to_vec()),
    };
    let descends = request.sort_order == SortOrder::Descend;
    let is_sorted = |pair: &[kv_core::KeyValue]| {
        let (a, b) = (by(&pair[0]), by(&pair[1]));
        if descends { a >= b } else { a <= b }
    };
    assert!(answer.kvs.windows(2).all(is_sorted), "{request:?} {answer:?}");
    // Those beside the cut could be others as well.
    if answer.more
        && let Some(last) = answer.kvs.last().map(by)
    {
        answer.kvs.retain(|kv| by(kv) != last);
    }
    answer.kvs.sort_by_key(|kv| (by(kv), kv.key.clone()));
}

fn check_leases(server: &Server, store: &Store, place: &str) {
    let theirs = server.ask("lease/leases", &json!({})).map(|answer| json::leases(&answer));
    let ours: Vec<_> = store.leases().map(kv_core::Lease::id).collect();
    assert_eq!(Ok(ours), theirs, "{place}");
}

/// Compares the checksum now, and at a few revisions.
fn check_hashes(draw: &mut Draw, server: &Server, store: &Store, tally: &mut Tally, place: &str) {
    let (now, compacted) = (store.revision().0, store.compact_revision().0);
    let near = draw.below(20) as i64;
    for at in [0, now, now - near, compacted, compacted + 1, now + 1] {
        let ours = store.hash_kv(Revision(at.max(0)));
        let ours = ours.map(|it| (it.hash, it.compact_revision.0)).map_err(|it| it.to_string());
        let patience = Instant::now() + Duration::from_secs(2);
        let theirs = loop {
            let Some(theirs) = server.hash_kv(at.max(0)) else { return };
            if theirs == ours || Instant::now() > patience {
                break theirs;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(ours, theirs, "hash at {at} of {compacted} to {now}, {place}");
        tally.hashes += 1;
    }
}
