//! The replicated log of one server, and how much of it is committed, applied and durable.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::entries::Entries;
use crate::entry::{Entry, Payload};
use crate::ids::{Index, Term};
use crate::rules::{Rule, Rules};
use crate::storage::{Snapshot, Stored};

/// The log of one server (Raft §5.3). A clone shares its entries.
///
/// - Entries follow each other without gaps; their terms never fall while the rules are on.
/// - What is before the first entry is compacted away; the newest snapshot stands for it (§7).
/// - `applied <= commit <= last_index` and `durable_index <= last_index`.
/// - Entries leave for the disk in order, several writes may be under way, and only what has not
///   been overwritten since counts as durable when a write ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    entries: Entries,
    /// The slot before the first entry: 0 in term 0, or the last one compacted away.
    before: Slot,
    /// The last slot, kept beside the entries because everything asks for it.
    last: Slot,
    commit: Index,
    applied: Index,
    /// Up to here committed entries were given to the state machine.
    handed_to_apply: Index,
    /// From here on nothing was given to the disk yet.
    unsaved_from: Index,
    durable: Index,
    /// Writes under way, oldest first.
    writes: Vec<Write>,
    snapshot: Option<Arc<Snapshot>>,
    snapshot_state: SnapshotState,
}

/// A place in the log with its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    index: Index,
    term: Term,
}

/// A write under way: when it ends, the log is durable up to `covers`. Overwriting entries lowers
/// `covers`, so that an entry that was replaced while its write was under way (A, then B, then
/// the end of A's write) never counts as durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Write {
    number: u64,
    covers: Index,
}

/// Where a snapshot from the leader is on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum SnapshotState {
    /// On disk, or there is none.
    Durable,
    /// Not yet given to the disk.
    Unsaved,
    /// In this write.
    Saving(u64),
}

/// Why a leader's entries were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The logs differ before the entries (Raft §5.3): the leader must go back.
    Mismatch,
    /// They would replace what is committed. No correct leader sends this.
    ConflictsWithCommitted,
}

impl Log {
    /// The log that a disk holds.
    pub(crate) fn new(stored: Stored) -> Log {
        let Stored { hard_state, snapshot, mut log } = stored;
        let before = match &snapshot {
            Some(snapshot) => Slot { index: snapshot.index, term: snapshot.term },
            None => Slot { index: Index(0), term: Term(0) },
        };
        let is_gone = |entry: &&Entry| entry.index <= before.index;
        let gone = log.iter().take_while(is_gone).count();
        if gone > 0 {
            log = log.skip(gone);
        }
        if log.front().is_some_and(|first| first.index != before.index.next()) {
            // A torn disk kept entries without what was before them: they cannot be used.
            log.clear();
        }
        let last = log.last().map_or(before, |entry| Slot { index: entry.index, term: entry.term });
        Log {
            entries: log,
            before,
            last,
            // A torn disk may hold the commit index without the entries: they come again.
            commit: hard_state.commit.clamp(before.index, last.index),
            applied: before.index,
            handed_to_apply: before.index,
            unsaved_from: last.index.next(),
            durable: last.index,
            writes: Vec::new(),
            snapshot: snapshot.map(Arc::new),
            snapshot_state: SnapshotState::Durable,
        }
    }

    /// First index that is held; what is before it is compacted away.
    pub fn first_index(&self) -> Index {
        self.before.index.next()
    }

    /// Last index; 0 if there never was an entry.
    pub fn last_index(&self) -> Index {
        self.last.index
    }

    /// Term of the last entry.
    pub fn last_term(&self) -> Term {
        self.last.term
    }

    /// All entries held, in order: the first has `first_index`.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// The entry at `index`, if it is held.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        if index <= self.before.index {
            return None;
        }
        self.entries.get(self.offset(index))
    }

    /// Term of the entry at `index`, if it is held or is the last one compacted away.
    pub fn term(&self, index: Index) -> Option<Term> {
        if index == self.last.index {
            Some(self.last.term)
        } else if index == self.before.index {
            Some(self.before.term)
        } else {
            self.get(index).map(|entry| entry.term)
        }
    }

    /// What is known to be committed.
    pub fn commit(&self) -> Index {
        self.commit
    }

    /// What the state machine has applied.
    pub fn applied(&self) -> Index {
        self.applied
    }

    /// What is on this server's disk.
    pub fn durable_index(&self) -> Index {
        self.durable
    }

    /// The newest snapshot, received or taken here.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// The same, to be shared with a message.
    pub(crate) fn shared_snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// Position of `index` in `entries`.
    fn offset(&self, index: Index) -> usize {
        (index.0 - self.before.index.0 - 1) as usize
    }

    /// Whether the entry at `index` is of this term (Raft §5.3).
    pub(crate) fn matches(&self, index: Index, term: Term) -> bool {
        self.term(index) == Some(term)
    }

    /// Whether a log that ends so is at least as up to date as this one: a later last term wins,
    /// then a longer log (Raft §5.4.1).
    pub(crate) fn is_up_to_date(&self, last_index: Index, last_term: Term) -> bool {
        (last_term, last_index) >= (self.last.term, self.last.index)
    }

    /// The last slot at or before `index` whose term is `term` or older: both logs cannot meet
    /// after it. Skips whole terms in one round trip (Raft §5.3, etcd `findConflictByTerm`).
    pub(crate) fn find_conflict_by_term(&self, index: Index, term: Term) -> Index {
        if index > self.last.index {
            return index;
        }
        // Terms never fall along the log, so the slots of older terms are a prefix.
        let (mut low, mut high) = (self.before.index, index);
        if self.term(high).is_none_or(|found| found <= term) {
            return high;
        }
        while high.0 - low.0 > 1 {
            let middle = Index(low.0 + (high.0 - low.0) / 2);
            if self.term(middle).is_none_or(|found| found <= term) {
                low = middle;
            } else {
                high = middle;
            }
        }
        if self.before.term <= term || low > self.before.index { low } else { low.prev() }
    }

    /// Entries from `from` on, up to `bytes_max` but at least one: batches (thesis §10.2.2).
    pub(crate) fn slice(&self, from: Index, bytes_max: u64) -> Vec<Entry> {
        if from > self.last.index || from <= self.before.index {
            return Vec::new();
        }
        if from == self.last.index {
            return self.entries.last().cloned().into_iter().collect();
        }
        let rest = self.entries.iter_from(self.offset(from));
        let mut bytes = 0_u64;
        let fitting = rest.enumerate().take_while(|(position, entry)| {
            bytes = bytes.saturating_add(entry.bytes());
            *position == 0 || bytes <= bytes_max
        });
        fitting.map(|(_, entry)| entry.clone()).collect()
    }

    /// The entries after `after` up to `to`, as far as they are held.
    pub(crate) fn between(&self, after: Index, to: Index) -> impl Iterator<Item = &Entry> {
        let first = after.max(self.before.index).next();
        let to = to.min(self.last.index);
        (first.0..=to.0).filter_map(|index| self.get(Index(index)))
    }

    /// A leader appends: it never overwrites its own log (Raft §5.3, Leader Append-Only).
    pub(crate) fn push(&mut self, term: Term, payload: Payload) {
        let index = self.last.index.next();
        self.entries.push_back(Entry { term, index, payload });
        self.last = Slot { index, term };
    }

    /// A follower takes the leader's entries after `prev_index`, and returns the last index that
    /// now equals the leader's (Raft §5.3, AppendEntries receiver 2 to 4).
    pub(crate) fn follow(
        &mut self,
        prev_index: Index,
        prev_term: Term,
        mut entries: Vec<Entry>,
        rules: Rules,
    ) -> Result<Index, Refusal> {
        // A delayed or reordered append says nothing new about what is committed, and must not
        // delete what came after it: only a conflict may (Raft §5.3).
        let on_conflict_only = rules.on(Rule::TruncateOnConflictOnly);
        if on_conflict_only && prev_index < self.commit {
            return Ok(self.commit.min(self.last.index));
        }
        // Log Matching: equal predecessors mean equal logs up to there (Raft §5.3).
        let mut base = prev_index;
        if !self.matches(prev_index, prev_term) {
            if rules.on(Rule::LogConsistencyCheck) {
                return Err(Refusal::Mismatch);
            }
            base = prev_index.clamp(self.before.index, self.last.index);
            for (place, entry) in (1..).zip(&mut entries) {
                entry.index = base.plus(place);
            }
        }
        let match_index = base.plus(entries.len() as u64);
        let present = if on_conflict_only {
            entries.iter().take_while(|entry| self.matches(entry.index, entry.term)).count()
        } else {
            0
        };
        let first_new = base.plus(present as u64 + 1);
        if present == entries.len() && on_conflict_only {
            return Ok(match_index);
        }
        // What is committed is never replaced (Raft §5.4.3, State Machine Safety).
        if first_new <= self.commit && rules.all_safe() {
            return Err(Refusal::ConflictsWithCommitted);
        }
        self.truncate(first_new);
        for entry in entries.drain(present..) {
            self.last = Slot { index: entry.index, term: entry.term };
            self.entries.push_back(entry);
        }
        Ok(match_index)
    }

    /// Forgets everything from `from` on.
    fn truncate(&mut self, from: Index) {
        if from > self.last.index {
            return;
        }
        let kept = from.prev();
        self.entries.truncate(self.offset(from));
        let term = self.entries.last().map_or(self.before.term, |entry| entry.term);
        self.last = Slot { index: kept, term };
        self.unsaved_from = self.unsaved_from.min(from);
        self.not_durable_beyond(kept);
    }

    /// Whatever is after `kept` on disk, or on its way there, is not this log any more.
    fn not_durable_beyond(&mut self, kept: Index) {
        self.durable = self.durable.min(kept);
        for write in &mut self.writes {
            write.covers = write.covers.min(kept);
        }
    }

    /// Everything up to `index` is committed. Says whether the commit index has moved. An index
    /// that this log does not reach is ignored: only a server that lost what it had acknowledged
    /// hears of one.
    pub(crate) fn commit_to(&mut self, index: Index, rules: Rules) -> bool {
        // "increases monotonically" (Raft Figure 2).
        let moves = index > self.commit || !rules.on(Rule::NeverMoveCommitBack);
        if !moves || index > self.last.index || index == self.commit {
            return false;
        }
        self.commit = index;
        true
    }
}

/// To the disk and to the state machine.
impl Log {
    /// Whether there are entries or a snapshot to write.
    pub(crate) fn has_unsaved(&self) -> bool {
        self.unsaved_from <= self.last.index || self.snapshot_state == SnapshotState::Unsaved
    }

    /// Hands out what is to be written as write `number`.
    pub(crate) fn take_unsaved(&mut self, number: u64) -> (Vec<Entry>, Option<Snapshot>) {
        let entries = self.slice(self.unsaved_from, u64::MAX);
        let snapshot = match self.snapshot_state {
            SnapshotState::Unsaved => {
                self.snapshot_state = SnapshotState::Saving(number);
                self.snapshot.as_deref().cloned()
            }
            SnapshotState::Saving(_) | SnapshotState::Durable => None,
        };
        self.unsaved_from = self.last.index.next();
        self.writes.push(Write { number, covers: self.last.index });
        (entries, snapshot)
    }

    /// Write `number` and all before it have ended.
    pub(crate) fn persisted(&mut self, number: u64) {
        let ended = self.writes.iter().take_while(|write| write.number <= number).count();
        for write in self.writes.drain(..ended) {
            self.durable = self.durable.max(write.covers);
        }
        if let SnapshotState::Saving(saving) = self.snapshot_state
            && saving <= number
        {
            self.snapshot_state = SnapshotState::Durable;
        }
    }

    /// Up to where entries may be applied: committed, and durable here.
    fn may_apply_to(&self) -> Index {
        self.commit.min(self.durable)
    }

    /// Whether there is anything to apply.
    pub(crate) fn has_committed(&self) -> bool {
        self.handed_to_apply < self.may_apply_to()
    }

    /// Hands out what may be applied next, in order and each entry once (Raft Figure 2, "If
    /// commitIndex > lastApplied").
    pub(crate) fn take_committed(&mut self) -> Vec<Entry> {
        if !self.has_committed() {
            return Vec::new();
        }
        let to = self.may_apply_to();
        // After a snapshot, or with rules off, a part may be gone.
        let from = self.handed_to_apply.max(self.before.index);
        let to_hand_out = self.entries.iter_from(self.offset(from.next()));
        let count = to.0.saturating_sub(from.0) as usize;
        self.handed_to_apply = to;
        to_hand_out.take(count).cloned().collect()
    }

    /// The state machine has applied everything up to `index`.
    pub(crate) fn applied_to(&mut self, index: Index) {
        self.applied = self.applied.max(index.min(self.handed_to_apply));
    }

    /// Whether a snapshot from the leader waits for the disk.
    pub(crate) fn is_restoring(&self) -> bool {
        self.snapshot_state != SnapshotState::Durable
    }

    /// A snapshot from the leader replaces the whole log (Raft §7).
    pub(crate) fn restore(&mut self, snapshot: Arc<Snapshot>) {
        let slot = Slot { index: snapshot.index, term: snapshot.term };
        // What was committed stays on disk until the snapshot is there; the rest is void.
        self.not_durable_beyond(self.commit.min(slot.index.prev()));
        self.entries.clear();
        self.before = slot;
        self.last = slot;
        self.commit = slot.index;
        self.handed_to_apply = slot.index;
        self.unsaved_from = slot.index.next();
        self.snapshot = Some(snapshot);
        self.snapshot_state = SnapshotState::Unsaved;
    }

    /// Forgets entries up to `to`; `snapshot`, of state applied here, stands for them (Raft §7).
    /// It must not be older than the newest one, nor `to` be beyond it.
    pub(crate) fn compact(&mut self, to: Index, snapshot: Snapshot) {
        assert!(snapshot.index <= self.applied, "only applied state can stand for entries");
        assert!(to <= snapshot.index, "only what the snapshot stands for can be forgotten");
        if self.is_restoring()
            || self.snapshot().is_some_and(|newest| newest.index > snapshot.index)
        {
            return;
        }
        self.snapshot = Some(Arc::new(snapshot));
        // What is not on disk yet is still needed here.
        let to = to.min(self.durable);
        if to <= self.before.index {
            return;
        }
        let Some(term) = self.term(to) else { return };
        self.entries = self.entries.skip(self.offset(to) + 1);
        self.before = Slot { index: to, term };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::entry::Data;
    use crate::storage::HardState;

    /// A log of these terms after a compacted beginning.
    fn log_after(before: (u64, u64), terms: &[u64]) -> Log {
        let snapshot = (before.0 > 0).then(|| snapshot(before.0, before.1));
        let log = entries(before.0, terms).into();
        Log::new(Stored { snapshot, log, hard_state: HardState::default() })
    }

    fn log_of(terms: &[u64]) -> Log {
        log_after((0, 0), terms)
    }

    fn entries(after: u64, terms: &[u64]) -> Vec<Entry> {
        let entry = |(place, term): (u64, &u64)| Entry {
            term: Term(*term),
            index: Index(after + place),
            payload: Payload::Empty,
        };
        (1..).zip(terms).map(entry).collect()
    }

    fn snapshot(index: u64, term: u64) -> Snapshot {
        let config = Configuration::default();
        Snapshot { index: Index(index), term: Term(term), config, data: Data::default() }
    }

    fn terms(log: &Log) -> Vec<u64> {
        log.entries().iter().map(|entry| entry.term.0).collect()
    }

    /// Proves that terms are known from the last compacted slot on, and nowhere else.
    #[test]
    fn terms_are_known_where_entries_are_held() {
        let log = log_after((3, 2), &[2, 4]);
        let known: Vec<_> = (0..=6).map(|index| log.term(Index(index)).map(|t| t.0)).collect();
        assert_eq!(known, [None, None, None, Some(2), Some(2), Some(4), None]);
        assert_eq!((log.first_index(), log.last_index()), (Index(4), Index(5)));
        assert_eq!(log.get(Index(3)), None);
        assert!(log_of(&[]).matches(Index(0), Term(0)), "the place before every log");
    }

    /// Proves that the more up-to-date log is the one with the later last term, or with the same
    /// term and more entries (Raft §5.4.1).
    #[test]
    fn up_to_date_compares_terms_before_lengths() {
        let log = log_of(&[1, 3, 3]);
        for (last, expected) in
            [((3, 3), true), ((4, 3), true), ((2, 3), false), ((1, 4), true), ((9, 2), false)]
        {
            assert_eq!(log.is_up_to_date(Index(last.0), Term(last.1)), expected, "{last:?}");
        }
    }

    /// Proves that the search for a term finds what stepping back slot by slot finds, everywhere.
    #[test]
    fn the_search_for_a_term_equals_stepping_back() {
        for (before, terms) in [
            ((0, 0), &[1, 1, 2, 2, 2, 5, 7][..]),
            ((0, 0), &[][..]),
            ((4, 3), &[3, 3, 6][..]),
            ((4, 3), &[][..]),
        ] {
            let log = log_after(before, terms);
            for index in 0..=before.0 + terms.len() as u64 + 2 {
                for term in 0..9 {
                    let mut expected = Index(index);
                    while expected <= log.last_index()
                        && log.term(expected).is_some_and(|found| found > Term(term))
                    {
                        expected = expected.prev();
                    }
                    let found = log.find_conflict_by_term(Index(index), Term(term));
                    assert_eq!(found, expected, "{before:?} {terms:?} {index} {term}");
                }
            }
        }
    }

    fn check_follow(
        own: &[u64],
        prev: (u64, u64),
        sent: &[u64],
        expected: Result<&[u64], Refusal>,
    ) {
        let mut log = log_of(own);
        log.commit_to(Index(1), Rules::ALL);
        let sent = entries(prev.0, sent);
        let answer = log.follow(Index(prev.0), Term(prev.1), sent, Rules::ALL);
        assert_eq!(answer.map(|_| terms(&log)), expected.map(<[u64]>::to_vec));
    }

    /// Proves what AppendEntries does to a log: it adds what is new, replaces what conflicts, and
    /// touches nothing else (Raft Figure 2, receiver 2 to 4).
    #[test]
    fn following_replaces_only_what_conflicts() {
        check_follow(&[1, 1], (2, 1), &[1, 2], Ok(&[1, 1, 1, 2]));
        check_follow(&[1, 1, 1], (1, 1), &[1], Ok(&[1, 1, 1]));
        check_follow(&[1, 1, 1], (1, 1), &[2], Ok(&[1, 2]));
        check_follow(&[1, 1, 1], (1, 1), &[1, 2], Ok(&[1, 1, 2]));
        check_follow(&[1, 1, 1], (0, 0), &[2], Ok(&[1, 1, 1]));
        check_follow(&[1, 1], (3, 1), &[1], Err(Refusal::Mismatch));
        check_follow(&[1, 1], (2, 2), &[2], Err(Refusal::Mismatch));
    }

    /// Proves that what is committed is never replaced (Raft §5.4.3).
    #[test]
    fn what_is_committed_is_not_replaced() {
        let mut log = log_of(&[1, 1, 1]);
        log.commit_to(Index(1), Rules::ALL);
        let mut conflicting = entries(1, &[2, 2]);
        assert_eq!(log.follow(Index(1), Term(1), conflicting.clone(), Rules::ALL), Ok(Index(3)));
        log.commit_to(Index(3), Rules::ALL);
        conflicting.insert(0, entries(0, &[9]).remove(0));
        let answer = log.follow(Index(0), Term(0), conflicting, Rules::ALL);
        assert_eq!(answer, Ok(Index(3)), "answered by the commit index");
        assert_eq!(terms(&log), [1, 2, 2]);
    }

    /// Proves that writes count in order, and only for what has not been replaced since (ABA).
    #[test]
    fn a_write_counts_for_what_still_stands() {
        let mut log = log_of(&[]);
        log.follow(Index(0), Term(0), entries(0, &[1, 1, 1]), Rules::ALL).expect("fits");
        assert_eq!(log.take_unsaved(1).0.len(), 3);
        log.follow(Index(1), Term(1), entries(1, &[2]), Rules::ALL).expect("fits");
        assert_eq!(log.take_unsaved(2).0, entries(1, &[2]));
        log.persisted(1);
        assert_eq!(log.durable_index(), Index(1), "slots 2 and 3 were replaced");
        log.persisted(2);
        assert_eq!(log.durable_index(), Index(2));
    }

    /// Proves that only what is committed and durable is handed out, once, and in order.
    #[test]
    fn only_durable_entries_are_applied() {
        let mut log = log_of(&[1]);
        log.push(Term(1), Payload::Empty);
        log.push(Term(1), Payload::Empty);
        log.take_unsaved(1);
        log.commit_to(Index(2), Rules::ALL);
        assert_eq!(log.take_committed().len(), 1);
        assert!(!log.has_committed(), "slot 2 is not on disk");
        log.persisted(1);
        assert_eq!(log.take_committed(), entries(1, &[1]));
    }

    /// Proves that entries are cut where the size is reached, but never to nothing.
    #[test]
    fn slices_are_limited_but_never_empty() {
        let log = log_after((2, 1), &[1, 1, 1]);
        let lengths = [0, 16, 32, 47, 48].map(|bytes| log.slice(Index(3), bytes).len());
        assert_eq!(lengths, [1, 1, 2, 2, 3]);
        assert!(log.slice(Index(6), 99).is_empty());
        assert!(log.slice(Index(2), 99).is_empty(), "compacted away");
    }

    /// Proves that a snapshot replaces the log at once, and the disk's share when its write ends
    /// (Raft §7).
    #[test]
    fn a_snapshot_replaces_the_log() {
        let mut log = log_of(&[1, 1, 1]);
        log.commit_to(Index(1), Rules::ALL);
        log.restore(snapshot(9, 4).into());
        assert_eq!((log.first_index(), log.last_term()), (Index(10), Term(4)));
        assert_eq!((log.commit(), log.durable_index()), (Index(9), Index(1)));
        let (entries, snapshot) = log.take_unsaved(1);
        assert_eq!((entries.len(), snapshot.map(|s| s.index)), (0, Some(Index(9))));
        assert!(log.is_restoring());
        log.persisted(1);
        assert_eq!(log.durable_index(), Index(9));
        assert!(!log.is_restoring());
    }
}
