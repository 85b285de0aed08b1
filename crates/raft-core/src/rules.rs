//! The rules of Raft, each of which can be switched off: for lessons that show why it is there,
//! and for tests that show that the checkers notice.

use serde::{Deserialize, Serialize};

/// One rule. Each is enforced in exactly one place, which names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Rule {
    /// The vote reaches the disk (Raft §5.2, Figure 2 "persistent state"). Off: a server that
    /// restarts may vote a second time in the same term.
    PersistVote,
    /// The term reaches the disk (Raft §5.1, Figure 2). Off: a server restarts in the term of its
    /// last entry.
    PersistTerm,
    /// At most one vote in a term, first come, first served (Raft §5.2). Off: every candidate
    /// gets one.
    OneVoteATerm,
    /// No vote for a log that is less up to date than one's own (Raft §5.4.1). Off: any log will do.
    UpToDateCheck,
    /// Whoever hears of a higher term becomes a follower in it (Raft §5.1). Off: a leader that
    /// hears of a higher term takes the term and leads on.
    StepDown,
    /// A candidacy starts a new term (Raft §5.2). Off: it runs in the old one.
    NewTermOnCandidacy,
    /// Elections and commitment need a majority (Raft §5.2, §5.3). Off: half will do, rounded down.
    Majority,
    /// Entries are appended only where the log before them agrees (Raft §5.3). Off: wherever the
    /// leader says.
    LogConsistencyCheck,
    /// Only entries of the leader's own term are committed by counting (Raft §5.4.2, Figure 8).
    /// Off: entries of any term.
    OwnTermCommit,
    /// A follower deletes entries only where they conflict with the leader's (Raft §5.3). Off: it
    /// deletes all that the message does not contain.
    TruncateOnConflictOnly,
    /// The commit index only grows (Raft Figure 2 "increases monotonically"). Off: it follows
    /// whatever the leader says.
    NeverMoveCommitBack,
    /// A leader makes sure that it still leads before it answers a read (Raft §8, thesis §6.4).
    /// Off: it answers at once.
    ConfirmLeadershipBeforeRead,
    /// A leader answers reads only after an entry of its own term has committed (Raft §8, thesis
    /// §6.4). Off: with whatever it believes committed.
    OwnTermCommitBeforeRead,
    /// One membership change at a time (Raft §6, thesis §4.1). Off: they may overlap.
    OneMembershipChangeAtATime,
    /// A leader changes the membership only after an entry of its own term has committed (the
    /// correction of 2015 to thesis §4.1). Off: at once.
    OwnTermCommitBeforeMembershipChange,
    /// What is acknowledged is on disk (Raft §5, Figure 2 "updated on stable storage before
    /// responding"). Off: acknowledged first.
    SyncBeforeAcknowledging,
    /// A leader that does not hear from a majority for an election timeout steps down, and voters
    /// that hear from a leader ignore candidates (thesis §6.2, §4.2.3).
    CheckQuorum,
    /// A candidate first asks whether it could win (thesis §9.6).
    PreVote,
    /// Election timeouts are spread at random (Raft §5.2, §9.3). Off: all are equal.
    RandomTimeouts,
}

impl Rule {
    /// All of them, in the order of design.
    pub const ALL: [Rule; 19] = [
        Rule::PersistVote,
        Rule::PersistTerm,
        Rule::OneVoteATerm,
        Rule::UpToDateCheck,
        Rule::StepDown,
        Rule::NewTermOnCandidacy,
        Rule::Majority,
        Rule::LogConsistencyCheck,
        Rule::OwnTermCommit,
        Rule::TruncateOnConflictOnly,
        Rule::NeverMoveCommitBack,
        Rule::ConfirmLeadershipBeforeRead,
        Rule::OwnTermCommitBeforeRead,
        Rule::OneMembershipChangeAtATime,
        Rule::OwnTermCommitBeforeMembershipChange,
        Rule::SyncBeforeAcknowledging,
        Rule::CheckQuorum,
        Rule::PreVote,
        Rule::RandomTimeouts,
    ];

    /// As scripts write it.
    pub fn name(self) -> &'static str {
        match self {
            Rule::PersistVote => "persist-vote",
            Rule::PersistTerm => "persist-term",
            Rule::OneVoteATerm => "one-vote-a-term",
            Rule::UpToDateCheck => "up-to-date-check",
            Rule::StepDown => "step-down",
            Rule::NewTermOnCandidacy => "new-term-on-candidacy",
            Rule::Majority => "majority",
            Rule::LogConsistencyCheck => "log-consistency-check",
            Rule::OwnTermCommit => "own-term-commit",
            Rule::TruncateOnConflictOnly => "truncate-on-conflict-only",
            Rule::NeverMoveCommitBack => "never-move-commit-back",
            Rule::ConfirmLeadershipBeforeRead => "confirm-leadership-before-read",
            Rule::OwnTermCommitBeforeRead => "own-term-commit-before-read",
            Rule::OneMembershipChangeAtATime => "one-membership-change-at-a-time",
            Rule::OwnTermCommitBeforeMembershipChange => "own-term-commit-before-membership-change",
            Rule::SyncBeforeAcknowledging => "sync-before-acknowledging",
            Rule::CheckQuorum => "check-quorum",
            Rule::PreVote => "pre-vote",
            Rule::RandomTimeouts => "random-timeouts",
        }
    }

    /// The rule of that name.
    pub fn named(name: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// Which rules are on. All of them by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules(u32);

impl Rules {
    /// All rules: Raft.
    pub const ALL: Rules = Rules((1 << Rule::ALL.len()) - 1);

    /// Whether this rule is on.
    pub fn on(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }

    /// Whether every rule is on that safety rests upon. CheckQuorum, PreVote and random timeouts
    /// only help liveness; without them Raft is still Raft.
    pub fn all_safe(self) -> bool {
        self.with(Rule::CheckQuorum).with(Rule::PreVote).with(Rule::RandomTimeouts) == Rules::ALL
    }

    /// The same with this rule on.
    #[must_use]
    pub fn with(self, rule: Rule) -> Rules {
        Rules(self.0 | 1 << rule as u8)
    }

    /// The same with this rule off.
    #[must_use]
    pub fn without(self, rule: Rule) -> Rules {
        Rules(self.0 & !(1 << rule as u8))
    }
}

impl Default for Rules {
    fn default() -> Rules {
        Rules::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that every rule can be named, found by its name, and switched without touching
    /// another one.
    #[test]
    fn each_rule_has_its_own_name_and_switch() {
        for (number, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, number, "ALL is in order");
            assert_eq!(Rule::named(rule.name()), Some(rule));
            let rules = Rules::ALL.without(rule);
            for other in Rule::ALL {
                assert_eq!(rules.on(other), other != rule);
            }
            assert_eq!(rules.with(rule), Rules::ALL);
        }
        assert_eq!(Rule::named("democracy"), None);
        assert!(Rules::ALL.without(Rule::PreVote).all_safe());
        assert!(!Rules::ALL.without(Rule::Majority).all_safe());
    }
}
