//! A node's disk: writes become durable in order, each some time after it was made.

use member::raft_core::{Index, Message, Stored};
use member::{Micros, Write};
use serde::{Deserialize, Serialize};

use crate::rng::Stream;

/// A node's disk, and what is on its way to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Disk {
    stored: Stored,
    under_way: Vec<UnderWay>,
    /// The newest write that is durable.
    durable_number: u64,
    /// Messages that leave when a write is durable, with its number; in order.
    waiting: Vec<(u64, Message)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct UnderWay {
    write: Write,
    durable_at: Micros,
}

impl Disk {
    pub(crate) fn new() -> Disk {
        Disk {
            stored: Stored::default(),
            under_way: Vec::new(),
            durable_number: 0,
            waiting: Vec::new(),
        }
    }

    /// What a restart would find, if the process died now and nothing was torn.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// How many writes are not durable yet.
    pub fn writes_under_way(&self) -> u64 {
        self.under_way.len() as u64
    }

    /// When the oldest write under way will be durable.
    pub fn next_durable_at(&self) -> Option<Micros> {
        self.under_way.first().map(|under_way| under_way.durable_at)
    }

    /// The last entry of the log that is on the disk, or that its snapshot stands for.
    pub fn last_index(&self) -> Index {
        let snapshot = self.stored.snapshot.as_ref().map_or(Index(0), |snapshot| snapshot.index);
        self.stored.log.last().map_or(snapshot, |entry| entry.index)
    }

    /// Up to here the disk holds the same log as the process: what a write under way is going to
    /// replace does not count.
    ///
    /// Where the process has just given up its log for a leader's snapshot, that is what is on the
    /// disk of the log before, up to the snapshot's index: what was acknowledged of it stays
    /// acknowledged. Anything that differs there from what the snapshot stands for can commit
    /// nothing any more, because up to the snapshot all is committed.
    pub fn durable_index(&self) -> Index {
        let mut durable = self.last_index();
        for UnderWay { write, .. } in &self.under_way {
            if let Some(first) = write.entries.first() {
                durable = durable.min(first.index.prev());
            }
            if let (Some(snapshot), None) = (&write.snapshot, write.compact_to) {
                durable = durable.min(snapshot.index);
            }
        }
        durable
    }

    /// Begins a write; says when it will be durable.
    pub(crate) fn begin(&mut self, write: Write, sync_latency: Micros, now: Micros) -> Micros {
        let earliest = self.under_way.last().map_or(now, |last| last.durable_at.max(now));
        let durable_at = earliest.max(Micros(now.0 + sync_latency.0));
        self.under_way.push(UnderWay { write, durable_at });
        durable_at
    }

    /// The oldest write under way is durable now. Says its number.
    pub(crate) fn complete(&mut self) -> u64 {
        assert!(!self.under_way.is_empty(), "an item of the queue stands for each write");
        let done = self.under_way.remove(0);
        member::apply_write(&mut self.stored, &done.write);
        self.durable_number = done.write.number;
        self.durable_number
    }

    /// Whether a message that waits for this write may leave.
    pub(crate) fn is_durable(&self, number: u64) -> bool {
        number <= self.durable_number
    }

    pub(crate) fn wait(&mut self, number: u64, message: Message) {
        self.waiting.push((number, message));
    }

    /// The next message that may leave by now.
    pub(crate) fn release(&mut self) -> Option<Message> {
        if self.is_durable(self.waiting.first()?.0) {
            return Some(self.waiting.remove(0).1);
        }
        None
    }

    /// The process dies: what is under way is lost, or all but its first records. Says from which
    /// index on the log on the disk may differ from what the process had.
    pub(crate) fn crash(&mut self, now: Micros, loss: Loss<'_>) -> Lost {
        let mut lost = Lost { from: None, snapshot: false };
        // The process was paused: the kernel has synced on, unheard.
        while self.under_way.first().is_some_and(|write| write.durable_at < now) {
            self.complete();
        }
        for UnderWay { write, .. } in &self.under_way {
            lost.snapshot |= write.snapshot.is_some();
            let first = write.entries.first().map(|entry| entry.index);
            lost.from = lost.from.into_iter().chain(first).min();
        }
        if let Loss::Torn(stream) = loss {
            self.tear(stream);
        }
        self.under_way.clear();
        self.waiting.clear();
        self.durable_number = 0;
        lost
    }

    fn tear(&mut self, stream: &mut Stream) {
        let records: u64 = self.under_way.iter().map(|under_way| under_way.write.records()).sum();
        let mut keep = stream.micros_up_to(records);
        for UnderWay { write, .. } in &self.under_way {
            if keep >= write.records() {
                member::apply_write(&mut self.stored, write);
                keep -= write.records();
            } else {
                member::apply_torn(&mut self.stored, write, keep);
                break;
            }
        }
    }
}

/// What a crash does to writes under way.
#[derive(Debug)]
pub(crate) enum Loss<'a> {
    /// They are lost.
    Whole,
    /// A random number of their records, from the first on, is on the disk.
    Torn(&'a mut Stream),
}

/// What a crash may have taken back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lost {
    /// From here on the log on the disk may differ from what the process had.
    pub(crate) from: Option<Index>,
    /// A snapshot was under way: the whole log may differ.
    pub(crate) snapshot: bool,
}

#[cfg(test)]
mod tests {
    use member::raft_core::{Configuration, Data, Entry, Payload, Snapshot, Term};

    use super::*;

    /// Proves: an entry that becomes durable while a leader's snapshot is on its way to the disk is
    /// durable, as it is about to be acknowledged. (Found by `lab fuzz`, seed 33: a node that was
    /// paused gets appends and a snapshot at once.)
    #[test]
    fn entries_before_a_snapshot_under_way_are_durable() {
        let entry = |index| Entry { term: Term(1), index: Index(index), payload: Payload::Empty };
        let entries = |range: std::ops::RangeInclusive<u64>| range.map(entry).collect();
        let mut disk = Disk::new();
        let mut begin = |number, write| disk.begin(Write { number, ..write }, Micros(5), Micros(0));
        begin(1, Write { entries: entries(1..=2), ..Write::default() });
        begin(2, Write { entries: entries(3..=3), ..Write::default() });
        let (config, data) = (Configuration::default(), Data::default());
        let snapshot = Snapshot { index: Index(12), term: Term(1), config, data };
        begin(3, Write { snapshot: Some(snapshot), ..Write::default() });
        let mut durable = Vec::new();
        for _ in 0..3 {
            disk.complete();
            durable.push(disk.durable_index().0);
        }
        assert_eq!(durable, [2, 3, 12]);
    }
}
