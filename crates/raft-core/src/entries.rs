//! Entries in a row, of which a clone costs little: what a log is kept in, in memory and on disk.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::entry::Entry;

/// How many entries a block holds. A clone of the whole copies this many at most, when one of the
/// two is changed next.
const BLOCK: usize = 64;

/// Entries in a row. They come and go at the end, and are forgotten at the front. A clone shares
/// them with its original.
///
/// - Every block in `blocks` holds exactly `BLOCK` entries, `tail` fewer.
/// - `skipped` entries of the first block are forgotten; without blocks there are none.
#[derive(Clone, Default)]
pub struct Entries {
    blocks: Arc<Vec<Arc<Vec<Entry>>>>,
    tail: Arc<Vec<Entry>>,
    skipped: usize,
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.blocks.len() * BLOCK + self.tail.len() - self.skipped
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at this place, counted from 0.
    pub fn get(&self, place: usize) -> Option<&Entry> {
        let place = place.checked_add(self.skipped)?;
        let block = self.blocks.get(place / BLOCK);
        block
            .unwrap_or(&self.tail)
            .get(place % BLOCK)
            .filter(|_| place / BLOCK <= self.blocks.len())
    }

    /// The first one.
    pub fn front(&self) -> Option<&Entry> {
        self.get(0)
    }

    /// The last one.
    pub fn last(&self) -> Option<&Entry> {
        self.tail.last().or_else(|| self.blocks.last()?.last())
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator + Clone {
        self.iter_from(0)
    }

    /// Those from this place on.
    pub(crate) fn iter_from(
        &self,
        place: usize,
    ) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator + Clone {
        (place..self.len()).map(|place| self.get(place).expect("in range"))
    }

    /// Appends one.
    pub fn push_back(&mut self, entry: Entry) {
        let tail = Arc::make_mut(&mut self.tail);
        tail.push(entry);
        if tail.len() == BLOCK {
            Arc::make_mut(&mut self.blocks).push(std::mem::take(&mut self.tail));
        }
    }

    /// Keeps the first `len`.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        let end = len + self.skipped;
        match self.blocks.get(end / BLOCK) {
            None => Arc::make_mut(&mut self.tail).truncate(end % BLOCK),
            Some(block) => {
                // What was skipped goes if its block becomes the tail.
                let from = if end < BLOCK { std::mem::take(&mut self.skipped) } else { 0 };
                self.tail = Arc::new(block[from..end % BLOCK].to_vec());
                Arc::make_mut(&mut self.blocks).truncate(end / BLOCK);
            }
        }
    }

    /// All but the first `count`.
    #[must_use]
    pub fn skip(&self, count: usize) -> Entries {
        let begin = self.skipped + count.min(self.len());
        match self.blocks.get(begin / BLOCK..) {
            Some(blocks) if !blocks.is_empty() => Entries {
                blocks: Arc::new(blocks.to_vec()),
                tail: self.tail.clone(),
                skipped: begin % BLOCK,
            },
            _ => self.tail[begin - self.blocks.len() * BLOCK..].to_vec().into(),
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Entries::default();
    }
}

impl Extend<Entry> for Entries {
    fn extend<T: IntoIterator<Item = Entry>>(&mut self, entries: T) {
        entries.into_iter().for_each(|entry| self.push_back(entry));
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<T: IntoIterator<Item = Entry>>(entries: T) -> Entries {
        let mut all = Entries::default();
        all.extend(entries);
        all
    }
}

impl From<Vec<Entry>> for Entries {
    fn from(entries: Vec<Entry>) -> Entries {
        if entries.len() < BLOCK {
            return Entries { tail: Arc::new(entries), ..Entries::default() };
        }
        entries.into_iter().collect()
    }
}

impl PartialEq for Entries {
    fn eq(&self, other: &Entries) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Entries {}

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Entries {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        Vec::deserialize(deserializer).map(Entries::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Payload;
    use crate::ids::{Index, Term};

    fn entry(index: u64) -> Entry {
        Entry { term: Term(1), index: Index(index), payload: Payload::Empty }
    }

    fn check(entries: &Entries, model: &[Entry]) {
        assert_eq!(entries.len(), model.len());
        assert_eq!(entries.is_empty(), model.is_empty());
        assert!(entries.iter().eq(model), "{entries:?}");
        assert!(entries.iter().rev().eq(model.iter().rev()));
        assert_eq!((entries.front(), entries.last()), (model.first(), model.last()));
        for past in [0, 1, BLOCK, 5 * BLOCK] {
            assert_eq!(entries.get(model.len() + past), None);
        }
        assert!(entries.blocks.iter().all(|block| block.len() == BLOCK));
        assert!(entries.tail.len() < BLOCK && entries.skipped < BLOCK);
    }

    /// Proves that whatever is done to it, it holds what a plain list would, that clones go their
    /// own ways, and that what is stored is read back.
    #[test]
    fn it_holds_what_a_plain_list_would() {
        let mut state = 7_u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        let (mut entries, mut model) = (Entries::default(), Vec::new());
        let mut kept = Vec::new();
        for step in 0..3000 {
            match below(10) {
                0 => {
                    let len = below(model.len() + 3);
                    entries.truncate(len);
                    model.truncate(len);
                }
                1 => {
                    let count = below(model.len() + 3);
                    entries = entries.skip(count);
                    model.drain(..count.min(model.len()));
                }
                2 => kept.push((entries.clone(), model.clone())),
                _ => {
                    let more: Vec<_> = (0..below(BLOCK)).map(|_| entry(step)).collect();
                    entries.extend(more.iter().cloned());
                    model.extend(more);
                }
            }
            check(&entries, &model);
            assert_eq!(entries, Entries::from(model.clone()), "however it came about");
        }
        for (entries, model) in kept {
            check(&entries, &model);
            let stored = serde_json::to_string(&entries).expect("can be stored");
            assert_eq!(stored, serde_json::to_string(&model).expect("can be stored"));
            let read: Entries = serde_json::from_str(&stored).expect("can be read");
            check(&read, &model);
        }
    }

    /// Proves that a clone shares every full block with its original.
    #[test]
    fn a_clone_shares_its_blocks() {
        let original: Entries = (0..1000).map(entry).collect();
        let mut copy = original.clone();
        copy.push_back(entry(1000));
        let pairs = original.blocks.iter().zip(copy.blocks.iter());
        assert!(original.blocks.len() > 10 && pairs.into_iter().all(|(a, b)| Arc::ptr_eq(a, b)));
        assert_eq!((original.len(), copy.len()), (1000, 1001));
    }
}
