//! Configurations as sets of bits, and what a quorum of one is.

use member::raft_core::NodeId;
use serde::{Deserialize, Serialize};

use crate::trace::ConfigMark;

/// A set of nodes: bit 1 stands for n1.
pub(super) type Nodes = u64;

/// The bit of a node. Clusters are small: a node of a higher number than 63 is in no set.
pub(super) fn bit(node: NodeId) -> Nodes {
    1_u64.checked_shl(u32::from(node.0)).unwrap_or(0)
}

/// The names of the nodes of a set.
pub(super) fn names(nodes: Nodes) -> String {
    let mut names = String::new();
    for id in (1..64).map(NodeId).filter(|id| nodes & bit(*id) != 0) {
        if !names.is_empty() {
            names.push_str(", ");
        }
        names.push_str(&id.to_string());
    }
    if names.is_empty() { "none".to_owned() } else { names }
}

/// Who votes and who listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Members {
    voters: Nodes,
    /// Those of the old half during a joint change, else nobody.
    outgoing: Nodes,
    learners: Nodes,
}

impl Members {
    pub(super) fn of(mark: &ConfigMark) -> Members {
        let set = |nodes: &Vec<NodeId>| nodes.iter().fold(0, |set, node| set | bit(*node));
        let ConfigMark { voters, outgoing, learners, .. } = mark;
        Members { voters: set(voters), outgoing: set(outgoing), learners: set(learners) }
    }

    /// Those who vote, of both halves.
    pub(super) fn voters(self) -> Nodes {
        self.voters | self.outgoing
    }

    /// Whether these nodes hold more than half of the votes, in a joint configuration of both
    /// halves (Raft §5.2, §6).
    pub(super) fn is_quorum(self, nodes: Nodes) -> bool {
        let more_than_half_of =
            |half: Nodes| half == 0 || (half & nodes).count_ones() * 2 > half.count_ones();
        more_than_half_of(self.voters) && more_than_half_of(self.outgoing)
    }

    /// Whether each quorum of the one has a node in common with each quorum of the other: no split
    /// of the voters in two gives both a quorum.
    pub(super) fn overlaps(self, other: Members) -> bool {
        let all = self.voters() | other.voters();
        let mut part = all;
        loop {
            if self.is_quorum(part) && other.is_quorum(all & !part) {
                return false;
            }
            if part == 0 {
                return true;
            }
            part = (part - 1) & all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(nodes: &[u8]) -> Nodes {
        nodes.iter().fold(0, |set, node| set | bit(NodeId(*node)))
    }

    fn joint(voters: &[u8], outgoing: &[u8]) -> Members {
        Members { voters: set(voters), outgoing: set(outgoing), learners: 0 }
    }

    fn plain(voters: &[u8]) -> Members {
        joint(voters, &[])
    }

    /// Proves: more than half, and of a joint configuration of both halves.
    #[test]
    fn a_quorum_is_more_than_half() {
        assert!(plain(&[1, 2, 3]).is_quorum(set(&[1, 3, 7])));
        assert!(!plain(&[1, 2, 3, 4]).is_quorum(set(&[1, 2])));
        let joint = joint(&[1, 4, 5], &[1, 2, 3]);
        assert!(joint.is_quorum(set(&[1, 2, 4])));
        assert!(!joint.is_quorum(set(&[1, 4, 5])), "no quorum of the old half");
        assert!(!joint.is_quorum(set(&[1, 2, 3])), "no quorum of the new half");
    }

    /// Proves: one voter may come or go at a time, more only by way of a joint configuration
    /// (thesis §4.1, Raft §6).
    #[test]
    fn neighbours_overlap() {
        let overlap = |one: Members, other: Members| {
            assert_eq!(one.overlaps(other), other.overlaps(one));
            one.overlaps(other)
        };
        assert!(overlap(plain(&[1]), plain(&[1, 2])));
        assert!(overlap(plain(&[1, 2, 3]), plain(&[1, 2, 3, 4])));
        assert!(overlap(plain(&[1, 2, 3]), plain(&[2, 3])));
        assert!(!overlap(plain(&[1, 2, 3]), plain(&[1, 2, 3, 4, 5])));
        assert!(!overlap(plain(&[1, 2, 3]), plain(&[1, 2, 4])), "{{1, 3}} and {{2, 4}}");
        let change = joint(&[4, 5, 6], &[1, 2, 3]);
        assert!(overlap(plain(&[1, 2, 3]), change) && overlap(change, plain(&[4, 5, 6])));
        assert!(!overlap(change, plain(&[4, 7])));
    }

    #[test]
    fn sets_are_told() {
        assert_eq!((names(0), names(set(&[7, 2]))), ("none".to_owned(), "n2, n7".to_owned()));
    }
}
