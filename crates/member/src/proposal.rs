//! What a member puts into the log: a change of the store and the name of the request behind it.

use kv_core::{DeleteRangeRequest, PutRequest};
use raft_core::{Data, NodeId};
use serde::{Deserialize, Serialize};

use crate::api::ServerError;

/// How large a write may be, in bytes of the encoded request: 1.5 MiB (etcd
/// `DefaultMaxRequestBytes`). Our encoding is a few bytes shorter than etcd's protocol buffers.
pub const MAX_REQUEST_BYTES: u64 = 3 * 512 * 1024;

/// The name of a proposal: unique in the whole cluster and for all time, restarts included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProposalId {
    /// The server that took the request.
    pub node: NodeId,
    /// Which of its starts it was, counted by whoever starts it.
    pub start: u64,
    /// The proposals of that start, counted from 0.
    pub count: u64,
}

/// A change of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Write one key.
    Put(PutRequest),
    /// Delete a key or a range of keys.
    DeleteRange(DeleteRangeRequest),
}

impl Command {
    /// What is refused before it is proposed.
    pub(crate) fn check(&self) -> Result<(), kv_core::Error> {
        match self {
            Command::Put(request) => request.check(),
            Command::DeleteRange(request) => request.check(),
        }
    }
}

/// The content of a log entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Whose it is.
    pub id: ProposalId,
    /// What it changes.
    pub command: Command,
}

impl Proposal {
    /// The bytes that go into the log.
    ///
    /// # Errors
    /// [`ServerError::RequestTooLarge`] beyond [`MAX_REQUEST_BYTES`].
    pub fn encode(&self) -> Result<Data, ServerError> {
        // Encoding into memory fails only on types whose length is unknown; these have none.
        let bytes = postcard::to_allocvec(self).map_err(|_| ServerError::RequestTooLarge)?;
        if bytes.len() as u64 > MAX_REQUEST_BYTES {
            return Err(ServerError::RequestTooLarge);
        }
        Ok(Data::from(bytes))
    }

    /// Reads a log entry: `None` if these bytes are not a proposal. Lets a view of the log show
    /// what an entry says.
    pub fn decode(data: &Data) -> Option<Proposal> {
        postcard::from_bytes(data.as_slice()).ok()
    }
}
