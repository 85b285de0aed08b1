//! The rules of Raft in words, for the panel that switches them and for the warning that one is
//! off. What each does in the core is said where it is enforced: `raft_core::Rule`.

use sim::member::raft_core::Rule;

/// A rule as a reader meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleWords {
    /// What it asks for, short enough to stand beside a switch.
    pub title: &'static str,
    /// What it protects from: what happens without it.
    pub protects: &'static str,
    /// Where it stands.
    pub source: &'static str,
}

/// What is said of a rule.
pub fn words(rule: Rule) -> RuleWords {
    let (title, protects, source) = match rule {
        Rule::PersistVote => (
            "Keep the vote on disk",
            "Without it, a server that restarts can vote twice in one term, and two leaders can win it.",
            "Raft §5.2",
        ),
        Rule::PersistTerm => (
            "Keep the term on disk",
            "Without it, a server that restarts forgets how far terms have come, and votes in an old one again.",
            "Raft §5.1",
        ),
        Rule::OneVoteATerm => (
            "One vote in a term",
            "Without it, every candidate gets every vote: two can lead the same term.",
            "Raft §5.2",
        ),
        Rule::UpToDateCheck => (
            "Vote only for logs that are up to date",
            "Without it, a server that lacks committed entries can lead, and they are lost.",
            "Raft §5.4.1",
        ),
        Rule::StepDown => (
            "Step down on a higher term",
            "Without it, a leader that was replaced leads on beside its successor.",
            "Raft §5.1",
        ),
        Rule::NewTermOnCandidacy => (
            "A new term for each candidacy",
            "Without it, servers that have voted cannot vote again, or a term gets a second leader.",
            "Raft §5.2",
        ),
        Rule::Majority => (
            "A majority decides",
            "Without it, half is enough, and two halves of a cluster can decide different things.",
            "Raft §5.2, §5.3",
        ),
        Rule::LogConsistencyCheck => (
            "Append only where the logs agree",
            "Without it, logs get gaps and differ below entries that are equal.",
            "Raft §5.3",
        ),
        Rule::OwnTermCommit => (
            "Count copies only for entries of one's own term",
            "Without it, an old entry counts as committed and can still be overwritten (Figure 8).",
            "Raft §5.4.2",
        ),
        Rule::TruncateOnConflictOnly => (
            "Delete entries only where they conflict",
            "Without it, a late message takes entries away that were acknowledged already.",
            "Raft §5.3",
        ),
        Rule::NeverMoveCommitBack => (
            "The commit index only grows",
            "Without it, a late message makes a server forget what it knew to be committed.",
            "Raft Figure 2",
        ),
        Rule::ConfirmLeadershipBeforeRead => (
            "Confirm leadership before a read",
            "Without it, a leader that was replaced and does not know it answers with old values.",
            "Raft §8",
        ),
        Rule::OwnTermCommitBeforeRead => (
            "Commit something of one's own before a read",
            "Without it, a new leader answers before it knows all that is committed.",
            "Raft §8",
        ),
        Rule::OneMembershipChangeAtATime => (
            "One change of the members at a time",
            "Without it, changes overlap, and two majorities without a common member can decide.",
            "Raft §6",
        ),
        Rule::OwnTermCommitBeforeMembershipChange => (
            "Commit something of one's own before a change of the members",
            "Without it, changes of two terms can lead to majorities without a common member.",
            "thesis §4.1, as corrected",
        ),
        Rule::SyncBeforeAcknowledging => (
            "Sync before acknowledging",
            "Without it, a crash takes back what others already count on.",
            "Raft §5",
        ),
        Rule::CheckQuorum => (
            "CheckQuorum: step down without a majority",
            "Without it, a leader that is cut off leads on for ever, and its clients wait.",
            "thesis §6.2",
        ),
        Rule::PreVote => (
            "PreVote: ask before standing",
            "Without it, a server that was cut off comes back with a high term and ends a good leader's.",
            "thesis §9.6",
        ),
        Rule::RandomTimeouts => (
            "Random election timeouts",
            "Without it, servers stand at the same moment, split the votes, and do so again.",
            "Raft §5.2",
        ),
    };
    RuleWords { title, protects, source }
}

/// The title of the rule that scripts call `name`; an unknown one is its own title.
pub fn title(name: &str) -> &str {
    Rule::named(name).map_or(name, |rule| words(rule).title)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: the reference of the language has every rule, with the section that the panel names.
    #[test]
    fn the_reference_names_the_same_sections() {
        let reference = include_str!("../../../docs/script.md");
        let raft_core = include_str!("../../raft-core/src/rules.rs");
        for rule in Rule::ALL {
            let RuleWords { title, protects, source } = words(rule);
            let row = reference
                .lines()
                .find(|line| line.starts_with(&format!("| `{}` |", rule.name())))
                .unwrap_or_else(|| panic!("no row for {}", rule.name()));
            let section = source.trim_start_matches("Raft ");
            let is_a_setting = row.contains("as the setting of that name");
            assert!(is_a_setting || row.contains(section), "{source}: {row}");
            for part in source.split(", ").map(|part| part.trim_start_matches("thesis ")) {
                assert!(part.starts_with("as ") || raft_core.contains(part), "{part}");
            }
            assert!(title.chars().count() <= 64 && !title.ends_with('.'), "{title}");
            assert!(protects.starts_with("Without it, ") && protects.ends_with('.'), "{protects}");
            assert!(protects.len() <= 110, "{protects}");
        }
    }
}
