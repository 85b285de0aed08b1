//! Requests and answers, field for field those of etcd's `KV` service (api/etcdserverpb).

use serde::{Deserialize, Serialize};

use crate::{Bytes, Error, KeyValue, LeaseId, Revision};

/// The key before all others, and as a `range_end` the end after all others: `"\0"`.
const NUL: &[u8] = b"\0";

/// The end of the range that holds exactly the keys beginning with `prefix`: the prefix with its
/// last byte one higher (etcd `clientv3.GetPrefixRangeEnd`).
///
/// A last byte of 0xff cannot grow, so the one before it does. If no byte can grow, every later key
/// begins with the prefix, and the answer is `"\0"`, which means "to the end".
pub fn prefix_end(prefix: &[u8]) -> Bytes {
    match prefix.iter().rposition(|&byte| byte < 0xff) {
        Some(last) => {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            Bytes::from(end)
        }
        None => Bytes::from(NUL),
    }
}

/// In which direction an answer is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SortOrder {
    /// As the store has it: by key, ascending. With a target other than the key: ascending.
    #[default]
    None,
    /// Smallest first.
    Ascend,
    /// Largest first.
    Descend,
}

/// By what an answer is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SortTarget {
    /// By key, byte by byte.
    #[default]
    Key,
    /// By version.
    Version,
    /// By create_revision.
    Create,
    /// By mod_revision.
    Mod,
    /// By value, byte by byte.
    Value,
}

/// Which keys to read, at which revision, and how to answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeRequest {
    /// The key, or the first one of the range. Must not be empty.
    pub key: Bytes,
    /// `None` (or empty): the one key. `"\0"`: all keys from `key` on. Else the key before which
    /// the range ends.
    pub range_end: Option<Bytes>,
    /// At most this many pairs; 0 or less: all.
    pub limit: i64,
    /// Read the store as it was at this revision; 0 or less: now.
    pub revision: Revision,
    /// Direction of sorting.
    pub sort_order: SortOrder,
    /// What to sort by.
    pub sort_target: SortTarget,
    /// Leave the values out.
    pub keys_only: bool,
    /// Answer with the number of keys alone.
    pub count_only: bool,
    /// Only keys last changed at or after this revision; 0: no such bound.
    pub min_mod_revision: Revision,
    /// Only keys last changed at or before this revision; 0: no such bound.
    pub max_mod_revision: Revision,
    /// Only keys created at or after this revision; 0: no such bound.
    pub min_create_revision: Revision,
    /// Only keys created at or before this revision; 0: no such bound.
    pub max_create_revision: Revision,
}

impl RangeRequest {
    /// One key.
    pub fn key(key: impl Into<Bytes>) -> RangeRequest {
        RangeRequest { key: key.into(), ..RangeRequest::default() }
    }

    /// The keys from `key` up to, and without, `end`.
    pub fn interval(key: impl Into<Bytes>, end: impl Into<Bytes>) -> RangeRequest {
        RangeRequest { range_end: Some(end.into()), ..RangeRequest::key(key) }
    }

    /// All keys that begin with `prefix`. The empty prefix is that of every key.
    pub fn prefix(prefix: impl Into<Bytes>) -> RangeRequest {
        let prefix = prefix.into();
        if prefix.is_empty() {
            return RangeRequest::all();
        }
        let end = prefix_end(prefix.as_slice());
        RangeRequest::interval(prefix, end)
    }

    /// All keys from `key` on. The empty key is before every other.
    pub fn from_key(key: impl Into<Bytes>) -> RangeRequest {
        let key = key.into();
        // The server refuses an empty key; etcd's client sends "\0" in its place.
        RangeRequest::interval(if key.is_empty() { Bytes::from(NUL) } else { key }, NUL)
    }

    /// Every key of the store.
    pub fn all() -> RangeRequest {
        RangeRequest::from_key(Bytes::empty())
    }

    /// The same request at an old revision.
    pub fn at(self, revision: Revision) -> RangeRequest {
        RangeRequest { revision, ..self }
    }

    /// The same request for at most `limit` pairs.
    pub fn limit(self, limit: i64) -> RangeRequest {
        RangeRequest { limit, ..self }
    }

    /// The same request, its answer sorted.
    pub fn sorted(self, sort_target: SortTarget, sort_order: SortOrder) -> RangeRequest {
        RangeRequest { sort_target, sort_order, ..self }
    }

    /// What etcd's server refuses before it looks at the store (api/v3rpc `checkRangeRequest`).
    pub fn check(&self) -> Result<(), Error> {
        check_key(&self.key)
    }
}

/// The answer to a [`RangeRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeResponse {
    /// The store's revision when it answered (not the revision asked for).
    pub revision: Revision,
    /// The pairs found.
    pub kvs: Vec<KeyValue>,
    /// True if the limit cut pairs off.
    pub more: bool,
    /// How many keys the range holds, whatever the limit and the filters by revision say.
    pub count: i64,
}

/// Write one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutRequest {
    /// The key. Must not be empty.
    pub key: Bytes,
    /// The value; may be empty.
    pub value: Bytes,
    /// The lease the key hangs on from now on. A put without one takes the key off its old lease.
    pub lease: LeaseId,
    /// Answer with the pair as it was before.
    pub prev_kv: bool,
    /// Keep the value that the key has; the key must exist.
    pub ignore_value: bool,
    /// Keep the lease that the key has; the key must exist.
    pub ignore_lease: bool,
}

impl PutRequest {
    /// Puts `value` under `key`, without a lease.
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> PutRequest {
        PutRequest { key: key.into(), value: value.into(), ..PutRequest::default() }
    }

    /// What etcd's server refuses before it looks at the store (api/v3rpc `checkPutRequest`).
    pub fn check(&self) -> Result<(), Error> {
        check_key(&self.key)?;
        if self.ignore_value && !self.value.is_empty() {
            return Err(Error::ValueProvided);
        }
        if self.ignore_lease && self.lease != LeaseId::NONE {
            return Err(Error::LeaseProvided);
        }
        Ok(())
    }
}

/// The answer to a [`PutRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutResponse {
    /// The store's revision after the put.
    pub revision: Revision,
    /// The pair as it was before, if asked for and there was one.
    pub prev_kv: Option<KeyValue>,
}

/// Delete a key or a range of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRangeRequest {
    /// The key, or the first one of the range. Must not be empty.
    pub key: Bytes,
    /// The end of the range, as in [`RangeRequest::range_end`].
    pub range_end: Option<Bytes>,
    /// Answer with the pairs as they were before.
    pub prev_kv: bool,
}

impl DeleteRangeRequest {
    /// One key.
    pub fn key(key: impl Into<Bytes>) -> DeleteRangeRequest {
        DeleteRangeRequest { key: key.into(), ..DeleteRangeRequest::default() }
    }

    /// The keys from `key` up to, and without, `end`.
    pub fn interval(key: impl Into<Bytes>, end: impl Into<Bytes>) -> DeleteRangeRequest {
        DeleteRangeRequest { range_end: Some(end.into()), ..DeleteRangeRequest::key(key) }
    }

    /// All keys that begin with `prefix`. The empty prefix is that of every key.
    pub fn prefix(prefix: impl Into<Bytes>) -> DeleteRangeRequest {
        let RangeRequest { key, range_end, .. } = RangeRequest::prefix(prefix);
        DeleteRangeRequest { key, range_end, prev_kv: false }
    }

    /// All keys from `key` on. The empty key is before every other.
    pub fn from_key(key: impl Into<Bytes>) -> DeleteRangeRequest {
        let RangeRequest { key, range_end, .. } = RangeRequest::from_key(key);
        DeleteRangeRequest { key, range_end, prev_kv: false }
    }

    /// What etcd's server refuses before it looks at the store (api/v3rpc `checkDeleteRequest`).
    pub fn check(&self) -> Result<(), Error> {
        check_key(&self.key)
    }
}

/// The answer to a [`DeleteRangeRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRangeResponse {
    /// The store's revision after the deletion; deleting nothing makes no new one.
    pub revision: Revision,
    /// How many keys were deleted.
    pub deleted: i64,
    /// The pairs as they were before, if asked for.
    pub prev_kvs: Vec<KeyValue>,
}

fn check_key(key: &Bytes) -> Result<(), Error> {
    if key.is_empty() { Err(Error::EmptyKey) } else { Ok(()) }
}
