//! What was committed: that it stays, that it is the same everywhere, and on enough disks.

use member::raft_core::{Index, Term};
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::log::Link;
use super::members::{self, Members, Nodes};
use super::{NodeView, Property, Verdict, broken};
use crate::trace::{Event, EventKind, NodeState};

/// All that was ever committed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Commits {
    /// What was committed at index 1, 2, …
    links: Chain<Link>,
    /// Up to which index entries were committed in which term; the newest last. Both grow.
    steps: Vec<Step>,
    /// The configuration of which a quorum had the last of it on disk.
    quorum_of: Members,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Step {
    term: Term,
    upto: Index,
}

/// How many steps are remembered: candidates of terms before them are not going to be elected.
const STEPS_MAX: usize = 32;

impl Commits {
    fn last_index(&self) -> Index {
        Index(self.links.len() as u64)
    }

    /// What was committed at an index; the empty log at 0.
    pub(super) fn link(&self, index: Index) -> Option<Link> {
        if index == Index(0) {
            return Some(Link::default());
        }
        self.links.get(usize::try_from(index.0 - 1).ok()?).copied()
    }

    /// What was committed in earlier terms is in the log of a new leader (Raft §5.4).
    pub(super) fn check_complete(&self, leader: &NodeView, term: Term) -> Verdict {
        let earlier = self.steps.iter().rev().find(|step| step.term < term);
        let Some(step) = earlier else { return Ok(()) };
        let Some(missing) = self.first_difference(leader, step.upto) else { return Ok(()) };
        let text = format!(
            "{} leads term {term}, but the entry at index {missing}, which was committed in term {} \
             or before, is not in its log",
            leader.id, step.term
        );
        broken(Property::LeaderCompleteness, &[leader.id], Some(missing), Some(term), text)
    }

    /// A node's commit and applied indexes after an event.
    pub(super) fn check(
        &mut self,
        nodes: &[NodeView],
        place: usize,
        state: &NodeState,
        event: &Event,
    ) -> Verdict {
        let node = &nodes[place];
        if state.durable < node.state.durable {
            self.check_kept(nodes, place, state)?;
        }
        if state.role.is_none() {
            return Ok(());
        }
        if state.commit == node.state.commit
            && state.applied == node.state.applied
            && state.last_index == node.state.last_index
        {
            return Ok(());
        }
        check_bounds(node, state, event)?;
        if state.commit == node.state.commit && event.kind != EventKind::Restart {
            return Ok(());
        }
        let known = state.commit.min(self.last_index());
        self.check_same(node, known)?;
        if state.commit > self.last_index() {
            self.extend(node, state);
            self.check_quorum(nodes, place, state, event)?;
        }
        Ok(())
    }

    /// No two servers commit different entries at the same index (Raft §5.4.3).
    fn check_same(&self, node: &NodeView, upto: Index) -> Verdict {
        let Some(index) = self.first_difference(node, upto) else { return Ok(()) };
        let text = format!(
            "{} takes its entry at index {index} for committed, but another entry was committed \
             there",
            node.id
        );
        let term = node.log.get(index).map(|link| link.term);
        broken(Property::StateMachineSafety, &[node.id], Some(index), term, text)
    }

    /// The first index up to `upto` at which a log lacks what was committed. Chains make one look
    /// at the end enough, unless something is wrong.
    fn first_difference(&self, node: &NodeView, upto: Index) -> Option<Index> {
        let differs = |index: Index| {
            // What lies before the log's snapshot was compared when it was committed.
            index > node.log.base() && node.log.get(index) != self.link(index)
        };
        let mut index = upto;
        if !differs(index) {
            return None;
        }
        while index > Index(1) && differs(index.prev()) {
            index = index.prev();
        }
        Some(index)
    }

    /// What was just committed for the first time is on the disks of a quorum of the configured
    /// voters, in a joint configuration of both halves (Raft §5.3, §6).
    fn check_quorum(
        &mut self,
        nodes: &[NodeView],
        place: usize,
        state: &NodeState,
        event: &Event,
    ) -> Verdict {
        let node = &nodes[place];
        let index = state.commit;
        let holders = holders(nodes, place, state, index, node.log.get(index));
        // A change that was applied at once does not count for the entries that were committed
        // before.
        let changed = event.config.as_deref().map(Members::of);
        let mut configs = [Some(node.config), changed].into_iter().flatten();
        if let Some(config) = configs.find(|config| config.is_quorum(holders)) {
            self.quorum_of = config;
            return Ok(());
        }
        let voters = node.config.voters();
        let text = format!(
            "{} takes the entry at index {index} for committed, but of its {} voters only these \
             have it on disk: {}",
            node.id,
            voters.count_ones(),
            members::names(voters & holders)
        );
        let term = node.log.get(index).map(|link| link.term);
        broken(Property::DurableOnQuorum, &[node.id], Some(index), term, text)
    }

    /// A disk holds less than before: what was committed last, and with it all before, is still on
    /// the disks of a quorum of the voters it was committed by.
    fn check_kept(&self, nodes: &[NodeView], place: usize, state: &NodeState) -> Verdict {
        let (node, index) = (&nodes[place], self.last_index());
        if state.durable >= index {
            return Ok(());
        }
        let committed = self.link(index);
        if self.quorum_of.is_quorum(holders(nodes, place, state, index, committed)) {
            return Ok(());
        }
        let text = format!(
            "the log on the disk of {} ends at index {} now, and no quorum is left that has the \
             committed entry at index {index} on disk",
            node.id, state.durable
        );
        let term = committed.map(|link| link.term);
        broken(Property::DurableOnQuorum, &[node.id], Some(index), term, text)
    }

    fn extend(&mut self, node: &NodeView, state: &NodeState) {
        while self.last_index() < state.commit {
            let Some(link) = node.log.get(self.last_index().next()) else { break };
            self.links.push(link);
        }
        let upto = self.last_index();
        match self.steps.last_mut() {
            Some(step) if step.term >= state.term => step.upto = upto,
            _ => {
                if self.steps.len() == STEPS_MAX {
                    self.steps.remove(0);
                }
                self.steps.push(Step { term: state.term, upto });
            }
        }
    }
}

/// The commit index never goes back while the process runs, and stays within the log; the applied
/// index stays within the commit index (Raft Figure 2).
fn check_bounds(node: &NodeView, state: &NodeState, event: &Event) -> Verdict {
    let restarted = event.kind == EventKind::Restart || node.is_down();
    if !restarted && state.commit < node.state.commit {
        let text = format!(
            "the commit index of {} went back from {} to {}",
            node.id, node.state.commit, state.commit
        );
        return broken(Property::CommitNeverBack, &[node.id], Some(state.commit), None, text);
    }
    if state.commit > state.last_index {
        let text = format!(
            "{} takes entries up to index {} for committed, but its log ends at {}",
            node.id, state.commit, state.last_index
        );
        return broken(Property::CommitWithinLog, &[node.id], Some(state.commit), None, text);
    }
    if state.applied > state.commit {
        let text = format!(
            "{} applied entries up to index {}, but they are committed up to {} only",
            node.id, state.applied, state.commit
        );
        return broken(Property::CommitWithinLog, &[node.id], Some(state.applied), None, text);
    }
    Ok(())
}

/// Who has what stands at an index on disk, if the node at `place` is in this state.
fn holders(
    nodes: &[NodeView],
    place: usize,
    state: &NodeState,
    index: Index,
    link: Option<Link>,
) -> Nodes {
    let mut holders = 0;
    for (other, node) in nodes.iter().enumerate() {
        let durable = if other == place { state.durable } else { node.state.durable };
        let holds = || node.log.get(index) == link || index < node.log.base();
        if durable >= index && holds() {
            holders |= members::bit(node.id);
        }
    }
    holders
}
