//! How one configuration becomes the next (Raft §6, thesis §4; etcd `raft/confchange`). Pure.

use thiserror::Error;

use crate::configuration::{Change, ConfigChange, Configuration, Transition};
use crate::ids::NodeId;
use crate::node_set::NodeSet;

/// Why a change makes no sense in this configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// A joint configuration must be left first.
    #[error("configuration is already joint")]
    AlreadyJoint,
    /// There is no joint configuration to leave.
    #[error("configuration is not joint")]
    NotJoint,
    /// Nobody would vote any more.
    #[error("removed all voters")]
    NoVoters,
    /// Old and new majorities might not overlap (thesis §4.1).
    #[error("more than one voter changed without a joint configuration")]
    TooManyVoters,
}

impl Configuration {
    /// The configuration after this change.
    ///
    /// # Errors
    ///
    /// The change makes no sense here.
    pub fn changed(&self, change: &ConfigChange) -> Result<Configuration, ChangeError> {
        if change.changes.is_empty() {
            return self.left_joint();
        }
        let auto_leave = change.transition != Transition::JointExplicit;
        let goes_joint = change.transition != Transition::Auto || change.changes.len() > 1;
        if self.is_joint() {
            return Err(ChangeError::AlreadyJoint);
        }
        let mut next = self.clone();
        if goes_joint {
            if self.voters.is_empty() {
                return Err(ChangeError::NoVoters);
            }
            // From now on both majorities are needed (Raft §6).
            next.outgoing = next.voters;
            next.auto_leave = auto_leave;
        }
        for change in &change.changes {
            next.make(*change);
        }
        if next.voters.is_empty() {
            return Err(ChangeError::NoVoters);
        }
        // Majorities overlap when a single voter changes (thesis §4.1, Figure 4.3).
        let (gone, new) =
            (self.voters.difference(next.voters), next.voters.difference(self.voters));
        if !goes_joint && gone.len() + new.len() > 1 {
            return Err(ChangeError::TooManyVoters);
        }
        Ok(next)
    }

    /// Leaves the joint configuration: the incoming half alone decides (Raft §6).
    fn left_joint(&self) -> Result<Configuration, ChangeError> {
        if !self.is_joint() {
            return Err(ChangeError::NotJoint);
        }
        Ok(Configuration {
            voters: self.voters,
            outgoing: NodeSet::default(),
            learners: self.learners.union(self.learners_next),
            learners_next: NodeSet::default(),
            auto_leave: false,
        })
    }

    fn make(&mut self, change: Change) {
        match change {
            Change::AddVoter(node) => {
                self.learners.remove(node);
                self.learners_next.remove(node);
                self.voters.insert(node);
            }
            Change::AddLearner(node) => {
                self.remove(node);
                // Who still votes in the outgoing half cannot be a learner before that is left.
                if self.outgoing.contains(node) {
                    self.learners_next.insert(node);
                } else {
                    self.learners.insert(node);
                }
            }
            Change::Remove(node) => self.remove(node),
        }
    }

    fn remove(&mut self, node: NodeId) {
        self.voters.remove(node);
        self.learners.remove(node);
        self.learners_next.remove(node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Change::{AddLearner, AddVoter, Remove};

    fn nodes(ids: &[u8]) -> NodeSet {
        ids.iter().copied().map(NodeId).collect()
    }

    fn change(transition: Transition, changes: &[Change]) -> ConfigChange {
        ConfigChange { transition, changes: changes.to_vec(), ..ConfigChange::default() }
    }

    fn auto(changes: &[Change]) -> ConfigChange {
        change(Transition::Auto, changes)
    }

    fn three() -> Configuration {
        Configuration::of_voters([1, 2, 3].map(NodeId))
    }

    /// Proves that one voter at a time comes, goes and changes its part in a single step
    /// (thesis §4.1).
    #[test]
    fn a_single_change_is_a_single_step() {
        let four = three().changed(&auto(&[AddVoter(NodeId(4))])).expect("one voter");
        assert_eq!(four, Configuration::of_voters([1, 2, 3, 4].map(NodeId)));
        let back = four.changed(&auto(&[Remove(NodeId(4))])).expect("one voter");
        assert_eq!(back, three());
        let demoted = four.changed(&auto(&[AddLearner(NodeId(4))])).expect("one voter");
        assert_eq!((demoted.voters, demoted.learners), (nodes(&[1, 2, 3]), nodes(&[4])));
        let promoted = demoted.changed(&auto(&[AddVoter(NodeId(4))])).expect("one voter");
        assert_eq!(promoted, four);
    }

    /// Proves that several changes go through both majorities, and that leaving forgets the old
    /// one (Raft §6).
    #[test]
    fn several_changes_go_through_a_joint_configuration() {
        let changes = [AddVoter(NodeId(4)), AddLearner(NodeId(3)), Remove(NodeId(2))];
        let joint = three().changed(&auto(&changes)).expect("goes joint");
        assert_eq!((&joint.voters, &joint.outgoing), (&nodes(&[1, 4]), &nodes(&[1, 2, 3])));
        assert_eq!(joint.learners_next, nodes(&[3]), "n3 votes in the old half still");
        assert!(joint.auto_leave && joint.learners.is_empty());
        let left = joint.changed(&ConfigChange::default()).expect("is joint");
        assert_eq!((&left.voters, &left.learners), (&nodes(&[1, 4]), &nodes(&[3])));
        assert!(!left.is_joint() && !left.contains(NodeId(2)));
    }

    /// Proves that only an explicit transition waits until it is asked to leave.
    #[test]
    fn an_explicit_transition_does_not_leave_by_itself() {
        for (transition, leaves) in [
            (Transition::Auto, true),
            (Transition::JointImplicit, true),
            (Transition::JointExplicit, false),
        ] {
            let changes = [AddVoter(NodeId(4)), AddVoter(NodeId(5))];
            let joint = three().changed(&change(transition, &changes)).expect("goes joint");
            assert_eq!(joint.auto_leave, leaves, "{transition:?}");
        }
    }

    /// Proves that senseless changes are refused.
    #[test]
    fn senseless_changes_are_refused() {
        let joint = three().changed(&change(Transition::JointExplicit, &[Remove(NodeId(1))]));
        let joint = joint.expect("goes joint");
        let again = auto(&[AddVoter(NodeId(9))]);
        assert_eq!(joint.changed(&again), Err(ChangeError::AlreadyJoint));
        assert_eq!(three().changed(&ConfigChange::default()), Err(ChangeError::NotJoint));
        let one = Configuration::of_voters([NodeId(1)]);
        assert_eq!(one.changed(&auto(&[Remove(NodeId(1))])), Err(ChangeError::NoVoters));
    }
}
