//! How fast the store is with 100,000 keys: `cargo bench -p kv-core`.
//!
//! Prints one line a measurement; the budget stands in the issue ("a range of 100 keys out of
//! 100,000 at an old revision in under 50 µs").

use std::hint::black_box;
use std::time::Instant;

use kv_core::{DeleteRangeRequest, PutRequest, RangeRequest, Revision, Store};

const KEYS: u32 = 100_000;

fn key(number: u32) -> String {
    format!("/registry/pods/default/pod-{number:08}")
}

fn measure(what: &str, times: u32, mut work: impl FnMut(u32)) {
    let start = Instant::now();
    (0..times).for_each(&mut work);
    let each = start.elapsed() / times;
    println!("{what:<60} {each:>12.2?}");
}

fn main() {
    // Keys come in an order without pattern: 7919 has no factor in common with KEYS.
    let scattered = |number: u32| number.wrapping_mul(7919) % KEYS;
    let value = "x".repeat(64);
    let puts: Vec<PutRequest> =
        (0..KEYS).map(|number| PutRequest::new(key(scattered(number)), value.as_str())).collect();

    let mut store = Store::new();
    measure("put, new key", KEYS, |number| {
        black_box(store.put(&puts[number as usize])).ok();
    });
    let old = store.revision();
    measure("put, existing key", KEYS, |number| {
        black_box(store.put(&puts[number as usize])).ok();
    });
    measure("put, existing key, a clone taken every 1,000", KEYS, |number| {
        if number % 1000 == 0 {
            black_box(store.clone());
        }
        black_box(store.put(&puts[number as usize])).ok();
    });
    measure("clone", 1_000_000, |_| drop(black_box(store.clone())));

    let interval = |number: u32| {
        let first = scattered(number).min(KEYS - 100);
        RangeRequest::interval(key(first), key(first + 100))
    };
    for (what, at) in [("now", Revision(0)), ("at an old revision", old)] {
        measure(&format!("range of 100 keys, {what}"), 10_000, |number| {
            black_box(store.range(&interval(number).at(at))).ok();
        });
        measure(&format!("one key, {what}"), 100_000, |number| {
            black_box(store.range(&RangeRequest::key(key(scattered(number))).at(at))).ok();
        });
        measure(&format!("all keys, limit 100 (counts all), {what}"), 50, |_| {
            black_box(store.range(&RangeRequest::all().limit(100).at(at))).ok();
        });
    }
    measure("hash", 1_000_000, |_| {
        black_box(store.hash());
    });
    measure("compact 300,000 changes to 100,000 keys", 1, |_| {
        black_box(store.compact(store.revision())).ok();
    });
    measure("delete all keys", 1, |_| {
        black_box(store.delete_range(&DeleteRangeRequest::prefix(""))).ok();
    });
}
