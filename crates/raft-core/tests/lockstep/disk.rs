//! The disks of both sides, and the order in which what was written becomes durable.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use raft::eraftpb::Snapshot as TheirSnapshot;
use raft::eraftpb::{ConfState, Entry as TheirEntry, HardState as TheirHardState};
use raft::storage::{GetEntriesContext, RaftState, Storage};
use raft::{Error, StorageError};
use raft_core::{Entry, HardState, Index, Snapshot, Stored};

/// What survives a crash, on both sides.
#[derive(Clone)]
pub(crate) struct Disks {
    pub(crate) ours: Stored,
    pub(crate) theirs: Contents,
}

/// What their disk holds.
#[derive(Clone)]
pub(crate) struct Contents {
    hard_state: TheirHardState,
    /// Of the snapshot, or the first one.
    conf_state: ConfState,
    snapshot: TheirSnapshot,
    /// Index and term of the slot before the first entry.
    before: (u64, u64),
    pub(crate) entries: Vec<TheirEntry>,
}

impl Contents {
    pub(crate) fn new(conf_state: ConfState) -> Contents {
        Contents {
            hard_state: TheirHardState::default(),
            conf_state,
            snapshot: TheirSnapshot::default(),
            before: (0, 0),
            entries: Vec::new(),
        }
    }

    fn last_index(&self) -> u64 {
        self.entries.last().map_or(self.before.0, |entry| entry.index)
    }

    /// Forgets what the snapshot stands for, as a restart does.
    pub(crate) fn restarted(mut self) -> Contents {
        let (index, term) = (self.snapshot.get_metadata().index, self.snapshot.get_metadata().term);
        if index > self.before.0 {
            self.entries.retain(|entry| entry.index > index);
            self.before = (index, term);
        }
        self
    }

    fn compact(&mut self, to: u64, snapshot: TheirSnapshot) {
        self.conf_state = snapshot.get_metadata().get_conf_state().clone();
        self.hard_state.commit = self.hard_state.commit.max(snapshot.get_metadata().index);
        self.snapshot = snapshot;
        if let Some(last) = self.entries.iter().find(|entry| entry.index == to) {
            self.before = (last.index, last.term);
            self.entries.retain(|entry| entry.index > to);
        }
    }

    pub(crate) fn write(&mut self, write: &TheirWrite) {
        if let Some(snapshot) = &write.snapshot {
            let metadata = snapshot.get_metadata();
            self.entries.clear();
            self.before = (metadata.index, metadata.term);
            self.conf_state = metadata.get_conf_state().clone();
            self.snapshot = snapshot.clone();
        }
        if let Some(first) = write.entries.first() {
            self.entries.truncate((first.index - self.before.0 - 1) as usize);
            self.entries.extend_from_slice(&write.entries);
        }
        if let Some(hard_state) = &write.hard_state {
            self.hard_state = hard_state.clone();
            // An older write may end after a compaction of what has been committed since.
            let compacted = self.snapshot.get_metadata().index;
            self.hard_state.commit = self.hard_state.commit.max(compacted);
        }
    }
}

/// A Ready's demands on our disk.
#[derive(Default)]
pub(crate) struct OurWrite {
    pub(crate) number: Option<u64>,
    pub(crate) hard_state: Option<HardState>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) snapshot: Option<Snapshot>,
}

impl OurWrite {
    fn apply_to(self, stored: &mut Stored) {
        if let Some(snapshot) = self.snapshot {
            stored.log.clear();
            stored.snapshot = Some(snapshot);
        }
        if let Some(first) = self.entries.first() {
            let kept = stored.log.iter().take_while(|entry| entry.index < first.index).count();
            stored.log.truncate(kept);
            stored.log.extend(self.entries);
        }
        if let Some(hard_state) = self.hard_state {
            let compacted = stored.snapshot.as_ref().map_or(Index(0), |snapshot| snapshot.index);
            let commit = hard_state.commit.max(compacted);
            stored.hard_state = HardState { commit, ..hard_state };
        }
    }
}

/// A Ready's demands on their disk.
#[derive(Default)]
pub(crate) struct TheirWrite {
    pub(crate) number: Option<u64>,
    pub(crate) hard_state: Option<TheirHardState>,
    pub(crate) entries: Vec<TheirEntry>,
    pub(crate) snapshot: Option<TheirSnapshot>,
}

/// A write under way on both sides.
pub(crate) struct Write {
    pub(crate) serial: u64,
    pub(crate) ours: OurWrite,
    pub(crate) theirs: TheirWrite,
    /// It replaces what is still under way, and ends together with it (`differences`, 9).
    pub(crate) overtakes: bool,
}

impl Write {
    fn is_empty(&self) -> bool {
        let OurWrite { hard_state, entries, snapshot, .. } = &self.ours;
        hard_state.is_none()
            && entries.is_empty()
            && snapshot.is_none()
            && self.theirs.hard_state.is_none()
    }

    fn last_index(&self) -> Option<Index> {
        let snapshot = self.ours.snapshot.as_ref().map(|snapshot| snapshot.index);
        self.ours.entries.last().map(|entry| entry.index).or(snapshot)
    }
}

/// Writes under way, oldest first.
#[derive(Default)]
pub(crate) struct Writes {
    queue: VecDeque<Write>,
    newest: u64,
    ended: u64,
}

/// What has become durable: the numbers of the newest write on each side.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) ours: Option<u64>,
    pub(crate) theirs: Option<u64>,
}

impl Writes {
    pub(crate) fn push(&mut self, ours: OurWrite, theirs: TheirWrite) {
        let overtakes = ours.snapshot.is_some()
            || ours.entries.first().is_some_and(|first| {
                self.queue.iter().filter_map(Write::last_index).any(|last| first.index <= last)
            });
        self.newest += 1;
        self.queue.push_back(Write { serial: self.newest, ours, theirs, overtakes });
    }

    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    pub(crate) fn has_ended(&self, serial: u64) -> bool {
        serial <= self.ended
    }

    /// The next write, and those bound to it, become durable.
    pub(crate) fn end_next(&mut self, disks: &mut Disks) -> Option<Ended> {
        let mut ended = Ended::default();
        loop {
            let write = self.queue.pop_front()?;
            self.ended = write.serial;
            ended.ours = write.ours.number.or(ended.ours);
            ended.theirs = write.theirs.number.or(ended.theirs);
            disks.theirs.write(&write.theirs);
            write.ours.apply_to(&mut disks.ours);
            // What overtakes a write of this group belongs to the group.
            if !self.queue.iter().any(|next| next.overtakes) {
                return Some(ended);
            }
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the next write has nothing to wait for.
    pub(crate) fn next_is_empty(&self) -> bool {
        self.queue.front().is_some_and(Write::is_empty)
    }
}

/// Their disk as they see it: also what is not durable yet.
#[derive(Clone)]
pub(crate) struct Shelf(pub(crate) Rc<RefCell<Contents>>);

impl Storage for Shelf {
    fn initial_state(&self) -> raft::Result<RaftState> {
        let contents = self.0.borrow();
        Ok(RaftState::new(contents.hard_state.clone(), contents.conf_state.clone()))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<TheirEntry>> {
        let contents = self.0.borrow();
        if low <= contents.before.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        let place = |index: u64| (index - contents.before.0 - 1) as usize;
        let mut entries = contents.entries[place(low)..place(high)].to_vec();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        let contents = self.0.borrow();
        if index == contents.before.0 {
            return Ok(contents.before.1);
        }
        if index < contents.before.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        match contents.entries.get((index - contents.before.0 - 1) as usize) {
            Some(entry) => Ok(entry.term),
            None => Err(Error::Store(StorageError::Unavailable)),
        }
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.0.borrow().before.0 + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.0.borrow().last_index())
    }

    fn snapshot(&self, _request_index: u64, _to: u64) -> raft::Result<TheirSnapshot> {
        Ok(self.0.borrow().snapshot.clone())
    }
}

/// Compacts all three: our disk, theirs, and theirs as they see it.
pub(crate) fn compact(
    disks: &mut Disks,
    shelf: &Shelf,
    to: Index,
    snapshot: &Snapshot,
    theirs: TheirSnapshot,
) {
    let kept = disks.ours.log.iter().skip_while(|entry| entry.index <= to).cloned().collect();
    disks.ours.log = kept;
    disks.ours.snapshot = Some(snapshot.clone());
    // Whatever was applied is committed, also if the commit index itself is on its way to disk.
    let hard_state = &mut disks.ours.hard_state;
    hard_state.commit = hard_state.commit.max(snapshot.index);
    disks.theirs.compact(to.0, theirs.clone());
    shelf.0.borrow_mut().compact(to.0, theirs);
}
