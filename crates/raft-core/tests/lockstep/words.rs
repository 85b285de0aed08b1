//! What one side says, in the other side's words.
#![allow(clippy::field_reassign_with_default, reason = "how generated messages are built")]

use protobuf::Message as _;
use raft::CAMPAIGN_TRANSFER;
use raft::eraftpb::{
    ConfChangeSingle, ConfChangeTransition, ConfChangeType, ConfChangeV2, ConfState,
    Entry as TheirEntry, EntryType, Message as TheirMessage, MessageType,
    Snapshot as TheirSnapshot,
};
use raft_core::{
    Body, Campaign, Change, ConfigChange, Configuration, Entry, Message, Payload, ReadContext,
    Snapshot, Transition,
};

/// A whole message; who first asked for a proposal or a read is left out (see [`comparable`]).
pub(crate) fn message(ours: &Message) -> TheirMessage {
    let mut m = TheirMessage::default();
    m.from = ours.from.0.into();
    m.to = ours.to.0.into();
    m.term = ours.term.0;
    m.set_msg_type(message_type(&ours.body));
    match &ours.body {
        Body::PreVote { last_index, last_term } => {
            (m.index, m.log_term) = (last_index.0, last_term.0);
        }
        Body::RequestVote { last_index, last_term, campaign } => {
            (m.index, m.log_term) = (last_index.0, last_term.0);
            if *campaign == Campaign::Transfer {
                m.context = CAMPAIGN_TRANSFER.to_vec().into();
            }
        }
        Body::PreVoteReply { granted } | Body::RequestVoteReply { granted } => m.reject = !granted,
        Body::AppendEntries { prev_index, prev_term, entries, commit } => {
            (m.index, m.log_term, m.commit) = (prev_index.0, prev_term.0, commit.0);
            m.set_entries(entries.iter().map(entry).collect::<Vec<_>>().into());
        }
        Body::AppendAccepted { match_index } => m.index = match_index.0,
        Body::AppendRejected { rejected, hint_index, hint_term } => {
            m.reject = true;
            (m.index, m.reject_hint, m.log_term) = (rejected.0, hint_index.0, hint_term.0);
        }
        Body::Heartbeat { commit, context } => {
            m.commit = commit.0;
            m.context = context.map(read_context).unwrap_or_default().into();
        }
        Body::HeartbeatReply { context } => {
            m.context = context.map(read_context).unwrap_or_default().into();
        }
        Body::InstallSnapshot { snapshot: sent } => m.set_snapshot(snapshot(sent)),
        Body::TimeoutNow => {}
        Body::Propose { payloads } => {
            m.from = 0;
            m.set_entries(payloads.iter().map(proposal).collect::<Vec<_>>().into());
        }
        Body::ReadIndex { context } => {
            m.from = 0;
            m.set_entries(vec![read_entry(*context)].into());
        }
        Body::ReadIndexReply { context, index } => {
            m.index = index.0;
            m.set_entries(vec![read_entry(*context)].into());
        }
    }
    m
}

/// Their message, without what ours do not say and nobody needs: the commit index on votes and
/// answers (they only report it), and who first asked (ours name the last who passed it on).
pub(crate) fn comparable(theirs: &TheirMessage) -> TheirMessage {
    let mut m = theirs.clone();
    match m.get_msg_type() {
        MessageType::MsgRequestVote
        | MessageType::MsgRequestPreVote
        | MessageType::MsgRequestVoteResponse
        | MessageType::MsgRequestPreVoteResponse
        | MessageType::MsgAppendResponse
        | MessageType::MsgHeartbeatResponse => (m.commit, m.commit_term) = (0, 0),
        MessageType::MsgPropose | MessageType::MsgReadIndex => m.from = 0,
        _ => {}
    }
    m
}

fn message_type(body: &Body) -> MessageType {
    match body {
        Body::PreVote { .. } => MessageType::MsgRequestPreVote,
        Body::PreVoteReply { .. } => MessageType::MsgRequestPreVoteResponse,
        Body::RequestVote { .. } => MessageType::MsgRequestVote,
        Body::RequestVoteReply { .. } => MessageType::MsgRequestVoteResponse,
        Body::AppendEntries { .. } => MessageType::MsgAppend,
        Body::AppendAccepted { .. } | Body::AppendRejected { .. } => MessageType::MsgAppendResponse,
        Body::Heartbeat { .. } => MessageType::MsgHeartbeat,
        Body::HeartbeatReply { .. } => MessageType::MsgHeartbeatResponse,
        Body::InstallSnapshot { .. } => MessageType::MsgSnapshot,
        Body::TimeoutNow => MessageType::MsgTimeoutNow,
        Body::Propose { .. } => MessageType::MsgPropose,
        Body::ReadIndex { .. } => MessageType::MsgReadIndex,
        Body::ReadIndexReply { .. } => MessageType::MsgReadIndexResp,
    }
}

pub(crate) fn entry(ours: &Entry) -> TheirEntry {
    let mut theirs = proposal(&ours.payload);
    (theirs.term, theirs.index) = (ours.term.0, ours.index.0);
    theirs
}

/// Whether two entries are the same. Does not build one from the other: it is asked of every
/// entry of the log after every step.
pub(crate) fn same_entry(ours: &Entry, theirs: &TheirEntry) -> bool {
    let same_payload = match &ours.payload {
        Payload::Empty => {
            theirs.get_entry_type() == EntryType::EntryNormal && theirs.data.is_empty()
        }
        Payload::Normal(data) => {
            theirs.get_entry_type() == EntryType::EntryNormal && theirs.data == data.as_slice()
        }
        Payload::Config(change) => {
            theirs.get_entry_type() == EntryType::EntryConfChangeV2
                && *theirs.data == *config_change_bytes(change)
        }
    };
    (theirs.term, theirs.index) == (ours.term.0, ours.index.0) && same_payload
}

/// An entry that has no place in the log yet.
pub(crate) fn proposal(payload: &Payload) -> TheirEntry {
    let mut theirs = TheirEntry::default();
    match payload {
        Payload::Empty => {}
        Payload::Normal(data) => theirs.data = data.as_slice().to_vec().into(),
        Payload::Config(change) => {
            theirs.set_entry_type(EntryType::EntryConfChangeV2);
            theirs.data = config_change_bytes(change).into();
        }
    }
    theirs
}

fn config_change_bytes(change: &ConfigChange) -> Vec<u8> {
    config_change(change).write_to_bytes().expect("a message in memory can be encoded")
}

pub(crate) fn config_change(ours: &ConfigChange) -> ConfChangeV2 {
    let mut theirs = ConfChangeV2::default();
    theirs.set_transition(match ours.transition {
        Transition::Auto => ConfChangeTransition::Auto,
        Transition::JointImplicit => ConfChangeTransition::Implicit,
        Transition::JointExplicit => ConfChangeTransition::Explicit,
    });
    theirs.set_changes(ours.changes.iter().map(single_change).collect::<Vec<_>>().into());
    theirs.context = ours.context.as_slice().to_vec().into();
    theirs
}

fn single_change(ours: &Change) -> ConfChangeSingle {
    let (kind, node) = match ours {
        Change::AddVoter(node) => (ConfChangeType::AddNode, node),
        Change::AddLearner(node) => (ConfChangeType::AddLearnerNode, node),
        Change::Remove(node) => (ConfChangeType::RemoveNode, node),
    };
    let mut theirs = ConfChangeSingle::default();
    theirs.node_id = node.0.into();
    theirs.set_change_type(kind);
    theirs
}

/// Members in ascending order, so that two of them can be compared.
pub(crate) fn configuration(ours: &Configuration) -> ConfState {
    let ids =
        |nodes: raft_core::NodeSet| nodes.iter().map(|node| u64::from(node.0)).collect::<Vec<_>>();
    let mut theirs = ConfState::default();
    theirs.set_voters(ids(ours.voters));
    theirs.set_voters_outgoing(ids(ours.outgoing));
    theirs.set_learners(ids(ours.learners));
    theirs.set_learners_next(ids(ours.learners_next));
    theirs.auto_leave = ours.auto_leave;
    theirs
}

/// Their configuration with its members in ascending order; they keep them in hash tables.
pub(crate) fn sorted(mut theirs: ConfState) -> ConfState {
    theirs.mut_voters().sort_unstable();
    theirs.mut_voters_outgoing().sort_unstable();
    theirs.mut_learners().sort_unstable();
    theirs.mut_learners_next().sort_unstable();
    theirs
}

fn snapshot(ours: &Snapshot) -> TheirSnapshot {
    let mut theirs = TheirSnapshot::default();
    let metadata = theirs.mut_metadata();
    (metadata.index, metadata.term) = (ours.index.0, ours.term.0);
    metadata.set_conf_state(configuration(&ours.config));
    theirs
}

/// A read's name in bytes.
pub(crate) fn read_context(context: ReadContext) -> Vec<u8> {
    let mut bytes = vec![context.node.0];
    bytes.extend(context.number.to_le_bytes());
    bytes
}

pub(crate) fn read_entry(context: ReadContext) -> TheirEntry {
    let mut theirs = TheirEntry::default();
    theirs.data = read_context(context).into();
    theirs
}
