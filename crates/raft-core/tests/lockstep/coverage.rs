//! What the schedules have reached. A lockstep that never gets there shows nothing.

use std::fmt;

use raft_core::{Message, MessageKind, ProgressState, Raft, RoleKind};

/// How often something was met.
#[derive(Clone, Default)]
pub(crate) struct Coverage {
    /// By kind of message.
    delivered: [u64; MessageKind::ALL.len()],
    transfers: u64,
    pub(crate) crashes: u64,
    pub(crate) leaders_removed: u64,
    steps_as_leader: u64,
    steps_joint: u64,
    steps_with_learners: u64,
    steps_paused: u64,
    steps_compacted: u64,
    steps_snapshot_pending: u64,
    highest_commit: u64,
    highest_term: u64,
}

impl Coverage {
    pub(crate) fn delivered(&mut self, message: &Message) {
        let place = MessageKind::ALL.iter().position(|kind| *kind == message.kind());
        if let Some(count) = place.and_then(|place| self.delivered.get_mut(place)) {
            *count += 1;
        }
    }

    pub(crate) fn reached(&mut self, raft: &Raft) {
        let leads = raft.role_kind() == RoleKind::Leader;
        self.steps_as_leader += u64::from(leads);
        self.transfers += u64::from(raft.transferee().is_some());
        self.steps_joint += u64::from(raft.configuration().is_joint());
        self.steps_with_learners += u64::from(!raft.configuration().learners.is_empty());
        self.steps_paused += u64::from(raft.progress().any(|(_, of)| of.is_paused()));
        let awaits_snapshot = |state| matches!(state, ProgressState::Snapshot { .. });
        self.steps_snapshot_pending +=
            u64::from(raft.progress().any(|(_, of)| awaits_snapshot(of.state)));
        self.steps_compacted += u64::from(raft.log().first_index().0 > 1);
        self.highest_commit = self.highest_commit.max(raft.commit().0);
        self.highest_term = self.highest_term.max(raft.term().0);
    }

    pub(crate) fn add(&mut self, other: Coverage) {
        for (count, more) in self.delivered.iter_mut().zip(other.delivered) {
            *count += more;
        }
        self.transfers += other.transfers;
        self.crashes += other.crashes;
        self.leaders_removed += other.leaders_removed;
        self.steps_as_leader += other.steps_as_leader;
        self.steps_joint += other.steps_joint;
        self.steps_with_learners += other.steps_with_learners;
        self.steps_paused += other.steps_paused;
        self.steps_compacted += other.steps_compacted;
        self.steps_snapshot_pending += other.steps_snapshot_pending;
        self.highest_commit = self.highest_commit.max(other.highest_commit);
        self.highest_term = self.highest_term.max(other.highest_term);
    }

    fn table(&self) -> Vec<(&'static str, u64)> {
        let kinds = MessageKind::ALL.iter().map(|kind| kind.name());
        let mut table: Vec<_> = kinds.zip(self.delivered).collect();
        table.extend([
            ("crashes", self.crashes),
            ("leaders removed", self.leaders_removed),
            ("steps as leader", self.steps_as_leader),
            ("steps while handing over", self.transfers),
            ("steps in a joint configuration", self.steps_joint),
            ("steps with learners", self.steps_with_learners),
            ("steps with a paused follower", self.steps_paused),
            ("steps with a compacted log", self.steps_compacted),
            ("steps with a snapshot under way", self.steps_snapshot_pending),
            ("highest commit index", self.highest_commit),
            ("highest term", self.highest_term),
        ]);
        table
    }

    /// What was never met.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        self.table().into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.table() {
            writeln!(f, "  {count:>9} {name}")?;
        }
        Ok(())
    }
}
