//! Tells any event in one sentence: what set it off, and what came of it at its node.
//!
//! The feed tells only what is worth telling; "why?" leads through everything else, too: messages
//! that arrive, writes that become durable, clocks that tick.

use sim::member::raft_core::{MessageKind, NodeId, RoleKind};
use sim::{Event, EventKind, NodeState, Sent, SnapshotKind};

use crate::diagnose::join;
use crate::view::CauseView;

/// An event with what is needed to tell it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) event: Event,
    /// The state of its node before it.
    pub(crate) before: Option<NodeState>,
    /// The line that it comes from, if it comes from one.
    pub(crate) line: Option<String>,
    /// What the feed says of a client's call or its end.
    pub(crate) told: Option<String>,
}

/// Tells a step; `cause` is the one that brought it about.
pub(crate) fn say(step: &Step, cause: Option<&Step>) -> CauseView {
    let event = &step.event;
    let mut text = trigger(step, cause.map(|cause| &cause.event));
    let effects = effects(step);
    if !effects.is_empty() {
        text.push_str(if event.node.is_some() { ": it " } else { ": " });
        text.push_str(&effects.join(", "));
    }
    CauseView {
        seq: event.seq.0,
        at_micros: event.at.0,
        node: event.node.map(|node| node.0),
        term: event.state.map_or(0, |state| state.term.0),
        text,
        cause: event.cause.map(|cause| cause.0),
    }
}

/// What set an event off.
fn trigger(step: &Step, cause: Option<&Event>) -> String {
    let event = &step.event;
    let node = event.node.map_or_else(|| "a node".to_owned(), |node| node.to_string());
    let told = |otherwise: &str| step.told.clone().unwrap_or_else(|| otherwise.to_owned());
    match event.kind {
        EventKind::Start => "the cluster is switched on, and all nodes start".to_owned(),
        EventKind::Tick => tick(step, &node),
        EventKind::Expire => format!("a request has waited too long on {node}"),
        EventKind::Deliver | EventKind::Lose => message(event, &node, cause),
        EventKind::Report => format!("{node} learns what became of a snapshot that it sent"),
        EventKind::Persist => format!("what {node} wrote is now safe on its disk"),
        EventKind::Request => format!("the client's request reaches {node}"),
        EventKind::Cancel => format!("{node} learns that the client no longer waits"),
        EventKind::Call => told("a client asks"),
        EventKind::Retry => "the client looks again for a server that takes its request".to_owned(),
        EventKind::Notify => "the client that watches is told what has changed".to_owned(),
        EventKind::Return => told("the client's call ends"),
        EventKind::Stop => format!("{node} has learnt of its removal, and its process ends"),
        EventKind::Wake => "the clock stops here, because a line waits for this moment".to_owned(),
        EventKind::Command
        | EventKind::Crash
        | EventKind::Tear
        | EventKind::Restart
        | EventKind::Pause
        | EventKind::Resume => match &step.line {
            Some(line) => format!("the line `{line}` is given"),
            None => "a line is given".to_owned(),
        },
    }
}

/// A tick matters for the timer that it makes run out.
fn tick(step: &Step, node: &str) -> String {
    let role = |state: Option<NodeState>| state.and_then(|state| state.role);
    match (role(step.before), role(step.event.state)) {
        (Some(RoleKind::Leader), Some(RoleKind::Follower)) => {
            format!("{node} counts whom it heard of late, and it is no quorum (CheckQuorum)")
        }
        // It asks for votes at once, or when the vote for itself is safe on its disk.
        (before, Some(RoleKind::Candidate | RoleKind::PreCandidate))
            if before != role(step.event.state)
                || !step.event.sent.is_empty()
                || step.before.map(|state| state.term)
                    != step.event.state.map(|state| state.term) =>
        {
            format!("{node}'s election timer runs out: it has heard no leader for too long")
        }
        (_, Some(RoleKind::Leader)) if !step.event.sent.is_empty() => {
            format!("{node}'s heartbeat timer runs out")
        }
        _ => format!("{node}'s clock ticks"),
    }
}

/// A message that arrives or is lost.
fn message(event: &Event, node: &str, cause: Option<&Event>) -> String {
    let id = event.delivered.or_else(|| event.dropped.first().copied());
    let sent = cause.and_then(|cause| {
        let sent = cause.sent.iter().find(|sent| Some(sent.id) == id)?;
        Some((cause.node?, sent))
    });
    let is_lost = event.kind == EventKind::Lose;
    match sent {
        Some((from, sent)) if is_lost => {
            format!("{from}'s {} to {node} is lost: “{}”", sent.kind.name(), says(sent))
        }
        Some((from, sent)) => {
            format!("{node} receives {} from {from}: “{}”", sent.kind.name(), says(sent))
        }
        None if is_lost => format!("a message to {node} is lost"),
        None => format!("{node} receives a message"),
    }
}

/// What a message says, in one line.
pub(crate) fn says(sent: &Sent) -> String {
    let index = sent.index.map_or(0, |index| index.0);
    let term = sent.log_term.map_or(0, |term| term.0);
    let commit = sent.commit.map_or(0, |commit| commit.0);
    let granted = sent.reject == Some(false);
    match sent.kind {
        MessageKind::Heartbeat => format!("I lead; committed up to {commit}"),
        MessageKind::HeartbeatReply => "I hear you".to_owned(),
        MessageKind::AppendEntries => match sent.entries.unwrap_or(0) {
            0 => format!("anything after entry {index} (term {term})? committed up to {commit}"),
            1 => format!(
                "entry {} follows {index} (term {term}); committed up to {commit}",
                index + 1
            ),
            count => format!(
                "entries {} follow {index} (term {term}); committed up to {commit}",
                range(index + 1, index + u64::from(count))
            ),
        },
        MessageKind::AppendAccepted => format!("my log equals yours up to {index}"),
        MessageKind::AppendRejected => {
            let hint = sent.hint.map_or(0, |hint| hint.0);
            format!("I have no such entry {index}; try {hint}")
        }
        MessageKind::PreVote => {
            format!("would you vote for me? my log ends with entry {index} of term {term}")
        }
        MessageKind::RequestVote => {
            format!("vote for me: my log ends with entry {index} of term {term}")
        }
        MessageKind::PreVoteReply if granted => "I would vote for you".to_owned(),
        MessageKind::PreVoteReply => "I would not vote for you".to_owned(),
        MessageKind::RequestVoteReply if granted => "you have my vote".to_owned(),
        MessageKind::RequestVoteReply => "you do not have my vote".to_owned(),
        MessageKind::InstallSnapshot => format!("a snapshot of everything up to entry {index}"),
        MessageKind::TimeoutNow => "stand for election now".to_owned(),
        MessageKind::Propose => "a client's write, forwarded to the leader".to_owned(),
        MessageKind::ReadIndex => "up to which entry may I answer a read?".to_owned(),
        MessageKind::ReadIndexReply => format!("answer reads once you have applied {index}"),
    }
}

/// `5` or `5–7`.
fn range(first: u64, last: u64) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

/// What came of an event at its node, each beginning with a verb.
fn effects(step: &Step) -> Vec<String> {
    let event = &step.event;
    let mut effects = Vec::new();
    if event.kind.is_death() {
        return effects;
    }
    if let (Some(before), Some(state)) = (step.before, event.state) {
        role_effects(before, state, &mut effects);
    }
    if let Some(from) = event.truncated_from {
        effects.push(format!("drops its entries from {from} on"));
    }
    match event.snapshot.map(|snapshot| (snapshot.kind, snapshot.index)) {
        Some((SnapshotKind::Taken, index)) => {
            effects.push(format!("puts entries up to {index} into a snapshot"));
        }
        Some((SnapshotKind::Installed, index)) => {
            effects.push(format!("begins with a snapshot of everything up to {index}"));
        }
        None => {}
    }
    if let (Some(first), Some(last)) = (event.appended.first(), event.appended.last()) {
        effects.push(format!("appends entry {}", range(first.index.0, last.index.0)));
    }
    if let (Some(before), Some(state)) = (step.before, event.state) {
        if state.commit > before.commit {
            let committed = range(before.commit.0 + 1, state.commit.0);
            effects.push(format!("now knows entry {committed} to be committed"));
        }
        if state.applied > before.applied {
            effects.push("applies to its store what is committed".to_owned());
        }
    }
    sent(&event.sent, &mut effects);
    effects
}

fn role_effects(before: NodeState, state: NodeState, effects: &mut Vec<String>) {
    let term = state.term;
    if before.role != state.role || before.term != term {
        effects.extend(match state.role {
            Some(RoleKind::Leader) => Some(format!("leads term {term}")),
            Some(RoleKind::Candidate) => Some(format!("stands for election in term {term}")),
            Some(RoleKind::PreCandidate) => Some("asks who would vote for it".to_owned()),
            Some(RoleKind::Follower) => Some(format!("follows in term {term}")),
            None => None,
        });
    }
    let voted = state.vote.filter(|_| before.vote != state.vote || before.term != term);
    if let Some(voted) = voted.filter(|_| state.role == Some(RoleKind::Follower)) {
        effects.push(format!("votes for {voted}"));
    }
}

/// Messages that left, those of a kind together.
fn sent(sent: &[Sent], effects: &mut Vec<String>) {
    let mut left = sent;
    while let Some(first) = left.first() {
        let same = left.iter().take_while(|other| other.kind == first.kind).count();
        let (these, others) = left.split_at(same);
        let mut names: Vec<NodeId> = these.iter().map(|sent| sent.to).collect();
        names.dedup();
        effects.push(format!("sends {} to {}", first.kind.name(), join(&names)));
        left = others;
    }
}
