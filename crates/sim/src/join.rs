//! Nodes that come later, and nodes that go for ever.
//!
//! A cluster begins with the voters of its settings. When a change of its configuration names a node
//! that was not there, the node has its place from then on: links, a disk, no process yet
//! ([`Action::Start`](crate::Action::Start) begins that). A node that was removed and learns of it
//! ends its process, and is not started again.

use member::raft_core::{Configuration, NodeId};
use member::{Member, Micros};

use crate::act::ActError;
use crate::cluster::Cluster;
use crate::node::Node;
use crate::queue::What;
use crate::trace::{Event, EventKind};

/// How long until a server whose connection was closed, since it was removed, tries anew and is told
/// why (etcd `rafthttp`, `streamReader.run`).
const RECONNECT_MICROS: u64 = 100_000;

impl Cluster {
    /// How many nodes have, or had, a place in this cluster; they are numbered from 1.
    pub fn node_count(&self) -> u8 {
        // There are `NODES_MAX` at most.
        self.nodes.len() as u8
    }

    /// All nodes, n1 first.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..=self.node_count()).map(NodeId)
    }

    /// Who belongs to the cluster: as the leader has it, or without one whoever has applied most, or
    /// had when its process died.
    pub fn configuration(&self) -> &Configuration {
        let leader = self.leader();
        let knows = |node: &&Node| (leader == Some(node.id()), node.config_as_of);
        // There is at least one node.
        &self.nodes.iter().max_by_key(knows).unwrap_or(&self.nodes[0]).told_config
    }

    /// The nodes that belong to the cluster, n1 first: not those that were removed.
    pub fn members(&self) -> impl Iterator<Item = &Node> {
        let config = self.configuration();
        self.nodes.iter().filter(|node| config.contains(node.id()))
    }

    /// Whether there is such a node.
    pub(crate) fn has_node(&self, node: NodeId) -> bool {
        (1..=self.node_count()).contains(&node.0)
    }

    /// A node may have come to use another configuration: whoever is named in it has a place.
    pub(crate) fn make_room(&mut self, by: NodeId) {
        let node = self.node(by);
        let Some(raft) = node.member().map(Member::raft) else { return };
        if raft.last_applied() == node.state().applied {
            return;
        }
        let last = raft.configuration().members().last().map_or(0, |node| node.0);
        while self.node_count() < last {
            let id = NodeId(self.node_count() + 1);
            self.network.grow(&self.settings);
            self.nodes.push(Node::unstarted(&self.settings, id));
        }
    }

    /// Whether there is nothing of a node any more, and never will be: its process ended because it
    /// was removed, or it was removed before it was ever started.
    pub fn is_removed(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let is_out = || !self.configuration().contains(id);
        node.has_parted() || (node.starts() == 0 && is_out())
    }

    /// Whether a member's process can be started for the first time: somebody who runs must know it
    /// as a member, since a server that joins asks the others who they are.
    pub(crate) fn check_start(&self, id: NodeId) -> Result<(), ActError> {
        if !self.has_node(id) {
            return Err(ActError::NotMember(id));
        }
        if self.node(id).starts() > 0 {
            return Err(ActError::StartedBefore(id));
        }
        if self.is_removed(id) {
            return Err(ActError::Removed(id));
        }
        let mut members = self.nodes.iter().filter_map(Node::member);
        let known = members.any(|member| member.members().iter().any(|other| other.node == id));
        if known { Ok(()) } else { Err(ActError::NotMember(id)) }
    }

    /// A server hears that it was removed.
    pub(crate) fn gone(&mut self, id: NodeId, event: &mut Event) {
        let now = self.now;
        self.node_mut(id).with_member(now, |member, local, _| member.told_removed(local));
        self.part_if_stopped(id, event);
    }

    /// Ends the process of a server that was removed and has nothing left to do. Says whether it did.
    pub(crate) fn part_if_stopped(&mut self, id: NodeId, event: &mut Event) -> bool {
        let stopped = self.node(id).member().is_some_and(Member::is_stopped);
        if stopped {
            self.crash(id, EventKind::Stop, event);
            self.node_mut(id).parted = true;
        }
        stopped
    }

    /// Links, processes or members have changed: servers see which of their connections stand, and
    /// who was removed and has one to somebody who knows is told so. One stands as long as both
    /// processes are there, frozen or not, and neither direction is cut.
    pub(crate) fn note_connections(&mut self, event: &Event) {
        let now = self.now;
        for place in 0..self.nodes.len() {
            let id = self.nodes[place].id();
            if self.nodes[place].is_crashed() {
                continue;
            }
            for other in self.node_ids().filter(|other| *other != id) {
                let open = !self.link(id, other).cut && !self.link(other, id).cut;
                let is_up = open && !self.node(other).is_crashed();
                self.nodes[place].with_member(now, |member, local, _| {
                    if is_up { member.connected(local, other) } else { member.disconnected(other) }
                });
                let has_removed = |member: &Member| member.has_removed(other);
                if is_up && self.node(id).member().is_some_and(has_removed) {
                    let what = What::Gone { node: other, token: self.node(other).life };
                    let back = self.link(id, other).latency.0;
                    let at = Micros(now.0 + back + RECONNECT_MICROS);
                    self.queue.schedule(at, what, Some(event.seq));
                }
            }
        }
    }
}
