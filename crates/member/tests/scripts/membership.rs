//! Members that come and go (thesis §4; etcd `server/etcdserver/server.go`).

use member::Consistency::Linearizable;
use member::{MemberId, MemberRequest, Micros, Request, RequestId, Seat};
use raft_core::{Body, Campaign, Index, Message, NodeId, Term};

use crate::loopback::{Loopback, N1, N2, N3};

const N4: NodeId = NodeId(4);
const N5: NodeId = NodeId(5);
const SECOND: Micros = Micros::from_secs(1);
const HEALED: Micros = Micros::from_secs(6);

fn ask(cluster: &mut Loopback, node: NodeId, request: MemberRequest) -> RequestId {
    cluster.ask(node, Request::Member(request))
}

fn add(cluster: &mut Loopback, node: NodeId, seat: Seat) -> String {
    let id = ask(cluster, N1, MemberRequest::Add(node, seat));
    cluster.text(id)
}

fn remove(cluster: &mut Loopback, at: NodeId, node: NodeId) -> String {
    let id = ask(cluster, at, MemberRequest::Remove(MemberId::of(node)));
    cluster.text(id)
}

fn list(cluster: &mut Loopback, at: NodeId) -> String {
    let id = ask(cluster, at, MemberRequest::List);
    cluster.text(id)
}

#[test]
fn a_member_is_added_started_and_serves() {
    // Proves the whole way of a new member: in the list at once, its name told once it runs, its
    // store filled from the log, its vote counted.
    let mut cluster = Loopback::with_leader(3);
    cluster.put(N1, "name", "john");
    assert_eq!(add(&mut cluster, N4, Seat::Voter), "n1 n2 n3 n4(unstarted)");
    assert_eq!(cluster.member(N1).raft().quorum_size(), 3);
    cluster.start(N4);
    cluster.run_for(SECOND);
    assert_eq!(list(&mut cluster, N2), "n1 n2 n3 n4");
    let read = cluster.read(N4, "name", Linearizable);
    assert_eq!(cluster.text(read), "john");
    // With n3 gone, n4 is needed.
    cluster.crash(N3, 0);
    let write = cluster.put(N4, "name", "joe");
    assert_eq!(cluster.text(write), "OK");
    cluster.crash(N4, 0);
    let write = cluster.put(N1, "name", "jim");
    assert_eq!(cluster.text(write), "waits", "two of four are no quorum");
}

#[test]
fn a_member_that_restarts_is_still_known_by_name() {
    // Proves that a name is told once: not again after a restart, from the log or from a snapshot.
    let mut cluster = Loopback::with_leader(3);
    cluster.snapshot_count = 2;
    add(&mut cluster, N4, Seat::Voter);
    cluster.start(N4);
    cluster.run_for(SECOND);
    for round in 0..5 {
        cluster.put(N1, "round", &round.to_string());
    }
    cluster.crash(N4, 0);
    cluster.run_for(SECOND);
    cluster.start(N4);
    cluster.run_for(SECOND);
    let last = cluster.member(N1).raft().last_index();
    cluster.run_for(Micros::from_secs(20));
    assert_eq!(cluster.member(N4).raft().last_index(), last, "nothing more was proposed");
    assert_eq!(list(&mut cluster, N4), "n1 n2 n3 n4");
}

#[test]
fn a_learner_is_promoted_when_it_has_caught_up() {
    // Proves that the leader refuses before, that a follower does not decide, that one learner is
    // enough, and that a voter cannot be promoted.
    let mut cluster = Loopback::with_leader(3);
    for round in 0..40 {
        cluster.put(N1, "round", &round.to_string());
    }
    assert_eq!(add(&mut cluster, N4, Seat::Learner), "n1 n2 n3 n4(unstarted,learner)");
    let one_more = add(&mut cluster, N5, Seat::Learner);
    assert_eq!(one_more, "etcdserver: too many learner members in cluster");
    let promote = |cluster: &mut Loopback, at, node| {
        let id = ask(cluster, at, MemberRequest::Promote(MemberId::of(node)));
        cluster.text(id)
    };
    let early = promote(&mut cluster, N1, N4);
    let text = "etcdserver: can only promote a learner member which is in sync with leader";
    assert_eq!(early, text);
    cluster.start(N4);
    cluster.run_for(SECOND);
    assert_eq!(promote(&mut cluster, N2, N4), "etcdserver: ask the leader");
    assert_eq!(promote(&mut cluster, N1, N4), "n1 n2 n3 n4");
    let again = promote(&mut cluster, N1, N4);
    assert_eq!(again, "etcdserver: can only promote a learner member");
}

#[test]
fn a_removed_member_stops_and_never_comes_back() {
    // Proves that a member that missed its removal is told by whomever it talks to, that nobody
    // hears it any more, and that its id is gone for ever.
    let mut cluster = Loopback::with_leader(3);
    cluster.isolated.insert(N3);
    assert_eq!(remove(&mut cluster, N1, N3), "n1 n2");
    assert_eq!(list(&mut cluster, N2), "n1 n2");
    let term = cluster.member(N1).raft().term();
    cluster.run_for(Micros::from_secs(5));
    assert!(cluster.runs(N3), "it does not know yet");
    cluster.isolated.clear();
    cluster.run_for(Micros::from_secs(5));
    assert!(!cluster.runs(N3));
    assert_eq!(cluster.member(N1).raft().term(), term, "it disturbed nobody");
    assert_eq!(remove(&mut cluster, N1, N3), "etcdserver: member not found");
    assert_eq!(add(&mut cluster, N3, Seat::Voter), "etcdserver: member not found");
    // Nor would the loudest of its messages.
    let (last_index, last_term) = (Index(99), Term(99));
    let body = Body::RequestVote { last_index, last_term, campaign: Campaign::Transfer };
    cluster.carry(Message { from: N3, to: N1, term: Term(99), body });
    assert_eq!(cluster.member(N1).raft().term(), term);
    // Its old disk does not help either.
    cluster.start(N3);
    cluster.run_for(Micros::from_secs(5));
    assert!(!cluster.runs(N3));
}

#[test]
fn a_removed_member_that_restarts_takes_its_time_too() {
    // Proves that the second counts from the restart, in which the removal is applied again: others
    // who do not know of it yet may need its vote.
    let mut cluster = Loopback::with_leader(3);
    assert_eq!(remove(&mut cluster, N1, N3), "n1 n2");
    cluster.run_for(Micros::from_millis(500));
    cluster.crash(N3, 0);
    cluster.start(N3);
    cluster.run_for(Micros::from_millis(900));
    assert!(cluster.runs(N3));
    cluster.run_for(Micros::from_millis(100));
    assert!(!cluster.runs(N3));
}

#[test]
fn a_member_whose_snapshot_knows_of_its_removal_stops() {
    // Proves that it stops by itself: it is nobody's voter, says nothing, and so hears nothing.
    let mut cluster = Loopback::new(3);
    cluster.snapshot_count = 1;
    [N1, N2, N3].into_iter().for_each(|node| cluster.start(node));
    cluster.run_for(Micros::from_secs(2));
    assert_eq!(remove(&mut cluster, N1, N3), "n1 n2");
    cluster.put(N1, "name", "john");
    cluster.put(N1, "name", "joe");
    cluster.crash(N3, 0);
    // All that n1 has had reached n3 in the end, before that.
    let disk = cluster.disks[&N1].clone();
    assert!(disk.snapshot.as_ref().is_some_and(|it| !it.config.contains(N3)));
    cluster.disks.insert(N3, disk);
    cluster.start(N3);
    cluster.run_for(SECOND);
    assert!(!cluster.runs(N3));
}

#[test]
fn a_leader_hands_over_before_its_removal_takes_it_out() {
    // Proves that the cluster has a new leader within a tick, without waiting for an election
    // timeout, whoever was asked; that the old one stops a second later; and that writes go on.
    for at in [N1, N2] {
        let mut cluster = Loopback::with_leader(3);
        let removed = ask(&mut cluster, at, MemberRequest::Remove(MemberId::of(N1)));
        assert_eq!(cluster.text(removed), "n2 n3", "asked at {at}");
        cluster.run_for(Micros::from_millis(100));
        assert!(cluster.leader().is_some_and(|leader| leader != N1), "asked at {at}");
        let write = cluster.put(N2, "name", "john");
        assert_eq!(cluster.text(write), "OK");
        cluster.run_for(SECOND);
        assert!(!cluster.runs(N1));
    }
}

#[test]
fn changes_are_refused_in_bad_health() {
    // Proves etcd's strict check: nobody is added while a member is away or only just back; one
    // that is away may be removed, which mends it.
    let mut cluster = Loopback::with_leader(3);
    cluster.crash(N3, 0);
    cluster.run_for(SECOND);
    assert_eq!(add(&mut cluster, N4, Seat::Voter), "etcdserver: unhealthy cluster");
    assert_eq!(remove(&mut cluster, N1, N2), "etcdserver: unhealthy cluster");
    cluster.start(N3);
    cluster.run_for(SECOND);
    assert_eq!(add(&mut cluster, N4, Seat::Voter), "etcdserver: unhealthy cluster");
    cluster.run_for(HEALED);
    assert_eq!(add(&mut cluster, N4, Seat::Voter), "n1 n2 n3 n4(unstarted)");
    // n4 is not there yet.
    assert_eq!(add(&mut cluster, N5, Seat::Voter), "etcdserver: unhealthy cluster");
    assert_eq!(remove(&mut cluster, N1, N4), "n1 n2 n3");
    assert_eq!(add(&mut cluster, N5, Seat::Voter), "n1 n2 n3 n5(unstarted)");
}

#[test]
fn without_a_quorum_a_change_waits_for_as_long_as_its_client() {
    // Proves that a change has no deadline of the server's own, and that one that its client gave
    // up before there was a leader is not proposed any more.
    let mut cluster = Loopback::with_leader(3);
    cluster.crash(N2, 0);
    let waits = ask(&mut cluster, N1, MemberRequest::Remove(MemberId::of(N2)));
    assert_eq!(cluster.text(waits), "n1 n3");
    cluster.crash(N3, 0);
    cluster.run_for(HEALED);
    let waits = ask(&mut cluster, N1, MemberRequest::Remove(MemberId(7)));
    cluster.run_for(Micros::from_secs(60));
    assert_eq!(cluster.text(waits), "waits");
    let now = cluster.now;
    cluster.member_mut(N1).cancel(waits);
    cluster.start(N3);
    cluster.run_for(HEALED);
    assert!(cluster.now > now && cluster.answer(waits).is_none());
    assert_eq!(list(&mut cluster, N1), "n1 n3");
}

#[test]
fn a_change_that_is_doubled_on_its_way_counts_once() {
    // Proves that a second copy of a forwarded change has no effect and no answer.
    let mut cluster = Loopback::with_leader(3);
    cluster.doubled = true;
    let added = ask(&mut cluster, N2, MemberRequest::Add(N4, Seat::Voter));
    cluster.run_for(SECOND);
    assert_eq!(cluster.text(added), "n1 n2 n3 n4(unstarted)");
    assert_eq!(list(&mut cluster, N3), "n1 n2 n3 n4(unstarted)");
}

#[test]
fn a_member_that_is_added_after_the_log_was_cut_gets_a_snapshot_with_itself_in_it() {
    // Proves that a snapshot is sent as of now: the one that was made before the member was added
    // does not name it, and it would refuse it for ever (found by the fuzzer).
    let mut cluster = Loopback::new(1);
    cluster.snapshot_count = 2;
    cluster.start(N1);
    cluster.run_for(Micros::from_secs(2));
    for round in 0..6 {
        cluster.put(N1, "round", &round.to_string());
    }
    assert!(cluster.member(N1).raft().log().first_index().0 > 1, "the log was cut");
    add(&mut cluster, N2, Seat::Voter);
    cluster.start(N2);
    cluster.run_for(Micros::from_secs(3));
    assert_eq!(list(&mut cluster, N2), "n1 n2");
    let read = cluster.read(N2, "round", Linearizable);
    assert_eq!(cluster.text(read), "5");
}
