//! Time travel: seek, undo, redo, reset.
//!
//! A seek clones the nearest checkpoint and replays the recorded lines at their events. Undo and
//! redo exchange whole timelines, so that a future that was cut off by acting in the past can be
//! had back: line by line, or at once by [`Session::return_to_other`].

use std::sync::Arc;

use super::Session;
use super::checkpoints::Checkpoints;
use super::timeline::Timeline;
use crate::view::{FeedItem, TerminalEntry};

/// How many lines can be undone.
const UNDO_MAX: usize = 200;

/// A place to go back to with undo and redo.
#[derive(Clone, Debug)]
pub(super) struct Past {
    timeline: Timeline,
    prelude: Arc<Vec<Arc<TerminalEntry>>>,
    seq: u64,
    end: u64,
    /// What is told of the events up to `end`.
    ahead: Arc<Vec<Arc<FeedItem>>>,
    /// What undoing it would take back: a line as written.
    what: String,
    other: Option<Arc<Branch>>,
}

/// A future that was left by acting in its past.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    past: Past,
    /// The event up to which both are the same.
    at: u64,
}

/// The other future of a session, of which it has only one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherFuture {
    /// The event up to which both are the same.
    pub at: u64,
    /// Its last event.
    pub end: u64,
}

impl Session {
    /// Goes to an event of this timeline, back or forth.
    pub fn seek(&mut self, event: u64) {
        self.stop_waiting();
        self.look_back();
        if let Some((at, live)) = self.checkpoints.nearest(event) {
            // Forth, too, it is nearer than where we are; but who keeps the trace wants all of it.
            let is_ahead = self.seq() < *at && self.traced.is_none();
            if event < self.seq() || is_ahead {
                self.live = live.clone();
            }
        }
        self.run_to(event);
    }

    /// Forgets what was still to come: lines in the queue, the way to a saved moment.
    fn stop_waiting(&mut self) {
        self.queue.clear();
        self.awaited = false;
        self.bound_for = None;
    }

    /// What is told of all of this timeline, the newest last: of the future, too, where one went
    /// back from it.
    pub fn told(&self) -> impl Iterator<Item = &Arc<FeedItem>> + Clone {
        let now = self.seq();
        self.feed().iter().chain(self.ahead.iter().filter(move |item| item.seq > now))
    }

    /// Keeps what is told of the timeline's end, which one is about to leave.
    fn look_back(&mut self) {
        if self.seq() == self.end {
            self.ahead = Arc::new(self.live.feed.clone());
        }
    }

    /// Replays up to an event.
    pub(super) fn run_to(&mut self, event: u64) {
        while self.seq() < event {
            if !self.step() {
                return;
            }
        }
    }

    /// Goes to the last event before this one that is worth telling, or to the first.
    pub fn back_interesting(&mut self) {
        let seq = self.seq();
        let before = self.feed().iter().rev().map(|item| item.seq).find(|told| *told < seq);
        self.seek(before.unwrap_or(0));
    }

    /// Makes this moment one that undo comes back to; `what` is about to be done.
    pub(super) fn remember_for_undo(&mut self, what: &str) {
        if self.undo.len() == UNDO_MAX {
            self.undo.remove(0);
        }
        self.undo.push(self.past(what));
        self.redo.clear();
    }

    fn past(&self, what: &str) -> Past {
        Past {
            timeline: self.timeline.clone(),
            prelude: Arc::clone(&self.prelude),
            seq: self.seq(),
            end: self.end,
            ahead: if self.seq() == self.end {
                Arc::new(self.live.feed.clone())
            } else {
                Arc::clone(&self.ahead)
            },
            what: what.to_owned(),
            other: self.other.clone(),
        }
    }

    /// The line that undo would take back.
    pub fn undoes(&self) -> Option<&str> {
        self.undo.last().map(|past| past.what.as_str())
    }

    /// The line that redo would give again.
    pub fn redoes(&self) -> Option<&str> {
        self.redo.last().map(|past| past.what.as_str())
    }

    /// Takes the last line back and goes to the event before it. False if there is none.
    pub fn undo(&mut self) -> bool {
        let Some(past) = self.undo.pop() else { return false };
        self.redo.push(self.past(&past.what));
        self.go_to_past(past);
        true
    }

    /// Does again what was undone. False if there is nothing.
    pub fn redo(&mut self) -> bool {
        let Some(past) = self.redo.pop() else { return false };
        self.undo.push(self.past(&past.what));
        self.go_to_past(past);
        true
    }

    /// Keeps the future of this moment, which acting now cuts off.
    pub(super) fn leave_future(&mut self) {
        if self.end > self.seq() {
            let past = Past { other: None, ..self.past("") };
            self.other = Some(Arc::new(Branch { past, at: self.seq() }));
            self.branch += 1;
        }
    }

    /// The future that was left last, if there is one to return to.
    pub fn other_future(&self) -> Option<OtherFuture> {
        let branch = self.other.as_ref()?;
        Some(OtherFuture { at: branch.at, end: branch.past.end })
    }

    /// Exchanges this future for the other: goes to where one was in that, and keeps this one as
    /// the other. False if there is none.
    pub fn return_to_other(&mut self) -> bool {
        let Some(branch) = self.other.take() else { return false };
        self.remember_for_undo("return to the other future");
        let past = Past { other: None, ..self.past("") };
        self.go_to_past(branch.past.clone());
        self.other = Some(Arc::new(Branch { past, at: branch.at }));
        true
    }

    fn go_to_past(&mut self, past: Past) {
        self.stop_waiting();
        self.branch += 1;
        let is_kin = Arc::ptr_eq(&self.prelude, &past.prelude);
        let common = self.timeline.common_with(&past.timeline).filter(|_| is_kin);
        self.timeline = past.timeline;
        self.prelude = past.prelude;
        match common {
            // What both have in common need not be lived through again.
            Some(common) => self.checkpoints.keep_common(common.lines, common.end),
            None => self.checkpoints = Checkpoints::of(&self.fresh()),
        }
        self.end = past.end;
        self.ahead = past.ahead;
        self.other = past.other;
        self.live = match self.checkpoints.nearest(past.seq) {
            Some((_, live)) => live.clone(),
            None => self.fresh(),
        };
        self.run_to(past.seq);
        while self.live.cursor < self.timeline.recorded.len() && past.seq == past.end {
            if !self.issue_due() {
                break;
            }
        }
    }

    /// Begins again as the session began; goals that were reached stay reached.
    pub fn reset(&mut self) {
        let past = self.past("reset");
        if let Ok(fresh) = Session::new(self.opening.clone()) {
            let reached = std::mem::take(&mut self.reached);
            let mut undo = std::mem::take(&mut self.undo);
            undo.push(past);
            *self = Session { undo, branch: self.branch + 1, ..fresh };
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

    /// Proves: who acts in the past leaves a future, can return to it and come back again, with the
    /// very same events; and undo says what it takes back.
    #[test]
    fn the_future_that_was_left_can_be_returned_to() {
        let mut session = Session::new(Opening::default()).expect("an empty set-up");
        let go = |session: &mut Session, events: u64| session.seek(session.seq() + events);
        go(&mut session, 50);
        session.act("crash n2").expect("a line");
        go(&mut session, 150);
        let (end, first) = (session.end(), session.cluster().trace_hash());
        assert_eq!(session.other_future(), None);
        session.seek(100);
        session.act("pause n3").expect("a line");
        let left = session.other_future().expect("the future was left");
        assert_eq!((left.at, left.end), (100, end));
        assert_eq!(session.undoes(), Some("pause n3"));
        go(&mut session, 20);
        let (here, second) = (session.seq(), session.cluster().trace_hash());

        assert!(session.return_to_other());
        assert_eq!((session.seq(), session.end()), (100, end));
        session.seek(end);
        assert_eq!(session.cluster().trace_hash(), first);
        let left = session.other_future().expect("now the second is the other");
        assert_eq!((left.at, left.end), (100, here));
        assert!(session.return_to_other());
        assert_eq!((session.seq(), session.cluster().trace_hash()), (here, second));

        assert!(session.undo() && session.undo() && session.undo());
        assert_eq!((session.seq(), session.end(), session.other_future()), (100, end, None));
        assert_eq!((session.undoes(), session.redoes()), (Some("crash n2"), Some("pause n3")));
    }

    /// Proves: undo and redo keep the checkpoints that both timelines have in common, so that neither
    /// lives through more events than a seek does; and what is told of a future that one went back
    /// from can still be read, until one acts.
    #[test]
    fn undo_does_not_begin_at_the_beginning() {
        let mut session = Session::new(Opening::default()).expect("an empty set-up");
        session.act("crash n2").expect("a line");
        session.seek(30_500);
        session.act("restart n2").expect("a line");
        let (end, hash) = (session.end(), session.cluster().trace_hash());
        let kept = session.checkpoints.events();
        assert!(kept.len() >= 15, "{kept:?}");
        assert!(session.undo());
        assert_eq!((session.seq(), session.checkpoints.events()), (30_500, kept.clone()));
        assert!(session.redo());
        assert_eq!((session.seq(), session.cluster().trace_hash()), (end, hash));
        assert_eq!(session.checkpoints.events(), kept);
        assert!(session.undo() && session.undo());
        assert_eq!((session.seq(), session.checkpoints.events()), (0, vec![0]));
        assert!(session.redo() && session.redo());
        assert_eq!((session.seq(), session.cluster().trace_hash()), (end, hash));

        let told: Vec<u64> = session.told().map(|item| item.seq).collect();
        assert_eq!(told.len(), session.feed().len());
        session.seek(10);
        assert!(session.feed().len() < told.len());
        assert!(session.told().map(|item| item.seq).eq(told));
        session.act("pause n3").expect("a line");
        assert!(session.told().all(|item| item.seq <= session.end()));
    }

    /// Proves: going back leads from one event that is told to the one before it.
    #[test]
    fn one_goes_back_through_what_is_told() {
        let setup = "until leader\nadvance 1s".to_owned();
        let mut session = Session::new(Opening { setup, ..Opening::default() }).expect("good");
        let mut told: Vec<u64> = session.feed().iter().map(|item| item.seq).collect();
        told.dedup();
        for event in told.iter().rev().chain(&[0, 0]) {
            session.back_interesting();
            assert_eq!(session.seq(), *event);
        }
    }

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
