//! Clients, their calls, and what they know of each: ok, failed, or *unknown*.
//!
//! A call is one request, sent to the first of its endpoints that can be reached. It ends *failed*
//! only if it surely had no effect; a write that was sent and never answered is *unknown*, as a
//! client in the field does not know either. Every call and every end goes into the history.

use std::fmt;
use std::sync::Arc;

use member::kv_core::{Mutant, Revision, WatchResponse};
use member::raft_core::{NodeId, Term};
use member::{
    Consistency, LeaseRequest, MaintenanceRequest, MemberRequest, Micros, Request, Response,
    ServerError,
};
use serde::{Deserialize, Serialize};

use crate::chunks::Chunks;
use crate::trace::Seq;

/// The number of a call, counted from 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A client's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub Arc<str>);

impl From<&str> for ClientId {
    fn from(name: &str) -> ClientId {
        ClientId(name.into())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Who asks.
    pub client: ClientId,
    /// Whom it may ask: the first that can be reached is asked.
    pub endpoints: Vec<NodeId>,
    /// What it asks.
    pub request: Request,
    /// How long it waits; [`FOREVER`] is without end.
    pub timeout: Micros,
    /// What the caller calls it (a line of a script, for instance). The simulator does not look.
    pub label: String,
}

/// A client with endless patience.
pub const FOREVER: Micros = Micros(u64::MAX);

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was answered.
    Ok {
        /// By this server.
        node: NodeId,
        /// With this.
        response: Response,
        /// The server's revision, as the response's header has it.
        revision: Revision,
        /// The server's Raft term when it answered.
        raft_term: Term,
    },
    /// It surely had no effect.
    Failed(CallError),
    /// Whether it had an effect, or will have one, cannot be known from here.
    Unknown(CallError),
}

impl Outcome {
    /// `ok`, `failed` or `unknown`, as the history file says it.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Ok { .. } => "ok",
            Outcome::Failed(_) => "failed",
            Outcome::Unknown(_) => "unknown",
        }
    }

    /// What went wrong.
    pub fn error(&self) -> Option<&CallError> {
        match self {
            Outcome::Ok { .. } => None,
            Outcome::Failed(error) | Outcome::Unknown(error) => Some(error),
        }
    }
}

/// Why a call was not answered as its client wished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum CallError {
    /// The client has waited long enough.
    #[error("context deadline exceeded")]
    DeadlineExceeded,
    /// The connection is gone.
    #[error("{0}")]
    Unavailable(String),
    /// The server says no.
    #[error("{0}")]
    Server(ServerError),
    /// The client was interrupted.
    #[error("context canceled")]
    Canceled,
}

/// One line of the history: a call, or how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum HistoryRecord {
    /// A client began a call.
    Call {
        /// Its number.
        call: CallId,
        /// Who asked.
        client: ClientId,
        /// When.
        at: Micros,
        /// What.
        request: Arc<Request>,
        /// The server that it was sent to; none if none could be reached then.
        endpoint: Option<NodeId>,
    },
    /// It watches, and was told something.
    Told {
        /// Its number.
        call: CallId,
        /// When.
        at: Micros,
        /// What.
        response: Arc<WatchResponse>,
    },
    /// It ended.
    Return {
        /// Its number.
        call: CallId,
        /// When.
        at: Micros,
        /// How.
        outcome: Arc<Outcome>,
    },
}

impl HistoryRecord {
    /// The name of what was asked, as the history file says it: `range`, `put`, `delete-range`,
    /// `txn`, `compact`, `watch`, `lease-grant`, `lease-revoke`, `lease-keep-alive`,
    /// `lease-time-to-live`, `lease-list`, `member-add`, `member-remove`, `member-promote`,
    /// `member-update`, `member-list`, `status`, `hash-kv`, `alarm-list`, `alarm-disarm`, `defragment`,
    /// `snapshot`, `move-leader`.
    pub fn op(request: &Request) -> &'static str {
        match request {
            Request::Range { .. } => "range",
            Request::Put(_) => "put",
            Request::DeleteRange(_) => "delete-range",
            Request::Txn(_) => "txn",
            Request::Compact(_) => "compact",
            Request::Watch { .. } => "watch",
            Request::Lease(LeaseRequest::Grant(_)) => "lease-grant",
            Request::Lease(LeaseRequest::Revoke(_)) => "lease-revoke",
            Request::Lease(LeaseRequest::KeepAlive(_)) => "lease-keep-alive",
            Request::Lease(LeaseRequest::TimeToLive { .. }) => "lease-time-to-live",
            Request::Lease(LeaseRequest::List) => "lease-list",
            Request::Member(MemberRequest::Add(..)) => "member-add",
            Request::Member(MemberRequest::Remove(_)) => "member-remove",
            Request::Member(MemberRequest::Promote(_)) => "member-promote",
            Request::Member(MemberRequest::Update(_)) => "member-update",
            Request::Member(MemberRequest::List) => "member-list",
            Request::Maintenance(MaintenanceRequest::Status) => "status",
            Request::Maintenance(MaintenanceRequest::HashKv(_)) => "hash-kv",
            Request::Maintenance(MaintenanceRequest::Alarms) => "alarm-list",
            Request::Maintenance(MaintenanceRequest::Disarm(_)) => "alarm-disarm",
            Request::Maintenance(MaintenanceRequest::Defragment) => "defragment",
            Request::Maintenance(MaintenanceRequest::Snapshot) => "snapshot",
            Request::Maintenance(MaintenanceRequest::MoveLeader(_)) => "move-leader",
        }
    }
}

/// Where a call is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// No endpoint can be reached; the client keeps trying. Nothing was ever sent.
    Seeking,
    /// The request is on its way to a server.
    Sent {
        /// The server.
        node: NodeId,
        /// When it was sent.
        at: Micros,
        /// When it arrives.
        arrives_at: Micros,
    },
    /// The server works on it.
    Serving {
        /// The server.
        node: NodeId,
    },
    /// The answer is on its way to the client.
    Answered {
        /// The server.
        node: NodeId,
        /// When it was sent.
        at: Micros,
        /// When it arrives.
        arrives_at: Micros,
        /// What the server says.
        answer: Box<Answer>,
    },
    /// The server died; the client is about to notice.
    HungUp {
        /// The server.
        node: NodeId,
    },
}

/// What a server says to a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The response, or why there is none.
    pub result: Result<Response, ServerError>,
    /// The server's term when it answered.
    pub raft_term: Term,
}

/// A call that has not ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LiveCall {
    /// Its number.
    pub id: CallId,
    /// Who asks.
    pub client: ClientId,
    /// Whom it may ask, in this order.
    pub endpoints: Vec<NodeId>,
    /// What it asks.
    pub request: Arc<Request>,
    /// When the client gives up.
    pub deadline: Micros,
    /// See [`Call::label`].
    pub label: String,
    /// Where it is.
    pub stage: Stage,
    /// The event with which it began.
    pub began: Seq,
    /// What it was told last, if it watches.
    pub told: Option<Arc<WatchResponse>>,
    /// What is on its way to it, if it watches, the next first.
    pub(crate) coming: Vec<Arc<WatchResponse>>,
    pub(crate) attempt: u32,
}

impl LiveCall {
    /// The server that has, or is about to get, the request.
    pub fn node(&self) -> Option<NodeId> {
        match &self.stage {
            Stage::Seeking => None,
            Stage::Sent { node, .. }
            | Stage::Serving { node }
            | Stage::Answered { node, .. }
            | Stage::HungUp { node } => Some(*node),
        }
    }

    /// Whether the client asks again, unseen, where a server was too weak to answer with this. A
    /// watcher that was sent away for want of a leader is told so.
    pub(crate) fn asks_again_after(&self, error: &ServerError) -> bool {
        let sent_away =
            matches!(*self.request, Request::Watch { .. }) && *error == ServerError::NoLeader;
        self.request.is_repeatable() && error.is_unavailable() && !sent_away
    }

    /// A watcher has been told something: whomever it asks next, it goes on from there.
    pub(crate) fn take_told(&mut self, response: Arc<WatchResponse>) {
        if Mutant::WatchStartsOver.is_on() && !response.created {
            self.told = Some(response);
            return;
        }
        if let Request::Watch { watch, .. } = Arc::make_mut(&mut self.request) {
            let start = watch.start_revision.0;
            let next = match response.events.last() {
                Some(event) => event.kv.mod_revision.0 + 1,
                // It was told that it watches; where it begins it may have said itself.
                None if response.created && start != 0 => start,
                None => response.revision.0 + 1,
            };
            watch.start_revision = Revision(next.max(start));
        }
        self.told = Some(response);
    }

    /// Whether its answer may not be older than what clients were told before it was asked.
    pub(crate) fn is_linearizable(&self) -> bool {
        match *self.request {
            Request::Range { consistency, .. } => consistency == Consistency::Linearizable,
            Request::Put(_)
            | Request::DeleteRange(_)
            | Request::Txn(_)
            | Request::Compact(_)
            | Request::Lease(LeaseRequest::Grant(_) | LeaseRequest::Revoke(_))
            | Request::Maintenance(MaintenanceRequest::Alarms | MaintenanceRequest::Disarm(_)) => {
                true
            }
            // A server says what it knows.
            Request::Watch { .. } | Request::Lease(_) | Request::Maintenance(_) => false,
            // What is said of members has nothing to do with the store's revision.
            Request::Member(_) => false,
        }
    }

    /// How it ends if the client hears nothing but this error: a write that was sent may have had
    /// an effect.
    pub(crate) fn without_answer(&self, error: CallError) -> Outcome {
        let was_sent = self.stage != Stage::Seeking;
        if was_sent && self.request.is_write() {
            Outcome::Unknown(error)
        } else {
            Outcome::Failed(error)
        }
    }

    /// How it ends with what the server said.
    pub(crate) fn with_answer(&self, node: NodeId, answer: Answer) -> Outcome {
        match answer.result {
            Ok(response) => {
                let revision = response.revision();
                Outcome::Ok { node, response, revision, raft_term: answer.raft_term }
            }
            Err(error) if self.request.is_write() && error.leaves_write_unknown() => {
                Outcome::Unknown(CallError::Server(error))
            }
            Err(error) => Outcome::Failed(CallError::Server(error)),
        }
    }
}

/// All calls: those under way, how the others ended, and the history of both.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Clients {
    /// In the order in which they began.
    pub(crate) live: Vec<LiveCall>,
    /// Of the first call, of the second, ….
    outcomes: Chunks<Option<Arc<Outcome>>>,
    history: Chunks<HistoryRecord>,
    calls: u64,
}

/// Where a call's outcome stands. Calls are counted from 1.
fn slot(id: CallId) -> usize {
    usize::try_from(id.0).map_or(usize::MAX, |id| id.wrapping_sub(1))
}

impl Clients {
    pub(crate) fn next_id(&mut self) -> CallId {
        self.calls += 1;
        self.outcomes.push(None);
        CallId(self.calls)
    }

    pub(crate) fn begin(&mut self, call: LiveCall, at: Micros) {
        self.history.push(HistoryRecord::Call {
            call: call.id,
            client: call.client.clone(),
            at,
            request: Arc::clone(&call.request),
            endpoint: call.node(),
        });
        self.live.push(call);
    }

    pub(crate) fn find(&self, id: CallId) -> Option<&LiveCall> {
        self.live.iter().find(|call| call.id == id)
    }

    pub(crate) fn find_mut(&mut self, id: CallId) -> Option<&mut LiveCall> {
        self.live.iter_mut().find(|call| call.id == id)
    }

    /// Whether a queue item about a call's attempt is still valid.
    pub(crate) fn is_at(&self, id: CallId, attempt: u32) -> bool {
        self.find(id).is_some_and(|call| call.attempt == attempt)
    }

    /// A watcher has been told what was next on its way to it.
    pub(crate) fn tell(&mut self, id: CallId, at: Micros) {
        let Some(call) = self.find_mut(id) else { return };
        if call.coming.is_empty() {
            return;
        }
        let response = call.coming.remove(0);
        call.take_told(Arc::clone(&response));
        self.history.push(HistoryRecord::Told { call: id, at, response });
    }

    /// Ends a call. Says at which server it was, if the server may still work on it.
    pub(crate) fn end(&mut self, id: CallId, at: Micros, outcome: Outcome) -> Option<NodeId> {
        let place = self.live.iter().position(|call| call.id == id)?;
        let call = self.live.remove(place);
        let outcome = Arc::new(outcome);
        if let Some(slot) = self.outcomes.get_mut(slot(id)) {
            *slot = Some(Arc::clone(&outcome));
        }
        self.history.push(HistoryRecord::Return { call: id, at, outcome });
        match call.stage {
            Stage::Sent { node, .. } | Stage::Serving { node } => Some(node),
            Stage::Seeking | Stage::Answered { .. } | Stage::HungUp { .. } => None,
        }
    }

    pub(crate) fn outcome(&self, id: CallId) -> Option<&Outcome> {
        self.outcomes.get(slot(id))?.as_deref()
    }

    pub(crate) fn history(&self) -> &Chunks<HistoryRecord> {
        &self.history
    }
}
