//! The three numbers of Raft that must never be mixed up: which node, which term, which log slot.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A server of the cluster. Shown as `n1`, `n2`, …; a [`NodeSet`](crate::NodeSet) has room up to n63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u8);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// Raft's logical clock: each term begins with an election and has at most one leader (Raft §5.1).
/// Term 0 is before the first election.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Term(pub u64);

impl Term {
    /// The term that a candidate would start (Raft §5.2).
    pub fn next(self) -> Term {
        Term(self.0.saturating_add(1))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A position in the log. The first entry has index 1; 0 is the place before it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Index(pub u64);

impl Index {
    /// The slot after this one.
    pub fn next(self) -> Index {
        Index(self.0.saturating_add(1))
    }

    /// The slot before this one; the place before the log has none and stays itself.
    pub fn prev(self) -> Index {
        Index(self.0.saturating_sub(1))
    }

    /// The slot `count` further on.
    pub fn plus(self, count: u64) -> Index {
        Index(self.0.saturating_add(count))
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
