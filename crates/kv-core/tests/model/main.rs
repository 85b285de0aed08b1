//! The store against a model that is too simple to be wrong: a list of all changes, replayed.
//!
//! Seeded, so that a failure can be run again: the seed is in the message.

use std::collections::BTreeMap;

use kv_core::{Bytes, Error, KeyValue, RangeRequest, Revision, Store, prefix_end};

use common::{Draw, KEYS, Op, apply, op};
use naive::Model;

#[path = "../common/mod.rs"]
mod common;
mod naive;
mod watches;

/// Draws an operation, does it to both, and compares the answers.
fn step(draw: &mut Draw, store: &mut Store, model: &mut Model, seed: u64) -> Op {
    let op = op(draw, model.revision, 15);
    let (before, expected) = (store.clone(), model.apply(&op));
    let answer = apply(store, &op);
    assert_eq!(answer, expected, "seed {seed}, {op:?}");
    if answer.is_err() {
        assert_eq!(*store, before, "what is refused changes nothing: seed {seed}, {op:?}");
    }
    assert_eq!(store.revision(), Revision(model.revision), "seed {seed}");
    assert_eq!(store.compact_revision(), Revision(model.compacted), "seed {seed}");
    op
}

/// Compares answers of every option, at every revision.
fn compare(draw: &mut Draw, store: &Store, model: &Model, seed: u64) {
    for revision in -1..=model.revision + 1 {
        let asked = if revision <= 0 { model.revision } else { revision };
        let state = model.at(asked);
        for _ in 0..40 {
            let request = common::range(draw, model.revision).at(Revision(revision));
            let expected = model.range(&request, |_, _| state.clone());
            assert_eq!(store.range(&request), expected, "seed {seed}, {request:?}");
        }
    }
}

#[test]
fn answers_equal_those_of_a_replayed_list() {
    // Proves every operation, with transactions, leases and compactions between, and every range
    // option at every revision; and that a saved store is the same store.
    for seed in 1..=120 {
        let (mut draw, mut store, mut model) = (Draw(seed), Store::new(), Model::new());
        for _ in 0..80 {
            step(&mut draw, &mut store, &mut model, seed);
        }
        compare(&mut draw, &store, &model, seed);

        let bytes = postcard::to_allocvec(&store).expect("lists of known length");
        let mut loaded: Store = postcard::from_bytes(&bytes).expect("what was saved");
        assert_eq!(loaded, store, "seed {seed}");
        assert_eq!((loaded.hash(), loaded.size()), (store.hash(), store.size()), "seed {seed}");
        assert_eq!(loaded.hash_kv(Revision(0)), store.hash_kv(Revision(0)), "seed {seed}");
        for _ in 0..40 {
            step(&mut draw, &mut loaded, &mut model, seed);
        }
        compare(&mut draw, &loaded, &model, seed);
    }
}

#[test]
fn every_operation_is_drawn_and_every_error_met() {
    // Proves that the comparison above does compare something.
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 1..=150 {
        let (mut draw, mut store) = (Draw(seed), Store::new());
        for _ in 0..100 {
            let op = op(&mut draw, store.revision().0, 15);
            let name = match apply(&mut store, &op) {
                Ok(answer) => format!("{answer:?}").chars().take_while(|&it| it != '(').collect(),
                Err(error) => format!("{error:?}"),
            };
            *seen.entry(name).or_default() += 1;
        }
    }
    let answers = "Range Put DeleteRange Txn Compact Grant Revoke Attached";
    let errors = "Compacted FutureRevision KeyNotFound EmptyKey ValueProvided LeaseProvided \
                  LeaseNotFound LeaseExists LeaseTtlTooLarge DuplicateKey TooManyOperations";
    for name in answers.split(' ').chain(errors.split_whitespace()) {
        assert!(seen.get(name).is_some_and(|&count| count >= 5), "{name}: {seen:?}");
    }
}

#[test]
fn a_clone_keeps_its_state() {
    // Proves that clones share no change: each still equals the model at the time of the clone.
    let (mut draw, mut store, mut model) = (Draw(4711), Store::new(), Model::new());
    let mut clones = Vec::new();
    for _ in 0..120 {
        step(&mut draw, &mut store, &mut model, 4711);
        let leases: Vec<_> = store.leases().cloned().collect();
        clones.push((store.clone(), store.hash(), leases));
    }
    for (clone, hash, leases) in clones {
        let all = clone.range(&RangeRequest::all()).expect("reads");
        let expected: Vec<KeyValue> = model.at(clone.revision().0).into_values().collect();
        assert_eq!((all.kvs, clone.hash()), (expected, hash));
        assert_eq!(clone.leases().cloned().collect::<Vec<_>>(), leases);
    }
}

#[test]
fn equal_stores_have_equal_hashes_and_others_do_not() {
    // Proves what the hashes promise: they follow the content, not the way the store came about.
    let (mut draw, mut store) = (Draw(7), Store::new());
    let mut seen: BTreeMap<u64, Store> = BTreeMap::new();
    let mut sums: BTreeMap<u32, Revision> = BTreeMap::new();
    while store.revision() < Revision(200) {
        let op = op(&mut draw, store.revision().0, u64::MAX);
        apply(&mut store, &op).ok();
        let known = seen.entry(store.hash()).or_insert_with(|| store.clone());
        assert_eq!(*known, store, "two stores, one hash");
        let sum = store.hash_kv(Revision(0)).expect("of now").hash;
        assert_eq!(*sums.entry(sum).or_insert(store.revision()), store.revision());
        assert_eq!(store.hash_kv(store.revision()).expect("of now").hash, sum);
    }
    assert!(seen.len() > 200 && sums.len() >= 199, "{} {}", seen.len(), sums.len());

    // The same compactions in one leap or in many steps leave the same store.
    let (mut leap, mut steps) = (store.clone(), store.clone());
    leap.compact(Revision(150)).expect("compacts");
    for at in 1..=150 {
        steps.compact(Revision(at)).expect("compacts");
    }
    assert_eq!(leap, steps);
    assert_eq!(leap.hash(), steps.hash());
    assert_ne!(leap.hash(), store.hash());
    assert_eq!(leap.size(), steps.size());
    assert_eq!(leap.hash_kv(Revision(151)), steps.hash_kv(Revision(151)));
    assert_eq!(leap.hash_kv(Revision(150)), Err(Error::Compacted));
    assert_eq!(leap.hash_kv(Revision(201)), Err(Error::FutureRevision));
}

#[test]
fn changes_are_those_made_and_in_order() {
    // Proves that every change since a revision comes once, in order, with sub revisions from 0.
    let (mut draw, mut store, mut model) = (Draw(99), Store::new(), Model::new());
    for _ in 0..100 {
        let op = op(&mut draw, model.revision, u64::MAX);
        assert_eq!(apply(&mut store, &op), model.apply(&op));
    }
    for from in 0..=model.revision + 1 {
        let seen: Vec<(i64, i64, Vec<u8>)> = store
            .changes(Revision(from))
            .map(|(at, change)| (at.main.0, at.sub, change.key().as_slice().to_vec()))
            .collect();
        let (mut last, mut sub) = (0, 0);
        let mut made = Vec::new();
        for (main, change) in model.changes.iter().filter(|(main, _)| *main >= from) {
            sub = if *main == last { sub + 1 } else { 0 };
            last = *main;
            made.push((*main, sub, change.key().to_vec()));
        }
        assert_eq!(seen, made);
    }
}

#[test]
fn prefix_end_bounds_exactly_the_prefix() {
    // Proves the helper against the definition: inside the range if and only if it has the prefix.
    for prefix in KEYS {
        let RangeRequest { key: first, range_end, .. } =
            RangeRequest::interval(prefix, prefix_end(prefix));
        for key in KEYS {
            let is_in = naive::holds(&first, &range_end, &Bytes::from(key));
            assert_eq!(is_in, key.starts_with(prefix), "{key:?}");
        }
    }
    assert_eq!(prefix_end(b"a").as_slice(), b"b");
    assert_eq!(prefix_end(b"a\xff").as_slice(), b"b");
    assert_eq!(prefix_end(b"\xff").as_slice(), b"\0");
    assert_eq!(prefix_end(b"").as_slice(), b"\0");
}
