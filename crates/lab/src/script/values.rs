//! The small values of the language: times, shares, rates, and how they are read and written.

use serde::{Deserialize, Serialize};

/// A node's number, 1–7: `n1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u8);

/// Virtual time or a span of it in whole microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Micros(pub u64);

/// Parts per million: 1,000,000 is all of it, or a true clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ppm(pub u32);

/// A kind of message as lines name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageName {
    /// `pre-vote`.
    PreVote,
    /// `pre-vote-reply`.
    PreVoteReply,
    /// `vote`.
    RequestVote,
    /// `vote-reply`.
    RequestVoteReply,
    /// `append`.
    AppendEntries,
    /// `append-reply`: accepted or rejected.
    AppendReply,
    /// `heartbeat`.
    Heartbeat,
    /// `heartbeat-reply`.
    HeartbeatReply,
    /// `snapshot`.
    InstallSnapshot,
    /// `timeout-now`.
    TimeoutNow,
    /// `propose`.
    Propose,
    /// `read-index`.
    ReadIndex,
    /// `read-index-reply`.
    ReadIndexReply,
}

/// A rule of Raft that can be left out, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rule(pub u8);
