//! What Raft promises, looked at from outside after every step of a scenario. Shares no code with
//! the protocol: it sees servers and disks as a picture of them would.

use std::collections::BTreeMap;
use std::fmt;

use raft_core::{Entry, Index, NodeId, Raft, ReadContext, RoleKind, Term};

use crate::cluster::Node;

/// What can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    /// At most one leader in a term (Raft Figure 3, Election Safety).
    OneLeaderATerm,
    /// A server's term never falls (Raft §5.1).
    TermNeverGoesBack,
    /// A leader never deletes or replaces its own entries (Raft Figure 3, Leader Append-Only).
    LeaderAppendOnly,
    /// Two logs with the same entry in one place are equal up to there (Raft Figure 3).
    LogMatching,
    /// A new leader holds every committed entry (Raft Figure 3, Leader Completeness).
    LeaderCompleteness,
    /// No two servers commit or apply different entries at one index (Raft Figure 3, State
    /// Machine Safety).
    StateMachineSafety,
    /// A server's commit index never falls, nor passes its log (Raft Figure 2).
    CommitNeverGoesBack,
    /// What is committed is on the disks of a majority (Raft Figure 2, §5.3).
    CommittedIsDurable,
    /// A read sees every entry that was committed before it was asked (Raft §8).
    FreshReads,
    /// The leader's next index is above its match index (Raft Figure 2).
    NextAboveMatch,
    /// The cluster serves, or goes on serving, within a stated time (Raft §5.6).
    Liveness,
}

/// A promise that broke.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) property: Property,
    pub(crate) what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.property, self.what)
    }
}

/// What was ever seen, to compare with, and what did not agree with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checker {
    leaders: BTreeMap<Term, NodeId>,
    /// Entry by entry, from index 1, what some server took for committed.
    committed: Vec<Entry>,
    /// Per server: term, and how far its commit index was compared.
    seen: BTreeMap<NodeId, (Term, Index)>,
    /// The leader's log as it was last seen: its last entry.
    led: BTreeMap<(Term, NodeId), (Index, Term)>,
    /// How much was committed when a read was asked.
    asked: BTreeMap<ReadContext, Index>,
    /// Of each property the first breach.
    broken: Vec<Broken>,
}

impl Checker {
    /// What broke, the first thing first.
    pub(crate) fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// How many entries are known to be committed.
    pub(crate) fn committed(&self) -> u64 {
        self.committed.len() as u64
    }

    /// A read is asked now.
    pub(crate) fn read_asked(&mut self, context: ReadContext) {
        self.asked.insert(context, Index(self.committed()));
    }

    /// A crash may forget what was not on disk yet, which nobody has heard of.
    pub(crate) fn restarted(&mut self, id: NodeId) {
        self.seen.remove(&id);
        self.led.retain(|(_, leader), _| *leader != id);
    }

    /// Notes what a scenario itself has found.
    pub(crate) fn report(&mut self, property: Property, what: String) {
        if self.broken.iter().all(|broken| broken.property != property) {
            self.broken.push(Broken { property, what });
        }
    }

    /// Looks at one server, which has just done something.
    pub(crate) fn look(&mut self, id: NodeId, nodes: &BTreeMap<NodeId, Node>) {
        let node = &nodes[&id];
        if let Some(raft) = &node.raft {
            self.look_at_leadership(id, raft);
            self.look_at_commit(id, raft, nodes);
            self.look_at_applied(id, node);
        }
    }

    /// Compares all logs, each with the next: too much to do after every step.
    pub(crate) fn compare_logs(&mut self, nodes: &BTreeMap<NodeId, Node>) {
        let logs: Vec<_> = nodes.values().filter_map(|node| node.raft.as_ref()).collect();
        for pair in logs.windows(2) {
            let (one, other) = (pair[0].log(), pair[1].log());
            let first = one.first_index().max(other.first_index());
            let last = one.last_index().min(other.last_index());
            let meet = |index: &Index| one.term(*index) == other.term(*index);
            let mut indexes = (first.0..=last.0).rev().map(Index).skip_while(|index| !meet(index));
            if let Some(index) = indexes.find(|index| one.get(*index) != other.get(*index)) {
                let what = format!("{} and {} differ at {index}", pair[0].id(), pair[1].id());
                self.report(Property::LogMatching, what);
            }
        }
    }

    fn look_at_leadership(&mut self, id: NodeId, raft: &Raft) {
        let (term, _) = self.seen.get(&id).copied().unwrap_or_default();
        if raft.term() < term {
            let what = format!("{id} went back from term {term} to {}", raft.term());
            self.report(Property::TermNeverGoesBack, what);
        }
        if raft.role_kind() != RoleKind::Leader {
            return;
        }
        let is_new = !self.leaders.contains_key(&raft.term());
        let leader = *self.leaders.entry(raft.term()).or_insert(id);
        if leader != id {
            let what = format!("{leader} and {id} both lead term {}", raft.term());
            self.report(Property::OneLeaderATerm, what);
        }
        let (last, last_term) = self.led.get(&(raft.term(), id)).copied().unwrap_or_default();
        let held = raft.log().term(last);
        if raft.last_index() < last || held.is_some_and(|held| held != last_term) {
            self.report(Property::LeaderAppendOnly, format!("leader {id} has lost entry {last}"));
        }
        self.led.insert((raft.term(), id), (raft.last_index(), raft.last_term()));
        let is_lacking = |entry: &&Entry| {
            let held = raft.log().term(entry.index);
            entry.index >= raft.log().first_index() && held != Some(entry.term)
        };
        if is_new && let Some(entry) = self.committed.iter().find(is_lacking) {
            let what = format!("leader {id} lacks committed entry {}", entry.index);
            self.report(Property::LeaderCompleteness, what);
        }
        if let Some((of, _)) = raft.progress().find(|(_, of)| of.next_index <= of.match_index) {
            self.report(Property::NextAboveMatch, format!("{id} knows {of} beyond its next index"));
        }
    }

    fn look_at_commit(&mut self, id: NodeId, raft: &Raft, nodes: &BTreeMap<NodeId, Node>) {
        let (_, compared) = self.seen.get(&id).copied().unwrap_or_default();
        self.seen.insert(id, (raft.term(), raft.commit()));
        if raft.commit() < compared {
            let what = format!("commit index of {id} went back to {}", raft.commit());
            self.report(Property::CommitNeverGoesBack, what);
        }
        for index in (compared.0 + 1..=raft.commit().0).map(Index) {
            let place = index.0 as usize - 1;
            match (raft.log().get(index), self.committed.get(place)) {
                (Some(entry), Some(known)) if entry != known => {
                    let what = format!("{id} commits something else at {index}");
                    self.report(Property::StateMachineSafety, what);
                }
                (Some(_), None) if self.committed.len() != place => {
                    let what = format!("{id} commits {index} after a hole");
                    self.report(Property::StateMachineSafety, what);
                }
                (Some(entry), None) => {
                    self.committed.push(entry.clone());
                    let (holders, voters) = holders(entry, raft, nodes);
                    if 2 * holders <= voters {
                        let what = format!("{index} is committed but on {holders} disks only");
                        self.report(Property::CommittedIsDurable, what);
                    }
                }
                (None, None) => {
                    let what = format!("{id} commits {index} without holding it");
                    self.report(Property::CommitNeverGoesBack, what);
                }
                (_, Some(_)) => {}
            }
        }
    }

    fn look_at_applied(&mut self, id: NodeId, node: &Node) {
        let newest = node.applied.len().saturating_sub(64);
        for entry in &node.applied[newest..] {
            if self.committed.get(entry.index.0 as usize - 1) != Some(entry) {
                let what = format!("{id} applied something else at {}", entry.index);
                self.report(Property::StateMachineSafety, what);
            }
        }
        for read in &node.reads {
            if self.asked.get(&read.context).is_some_and(|asked| read.index < *asked) {
                let what = format!("{id} answers read {} too early", read.context.number);
                self.report(Property::FreshReads, what);
            }
        }
    }
}

/// On how many voters' disks an entry is, and how many voters there are.
fn holders(entry: &Entry, raft: &Raft, nodes: &BTreeMap<NodeId, Node>) -> (usize, usize) {
    let is_on_disk = |id: &NodeId| {
        let Some(node) = nodes.get(id) else { return false };
        let in_snapshot = node.stored.snapshot.as_ref().is_some_and(|s| s.index >= entry.index);
        in_snapshot || node.stored.log.iter().any(|stored| stored == entry)
    };
    let voters = raft.configuration().voters;
    (voters.iter().filter(is_on_disk).count(), voters.len())
}
