//! What a server has in every role: its term and vote, its log, its timer, and its outgoing mail.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Dice};
use crate::configuration::Configuration;
use crate::disk::Disk;
use crate::ids::{Index, NodeId, Term};
use crate::log::Log;
use crate::message::{Body, Message};
use crate::ready::{ReadState, Ready};
use crate::rules::{Rule, Rules};
use crate::storage::{HardState, Stored};

/// What all roles share.
///
/// - `term` never falls, and `vote` changes at most once within a term, from nobody to somebody.
/// - No message leaves before `term` and `vote` are on disk, and no acceptance before what it
///   accepts is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Server {
    pub(crate) settings: Arc<Config>,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) term: Term,
    pub(crate) vote: Option<NodeId>,
    pub(crate) log: Log,
    pub(crate) timer: ElectionTimer,
    /// Reads that may be answered here.
    pub(crate) reads: Vec<ReadState>,
    disk: Disk,
    messages: Vec<Message>,
    messages_once_durable: Vec<Message>,
}

/// When to stand for election; on a leader, when to check its quorum. In ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ElectionTimer {
    /// Since it was last reset.
    pub(crate) elapsed: u32,
    /// The randomised timeout (Raft §5.2).
    pub(crate) timeout: u32,
}

impl Server {
    /// A server with what its disk holds: at the very first start nothing, in term 0 and without a
    /// vote (Raft Figure 2, "State").
    pub(crate) fn new(settings: Config, stored: Stored) -> Server {
        let configuration = match &stored.snapshot {
            Some(snapshot) => snapshot.config.clone(),
            None => Configuration {
                voters: settings.voters,
                learners: settings.learners,
                ..Configuration::default()
            },
        };
        let written = stored.hard_state;
        let log = Log::new(stored);
        // A torn write may leave entries of a term that never became durable itself.
        let term = written.term.max(log.last_term());
        let vote = written.vote.filter(|_| term == written.term);
        Server {
            settings: Arc::new(settings),
            configuration: Arc::new(configuration),
            term,
            vote,
            timer: ElectionTimer { elapsed: 0, timeout: 0 },
            reads: Vec::new(),
            disk: Disk::new(written, term, vote),
            messages: Vec::new(),
            messages_once_durable: Vec::new(),
            log,
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.settings.id
    }

    /// The settings, to be changed for this server alone.
    pub(crate) fn settings_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.settings)
    }

    pub(crate) fn rules(&self) -> Rules {
        self.settings.rules
    }

    /// Whether this server may stand for election: it has a vote, and its state is whole.
    pub(crate) fn is_promotable(&self) -> bool {
        self.configuration.is_voter(self.id()) && !self.log.is_restoring()
    }

    /// Enters a term, in which it has not voted yet.
    pub(crate) fn enter_term(&mut self, term: Term) {
        if self.term != term {
            assert!(term > self.term, "terms never go back (Raft §5.1)");
            self.term = term;
            self.vote = None;
        }
    }

    /// Starts the election timer afresh, with a new timeout (Raft §5.2, §9.3).
    pub(crate) fn reset_timer(&mut self, dice: &mut dyn Dice) {
        let base = self.settings.election_ticks.max(1);
        let spread = if self.rules().on(Rule::RandomTimeouts) { dice.below(base) } else { 0 };
        self.timer = ElectionTimer { elapsed: 0, timeout: base + spread };
    }

    /// Whether a leader counts this much of its own log: what is on its disk (thesis §10.2.1), or
    /// all of it when syncing first is switched off.
    pub(crate) fn own_match(&self) -> Index {
        if self.syncs_first() { self.log.durable_index() } else { self.log.last_index() }
    }

    /// Whether acknowledgements wait for the disk (Raft Figure 2, "updated on stable storage
    /// before responding to RPCs").
    fn syncs_first(&self) -> bool {
        self.rules().on(Rule::SyncBeforeAcknowledging)
    }

    /// Posts a message in this server's term.
    pub(crate) fn send(&mut self, to: NodeId, body: Body) {
        self.send_in(self.term, to, body);
    }

    /// Posts a message in that term. What it promises must be on disk before it leaves (Raft
    /// Figure 2, "updated on stable storage before responding to RPCs").
    pub(crate) fn send_in(&mut self, term: Term, to: NodeId, body: Body) {
        let accepts_unsaved = match body {
            Body::AppendAccepted { match_index } => match_index > self.log.durable_index(),
            _ => false,
        };
        let waits = accepts_unsaved || !self.disk.has_promise(self.term, self.vote);
        let message = Message { from: self.id(), to, term, body };
        if waits && self.syncs_first() {
            self.messages_once_durable.push(message);
        } else {
            self.messages.push(message);
        }
    }

    /// What the disk is to hold (Raft Figure 2 "persistent state on all servers"; the commit
    /// index as in etcd).
    pub(crate) fn hard_state(&self) -> HardState {
        let persists = |rule| self.rules().on(rule);
        HardState {
            term: if persists(Rule::PersistTerm) { self.term } else { Term(0) },
            vote: if persists(Rule::PersistVote) { self.vote } else { None },
            commit: self.log.commit(),
        }
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.messages.is_empty()
            || !self.messages_once_durable.is_empty()
            || !self.reads.is_empty()
            || self.log.has_unsaved()
            || self.log.has_committed()
            || self.hard_state() != self.disk.written
    }

    pub(crate) fn ready(&mut self) -> Ready {
        let mut ready = Ready {
            messages: std::mem::take(&mut self.messages),
            messages_once_durable: std::mem::take(&mut self.messages_once_durable),
            reads: std::mem::take(&mut self.reads),
            committed: self.log.take_committed(),
            ..Ready::default()
        };
        let next_write = self.disk.newest_write + 1;
        let promise_is_new = self.disk.hand_out_promise(self.term, self.vote, next_write);
        let hard_state = self.hard_state();
        if hard_state != self.disk.written {
            self.disk.written = hard_state;
            ready.hard_state = Some(hard_state);
        }
        if self.log.has_unsaved() {
            (ready.entries, ready.snapshot) = self.log.take_unsaved(next_write);
        }
        if ready.has_write() {
            self.disk.newest_write = next_write;
            ready.must_sync =
                promise_is_new || !ready.entries.is_empty() || ready.snapshot.is_some();
            if ready.must_sync {
                self.disk.newest_sync = next_write;
            }
        } else if promise_is_new {
            // Neither term nor vote is kept on this disk (their rules are off): nothing to wait for.
            self.disk.keep_promise();
        }
        ready.number = self.disk.newest_write;
        if self.disk.newest_sync <= self.disk.durable_write {
            ready.messages.append(&mut ready.messages_once_durable);
        } else if !ready.messages_once_durable.is_empty() {
            ready.durable_after = Some(self.disk.newest_sync);
        }
        ready
    }

    /// Write `number` and all before it are durable. Says whether more of the log is now.
    pub(crate) fn persisted(&mut self, number: u64) -> bool {
        assert!(number <= self.disk.newest_write, "only a write that was handed out can end");
        self.disk.durable_write = self.disk.durable_write.max(number);
        let before = self.log.durable_index();
        self.log.persisted(number);
        self.log.durable_index() > before
    }
}
