//! Compaction and InstallSnapshot: Raft §7.

use raft_core::{
    Body, Data, Delivery, Index, Message, MessageKind, NodeId, ProgressState, Snapshot, Term,
};

use crate::cluster::{Cluster, Sync, n};

/// Forgets everything up to `to`, with a snapshot of all that is applied.
fn compact(cluster: &mut Cluster, id: NodeId, to: u64) {
    cluster.at(id, |raft, _| {
        let index = raft.last_applied();
        let term = raft.log().term(index).expect("it is held");
        let config = raft.configuration().clone();
        raft.compact(Index(to), Snapshot { index, term, config, data: Data::from("state") });
    });
}

/// Three servers of which n3 has missed what is now compacted away.
fn with_a_straggler() -> Cluster {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    for text in ["a", "b", "c"] {
        cluster.propose(n(1), text);
        cluster.deliver();
    }
    compact(&mut cluster, n(1), 4);
    cluster
}

/// Proves that compaction forgets entries but not where the log begins, and that what follows is
/// replicated as before (Raft §7).
#[test]
fn a_compacted_log_goes_on() {
    let mut cluster = with_a_straggler();
    let log = cluster.raft(n(1)).log();
    assert_eq!((log.first_index(), log.last_index()), (Index(5), Index(4)));
    assert_eq!((log.term(Index(4)), log.term(Index(3))), (Some(Term(1)), None));
    cluster.propose(n(1), "d");
    cluster.deliver();
    assert_eq!(cluster.commits()[..2], [5, 5]);
}

/// Proves that compaction keeps what the caller wants kept, for followers that lag a little.
#[test]
fn compaction_may_keep_a_tail() {
    let mut cluster = with_a_straggler();
    let mut tail = Cluster::new(1);
    tail.elect(n(1));
    tail.propose(n(1), "a");
    tail.propose(n(1), "b");
    compact(&mut tail, n(1), 1);
    assert_eq!(tail.raft(n(1)).log().first_index(), Index(2));
    assert_eq!(tail.raft(n(1)).snapshot().expect("taken").index, Index(3));
    compact(&mut cluster, n(1), 2);
    assert_eq!(cluster.raft(n(1)).log().first_index(), Index(5), "what is gone stays gone");
}

/// Proves that a follower whose entries are compacted away gets the snapshot, and after it the
/// log goes on (Raft §7).
#[test]
fn a_straggler_gets_a_snapshot() {
    let mut cluster = with_a_straggler();
    cluster.heal();
    cluster.propose(n(1), "d");
    cluster.deliver();
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.commits(), [5, 5, 5]);
    assert_eq!(cluster.raft(n(3)).snapshot().expect("installed").data, Data::from("state"));
    assert_eq!(cluster.node(n(3)).stored.snapshot.as_ref().expect("on disk").index, Index(4));
    assert_eq!(cluster.progress(n(1), n(3)).state, ProgressState::Replicate);
    cluster.crash(n(3));
    cluster.restart(n(3));
    assert_eq!(cluster.raft(n(3)).last_index(), Index(5), "a restart begins with the snapshot");
}

/// Proves that a snapshot is acknowledged only once it is on disk, and that until then the
/// follower does not stand for election.
#[test]
fn a_snapshot_counts_once_durable() {
    let mut cluster = with_a_straggler();
    cluster.heal();
    cluster.reports_snapshots = false;
    cluster.node_mut(n(3)).sync = Sync::Held;
    cluster.ticks(n(1), 2);
    let pending = ProgressState::Snapshot { pending: Index(4) };
    assert_eq!(cluster.progress(n(1), n(3)).state, pending);
    assert_eq!(cluster.raft(n(3)).commit(), Index(4));
    assert_eq!(cluster.raft(n(3)).durable_index(), Index(1));
    cluster.cut = [(n(1), n(3)), (n(2), n(3))].into();
    cluster.ticks(n(3), 30);
    assert_eq!(cluster.raft(n(3)).term(), Term(1));
    cluster.sync(n(3));
    assert_eq!(cluster.raft(n(3)).durable_index(), Index(4));
    cluster.deliver();
    assert_eq!(cluster.progress(n(1), n(3)).match_index, Index(4));
}

/// Proves that a leader waits for a snapshot that is under way, unless it is told that it failed
/// (etcd).
#[test]
fn a_lost_snapshot_is_sent_again_after_a_report() {
    let mut cluster = with_a_straggler();
    cluster.heal();
    cluster.lost.insert(MessageKind::InstallSnapshot);
    cluster.reports_snapshots = false;
    cluster.ticks(n(1), 5);
    let pending = ProgressState::Snapshot { pending: Index(4) };
    assert_eq!(cluster.progress(n(1), n(3)).state, pending);
    cluster.heal();
    cluster.at(n(1), |raft, _| raft.report_snapshot(n(3), Delivery::Failed));
    cluster.ticks(n(1), 3);
    assert_eq!(cluster.commits(), [4, 4, 4]);
}

/// Proves that no snapshot is sent to a follower that was not heard of: it may be down (etcd).
#[test]
fn no_snapshot_is_sent_into_the_dark() {
    let mut cluster = with_a_straggler();
    cluster.cut.clear();
    cluster.cut.insert((n(3), n(1)));
    cluster.ticks(n(1), 5);
    assert_ne!(
        cluster.progress(n(1), n(3)).state,
        ProgressState::Snapshot { pending: Index(4) },
        "nothing was heard of n3"
    );
}

/// Proves that a snapshot older than what is committed is answered and otherwise ignored, and one
/// that the log already matches only tells what is committed (Raft Figure 13, steps 5 and 6).
#[test]
fn an_old_snapshot_changes_nothing() {
    let mut cluster = with_a_straggler();
    let snapshot = cluster.raft(n(1)).snapshot().expect("taken").clone();
    let message = |snapshot: Snapshot| Message {
        from: n(1),
        to: n(2),
        term: Term(1),
        body: Body::InstallSnapshot { snapshot: snapshot.into() },
    };
    let old = Snapshot { index: Index(2), ..snapshot.clone() };
    let before = cluster.terms(n(2));
    cluster.step(message(old)).expect("well formed");
    assert_eq!(cluster.terms(n(2)), before);
    assert_eq!(cluster.mail_to(n(1)), [Body::AppendAccepted { match_index: Index(4) }]);
    cluster.step(message(snapshot)).expect("well formed");
    assert_eq!(cluster.terms(n(2)), before);
}

/// n3 is being sent a snapshot of everything up to 4, which is lost.
fn with_a_pending_snapshot() -> Cluster {
    let mut cluster = with_a_straggler();
    cluster.heal();
    cluster.lost.insert(MessageKind::InstallSnapshot);
    cluster.reports_snapshots = false;
    cluster.ticks(n(1), 2);
    let pending = ProgressState::Snapshot { pending: Index(4) };
    assert_eq!(cluster.progress(n(1), n(3)).state, pending);
    cluster
}

fn accept(cluster: &mut Cluster, match_index: u64) {
    let body = Body::AppendAccepted { match_index: Index(match_index) };
    cluster.step(Message { from: n(3), to: n(1), term: Term(1), body }).expect("a member");
}

/// Proves that a snapshot needs no report: the follower's answer, which is that of an append, says
/// that it has it, and from there the leader streams (etcd).
#[test]
fn a_snapshot_is_acknowledged_through_an_append_response() {
    let mut cluster = with_a_pending_snapshot();
    cluster.propose(n(1), "d");
    assert!(cluster.mail_to(n(3)).is_empty(), "nothing is sent behind it meanwhile");
    accept(&mut cluster, 4);
    let progress = cluster.progress(n(1), n(3));
    assert_eq!((progress.state, progress.match_index), (ProgressState::Replicate, Index(4)));
    assert_eq!(progress.next_index, Index(6), "and the next entry is on its way");
    assert_eq!(cluster.mail_to(n(3)).len(), 1);
}

/// Proves that an answer to something older than the pending snapshot does not end it, though it
/// counts for what it says, and that the answer to the snapshot does (etcd 3.5).
#[test]
fn an_answer_older_than_the_pending_snapshot_does_not_end_it() {
    let mut cluster = with_a_pending_snapshot();
    accept(&mut cluster, 3);
    let pending = ProgressState::Snapshot { pending: Index(4) };
    let progress = cluster.progress(n(1), n(3));
    assert_eq!((progress.state, progress.match_index), (pending, Index(3)));
    assert!(progress.is_paused() && cluster.mail_to(n(3)).is_empty());
    accept(&mut cluster, 4);
    assert_eq!(cluster.progress(n(1), n(3)).state, ProgressState::Replicate);
}

/// Proves that a snapshot that arrives while a newer one is on its way to the disk is not taken,
/// and that the newer one is acknowledged when it is there (Raft Figure 13, receiver 5).
#[test]
fn a_snapshot_older_than_the_one_being_saved_is_ignored() {
    let mut cluster = with_a_straggler();
    let newer = cluster.raft(n(1)).snapshot().expect("taken").clone();
    let older = Snapshot { index: Index(3), ..newer.clone() };
    cluster.heal();
    cluster.node_mut(n(3)).sync = Sync::Held;
    for snapshot in [newer, older] {
        let body = Body::InstallSnapshot { snapshot: snapshot.into() };
        cluster.step(Message { from: n(1), to: n(3), term: Term(1), body }).expect("well formed");
    }
    assert_eq!(cluster.raft(n(3)).snapshot().expect("the newer one").index, Index(4));
    assert_eq!(cluster.mail_to(n(1)), [], "nothing is said before it is on disk");
    cluster.sync(n(3));
    let both = Body::AppendAccepted { match_index: Index(4) };
    assert_eq!(cluster.mail_to(n(1)), [both.clone(), both]);
    assert_eq!(cluster.node(n(3)).stored.snapshot.as_ref().expect("on disk").index, Index(4));
}

/// Proves that an installed snapshot replaces the whole log, uncommitted entries of another leader
/// included, and brings the configuration of its time (Raft Figure 13, receiver 7 and 8).
#[test]
fn a_snapshot_replaces_what_conflicts_and_brings_its_configuration() {
    let mut cluster = with_a_straggler();
    let mut snapshot = cluster.raft(n(1)).snapshot().expect("taken").clone();
    snapshot.config.voters.insert(n(4));
    snapshot.term = Term(2);
    let body = Body::InstallSnapshot { snapshot: snapshot.into() };
    cluster.step(Message { from: n(1), to: n(3), term: Term(2), body }).expect("well formed");
    let raft = cluster.raft(n(3));
    assert_eq!((raft.log().first_index(), raft.last_index()), (Index(5), Index(4)));
    assert_eq!((raft.last_term(), raft.commit()), (Term(2), Index(4)));
    assert!(raft.configuration().is_voter(n(4)));
    assert!(cluster.node(n(3)).stored.log.is_empty());
}
