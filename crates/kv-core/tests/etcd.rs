//! What is known of real etcd 3.5, as short stories: numbers, texts and edge cases.

use kv_core::{
    DeleteRangeRequest, Error, LeaseId, PutRequest, RangeRequest, Revision, SortOrder, SortTarget,
    Store,
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
    let mut txn = store.transaction();
    assert_eq!(txn.range(&RangeRequest::key("b")).expect("reads").revision, Revision(2));
    txn.put(&PutRequest::new("b", "2")).expect("puts");
    let seen = txn.range(&RangeRequest::all()).expect("reads");
    assert_eq!((seen.revision, seen.count), (Revision(3), 2));
    let gone = txn.delete_range(&DeleteRangeRequest::key("a")).expect("deletes");
    assert_eq!((gone.revision, gone.deleted), (Revision(3), 1));
    let none = txn.delete_range(&DeleteRangeRequest::key("a")).expect("deletes");
    assert_eq!((none.revision, none.deleted), (Revision(3), 0));
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
    store.put(&PutRequest { lease, ..PutRequest::new("k", "1") }).expect("puts");
    let keep = PutRequest { ignore_lease: true, ..PutRequest::new("k", "2") };
    store.put(&keep).expect("puts");
    let now = |store: &Store| store.range(&RangeRequest::key("k")).expect("reads").kvs.remove(0);
    assert_eq!((now(&store).lease, now(&store).value.as_slice()), (lease, &b"2"[..]));
    let touch = PutRequest { ignore_value: true, ..PutRequest::new("k", "") };
    store.put(&touch).expect("puts");
    assert_eq!((now(&store).lease, now(&store).value.as_slice()), (LeaseId::NONE, &b"2"[..]));
    assert_eq!(lease.to_string(), "2d");
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
