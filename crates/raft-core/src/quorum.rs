//! Majorities: who wins an election, and what is committed (Raft §5.2, §5.3; joint consensus §6;
//! etcd `raft/quorum`). Pure arithmetic on sets.

use crate::configuration::Configuration;
use crate::ids::{Index, NodeId};
use crate::node_set::NodeSet;
use crate::rules::{Rule, Rules};

/// How a vote stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VoteResult {
    /// A majority has granted it.
    Won,
    /// A majority cannot be reached any more.
    Lost,
    /// It depends on those who have not answered.
    Pending,
}

/// How many of so many voters make a majority: any two majorities share a voter, and everything
/// that Raft promises rests on that voter (Raft §5.2).
pub(crate) fn majority(voters: usize, rules: Rules) -> usize {
    if rules.on(Rule::Majority) { voters / 2 + 1 } else { (voters / 2).max(1) }
}

/// How a vote stands under this configuration: a majority grants it (Raft §5.2), in a joint one a
/// majority of each half (Raft §6).
pub(crate) fn vote_result(
    configuration: &Configuration,
    granted: NodeSet,
    rejected: NodeSet,
    rules: Rules,
) -> VoteResult {
    let half = |voters: NodeSet| {
        let yes = voters.intersection(granted).len();
        let no = voters.intersection(rejected).len();
        let needed = majority(voters.len(), rules);
        if voters.is_empty() || yes >= needed {
            VoteResult::Won
        } else if voters.len() - no >= needed {
            VoteResult::Pending
        } else {
            VoteResult::Lost
        }
    };
    match (half(configuration.voters), half(configuration.outgoing)) {
        (VoteResult::Won, VoteResult::Won) => VoteResult::Won,
        (VoteResult::Lost, _) | (_, VoteResult::Lost) => VoteResult::Lost,
        (VoteResult::Won | VoteResult::Pending, VoteResult::Won | VoteResult::Pending) => {
            VoteResult::Pending
        }
    }
}

/// The largest index that a majority holds, in a joint configuration a majority of each half
/// (Raft §5.3, §6). A configuration without voters holds back nothing.
pub(crate) fn committed(
    configuration: &Configuration,
    match_index: impl Fn(NodeId) -> Index,
    rules: Rules,
) -> Index {
    let half = |voters: NodeSet| {
        // Clusters are small: no allocation, and insertion, highest first, is the fastest.
        let mut few = [Index(0); 8];
        let mut many = Vec::new();
        let matches: &mut [Index] = if voters.len() <= few.len() {
            &mut few[..voters.len()]
        } else {
            many.resize(voters.len(), Index(0));
            &mut many
        };
        for (filled, voter) in voters.iter().enumerate() {
            let index = match_index(voter);
            let mut place = filled;
            while place > 0 && matches[place - 1] < index {
                matches[place] = matches[place - 1];
                place -= 1;
            }
            matches[place] = index;
        }
        let place = majority(matches.len(), rules) - 1;
        matches.get(place).copied().unwrap_or(Index(u64::MAX))
    };
    half(configuration.voters).min(half(configuration.outgoing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ids: &[u8]) -> NodeSet {
        ids.iter().copied().map(NodeId).collect()
    }

    fn joint(incoming: &[u8], outgoing: &[u8]) -> Configuration {
        Configuration {
            voters: nodes(incoming),
            outgoing: nodes(outgoing),
            ..Configuration::default()
        }
    }

    /// Proves the sizes of majorities that Raft §5.2 rests on: any two of them share a voter.
    #[test]
    fn two_majorities_always_share_a_voter() {
        for (voters, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)] {
            assert_eq!(majority(voters, Rules::ALL), needed);
            assert!(2 * needed > voters, "two majorities of {voters} overlap");
        }
        let half = Rules::ALL.without(Rule::Majority);
        assert_eq!(majority(4, half), 2, "with the rule off two halves suffice");
        assert_eq!(majority(1, half), 1);
    }

    fn check_vote(config: &Configuration, yes: &[u8], no: &[u8], expected: VoteResult) {
        let result = vote_result(config, nodes(yes), nodes(no), Rules::ALL);
        assert_eq!(result, expected, "{config:?} yes {yes:?} no {no:?}");
    }

    /// Proves when an election is decided: by a majority of all voters, not of those who answer.
    #[test]
    fn a_vote_is_won_by_a_majority_of_all() {
        let three = joint(&[1, 2, 3], &[]);
        check_vote(&three, &[1], &[], VoteResult::Pending);
        check_vote(&three, &[1], &[2], VoteResult::Pending);
        check_vote(&three, &[1, 3], &[2], VoteResult::Won);
        check_vote(&three, &[1], &[2, 3], VoteResult::Lost);
        check_vote(&three, &[1, 7, 8], &[], VoteResult::Pending);
        let four = joint(&[1, 2, 3, 4], &[]);
        check_vote(&four, &[1, 2], &[3, 4], VoteResult::Lost);
    }

    /// Proves that a joint configuration needs both majorities (Raft §6).
    #[test]
    fn a_joint_vote_needs_both_halves() {
        let config = joint(&[1, 2, 3], &[3, 4, 5]);
        check_vote(&config, &[1, 2], &[], VoteResult::Pending);
        check_vote(&config, &[1, 2, 3, 4], &[], VoteResult::Won);
        check_vote(&config, &[1, 2, 3], &[4, 5], VoteResult::Lost);
    }

    fn check_commit(config: &Configuration, matches: &[(u8, u64)], expected: u64) {
        let of = |node: NodeId| {
            let found = matches.iter().find(|(id, _)| NodeId(*id) == node);
            Index(found.map_or(0, |(_, index)| *index))
        };
        assert_eq!(committed(config, of, Rules::ALL), Index(expected), "{config:?} {matches:?}");
    }

    /// Proves that an index is committed once a majority of each half holds it (Raft §5.3, §6).
    #[test]
    fn the_median_match_is_committed() {
        let three = joint(&[1, 2, 3], &[]);
        check_commit(&three, &[(1, 9)], 0);
        check_commit(&three, &[(1, 9), (2, 4)], 4);
        check_commit(&three, &[(1, 9), (2, 4), (3, 7)], 7);
        check_commit(&joint(&[1, 2, 3, 4], &[]), &[(1, 9), (2, 8), (3, 5)], 5);
        check_commit(&joint(&[1, 2, 3], &[3, 4, 5]), &[(1, 9), (2, 9), (3, 9), (4, 2)], 2);
        check_commit(&joint(&[], &[]), &[], u64::MAX);
        let ten = joint(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[]);
        check_commit(&ten, &[(1, 3), (2, 3), (3, 3), (4, 3), (5, 3), (6, 2)], 2);
    }
}
