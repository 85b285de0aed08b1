//! What a server is at the moment. Each role carries its own data and nothing else: what a leader
//! knew is gone once it follows.

use serde::{Deserialize, Serialize};

use crate::configuration::Configuration;
use crate::ids::NodeId;
use crate::leader::Leader;
use crate::node_set::NodeSet;
use crate::quorum::{self, VoteResult};
use crate::rules::Rules;

/// The role and its data (Raft Figure 4; PreCandidate from thesis §9.6).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Answers leaders and candidates.
    Follower(Follower),
    /// Asks whether it could win.
    PreCandidate(Ballot),
    /// Asks for votes.
    Candidate(Ballot),
    /// Takes proposals and replicates them.
    Leader(Leader),
}

/// What a follower knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Follower {
    /// Who leads this term, once heard of.
    pub(crate) leader: Option<NodeId>,
}

/// The votes that a candidate or pre-candidate has collected; each voter's first answer counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ballot {
    pub(crate) granted: NodeSet,
    pub(crate) rejected: NodeSet,
}

/// An answer to a request for a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vote {
    Granted,
    Rejected,
}

impl Vote {
    pub(crate) fn of(granted: bool) -> Vote {
        if granted { Vote::Granted } else { Vote::Rejected }
    }
}

impl Ballot {
    /// Notes an answer and says how the vote stands now.
    pub(crate) fn record(
        &mut self,
        voter: NodeId,
        vote: Vote,
        configuration: &Configuration,
        rules: Rules,
    ) -> VoteResult {
        if !self.granted.contains(voter) && !self.rejected.contains(voter) {
            match vote {
                Vote::Granted => self.granted.insert(voter),
                Vote::Rejected => self.rejected.insert(voter),
            };
        }
        quorum::vote_result(configuration, self.granted, self.rejected, rules)
    }
}

/// What a server does now, without the data that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleKind {
    /// It answers leaders and candidates.
    Follower,
    /// It asks whether it could win an election.
    PreCandidate,
    /// It asks for votes.
    Candidate,
    /// It takes proposals and replicates them.
    Leader,
}

impl RoleKind {
    /// In lower case: `follower`, `pre-candidate`, `candidate`, `leader`.
    pub fn name(self) -> &'static str {
        match self {
            RoleKind::Follower => "follower",
            RoleKind::PreCandidate => "pre-candidate",
            RoleKind::Candidate => "candidate",
            RoleKind::Leader => "leader",
        }
    }
}
