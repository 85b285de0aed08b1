//! What a server does when a leader speaks to it (Raft §5.3, §7), and what it passes on.

use std::sync::Arc;

use crate::config::Dice;
use crate::entry::{Entry, Payload};
use crate::error::{ProposeError, StepError};
use crate::ids::{Index, NodeId, Term};
use crate::log::Refusal;
use crate::message::{Body, ReadContext};
use crate::raft::Raft;
use crate::role::{Follower, Role};
use crate::storage::Snapshot;

/// An AppendEntries without its envelope.
pub(crate) struct Append {
    pub(crate) prev_index: Index,
    pub(crate) prev_term: Term,
    pub(crate) entries: Vec<Entry>,
    pub(crate) commit: Index,
}

/// Whether a message is from whom this server follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Followed,
    /// Another leader in this server's own term: cannot be while the rules are on.
    Rival,
}

impl Raft {
    /// The leader of this term speaks: whoever stands for election has lost it (Raft §5.2).
    fn hear_leader(&mut self, leader: NodeId, dice: &mut dyn Dice) -> Standing {
        match &mut self.role {
            Role::Follower(follower) => {
                *follower = Follower { leader: Some(leader) };
                self.server.timer.elapsed = 0;
            }
            Role::PreCandidate(_) | Role::Candidate(_) => {
                self.become_follower(self.server.term, Some(leader), dice);
            }
            Role::Leader(_) => return Standing::Rival,
        }
        Standing::Followed
    }

    /// AppendEntries, receiver's side (Raft Figure 2).
    pub(crate) fn append_received(
        &mut self,
        from: NodeId,
        append: Append,
        dice: &mut dyn Dice,
    ) -> Result<(), StepError> {
        if self.hear_leader(from, dice) == Standing::Rival {
            return Ok(());
        }
        let Append { prev_index, prev_term, entries, commit } = append;
        let rules = self.server.rules();
        let log = &mut self.server.log;
        match log.follow(prev_index, prev_term, entries, rules) {
            Ok(match_index) => {
                // Not further than what this message has shown to be equal (Figure 2, step 5).
                log.commit_to(commit.min(match_index), rules);
                self.server.send(from, Body::AppendAccepted { match_index });
            }
            Err(Refusal::Mismatch) => {
                // Not only "no": the last slot where the logs could meet, so that the leader
                // skips a whole term at a time (Raft §5.3; both sides skip, as in etcd 3.5).
                let hint_index =
                    log.find_conflict_by_term(prev_index.min(log.last_index()), prev_term);
                let hint_term = log.term(hint_index).unwrap_or_default();
                let rejected = prev_index;
                self.server.send(from, Body::AppendRejected { rejected, hint_index, hint_term });
            }
            Err(Refusal::ConflictsWithCommitted) => {
                return Err(StepError::ConflictsWithCommitted(from));
            }
        }
        Ok(())
    }

    /// The leader lives. It has seen that this log equals its own up to `commit`.
    pub(crate) fn heartbeat_received(
        &mut self,
        from: NodeId,
        commit: Index,
        context: Option<ReadContext>,
        dice: &mut dyn Dice,
    ) {
        if self.hear_leader(from, dice) == Standing::Followed {
            let rules = self.server.rules();
            self.server.log.commit_to(commit, rules);
            self.server.send(from, Body::HeartbeatReply { context });
        }
    }

    /// InstallSnapshot, receiver's side (Raft §7). The answer is that of an append.
    pub(crate) fn snapshot_received(
        &mut self,
        from: NodeId,
        snapshot: Arc<Snapshot>,
        dice: &mut dyn Dice,
    ) {
        if self.hear_leader(from, dice) == Standing::Rival {
            return;
        }
        let match_index = if self.restore(snapshot) {
            self.server.log.last_index()
        } else {
            self.server.log.commit()
        };
        self.server.send(from, Body::AppendAccepted { match_index });
    }

    /// Replaces the log by a snapshot, unless the log is as good. Says whether it did.
    fn restore(&mut self, snapshot: Arc<Snapshot>) -> bool {
        let rules = self.server.rules();
        let log = &mut self.server.log;
        // An older one says nothing new (Raft Figure 13, step 5). One from before this server was a
        // member would make a stranger of it: who keeps the leader's snapshots makes a newer one.
        if snapshot.index <= log.commit() || !snapshot.config.contains(self.server.settings.id) {
            return false;
        }
        if log.matches(snapshot.index, snapshot.term) {
            // "If existing log entry has same index and term …, retain log entries following it"
            // (Raft Figure 13, step 6): it only tells what is committed.
            log.commit_to(snapshot.index, rules);
            return false;
        }
        // State and configuration are the snapshot's from now on (Raft Figure 13, step 8).
        self.server.configuration = snapshot.config.clone().into();
        log.restore(snapshot);
        true
    }

    /// Takes proposals: appends them if this server leads, else passes them on to who does
    /// (Raft §8).
    pub(crate) fn take_proposals(&mut self, payloads: &[Payload]) -> Result<(), ProposeError> {
        match &mut self.role {
            Role::Leader(leader) => leader.propose(&mut self.server, payloads),
            Role::Follower(Follower { leader: Some(leader) }) => {
                let payloads = payloads.to_vec();
                self.server.send_in(Term(0), *leader, Body::Propose { payloads });
                Ok(())
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                Err(ProposeError::NoLeader)
            }
        }
    }

    /// Takes a read likewise (Raft §8). Without a leader it is dropped, as in etcd: who asked asks
    /// again.
    pub(crate) fn take_read(&mut self, context: ReadContext) {
        match &mut self.role {
            Role::Leader(leader) => leader.read(&mut self.server, context),
            Role::Follower(Follower { leader: Some(leader) }) => {
                self.server.send_in(Term(0), *leader, Body::ReadIndex { context });
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {}
        }
    }
}
