//! Predicates, judged by asking the servers.
//!
//! What nobody could see there was refused before the run (`fit`); here it is false.

use sim::Condition;
use sim::member::raft_core::NodeId;

use super::ask;
use super::cluster::{Cluster, Look};
use crate::predicate::{Atom, Equality, KeyState, Place, Predicate, Quantity, RoleName};
use crate::script::NodeRef;

/// Whether the predicate holds now.
pub(super) fn holds(predicate: &Predicate, cluster: &mut Cluster) -> bool {
    let look = cluster.look();
    Scene { cluster, look: &look }.holds(predicate)
}

/// The cluster, and what was seen of it at one moment.
struct Scene<'a> {
    cluster: &'a mut Cluster,
    look: &'a Look,
}

impl Scene<'_> {
    fn holds(&mut self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Atom(atom) => self.atom_holds(atom),
            Predicate::Not(inner) => !self.holds(inner),
            Predicate::And(left, right) => self.holds(left) && self.holds(right),
            Predicate::Or(left, right) => self.holds(left) || self.holds(right),
            Predicate::SinceStart(_) | Predicate::While(..) | Predicate::Then(..) => false,
        }
    }

    fn atom_holds(&mut self, atom: &Atom) -> bool {
        match atom {
            Atom::Leader => self.leader().is_some(),
            Atom::LeaderIs(node) => {
                let leader = self.leader();
                leader.is_some() && leader == self.resolve(*node)
            }
            Atom::NoLeader => self.leader().is_none(),
            Atom::Role { node, is, role } => self.role_holds(*node, *is, *role),
            Atom::Number { quantity, comparison, number } => {
                let measured = self.measure(*quantity);
                measured.is_some_and(|found| comparison.holds(&found, number))
            }
            Atom::Time { comparison, time } => {
                let micros = self.cluster.began.elapsed().as_micros();
                comparison.holds(&micros, &u128::from(time.0))
            }
            Atom::Key { key, value, place } => self.key_holds(key, value, *place),
            Atom::Running(node) => self.is(*node, Condition::Running),
            Atom::Crashed(node) => self.is(*node, Condition::Crashed),
            Atom::Paused(node) => self.is(*node, Condition::Paused),
            Atom::Voter(node) => self.is_member(*node, false),
            Atom::Learner(node) => self.is_member(*node, true),
            Atom::Agreed => self.agreed(),
            Atom::QuorumLost => !self.look.has_quorum(self.cluster),
            Atom::Call { .. }
            | Atom::Cut(_)
            | Atom::Clogged(_)
            | Atom::Isolated(_)
            | Atom::Partitioned
            | Atom::Violated(_)
            | Atom::Modified
            | Atom::SnapshotSent(_)
            | Atom::WatchFired => false,
        }
    }

    fn leader(&mut self) -> Option<NodeId> {
        self.look.leader(self.cluster)
    }

    /// The node that is meant, if there is one now.
    fn resolve(&mut self, node: NodeRef) -> Option<NodeId> {
        match node {
            NodeRef::Node(id) => (1..=self.cluster.count()).contains(&id.0).then_some(id),
            NodeRef::Leader => self.leader(),
            NodeRef::Follower => self.look.follower(self.cluster),
        }
    }

    fn is(&mut self, node: NodeRef, condition: Condition) -> bool {
        self.resolve(node).is_some_and(|id| self.cluster.condition(id) == condition)
    }

    fn is_member(&mut self, node: NodeRef, learner: bool) -> bool {
        let Some(id) = self.resolve(node) else { return false };
        self.look.members.iter().any(|(member, row)| *member == id && row.learner == learner)
    }

    fn role_holds(&mut self, node: NodeRef, is: Equality, role: RoleName) -> bool {
        let Some(id) = self.resolve(node) else { return false };
        let Some(status) = self.look.status(id) else { return false };
        let found = match status.leader {
            leader if leader == status.id => Some(RoleName::Leader),
            // Without a leader it may be a follower or a candidate: servers do not tell.
            0 => None,
            _ => Some(RoleName::Follower),
        };
        match is {
            Equality::Equal => found == Some(role),
            Equality::NotEqual => found != Some(role),
        }
    }

    fn measure(&mut self, quantity: Quantity) -> Option<u64> {
        let count = |number: usize| u64::try_from(number).ok();
        match quantity {
            Quantity::HighestTerm => Some(self.cluster.highest_term()),
            Quantity::Term(node) => {
                let id = self.resolve(node)?;
                self.cluster.term(id)
            }
            Quantity::Commit(node) => {
                let id = self.resolve(node)?;
                self.look.status(id).map(|status| status.commit)
            }
            Quantity::Applied(node) => {
                let id = self.resolve(node)?;
                self.look.status(id).map(|status| status.applied)
            }
            Quantity::Revision(node) => {
                let id = self.resolve(node)?;
                self.look.status(id).map(|status| status.revision)
            }
            Quantity::Leaders => {
                let statuses = self.look.statuses.iter();
                count(statuses.filter(|(_, status)| status.leader == status.id).count())
            }
            Quantity::Down => {
                let nodes: Vec<NodeId> = self.places();
                let down = |id: &&NodeId| self.cluster.condition(**id) == Condition::Crashed;
                count(nodes.iter().filter(down).count())
            }
            Quantity::Nodes => count(self.places().len()),
            Quantity::Voters => {
                count(self.look.members.iter().filter(|(_, row)| !row.learner).count())
            }
            Quantity::Log(_) | Quantity::Durable(_) | Quantity::Event => None,
        }
    }

    /// The members; all nodes if nobody answers.
    fn places(&self) -> Vec<NodeId> {
        if self.look.members.is_empty() {
            return self.cluster.all().collect();
        }
        self.look.members.iter().map(|(node, _)| *node).collect()
    }

    fn key_holds(&mut self, key: &str, state: &KeyState, place: Place) -> bool {
        match place {
            Place::Node(node) => {
                self.resolve(node).is_some_and(|id| self.key_holds_on(key, state, id))
            }
            Place::AllNodes => {
                self.places().into_iter().all(|id| self.key_holds_on(key, state, id))
            }
            Place::AtLeast(least) => {
                let nodes = self.places().into_iter();
                nodes.filter(|id| self.key_holds_on(key, state, *id)).count() >= usize::from(least)
            }
        }
    }

    /// A node that does not answer has no store that anything could be said about.
    fn key_holds_on(&mut self, key: &str, state: &KeyState, id: NodeId) -> bool {
        if self.cluster.condition(id) != Condition::Running {
            return false;
        }
        let port = self.cluster.addresses.client_port(id);
        ask::value(port, key).is_some_and(|found| value_holds(found.as_deref(), state))
    }

    /// Everybody is up, has applied all that is committed, and holds the same.
    fn agreed(&mut self) -> bool {
        let mut held = Vec::new();
        for id in self.places() {
            let Some(status) = self.look.status(id) else { return false };
            if status.applied != status.commit {
                return false;
            }
            let hash = ask::hash(self.cluster.addresses.client_port(id));
            held.push((status.commit, status.revision, hash));
        }
        held.iter().all(|other| other.2.is_some() && Some(other) == held.first())
    }
}

fn value_holds(found: Option<&[u8]>, state: &KeyState) -> bool {
    match state {
        KeyState::Is(value) => found == Some(value.as_bytes()),
        KeyState::IsNot(value) => found != Some(value.as_bytes()),
        KeyState::Missing => found.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: a key that is not there has no value, and so another than the one named.
    #[test]
    fn values_are_compared() {
        let (is, is_not) = (KeyState::Is("a".to_owned()), KeyState::IsNot("a".to_owned()));
        let judged =
            |found| [&is, &is_not, &KeyState::Missing].map(|state| value_holds(found, state));
        assert_eq!(judged(Some(b"a")), [true, false, false]);
        assert_eq!(judged(Some(b"")), [false, true, false]);
        assert_eq!(judged(None), [false, true, true]);
    }
}
