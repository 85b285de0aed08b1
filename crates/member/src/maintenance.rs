//! What looks after one server rather than after keys (etcd's service `Maintenance`): how it stands,
//! a hash of its store, its file, alarms and the quota behind them, and handing over leadership.

use kv_core::{Error, HashKv, Revision};
use raft_core::{Index, NodeId, RoleKind, Term};
use serde::{Deserialize, Serialize};

use crate::api::{RequestId, Response, ServerError};
use crate::member::Member;
use crate::members::{MemberId, Seat};
use crate::proposal::Command;

/// How large a server's file may get, in bytes, if nothing else is said (etcd
/// `DefaultQuotaBytes`): 2 GiB.
pub const DEFAULT_QUOTA_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A page of the file, in bytes, and how many an empty store takes.
const PAGE: u64 = 4096;
const PAGES_WHEN_EMPTY: u64 = 4;

/// What a client asks of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MaintenanceRequest {
    /// How it stands.
    Status,
    /// A checksum of its store at a revision; 0: now.
    HashKv(Revision),
    /// Which alarms are raised. Goes through the log, as in etcd.
    Alarms,
    /// Switch off the alarm that this member has raised.
    Disarm(MemberId),
    /// Give back the file's free pages.
    Defragment,
    /// All that it has, as a file.
    Snapshot,
    /// Hand leadership to this member.
    MoveLeader(MemberId),
}

impl MaintenanceRequest {
    /// Whether it may change something.
    pub(crate) fn is_write(&self) -> bool {
        matches!(self, MaintenanceRequest::Disarm(_) | MaintenanceRequest::MoveLeader(_))
    }

    pub(crate) fn is_for_learners(&self) -> bool {
        matches!(self, MaintenanceRequest::Status | MaintenanceRequest::Snapshot)
    }
}

/// The answer to a [`MaintenanceRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MaintenanceResponse {
    /// To [`MaintenanceRequest::Status`].
    Status(Status),
    /// To [`MaintenanceRequest::HashKv`].
    HashKv(HashKv),
    /// To [`MaintenanceRequest::Alarms`] (all of them) and [`MaintenanceRequest::Disarm`] (those
    /// that were switched off). Every one of them is `NOSPACE`.
    Alarms {
        /// The store's revision.
        revision: Revision,
        /// Who has raised one.
        raised_by: Vec<NodeId>,
    },
    /// To [`MaintenanceRequest::Snapshot`].
    Snapshot(SnapshotFile),
    /// To the others: the store's revision.
    Done(Revision),
}

impl MaintenanceResponse {
    /// The store's revision, as the answer's header has it.
    pub(crate) fn revision(&self) -> Revision {
        match self {
            MaintenanceResponse::Status(status) => status.revision,
            MaintenanceResponse::HashKv(hash) => hash.revision,
            MaintenanceResponse::Snapshot(file) => file.revision,
            MaintenanceResponse::Alarms { revision, .. } | MaintenanceResponse::Done(revision) => {
                *revision
            }
        }
    }
}

/// How a server stands. Field for field etcd's `StatusResponse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The store's revision.
    pub revision: Revision,
    /// The length of its file, in bytes.
    pub db_size: u64,
    /// How much of it is in use, in bytes.
    pub db_size_in_use: u64,
    /// Whom it takes for the leader.
    pub leader: Option<NodeId>,
    /// Its term.
    pub raft_term: Term,
    /// What it knows to be committed.
    pub raft_index: Index,
    /// What it has applied.
    pub raft_applied_index: Index,
    /// Whether it is a learner.
    pub is_learner: bool,
    /// Who has raised an alarm.
    pub raised_by: Vec<NodeId>,
}

/// What is known of a saved file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotFile {
    /// The revision of its last change, 0 if it has none.
    pub revision: Revision,
    /// A checksum.
    pub hash: u32,
    /// How many things it holds: changes, leases, members and who was one, alarms, and etcd's own notes.
    pub total_keys: u64,
    /// Its length in bytes.
    pub total_size: u64,
}

/// What a server knows of its file, and who waits for another leader.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upkeep {
    quota_bytes: u64,
    /// The length of the file: it grows, and shrinks only when it is defragmented.
    file_bytes: u64,
    handing_over: Vec<(RequestId, NodeId)>,
}

impl Upkeep {
    pub(crate) fn new(quota_bytes: u64) -> Upkeep {
        Upkeep { quota_bytes, file_bytes: 0, handing_over: Vec::new() }
    }

    /// Forgets a client that has gone.
    pub(crate) fn cancel(&mut self, request: RequestId) {
        self.handing_over.retain(|(waiting, _)| *waiting != request);
    }
}

impl Member {
    pub(crate) fn request_maintenance(
        &mut self,
        id: RequestId,
        request: MaintenanceRequest,
    ) -> Option<Result<Response, ServerError>> {
        let revision = self.machine.store.revision();
        let response = match request {
            MaintenanceRequest::Status => MaintenanceResponse::Status(self.status()),
            MaintenanceRequest::HashKv(at) => match self.machine.store.hash_kv(at) {
                Ok(hash) => MaintenanceResponse::HashKv(hash),
                Err(error) => return Some(Err(error.into())),
            },
            MaintenanceRequest::Alarms => return self.write(id, Command::Alarms),
            MaintenanceRequest::Disarm(member) => {
                let node = member.node().unwrap_or(NodeId(0));
                return self.write(id, Command::Disarm(node));
            }
            MaintenanceRequest::Defragment => {
                self.note_new_file();
                MaintenanceResponse::Done(revision)
            }
            MaintenanceRequest::Snapshot => MaintenanceResponse::Snapshot(self.snapshot_file()),
            MaintenanceRequest::MoveLeader(to) => return self.move_leader(id, to),
        };
        Some(Ok(Response::Maintenance(response)))
    }

    fn status(&self) -> Status {
        let raft = &self.raft;
        Status {
            revision: self.machine.store.revision(),
            db_size: self.upkeep.file_bytes,
            db_size_in_use: self.bytes_in_use(),
            leader: raft.leader(),
            raft_term: raft.term(),
            raft_index: raft.commit(),
            raft_applied_index: raft.last_applied(),
            is_learner: self.is_learner(),
            raised_by: self.machine.alarms.clone(),
        }
    }

    fn snapshot_file(&self) -> SnapshotFile {
        let store = &self.machine.store;
        let changes = store.changes(Revision(0)).count() + store.leases().count();
        let alarms = self.machine.alarms.len();
        // Compaction notes where it was to get to, and where it got to.
        let compaction = if store.compact_revision() > Revision(0) { 2 } else { 0 };
        // Beside these: the version of the cluster, the place in the log, and the term.
        let others = self.machine.members.ever() + alarms + compaction + 5;
        let last = store.changes(Revision(0)).last();
        SnapshotFile {
            revision: last.map_or(Revision(0), |(at, _)| at.main),
            hash: store.hash_kv(Revision(0)).map_or(0, |it| it.hash),
            total_keys: (changes + others) as u64,
            total_size: self.upkeep.file_bytes,
        }
    }

    /// Whether this server is a member without a vote.
    pub(crate) fn is_learner(&self) -> bool {
        let own = self.raft.id();
        self.members().iter().any(|member| member.node == own && member.seat == Seat::Learner)
    }

    /// The leader hands over; it answers when it knows of the new one.
    fn move_leader(
        &mut self,
        id: RequestId,
        to: MemberId,
    ) -> Option<Result<Response, ServerError>> {
        if self.raft.role_kind() != RoleKind::Leader {
            return Some(Err(ServerError::NotLeader));
        }
        let votes = |node: &NodeId| {
            let mut members = self.members().iter();
            members.any(|member| member.node == *node && member.seat == Seat::Voter)
        };
        let Some(node) = to.node().filter(votes) else {
            return Some(Err(ServerError::BadLeaderTransferee));
        };
        self.upkeep.handing_over.push((id, node));
        self.raft.transfer_leader(node).ok();
        self.answer_handed_over();
        None
    }

    /// Answers those who waited for the leader that there is now.
    pub(crate) fn answer_handed_over(&mut self) {
        let leader = self.raft.leader();
        let done = Response::Maintenance(MaintenanceResponse::Done(self.machine.store.revision()));
        for (request, to) in std::mem::take(&mut self.upkeep.handing_over) {
            if leader == Some(to) {
                self.replies.push((request, Ok(done.clone())));
            } else {
                self.upkeep.handing_over.push((request, to));
            }
        }
    }

    /// Proposes a write of that cost, in bytes, if the file has room for it; else an alarm, and the
    /// client is told once it is raised (etcd `quotaAlarmer`).
    pub(crate) fn write_if_room(
        &mut self,
        id: RequestId,
        cost: u64,
        command: Command,
    ) -> Option<Result<Response, ServerError>> {
        let has_room = self.upkeep.file_bytes + cost < self.upkeep.quota_bytes;
        let command = if has_room { command } else { Command::Alarm(self.raft.id()) };
        self.write(id, command)
    }

    /// As [`Member::write_if_room`], of a request that may make no sense.
    pub(crate) fn write_checked(
        &mut self,
        id: RequestId,
        checked: Result<(), Error>,
        cost: u64,
        command: Command,
    ) -> Option<Result<Response, ServerError>> {
        match checked {
            Ok(()) => self.write_if_room(id, cost, command),
            Err(error) => Some(Err(error.into())),
        }
    }

    /// Changes the quota, in bytes.
    pub fn set_quota(&mut self, quota_bytes: u64) {
        self.upkeep.quota_bytes = quota_bytes;
    }

    /// Takes note of how large the file has become.
    pub(crate) fn note_file(&mut self) {
        let needed = self.bytes_in_use() + PAGE;
        self.upkeep.file_bytes = self.upkeep.file_bytes.max(needed);
    }

    /// The file was written anew, without gaps.
    pub(crate) fn note_new_file(&mut self) {
        self.upkeep.file_bytes = 0;
        self.note_file();
    }

    fn bytes_in_use(&self) -> u64 {
        (PAGES_WHEN_EMPTY * PAGE + self.machine.store.size()).next_multiple_of(PAGE)
    }
}
