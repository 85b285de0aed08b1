//! One key's history: which revisions changed it, in which of its lives (etcd `mvcc/key_index.go`).

use imbl::Vector;

use crate::{Revision, RevisionPair};

/// The revisions at which one key changed, oldest first, split into its lives.
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
/// - A closed generation ends with its tombstone and holds at least one revision before it, unless
///   compaction took that.
/// - The current generation holds no tombstone. It is empty while the key is deleted.
/// - Revisions grow along a generation and from one generation to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyIndex {
    closed: Vector<Generation>,
    current: Generation,
}

/// One life of a key.
#[derive(Clone, Debug, Default)]
struct Generation {
    created: Revision,
    /// Version after the last put. Compaction takes revisions away but leaves this count.
    version: i64,
    revisions: Vector<RevisionPair>,
}

/// What a put made of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) created: Revision,
    pub(crate) version: i64,
}

impl KeyIndex {
    /// Notes a put: the next version of a living key, or the beginning of a new life.
    pub(crate) fn put(&mut self, at: RevisionPair) -> Written {
        debug_assert!(self.last() < Some(at), "a key's revisions grow");
        let life = &mut self.current;
        if life.revisions.is_empty() {
            life.created = at.main;
            life.version = 0;
        }
        life.version += 1;
        life.revisions.push_back(at);
        Written { created: life.created, version: life.version }
    }

    /// Notes a put of which only the outcome is known: the way back from what was saved, where
    /// compaction may have taken the beginning of the life.
    pub(crate) fn restore(&mut self, at: RevisionPair, created: Revision, version: i64) {
        self.current.created = created;
        self.current.version = version;
        self.current.revisions.push_back(at);
    }

    /// Notes the deletion of a living key.
    pub(crate) fn tombstone(&mut self, at: RevisionPair) {
        assert!(self.is_alive(), "only a living key can be deleted");
        let mut life = std::mem::take(&mut self.current);
        life.revisions.push_back(at);
        self.closed.push_back(life);
    }

    /// Whether the key exists now.
    pub(crate) fn is_alive(&self) -> bool {
        !self.current.revisions.is_empty()
    }

    /// The revision that holds the key's value as of `revision`; `None` if it did not exist then.
    pub(crate) fn get(&self, revision: Revision) -> Option<RevisionPair> {
        if self.current.begins_by(revision) {
            return self.current.last_by(revision);
        }
        // The last life that had begun by then. Lives are few, but a key that is created and
        // deleted in a loop has many: halve rather than walk.
        let begun = partition_point(&self.closed, |life| life.begins_by(revision));
        let life = self.closed.get(begun.checked_sub(1)?)?;
        let deleted_at = life.revisions.back()?.main;
        if deleted_at <= revision { None } else { life.last_by(revision) }
    }

    /// Forgets what no read at `revision` or later can see. True if nothing is left of the key.
    pub(crate) fn compact(&mut self, revision: Revision) -> bool {
        // A life that had ended by then is invisible from then on, tombstone and all.
        while self.closed.front().is_some_and(|life| life.ends_by(revision)) {
            self.closed.pop_front();
        }
        // Only the first life left can have begun by then: the next begins after it has ended.
        match self.closed.front_mut() {
            Some(life) => life.forget_before(revision),
            None => self.current.forget_before(revision),
        }
        self.closed.is_empty() && !self.is_alive()
    }

    fn last(&self) -> Option<RevisionPair> {
        let life = if self.is_alive() { Some(&self.current) } else { self.closed.back() };
        life.and_then(|life| life.revisions.back()).copied()
    }
}

impl Generation {
    fn begins_by(&self, revision: Revision) -> bool {
        self.revisions.front().is_some_and(|first| first.main <= revision)
    }

    fn ends_by(&self, revision: Revision) -> bool {
        self.revisions.back().is_some_and(|last| last.main <= revision)
    }

    /// The last change at or before `revision`.
    fn last_by(&self, revision: Revision) -> Option<RevisionPair> {
        // Nearly every read is of the newest version.
        let last = self.revisions.back().filter(|last| last.main <= revision);
        if last.is_some() {
            return last.copied();
        }
        let after = partition_point(&self.revisions, |pair| pair.main <= revision);
        self.revisions.get(after.checked_sub(1)?).copied()
    }

    /// Keeps the last change at or before `revision`, and what is younger.
    fn forget_before(&mut self, revision: Revision) {
        let after = partition_point(&self.revisions, |pair| pair.main <= revision);
        if after > 1 {
            self.revisions = self.revisions.skip(after - 1);
        }
    }
}

/// The number of items at the front for which `holds` is true; there must be none behind them.
fn partition_point<T: Clone>(items: &Vector<T>, holds: impl Fn(&T) -> bool) -> usize {
    let (mut low, mut high) = (0, items.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if items.get(middle).is_some_and(&holds) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(main: i64) -> RevisionPair {
        RevisionPair { main: Revision(main), sub: 0 }
    }

    /// Builds a key from a script: `+` puts, `-` deletes, `.` changes something else. Revision 2 on.
    fn key(script: &str) -> KeyIndex {
        let mut key = KeyIndex::default();
        for (main, change) in (2..).zip(script.chars()) {
            match change {
                '+' => drop(key.put(pair(main))),
                '-' => key.tombstone(pair(main)),
                _ => {}
            }
        }
        key
    }

    /// What is visible at revisions 1, 2, … as a list of main revisions; 0 for "nothing".
    fn visible(key: &KeyIndex, until: i64) -> Vec<i64> {
        (1..=until).map(|at| key.get(Revision(at)).map_or(0, |found| found.main.0)).collect()
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
        assert_eq!(key.put(pair(9)), Written { created: Revision(9), version: 1 });
        assert_eq!(key.put(pair(10)), Written { created: Revision(9), version: 2 });
    }

    #[test]
    fn compaction_keeps_what_a_read_at_its_revision_sees() {
        // Proves that no read at or after the compacted revision changes, for every such revision.
        let script = "++-.+++.-+--".replace("--", "-");
        let whole = key(&script);
        let end = script.len() as i64 + 2;
        for at in 1..=end {
            let mut compacted = whole.clone();
            let gone = compacted.compact(Revision(at));
            let from = at as usize - 1;
            assert_eq!(visible(&compacted, end)[from..], visible(&whole, end)[from..], "at {at}");
            assert_eq!(gone, visible(&whole, end)[from..].iter().all(|&seen| seen == 0));
        }
    }

    #[test]
    fn compaction_leaves_the_version_count() {
        // Proves that versions go on counting although the early puts are forgotten.
        let mut key = key("+++");
        assert!(!key.compact(Revision(4)));
        assert_eq!(key.current.revisions.len(), 1);
        assert_eq!(key.put(pair(5)), Written { created: Revision(2), version: 4 });
    }

    #[test]
    fn two_lives_in_one_transaction() {
        // Proves that of several changes under one main revision the last counts.
        let mut key = key("+");
        key.tombstone(RevisionPair { main: Revision(3), sub: 0 });
        key.put(RevisionPair { main: Revision(3), sub: 1 });
        let found = key.get(Revision(3)).map(|found| found.sub);
        assert_eq!(found, Some(1));
        assert_eq!(visible(&key, 3), [0, 2, 3]);
    }
}
