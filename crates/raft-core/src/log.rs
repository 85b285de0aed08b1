//! The replicated log of one server.

use imbl::Vector;
use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::ids::{Index, Term};

/// The log: entries without gaps, after a compacted beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    entries: Vector<Entry>,
}

impl Log {
    /// First index that is still held; what is before it is compacted away.
    pub fn first_index(&self) -> Index {
        Index(1)
    }
    /// Last index.
    pub fn last_index(&self) -> Index {
        Index(self.entries.len() as u64)
    }
    /// Term of the last entry.
    pub fn last_term(&self) -> Term {
        self.entries.last().map_or(Term(0), |entry| entry.term)
    }
    /// Term of the entry at `index`, if it is held (or is the last one compacted away).
    pub fn term(&self, _index: Index) -> Option<Term> {
        None
    }
    /// The entry at `index`, if it is held.
    pub fn get(&self, _index: Index) -> Option<&Entry> {
        None
    }
    /// All entries held, in order.
    pub fn entries(&self) -> &Vector<Entry> {
        &self.entries
    }
}
