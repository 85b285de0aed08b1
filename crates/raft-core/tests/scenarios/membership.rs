//! Membership changes and learners: Raft §6, thesis §4.

use std::sync::Arc;

use Change::{AddLearner, AddVoter, Remove};
use raft_core::{
    Change, Config, ConfigChange, Index, NodeId, Payload, RoleKind, Rule, Stored, Term, Transition,
};

use crate::cluster::{Cluster, n};

fn change(transition: Transition, changes: &[Change]) -> Payload {
    let changes = changes.to_vec();
    Payload::Config(Arc::new(ConfigChange { transition, changes, ..ConfigChange::default() }))
}

fn auto(changes: &[Change]) -> Payload {
    change(Transition::Auto, changes)
}

fn propose(cluster: &mut Cluster, id: u8, payload: Payload) {
    cluster.at(n(id), |raft, _| raft.propose(payload)).expect("there is a leader");
}

/// A server that is to be added later: it starts from the same first configuration.
fn join(cluster: &mut Cluster, id: u8, first_voters: u8) {
    let voters = (1..=first_voters).map(NodeId).collect();
    cluster.add(Config::new(n(id), voters), Stored::default());
}

fn voters(cluster: &Cluster, id: u8) -> Vec<u8> {
    cluster.raft(n(id)).configuration().voters.iter().map(|voter| voter.0).collect()
}

/// Proves that a voter that is added catches up, and counts from when the change is applied
/// (thesis §4.1).
#[test]
fn one_voter_is_added() {
    let mut cluster = Cluster::new(1);
    cluster.elect(n(1));
    join(&mut cluster, 2, 1);
    propose(&mut cluster, 1, auto(&[AddVoter(n(2))]));
    cluster.deliver();
    cluster.ticks(n(1), 2);
    for id in [1, 2] {
        assert_eq!(voters(&cluster, id), [1, 2]);
    }
    cluster.isolate(n(2));
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).commit(), Index(2), "one of two is no majority any more");
}

/// Proves that a voter that is removed does not count any more (thesis §4.1).
#[test]
fn one_voter_is_removed() {
    let mut cluster = Cluster::new(2);
    cluster.elect(n(1));
    propose(&mut cluster, 1, auto(&[Remove(n(2))]));
    cluster.deliver();
    assert_eq!(voters(&cluster, 1), [1]);
    cluster.isolate(n(2));
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).commit(), Index(3));
}

/// Proves that a leader that was removed does not count itself, and takes no more proposals
/// (thesis §4.2.2; in etcd 3.5 it leads on until the server around it hands over).
#[test]
fn a_removed_leader_does_not_count_itself() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    propose(&mut cluster, 1, auto(&[Remove(n(1))]));
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).role_kind(), RoleKind::Leader);
    assert!(cluster.raft(n(1)).progress().all(|(id, _)| id != n(1)));
    let refused = cluster.at(n(1), |raft, _| raft.propose(Payload::Empty));
    assert_eq!(refused, Err(raft_core::ProposeError::Removed));
    cluster.ticks(n(1), 1);
    assert_eq!(voters(&cluster, 2), [2, 3]);
    cluster.crash(n(1));
    cluster.ticks(n(3), 10);
    cluster.elect(n(2));
    assert_eq!(cluster.raft(n(2)).role_kind(), RoleKind::Leader);
}

/// Proves that a second change before the first is applied becomes an empty entry, and that it is
/// taken with the rule off (Raft §6, thesis §4.1).
#[test]
fn one_change_at_a_time() {
    for (rule, kept) in [(None, false), (Some(Rule::OneMembershipChangeAtATime), true)] {
        let mut cluster = Cluster::with(3, |config| {
            config.rules = rule.map_or(config.rules, |rule| config.rules.without(rule));
        });
        cluster.elect(n(1));
        propose(&mut cluster, 1, auto(&[AddVoter(n(4))]));
        propose(&mut cluster, 1, auto(&[AddVoter(n(5))]));
        let second = cluster.raft(n(1)).log().get(Index(3)).expect("appended").clone();
        assert_eq!(second.payload != Payload::Empty, kept);
        cluster.deliver();
        propose(&mut cluster, 1, auto(&[AddVoter(n(6))]));
        let third = cluster.raft(n(1)).log().get(Index(4)).expect("appended").clone();
        assert_ne!(third.payload, Payload::Empty, "the first is applied now");
    }
}

/// Proves that a new leader changes nothing before it has applied what its log held, which takes
/// a commitment of its own term (thesis §4.1 as corrected in 2015).
#[test]
fn a_new_leader_commits_before_it_changes_the_membership() {
    for (rule, kept) in [(None, false), (Some(Rule::OwnTermCommitBeforeMembershipChange), true)] {
        let mut cluster = Cluster::with(3, |config| {
            config.rules = rule.map_or(config.rules, |rule| config.rules.without(rule));
        });
        cluster.elect(n(1));
        // A change that n1 could not commit, and that n2 has in its log.
        cluster.isolate(n(3));
        propose(&mut cluster, 1, auto(&[AddVoter(n(4))]));
        while cluster.raft(n(2)).last_index() < Index(2) {
            assert!(cluster.deliver_one());
        }
        cluster.mail.clear();
        cluster.cut.clear();
        cluster.isolate(n(1));
        cluster.ticks(n(3), 10);
        cluster.campaign(n(2));
        while cluster.raft(n(2)).role_kind() != RoleKind::Leader {
            assert!(cluster.deliver_one());
        }
        propose(&mut cluster, 2, auto(&[AddVoter(n(5))]));
        let proposed = cluster.raft(n(2)).log().entries().last().expect("appended").clone();
        assert_eq!(proposed.term, Term(2));
        assert_eq!(proposed.payload != Payload::Empty, kept);
    }
}

/// Proves that a change of several voters goes through a joint configuration, which is left
/// automatically (Raft §6).
#[test]
fn several_voters_change_through_a_joint_configuration() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    join(&mut cluster, 4, 3);
    join(&mut cluster, 5, 3);
    let changes = [AddVoter(n(4)), AddVoter(n(5)), Remove(n(2)), Remove(n(3))];
    propose(&mut cluster, 1, auto(&changes));
    cluster.isolate(n(4));
    cluster.isolate(n(5));
    cluster.deliver();
    cluster.ticks(n(1), 3);
    assert!(cluster.raft(n(1)).configuration().is_joint(), "the incoming half is out of reach");
    let stuck = cluster.raft(n(1)).commit();
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).commit(), stuck, "both majorities are needed");
    cluster.heal();
    cluster.ticks(n(1), 4);
    for id in [1, 4, 5] {
        assert_eq!(voters(&cluster, id), [1, 4, 5]);
        assert!(!cluster.raft(n(id)).configuration().is_joint());
    }
    assert_eq!(cluster.raft(n(1)).commit(), cluster.raft(n(1)).last_index());
}

/// Proves that an explicit joint configuration stays until it is asked to leave, and takes no
/// other change meanwhile (etcd).
#[test]
fn an_explicit_joint_configuration_waits() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    propose(&mut cluster, 1, change(Transition::JointExplicit, &[Remove(n(3))]));
    cluster.deliver();
    cluster.ticks(n(1), 3);
    assert!(cluster.raft(n(1)).configuration().is_joint());
    propose(&mut cluster, 1, auto(&[AddVoter(n(4))]));
    let last = cluster.raft(n(1)).log().entries().last().expect("appended").payload.clone();
    assert_eq!(last, Payload::Empty, "not before it is left");
    propose(&mut cluster, 1, auto(&[]));
    cluster.deliver();
    cluster.ticks(n(1), 1);
    assert_eq!(voters(&cluster, 2), [1, 2]);
    assert!(!cluster.raft(n(2)).configuration().is_joint());
}

/// Proves that a learner receives the log, does not count, and does not stand for election
/// (thesis §4.2.1).
#[test]
fn a_learner_follows_without_a_vote() {
    let mut cluster = Cluster::new(2);
    cluster.elect(n(1));
    join(&mut cluster, 3, 2);
    propose(&mut cluster, 1, auto(&[AddLearner(n(3))]));
    cluster.deliver();
    cluster.ticks(n(1), 2);
    assert_eq!(cluster.commits(), [2, 2, 2]);
    cluster.isolate(n(2));
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.raft(n(3)).last_index(), Index(3));
    assert_eq!(cluster.raft(n(1)).commit(), Index(2), "the learner does not count");
    cluster.isolate(n(3));
    cluster.ticks(n(3), 50);
    assert_eq!(cluster.raft(n(3)).role_kind(), RoleKind::Follower);
    let refused = cluster.at(n(1), |raft, _| raft.transfer_leader(n(3)));
    assert_eq!(refused, Err(raft_core::TransferError::Learner(n(3))));
}

/// Proves that a learner that was promoted without knowing it still votes: otherwise the cluster
/// could be without a leader for ever (etcd).
#[test]
fn a_stale_learner_must_still_vote() {
    let mut cluster = Cluster::with(2, |config| config.learners = [n(3)].into());
    let voters = [n(1), n(2)].into();
    let learner = Config { learners: [n(3)].into(), ..Config::new(n(3), voters) };
    cluster.add(learner, Stored::default());
    cluster.elect(n(1));
    cluster.isolate(n(3));
    propose(&mut cluster, 1, auto(&[AddVoter(n(3))]));
    cluster.deliver();
    assert!(cluster.raft(n(2)).configuration().is_voter(n(3)));
    assert!(cluster.raft(n(3)).configuration().is_learner(n(3)), "it does not know");
    cluster.heal();
    cluster.isolate(n(1));
    cluster.ticks(n(2), 10);
    cluster.ticks(n(3), 10);
    cluster.elect(n(2));
    assert_eq!(cluster.raft(n(2)).role_kind(), RoleKind::Leader);
    cluster.ticks(n(2), 2);
    assert!(cluster.raft(n(3)).configuration().is_voter(n(3)));
}

/// Proves that a server does not stand for election while a committed change waits to be applied:
/// it would count votes in a configuration of the past (etcd).
#[test]
fn nobody_stands_with_an_unapplied_change() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.node_mut(n(2)).sync = crate::cluster::Sync::Held;
    propose(&mut cluster, 1, auto(&[AddVoter(n(4))]));
    cluster.deliver();
    cluster.ticks(n(1), 1);
    // n2 knows that the change is committed, and its disk holds it back.
    let raft = cluster.raft(n(2));
    assert_eq!((raft.commit(), raft.last_applied()), (Index(2), Index(1)));
    cluster.isolate(n(2));
    cluster.ticks(n(2), 40);
    assert_eq!(cluster.raft(n(2)).role_kind(), RoleKind::Follower, "not yet");
    cluster.sync(n(2));
    assert_eq!(cluster.raft(n(2)).last_applied(), Index(2));
    cluster.ticks(n(2), 20);
    assert_eq!(cluster.raft(n(2)).role_kind(), RoleKind::PreCandidate, "applied: it may");
}

/// Proves that a transfer to a member that is removed meanwhile is given up (etcd).
#[test]
fn a_transfer_to_a_removed_member_is_given_up() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    propose(&mut cluster, 1, auto(&[Remove(n(3))]));
    cluster.at(n(1), |raft, _| raft.transfer_leader(n(3))).expect("still a voter");
    assert_eq!(cluster.raft(n(1)).transferee(), Some(n(3)));
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).transferee(), None);
}

/// Proves that a change of one voter may go through a joint configuration as well, and that an
/// implicit one is left without being asked (Raft §6, etcd).
#[test]
fn an_implicit_joint_configuration_is_left_by_itself() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    propose(&mut cluster, 1, change(Transition::JointImplicit, &[Remove(n(3))]));
    while !cluster.raft(n(1)).configuration().is_joint() {
        assert!(cluster.deliver_one());
    }
    let leaves = cluster.raft(n(1)).log().entries().last().expect("appended").payload.clone();
    assert_eq!(leaves, auto(&[]), "proposed as soon as it was entered");
    cluster.deliver();
    cluster.ticks(n(1), 1);
    for id in [1, 2] {
        assert_eq!(voters(&cluster, id), [1, 2]);
        assert!(!cluster.raft(n(id)).configuration().is_joint());
    }
}

/// Proves that a leader that goes replaces itself within a joint change: it counts itself while
/// the outgoing half does, hands over to the newcomer, and that one leaves the joint configuration
/// without it (Raft §6, thesis §3.10; etcd).
#[test]
fn a_leader_is_replaced_inside_a_joint_change() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    join(&mut cluster, 4, 3);
    let changes = [Remove(n(1)), AddVoter(n(4))];
    propose(&mut cluster, 1, change(Transition::JointExplicit, &changes));
    cluster.deliver();
    cluster.ticks(n(1), 2);
    assert!(cluster.raft(n(4)).configuration().is_joint());
    // n1 and n2 are a majority of the old half, n2 and n4 one of the new.
    cluster.isolate(n(3));
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).commit(), cluster.raft(n(1)).last_index());
    cluster.at(n(1), |raft, _| raft.transfer_leader(n(4))).expect("a voter of the new half");
    cluster.deliver();
    assert_eq!(cluster.raft(n(4)).role_kind(), RoleKind::Leader);
    cluster.heal();
    cluster.ticks(n(4), 2);
    propose(&mut cluster, 4, auto(&[]));
    cluster.deliver();
    cluster.ticks(n(4), 2);
    for id in [2, 3, 4] {
        assert_eq!(voters(&cluster, id), [2, 3, 4]);
        assert!(!cluster.raft(n(id)).configuration().is_joint());
    }
    assert!(!cluster.raft(n(4)).configuration().contains(n(1)));
    assert!(cluster.broken().is_none(), "{:?}", cluster.broken());
}

/// Proves that a new leader leaves the joint configuration that the one before it has entered,
/// without being asked (Raft §6, etcd).
#[test]
fn a_new_leader_finishes_a_joint_change() {
    let mut cluster = Cluster::new(4);
    cluster.elect(n(1));
    propose(&mut cluster, 1, auto(&[Remove(n(1)), Remove(n(4))]));
    // Everybody enters, and n1 dies before anybody hears that it leaves.
    let leaves = |message: &raft_core::Message| match &message.body {
        raft_core::Body::AppendEntries { entries, .. } => {
            entries.iter().any(|entry| entry.payload == auto(&[]))
        }
        _ => false,
    };
    cluster.deliver_but(leaves);
    cluster.tick(n(1));
    cluster.deliver_but(leaves);
    assert!(cluster.raft(n(2)).configuration().is_joint());
    cluster.crash(n(1));
    for id in [2, 3, 4] {
        (0..10).for_each(|_| cluster.tick(n(id)));
        cluster.mail.clear();
    }
    cluster.isolate(n(4));
    cluster.elect(n(2));
    assert_eq!(cluster.raft(n(2)).role_kind(), RoleKind::PreCandidate, "two of the old four");
    cluster.heal();
    cluster.elect(n(2));
    cluster.ticks(n(2), 3);
    for id in [2, 3] {
        assert_eq!(voters(&cluster, id), [2, 3]);
        assert!(!cluster.raft(n(id)).configuration().is_joint());
    }
}

/// Proves that servers that were removed do not disturb those that stay: voters that hear from
/// their leader ignore them (Raft §6, thesis §4.2.3).
#[test]
fn a_removed_server_disturbs_nobody() {
    for pre_vote in [true, false] {
        let mut cluster = Cluster::with(3, |config| {
            if !pre_vote {
                config.rules = config.rules.without(Rule::PreVote);
            }
        });
        cluster.elect(n(1));
        // n3 does not hear that it was removed.
        cluster.cut = [(n(1), n(3)), (n(2), n(3))].into();
        propose(&mut cluster, 1, auto(&[Remove(n(3))]));
        cluster.deliver();
        cluster.pass(200);
        assert_ne!(cluster.raft(n(3)).role_kind(), RoleKind::Follower, "it stands again and again");
        assert_eq!(cluster.raft(n(1)).role_kind(), RoleKind::Leader);
        assert_eq!(cluster.raft(n(2)).term(), Term(1));
    }
}

/// Proves that a voter that comes with an empty log holds nothing up if it comes as a learner
/// first: it catches up before it counts (thesis §4.2.1).
#[test]
fn a_newcomer_catches_up_as_a_learner() {
    let mut cluster = Cluster::new(2);
    cluster.elect(n(1));
    for text in ["a", "b", "c"] {
        cluster.propose(n(1), text);
    }
    cluster.deliver();
    join(&mut cluster, 3, 2);
    propose(&mut cluster, 1, auto(&[AddLearner(n(3))]));
    cluster.deliver();
    assert!(cluster.raft(n(1)).commit() == Index(5), "committed by the two, at once");
    cluster.ticks(n(1), 2);
    assert_eq!(cluster.progress(n(1), n(3)).match_index, Index(5));
    propose(&mut cluster, 1, auto(&[AddVoter(n(3))]));
    cluster.deliver();
    cluster.ticks(n(1), 1);
    cluster.isolate(n(2));
    cluster.propose(n(1), "d");
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).commit(), Index(7), "it counts at once");
}
