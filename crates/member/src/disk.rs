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

#[cfg(test)]
mod tests {
    use raft_core::{Configuration, Data, Payload, Term};

    use super::*;

    fn entries(term: u64, indexes: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
        let entry =
            |index| Entry { term: Term(term), index: Index(index), payload: Payload::Empty };
        indexes.map(entry).collect()
    }

    fn snapshot(index: u64) -> Option<Snapshot> {
        let (index, term, config) = (Index(index), Term(1), Configuration::default());
        Some(Snapshot { index, term, config, data: Data::default() })
    }

    fn hard_state(commit: u64) -> Option<HardState> {
        Some(HardState { term: Term(1), vote: None, commit: Index(commit) })
    }

    /// Terms and indexes of the log, the snapshot's index, the commit index.
    fn content(stored: &Stored) -> (Vec<(u64, u64)>, u64, u64) {
        let log = stored.log.iter().map(|entry| (entry.term.0, entry.index.0)).collect();
        let snapshot = stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.index.0);
        (log, snapshot, stored.hard_state.commit.0)
    }

    fn disk() -> Stored {
        let mut stored = Stored::default();
        apply_write(&mut stored, &Write { entries: entries(1, 1..=5), ..Write::default() });
        stored
    }

    #[test]
    fn entries_replace_all_from_their_first_on() {
        // Proves overwriting in the middle, appending at the end, and the hard state.
        let mut stored = disk();
        let middle =
            Write { entries: entries(2, 3..=4), hard_state: hard_state(2), ..Write::default() };
        apply_write(&mut stored, &middle);
        assert_eq!(content(&stored), (vec![(1, 1), (1, 2), (2, 3), (2, 4)], 0, 2));
        apply_write(&mut stored, &Write { entries: entries(2, 5..=5), ..Write::default() });
        assert_eq!(stored.log.len(), 5);
        apply_write(&mut stored, &Write { entries: entries(3, 1..=1), ..Write::default() });
        assert_eq!(content(&stored).0, [(3, 1)]);
    }

    #[test]
    fn a_torn_write_keeps_a_prefix_of_its_records() {
        // Proves every prefix: an entry that got there replaces what was behind it, the commit
        // index comes last.
        let write =
            Write { entries: entries(2, 4..=6), hard_state: hard_state(6), ..Write::default() };
        assert_eq!(write.records(), 4);
        let lengths_and_commits: Vec<(usize, u64)> = (0..=4)
            .map(|keep| {
                let mut stored = disk();
                apply_torn(&mut stored, &write, keep);
                (stored.log.len(), stored.hard_state.commit.0)
            })
            .collect();
        assert_eq!(lengths_and_commits, [(5, 0), (4, 0), (5, 0), (6, 0), (6, 6)]);
    }

    #[test]
    fn a_leaders_snapshot_replaces_the_log_and_ones_own_shortens_it() {
        // Proves the two kinds of snapshots, and that what follows goes on from there.
        let mut stored = disk();
        let own = Write { snapshot: snapshot(4), compact_to: Some(Index(2)), ..Write::default() };
        apply_write(&mut stored, &own);
        assert_eq!(content(&stored), (vec![(1, 3), (1, 4), (1, 5)], 4, 0));
        apply_write(&mut stored, &Write { entries: entries(2, 5..=6), ..Write::default() });
        assert_eq!(content(&stored).0, [(1, 3), (1, 4), (2, 5), (2, 6)]);

        let received =
            Write { snapshot: snapshot(9), entries: entries(3, 10..=10), ..Write::default() };
        apply_write(&mut stored, &received);
        assert_eq!(content(&stored), (vec![(3, 10)], 9, 0));
    }
}
