//! The appends that are on their way to one follower: a sliding window (etcd `tracker/inflights`).

use serde::{Deserialize, Serialize};

use crate::ids::Index;

/// The last index of each append that is under way, oldest first. Never more than `limit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inflights {
    limit: u32,
    last_indexes: Vec<Index>,
}

impl Inflights {
    /// An empty window. It takes memory only once something is under way.
    pub(crate) fn new(limit: u32) -> Inflights {
        Inflights { limit: limit.max(1), last_indexes: Vec::new() }
    }

    pub(crate) fn count(&self) -> u32 {
        self.last_indexes.len() as u32
    }

    pub(crate) fn is_full(&self) -> bool {
        self.count() >= self.limit
    }

    /// An append that ends at `last` has left.
    pub(crate) fn add(&mut self, last: Index) {
        assert!(!self.is_full(), "nothing is sent into a full window");
        self.last_indexes.push(last);
    }

    /// The follower has accepted everything up to `index`.
    pub(crate) fn free_up_to(&mut self, index: Index) {
        let accepted = self.last_indexes.iter().take_while(|last| **last <= index).count();
        self.last_indexes.drain(..accepted);
    }

    /// Makes room for one append, taken for lost.
    pub(crate) fn free_first(&mut self) {
        self.last_indexes.drain(..self.last_indexes.len().min(1));
    }

    pub(crate) fn clear(&mut self) {
        self.last_indexes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the window fills up to its limit and frees only what was accepted.
    #[test]
    fn a_window_fills_and_frees_in_order() {
        let mut window = Inflights::new(3);
        for last in [5, 7, 9] {
            assert!(!window.is_full());
            window.add(Index(last));
        }
        assert!(window.is_full());
        window.free_up_to(Index(4));
        assert_eq!(window.count(), 3, "4 is below all of them");
        window.free_up_to(Index(8));
        assert_eq!(window.count(), 1, "5 and 7 have arrived, 9 has not");
        window.free_first();
        assert_eq!(window.count(), 0);
        window.free_first();
        assert_eq!(window.count(), 0, "an empty window stays empty");
    }

    /// Proves that a window without a place would stop replication, and is not allowed.
    #[test]
    fn the_smallest_window_holds_one() {
        assert!(!Inflights::new(0).is_full());
    }
}
