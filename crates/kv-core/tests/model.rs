//! The store against a model that is too simple to be wrong: a list of all changes, replayed.
//!
//! Seeded, so that a failure can be run again: the seed is in the message.

use std::collections::BTreeMap;

use kv_core::{
    Bytes, DeleteRangeRequest, Error, KeyValue, LeaseId, PutRequest, RangeRequest, RangeResponse,
    Revision, SortOrder, SortTarget, Store, prefix_end,
};

/// A small generator (SplitMix64): the tests need variety, not quality.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound
    }

    fn one_in(&mut self, chance: u64) -> bool {
        self.below(chance) == 0
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }
}

/// Keys that are prefixes of each other, differ in the last byte, or cannot grow at the end.
const KEYS: [&[u8]; 12] = [
    b"\0",
    b"a",
    b"a\0",
    b"aa",
    b"ab",
    b"b",
    b"b/1",
    b"b/2",
    b"c\xff",
    b"c\xff\xff",
    b"d",
    b"\xff\xff",
];

/// All changes ever made, in order: what is left after the one of revision r is the state at r.
#[derive(Default)]
struct Model {
    changes: Vec<(i64, ModelChange)>,
    revision: i64,
    compacted: i64,
}

enum ModelChange {
    Put { key: Vec<u8>, value: Vec<u8>, lease: i64 },
    Delete { key: Vec<u8> },
}

impl Model {
    fn new() -> Model {
        Model { changes: Vec::new(), revision: 1, compacted: -1 }
    }

    fn at(&self, revision: i64) -> BTreeMap<Vec<u8>, KeyValue> {
        let mut state: BTreeMap<Vec<u8>, KeyValue> = BTreeMap::new();
        for (main, change) in self.changes.iter().take_while(|(main, _)| *main <= revision) {
            match change {
                ModelChange::Delete { key } => drop(state.remove(key)),
                ModelChange::Put { key, value, lease } => {
                    let old = state.get(key);
                    let kv = KeyValue {
                        key: Bytes::from(key.as_slice()),
                        value: Bytes::from(value.as_slice()),
                        create_revision: old.map_or(Revision(*main), |old| old.create_revision),
                        mod_revision: Revision(*main),
                        version: old.map_or(1, |old| old.version + 1),
                        lease: LeaseId(*lease),
                    };
                    state.insert(key.clone(), kv);
                }
            }
        }
        state
    }

    fn range(
        &self,
        request: &RangeRequest,
        state: impl FnOnce(i64) -> BTreeMap<Vec<u8>, KeyValue>,
    ) -> Result<RangeResponse, Error> {
        if request.key.is_empty() {
            return Err(Error::EmptyKey);
        }
        if request.revision.0 > self.revision {
            return Err(Error::FutureRevision);
        }
        let at = if request.revision.0 <= 0 { self.revision } else { request.revision.0 };
        if at < self.compacted {
            return Err(Error::Compacted);
        }
        let mut kvs: Vec<KeyValue> =
            state(at).into_values().filter(|kv| in_range(request, &kv.key)).collect();
        let count = kvs.len() as i64;
        let bounds = [
            (request.min_mod_revision, request.max_mod_revision),
            (request.min_create_revision, request.max_create_revision),
        ];
        let unbounded = bounds == [(Revision(0), Revision(0)); 2];
        // Seen on etcd: without an order or a filter the limit comes before the sorting.
        if request.limit > 0 && unbounded && request.sort_order == SortOrder::None {
            kvs.truncate(request.limit as usize + 1);
        }
        kvs.retain(|kv| {
            [kv.mod_revision, kv.create_revision]
                .iter()
                .zip(bounds)
                .all(|(it, (low, high))| (low.0 == 0 || low <= *it) && (high.0 == 0 || *it <= high))
        });
        let descending = request.sort_order == SortOrder::Descend;
        match request.sort_target {
            SortTarget::Key if descending => kvs.reverse(),
            SortTarget::Key => {}
            SortTarget::Value if descending => {
                kvs.sort_by_key(|kv| std::cmp::Reverse(kv.value.clone()));
            }
            SortTarget::Value => kvs.sort_by_key(|kv| kv.value.clone()),
            SortTarget::Version | SortTarget::Create | SortTarget::Mod => kvs.sort_by_key(|kv| {
                let number = match request.sort_target {
                    SortTarget::Version => kv.version,
                    SortTarget::Create => kv.create_revision.0,
                    SortTarget::Mod | SortTarget::Key | SortTarget::Value => kv.mod_revision.0,
                };
                if descending { -number } else { number }
            }),
        }
        let more = request.limit > 0 && kvs.len() as i64 > request.limit;
        if more {
            kvs.truncate(request.limit as usize);
        }
        if request.keys_only {
            kvs.iter_mut().for_each(|kv| kv.value = Bytes::empty());
        }
        let (kvs, more) = if request.count_only { (Vec::new(), false) } else { (kvs, more) };
        Ok(RangeResponse { revision: Revision(self.revision), kvs, more, count })
    }
}

fn in_range(request: &RangeRequest, key: &Bytes) -> bool {
    match request.range_end.as_ref().map(Bytes::as_slice) {
        None | Some(b"") => *key == request.key,
        Some(b"\0") => *key >= request.key,
        Some(end) => *key >= request.key && key.as_slice() < end,
    }
}

fn draw_request(draw: &mut Draw, revision: i64) -> RangeRequest {
    let (key, end) = (draw.pick(&KEYS), draw.pick(&KEYS));
    let request = match draw.below(6) {
        0 => RangeRequest::key(key),
        1 => RangeRequest::prefix(&key[..draw.below(key.len() as u64 + 1) as usize]),
        2 => RangeRequest::from_key(key),
        3 => RangeRequest::interval(key, end),
        4 => RangeRequest::interval(key, ""),
        _ => RangeRequest::all(),
    };
    let mut bound = |chance| {
        if draw.one_in(chance) {
            Revision(draw.below(revision as u64 + 2) as i64)
        } else {
            Revision(0)
        }
    };
    let request = RangeRequest {
        min_mod_revision: bound(5),
        max_mod_revision: bound(5),
        min_create_revision: bound(5),
        max_create_revision: bound(5),
        ..request
    };
    RangeRequest {
        limit: if draw.one_in(2) { draw.below(6) as i64 - 1 } else { 0 },
        sort_order: draw.pick(&[SortOrder::None, SortOrder::Ascend, SortOrder::Descend]),
        sort_target: draw.pick(&[
            SortTarget::Key,
            SortTarget::Version,
            SortTarget::Create,
            SortTarget::Mod,
            SortTarget::Value,
        ]),
        keys_only: draw.one_in(4),
        count_only: draw.one_in(8),
        ..request
    }
}

/// Makes one change of store and model alike, and compares the answers.
fn change(draw: &mut Draw, store: &mut Store, model: &mut Model) {
    let now = model.at(model.revision);
    if draw.below(10) < 7 {
        let key = draw.pick(&KEYS);
        let old = now.get(key).cloned();
        let (ignore_value, ignore_lease) = (draw.one_in(8), draw.one_in(8));
        let value = if ignore_value { String::new() } else { format!("v{}", draw.below(5)) };
        let lease = LeaseId(if ignore_lease { 0 } else { draw.below(3) as i64 });
        let request = PutRequest {
            lease,
            prev_kv: draw.one_in(2),
            ignore_value,
            ignore_lease,
            ..PutRequest::new(key, value.as_str())
        };
        let answer = store.put(&request);
        if (ignore_value || ignore_lease) && old.is_none() {
            assert_eq!(answer, Err(Error::KeyNotFound));
            return;
        }
        model.revision += 1;
        let answer = answer.expect("the put is in order");
        assert_eq!(answer.revision, Revision(model.revision));
        assert_eq!(answer.prev_kv, old.clone().filter(|_| request.prev_kv));
        let kept = |keep: bool| old.as_ref().filter(|_| keep);
        let value =
            kept(ignore_value).map_or(value.into_bytes(), |old| old.value.as_slice().into());
        let lease = kept(ignore_lease).map_or(lease.0, |old| old.lease.0);
        model.changes.push((model.revision, ModelChange::Put { key: key.into(), value, lease }));
    } else {
        let range = RangeRequest { revision: Revision(0), ..draw_request(draw, model.revision) };
        let request = DeleteRangeRequest {
            key: range.key.clone(),
            range_end: range.range_end.clone(),
            prev_kv: draw.one_in(2),
        };
        let doomed: Vec<KeyValue> =
            now.into_values().filter(|kv| in_range(&range, &kv.key)).collect();
        model.revision += i64::from(!doomed.is_empty());
        for kv in &doomed {
            let key = kv.key.as_slice().to_vec();
            model.changes.push((model.revision, ModelChange::Delete { key }));
        }
        let answer = store.delete_range(&request).expect("the deletion is in order");
        assert_eq!(answer.revision, Revision(model.revision));
        assert_eq!(answer.deleted, doomed.len() as i64);
        assert_eq!(answer.prev_kvs, if request.prev_kv { doomed } else { Vec::new() });
    }
}

/// Compares answers of every option, at every revision.
fn compare(draw: &mut Draw, store: &Store, model: &Model, seed: u64) {
    for revision in -1..=model.revision + 1 {
        let asked = if revision <= 0 { model.revision } else { revision };
        let state = model.at(asked);
        for _ in 0..40 {
            let request = draw_request(draw, model.revision).at(Revision(revision));
            let expected = model.range(&request, |_| state.clone());
            assert_eq!(store.range(&request), expected, "seed {seed}, {request:?}");
        }
    }
}

#[test]
fn answers_equal_those_of_a_replayed_list() {
    // Proves every range option at every revision, with puts, deletions and compactions between.
    for seed in 1..=60 {
        let (mut draw, mut store, mut model) = (Draw(seed), Store::new(), Model::new());
        for _ in 0..50 {
            change(&mut draw, &mut store, &mut model);
            if draw.one_in(12) {
                let at = draw.below(model.revision as u64 + 3) as i64 - 1;
                let expected = if at <= model.compacted {
                    Err(Error::Compacted)
                } else if at > model.revision {
                    Err(Error::FutureRevision)
                } else {
                    model.compacted = at;
                    Ok(())
                };
                assert_eq!(store.compact(Revision(at)), expected, "seed {seed}");
                assert_eq!(store.compact_revision(), Revision(model.compacted));
            }
        }
        compare(&mut draw, &store, &model, seed);
    }
}

#[test]
fn a_clone_keeps_its_state() {
    // Proves that clones share no change: each still equals the model at the time of the clone.
    let (mut draw, mut store, mut model) = (Draw(4711), Store::new(), Model::new());
    let mut clones = Vec::new();
    for _ in 0..80 {
        change(&mut draw, &mut store, &mut model);
        clones.push((store.clone(), store.hash()));
    }
    for (clone, hash) in clones {
        let all = clone.range(&RangeRequest::all()).expect("reads");
        let expected: Vec<KeyValue> = model.at(clone.revision().0).into_values().collect();
        assert_eq!((all.kvs, clone.hash()), (expected, hash));
    }
}

#[test]
fn equal_stores_have_equal_hashes_and_others_do_not() {
    // Proves what `hash` promises: it follows the content, not the way the store came about.
    let (mut draw, mut store, mut model) = (Draw(7), Store::new(), Model::new());
    let mut seen = BTreeMap::from([(store.hash(), store.revision())]);
    for _ in 0..200 {
        let before = store.revision();
        change(&mut draw, &mut store, &mut model);
        let fresh = store.revision() > before;
        assert_eq!(seen.insert(store.hash(), store.revision()).is_none(), fresh);
    }
    // The same compactions in one leap or in many steps leave the same store.
    let (mut leap, mut steps) = (store.clone(), store.clone());
    leap.compact(Revision(150.min(store.revision().0))).expect("compacts");
    for at in 1..=150.min(store.revision().0) {
        steps.compact(Revision(at)).expect("compacts");
    }
    assert_eq!(leap, steps);
    assert_eq!(leap.hash(), steps.hash());
    assert_ne!(leap.hash(), store.hash());
}

#[test]
fn changes_are_those_made_and_in_order() {
    // Proves what watches will replay: every change since a revision, each once.
    let (mut draw, mut store, mut model) = (Draw(99), Store::new(), Model::new());
    for _ in 0..60 {
        change(&mut draw, &mut store, &mut model);
    }
    for from in 0..=model.revision + 1 {
        let seen: Vec<(i64, Vec<u8>)> = store
            .changes(Revision(from))
            .map(|(at, change)| (at.main.0, change.key().as_slice().to_vec()))
            .collect();
        let made: Vec<(i64, Vec<u8>)> = model
            .changes
            .iter()
            .filter(|(main, _)| *main >= from)
            .map(|(main, change)| match change {
                ModelChange::Put { key, .. } | ModelChange::Delete { key } => (*main, key.clone()),
            })
            .collect();
        assert_eq!(seen, made);
    }
}

#[test]
fn prefix_end_bounds_exactly_the_prefix() {
    // Proves the helper against the definition: inside the range if and only if it has the prefix.
    for prefix in KEYS {
        let request = RangeRequest::interval(prefix, prefix_end(prefix));
        for key in KEYS {
            assert_eq!(in_range(&request, &Bytes::from(key)), key.starts_with(prefix), "{key:?}");
        }
    }
    assert_eq!(prefix_end(b"a").as_slice(), b"b");
    assert_eq!(prefix_end(b"a\xff").as_slice(), b"b");
    assert_eq!(prefix_end(b"\xff").as_slice(), b"\0");
    assert_eq!(prefix_end(b"").as_slice(), b"\0");
}
