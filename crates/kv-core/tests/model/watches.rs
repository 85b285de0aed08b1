//! Watchers against the model: what they tell is what was changed, and etcd's guarantees hold.

use kv_core::{
    Bytes, Delivery, Event, PutRequest, RangeRequest, Revision, Store, WatchError, WatchId,
    WatchRequest, WatchStream, Watcher,
};

use crate::common::{self, Draw};
use crate::naive::Model;
use crate::step;

/// A watcher, and what it has told so far.
struct Told {
    watcher: Watcher,
    /// From which revision it tells.
    from: Revision,
    mains: Vec<i64>,
    is_gone: bool,
}

/// Asks for all that is new, and holds it against the model.
fn poll(told: &mut Told, store: &Store, model: &Model, seed: u64) {
    let Told { watcher, from, mains, is_gone } = told;
    let next = watcher.next();
    let mut events: Vec<Event> = Vec::new();
    while let Some(delivery) = watcher.poll(store) {
        match delivery {
            Delivery::Events(some) => {
                // Atomic: what was told before is of earlier revisions.
                let first = some.first().expect("never empty").kv.mod_revision;
                assert!(events.last().is_none_or(|last| last.kv.mod_revision < first));
                assert!(mains.last().is_none_or(|&last| last < first.0), "seed {seed}");
                events.extend(some);
            }
            Delivery::Compacted(at) => {
                *is_gone = true;
                assert_eq!(at.0, model.compacted, "seed {seed}");
                break;
            }
        }
    }
    let overtaken = next.0 < model.compacted && next.0 <= model.revision;
    assert_eq!(*is_gone, overtaken, "seed {seed}, {next} of {}", model.revision);
    if overtaken {
        assert_eq!(events, [], "seed {seed}");
        return;
    }
    // Reliable, unique: exactly the events since the last time.
    assert_eq!(events, model.events(watcher.request(), next.0), "seed {seed}");
    assert!(watcher.next() >= next, "never back");
    mains.extend(events.iter().map(|event| event.kv.mod_revision.0));
    // Ordered.
    assert!(mains.is_sorted(), "seed {seed}");
    assert!(mains.first().is_none_or(|&first| first >= from.0), "seed {seed}");
    // Bookmarkable: there is nothing up to that revision that was not told.
    assert_eq!(watcher.progress(store), Some(store.revision()));
}

#[test]
fn what_is_told_is_what_was_changed() {
    // Proves etcd's guarantees on drawn histories: watchers of all kinds, begun at any time and
    // asked at any time, with transactions, leases that end, and compactions between.
    let (mut compacted, mut told_in_all) = (0, 0);
    for seed in 1..=150 {
        let (mut draw, mut store, mut model) = (Draw(seed), Store::new(), Model::new());
        let mut all: Vec<Told> = Vec::new();
        for _ in 0..120 {
            step(&mut draw, &mut store, &mut model, seed);
            if draw.one_in(6) {
                let request = common::watch(&mut draw, model.revision);
                match Watcher::new(request.clone(), &store) {
                    Ok(watcher) => {
                        let from = watcher.next();
                        let asked = request.start_revision;
                        let now = Revision(model.revision + 1);
                        assert_eq!(from, if asked == Revision(0) { now } else { asked });
                        all.push(Told { watcher, from, mains: Vec::new(), is_gone: false });
                    }
                    Err(error) => {
                        assert_eq!(error, WatchError::EmptyRange);
                        let end = request.range_end.as_ref().expect("a range");
                        assert!(*end <= request.key && end.as_slice() != b"\0", "{request:?}");
                    }
                }
            }
            for told in all.iter_mut().filter(|told| !told.is_gone) {
                if draw.one_in(4) {
                    poll(told, &store, &model, seed);
                }
            }
            // Resumable: one that begins where another is tells the same, on a loaded store too.
            if let Some(told) = all.iter().find(|told| !told.is_gone && told.watcher.next().0 > 0) {
                let start_revision = told.watcher.next();
                let request = WatchRequest { start_revision, ..told.watcher.request().clone() };
                let mut other = Watcher::new(request, &store).expect("the same range");
                let bytes = postcard::to_allocvec(&store).expect("saves");
                let loaded: Store = postcard::from_bytes(&bytes).expect("loads");
                assert_eq!(other.poll(&loaded), told.watcher.clone().poll(&store), "seed {seed}");
            }
        }
        for told in &mut all {
            if !told.is_gone {
                poll(told, &store, &model, seed);
            }
            compacted += u64::from(told.is_gone);
            told_in_all += told.mains.len() as u64;
        }
    }
    assert!(compacted > 100 && told_in_all > 10_000, "{compacted}, {told_in_all}");
}

#[test]
fn a_watch_from_the_compacted_revision_misses_nothing() {
    // Proves that a deletion at the very revision of a compaction is told, saved or not. (etcd
    // 3.5.1 forgets it; later ones keep it as we do.)
    let mut store = Store::new();
    store.put(&PutRequest::new("k", "v")).expect("puts");
    store.delete_range(&kv_core::DeleteRangeRequest::key("k")).expect("deletes");
    store.compact(Revision(3)).expect("compacts");
    let bytes = postcard::to_allocvec(&store).expect("saves");
    let loaded: Store = postcard::from_bytes(&bytes).expect("loads");
    assert_eq!(loaded, store);
    for store in [store, loaded] {
        let request =
            |start| WatchRequest { key: "k".into(), start_revision: Revision(start), ..all() };
        let told = |start| Watcher::new(request(start), &store).map(|mut it| it.poll(&store));
        let Ok(Some(Delivery::Events(events))) = told(3) else { panic!("no events") };
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kv.mod_revision, &events[0].prev_kv), (Revision(3), &None));
        assert_eq!(told(2), Ok(Some(Delivery::Compacted(Revision(3)))));
        assert_eq!(told(-5), Ok(Some(Delivery::Compacted(Revision(3)))));
        assert_eq!(told(0), Ok(None));
        assert_eq!(told(9), Ok(None));
    }
    // On a store that was never compacted, etcd says that it was at -1.
    let (store, request) = (Store::new(), WatchRequest { start_revision: Revision(-2), ..all() });
    let gone = Watcher::new(request, &store).map(|mut it| it.poll(&store));
    assert_eq!(gone, Ok(Some(Delivery::Compacted(Revision(-1)))));
}

/// A watch of every key.
fn all() -> WatchRequest {
    let RangeRequest { key, range_end, .. } = RangeRequest::all();
    WatchRequest { key, range_end, prev_kv: true, ..WatchRequest::default() }
}

#[test]
fn a_long_way_behind_is_told_in_whole_revisions() {
    // Proves batches of 1,000 revisions, none torn, and that progress is silent between them.
    let mut store = Store::new();
    for number in 0..2500 {
        let put = |key: &str| kv_core::RequestOp::Put(PutRequest::new(key, format!("{number}")));
        let txn = kv_core::TxnRequest { success: vec![put("a"), put("b")], ..Default::default() };
        store.txn(&txn).expect("puts");
    }
    let mut watcher =
        Watcher::new(WatchRequest { start_revision: Revision(2), ..all() }, &store).expect("all");
    let mut counts = Vec::new();
    loop {
        assert_eq!(watcher.progress(&store).is_some(), counts.len() == 3);
        match watcher.poll(&store) {
            Some(Delivery::Events(events)) => counts.push(events.len()),
            other => break assert_eq!(other, None),
        }
    }
    assert_eq!(counts, [2000, 2000, 1000]);
}

#[test]
fn a_stream_names_its_watchers() {
    // Proves names, refusals, cancelling, progress of one and of all: etcd's answers.
    let (mut store, mut stream) = (Store::new(), WatchStream::new());
    let named = |id| WatchRequest { watch_id: WatchId(id), ..all() };
    let create = |stream: &mut WatchStream, request: &WatchRequest| {
        let answer = stream.create(request, &store);
        assert!(answer.created && answer.revision == Revision(1));
        (answer.watch_id.0, answer.canceled, answer.cancel_reason)
    };
    assert_eq!(create(&mut stream, &named(1)), (1, false, None));
    assert_eq!(create(&mut stream, &named(0)), (0, false, None));
    assert_eq!(create(&mut stream, &named(0)), (2, false, None));
    assert_eq!(create(&mut stream, &named(1)), (-1, true, Some(WatchError::DuplicateId)));
    let backwards = WatchRequest { range_end: Some("a".into()), key: "b".into(), ..all() };
    assert_eq!(create(&mut stream, &backwards), (-1, true, Some(WatchError::EmptyRange)));
    let no_key = WatchRequest { key: Bytes::empty(), range_end: None, ..all() };
    assert_eq!(create(&mut stream, &no_key), (3, false, None));
    assert_eq!(stream.cancel(WatchId(2), &store).map(|answer| answer.canceled), Some(true));
    assert_eq!(stream.cancel(WatchId(2), &store), None);

    store.put(&PutRequest::new("k", "v")).expect("puts");
    assert_eq!(stream.progress_of_all(&store), None);
    assert_eq!(stream.progress(WatchId(1), &store), None);
    let answers = stream.poll(&store, 1000);
    let ids: Vec<i64> = answers.iter().map(|answer| answer.watch_id.0).collect();
    assert_eq!(ids, [0, 1]);
    assert!(answers.iter().all(|answer| answer.revision == Revision(2) && !answer.fragment));
    let progress = stream.progress_of_all(&store).expect("all is told");
    assert_eq!((progress.watch_id, progress.revision), (WatchId::NONE, Revision(2)));
    let progress = stream.progress(WatchId(3), &store).expect("all is told");
    assert_eq!((progress.watch_id, progress.events.len()), (WatchId(3), 0));

    store.compact(Revision(2)).expect("compacts");
    let late = WatchRequest { start_revision: Revision(1), ..named(9) };
    stream.create(&late, &store);
    let answers = stream.poll(&store, 1000);
    assert_eq!(answers.len(), 1);
    assert_eq!((answers[0].canceled, answers[0].compact_revision), (true, Revision(2)));
    assert_eq!(answers[0].revision, Revision(0), "as etcd has it");
    assert_eq!(stream.watchers().map(|(id, _)| id.0).collect::<Vec<_>>(), [0, 1, 3]);
}

#[test]
fn pieces_add_up_to_the_whole() {
    // Proves that fragments hold the same events in the same order, the last marked as such.
    let mut store = Store::new();
    let put = |number: usize| {
        kv_core::RequestOp::Put(PutRequest::new(format!("{number}"), "x".repeat(number * 20)))
    };
    let success = (0..30).map(put).collect();
    store.txn(&kv_core::TxnRequest { success, ..Default::default() }).expect("puts");
    let told = |fragment| {
        let mut stream = WatchStream::new();
        stream.create(&WatchRequest { start_revision: Revision(1), fragment, ..all() }, &store);
        stream.poll(&store, 500)
    };
    let (whole, pieces) = (told(false), told(true));
    assert_eq!(whole.len(), 1);
    assert!(pieces.len() > 10, "{}", pieces.len());
    let marks: Vec<bool> = pieces.iter().map(|piece| piece.fragment).collect();
    assert_eq!(marks.iter().rposition(|&more| more), Some(pieces.len() - 2));
    assert!(marks[..pieces.len() - 1].iter().all(|&more| more));
    let together: Vec<Event> = pieces.into_iter().flat_map(|piece| piece.events).collect();
    assert_eq!(together, whole[0].events);
}
