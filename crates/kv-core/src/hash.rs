//! A fingerprint of what a store holds, the same on every machine.
//!
//! Not a cryptographic hash: nobody here has a reason to cheat. It must only differ, with
//! overwhelming likelihood, where two stores differ by mistake.

use crate::Change;
use crate::record::Record;

/// Odd and without pattern: the golden ratio in 64 bits.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Takes words in, mixes them, gives one word out.
struct Mixer(u64);

impl Mixer {
    fn word(&mut self, word: u64) {
        self.0 = finish((self.0 ^ word).wrapping_mul(MULTIPLIER).rotate_left(29));
    }

    /// Bytes go in eight at a time. The length goes first, so that no two lists of fields look
    /// alike.
    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }
}

/// Spreads every bit over the whole word (the finaliser of MurmurHash3).
fn finish(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

/// The fingerprint of one recorded change.
pub(crate) fn of_record(record: &Record) -> u64 {
    let Record { at, change } = record;
    let mut mixer = Mixer(MULTIPLIER);
    mixer.word(at.main.0 as u64);
    mixer.word(at.sub as u64);
    match change {
        Change::Put(kv) => {
            mixer.word(1);
            mixer.bytes(kv.key.as_slice());
            mixer.bytes(kv.value.as_slice());
            mixer.word(kv.create_revision.0 as u64);
            mixer.word(kv.version as u64);
            mixer.word(kv.lease.0 as u64);
        }
        Change::Delete { key } => {
            mixer.word(2);
            mixer.bytes(key.as_slice());
        }
    }
    mixer.0
}

/// The fingerprint of a lease, as the words that tell it from others.
pub(crate) fn of_lease(words: [u64; 3]) -> u64 {
    let mut mixer = Mixer(MULTIPLIER);
    mixer.word(3);
    words.iter().for_each(|&word| mixer.word(word));
    mixer.0
}

/// The fingerprint of a few numbers, in this order: what [`Store::hash`](crate::Store::hash) is
/// made with, for those who add numbers of their own to it. The same on every machine.
pub fn of_words(words: &[u64]) -> u64 {
    let mut mixer = Mixer(MULTIPLIER);
    words.iter().for_each(|&word| mixer.word(word));
    mixer.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Revision, RevisionPair};

    fn deletion(key: &[u8]) -> Record {
        let at = RevisionPair { main: Revision(2), sub: 0 };
        Record { at, change: Change::Delete { key: key.into() } }
    }

    #[test]
    fn the_value_is_the_same_for_ever() {
        // Proves that recorded hashes stay valid: a change of this function must be deliberate.
        assert_eq!(of_words(&[1, 2, 3]), of_words(&[1, 2, 3]));
        assert_ne!(of_words(&[1, 2, 3]), of_words(&[1, 3, 2]));
        assert_eq!(of_record(&deletion(b"name")), 6_971_666_702_952_309_178);
    }

    #[test]
    fn zero_bytes_count() {
        // Proves that padding to eight bytes does not make different keys alike.
        let keys: [&[u8]; 4] = [b"k", b"k\0", b"\0k", b"k\0\0\0\0\0\0\0\0"];
        let mut seen = keys.map(|key| of_record(&deletion(key))).to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), keys.len());
    }
}
