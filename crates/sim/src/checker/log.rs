//! What the events have told of a node's log: for each entry its term, and a hash of the whole log
//! up to it.

use member::raft_core::{Index, Term};
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use crate::trace::{EntryKind, EntryMark};

/// An entry and all before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) term: Term,
    /// Hash of all entries from 1 to this one.
    pub(super) chain: u64,
}

/// A log as a chain of hashes. It begins behind `base`, for which a snapshot stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LogView {
    base: u64,
    base_link: Link,
    links: Chain<Link>,
}

impl LogView {
    pub(super) fn base(&self) -> Index {
        Index(self.base)
    }

    pub(super) fn last_index(&self) -> Index {
        Index(self.base + self.links.len() as u64)
    }

    /// What stands at an index; none before the snapshot and beyond the end.
    pub(super) fn get(&self, index: Index) -> Option<Link> {
        if index.0 == self.base {
            return Some(self.base_link);
        }
        let place = index.0.checked_sub(self.base + 1)?;
        self.links.get(usize::try_from(place).ok()?).copied()
    }

    /// Cuts the log off from an index on.
    pub(super) fn truncate_from(&mut self, index: Index) {
        let keep = index.0.saturating_sub(self.base + 1);
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        self.links.truncate(keep);
    }

    /// Adds an entry; false if it does not follow the last one.
    pub(super) fn append(&mut self, entry: &EntryMark) -> bool {
        if entry.index != self.last_index().next() {
            return false;
        }
        let before = self.links.last().map_or(self.base_link.chain, |link| link.chain);
        self.links.push(Link { term: entry.term, chain: chain(before, entry) });
        true
    }

    /// Forgets what a snapshot at this index stands for, and keeps the rest.
    pub(super) fn compact(&mut self, index: Index) {
        if let Some(link) = self.get(index) {
            let drop = usize::try_from(index.0 - self.base).unwrap_or(usize::MAX);
            self.links.forget(drop);
            (self.base, self.base_link) = (index.0, link);
        }
    }

    /// Begins anew behind a snapshot.
    pub(super) fn install(&mut self, index: Index, link: Link) {
        *self = LogView { base: index.0, base_link: link, links: Chain::default() };
    }
}

/// The hash of a log that had `before` and was continued by this entry.
fn chain(before: u64, entry: &EntryMark) -> u64 {
    let kind = match entry.kind {
        EntryKind::Empty => 1,
        EntryKind::Normal => 2,
        EntryKind::Config => 3,
    };
    [entry.index.0, entry.term.0, kind, entry.hash].into_iter().fold(before, mix)
}

/// One step of a hash (the finaliser of SplitMix64): not secure, but what is compared here was not
/// made by an adversary.
fn mix(hash: u64, number: u64) -> u64 {
    let mut mixed = (hash.rotate_left(5) ^ number).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
