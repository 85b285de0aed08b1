//! The store: what it holds, and how transactions change it.

use serde::{Deserialize, Serialize};

use crate::request::{
    DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest, RangeResponse,
};
use crate::{Error, Revision};

/// etcd's multi-version store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Store {
    revision: Revision,
    compact_revision: Revision,
}

impl Store {
    /// An empty store, at revision 1.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Store {
        Store { revision: Revision(1), compact_revision: Revision(-1) }
    }
    /// The revision of the last change.
    pub fn revision(&self) -> Revision {
        self.revision
    }
    /// The revision of the last compaction; -1 if there was none.
    pub fn compact_revision(&self) -> Revision {
        self.compact_revision
    }
    /// Reads.
    pub fn range(&self, _request: &RangeRequest) -> Result<RangeResponse, Error> {
        Err(Error::KeyNotFound)
    }
    /// Writes one key.
    pub fn put(&mut self, _request: &PutRequest) -> Result<PutResponse, Error> {
        Err(Error::KeyNotFound)
    }
    /// Deletes a key or a range.
    pub fn delete_range(
        &mut self,
        _request: &DeleteRangeRequest,
    ) -> Result<DeleteRangeResponse, Error> {
        Err(Error::KeyNotFound)
    }
    /// Forgets what is older than `revision`.
    pub fn compact(&mut self, _revision: Revision) -> Result<(), Error> {
        Err(Error::Compacted)
    }
    /// Equal on equal stores.
    pub fn hash(&self) -> u64 {
        0
    }
}
