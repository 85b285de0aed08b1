//! The member: where protocol, state machine, clients and time meet.

use kv_core::Store;
use raft_core::{
    Delivery, Dice, Entry, Index, Message, NodeId, Payload, ProposeError, Raft, ReadContext,
    RoleKind, Rules, Snapshot, Stored, TransferError,
};
use serde::{Deserialize, Serialize};

use crate::api::{Consistency, Micros, Request, RequestId, Response, ServerError};
use crate::config::{MemberConfig, election_ticks};
use crate::disk::Write;
use crate::machine::Machine;
use crate::proposal::{Command, Proposal, ProposalId};
use crate::reads::{Read, Reads};
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
    raft: Raft,
    machine: Machine,
    writes: Writes,
    reads: Reads,
    replies: Vec<Reply>,
    timing: Timing,
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
    /// Answers to clients.
    pub replies: Vec<Reply>,
    /// The entries that have been applied, in order.
    pub applied: Vec<Index>,
}

/// What is known of time and of who leads when.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Timing {
    now: Micros,
    election_timeout: Micros,
    /// The leader as last noticed.
    leader: Option<NodeId>,
    /// When this member last became leader.
    led_since: Option<Micros>,
}

impl Timing {
    /// How long the server works on a request: 5 s for the request itself, and time for an
    /// election (etcd `ServerConfig.ReqTimeout`).
    fn request_timeout(&self) -> Micros {
        Micros::from_secs(5) + self.election_timeout + self.election_timeout
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
    pub fn new(config: MemberConfig, stored: Stored, dice: &mut dyn Dice) -> Member {
        let snapshot = stored.snapshot.as_ref();
        let machine = snapshot.map(|it| Machine::load(&it.data)).unwrap_or_default();
        let snapshot_index = snapshot.map_or(Index(0), |it| it.index);
        Member {
            raft: Raft::new(config.raft, stored, dice),
            machine,
            writes: Writes::default(),
            reads: Reads::default(),
            replies: Vec::new(),
            timing: Timing {
                now: Micros(0),
                election_timeout: config.election_timeout,
                leader: None,
                led_since: None,
            },
            start: config.start,
            snapshot_count: config.snapshot_count,
            snapshot_index,
            unsaved: None,
            arriving: Vec::new(),
        }
    }

    /// A heartbeat interval has passed.
    pub fn tick(&mut self, now: Micros, dice: &mut dyn Dice) {
        self.timing.now = now;
        self.raft.tick(dice);
    }

    /// A message has arrived. One that makes no sense is dropped: the network may bring anything.
    pub fn deliver(&mut self, now: Micros, message: Message, dice: &mut dyn Dice) {
        self.timing.now = now;
        self.raft.step(message, dice).ok();
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
        let answer = match request {
            Request::Range { range, consistency } => self.read(id, range, consistency),
            Request::Put(request) => self.write(id, Command::Put(request)),
            Request::DeleteRange(request) => self.write(id, Command::DeleteRange(request)),
        };
        if let Some(answer) = answer {
            self.replies.push((id, answer));
        }
    }

    /// The client has gone: no answer is wanted. What has been proposed for it may still happen;
    /// what waits for a leader is not proposed any more.
    pub fn cancel(&mut self, id: RequestId) {
        self.writes.cancel(id);
        self.reads.cancel(id);
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
    }

    /// When [`Member::expire`] wants to be called next.
    pub fn next_deadline(&self) -> Option<Micros> {
        let deadlines = [self.writes.next_deadline(), self.reads.next_deadline()];
        deadlines.into_iter().flatten().min()
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
            self.propose_held();
            if let Some(number) = self.reads.begin(self.timing.now, self.timing.request_timeout()) {
                self.ask_for_read_index(number);
            }
            if !self.raft.has_ready() {
                break;
            }
            self.handle_ready(&mut output);
        }
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
                self.reads.add(Read { request: id, range });
                None
            }
        }
    }

    fn answer_read(&self, range: &kv_core::RangeRequest) -> Result<Response, ServerError> {
        Ok(Response::Range(self.machine.store.range(range)?))
    }

    fn write(&mut self, id: RequestId, command: Command) -> Option<Result<Response, ServerError>> {
        if let Err(error) = command.check() {
            return Some(Err(error.into()));
        }
        let count = self.writes.next_count();
        let proposal =
            Proposal { id: ProposalId { node: self.raft.id(), start: self.start, count }, command };
        let data = match proposal.encode() {
            Ok(data) => data,
            Err(error) => return Some(Err(error)),
        };
        let now = self.timing.now;
        let deadline = now + self.timing.request_timeout();
        self.writes.hold(data, Waiting { request: id, asked_at: now, deadline });
        None
    }

    /// Proposes what waits for a leader, as soon as there is one (in etcd, a proposal blocks while
    /// none is known). Followers pass it on to theirs.
    fn propose_held(&mut self) {
        while let Some(data) = self.writes.first_held() {
            match self.raft.propose(Payload::Normal(data.clone())) {
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
        if self.raft.role_kind() == RoleKind::Leader {
            self.timing.led_since = Some(self.timing.now);
        }
    }

    /// Does what a `Ready` asks for, in the order of its contract.
    fn handle_ready(&mut self, output: &mut Output) {
        let ready = self.raft.ready();
        let has_write = ready.has_write();
        output.send.extend(ready.messages);
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
            output.applied.push(entry.index);
            self.apply(entry);
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
                let ProposalId { node, start, count } = proposal.id;
                let result = self.machine.apply(&proposal);
                if let Some(result) = result
                    && (node, start) == (self.raft.id(), self.start)
                    && let Some(waiting) = self.writes.applied(count)
                {
                    self.replies.push((waiting.request, result.map_err(ServerError::Store)));
                }
            }
            Payload::Config(change) => drop(self.raft.apply_config_change(&change)),
        }
        self.raft.applied(entry.index);
    }

    fn answer_reads(&mut self) {
        for read in self.reads.answerable(self.raft.last_applied()) {
            let answer = self.answer_read(&read.range);
            self.replies.push((read.request, answer));
        }
    }

    /// Replaces the state machine by a snapshot from the leader.
    fn install(&mut self, snapshot: &Snapshot) {
        self.machine = Machine::load(&snapshot.data);
        self.snapshot_index = snapshot.index;
        self.raft.applied(snapshot.index);
        self.answer_reads();
    }

    /// Makes a snapshot of what has been applied, and lets the log go that it stands for, but for
    /// what slow followers may still need (etcd `triggerSnapshot`).
    fn make_snapshot_if_due(&mut self) {
        let index = self.raft.last_applied();
        if index.0.saturating_sub(self.snapshot_index.0) <= self.snapshot_count {
            return;
        }
        let Some(term) = self.raft.log().term(index) else { return };
        let config = self.raft.configuration().clone();
        let snapshot = Snapshot { index, term, config, data: self.machine.save() };
        let keep = CATCH_UP_ENTRIES.min(self.snapshot_count);
        let compact_to = Index(index.0.saturating_sub(keep));
        self.snapshot_index = index;
        self.raft.compact(compact_to, snapshot.clone());
        self.unsaved = Some((snapshot, compact_to));
    }
}
