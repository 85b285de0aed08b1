//! Leases on a server: grants and revocations go through the log, time is kept by the leader alone.
//!
//! The leader's [`Lessor`] knows when each lease runs out; it proposes to revoke those that have, and
//! only that makes them end. A server that does not lead sends questions about time on to the one
//! that does ([`ServerError::AskLeader`]).

use kv_core::{
    Bytes, LEASE_COST, LEASE_REVOKES_PER_SECOND, LeaseGrantRequest, LeaseGrantResponse, LeaseId,
    Lessor, Mutant, Renewal, Revision, hash_of_words, min_lease_ttl,
};
use raft_core::Payload;
use serde::{Deserialize, Serialize};

use crate::api::{Micros, RequestId, Response, ServerError};
use crate::member::Member;
use crate::proposal::{Command, Proposal};

/// How often the leader looks for leases that have run out (etcd `lessor.runLoop`).
const LOOK_EVERY: Micros = Micros::from_millis(500);

/// How long it waits for a revocation to be applied before it proposes another (etcd
/// `expiredLeaseRetryInterval`).
const RETRY_AFTER: Micros = Micros::from_secs(3);

/// What a client asks of leases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaseRequest {
    /// Make one; the server chooses its name where none is given, and may give it more time.
    Grant(LeaseGrantRequest),
    /// End one, and delete its keys.
    Revoke(LeaseId),
    /// Give one its whole time again.
    KeepAlive(LeaseId),
    /// How much time one has left.
    TimeToLive {
        /// Which.
        id: LeaseId,
        /// Whether to tell its keys too.
        keys: bool,
    },
    /// Which there are, as far as this server has applied the log.
    List,
}

impl LeaseRequest {
    /// Whether it may change something.
    pub(crate) fn is_write(&self) -> bool {
        match self {
            LeaseRequest::Grant(_) | LeaseRequest::Revoke(_) | LeaseRequest::KeepAlive(_) => true,
            LeaseRequest::TimeToLive { .. } | LeaseRequest::List => false,
        }
    }
}

/// The answer to a [`LeaseRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaseResponse {
    /// It was granted.
    Granted(LeaseGrantResponse),
    /// It is gone. The store's revision after its keys were deleted.
    Revoked(Revision),
    /// It lives on.
    KeptAlive {
        /// The store's revision.
        revision: Revision,
        /// Which.
        id: LeaseId,
        /// Seconds from now; 0: there is no such lease.
        ttl: i64,
    },
    /// How it stands.
    TimeToLive {
        /// The store's revision.
        revision: Revision,
        /// Which.
        id: LeaseId,
        /// Whole seconds that are left; -1: there is no such lease.
        ttl: i64,
        /// The seconds that were granted.
        granted_ttl: i64,
        /// The keys that hang on it, if asked for.
        keys: Vec<Bytes>,
    },
    /// Those that there are; on the leader, those first that run out first.
    List {
        /// The store's revision.
        revision: Revision,
        /// Their names.
        leases: Vec<LeaseId>,
    },
}

impl LeaseResponse {
    /// The store's revision, as the answer's header has it.
    pub(crate) fn revision(&self) -> Revision {
        match self {
            LeaseResponse::Granted(granted) => granted.revision,
            LeaseResponse::Revoked(revision)
            | LeaseResponse::KeptAlive { revision, .. }
            | LeaseResponse::TimeToLive { revision, .. }
            | LeaseResponse::List { revision, .. } => *revision,
        }
    }
}

/// What a server knows of leases beside the store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Keeper {
    /// The leader's.
    lessor: Option<Lessor>,
    /// Whose revocation was proposed, and when it is proposed again if it was not applied.
    revoking: Vec<(LeaseId, Micros)>,
    /// Clients who keep a lease alive that has run out: they wait until it is gone.
    waiting: Vec<(RequestId, LeaseId)>,
    next_look: Option<Micros>,
}

impl Keeper {
    /// When it wants to look at its leases.
    pub(crate) fn next_look(&self) -> Option<Micros> {
        self.next_look
    }

    /// Forgets a client that has gone.
    pub(crate) fn cancel(&mut self, request: RequestId) {
        self.waiting.retain(|(waiting, _)| *waiting != request);
    }

    /// Decides when to look next: at a beat of the loop, and not before something is due.
    fn plan(&mut self) {
        let Some(expiry) = self.lessor.as_ref().and_then(Lessor::next_expiry_micros) else {
            self.next_look = None;
            return;
        };
        let retry = self.revoking.iter().map(|(_, at)| at.0).min();
        let due = retry.map_or(expiry, |retry| expiry.max(retry));
        self.next_look = Some(Micros(due.next_multiple_of(LOOK_EVERY.0)));
    }

    /// The leases to revoke now.
    fn due(&mut self, now: Micros) -> Vec<LeaseId> {
        let Some(lessor) = &self.lessor else { return Vec::new() };
        if self.next_look.is_none_or(|at| at > now) {
            return Vec::new();
        }
        let mut due = lessor.run_out(now.0, LEASE_REVOKES_PER_SECOND / 2);
        self.revoking.retain(|(_, retry_at)| *retry_at > now);
        due.retain(|id| !self.revoking.iter().any(|(revoking, _)| revoking == id));
        self.revoking.extend(due.iter().map(|id| (*id, now + RETRY_AFTER)));
        self.plan();
        // What has run out since the last beat waits for the next one.
        let next = Micros((now.0 + 1).next_multiple_of(LOOK_EVERY.0));
        self.next_look = self.next_look.map(|at| at.max(next));
        due
    }
}

impl Member {
    pub(crate) fn request_lease(
        &mut self,
        id: RequestId,
        request: LeaseRequest,
    ) -> Option<Result<Response, ServerError>> {
        let revision = self.machine.store.revision();
        let response = match request {
            LeaseRequest::Grant(asked) => {
                let grant = self.complete(asked);
                return self.write_if_room(id, LEASE_COST, Command::LeaseGrant(grant));
            }
            LeaseRequest::Revoke(lease) => return self.write(id, Command::LeaseRevoke(lease)),
            LeaseRequest::KeepAlive(lease) => return self.keep_alive(id, lease),
            LeaseRequest::TimeToLive { id, keys } => {
                let Some(lessor) = &self.leases.lessor else {
                    return Some(Err(ServerError::AskLeader));
                };
                let left = lessor.remaining_seconds(id, self.timing.now.0);
                let lease = self.machine.store.lease(id);
                let hanging = lease.filter(|_| keys).map(|it| it.keys().to_vec());
                LeaseResponse::TimeToLive {
                    revision,
                    id,
                    ttl: left.unwrap_or(-1),
                    granted_ttl: lease.map_or(0, kv_core::Lease::ttl),
                    keys: hanging.unwrap_or_default(),
                }
            }
            LeaseRequest::List => {
                let by_name = || self.machine.store.leases().map(kv_core::Lease::id).collect();
                let leases = self.leases.lessor.as_ref().map_or_else(by_name, Lessor::list);
                LeaseResponse::List { revision, leases }
            }
        };
        Some(Ok(Response::Lease(response)))
    }

    /// A grant as it goes into the log: with a name, and no shorter than is safe.
    fn complete(&self, asked: LeaseGrantRequest) -> LeaseGrantRequest {
        let proposal = self.next_proposal();
        let words = [u64::from(proposal.node.0), proposal.start, proposal.count];
        // A name is a positive number, and as long as real ones are.
        let drawn = (hash_of_words(&words) >> 1) | (1 << 62);
        let id = if asked.id == LeaseId::NONE { LeaseId(drawn.cast_signed()) } else { asked.id };
        let least = min_lease_ttl(self.timing.election_timeout().0);
        LeaseGrantRequest { id, ttl: asked.ttl.max(least) }
    }

    fn keep_alive(
        &mut self,
        request: RequestId,
        id: LeaseId,
    ) -> Option<Result<Response, ServerError>> {
        let Some(lessor) = &mut self.leases.lessor else {
            return Some(Err(ServerError::AskLeader));
        };
        let ttl = match lessor.renew(&self.machine.store, id, self.timing.now.0) {
            Ok(Renewal::RunOut) => {
                self.leases.waiting.push((request, id));
                return None;
            }
            Ok(Renewal::Renewed { ttl, .. }) => ttl,
            Err(_) => 0,
        };
        self.leases.plan();
        Some(Ok(self.kept_alive(id, ttl)))
    }

    fn kept_alive(&self, id: LeaseId, ttl: i64) -> Response {
        let revision = self.machine.store.revision();
        Response::Lease(LeaseResponse::KeptAlive { revision, id, ttl })
    }

    /// This server leads from now on, or does no longer. A new leader gives every lease its whole
    /// time again, and an election timeout more.
    pub(crate) fn lead_leases(&mut self, leads: bool) {
        let leads = leads || Mutant::EverybodyRevokes.is_on();
        if leads == self.leases.lessor.is_some() {
            return;
        }
        let extend = self.timing.election_timeout();
        let promoted = || Lessor::promoted(&self.machine.store, self.timing.now.0, extend.0);
        self.leases.lessor = leads.then(promoted);
        self.leases.revoking.clear();
        for (request, _) in std::mem::take(&mut self.leases.waiting) {
            self.replies.push((request, Err(ServerError::AskLeader)));
        }
        self.leases.plan();
    }

    /// A proposal about a lease was applied.
    pub(crate) fn lease_applied(&mut self, command: &Command) {
        let Some(lessor) = &mut self.leases.lessor else { return };
        match command {
            Command::LeaseGrant(grant) => {
                if let Some(lease) = self.machine.store.lease(grant.id) {
                    lessor.refresh(lease, self.timing.now.0);
                }
            }
            Command::LeaseRevoke(id) => {
                lessor.forget(*id);
                self.leases.revoking.retain(|(revoking, _)| revoking != id);
                let (gone, waiting) =
                    self.leases.waiting.drain(..).partition(|(_, lease)| lease == id);
                self.leases.waiting = waiting;
                let gone: Vec<(RequestId, LeaseId)> = gone;
                for (request, id) in gone {
                    let answer = self.kept_alive(id, 0);
                    self.replies.push((request, Ok(answer)));
                }
            }
            _ => return,
        }
        self.leases.plan();
    }

    /// Proposes to revoke what has run out.
    pub(crate) fn revoke_what_has_run_out(&mut self) {
        for id in self.leases.due(self.timing.now) {
            let command = Command::LeaseRevoke(id);
            if let Ok(data) = (Proposal { id: self.next_proposal(), command }).encode() {
                self.writes.hold(Payload::Normal(data), None);
            }
        }
    }
}
