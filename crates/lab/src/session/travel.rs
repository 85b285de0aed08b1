//! Time travel: seek, undo, redo, reset.
//!
//! A seek clones the nearest checkpoint and replays the recorded lines at their events. Undo and
//! redo exchange whole timelines, so that a future that was cut off by acting in the past can be
//! had back.

use std::sync::Arc;

use super::timeline::Timeline;
use super::{Session, at_start};
use crate::view::TerminalEntry;

/// How many lines can be undone.
const UNDO_MAX: usize = 200;

/// A place to go back to with undo and redo.
#[derive(Clone, Debug)]
pub(super) struct Past {
    timeline: Timeline,
    prelude: Vec<Arc<TerminalEntry>>,
    seq: u64,
    end: u64,
}

impl Session {
    /// Goes to an event of this timeline, back or forth.
    pub fn seek(&mut self, event: u64) {
        self.queue.clear();
        self.awaited = false;
        let from = self.checkpoints.at_or_before(&event).map(|(_, live)| live.clone());
        if event < self.seq()
            && let Some(live) = from
        {
            self.live = live;
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
            self.undo.remove(0);
        }
        self.undo.push(self.past());
        self.redo.clear();
    }

    fn past(&self) -> Past {
        Past {
            timeline: self.timeline.clone(),
            prelude: self.prelude.clone(),
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
        let Some(past) = self.undo.pop() else { return false };
        self.redo.push(self.past());
        self.go_to_past(past);
        true
    }

    /// Does again what was undone. False if there is nothing.
    pub fn redo(&mut self) -> bool {
        let Some(past) = self.redo.pop() else { return false };
        self.undo.push(self.past());
        self.go_to_past(past);
        true
    }

    fn go_to_past(&mut self, past: Past) {
        self.queue.clear();
        self.awaited = false;
        self.timeline = past.timeline;
        self.prelude = past.prelude;
        self.live = self.fresh();
        self.checkpoints = at_start(&self.live);
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
            undo.push(past);
            *self = Session { undo, ..fresh };
            for (id, seq) in reached {
                self.reached.or_insert_with(id, || seq);
            }
        }
    }
}
