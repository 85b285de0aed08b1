//! One server of a Raft cluster: what goes in, and what comes out.

use serde::{Deserialize, Serialize};

use crate::config::{Config, Dice};
use crate::configuration::{ConfigChange, Configuration};
use crate::election::{Admission, Candidacy};
use crate::entry::Payload;
use crate::error::{ProposeError, StepError, TransferError};
use crate::follower::Append;
use crate::ids::{Index, NodeId, Term};
use crate::leader::Outlook;
use crate::log::Log;
use crate::message::{Body, Message, ReadContext};
use crate::node_set::NodeSet;
use crate::quorum;
use crate::ready::{ReadState, Ready};
use crate::replication::Delivery;
use crate::role::{Ballot, Follower, Role, RoleKind, Vote};
use crate::rules::Rules;
use crate::server::Server;
use crate::storage::{HardState, Snapshot, Stored};
use crate::tracker::Progress;

/// One server of a Raft cluster, without its disk, its network and its clock. Feed it with
/// [`tick`](Raft::tick), [`step`](Raft::step), [`propose`](Raft::propose) and the like; then, as
/// long as [`has_ready`](Raft::has_ready), take what is to be done with [`ready`](Raft::ready).
///
/// A clone shares the log's entries and costs little.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Raft {
    pub(crate) server: Server,
    pub(crate) role: Role,
}

/// Inputs.
impl Raft {
    /// Starts a server, for the first time or again: as a follower, with what its disk holds.
    ///
    /// `config.voters` and `config.learners` are the cluster before its first entry. They must be
    /// the same at every start and on every server, also on those that are added later; changes
    /// come with the log.
    pub fn new(config: Config, stored: Stored, dice: &mut dyn Dice) -> Raft {
        let mut server = Server::new(config, stored);
        server.reset_timer(dice);
        Raft { server, role: Role::Follower(Follower { leader: None }) }
    }

    /// One tick of this server's clock has passed. A leader sends its heartbeats; any other that
    /// has heard of no leader for its election timeout stands for election (Raft §5.2).
    pub fn tick(&mut self, dice: &mut dyn Dice) {
        if let Role::Leader(leader) = &mut self.role {
            if leader.tick(&mut self.server) == Outlook::LostQuorum {
                self.become_follower(self.server.term, None, dice);
            }
            return;
        }
        self.server.timer.elapsed = self.server.timer.elapsed.saturating_add(1);
        let is_due = self.server.timer.elapsed >= self.server.timer.timeout;
        if is_due && self.server.is_promotable() {
            self.server.timer.elapsed = 0;
            self.stand(dice);
        }
    }

    /// A message has arrived.
    ///
    /// # Errors
    ///
    /// It was not for this server, or malformed, or could not be taken.
    pub fn step(&mut self, message: Message, dice: &mut dyn Dice) -> Result<(), StepError> {
        self.check(&message)?;
        let Message { from, term, .. } = message;
        match message.body {
            // These two are passed on as if asked here, whatever the term.
            Body::Propose { payloads } => {
                return self.take_proposals(&payloads).map_err(StepError::ProposalDropped);
            }
            Body::ReadIndex { context } => {
                self.take_read(context);
                return Ok(());
            }
            _ => {}
        }
        if self.admit(&message, dice) == Admission::Answered {
            return Ok(());
        }
        match message.body {
            Body::PreVote { last_index, last_term } => {
                self.answer_pre_vote(&Candidacy { candidate: from, term, last_index, last_term });
            }
            Body::RequestVote { last_index, last_term, .. } => {
                self.answer_vote(&Candidacy { candidate: from, term, last_index, last_term });
            }
            Body::PreVoteReply { granted } => {
                self.pre_vote_answered(from, Vote::of(granted), dice);
            }
            Body::RequestVoteReply { granted } => {
                self.vote_answered(from, Vote::of(granted), dice);
            }
            Body::AppendEntries { prev_index, prev_term, entries, commit } => {
                let append = Append { prev_index, prev_term, entries, commit };
                self.append_received(from, append, dice)?;
            }
            Body::Heartbeat { commit, context } => {
                self.heartbeat_received(from, commit, context, dice);
            }
            Body::InstallSnapshot { snapshot } => self.snapshot_received(from, snapshot, dice),
            Body::TimeoutNow => self.told_to_take_over(dice),
            Body::ReadIndexReply { context, index } => self.read_answered(context, index),
            Body::AppendAccepted { .. }
            | Body::AppendRejected { .. }
            | Body::HeartbeatReply { .. } => self.follower_answered(from, message.body),
            Body::Propose { .. } | Body::ReadIndex { .. } => unreachable!("taken above"),
        }
        Ok(())
    }

    /// Whether a message makes sense at all.
    fn check(&self, message: &Message) -> Result<(), StepError> {
        let id = self.id();
        if message.to != id {
            return Err(StepError::Misdelivered { id, to: message.to });
        }
        if message.from == id {
            return Err(StepError::FromSelf(id));
        }
        if message.kind().is_reply() && !self.configuration().contains(message.from) {
            return Err(StepError::UnknownPeer(message.from));
        }
        if let Body::AppendEntries { prev_index, entries, .. } = &message.body {
            let mut places = (1..).map(|place| prev_index.plus(place));
            if !entries.iter().all(|entry| places.next() == Some(entry.index)) {
                return Err(StepError::BrokenAppend(message.from));
            }
        }
        Ok(())
    }

    fn told_to_take_over(&mut self, dice: &mut dyn Dice) {
        if matches!(self.role, Role::Follower(_)) {
            self.take_over(dice);
        }
    }

    fn read_answered(&mut self, context: ReadContext, index: Index) {
        if matches!(self.role, Role::Follower(_)) {
            self.server.reads.push(ReadState { context, index });
        }
    }

    /// A follower has answered its leader; answers to a former one are void.
    fn follower_answered(&mut self, from: NodeId, body: Body) {
        let Role::Leader(leader) = &mut self.role else { return };
        let server = &mut self.server;
        match body {
            Body::AppendAccepted { match_index } => {
                leader.append_accepted(server, from, match_index);
            }
            Body::AppendRejected { rejected, hint_index, hint_term } => {
                leader.append_rejected(server, from, rejected, (hint_index, hint_term));
            }
            Body::HeartbeatReply { context } => leader.heartbeat_answered(server, from, context),
            _ => unreachable!("not an answer to a leader"),
        }
    }

    /// Proposes an entry: appends it if this server leads, passes it on if it knows who does.
    /// Neither means that it will be committed.
    ///
    /// # Errors
    ///
    /// It was dropped and will never be committed.
    pub fn propose(&mut self, payload: Payload) -> Result<(), ProposeError> {
        self.take_proposals(std::slice::from_ref(&payload))
    }

    /// Asks from which index on a linearizable read may be answered (thesis §6.4). The answer
    /// comes in [`Ready::reads`], or never: without a leader, or when messages are lost, whoever
    /// asked must ask again, under a new number: a leader that hears one again after it has answered
    /// takes it for a new read, and late answers to its heartbeats would confirm reads that they
    /// know nothing of. `context.node` must be this server.
    pub fn read_index(&mut self, context: ReadContext) {
        self.take_read(context);
    }

    /// Hands leadership over to `to` (thesis §3.10). Given up after an election timeout.
    ///
    /// # Errors
    ///
    /// This server does not lead, or `to` cannot.
    pub fn transfer_leader(&mut self, to: NodeId) -> Result<(), TransferError> {
        match &mut self.role {
            Role::Leader(leader) => leader.transfer(&mut self.server, to),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                Err(TransferError::NotLeader)
            }
        }
    }

    /// Stands for election now, as if the timeout had passed; a leader goes on leading.
    pub fn campaign(&mut self, dice: &mut dyn Dice) {
        self.stand(dice);
    }

    /// Write `number`, and all before it, is durable. Only now a leader counts itself.
    ///
    /// # Panics
    ///
    /// If no such write was handed out.
    pub fn persisted(&mut self, number: u64) {
        if self.server.persisted(number)
            && let Role::Leader(leader) = &mut self.role
            && leader.count_own_log(&mut self.server)
        {
            leader.broadcast_append(&mut self.server);
        }
    }

    /// The state machine has applied everything up to `index`, be it entries or a snapshot.
    pub fn applied(&mut self, index: Index) {
        let before = self.server.log.applied();
        self.server.log.applied_to(index);
        if let Role::Leader(leader) = &mut self.role {
            leader.applied(&mut self.server, before);
        }
    }

    /// A configuration entry is being applied: the configuration changes now, and not when the
    /// entry was appended (etcd). Call it for each such entry, in order, before
    /// [`applied`](Raft::applied). A change that makes no sense leaves all as it was, everywhere
    /// alike. Returns the configuration from now on.
    pub fn apply_config_change(&mut self, change: &ConfigChange) -> Configuration {
        if let Ok(changed) = self.server.configuration.changed(change) {
            self.server.configuration = changed.into();
            if let Role::Leader(leader) = &mut self.role {
                leader.configuration_changed(&mut self.server, change);
            }
        }
        self.configuration().clone()
    }

    /// Forgets entries up to `to`, for which `snapshot` stands from now on (Raft §7). The caller
    /// has it on disk already. Entries between `to` and the snapshot's index stay, so that
    /// followers that lag a little need no snapshot. A member that came after the newest snapshot
    /// cannot begin from it: make another one when the members have changed.
    ///
    /// # Panics
    ///
    /// If the snapshot is of state that was not applied here, or `to` is beyond it.
    pub fn compact(&mut self, to: Index, snapshot: Snapshot) {
        self.server.log.compact(to, snapshot);
    }

    /// The transport could not reach this peer.
    pub fn report_unreachable(&mut self, node: NodeId) {
        if let Role::Leader(leader) = &mut self.role {
            leader.unreachable(node);
        }
    }

    /// What became of the snapshot that was sent to this peer. Without a report the leader waits
    /// for the peer's answer.
    pub fn report_snapshot(&mut self, node: NodeId, delivery: Delivery) {
        if let Role::Leader(leader) = &mut self.role {
            leader.snapshot_reported(node, delivery);
        }
    }

    /// Switches rules, from now on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.server.settings_mut().rules = rules;
    }

    /// Changes the timing, in ticks; the running timer is drawn anew but not reset.
    pub fn set_timing(&mut self, election_ticks: u32, heartbeat_ticks: u32, dice: &mut dyn Dice) {
        let settings = self.server.settings_mut();
        settings.election_ticks = election_ticks;
        settings.heartbeat_ticks = heartbeat_ticks;
        let elapsed = self.server.timer.elapsed;
        self.server.reset_timer(dice);
        self.server.timer.elapsed = elapsed;
    }
}

/// Outputs.
impl Raft {
    /// Whether [`ready`](Raft::ready) has anything to say.
    pub fn has_ready(&self) -> bool {
        self.server.has_ready()
    }

    /// Takes what is to be done. What it hands out it does not hand out again.
    pub fn ready(&mut self) -> Ready {
        let ready = self.server.ready();
        if let Role::Leader(leader) = &mut self.role {
            leader.committed_bytes(ready.committed.iter().map(|entry| entry.payload.bytes()).sum());
        }
        ready
    }
}

/// What a picture needs.
impl Raft {
    /// This server.
    pub fn id(&self) -> NodeId {
        self.server.id()
    }

    /// The newest term it has heard of.
    pub fn term(&self) -> Term {
        self.server.term
    }

    /// Who got its vote in this term.
    pub fn vote(&self) -> Option<NodeId> {
        self.server.vote
    }

    /// Its role.
    pub fn role_kind(&self) -> RoleKind {
        match &self.role {
            Role::Follower(_) => RoleKind::Follower,
            Role::PreCandidate(_) => RoleKind::PreCandidate,
            Role::Candidate(_) => RoleKind::Candidate,
            Role::Leader(_) => RoleKind::Leader,
        }
    }

    /// Who leads this term, as far as it knows.
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Follower(Follower { leader }) => *leader,
            Role::PreCandidate(_) | Role::Candidate(_) => None,
            Role::Leader(_) => Some(self.id()),
        }
    }

    /// The commit index.
    pub fn commit(&self) -> Index {
        self.server.log.commit()
    }

    /// The last index that the state machine has applied.
    pub fn last_applied(&self) -> Index {
        self.server.log.applied()
    }

    /// The last index that is on disk.
    pub fn durable_index(&self) -> Index {
        self.server.log.durable_index()
    }

    /// Last index of the log.
    pub fn last_index(&self) -> Index {
        self.server.log.last_index()
    }

    /// Term of the last entry.
    pub fn last_term(&self) -> Term {
        self.server.log.last_term()
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.server.log
    }

    /// The newest snapshot, received or taken here.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.server.log.snapshot()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.server.settings
    }

    /// The members, as of the last applied change.
    pub fn configuration(&self) -> &Configuration {
        &self.server.configuration
    }

    /// The rules in force.
    pub fn rules(&self) -> Rules {
        self.server.rules()
    }

    /// Term, vote and commit index as they go to the disk next.
    pub fn hard_state(&self) -> HardState {
        self.server.hard_state()
    }

    /// The leader's view of each member, itself included, in ascending order; empty unless this
    /// server leads.
    pub fn progress(&self) -> impl Iterator<Item = (NodeId, &Progress)> + '_ {
        let progress = match &self.role {
            Role::Leader(leader) => leader.progress.as_slice(),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => &[],
        };
        progress.iter().map(|(node, progress)| (*node, progress))
    }

    /// To whom leadership is being handed over.
    pub fn transferee(&self) -> Option<NodeId> {
        match &self.role {
            Role::Leader(leader) => leader.transferee,
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => None,
        }
    }

    /// Reads that a leader was asked, by itself and by others: how many wait for an entry of its own
    /// term, and how many for a majority to confirm that it leads (thesis §6.4).
    pub fn reads_waiting(&self) -> (u64, u64) {
        match &self.role {
            Role::Leader(leader) => (leader.early_reads.len() as u64, leader.reads.count()),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => (0, 0),
        }
    }

    fn ballot(&self) -> Option<&Ballot> {
        match &self.role {
            Role::PreCandidate(ballot) | Role::Candidate(ballot) => Some(ballot),
            Role::Follower(_) | Role::Leader(_) => None,
        }
    }

    /// Who has granted this candidate or pre-candidate its vote, itself included.
    pub fn votes_granted(&self) -> NodeSet {
        self.ballot().map(|ballot| ballot.granted).unwrap_or_default()
    }

    /// Who has refused it.
    pub fn votes_rejected(&self) -> NodeSet {
        self.ballot().map(|ballot| ballot.rejected).unwrap_or_default()
    }

    /// How many voters make a quorum; in joint consensus of the incoming half.
    pub fn quorum_size(&self) -> u32 {
        quorum::majority(self.configuration().voters.len(), self.rules()) as u32
    }

    /// Ticks since it last heard of a leader or voted; on a leader, since it last checked its
    /// quorum.
    pub fn election_elapsed(&self) -> u32 {
        self.server.timer.elapsed
    }

    /// Ticks after which it stands for election; on a leader, unused.
    pub fn randomized_election_timeout(&self) -> u32 {
        self.server.timer.timeout
    }
}
