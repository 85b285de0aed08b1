//! Randomness: ChaCha8 from one seed, a stream per purpose.
//!
//! Every place that draws has a stream of its own, so that a new draw in one place does not shift
//! what all others get (design §4). A stream is only its name and how far it has been read: clones
//! and saved states carry 24 bytes, and the generator behind it is rebuilt at the first draw.

use member::raft_core::{Dice, NodeId};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// What a stream is for. A purpose never changes its number: saved runs depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// A node's election timeouts.
    Dice(NodeId),
    /// Where in its tick interval a node's clock starts.
    Phase(NodeId),
    /// How much of what was not synced a torn disk keeps.
    Tear(NodeId),
    /// A directed link's jitter.
    Jitter(NodeId, NodeId),
    /// Which messages a directed link loses, and where on the way.
    Loss(NodeId, NodeId),
    /// Which messages a directed link delivers twice, and when.
    Duplicate(NodeId, NodeId),
}

impl Purpose {
    fn number(self) -> u64 {
        let number = |kind: u64, a: NodeId, b: u8| kind << 16 | u64::from(a.0) << 8 | u64::from(b);
        match self {
            Purpose::Dice(node) => number(1, node, 0),
            Purpose::Phase(node) => number(2, node, 0),
            Purpose::Tear(node) => number(3, node, 0),
            Purpose::Jitter(from, to) => number(4, from, to.0),
            Purpose::Loss(from, to) => number(5, from, to.0),
            Purpose::Duplicate(from, to) => number(6, from, to.0),
        }
    }
}

/// A stream of random numbers: which one, and how many words of it were drawn.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stream {
    seed: u64,
    number: u64,
    words_drawn: u64,
    /// As dice, it shows no more different numbers than this.
    sides: u32,
    #[serde(skip)]
    generator: Option<Box<ChaCha8Rng>>,
}

impl Stream {
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Stream {
        Stream { seed, number: purpose.number(), words_drawn: 0, sides: u32::MAX, generator: None }
    }

    /// The same, as dice with no more than so many sides (at least one).
    pub(crate) fn with_sides(self, sides: u32) -> Stream {
        Stream { sides: sides.max(1), ..self }
    }

    /// A number below `bound`, all equally likely (Lemire's multiplication with rejection; written
    /// out here because a library may change its method, and then all saved runs would differ).
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "nothing is below zero");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.word()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Whether something with a chance of `ppm` in a million happens. Draws nothing for 0.
    pub(crate) fn happens(&mut self, ppm: u32) -> bool {
        ppm > 0 && self.below(1_000_000) < ppm
    }

    /// A duration from zero to `most` micros, both included. Draws nothing for 0.
    pub(crate) fn micros_up_to(&mut self, most: u64) -> u64 {
        match u32::try_from(most) {
            Ok(0) => 0,
            Ok(most) => u64::from(self.below(most.saturating_add(1))),
            // More than 71 minutes: in steps of a millisecond.
            Err(_) => u64::from(self.below(u32::try_from(most / 1000).unwrap_or(u32::MAX))) * 1000,
        }
    }

    fn word(&mut self) -> u32 {
        let generator = self.generator.get_or_insert_with(|| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&self.seed.to_le_bytes());
            let mut generator = ChaCha8Rng::from_seed(seed);
            generator.set_stream(self.number);
            generator.set_word_pos(u128::from(self.words_drawn));
            Box::new(generator)
        });
        self.words_drawn += 1;
        generator.next_u32()
    }
}

impl Clone for Stream {
    fn clone(&self) -> Stream {
        Stream { generator: None, ..*self }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stream({:#x} of seed {}, at {})", self.number, self.seed, self.words_drawn)
    }
}

impl Dice for Stream {
    fn below(&mut self, bound: u32) -> u32 {
        Stream::below(self, bound.min(self.sides))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clone in the middle of a block draws what the original draws.
    #[test]
    fn a_clone_continues_where_the_original_is() {
        let mut stream = Stream::new(7, Purpose::Dice(NodeId(1)));
        for drawn in 0..200 {
            let mut clone = stream.clone();
            assert_eq!(clone.below(1000), stream.below(1000), "after {drawn} draws");
        }
    }

    /// Streams of different purposes, links and seeds differ.
    #[test]
    fn streams_differ() {
        let draw = |seed, purpose| {
            let mut stream = Stream::new(seed, purpose);
            (0..8).map(|_| stream.below(u32::MAX)).collect::<Vec<_>>()
        };
        let (a, b) = (NodeId(1), NodeId(2));
        let streams = [
            draw(1, Purpose::Dice(a)),
            draw(1, Purpose::Dice(b)),
            draw(1, Purpose::Phase(a)),
            draw(1, Purpose::Jitter(a, b)),
            draw(1, Purpose::Jitter(b, a)),
            draw(2, Purpose::Dice(a)),
        ];
        for (i, one) in streams.iter().enumerate() {
            assert!(streams[i + 1..].iter().all(|other| one != other));
        }
    }

    /// The values themselves are fixed: another version of a library must not change saved runs.
    #[test]
    fn values_are_stable() {
        let mut stream = Stream::new(1, Purpose::Dice(NodeId(1)));
        let drawn: Vec<u32> = (0..4).map(|_| stream.below(1_000_000)).collect();
        assert_eq!(drawn, STABLE);
    }

    const STABLE: [u32; 4] = [452_263, 650_627, 92_875, 784_011];
}
