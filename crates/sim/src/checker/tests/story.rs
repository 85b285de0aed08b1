//! A cluster's story, told by hand.

use member::Micros;
use member::kv_core::Revision;
use member::raft_core::{Index, MessageKind, NodeId, RoleKind, Term};

use crate::checker::{Checkers, Property};
use crate::client::CallId;
use crate::trace::{
    ConfigMark, EntryKind, EntryMark, Event, EventKind, MessageId, NodeState, Sent, Seq,
    SnapshotKind, SnapshotMark,
};

/// Tells a three-node cluster's story to the checkers, event by event.
pub(super) struct Story {
    pub(super) checkers: Checkers,
    pub(super) states: Vec<NodeState>,
    pub(super) seq: u64,
    /// The number of the message that was sent last.
    pub(super) sent: MessageId,
}

/// Something that an event does to a node.
#[derive(Clone)]
pub(super) enum Does {
    Term(u64),
    Role(RoleKind),
    Vote(u8),
    /// Appends an entry of a term with this payload.
    Append(u64, u64),
    Truncate(u64),
    Commit(u64),
    Apply(u64),
    Durable(u64),
    Send(MessageKind, u8, Option<u64>, Option<bool>),
    /// This message arrives.
    Get(MessageId),
    /// A leader's snapshot of this index and term, of the state that belongs there.
    Install(u64, u64),
    /// A snapshot of this index that holds a state of this digest.
    Snapshot(SnapshotKind, u64, u64),
    /// The state machine's digest is not what belongs to the applied index.
    Hold(u64),
    /// A configuration comes into force, with the entry of this index; one more in an event is what
    /// it passes through.
    Config(Option<u64>, Vec<u8>),
    /// A joint one: the new half and the old one.
    Joint(Option<u64>, Vec<u8>, Vec<u8>),
}

use Does::{Append, Apply, Commit, Durable, Install, Role, Send, Truncate, Vote};

pub(super) fn state() -> NodeState {
    NodeState::first()
}

/// The digest of what a state machine holds that has applied so much.
pub(super) fn held(applied: u64) -> u64 {
    1_000 + applied
}

impl Story {
    pub(super) fn new() -> Story {
        let mut checkers = Checkers::new(3);
        let mut start = Event::new(Seq(0), Micros(0), EventKind::Start);
        let voters = vec![NodeId(1), NodeId(2), NodeId(3)];
        start.config = Some(Box::new(ConfigMark { voters, ..ConfigMark::default() }));
        checkers.observe(&start);
        Story { checkers, states: vec![state(); 3], seq: 0, sent: MessageId(0) }
    }

    /// An event at a node that does all this.
    pub(super) fn event(&mut self, kind: EventKind, node: u8, does: &[Does]) -> &mut Story {
        self.seq += 1;
        let mut event = Event::new(Seq(self.seq), Micros(self.seq), kind);
        event.node = Some(NodeId(node));
        let state = &mut self.states[usize::from(node) - 1];
        for does in does {
            apply(does, state, &mut event);
        }
        if state.digest == 0 {
            state.digest = held(state.applied.0);
        }
        event.state = Some(*state);
        self.checkers.observe(&event);
        state.digest = 0;
        self.sent = event.sent.last().map_or(self.sent, |sent| sent.id);
        self
    }

    /// A client begins a call.
    pub(super) fn call(&mut self, call: u64) -> &mut Story {
        self.client(EventKind::Call, call, None)
    }

    /// A client is told the outcome of a call: that it failed, or an answer from this revision.
    pub(super) fn answer(&mut self, call: u64, revision: Option<i64>) -> &mut Story {
        self.client(EventKind::Return, call, revision)
    }

    fn client(&mut self, kind: EventKind, call: u64, revision: Option<i64>) -> &mut Story {
        self.seq += 1;
        let mut event = Event::new(Seq(self.seq), Micros(self.seq), kind);
        event.call = Some(CallId(call));
        event.revision = revision.map(Revision);
        self.checkers.observe(&event);
        self
    }

    pub(super) fn tick(&mut self, node: u8, does: &[Does]) -> &mut Story {
        self.event(EventKind::Tick, node, does)
    }

    pub(super) fn deliver(&mut self, node: u8, does: &[Does]) -> &mut Story {
        self.event(EventKind::Deliver, node, does)
    }

    /// The node's process dies; its disk holds this state.
    pub(super) fn crash(&mut self, node: u8, disk: NodeState) -> &mut Story {
        self.states[usize::from(node) - 1] = NodeState { role: None, ..disk };
        self.event(EventKind::Crash, node, &[])
    }

    /// n1 leads term 1 and has put entries onto its own disk and that of n2.
    pub(super) fn led_by_n1(entries: u64) -> Story {
        let mut story = Story::new();
        story.tick(1, &[Does::Term(1), Role(RoleKind::Candidate), Vote(1)]);
        story.deliver(1, &[Role(RoleKind::Leader)]);
        for index in 1..=entries {
            story.tick(1, &[Append(1, index), Durable(index)]);
            story.deliver(2, &[Does::Term(1), Append(1, index), Durable(index)]);
        }
        story
    }

    /// A message is lost on its way.
    pub(super) fn lose(&mut self, id: MessageId) -> &mut Story {
        self.seq += 1;
        let mut event = Event::new(Seq(self.seq), Micros(self.seq), EventKind::Lose);
        event.dropped.push(id);
        self.checkers.observe(&event);
        self
    }

    /// The network copies an AppendAccepted of index 3 to n1.
    pub(super) fn copy(&mut self, original: MessageId) -> MessageId {
        self.seq += 1;
        let mut event = Event::new(Seq(self.seq), Micros(self.seq), EventKind::Command);
        let (does, id) = (Send(MessageKind::AppendAccepted, 1, Some(3), Some(false)), self.seq);
        apply(&does, &mut NodeState { term: Term(1), ..state() }, &mut event);
        event.sent[0].copy_of = Some(original);
        event.sent[0].id = MessageId(100 * id);
        self.checkers.observe(&event);
        MessageId(100 * id)
    }

    pub(super) fn broke(&self) -> Option<Property> {
        self.checkers.violation().map(|violation| violation.property)
    }
}

fn apply(does: &Does, state: &mut NodeState, event: &mut Event) {
    match does {
        Does::Term(term) => state.term = Term(*term),
        Role(role) => state.role = Some(*role),
        Vote(node) => state.vote = Some(NodeId(*node)),
        Append(term, hash) => {
            state.last_index = state.last_index.next();
            state.last_term = Term(*term);
            let (index, term) = (state.last_index, Term(*term));
            let kind = EntryKind::Normal;
            event.appended.push(EntryMark { index, term, kind, hash: *hash });
        }
        Truncate(from) => {
            event.truncated_from = Some(Index(*from));
            state.last_index = Index(from - 1);
            state.durable = state.durable.min(state.last_index);
        }
        Commit(index) => state.commit = Index(*index),
        Apply(index) => state.applied = Index(*index),
        Durable(index) => state.durable = Index(*index),
        Send(kind, to, index, reject) => event.sent.push(Sent {
            id: MessageId(event.sent.len() as u64 + 100 * event.seq.0),
            to: NodeId(*to),
            kind: *kind,
            term: state.term,
            index: index.map(Index),
            log_term: Some(state.last_term),
            commit: None,
            entries: None,
            reject: *reject,
            hint: None,
            copy_of: None,
        }),
        Does::Get(id) => event.delivered = Some(*id),
        Install(index, term) => {
            let (index, term) = (Index(*index), Term(*term));
            let (kind, digest) = (SnapshotKind::Installed, held(index.0));
            event.snapshot = Some(SnapshotMark { index, term, kind, digest });
            (state.last_index, state.last_term) = (index, term);
        }
        Does::Snapshot(kind, index, digest) => {
            let (index, term) = (Index(*index), state.last_term);
            event.snapshot = Some(SnapshotMark { index, term, kind: *kind, digest: *digest });
        }
        Does::Hold(digest) => state.digest = *digest,
        Does::Config(index, voters) => configure(event, *index, voters, &[]),
        Does::Joint(index, voters, outgoing) => configure(event, *index, voters, outgoing),
    }
}

fn configure(event: &mut Event, index: Option<u64>, voters: &[u8], outgoing: &[u8]) {
    let set = |nodes: &[u8]| nodes.iter().copied().map(NodeId).collect();
    let mut passed = Vec::new();
    if let Some(mut before) = event.config.take() {
        passed.append(&mut before.passed);
        passed.push(*before);
    }
    let (voters, outgoing) = (set(voters), set(outgoing));
    let index = index.map(Index);
    event.config =
        Some(Box::new(ConfigMark { index, passed, voters, outgoing, learners: Vec::new() }));
}
