//! `lock` and `elect`: a key of one's own on a lease of one's own, behind those of others (etcd
//! `client/v3/concurrency`).
//!
//! ```text
//! lease grant → put NAME/LEASE unless it is there → wait until no older key NAME/… is left
//!             → show the key, and hold it until Ctrl-C → delete it
//! ```
//!
//! Who waits watches the youngest of the older keys alone: when that goes, only one is woken. The
//! lease is renewed all the time; who dies is gone when it runs out.

use sim::member::kv_core::{
    Compare, CompareResult, CompareTarget, DeleteRangeRequest, EventKind, KeyValue,
    LeaseGrantRequest, LeaseId, PutRequest, RangeRequest, RangeResponse, RequestOp, ResponseOp,
    Revision, SortOrder, SortTarget, TxnRequest, WatchRequest, WatchResponse,
};
use sim::member::{Consistency, LeaseRequest, LeaseResponse, Request, Response};
use sim::{CallError, Outcome};

use super::super::EXIT_ERROR;
use super::super::args::{Environment, Invocation, Subcommand};
use super::super::print::{self, Header};
use super::{Client, Happened, ONLY, Program, Tag, Turn, third};

/// The call that renews the lease.
const RENEWAL: Tag = 1;

/// How long a lease lives if nothing else is said, in seconds (etcd `concurrency.defaultSessionTTL`).
const SESSION_TTL: i64 = 60;

/// A lock or an office that is sought, held, or watched.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The name, and `/`.
    prefix: String,
    /// What the key says.
    value: String,
    ttl: i64,
    lease: LeaseId,
    key: String,
    /// The revision at which the key came into being.
    since: Revision,
    step: Step,
    /// What is run while the lock is held.
    command: Vec<String>,
    environment: Environment,
    inner: Option<Box<Program>>,
    /// The status with which it ends.
    status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It asks for a lease.
    Granting,
    /// It puts its key.
    Entering,
    /// It looks whether there is an older key.
    Looking,
    /// It waits until that is gone.
    Waiting,
    /// It looks whether its own key is still there.
    Confirming,
    /// It reads its key in order to show it.
    Showing,
    /// It has what it wanted.
    Holding,
    /// It runs another command meanwhile.
    Running,
    /// It takes its key away.
    Leaving,
    /// `elect -l`: it looks who leads.
    Seeking,
    /// It waits until somebody does.
    Expecting,
    /// It follows what the leader proclaims.
    Following,
}

impl Held {
    /// `lock name [command …]`.
    pub(super) fn lock(
        name: &str,
        ttl: i64,
        command: &[String],
        environment: &Environment,
    ) -> Held {
        // A time that makes no sense is as if it had not been said.
        let ttl = if ttl > 0 { ttl } else { SESSION_TTL };
        let (command, environment) = (command.to_vec(), environment.clone());
        Held { ttl, command, environment, ..Held::of(name, Step::Granting) }
    }

    /// `elect name [proposal]`.
    pub(super) fn elect(name: &str, proposal: Option<&str>) -> Held {
        match proposal {
            Some(proposal) => Held { value: proposal.to_owned(), ..Held::of(name, Step::Granting) },
            None => Held::of(name, Step::Seeking),
        }
    }

    fn of(name: &str, step: Step) -> Held {
        Held {
            prefix: [name, "/"].concat(),
            value: String::new(),
            ttl: SESSION_TTL,
            lease: LeaseId::NONE,
            key: String::new(),
            since: Revision(0),
            step,
            command: Vec::new(),
            environment: Environment::new(),
            inner: None,
            status: 0,
        }
    }

    pub(super) fn go(&mut self, client: &Client<'_>, happened: Happened<'_>, turn: &mut Turn<'_>) {
        if self.step == Step::Running && self.run(client, happened, turn) {
            return;
        }
        match happened {
            Happened::Begun if self.step == Step::Seeking => self.seek(client, turn),
            Happened::Begun => {
                let grant = LeaseGrantRequest { id: LeaseId::NONE, ttl: self.ttl };
                client.ask(ONLY, Request::Lease(LeaseRequest::Grant(grant)), turn);
            }
            Happened::Interrupted => self.leave(client, print::EXIT_SIGNAL, turn),
            Happened::Woken => {
                let request = Request::Lease(LeaseRequest::KeepAlive(self.lease));
                client.ask(RENEWAL, request, turn);
            }
            Happened::Returned(RENEWAL, outcome) => self.renewed(outcome, turn),
            Happened::Typed(_) => {}
            Happened::Told(header, response) => self.told(client, &header, response, turn),
            Happened::Returned(_, outcome) => match outcome {
                Outcome::Ok { node, response, revision, raft_term } => {
                    let header = Header { node: *node, revision: *revision, raft_term: *raft_term };
                    self.answered(client, &header, response, turn);
                }
                Outcome::Failed(CallError::Canceled) | Outcome::Unknown(CallError::Canceled) => {}
                Outcome::Failed(error) | Outcome::Unknown(error) => {
                    let text = print::error_text(&client.invocation.command, error);
                    turn.fail(text, EXIT_ERROR);
                }
            },
        }
    }

    fn answered(
        &mut self,
        client: &Client<'_>,
        header: &Header,
        response: &Response,
        turn: &mut Turn<'_>,
    ) {
        match (self.step, response) {
            (Step::Granting, Response::Lease(LeaseResponse::Granted(granted))) => {
                self.lease = granted.id;
                self.ttl = granted.ttl;
                self.key = format!("{}{:x}", self.prefix, granted.id.0);
                turn.wake_at = Some(turn.now);
                self.enter(client, turn);
            }
            (Step::Entering, Response::Txn(txn)) => {
                let own = txn.responses.first();
                self.since = match own {
                    Some(ResponseOp::Range(range)) if !txn.succeeded => {
                        range.kvs.first().map_or(Revision(0), |kv| kv.create_revision)
                    }
                    _ => header.revision,
                };
                self.look(client, turn);
            }
            (Step::Looking, Response::Range(range)) => self.looked(client, header, range, turn),
            (Step::Confirming, Response::Range(range)) => {
                if range.kvs.is_empty() {
                    return turn.fail("mutex: session is expired", EXIT_ERROR);
                }
                self.won(client, turn);
            }
            (Step::Showing, Response::Range(range)) => {
                if range.kvs.is_empty() {
                    return turn.fail("lock lost on init", EXIT_ERROR);
                }
                self.step = Step::Holding;
                turn.say(&print::answer(client.invocation, header, response).stdout);
            }
            (Step::Seeking, Response::Range(range)) => match range.kvs.first() {
                Some(kv) => self.follow(client, header.revision, kv.clone(), header, turn),
                None => self.expect(client, header.revision, turn),
            },
            (Step::Leaving, _) => turn.end(self.status),
            _ => {}
        }
    }

    /// Puts the key, unless it is there.
    fn enter(&mut self, client: &Client<'_>, turn: &mut Turn<'_>) {
        self.step = Step::Entering;
        let free = CompareTarget::Create(Revision(0));
        let put = PutRequest {
            lease: self.lease,
            ..PutRequest::new(self.key.as_str(), self.value.as_str())
        };
        let txn = TxnRequest {
            compare: vec![Compare::key(self.key.as_str(), CompareResult::Equal, free)],
            success: vec![RequestOp::Put(put)],
            failure: vec![RequestOp::Range(RangeRequest::key(self.key.as_str()))],
        };
        client.ask(ONLY, Request::Txn(txn), turn);
    }

    /// Looks for the youngest of the keys that are older.
    fn look(&mut self, client: &Client<'_>, turn: &mut Turn<'_>) {
        self.step = Step::Looking;
        let range = RangeRequest {
            limit: 1,
            sort_target: SortTarget::Create,
            sort_order: SortOrder::Descend,
            max_create_revision: Revision(self.since.0 - 1),
            ..RangeRequest::prefix(self.prefix.as_str())
        };
        client.ask(ONLY, read(range), turn);
    }

    fn looked(
        &mut self,
        client: &Client<'_>,
        header: &Header,
        range: &RangeResponse,
        turn: &mut Turn<'_>,
    ) {
        match range.kvs.first() {
            Some(older) => {
                self.step = Step::Waiting;
                let watch = WatchRequest {
                    key: older.key.clone(),
                    start_revision: header.revision,
                    ..WatchRequest::default()
                };
                client.ask(ONLY, Request::Watch { watch, needs_leader: false }, turn);
            }
            None => {
                self.step = Step::Confirming;
                let own = read(RangeRequest::key(self.key.as_str()));
                client.ask(ONLY, own, turn);
            }
        }
    }

    /// The key is the oldest.
    fn won(&mut self, client: &Client<'_>, turn: &mut Turn<'_>) {
        if self.command.is_empty() {
            self.step = Step::Showing;
            let own = read(RangeRequest::key(self.key.as_str()));
            return client.ask(ONLY, own, turn);
        }
        self.step = Step::Running;
        self.run(client, Happened::Begun, turn);
    }

    /// Something has happened to what runs while the lock is held. False if it does not concern it.
    fn run(&mut self, client: &Client<'_>, happened: Happened<'_>, turn: &mut Turn<'_>) -> bool {
        if matches!(happened, Happened::Woken | Happened::Returned(RENEWAL, _)) {
            return false;
        }
        match happened {
            Happened::Begun => match self.command.split_first() {
                Some((program, words)) if program == "etcdctl" || program == "./etcdctl" => {
                    let invocation = match Invocation::parse(words, &self.environment) {
                        Ok(invocation) => invocation,
                        Err(error) => {
                            turn.say(&error.stdout);
                            turn.complain(&error.stderr);
                            self.ran(client, error.exit_code, turn);
                            return true;
                        }
                    };
                    let environment = self.environment.clone();
                    match Program::new(invocation, turn.input, &environment, turn.nodes) {
                        Ok(inner) => self.inner = Some(Box::new(inner)),
                        Err(output) => {
                            turn.say(&output.stdout);
                            turn.complain(&output.stderr);
                            self.ran(client, output.exit, turn);
                            return true;
                        }
                    }
                }
                Some((program, words)) => {
                    match program.as_str() {
                        "true" => self.ran(client, 0, turn),
                        "false" => self.ran(client, 1, turn),
                        "echo" => {
                            turn.say(&[&words.join(" "), "\n"].concat());
                            self.ran(client, 0, turn);
                        }
                        _ => {
                            let message = [
                                "Error: exec: \"",
                                program,
                                "\": executable file not found in $PATH\n",
                            ];
                            turn.complain(&message.concat());
                            self.leave(client, EXIT_ERROR, turn);
                        }
                    }
                    return true;
                }
                None => {}
            },
            Happened::Interrupted => {
                self.leave(client, print::EXIT_SIGNAL, turn);
                return true;
            }
            _ => {}
        }
        if let Some(inner) = &mut self.inner {
            inner.go(happened, turn);
        }
        if turn.ended {
            turn.ended = false;
            self.ran(client, turn.output.exit, turn);
        }
        true
    }

    /// What was run has ended.
    fn ran(&mut self, client: &Client<'_>, status: i32, turn: &mut Turn<'_>) {
        if status != 0 {
            turn.complain(&["Error: exit status ", &status.to_string(), "\n"].concat());
        }
        self.leave(client, status, turn);
    }

    /// Takes the key away, whatever is under way, and ends.
    fn leave(&mut self, client: &Client<'_>, status: i32, turn: &mut Turn<'_>) {
        turn.gives_up.push(ONLY);
        self.status = status;
        if self.lease == LeaseId::NONE {
            return turn.end(status);
        }
        self.step = Step::Leaving;
        let delete = DeleteRangeRequest::key(self.key.as_str());
        let request = match client.invocation.command {
            Subcommand::Elect { .. } => {
                let mine = CompareTarget::Create(self.since);
                Request::Txn(TxnRequest {
                    compare: vec![Compare::key(self.key.as_str(), CompareResult::Equal, mine)],
                    success: vec![RequestOp::DeleteRange(delete)],
                    failure: Vec::new(),
                })
            }
            _ => Request::DeleteRange(delete),
        };
        client.ask(ONLY, request, turn);
    }

    /// The lease has its whole time again, and is renewed after a third of it.
    fn renewed(&mut self, outcome: &Outcome, turn: &mut Turn<'_>) {
        match outcome {
            Outcome::Ok {
                response: Response::Lease(LeaseResponse::KeptAlive { ttl, .. }), ..
            } if *ttl > 0 => {
                turn.wake_at = Some(turn.now + third(*ttl));
            }
            Outcome::Ok { .. } if self.step == Step::Holding => {
                turn.fail("session expired", EXIT_ERROR);
            }
            _ => {}
        }
    }

    /// What it watches has changed.
    fn told(
        &mut self,
        client: &Client<'_>,
        header: &Header,
        response: &WatchResponse,
        turn: &mut Turn<'_>,
    ) {
        let gone = response.events.iter().any(|event| event.kind == EventKind::Delete);
        match self.step {
            Step::Waiting if gone => {
                turn.gives_up.push(ONLY);
                self.look(client, turn);
            }
            Step::Expecting => {
                let put = response.events.iter().find(|event| event.kind == EventKind::Put);
                if let Some(event) = put {
                    turn.gives_up.push(ONLY);
                    let kv = event.kv.clone();
                    self.follow(client, kv.mod_revision, kv, header, turn);
                }
            }
            Step::Following => {
                for event in &response.events {
                    match event.kind {
                        EventKind::Put => show(client, header, &event.kv, turn),
                        EventKind::Delete => {
                            turn.gives_up.push(ONLY);
                            return self.seek(client, turn);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Looks who leads: who has the oldest key.
    fn seek(&mut self, client: &Client<'_>, turn: &mut Turn<'_>) {
        self.step = Step::Seeking;
        let range = RangeRequest {
            limit: 1,
            sort_target: SortTarget::Create,
            sort_order: SortOrder::Ascend,
            ..RangeRequest::prefix(self.prefix.as_str())
        };
        client.ask(ONLY, read(range), turn);
    }

    /// Waits for the first one who leads.
    fn expect(&mut self, client: &Client<'_>, from: Revision, turn: &mut Turn<'_>) {
        self.step = Step::Expecting;
        let RangeRequest { key, range_end, .. } = RangeRequest::prefix(self.prefix.as_str());
        let watch =
            WatchRequest { key, range_end, start_revision: from, ..WatchRequest::default() };
        client.ask(ONLY, Request::Watch { watch, needs_leader: false }, turn);
    }

    /// Shows who leads, and follows what becomes of that key.
    fn follow(
        &mut self,
        client: &Client<'_>,
        revision: Revision,
        kv: KeyValue,
        header: &Header,
        turn: &mut Turn<'_>,
    ) {
        self.step = Step::Following;
        show(client, header, &kv, turn);
        let start_revision = Revision(revision.0 + 1);
        let watch = WatchRequest { key: kv.key, start_revision, ..WatchRequest::default() };
        client.ask(ONLY, Request::Watch { watch, needs_leader: false }, turn);
    }
}

/// Shows a pair as `get` would.
fn show(client: &Client<'_>, header: &Header, kv: &KeyValue, turn: &mut Turn<'_>) {
    let range =
        RangeResponse { revision: header.revision, kvs: vec![kv.clone()], more: false, count: 0 };
    turn.say(&print::answer(client.invocation, header, &Response::Range(range)).stdout);
}

fn read(range: RangeRequest) -> Request {
    Request::Range { range, consistency: Consistency::Linearizable }
}
