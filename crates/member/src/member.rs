//! The member: where protocol, state machine, clients and time meet.

use std::sync::Arc;

use kv_core::Store;
use raft_core::{
    Body, Configuration, Delivery, Dice, Entry, Index, Message, MessageKind, NodeId, Payload,
    ProposeError, Raft, ReadContext, RoleKind, Rules, Snapshot, Stored, TransferError,
};
use serde::{Deserialize, Serialize};

use crate::api::{Consistency, Micros, Request, RequestId, Response, ServerError};
use crate::config::{MemberConfig, election_ticks};
use crate::disk::Write;
use crate::leases::Keeper;
use crate::machine::Machine;
use crate::maintenance::Upkeep;
use crate::members::Connections;
use crate::proposal::{Command, Proposal, ProposalId};
use crate::reads::{Query, Read, Reads};
use crate::watches::{Told, Watches};
use crate::writes::{Waiting, Writes};

/// How many entries stay in the log behind a snapshot, for followers that lag a little (etcd
/// `DefaultSnapshotCatchUpEntries`).
const CATCH_UP_ENTRIES: u64 = 5000;

/// Questions about reads are numbered by the start in the upper bits, and a count in these.
const READ_COUNT_BITS: u32 = 40;

/// One etcd server. Every input takes the time on this server's clock; after each, and before the
/// next, [`Member::drain`] says what is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    pub(crate) raft: Raft,
    pub(crate) machine: Machine,
    pub(crate) writes: Writes,
    pub(crate) reads: Reads,
    /// The newest question about a read that was heard of each other node.
    heard: Vec<(NodeId, u64)>,
    pub(crate) replies: Vec<Reply>,
    pub(crate) leases: Keeper,
    pub(crate) watches: Watches,
    pub(crate) upkeep: Upkeep,
    pub(crate) timing: Timing,
    pub(crate) connections: Connections,
    pub(crate) strict_reconfig_check: bool,
    /// When a server that has joined tells its name next; none if it need not.
    pub(crate) announcing: Option<Micros>,
    /// When a server that was removed stops.
    pub(crate) parting: Option<Micros>,
    start: u64,
    snapshot_count: u64,
    /// The last entry that a snapshot made or received here stands for.
    snapshot_index: Index,
    /// A snapshot that goes to disk with the next write, and up to where the log goes then.
    unsaved: Option<(Snapshot, Index)>,
    /// Snapshots from the leader: each takes effect when the write of that number is durable, since
    /// nothing is applied here that a crash could take back.
    arriving: Vec<(u64, Snapshot)>,
}

/// The [`Member::state_digest`] of a member that has just taken over this snapshot. It is computed
/// from what the snapshot holds.
pub fn snapshot_digest(snapshot: &Snapshot) -> u64 {
    Machine::load(&snapshot.data).digest()
}

/// The [`Member::state_digest`] of a member of a cluster of these voters that has applied nothing.
pub fn first_digest(voters: impl IntoIterator<Item = NodeId>) -> u64 {
    Machine::first(voters).digest()
}

/// An answer to a client.
pub type Reply = (RequestId, Result<Response, ServerError>);

/// What a member wants done. Fields are in the order in which it is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Messages that may leave at once.
    pub send: Vec<Message>,
    /// Writes to disk, in this order.
    pub writes: Vec<Write>,
    /// Messages that may leave once the write of that number is durable.
    pub send_once_durable: Vec<(u64, Message)>,
    /// What clients that watch are told, in order. It comes before the answers, lest a client that
    /// writes is told of it before those that watch.
    pub watched: Vec<Told>,
    /// Answers to clients.
    pub replies: Vec<Reply>,
    /// The entries that have been applied, in order.
    pub applied: Vec<Index>,
    /// For each change of membership among them, the configuration that was in force from then on.
    pub configurations: Vec<(Index, Configuration)>,
}

/// Requests of clients that wait on a member, by what they wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Writes that are not proposed yet: for a leader.
    pub writes_held: u64,
    /// Writes that were proposed, or passed on to the leader: for being applied here.
    pub writes_proposed: u64,
    /// Linearizable reads that the leader was asked about: for its answer, or, if `read_index` is
    /// there, for this member to apply so much.
    pub reads_asked: u64,
    /// Linearizable reads that came later: for the next question.
    pub reads_next: u64,
    /// The leader's answer.
    pub read_index: Option<Index>,
}

/// What is known of time and of who leads when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Timing {
    pub(crate) now: Micros,
    election_timeout: Micros,
    /// The leader as last noticed.
    leader: Option<NodeId>,
    /// When this member last became leader.
    led_since: Option<Micros>,
}

impl Timing {
    /// How long the server works on a request: 5 s for the request itself, and time for an
    /// election (etcd `ServerConfig.ReqTimeout`).
    pub(crate) fn request_timeout(&self) -> Micros {
        Micros::from_secs(5) + self.election_timeout + self.election_timeout
    }

    /// The election timeout.
    pub(crate) fn election_timeout(&self) -> Micros {
        self.election_timeout
    }

    /// What a client is told whose proposal was not applied in time (etcd `parseProposeCtxErr`).
    fn timeout_error(&self, asked_at: Micros) -> ServerError {
        let Some(elected_at) = self.led_since else { return ServerError::RequestTimedOut };
        let lost_at = elected_at - self.election_timeout - self.election_timeout;
        if lost_at < asked_at && asked_at < elected_at {
            ServerError::TimedOutAfterLeaderFailure
        } else {
            ServerError::RequestTimedOut
        }
    }
}

impl Member {
    /// First start, or restart with what the disk holds. Entries that are known to be committed
    /// are applied again, from the newest snapshot on, by the first [`Member::drain`].
    pub fn new(config: MemberConfig, stored: Stored, now: Micros, dice: &mut dyn Dice) -> Member {
        let snapshot = stored.snapshot.as_ref();
        let machine = match snapshot {
            Some(snapshot) => Machine::load(&snapshot.data),
            None => Machine::first(config.raft.voters),
        };
        let joins_later = !config.raft.voters.contains(config.raft.id);
        // It says nothing to anybody, who could tell it. (etcd's server hears it as it connects.)
        let is_removed = machine.members.is_removed(config.raft.id);
        let snapshot_index = snapshot.map_or(Index(0), |it| it.index);
        let mut member = Member {
            leases: Keeper::default(),
            watches: Watches::new(now),
            upkeep: Upkeep::new(config.quota_bytes),
            raft: Raft::new(config.raft, stored, dice),
            machine,
            writes: Writes::default(),
            reads: Reads::default(),
            heard: Vec::new(),
            replies: Vec::new(),
            timing: Timing {
                now,
                election_timeout: config.election_timeout,
                leader: None,
                led_since: None,
            },
            connections: Connections::default(),
            strict_reconfig_check: config.strict_reconfig_check,
            announcing: joins_later.then_some(Micros(0)),
            parting: is_removed.then_some(now),
            start: config.start,
            snapshot_count: config.snapshot_count,
            snapshot_index,
            unsaved: None,
            arriving: Vec::new(),
        };
        member.note_file();
        member
    }

    /// A heartbeat interval has passed.
    pub fn tick(&mut self, now: Micros, dice: &mut dyn Dice) {
        self.timing.now = now;
        self.raft.tick(dice);
    }

    /// A message has arrived. One that makes no sense is dropped: the network may bring anything. Who
    /// was removed is not heard any more, but for a leader that hands over as it leaves.
    pub fn deliver(&mut self, now: Micros, message: Message, dice: &mut dyn Dice) {
        self.timing.now = now;
        let is_removed = self.has_removed(message.from);
        if (is_removed && message.kind() != MessageKind::TimeoutNow) || !self.is_new(&message) {
            return;
        }
        self.raft.step(message, dice).ok();
    }

    /// Whether a question about a read was not heard before. Numbers grow; one that comes twice, or was
    /// overtaken, must not be taken for a new read ([`Reads::retry`] says why). Who asked asks again.
    fn is_new(&mut self, message: &Message) -> bool {
        let Body::ReadIndex { context } = message.body else { return true };
        match self.heard.iter_mut().find(|(node, _)| *node == context.node) {
            Some((_, newest)) if context.number <= *newest => return false,
            Some((_, newest)) => *newest = context.number,
            None => self.heard.push((context.node, context.number)),
        }
        true
    }

    /// Write `number`, and all before it, are durable.
    pub fn persisted(&mut self, now: Micros, number: u64) {
        self.timing.now = now;
        self.raft.persisted(number);
        let durable = self.arriving.partition_point(|(write, _)| *write <= number);
        let newest = self.arriving.drain(..durable).next_back();
        if let Some((_, snapshot)) = newest {
            self.install(&snapshot);
        }
    }

    /// A client asks. The answer comes out of some later [`Member::drain`], exactly once, unless
    /// the request is cancelled.
    pub fn request(&mut self, now: Micros, id: RequestId, request: Request) {
        self.timing.now = now;
        let answer = if self.is_learner() && !request.is_for_learners() {
            Some(Err(ServerError::NotForLearners))
        } else {
            self.take(id, request)
        };
        if let Some(answer) = answer {
            self.replies.push((id, answer));
        }
    }

    /// Begins what is asked; the answer, if it is there at once.
    fn take(&mut self, id: RequestId, request: Request) -> Option<Result<Response, ServerError>> {
        match request {
            Request::Range { range, consistency } => self.read(id, range, consistency),
            Request::Put(request) => {
                self.write_checked(id, request.check(), request.cost(), Command::Put(request))
            }
            Request::DeleteRange(request) => match request.check() {
                // It makes room.
                Ok(()) => self.write(id, Command::DeleteRange(request)),
                Err(error) => Some(Err(error.into())),
            },
            Request::Txn(request) => self.transact(id, request),
            Request::Compact(revision) => self.write(id, Command::Compact(revision)),
            Request::Watch { watch, needs_leader } => self.request_watch(id, watch, needs_leader),
            Request::Lease(request) => self.request_lease(id, request),
            Request::Member(request) => self.request_member(id, request),
            Request::Maintenance(request) => self.request_maintenance(id, request),
        }
    }

    /// A transaction that changes nothing is a read, and needs no place in the log.
    fn transact(
        &mut self,
        id: RequestId,
        request: kv_core::TxnRequest,
    ) -> Option<Result<Response, ServerError>> {
        if request.is_read_only() && request.check().is_ok() {
            self.reads.add(Read { request: id, query: Query::Txn(request) });
            return None;
        }
        self.write_checked(id, request.check(), request.cost(), Command::Txn(request))
    }

    /// The client has gone: no answer is wanted. What has been proposed for it may still happen;
    /// what waits for a leader is not proposed any more.
    pub fn cancel(&mut self, id: RequestId) {
        self.writes.cancel(id);
        self.reads.cancel(id);
        self.leases.cancel(id);
        self.watches.cancel(id);
        self.upkeep.cancel(id);
    }

    /// Time has passed: requests that have waited too long are answered, questions are repeated.
    pub fn expire(&mut self, now: Micros) {
        self.timing.now = now;
        for expired in self.writes.expire(now) {
            let Waiting { request, asked_at, deadline: _ } = expired.waiting;
            let error = if expired.was_proposed {
                self.timing.timeout_error(asked_at)
            } else {
                ServerError::DeadlineExceeded
            };
            self.replies.push((request, Err(error)));
        }
        for read in self.reads.expire(now) {
            self.replies.push((read.request, Err(ServerError::RequestTimedOut)));
        }
        if let Some(number) = self.reads.retry_if_due(now) {
            self.ask_for_read_index(number);
        }
        self.revoke_what_has_run_out();
        self.expire_watches();
    }

    /// When [`Member::expire`] wants to be called next.
    pub fn next_deadline(&self) -> Option<Micros> {
        // One that is due waits for a leader, not for a time.
        let announcing = self.announcing.filter(|due| *due > self.timing.now);
        let (writes, reads) = (self.writes.next_deadline(), self.reads.next_deadline());
        let leases = self.leases.next_look();
        let watches = self.watches.next_deadline(self.timing.election_timeout);
        [writes, reads, announcing, self.parting, leases, watches].into_iter().flatten().min()
    }

    /// Hands leadership over to a voter; it is complete when [`Raft::leader`] says so.
    ///
    /// # Errors
    /// As [`Raft::transfer_leader`]: only the leader can, and only to a voter.
    pub fn transfer_leader(&mut self, now: Micros, to: NodeId) -> Result<(), TransferError> {
        self.timing.now = now;
        self.raft.transfer_leader(to)
    }

    /// The transport tells what became of a snapshot that was sent to this peer (etcd's
    /// `ReportSnapshot`). Without a report a leader would wait for the peer's answer for ever.
    pub fn report_snapshot(&mut self, now: Micros, to: NodeId, delivery: Delivery) {
        self.timing.now = now;
        self.raft.report_snapshot(to, delivery);
    }

    /// Switches rules of the protocol, for teaching.
    pub fn set_rules(&mut self, rules: Rules) {
        self.raft.set_rules(rules);
    }

    /// Changes heartbeat interval and election timeout. Requests that wait keep their deadlines.
    pub fn set_timing(&mut self, heartbeat: Micros, election_timeout: Micros, dice: &mut dyn Dice) {
        self.timing.election_timeout = election_timeout;
        self.raft.set_timing(election_ticks(heartbeat, election_timeout), 1, dice);
    }

    /// Takes everything that is to be done. Call it after every input.
    pub fn drain(&mut self) -> Output {
        let mut output = Output::default();
        loop {
            self.notice_leader();
            self.announce();
            self.propose_held();
            if let Some(number) = self.reads.begin(self.timing.now, self.timing.request_timeout()) {
                self.ask_for_read_index(number);
            }
            if !self.raft.has_ready() {
                break;
            }
            self.handle_ready(&mut output);
        }
        self.tell_watchers();
        output.watched = self.watches.take_told();
        output.replies = std::mem::take(&mut self.replies);
        output
    }

    /// The protocol's state.
    pub fn raft(&self) -> &Raft {
        &self.raft
    }

    /// The store, as far as this member has applied the log.
    pub fn store(&self) -> &Store {
        &self.machine.store
    }

    /// What waits here.
    pub fn backlog(&self) -> Backlog {
        let (writes_held, writes_proposed) = self.writes.counts();
        let (reads_asked, reads_next, read_index) = self.reads.counts();
        Backlog { writes_held, writes_proposed, reads_asked, reads_next, read_index }
    }

    /// A digest of the state machine: equal on members that have applied the same entries and hold
    /// the same.
    pub fn state_digest(&self) -> u64 {
        self.machine.digest()
    }

    fn read(
        &mut self,
        id: RequestId,
        range: kv_core::RangeRequest,
        consistency: Consistency,
    ) -> Option<Result<Response, ServerError>> {
        if let Err(error) = range.check() {
            return Some(Err(error.into()));
        }
        match consistency {
            Consistency::Serializable => Some(self.answer_read(&range)),
            Consistency::Linearizable => {
                self.reads.add(Read { request: id, query: Query::Range(range) });
                None
            }
        }
    }

    fn answer_read(&self, range: &kv_core::RangeRequest) -> Result<Response, ServerError> {
        Ok(Response::Range(self.machine.store.range(range)?))
    }

    /// It changes nothing, so that it may be done to a clone, which costs next to nothing.
    fn answer_txn(&self, txn: &kv_core::TxnRequest) -> Result<Response, ServerError> {
        Ok(Response::Txn(self.machine.store.clone().txn(txn)?))
    }

    pub(crate) fn write(
        &mut self,
        id: RequestId,
        command: Command,
    ) -> Option<Result<Response, ServerError>> {
        let proposal = Proposal { id: self.next_proposal(), command };
        let data = match proposal.encode() {
            Ok(data) => data,
            Err(error) => return Some(Err(error)),
        };
        let now = self.timing.now;
        let deadline = Some(now + self.timing.request_timeout());
        let waiting = Waiting { request: id, asked_at: now, deadline };
        self.writes.hold(Payload::Normal(data), Some(waiting));
        None
    }

    /// The name of the next proposal.
    pub(crate) fn next_proposal(&self) -> ProposalId {
        ProposalId { node: self.raft.id(), start: self.start, count: self.writes.next_count() }
    }

    /// Proposes what waits for a leader, as soon as there is one (in etcd, a proposal blocks while
    /// none is known). Followers pass it on to theirs.
    fn propose_held(&mut self) {
        while let Some(payload) = self.writes.first_held() {
            match self.raft.propose(payload.clone()) {
                Ok(()) => self.writes.release(),
                Err(ProposeError::NoLeader) => return,
                Err(
                    ProposeError::Transferring | ProposeError::Removed | ProposeError::Overloaded,
                ) => {
                    if let Some(waiting) = self.writes.refuse() {
                        self.replies.push((waiting.request, Err(ServerError::ProposalDropped)));
                    }
                }
            }
        }
    }

    /// Asks the leader for an index, under a number that is unique for all time.
    fn ask_for_read_index(&mut self, number: u64) {
        let number = (self.start << READ_COUNT_BITS) + number;
        self.raft.read_index(ReadContext { node: self.raft.id(), number });
    }

    /// Compares who leads with who led when we last looked.
    fn notice_leader(&mut self) {
        let leader = self.raft.leader();
        if leader == self.timing.leader {
            return;
        }
        self.timing.leader = leader;
        if leader.is_some() {
            self.reads.leader_changed();
        }
        let leads = self.raft.role_kind() == RoleKind::Leader;
        if leads {
            self.timing.led_since = Some(self.timing.now);
        }
        self.watches.leader_is(leader, self.timing.now);
        self.lead_leases(leads);
        self.answer_handed_over();
    }

    /// Does what a `Ready` asks for, in the order of its contract.
    fn handle_ready(&mut self, output: &mut Output) {
        let ready = self.raft.ready();
        let has_write = ready.has_write();
        for mut message in ready.messages {
            if let Body::InstallSnapshot { snapshot } = &mut message.body {
                self.freshen(snapshot);
            }
            output.send.push(message);
        }
        if has_write {
            if let Some(snapshot) = &ready.snapshot {
                // What was to be saved is older than what now comes.
                self.unsaved = None;
                self.arriving.push((ready.number, snapshot.clone()));
            }
            let own = self.unsaved.take();
            let compact_to = own.as_ref().map(|(_, index)| *index);
            output.writes.push(Write {
                number: ready.number,
                hard_state: ready.hard_state,
                entries: ready.entries,
                snapshot: ready.snapshot.or(own.map(|(snapshot, _)| snapshot)),
                compact_to,
                must_sync: ready.must_sync,
            });
        }
        if let Some(number) = ready.durable_after {
            let promises = ready.messages_once_durable.into_iter();
            output.send_once_durable.extend(promises.map(|message| (number, message)));
        }
        for entry in ready.committed {
            let index = entry.index;
            let changes_membership = matches!(entry.payload, Payload::Config(_));
            output.applied.push(index);
            self.machine.note(&entry);
            self.apply(entry);
            if changes_membership {
                output.configurations.push((index, self.raft.configuration().clone()));
            }
        }
        for state in ready.reads {
            let number = state.context.number;
            if number >> READ_COUNT_BITS == self.start {
                self.reads.confirmed(number - (self.start << READ_COUNT_BITS), state.index);
            }
        }
        self.answer_reads();
        self.make_snapshot_if_due();
    }

    /// Applies one committed entry, and answers the client that waits for it here.
    fn apply(&mut self, entry: Entry) {
        match entry.payload {
            // A new leader has committed something of its own term: now it can answer reads.
            Payload::Empty => {
                if let Some(number) = self.reads.retry(self.timing.now) {
                    self.ask_for_read_index(number);
                }
            }
            Payload::Normal(data) => {
                let proposal = Proposal::decode(&data).expect("members propose nothing else");
                if let Some(result) = self.machine.apply(&proposal) {
                    self.note_file();
                    self.lease_applied(&proposal.command);
                    self.answer_write(proposal.id, result);
                }
            }
            Payload::Config(change) => self.apply_change(&change),
        }
        self.raft.applied(entry.index);
    }

    /// Answers the client that waits here for a proposal, if there is one.
    pub(crate) fn answer_write(&mut self, id: ProposalId, result: Result<Response, ServerError>) {
        let ProposalId { node, start, count } = id;
        if (node, start) == (self.raft.id(), self.start)
            && let Some(waiting) = self.writes.applied(count)
        {
            self.replies.push((waiting.request, result));
        }
    }

    fn answer_reads(&mut self) {
        for read in self.reads.answerable(self.raft.last_applied()) {
            let answer = match &read.query {
                Query::Range(range) => self.answer_read(range),
                Query::Txn(txn) => self.answer_txn(txn),
                Query::Members => Ok(self.list_members()),
            };
            self.replies.push((read.request, answer));
        }
    }

    /// Replaces the state machine by a snapshot from the leader.
    fn install(&mut self, snapshot: &Snapshot) {
        self.machine = Machine::load(&snapshot.data);
        self.note_new_file();
        self.snapshot_index = snapshot.index;
        self.raft.applied(snapshot.index);
        self.answer_reads();
    }

    /// A snapshot is sent as of now, not as of when the log was cut (etcd
    /// `createMergedSnapshotMessage`). It must be: who was added since then does not find itself in
    /// the older one, and would refuse it for ever.
    fn freshen(&self, snapshot: &mut Arc<Snapshot>) {
        if snapshot.index < self.raft.last_applied()
            && let Some(fresh) = self.snapshot_now()
        {
            *snapshot = Arc::new(fresh);
        }
    }

    /// What has been applied, as a snapshot.
    fn snapshot_now(&self) -> Option<Snapshot> {
        let index = self.raft.last_applied();
        let term = self.raft.log().term(index)?;
        let config = self.raft.configuration().clone();
        Some(Snapshot { index, term, config, data: self.machine.save() })
    }

    /// Makes a snapshot of what has been applied, and lets the log go that it stands for, but for
    /// what slow followers may still need (etcd `triggerSnapshot`).
    fn make_snapshot_if_due(&mut self) {
        let index = self.raft.last_applied();
        if index.0.saturating_sub(self.snapshot_index.0) <= self.snapshot_count {
            return;
        }
        let Some(snapshot) = self.snapshot_now() else { return };
        let keep = CATCH_UP_ENTRIES.min(self.snapshot_count);
        let compact_to = Index(index.0.saturating_sub(keep));
        self.snapshot_index = index;
        self.raft.compact(compact_to, snapshot.clone());
        self.unsaved = Some((snapshot, compact_to));
    }
}
