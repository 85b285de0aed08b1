//! What callers and peers may do wrong.

use thiserror::Error;

use crate::ids::NodeId;

/// Why a message was refused. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StepError {
    /// It was addressed to another server.
    #[error("message for {to} delivered to {id}")]
    Misdelivered {
        /// This server.
        id: NodeId,
        /// The addressee.
        to: NodeId,
    },
    /// It claims to come from this very server.
    #[error("message from {0} to itself")]
    FromSelf(NodeId),
    /// An answer from a server that is not in the configuration.
    #[error("reply from {0}, which is not a member")]
    UnknownPeer(NodeId),
    /// It is malformed: its entries do not follow each other.
    #[error("append from {0} whose entries do not follow each other")]
    BrokenAppend(NodeId),
    /// It would replace committed entries. No correct leader sends this; nothing was replaced.
    #[error("append from {0} conflicts with committed entries")]
    ConflictsWithCommitted(NodeId),
    /// A forwarded proposal found no leader that takes it.
    #[error("proposal dropped: {0}")]
    ProposalDropped(ProposeError),
}

/// Why a proposal was dropped. It is not in any log and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProposeError {
    /// Nobody is known to lead.
    #[error("no leader")]
    NoLeader,
    /// The leader is handing over and takes nothing new (thesis §3.10).
    #[error("leadership is being transferred")]
    Transferring,
    /// This leader was removed from the cluster and may not append any more.
    #[error("leader is not a member any more")]
    Removed,
    /// Too much is waiting to be committed.
    #[error("too many uncommitted bytes")]
    Overloaded,
}

/// Why leadership cannot be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TransferError {
    /// Only the leader can hand over.
    #[error("not the leader")]
    NotLeader,
    /// The target is not a member.
    #[error("{0} is not a member")]
    NotMember(NodeId),
    /// The target has no vote.
    #[error("{0} is a learner")]
    Learner(NodeId),
}
