//! Programs that run in the terminal: their turns, their calls, and what they write.

use std::sync::Arc;

use sim::member::kv_core::WatchResponse;
use sim::member::raft_core::Term;
use sim::{Call, CallId, ClientId, Event, EventKind};

use super::Live;
use super::live::Trace;
use super::terminal::{Job, Running, What};
use crate::etcdctl::Output;
use crate::etcdctl::print::{EXIT_SIGNAL, Header};
use crate::etcdctl::program::{Happened, Program, Tag, Turn};
use crate::narrate;
use crate::requests::Asked;
use crate::script::ClientName;

/// How long a command may go on that never ends by itself, where nobody is there to interrupt it.
const PATIENCE_MICROS: u64 = 10_000_000;

/// A program that runs.
#[derive(Clone, Debug)]
pub(super) struct Process {
    program: Program,
    /// Its words.
    words: String,
    input: String,
    began: u64,
    /// The calls that have not ended.
    calls: Vec<(Tag, CallId)>,
    wakes_at: Option<u64>,
    /// When it is interrupted, if nobody does it before.
    patience_ends: Option<u64>,
    /// Whether somebody is there who may type, and interrupt it.
    attended: bool,
    /// It was told to end.
    pub(super) interrupted: bool,
}

impl Process {
    /// Whether this is one of its calls.
    pub(super) fn is_call(&self, id: CallId) -> bool {
        self.calls.iter().any(|(_, call)| *call == id)
    }
}

/// What makes a program's turn come.
enum Cause {
    Begun,
    Call(Tag, EventKind, CallId),
    Woken,
    Typed(Option<String>),
    Interrupted,
}

impl Live {
    /// Begins a program; its first turn comes at once.
    pub(super) fn begin_program(
        &mut self,
        program: Program,
        words: String,
        input: String,
        running: (u64, ClientName, Option<Job>),
        is_recorded: bool,
        traced: &mut Trace,
    ) {
        let (entry, client, job) = running;
        let began = self.cluster.now().0;
        // What was recorded is typed and interrupted when it was, by whoever was there then.
        let was_attended = self.cluster.seq().0 >= self.unattended_before;
        let attended = if is_recorded { was_attended } else { self.attended };
        let hurried = !attended && job.is_none() && program.may_never_end();
        let patience_ends = hurried.then(|| began + PATIENCE_MICROS);
        patience_ends.iter().for_each(|at| self.cluster.wake_at(sim::member::Micros(*at)));
        let what = What::Process(Box::new(Process {
            program,
            words,
            input,
            began,
            calls: Vec::new(),
            wakes_at: None,
            patience_ends,
            attended,
            interrupted: false,
        }));
        self.running.push(Running { entry, client, job, what });
        self.take_turn(self.running.len() - 1, &Cause::Begun, traced);
    }

    /// Lets the programs take their turns that this event is about.
    pub(super) fn run_programs(&mut self, event: &Event, traced: &mut Trace) {
        if let (Some(id), EventKind::Return | EventKind::Notify) = (event.call, event.kind) {
            let call_of = |running: &Running| {
                let mut calls = running.what.process()?.calls.iter();
                calls.find(|(_, call)| *call == id).map(|(tag, _)| *tag)
            };
            let place = self.running.iter().position(|running| call_of(running).is_some());
            if let Some((place, tag)) = place.and_then(|at| Some((at, call_of(&self.running[at])?)))
            {
                self.take_turn(place, &Cause::Call(tag, event.kind, id), traced);
            }
        }
        let now = self.cluster.now().0;
        let is_due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        while let Some(place) = self.running.iter().position(|running| {
            running.what.process().is_some_and(|it| is_due(it.wakes_at) || is_due(it.patience_ends))
        }) {
            let impatient =
                self.running[place].what.process().is_some_and(|it| is_due(it.patience_ends));
            let cause = if impatient { Cause::Interrupted } else { Cause::Woken };
            self.take_turn(place, &cause, traced);
        }
    }

    /// What is typed for the program in front; without it, its input ends. What is typed is seen
    /// below the program's line.
    pub(super) fn type_to_program(
        &mut self,
        text: Option<&str>,
        client: &ClientName,
        traced: &mut Trace,
    ) -> Result<(), &'static str> {
        let reads = |running: &Running| {
            let process = running.what.process().filter(|_| running.job.is_none());
            &running.client == client && process.is_some_and(|it| it.program.reads())
        };
        let place = self.running.iter().position(reads).ok_or("nothing reads what is typed")?;
        let echo = [text.unwrap_or("^D"), "\n"].concat();
        let entry = self.running[place].entry;
        self.entry(entry).iter_mut().for_each(|entry| entry.stdout.push_str(&echo));
        self.take_turn(place, &Cause::Typed(text.map(str::to_owned)), traced);
        Ok(())
    }

    /// Whether the program in front waits for nothing that is sure to come.
    pub(super) fn can_wait(&self) -> bool {
        let in_front = self.running.iter().find(|running| running.job.is_none());
        let Some(process) = in_front.and_then(|running| running.what.process()) else {
            return false;
        };
        let watches = |(_, id): &(Tag, CallId)| {
            self.cluster.live_call(*id).is_some_and(|call| call.told.is_some())
        };
        let is_patient = process.program.is_endless() || process.program.reads();
        is_patient && process.calls.iter().all(watches)
    }

    /// Whether the program in front reads what is typed.
    pub(super) fn reads(&self) -> bool {
        let in_front = self.running.iter().find(|running| running.job.is_none());
        let process = in_front.and_then(|running| running.what.process());
        process.is_some_and(|process| process.program.reads())
    }

    /// Ctrl-C, for what runs at this place. Some have to clean up before they end.
    pub(super) fn interrupt_at(&mut self, place: usize, traced: &mut Trace) {
        if self.running[place].what.process().is_some() {
            return self.take_turn(place, &Cause::Interrupted, traced);
        }
        let running = self.running.remove(place);
        let exit = EXIT_SIGNAL;
        self.close_entry(running.entry, Output { exit, ..Output::default() });
    }

    fn take_turn(&mut self, place: usize, cause: &Cause, traced: &mut Trace) {
        let mut running = self.running.remove(place);
        let What::Process(process) = &mut running.what else { return };
        let told = match cause {
            Cause::Call(_, EventKind::Notify, id) => self.told(*id),
            _ => None,
        };
        let outcome = match cause {
            Cause::Call(_, EventKind::Return, id) => {
                process.calls.retain(|(_, call)| call != id);
                self.cluster.outcome(*id).cloned()
            }
            _ => None,
        };
        let happened = match (cause, &outcome, &told) {
            (Cause::Begun, ..) => Happened::Begun,
            (Cause::Call(tag, ..), Some(outcome), _) => Happened::Returned(*tag, outcome),
            (Cause::Call(..), _, Some((header, told))) => Happened::Told(*header, told),
            (Cause::Typed(line), ..) => Happened::Typed(line.as_deref()),
            (Cause::Interrupted, ..) => {
                process.interrupted = true;
                process.patience_ends = None;
                Happened::Interrupted
            }
            (Cause::Woken | Cause::Call(..), ..) => {
                process.wakes_at = None;
                Happened::Woken
            }
        };
        let mut turn = Turn {
            now: self.cluster.now(),
            began: sim::member::Micros(process.began),
            nodes: self.cluster.node_count(),
            input: &process.input,
            attended: process.attended,
            files: &mut self.files,
            output: Output::default(),
            ended: false,
            asks: Vec::new(),
            gives_up: Vec::new(),
            wake_at: None,
            granted: None,
        };
        process.program.go(happened, &mut turn);
        let Turn { output, ended, asks, gives_up, wake_at, granted, .. } = turn;
        self.leases.extend(granted);
        if let Some(at) = wake_at {
            process.wakes_at = Some(at.0);
            self.cluster.wake_at(at);
        }
        let given_up = |tag: &Tag| ended || gives_up.contains(tag);
        let (over, calls): (Vec<_>, Vec<_>) =
            process.calls.drain(..).partition(|(tag, _)| given_up(tag));
        process.calls = calls;
        let mut events: Vec<Event> =
            over.iter().filter_map(|(_, call)| self.cluster.cancel(*call)).collect();
        for ask in asks {
            let call = Call {
                client: ClientId::from(running.client.as_str()),
                endpoints: ask.endpoints,
                request: ask.request,
                timeout: ask.timeout,
                label: process.words.clone(),
            };
            let (id, event) = self.cluster.call(call);
            let first = process.calls.is_empty() && matches!(cause, Cause::Begun);
            process.calls.push((ask.tag, id));
            self.note_call(&running.client, &process.words, id, &event, first);
            events.push(event);
        }
        let status = if process.interrupted { EXIT_SIGNAL } else { output.exit };
        self.write(&running, &output);
        if ended {
            if running.job.is_none() {
                self.close_entry(running.entry, Output { exit: status, ..Output::default() });
            }
        } else {
            self.running.insert(place.min(self.running.len()), running);
        }
        for event in events {
            self.observe(event, traced);
        }
    }

    /// What a watching call was told last, and by whom.
    fn told(&self, id: CallId) -> Option<(Header, Arc<WatchResponse>)> {
        let call = self.cluster.live_call(id)?;
        let (node, response) = (call.node()?, call.told.clone()?);
        let member = self.cluster.node(node).member();
        let raft_term = member.map_or(Term(0), |member| member.raft().term());
        Some((Header { node, revision: response.revision, raft_term }, response))
    }

    /// Takes note of a call that was begun; the feed tells the first of a program.
    fn note_call(
        &mut self,
        client: &ClientName,
        words: &str,
        call: CallId,
        event: &Event,
        first: bool,
    ) {
        if first {
            self.tell(narrate::asked(event, client.as_str(), words));
        }
        let asked = Asked::new(call, client.as_str(), without_leading_flags(words), event);
        self.asked.insert(client.clone(), asked.clone());
        self.calls.push(asked);
    }

    /// What a program writes: below its own line, or, of a job, below the line during which it comes.
    /// Of one that was killed nobody reads anything.
    fn write(&mut self, running: &Running, output: &Output) {
        let Some(job) = &running.job else {
            if let Some(entry) = self.entry(running.entry) {
                entry.stdout.push_str(&output.stdout);
                entry.stderr.push_str(&output.stderr);
            }
            return;
        };
        if running.is_detached() {
            return;
        }
        if let Some(entry) = self.entries.last_mut().map(Arc::make_mut) {
            for line in output.stdout.lines().chain(output.stderr.lines()) {
                entry.jobs.push_str(&format!("[{}] {line}\n", job.id.0));
            }
        }
    }
}

/// `put name joe` of `--endpoints=n1 put name joe`: what is asked, without how.
fn without_leading_flags(words: &str) -> String {
    let mut rest = words;
    while rest.starts_with('-') {
        // A flag whose value is a word of its own is rare here, and does no harm.
        rest = rest.split_once(' ').map_or("", |(_, after)| after);
    }
    if rest.is_empty() { words.to_owned() } else { rest.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::session::{Opening, Progress, Session};

    fn session(setup: &str) -> Session {
        let setup = setup.to_owned();
        Session::new(Opening { setup, ..Opening::default() }).expect("a good set-up")
    }

    fn advance(session: &mut Session, micros: u64) {
        let until = session.now_micros() + micros;
        while session.advance(until, 10_000) == Progress::Pending {}
    }

    fn printed(session: &Session) -> String {
        session.terminal().last().map_or(String::new(), |entry| entry.stdout.clone())
    }

    /// Proves: what goes on for ever needs time until it has what it wants, and then can wait; who is
    /// attended is interrupted by nobody.
    #[test]
    fn what_can_wait() {
        for line in ["etcdctl lock door", "etcdctl watch a", "etcdctl elect king me"] {
            let mut session = session("until leader\nadvance 1s");
            session.apply(line).expect("a line");
            assert!(session.needs_time(), "{line} asks");
            advance(&mut session, 1_000_000);
            assert!(session.busy() && !session.needs_time(), "{line} has what it wants");
            advance(&mut session, 30_000_000);
            assert!(session.busy(), "nobody interrupts {line}");
            session.interrupt();
            advance(&mut session, 1_000_000);
            assert!(!session.busy(), "{line} was interrupted");
            assert_eq!(
                session.terminal().iter().find_map(|it| it.exit.filter(|it| *it != 0)),
                Some(130)
            );
        }
    }

    /// Proves: what is typed goes to the command that reads, wherever its lines come from, and a saved
    /// session says the same again.
    #[test]
    fn what_is_typed_is_read() {
        let mut session = session("until leader\netcdctl put name john");
        session.apply("etcdctl txn -i").expect("a line");
        assert!(session.reads() && !session.needs_time());
        let typed = ["value(\"name\") = \"john\"", "", "put name joe", "", ""];
        for line in typed {
            session.apply(&format!("type {line}")).expect("a line");
        }
        assert!(!session.reads() && session.needs_time());
        advance(&mut session, 1_000_000);
        let transcript = printed(&session);
        assert!(
            transcript.starts_with("compares:\nvalue(\"name\") = \"john\"\n\n"),
            "{transcript}"
        );
        assert!(transcript.ends_with("SUCCESS\n\nOK\n"), "{transcript}");
        let saved = session.saved();
        let mut again = Session::restore(Opening::default(), &saved).expect("a saved session");
        while again.arrive(10_000) == Progress::Pending {}
        assert_eq!(printed(&again), transcript);
        session.apply("type nobody reads this").expect("a line");
        assert_eq!(session.terminal().last().and_then(|entry| entry.exit), Some(1));
    }

    /// Proves: who holds a lock and is killed lets go of it, though nobody sees that.
    #[test]
    fn who_is_killed_cleans_up() {
        let mut session = session(
            "until leader\nadvance 1s\netcdctl lock door &\nadvance 1s\nkill %1\njobs\nadvance 1s\n\
             etcdctl get door --prefix --keys-only",
        );
        advance(&mut session, 1_000_000);
        assert_eq!(printed(&session), "", "the key is gone");
        assert!(session.terminal().iter().all(|entry| !entry.stdout.contains("Running")));
        assert!(!session.busy());
    }
}
