//! Histories with transactions, leases, compaction and watchers, told by hand: each breaks one
//! sentence of the judges, and has a neighbour that does not.

use std::sync::Arc;

use sim::member::kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, DeleteRangeRequest, DeleteRangeResponse, Event,
    EventKind, KeyValue, LeaseGrantRequest, LeaseGrantResponse, LeaseId, PutRequest, PutResponse,
    RangeRequest, RangeResponse, RequestOp, ResponseOp, Revision, Store, TxnRequest, TxnResponse,
    WatchRequest, WatchResponse,
};
use sim::member::raft_core::NodeId;
use sim::member::{Consistency, LeaseRequest, LeaseResponse, Micros, Request, Response};
use sim::{CallError, CallId, HistoryRecord, Outcome};

use super::watches::{Quiet, Settled};
use super::{check, keys, operations, watches};

/// A history, told line by line.
#[derive(Default)]
struct Tale {
    records: Vec<HistoryRecord>,
    calls: u64,
}

impl Tale {
    fn at(&self) -> Micros {
        Micros(self.records.len() as u64)
    }

    fn call(&mut self, request: Request) -> CallId {
        self.calls += 1;
        let (call, at, client) = (CallId(self.calls), self.at(), "a".into());
        let request = Arc::new(request);
        self.records.push(HistoryRecord::Call { call, client, at, request, endpoint: None });
        call
    }

    fn end(&mut self, call: CallId, outcome: Outcome) {
        let (at, outcome) = (self.at(), Arc::new(outcome));
        self.records.push(HistoryRecord::Return { call, at, outcome });
    }

    fn answer(&mut self, call: CallId, response: Response) {
        let revision = response.revision();
        let (node, raft_term) = (NodeId(1), Default::default());
        self.end(call, Outcome::Ok { node, response, revision, raft_term });
    }

    fn ok(mut self, request: Request, response: Response) -> Tale {
        let call = self.call(request);
        self.answer(call, response);
        self
    }

    fn unknown(mut self, request: Request) -> Tale {
        let call = self.call(request);
        self.end(call, Outcome::Unknown(CallError::DeadlineExceeded));
        self
    }

    fn put(self, key: &str, value: &str, revision: i64) -> Tale {
        self.ok(
            put(key, value, 0),
            Response::Put(PutResponse { revision: r(revision), prev_kv: None }),
        )
    }

    fn leased(self, key: &str, value: &str, revision: i64) -> Tale {
        self.ok(
            put(key, value, 7),
            Response::Put(PutResponse { revision: r(revision), prev_kv: None }),
        )
    }

    fn grant(self, revision: i64) -> Tale {
        let grant = LeaseGrantRequest { id: LeaseId(7), ttl: 5 };
        let granted = LeaseGrantResponse { revision: r(revision), id: LeaseId(7), ttl: 5 };
        let response = Response::Lease(LeaseResponse::Granted(granted));
        self.ok(Request::Lease(LeaseRequest::Grant(grant)), response)
    }

    fn revoke(self, revision: i64) -> Tale {
        let response = Response::Lease(LeaseResponse::Revoked(r(revision)));
        self.ok(Request::Lease(LeaseRequest::Revoke(LeaseId(7))), response)
    }

    fn compact(self, at: i64, revision: i64) -> Tale {
        self.ok(Request::Compact(r(at)), Response::Compact(r(revision)))
    }

    fn txn(self, txn: TxnRequest, succeeded: bool, responses: Vec<ResponseOp>, at: i64) -> Tale {
        let response = TxnResponse { revision: r(at), succeeded, responses };
        self.ok(Request::Txn(txn), Response::Txn(response))
    }

    fn get(self, key: &str, kvs: Vec<KeyValue>, revision: i64) -> Tale {
        self.ok(get(RangeRequest::key(key)), found(kvs, revision))
    }

    /// Call 1 of the tale watches.
    fn watching(watch: WatchRequest, revision: i64) -> Tale {
        let mut tale = Tale::default();
        let call = tale.call(Request::Watch { watch, needs_leader: false });
        assert_eq!(call, CallId(1));
        let response = WatchResponse { revision: r(revision), created: true, ..Default::default() };
        tale.hear(response)
    }

    fn hear(mut self, response: WatchResponse) -> Tale {
        let (call, at, response) = (CallId(1), self.at(), Arc::new(response));
        self.records.push(HistoryRecord::Told { call, at, response });
        self
    }

    fn told(self, events: Vec<Event>) -> Tale {
        let revision = events.last().map_or(r(0), |event| event.kv.mod_revision);
        self.hear(WatchResponse { revision, events, ..Default::default() })
    }

    fn piece(self, events: Vec<Event>) -> Tale {
        let revision = r(2);
        self.hear(WatchResponse { revision, events, fragment: true, ..Default::default() })
    }

    fn progress(self, revision: i64) -> Tale {
        self.hear(WatchResponse { revision: r(revision), ..Default::default() })
    }

    fn compacted(mut self, at: i64) -> Tale {
        let compact_revision = r(at);
        let last = WatchResponse { canceled: true, compact_revision, ..Default::default() };
        self.answer(CallId(1), Response::Watch(last));
        self
    }

    #[track_caller]
    fn good(&self) {
        let judged = check(&self.records).map_err(|misfit| misfit.explanation);
        assert_eq!(judged, Ok(()));
        keys::check(&operations(&self.records), 10_000).expect("an order of the calls on each key");
    }

    #[track_caller]
    fn bad(&self, because: &str) {
        let misfit = check(&self.records).expect_err("it does not fit together");
        assert!(misfit.explanation.contains(because), "{}", misfit.explanation);
    }

    /// No order of the calls on some key explains it either.
    #[track_caller]
    fn has_no_order(&self) {
        keys::check(&operations(&self.records), 10_000).expect_err("no order explains it");
    }

    fn settled(&self, store: &Store) -> Result<(), String> {
        let quiet = Quiet::Yes(&[CallId(1)]);
        watches::check(&operations(&self.records), Some(Settled { store, quiet }))
            .map_err(|misfit| misfit.explanation)
    }
}

fn r(revision: i64) -> Revision {
    Revision(revision)
}

fn put(key: &str, value: &str, lease: i64) -> Request {
    Request::Put(PutRequest { lease: LeaseId(lease), ..PutRequest::new(key, value) })
}

fn get(range: RangeRequest) -> Request {
    Request::Range { range, consistency: Consistency::Linearizable }
}

fn found(kvs: Vec<KeyValue>, revision: i64) -> Response {
    let count = kvs.len() as i64;
    Response::Range(RangeResponse { revision: r(revision), kvs, more: false, count })
}

/// A pair: key, value, and where it was made and changed; `version` puts lie between.
fn kv(key: &str, value: &str, create: i64, changed: i64, version: i64) -> KeyValue {
    let (create_revision, mod_revision) = (r(create), r(changed));
    let (key, value, lease) = (Bytes::from(key), Bytes::from(value), LeaseId::NONE);
    KeyValue { key, value, create_revision, mod_revision, version, lease }
}

fn new(key: &str, value: &str, revision: i64) -> KeyValue {
    kv(key, value, revision, revision, 1)
}

fn on_lease(pair: KeyValue) -> KeyValue {
    KeyValue { lease: LeaseId(7), ..pair }
}

fn was_put(kv: KeyValue) -> Event {
    Event { kind: EventKind::Put, kv, prev_kv: None }
}

fn was_deleted(key: &str, revision: i64) -> Event {
    let kv = KeyValue { create_revision: r(0), version: 0, ..new(key, "", revision) };
    Event { kind: EventKind::Delete, kv, prev_kv: None }
}

fn op_put(key: &str, value: &str) -> RequestOp {
    RequestOp::Put(PutRequest::new(key, value))
}

fn did_put(revision: i64) -> ResponseOp {
    ResponseOp::Put(PutResponse { revision: r(revision), prev_kv: None })
}

fn did_get(kvs: Vec<KeyValue>, revision: i64) -> ResponseOp {
    let count = kvs.len() as i64;
    ResponseOp::Range(RangeResponse { revision: r(revision), kvs, more: false, count })
}

/// Without conditions.
fn always(success: Vec<RequestOp>) -> TxnRequest {
    TxnRequest { compare: Vec::new(), success, failure: Vec::new() }
}

/// If the key is not there.
fn if_new(key: &str, success: Vec<RequestOp>) -> TxnRequest {
    let target = CompareTarget::Version(0);
    let compare = vec![Compare::key(key, CompareResult::Equal, target)];
    TxnRequest { compare, success, failure: Vec::new() }
}

fn all() -> WatchRequest {
    let RangeRequest { key, range_end, .. } = RangeRequest::all();
    WatchRequest { key, range_end, ..WatchRequest::default() }
}

fn from(start: i64) -> WatchRequest {
    WatchRequest { start_revision: r(start), ..all() }
}

/// Proves: what a transaction writes has one revision, and nobody else's.
#[test]
fn a_transaction_is_one_change() {
    let both = || {
        let txn = always(vec![op_put("x", "1"), op_put("y", "2")]);
        Tale::default().txn(txn, true, vec![did_put(2), did_put(2)], 2)
    };
    both().get("x", vec![new("x", "1", 2)], 2).get("y", vec![new("y", "2", 2)], 2).good();
    both().get("y", vec![], 2).bad("changed at revision 2");
    both().get("y", vec![], 2).has_no_order();
    both().get("y", vec![new("y", "2", 3)], 3).bad("no put can have done that");
    both().put("z", "3", 2).bad("both wrote at revision 2");
    both().put("x", "3", 4).bad("only 2 writes");
}

/// Proves: reads within see the state before and what was written by then, and nothing else.
#[test]
fn a_transaction_reads_its_own_writes() {
    let read = || RequestOp::Range(RangeRequest::key("x"));
    let around = |before: Vec<KeyValue>, after: Vec<KeyValue>| {
        let txn = always(vec![read(), op_put("x", "2"), read()]);
        let done = vec![did_get(before, 2), did_put(3), did_get(after, 3)];
        Tale::default().put("x", "1", 2).txn(txn, true, done, 3)
    };
    let (old, now) = (new("x", "1", 2), kv("x", "2", 2, 3, 2));
    around(vec![old.clone()], vec![now.clone()]).good();
    around(vec![old.clone()], vec![old.clone()]).bad("changed at revision 3");
    around(vec![old.clone()], vec![old]).has_no_order();
    around(vec![], vec![now.clone()]).bad("changed at revision 2");
    around(vec![now.clone()], vec![now]).bad("contradict each other");
}

/// Proves: conditions are held against the state before the transaction, where that is known.
#[test]
fn conditions_say_what_was() {
    let put = || vec![op_put("x", "2")];
    let first = || Tale::default().txn(if_new("x", put()), true, vec![did_put(2)], 2);
    first().good();
    first().txn(if_new("x", put()), false, vec![], 2).good();
    first().txn(if_new("x", put()), true, vec![did_put(3)], 3).bad("its compares held");
    first().txn(if_new("x", put()), true, vec![did_put(3)], 3).has_no_order();
    Tale::default().txn(if_new("x", put()), false, vec![], 1).bad("its compares did not hold");
    // What may have happened makes both possible.
    let unsure = || Tale::default().unknown(super::stories::put("x", "1", 0));
    unsure().txn(if_new("x", put()), true, vec![did_put(2)], 2).good();
    unsure().txn(if_new("x", put()), false, vec![], 2).good();
    for (target, is) in [
        (CompareTarget::Value("2".into()), true),
        (CompareTarget::Value("3".into()), false),
        (CompareTarget::Mod(r(2)), true),
        (CompareTarget::Mod(r(3)), false),
        (CompareTarget::Lease(LeaseId(7)), false),
        (CompareTarget::Create(r(3)), false),
        (CompareTarget::Version(0), false),
    ] {
        let compare = vec![Compare::key("x", CompareResult::Equal, target)];
        let txn = TxnRequest { compare, success: Vec::new(), failure: Vec::new() };
        first().txn(txn.clone(), is, vec![], 2).good();
        first().txn(txn, !is, vec![], 2).bad("its compares");
    }
}

/// Proves: of a transaction of unknown outcome either way may have been gone, but not both.
#[test]
fn an_unknown_transaction_went_one_way() {
    let unsure = || {
        let txn =
            TxnRequest { failure: vec![op_put("y", "2")], ..if_new("x", vec![op_put("x", "1")]) };
        Tale::default().unknown(Request::Txn(txn))
    };
    unsure().get("x", vec![new("x", "1", 2)], 2).good();
    unsure().get("y", vec![new("y", "2", 2)], 2).good();
    unsure().get("x", vec![], 1).good();
    let both = unsure().get("x", vec![new("x", "1", 2)], 2).get("y", vec![new("y", "2", 2)], 2);
    both.bad("no put can have done that");
    unsure().get("x", vec![new("x", "2", 2)], 2).bad("no put can have done that");
}

/// Proves: what was compacted is neither read nor compacted once more.
#[test]
fn what_was_compacted_is_gone() {
    let tale = || Tale::default().put("x", "1", 2).put("x", "2", 3).compact(3, 3);
    let at = |revision: i64, kv: KeyValue| {
        let range = RangeRequest::key("x").at(r(revision));
        tale().ok(get(range), found(vec![kv], 3))
    };
    at(3, kv("x", "2", 2, 3, 2)).good();
    at(2, new("x", "1", 2)).bad("had compacted 3");
    tale().compact(3, 3).bad("had compacted 3");
    tale().put("x", "3", 4).compact(4, 4).good();
    tale().compact(4, 3).bad("compacted what had not happened");
    let txn = always(vec![RequestOp::Range(RangeRequest::key("x").at(r(2)))]);
    tale().txn(txn, true, vec![did_get(vec![new("x", "1", 2)], 3)], 3).bad("had compacted 3");
}

/// Proves: a key may be gone that hung on a lease, and no other; and then the lease has no other key.
#[test]
fn a_lease_takes_its_keys() {
    let tale = || Tale::default().grant(1).leased("x", "1", 2).put("y", "2", 3);
    tale().get("x", vec![], 4).good();
    tale().get("x", vec![], 3).bad("changed at revision 2");
    tale().get("y", vec![], 4).bad("changed at revision 3");
    tale().get("y", vec![], 4).has_no_order();
    tale().put("y", "3", 6).bad("only 3 writes");
    Tale::default().put("x", "1", 2).get("x", vec![], 3).bad("only 1 writes");
    // A put without a lease takes the key off it.
    tale().put("x", "3", 4).get("x", vec![], 5).bad("changed at revision 4");
    // Whoever has ended it will not find it any more.
    tale().revoke(4).get("x", vec![], 4).good();
    tale()
        .revoke(3)
        .get("x", vec![on_lease(new("x", "1", 2))], 3)
        .bad("on lease 7, which had ended");
    // What it takes it takes at once.
    let watching = || Tale::watching(from(2), 1).grant(1).leased("x", "1", 2).leased("y", "2", 3);
    let puts = || vec![was_put(on_lease(new("x", "1", 2))), was_put(on_lease(new("y", "2", 3)))];
    let told = |events: Vec<Event>| watching().told(puts()).told(events);
    told(vec![was_deleted("x", 4), was_deleted("y", 4)]).good();
    told(vec![was_deleted("x", 4), was_deleted("y", 5)]).bad("no deletion can have done that");
    told(vec![was_deleted("x", 4)]).get("y", vec![on_lease(new("y", "2", 3))], 4).bad("had ended");
}

/// Proves: ordered, unique, reliable.
#[test]
fn a_watcher_is_told_everything_once_and_in_order() {
    let tale = || Tale::watching(from(2), 1).put("x", "1", 2).put("y", "2", 3);
    let (x, y) = (|| was_put(new("x", "1", 2)), || was_put(new("y", "2", 3)));
    tale().told(vec![x(), y()]).good();
    tale().told(vec![x()]).told(vec![y()]).good();
    tale().told(vec![x()]).good();
    tale().told(vec![y(), x()]).bad("went back");
    tale().told(vec![y()]).bad("was not told of revision 2: \"x\" is missing");
    tale().told(vec![x()]).told(vec![x(), y()]).bad("went back");
    tale().told(vec![x(), x()]).bad("was told twice");
    // One that did not say where it begins is told what comes after that.
    let mut late = Tale::default();
    late.call(Request::Watch { watch: all(), needs_leader: false });
    let created = WatchResponse { revision: r(2), created: true, ..Default::default() };
    late = late.put("x", "1", 2).hear(created).told(vec![x()]);
    late.bad("went back");
    // Not the key that was asked for, or not the kind.
    let one = WatchRequest { key: "x".into(), start_revision: r(2), ..WatchRequest::default() };
    let of_one = |one: WatchRequest| Tale::watching(one, 1).put("x", "1", 2).put("y", "2", 3);
    of_one(one.clone()).told(vec![x()]).good();
    of_one(one.clone()).told(vec![x(), y()]).bad("did not ask for it");
    let no_put = WatchRequest { no_put: true, ..one };
    of_one(no_put.clone()).good();
    of_one(no_put).told(vec![x()]).bad("did not ask for it");
}

/// Proves: atomic, but for pieces.
#[test]
fn a_revision_is_not_torn() {
    let tale = || {
        let txn = always(vec![op_put("x", "1"), op_put("y", "2")]);
        Tale::watching(from(2), 1).txn(txn, true, vec![did_put(2), did_put(2)], 2)
    };
    let (x, y) = (|| was_put(new("x", "1", 2)), || was_put(new("y", "2", 2)));
    tale().told(vec![x(), y()]).good();
    tale().told(vec![x()]).bad("was not told all of revision 2: \"y\" is missing");
    tale().told(vec![x()]).told(vec![y()]).bad("was not told all of revision 2");
    tale().piece(vec![x()]).told(vec![y()]).good();
    tale().piece(vec![x()]).told(vec![x()]).bad("was told twice");
}

/// Proves: what is told is what was written, to everybody.
#[test]
fn watchers_are_told_the_truth() {
    let tale = || Tale::watching(from(2), 1).put("x", "1", 2);
    tale().told(vec![was_put(new("x", "2", 2))]).bad("two stories of revision 2");
    tale().told(vec![was_deleted("x", 2)]).bad("two stories of revision 2");
    tale().told(vec![was_put(new("z", "1", 2))]).bad("two stories of revision 2");
    tale().told(vec![was_put(new("x", "1", 2)), was_deleted("x", 3)]).bad("no deletion can have");
    let early = WatchResponse { events: vec![was_put(new("x", "1", 2))], ..Default::default() };
    tale().hear(early).bad("before it happened");
}

/// Proves: bookmarks promise nothing that was not kept.
#[test]
fn progress_comes_after_what_it_stands_for() {
    let tale = || Tale::watching(from(2), 1).put("x", "1", 2).put("x", "2", 3);
    let first = || was_put(new("x", "1", 2));
    tale().told(vec![first()]).progress(2).good();
    tale().told(vec![first()]).progress(3).bad("progress to revision 3, but not of \"x\"");
    let second = was_put(kv("x", "2", 2, 3, 2));
    tale().told(vec![first(), second.clone()]).progress(3).good();
    tale().told(vec![first()]).progress(3).told(vec![second]).bad("progress to revision 3");
}

/// Proves: `prev_kv` is the pair before, whenever there was one and it was asked for.
#[test]
fn the_pair_before_is_the_pair_before() {
    let asks = WatchRequest { prev_kv: true, ..from(2) };
    let tale = |watch: &WatchRequest, prev_kv: Option<KeyValue>| {
        let (first, second) = (was_put(new("x", "1", 2)), kv("x", "2", 2, 3, 2));
        Tale::watching(watch.clone(), 1)
            .put("x", "1", 2)
            .put("x", "2", 3)
            .told(vec![first, Event { prev_kv, ..was_put(second) }])
    };
    let old = || Some(new("x", "1", 2));
    tale(&asks, old()).good();
    tale(&from(2), None).good();
    tale(&asks, None).bad("was not told what \"x\" was before 3");
    tale(&from(2), old()).bad("wrong pair");
    tale(&asks, Some(new("x", "0", 2))).bad("two stories of revision 2");
    tale(&asks, Some(new("y", "1", 2))).bad("two stories of revision 2");
    // Compaction may have taken it.
    let mut compacted = Tale::watching(asks, 1).put("x", "1", 2).put("x", "2", 3).compact(3, 3);
    compacted = compacted.told(vec![was_put(new("x", "1", 2)), was_put(kv("x", "2", 2, 3, 2))]);
    compacted.good();
}

/// Proves: a watch ends when compaction has overtaken it, and not for less.
#[test]
fn compaction_ends_a_watch() {
    let tale = || Tale::watching(from(2), 1).put("x", "1", 2).put("x", "2", 3);
    tale().compact(3, 3).compacted(3).good();
    tale().compacted(3).bad("nobody had compacted anything");
    let told = || tale().told(vec![was_put(new("x", "1", 2)), was_put(kv("x", "2", 2, 3, 2))]);
    told().compact(3, 3).compacted(3).bad("was still there");
    // And it is not silent about it.
    tale()
        .compact(3, 3)
        .told(vec![was_put(kv("x", "2", 2, 3, 2))])
        .bad("was not told of revision 2");
    let both = vec![was_put(new("x", "1", 2)), was_put(kv("x", "2", 2, 3, 2))];
    tale().compact(3, 3).compacted(3).told(both).bad("after its end");
}

/// Proves: at the end of a run, the store itself says what happened.
#[test]
fn the_store_has_the_last_word() {
    let mut store = Store::new();
    store.put(&PutRequest::new("x", "1")).expect("a put");
    store.put(&PutRequest::new("y", "2")).expect("a put");
    let tale = || Tale::watching(from(2), 1);
    let (x, y) = (|| was_put(new("x", "1", 2)), || was_put(new("y", "2", 3)));
    assert_eq!(tale().told(vec![x(), y()]).settled(&store), Ok(()));
    let judged = |tale: Tale, because: &str| {
        let explanation = tale.settled(&store).expect_err("it does not fit together");
        assert!(explanation.contains(because), "{explanation}");
    };
    judged(tale().told(vec![x()]), "was never told of \"y\" at revision 3");
    judged(tale().told(vec![y()]), "was not told of revision 2");
    judged(tale().told(vec![x(), y(), was_put(new("z", "3", 4))]), "nothing");
    judged(tale().told(vec![x(), was_put(new("y", "3", 3))]), "another story");
    judged(tale().told(vec![x(), y()]).put("z", "3", 4), "the store lacks it");
    // Deleting nothing takes no revision.
    let mut counted = store.clone();
    counted.delete_range(&DeleteRangeRequest::key("none")).expect("deletes nothing");
    assert_eq!(tale().told(vec![x(), y()]).settled(&counted), Ok(()));
    let empty = DeleteRangeResponse { revision: r(4), deleted: 0, prev_kvs: Vec::new() };
    let delete = Request::DeleteRange(DeleteRangeRequest::key("none"));
    tale()
        .put("x", "1", 2)
        .put("y", "2", 3)
        .ok(delete, Response::DeleteRange(empty))
        .bad("2 writes");
}
