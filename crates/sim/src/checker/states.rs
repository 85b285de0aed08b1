//! What the state machines hold: the same wherever as much was applied, snapshots included.

use member::raft_core::Index;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::{NodeView, Property, Verdict, broken};
use crate::trace::{Event, EventKind, NodeState, SnapshotKind};

/// The digests of all states that were ever seen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct States {
    /// After nothing was applied, after index 1, 2, …; 0 where nobody was seen with just so much.
    digests: Chain<u64>,
}

impl States {
    /// A node's applied index and state after an event, and the snapshot that it took or got
    /// (Raft §5.4.3, §7).
    pub(super) fn check(&mut self, node: &NodeView, state: &NodeState, event: &Event) -> Verdict {
        let renewed = event.kind == EventKind::Restart || node.is_down() || state.role.is_none();
        if state.applied < node.state.applied && !renewed {
            let text = format!(
                "the applied index of {} went back from {} to {}",
                node.id, node.state.applied, state.applied
            );
            let index = Some(state.applied);
            return broken(Property::AppliedEqual, &[node.id], index, None, text);
        }
        let taken = event.snapshot.is_some_and(|mark| mark.kind == SnapshotKind::Taken);
        if renewed || state.applied != node.state.applied {
            // A state that does not come from entries comes from the snapshot the log begins with.
            let loaded = !taken && state.applied > Index(0) && state.applied == node.log.base();
            let property =
                if loaded { Property::SnapshotEqualsState } else { Property::AppliedEqual };
            self.compare(node, state.applied, state.digest, property)?;
        }
        let Some(snapshot) = event.snapshot else { return Ok(()) };
        if taken && snapshot.index > state.applied {
            let text = format!(
                "{} took a snapshot of entries up to index {}, but has applied only those up to {}",
                node.id, snapshot.index, state.applied
            );
            let index = Some(snapshot.index);
            return broken(Property::SnapshotEqualsState, &[node.id], index, None, text);
        }
        self.compare(node, snapshot.index, snapshot.digest, Property::SnapshotEqualsState)
    }

    fn compare(
        &mut self,
        node: &NodeView,
        index: Index,
        digest: u64,
        property: Property,
    ) -> Verdict {
        let Ok(place) = usize::try_from(index.0) else { return Ok(()) };
        while self.digests.len() <= place {
            self.digests.push(0);
        }
        let Some(known) = self.digests.get(place).copied() else { return Ok(()) };
        if known == digest {
            return Ok(());
        }
        if known == 0 {
            self.digests.set(place, digest);
            return Ok(());
        }
        let whose = if property == Property::AppliedEqual { "state" } else { "snapshot" };
        let text = format!(
            "the {whose} of {} at index {index} is not the state that was reached there before",
            node.id
        );
        broken(property, &[node.id], Some(index), None, text)
    }
}
