//! A list that grows at its end, in chunks that clones share.
//!
//! A checkpoint of a long run clones every checker; chunks keep that cheap. It does what little a
//! list of hashes needs: a general persistent vector would be a large part of the page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Items in a full chunk.
const CHUNK: usize = 64;

/// What stands behind some index, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chain<T> {
    /// All of them full but the last.
    chunks: Vec<Arc<Vec<T>>>,
    /// How many items at the front of the first chunk are forgotten.
    forgotten: u32,
}

impl<T> Default for Chain<T> {
    fn default() -> Chain<T> {
        Chain { chunks: Vec::new(), forgotten: 0 }
    }
}

impl<T: Copy> Chain<T> {
    pub(super) fn len(&self) -> usize {
        let last = self.chunks.last().map_or(0, |chunk| chunk.len());
        self.chunks.len().saturating_sub(1) * CHUNK + last - self.forgotten as usize
    }

    pub(super) fn get(&self, place: usize) -> Option<&T> {
        let place = place.checked_add(self.forgotten as usize)?;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    pub(super) fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(item),
            _ => self.chunks.push(Arc::new(vec![item])),
        }
    }

    /// Puts another item in a place, if there is one.
    pub(super) fn set(&mut self, place: usize, item: T) {
        let place = place + self.forgotten as usize;
        let chunk = self.chunks.get_mut(place / CHUNK).map(Arc::make_mut);
        if let Some(slot) = chunk.and_then(|chunk| chunk.get_mut(place % CHUNK)) {
            *slot = item;
        }
    }

    /// Keeps the first `len` items.
    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        let len = len + self.forgotten as usize;
        self.chunks.truncate(len.div_ceil(CHUNK));
        if let (Some(chunk), 1..) = (self.chunks.last_mut(), len % CHUNK) {
            Arc::make_mut(chunk).truncate(len % CHUNK);
        }
    }

    /// Forgets the first `count` items, of which there must be so many.
    pub(super) fn forget(&mut self, count: usize) {
        let count = count + self.forgotten as usize;
        self.chunks.drain(..count / CHUNK);
        self.forgotten = (count % CHUNK) as u32;
    }
}

#[cfg(test)]
mod tests {
    use member::raft_core::Term;

    use super::super::log::Link;
    use super::*;

    fn link(number: u64) -> Link {
        Link { term: Term(number), chain: number }
    }

    /// Proves the chain against a plain list, through pushes, truncations and forgetting at every
    /// place in a chunk, and that a clone keeps what it had.
    #[test]
    fn it_does_what_a_plain_list_does() {
        let (mut chain, mut list) = (Chain::default(), Vec::new());
        for round in 0..600_u64 {
            for number in 0..(round * 7) % 90 {
                chain.push(link(number));
                list.push(link(number));
            }
            let kept = (chain.clone(), list.clone());
            if round % 3 == 0 {
                let len = list.len() * (round as usize % 11) / 11;
                chain.truncate(len);
                list.truncate(len);
            }
            if round % 4 == 0 && !list.is_empty() {
                let place = (round as usize * 31) % list.len();
                chain.set(place, link(round));
                list[place] = link(round);
                chain.set(list.len(), link(0));
            }
            if round % 5 == 0 {
                let count = list.len() * (round as usize % 7) / 9;
                chain.forget(count);
                list.drain(..count);
            }
            for (chain, list) in [(&kept.0, &kept.1), (&chain, &list)] {
                assert_eq!(chain.len(), list.len());
                assert_eq!(chain.last(), list.last());
                let all: Vec<Link> =
                    (0..=list.len()).filter_map(|n| chain.get(n)).copied().collect();
                assert_eq!(&all, list, "round {round}");
            }
        }
    }
}
