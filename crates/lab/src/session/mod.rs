//! A session: a cluster, the lines given to it, and time travel.
//!
//! What a session *is* stands in `timeline`: settings, seed and every line with its event. What
//! it looks like at one event is `live`: the cluster, the terminal, goals. This module
//! holds both: it issues lines, lets virtual time pass within a budget, and goes back by cloning
//! the nearest checkpoint and replaying the lines at their events.

mod checkpoints;
mod goals;
mod live;
mod process;
mod saved;
mod steer;
pub(crate) mod terminal;
mod timeline;
mod travel;
mod why;

use std::sync::Arc;

use sim::{Chunks, Cluster, Event, HistoryRecord, Settings};

pub(crate) use self::steer::sim_setting;
pub use self::travel::OtherFuture;

use self::checkpoints::Checkpoints;
use self::live::{Live, Trace};
use self::timeline::{Moment, Recorded, Timeline};
use self::travel::{Branch, Past};
use crate::dials::SettingsView;
use crate::few::Few;
use crate::inspect::NodeDetail;
use crate::lessons::GoalData;
use crate::predicate::Predicate;
use crate::script::{
    At, Command, Line, Micros, ScriptError, duration_text, parse_line, parse_script,
};
use crate::stage::Stores;
use crate::view::{
    FeedItem, FlightView, GoalView, LogsView, RequestView, StageView, StoreView, TerminalEntry,
    TimerView,
};

/// Virtual time that a set-up may take before it is taken for endless.
const SETUP_MICROS_MAX: u64 = 600_000_000;

/// How a session begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Size of the cluster, 1–7.
    pub nodes: u8,
    /// What chance begins with.
    pub seed: u64,
    /// Lines that are run before the learner acts.
    pub setup: String,
    /// Goals to be judged from then on.
    pub goals: Vec<GoalData>,
    /// Whether somebody is there to interrupt a command that never ends by itself. If not, it is
    /// interrupted after 10 s.
    pub attended: bool,
}

impl Default for Opening {
    fn default() -> Opening {
        Opening { nodes: 3, seed: 1, setup: String::new(), goals: Vec::new(), attended: true }
    }
}

/// How far [`Session::advance`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As far as it was asked to.
    Reached,
    /// The budget of events was used up before.
    Pending,
    /// Nothing more will happen: a safety property broke.
    Stopped,
}

/// When a line of [`Session::act`] is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// It was, and has done what it does.
    AtOnce,
    /// When the foreground is free.
    InTurn,
}

/// A piece of the trace, in order.
#[derive(Clone, Debug)]
pub enum Traced {
    /// A new cluster with these settings; its start event follows.
    Began(Box<Settings>),
    /// Something happened.
    Event(Box<Event>),
    /// The cluster is gone; this was the history of its clients.
    Ended(Chunks<HistoryRecord>),
}

/// One cluster with everything that was said to it.
#[derive(Clone, Debug)]
pub struct Session {
    opening: Opening,
    timeline: Timeline,
    live: Live,
    /// The terminal as it was when this cluster began.
    prelude: Arc<Vec<Arc<TerminalEntry>>>,
    /// Live states to replay from, by their events.
    checkpoints: Checkpoints,
    /// The last event that was reached in this timeline.
    end: u64,
    /// What was told up to there, when one last went back from it.
    ahead: Arc<Vec<Arc<FeedItem>>>,
    /// Lines that wait for the foreground, or for their moment; the next one stands last.
    queue: Vec<Line>,
    /// The moment that a saved session is on its way to.
    bound_for: Option<Moment>,
    /// Whether the head of the queue has had its moment put into the timeline.
    awaited: bool,
    /// Predicates about the past that have to be observed from event 0 on.
    standing: Vec<Predicate>,
    /// Goals once reached stay reached, wherever the learner goes in time.
    reached: Few<String, u64>,
    undo: Vec<Past>,
    redo: Vec<Past>,
    /// The future that was left last.
    other: Option<Arc<Branch>>,
    /// How often it went over to another future or another cluster.
    branch: u64,
    /// Events since they were last taken, if somebody wants them.
    traced: Trace,
}

impl Session {
    /// Begins a session and runs its set-up to the end.
    ///
    /// # Errors
    /// If the set-up, or a goal's predicate, is not understood or never ends.
    pub fn new(opening: Opening) -> Result<Session, ScriptError> {
        let settings = Settings { nodes: opening.nodes, seed: opening.seed, ..Settings::default() };
        settings.check().map_err(|error| ScriptError {
            line: 1,
            column: 1,
            message: error.to_string(),
        })?;
        let lines = parse_script(&opening.setup)?;
        let goals = goals::parse(&opening.goals)?;
        let mut live = Live::new(&settings, Vec::new(), &[], &goals);
        live.attended = opening.attended;
        let mut session = Session {
            opening,
            timeline: Timeline::new(settings),
            checkpoints: Checkpoints::of(&live),
            live,
            prelude: Arc::default(),
            end: 0,
            ahead: Arc::default(),
            queue: Vec::new(),
            bound_for: None,
            awaited: false,
            standing: Vec::new(),
            reached: Few::new(),
            undo: Vec::new(),
            redo: Vec::new(),
            other: None,
            branch: 0,
            traced: None,
        };
        session.run_setup(lines)?;
        Ok(session)
    }

    fn run_setup(&mut self, lines: Vec<Line>) -> Result<(), ScriptError> {
        let last = lines.last().map_or(1, |line| line.line_number);
        self.enqueue(lines);
        while self.busy() && self.now_micros() < SETUP_MICROS_MAX {
            if self.advance_while_busy(10_000) == Progress::Stopped {
                break;
            }
        }
        if self.busy() {
            let message = "the set-up does not come to an end".to_owned();
            return Err(ScriptError { line: last, column: 1, message });
        }
        self.undo.clear();
        self.timeline.setup_end = Some(self.seq());
        self.live.begin_goals();
        self.note_goals();
        self.checkpoints.keep(&self.live);
        Ok(())
    }

    /// Takes a line of the language, or several, and issues them as soon as they may be.
    ///
    /// # Errors
    /// If one of them is not understood: nothing is changed but the terminal, which says so.
    pub fn apply(&mut self, text: &str) -> Result<(), ScriptError> {
        let lines = match parse_script(text) {
            Ok(lines) => lines,
            Err(error) => {
                self.live.refuse(text, &error);
                return Err(error);
            }
        };
        self.enqueue(lines);
        Ok(())
    }

    /// As [`Session::apply`], for somebody at the controls: one line that steers is issued now, even
    /// while a command runs in the foreground; a click does not wait for an etcdctl that hangs.
    ///
    /// # Errors
    /// As [`Session::apply`].
    pub fn act(&mut self, text: &str) -> Result<Issued, ScriptError> {
        if let Ok(line) = parse_line(text)
            && line.at.is_none()
            && is_instant(&line.command)
        {
            if changes_something(&line.command) {
                self.remember_for_undo(&line.source);
            }
            self.record(line);
            return Ok(Issued::AtOnce);
        }
        self.apply(text).map(|()| Issued::InTurn)
    }

    /// Takes lines that are parsed already.
    pub fn enqueue(&mut self, mut lines: Vec<Line>) {
        lines.retain(|line| !says_nothing(&line.command));
        let past = lines.iter().filter_map(|line| about_the_past(line).cloned()).collect();
        self.observe_from_start(past);
        if let Some(first) = lines.iter().find(|line| changes_something(&line.command)) {
            self.remember_for_undo(&first.source);
        }
        lines.reverse();
        lines.append(&mut self.queue);
        self.queue = lines;
        self.pump();
    }

    /// Acting in the past cuts the timeline here; what was cut off can be returned to.
    fn cut_future(&mut self) {
        self.leave_future();
        self.bound_for = None;
        self.ahead = Arc::default();
        self.timeline.recorded.truncate(self.live.cursor);
        self.end = self.seq();
        self.checkpoints.forget_after(self.end);
    }

    /// Makes an event happen at this moment, so that a line can be issued right then; just as a
    /// waiting line with that time in front of it does.
    #[cfg(feature = "cli")]
    pub(crate) fn await_time(&mut self, at: Micros) {
        if let Some(wait) = at.0.checked_sub(self.now_micros()).filter(|wait| *wait > 0) {
            self.record(terminal::awaiting(Micros(wait)));
        }
    }

    /// Issues lines from the queue as long as their turn has come.
    fn pump(&mut self) {
        while let Some(line) = self.queue.last() {
            match line.at {
                None if matches!(line.command, Command::Type(_)) && self.live.reads() => {}
                None if self.live.has_foreground() => return,
                Some(At::Event(seq)) if self.seq() < seq => return,
                Some(At::Time(at)) if self.now_micros() < at.0 => {
                    if !std::mem::replace(&mut self.awaited, true) {
                        let wait = at.0 - self.now_micros();
                        let line = terminal::awaiting(Micros(wait));
                        self.record(line);
                    }
                    return;
                }
                None | Some(At::Event(_) | At::Time(_)) => {}
            }
            self.awaited = false;
            if let Some(line) = self.queue.pop() {
                self.record(line);
            }
        }
    }

    /// Issues a line now and writes it into the timeline.
    fn record(&mut self, line: Line) {
        if let Some(passed) = passed(&line, self.seq(), self.now_micros()) {
            self.live.fail(&line, &passed);
            return;
        }
        self.cut_future();
        match line.command {
            Command::Nodes(nodes) => {
                self.begin_anew(&line, |settings| Settings { nodes, ..settings });
            }
            Command::Seed(seed) => {
                self.begin_anew(&line, |settings| Settings { seed, ..settings });
            }
            _ => {
                let seq = self.seq();
                self.timeline.recorded.push(Arc::new(Recorded { seq, line: line.clone() }));
                self.live.cursor += 1;
                self.live.issue(&line, &mut self.traced);
                self.after_event();
            }
        }
    }

    /// A new cluster with the present settings but for what `change` changes.
    fn begin_anew(&mut self, line: &Line, change: impl FnOnce(Settings) -> Settings) {
        self.live.close(line);
        self.end_trace();
        self.prelude = Arc::new(self.live.entries.clone());
        self.timeline = Timeline::new(change(self.live.cluster.settings().clone()));
        self.timeline.setup_end = Some(0);
        self.live = self.fresh();
        self.checkpoints = Checkpoints::of(&self.live);
        self.end = 0;
        self.ahead = Arc::default();
        self.other = None;
        self.branch += 1;
        if self.traced.is_some() {
            self.keep_trace();
        }
        self.note_goals();
    }

    /// Closes the trace of a cluster that is about to be replaced; one that never ran leaves none.
    fn end_trace(&mut self) {
        let history = self.live.cluster.history().clone();
        if let Some(traced) = &mut self.traced {
            if self.live.cluster.seq().0 == 0 {
                traced.truncate(traced.len().saturating_sub(2));
            } else {
                traced.push(Traced::Ended(history));
            }
        }
    }

    /// The state at event 0 of this timeline.
    fn fresh(&self) -> Live {
        let goals = goals::parse(&self.opening.goals).unwrap_or_default();
        let mut live =
            Live::new(&self.timeline.settings, self.prelude.to_vec(), &self.standing, &goals);
        live.attended = self.opening.attended;
        live.unattended_before = self.timeline.unattended_before.unwrap_or(0);
        if self.timeline.setup_end == Some(0) {
            live.begin_goals();
        }
        live
    }

    /// Makes sure that predicates about the past are observed from event 0 on.
    fn observe_from_start(&mut self, predicates: Vec<Predicate>) {
        let known = self.standing.len();
        for predicate in predicates {
            if !self.standing.iter().any(|known| known.says_as(&predicate)) {
                self.standing.push(predicate);
            }
        }
        if self.standing.len() > known {
            let seq = self.seq();
            let at_end = self.live.cursor;
            self.live = self.fresh();
            self.checkpoints = Checkpoints::of(&self.live);
            self.run_to(seq);
            // Lines issued at the last event without an event of their own belong to it.
            while self.live.cursor < at_end && self.issue_due() {}
        }
    }

    /// Whether a command still runs in the foreground or lines wait for their turn.
    pub fn busy(&self) -> bool {
        !self.queue.is_empty() || self.live.has_foreground()
    }

    /// Whether what runs in the foreground, or waits for its turn, cannot go on unless time passes. A
    /// watch, a lock that is held and a command that reads what is typed can wait.
    pub fn needs_time(&self) -> bool {
        if self.live.has_foreground() { !self.live.can_wait() } else { !self.queue.is_empty() }
    }

    /// Lets virtual time pass up to `to_micros`, with at most `budget` events.
    pub fn advance(&mut self, to_micros: u64, budget: u32) -> Progress {
        self.advance_while(to_micros, budget, |_| true)
    }

    /// As [`Session::advance`], and no further than something waits for it: it ends in the very event
    /// in which the last command does.
    pub fn advance_if_needed(&mut self, to_micros: u64, budget: u32) -> Progress {
        self.advance_while(to_micros, budget, Session::needs_time)
    }

    fn advance_while(
        &mut self,
        to_micros: u64,
        budget: u32,
        goes_on: impl Fn(&Session) -> bool,
    ) -> Progress {
        for _ in 0..budget {
            if !goes_on(self) {
                return Progress::Reached;
            }
            let due = self.timeline.due(self.live.cursor, self.seq()).is_some();
            match self.live.next_at() {
                _ if due => {}
                Some(at) if at <= to_micros => {}
                Some(_) => return Progress::Reached,
                None if self.live.cluster.violation().is_some() => return Progress::Stopped,
                None => return Progress::Reached,
            }
            if !self.step() {
                return Progress::Stopped;
            }
        }
        Progress::Pending
    }

    /// Lets virtual time pass until nothing runs in the foreground, with at most `budget` events.
    pub fn advance_while_busy(&mut self, budget: u32) -> Progress {
        for _ in 0..budget {
            if !self.busy() {
                return Progress::Reached;
            }
            if !self.step() {
                return Progress::Stopped;
            }
        }
        Progress::Pending
    }

    /// Lets one event happen (when replaying: or one line be issued). False after a violation.
    pub fn step(&mut self) -> bool {
        if self.issue_due() {
            return true;
        }
        if !self.live.step(&mut self.traced) {
            self.queue.clear();
            self.live.give_up();
            return false;
        }
        self.after_event();
        if self.live.cursor == self.timeline.recorded.len() {
            self.pump();
        }
        true
    }

    /// Lets events happen until something worth telling has, with at most `budget` events.
    pub fn step_interesting(&mut self, budget: u32) -> Progress {
        let told = self.live.feed.len();
        for _ in 0..budget {
            if !self.step() {
                return Progress::Stopped;
            }
            if self.live.feed.len() > told {
                return Progress::Reached;
            }
        }
        Progress::Pending
    }

    /// Issues the recorded line that is due at this event, if there is one.
    fn issue_due(&mut self) -> bool {
        let Some(line) = self.timeline.due(self.live.cursor, self.seq()).cloned() else {
            return false;
        };
        self.live.cursor += 1;
        self.live.issue(&line, &mut self.traced);
        self.after_event();
        true
    }

    fn after_event(&mut self) {
        let seq = self.seq();
        if self.timeline.setup_end == Some(seq) {
            self.live.begin_goals();
        }
        self.note_goals();
        self.end = self.end.max(seq);
        self.checkpoints.keep_if_due(&mut self.live, self.end);
    }

    fn note_goals(&mut self) {
        for (id, seq) in self.live.newly_reached() {
            self.reached.or_insert_with(id, || seq);
        }
    }

    /// The number of the last event.
    pub fn seq(&self) -> u64 {
        self.live.cluster.seq().0
    }

    /// The virtual time of the last event.
    pub fn now_micros(&self) -> u64 {
        self.live.cluster.now().0
    }

    /// Which of its timelines it is in, by a number that is never used again: while it stays the
    /// same, an event of that number is the same event.
    pub fn branch(&self) -> u64 {
        self.branch
    }

    /// The last event that was reached in this timeline.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The cluster at this event.
    pub fn cluster(&self) -> &Cluster {
        &self.live.cluster
    }

    /// Everything about the cluster that is drawn.
    pub fn stage(&self) -> StageView {
        self.view(Stores::Listed)
    }

    /// The same without the keys of the stores, which the picture of each frame does not show.
    pub fn picture(&self) -> StageView {
        self.view(Stores::LeftOut)
    }

    fn view(&self, stores: Stores) -> StageView {
        let asked = self.live.asked.iter().map(|(name, asked)| (name.as_str(), asked));
        crate::stage::stage(&self.live.cluster, &self.live.narrator, asked, stores)
    }

    /// One node from inside; none if there is no such node.
    pub fn inspect(&self, node: u8) -> Option<NodeDetail> {
        crate::inspect::inspect(&self.live.cluster, node)
    }

    /// The settings, and what of them cannot work.
    pub fn settings(&self) -> SettingsView {
        crate::dials::settings(&self.live.cluster)
    }

    /// Messages under way.
    pub fn flights(&self) -> Vec<FlightView> {
        crate::stage::flights(&self.live.cluster)
    }

    /// Election timers of the nodes that have one.
    pub fn timers(&self) -> Vec<(u8, TimerView)> {
        crate::stage::timers(&self.live.cluster)
    }

    /// What happened up to now, in plain words, the newest last.
    pub fn feed(&self) -> &[Arc<FeedItem>] {
        &self.live.feed
    }

    /// So many indexes of the logs of all nodes from one on; without one, their end.
    pub fn logs(&self, from: Option<u64>, columns: u64) -> LogsView {
        crate::logs::logs(&self.live.cluster, from, columns)
    }

    /// The store of a node, or, without one, of the running node that is furthest.
    pub fn store(&self, node: Option<u8>) -> Option<StoreView> {
        crate::stage::store(&self.live.cluster, node)
    }

    /// What clients asked and what became of it, the newest first, at most so many: all requests,
    /// or those alone of which the client does not know whether they were done.
    pub fn requests(&self, most: usize, only_unknown: bool) -> Vec<RequestView> {
        crate::requests::requests(&self.live.cluster, &self.live.calls, most, only_unknown)
    }

    /// The lines that wait for the foreground, or for their moment.
    pub fn waiting(&self) -> impl Iterator<Item = String> {
        self.queue.iter().map(Line::text)
    }

    /// Whether the command in front reads what is typed: then a line that is typed is its, and is
    /// given as `type …`.
    pub fn reads(&self) -> bool {
        self.live.reads()
    }

    /// Ends what runs in the foreground, whichever client's it is, and forgets the lines that wait
    /// behind it: Ctrl-C.
    pub fn interrupt(&mut self) {
        self.queue.clear();
        self.awaited = false;
        let client = self.live.foreground().map(|client| format!("client {client} interrupt"));
        // A line that the lab itself writes is understood.
        let _ = self.act(&client.unwrap_or_else(|| "interrupt".to_owned()));
    }

    /// The terminal.
    pub fn terminal(&self) -> &[Arc<TerminalEntry>] {
        &self.live.entries
    }

    /// How the goals stand.
    pub fn goals(&self) -> Vec<GoalView> {
        self.live.goals(&self.reached)
    }

    /// How the line before the cursor could go on.
    pub fn complete(&self, line: &str) -> Vec<String> {
        crate::script::complete(line, line.len())
    }

    /// From now on keeps all that happens for [`Session::take_trace`], this cluster's start first.
    pub fn keep_trace(&mut self) {
        let traced = self.traced.get_or_insert_default();
        if self.live.cluster.seq().0 == 0 {
            traced.push(Traced::Began(Box::new(self.live.cluster.settings().clone())));
            traced.push(Traced::Event(Box::new(self.live.cluster.start_event())));
        }
    }

    /// What has happened since the last call.
    pub fn take_trace(&mut self) -> Vec<Traced> {
        self.traced.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many `until`s and `assert`s have failed so far.
    pub fn failed_checks(&self) -> u32 {
        self.live.failed_checks
    }
}

/// A blank line or comment: it is neither printed nor recorded.
fn says_nothing(command: &Command) -> bool {
    matches!(command, Command::Blank | Command::Comment(_))
}

/// Whether a command neither takes virtual time nor waits for anything.
fn is_instant(command: &Command) -> bool {
    !matches!(
        command,
        Command::Blank
            | Command::Comment(_)
            | Command::Etcdctl(_)
            | Command::Advance(_)
            | Command::Step(_)
            | Command::Until { .. }
            | Command::Assert(_)
    )
}

/// Whether undoing a line would make a difference.
fn changes_something(command: &Command) -> bool {
    !matches!(command, Command::Jobs | Command::Status | Command::Help(_) | Command::Assert(_))
}

/// The predicate of a line that has to have been observed from the start.
fn about_the_past(line: &Line) -> Option<&Predicate> {
    match &line.command {
        Command::Until { predicate, .. } | Command::Assert(predicate)
            if predicate.needs_history() =>
        {
            Some(predicate)
        }
        _ => None,
    }
}

/// Why a line comes too late for its moment, if it does.
fn passed(line: &Line, seq: u64, now_micros: u64) -> Option<String> {
    match line.at {
        Some(At::Event(at)) if at < seq => {
            Some(format!("event {at} has passed: this is event {seq}"))
        }
        Some(At::Time(at)) if at.0 < now_micros => {
            let (at, now) = (duration_text(at), duration_text(Micros(now_micros)));
            Some(format!("{at} has passed: it is {now}"))
        }
        None | Some(At::Event(_) | At::Time(_)) => None,
    }
}
