//! How a server takes part in changes of the list of members: it proposes what its clients ask for,
//! tells its name when it has joined, and stops when it was removed.

use raft_core::{ConfigChange, NodeId, Payload, RoleKind};

use crate::api::{Micros, RequestId, Response, ServerError};
use crate::member::Member;
use crate::members::{Health, MemberChange, MemberId, MemberRequest, MembersResponse};
use crate::proposal::{Command, Proposal};
use crate::reads::{Query, Read};
use crate::writes::Waiting;

/// How long a server lives on after it has applied its own removal (etcd `stopWithDelay`).
const STOP_AFTER: Micros = Micros::from_secs(1);

/// Who has an id that nobody has. As in etcd such a request goes its way through the log, and is
/// refused when it is applied.
const NOBODY: NodeId = NodeId(0);

impl Member {
    /// Whether this server was removed and has nothing left to do: its process ends.
    pub fn is_stopped(&self) -> bool {
        self.parting.is_some_and(|at| at <= self.timing.now)
    }

    /// Whether this server has applied the removal of that node. Messages from it are not heard,
    /// and whoever carries them tells it (etcd's servers answer 410 Gone).
    pub fn has_removed(&self, node: NodeId) -> bool {
        self.machine.members.is_removed(node)
    }

    /// This server hears from another that it was removed: it stops at once. One that knows already
    /// takes its time: some who do not may need its vote.
    pub fn told_removed(&mut self, now: Micros) {
        self.timing.now = now;
        self.parting.get_or_insert(now);
    }

    /// There is a connection to another server.
    pub fn connected(&mut self, now: Micros, to: NodeId) {
        self.connections.up(to, now);
    }

    /// There is none to this one.
    pub fn disconnected(&mut self, from: NodeId) {
        self.connections.down(from);
    }

    /// Switches etcd's `--strict-reconfig-check`.
    pub fn set_strict_reconfig_check(&mut self, on: bool) {
        self.strict_reconfig_check = on;
    }

    /// The members, as far as this server has applied the log, in the order of their ids.
    pub fn members(&self) -> &[crate::MemberRecord] {
        self.machine.members.list()
    }

    pub(crate) fn request_member(
        &mut self,
        id: RequestId,
        request: MemberRequest,
    ) -> Option<Result<Response, ServerError>> {
        let node = |member: MemberId| member.node().unwrap_or(NOBODY);
        let change = match request {
            MemberRequest::List => {
                self.reads.add(Read { request: id, query: Query::Members });
                return None;
            }
            MemberRequest::Add(node, seat) => MemberChange::Add(node, seat),
            MemberRequest::Remove(member) => MemberChange::Remove(node(member)),
            MemberRequest::Promote(member) => MemberChange::Promote(node(member)),
            MemberRequest::Update(member) => MemberChange::Update(node(member)),
        };
        match self.check_change(change) {
            Ok(()) => self.propose_change(id, change).err().map(Err),
            Err(error) => Some(Err(error)),
        }
    }

    /// The list of members as an answer.
    pub(crate) fn list_members(&self) -> Response {
        Response::Members(MembersResponse { members: self.members().to_vec(), added: None })
    }

    /// What is judged before a change is proposed.
    fn check_change(&self, change: MemberChange) -> Result<(), ServerError> {
        if let MemberChange::Promote(node) = change {
            self.check_in_sync(node)?;
        }
        if !self.strict_reconfig_check {
            return Ok(());
        }
        let (own, now) = (self.raft.id(), self.timing.now);
        let health = |node| {
            if node == own { Health::Well } else { self.connections.health(node, now) }
        };
        self.machine.members.check_wise(change, health)
    }

    /// Only the leader knows whether a learner has nine tenths of its log (etcd `isLearnerReady`).
    fn check_in_sync(&self, learner: NodeId) -> Result<(), ServerError> {
        if self.raft.role_kind() != RoleKind::Leader {
            return Err(ServerError::AskLeader);
        }
        let matched = |node: NodeId| {
            let mut all = self.raft.progress();
            all.find(|(id, _)| *id == node).map(|(_, progress)| progress.match_index.0)
        };
        let own = matched(self.raft.id()).unwrap_or_default();
        match matched(learner) {
            Some(its) if 10 * its < 9 * own => Err(ServerError::LearnerNotReady),
            Some(_) | None => Ok(()),
        }
    }

    /// Proposes a change. It has no deadline: in etcd, too, it waits for as long as its client.
    fn propose_change(&mut self, id: RequestId, change: MemberChange) -> Result<(), ServerError> {
        let payload = self.payload_of(change)?;
        let waiting = Waiting { request: id, asked_at: self.timing.now, deadline: None };
        self.writes.hold(payload, Some(waiting));
        Ok(())
    }

    fn payload_of(&self, change: MemberChange) -> Result<Payload, ServerError> {
        let proposal = Proposal { id: self.next_proposal(), command: Command::Member(change) };
        let data = proposal.encode()?;
        Ok(match change.to_raft(data.clone()) {
            Some(change) => Payload::Config(change.into()),
            None => Payload::Normal(data),
        })
    }

    /// A server that has joined a cluster tells its name once it knows of a leader (etcd `publish`),
    /// again and again until it has seen that applied.
    pub(crate) fn announce(&mut self) {
        let Some(due) = self.announcing else { return };
        let own = self.raft.id();
        let Some(record) = self.members().iter().find(|member| member.node == own) else { return };
        if record.started {
            self.announcing = None;
        } else if due <= self.timing.now && self.raft.leader().is_some() {
            if let Ok(payload) = self.payload_of(MemberChange::Publish(own)) {
                self.writes.hold(payload, None);
            }
            self.announcing = Some(self.timing.now + self.timing.request_timeout());
        }
    }

    /// A change of the configuration is applied: the list of members decides whether it makes sense.
    pub(crate) fn apply_change(&mut self, change: &ConfigChange) {
        let Some(proposal) = Proposal::decode(&change.context) else {
            self.raft.apply_config_change(change);
            return;
        };
        let Some(result) = self.machine.apply(&proposal) else { return };
        if result.is_ok() {
            self.raft.apply_config_change(change);
            if proposal.command == Command::Member(MemberChange::Remove(self.raft.id())) {
                self.part();
            }
        }
        self.answer_write(proposal.id, result);
    }

    /// This server has applied its own removal. If it leads, it hands over to the voter that has most
    /// of its log, lest the cluster is without a leader until somebody's patience ends; then it
    /// stops (thesis §4.2.2).
    fn part(&mut self) {
        self.parting = Some(self.timing.now + STOP_AFTER);
        let configuration = self.raft.configuration();
        let voters = self.raft.progress().filter(|(node, _)| configuration.is_voter(*node));
        let heir = voters.max_by_key(|(_, progress)| progress.match_index).map(|(node, _)| node);
        if let Some(heir) = heir {
            // The heir has a vote and is a member, so that the leader cannot refuse.
            self.raft.transfer_leader(heir).ok();
        }
    }
}
