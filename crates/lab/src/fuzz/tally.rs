//! How often each fault really struck: counted from what happened, not from what was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sim::member::raft_core::{Index, MessageKind, NodeId, RoleKind};
use sim::member::{Consistency, LeaseRequest, Request};
use sim::{
    Cluster, ConfigMark, Event, EventKind, HistoryRecord, MessageId, NodeState, Outcome,
    SnapshotKind,
};

macro_rules! strikes {
    ($($name:ident: $label:literal, $counted:literal;)*) => {
        /// Something that a run must have met.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Strike {
            $(#[doc = $counted] $name,)*
        }

        impl Strike {
            /// All of them, in the order of the table.
            pub const ALL: &[Strike] = &[$(Strike::$name,)*];

            /// Its name in the table.
            pub fn label(self) -> &'static str {
                match self { $(Strike::$name => $label,)* }
            }

            /// What is counted.
            pub fn counted(self) -> &'static str {
                match self { $(Strike::$name => $counted,)* }
            }
        }
    };
}

strikes! {
    Loss: "loss", "messages that died by chance on an open link";
    Duplication: "duplication", "copies made by the network that arrived";
    Reordering: "reordering", "messages that arrived after a later one of their link";
    Delay: "delay", "messages that flew for longer than a heartbeat on an open link";
    Symmetric: "symmetric partition", "messages lost to cuts while two groups were apart";
    Asymmetric: "asymmetric partition", "messages lost while several links were cut one way";
    OneWay: "one-way cut", "messages lost while one link was cut one way";
    Bridge: "bridging partition", "messages lost to cuts while all nodes were joined over others";
    ManyWays: "multi-way partition", "messages lost to cuts while three or more groups were apart";
    Clog: "clog", "messages that a clogged link held back";
    Crash: "crash", "processes that died";
    LostTail: "crash, tail lost", "… and lost entries that were not synced";
    TornTail: "crash, tail torn", "… and kept a part of a write";
    Pause: "pause", "processes that were frozen";
    Clock: "clock skew", "ticks of clocks that ran too fast or too slow";
    Transfer: "leadership transfer", "TimeoutNow messages that arrived";
    Compaction: "compaction", "snapshots taken";
    Snapshot: "snapshot installed", "snapshots that replaced a follower's log";
    Drop: "message dropped", "single messages lost by hand";
    Late: "message delayed", "single messages delayed by hand";
    Copy: "message doubled", "single messages doubled by hand";
    Elected: "elections won", "leaders that came to power";
    VoterAdded: "voter added", "configurations with one voter more";
    LearnerAdded: "learner added", "configurations with one learner more";
    Promoted: "learner promoted", "configurations in which a learner became a voter";
    VoterRemoved: "voter removed", "configurations with one voter less";
    LeaderRemoved: "leader removed", "leaders that applied their own removal";
    Joined: "member started", "processes of added members that started for the first time";
    Parted: "removed member ended", "processes that learnt of their removal and ended";
    Put: "put", "acknowledged";
    Delete: "delete", "acknowledged";
    Get: "linearizable get", "answered";
    Stale: "serializable get", "answered";
    MemberAsked: "member …", "answered: add, remove, promote, list";
    Txn: "transaction", "answered";
    Leased: "lease granted", "acknowledged";
    LeaseAsked: "lease …", "answered: revoke, keep-alive, timetolive, list";
    Compacted: "compaction of the store", "acknowledged";
    Watched: "events watched", "changes that watchers were told of";
    WatchResumed: "watch, elsewhere", "watchers that went on at a server after theirs was lost";
    WatchEnded: "watch, compacted", "watchers that were told that compaction had overtaken them";
    Looked: "look at a server", "answered: hashkv, alarm list";
    UnknownWrite: "write, unknown", "writes whose client never learnt their outcome";
    Failed: "call, failed", "calls that failed";
}

impl Strike {
    /// Whether a cluster of so many nodes can meet it at all.
    fn is_possible(self, nodes: u8) -> bool {
        match self {
            Strike::Loss
            | Strike::Duplication
            | Strike::Reordering
            | Strike::Delay
            | Strike::Symmetric
            | Strike::OneWay
            | Strike::Clog
            | Strike::Transfer
            | Strike::Snapshot
            | Strike::Drop
            | Strike::Late
            | Strike::Copy => nodes >= 2,
            Strike::Asymmetric | Strike::Bridge | Strike::ManyWays => nodes >= 3,
            Strike::Crash
            | Strike::LostTail
            | Strike::TornTail
            | Strike::Pause
            | Strike::Clock
            | Strike::Compaction
            | Strike::Elected
            | Strike::VoterAdded
            | Strike::LearnerAdded
            | Strike::Promoted
            | Strike::VoterRemoved
            | Strike::LeaderRemoved
            | Strike::Joined
            | Strike::Parted
            | Strike::MemberAsked
            | Strike::Put
            | Strike::Delete
            | Strike::Get
            | Strike::Stale
            | Strike::Txn
            | Strike::Leased
            | Strike::LeaseAsked
            | Strike::Compacted
            | Strike::Watched
            | Strike::WatchResumed
            | Strike::WatchEnded
            | Strike::Looked
            | Strike::UnknownWrite
            | Strike::Failed => true,
        }
    }
}

/// How often what struck.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Strike, u64>);

impl Tally {
    /// How often this struck.
    pub fn of(&self, strike: Strike) -> u64 {
        self.0.get(&strike).copied().unwrap_or(0)
    }

    /// What never struck, though clusters of so many nodes can meet it.
    pub fn never(&self, nodes: u8) -> Vec<Strike> {
        let possible = Strike::ALL.iter().filter(|strike| strike.is_possible(nodes));
        possible.filter(|strike| self.of(**strike) == 0).copied().collect()
    }

    pub(super) fn add(&mut self, strike: Strike, times: u64) {
        *self.0.entry(strike).or_default() += times;
    }

    pub(super) fn merge(&mut self, other: &Tally) {
        other.0.iter().for_each(|(strike, times)| self.add(*strike, *times));
    }

    /// What clients met.
    pub(super) fn count_calls(&mut self, cluster: &Cluster) {
        let mut requests = BTreeMap::new();
        let mut watching = BTreeSet::new();
        for record in cluster.history().iter() {
            match record {
                HistoryRecord::Call { call, request, .. } => drop(requests.insert(call, request)),
                HistoryRecord::Told { call, response, .. } => {
                    self.add(Strike::Watched, response.events.len() as u64);
                    if response.created && !watching.insert(*call) {
                        self.add(Strike::WatchResumed, 1);
                    }
                }
                HistoryRecord::Return { call, outcome, .. } => {
                    let Some(request) = requests.remove(call) else { continue };
                    self.add(call_strike(request, outcome), 1);
                }
            }
        }
    }
}

fn call_strike(request: &Request, outcome: &Outcome) -> Strike {
    match (outcome, request) {
        (Outcome::Failed(_), _) => Strike::Failed,
        (Outcome::Unknown(_), _) => Strike::UnknownWrite,
        (Outcome::Ok { .. }, Request::Put(_)) => Strike::Put,
        (Outcome::Ok { .. }, Request::DeleteRange(_)) => Strike::Delete,
        (Outcome::Ok { .. }, Request::Range { consistency, .. }) => match consistency {
            Consistency::Linearizable => Strike::Get,
            Consistency::Serializable => Strike::Stale,
        },
        (Outcome::Ok { .. }, Request::Txn(_)) => Strike::Txn,
        (Outcome::Ok { .. }, Request::Lease(LeaseRequest::Grant(_))) => Strike::Leased,
        (Outcome::Ok { .. }, Request::Lease(_)) => Strike::LeaseAsked,
        (Outcome::Ok { .. }, Request::Compact(_)) => Strike::Compacted,
        (Outcome::Ok { .. }, Request::Watch { .. }) => Strike::WatchEnded,
        (Outcome::Ok { .. }, Request::Maintenance(_)) => Strike::Looked,
        (Outcome::Ok { .. }, Request::Member(_)) => Strike::MemberAsked,
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for strike in Strike::ALL {
            let (label, times, counted) = (strike.label(), self.of(*strike), strike.counted());
            writeln!(f, "{label:<22}{times:>12}  {counted}")?;
        }
        Ok(())
    }
}

/// Follows a run, event by event.
pub(super) struct Watch {
    pub(super) tally: Tally,
    heartbeat_micros: u64,
    nodes: Vec<NodeState>,
    flying: BTreeMap<MessageId, Flying>,
    /// The newest message that has arrived on each link.
    newest: BTreeMap<(NodeId, NodeId), MessageId>,
    skewed: BTreeSet<NodeId>,
    cut: Option<Strike>,
    /// The newest configuration, and what its teller had applied.
    config: (Index, ConfigMark),
    held: BTreeSet<MessageId>,
}

/// A message on its way.
struct Flying {
    from: NodeId,
    to: NodeId,
    kind: MessageKind,
    sent_at: u64,
    is_copy: bool,
}

impl Watch {
    pub(super) fn new(cluster: &Cluster) -> Watch {
        let first = cluster.start_event().config.map(|config| *config).unwrap_or_default();
        Watch {
            tally: Tally::default(),
            heartbeat_micros: cluster.settings().heartbeat.0,
            nodes: cluster.nodes().map(|node| *node.state()).collect(),
            flying: BTreeMap::new(),
            newest: BTreeMap::new(),
            skewed: BTreeSet::new(),
            cut: None,
            config: (Index(0), first),
            held: BTreeSet::new(),
        }
    }

    /// Something happened.
    pub(super) fn observe(&mut self, event: &Event) {
        for sent in &event.sent {
            let from = event.node.unwrap_or(NodeId(0));
            let is_copy = sent.copy_of.is_some();
            let flying = match sent.copy_of.and_then(|original| self.flying.get(&original)) {
                Some(original) => Flying { is_copy, ..*original },
                None => Flying { from, to: sent.to, kind: sent.kind, sent_at: event.at.0, is_copy },
            };
            self.flying.insert(sent.id, flying);
        }
        for id in &event.dropped {
            self.lost(*id, event);
        }
        if let Some(flying) = event.delivered.and_then(|id| self.flying.remove(&id)) {
            self.arrived(event, &flying);
        }
        self.process(event);
        if let (Some(node), Some(state)) = (event.node, event.state) {
            self.nodes[usize::from(node.0) - 1] = state;
        }
    }

    fn lost(&mut self, id: MessageId, event: &Event) {
        let Some(flying) = self.flying.remove(&id) else { return };
        let receiver = self.nodes.get(usize::from(flying.to.0) - 1);
        let is_up = receiver.is_some_and(|node| node.role.is_some());
        match event.kind {
            // It arrived where nobody listens, or died by chance.
            EventKind::Lose if is_up => self.tally.add(Strike::Loss, 1),
            EventKind::Lose => {}
            // Whatever is lost otherwise, a cut has taken; or a hand, see `told`.
            _ => {
                if let Some(strike) = self.cut {
                    self.tally.add(strike, 1);
                }
            }
        }
    }

    fn arrived(&mut self, event: &Event, flying: &Flying) {
        let Some(id) = event.delivered else { return };
        let link = (flying.from, flying.to);
        let newest = self.newest.entry(link).or_insert(id);
        if *newest > id && !flying.is_copy {
            self.tally.add(Strike::Reordering, 1);
        }
        *newest = (*newest).max(id);
        if flying.is_copy {
            self.tally.add(Strike::Duplication, 1);
        }
        if flying.kind == MessageKind::TimeoutNow {
            self.tally.add(Strike::Transfer, 1);
        }
        let flew = event.at.0 - flying.sent_at;
        if flew > self.heartbeat_micros && !self.held.remove(&id) {
            self.tally.add(Strike::Delay, 1);
        }
    }

    /// The cluster's configuration changed for the first time in this way.
    fn configured(&mut self, config: &ConfigMark, node: NodeId, state: &NodeState) {
        if state.role == Some(RoleKind::Leader) && !config.voters.contains(&node) {
            self.tally.add(Strike::LeaderRemoved, 1);
        }
        let (newest, before) = &self.config;
        if state.applied <= *newest {
            return;
        }
        let strike = if config.voters.len() > before.voters.len() {
            let was_learner = |node: &NodeId| before.learners.contains(node);
            let promoted = config.voters.iter().any(was_learner);
            if promoted { Strike::Promoted } else { Strike::VoterAdded }
        } else if config.voters.len() < before.voters.len() {
            Strike::VoterRemoved
        } else {
            Strike::LearnerAdded
        };
        if strike != Strike::LearnerAdded || config.learners.len() > before.learners.len() {
            self.tally.add(strike, 1);
        }
        self.config = (state.applied, config.clone());
    }

    /// What happened to a process.
    fn process(&mut self, event: &Event) {
        let (Some(node), Some(state)) = (event.node, &event.state) else { return };
        let before = match self.nodes.get(usize::from(node.0) - 1) {
            Some(before) => *before,
            None => {
                // Nodes come one by one, but the first of several may never be started.
                self.nodes.resize(usize::from(node.0), NodeState { role: None, ..*state });
                self.tally.add(Strike::Joined, 1);
                *state
            }
        };
        if let Some(config) = &event.config {
            self.configured(config, node, state);
        }
        match event.kind {
            EventKind::Stop => self.tally.add(Strike::Parted, 1),
            EventKind::Crash | EventKind::Tear => {
                self.tally.add(Strike::Crash, 1);
                let lost = event.truncated_from.is_some() && state.last_index < before.last_index;
                if lost {
                    self.tally.add(Strike::LostTail, 1);
                }
                if lost && event.kind == EventKind::Tear && !event.appended.is_empty() {
                    self.tally.add(Strike::TornTail, 1);
                }
            }
            EventKind::Pause => self.tally.add(Strike::Pause, 1),
            EventKind::Tick if self.skewed.contains(&node) => self.tally.add(Strike::Clock, 1),
            _ => {}
        }
        match event.snapshot.filter(|_| !event.kind.is_death()).map(|snapshot| snapshot.kind) {
            Some(SnapshotKind::Taken) => self.tally.add(Strike::Compaction, 1),
            Some(SnapshotKind::Installed) => self.tally.add(Strike::Snapshot, 1),
            None => {}
        }
        let leads = |state: &NodeState| state.role == Some(RoleKind::Leader);
        if leads(state) && (!leads(&before) || before.term != state.term) {
            self.tally.add(Strike::Elected, 1);
        }
    }

    /// A line is about to be issued: what waits behind clogged links is looked at before it goes on.
    pub(super) fn before_line(&mut self, cluster: &Cluster) {
        for flight in cluster.flights() {
            let clogged = cluster.link(flight.from, flight.to).clogged;
            if clogged && flight.ends_at < cluster.now() && self.held.insert(flight.id) {
                self.tally.add(Strike::Clog, 1);
            }
        }
    }

    /// A line was issued, and brought these events about.
    pub(super) fn after_line(&mut self, line: &str, events: &[&Event], cluster: &Cluster) {
        let by_hand = |events: &[&Event]| events.iter().any(|e| e.kind == EventKind::Command);
        match line.split(' ').next() {
            Some("drop") if by_hand(events) => self.tally.add(Strike::Drop, 1),
            Some("delay") if by_hand(events) => self.tally.add(Strike::Late, 1),
            Some("duplicate") if by_hand(events) && !line.ends_with('%') => {
                self.tally.add(Strike::Copy, 1);
            }
            _ => {}
        }
        self.skewed = cluster
            .nodes()
            .filter(|node| node.clock_rate_ppm() != sim::TRUE_RATE_PPM)
            .map(sim::Node::id)
            .collect();
        self.cut = cut(cluster);
    }
}

/// What sort of partition the cuts make.
fn cut(cluster: &Cluster) -> Option<Strike> {
    let is_cut = |from: NodeId, to: NodeId| cluster.link(from, to).cut;
    let cuts: Vec<_> = cluster.links().filter(|link| link.cut).collect();
    if cuts.is_empty() {
        return None;
    }
    let one_way = cuts.iter().filter(|link| !is_cut(link.to, link.from)).count();
    match one_way {
        0 => {}
        1 => return Some(Strike::OneWay),
        _ => return Some(Strike::Asymmetric),
    }
    let mut group: BTreeMap<NodeId, NodeId> = cluster.nodes().map(|n| (n.id(), n.id())).collect();
    for link in cluster.links().filter(|link| !link.cut) {
        let (one, other) = (group[&link.from], group[&link.to]);
        group.values_mut().filter(|g| **g == other).for_each(|g| *g = one);
    }
    let groups: BTreeSet<&NodeId> = group.values().collect();
    Some(match groups.len() {
        0 | 1 => Strike::Bridge,
        2 => Strike::Symmetric,
        _ => Strike::ManyWays,
    })
}
