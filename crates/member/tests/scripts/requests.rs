//! What a client sees of one to three members.

use crate::loopback::{Loopback, N1, N2, N3, delete, put};
use kv_core::{Bytes, DeleteRangeRequest, PutRequest, RangeRequest, Revision, Store};
use member::Consistency::{Linearizable, Serializable};
use member::{MAX_REQUEST_BYTES, Member, Micros, Request, RequestId, ServerError};
use raft_core::{Body, Message, MessageKind, Payload, ReadContext, RoleKind, Stored, Term};

const SECOND: Micros = Micros::from_secs(1);

fn hashes(cluster: &Loopback) -> Vec<u64> {
    [N1, N2, N3].map(|node| cluster.member(node).store().hash()).to_vec()
}

#[test]
fn a_single_member_serves_writes_and_reads() {
    // Proves the whole way round without a network: quorum 1.
    let mut cluster = Loopback::with_leader(1);
    let write = cluster.put(N1, "name", "john");
    let read = cluster.read(N1, "name", Linearizable);
    assert_eq!([cluster.text(write), cluster.text(read)], ["OK", "john"]);
    let gone = cluster.ask(N1, delete(""));
    let none = cluster.ask(N1, delete(""));
    assert_eq!([cluster.text(gone), cluster.text(none)], ["1", "0"]);
    assert_eq!(cluster.member(N1).store().revision(), Revision(3));
}

#[test]
fn a_follower_answers_what_it_was_asked() {
    // Proves forwarding (the answer comes from the follower) and reading the write elsewhere.
    let mut cluster = Loopback::with_leader(3);
    let write = cluster.put(N2, "name", "john");
    assert_eq!(cluster.answer(write).map(|(_, node, _)| *node), Some(N2));
    assert!(cluster.sent.contains(&MessageKind::Propose));
    let read = cluster.read(N3, "name", Linearizable);
    assert_eq!([cluster.text(write), cluster.text(read)], ["OK", "john"]);
    assert_eq!(cluster.answer(read).map(|(_, node, _)| *node), Some(N3));
}

#[test]
fn without_a_leader_requests_wait() {
    // Proves that nothing fails at once: writes and reads that come before the first election are
    // served by it, in their order.
    let mut cluster = Loopback::new(3);
    let first = cluster.put(N3, "k", "1");
    let second = cluster.put(N3, "k", "2");
    let read = cluster.read(N2, "other", Linearizable);
    assert_eq!(cluster.text(first), "waits");
    cluster.run_for(Micros::from_millis(2500));
    let waited = [cluster.text(first), cluster.text(second), cluster.text(read)];
    assert_eq!(waited, ["OK", "OK", "missing"]);
    let now = cluster.read(N1, "k", Linearizable);
    assert_eq!(cluster.text(now), "2");
}

#[test]
fn an_isolated_member_answers_only_serializable_reads() {
    // Proves stale reads at once, and that a linearizable one ends after 7.0 s with etcd's text.
    let mut cluster = Loopback::with_leader(3);
    cluster.put(N1, "k", "old");
    cluster.run_for(SECOND);
    cluster.isolated.insert(N3);
    cluster.put(N1, "k", "new");
    let (fresh, stale) = (cluster.read(N3, "k", Linearizable), cluster.read(N3, "k", Serializable));
    let asked = cluster.now;
    assert_eq!([cluster.text(fresh), cluster.text(stale)], ["waits", "old"]);
    cluster.run_for(Micros::from_secs(8));
    assert_eq!(cluster.text(fresh), "etcdserver: request timed out");
    let at = cluster.answer(fresh).map(|(at, _, _)| *at);
    assert_eq!(at, Some(asked + Micros::from_secs(7)));
}

#[test]
fn a_read_that_waits_is_answered_after_healing() {
    // Proves the repeated question (every 500 ms): the first ones were lost.
    let mut cluster = Loopback::with_leader(3);
    cluster.put(N1, "k", "v");
    cluster.isolated.insert(N3);
    let read = cluster.read(N3, "k", Linearizable);
    cluster.run_for(Micros::from_millis(200));
    cluster.isolated.clear();
    let asked = cluster.now - Micros::from_millis(200);
    cluster.run_for(SECOND);
    assert_eq!(cluster.text(read), "v");
    let at = cluster.answer(read).map(|(at, _, _)| *at);
    assert_eq!(at, Some(asked + Micros::from_millis(500)));
}

#[test]
fn the_two_texts_of_a_write_that_ran_out_of_time() {
    // Proves etcd-notes, "Without quorum": 7.0 s, and the text says whether it was proposed.
    let mut cluster = Loopback::with_leader(3);
    cluster.run_for(SECOND);
    cluster.crash(N2, 0);
    cluster.crash(N3, 0);
    let asked = cluster.now;
    let proposed = cluster.put(N1, "k", "1");
    cluster.run_for(Micros::from_secs(5));
    assert_ne!(cluster.member(N1).raft().role_kind(), RoleKind::Leader, "CheckQuorum");
    let held = cluster.put(N1, "k", "2");
    let held_at = cluster.now;
    cluster.run_for(Micros::from_secs(8));
    assert_eq!(cluster.text(proposed), "etcdserver: request timed out");
    assert_eq!(cluster.text(held), "context deadline exceeded");
    let at = |id: RequestId| cluster.answer(id).map(|(at, _, _)| *at);
    assert_eq!(at(proposed), Some(asked + Micros::from_secs(7)));
    assert_eq!(at(held), Some(held_at + Micros::from_secs(7)));
    let unknown = |id| match cluster.answer(id) {
        Some((_, _, Err(error))) => error.leaves_write_unknown(),
        _ => panic!("not an error"),
    };
    assert_eq!([unknown(proposed), unknown(held)], [true, false]);
}

#[test]
fn a_restart_replays_to_the_same_store() {
    // Proves that the disk holds all that was acknowledged: same hash after a restart of all.
    let mut cluster = Loopback::with_leader(3);
    for step in 0..20 {
        cluster.put([N1, N2, N3][step % 3], &format!("k{}", step % 7), &step.to_string());
    }
    cluster.ask(N2, delete("k3"));
    cluster.run_for(SECOND);
    let before = hashes(&cluster);
    assert_eq!(before, vec![before[0]; 3]);
    for node in [N1, N2, N3] {
        cluster.crash(node, 0);
    }
    for node in [N1, N2, N3] {
        cluster.start(node);
    }
    cluster.run_for(Micros::from_secs(3));
    assert_eq!(hashes(&cluster), before);
    let write = cluster.put(N3, "k", "after");
    assert_eq!(cluster.text(write), "OK", "the names of the new start's proposals are new");
}

#[test]
fn what_was_not_synced_is_not_acknowledged() {
    // Proves that an answer waits for a quorum of disks, and that a torn write harms nobody.
    for torn in 0..3 {
        let mut cluster = Loopback::with_leader(3);
        let kept = cluster.put(N1, "kept", "1");
        cluster.stall_disk(N2);
        cluster.stall_disk(N3);
        let lost = cluster.put(N1, "k", "1");
        assert_eq!([cluster.text(kept), cluster.text(lost)], ["OK", "waits"]);
        cluster.crash(N2, torn);
        cluster.crash(N3, torn);
        cluster.start(N2);
        cluster.start(N3);
        cluster.run_for(Micros::from_secs(4));
        // n1's log was the longest, or n2's as long: either way the write survives on a quorum.
        let read = cluster.read(N3, "k", Linearizable);
        assert_eq!([cluster.text(lost), cluster.text(read)], ["OK", "1"], "torn {torn}");
        let all = hashes(&cluster);
        assert_eq!(all, vec![all[0]; 3]);
    }
}

#[test]
fn an_overwritten_proposal_is_never_acknowledged() {
    // Proves that an answer follows the request's own entry, not its place in the log.
    let mut cluster = Loopback::with_leader(3);
    cluster.isolated.insert(N1);
    let lost = cluster.put(N1, "k", "lost");
    cluster.run_for(Micros::from_millis(3500));
    assert_ne!(cluster.leader(), Some(N1));
    let won = cluster.put(N2, "k", "won");
    assert_eq!(cluster.text(won), "OK");
    cluster.isolated.clear();
    cluster.run_for(Micros::from_millis(1000));
    assert_eq!(cluster.member(N1).store().revision(), Revision(2), "the old leader follows");
    cluster.run_for(Micros::from_secs(5));
    assert_eq!(cluster.text(lost), "etcdserver: request timed out");
    let all = hashes(&cluster);
    assert_eq!(all, vec![all[0]; 3]);
}

#[test]
fn doubled_messages_apply_nothing_twice() {
    // Proves that a forwarded proposal which arrives twice is one put: version and revision say so.
    let mut cluster = Loopback::with_leader(3);
    cluster.doubled = true;
    for step in 0..10 {
        let write = cluster.put(N2, "k", &step.to_string());
        assert_eq!(cluster.text(write), "OK");
    }
    let entries = cluster.member(N1).raft().log().entries();
    let normal = entries.iter().filter(|entry| matches!(entry.payload, Payload::Normal(_)));
    assert!(normal.count() > 10, "the log does hold second copies, else this proves nothing");
    let store = cluster.member(N3).store();
    let kv = store.range(&RangeRequest::key("k")).expect("reads").kvs.remove(0);
    assert_eq!((kv.version, store.revision()), (10, Revision(11)));
    let all = hashes(&cluster);
    assert_eq!(all, vec![all[0]; 3]);
}

#[test]
fn reads_that_wait_share_a_question() {
    // Proves batching: reads that come while a question is open are all put to the next one.
    let mut cluster = Loopback::with_leader(3);
    cluster.put(N1, "k", "v");
    cluster.isolated.insert(N3);
    let reads: Vec<RequestId> = (0..10).map(|_| cluster.read(N3, "k", Linearizable)).collect();
    cluster.isolated.clear();
    cluster.sent.clear();
    cluster.run_for(Micros::from_millis(600));
    assert!(reads.iter().all(|read| cluster.text(*read) == "v"));
    let questions = cluster.sent.iter().filter(|kind| **kind == MessageKind::ReadIndex).count();
    assert_eq!(questions, 2, "one repeated, one for the nine others");
}

#[test]
fn a_read_survives_the_leader() {
    // Proves that an open question is put to the new leader, where etcd's client would ask again.
    let mut cluster = Loopback::with_leader(3);
    cluster.put(N1, "k", "v");
    cluster.crash(N1, 0);
    let read = cluster.read(N3, "k", Linearizable);
    assert_eq!(cluster.text(read), "waits");
    cluster.run_for(Micros::from_secs(4));
    assert_eq!(cluster.text(read), "v");
}

#[test]
fn bad_requests_are_refused_at_once() {
    // Proves what needs no leader to be wrong, and the size limit to the byte.
    let mut cluster = Loopback::new(3);
    let empty = cluster.put(N1, "", "v");
    let nothing =
        cluster.ask(N1, Request::Range { range: RangeRequest::key(""), consistency: Linearizable });
    let text = "etcdserver: key is not provided";
    assert_eq!([cluster.text(empty), cluster.text(nothing)], [text, text]);

    let sized = |value: usize| Request::Put(PutRequest::new("k", Bytes::from(vec![b'x'; value])));
    let large = MAX_REQUEST_BYTES as usize;
    let (fits, too_large) = (cluster.ask(N1, sized(large - 100)), cluster.ask(N1, sized(large)));
    assert_eq!(cluster.text(fits), "waits");
    assert_eq!(cluster.text(too_large), "etcdserver: request is too large");
    assert_eq!(MAX_REQUEST_BYTES, 1_572_864);
}

#[test]
fn errors_of_the_store_come_back_through_the_log() {
    // Proves that a refusal at apply time reaches the client, and changes no member.
    let mut cluster = Loopback::with_leader(3);
    let keep = PutRequest { ignore_value: true, ..PutRequest::new("missing", "") };
    let refused = cluster.ask(N2, Request::Put(keep));
    assert_eq!(cluster.text(refused), "etcdserver: key not found");
    assert_eq!(cluster.member(N1).store().revision(), Revision(1));
    let read = cluster.ask(
        N2,
        Request::Range { range: RangeRequest::key("k").at(Revision(5)), consistency: Linearizable },
    );
    assert_eq!(cluster.text(read), "etcdserver: mvcc: required revision is a future revision");
}

#[test]
fn a_cancelled_request_is_not_answered_and_a_held_one_not_proposed() {
    // Proves what a client that goes away leaves behind: nothing, where there was no leader.
    let mut cluster = Loopback::new(3);
    let (held, stays) = (cluster.put(N1, "held", "1"), cluster.put(N1, "stays", "1"));
    let read = cluster.read(N1, "held", Linearizable);
    cluster.member_mut(N1).cancel(held);
    cluster.member_mut(N1).cancel(read);
    cluster.run_for(Micros::from_secs(10));
    assert_eq!([held, stays, read].map(|id| cluster.text(id)), ["waits", "OK", "waits"]);
    let after = cluster.read(N1, "held", Linearizable);
    assert_eq!(cluster.text(after), "missing");
    assert_eq!(cluster.member(N1).next_deadline(), None);
}

#[test]
fn leadership_is_handed_over() {
    // Proves transfer to a voter, its errors, and that a leader that hands over drops proposals.
    let mut cluster = Loopback::with_leader(3);
    let now = cluster.now;
    assert!(cluster.member_mut(N2).transfer_leader(now, N3).is_err(), "only the leader can");
    cluster.isolated.insert(N3);
    cluster.member_mut(N1).transfer_leader(now, N3).expect("n3 is a voter");
    let dropped = cluster.put(N1, "k", "v");
    assert_eq!(cluster.text(dropped), "raft proposal dropped");
    cluster.run_for(Micros::from_secs(2));
    cluster.isolated.clear();
    cluster.run_for(Micros::from_secs(5));
    let (from, now) = (cluster.leader().expect("leads"), cluster.now);
    let to = if from == N2 { N1 } else { N2 };
    cluster.member_mut(from).transfer_leader(now, to).expect("is a voter");
    cluster.settle();
    assert_eq!(cluster.leader(), Some(to));
    let write = cluster.put(from, "k", "v");
    assert_eq!(cluster.text(write), "OK");
}

#[test]
fn a_saved_member_goes_on_as_if_nothing_had_been() {
    // Proves that a member can be saved and loaded between any two events, with all that waits.
    let mut cluster = Loopback::with_leader(3);
    cluster.put(N1, "k", "v");
    cluster.isolated.insert(N2);
    let (write, read) = (cluster.put(N2, "k", "w"), cluster.read(N2, "k", Linearizable));
    let bytes = postcard::to_allocvec(cluster.member(N2)).expect("saves");
    let copy: Member = postcard::from_bytes(&bytes).expect("loads");
    assert_eq!(copy.store(), cluster.member(N2).store());
    assert_eq!(copy.next_deadline(), cluster.member(N2).next_deadline());
    assert_eq!(postcard::to_allocvec(&copy).expect("saves"), bytes);
    cluster.replace(N2, copy);
    cluster.isolated.clear();
    cluster.run_for(Micros::from_secs(8));
    assert_eq!(cluster.text(read), "v");
    assert_eq!(cluster.text(write), "etcdserver: request timed out", "the message was lost");
}

#[test]
fn a_new_leader_says_so_when_it_gives_up_an_older_write() {
    // Proves the third text: the write was asked shortly before this member became leader.
    let mut cluster = Loopback::with_leader(3);
    cluster.run_for(Micros::from_secs(5));
    cluster.isolated.insert(N1);
    let lost = cluster.put(N2, "k", "v");
    cluster.run_for(Micros::from_secs(2));
    assert_eq!(cluster.leader(), Some(N2), "n2's timeout is shorter than n3's");
    cluster.run_for(Micros::from_secs(6));
    let error = cluster.answer(lost).and_then(|(_, _, answer)| answer.clone().err());
    assert_eq!(error, Some(ServerError::TimedOutAfterLeaderFailure));
}

#[test]
fn snapshots_shorten_the_log_and_serve_those_who_lag() {
    // Proves snapshot, compaction in memory and on disk, restart from both, and InstallSnapshot.
    let mut cluster = Loopback::new(3);
    cluster.snapshot_count = 20;
    for node in [N1, N2, N3] {
        cluster.crash(node, 0);
        cluster.disks.insert(node, Stored::default());
        cluster.start(node);
    }
    cluster.run_for(Micros::from_secs(2));
    cluster.isolated.insert(N3);
    for step in 0..100 {
        let write = cluster.put(N2, &format!("k{}", step % 10), &step.to_string());
        assert_eq!(cluster.text(write), "OK");
    }
    let disk = &cluster.disks[&N1];
    assert!(disk.snapshot.as_ref().is_some_and(|snapshot| snapshot.index.0 >= 80));
    assert!(disk.log.len() <= 45, "{} entries left on disk", disk.log.len());
    assert!(cluster.member(N1).raft().log().entries().len() <= 45);

    cluster.isolated.clear();
    cluster.sent.clear();
    cluster.run_for(Micros::from_secs(3));
    assert!(cluster.sent.contains(&MessageKind::InstallSnapshot));
    let before = hashes(&cluster);
    assert_eq!(before, vec![before[0]; 3]);

    for node in [N1, N2, N3] {
        cluster.crash(node, 0);
        cluster.start(node);
        assert_eq!(cluster.member(node).store().hash(), before[0], "{node}");
    }
    cluster.run_for(Micros::from_secs(3));
    let (write, read) = (put("k", "after"), cluster.read(N3, "k5", Linearizable));
    let write = cluster.ask(N3, write);
    assert_eq!([cluster.text(write), cluster.text(read)], ["OK", "95"]);
}

#[test]
fn a_read_is_asked_again_as_soon_as_a_leader_is_known() {
    // Proves that a read does not wait for its 500 ms when the leader comes back before.
    let mut cluster = Loopback::with_leader(3);
    cluster.put(N1, "k", "v");
    cluster.isolated.insert(N3);
    cluster.run_for(Micros::from_secs(3));
    assert_eq!(cluster.member(N3).raft().leader(), None);
    let read = cluster.read(N3, "k", Linearizable);
    cluster.run_for(Micros::from_millis(110));
    cluster.isolated.clear();
    let healed = cluster.now;
    cluster.run_for(SECOND);
    assert_eq!(cluster.text(read), "v");
    let at = cluster.answer(read).map(|(at, _, _)| *at).unwrap_or_default();
    assert!(at - healed <= Micros::from_millis(100), "the next heartbeat, not the next repetition");
}

#[test]
fn a_former_start_of_a_node_gets_no_answers() {
    // Proves that names of proposals differ from start to start: the first proposal of the second
    // start is not taken for that of the first, which is applied only now.
    let mut cluster = Loopback::with_leader(3);
    cluster.stall_disk(N2);
    cluster.stall_disk(N3);
    cluster.put(N2, "k", "first start");
    cluster.crash(N2, 0);
    cluster.start(N2);
    let write = cluster.put(N2, "k", "second start");
    assert_eq!(cluster.text(write), "waits");
    cluster.run_for(Micros::from_secs(1));
    let revision = cluster.answer(write).and_then(|(_, _, it)| Some(it.as_ref().ok()?.revision()));
    assert_eq!(revision, Some(Revision(3)));
}

#[test]
fn a_saved_store_is_the_same_store() {
    // Proves that the index and the hash made anew from the records equal those that grew, with
    // tombstones, second lives and a compaction in between.
    let mut store = Store::new();
    for step in 0..60 {
        let key = format!("k{}", step % 7);
        match step % 5 {
            4 => drop(store.delete_range(&DeleteRangeRequest::interval(key, "k5"))),
            _ => drop(store.put(&PutRequest::new(key, step.to_string()))),
        }
        if step == 40 {
            store.compact(Revision(20)).expect("compacts");
        }
    }
    let bytes = postcard::to_allocvec(&store).expect("saves");
    let mut copy: Store = postcard::from_bytes(&bytes).expect("loads");
    assert_eq!((&copy, copy.hash()), (&store, store.hash()));
    for revision in 20..=store.revision().0 {
        let all = RangeRequest::all().at(Revision(revision));
        assert_eq!(copy.range(&all), store.range(&all), "at {revision}");
    }
    for store in [&mut copy, &mut store] {
        store.put(&PutRequest::new("k3", "after")).expect("puts");
        store.delete_range(&DeleteRangeRequest::key("k1")).expect("deletes");
        store.compact(Revision(30)).expect("compacts");
    }
    assert_eq!((&copy, copy.hash()), (&store, store.hash()));
}

#[test]
fn a_put_on_a_missing_lease_is_refused() {
    // Proves etcd's order: the key is missed first, then the lease, then the value to be kept.
    let mut cluster = Loopback::with_leader(3);
    let on_lease = |key: &str, ignore_value| {
        let value = Bytes::from("");
        let lease = kv_core::LeaseId(0x1234);
        let key = Bytes::from(key);
        Request::Put(PutRequest { key, value, lease, ignore_value, ..PutRequest::default() })
    };
    let asked = [("name", false), ("name", true), ("", false)];
    let asked = asked.map(|(key, ignore_value)| cluster.ask(N2, on_lease(key, ignore_value)));
    assert_eq!(
        asked.map(|request| cluster.text(request).to_owned()),
        [
            "etcdserver: requested lease not found",
            "etcdserver: requested lease not found",
            "etcdserver: key is not provided",
        ]
    );
    assert_eq!(cluster.member(N1).store().revision(), Revision(1), "nothing was written");
}

#[test]
fn a_question_that_is_heard_twice_is_no_new_read() {
    // Proves that a leader drops the second copy: it would stand behind reads that came in between,
    // and late answers to the first would confirm those too.
    let mut cluster = Loopback::with_leader(3);
    let context = ReadContext { node: N2, number: (1 << 40) + 900 };
    let question = Message { from: N2, to: N1, term: Term(0), body: Body::ReadIndex { context } };
    let answers = |cluster: &Loopback| {
        cluster.sent.iter().filter(|kind| **kind == MessageKind::ReadIndexReply).count()
    };
    let before = answers(&cluster);
    cluster.carry(question.clone());
    assert_eq!(answers(&cluster), before + 1);
    cluster.carry(question);
    assert_eq!(answers(&cluster), before + 1);
}
