//! What is known of real etcd 3.5, as short stories: numbers, texts and edge cases.

use kv_core::{
    Compare, CompareResult, CompareTarget, DeleteRangeRequest, Error, LeaseGrantRequest, LeaseId,
    PutRequest, RangeRequest, RequestOp, ResponseOp, Revision, SortOrder, SortTarget, Store,
    TxnRequest,
};

fn put(store: &mut Store, key: &str, value: &str) -> i64 {
    store.put(&PutRequest::new(key, value)).expect("puts").revision.0
}

fn delete(store: &mut Store, prefix: &str) -> (i64, i64) {
    let answer = store.delete_range(&DeleteRangeRequest::prefix(prefix)).expect("deletes");
    (answer.deleted, answer.revision.0)
}

/// The keys of an answer, joined by blanks.
fn keys(store: &Store, request: &RangeRequest) -> String {
    let kvs = store.range(request).expect("reads").kvs;
    kvs.iter().map(|kv| kv.key.to_text_lossy()).collect::<Vec<_>>().join(" ")
}

#[test]
fn revisions_count_what_changes_something() {
    // Proves: empty is 1, a put is one revision, a range delete is one, deleting nothing is none.
    let mut store = Store::new();
    assert_eq!(store.revision(), Revision(1));
    assert_eq!([put(&mut store, "a", "1"), put(&mut store, "b", "1")], [2, 3]);
    assert_eq!(delete(&mut store, "nothing"), (0, 3));
    assert_eq!(delete(&mut store, ""), (2, 4));
    assert_eq!(delete(&mut store, ""), (0, 4));
    let subs: Vec<i64> = store.changes(Revision(4)).map(|(at, _)| at.sub).collect();
    assert_eq!(subs, [0, 1]);
}

#[test]
fn a_transaction_is_one_revision_and_sees_itself() {
    // Proves the ground that transactions stand on: sub revisions, and reads of own writes.
    let mut store = Store::new();
    put(&mut store, "a", "1");
    let ops = vec![
        RequestOp::Range(RangeRequest::key("b")),
        RequestOp::Put(PutRequest::new("b", "2")),
        RequestOp::Range(RangeRequest::all()),
        RequestOp::DeleteRange(DeleteRangeRequest::key("a")),
        RequestOp::DeleteRange(DeleteRangeRequest::key("a")),
    ];
    let answer = store.txn(&TxnRequest { success: ops, ..TxnRequest::default() }).expect("fits");
    let numbers = answer.responses.iter().map(|response| match response {
        ResponseOp::Range(range) => (range.revision.0, range.count),
        ResponseOp::Put(put) => (put.revision.0, 1),
        ResponseOp::DeleteRange(delete) => (delete.revision.0, delete.deleted),
        ResponseOp::Txn(_) => (0, 0),
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [(2, 0), (3, 1), (3, 2), (3, 1), (3, 0)]);
    assert_eq!((answer.succeeded, answer.revision), (true, Revision(3)));
    assert_eq!(store.revision(), Revision(3));
    assert_eq!(keys(&store, &RangeRequest::all()), "b");
    assert_eq!(keys(&store, &RangeRequest::all().at(Revision(2))), "a");
}

#[test]
fn a_recreated_key_starts_anew() {
    // Proves: after a deletion, version 1 and a new create_revision.
    let mut store = Store::new();
    put(&mut store, "k", "1");
    put(&mut store, "k", "2");
    delete(&mut store, "k");
    put(&mut store, "k", "3");
    let kv = store.range(&RangeRequest::key("k")).expect("reads").kvs.remove(0);
    assert_eq!((kv.create_revision.0, kv.mod_revision.0, kv.version), (5, 5, 1));
}

#[test]
fn keys_only_of_a_slash_prefix_misses_plain_names() {
    // Proves the course's stumbling block: `get / --prefix --keys-only` does not find `name`.
    let mut store = Store::new();
    put(&mut store, "name", "john");
    put(&mut store, "/a", "1");
    let request = RangeRequest { keys_only: true, ..RangeRequest::prefix("/") };
    assert_eq!(keys(&store, &request), "/a");
    let all = store.range(&RangeRequest { keys_only: true, ..RangeRequest::prefix("") });
    assert!(all.expect("reads").kvs.iter().all(|kv| kv.value.is_empty()));
}

#[test]
fn count_ignores_the_limit_and_more_tells_of_it() {
    // Proves `count` and `more`, and that `count_only` brings no pairs.
    let mut store = Store::new();
    for key in ["a", "b", "c"] {
        put(&mut store, key, "");
    }
    let all = RangeRequest::all();
    let answer = store.range(&all.clone().limit(2)).expect("reads");
    assert_eq!((answer.kvs.len(), answer.count, answer.more), (2, 3, true));
    let answer = store.range(&all.clone().limit(3)).expect("reads");
    assert_eq!((answer.kvs.len(), answer.count, answer.more), (3, 3, false));
    let counted = RangeRequest { count_only: true, ..all.limit(1) };
    let answer = store.range(&counted).expect("reads");
    assert_eq!((answer.kvs.len(), answer.count, answer.more), (0, 3, false));
}

#[test]
fn a_sort_target_without_order_sorts_what_the_limit_left() {
    // Proves etcd's order of steps: the limit comes first here, and last with an order.
    let mut store = Store::new();
    for (key, value) in [("a", "3"), ("b", "2"), ("c", "1")] {
        put(&mut store, key, value);
    }
    let by_value = |order| RangeRequest::all().limit(1).sorted(SortTarget::Value, order);
    assert_eq!(keys(&store, &by_value(SortOrder::None)), "b");
    assert_eq!(keys(&store, &by_value(SortOrder::Ascend)), "c");
    assert_eq!(keys(&store, &by_value(SortOrder::Descend)), "a");
}

#[test]
fn a_put_without_lease_takes_the_key_off_its_lease() {
    // Proves lease handling of puts, `ignore_lease` included.
    let mut store = Store::new();
    let lease = LeaseId(0x2d);
    store.lease_grant(LeaseGrantRequest { id: lease, ttl: 60 }, 2).expect("grants");
    store.put(&PutRequest { lease, ..PutRequest::new("k", "1") }).expect("puts");
    let keep = PutRequest { ignore_lease: true, ..PutRequest::new("k", "2") };
    store.put(&keep).expect("puts");
    let now = |store: &Store| store.range(&RangeRequest::key("k")).expect("reads").kvs.remove(0);
    assert_eq!((now(&store).lease, now(&store).value.as_slice()), (lease, &b"2"[..]));
    let touch = PutRequest { ignore_value: true, ..PutRequest::new("k", "") };
    store.put(&touch).expect("puts");
    assert_eq!((now(&store).lease, now(&store).value.as_slice()), (LeaseId::NONE, &b"2"[..]));
    assert_eq!(lease.to_string(), "2d");
    assert_eq!(store.lease(lease).map(|lease| lease.keys().len()), Some(0));
}

#[test]
fn refused_requests_change_nothing_and_say_why() {
    // Proves the texts, letter by letter, and that a refused request leaves no trace.
    let mut store = Store::new();
    put(&mut store, "k", "v");
    store.compact(Revision(2)).expect("compacts");
    let before = store.clone();
    let old = PutRequest { ignore_value: true, ..PutRequest::new("missing", "") };
    let both = PutRequest { ignore_value: true, ..PutRequest::new("k", "v") };
    let leased = PutRequest { ignore_lease: true, lease: LeaseId(1), ..PutRequest::new("k", "v") };
    let errors = [
        store.put(&PutRequest::new("", "v")).unwrap_err(),
        store.delete_range(&DeleteRangeRequest::key("")).unwrap_err(),
        store.range(&RangeRequest::key("")).unwrap_err(),
        store.put(&old).unwrap_err(),
        store.put(&PutRequest { lease: LeaseId(7), ..old.clone() }).unwrap_err(),
        store.put(&both).unwrap_err(),
        store.put(&leased).unwrap_err(),
        store.range(&RangeRequest::all().at(Revision(1))).unwrap_err(),
        store.range(&RangeRequest::all().at(Revision(3))).unwrap_err(),
        store.compact(Revision(2)).unwrap_err(),
        store.compact(Revision(3)).unwrap_err(),
    ];
    assert_eq!(
        errors.map(|error| error.to_string()),
        [
            "etcdserver: key is not provided",
            "etcdserver: key is not provided",
            "etcdserver: key is not provided",
            "etcdserver: key not found",
            "etcdserver: requested lease not found",
            "etcdserver: value is provided",
            "etcdserver: lease is provided",
            "etcdserver: mvcc: required revision has been compacted",
            "etcdserver: mvcc: required revision is a future revision",
            "etcdserver: mvcc: required revision has been compacted",
            "etcdserver: mvcc: required revision is a future revision",
        ]
    );
    assert_eq!(store, before);
    assert_eq!(store.range(&RangeRequest::all().at(Revision(2))).map(|answer| answer.count), Ok(1));
    assert_eq!(Error::EmptyKey.to_string(), "etcdserver: key is not provided");
}

#[test]
fn a_missing_key_compares_as_zeros_but_not_by_its_value() {
    // Proves every target on a missing key, and that a range is compared pair by pair.
    use CompareResult::{Equal, Greater, Less, NotEqual};
    let mut store = Store::new();
    put(&mut store, "a", "1");
    put(&mut store, "b", "2");
    let holds = |key: &str, range_end: Option<&str>, result, target: CompareTarget| {
        let range_end = range_end.map(|end| end.into());
        let compare = Compare { range_end, ..Compare::key(key, result, target) };
        let txn = TxnRequest { compare: vec![compare], ..TxnRequest::default() };
        store.clone().txn(&txn).expect("compares").succeeded
    };
    let zeros = [
        CompareTarget::Version(0),
        CompareTarget::Create(Revision(0)),
        CompareTarget::Mod(Revision(0)),
        CompareTarget::Lease(LeaseId(0)),
    ];
    for target in zeros {
        assert!(holds("missing", None, Equal, target.clone()), "{target:?}");
        assert!(!holds("missing", None, Greater, target.clone()), "{target:?}");
    }
    for result in [Equal, NotEqual, Less, Greater] {
        assert!(!holds("missing", None, result, CompareTarget::Value("".into())), "{result:?}");
    }
    assert!(holds("a", Some("c"), Less, CompareTarget::Value("3".into())));
    assert!(!holds("a", Some("c"), Equal, CompareTarget::Value("1".into())));
    assert!(holds("a", Some("c"), Greater, CompareTarget::Mod(Revision(1))));
    assert!(!holds("a", Some("\0"), Greater, CompareTarget::Mod(Revision(2))));
    assert!(holds("c", Some("b"), Equal, CompareTarget::Version(0)), "an empty range is nothing");
}

#[test]
fn compares_of_nested_transactions_see_the_state_before() {
    // Proves etcd's order: all compares first, then all operations.
    let mut store = Store::new();
    let is_missing = Compare::key("k", CompareResult::Equal, CompareTarget::Version(0));
    let inner = TxnRequest {
        compare: vec![is_missing],
        success: vec![RequestOp::Range(RangeRequest::key("k"))],
        failure: vec![],
    };
    let ops = vec![RequestOp::Put(PutRequest::new("k", "v")), RequestOp::Txn(inner)];
    let answer = store.txn(&TxnRequest { success: ops, ..TxnRequest::default() }).expect("fits");
    let Some(ResponseOp::Txn(inner)) = answer.responses.last() else { panic!("{answer:?}") };
    assert!(inner.succeeded, "the put before it is not seen by the compare");
    let Some(ResponseOp::Range(read)) = inner.responses.first() else { panic!("{inner:?}") };
    assert_eq!((read.count, inner.revision), (1, Revision(0)), "but by the read");
}

#[test]
fn a_refused_transaction_changes_nothing() {
    // Proves which error comes first, and that not even the operations before it were done.
    let mut store = Store::new();
    put(&mut store, "k", "v");
    let before = store.clone();
    let fresh = RequestOp::Put(PutRequest::new("new", "v"));
    let kept = RequestOp::Put(PutRequest { ignore_value: true, ..PutRequest::new("missing", "") });
    let leased = RequestOp::Put(PutRequest { lease: LeaseId(9), ..PutRequest::new("l", "") });
    let future = RequestOp::Range(RangeRequest::all().at(Revision(3)));
    let past = RequestOp::Range(RangeRequest::all().at(Revision(-2)));
    let gone = RequestOp::DeleteRange(DeleteRangeRequest::from_key("k"));
    let last = RequestOp::Put(PutRequest { ignore_value: true, ..PutRequest::new("k", "") });
    for (ops, error) in [
        (vec![&fresh, &future, &kept], Error::KeyNotFound),
        (vec![&fresh, &leased, &kept], Error::LeaseNotFound),
        (vec![&fresh, &future, &past], Error::FutureRevision),
        (vec![&fresh, &past], Error::Compacted),
        // etcd 3.5.1 lets this in, and its server dies of it.
        (vec![&gone, &last], Error::KeyNotFound),
        (vec![&fresh, &fresh], Error::DuplicateKey),
    ] {
        let success: Vec<RequestOp> = ops.into_iter().cloned().collect();
        let txn = TxnRequest { success, ..TxnRequest::default() };
        assert_eq!(store.txn(&txn), Err(error), "{txn:?}");
        assert_eq!(store, before);
        // What is refused only matters where it would be done.
        if !matches!(error, Error::DuplicateKey) {
            let TxnRequest { success, .. } = txn;
            let other = TxnRequest { failure: success, ..TxnRequest::default() };
            assert!(store.clone().txn(&other).is_ok());
        }
    }
}

#[test]
fn a_lease_takes_its_keys_with_it() {
    // Proves grant and its errors, attached keys, and that revoking is one revision at most.
    let mut store = Store::new();
    let id = LeaseId(0x1234);
    let grant = |store: &mut Store, id, ttl| {
        store.lease_grant(LeaseGrantRequest { id: LeaseId(id), ttl }, 2).map(|lease| lease.ttl)
    };
    assert_eq!(grant(&mut store, 0x1234, 100), Ok(100));
    assert_eq!(grant(&mut store, 5, -1), Ok(2), "no shorter than an election");
    assert_eq!(grant(&mut store, 5, 9), Err(Error::LeaseExists));
    assert_eq!(grant(&mut store, 0, 9), Err(Error::LeaseNotFound));
    assert_eq!(grant(&mut store, 6, 9_000_000_000), Ok(9_000_000_000));
    assert_eq!(grant(&mut store, 7, 9_000_000_001), Err(Error::LeaseTtlTooLarge));
    for key in ["b", "a", "c", "d"] {
        store.put(&PutRequest { lease: id, ..PutRequest::new(key, "") }).expect("puts");
    }
    store.put(&PutRequest { lease: LeaseId(5), ..PutRequest::new("c", "") }).expect("puts");
    delete(&mut store, "d");
    let attached = |store: &Store, id| {
        let lease = store.lease(LeaseId(id)).expect("is there");
        lease.keys().iter().map(|key| key.to_text_lossy()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((attached(&store, 0x1234), attached(&store, 5)), ("a b".into(), "c".into()));
    assert_eq!(store.revision(), Revision(7));
    assert_eq!(store.lease_revoke(id).map(|answer| answer.revision), Ok(Revision(8)));
    assert_eq!(store.lease_revoke(id), Err(Error::LeaseNotFound));
    assert_eq!(store.lease_revoke(LeaseId(6)).map(|it| it.revision), Ok(Revision(8)));
    assert_eq!(keys(&store, &RangeRequest::all()), "c");
    assert_eq!(store.leases().map(|lease| lease.id().0).collect::<Vec<_>>(), [5]);
    let order: Vec<String> = store
        .changes(Revision(8))
        .map(|(at, change)| format!("{} {}", change.key().to_text_lossy(), at.sub))
        .collect();
    assert_eq!(order, ["a 0", "b 1"]);
}

#[test]
fn the_revision_outlives_a_restart() {
    // Proves that a saved store comes back at its revision, where compaction has taken all there
    // is to take too: revisions never go back.
    let mut store = Store::new();
    put(&mut store, "k", "v");
    delete(&mut store, "k");
    store.compact(Revision(3)).expect("compacts");
    let bytes = postcard::to_allocvec(&store).expect("saves");
    let mut loaded: Store = postcard::from_bytes(&bytes).expect("loads");
    assert_eq!((loaded.revision(), loaded.compact_revision()), (Revision(3), Revision(3)));
    assert_eq!(put(&mut loaded, "k", "v"), 4);
    assert_eq!(loaded.compact(Revision(3)), Err(Error::Compacted));
}
