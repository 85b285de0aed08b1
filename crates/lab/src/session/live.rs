//! What a session looks like at one event: the cluster, the terminal, what runs in it, goals.
//!
//! Everything here follows from the timeline, so it can be thrown away and made again; a
//! checkpoint is a clone of it.

use std::sync::Arc;

use sim::member::kv_core::LeaseId;
use sim::{Action, CallId, Chunks, Cluster, Event, EventKind, Settings};

use super::goals::{GoalState, ParsedGoal};
use super::terminal::{self, Job, Running, What};
use super::timeline::{Timeline, bare};
use super::{Traced, steer};
use crate::etcdctl::program::{Files, Program};
use crate::etcdctl::{Output, args::Invocation};
use crate::few::Few;
use crate::narrate::{self, Narrator};
use crate::predicate::{Judge, Predicate};
use crate::requests::Asked;
use crate::script::{
    Assignment, At, ClientName, Command, EtcdctlLine, Ground, JobId, Line, Micros, ScriptError,
};
use crate::shell::Variables;
use crate::view::{FeedItem, GoalView, Level, Mark, TerminalEntry};

/// How long `until` waits if it names no limit.
const UNTIL_MICROS: u64 = 60_000_000;

/// What happened, for whoever wants all of it: see [`super::Session::keep_trace`].
pub(super) type Trace = Option<Vec<Traced>>;

/// The state at one event.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) cluster: Cluster,
    /// How many lines of the timeline have been issued.
    pub(super) cursor: usize,
    /// The last checkpoint on the way here, so that not every event has to look for it.
    pub(super) checkpoint: u64,
    pub(super) entries: Vec<Arc<TerminalEntry>>,
    pub(super) feed: Vec<Arc<FeedItem>>,
    pub(super) narrator: Narrator,
    /// The last call of each client.
    pub(super) asked: Few<ClientName, Asked>,
    /// All calls of all clients.
    pub(super) calls: Chunks<Asked>,
    /// How many `until`s and `assert`s have failed.
    pub(super) failed_checks: u32,
    pub(super) running: Vec<Running>,
    /// What `snapshot save` has written.
    pub(super) files: Files,
    /// The leases that were granted to `etcdctl lease grant`, in order.
    pub(super) leases: Vec<LeaseId>,
    /// See [`super::Opening::attended`].
    pub(super) attended: bool,
    /// See [`super::timeline::Timeline::unattended_before`].
    pub(super) unattended_before: u64,
    variables: Few<ClientName, Variables>,
    /// Predicates about the past, observed since event 0.
    standing: Vec<(Predicate, Judge)>,
    parsed_goals: Vec<ParsedGoal>,
    goals: Vec<GoalState>,
}

impl Live {
    /// A new cluster under a terminal that has `entries` already.
    pub(super) fn new(
        settings: &Settings,
        entries: Vec<Arc<TerminalEntry>>,
        standing: &[Predicate],
        goals: &[ParsedGoal],
    ) -> Live {
        let judges = standing.iter().map(|predicate| (predicate.clone(), Judge::new(predicate)));
        Live {
            cluster: Cluster::new(settings.clone()),
            cursor: 0,
            checkpoint: 0,
            entries,
            feed: Vec::new(),
            narrator: Narrator::default(),
            asked: Few::new(),
            calls: Chunks::default(),
            failed_checks: 0,
            running: Vec::new(),
            files: Files::new(),
            leases: Vec::new(),
            attended: true,
            unattended_before: 0,
            variables: Few::new(),
            standing: judges.collect(),
            parsed_goals: goals.to_vec(),
            goals: Vec::new(),
        }
    }

    /// When something will happen next; `None` if nothing will.
    pub(super) fn next_at(&self) -> Option<u64> {
        if self.cluster.violation().is_some() {
            return None;
        }
        self.cluster.next_at().map(|at| at.0).or_else(|| self.earliest_limit())
    }

    /// The first moment at which an `until` gives up.
    fn earliest_limit(&self) -> Option<u64> {
        self.running.iter().filter_map(|running| running.what.limit()).min()
    }

    /// Lets one event happen. False if nothing more can.
    pub(super) fn step(&mut self, traced: &mut Trace) -> bool {
        if self.cluster.next_at().is_none()
            && let Some(limit) = self.earliest_limit()
        {
            // Every process is down: nothing would ever happen, and `until` would wait for ever.
            self.cluster.wake_at(sim::member::Micros(limit));
        }
        let Some(event) = self.cluster.step() else { return false };
        self.observe(event, traced);
        true
    }

    /// Replays a little of a timeline: the line that is due, or else one event. False if nothing
    /// more can happen.
    pub(super) fn replay(&mut self, timeline: &Timeline, traced: &mut Trace) -> bool {
        match timeline.due(self.cursor, self.cluster.seq().0) {
            None => self.step(traced),
            Some(line) => {
                self.cursor += 1;
                self.issue(line, traced);
                true
            }
        }
    }

    /// Takes note of an event: feed, goals, and commands that end with it.
    pub(super) fn observe(&mut self, event: Event, traced: &mut Trace) {
        for item in self.narrator.tell(&self.cluster, &event) {
            self.tell(item);
        }
        if event.kind == EventKind::Return {
            self.tell_return(&event);
        }
        for (_, judge) in &mut self.standing {
            judge.observe(&self.cluster, &event);
        }
        for goal in &mut self.goals {
            goal.observe(&self.cluster, &event);
        }
        for running in &mut self.running {
            running.what.observe(&self.cluster, &event);
        }
        self.end_what_has_ended();
        if let Some(traced) = traced {
            traced.push(Traced::Event(Box::new(event.clone())));
        }
        if !self.running.is_empty() {
            self.run_programs(&event, traced);
        }
    }

    pub(super) fn tell(&mut self, item: FeedItem) {
        let remarkable = matches!(item.mark, Mark::Leader | Mark::StepDown | Mark::Violation)
            && item.level != Level::Neutral;
        if remarkable && let Some(entry) = self.entries.last_mut().map(Arc::make_mut) {
            entry.remarks.push(item.text.clone());
        }
        self.feed.push(Arc::new(item));
    }

    fn tell_return(&mut self, event: &Event) {
        let Some(call) = event.call else { return };
        self.note_end(call, event);
        let is_its = |running: &&Running| running.what.process().is_some_and(|it| it.is_call(call));
        let running = self.running.iter().find(is_its);
        if let (Some(running), Some(outcome)) = (running, self.cluster.outcome(call)) {
            let item = narrate::returned(event, running.client.as_str(), outcome);
            self.tell(item);
        }
    }

    /// Writes down when a call has ended. Calls are counted from 1.
    fn note_end(&mut self, call: CallId, event: &Event) {
        let place = usize::try_from(call.0).ok().and_then(|number| number.checked_sub(1));
        if let Some(asked) = place.and_then(|place| self.calls.get_mut(place)) {
            asked.ended = Some((event.seq.0, event.at.0));
        }
    }

    /// Issues a line: what it does at once is done, what takes time is begun.
    pub(super) fn issue(&mut self, line: &Line, traced: &mut Trace) {
        if let (Command::Advance(wait), true) = (&line.command, terminal::is_unseen(line)) {
            return self.cluster.wake_at(self.after(wait.0));
        }
        let client = line.client.clone().unwrap_or_else(ClientName::usual);
        if let Command::Type(text) = &line.command {
            if let Err(message) = self.type_to_program(text.as_deref(), &client, traced) {
                self.fail(line, message);
            }
            return;
        }
        let id = self.enter(line, &client);
        let outcome = match steer::actions(&line.command, &self.cluster) {
            Err(message) => Some(terminal::refused(&message)),
            Ok(Some(actions)) => Some(self.act(line, actions, traced)),
            Ok(None) => self.begin(line, client, id, traced),
        };
        if let Some(output) = outcome {
            self.close_entry(id, output);
        }
    }

    /// The moment so many microseconds from now.
    fn after(&self, wait_micros: u64) -> sim::member::Micros {
        sim::member::Micros(self.cluster.now().0.saturating_add(wait_micros))
    }

    /// A new line in the terminal.
    fn enter(&mut self, line: &Line, client: &ClientName) -> u64 {
        let id = self.entries.last().map_or(0, |entry| entry.id + 1);
        self.entries.push(Arc::new(TerminalEntry {
            id,
            seq: self.cluster.seq().0,
            client: client.to_string(),
            source: line.text(),
            stdout: String::new(),
            stderr: String::new(),
            exit: None,
            jobs: String::new(),
            remarks: Vec::new(),
        }));
        id
    }

    pub(super) fn entry(&mut self, id: u64) -> Option<&mut TerminalEntry> {
        let place = self.entries.iter().rposition(|entry| entry.id == id)?;
        self.entries.get_mut(place).map(Arc::make_mut)
    }

    pub(super) fn close_entry(&mut self, id: u64, output: Output) {
        if let Some(entry) = self.entry(id) {
            entry.stdout.push_str(&output.stdout);
            entry.stderr.push_str(&output.stderr);
            entry.exit = Some(output.exit);
        }
    }

    /// Shows a line that was not understood.
    pub(super) fn refuse(&mut self, text: &str, error: &ScriptError) {
        let line = terminal::unwritten(Command::Blank, String::new());
        let id = self.enter(&line, &ClientName::usual());
        if let Some(entry) = self.entry(id) {
            entry.source = text.trim_end().to_owned();
        }
        self.close_entry(id, terminal::refused(&error.to_string()));
    }

    /// Shows a line that could not be issued.
    pub(super) fn fail(&mut self, line: &Line, message: &str) {
        let client = line.client.clone().unwrap_or_else(ClientName::usual);
        let id = self.enter(line, &client);
        self.close_entry(id, terminal::refused(message));
    }

    /// Shows a line that makes a new cluster; commands that still run go with the old one.
    pub(super) fn close(&mut self, line: &Line) {
        while let Some(running) = self.running.first() {
            let entry = running.entry;
            self.running.remove(0);
            self.close_entry(entry, terminal::refused("the cluster is gone"));
        }
        let client = line.client.clone().unwrap_or_else(ClientName::usual);
        let id = self.enter(line, &client);
        self.close_entry(id, Output::default());
    }

    /// Does what a line stands for. The first action that is refused ends it.
    fn act(&mut self, line: &Line, actions: Vec<Action>, traced: &mut Trace) -> Output {
        let mut told = false;
        for action in actions {
            match self.cluster.act(action) {
                Ok(event) => {
                    if !std::mem::replace(&mut told, true) {
                        self.tell(narrate::done(&event, &bare(line)));
                    }
                    self.observe(event, traced);
                }
                Err(error) => return terminal::refused(&error.to_string()),
            }
        }
        Output::default()
    }

    /// Begins a line that does not steer. What ends at once is answered with its output.
    fn begin(
        &mut self,
        line: &Line,
        client: ClientName,
        id: u64,
        traced: &mut Trace,
    ) -> Option<Output> {
        let what = match &line.command {
            Command::Etcdctl(etcdctl) => {
                return self.etcdctl(line, etcdctl, client, id, traced);
            }
            Command::Advance(time) => {
                let until = self.after(time.0);
                self.cluster.wake_at(until);
                What::Advance { until: until.0 }
            }
            Command::Step(events) => What::Step { seq: self.cluster.seq().0 + u64::from(*events) },
            Command::Until { predicate, limit } => {
                let judge = self.judge(predicate);
                if judge.holds(&self.cluster) {
                    return Some(Output::default());
                }
                let wait = limit.map_or(UNTIL_MICROS, |limit| limit.0);
                let limit = self.after(wait).0;
                What::Until { judge, limit, wait: Micros(wait), text: predicate.to_string() }
            }
            Command::Assert(predicate) => {
                let holds = self.judge(predicate).holds(&self.cluster);
                self.failed_checks += u32::from(!holds);
                let message = format!("assertion failed: {predicate}");
                return Some(if holds { Output::default() } else { terminal::refused(&message) });
            }
            other => return Some(self.shell(other, &client, traced)),
        };
        self.running.push(Running { entry: id, client, job: None, what });
        None
    }

    /// A judge of this predicate: the one that has observed since event 0, if it is about the
    /// past, else a new one.
    fn judge(&self, predicate: &Predicate) -> Judge {
        let standing = self.standing.iter().find(|(known, _)| known.says_as(predicate));
        standing.map_or_else(|| Judge::new(predicate), |(_, judge)| judge.clone())
    }

    /// The shell's own commands.
    fn shell(&mut self, command: &Command, client: &ClientName, traced: &mut Trace) -> Output {
        match command {
            Command::Assign(assignments) | Command::Export(assignments) => {
                for Assignment { name, value } in assignments {
                    let value = value.expand(&|name| self.variable(client, name));
                    let variables =
                        self.variables.or_insert_with(client.clone(), Variables::default);
                    match command {
                        Command::Assign(_) => variables.assign(name, value),
                        _ => variables.export(name, value),
                    }
                }
                Output::default()
            }
            Command::Unset(names) => {
                self.variables.or_insert_with(client.clone(), Variables::default).unset(names);
                Output::default()
            }
            Command::Jobs => terminal::jobs(&self.running, client),
            Command::Kill(job) => self.kill(*job, client, traced),
            Command::Interrupt => self.interrupt(client, traced),
            Command::Status => terminal::status(&self.cluster),
            Command::Help(topic) => terminal::help(topic.as_deref()),
            _ => Output::default(),
        }
    }

    fn variable(&self, client: &ClientName, name: &str) -> Option<String> {
        if let Some(number) = name.strip_prefix('n').and_then(|n| n.parse::<u8>().ok())
            && (1..=self.cluster.node_count()).contains(&number)
        {
            let id = sim::member::MemberId::of(sim::member::raft_core::NodeId(number)).0;
            return Some(format!("{id:x}"));
        }
        if let Some(number) = name.strip_prefix("lease").and_then(|n| n.parse::<usize>().ok()) {
            let lease = self.leases.get(number.checked_sub(1)?)?;
            return Some(format!("{:x}", lease.0));
        }
        self.variables.get(client)?.get(name)
    }

    fn kill(&mut self, job: JobId, client: &ClientName, traced: &mut Trace) -> Output {
        let found = self.running.iter().position(|running| {
            let is_it = running.job.as_ref().is_some_and(|it| it.id == job);
            is_it && &running.client == client && !running.is_detached()
        });
        match found {
            Some(place) => {
                self.interrupt_at(place, traced);
                Output::default()
            }
            None => terminal::refused(&format!("kill: %{}: no such job", job.0)),
        }
    }

    fn interrupt(&mut self, client: &ClientName, traced: &mut Trace) -> Output {
        let found = self
            .running
            .iter()
            .position(|running| &running.client == client && running.job.is_none());
        match found {
            Some(place) => {
                self.interrupt_at(place, traced);
                Output::default()
            }
            None => terminal::refused("nothing runs in the foreground"),
        }
    }

    /// Begins an etcdctl command.
    fn etcdctl(
        &mut self,
        line: &Line,
        etcdctl: &EtcdctlLine,
        client: ClientName,
        id: u64,
        traced: &mut Trace,
    ) -> Option<Output> {
        let (words, environment, input) = self.expand(line, etcdctl, &client);
        let invocation = match Invocation::parse(&words, &environment) {
            Ok(invocation) => invocation,
            Err(error) => {
                let exit = error.exit_code;
                return Some(Output { stdout: error.stdout, stderr: error.stderr, exit });
            }
        };
        let nodes = self.cluster.node_count();
        let program = match Program::new(invocation, &input, &environment, nodes) {
            Ok(program) => program,
            Err(output) => return Some(output),
        };
        let job = (etcdctl.ground == Ground::Background)
            .then(|| Job { id: self.next_job(&client), line: line.source.trim().to_owned() });
        if job.is_some() {
            self.close_entry(id, Output::default());
        }
        let recorded = matches!(line.at, Some(At::Event(_)));
        let running = (id, client, job);
        self.begin_program(program, words.join(" "), input, running, recorded, traced);
        None
    }

    /// The words, variables and standard input of an etcdctl line, all `$name`s replaced.
    fn expand(
        &self,
        line: &Line,
        etcdctl: &EtcdctlLine,
        client: &ClientName,
    ) -> (Vec<String>, Few<String, String>, String) {
        let lookup = |name: &str| self.variable(client, name);
        let known = self.variables.get(client).map(|variables| variables.exported().clone());
        let mut environment = known.unwrap_or_default();
        for assignment in &etcdctl.environment {
            environment.insert(assignment.name.clone(), assignment.value.expand(&lookup));
        }
        let words = crate::shell::expand_words(&etcdctl.words, &lookup);
        let input = etcdctl.input.text(line.here_document.as_deref(), &lookup);
        (words, environment, input)
    }

    fn next_job(&self, client: &ClientName) -> JobId {
        let own = self.running.iter().filter(|running| &running.client == client);
        let last = own.filter_map(|running| running.job.as_ref()).map(|job| job.id.0).max();
        JobId(last.unwrap_or(0) + 1)
    }

    /// Whether a command keeps the next line waiting.
    pub(super) fn has_foreground(&self) -> bool {
        self.running.iter().any(|running| running.job.is_none())
    }

    /// Whose command keeps the next line waiting; none if it is the usual client's.
    pub(super) fn foreground(&self) -> Option<&ClientName> {
        let running = self.running.iter().find(|running| running.job.is_none())?;
        Some(&running.client).filter(|client| **client != ClientName::usual())
    }

    fn end_what_has_ended(&mut self) {
        let mut place = 0;
        while let Some(running) = self.running.get(place) {
            match running.what.ended(&self.cluster) {
                None => place += 1,
                Some(output) => {
                    let running = self.running.remove(place);
                    self.finish(running, output);
                }
            }
        }
    }

    fn finish(&mut self, running: Running, output: Output) {
        if matches!(running.what, What::Until { .. }) && output.exit != 0 {
            self.failed_checks += 1;
        }
        let Some(job) = running.job else {
            return self.close_entry(running.entry, output);
        };
        // A job's output belongs to the line during which it arrived.
        if let Some(entry) = self.entries.last_mut().map(Arc::make_mut) {
            for line in output.stdout.lines().chain(output.stderr.lines()) {
                entry.jobs.push_str(&format!("[{}] {line}\n", job.id.0));
            }
        }
    }

    /// Nothing more will happen: ends whatever still waits.
    pub(super) fn give_up(&mut self) {
        let why = self.cluster.violation().map(ToString::to_string);
        let why = why.unwrap_or_else(|| "nothing more can happen".to_owned());
        for running in std::mem::take(&mut self.running) {
            self.finish(running, terminal::refused(&why));
        }
    }

    /// From this event on goals are judged.
    pub(super) fn begin_goals(&mut self) {
        let cluster = &self.cluster;
        self.goals = self.parsed_goals.iter().map(|goal| GoalState::begin(goal, cluster)).collect();
    }

    /// Goals reached in this run, and when.
    pub(super) fn newly_reached(&self) -> impl Iterator<Item = (String, u64)> {
        self.goals.iter().filter_map(|goal| Some((goal.id.clone(), goal.reached()?)))
    }

    /// How the goals stand, if `reached` were reached in this run or another.
    pub(super) fn goals(&self, reached: &Few<String, u64>) -> Vec<GoalView> {
        self.goals
            .iter()
            .map(|goal| {
                let seq = reached.get(&goal.id).copied();
                let is_reached = goal.is_kept() || seq.is_some();
                GoalView { id: goal.id.clone(), reached: is_reached, seq }
            })
            .collect()
    }
}
