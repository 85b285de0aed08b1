//! The desk: a session, the clock that drives it, and what was last read from it for drawing.
//!
//! It holds no component and calls no browser. [`crate::app::App`] owns the only one.

use std::rc::Rc;
use std::sync::Arc;

use lab::link::{LinkError, Shared};
use lab::session::{Issued, OtherFuture, Progress, Session};
use lab::view::{FeedItem, GoalView, StageView, TerminalEntry};

use crate::clock::Clock;
use crate::panels::Look;

/// Events simulated between two looks at the real clock.
const BUDGET: u32 = 500;
/// How much of a frame may go into simulating: the rest is for drawing, and for who uses the page.
const WORK_MS: f64 = 8.0;
/// Events looked through for the next interesting one.
const SEARCH: u32 = 200_000;
/// How often panels follow while time runs: text that changes faster cannot be read.
const PANEL_MS: f64 = 120.0;
/// How often a running session is kept, not only when a line was given.
const KEEP_MS: f64 = 4_000.0;

/// How often what is said aloud may change while time runs: a sentence takes some seconds to hear.
const SPEAK_MS: f64 = 2_000.0;

/// Events replayed before the first look at a session that comes back: hardly to be noticed.
const ARRIVE_AT_ONCE: u32 = 20_000;

/// What a frame changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Only positions: the canvas alone is drawn anew.
    Moved,
    /// The cluster: components are drawn anew.
    Drawn,
}

/// What panels show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) stage: Rc<StageView>,
    pub(crate) feed: Rc<Vec<Arc<FeedItem>>>,
    pub(crate) terminal: Rc<Vec<Arc<TerminalEntry>>>,
    /// Lines that were typed while another runs.
    pub(crate) waiting: Rc<Vec<String>>,
    /// The last event of the run when this was read.
    pub(crate) end: u64,
}

/// The session at work.
pub(crate) struct Desk {
    session: Session,
    pub(crate) clock: Clock,
    pub(crate) stage: Rc<StageView>,
    pub(crate) sheet: Sheet,
    pub(crate) goals: Vec<GoalView>,
    /// The learner stopped time or went elsewhere in it: not even a command that waits makes it
    /// run, until a line is given or time is let run.
    held: bool,
    panel_due_ms: f64,
    keep_due_ms: f64,
    /// The diagnosis for those who hear it.
    pub(crate) spoken: String,
    speak_due_ms: f64,
    keep_wanted: bool,
    /// What was opened, and whence it came, until somebody is told.
    opened: Option<(&'static str, Shared)>,
}

impl Desk {
    /// Sets a session on the desk.
    pub(crate) fn new(mut session: Session, playing: bool) -> Desk {
        session.arrive(ARRIVE_AT_ONCE);
        let stage = Rc::new(session.stage());
        let sheet = Sheet {
            stage: stage.clone(),
            feed: Rc::new(session.told().cloned().collect()),
            terminal: Rc::new(session.terminal().to_vec()),
            waiting: Rc::default(),
            end: session.end(),
        };
        Desk {
            clock: Clock::new(session.now_micros(), playing),
            goals: session.goals(),
            sheet,
            session,
            held: !playing,
            spoken: stage.diagnosis.text.clone(),
            stage,
            panel_due_ms: 0.0,
            keep_due_ms: KEEP_MS,
            speak_due_ms: 0.0,
            keep_wanted: false,
            opened: None,
        }
    }

    /// Whether time runs: because the learner lets it, or because a command waits for it.
    pub(crate) fn runs(&self) -> bool {
        self.session.is_arriving() || self.clock.playing || (self.hurries() && !self.held)
    }

    /// Whether the command that runs reads what is typed.
    pub(crate) fn reads(&self) -> bool {
        self.session.reads()
    }

    /// Whether a command waits for time to pass.
    fn hurries(&self) -> bool {
        self.stage.violation.is_none() && self.session.needs_time()
    }

    /// Whether a command runs.
    pub(crate) fn busy(&self) -> bool {
        self.stage.violation.is_none() && self.session.busy()
    }

    /// Lets `elapsed_ms` of real time pass; `real_ms` tells the real time while it works.
    pub(crate) fn frame(&mut self, elapsed_ms: f64, real_ms: fn() -> f64) -> Change {
        if self.session.is_arriving() {
            let began = real_ms();
            while self.session.arrive(BUDGET) == Progress::Pending && real_ms() - began < WORK_MS {}
            self.land();
            return Change::Drawn;
        }
        let before = self.session.seq();
        let target = self.clock.after(elapsed_ms, self.session.needs_time());
        match self.advance(target as u64, real_ms) {
            Progress::Reached if self.runs() && !self.clock.is_free() => self.clock.now = target,
            Progress::Reached | Progress::Pending => self.clock.set(self.session.now_micros()),
            Progress::Stopped => {
                self.clock.set(self.session.now_micros());
                self.clock.playing = false;
            }
        }
        self.clock.measure(elapsed_ms);
        self.panel_due_ms -= elapsed_ms;
        self.keep_due_ms -= elapsed_ms;
        if self.keep_due_ms <= 0.0 || !self.runs() {
            self.keep_due_ms = KEEP_MS;
            self.keep_wanted = true;
        }
        self.speak_due_ms -= elapsed_ms;
        if self.session.seq() == before && self.runs() {
            return Change::Moved;
        }
        self.stage = Rc::new(self.session.picture());
        if self.panel_due_ms <= 0.0 || !self.runs() {
            self.refresh_sheet();
        }
        Change::Drawn
    }

    /// Lets virtual time pass up to a moment, or until the frame has had its share of real time; while
    /// the learner does not let it run, only as far as a command needs.
    fn advance(&mut self, to_micros: u64, real_ms: fn() -> f64) -> Progress {
        let began = real_ms();
        loop {
            let progress = if self.clock.playing {
                self.session.advance(to_micros, BUDGET)
            } else {
                self.session.advance_if_needed(to_micros, BUDGET)
            };
            if progress != Progress::Pending || real_ms() - began > WORK_MS {
                return progress;
            }
        }
    }

    /// Opens another session in the place of this one; undo returns.
    ///
    /// # Errors
    /// Its script is not understood; nothing is changed then.
    pub(crate) fn load(&mut self, whence: &'static str, shared: Shared) -> Result<(), LinkError> {
        self.session.load(&shared.text)?;
        self.clock.playing = false;
        self.session.arrive(ARRIVE_AT_ONCE);
        self.opened = Some((whence, shared));
        self.land();
        Ok(())
    }

    /// Whence a session came and what it is said to be, once it stands where it was saved; and
    /// whether it is that.
    pub(crate) fn take_opened(&mut self) -> Option<(&'static str, Shared, bool)> {
        if self.session.is_arriving() {
            return None;
        }
        let (whence, shared) = self.opened.take()?;
        let is_same = shared.is_same(&self.session);
        Some((whence, shared, is_same))
    }

    /// Ends the way to a saved moment, for somebody who acts before it is reached.
    pub(crate) fn settle(&mut self) {
        while self.session.arrive(BUDGET) == Progress::Pending {}
    }

    /// The session as a text, to be opened at `place`.
    pub(crate) fn shared(&self, place: &str, view: &str) -> Shared {
        Shared::of(&self.session, place, view)
    }

    /// Gives the session a line; what came of it is in the terminal.
    pub(crate) fn line(&mut self, line: &str) {
        let before = self.session.seq();
        // An error is shown where it was made: in the terminal.
        if self.session.act(line) != Ok(Issued::AtOnce) {
            self.held = false;
        }
        if self.session.seq() < before {
            // A new cluster begins at the beginning of time.
            self.clock.set(self.session.now_micros());
        }
        self.refresh();
    }

    /// Takes what was typed in the terminal: as there, it waits for what runs.
    pub(crate) fn typed(&mut self, text: &str) {
        // An error is shown where it was made: in the terminal.
        let _ = self.session.apply(text);
        self.held &= !self.session.needs_time();
        self.refresh();
    }

    /// Ctrl-C in the terminal.
    pub(crate) fn interrupt(&mut self) {
        self.session.interrupt();
        self.refresh();
    }

    /// The session, to be looked at.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Lets a panel read what only it shows.
    pub(crate) fn show(&self, look: &Look) {
        look.at(&self.session);
    }

    /// Plays lines from the beginning, each in the moment in which the one before it ends: as
    /// `lab lessons check` does, whatever the speed.
    pub(crate) fn play_solution(&mut self, lines: &[String]) {
        self.session.reset();
        self.clock.set(self.session.now_micros());
        self.typed(&lines.join("\n"));
    }

    /// One event.
    pub(crate) fn step(&mut self) {
        self.clock.playing = false;
        self.session.step();
        self.land();
    }

    /// On to the next event that is worth a line in the feed.
    pub(crate) fn step_interesting(&mut self) {
        self.clock.playing = false;
        let _ = self.session.step_interesting(SEARCH);
        self.land();
    }

    /// Back to the event before this one.
    pub(crate) fn back(&mut self) {
        self.seek(self.session.seq().saturating_sub(1));
    }

    /// Back to the last event before this one that is worth a line in the feed.
    pub(crate) fn back_interesting(&mut self) {
        self.clock.playing = false;
        self.session.back_interesting();
        self.land();
    }

    /// To an event, paused there.
    pub(crate) fn seek(&mut self, event: u64) {
        self.clock.playing = false;
        self.session.seek(event);
        self.land();
    }

    pub(crate) fn undo(&mut self) {
        self.session.undo();
        self.land();
    }

    pub(crate) fn redo(&mut self) {
        self.session.redo();
        self.land();
    }

    pub(crate) fn return_to_other(&mut self) {
        self.clock.playing = false;
        self.session.return_to_other();
        self.land();
    }

    pub(crate) fn reset(&mut self) {
        self.session.reset();
        self.land();
    }

    /// Lets time run or stop.
    pub(crate) fn play(&mut self, playing: bool) {
        self.clock.playing = playing && self.stage.violation.is_none();
        self.held = !playing;
        self.refresh();
    }

    fn land(&mut self) {
        self.held = true;
        self.clock.set(self.session.now_micros());
        self.refresh();
    }

    fn refresh(&mut self) {
        self.stage = Rc::new(self.session.picture());
        self.refresh_sheet();
        self.keep_wanted = true;
    }

    fn refresh_sheet(&mut self) {
        self.panel_due_ms = PANEL_MS;
        self.sheet.stage = Rc::new(self.session.stage());
        self.sheet.end = self.session.end();
        if (self.speak_due_ms <= 0.0 || !self.runs()) && self.spoken != self.stage.diagnosis.text {
            self.spoken.clone_from(&self.stage.diagnosis.text);
            self.speak_due_ms = SPEAK_MS;
        }
        if !self.session.needs_time() {
            self.clock.rest();
        }
        renew(&mut self.sheet.feed, self.session.told());
        renew(&mut self.sheet.terminal, self.session.terminal().iter());
        let waiting: Vec<String> = self.session.waiting().collect();
        renew(&mut self.sheet.waiting, waiting.iter());
        self.goals = self.session.goals();
    }

    /// The script to keep, if something happened since it was last asked for.
    pub(crate) fn take_script(&mut self) -> Option<String> {
        if !std::mem::take(&mut self.keep_wanted) {
            return None;
        }
        Some(self.session.saved())
    }

    /// The script as it stands.
    pub(crate) fn saved(&self) -> String {
        self.session.saved()
    }

    /// What may come after the words typed so far.
    pub(crate) fn complete(&self, line: &str) -> Vec<String> {
        self.session.complete(line)
    }

    /// The last event of this run: one may have gone back from it.
    pub(crate) fn end(&self) -> u64 {
        self.session.end()
    }

    /// The line that undo would take back.
    pub(crate) fn undoes(&self) -> Option<&str> {
        self.session.undoes()
    }

    /// The line that redo would give again.
    pub(crate) fn redoes(&self) -> Option<&str> {
        self.session.redoes()
    }

    /// The future that was left by acting in its past.
    pub(crate) fn other_future(&self) -> Option<OtherFuture> {
        self.session.other_future()
    }
}

/// Keeps the old pointer where nothing changed, so that components need not compare.
fn renew<'a, T: Clone + PartialEq + 'a>(
    old: &mut Rc<Vec<T>>,
    new: impl Iterator<Item = &'a T> + Clone,
) {
    if !old.iter().eq(new.clone()) {
        *old = Rc::new(new.cloned().collect());
    }
}
