//! What is written down of a change.

use serde::{Deserialize, Serialize};

use crate::{Bytes, KeyValue, RevisionPair};

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// The key got this value.
    Put(KeyValue),
    /// The key was deleted: etcd's tombstone.
    Delete {
        /// The key.
        key: Bytes,
    },
}

impl Change {
    /// The key that changed.
    pub fn key(&self) -> &Bytes {
        match self {
            Change::Put(kv) => &kv.key,
            Change::Delete { key } => key,
        }
    }

    /// The pair that was put.
    pub(crate) fn pair(&self) -> Option<&KeyValue> {
        match self {
            Change::Put(kv) => Some(kv),
            Change::Delete { .. } => None,
        }
    }
}

/// A change and where it stands. Written once and shared from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) at: RevisionPair,
    pub(crate) change: Change,
}
