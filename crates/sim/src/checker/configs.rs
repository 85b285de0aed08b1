//! Which configurations were in force, in the order of the log.

use std::sync::Arc;

use member::raft_core::Index;
use serde::{Deserialize, Serialize};

use super::members::Members;
use super::{NodeView, Property, Verdict, broken};
use crate::trace::ConfigMark;

/// All configurations that were ever in force on some node, by the entry that brought them.
///
/// Every node applies every change and tells it, also those that are superseded within the same
/// event. So what a node tells first comes behind all that is known, and nothing between two
/// neighbours is missing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Configs {
    /// In the order of indexes; the cluster's first at 0. Copied when a clone of the cluster goes
    /// its own way.
    steps: Arc<Vec<(Index, Members)>>,
}

impl Configs {
    /// The configuration with which the cluster starts.
    pub(super) fn start(&mut self, members: Members) {
        self.steps = Arc::new(vec![(Index(0), members)]);
    }

    /// That with which the cluster started, and a node that starts later does too.
    pub(super) fn first(&self) -> Members {
        self.steps.first().map(|(_, members)| *members).unwrap_or_default()
    }

    /// Takes over what the event says of a node's configuration: all nodes go through the same
    /// ones, and quorums of neighbours overlap (Raft §6, thesis §4.1).
    pub(super) fn check(&mut self, node: &mut NodeView, mark: &ConfigMark) -> Verdict {
        for mark in mark.passed.iter().chain([mark]) {
            let members = Members::of(mark);
            node.config = members;
            match mark.index {
                Some(index) => self.step(node, index, members)?,
                None => self.compare(node, node.log.base(), members)?,
            }
        }
        Ok(())
    }

    /// An entry was applied that changes the membership.
    fn step(&mut self, node: &NodeView, index: Index, members: Members) -> Verdict {
        let (last_index, last) = self.steps.last().copied().unwrap_or_default();
        if index <= last_index {
            return self.compare(node, index, members);
        }
        Arc::make_mut(&mut self.steps).push((index, members));
        if last.overlaps(members) {
            return Ok(());
        }
        let text = format!(
            "the change of membership at index {index}, which {} applied, leads to a configuration \
             of which a quorum has no voter in common with a quorum of the one before it",
            node.id
        );
        broken(Property::QuorumOverlap, &[node.id], Some(index), None, text)
    }

    /// A node uses what was in force from this index on, at the latest.
    fn compare(&self, node: &NodeView, index: Index, members: Members) -> Verdict {
        let place = self.steps.partition_point(|(step, _)| *step <= index);
        let known = place.checked_sub(1).and_then(|place| self.steps.get(place));
        if known.is_some_and(|(_, known)| *known == members) {
            return Ok(());
        }
        let text = format!(
            "the configuration that {} uses from index {index} on is not the one that was in force \
             there on another node",
            node.id
        );
        broken(Property::QuorumOverlap, &[node.id], Some(index), None, text)
    }
}
