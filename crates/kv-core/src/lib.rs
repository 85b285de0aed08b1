//! etcd's v3 key-value store, by itself: no cluster, no clock, no disk.
//!
//! # The model
//!
//! The store never overwrites. Every change is *recorded* under a **revision**, a number that
//! belongs to the whole store, not to a key, and that every change raises by one. An empty store is
//! at revision 1, so the first put makes 2. An old revision is the name of an old state of
//! everything, and can be read until it is compacted away.
//!
//! ```text
//! revision   change            a pair's numbers afterwards
//!     2      put name john     name: create 2, mod 2, version 1
//!     3      put city bern     city: create 3, mod 3, version 1
//!     4      put name jane     name: create 2, mod 4, version 2
//!     5      del name          (a tombstone; reads at 4 still find jane)
//!     6      put name joe      name: create 6, mod 6, version 1     a new life
//! ```
//!
//! - `create_revision` is the revision at which the key came into being, `mod_revision` that of its
//!   last change, `version` the number of its puts since it came into being.
//! - What changes together shares one revision: a transaction, or a delete of a range. Inside, the
//!   changes are numbered by a *sub revision* from 0 ([`RevisionPair`]).
//! - What changes nothing consumes no revision: reads, deleting what is not there.
//! - Compaction at a revision forgets what only older revisions could see; the revision itself
//!   stays readable, and whoever watches from there misses nothing.
//! - A lease costs no revision; when it ends, its keys are deleted in one.
//!
//! ```
//! use kv_core::{DeleteRangeRequest, PutRequest, RangeRequest, Revision, Store};
//!
//! let mut store = Store::new();
//! store.put(&PutRequest::new("name", "john"))?;
//! store.put(&PutRequest::new("name", "jane"))?;
//! store.delete_range(&DeleteRangeRequest::key("name"))?;
//! assert_eq!(store.revision(), Revision(4));
//! assert_eq!(store.range(&RangeRequest::key("name"))?.count, 0);
//!
//! let then = store.range(&RangeRequest::key("name").at(Revision(3)))?;
//! assert_eq!(then.kvs[0].value.as_slice(), b"jane");
//! assert_eq!(then.kvs[0].version, 2);
//! assert_eq!(then.revision, Revision(4), "the header says what is, not what was asked for");
//! # Ok::<(), kv_core::Error>(())
//! ```
//!
//! Compare and swap is a transaction, and to watch is to ask what is new since a revision:
//!
//! ```
//! use kv_core::{
//!     Compare, CompareResult, CompareTarget, Delivery, PutRequest, RequestOp, Store, TxnRequest,
//!     WatchRequest, Watcher,
//! };
//!
//! let mut store = Store::new();
//! let watch = WatchRequest { key: "lock".into(), ..WatchRequest::default() };
//! let mut watcher = Watcher::new(watch, &store)?;
//!
//! let is_free = Compare::key("lock", CompareResult::Equal, CompareTarget::Version(0));
//! let take = RequestOp::Put(PutRequest::new("lock", "mine"));
//! let txn = TxnRequest { compare: vec![is_free], success: vec![take], failure: vec![] };
//! assert!(store.txn(&txn)?.succeeded);
//! assert!(!store.txn(&txn)?.succeeded, "it is taken");
//!
//! let Some(Delivery::Events(events)) = watcher.poll(&store) else { panic!("it was taken") };
//! assert_eq!(events.len(), 1);
//! assert_eq!(watcher.poll(&store), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to read on
//!
//! [`Store`] first (`store.rs`: the records and the index), then `key_index.rs` (one key's lives),
//! `range.rs` (what a read does, step by step), `txn.rs` (what a transaction may be) and
//! `transaction.rs` (what it does, and every other write), `watch.rs` (what is guaranteed to
//! watchers, and why) and `watch_stream.rs` (several of one client), `lease.rs` (what of leases is
//! replicated) and `lessor.rs` (what only the leader knows of them), `wire.rs` (sizes and checksums
//! as etcd's file has them).
//!
//! # How it is held against etcd
//!
//! `tests/etcd_differential` does seeded operations to a store and to a real etcd 3.5.1; no answer,
//! event or error may differ. `tests/model` compares with a list of changes, `tests/etcd.rs` tells
//! what is known in short stories.
//!
//! # What is not here
//!
//! The consensus that puts requests in order (crate `raft-core`) and the server that joins the two
//! (crate `member`). To that belong the clock of the lessor, reports of progress every so often,
//! the limit of a request's size, and the alarms: of a quota, the store knows only its own
//! [`size`](Store::size) and what a request [costs](TxnRequest::cost).
//!
//! Where it differs from etcd 3.5.1: [`Store::hash`] is a fingerprint of ours (etcd's own is
//! [`Store::hash_kv`]); pairs that compare equal stay in the order of keys, where etcd promises
//! nothing; the deletion at a compacted revision stays for watchers, as in later versions; and a
//! transaction by which that etcd would die is refused.

mod bytes;
mod hash;
mod key_index;
mod lease;
mod lessor;
mod mutants;
mod range;
mod record;
mod request;
mod store;
mod transaction;
mod txn;
mod types;
mod watch;
mod watch_stream;
mod wire;

pub use bytes::Bytes;
pub use hash::of_words as hash_of_words;
pub use lease::{
    Lease, LeaseGrantRequest, LeaseGrantResponse, LeaseRevokeResponse, MAX_LEASE_TTL, min_lease_ttl,
};
pub use lessor::{LEASE_REVOKES_PER_SECOND, Lessor, Renewal};
pub use mutants::Mutant;
pub use record::Change;
pub use request::{
    DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest, RangeResponse,
    SortOrder, SortTarget, prefix_end,
};
pub use store::Store;
pub use txn::{
    Compare, CompareResult, CompareTarget, MAX_TXN_OPS, RequestOp, ResponseOp, TxnRequest,
    TxnResponse,
};
pub use types::{Error, KeyValue, LeaseId, Revision, RevisionPair};
pub use watch::{Delivery, Event, EventKind, WatchError, WatchId, WatchRequest, Watcher};
pub use watch_stream::{WatchResponse, WatchStream};
pub use wire::{HashKv, LEASE_COST};
