//! What clients ask of a server and what it answers: the edge of the member.

use std::fmt;
use std::ops::{Add, Sub};

use kv_core::{
    DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest, RangeResponse,
    Revision, TxnRequest, TxnResponse, WatchRequest, WatchResponse,
};
use serde::{Deserialize, Serialize};

use crate::leases::{LeaseRequest, LeaseResponse};
use crate::maintenance::{MaintenanceRequest, MaintenanceResponse};
use crate::members::{MemberRequest, MembersResponse};

/// A moment, or a length of time, on a server's own clock, in whole microseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Micros(pub u64);

impl Micros {
    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Micros {
        Micros(millis * 1000)
    }

    /// So many seconds.
    pub const fn from_secs(secs: u64) -> Micros {
        Micros(secs * 1_000_000)
    }
}

impl Add for Micros {
    type Output = Micros;

    fn add(self, other: Micros) -> Micros {
        Micros(self.0.saturating_add(other.0))
    }
}

impl Sub for Micros {
    type Output = Micros;

    /// What is left; nothing, if there is less than is taken away.
    fn sub(self, other: Micros) -> Micros {
        Micros(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}µs", self.0)
    }
}

/// Names one request of a client; chosen by the caller, returned with the answer. Must not be used
/// for two requests that wait at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Consistency {
    /// It sees every write that was acknowledged before it was asked. Needs a quorum.
    #[default]
    Linearizable,
    /// It is answered at once from what this server has applied, which may be stale.
    Serializable,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Read.
    Range {
        /// What.
        range: RangeRequest,
        /// How fresh.
        consistency: Consistency,
    },
    /// Write one key.
    Put(PutRequest),
    /// Delete a key or a range of keys.
    DeleteRange(DeleteRangeRequest),
    /// Compare, and do one thing or the other. One that only reads is a linearizable read.
    Txn(TxnRequest),
    /// Forget what only revisions before this one can see.
    Compact(Revision),
    /// Be told of every change of some keys. The only request that is answered many times
    /// ([`Output::watched`](crate::Output::watched)); it ends when it is cancelled, by either side.
    Watch {
        /// Of which keys, and from where on.
        watch: WatchRequest,
        /// Whether to end it when no leader is known for long (etcd `WithRequireLeader`).
        needs_leader: bool,
    },
    /// Grant, renew, end or look at leases.
    Lease(LeaseRequest),
    /// Ask for, or change, who belongs to the cluster.
    Member(MemberRequest),
    /// Look after one server.
    Maintenance(MaintenanceRequest),
}

impl Request {
    /// Whether it may change something, so that asking twice is not the same as asking once.
    pub fn is_write(&self) -> bool {
        match self {
            Request::Range { .. }
            | Request::Watch { .. }
            | Request::Member(MemberRequest::List) => false,
            Request::Txn(txn) => !txn.is_read_only(),
            Request::Lease(request) => request.is_write(),
            Request::Maintenance(request) => request.is_write(),
            Request::Put(_) | Request::DeleteRange(_) | Request::Compact(_) => true,
            Request::Member(
                MemberRequest::Add(..)
                | MemberRequest::Remove(_)
                | MemberRequest::Promote(_)
                | MemberRequest::Update(_),
            ) => true,
        }
    }

    /// Whether etcd's client asks it again, unseen, where a server was too weak to answer
    /// (`client/v3/retry.go`).
    pub fn is_repeatable(&self) -> bool {
        match self {
            Request::Lease(_) => true,
            Request::Maintenance(request) => *request != MaintenanceRequest::Defragment,
            other => !other.is_write(),
        }
    }

    /// Whether a learner answers it (etcd `isRPCSupportedForLearner`).
    pub(crate) fn is_for_learners(&self) -> bool {
        match self {
            Request::Range { consistency, .. } => *consistency == Consistency::Serializable,
            Request::Maintenance(request) => request.is_for_learners(),
            Request::Put(_)
            | Request::DeleteRange(_)
            | Request::Txn(_)
            | Request::Compact(_)
            | Request::Watch { .. }
            | Request::Lease(_)
            | Request::Member(_) => false,
        }
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// To [`Request::Range`].
    Range(RangeResponse),
    /// To [`Request::Put`].
    Put(PutResponse),
    /// To [`Request::DeleteRange`].
    DeleteRange(DeleteRangeResponse),
    /// To [`Request::Txn`].
    Txn(TxnResponse),
    /// To [`Request::Compact`]: the store's revision.
    Compact(Revision),
    /// To [`Request::Watch`]: the last that there is to tell, after which it has ended.
    Watch(WatchResponse),
    /// To [`Request::Lease`].
    Lease(LeaseResponse),
    /// To [`Request::Member`].
    Members(MembersResponse),
    /// To [`Request::Maintenance`].
    Maintenance(MaintenanceResponse),
}

impl Response {
    /// The store's revision, as the header of nearly every answer carries it; 0 in those about
    /// members.
    pub fn revision(&self) -> Revision {
        match self {
            Response::Range(response) => response.revision,
            Response::Put(response) => response.revision,
            Response::DeleteRange(response) => response.revision,
            Response::Txn(response) => response.revision,
            Response::Compact(revision) => *revision,
            Response::Watch(response) => response.revision,
            Response::Lease(response) => response.revision(),
            Response::Maintenance(response) => response.revision(),
            Response::Members(_) => Revision(0),
        }
    }
}

/// Why a server did not do what it was asked. The texts are etcd's (`server/etcdserver/errors.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ServerError {
    /// It was proposed, or its freshness was asked for, and no answer came in time. A write may
    /// still happen.
    #[error("etcdserver: request timed out")]
    RequestTimedOut,
    /// As [`ServerError::RequestTimedOut`], where this server became leader only after it took the
    /// request: the leader before it may have taken the proposal to its grave.
    #[error("etcdserver: request timed out, possibly due to previous leader failure")]
    TimedOutAfterLeaderFailure,
    /// It was never proposed, because no leader was known all the time. It has not happened and
    /// never will.
    #[error("context deadline exceeded")]
    DeadlineExceeded,
    /// The leader takes no proposals now, because it is handing over. It has not happened and never
    /// will.
    #[error("raft proposal dropped")]
    ProposalDropped,
    /// What is asked needs a leader, and none is known.
    #[error("etcdserver: no leader")]
    NoLeader,
    /// Larger than [`MAX_REQUEST_BYTES`](crate::MAX_REQUEST_BYTES).
    #[error("etcdserver: request is too large")]
    RequestTooLarge,
    /// The server stopped while the request waited.
    #[error("etcdserver: server stopped")]
    Stopped,
    /// The change would leave too few members that were ever started.
    #[error("etcdserver: re-configuration failed due to not enough started members")]
    NotReady,
    /// A member is away, or has been back for less than 5 s.
    #[error("etcdserver: unhealthy cluster")]
    UnhealthyCluster,
    /// There is no such member, or there is none any more.
    #[error("etcdserver: member not found")]
    MemberNotFound,
    /// Another member has that address.
    #[error("etcdserver: Peer URLs already exists")]
    PeerUrlExists,
    /// There is a learner already.
    #[error("etcdserver: too many learner members in cluster")]
    TooManyLearners,
    /// Who is to be promoted votes already.
    #[error("etcdserver: can only promote a learner member")]
    MemberNotLearner,
    /// Who is to be promoted has not caught up.
    #[error("etcdserver: can only promote a learner member which is in sync with leader")]
    LearnerNotReady,
    /// Only the leader knows, and whoever carries requests is to ask it. A client never sees this.
    #[error("etcdserver: ask the leader")]
    AskLeader,
    /// Only the leader can do it.
    #[error("etcdserver: not leader")]
    NotLeader,
    /// Leadership cannot be handed to this member.
    #[error("etcdserver: bad leader transferee")]
    BadLeaderTransferee,
    /// A learner does not answer this.
    #[error("etcdserver: rpc not supported for learner")]
    NotForLearners,
    /// The store refused it.
    #[error(transparent)]
    Store(#[from] kv_core::Error),
}

impl ServerError {
    /// Whether a write that ended so may nevertheless have happened, or happen later. Of all other
    /// errors a client knows that nothing has changed.
    pub fn leaves_write_unknown(self) -> bool {
        match self {
            ServerError::RequestTimedOut
            | ServerError::TimedOutAfterLeaderFailure
            | ServerError::Stopped => true,
            ServerError::DeadlineExceeded
            | ServerError::ProposalDropped
            | ServerError::NoLeader
            | ServerError::RequestTooLarge
            | ServerError::NotReady
            | ServerError::UnhealthyCluster
            | ServerError::MemberNotFound
            | ServerError::PeerUrlExists
            | ServerError::TooManyLearners
            | ServerError::MemberNotLearner
            | ServerError::LearnerNotReady
            | ServerError::AskLeader
            | ServerError::NotLeader
            | ServerError::BadLeaderTransferee
            | ServerError::NotForLearners
            | ServerError::Store(_) => false,
        }
    }

    /// Whether the answer's gRPC code is `Unavailable`: etcd's client then asks a *read* again,
    /// unseen, until its own time is up.
    pub fn is_unavailable(self) -> bool {
        match self {
            ServerError::RequestTimedOut
            | ServerError::TimedOutAfterLeaderFailure
            | ServerError::NoLeader
            | ServerError::UnhealthyCluster
            | ServerError::Stopped => true,
            ServerError::DeadlineExceeded
            | ServerError::ProposalDropped
            | ServerError::RequestTooLarge
            | ServerError::NotReady
            | ServerError::MemberNotFound
            | ServerError::PeerUrlExists
            | ServerError::TooManyLearners
            | ServerError::MemberNotLearner
            | ServerError::LearnerNotReady
            | ServerError::AskLeader
            | ServerError::NotLeader
            | ServerError::BadLeaderTransferee
            | ServerError::NotForLearners
            | ServerError::Store(_) => false,
        }
    }
}
