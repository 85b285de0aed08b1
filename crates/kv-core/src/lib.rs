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
//!   stays readable.
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
//! # Where to read on
//!
//! [`Store`] first (`store.rs`: the records and the index), then `key_index.rs` (one key's lives),
//! `range.rs` (what a read does, step by step), `transaction.rs` (what a write does).
//!
//! # What is not here
//!
//! The consensus that puts requests in order (crate `raft-core`), the server that joins the two
//! (crate `member`), and of etcd's store so far: the compare-and-swap requests, watches and the
//! lessor. [`Store::transaction`], [`Store::changes`] and [`KeyValue::lease`] are what those stand
//! on. Two answers differ from etcd by nature: [`Store::hash`] is not the CRC of etcd's files, and
//! pairs that compare equal stay in the order of keys, where etcd promises nothing.

mod bytes;
mod hash;
mod key_index;
mod lease;
mod lessor;
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
