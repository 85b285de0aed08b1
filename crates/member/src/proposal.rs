//! What a member puts into the log: a change of the store and the name of the request behind it.

use kv_core::{DeleteRangeRequest, LeaseGrantRequest, LeaseId, PutRequest, Revision, TxnRequest};
use raft_core::{Data, NodeId};
use serde::{Deserialize, Serialize};

use crate::api::ServerError;
use crate::members::MemberChange;

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

/// A change of the replicated state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Write one key.
    Put(PutRequest),
    /// Delete a key or a range of keys.
    DeleteRange(DeleteRangeRequest),
    /// Change who belongs to the cluster.
    Member(MemberChange),
    /// Compare, and do one thing or the other.
    Txn(TxnRequest),
    /// Forget what only revisions before this one can see.
    Compact(Revision),
    /// Make a lease, under a name and for a time that its server has chosen.
    LeaseGrant(LeaseGrantRequest),
    /// End a lease: a client wishes it, or it has run out.
    LeaseRevoke(LeaseId),
    /// A member's file is full: nothing that needs room is written until that is disarmed.
    Alarm(NodeId),
    /// A member's alarm is switched off.
    Disarm(NodeId),
    /// A client asks which alarms are raised.
    Alarms,
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

    /// Reads the bytes of a log entry, or those that go along with a change of the configuration:
    /// `None` if they are not a proposal. Lets a view of the log show what an entry says.
    pub fn decode(data: &Data) -> Option<Proposal> {
        postcard::from_bytes(data.as_slice()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_survives_the_log() {
        // Proves encoding and decoding, and that other bytes are not taken for a proposal.
        let id = ProposalId { node: NodeId(3), start: 2, count: 70_000 };
        let put = PutRequest { prev_kv: true, ..PutRequest::new("k\0", b"\xff\0") };
        let delete = DeleteRangeRequest::prefix("");
        let remove = MemberChange::Remove(NodeId(2));
        for command in [Command::Put(put), Command::DeleteRange(delete), Command::Member(remove)] {
            let proposal = Proposal { id, command };
            let data = proposal.encode().expect("is small");
            assert_eq!(Proposal::decode(&data), Some(proposal));
            assert!(data.as_slice().len() < 40, "no padding, no names of fields");
        }
        assert_eq!(Proposal::decode(&Data::from("something else")), None);
    }

    #[test]
    fn the_limit_is_a_mebibyte_and_a_half() {
        // Proves the limit to the byte.
        let sized = |bytes: usize| {
            let command = Command::Put(PutRequest::new("k", vec![b'x'; bytes]));
            Proposal { id: ProposalId { node: NodeId(1), start: 1, count: 0 }, command }.encode()
        };
        let overhead = sized(100_000).map_or(0, |data| data.as_slice().len() - 100_000);
        let fits = MAX_REQUEST_BYTES as usize - overhead;
        assert!(sized(fits).is_ok_and(|data| data.as_slice().len() as u64 == MAX_REQUEST_BYTES));
        assert_eq!(sized(fits + 1), Err(ServerError::RequestTooLarge));
    }
}
