//! Linearizable reads: Raft §8, thesis §6.4.

use raft_core::{MessageKind, ReadMode, RoleKind, Rule};

use crate::cluster::{Cluster, n};

fn elected(cluster: Cluster) -> Cluster {
    let mut cluster = cluster;
    cluster.elect(n(1));
    cluster
}

/// Proves that a read is answered with the commit index of when it was asked, once a majority has
/// confirmed the leader, and without a new entry (thesis §6.4).
#[test]
fn a_read_is_answered_after_a_round_of_heartbeats() {
    let mut cluster = elected(Cluster::new(3));
    cluster.read(n(1), 1);
    assert_eq!(cluster.reads(n(1)), [], "not before");
    cluster.propose(n(1), "later");
    cluster.deliver();
    assert_eq!(cluster.reads(n(1)), [(1, 1)]);
}

/// Proves that a follower asks its leader, and may answer once it has applied that index.
#[test]
fn a_follower_asks_its_leader() {
    let mut cluster = elected(Cluster::new(3));
    cluster.propose(n(1), "a");
    cluster.deliver();
    cluster.read(n(3), 5);
    cluster.deliver();
    assert_eq!(cluster.reads(n(3)), [(5, 2)]);
    assert_eq!(cluster.reads(n(1)), []);
}

/// Proves that a leader that has not committed in its own term lets reads wait until it has: it
/// does not know yet what is committed (Raft §8). etcd queues them.
#[test]
fn a_read_waits_for_an_own_term_commit() {
    for (rule, early) in [(None, false), (Some(Rule::OwnTermCommitBeforeRead), true)] {
        let mut cluster = elected(Cluster::with(3, |config| {
            config.rules = rule.map_or(config.rules, |rule| config.rules.without(rule));
        }));
        // n3 has the entry but has not heard that it is committed.
        cluster.propose(n(1), "a");
        cluster.lost.insert(MessageKind::AppendAccepted);
        while cluster.raft(n(3)).last_index().0 < 2 {
            assert!(cluster.deliver_one());
        }
        cluster.mail.clear();
        cluster.lost.clear();
        cluster.isolate(n(1));
        cluster.ticks(n(2), 10);
        cluster.lost.insert(MessageKind::AppendAccepted);
        cluster.elect(n(3));
        assert_eq!(cluster.raft(n(3)).role_kind(), RoleKind::Leader);
        cluster.read(n(3), 1);
        cluster.ticks(n(3), 1);
        assert_eq!(cluster.reads(n(3)).is_empty(), !early, "with {rule:?} off");
        cluster.lost.clear();
        // The next answer commits the leader's own entry, and the one before it.
        cluster.propose(n(3), "b");
        cluster.deliver();
        cluster.ticks(n(3), 1);
        let expected = if early { [(1, 1)] } else { [(1, 4)] };
        assert_eq!(cluster.reads(n(3)), expected);
    }
}

/// Proves that a leader that was deposed without noticing cannot answer a read (Raft §8), and that
/// it does so with the rule off.
#[test]
fn a_deposed_leader_answers_no_read() {
    for (rule, answers) in [(None, 0), (Some(Rule::ConfirmLeadershipBeforeRead), 1)] {
        let mut cluster = elected(Cluster::with(3, |config| {
            config.rules = rule.map_or(config.rules, |rule| config.rules.without(rule));
        }));
        cluster.isolate(n(1));
        cluster.ticks(n(2), 10);
        cluster.ticks(n(3), 10);
        cluster.elect(n(2));
        cluster.propose(n(2), "newer");
        cluster.deliver();
        assert_eq!(cluster.raft(n(1)).role_kind(), RoleKind::Leader, "it does not know");
        cluster.read(n(1), 1);
        cluster.ticks(n(1), 5);
        assert_eq!(cluster.reads(n(1)).len(), answers, "with {rule:?} off");
        cluster.heal();
        cluster.pass(5);
        assert_eq!(cluster.raft(n(1)).role_kind(), RoleKind::Follower);
        assert_eq!(cluster.reads(n(1)).len(), answers, "and what waited is dropped");
    }
}

/// Proves that without a majority no read is answered: the leader's own word does not suffice.
#[test]
fn a_read_needs_a_majority() {
    let mut cluster = elected(Cluster::new(5));
    for cut_off in [3, 4, 5] {
        cluster.isolate(n(cut_off));
    }
    cluster.read(n(1), 1);
    cluster.ticks(n(1), 3);
    assert_eq!(cluster.reads(n(1)), [], "two of five");
    cluster.cut.retain(|(from, to)| ![*from, *to].contains(&n(3)));
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.reads(n(1)), [(1, 1)], "three of five");
}

/// Proves that one confirmation answers all reads that were asked before it, in order.
#[test]
fn one_round_confirms_all_older_reads() {
    let mut cluster = elected(Cluster::new(3));
    cluster.lost.insert(MessageKind::HeartbeatReply);
    for number in 1..=3 {
        cluster.read(n(1), number);
        cluster.deliver();
    }
    cluster.lost.clear();
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.reads(n(1)), [(1, 1), (2, 1), (3, 1)]);
}

/// Proves that a read under a lease needs no round trip, and that there is no lease without
/// CheckQuorum (thesis §6.4.1).
#[test]
fn a_lease_read_needs_no_round_trip() {
    let mut cluster = elected(Cluster::with(3, |config| config.reads = ReadMode::Lease));
    cluster.read(n(1), 1);
    assert_eq!(cluster.reads(n(1)), [(1, 1)]);
    cluster.at(n(1), |raft, _| raft.set_rules(raft.rules().without(Rule::CheckQuorum)));
    cluster.read(n(1), 2);
    assert_eq!(cluster.reads(n(1)).len(), 1);
}
