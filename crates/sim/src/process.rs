//! What a server process is told, and what becomes of what it says: writes go to its disk,
//! messages onto the links, answers to the clients, and everything into the event.

use std::sync::Arc;

use member::kv_core::WatchResponse;
use member::raft_core::{Configuration, Delivery, Index, NodeId};
use member::{Micros, Output, RequestId, Write};

use crate::client::{Answer, CallId, Stage};
use crate::cluster::Cluster;
use crate::node::Node;
use crate::queue::What;
use crate::trace::{
    ConfigMark, EntryMark, Event, EventKind, NodeState, SnapshotKind, SnapshotMark,
};

impl Cluster {
    /// A node's clock ticks.
    pub(crate) fn tick(&mut self, id: NodeId, event: &mut Event) {
        event.kind = EventKind::Tick;
        let now = self.now;
        let node = &mut self.nodes[usize::from(id.0) - 1];
        node.ticked(&mut self.queue);
        node.with_member(now, |member, local, dice| member.tick(local, dice));
        self.absorb(id, event);
    }

    /// A deadline of a node's server has passed.
    pub(crate) fn expire(&mut self, id: NodeId, event: &mut Event) {
        event.kind = EventKind::Expire;
        let now = self.now;
        let node = self.node_mut(id);
        node.deadline_passed();
        node.with_member(now, |member, local, _| member.expire(local));
        if !self.part_if_stopped(id, event) {
            self.absorb(id, event);
        }
    }

    /// A message arrives, or dies.
    pub(crate) fn arrive(&mut self, slot: u32, event: &mut Event) {
        let flight = self.network.take(slot);
        event.node = Some(flight.to);
        if flight.is_lost() || self.node(flight.to).is_crashed() {
            event.kind = EventKind::Lose;
            event.dropped.push(flight.id);
            self.network.report(&mut self.queue, event, &flight.message, Delivery::Failed);
            return;
        }
        self.network.report(&mut self.queue, event, &flight.message, Delivery::Delivered);
        event.kind = EventKind::Deliver;
        event.delivered = Some(flight.id);
        let now = self.now;
        let message = flight.message;
        self.node_mut(flight.to)
            .with_member(now, |member, local, dice| member.deliver(local, message, dice));
        self.absorb(flight.to, event);
    }

    /// The oldest write under way on a node's disk is durable.
    pub(crate) fn synced(&mut self, id: NodeId, event: &mut Event) {
        event.kind = EventKind::Persist;
        let now = self.now;
        let node = self.node_mut(id);
        let number = node.disk.complete();
        node.with_member(now, |member, local, _| member.persisted(local, number));
        self.absorb(id, event);
    }

    /// The sender of a snapshot hears what became of it.
    pub(crate) fn report_snapshot(
        &mut self,
        from: NodeId,
        to: NodeId,
        delivery: Delivery,
        event: &mut Event,
    ) {
        event.kind = EventKind::Report;
        let now = self.now;
        self.node_mut(from)
            .with_member(now, |member, local, _| member.report_snapshot(local, to, delivery));
        self.absorb(from, event);
    }

    /// Takes what a server says and lets it happen. To be called after everything it was told.
    pub(crate) fn absorb(&mut self, id: NodeId, event: &mut Event) {
        let now = self.now;
        event.node = Some(id);
        let node = &mut self.nodes[usize::from(id.0) - 1];
        let output = node.with_member(now, |member, _, _| member.drain());
        self.make_room(id);
        let node = &mut self.nodes[usize::from(id.0) - 1];
        let Output { writes, send, send_once_durable, watched, replies, configurations, .. } =
            output;
        for message in send {
            self.network.send(&mut self.queue, event, message);
        }
        let mut last_index = node.told.last_index;
        for write in writes {
            last_index = note_write(&write, last_index, event);
            let durable_at = node.disk.begin(write, self.settings.sync_latency, now);
            let what = What::Synced { node: id, token: node.life };
            self.queue.schedule(durable_at, what, Some(event.seq));
        }
        note_cut(node, last_index, event);
        for (number, message) in send_once_durable {
            node.disk.wait(number, message);
        }
        while let Some(message) = node.disk.release() {
            self.network.send(&mut self.queue, event, message);
        }
        node.schedule_deadline(now, &mut self.queue);
        tell(node, event, &configurations);
        for (request, response) in watched {
            self.tell_watcher(id, request, response, event);
        }
        for (request, result) in replies {
            self.answer(id, request, result, event);
        }
    }

    /// A server tells a client that watches: it sets out to the client.
    fn tell_watcher(
        &mut self,
        node: NodeId,
        RequestId(request): RequestId,
        response: WatchResponse,
        event: &Event,
    ) {
        let arrives_at = Micros(self.now.0 + self.settings.client_latency.0);
        let Some(call) = self.clients.find_mut(CallId(request)) else { return };
        if call.stage == (Stage::Serving { node }) {
            call.coming.push(Arc::new(response));
            let what = What::Notify { call: call.id, attempt: call.attempt };
            self.queue.schedule(arrives_at, what, Some(event.seq));
        }
    }

    /// A server answers a request: the answer sets out to the client.
    fn answer(
        &mut self,
        node: NodeId,
        RequestId(request): RequestId,
        result: Result<member::Response, member::ServerError>,
        event: &Event,
    ) {
        let raft_term = event.state.as_ref().map_or_else(Default::default, |state| state.term);
        let (at, arrives_at) = (self.now, Micros(self.now.0 + self.settings.client_latency.0));
        // The client may have gone.
        let Some(call) = self.clients.find_mut(CallId(request)) else { return };
        if call.stage != (Stage::Serving { node }) {
            return;
        }
        if result == Err(member::ServerError::AskLeader) {
            self.send_on(CallId(request), node, event);
        } else {
            let answer = Box::new(Answer { result, raft_term });
            call.stage = Stage::Answered { node, at, arrives_at, answer };
            let what = What::Reply { call: call.id, attempt: call.attempt };
            self.queue.schedule(arrives_at, what, Some(event.seq));
        }
    }
}

/// Notes in the event what a write does to the log. Returns the log's last index after it.
fn note_write(write: &Write, mut last_index: Index, event: &mut Event) -> Index {
    if let Some(snapshot) = &write.snapshot {
        let kind = match write.compact_to {
            Some(_) => SnapshotKind::Taken,
            None => SnapshotKind::Installed,
        };
        let digest = member::snapshot_digest(snapshot);
        let (index, term) = (snapshot.index, snapshot.term);
        event.snapshot = Some(SnapshotMark { index, term, kind, digest });
        if kind == SnapshotKind::Installed {
            event.truncated_from = None;
            event.appended.clear();
            last_index = snapshot.index;
        }
    }
    if let Some(first) = write.entries.first() {
        if first.index <= last_index {
            let from = event.truncated_from.map_or(first.index, |from| from.min(first.index));
            event.truncated_from = Some(from);
            event.appended.retain(|entry| entry.index < first.index);
        }
        event.appended.extend(write.entries.iter().map(EntryMark::of));
    }
    if let Some(last) = write.entries.last() {
        last_index = last.index;
    }
    last_index
}

/// Notes in the event that the log ends before the place where its writes have left it. That takes a
/// rule left out (TruncateOnConflictOnly): then entries are deleted and none put in their place, and
/// nothing is written.
fn note_cut(node: &Node, last_index: Index, event: &mut Event) {
    let Some(member) = node.member.as_ref() else { return };
    let kept = member.raft().last_index();
    if kept < last_index {
        let from = event.truncated_from.map_or(kept.next(), |from| from.min(kept.next()));
        event.truncated_from = Some(from);
        event.appended.retain(|entry| entry.index <= kept);
    }
}

/// Notes in the event a node's state, and the configurations that came into force: those of the
/// changes of membership that were applied, or the one that a whole new state came with.
pub(crate) fn tell(node: &mut Node, event: &mut Event, configurations: &[(Index, Configuration)]) {
    let Some(member) = node.member.as_ref() else { return };
    let raft = member.raft();
    let applied = raft.last_applied();
    let restarted = event.kind == EventKind::Restart;
    let state = NodeState {
        term: raft.term(),
        vote: raft.vote(),
        role: Some(raft.role_kind()),
        leader: raft.leader(),
        commit: raft.commit(),
        applied,
        // The disk may hold more than the log has: see `note_cut`.
        durable: node.disk.durable_index().min(raft.last_index()),
        last_index: raft.last_index(),
        last_term: raft.last_term(),
        // The state machine changes only when something is applied, or with its process.
        digest: if restarted || applied != node.told.applied {
            member.state_digest()
        } else {
            node.told.digest
        },
    };
    let installed = |snapshot: SnapshotMark| snapshot.kind == SnapshotKind::Installed;
    if configurations.is_empty() && (restarted || event.snapshot.is_some_and(installed)) {
        event.config = Some(ConfigMark::of(None, raft.configuration()));
    }
    for (index, configuration) in configurations {
        let mut mark = ConfigMark::of(Some(*index), configuration);
        if let Some(mut before) = event.config.take() {
            mark.passed.append(&mut before.passed);
            mark.passed.push(*before);
        }
        event.config = Some(mark);
    }
    if event.config.is_some() {
        node.told_config = raft.configuration().clone();
    }
    node.config_as_of = applied;
    node.told = state;
    event.state = Some(state);
}

/// Notes in the event that a node's process is gone, and what its disk holds.
pub(crate) fn tell_crashed(node: &mut Node, event: &mut Event) {
    let stored = node.disk.stored();
    let snapshot = stored.snapshot.as_ref().map(|snapshot| (snapshot.index, snapshot.term));
    let last = stored.log.last().map(|entry| (entry.index, entry.term)).or(snapshot);
    let (last_index, last_term) = last.unwrap_or_default();
    let state = NodeState {
        term: stored.hard_state.term,
        vote: stored.hard_state.vote,
        role: None,
        leader: None,
        commit: stored.hard_state.commit,
        applied: snapshot.unwrap_or_default().0,
        durable: last_index,
        last_index,
        last_term,
        digest: node.digest_on_disk(),
    };
    node.told = state;
    event.state = Some(state);
}
