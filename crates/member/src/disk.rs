//! What goes to disk, and what is found there afterwards.
//!
//! A [`Write`] is a short list of records, as in etcd's write-ahead log: a snapshot, entries, and
//! last the hard state, so that a commit index never comes before the entries that it commits.

use raft_core::{Entry, HardState, Index, Snapshot, Stored};
use serde::{Deserialize, Serialize};

/// One write to the disk. When it is durable, [`Member::persisted`](crate::Member::persisted) is
/// told its number. Writes become durable in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Its number; numbers grow, not always by one.
    pub number: u64,
    /// New term, vote and commit index.
    pub hard_state: Option<HardState>,
    /// New entries: they replace all from the first one's index on.
    pub entries: Vec<Entry>,
    /// A snapshot. One that this server made itself comes with `compact_to`; one that the leader
    /// sent replaces the whole log.
    pub snapshot: Option<Snapshot>,
    /// Entries up to this index are no longer needed, the snapshot stands for them.
    pub compact_to: Option<Index>,
    /// Whether anybody relies on it: a new commit index alone can be found out again, and etcd
    /// does not sync for it.
    pub must_sync: bool,
}

impl Write {
    /// How many records it consists of: what [`apply_torn`] can keep is 0 to this many.
    pub fn records(&self) -> u64 {
        let single = u64::from(self.snapshot.is_some()) + u64::from(self.hard_state.is_some());
        single + self.entries.len() as u64
    }
}

/// Makes a write durable: this is what the disk holds then.
pub fn apply_write(stored: &mut Stored, write: &Write) {
    apply_torn(stored, write, write.records());
}

/// Makes the first `keep` records of a write durable: what a crash in the middle of it leaves.
/// What was promised to others waits for the whole write, so that a torn one breaks no promise.
pub fn apply_torn(stored: &mut Stored, write: &Write, keep: u64) {
    let mut left = keep;
    let mut kept = || {
        let is_kept = left > 0;
        left = left.saturating_sub(1);
        is_kept
    };
    if let Some(snapshot) = &write.snapshot
        && kept()
    {
        match write.compact_to {
            Some(index) => forget_to(stored, index),
            None => stored.log.clear(),
        }
        stored.snapshot = Some(snapshot.clone());
    }
    for entry in &write.entries {
        if kept() {
            put_entry(stored, entry);
        }
    }
    if let Some(hard_state) = write.hard_state
        && kept()
    {
        stored.hard_state = hard_state;
    }
}

fn forget_to(stored: &mut Stored, index: Index) {
    if let Some(first) = stored.log.front() {
        let gone = (index.0 + 1).saturating_sub(first.index.0);
        let gone = usize::try_from(gone).unwrap_or(usize::MAX).min(stored.log.len());
        stored.log = stored.log.skip(gone);
    }
}

/// An entry takes the place of what stood at its index and of all behind it.
fn put_entry(stored: &mut Stored, entry: &Entry) {
    if let Some(first) = stored.log.front() {
        let before = entry.index.0.saturating_sub(first.index.0);
        stored.log.truncate(usize::try_from(before).unwrap_or(usize::MAX).min(stored.log.len()));
    }
    stored.log.push_back(entry.clone());
}
