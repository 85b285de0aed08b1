//! A list that grows at its end, and whose clones share what they have in common.
//!
//! A session keeps a clone of everything each 2,000 events. A plain `Vec` behind an `Arc` would be
//! copied whole at the first push after each; of this list only the last, unfilled chunk is, and
//! the pointers to the others each time a chunk is full.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Items of a chunk.
const CHUNK: usize = 32;

/// A list that grows at its end, and whose clones share what they have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<T>", into = "Vec<T>")]
#[serde(bound(serialize = "T: Clone + Serialize", deserialize = "T: Clone + Deserialize<'de>"))]
pub struct Chunks<T> {
    /// Chunks that are full.
    full: Arc<Vec<Arc<Vec<T>>>>,
    /// The one that is not.
    last: Arc<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Chunks<T> {
        Chunks { full: Arc::default(), last: Arc::default() }
    }
}

impl<T: Clone> Chunks<T> {
    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        Arc::make_mut(&mut self.last).push(item);
        if self.last.len() == CHUNK {
            Arc::make_mut(&mut self.full).push(std::mem::take(&mut self.last));
        }
    }

    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.last.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at a place, counted from 0.
    pub fn get(&self, place: usize) -> Option<&T> {
        let chunk = self.full.get(place / CHUNK).unwrap_or(&self.last);
        (place < self.len()).then(|| chunk.get(place % CHUNK)).flatten()
    }

    /// The item at a place, to be changed; clones keep what they have.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        if place >= self.len() {
            return None;
        }
        let chunk = match place / CHUNK {
            chunk if chunk < self.full.len() => Arc::make_mut(&mut self.full).get_mut(chunk)?,
            _ => &mut self.last,
        };
        Arc::make_mut(chunk).get_mut(place % CHUNK)
    }

    /// The item at the end.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The item at the end, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.get_mut(self.len().checked_sub(1)?)
    }

    /// All items from a place on.
    pub fn since(&self, place: usize) -> impl Iterator<Item = &T> {
        (place..self.len()).filter_map(|place| self.get(place))
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.since(0)
    }

    /// Forgets all items but the first so many.
    pub fn truncate(&mut self, length: usize) {
        if length >= self.len() {
            return;
        }
        if let Some(chunk) = self.full.get(length / CHUNK) {
            self.last = Arc::clone(chunk);
            Arc::make_mut(&mut self.full).truncate(length / CHUNK);
        }
        Arc::make_mut(&mut self.last).truncate(length % CHUNK);
    }
}

impl<T: Clone> From<Vec<T>> for Chunks<T> {
    fn from(items: Vec<T>) -> Chunks<T> {
        let mut chunks = Chunks::default();
        items.into_iter().for_each(|item| chunks.push(item));
        chunks
    }
}

impl<T: Clone> From<Chunks<T>> for Vec<T> {
    fn from(chunks: Chunks<T>) -> Vec<T> {
        chunks.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: it is what a `Vec` is, at every length around a chunk's border, and a clone does not
    /// see what is done to the original.
    #[test]
    fn it_is_a_list_and_clones_are_their_own() {
        let mut chunks = Chunks::default();
        let mut list = Vec::new();
        for item in 0..3 * CHUNK + 2 {
            assert_eq!(Vec::from(chunks.clone()), list);
            assert_eq!((chunks.len(), chunks.last()), (list.len(), list.last()));
            let clone = chunks.clone();
            let mut changed = chunks.clone();
            for place in [0, list.len() / 2, list.len().saturating_sub(1), list.len()] {
                assert_eq!(chunks.get(place), list.get(place));
                assert!(chunks.since(place).eq(&list[place..]));
                assert_eq!(
                    changed.get_mut(place).map(|item| *item = 999),
                    list.get(place).map(|_| ())
                );
                let mut shorter = chunks.clone();
                shorter.truncate(place);
                assert_eq!(Vec::from(shorter), list[..place]);
            }
            chunks.push(item);
            list.push(item);
            assert_eq!(Vec::from(clone), list[..item]);
        }
        assert_eq!(Chunks::from(list), chunks);
    }

    /// Proves: what a clone keeps for itself does not grow with the list.
    #[test]
    fn clones_share_all_full_chunks() {
        let mut chunks: Chunks<usize> = (0..10 * CHUNK).collect::<Vec<_>>().into();
        let clone = chunks.clone();
        chunks.push(1);
        let shared = chunks.full.iter().zip(clone.full.iter()).filter(|(a, b)| Arc::ptr_eq(a, b));
        assert_eq!(shared.count(), 10);
    }
}
