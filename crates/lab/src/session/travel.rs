//! Time travel: seek, undo, redo, reset.
//!
//! A seek clones the nearest checkpoint and replays the recorded lines at their events. Undo and
//! redo exchange whole timelines, so that a future that was cut off by acting in the past can be
//! had back.

use std::sync::Arc;

use super::Session;
use super::checkpoints::Checkpoints;
use super::timeline::Timeline;
use crate::view::TerminalEntry;

/// How many lines can be undone.
const UNDO_MAX: usize = 200;

/// A place to go back to with undo and redo.
#[derive(Clone, Debug)]
pub(super) struct Past {
    timeline: Timeline,
    prelude: Arc<Vec<Arc<TerminalEntry>>>,
    seq: u64,
    end: u64,
}

impl Session {
    /// Goes to an event of this timeline, back or forth.
    pub fn seek(&mut self, event: u64) {
        self.queue.clear();
        self.awaited = false;
        if let Some((at, live)) = self.checkpoints.nearest(event) {
            // Forth, too, it is nearer than where we are; but who keeps the trace wants all of it.
            let is_ahead = self.seq() < *at && self.traced.is_none();
            if event < self.seq() || is_ahead {
                self.live = live.clone();
            }
        }
        self.run_to(event);
    }

    /// Replays up to an event.
    pub(super) fn run_to(&mut self, event: u64) {
        while self.seq() < event {
            if !self.step() {
                return;
            }
        }
    }

    pub(super) fn remember_for_undo(&mut self) {
        if self.undo.len() == UNDO_MAX {
            self.undo.pop_front();
        }
        self.undo.push_back(self.past());
        self.redo.clear();
    }

    fn past(&self) -> Past {
        Past {
            timeline: self.timeline.clone(),
            prelude: Arc::clone(&self.prelude),
            seq: self.seq(),
            end: self.end,
        }
    }

    /// Whether there is a line to undo.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether there is an undone line to do again.
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// Takes the last line back and goes to the event before it. False if there is none.
    pub fn undo(&mut self) -> bool {
        let Some(past) = self.undo.pop_back() else { return false };
        self.redo.push(self.past());
        self.go_to_past(past);
        true
    }

    /// Does again what was undone. False if there is nothing.
    pub fn redo(&mut self) -> bool {
        let Some(past) = self.redo.pop() else { return false };
        self.undo.push_back(self.past());
        self.go_to_past(past);
        true
    }

    fn go_to_past(&mut self, past: Past) {
        self.queue.clear();
        self.awaited = false;
        self.timeline = past.timeline;
        self.prelude = past.prelude;
        self.live = self.fresh();
        self.checkpoints = Checkpoints::of(&self.live);
        self.end = past.end;
        self.run_to(past.seq);
        while self.live.cursor < self.timeline.recorded.len() && past.seq == past.end {
            if !self.issue_due() {
                break;
            }
        }
    }

    /// Begins again as the session began; goals that were reached stay reached.
    pub fn reset(&mut self) {
        let past = self.past();
        if let Ok(fresh) = Session::new(self.opening.clone()) {
            let reached = std::mem::take(&mut self.reached);
            let mut undo = std::mem::take(&mut self.undo);
            undo.push_back(past);
            *self = Session { undo, ..fresh };
            for (id, seq) in reached {
                self.reached.or_insert_with(id, || seq);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::checkpoints::{DENSE, EVERY, EVERY_SPARSE};
    use super::super::{Opening, Session};

    /// Proves: in a long run checkpoints are dense where they are new and sparse where they are old,
    /// and a seek, back or forth, from anywhere to anywhere, leads to what was there and leaves no
    /// more of them behind.
    #[test]
    fn old_checkpoints_are_thinned_out() {
        const EVENTS: u64 = 150_000;
        let mut session = Session::new(Opening::default()).expect("an empty set-up");
        let mut hashes = BTreeMap::new();
        while session.seq() < EVENTS {
            if session.seq().is_multiple_of(20_000) {
                session.act(&format!("etcdctl put key {} &", session.seq())).expect("a line");
            }
            session.step();
            if session.seq().is_multiple_of(1_117) {
                hashes.insert(session.seq(), session.cluster().trace_hash());
            }
        }
        let kept: Vec<u64> = session.checkpoints.events();
        for pair in kept.windows(2) {
            let gap = pair[1] - pair[0];
            assert!(gap <= EVERY_SPARSE, "{kept:?}");
            assert!(gap == EVERY || pair[0] + DENSE < EVENTS, "{kept:?}");
        }
        let dense = (DENSE / EVERY) as usize;
        let sparse = ((EVENTS - DENSE) / EVERY_SPARSE) as usize;
        assert!(kept.len() <= dense + sparse + 3, "{kept:?}");
        let events: Vec<u64> = hashes.keys().copied().collect();
        for place in 0..events.len() {
            let event = events[place * 89 % events.len()];
            session.seek(event);
            assert_eq!((session.seq(), session.cluster().trace_hash()), (event, hashes[&event]));
        }
        let after: Vec<u64> = session.checkpoints.events();
        assert_eq!(after, kept);
    }
}
