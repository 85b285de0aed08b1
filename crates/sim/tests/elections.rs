//! Leaders: elected, lost, cut off.

mod common;

use common::{begin, call, cluster, elect, get, put, run_for, until, values};
use sim::member::raft_core::{NodeId, RoleKind};
use sim::member::{Micros, ServerError};
use sim::{Action, CallError, LinkChange, Outcome, Settings};

/// A leader is elected within 5 s in clusters of every size, with many seeds.
#[test]
fn a_leader_is_elected() {
    for nodes in 1..=7 {
        for seed in 0..40 {
            let mut cluster = cluster(nodes, seed);
            elect(&mut cluster);
            assert_eq!(cluster.violation(), None, "{nodes} nodes, seed {seed}");
        }
    }
}

/// A leader that nobody disturbs leads on.
#[test]
fn an_undisturbed_leader_stays() {
    let mut cluster = cluster(5, 3);
    let leader = elect(&mut cluster);
    let term = cluster.node(leader).state().term;
    run_for(&mut cluster, Micros::from_secs(60));
    assert_eq!(cluster.leader(), Some(leader));
    assert_eq!(cluster.node(leader).state().term, term);
}

/// A write that was acknowledged is read from the new leader after the old one has crashed.
#[test]
fn a_write_survives_the_crash_of_the_leader() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let written = call(&mut cluster, put("name", "john"), &[1, 2, 3]);
    assert!(matches!(written, Outcome::Ok { .. }), "{written:?}");
    cluster.act(Action::Crash(leader)).expect("it runs");
    let next = until(&mut cluster, Micros::from_secs(5), |cluster| cluster.leader().is_some());
    assert!(next, "two of three elect a leader");
    assert_ne!(cluster.leader(), Some(leader));
    let read = call(&mut cluster, get("name"), &[1, 2, 3]);
    assert_eq!(values(&read), ["john"]);
}

/// CheckQuorum (thesis §6.2): a leader that is cut off steps down, and the others elect another.
#[test]
fn an_isolated_leader_steps_down() {
    let mut cluster = cluster(5, 2);
    let old = elect(&mut cluster);
    cluster.act(Action::Isolate(old)).expect("it exists");
    assert_eq!(cluster.leader(), None, "it still leads, but reaches no quorum");
    run_for(&mut cluster, Micros::from_secs(5));
    assert_ne!(cluster.node(old).state().role, Some(RoleKind::Leader));
    assert!(cluster.leader().is_some_and(|leader| leader != old));
    cluster.act(Action::HealAll).expect("always");
    run_for(&mut cluster, Micros::from_secs(5));
    assert_eq!(cluster.node(old).state().leader, cluster.leader(), "the old one follows");
}

/// A minority cannot commit: its client hears nothing, and its write is not there after the heal.
#[test]
fn a_minority_cannot_commit() {
    let mut cluster = cluster(5, 4);
    let old = elect(&mut cluster);
    let friend = cluster.follower().expect("five run");
    cluster.act(Action::Partition(vec![vec![old, friend]])).expect("both exist");
    let lost = begin(&mut cluster, put("k", "minority"), &[old.0], Micros::from_secs(5));
    run_for(&mut cluster, Micros::from_secs(6));
    assert!(
        matches!(cluster.outcome(lost), Some(Outcome::Unknown(_))),
        "{:?}",
        cluster.outcome(lost)
    );
    let leader = cluster.leader().expect("three of five elect a leader");
    let kept = call(&mut cluster, put("k", "majority"), &[leader.0]);
    assert!(matches!(kept, Outcome::Ok { .. }), "{kept:?}");
    cluster.act(Action::HealAll).expect("always");
    run_for(&mut cluster, Micros::from_secs(5));
    let read = call(&mut cluster, get("k"), &[old.0]);
    assert_eq!(values(&read), ["majority"]);
    assert!(common::agree(&cluster));
}

/// Design §2: a leader of a lower term is not *the* leader while a higher term is running, nor is
/// one whose links are open one way only.
#[test]
fn the_leader_reaches_a_quorum_both_ways() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let others: Vec<NodeId> = cluster.settings().node_ids().filter(|id| *id != leader).collect();
    let mut change = |from, to, change| {
        cluster.act(Action::SetLink { from, to, change }).expect("the link exists");
        cluster.leader()
    };
    assert_eq!(change(others[0], leader, LinkChange::Cut), Some(leader));
    assert_eq!(change(leader, others[1], LinkChange::Clog), None, "each way to one only");
    assert_eq!(change(leader, others[1], LinkChange::Unclog), Some(leader));
    cluster.act(Action::Pause(others[1])).expect("it runs");
    assert_eq!(cluster.leader(), None, "a paused node is not running");
    assert_eq!(cluster.follower().map(|id| id == leader || id == others[0]), Some(true));
}

/// Without CheckQuorum and PreVote elections work as well.
#[test]
fn elections_without_check_quorum_and_pre_vote() {
    for seed in 0..20 {
        let settings = Settings {
            nodes: 5,
            seed,
            check_quorum: false,
            pre_vote: false,
            ..Settings::default()
        };
        let mut cluster = sim::Cluster::new(settings);
        let leader = elect(&mut cluster);
        cluster.act(Action::Crash(leader)).expect("it runs");
        elect(&mut cluster);
        assert_eq!(cluster.violation(), None, "seed {seed}");
    }
}

/// Leadership goes where it is asked to go (thesis §3.10).
#[test]
fn leadership_is_transferred() {
    let mut cluster = cluster(3, 5);
    let old = elect(&mut cluster);
    let new = cluster.settings().node_ids().find(|id| *id != old).expect("there are three");
    run_for(&mut cluster, Micros::from_secs(1));
    cluster.act(Action::Transfer(new)).expect("there is a leader");
    let done = until(&mut cluster, Micros::from_secs(2), |cluster| cluster.leader() == Some(new));
    assert!(done, "{new} does not lead");
}

/// With nobody to reach, a call was never sent: it fails when its time is over.
#[test]
fn a_call_that_was_never_sent_fails() {
    let mut cluster = cluster(3, 1);
    elect(&mut cluster);
    for node in [1, 2, 3].map(NodeId) {
        cluster.act(Action::Crash(node)).expect("it runs");
    }
    let outcome = call(&mut cluster, put("k", "v"), &[1, 2, 3]);
    assert_eq!(outcome, Outcome::Failed(CallError::DeadlineExceeded));
    // Once a server is back, a retry finds it.
    let id = begin(&mut cluster, put("k", "v"), &[1, 2, 3], Micros::from_secs(20));
    run_for(&mut cluster, Micros::from_secs(1));
    for node in [1, 2, 3].map(NodeId) {
        cluster.act(Action::Restart(node)).expect("it is down");
    }
    run_for(&mut cluster, Micros::from_secs(15));
    assert!(matches!(cluster.outcome(id), Some(Outcome::Ok { .. })), "{:?}", cluster.outcome(id));
}

/// A server that dies with a write under way leaves its client in doubt; a read is asked again, of
/// the next server, until the client's time is up.
#[test]
fn the_crash_of_a_server_hangs_up() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let others: Vec<u8> = (1..=3).filter(|node| *node != leader.0).collect();
    let alone = [leader.0];
    let write = begin(&mut cluster, put("k", "v"), &alone, Micros::from_secs(5));
    let lonely = begin(&mut cluster, get("k"), &alone, Micros::from_secs(5));
    let anywhere = [leader.0, others[0], others[1]];
    let read = begin(&mut cluster, get("k"), &anywhere, Micros::from_secs(5));
    run_for(&mut cluster, Micros::from_millis(5));
    cluster.act(Action::Crash(leader)).expect("it runs");
    run_for(&mut cluster, Micros::from_millis(5));
    let lost = "rpc error: code = Unavailable desc = error reading from server: EOF".to_owned();
    assert_eq!(cluster.outcome(write), Some(&Outcome::Unknown(CallError::Unavailable(lost))));
    assert_eq!(cluster.outcome(lonely), None, "it is still asked");
    run_for(&mut cluster, Micros::from_secs(5));
    assert_eq!(cluster.outcome(lonely), Some(&Outcome::Failed(CallError::DeadlineExceeded)));
    assert!(matches!(cluster.outcome(read), Some(Outcome::Ok { .. })), "a new leader answers");
}

/// A server gives a write up after 7 s and says so; a read that it gives up is asked again, until
/// the client's time is up.
#[test]
fn a_read_outlasts_the_servers_patience() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    for node in (1..=3).map(NodeId).filter(|node| *node != leader) {
        cluster.act(Action::Crash(node)).expect("it runs");
    }
    let write = begin(&mut cluster, put("k", "v"), &[leader.0], Micros::from_secs(30));
    let read = begin(&mut cluster, get("k"), &[leader.0], Micros::from_secs(30));
    run_for(&mut cluster, Micros::from_millis(29_900));
    let server = CallError::Server(ServerError::RequestTimedOut);
    assert_eq!(cluster.outcome(write), Some(&Outcome::Unknown(server)));
    assert_eq!(cluster.outcome(read), None);
    run_for(&mut cluster, Micros::from_millis(200));
    assert_eq!(cluster.outcome(read), Some(&Outcome::Failed(CallError::DeadlineExceeded)));
}

/// Ctrl-C: a write that is under way is in doubt; the server hears of it; a call ends once only.
#[test]
fn an_interrupted_write_is_in_doubt() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let id = begin(&mut cluster, put("k", "v"), &[leader.0], Micros::from_secs(5));
    run_for(&mut cluster, Micros::from_millis(3));
    assert!(cluster.cancel(id).is_some());
    assert_eq!(cluster.outcome(id), Some(&Outcome::Unknown(CallError::Canceled)));
    assert!(cluster.cancel(id).is_none());
    run_for(&mut cluster, Micros::from_secs(6));
    assert_eq!(cluster.history().len(), 2);
}
