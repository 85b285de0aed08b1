//! What was committed: that it stays, that it is the same everywhere, and on enough disks.

use member::raft_core::{Index, NodeId, Term};
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::log::Link;
use super::{NodeView, Property, Verdict, broken};
use crate::trace::{ConfigMark, Event, EventKind, NodeState};

/// All that was ever committed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Commits {
    /// What was committed at index 1, 2, …
    links: Chain,
    /// Up to which index entries were committed in which term; the newest last. Both grow.
    steps: Vec<Step>,
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
            check_quorum(nodes, place, state, event)?;
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

/// What was just committed for the first time is on the disks of a quorum of the configured voters,
/// in a joint configuration of both halves (Raft §5.3, §6).
fn check_quorum(nodes: &[NodeView], place: usize, state: &NodeState, event: &Event) -> Verdict {
    let node = &nodes[place];
    let index = state.commit;
    let committed = node.log.get(index);
    let holds = |voter: &&NodeId| {
        nodes.iter().any(|other| {
            let durable = if other.id == node.id { state.durable } else { other.state.durable };
            other.id == **voter
                && durable >= index
                && (other.log.get(index) == committed || index < other.log.base())
        })
    };
    let quorum_of =
        |half: &Vec<NodeId>| half.is_empty() || half.iter().filter(holds).count() * 2 > half.len();
    let quorum = |config: &ConfigMark| quorum_of(&config.voters) && quorum_of(&config.outgoing);
    // A change that was applied at once does not count for the entries that were committed before.
    let changed = event.config.as_deref();
    if quorum(&node.config) || changed.is_some_and(quorum) {
        return Ok(());
    }
    let on: Vec<NodeId> = node.config.voters.iter().filter(holds).copied().collect();
    let names: Vec<String> = on.iter().map(NodeId::to_string).collect();
    let text = format!(
        "{} takes the entry at index {index} for committed, but of its {} voters only these have it \
         on disk: {}",
        node.id,
        node.config.voters.len(),
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    );
    let term = committed.map(|link| link.term);
    broken(Property::DurableOnQuorum, &[node.id], Some(index), term, text)
}
