//! A set of servers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::ids::NodeId;

/// Which servers, n0 to n63: a bit for each. It is copied like a number, and all that majorities
/// need of it is a few instructions.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct NodeSet(u64);

impl NodeSet {
    /// Servers have numbers below this.
    const PLACES: u32 = u64::BITS;

    /// The set of this one; of nobody, if there can be no such server.
    fn of(node: NodeId) -> NodeSet {
        NodeSet(1_u64.checked_shl(u32::from(node.0)).unwrap_or(0))
    }

    /// Adds a server.
    ///
    /// # Panics
    ///
    /// There can be no such server.
    pub fn insert(&mut self, node: NodeId) {
        assert!(u32::from(node.0) < NodeSet::PLACES, "no cluster has a server of this number");
        *self = self.union(NodeSet::of(node));
    }

    /// Takes a server out.
    pub fn remove(&mut self, node: NodeId) {
        *self = self.difference(NodeSet::of(node));
    }

    /// Whether it is in.
    pub fn contains(self, node: NodeId) -> bool {
        self.0 & NodeSet::of(node).0 != 0
    }

    /// Whether nobody is in.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are in.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Those of both sets.
    #[must_use]
    pub fn union(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 | other.0)
    }

    /// Those who are in both sets.
    #[must_use]
    pub fn intersection(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & other.0)
    }

    /// Those who are not in the other set.
    #[must_use]
    pub fn difference(self, other: NodeSet) -> NodeSet {
        NodeSet(self.0 & !other.0)
    }

    /// The first one.
    pub fn first(self) -> Option<NodeId> {
        (!self.is_empty()).then(|| NodeId(self.0.trailing_zeros() as u8))
    }

    /// The last one.
    pub fn last(self) -> Option<NodeId> {
        self.0.checked_ilog2().map(|place| NodeId(place as u8))
    }

    /// All of them, in ascending order.
    pub fn iter(self) -> NodeSetIter {
        NodeSetIter(self)
    }
}

/// The servers of a set, in ascending order.
#[derive(Clone, Debug)]
pub struct NodeSetIter(NodeSet);

impl Iterator for NodeSetIter {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let node = self.0.first()?;
        self.0.remove(node);
        Some(node)
    }
}

impl IntoIterator for NodeSet {
    type Item = NodeId;
    type IntoIter = NodeSetIter;

    fn into_iter(self) -> NodeSetIter {
        self.iter()
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> NodeSet {
        let mut set = NodeSet::default();
        nodes.into_iter().for_each(|node| set.insert(node));
        set
    }
}

impl<const N: usize> From<[NodeId; N]> for NodeSet {
    fn from(nodes: [NodeId; N]) -> NodeSet {
        nodes.into_iter().collect()
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for NodeSet {
    /// As a list.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nodes: Vec<NodeId> = self.iter().collect();
        nodes.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for NodeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeSet, D::Error> {
        let nodes = Vec::<NodeId>::deserialize(deserializer)?;
        if nodes.iter().all(|node| u32::from(node.0) < NodeSet::PLACES) {
            Ok(nodes.into_iter().collect())
        } else {
            Err(D::Error::custom("no cluster has a server of this number"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Proves, with a set of the standard library beside it, that it is a set.
    #[test]
    fn it_answers_as_a_set_does() {
        let (mut ours, mut model) = (NodeSet::default(), BTreeSet::new());
        let (mut other, mut other_model) = (NodeSet::default(), BTreeSet::new());
        let mut number: u32 = 7;
        for _ in 0..2_000 {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let node = NodeId((number >> 24) as u8 % 64);
            let (set, beside) = match number >> 23 & 1 {
                0 => (&mut ours, &mut model),
                _ => (&mut other, &mut other_model),
            };
            if number >> 22 & 1 == 0 {
                set.insert(node);
                beside.insert(node);
            } else {
                set.remove(node);
                beside.remove(&node);
            }
            assert_eq!((ours.contains(node), ours.len()), (model.contains(&node), model.len()));
            assert_eq!(
                (ours.first(), ours.last()),
                (model.first().copied(), model.last().copied())
            );
            assert!(ours.iter().eq(model.iter().copied()), "{ours:?}, {model:?}");
            assert!(ours.union(other).iter().eq(model.union(&other_model).copied()));
            assert!(ours.intersection(other).iter().eq(model.intersection(&other_model).copied()));
            assert!(ours.difference(other).iter().eq(model.difference(&other_model).copied()));
            assert_eq!(ours.is_empty(), model.is_empty());
        }
    }

    /// Proves that numbers at the edge have a place, and that those beyond are in no set.
    #[test]
    fn numbers_end_at_63() {
        let edges = NodeSet::from([NodeId(63), NodeId(0)]);
        assert!(edges.iter().eq([NodeId(0), NodeId(63)]));
        assert!(!edges.contains(NodeId(64)) && !edges.contains(NodeId(u8::MAX)));
        let json = serde_json::to_string(&edges).expect("a list");
        assert_eq!(json, "[0,63]");
        assert_eq!(serde_json::from_str::<NodeSet>(&json).expect("a list"), edges);
        assert!(serde_json::from_str::<NodeSet>("[64]").is_err());
    }

    /// Proves that a server that cannot be is not lost silently.
    #[test]
    #[should_panic(expected = "no cluster has a server of this number")]
    fn a_number_beyond_is_refused() {
        NodeSet::default().insert(NodeId(64));
    }
}
