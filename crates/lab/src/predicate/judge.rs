//! Judges a predicate, event by event.

use serde::{Deserialize, Serialize};
use sim::member::Request;
use sim::member::kv_core::{Bytes, RangeRequest, RangeResponse};
use sim::member::raft_core::{MessageKind, NodeId, RoleKind};
use sim::{CallId, Cluster, Condition, Event, EventKind, HistoryRecord, Node, Outcome};

use super::{
    Atom, Caller, Comparison, Equality, Fate, KeyState, Place, Predicate, Quantity, RoleName,
};
use crate::script::{Link, NodeRef, Ways};

/// Watches a run for one predicate and remembers what it must.
///
/// - [`Judge::observe`] is called once for each event, with the cluster as it is after it.
/// - What [`Predicate::needs_history`] is true of is judged from the first event observed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judge {
    root: Watch,
    calls: Calls,
}

/// A predicate with what it remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Watch {
    State(Atom),
    /// Something that takes no time.
    Once {
        atom: Atom,
        seen: bool,
    },
    Not(Box<Watch>),
    And(Box<Watch>, Box<Watch>),
    Or(Box<Watch>, Box<Watch>),
    SinceStart {
        inner: Box<Watch>,
        seen: bool,
    },
    While {
        left: Box<Watch>,
        right: Box<Watch>,
        seen: bool,
    },
    Then {
        left: Box<Watch>,
        right: Box<Watch>,
        left_seen: bool,
        seen: bool,
    },
}

impl Judge {
    /// A judge that has seen nothing yet.
    pub fn new(predicate: &Predicate) -> Judge {
        let mut calls = Calls::default();
        let root = Watch::new(predicate, &mut calls);
        Judge { root, calls }
    }

    /// Takes note of an event; `cluster` is as it is after it.
    pub fn observe(&mut self, cluster: &Cluster, event: &Event) {
        let ended = self.calls.catch_up(cluster, Some(event));
        let moment = Moment { cluster, event, calls: &self.calls, ended: &ended };
        self.root.observe(&moment);
    }

    /// Whether the predicate holds now.
    pub fn holds(&self, cluster: &Cluster) -> bool {
        if self.calls.is_behind(cluster) {
            let mut calls = self.calls.clone();
            calls.catch_up(cluster, None);
            self.root.holds(cluster, &calls)
        } else {
            self.root.holds(cluster, &self.calls)
        }
    }
}

/// An event and everything that can be asked about it.
struct Moment<'a> {
    cluster: &'a Cluster,
    event: &'a Event,
    calls: &'a Calls,
    /// Callers (by their place in `calls`) whose call ended at this event, and how.
    ended: &'a [(u32, Fate)],
}

impl Watch {
    fn new(predicate: &Predicate, calls: &mut Calls) -> Watch {
        let mut inner = |predicate: &Predicate| Box::new(Watch::new(predicate, calls));
        match predicate {
            Predicate::Atom(atom @ (Atom::SnapshotSent(_) | Atom::WatchFired)) => {
                Watch::Once { atom: atom.clone(), seen: false }
            }
            Predicate::Atom(atom) => {
                if let Atom::Call { caller, .. } = atom {
                    calls.add(caller);
                }
                Watch::State(atom.clone())
            }
            Predicate::Not(predicate) => Watch::Not(inner(predicate)),
            Predicate::And(left, right) => Watch::And(inner(left), inner(right)),
            Predicate::Or(left, right) => Watch::Or(inner(left), inner(right)),
            Predicate::SinceStart(predicate) => {
                Watch::SinceStart { inner: inner(predicate), seen: false }
            }
            Predicate::While(left, right) => {
                Watch::While { left: inner(left), right: inner(right), seen: false }
            }
            Predicate::Then(left, right) => {
                let (left, right) = (inner(left), inner(right));
                Watch::Then { left, right, left_seen: false, seen: false }
            }
        }
    }

    /// Whether it happens at this event. Every part is asked, so that every part remembers.
    fn observe(&mut self, moment: &Moment<'_>) -> bool {
        match self {
            Watch::State(Atom::Call { caller, fate }) => match fate {
                Fate::Waiting => moment.calls.stand(caller, *fate),
                Fate::Ok | Fate::Failed | Fate::Unknown => {
                    let place = moment.calls.place(caller);
                    moment.ended.iter().any(|ended| Some(ended.0) == place && ended.1 == *fate)
                }
            },
            Watch::State(atom) => atom.holds(moment.cluster),
            Watch::Once { atom, seen } => {
                let happens = atom.happens_once(moment.cluster, moment.event);
                *seen |= happens;
                happens
            }
            Watch::Not(inner) => !inner.observe(moment),
            Watch::And(left, right) => left.observe(moment) & right.observe(moment),
            Watch::Or(left, right) => left.observe(moment) | right.observe(moment),
            Watch::SinceStart { inner, seen } => {
                *seen |= inner.observe(moment);
                *seen
            }
            Watch::While { left, right, seen } => {
                right.observe(moment);
                let happens = left.observe(moment) & right.holds(moment.cluster, moment.calls);
                *seen |= happens;
                happens
            }
            Watch::Then { left, right, left_seen, seen } => {
                let happens = right.observe(moment) & *left_seen;
                *left_seen |= left.observe(moment);
                *seen |= happens;
                happens
            }
        }
    }

    fn holds(&self, cluster: &Cluster, calls: &Calls) -> bool {
        match self {
            Watch::State(Atom::Call { caller, fate }) => calls.stand(caller, *fate),
            Watch::State(atom) => atom.holds(cluster),
            Watch::Not(inner) => !inner.holds(cluster, calls),
            Watch::And(left, right) => left.holds(cluster, calls) && right.holds(cluster, calls),
            Watch::Or(left, right) => left.holds(cluster, calls) || right.holds(cluster, calls),
            Watch::Once { seen, .. }
            | Watch::SinceStart { seen, .. }
            | Watch::While { seen, .. }
            | Watch::Then { seen, .. } => *seen,
        }
    }
}

/// How the calls stand that the predicate asks about. Follows the cluster's history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Calls {
    /// Records of the history that were read.
    read: u64,
    /// Whose calls, and how the one stands that was begun last.
    callers: Vec<(Caller, Option<(CallId, Fate)>)>,
    /// Calls that have not ended, with the places of their callers.
    open: Vec<(CallId, Vec<u32>)>,
}

impl Calls {
    fn add(&mut self, caller: &Caller) {
        if self.place(caller).is_none() {
            self.callers.push((caller.clone(), None));
        }
    }

    fn place(&self, caller: &Caller) -> Option<u32> {
        let place = self.callers.iter().position(|(known, _)| known == caller)?;
        u32::try_from(place).ok()
    }

    /// Whether the caller's latest call stands so.
    fn stand(&self, caller: &Caller, fate: Fate) -> bool {
        let known = self.callers.iter().find(|(known, _)| known == caller);
        known.and_then(|(_, latest)| *latest).is_some_and(|(_, latest)| latest == fate)
    }

    fn is_behind(&self, cluster: &Cluster) -> bool {
        !self.callers.is_empty() && self.unread(cluster) > 0
    }

    fn unread(&self, cluster: &Cluster) -> u64 {
        let length = u64::try_from(cluster.history().len()).unwrap_or(u64::MAX);
        length.saturating_sub(self.read)
    }

    /// Reads what is new in the history. Gives whose calls ended at `event`, and how.
    fn catch_up(&mut self, cluster: &Cluster, event: Option<&Event>) -> Vec<(u32, Fate)> {
        let mut ended = Vec::new();
        if !self.is_behind(cluster) {
            return ended;
        }
        let returned = event.filter(|event| event.kind == EventKind::Return);
        let returned = returned.and_then(|event| event.call);
        let start = usize::try_from(self.read).unwrap_or(usize::MAX);
        for record in cluster.history().since(start) {
            self.read += 1;
            match record {
                HistoryRecord::Call { call, client, request, .. } => {
                    self.begin(*call, &client.0, request);
                }
                HistoryRecord::Told { .. } => {}
                HistoryRecord::Return { call, outcome, .. } => {
                    let fate = fate_of(outcome);
                    for place in self.end(*call, fate) {
                        if returned == Some(*call) {
                            ended.push((place, fate));
                        }
                    }
                }
            }
        }
        ended
    }

    fn begin(&mut self, call: CallId, client: &str, request: &Request) {
        let writes = request.is_write();
        let mut places = Vec::new();
        for (place, (caller, latest)) in (0..).zip(&mut self.callers) {
            let is_theirs = match caller {
                Caller::Client(name) => name.as_str() == client,
                Caller::AnyWrite => writes,
                Caller::AnyRead => !writes,
            };
            if is_theirs {
                *latest = Some((call, Fate::Waiting));
                places.push(place);
            }
        }
        if !places.is_empty() {
            self.open.push((call, places));
        }
    }

    /// Notes how a call ended; gives the places of its callers.
    fn end(&mut self, call: CallId, fate: Fate) -> Vec<u32> {
        for (_, latest) in &mut self.callers {
            if let Some((id, stands)) = latest
                && *id == call
            {
                *stands = fate;
            }
        }
        match self.open.iter().position(|(open, _)| *open == call) {
            Some(place) => self.open.remove(place).1,
            None => Vec::new(),
        }
    }
}

fn fate_of(outcome: &Outcome) -> Fate {
    match outcome {
        Outcome::Ok { .. } => Fate::Ok,
        Outcome::Failed(_) => Fate::Failed,
        Outcome::Unknown(_) => Fate::Unknown,
    }
}

impl Atom {
    /// For what takes no time: whether this event is it.
    fn happens_once(&self, cluster: &Cluster, event: &Event) -> bool {
        match self {
            Atom::SnapshotSent(node) => {
                let to = resolve(*node, cluster);
                let is_it = |sent: &sim::Sent| {
                    sent.kind == MessageKind::InstallSnapshot && Some(sent.to) == to
                };
                event.sent.iter().any(is_it)
            }
            _ => false,
        }
    }

    /// Whether it holds now, for what can be seen on the cluster alone.
    fn holds(&self, cluster: &Cluster) -> bool {
        let on = |node: &NodeRef| resolve(*node, cluster).map(|id| cluster.node(id));
        let is =
            |node: &NodeRef, condition| on(node).is_some_and(|node| node.condition() == condition);
        match self {
            Atom::Leader => cluster.leader().is_some(),
            Atom::LeaderIs(node) => {
                cluster.leader().is_some() && cluster.leader() == resolve(*node, cluster)
            }
            Atom::NoLeader => cluster.leader().is_none(),
            Atom::Role { node, is, role } => on(node).is_some_and(|node| {
                let equal = node.state().role == Some(role_kind(*role));
                match is {
                    Equality::Equal => equal,
                    Equality::NotEqual => !equal,
                }
            }),
            Atom::Number { quantity, comparison, number } => {
                measure(*quantity, cluster).is_some_and(|found| comparison.holds(&found, number))
            }
            Atom::Time { comparison, time } => comparison.holds(&cluster.now(), time),
            Atom::Key { key, value, place } => key_holds(key, value, *place, cluster),
            Atom::Running(node) => is(node, Condition::Running),
            Atom::Crashed(node) => is(node, Condition::Crashed),
            Atom::Paused(node) => is(node, Condition::Paused),
            Atom::Cut(link) => link_holds(link, cluster, |link| link.cut),
            Atom::Clogged(link) => link_holds(link, cluster, |link| link.clogged),
            Atom::Isolated(node) => resolve(*node, cluster).is_some_and(|id| {
                let mut own = cluster.links().filter(|link| link.from == id || link.to == id);
                cluster.node_count() > 1 && own.all(|link| link.cut)
            }),
            Atom::Voter(node) => {
                resolve(*node, cluster).is_some_and(|node| cluster.configuration().is_voter(node))
            }
            Atom::Learner(node) => {
                resolve(*node, cluster).is_some_and(|node| cluster.configuration().is_learner(node))
            }
            Atom::Partitioned => is_partitioned(cluster),
            Atom::Agreed => is_agreed(cluster),
            Atom::QuorumLost => is_quorum_lost(cluster),
            Atom::Violated(property) => cluster.violation().is_some_and(|violation| {
                property.is_none_or(|property| violation.property == property)
            }),
            Atom::Modified => cluster.is_modified(),
            // These have a memory: see `Watch`.
            Atom::Call { .. } | Atom::SnapshotSent(_) | Atom::WatchFired => false,
        }
    }
}

/// The node that is meant, if there is one now.
fn resolve(node: NodeRef, cluster: &Cluster) -> Option<NodeId> {
    match node {
        NodeRef::Node(id) => (1..=cluster.node_count()).contains(&id.0).then_some(id),
        NodeRef::Leader => cluster.leader(),
        NodeRef::Follower => cluster.follower(),
    }
}

fn role_kind(role: RoleName) -> RoleKind {
    match role {
        RoleName::Follower => RoleKind::Follower,
        RoleName::PreCandidate => RoleKind::PreCandidate,
        RoleName::Candidate => RoleKind::Candidate,
        RoleName::Leader => RoleKind::Leader,
    }
}

impl Comparison {
    pub(crate) fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }
}

/// The number in question; none if it is about a node that is not there, or a store that is down.
fn measure(quantity: Quantity, cluster: &Cluster) -> Option<u64> {
    let state = |node| resolve(node, cluster).map(|id| cluster.node(id).state());
    let count = |counts: fn(&Node) -> bool| {
        u64::try_from(cluster.members().filter(|node| counts(node)).count()).ok()
    };
    match quantity {
        Quantity::HighestTerm => cluster.nodes().map(|node| node.state().term.0).max(),
        Quantity::Term(node) => Some(state(node)?.term.0),
        Quantity::Commit(node) => Some(state(node)?.commit.0),
        Quantity::Applied(node) => Some(state(node)?.applied.0),
        Quantity::Log(node) => Some(state(node)?.last_index.0),
        Quantity::Durable(node) => Some(state(node)?.durable.0),
        Quantity::Revision(node) => {
            let member = cluster.node(resolve(node, cluster)?).member()?;
            u64::try_from(member.store().revision().0).ok()
        }
        Quantity::Leaders => {
            let leads = |node: &Node| node.state().role == Some(RoleKind::Leader);
            let leaders = cluster.nodes().filter(|node| node.is_running() && leads(node));
            u64::try_from(leaders.count()).ok()
        }
        Quantity::Down => count(Node::is_crashed),
        Quantity::Nodes => count(|_| true),
        Quantity::Voters => u64::try_from(cluster.configuration().all_voters().len()).ok(),
        Quantity::Event => Some(cluster.seq().0),
    }
}

fn key_holds(key: &str, value: &KeyState, place: Place, cluster: &Cluster) -> bool {
    let request = RangeRequest::key(key);
    let holds = |node: &Node| {
        // A node that is down has no store: nothing can be said about its keys.
        let Some(member) = node.member() else { return false };
        match member.store().range(&request) {
            Ok(response) => value_holds(&response, value),
            Err(_) => false,
        }
    };
    match place {
        Place::AllNodes => cluster.members().all(holds),
        Place::Node(node) => resolve(node, cluster).is_some_and(|id| holds(cluster.node(id))),
        Place::AtLeast(least) => {
            cluster.members().filter(|node| holds(node)).count() >= usize::from(least)
        }
    }
}

fn value_holds(response: &RangeResponse, state: &KeyState) -> bool {
    let found = response.kvs.first().map(|pair| &pair.value);
    match state {
        KeyState::Is(value) => found == Some(&Bytes::from(value.as_str())),
        KeyState::IsNot(value) => found != Some(&Bytes::from(value.as_str())),
        KeyState::Missing => found.is_none(),
    }
}

fn link_holds(link: &Link, cluster: &Cluster, is: fn(&sim::Link) -> bool) -> bool {
    let (Some(from), Some(to)) = (resolve(link.from, cluster), resolve(link.to, cluster)) else {
        return false;
    };
    if from == to {
        return false;
    }
    match link.ways {
        Ways::OneWay => is(cluster.link(from, to)),
        Ways::Both => is(cluster.link(from, to)) && is(cluster.link(to, from)),
    }
}

/// Whether cuts leave two nodes that no way over links open in both directions joins.
fn is_partitioned(cluster: &Cluster) -> bool {
    let nodes: Vec<NodeId> = cluster.members().map(Node::id).collect();
    let mut reached: Vec<NodeId> = nodes.first().copied().into_iter().collect();
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        for to in &nodes {
            let joined = || !cluster.link(from, *to).cut && !cluster.link(*to, from).cut;
            if !reached.contains(to) && joined() {
                reached.push(*to);
            }
        }
        next += 1;
    }
    reached.len() < nodes.len()
}

/// Whether all nodes are up and hold the same. That logs with the same last entry are equal is what
/// the safety checkers see to.
fn is_agreed(cluster: &Cluster) -> bool {
    let mut held = cluster.members().map(|node| {
        let store = node.member()?.store();
        let state = node.state();
        let whole = state.commit == state.last_index && state.applied == state.last_index;
        whole.then(|| (state.last_index, state.last_term, store.hash()))
    });
    let first = held.next().flatten();
    first.is_some() && held.all(|other| other == first)
}

/// Whether no running voter reaches a majority of the configured voters.
fn is_quorum_lost(cluster: &Cluster) -> bool {
    !cluster.nodes().any(|node| {
        let is_voter =
            |member: &sim::member::Member| member.raft().configuration().is_voter(node.id());
        node.is_running()
            && node.member().is_some_and(is_voter)
            && cluster.reaches_quorum(node.id())
    })
}
