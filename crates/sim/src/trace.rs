//! What happened: one [`Event`] for every item of the queue and for every action from outside.
//!
//! An event says what a node's state is *after* it, what was written, sent, delivered and lost,
//! and which earlier event brought it about, so that "why?" can be followed back to a command or
//! a timer. As JSON (`serde`) it is a line of `lab run --trace` (design §8): fields that do not
//! apply are left out. The safety checkers see nothing else, so that a checker that has only the
//! file can do what they do.

use std::fmt;

use member::Micros;
use member::kv_core::Revision;
use member::raft_core::{Body, Configuration, Entry, Index, Message, MessageKind, NodeId, Payload};
use member::raft_core::{RoleKind, Term};
use serde::{Deserialize, Serialize, Serializer};

use crate::client::CallId;
use crate::hash;

/// The number of an event, counted from 0 (the start of the cluster).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a message, counted from 1 in the order of sending. Displayed as `m17`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MessageId(pub u64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

/// What sort of event it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The cluster is switched on: all nodes start. Always event 0, and the only one without a
    /// node that carries a configuration (that of all nodes).
    Start,
    /// A heartbeat interval of a node's own clock has passed.
    Tick,
    /// A deadline of a node's server has passed (a request waited too long, …).
    Expire,
    /// A message arrived and was handled.
    Deliver,
    /// A message died on its way, or arrived where nobody listens.
    Lose,
    /// A server heard what became of a snapshot that it had sent.
    Report,
    /// A write became durable.
    Persist,
    /// A client's request arrived at a server.
    Request,
    /// A server heard that a client no longer waits.
    Cancel,
    /// A client began a call.
    Call,
    /// A client looked once more for a server that takes its request.
    Retry,
    /// A call ended, in whatever way: its outcome is known from here on.
    Return,
    /// Somebody changed links, clocks, rules or settings.
    Command,
    /// A process died. What was not durable is lost; the state is that of its disk.
    Crash,
    /// As a crash, but a part of what was not durable is on the disk.
    Tear,
    /// A process ended by itself: it has learnt that it was removed from the cluster.
    Stop,
    /// A process started from its disk: again, or that of a member that was added later for the first
    /// time, from an empty one.
    Restart,
    /// A process was frozen.
    Pause,
    /// A process was thawed.
    Resume,
    /// Nothing happened: somebody wanted the clock to stop here.
    Wake,
    /// A client that watches was told something.
    Notify,
}

impl EventKind {
    /// The word for it in the trace file, in lower case with hyphens.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Start => "start",
            EventKind::Tick => "tick",
            EventKind::Expire => "expire",
            EventKind::Deliver => "deliver",
            EventKind::Lose => "lose",
            EventKind::Report => "report",
            EventKind::Persist => "persist",
            EventKind::Request => "request",
            EventKind::Cancel => "cancel",
            EventKind::Call => "call",
            EventKind::Retry => "retry",
            EventKind::Return => "return",
            EventKind::Command => "command",
            EventKind::Crash => "crash",
            EventKind::Tear => "tear",
            EventKind::Stop => "stop",
            EventKind::Restart => "restart",
            EventKind::Pause => "pause",
            EventKind::Resume => "resume",
            EventKind::Wake => "wake",
            EventKind::Notify => "notify",
        }
    }

    /// Whether it was brought about from outside ([`crate::Cluster::act`]).
    pub fn is_command(self) -> bool {
        match self {
            EventKind::Command
            | EventKind::Crash
            | EventKind::Tear
            | EventKind::Restart
            | EventKind::Pause
            | EventKind::Resume => true,
            EventKind::Start
            | EventKind::Tick
            | EventKind::Expire
            | EventKind::Deliver
            | EventKind::Lose
            | EventKind::Report
            | EventKind::Persist
            | EventKind::Request
            | EventKind::Cancel
            | EventKind::Call
            | EventKind::Retry
            | EventKind::Return
            | EventKind::Stop
            | EventKind::Wake
            | EventKind::Notify => false,
        }
    }

    /// Whether a process ended: the state is that of its disk then.
    pub fn is_death(self) -> bool {
        matches!(self, EventKind::Crash | EventKind::Tear | EventKind::Stop)
    }
}

/// Something that happened. See the [module](self).
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Its number.
    pub seq: Seq,
    /// Virtual time.
    #[serde(rename = "time_us")]
    pub at: Micros,
    /// The node at which it happened, if at one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What sort of event it was.
    pub kind: EventKind,
    /// The event that brought it about: for a delivery the one that sent the message, for a
    /// durable write the one that wrote, for a client's return the one that answered. Timers and
    /// commands have no cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Seq>,
    /// The client call that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// The state of `node` after it. After a crash: what its disk holds.
    #[serde(flatten, serialize_with = "state_fields")]
    pub state: Option<NodeState>,
    /// The log was cut off from this index on (before anything of `appended` was added).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated_from: Option<Index>,
    /// Entries added to the end of the node's log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub appended: Vec<EntryMark>,
    /// The node's log begins with another snapshot now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotMark>,
    /// The configuration that the node uses from now on, whenever it has applied a change of
    /// membership, begun with another snapshot, or restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Box<ConfigMark>>,
    /// Messages that left the node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Sent>,
    /// The message that was handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered: Option<MessageId>,
    /// Messages that were lost in this event, those sent in it included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<MessageId>,
    /// Of the return of a linearizable call that was answered: the store's revision, as the
    /// answer's header has it. Of what was answered from a state that may be stale (a serializable
    /// read) there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

impl Event {
    /// An event at which nothing has happened yet.
    pub(crate) fn new(seq: Seq, at: Micros, kind: EventKind) -> Event {
        Event {
            seq,
            at,
            node: None,
            kind,
            cause: None,
            call: None,
            state: None,
            truncated_from: None,
            appended: Vec::new(),
            snapshot: None,
            config: None,
            sent: Vec::new(),
            delivered: None,
            dropped: Vec::new(),
            revision: None,
        }
    }
}

/// A node's state as the trace tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeState {
    /// The node's term.
    pub term: Term,
    /// Whom it voted for in that term.
    pub vote: Option<NodeId>,
    /// Its role; none when its process is down.
    pub role: Option<RoleKind>,
    /// Whom it takes for the leader.
    pub leader: Option<NodeId>,
    /// Up to here it knows entries to be committed.
    pub commit: Index,
    /// Up to here it has applied entries to its store.
    pub applied: Index,
    /// Up to here its log is on its disk.
    pub durable: Index,
    /// The last entry of its log.
    pub last_index: Index,
    /// That entry's term.
    pub last_term: Term,
    /// A digest of its state machine. Equal where the same entries were applied in the same order
    /// and the same is held.
    pub digest: u64,
}

impl NodeState {
    /// The state of a process that starts for the first time.
    pub(crate) fn first() -> NodeState {
        NodeState {
            term: Term(0),
            vote: None,
            role: Some(RoleKind::Follower),
            leader: None,
            commit: Index(0),
            applied: Index(0),
            durable: Index(0),
            last_index: Index(0),
            last_term: Term(0),
            digest: 0,
        }
    }
}

/// Writes a state as fields of its event. What does not apply is left out there; where a state is
/// part of a saved cluster, it must not be, as formats without field names could not read it back.
fn state_fields<S: Serializer>(
    state: &Option<NodeState>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Fields {
        term: Term,
        #[serde(skip_serializing_if = "Option::is_none")]
        vote: Option<NodeId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        leader: Option<NodeId>,
        commit: Index,
        applied: Index,
        durable: Index,
        last_index: Index,
        last_term: Term,
        digest: u64,
    }
    let fields = state.map(|state| Fields {
        term: state.term,
        vote: state.vote,
        role: state.role.map(RoleKind::name),
        leader: state.leader,
        commit: state.commit,
        applied: state.applied,
        durable: state.durable,
        last_index: state.last_index,
        last_term: state.last_term,
        digest: state.digest,
    });
    fields.serialize(serializer)
}

/// A log entry as the trace tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryMark {
    /// Its place in the log.
    pub index: Index,
    /// The term in which a leader made it.
    pub term: Term,
    /// What it carries.
    pub kind: EntryKind,
    /// 64 bits of a hash of its payload.
    pub hash: u64,
}

impl EntryMark {
    pub(crate) fn of(entry: &Entry) -> EntryMark {
        let kind = match &entry.payload {
            Payload::Empty => EntryKind::Empty,
            Payload::Normal(_) => EntryKind::Normal,
            Payload::Config(_) => EntryKind::Config,
        };
        EntryMark { index: entry.index, term: entry.term, kind, hash: hash::payload(entry) }
    }
}

/// What a log entry carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// Nothing: the first entry of a leader's term.
    Empty,
    /// A command for the store.
    Normal,
    /// A change of membership.
    Config,
}

/// A log's new beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotMark {
    /// The last entry that the snapshot stands for; 0 for the empty beginning.
    pub index: Index,
    /// That entry's term.
    pub term: Term,
    /// What became of the rest of the log.
    pub kind: SnapshotKind,
    /// The digest of the state that it holds, computed from its bytes. See [`NodeState::digest`].
    pub digest: u64,
}

/// Where a log's new beginning comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotKind {
    /// The log up to it was dropped; what came behind it is still there.
    Taken,
    /// It came from elsewhere (a leader, or the disk after a crash): the whole log before this
    /// event is gone, and what stands in `appended` follows it.
    Installed,
}

/// Who votes and who listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConfigMark {
    /// The log entry with which it came into force here. None if it came with the snapshot that the
    /// log begins with (or that the disk holds), or is that of the cluster's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
    /// Those that came into force and were superseded within the same event, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<ConfigMark>,
    /// The voters; during a joint change, of the new half.
    pub voters: Vec<NodeId>,
    /// The voters of the old half during a joint change, else nobody.
    pub outgoing: Vec<NodeId>,
    /// Members that get the log but have no vote.
    pub learners: Vec<NodeId>,
}

impl ConfigMark {
    pub(crate) fn of(index: Option<Index>, config: &Configuration) -> Box<ConfigMark> {
        Box::new(ConfigMark {
            index,
            passed: Vec::new(),
            voters: config.voters.iter().collect(),
            outgoing: config.outgoing.iter().collect(),
            learners: config.learners.iter().collect(),
        })
    }
}

/// A message as the trace tells it. What a kind of message does not have is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// Its number.
    pub id: MessageId,
    /// The receiver. The sender is the event's node.
    pub to: NodeId,
    /// Which of Raft's messages it is.
    #[serde(rename = "type")]
    pub kind: MessageKind,
    /// The term that it carries.
    pub term: Term,
    /// The index that it is about: the entry before those it carries (AppendEntries), the last one
    /// of the sender's log (PreVote, RequestVote), the last one known to match (AppendAccepted), the
    /// one refused (AppendRejected), the snapshot's, or the read index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
    /// The term of the entry at that index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_term: Option<Term>,
    /// The commit index that it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<Index>,
    /// How many entries it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// Whether a reply refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject: Option<bool>,
    /// Where the leader may look for the last matching entry (AppendRejected).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Index>,
    /// The message of which the network made this copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<MessageId>,
}

impl Sent {
    /// What the trace says of a message.
    pub fn of(id: MessageId, message: &Message) -> Sent {
        let mut sent = Sent {
            id,
            to: message.to,
            kind: message.kind(),
            term: message.term,
            index: None,
            log_term: None,
            commit: None,
            entries: None,
            reject: None,
            hint: None,
            copy_of: None,
        };
        match &message.body {
            Body::PreVote { last_index, last_term, .. }
            | Body::RequestVote { last_index, last_term, .. } => {
                sent.index = Some(*last_index);
                sent.log_term = Some(*last_term);
            }
            Body::PreVoteReply { granted, .. } | Body::RequestVoteReply { granted, .. } => {
                sent.reject = Some(!granted);
            }
            Body::AppendEntries { prev_index, prev_term, entries, commit, .. } => {
                sent.index = Some(*prev_index);
                sent.log_term = Some(*prev_term);
                sent.entries = u32::try_from(entries.len()).ok();
                sent.commit = Some(*commit);
            }
            Body::AppendAccepted { match_index, .. } => {
                sent.index = Some(*match_index);
                sent.reject = Some(false);
            }
            Body::AppendRejected { rejected, hint_index, hint_term, .. } => {
                sent.index = Some(*rejected);
                sent.reject = Some(true);
                sent.hint = Some(*hint_index);
                sent.log_term = Some(*hint_term);
            }
            Body::Heartbeat { commit, .. } => sent.commit = Some(*commit),
            Body::InstallSnapshot { snapshot, .. } => {
                sent.index = Some(snapshot.index);
                sent.log_term = Some(snapshot.term);
            }
            Body::Propose { payloads, .. } => sent.entries = u32::try_from(payloads.len()).ok(),
            Body::ReadIndexReply { index, .. } => sent.index = Some(*index),
            Body::HeartbeatReply { .. } | Body::TimeoutNow | Body::ReadIndex { .. } => {}
        }
        sent
    }
}
