//! How a leader brings the followers' logs in line with its own, and finds out what is committed
//! (Raft §5.3, §5.4.2).

use crate::config::ReadMode;
use crate::ids::{Index, NodeId, Term};
use crate::leader::Leader;
use crate::message::{Body, ReadContext};
use crate::node_set::NodeSet;
use crate::quorum::{self, VoteResult};
use crate::ready::ReadState;
use crate::rules::Rule;
use crate::server::Server;
use crate::tracker::ProgressState;

/// Sending.
impl Leader {
    /// Where this member stands in `progress`.
    pub(crate) fn position(&self, node: NodeId) -> Option<usize> {
        self.progress.iter().position(|(id, _)| *id == node)
    }

    /// Sends to every follower what it lacks, and the commit index in any case.
    pub(crate) fn broadcast_append(&mut self, server: &mut Server) {
        for position in 0..self.progress.len() {
            self.send_append(server, position);
        }
    }

    /// Sends a follower what it lacks, or at least the commit index, unless it is paused.
    pub(crate) fn send_append(&mut self, server: &mut Server, position: usize) {
        self.send(server, position, Emptiness::Allowed);
    }

    /// Sends a follower what it lacks, if anything. Says whether something left.
    pub(crate) fn send_entries(&mut self, server: &mut Server, position: usize) -> bool {
        self.send(server, position, Emptiness::Withheld)
    }

    /// Sends what follows nextIndex, after the slot before it (Raft §5.3, Figure 2 "Leaders").
    fn send(&mut self, server: &mut Server, position: usize, emptiness: Emptiness) -> bool {
        let (to, progress) = &mut self.progress[position];
        if *to == server.id() || progress.is_paused() {
            return false;
        }
        let prev_index = progress.next_index.prev();
        let Some(prev_term) = server.log.term(prev_index) else {
            // What it lacks is compacted away (Raft §7). A snapshot is large: it is not for a
            // follower that may be down, nor when only entries are asked for (etcd).
            if emptiness == Emptiness::Withheld || !progress.recent_active {
                return false;
            }
            let Some(snapshot) = server.log.shared_snapshot() else { return false };
            progress.become_snapshot(snapshot.index);
            server.send(*to, Body::InstallSnapshot { snapshot });
            return true;
        };
        let entries = server.log.slice(progress.next_index, server.settings.max_append_bytes);
        match entries.last() {
            Some(last) => progress.sent_entries(last.index),
            None if emptiness == Emptiness::Withheld => return false,
            None => {}
        }
        let commit = server.log.commit();
        server.send(*to, Body::AppendEntries { prev_index, prev_term, entries, commit });
        true
    }

    /// Says to every follower that the leader lives (Raft §5.2). It says no more of the commit
    /// index than the follower is known to hold: a heartbeat does not check the log.
    pub(crate) fn broadcast_heartbeat(&mut self, server: &mut Server) {
        self.broadcast_heartbeat_for(server, self.reads.newest());
    }

    fn broadcast_heartbeat_for(&mut self, server: &mut Server, context: Option<ReadContext>) {
        for (to, progress) in &self.progress {
            if *to != server.id() {
                let commit = progress.match_index.min(server.log.commit());
                server.send(*to, Body::Heartbeat { commit, context });
            }
        }
    }
}

/// Whether an append may carry nothing but the commit index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Emptiness {
    Allowed,
    Withheld,
}

/// Answers.
impl Leader {
    /// The follower's log equals the leader's up to `match_index` (Raft §5.3): both its indexes
    /// move, it may get more, and its entries may make a majority.
    pub(crate) fn append_accepted(
        &mut self,
        server: &mut Server,
        from: NodeId,
        match_index: Index,
    ) {
        let Some(position) = self.position(from) else { return };
        let progress = &mut self.progress[position].1;
        progress.recent_active = true;
        // Nobody can hold more of this log than there is.
        let match_index = match_index.min(server.log.last_index());
        let was_paused = progress.is_paused();
        if !progress.maybe_update(match_index) {
            return;
        }
        match progress.state {
            ProgressState::Probe { .. } => progress.become_replicate(),
            ProgressState::Snapshot { pending } if progress.match_index >= pending => {
                progress.become_replicate();
            }
            ProgressState::Snapshot { .. } => {}
            ProgressState::Replicate => progress.free_up_to(match_index),
        }
        // What is committed already makes no new majority.
        let may_commit = match_index > server.log.commit();
        if may_commit && self.commit_if_majority(server) {
            self.broadcast_append(server);
        } else if was_paused {
            // The follower may not know the commit index yet.
            self.send_append(server, position);
        }
        // More than one window may have opened.
        while self.send_entries(server, position) {}
        let is_level = self.progress[position].1.match_index == server.log.last_index();
        if self.transferee == Some(from) && is_level {
            server.send(from, Body::TimeoutNow);
        }
    }

    /// The follower's log does not hold the slot `rejected` as the leader's does. Its hint lets
    /// the leader skip, at once, every term that the follower lacks (Raft §5.3, last paragraph
    /// but one).
    pub(crate) fn append_rejected(
        &mut self,
        server: &mut Server,
        from: NodeId,
        rejected: Index,
        hint: (Index, Term),
    ) {
        let Some(position) = self.position(from) else { return };
        let progress = &mut self.progress[position].1;
        progress.recent_active = true;
        let (hint_index, hint_term) = hint;
        let meets_at = if hint_term > Term(0) {
            server.log.find_conflict_by_term(hint_index, hint_term)
        } else {
            hint_index
        };
        if progress.maybe_decrease_to(rejected, meets_at) {
            if progress.state == ProgressState::Replicate {
                progress.become_probe();
            }
            self.send_append(server, position);
        }
    }

    /// The follower lives, and may be ready for more.
    pub(crate) fn heartbeat_answered(
        &mut self,
        server: &mut Server,
        from: NodeId,
        context: Option<ReadContext>,
    ) {
        let Some(position) = self.position(from) else { return };
        let progress = &mut self.progress[position].1;
        progress.recent_active = true;
        progress.resume_probe();
        if progress.state == ProgressState::Replicate && progress.window_is_full() {
            progress.free_first();
        }
        if progress.match_index < server.log.last_index() {
            self.send_append(server, position);
        }
        if let Some(context) = context {
            self.read_confirmed_by(server, from, context);
        }
    }

    /// The peer is out of reach: appends to it are lost, so go back to probing.
    pub(crate) fn unreachable(&mut self, node: NodeId) {
        if let Some(progress) = self.progress_of(node)
            && progress.state == ProgressState::Replicate
        {
            progress.become_probe();
        }
    }

    /// The snapshot to this peer has left the transport, or failed there.
    pub(crate) fn snapshot_reported(&mut self, node: NodeId, delivery: Delivery) {
        if let Some(progress) = self.progress_of(node)
            && let ProgressState::Snapshot { pending } = &mut progress.state
        {
            if delivery == Delivery::Failed {
                *pending = Index(0);
            }
            progress.become_probe();
            // Wait for its answer, or for the next heartbeat's, before trying again.
            progress.state = ProgressState::Probe { sent: true };
        }
    }

    /// Moves the commit index to what a majority holds durably. Says whether it has moved; the
    /// caller then tells the followers.
    pub(crate) fn commit_if_majority(&mut self, server: &mut Server) -> bool {
        let rules = server.rules();
        let match_of = |node| {
            let found = self.progress.iter().find(|(id, _)| *id == node);
            found.map_or(Index(0), |(_, progress)| progress.match_index)
        };
        let index = quorum::committed(&server.configuration, match_of, rules);
        // An entry of an older term may sit on a majority and still be overwritten: only entries
        // of this term commit by counting, older ones along with them (Raft §5.4.2, Figure 8).
        let may_commit = match server.log.term(index) {
            Some(term) => term == server.term || !rules.on(Rule::OwnTermCommit),
            None => false,
        };
        let has_moved = may_commit && server.log.commit_to(index, rules);
        if has_moved {
            self.ask_early_reads(server);
        }
        has_moved
    }
}

/// What became of a snapshot on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It has arrived, or at least left.
    Delivered,
    /// It is lost.
    Failed,
}

/// Reads (Raft §8, thesis §6.4).
impl Leader {
    /// A read is asked here or forwarded from a follower.
    pub(crate) fn read(&mut self, server: &mut Server, context: ReadContext) {
        // A new leader holds every committed entry but does not know which those are until one of
        // its own has committed (Raft §8).
        if server.rules().on(Rule::OwnTermCommitBeforeRead)
            && server.log.term(server.log.commit()) != Some(server.term)
        {
            self.early_reads.push(context);
        } else {
            self.confirm_and_answer(server, context);
        }
    }

    /// An entry has been committed: the reads that waited for that are asked now.
    fn ask_early_reads(&mut self, server: &mut Server) {
        for context in std::mem::take(&mut self.early_reads) {
            self.read(server, context);
        }
    }

    /// Answers once this is known to be the leader still: another one may have been elected
    /// meanwhile and have committed newer entries (Raft §8).
    fn confirm_and_answer(&mut self, server: &mut Server, context: ReadContext) {
        let index = server.log.commit();
        let rules = server.rules();
        // As in etcd, the lease is that of CheckQuorum (thesis §6.4.1). It can outlive the followers'
        // patience by up to one election timeout, so that a cut-off leader may answer stale reads
        // for that long: etcd's server does not use it, and neither is it the default here.
        let has_lease = server.settings.reads == ReadMode::Lease && rules.on(Rule::CheckQuorum);
        let needs_none = server.configuration.is_singleton()
            && server.configuration.voters.contains(server.id());
        if needs_none || has_lease || !rules.on(Rule::ConfirmLeadershipBeforeRead) {
            answer(server, ReadState { context, index });
            return;
        }
        self.reads.add(context, index, server.id());
        self.broadcast_heartbeat_for(server, Some(context));
    }

    /// A follower has answered a heartbeat that carried this read. A majority confirms that no
    /// newer leader was elected before it was asked (thesis §6.4).
    fn read_confirmed_by(&mut self, server: &mut Server, from: NodeId, context: ReadContext) {
        let Some(acks) = self.reads.acknowledge(context, from) else { return };
        let nobody = NodeSet::default();
        let result = quorum::vote_result(&server.configuration, acks, nobody, server.rules());
        if result == VoteResult::Won {
            for read in self.reads.confirm(context) {
                answer(server, ReadState { context: read.context, index: read.index });
            }
        }
    }
}

/// Tells whoever asked from which index on the read may be answered.
fn answer(server: &mut Server, read: ReadState) {
    let ReadState { context, index } = read;
    if context.node == server.id() {
        server.reads.push(read);
    } else {
        server.send(context.node, Body::ReadIndexReply { context, index });
    }
}
