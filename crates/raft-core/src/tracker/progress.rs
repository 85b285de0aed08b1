//! How far one follower has come, and how the leader sends to it (etcd `tracker/progress`).

use serde::{Deserialize, Serialize};

use crate::ids::Index;
use crate::tracker::inflights::Inflights;

/// How the leader sends to a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgressState {
    /// It looks for the place where the logs meet, one append a heartbeat.
    Probe {
        /// One has left and nothing has come back.
        sent: bool,
    },
    /// The logs meet: it streams, without waiting for answers.
    Replicate,
    /// It has sent a snapshot and waits until the follower has it (Raft §7).
    Snapshot {
        /// The snapshot's last index.
        pending: Index,
    },
}

/// What a leader knows about one member (Raft Figure 2: `nextIndex[]`, `matchIndex[]`).
///
/// - `match_index < next_index`.
/// - In `Replicate`, everything below `next_index` has been sent.
/// - Appends are in flight only in `Replicate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The follower's log is known to equal the leader's, durably, up to here.
    pub match_index: Index,
    /// What is sent next begins here.
    pub next_index: Index,
    /// How it is sent to.
    pub state: ProgressState,
    /// Whether it was heard of since the last CheckQuorum.
    pub recent_active: bool,
    inflights: Inflights,
}

impl Progress {
    /// Of a follower of which nothing is known.
    pub(crate) fn new(next_index: Index, max_inflight: u32) -> Progress {
        Progress {
            match_index: Index(0),
            next_index,
            state: ProgressState::Probe { sent: false },
            recent_active: false,
            inflights: Inflights::new(max_inflight),
        }
    }

    /// How many appends are on their way, as far as the leader knows.
    pub fn in_flight(&self) -> u32 {
        self.inflights.count()
    }

    /// Whether the leader holds back for now: because it probes and waits, because the window is
    /// full, or because a snapshot is under way.
    pub fn is_paused(&self) -> bool {
        match self.state {
            ProgressState::Probe { sent } => sent,
            ProgressState::Replicate => self.inflights.is_full(),
            ProgressState::Snapshot { .. } => true,
        }
    }

    pub(crate) fn become_probe(&mut self) {
        // After a snapshot the follower is taken to have it: otherwise the next append would ask
        // for what is compacted away and send the snapshot again.
        self.next_index = match self.state {
            ProgressState::Snapshot { pending } => self.match_index.max(pending).next(),
            ProgressState::Probe { .. } | ProgressState::Replicate => self.match_index.next(),
        };
        self.state = ProgressState::Probe { sent: false };
        self.inflights.clear();
    }

    pub(crate) fn become_replicate(&mut self) {
        self.state = ProgressState::Replicate;
        self.next_index = self.match_index.next();
        self.inflights.clear();
    }

    pub(crate) fn become_snapshot(&mut self, pending: Index) {
        self.state = ProgressState::Snapshot { pending };
        self.inflights.clear();
    }

    /// Entries up to `last` have left.
    pub(crate) fn sent_entries(&mut self, last: Index) {
        match &mut self.state {
            ProgressState::Probe { sent } => *sent = true,
            ProgressState::Replicate => {
                self.next_index = last.next();
                self.inflights.add(last);
            }
            ProgressState::Snapshot { .. } => unreachable!("no entries while a snapshot travels"),
        }
    }

    /// The follower holds everything up to `index`. Says whether that is news.
    pub(crate) fn maybe_update(&mut self, index: Index) -> bool {
        let is_news = self.match_index < index;
        if is_news {
            self.match_index = index;
            self.resume_probe();
        }
        self.next_index = self.next_index.max(index.next());
        is_news
    }

    /// The follower refused an append after `rejected`; the logs may meet at `hint`. Says whether
    /// `next_index` has moved; an answer to an older append is no news (Raft §5.3).
    pub(crate) fn maybe_decrease_to(&mut self, rejected: Index, hint: Index) -> bool {
        if self.state == ProgressState::Replicate {
            if rejected <= self.match_index {
                return false;
            }
            // The stream has a hole. The place where the logs meet is known: no need to guess.
            self.next_index = self.match_index.next();
            return true;
        }
        // While probing one append is under way: any other answer is late.
        if self.next_index.prev() != rejected {
            return false;
        }
        self.next_index = rejected.min(hint.next()).max(self.match_index.next()).max(Index(1));
        self.resume_probe();
        true
    }

    /// A probe may leave again.
    pub(crate) fn resume_probe(&mut self) {
        if let ProgressState::Probe { sent } = &mut self.state {
            *sent = false;
        }
    }

    /// Appends are lost, or the window is full and a heartbeat came back: one place is free.
    pub(crate) fn free_first(&mut self) {
        self.inflights.free_first();
    }

    pub(crate) fn free_up_to(&mut self, index: Index) {
        self.inflights.free_up_to(index);
    }

    pub(crate) fn window_is_full(&self) -> bool {
        self.inflights.is_full()
    }
}
