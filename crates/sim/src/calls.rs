//! How clients' calls go: to the first server that can be reached, there and back, or not.

use std::sync::Arc;

use member::raft_core::NodeId;
use member::{MemberRequest, Micros, Request, RequestId};

use crate::client::{Call, CallError, CallId, FOREVER, LiveCall, Outcome, Stage};
use crate::cluster::Cluster;
use crate::queue::What;
use crate::settings::NODES_MAX;
use crate::trace::{Event, EventKind};

/// How long a client waits before it looks again for a server.
const RETRY_AFTER: Micros = Micros(100_000);

/// How long a client waits before it asks a read again (etcd `client/v3/options.go`).
const ASK_AGAIN_AFTER: Micros = Micros(25_000);

/// What gRPC says when the other side is suddenly gone.
const CONNECTION_LOST: &str = "rpc error: code = Unavailable desc = error reading from server: EOF";

impl Cluster {
    /// A client begins a call. It ends with an event of kind [`EventKind::Return`], and its
    /// [`Cluster::outcome`] is there from then on. Endpoints that do not exist are as those that
    /// cannot be reached.
    ///
    /// # Panics
    /// If it adds a node whose number is not the next one, or beyond [`NODES_MAX`].
    pub fn call(&mut self, call: Call) -> (CallId, Event) {
        if let Request::Member(MemberRequest::Add(node, _)) = call.request {
            let next = self.node_count() + 1;
            assert!((1..=next.min(NODES_MAX)).contains(&node.0), "{node} has no place here");
        }
        let mut event = self.begin(EventKind::Call);
        let id = self.clients.next_id();
        event.call = Some(id);
        let deadline = Micros(self.now.0.saturating_add(call.timeout.0));
        let mut live = LiveCall {
            id,
            client: call.client,
            endpoints: call.endpoints,
            request: Arc::new(call.request),
            deadline,
            label: call.label,
            stage: Stage::Seeking,
            began: event.seq,
            told: None,
            coming: Vec::new(),
            attempt: 0,
        };
        if deadline != FOREVER {
            self.queue.schedule(deadline, What::Timeout { call: id }, Some(event.seq));
        }
        self.seek(&mut live, &event);
        self.clients.begin(live, self.now);
        self.finish(&event);
        (id, event)
    }

    /// A client no longer waits (Ctrl-C). None if the call has ended already.
    pub fn cancel(&mut self, id: CallId) -> Option<Event> {
        let outcome = self.clients.find(id)?.without_answer(CallError::Canceled);
        let mut event = self.begin(EventKind::Return);
        self.end(id, outcome, &mut event);
        self.finish(&event);
        Some(event)
    }

    /// The client sends its request to the first server that can be reached, or tries again later.
    fn seek(&mut self, call: &mut LiveCall, event: &Event) {
        let reachable = |node: &&NodeId| self.has_node(**node) && !self.node(**node).is_crashed();
        let (at, call_id, attempt) = (self.now, call.id, call.attempt);
        match call.endpoints.iter().find(reachable) {
            Some(&node) => {
                let arrives_at = Micros(at.0 + self.settings.client_latency.0);
                call.stage = Stage::Sent { node, at, arrives_at };
                let what = What::Request { call: call_id, attempt };
                self.queue.schedule(arrives_at, what, Some(event.seq));
            }
            None => {
                let again = Micros(at.0 + RETRY_AFTER.0);
                if again < call.deadline {
                    let what = What::Retry { call: call_id, attempt };
                    self.queue.schedule(again, what, Some(event.seq));
                }
            }
        }
    }

    pub(crate) fn retry(&mut self, id: CallId, event: &mut Event) {
        event.kind = EventKind::Retry;
        event.call = Some(id);
        if let Some(place) = self.clients.live.iter().position(|call| call.id == id) {
            let mut call = self.clients.live[place].clone();
            self.seek(&mut call, event);
            self.clients.live[place] = call;
        }
    }

    /// The request arrives at its server.
    pub(crate) fn request(&mut self, id: CallId, event: &mut Event) {
        event.kind = EventKind::Request;
        event.call = Some(id);
        let now = self.now;
        let Some(call) = self.clients.find_mut(id) else { return };
        let Some(node) = call.node() else { return };
        call.stage = Stage::Serving { node };
        let request = (*call.request).clone();
        self.node_mut(node).with_member(now, |member, local, _| {
            member.request(local, RequestId(id.0), request);
        });
        self.absorb(node, event);
    }

    /// A server cannot decide without being the leader: it sends the request on to the one that it
    /// knows, or looks again later (etcd `PromoteMember`, over HTTP).
    pub(crate) fn send_on(&mut self, id: CallId, node: NodeId, event: &Event) {
        let leader = self.node(node).member().and_then(|member| member.raft().leader());
        let open = |to: &NodeId| self.link(node, *to).is_open() && self.link(*to, node).is_open();
        let there = |to: &NodeId| self.has_node(*to) && !self.node(*to).is_crashed();
        let next = leader.filter(|to| *to != node && there(to) && open(to));
        let latency = next.map_or(RETRY_AFTER, |to| self.link(node, to).latency);
        let (at, arrives_at) = (self.now, Micros(self.now.0 + latency.0));
        let Some(call) = self.clients.find_mut(id) else { return };
        call.stage = Stage::Sent { node: next.unwrap_or(node), at, arrives_at };
        call.attempt += 1;
        let what = What::Request { call: id, attempt: call.attempt };
        self.queue.schedule(arrives_at, what, Some(event.seq));
    }

    /// The server hears that the client has gone.
    pub(crate) fn cancel_at(&mut self, id: CallId, node: NodeId, event: &mut Event) {
        event.kind = EventKind::Cancel;
        event.call = Some(id);
        let now = self.now;
        self.node_mut(node).with_member(now, |member, _, _| member.cancel(RequestId(id.0)));
        self.absorb(node, event);
    }

    /// The answer arrives at the client.
    pub(crate) fn reply(&mut self, id: CallId, event: &mut Event) {
        let Some(call) = self.clients.find(id) else { return };
        if let Stage::Answered { node, answer, .. } = &call.stage {
            let (node, answer) = (*node, (**answer).clone());
            if answer.result.as_ref().is_err_and(|error| call.asks_again_after(error)) {
                return self.ask_again(id, node, event);
            }
            let is_linearizable = call.is_linearizable();
            let outcome = call.with_answer(node, answer);
            if let (Outcome::Ok { revision, .. }, true) = (&outcome, is_linearizable) {
                event.revision = Some(*revision);
            }
            self.end(id, outcome, event);
        }
    }

    /// A read that met a server's weakness is asked again, of the next server, for as long as its
    /// client is patient; most writes are not, as nobody knows what became of them (etcd
    /// `client/v3/retry.go`).
    fn ask_again(&mut self, id: CallId, unlike: NodeId, event: &mut Event) {
        event.kind = EventKind::Retry;
        event.call = Some(id);
        let at = Micros(self.now.0 + ASK_AGAIN_AFTER.0);
        let Some(call) = self.clients.find_mut(id) else { return };
        if let Some(place) = call.endpoints.iter().position(|node| *node == unlike) {
            call.endpoints.rotate_left(place + 1);
        }
        call.stage = Stage::Seeking;
        call.attempt += 1;
        // What is still on its way to a watcher is told by the next server.
        call.coming.clear();
        let what = What::Retry { call: id, attempt: call.attempt };
        self.queue.schedule(at, what, Some(event.seq));
    }

    /// A client that watches is told something.
    pub(crate) fn notify(&mut self, id: CallId, event: &mut Event) {
        event.kind = EventKind::Notify;
        event.call = Some(id);
        self.clients.tell(id, self.now);
    }

    /// The client sees that its connection is lost.
    pub(crate) fn hang_up(&mut self, id: CallId, event: &mut Event) {
        let Some(call) = self.clients.find(id) else { return };
        if let (true, Stage::HungUp { node }) = (call.request.is_repeatable(), &call.stage) {
            return self.ask_again(id, *node, event);
        }
        let outcome = call.without_answer(CallError::Unavailable(CONNECTION_LOST.to_owned()));
        self.end(id, outcome, event);
    }

    /// The client's patience is at its end.
    pub(crate) fn time_out(&mut self, id: CallId, event: &mut Event) {
        let Some(call) = self.clients.find(id) else { return };
        let outcome = call.without_answer(CallError::DeadlineExceeded);
        self.end(id, outcome, event);
    }

    fn end(&mut self, id: CallId, outcome: Outcome, event: &mut Event) {
        event.kind = EventKind::Return;
        event.call = Some(id);
        let Some(node) = self.clients.end(id, self.now, outcome) else { return };
        // The server is still at it: it hears of it a little later, if it lives then.
        let at = Micros(self.now.0 + self.settings.client_latency.0);
        let what = What::Cancel { call: id, node, token: self.node(node).life };
        self.queue.schedule(at, what, Some(event.seq));
    }

    /// A server has died: its clients are about to see that their connections are lost.
    pub(crate) fn hang_up_all(&mut self, node: NodeId, event: &Event) {
        let at = Micros(self.now.0 + self.settings.client_latency.0);
        for call in &mut self.clients.live {
            let there = match call.stage {
                Stage::Sent { node: server, .. } | Stage::Serving { node: server } => {
                    server == node
                }
                Stage::Seeking | Stage::Answered { .. } | Stage::HungUp { .. } => false,
            };
            if there {
                call.stage = Stage::HungUp { node };
                call.attempt += 1;
                let what = What::HangUp { call: call.id, attempt: call.attempt };
                self.queue.schedule(at, what, Some(event.seq));
            }
        }
    }
}
