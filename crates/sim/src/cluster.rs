//! The cluster: all that is simulated, and the one loop that lets it happen.

use member::Micros;
use member::raft_core::{Configuration, Delivery, MessageKind, NodeId, RoleKind, Term};
use serde::{Deserialize, Serialize};

use crate::checker::{Checkers, Violation};
use crate::chunks::Chunks;
use crate::client::{CallId, Clients, HistoryRecord, LiveCall, Outcome};
use crate::hash;
use crate::link::Link;
use crate::network::{Flight, Network};
use crate::node::Node;
use crate::queue::{Item, Queue, What};
use crate::settings::Settings;
use crate::trace::{ConfigMark, Event, EventKind, MessageId, Seq};

/// A simulated cluster: servers, links, disks, clocks, clients, and what is going to happen.
///
/// A clone, or a copy saved and restored through serde, goes on exactly as the original does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cluster {
    pub(crate) settings: Settings,
    pub(crate) now: Micros,
    seq: Seq,
    pub(crate) queue: Queue,
    pub(crate) nodes: Vec<Node>,
    pub(crate) network: Network,
    pub(crate) clients: Clients,
    /// What has come to the end of a clogged link.
    pub(crate) clogged: Vec<Item>,
    checkers: Checkers,
    trace_hash: u64,
    /// Whether any rule that safety rests upon was ever off.
    pub(crate) modified: bool,
}

impl Cluster {
    /// A cluster whose nodes have all just been started for the first time. That is event 0.
    ///
    /// # Panics
    /// If the settings are out of their ranges: see [`Settings::check`].
    pub fn new(settings: Settings) -> Cluster {
        Cluster::with_timeouts(settings, u32::MAX)
    }

    /// The same, with less chance in the election timeouts: a node draws one of so many, each a tick
    /// longer than the one before, the first being the setting's. (etcd has no such setting: it draws
    /// one of as many as the election timeout has ticks.) With one, only the phases of the nodes'
    /// clocks tell them apart. Nodes that are added later draw as etcd's do.
    ///
    /// # Panics
    /// As [`Cluster::new`].
    pub fn with_timeouts(settings: Settings, timeouts: u32) -> Cluster {
        if let Err(error) = settings.check() {
            panic!("unusable settings: {error}");
        }
        let mut queue = Queue::default();
        let nodes = settings.node_ids();
        let nodes = nodes.map(|id| Node::new(&settings, id, timeouts, &mut queue)).collect();
        let mut cluster = Cluster {
            now: Micros(0),
            seq: Seq(0),
            queue,
            nodes,
            network: Network::new(&settings),
            clients: Clients::default(),
            clogged: Vec::new(),
            checkers: Checkers::new(settings.nodes),
            trace_hash: 0,
            modified: !settings.rules.all_safe(),
            settings,
        };
        let event = cluster.start_event();
        cluster.finish(&event);
        cluster
    }

    /// Event 0, which [`Cluster::new`] does not return.
    pub fn start_event(&self) -> Event {
        let mut event = Event::new(Seq(0), Micros(0), EventKind::Start);
        let voters = Configuration::of_voters(self.settings.node_ids());
        event.config = Some(ConfigMark::of(None, &voters));
        event
    }

    /// What it was made with, and what was changed since.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Virtual time, in microseconds since the start.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// The last event.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// When the next event will happen, if nobody interferes. None when a violation has stopped the
    /// run, or when nothing is left to happen (all nodes are down and no client waits).
    pub fn next_at(&self) -> Option<Micros> {
        match self.checkers.violation() {
            Some(_) => None,
            None => self.queue.peek().map(|item| item.at),
        }
    }

    /// Lets one thing happen: exactly one item of the queue, one event. None as
    /// [`Cluster::next_at`].
    pub fn step(&mut self) -> Option<Event> {
        if self.checkers.violation().is_some() {
            return None;
        }
        let Item { at, what, cause, .. } = self.queue.pop()?;
        assert!(at >= self.now, "time goes on");
        self.now = at;
        let mut event = self.begin(EventKind::Wake);
        event.cause = cause;
        match what {
            What::Tick { node, .. } => self.tick(node, &mut event),
            What::Expire { node, .. } => self.expire(node, &mut event),
            What::Arrive { slot, .. } => self.arrive(slot, &mut event),
            What::Synced { node, .. } => self.synced(node, &mut event),
            What::Gone { node, .. } => self.gone(node, &mut event),
            What::SnapshotArrived { from, to } => {
                self.report_snapshot(from, to, Delivery::Delivered, &mut event);
            }
            What::SnapshotLost { from, to } => {
                self.report_snapshot(from, to, Delivery::Failed, &mut event);
            }
            What::Request { call, .. } => self.request(call, &mut event),
            What::Cancel { call, node, .. } => self.cancel_at(call, node, &mut event),
            What::Notify { call, .. } => self.notify(call, &mut event),
            What::Reply { call, .. } => self.reply(call, &mut event),
            What::HangUp { call, .. } => self.hang_up(call, &mut event),
            What::Retry { call, .. } => self.retry(call, &mut event),
            What::Timeout { call } => self.time_out(call, &mut event),
            What::Wake => {}
        }
        self.finish(&event);
        Some(event)
    }

    /// Schedules an event at which nothing happens ([`EventKind::Wake`]), so that somebody can act
    /// at an exact time. A time in the past is now.
    pub fn wake_at(&mut self, at: Micros) {
        self.queue.schedule(at.max(self.now), What::Wake, None);
    }

    /// A node.
    ///
    /// # Panics
    /// If there is no such node: see [`Cluster::node_count`].
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[usize::from(id.0) - 1]
    }

    /// All nodes, n1 first.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// The directed link between two nodes.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn link(&self, from: NodeId, to: NodeId) -> &Link {
        self.network.link(from, to)
    }

    /// All directed links between two different nodes.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.network.links()
    }

    /// All messages in flight, in no meaningful order.
    pub fn flights(&self) -> impl Iterator<Item = &Flight> {
        self.network.flights()
    }

    /// A message in flight.
    pub fn flight(&self, id: MessageId) -> Option<&Flight> {
        self.network.find(id).map(|(_, flight)| flight)
    }

    /// The oldest message of a kind in flight on a link.
    pub fn oldest_flight(&self, kind: MessageKind, from: NodeId, to: NodeId) -> Option<&Flight> {
        let on_link = self.flights().filter(|flight| {
            flight.from == from && flight.to == to && flight.message.kind() == kind
        });
        on_link.min_by_key(|flight| flight.id)
    }

    /// The leader: the running node that leads in the highest term of any running node and has
    /// links open both ways to a quorum of running configured voters.
    pub fn leader(&self) -> Option<NodeId> {
        let mut term = Term(0);
        let mut leader = None;
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            let Some(raft) = node.member().map(|member| member.raft()) else { continue };
            let leads = raft.role_kind() == RoleKind::Leader;
            if raft.term() > term {
                term = raft.term();
                leader = None;
            }
            if leads && raft.term() == term {
                leader = Some(node.id());
            }
        }
        leader.filter(|leader| self.reaches_quorum(*leader))
    }

    /// The lowest-numbered running node that is not the leader.
    pub fn follower(&self) -> Option<NodeId> {
        let leader = self.leader();
        let mut running = self.nodes.iter().filter(|node| node.is_running()).map(Node::id);
        running.find(|id| Some(*id) != leader)
    }

    /// Whether a running node has links open both ways to a quorum of running configured voters,
    /// itself included; in a joint configuration, of both halves.
    pub fn reaches_quorum(&self, id: NodeId) -> bool {
        let Some(member) = self.node(id).member() else { return false };
        let reached = |&voter: &NodeId| {
            let known = self.has_node(voter);
            let open = || self.link(id, voter).is_open() && self.link(voter, id).is_open();
            known && self.node(voter).is_running() && (voter == id || open())
        };
        let config = member.raft().configuration();
        [config.voters, config.outgoing]
            .into_iter()
            .all(|half| half.is_empty() || half.iter().filter(reached).count() * 2 > half.len())
    }

    /// What a finished call came to.
    pub fn outcome(&self, call: CallId) -> Option<&Outcome> {
        self.clients.outcome(call)
    }

    /// Calls that have not ended, oldest first.
    pub fn live_calls(&self) -> impl Iterator<Item = &LiveCall> {
        self.clients.live.iter()
    }

    /// A call that has not ended.
    pub fn live_call(&self, call: CallId) -> Option<&LiveCall> {
        self.clients.find(call)
    }

    /// All calls, what watchers were told, and their ends, in order.
    pub fn history(&self) -> &Chunks<HistoryRecord> {
        self.clients.history()
    }

    /// The safety property that the last event broke.
    pub fn violation(&self) -> Option<&Violation> {
        self.checkers.violation()
    }

    /// Whether a rule that safety rests upon is or was off: what is shown is not Raft then.
    pub fn is_modified(&self) -> bool {
        self.modified
    }

    /// A hash of all events so far. Equal on every machine for the same settings and actions.
    pub fn trace_hash(&self) -> u64 {
        self.trace_hash
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[usize::from(id.0) - 1]
    }

    /// A new event, at the time it is.
    pub(crate) fn begin(&mut self, kind: EventKind) -> Event {
        self.seq = Seq(self.seq.0 + 1);
        Event::new(self.seq, self.now, kind)
    }

    /// An event is complete: it is checked and hashed, and the queue made ready for the next.
    pub(crate) fn finish(&mut self, event: &Event) {
        self.trace_hash = hash::event(self.trace_hash, event);
        self.checkers.observe(event);
        if event.kind == EventKind::Command || event.config.is_some() || is_life(event) {
            self.note_connections(event);
        }
        self.settle();
    }

    /// Takes from the queue's head what is not going to happen after all, or not now, so that its
    /// head is always the next event.
    fn settle(&mut self) {
        while let Some(item) = self.queue.peek() {
            match self.prospect(item) {
                Prospect::Happens => return,
                Prospect::Stale => {
                    self.queue.pop();
                }
                Prospect::WaitsAt(node) => {
                    let item = self.queue.pop();
                    self.node_mut(node).parked.extend(item);
                }
                Prospect::WaitsOnLink => {
                    let item = self.queue.pop();
                    self.clogged.extend(item);
                }
            }
        }
    }

    fn prospect(&self, item: &Item) -> Prospect {
        let happens_if = |valid| if valid { Prospect::Happens } else { Prospect::Stale };
        match item.what {
            What::Tick { node, token } => happens_if(self.node(node).is_tick(token)),
            What::Expire { node, token } => happens_if(self.node(node).is_deadline(token)),
            What::Arrive { slot, token } => match self.network.flight(slot, token) {
                None => Prospect::Stale,
                Some(flight) if flight.is_lost() => Prospect::Happens,
                Some(flight) if self.link(flight.from, flight.to).clogged => Prospect::WaitsOnLink,
                Some(flight) => self.unless_paused(flight.to),
            },
            What::SnapshotArrived { from, .. } | What::SnapshotLost { from, .. } => {
                if self.node(from).is_crashed() {
                    Prospect::Stale
                } else {
                    self.unless_paused(from)
                }
            }
            What::Synced { node, token } | What::Gone { node, token }
                if self.node(node).life == token =>
            {
                self.unless_paused(node)
            }
            What::Cancel { node, token, .. } if self.node(node).life == token => {
                self.unless_paused(node)
            }
            What::Synced { .. } | What::Gone { .. } | What::Cancel { .. } => Prospect::Stale,
            What::Request { call, attempt } => match self.clients.find(call) {
                Some(call) if call.attempt == attempt => match call.node() {
                    Some(node) => self.unless_paused(node),
                    None => Prospect::Stale,
                },
                _ => Prospect::Stale,
            },
            What::Notify { call, attempt }
            | What::Reply { call, attempt }
            | What::HangUp { call, attempt }
            | What::Retry { call, attempt } => happens_if(self.clients.is_at(call, attempt)),
            What::Timeout { call } => happens_if(self.clients.find(call).is_some()),
            What::Wake => Prospect::Happens,
        }
    }

    fn unless_paused(&self, node: NodeId) -> Prospect {
        match self.node(node).condition() {
            crate::node::Condition::Paused => Prospect::WaitsAt(node),
            crate::node::Condition::Running | crate::node::Condition::Crashed => Prospect::Happens,
        }
    }
}

/// Whether a process began or ended.
fn is_life(event: &Event) -> bool {
    event.kind.is_death() || event.kind == EventKind::Restart
}

/// What is to become of an item at the queue's head.
enum Prospect {
    /// It happens next.
    Happens,
    /// Somebody has changed their mind since it was scheduled.
    Stale,
    /// It waits until a paused node goes on.
    WaitsAt(NodeId),
    /// It waits until its link is unclogged.
    WaitsOnLink,
}
