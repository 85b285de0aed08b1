//! What the servers say to each other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::entry::{Entry, Payload};
use crate::ids::{Index, NodeId, Term};
use crate::storage::Snapshot;

/// A letter from one server to another. May be lost, delayed, reordered and doubled on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// The sender's term; for a PreVote and a granted answer to it, the term that an election
    /// would start; 0 for `Propose` and `ReadIndex`, which are passed on whatever the term.
    pub term: Term,
    /// What it says.
    pub body: Body,
}

impl Message {
    /// What sort of message this is.
    pub fn kind(&self) -> MessageKind {
        self.body.kind()
    }
}

/// What a message says. The names are the paper's (Raft Figure 2), and etcd's where it has more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// "Would you vote for me?" asked before disturbing anyone with a new term (thesis §9.6).
    PreVote {
        /// Last entry of the sender's log.
        last_index: Index,
        /// Term of that entry.
        last_term: Term,
    },
    /// Answer to a PreVote.
    PreVoteReply {
        /// Whether the sender would vote so.
        granted: bool,
    },
    /// A candidate asks for a vote (Raft §5.2).
    RequestVote {
        /// Last entry of the candidate's log.
        last_index: Index,
        /// Term of that entry.
        last_term: Term,
        /// Why it asks now.
        campaign: Campaign,
    },
    /// Answer to a RequestVote.
    RequestVoteReply {
        /// Whether the sender has voted so.
        granted: bool,
    },
    /// The leader's log goes to a follower (Raft §5.3). Without entries it carries the commit
    /// index or probes where the logs meet.
    AppendEntries {
        /// Where the entries begin: the slot before them.
        prev_index: Index,
        /// Term of that slot in the leader's log.
        prev_term: Term,
        /// What follows it.
        entries: Vec<Entry>,
        /// The leader's commit index.
        commit: Index,
    },
    /// The follower's log now equals the leader's up to here, durably.
    AppendAccepted {
        /// Last slot known to be equal.
        match_index: Index,
    },
    /// The follower's log has no such predecessor.
    AppendRejected {
        /// The `prev_index` that was refused.
        rejected: Index,
        /// Where the logs may meet, as far as the follower can tell.
        hint_index: Index,
        /// The term of that slot in the follower's log, so that whole terms are skipped.
        hint_term: Term,
    },
    /// The leader lives (in etcd apart from AppendEntries).
    Heartbeat {
        /// The leader's commit index, as far as this follower is known to hold it.
        commit: Index,
        /// The newest read that waits for a confirmation of leadership.
        context: Option<ReadContext>,
    },
    /// Answer to a heartbeat.
    HeartbeatReply {
        /// The heartbeat's context.
        context: Option<ReadContext>,
    },
    /// The leader no longer has the entries that a follower needs (Raft §7).
    InstallSnapshot {
        /// The state instead of the entries; shared, so that every other message stays small.
        snapshot: Arc<Snapshot>,
    },
    /// "Campaign at once, I hand over to you" (thesis §3.10).
    TimeoutNow,
    /// A follower passes proposals on to the leader.
    Propose {
        /// What is to be appended.
        payloads: Vec<Payload>,
    },
    /// A follower asks the leader for an index from which it may answer a read (thesis §6.4).
    ReadIndex {
        /// Which read.
        context: ReadContext,
    },
    /// The leader's answer.
    ReadIndexReply {
        /// Which read.
        context: ReadContext,
        /// Whoever has applied this may answer.
        index: Index,
    },
}

/// Why a candidate asks for votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Campaign {
    /// It has heard of no leader for an election timeout.
    Timeout,
    /// The leader asked it to: followers answer even though they hear from a leader
    /// (thesis §4.2.3).
    Transfer,
}

/// Names one read, uniquely in the whole cluster and for all time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReadContext {
    /// Where the read was asked.
    pub node: NodeId,
    /// That server's own count; must not repeat after a restart.
    pub number: u64,
}

impl Body {
    /// What sort of message this is.
    pub fn kind(&self) -> MessageKind {
        match self {
            Body::PreVote { .. } => MessageKind::PreVote,
            Body::PreVoteReply { .. } => MessageKind::PreVoteReply,
            Body::RequestVote { .. } => MessageKind::RequestVote,
            Body::RequestVoteReply { .. } => MessageKind::RequestVoteReply,
            Body::AppendEntries { .. } => MessageKind::AppendEntries,
            Body::AppendAccepted { .. } => MessageKind::AppendAccepted,
            Body::AppendRejected { .. } => MessageKind::AppendRejected,
            Body::Heartbeat { .. } => MessageKind::Heartbeat,
            Body::HeartbeatReply { .. } => MessageKind::HeartbeatReply,
            Body::InstallSnapshot { .. } => MessageKind::InstallSnapshot,
            Body::TimeoutNow => MessageKind::TimeoutNow,
            Body::Propose { .. } => MessageKind::Propose,
            Body::ReadIndex { .. } => MessageKind::ReadIndex,
            Body::ReadIndexReply { .. } => MessageKind::ReadIndexReply,
        }
    }
}

/// The sorts of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is explained at `Body`")]
pub enum MessageKind {
    PreVote,
    PreVoteReply,
    RequestVote,
    RequestVoteReply,
    AppendEntries,
    AppendAccepted,
    AppendRejected,
    Heartbeat,
    HeartbeatReply,
    InstallSnapshot,
    TimeoutNow,
    Propose,
    ReadIndex,
    ReadIndexReply,
}

impl MessageKind {
    /// All of them.
    pub const ALL: [MessageKind; 14] = [
        MessageKind::PreVote,
        MessageKind::PreVoteReply,
        MessageKind::RequestVote,
        MessageKind::RequestVoteReply,
        MessageKind::AppendEntries,
        MessageKind::AppendAccepted,
        MessageKind::AppendRejected,
        MessageKind::Heartbeat,
        MessageKind::HeartbeatReply,
        MessageKind::InstallSnapshot,
        MessageKind::TimeoutNow,
        MessageKind::Propose,
        MessageKind::ReadIndex,
        MessageKind::ReadIndexReply,
    ];

    /// As the paper writes it: `AppendEntries`.
    pub fn name(self) -> &'static str {
        match self {
            MessageKind::PreVote => "PreVote",
            MessageKind::PreVoteReply => "PreVoteReply",
            MessageKind::RequestVote => "RequestVote",
            MessageKind::RequestVoteReply => "RequestVoteReply",
            MessageKind::AppendEntries => "AppendEntries",
            MessageKind::AppendAccepted => "AppendAccepted",
            MessageKind::AppendRejected => "AppendRejected",
            MessageKind::Heartbeat => "Heartbeat",
            MessageKind::HeartbeatReply => "HeartbeatReply",
            MessageKind::InstallSnapshot => "InstallSnapshot",
            MessageKind::TimeoutNow => "TimeoutNow",
            MessageKind::Propose => "Propose",
            MessageKind::ReadIndex => "ReadIndex",
            MessageKind::ReadIndexReply => "ReadIndexReply",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<MessageKind> {
        MessageKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether this answers something and counts for something; such answers from strangers are
    /// refused. The answer to a read is taken from anyone, as in etcd 3.5: who leads may be a
    /// member that is not known here yet.
    pub fn is_reply(self) -> bool {
        match self {
            MessageKind::PreVoteReply
            | MessageKind::RequestVoteReply
            | MessageKind::AppendAccepted
            | MessageKind::AppendRejected
            | MessageKind::HeartbeatReply => true,
            MessageKind::PreVote
            | MessageKind::RequestVote
            | MessageKind::AppendEntries
            | MessageKind::Heartbeat
            | MessageKind::InstallSnapshot
            | MessageKind::TimeoutNow
            | MessageKind::Propose
            | MessageKind::ReadIndex
            | MessageKind::ReadIndexReply => false,
        }
    }
}
