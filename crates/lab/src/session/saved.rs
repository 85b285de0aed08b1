//! A session as text, and back: the same cluster, the same lines at the same events.

use std::sync::Arc;

use super::checkpoints::Checkpoints;
use super::timeline::{Moment, is_saved, notes, read_saved, write_saved};
use super::{Opening, Progress, Session, about_the_past};
use crate::predicate::Predicate;
use crate::script::ScriptError;

impl Session {
    /// This session as a script, every line with its event; [`Session::restore`] reads it, and so
    /// does `lab run`.
    pub fn saved(&self) -> String {
        let reached = self.reached.iter().map(|(id, seq)| (id.clone(), *seq));
        let here = Moment { seq: self.seq(), issued: self.live.cursor };
        let at = self.bound_for.unwrap_or(here);
        write_saved(&self.timeline, self.opening.attended, at, reached)
    }

    /// Whether a text is one of [`Session::saved`], rather than any script.
    pub fn is_saved(text: &str) -> bool {
        is_saved(text)
    }

    /// The event at which a text of [`Session::saved`] was written.
    pub fn saved_event(text: &str) -> u64 {
        notes(text).at.seq
    }

    /// Comes back to a session from the text of [`Session::saved`], at the same event.
    ///
    /// # Errors
    /// If the text is not a saved session, or one from a later version.
    pub fn restore(opening: Opening, saved: &str) -> Result<Session, ScriptError> {
        let mut session = Session::reopen(opening, saved)?;
        while session.arrive(u32::MAX) == Progress::Pending {}
        Ok(session)
    }

    /// As [`Session::restore`], but at event 0: [`Session::arrive`] goes on from there, as slowly as
    /// one can afford.
    ///
    /// # Errors
    /// As [`Session::restore`].
    pub fn reopen(opening: Opening, saved: &str) -> Result<Session, ScriptError> {
        let saved = read_saved(saved)?;
        let mut session = Session::new(Opening { setup: String::new(), ..opening.clone() })?;
        session.enqueue(saved.opening);
        session.opening = opening;
        session.undo.clear();
        session.prelude = Arc::default();
        session.timeline.recorded = saved.recorded.into();
        session.timeline.setup_end = saved.setup_end;
        session.timeline.unattended_before = Some(saved.unattended_before);
        for (id, seq) in saved.reached {
            session.reached.insert(id, seq);
        }
        let predicates: Vec<Predicate> = session
            .timeline
            .recorded
            .iter()
            .filter_map(|recorded| about_the_past(&recorded.line).cloned())
            .collect();
        session.observe_from_start(predicates);
        session.live = session.fresh();
        session.checkpoints = Checkpoints::of(&session.live);
        session.end = session.seq();
        session.bound_for = Some(saved.at);
        Ok(session)
    }

    /// Whether it has not come yet to the moment at which it was saved.
    pub fn is_arriving(&self) -> bool {
        self.bound_for.is_some()
    }

    /// Goes on to the moment at which the session was saved, with at most `budget` events and lines.
    pub fn arrive(&mut self, budget: u32) -> Progress {
        let Some(moment) = self.bound_for else { return Progress::Reached };
        for _ in 0..budget {
            let goes_on = if self.seq() < moment.seq {
                self.step()
            } else {
                self.live.cursor < moment.issued && self.issue_due()
            };
            if !goes_on {
                self.bound_for = None;
                return Progress::Reached;
            }
        }
        Progress::Pending
    }

    /// Puts a saved session in the place of this one, at event 0; [`Session::arrive`] goes on.
    /// Undo returns to what was there. Goals that were reached stay reached.
    ///
    /// # Errors
    /// As [`Session::restore`]; nothing is changed then.
    pub fn load(&mut self, saved: &str) -> Result<(), ScriptError> {
        let loaded = Session::reopen(self.opening.clone(), saved)?;
        self.remember_for_undo("open another session");
        let undo = std::mem::take(&mut self.undo);
        let reached = std::mem::take(&mut self.reached);
        *self = Session { undo, ..loaded };
        for (id, seq) in reached {
            self.reached.or_insert_with(id, || seq);
        }
        Ok(())
    }
}
