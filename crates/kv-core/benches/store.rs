//! How fast the store is with 100,000 keys: `cargo bench -p kv-core`.
//!
//! Prints one line a measurement; and, for `cargo xtask bench`, which holds them against their
//! budgets, the most important ones once more, as `name TAB value`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use kv_core::{
    Compare, CompareResult, CompareTarget, DeleteRangeRequest, LeaseGrantRequest, LeaseId,
    PutRequest, RangeRequest, RequestOp, Revision, Store, TxnRequest, WatchRequest, Watcher,
};

const KEYS: u32 = 100_000;

fn key(number: u32) -> String {
    format!("/registry/pods/default/pod-{number:08}")
}

/// Keys come in an order without pattern: 7919 has no factor in common with `KEYS`.
fn scattered(number: u32) -> u32 {
    number.wrapping_mul(7919) % KEYS
}

/// Does the work so many times; says how long one takes, on average and in the quickest of up to a
/// hundred rounds, which is what is given: other programs run beside.
fn measure(what: &str, times: u32, mut work: impl FnMut(u32)) -> Duration {
    let rounds = times.min(100);
    let (mut whole, mut quickest) = (Duration::ZERO, Duration::MAX);
    for round in 0..rounds {
        let (from, to) = (round * (times / rounds), (round + 1) * (times / rounds));
        let start = Instant::now();
        (from..to).for_each(&mut work);
        let took = start.elapsed();
        whole += took;
        quickest = quickest.min(took / (to - from));
    }
    let a_second = 1.0 / quickest.as_secs_f64().max(1e-9);
    println!("{what:<56} {:>10.2?} {quickest:>10.2?} {a_second:>12.0}/s", whole / times);
    quickest
}

/// A figure for `cargo xtask bench`.
fn say(name: &str, value: f64) {
    println!("{name}\t{value}");
}

/// … of what one takes: how many there are in a second.
fn say_speed(name: &str, one: Duration) {
    say(name, 1.0 / one.as_secs_f64().max(1e-9));
}

/// Bytes of memory that this process has in use; `None` where the system does not say.
fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}

fn main() {
    let value = "x".repeat(64);
    let puts: Vec<PutRequest> =
        (0..KEYS).map(|number| PutRequest::new(key(scattered(number)), value.as_str())).collect();

    let before = resident();
    let mut store = Store::new();
    let one = measure("put, new key", KEYS, |number| {
        black_box(store.put(&puts[number as usize])).ok();
    });
    say_speed("store/put", one);
    let of_new = resident();
    let old = store.revision();
    measure("put, existing key", KEYS, |number| {
        black_box(store.put(&puts[number as usize])).ok();
    });
    let of_versions = resident();
    for (what, from, to) in [("key", before, of_new), ("further version", of_new, of_versions)] {
        if let (Some(from), Some(to)) = (from, to) {
            // Keys of 36 bytes and values of 64: the requests above share theirs with the store.
            let each = to.saturating_sub(from) / u64::from(KEYS);
            println!("{:<56} {each:>8} B", format!("memory a {what}, beside its key and value"));
            say(if what == "key" { "store/key-bytes" } else { "store/version-bytes" }, each as f64);
        }
    }
    measure("put, existing key, a clone taken every 1,000", KEYS, |number| {
        if number % 1000 == 0 {
            black_box(store.clone());
        }
        black_box(store.put(&puts[number as usize])).ok();
    });
    transactions(&mut store, &puts);
    leases(&mut store, &puts);
    let one = measure("clone", 1_000_000, |_| drop(black_box(store.clone())));
    say("store/clone", one.as_secs_f64());

    let old_range = ranges(&store, old);
    say("store/range-old", old_range.as_secs_f64());
    watches(&store);
    measure("hash", 1_000_000, |_| {
        black_box(store.hash());
    });
    measure("hash of `endpoint hashkv`", 1, |_| {
        black_box(store.hash_kv(Revision(0))).ok();
    });
    let one = snapshot(&store);
    say("store/snapshot", one.as_secs_f64());
    measure("compact all changes but the last of 100,000 keys", 1, |_| {
        black_box(store.compact(store.revision())).ok();
    });
    snapshot(&store);
    measure("delete all keys", 1, |_| {
        black_box(store.delete_range(&DeleteRangeRequest::prefix(""))).ok();
    });
}

fn transactions(store: &mut Store, puts: &[PutRequest]) {
    let is_there = |put: &PutRequest| {
        let version = CompareTarget::Version(0);
        Compare::key(put.key.clone(), CompareResult::Greater, version)
    };
    let swaps: Vec<TxnRequest> = puts
        .iter()
        .map(|put| TxnRequest {
            compare: vec![is_there(put)],
            success: vec![RequestOp::Put(put.clone())],
            failure: vec![RequestOp::Range(RangeRequest::key(put.key.clone()))],
        })
        .collect();
    let one = measure("transaction: compare a key, put it", KEYS, |number| {
        black_box(store.txn(&swaps[number as usize])).ok();
    });
    say_speed("store/txn", one);
    let many: Vec<TxnRequest> = puts
        .chunks(100)
        .map(|puts| TxnRequest {
            compare: puts.iter().map(is_there).collect(),
            success: puts.iter().cloned().map(RequestOp::Put).collect(),
            failure: Vec::new(),
        })
        .collect();
    measure("transaction: compare 100 keys, put them", KEYS / 100, |number| {
        black_box(store.txn(&many[number as usize])).ok();
    });
}

fn leases(store: &mut Store, puts: &[PutRequest]) {
    const LEASES: i64 = 1000;
    measure("lease grant", 1000, |number| {
        let id = LeaseId(i64::from(number) + 1);
        black_box(store.lease_grant(LeaseGrantRequest { id, ttl: 60 }, 2)).ok();
    });
    let leased: Vec<PutRequest> = (0..)
        .zip(puts.iter().take(10_000))
        .map(|(number, put)| PutRequest { lease: LeaseId(number % LEASES + 1), ..put.clone() })
        .collect();
    measure("put, existing key, on one of 1,000 leases", 10_000, |number| {
        black_box(store.put(&leased[number as usize])).ok();
    });
    measure("revoke a lease of 10 keys", 1000, |number| {
        black_box(store.lease_revoke(LeaseId(i64::from(number) + 1))).ok();
    });
    // The keys are back for what follows.
    puts.iter().take(10_000).for_each(|put| drop(store.put(put)));
}

/// Gives how long a range of 100 keys at an old revision takes.
fn ranges(store: &Store, old: Revision) -> Duration {
    let interval = |number: u32| {
        let first = scattered(number).min(KEYS - 100);
        RangeRequest::interval(key(first), key(first + 100))
    };
    let mut of_hundred = Duration::ZERO;
    for (what, at) in [("now", Revision(0)), ("at an old revision", old)] {
        of_hundred = measure(&format!("range of 100 keys, {what}"), 10_000, |number| {
            black_box(store.range(&interval(number).at(at))).ok();
        });
        if at == Revision(0) {
            say_speed("store/range", of_hundred);
        }
        measure(&format!("one key, {what}"), 100_000, |number| {
            black_box(store.range(&RangeRequest::key(key(scattered(number))).at(at))).ok();
        });
        measure(&format!("all keys, limit 100 (counts all), {what}"), 50, |_| {
            black_box(store.range(&RangeRequest::all().limit(100).at(at))).ok();
        });
    }
    of_hundred
}

fn watches(store: &Store) {
    let watcher = |start: i64| {
        let RangeRequest { key, range_end, .. } = RangeRequest::all();
        let start_revision = Revision(start);
        let request = WatchRequest { key, range_end, start_revision, ..WatchRequest::default() };
        Watcher::new(request, store).expect("all keys")
    };
    let now = store.revision().0;
    measure("watch: nothing is new", 1_000_000, |_| {
        black_box(watcher(now + 1).poll(store));
    });
    measure("watch: one change is new", 100_000, |_| {
        black_box(watcher(now).poll(store));
    });
    measure("watch: 1,000 changes are new", 1000, |_| {
        black_box(watcher(now - 999).poll(store));
    });
}

/// Gives how long it takes to save it.
fn snapshot(store: &Store) -> Duration {
    let mut bytes = Vec::new();
    let save =
        measure("snapshot: save", 1, |_| bytes = postcard::to_allocvec(store).unwrap_or_default());
    println!("{:<56} {:>8} B", "snapshot: size", bytes.len());
    measure("snapshot: load", 1, |_| {
        black_box(postcard::from_bytes::<Store>(&bytes)).ok();
    });
    save
}
