//! Hashes that are the same on every machine, in debug and in release, natively and in wasm.
//!
//! Only explicit integers of fixed width go in, never a `usize` or a derived `Hash`.

use std::hash::Hasher;

use member::raft_core::{Change, Entry, Payload, Transition};
use rustc_stable_hash::{FromStableHash, SipHasher128Hash, StableSipHasher128};

use crate::trace::{ConfigMark, EntryKind, Event, Sent, SnapshotKind};

struct Hash64(u64);

impl FromStableHash for Hash64 {
    type Hash = SipHasher128Hash;

    fn from(SipHasher128Hash([low, _]): SipHasher128Hash) -> Hash64 {
        Hash64(low)
    }
}

/// Collects integers of fixed width: for each, a round of xxHash64 (a product, a rotation, another
/// product). No two numbers at one place give the same, and it costs a fraction of a SipHash, which
/// was a fifth of the whole simulator. Nobody has a reason to look for collisions in their own run.
struct Fields(u64);

impl Fields {
    fn new() -> Fields {
        // Not zero, which a zero would leave as it is.
        Fields(0x27d4_eb2f_1656_67c5)
    }

    fn number(&mut self, number: u64) {
        let mixed = self.0.wrapping_add(number.wrapping_mul(0xc2b2_ae3d_27d4_eb4f));
        self.0 = mixed.rotate_left(31).wrapping_mul(0x9e37_79b1_85eb_ca87);
    }

    fn byte(&mut self, byte: u8) {
        self.number(u64::from(byte));
    }

    fn option(&mut self, number: Option<u64>) {
        match number {
            Some(number) => {
                self.byte(1);
                self.number(number);
            }
            None => self.byte(0),
        }
    }

    /// Every bit of it depends on every bit that was collected.
    fn finish(self) -> u64 {
        let mut hash = self.0 ^ (self.0 >> 33);
        hash = hash.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        hash ^= hash >> 29;
        hash = hash.wrapping_mul(0x1656_67b1_9e37_79f9);
        hash ^ (hash >> 32)
    }
}

/// 64 bits of an entry's payload: a SipHash, as these bytes come from outside, and checkers take
/// entries of one hash for the same.
pub(crate) fn payload(entry: &Entry) -> u64 {
    let mut hasher = StableSipHasher128::new();
    let bytes = |hasher: &mut StableSipHasher128, bytes: &[u8]| {
        hasher.write_u64(bytes.len() as u64);
        hasher.write(bytes);
    };
    match &entry.payload {
        Payload::Empty => hasher.write_u8(0),
        Payload::Normal(data) => {
            hasher.write_u8(1);
            bytes(&mut hasher, data.as_slice());
        }
        Payload::Config(change) => {
            hasher.write_u8(2);
            hasher.write_u8(match change.transition {
                Transition::Auto => 0,
                Transition::JointImplicit => 1,
                Transition::JointExplicit => 2,
            });
            hasher.write_u64(change.changes.len() as u64);
            for change in &change.changes {
                let (kind, node) = match change {
                    Change::AddVoter(node) => (0, node),
                    Change::AddLearner(node) => (1, node),
                    Change::Remove(node) => (2, node),
                };
                hasher.write_u8(kind);
                hasher.write_u8(node.0);
            }
            bytes(&mut hasher, change.context.as_slice());
        }
    }
    let Hash64(hash) = hasher.finish();
    hash
}

/// The hash of a trace that had `before` until this event.
pub(crate) fn event(before: u64, event: &Event) -> u64 {
    let mut fields = Fields::new();
    fields.number(before);
    fields.number(event.seq.0);
    fields.number(event.at.0);
    fields.byte(event.kind as u8);
    fields.byte(event.node.map_or(0, |node| node.0));
    fields.option(event.cause.map(|cause| cause.0));
    fields.option(event.call.map(|call| call.0));
    if let Some(state) = &event.state {
        fields.number(state.term.0);
        fields.byte(state.vote.map_or(0, |node| node.0));
        fields.byte(state.role.map_or(0, |role| 1 + role as u8));
        fields.byte(state.leader.map_or(0, |node| node.0));
        fields.number(state.commit.0);
        fields.number(state.applied.0);
        fields.number(state.durable.0);
        fields.number(state.last_index.0);
        fields.number(state.last_term.0);
        fields.number(state.digest);
    }
    fields.option(event.truncated_from.map(|index| index.0));
    fields.number(event.appended.len() as u64);
    for entry in &event.appended {
        fields.number(entry.index.0);
        fields.number(entry.term.0);
        fields.byte(match entry.kind {
            EntryKind::Empty => 0,
            EntryKind::Normal => 1,
            EntryKind::Config => 2,
        });
        fields.number(entry.hash);
    }
    if let Some(snapshot) = &event.snapshot {
        fields.number(snapshot.index.0);
        fields.number(snapshot.term.0);
        fields.byte(match snapshot.kind {
            SnapshotKind::Taken => 0,
            SnapshotKind::Installed => 1,
        });
        fields.number(snapshot.digest);
    }
    if let Some(mark) = &event.config {
        mark.passed.iter().for_each(|passed| config(&mut fields, passed));
        config(&mut fields, mark);
    }
    if let Some(revision) = event.revision {
        fields.number(revision.0 as u64);
    }
    fields.number(event.sent.len() as u64);
    event.sent.iter().for_each(|message| sent(&mut fields, message));
    fields.option(event.delivered.map(|message| message.0));
    fields.number(event.dropped.len() as u64);
    event.dropped.iter().for_each(|message| fields.number(message.0));
    fields.finish()
}

fn config(fields: &mut Fields, config: &ConfigMark) {
    fields.option(config.index.map(|index| index.0));
    for half in [&config.voters, &config.outgoing, &config.learners] {
        fields.number(half.len() as u64);
        half.iter().for_each(|node| fields.byte(node.0));
    }
}

fn sent(fields: &mut Fields, sent: &Sent) {
    fields.number(sent.id.0);
    fields.byte(sent.to.0);
    fields.byte(sent.kind as u8);
    fields.number(sent.term.0);
    fields.option(sent.index.map(|index| index.0));
    fields.option(sent.log_term.map(|term| term.0));
    fields.option(sent.commit.map(|commit| commit.0));
    fields.option(sent.entries.map(u64::from));
    fields.option(sent.reject.map(u64::from));
    fields.option(sent.hint.map(|hint| hint.0));
    fields.option(sent.copy_of.map(|message| message.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: one bit more or less anywhere, a number at another place, or one left out makes
    /// another hash, in about half of its bits.
    #[test]
    fn every_bit_counts() {
        let hash = |numbers: &[u64]| {
            let mut fields = Fields::new();
            numbers.iter().for_each(|number| fields.number(*number));
            fields.finish()
        };
        let numbers = [0, 1, 2, 3_600_000_000, u64::MAX];
        let usual = hash(&numbers);
        let mut seen = std::collections::BTreeSet::from([usual]);
        let mut differing = 0;
        for place in 0..numbers.len() {
            for bit in 0..64 {
                let mut other = numbers;
                other[place] ^= 1 << bit;
                assert!(seen.insert(hash(&other)), "bit {bit} of number {place}");
                differing += (usual ^ hash(&other)).count_ones();
            }
        }
        assert!((28..36).contains(&(differing / 320)), "{} bits on average", differing / 320);
        assert!(seen.insert(hash(&[1, 0, 2, 3_600_000_000, u64::MAX])), "places count");
        assert!(seen.insert(hash(&numbers[1..])), "a zero at the beginning counts");
    }
}
