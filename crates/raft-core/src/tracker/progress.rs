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
    /// full, or because a snapshot is under way. Else it sends without waiting for answers
    /// (thesis §10.2.2).
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
        // What is known to match cannot be refused: the answer is late (or its disk was wiped).
        if rejected <= self.match_index {
            return false;
        }
        if self.state == ProgressState::Replicate {
            // The stream has a hole. The place where the logs meet is known: no need to guess.
            self.next_index = self.match_index.next();
            return true;
        }
        // While probing one append is under way: any other answer is late.
        if self.next_index.prev() != rejected {
            return false;
        }
        self.next_index = rejected.min(hint.next()).max(self.match_index.next());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn probing(match_index: u64, next_index: u64) -> Progress {
        let mut progress = Progress::new(Index(next_index), 4);
        progress.match_index = Index(match_index);
        progress
    }

    fn check_rejection(of: &Progress, rejected: u64, hint: u64, expected: Option<u64>) {
        let mut progress = of.clone();
        let moved = progress.maybe_decrease_to(Index(rejected), Index(hint));
        assert_eq!(moved, expected.is_some(), "{of:?} refuses {rejected}, hint {hint}");
        let next_index = expected.map_or(of.next_index, Index);
        assert_eq!(progress.next_index, next_index, "{of:?} refuses {rejected}, hint {hint}");
    }

    /// Proves that a refusal moves a probe back to the hint, but never to what is known to match,
    /// and that late refusals move nothing (Raft §5.3).
    #[test]
    fn a_refusal_moves_a_probe_back() {
        let probe = probing(0, 10);
        check_rejection(&probe, 9, 9, Some(9));
        check_rejection(&probe, 9, 4, Some(5));
        check_rejection(&probe, 9, 0, Some(1));
        check_rejection(&probe, 8, 4, None);
        check_rejection(&probing(6, 10), 9, 2, Some(7));
        check_rejection(&probing(9, 10), 9, 2, None);
    }

    /// Proves that a refusal in the stream goes back to the last match, without guessing.
    #[test]
    fn a_refusal_in_the_stream_goes_back_to_the_match() {
        let mut stream = probing(5, 6);
        stream.become_replicate();
        stream.sent_entries(Index(9));
        check_rejection(&stream, 9, 2, Some(6));
        check_rejection(&stream, 5, 2, None);
    }

    /// Proves that a probe sends one append at a time and a stream as many as the window holds.
    #[test]
    fn a_probe_waits_and_a_stream_flows() {
        let mut progress = probing(0, 3);
        progress.sent_entries(Index(5));
        assert!(progress.is_paused());
        assert_eq!(progress.next_index, Index(3), "a probe does not run ahead");
        assert!(progress.maybe_update(Index(2)), "an answer to it");
        assert!(!progress.is_paused());
        progress.become_replicate();
        for last in 3..=6 {
            assert!(!progress.is_paused());
            progress.sent_entries(Index(last));
        }
        assert!(progress.is_paused());
        assert_eq!((progress.in_flight(), progress.next_index), (4, Index(7)));
        assert!(!progress.maybe_update(Index(1)), "no news");
    }

    /// Proves that after a snapshot the follower is probed behind it (Raft §7).
    #[test]
    fn after_a_snapshot_the_probe_begins_behind_it() {
        let mut progress = probing(2, 3);
        progress.become_snapshot(Index(20));
        assert!(progress.is_paused());
        progress.become_probe();
        assert_eq!((progress.next_index, progress.is_paused()), (Index(21), false));
    }
}
