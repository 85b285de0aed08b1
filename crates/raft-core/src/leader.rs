//! What a leader does of its own accord: it takes proposals, beats, checks that a majority still
//! hears it, and hands over when asked.

use serde::{Deserialize, Serialize};

use crate::configuration::{Change, ConfigChange};
use crate::entry::Payload;
use crate::error::{ProposeError, TransferError};
use crate::ids::{Index, NodeId};
use crate::message::{Body, ReadContext};
use crate::node_set::NodeSet;
use crate::quorum::{self, VoteResult};
use crate::read_only::ReadQueue;
use crate::rules::Rule;
use crate::server::Server;
use crate::tracker::Progress;

/// What a leader knows. It begins knowing nothing about its followers, and what it knew is void
/// when it steps down.
///
/// - `progress` has exactly the members of the configuration, in ascending order.
/// - The leader's own match index is what its disk holds, not what its log does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leader {
    pub(crate) progress: Vec<(NodeId, Progress)>,
    /// Ticks since the last heartbeat.
    pub(crate) heartbeat_elapsed: u32,
    /// Reads that wait for a majority to confirm that this is still the leader.
    pub(crate) reads: ReadQueue,
    /// Reads that wait for an entry of this term to commit.
    pub(crate) early_reads: Vec<ReadContext>,
    /// To whom leadership is being handed over.
    pub(crate) transferee: Option<NodeId>,
    /// The last configuration entry that may not be applied yet: no other change before that.
    pub(crate) pending_config: Index,
    /// Payload bytes that wait for their commitment.
    uncommitted_bytes: u64,
}

/// Whether a leader goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Outlook {
    Leads,
    /// No majority hears it any more: it must step down (thesis §6.2).
    LostQuorum,
}

impl Leader {
    /// Takes office: it takes nextIndex to be one after its last entry and matchIndex to be 0 for
    /// every follower (Raft Figure 2), and appends an entry of its own term, through which all
    /// older ones commit (Raft §5.4.2, §8).
    pub(crate) fn new(server: &mut Server) -> Leader {
        let next_index = server.log.last_index().next();
        let max_inflight = server.settings.max_inflight;
        let new_progress = |node| (node, Progress::new(next_index, max_inflight));
        let mut leader = Leader {
            progress: server.configuration.members().into_iter().map(new_progress).collect(),
            heartbeat_elapsed: 0,
            reads: ReadQueue::default(),
            early_reads: Vec::new(),
            transferee: None,
            // The log may hold a change that is not applied yet. Rather than to search for it,
            // all that the log holds must be applied first; committing it takes an entry of this
            // term (Raft §5.4.2; the correction of 2015 to thesis §4.1).
            pending_config: if server.rules().on(Rule::OwnTermCommitBeforeMembershipChange) {
                server.log.last_index()
            } else {
                Index(0)
            },
            uncommitted_bytes: 0,
        };
        let durable = server.own_match();
        if let Some(own) = leader.progress_of(server.id()) {
            own.match_index = durable;
            own.become_replicate();
        }
        leader.append(server, Payload::Empty);
        leader
    }

    /// What it knows about this member.
    pub(crate) fn progress_of(&mut self, node: NodeId) -> Option<&mut Progress> {
        let found = self.progress.iter_mut().find(|(id, _)| *id == node);
        found.map(|(_, progress)| progress)
    }

    /// Appends to its own log, which counts for commitment once it is durable.
    fn append(&mut self, server: &mut Server, payload: Payload) {
        server.log.push(server.term, payload);
        self.count_own_log(server);
    }

    /// Counts its own log as far as it may. Says whether the commit index has moved.
    pub(crate) fn count_own_log(&mut self, server: &mut Server) -> bool {
        let own_match = server.own_match();
        let own = self.progress_of(server.id());
        own.is_some_and(|own| own.maybe_update(own_match)) && self.commit_if_majority(server)
    }

    /// Appends proposals and sends them out (Raft §5.3). All of them or none.
    pub(crate) fn propose(
        &mut self,
        server: &mut Server,
        payloads: &[Payload],
    ) -> Result<(), ProposeError> {
        if !server.configuration.contains(server.id()) {
            return Err(ProposeError::Removed);
        }
        // Else the target would never catch up (thesis §3.10).
        if self.transferee.is_some() {
            return Err(ProposeError::Transferring);
        }
        let bytes: u64 = payloads.iter().map(Payload::bytes).sum();
        let would_wait = self.uncommitted_bytes.saturating_add(bytes);
        let is_over = would_wait > server.settings.max_uncommitted_bytes;
        if is_over && self.uncommitted_bytes > 0 && bytes > 0 {
            return Err(ProposeError::Overloaded);
        }
        self.uncommitted_bytes = would_wait;
        for payload in payloads {
            let payload = match payload {
                Payload::Config(change) if !self.may_change_membership(server, change) => {
                    Payload::Empty
                }
                Payload::Config(_) => {
                    self.pending_config = server.log.last_index().next();
                    payload.clone()
                }
                Payload::Empty | Payload::Normal(_) => payload.clone(),
            };
            self.append(server, payload);
        }
        self.broadcast_append(server);
        Ok(())
    }

    /// Whether this change may be appended now. One that may not becomes an empty entry, as in
    /// etcd: who proposed it finds out when that is applied.
    fn may_change_membership(&self, server: &Server, change: &ConfigChange) -> bool {
        // Two changes under way could have majorities that share nobody (thesis §4.1).
        let one_at_a_time = server.rules().on(Rule::OneMembershipChangeAtATime);
        let is_pending = one_at_a_time && self.pending_config > server.log.applied();
        // A joint configuration must be left before another change (Raft §6).
        !is_pending && server.configuration.is_joint() == change.changes.is_empty()
    }

    /// These bytes of payload have been handed to the state machine.
    pub(crate) fn committed_bytes(&mut self, bytes: u64) {
        self.uncommitted_bytes = self.uncommitted_bytes.saturating_sub(bytes);
    }

    /// One tick has passed. When it is time it checks that it is heard and says that it lives, "to
    /// prevent election timeouts" (Raft §5.2).
    pub(crate) fn tick(&mut self, server: &mut Server) -> Outlook {
        self.heartbeat_elapsed += 1;
        server.timer.elapsed += 1;
        if server.timer.elapsed >= server.settings.election_ticks {
            server.timer.elapsed = 0;
            if self.check_quorum(server) == Outlook::LostQuorum {
                return Outlook::LostQuorum;
            }
            // The target did not take over within an election timeout: go on (thesis §3.10).
            self.transferee = None;
        }
        if self.heartbeat_elapsed >= server.settings.heartbeat_ticks {
            self.heartbeat_elapsed = 0;
            self.broadcast_heartbeat(server);
        }
        Outlook::Leads
    }

    /// A leader that has not heard from a majority for an election timeout steps down, so that
    /// clients look for one who can serve them (thesis §6.2).
    fn check_quorum(&mut self, server: &Server) -> Outlook {
        if !server.rules().on(Rule::CheckQuorum) {
            return Outlook::Leads;
        }
        let heard = self.progress.iter().filter(|(_, progress)| progress.recent_active);
        let mut active: NodeSet = heard.map(|(node, _)| *node).collect();
        active.insert(server.id());
        let silent = server.configuration.all_voters().difference(active);
        let rules = server.rules();
        let result = quorum::vote_result(&server.configuration, active, silent, rules);
        for (_, progress) in &mut self.progress {
            progress.recent_active = false;
        }
        if result == VoteResult::Won { Outlook::Leads } else { Outlook::LostQuorum }
    }

    /// Starts to hand over to `to` (thesis §3.10): no new proposals, bring it up to date, then
    /// tell it to campaign.
    pub(crate) fn transfer(
        &mut self,
        server: &mut Server,
        to: NodeId,
    ) -> Result<(), TransferError> {
        if server.configuration.is_learner(to) {
            return Err(TransferError::Learner(to));
        }
        let last_index = server.log.last_index();
        let Some(position) = self.position(to) else {
            return Err(TransferError::NotMember(to));
        };
        if self.transferee == Some(to) {
            return Ok(());
        }
        self.transferee = None;
        if to == server.id() {
            return Ok(());
        }
        // It has an election timeout from now on.
        server.timer.elapsed = 0;
        self.transferee = Some(to);
        if self.progress[position].1.match_index == last_index {
            server.send(to, Body::TimeoutNow);
        } else {
            self.send_append(server, position);
        }
        Ok(())
    }

    /// The configuration has changed: learns about new members and forgets removed ones.
    pub(crate) fn configuration_changed(&mut self, server: &mut Server, change: &ConfigChange) {
        let members = server.configuration.members();
        // Who was removed is forgotten, even if the same change adds it again (etcd). Who still
        // votes in the outgoing half was not removed yet.
        let is_removed = |node: NodeId| {
            change.changes.contains(&Change::Remove(node))
                && !server.configuration.outgoing.contains(node)
        };
        self.progress.retain(|(node, _)| members.contains(*node) && !is_removed(*node));
        // Probed from the last entry on, and taken for alive at first, lest CheckQuorum counts
        // against a member that could not have answered yet.
        let next_index = server.log.last_index().max(Index(1));
        for node in members {
            if self.position(node).is_none() {
                let mut progress = Progress::new(next_index, server.settings.max_inflight);
                progress.recent_active = true;
                let place = self.progress.partition_point(|(other, _)| *other < node);
                self.progress.insert(place, (node, progress));
            }
        }
        if !server.configuration.is_voter(server.id()) {
            // Removed or demoted: it does not count itself any more (thesis §4.2.2). As in etcd 3.5
            // it leads on until the server around it hands over.
            return;
        }
        if self.commit_if_majority(server) {
            self.broadcast_append(server);
        } else {
            for position in 0..self.progress.len() {
                self.send_entries(server, position);
            }
        }
        if self.transferee.is_some_and(|node| !server.configuration.is_voter(node)) {
            self.transferee = None;
        }
    }

    /// The state machine has applied everything from `before` to now: a joint configuration that
    /// is to be left automatically is left (Raft §6, etcd `AutoLeave`).
    pub(crate) fn applied(&mut self, server: &mut Server, before: Index) {
        let is_applied =
            before <= self.pending_config && self.pending_config <= server.log.applied();
        if server.configuration.auto_leave && is_applied {
            self.append(server, Payload::Config(ConfigChange::default().into()));
            self.pending_config = server.log.last_index();
        }
    }
}
