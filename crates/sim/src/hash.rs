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

/// Collects integers of fixed width.
struct Fields(StableSipHasher128);

impl Fields {
    fn new() -> Fields {
        Fields(StableSipHasher128::new())
    }

    fn number(&mut self, number: u64) {
        self.0.write_u64(number);
    }

    fn byte(&mut self, byte: u8) {
        self.0.write_u8(byte);
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

    fn finish(self) -> u64 {
        let Hash64(hash) = self.0.finish();
        hash
    }
}

/// 64 bits of an entry's payload.
pub(crate) fn payload(entry: &Entry) -> u64 {
    let mut fields = Fields::new();
    match &entry.payload {
        Payload::Empty => fields.byte(0),
        Payload::Normal(data) => {
            fields.byte(1);
            fields.number(data.as_slice().len() as u64);
            fields.0.write(data.as_slice());
        }
        Payload::Config(change) => {
            fields.byte(2);
            fields.byte(match change.transition {
                Transition::Auto => 0,
                Transition::JointImplicit => 1,
                Transition::JointExplicit => 2,
            });
            fields.number(change.changes.len() as u64);
            for change in &change.changes {
                let (kind, node) = match change {
                    Change::AddVoter(node) => (0, node),
                    Change::AddLearner(node) => (1, node),
                    Change::Remove(node) => (2, node),
                };
                fields.byte(kind);
                fields.byte(node.0);
            }
            fields.number(change.context.as_slice().len() as u64);
            fields.0.write(change.context.as_slice());
        }
    }
    fields.finish()
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
