//! The course of a session as numbers over time: how long writes took, how they ended, who led.
//!
//! A chart keeps a [`Series`] and lets it [take](Series::take) from its session whenever it is drawn:
//! only what is new is looked at, unless the session went back or is another one now. Nothing here
//! changes the session.

mod wire;

use sim::{HistoryRecord, Outcome};

use crate::session::Session;
use crate::view::{FeedItem, Level, Mark};
use crate::words::span;

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was acknowledged.
    Acknowledged,
    /// It surely had no effect.
    Failed,
    /// Nobody can tell from here.
    Unknown,
}

/// A write that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// When it was asked for, in micros of virtual time.
    pub asked_at: u64,
    /// How long the client waited, in micros.
    pub took: u64,
    /// How it ended.
    pub ended: Ended,
}

impl Write {
    /// When it ended.
    pub fn ended_at(&self) -> u64 {
        self.asked_at + self.took
    }
}

/// A time during which a node took itself for the leader. Two of them may overlap: a leader that was
/// cut off does not know at once that it was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reign {
    /// Who.
    pub node: u8,
    /// In which term.
    pub term: u64,
    /// From when on, in micros.
    pub from: u64,
    /// Until when; none if it still does.
    pub to: Option<u64>,
}

/// Writes that ended in an interval of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// When it begins, in micros; it ends where the next begins.
    pub from: u64,
    /// Writes that were acknowledged.
    pub acknowledged: u32,
    /// Writes that failed.
    pub failed: u32,
    /// Writes of which nobody can tell.
    pub unknown: u32,
}

/// What of a session is drawn over time.
#[derive(Clone, Debug, Default)]
pub struct Series {
    writes: Vec<Write>,
    reigns: Vec<Reign>,
    /// Writes under way: call and when it was asked for.
    asked: Vec<(u64, u64)>,
    /// Records of the history that were taken.
    records: usize,
    /// Items of the feed that were taken.
    items: usize,
    /// Which timeline of the session they were of, and its last event by then.
    branch: u64,
    seq: u64,
    now: u64,
    /// Places of the cluster by then.
    nodes: u8,
}

impl Series {
    /// Nothing is taken yet.
    pub fn new() -> Series {
        Series::default()
    }

    /// Takes what has happened since. True if anything that is drawn has changed, time apart.
    pub fn take(&mut self, session: &Session) -> bool {
        let (branch, seq) = (session.branch(), session.seq());
        let anew = branch != self.branch || seq < self.seq;
        if anew {
            *self = Series { branch, ..Series::default() };
        }
        (self.seq, self.now) = (seq, session.now_micros());
        self.nodes = session.cluster().node_count();
        let before = (self.writes.len(), self.items);
        for record in session.cluster().history().since(self.records) {
            self.records += 1;
            self.take_record(record);
        }
        for item in session.feed().get(self.items..).unwrap_or_default() {
            self.items += 1;
            self.take_item(item);
        }
        anew || before != (self.writes.len(), self.items)
    }

    fn take_record(&mut self, record: &HistoryRecord) {
        match record {
            HistoryRecord::Call { call, at, request, .. } if request.is_write() => {
                self.asked.push((call.0, at.0));
            }
            HistoryRecord::Return { call, at, outcome } => {
                let Some(place) = self.asked.iter().position(|(asked, _)| *asked == call.0) else {
                    return;
                };
                let (_, asked_at) = self.asked.remove(place);
                let ended = match **outcome {
                    Outcome::Ok { .. } => Ended::Acknowledged,
                    Outcome::Failed(_) => Ended::Failed,
                    Outcome::Unknown(_) => Ended::Unknown,
                };
                self.writes.push(Write { asked_at, took: at.0 - asked_at, ended });
            }
            HistoryRecord::Call { .. } | HistoryRecord::Told { .. } => {}
        }
    }

    fn take_item(&mut self, item: &FeedItem) {
        let Some(node) = item.node else { return };
        let (term, from) = (item.term, item.at_micros);
        if item.mark == Mark::Leader {
            self.end_reign(node, from);
            self.reigns.push(Reign { node, term, from, to: None });
        } else if ends_a_reign(item) {
            self.end_reign(node, from);
        }
    }

    fn end_reign(&mut self, node: u8, at: u64) {
        let open = |reign: &&mut Reign| reign.node == node && reign.to.is_none();
        if let Some(reign) = self.reigns.iter_mut().rfind(open) {
            reign.to = Some(at);
        }
    }

    /// All writes that have ended, in the order of their ends.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Writes that have not ended.
    pub fn under_way(&self) -> usize {
        self.asked.len()
    }

    /// Who led when, in the order of the beginnings. See [`Reign`].
    pub fn reigns(&self) -> &[Reign] {
        &self.reigns
    }

    /// The virtual time up to which it was taken.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// How many nodes the cluster had by then: n1 to this one.
    pub fn nodes(&self) -> u8 {
        self.nodes
    }

    /// Writes that ended, in intervals from the start up to now, at most so many (one at least). They
    /// are 1, 2 or 5 of a power of ten long, 100 ms at least.
    pub fn intervals(&self, most: u32) -> Vec<Interval> {
        let units = [100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000];
        let most = u64::from(most.max(1));
        let mut lengths = units.into_iter().flat_map(|unit| [1, 2, 5].map(|n| n * unit));
        let length = lengths.find(|length| self.now / length < most).unwrap_or(self.now + 1);
        let mut intervals: Vec<Interval> = (0..=self.now / length)
            .map(|place| Interval { from: place * length, ..Interval::default() })
            .collect();
        for write in &self.writes {
            let place = usize::try_from(write.ended_at() / length).unwrap_or(usize::MAX);
            let Some(interval) = intervals.get_mut(place) else { continue };
            match write.ended {
                Ended::Acknowledged => interval.acknowledged += 1,
                Ended::Failed => interval.failed += 1,
                Ended::Unknown => interval.unknown += 1,
            }
        }
        intervals
    }

    /// The newest writes, at most so many, for a table: when asked, how it ended, after how long.
    pub fn write_rows(&self, most: usize) -> Vec<[String; 3]> {
        let row = |write: &Write| {
            let ended = match write.ended {
                Ended::Acknowledged => "acknowledged",
                Ended::Failed => "failed",
                Ended::Unknown => "unknown",
            };
            [span(write.asked_at), ended.to_owned(), span(write.took)]
        };
        self.writes.iter().rev().take(most).map(row).collect()
    }

    /// [`Series::intervals`] for a table: from, acknowledged, failed, unknown.
    pub fn interval_rows(&self, most: u32) -> Vec<[String; 4]> {
        let row = |interval: Interval| {
            let Interval { from, acknowledged, failed, unknown } = interval;
            [span(from), acknowledged.to_string(), failed.to_string(), unknown.to_string()]
        };
        self.intervals(most).into_iter().map(row).collect()
    }

    /// [`Series::reigns`] for a table: term, leader, from, to.
    pub fn reign_rows(&self) -> Vec<[String; 4]> {
        let row = |reign: &Reign| {
            let to = reign.to.map_or_else(|| "now".to_owned(), span);
            [reign.term.to_string(), format!("n{}", reign.node), span(reign.from), to]
        };
        self.reigns.iter().map(row).collect()
    }
}

/// Whether the feed says that its node, if it led, does not lead any more: it steps down, or its
/// process ends. (Of what a line does to a node only the line is told.)
fn ends_a_reign(item: &FeedItem) -> bool {
    match item.mark {
        Mark::StepDown => item.level == Level::Warning,
        Mark::Fault => {
            let word = item.text.split(' ').next().unwrap_or_default();
            matches!(word, "crash" | "tear") || item.text.ends_with("its process ends")
        }
        Mark::Election
        | Mark::Leader
        | Mark::Client
        | Mark::Commit
        | Mark::Members
        | Mark::Violation => false,
    }
}

#[cfg(test)]
mod tests;
