//! The cluster in one sentence: who leads, or why nobody can.

use sim::member::raft_core::{NodeId, RoleKind};
use sim::{Cluster, Condition};

use crate::elections;
use crate::script::{Micros, duration_text};
use crate::view::{Diagnosis, Level};

/// After so many candidacies without a winner, elections "keep failing".
const CANDIDACIES_MANY: u32 = 3;

/// So many leaders within ten election timeouts are too many, if there is a reason for it.
const LEADERS_MANY: usize = 3;

/// What has been seen of elections so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lately {
    /// How often somebody has stood for election since somebody last won.
    pub(crate) candidacies: u32,
    /// When the last few leaders were elected, the newest first.
    pub(crate) elected: [Option<u64>; 6],
}

/// Says how the cluster is.
pub(crate) fn diagnose(cluster: &Cluster, lately: Lately) -> Diagnosis {
    let voters = cluster.configuration().voters.len() as u8;
    let quorum = voters / 2 + 1;
    if cluster.violation().is_some() {
        // Which one and how is said beside it (`StageView::violation`).
        return say(Level::Bad, "a promise of Raft is broken: the run has stopped".to_owned());
    }
    let running = cluster.nodes().filter(|node| node.condition() == Condition::Running).count();
    if running == 0 {
        return say(Level::Bad, "no node runs".to_owned());
    }
    if let Some(leader) = cluster.leader() {
        return unsteady(cluster, leader, lately)
            .unwrap_or_else(|| led(cluster, leader, voters, quorum));
    }
    if let Some(believer) = believes_to_lead(cluster).last() {
        return contested(cluster, *believer, voters, quorum);
    }
    leaderless(cluster, voters, quorum, lately)
}

/// Somebody takes itself for the leader, but too few hear it, or others are in a higher term already.
fn contested(cluster: &Cluster, believer: NodeId, voters: u8, quorum: u8) -> Diagnosis {
    let reached = reaches(cluster, believer).len();
    let term = term_of(cluster, believer);
    let commits = reached >= usize::from(quorum);
    let mut text = if commits {
        format!("{believer} leads term {term} and reaches {reached} of {voters} voters")
    } else {
        format!(
            "{believer} leads term {term} but reaches {reached} of {voters} voters, itself included: it cannot commit"
        )
    };
    // Somebody who could win but for those that hear it is told why not.
    let rival = elections::standing(cluster)
        .filter(|rival| reaches(cluster, *rival).len() >= usize::from(quorum));
    let why = rival.and_then(|rival| elections::obstacle(cluster, rival));
    if let (Some(rival), Some(why)) = (rival, why) {
        text.push_str(&format!("; {rival} cannot win: {why}"));
    } else if commits {
        text.push_str(", but a higher term has begun");
    }
    say(Level::Warning, text)
}

/// Leaders follow each other too fast to get anything done.
fn unsteady(cluster: &Cluster, leader: NodeId, lately: Lately) -> Option<Diagnosis> {
    let window = 10 * cluster.settings().election_timeout.0;
    let since = cluster.now().0.saturating_sub(window);
    let count = lately.elected.iter().flatten().filter(|at| **at >= since).count();
    let why = (count >= LEADERS_MANY).then(|| elections::unrest(cluster, leader)).flatten()?;
    let text = format!(
        "{leader} leads term {}, but leaders do not last ({count} in {}): {why}",
        term_of(cluster, leader),
        duration_text(Micros(window))
    );
    Some(say(Level::Warning, text))
}

fn say(level: Level, text: String) -> Diagnosis {
    Diagnosis { level, text }
}

/// There is a leader that can commit.
fn led(cluster: &Cluster, leader: NodeId, voters: u8, quorum: u8) -> Diagnosis {
    let term = term_of(cluster, leader);
    if let Some(stale) = believes_to_lead(cluster).iter().find(|node| **node != leader) {
        let old = term_of(cluster, *stale);
        let text = format!("{leader} leads term {term}; {stale} still believes to lead term {old}");
        return say(Level::Warning, text);
    }
    let reached = reaches(cluster, leader).len();
    let spare = reached.saturating_sub(usize::from(quorum));
    let margin = match spare {
        0 => "none may fail".to_owned(),
        1 => "one more may fail".to_owned(),
        spare => format!("{spare} more may fail"),
    };
    let text = if reached == usize::from(voters) {
        format!("{leader} leads term {term} and reaches every voter: {margin}")
    } else {
        format!("{leader} leads term {term} and reaches {reached} of {voters} voters: {margin}")
    };
    say(if spare == 0 && voters > 1 { Level::Warning } else { Level::Good }, text)
}

/// Nobody leads.
fn leaderless(cluster: &Cluster, voters: u8, quorum: u8, lately: Lately) -> Diagnosis {
    let group = largest_group(cluster);
    if group.len() < usize::from(quorum) {
        let names = join(&group);
        let reach = if group.len() == 1 { "reaches" } else { "reach" };
        let text = format!(
            "no leader: {names} {reach} {} of {voters} voters, {quorum} are needed",
            group.len()
        );
        return say(Level::Bad, text);
    }
    let standing = elections::standing(cluster);
    let obstacle = standing.and_then(|node| elections::obstacle(cluster, node));
    if lately.candidacies >= CANDIDACIES_MANY {
        let why = obstacle.or_else(|| elections::bad_luck(cluster));
        let why = why.unwrap_or_else(|| "no candidate got its answers in time".to_owned());
        let text = format!("elections keep failing ({} so far): {why}", lately.candidacies);
        return say(Level::Warning, text);
    }
    let term = standing.map_or(0, |node| term_of(cluster, node));
    match (standing, obstacle) {
        (Some(node), Some(why)) => {
            say(Level::Warning, format!("no leader: {node} asks for votes, but {why}"))
        }
        (Some(node), None) => {
            let text = format!("no leader yet: {node} asks for votes (it is in term {term})");
            say(Level::Neutral, text)
        }
        (None, _) => {
            let text = "no leader yet: the first election timer to run out decides who stands";
            say(Level::Neutral, text.to_owned())
        }
    }
}

fn term_of(cluster: &Cluster, node: NodeId) -> u64 {
    cluster.node(node).member().map_or(0, |member| member.raft().term().0)
}

/// Running nodes that take themselves for the leader, in the order of their terms.
fn believes_to_lead(cluster: &Cluster) -> Vec<NodeId> {
    let mut leaders: Vec<(u64, NodeId)> = Vec::new();
    for node in cluster.nodes().filter(|node| node.condition() == Condition::Running) {
        let Some(raft) = node.member().map(|member| member.raft()) else { continue };
        if raft.role_kind() == RoleKind::Leader {
            // Inserting keeps a sort out of the page; nodes come in the order of their names.
            let place = leaders.partition_point(|(term, _)| *term <= raft.term().0);
            leaders.insert(place, (raft.term().0, node.id()));
        }
    }
    leaders.into_iter().map(|(_, id)| id).collect()
}

/// Running voters with links open both ways to `node`, itself included.
pub(crate) fn reaches(cluster: &Cluster, node: NodeId) -> Vec<NodeId> {
    let mut reached = elections::running_voters(cluster);
    reached.retain(|other| *other == node || hear_each_other(cluster, node, *other));
    reached
}

pub(crate) fn hear_each_other(cluster: &Cluster, one: NodeId, other: NodeId) -> bool {
    cluster.link(one, other).is_open() && cluster.link(other, one).is_open()
}

/// What the running node that reaches most others reaches.
fn largest_group(cluster: &Cluster) -> Vec<NodeId> {
    let mut largest = Vec::new();
    for node in elections::running_voters(cluster) {
        let group = reaches(cluster, node);
        if group.len() > largest.len() {
            largest = group;
        }
    }
    largest
}

/// The groups into which cut links divide the nodes that run, if there is more than one. Nodes
/// are in one group if there is a way between them over links that are open both ways.
pub(crate) fn groups(cluster: &Cluster) -> Vec<Vec<u8>> {
    let mut left: Vec<NodeId> = cluster
        .nodes()
        .filter(|n| n.condition() != Condition::Crashed)
        .map(sim::Node::id)
        .collect();
    let mut groups = Vec::new();
    while !left.is_empty() {
        let mut group = vec![left.remove(0)];
        let mut next = 0;
        while let Some(node) = group.get(next).copied() {
            left.retain(|other| {
                let found = hear_each_other(cluster, node, *other);
                if found {
                    group.push(*other);
                }
                !found
            });
            next += 1;
        }
        group.sort_unstable();
        groups.push(group.into_iter().map(|node| node.0).collect());
    }
    if groups.len() > 1 { groups } else { Vec::new() }
}

/// "n1", "n1 and n2", "n1, n2 and n3".
pub(crate) fn join(nodes: &[NodeId]) -> String {
    match nodes {
        [] => "nobody".to_owned(),
        [one] => one.to_string(),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
            format!("{} and {last}", rest.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Opening, Session};

    /// The diagnosis after a script.
    #[track_caller]
    fn check(nodes: u8, script: &str, level: Level, text: &str) {
        let setup = script.to_owned();
        let session = Session::new(Opening { nodes, seed: 1, setup, ..Opening::default() })
            .expect("a good script");
        let diagnosis = session.stage().diagnosis;
        assert_eq!((diagnosis.level, diagnosis.text.as_str()), (level, text), "{script}");
    }

    const LED_BY_N1: &str = "until leader\ntransfer n1\nuntil leader is n1\nadvance 1s\n";

    /// Proves: each way a cluster can be gets its own sentence, with numbers of configured voters.
    #[test]
    fn every_state_has_its_sentence() {
        let led = |more: &str| format!("{LED_BY_N1}{more}");
        check(5, &led(""), Level::Good, "n1 leads term 2 and reaches every voter: 2 more may fail");
        check(
            5,
            &led("crash n5\ncrash n4"),
            Level::Warning,
            "n1 leads term 2 and reaches 3 of 5 voters: none may fail",
        );
        check(
            5,
            &led("partition n1 n2 | n3 n4 n5"),
            Level::Warning,
            "n1 leads term 2 but reaches 2 of 5 voters, itself included: it cannot commit",
        );
        check(
            5,
            &led("crash n3\ncrash n4\ncrash n5\nadvance 4s"),
            Level::Bad,
            "no leader: n1 and n2 reach 2 of 5 voters, 3 are needed",
        );
        check(3, &led("crash n1\ncrash n2\ncrash n3"), Level::Bad, "no node runs");
        check(
            1,
            "until leader",
            Level::Good,
            "n1 leads term 1 and reaches every voter: none may fail",
        );
        check(
            3,
            "",
            Level::Neutral,
            "no leader yet: the first election timer to run out decides who stands",
        );
    }

    /// Proves: voters are those that the cluster has now, whether they run or not, and learners are
    /// none.
    #[test]
    fn members_that_come_and_go_are_counted() {
        // A leader takes no change before it has committed something of its own term.
        let led = |more: &str| {
            format!("until leader\ntransfer n1\nuntil leader is n1\nadvance 1s\n{more}")
        };
        let add = "etcdctl member add n4 --peer-urls=http://n4:2380";
        check(
            3,
            &led(&format!("{add}\nadvance 1s")),
            Level::Warning,
            "n1 leads term 2 and reaches 3 of 4 voters: none may fail",
        );
        check(
            3,
            &led(&format!("{add} --learner\nstart n4\nadvance 1s")),
            Level::Good,
            "n1 leads term 2 and reaches every voter: one more may fail",
        );
        check(
            3,
            &led("etcdctl member remove $n3\nadvance 1s"),
            Level::Warning,
            "n1 leads term 2 and reaches every voter: none may fail",
        );
    }

    /// Proves: who asks for votes in vain is told why: newer logs, slow links, loss, split votes, and
    /// those that still hear a leader.
    #[test]
    fn elections_that_fail_have_their_cause() {
        let led = |more: &str| format!("{LED_BY_N1}{more}");
        check(
            3,
            &led(
                "isolate n3\netcdctl put a 1\nadvance 1s\ncrash n1\nheal\nuntil role n3 = pre-candidate",
            ),
            Level::Warning,
            "no leader: n3 asks for votes, but n2 has a newer log and refuses it",
        );
        check(
            3,
            "set latency 600ms\nadvance 30s",
            Level::Warning,
            "no leader: n1 asks for votes, but votes take 1.2s there and back, and after 1s to 2s \
             without a leader somebody else stands",
        );
        check(
            4,
            "disable random-timeouts\nset pre-vote off\nset latency 400ms\nadvance 9s",
            Level::Warning,
            "elections keep failing (20 so far): the votes of term 5 are split: n1 has 1, n2 has 1, \
             n3 has 1, n4 has 1, 3 are needed",
        );
        check(
            5,
            "set loss 60%\nset pre-vote off\nset latency 300ms\nadvance 30s",
            Level::Warning,
            "elections keep failing (76 so far): 60% of the messages get lost",
        );
        check(
            5,
            &format!("set pre-vote off\n{}", led("cut n1 -> n5\nadvance 8s")),
            Level::Warning,
            "n1 leads term 2 and reaches 4 of 5 voters; n5 cannot win: n2, n3 and n4 still hear n1 \
             and refuse it",
        );
    }

    /// Proves: where leaders follow each other, it is said, and why; an election in good order, and a
    /// leadership that is handed over, are no unrest.
    #[test]
    fn leaders_that_do_not_last_are_told() {
        check(
            3,
            "set latency 600ms\nset pre-vote off\nadvance 30s",
            Level::Warning,
            "n2 leads term 16, but leaders do not last (3 in 10s): answers take 1.2s there and back, \
             as long as an election timeout (1s)",
        );
        let unheard = "cut n1 -> n3\ncut n2 -> n3\nadvance 12s";
        check(
            3,
            &format!("set check-quorum off\nset pre-vote off\n{LED_BY_N1}{unheard}"),
            Level::Warning,
            "n2 leads term 10, but leaders do not last (3 in 10s): n3 does not hear the leader and \
             stands against it",
        );
        check(
            3,
            &format!("{LED_BY_N1}transfer n2\nuntil leader is n2\ntransfer n1\nuntil leader is n1"),
            Level::Good,
            "n1 leads term 4 and reaches every voter: one more may fail",
        );
    }

    /// Proves: a deposed leader that has not noticed is named beside the new one.
    #[test]
    fn a_stale_leader_is_named() {
        let script = "set check-quorum off\nuntil leader\ntransfer n1\nuntil leader is n1\n\
                      partition n1 n2 | n3 n4 n5\nuntil leader is n3 or leader is n4 or leader is n5";
        let setup = script.to_owned();
        let session = Session::new(Opening { nodes: 5, seed: 1, setup, ..Opening::default() })
            .expect("a good script");
        let text = session.stage().diagnosis.text;
        assert!(text.ends_with("n1 still believes to lead term 2"), "{text}");
        assert_eq!(session.stage().groups, [vec![1, 2], vec![3, 4, 5]]);
    }
}
