//! One key's history: which records are its own, in which of its lives (etcd `mvcc/key_index.go`).

use std::sync::Arc;

use crate::record::{Change, Record};
use crate::{Bytes, KeyValue, LeaseId, Mutant, Revision, RevisionPair};

/// The records of one key, oldest first, split into its lives.
///
/// A life, in etcd's word a *generation*, begins with a put and ends with a tombstone. In a shell:
///
/// ```text
/// put k; put k; del k; put k     at revisions 2, 3, 4, 5
///
/// closed:  [ 2, 3, 4(tombstone) ]
/// current: [ 5 ]                  created at 5, version 1
/// ```
///
/// - A closed generation ends with its tombstone and holds at least one put before it, unless
///   compaction took that: the tombstone stays for the watchers as long as its revision does.
/// - The current generation holds no tombstone. It is empty while the key is deleted.
/// - Revisions grow along a generation and from one generation to the next.
///
/// etcd keeps bare revisions here and looks the values up elsewhere; we keep pointers to the
/// records, which saves a read of many keys a search per key.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyIndex {
    closed: Vec<Arc<Generation>>,
    current: Generation,
}

/// One life of a key.
#[derive(Clone, Debug, Default)]
struct Generation {
    created: Revision,
    /// Version after the last put. Compaction takes records away but leaves this count.
    version: i64,
    /// Each with its main revision, so that a search touches none but the one it finds.
    records: Vec<(Revision, Arc<Record>)>,
}

impl KeyIndex {
    /// Adds a put: the next version of a living key, or the beginning of a new life.
    pub(crate) fn put(
        &mut self,
        at: RevisionPair,
        key: Bytes,
        value: Bytes,
        lease: LeaseId,
    ) -> Arc<Record> {
        let life = &mut self.current;
        if life.records.is_empty() {
            life.created = at.main;
        }
        life.version += 1;
        let kv = KeyValue {
            key,
            value,
            create_revision: life.created,
            mod_revision: at.main,
            version: life.version,
            lease,
        };
        let record = Arc::new(Record { at, change: Change::Put(kv) });
        life.push(record.clone());
        record
    }

    /// Adds the deletion of a living key.
    pub(crate) fn tombstone(&mut self, at: RevisionPair, key: Bytes) -> Arc<Record> {
        assert!(self.is_alive(), "only a living key can be deleted");
        let record = Arc::new(Record { at, change: Change::Delete { key } });
        self.end_life(record.clone());
        record
    }

    /// Adds a record that was made before: the way back from what was saved, where compaction may
    /// have taken the beginning of a life. False if the record cannot be: a deletion of nothing,
    /// later than what compaction took.
    pub(crate) fn restore(&mut self, record: Arc<Record>, compacted: Revision) -> bool {
        match &record.change {
            Change::Put(kv) => {
                self.current.created = kv.create_revision;
                self.current.version = kv.version;
                self.current.push(record);
            }
            Change::Delete { .. } if self.is_alive() || record.at.main <= compacted => {
                self.end_life(record);
            }
            Change::Delete { .. } => return false,
        }
        true
    }

    /// Whether the key exists now.
    pub(crate) fn is_alive(&self) -> bool {
        !self.current.records.is_empty()
    }

    /// The lease that the key hangs on now.
    pub(crate) fn lease(&self) -> LeaseId {
        let newest = self.current.records.last().and_then(|(_, record)| record.change.pair());
        newest.map_or(LeaseId::NONE, |kv| kv.lease)
    }

    /// The key's pair as of `revision`, and where it was put; `None` if it did not exist then.
    pub(crate) fn get(&self, revision: Revision) -> Option<(RevisionPair, &KeyValue)> {
        let record = if self.current.begins_by(revision) {
            self.current.last_by(revision)?
        } else {
            // The last life that had begun by then. Lives are few, but a key that is created and
            // deleted in a loop has many: halve rather than walk.
            let begun = self.closed.partition_point(|life| life.begins_by(revision));
            let life = self.closed.get(begun.checked_sub(1)?)?;
            // If it had ended too, the last record is the tombstone, which has no pair.
            life.last_by(revision)?
        };
        record.change.pair().map(|kv| (record.at, kv))
    }

    /// Forgets what neither a read at `revision` or later can see nor a watch from there on. True
    /// if nothing is left of the key.
    pub(crate) fn compact(&mut self, revision: Revision) -> bool {
        // A life that had ended before is invisible from then on, tombstone and all.
        let over = self.closed.partition_point(|life| life.ends_before(revision));
        if over > 0 {
            self.closed.drain(..over);
        }
        // Only the first life left can have begun before: the next begins after it has ended.
        match self.closed.first_mut() {
            Some(life) => Arc::make_mut(life).forget_before(revision),
            None => self.current.forget_before(revision),
        }
        self.closed.is_empty() && !self.is_alive()
    }

    fn end_life(&mut self, tombstone: Arc<Record>) {
        let mut life = std::mem::take(&mut self.current);
        life.push(tombstone);
        self.closed.push(Arc::new(life));
    }
}

impl Generation {
    fn push(&mut self, record: Arc<Record>) {
        self.records.push((record.at.main, record));
    }

    fn begins_by(&self, revision: Revision) -> bool {
        // True of a compacted life too: its first record left is no younger than the compaction,
        // and no read is older.
        !self.records.is_empty() && self.created <= revision
    }

    fn ends_before(&self, revision: Revision) -> bool {
        self.records.last().is_some_and(|(last, _)| *last < revision)
    }

    /// The last record at or before `revision`.
    fn last_by(&self, revision: Revision) -> Option<&Arc<Record>> {
        // Nearly every read is of the newest version.
        let last = self.records.last().filter(|(last, _)| *last <= revision);
        let found = last.or_else(|| self.records.get(self.count_by(revision).checked_sub(1)?));
        found.map(|(_, record)| record)
    }

    /// Keeps what is visible at `revision`, what was changed at it, and what is younger.
    fn forget_before(&mut self, revision: Revision) {
        let before = self.records.partition_point(|(main, _)| *main < revision);
        let kept = if Mutant::CompactsVisible.is_on() { 0 } else { 1 };
        let unseen = before.min(self.count_by(revision).saturating_sub(kept));
        self.records.drain(..unseen);
    }

    fn count_by(&self, revision: Revision) -> usize {
        self.records.partition_point(|(main, _)| *main <= revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(main: i64) -> RevisionPair {
        RevisionPair { main: Revision(main), sub: 0 }
    }

    /// Puts, and gives the new create_revision and version.
    fn put(key: &mut KeyIndex, at: RevisionPair) -> (i64, i64) {
        let record = key.put(at, "k".into(), "v".into(), LeaseId::NONE);
        record.change.pair().map_or((0, 0), |kv| (kv.create_revision.0, kv.version))
    }

    /// Builds a key from a script, from revision 2 on: `+` puts, `-` deletes, `.` is another key.
    fn key(script: &str) -> KeyIndex {
        let mut key = KeyIndex::default();
        for (main, change) in (2..).zip(script.chars()) {
            match change {
                '+' => drop(put(&mut key, pair(main))),
                '-' => drop(key.tombstone(pair(main), "k".into())),
                _ => {}
            }
        }
        key
    }

    /// What is visible at revisions 1, 2, … as a list of main revisions; 0 for "nothing".
    fn visible(key: &KeyIndex, until: i64) -> Vec<i64> {
        (1..=until).map(|at| key.get(Revision(at)).map_or(0, |(at, _)| at.main.0)).collect()
    }

    #[test]
    fn every_revision_sees_the_last_put_of_its_life() {
        // Proves reads at every revision of a key with three lives.
        let key = key("+.+-..+-+");
        assert_eq!(visible(&key, 11), [0, 2, 2, 4, 0, 0, 0, 8, 0, 10, 10]);
    }

    #[test]
    fn a_new_life_begins_at_version_one() {
        // Proves that deletion resets version and create_revision (etcd-notes, "Revisions").
        let mut key = key("++-");
        assert_eq!(put(&mut key, pair(9)), (9, 1));
        assert_eq!(put(&mut key, pair(10)), (9, 2));
    }

    #[test]
    fn compaction_keeps_what_a_read_at_its_revision_sees() {
        // Proves that no read at or after the compacted revision changes, for every such revision.
        let script = "++-.+++.-+-";
        let whole = key(script);
        let end = script.len() as i64 + 2;
        for at in 1..=end {
            let mut compacted = whole.clone();
            let gone = compacted.compact(Revision(at));
            let from = at as usize - 1;
            assert_eq!(visible(&compacted, end)[from..], visible(&whole, end)[from..], "at {at}");
            // The deletion at the revision itself stays too, for those who watch from there.
            let ends_here = script.chars().nth(from.wrapping_sub(1)) == Some('-');
            let is_unseen = visible(&whole, end)[from..].iter().all(|&seen| seen == 0);
            assert_eq!(gone, is_unseen && !ends_here, "at {at}");
        }
    }

    #[test]
    fn compaction_leaves_the_version_count() {
        // Proves that versions go on counting although the early puts are forgotten.
        let mut key = key("+++");
        assert!(!key.compact(Revision(3)));
        assert_eq!(key.current.records.len(), 2);
        assert!(!key.compact(Revision(4)));
        assert_eq!(key.current.records.len(), 1);
        assert_eq!(put(&mut key, pair(5)), (2, 4));
    }

    #[test]
    fn two_lives_in_one_transaction() {
        // Proves that of several changes under one main revision the last counts.
        let mut key = key("+");
        key.tombstone(RevisionPair { main: Revision(3), sub: 0 }, "k".into());
        put(&mut key, RevisionPair { main: Revision(3), sub: 1 });
        assert_eq!(key.get(Revision(3)).map(|(at, _)| at.sub), Some(1));
        assert_eq!(visible(&key, 3), [0, 2, 3]);
    }
}
