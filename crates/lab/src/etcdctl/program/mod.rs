//! A command of etcdctl that runs: what it asks of the cluster, in which order, and what it prints
//! when.
//!
//! A [`Program`] is told what [`Happened`] and takes its [`Turn`]: it writes, asks, sets a timer, or
//! ends. Most ask one question. Those that ask several do it as the real program's source does, call
//! by call, so that faults in between have the real effects: [`rounds`] go from server to server,
//! [`watch`] listens, [`reading`] reads on, [`held`] keeps a lock or an office.

mod held;
mod reading;
mod rounds;
mod watch;

use sim::member::kv_core::{LeaseId, WatchResponse};
use sim::member::raft_core::NodeId;
use sim::member::{LeaseRequest, LeaseResponse, Micros, Request, Response, SnapshotFile};
use sim::{CallError, Outcome};

use self::held::Held;
use self::reading::Reading;
use self::rounds::Rounds;
use super::args::{DEPRECATED, Environment, Invocation, LeaseCommand, SnapshotCommand, Subcommand};
use super::print::{self, Header};
use super::requests::{Plan, plan};
use super::{EXIT_ERROR, Output};
use crate::few::Few;

/// What a program calls one of its calls.
pub(crate) type Tag = u8;

/// The call of a program that has but one at a time.
const ONLY: Tag = 0;

/// The files that `snapshot save` has written, by name.
pub(crate) type Files = Few<String, SnapshotFile>;

/// What a program is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happened<'a> {
    /// It begins.
    Begun,
    /// A call has ended.
    Returned(Tag, &'a Outcome),
    /// The call that watches was told something, by this server.
    Told(Header, &'a WatchResponse),
    /// The time has come that it waited for.
    Woken,
    /// A line was typed; nothing: the input has ended (Ctrl-D).
    Typed(Option<&'a str>),
    /// Ctrl-C.
    Interrupted,
}

/// A call that a program makes.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) tag: Tag,
    /// Whom, in order.
    pub(crate) endpoints: Vec<NodeId>,
    pub(crate) request: Request,
    /// How long at most.
    pub(crate) timeout: Micros,
}

/// What a program sees, and does, when something has happened.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) now: Micros,
    /// When it began.
    pub(crate) began: Micros,
    /// How many nodes the lab has.
    pub(crate) nodes: u8,
    /// Its standard input.
    pub(crate) input: &'a str,
    /// Whether somebody is there who may type more of it.
    pub(crate) attended: bool,
    pub(crate) files: &'a mut Files,
    /// What it writes, and the status with which it ends, if it does.
    pub(crate) output: Output,
    pub(crate) ended: bool,
    pub(crate) asks: Vec<Ask>,
    /// The calls that it gives up.
    pub(crate) gives_up: Vec<Tag>,
    /// When it wants to be woken; the last one counts.
    pub(crate) wake_at: Option<Micros>,
    /// The lease that it was granted, for its user.
    pub(crate) granted: Option<LeaseId>,
}

impl Turn<'_> {
    /// How long it has run.
    fn took(&self) -> Micros {
        self.now - self.began
    }

    fn say(&mut self, text: &str) {
        self.output.stdout.push_str(text);
    }

    fn complain(&mut self, text: &str) {
        self.output.stderr.push_str(text);
    }

    fn end(&mut self, status: i32) {
        self.output.exit = status;
        self.ended = true;
    }

    /// Writes this, and ends if it is a failure.
    fn write(&mut self, output: Output) {
        self.say(&output.stdout);
        self.complain(&output.stderr);
        if output.exit != 0 {
            self.end(output.exit);
        }
    }

    /// Writes this, and ends.
    fn finish(&mut self, output: Output) {
        self.ended = true;
        self.write(output);
    }

    fn fail(&mut self, message: impl std::fmt::Display, status: i32) {
        self.finish(Output::error(message, status));
    }
}

/// A command that runs.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    invocation: Box<Invocation>,
    /// Whom it may ask.
    endpoints: Vec<NodeId>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// One question, one answer.
    Single(Box<Request>),
    /// `endpoint …`, `defrag`, `alarm disarm`, `move-leader`.
    Rounds(Rounds),
    /// `snapshot status`: of this file.
    SnapshotStatus(String),
    /// `watch`.
    Watch(Box<Request>),
    /// `lease keep-alive`.
    KeepAlive { id: LeaseId, once: bool },
    /// `txn`, `watch -i`.
    Reading(Reading),
    /// `lock`, `elect`.
    Held(Box<Held>),
}

impl Program {
    /// A program for what was asked; or what it prints, where it ends at once.
    pub(crate) fn new(
        invocation: Invocation,
        input: &str,
        environment: &Environment,
        nodes: u8,
    ) -> Result<Program, Output> {
        let Plan { endpoints, request } = plan(&invocation, input, nodes)?;
        let state = match request {
            Some(request) => State::Single(Box::new(request)),
            None => state_of(&invocation, environment, &endpoints),
        };
        Ok(Program { invocation: Box::new(invocation), endpoints, state })
    }

    /// Whether it goes on until somebody interrupts it.
    pub(crate) fn is_endless(&self) -> bool {
        match &self.state {
            State::Single(_) | State::Rounds(_) | State::SnapshotStatus(_) => false,
            State::Watch(_) | State::Held(_) => true,
            State::KeepAlive { once, .. } => !once,
            State::Reading(reading) => reading.is_endless(),
        }
    }

    /// Whether it waits without end where nobody answers.
    pub(crate) fn may_never_end(&self) -> bool {
        !self.invocation.command.has_timeout()
    }

    /// Whether it reads what is typed.
    pub(crate) fn reads(&self) -> bool {
        matches!(&self.state, State::Reading(reading) if reading.reads())
    }

    /// Something has happened: what it does.
    pub(crate) fn go(&mut self, happened: Happened<'_>, turn: &mut Turn<'_>) {
        let Program { invocation, endpoints, state } = self;
        let client = Client { invocation, endpoints };
        match state {
            State::Held(held) => held.go(&client, happened, turn),
            _ if matches!(happened, Happened::Interrupted) => {
                turn.end(print::EXIT_SIGNAL);
            }
            State::Single(request) => client.single(request, happened, turn),
            State::Rounds(rounds) => rounds.go(&client, happened, turn),
            State::SnapshotStatus(file) => client.snapshot_status(file, turn),
            State::Watch(request) => client.watch(request, happened, turn),
            State::Reading(reading) => reading.go(&client, happened, turn),
            State::KeepAlive { id, once } => client.keep_alive(*id, *once, happened, turn),
        }
    }
}

/// What of a program never changes.
#[derive(Clone, Copy, Debug)]
struct Client<'a> {
    invocation: &'a Invocation,
    endpoints: &'a [NodeId],
}

impl Client<'_> {
    /// Asks any of its endpoints.
    fn ask(&self, tag: Tag, request: Request, turn: &mut Turn<'_>) {
        self.ask_of(self.endpoints.to_vec(), tag, request, turn);
    }

    /// Asks these, for as long as `--command-timeout` says, or without end.
    fn ask_of(&self, endpoints: Vec<NodeId>, tag: Tag, request: Request, turn: &mut Turn<'_>) {
        let Invocation { globals, command } = self.invocation;
        let timeout =
            if command.has_timeout() { Micros(globals.command_timeout.0) } else { sim::FOREVER };
        turn.asks.push(Ask { tag, endpoints, request, timeout });
    }

    /// What an error is called, and the status with which the program ends.
    fn fail(&self, error: &CallError, turn: &mut Turn<'_>) {
        turn.finish(print::failure(self.invocation, error));
    }

    fn single(&self, request: &Request, happened: Happened<'_>, turn: &mut Turn<'_>) {
        match happened {
            Happened::Begun => self.ask(ONLY, request.clone(), turn),
            Happened::Returned(_, outcome) => {
                if let Outcome::Ok { response, .. } = outcome {
                    self.keep(response, turn);
                }
                turn.finish(print::present(self.invocation, outcome));
            }
            Happened::Told(..) | Happened::Woken | Happened::Typed(_) | Happened::Interrupted => {}
        }
    }

    /// Keeps what an answer brought for later commands.
    fn keep(&self, response: &Response, turn: &mut Turn<'_>) {
        match (response, &self.invocation.command) {
            (Response::Lease(LeaseResponse::Granted(lease)), _) => turn.granted = Some(lease.id),
            (
                Response::Maintenance(sim::member::MaintenanceResponse::Snapshot(snapshot)),
                Subcommand::Snapshot(SnapshotCommand::Save { file, .. }),
            ) => turn.files.insert(file.clone(), snapshot.clone()),
            _ => {}
        }
    }

    /// What stands in a file that `snapshot save` has written.
    fn snapshot_status(&self, file: &str, turn: &mut Turn<'_>) {
        match turn.files.get(file) {
            Some(snapshot) => {
                let format = self.invocation.globals.write_out;
                turn.finish(print::snapshot_status(format, snapshot));
            }
            None => {
                turn.complain(DEPRECATED);
                turn.fail(["stat ", file, ": no such file or directory"].concat(), EXIT_ERROR);
            }
        }
    }

    /// `lease keep-alive`: now, and whenever a third of the time has passed.
    fn keep_alive(&self, id: LeaseId, once: bool, happened: Happened<'_>, turn: &mut Turn<'_>) {
        match happened {
            Happened::Begun | Happened::Woken => {
                let request = Request::Lease(LeaseRequest::KeepAlive(id));
                self.ask(ONLY, request, turn);
            }
            Happened::Returned(_, outcome) => match outcome {
                Outcome::Ok {
                    response: Response::Lease(LeaseResponse::KeptAlive { ttl, .. }),
                    ..
                } => {
                    let output = print::present(self.invocation, outcome);
                    if *ttl <= 0 || once {
                        return turn.finish(output);
                    }
                    turn.wake_at = Some(turn.now + third(*ttl));
                    turn.write(output);
                }
                Outcome::Ok { .. } => {}
                Outcome::Failed(error) | Outcome::Unknown(error) => self.fail(error, turn),
            },
            Happened::Told(..) | Happened::Typed(_) | Happened::Interrupted => {}
        }
    }
}

/// A third of a time to live in seconds: how often etcd's client renews a lease.
fn third(ttl: i64) -> Micros {
    Micros(u64::try_from(ttl).unwrap_or(0).saturating_mul(1_000_000) / 3)
}

/// How a program of several steps begins.
fn state_of(invocation: &Invocation, environment: &Environment, endpoints: &[NodeId]) -> State {
    if let Some(reading) = Reading::new(&invocation.command) {
        return State::Reading(reading);
    }
    match &invocation.command {
        Subcommand::Watch(watch) => State::Watch(Box::new(watch::request(watch))),
        Subcommand::Lease(LeaseCommand::KeepAlive { id, once }) => {
            State::KeepAlive { id: LeaseId(*id), once: *once }
        }
        Subcommand::Lock { name, ttl, command } => {
            State::Held(Box::new(Held::lock(name, *ttl, command, environment)))
        }
        Subcommand::Elect { name, proposal } => {
            State::Held(Box::new(Held::elect(name, proposal.as_deref())))
        }
        Subcommand::Snapshot(SnapshotCommand::Status(file)) => State::SnapshotStatus(file.clone()),
        _ => State::Rounds(Rounds::new(invocation, endpoints)),
    }
}
