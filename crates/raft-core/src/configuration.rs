//! Who belongs to the cluster, and the requests to change that.

use serde::{Deserialize, Serialize};

use crate::entry::Data;
use crate::ids::NodeId;
use crate::node_set::NodeSet;

/// The members of the cluster. While `outgoing` is not empty the cluster is in joint consensus:
/// elections and commitment need a majority of `voters` *and* of `outgoing` (Raft §6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Those who vote: all of them, or the incoming half of a joint configuration.
    pub voters: NodeSet,
    /// The outgoing half of a joint configuration.
    pub outgoing: NodeSet,
    /// Those who receive the log but do not vote (thesis §4.2.1).
    pub learners: NodeSet,
    /// Voters of the outgoing half that become learners once the joint configuration is left: a
    /// node cannot be voter and learner at once.
    pub learners_next: NodeSet,
    /// Whether the leader proposes to leave the joint configuration by itself.
    pub auto_leave: bool,
}

impl Configuration {
    /// A plain configuration of these voters.
    pub fn of_voters(voters: impl IntoIterator<Item = NodeId>) -> Configuration {
        Configuration { voters: voters.into_iter().collect(), ..Configuration::default() }
    }

    /// Whether two majorities are needed now (Raft §6).
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether this node's vote counts.
    pub fn is_voter(&self, node: NodeId) -> bool {
        self.voters.contains(node) || self.outgoing.contains(node)
    }

    /// Whether this node receives the log without a vote (thesis §4.2.1).
    pub fn is_learner(&self, node: NodeId) -> bool {
        self.learners.contains(node)
    }

    /// Whether this node belongs to the cluster at all.
    pub fn contains(&self, node: NodeId) -> bool {
        self.is_voter(node) || self.is_learner(node)
    }

    /// Whether one single node decides everything alone.
    pub fn is_singleton(&self) -> bool {
        self.voters.len() == 1 && self.outgoing.is_empty()
    }

    /// All members.
    pub fn members(&self) -> NodeSet {
        self.all_voters().union(self.learners)
    }

    /// All voters, of both halves.
    pub fn all_voters(&self) -> NodeSet {
        self.voters.union(self.outgoing)
    }
}

/// A request to change the configuration (Raft §6, thesis §4; etcd's `ConfChangeV2`). One without
/// changes asks to leave a joint configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// How to get from the old configuration to the new one.
    pub transition: Transition,
    /// What to change, in order.
    pub changes: Vec<Change>,
    /// What the application wants to find again when the change is applied.
    pub context: Data,
}

/// How the cluster gets from one configuration to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transition {
    /// In one step when a single voter changes (thesis §4.1), else through a joint configuration
    /// that is left automatically.
    #[default]
    Auto,
    /// Through a joint configuration that is left automatically once it is applied.
    JointImplicit,
    /// Through a joint configuration that is left only when asked to.
    JointExplicit,
}

/// One change of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Adds a voter, or promotes a learner.
    AddVoter(NodeId),
    /// Adds a learner, or demotes a voter.
    AddLearner(NodeId),
    /// Removes a member.
    Remove(NodeId),
}
