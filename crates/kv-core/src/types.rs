//! The words of etcd's API that both requests and the store speak.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// A version of the whole store. An empty store is at 1; every change makes the next one.
///
/// In requests 0 means "now".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision(pub i64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A lease that a key hangs on; 0 is "none".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct LeaseId(pub i64);

impl LeaseId {
    /// No lease: the key stays until it is deleted.
    pub const NONE: LeaseId = LeaseId(0);
}

impl fmt::Display for LeaseId {
    /// As etcdctl prints lease ids: hexadecimal, without leading zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A key with its value and history, as `mvccpb.KeyValue` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// The key; never empty.
    pub key: Bytes,
    /// The value; empty in answers to `keys_only`.
    pub value: Bytes,
    /// The store's revision at which this key came into being (the last time it did).
    pub create_revision: Revision,
    /// The store's revision of the last change of this key.
    pub mod_revision: Revision,
    /// How often the key was written since it came into being; 1 after the first put.
    pub version: i64,
    /// The lease it hangs on, or [`LeaseId::NONE`].
    pub lease: LeaseId,
}

/// Where a change stands: the revision of its transaction and its number within it, from 0.
///
/// etcd calls the two main and sub revision. Clients see only the main one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RevisionPair {
    /// The revision that all changes of one transaction share.
    pub main: Revision,
    /// The change's number within the transaction.
    pub sub: i64,
}

/// What can be wrong with a request. The texts are etcd's, to the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Error {
    /// The revision asked for has been compacted away.
    #[error("etcdserver: mvcc: required revision has been compacted")]
    Compacted,
    /// The revision asked for has not happened yet.
    #[error("etcdserver: mvcc: required revision is a future revision")]
    FutureRevision,
    /// A put that keeps the value or the lease met a key that does not exist.
    #[error("etcdserver: key not found")]
    KeyNotFound,
    /// A request without a key.
    #[error("etcdserver: key is not provided")]
    EmptyKey,
    /// A put that keeps the old value also carries one.
    #[error("etcdserver: value is provided")]
    ValueProvided,
    /// A put that keeps the old lease also names one.
    #[error("etcdserver: lease is provided")]
    LeaseProvided,
    /// A lease that does not exist, or a put on one.
    #[error("etcdserver: requested lease not found")]
    LeaseNotFound,
    /// A lease of that name is there already.
    #[error("etcdserver: lease already exists")]
    LeaseExists,
    /// More time to live than [`MAX_LEASE_TTL`](crate::MAX_LEASE_TTL).
    #[error("etcdserver: too large lease TTL")]
    LeaseTtlTooLarge,
    /// A transaction would put a key twice, or put and delete it.
    #[error("etcdserver: duplicate key given in txn request")]
    DuplicateKey,
    /// More compares or operations than [`MAX_TXN_OPS`](crate::MAX_TXN_OPS).
    #[error("etcdserver: too many operations in txn request")]
    TooManyOperations,
    /// The alarm for a full store is raised. The store knows its size and what a request costs;
    /// its owner holds the two against a quota.
    #[error("etcdserver: mvcc: database space exceeded")]
    NoSpace,
}
