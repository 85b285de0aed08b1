//! Disks: what may be said, counted and applied before a write has ended (Raft Figure 2
//! "persistent state", thesis §10.2.1).

use raft_core::{Body, Entry, Index, Message, RoleKind, Rule, Term};

use crate::cluster::{Cluster, Sync, data, log_of, n};

fn append(from: u8, term: u64, prev: (u64, u64), texts: &[&str]) -> Message {
    let entry = |(place, text): (u64, &&str)| Entry {
        term: Term(term),
        index: Index(prev.0 + place),
        payload: data(text),
    };
    let body = Body::AppendEntries {
        prev_index: Index(prev.0),
        prev_term: Term(prev.1),
        entries: (1..).zip(texts).map(entry).collect(),
        commit: Index(0),
    };
    Message { from: n(from), to: n(2), term: Term(term), body }
}

fn acceptances(cluster: &Cluster, to: u8) -> Vec<u64> {
    let accepted = |body| match body {
        Body::AppendAccepted { match_index } => Some(match_index.0),
        _ => None,
    };
    cluster.mail_to(n(to)).into_iter().filter_map(accepted).collect()
}

/// Proves that neither a vote nor an acceptance leaves before it is on disk (Raft Figure 2).
#[test]
fn nothing_is_promised_before_it_is_durable() {
    let mut cluster = Cluster::new(3);
    cluster.node_mut(n(2)).sync = Sync::Held;
    cluster.campaign(n(1));
    while cluster.deliver_one() {}
    // The PreVote was answered, since it promises nothing; the vote was not.
    assert_eq!(cluster.raft(n(2)).vote(), Some(n(1)));
    assert_eq!(cluster.raft(n(1)).role_kind(), RoleKind::Leader, "by n3's vote");
    assert_eq!(cluster.raft(n(2)).last_index(), Index(1), "it has the leader's first entry");
    assert_eq!(cluster.raft(n(2)).durable_index(), Index(0));
    assert_eq!(cluster.progress(n(1), n(2)).match_index, Index(0));
    cluster.end_writes(n(2), usize::from(u8::MAX));
    let said: Vec<_> = cluster.mail_to(n(1));
    let vote = Body::RequestVoteReply { granted: true };
    assert!(said.contains(&vote) && acceptances(&cluster, 1) == [1], "{said:?}");

    let mut careless = Cluster::without(3, Rule::SyncBeforeAcknowledging);
    careless.node_mut(n(2)).sync = Sync::Held;
    careless.elect(n(1));
    assert_eq!(careless.progress(n(1), n(2)).match_index, Index(1), "the rule is off");
}

/// Proves that a leader does not count its own log before its own disk has it, and that its
/// followers may be faster (thesis §10.2.1).
#[test]
fn a_leader_counts_itself_only_once_durable() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.node_mut(n(1)).sync = Sync::Held;
    cluster.isolate(n(3));
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.progress(n(1), n(2)).match_index, Index(2));
    assert_eq!(cluster.progress(n(1), n(1)).match_index, Index(1));
    assert_eq!(cluster.raft(n(1)).commit(), Index(1), "n2 alone is no majority");
    let mut other = cluster.clone();
    other.sync(n(1));
    other.deliver();
    assert_eq!(other.commits()[..2], [2, 2], "with its own disk it is");
    cluster.heal();
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.raft(n(1)).commit(), Index(2), "n2 and n3 are one too");
    assert_eq!(cluster.node(n(1)).applied.len(), 1, "but it applies only what its disk has");
    cluster.sync(n(1));
    assert_eq!(cluster.node(n(1)).applied.len(), 2);
}

/// Proves that a single server neither commits nor applies before its disk has the entry.
#[test]
fn a_single_server_commits_when_durable() {
    let mut cluster = Cluster::new(1);
    cluster.elect(n(1));
    cluster.node_mut(n(1)).sync = Sync::Held;
    cluster.propose(n(1), "a");
    assert_eq!(cluster.commits(), [1]);
    cluster.read(n(1), 7);
    assert_eq!(cluster.reads(n(1)), [(7, 1)], "a read does not wait for it");
    cluster.sync(n(1));
    assert_eq!(cluster.commits(), [2]);

    let mut careless = Cluster::without(1, Rule::SyncBeforeAcknowledging);
    careless.node_mut(n(1)).sync = Sync::Held;
    careless.elect(n(1));
    careless.propose(n(1), "a");
    assert_eq!(careless.commits(), [2], "the rule is off");
}

/// Proves that a server that restarts has its term, vote and log, and that what its disk had not
/// finished is gone (Raft Figure 2).
#[test]
fn a_restart_keeps_what_the_disk_has() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.propose(n(1), "kept");
    cluster.deliver();
    cluster.node_mut(n(2)).sync = Sync::Held;
    cluster.propose(n(1), "lost");
    cluster.deliver();
    assert_eq!(cluster.raft(n(2)).last_index(), Index(3));
    cluster.crash(n(2));
    cluster.node_mut(n(2)).sync = Sync::AtOnce;
    cluster.restart(n(2));
    let raft = cluster.raft(n(2));
    assert_eq!((raft.term(), raft.vote(), raft.leader()), (Term(1), Some(n(1)), None));
    assert_eq!((raft.last_index(), raft.commit()), (Index(2), Index(2)));
    assert_eq!(cluster.node(n(2)).applied.len(), 2, "the state machine is built anew");
    cluster.propose(n(1), "next");
    cluster.deliver();
    assert_eq!(cluster.commits(), [4, 4, 4], "and it catches up");
}

/// Proves that several writes may be under way, and that each counts when it ends.
#[test]
fn writes_overlap_and_end_in_order() {
    let mut cluster = Cluster::of(&[log_of(&[]), log_of(&[])], |_| {});
    cluster.node_mut(n(2)).sync = Sync::Held;
    cluster.step(append(1, 1, (0, 0), &["a"])).expect("well formed");
    cluster.step(append(1, 1, (1, 1), &["b", "c"])).expect("well formed");
    cluster.step(append(1, 1, (3, 1), &["d"])).expect("well formed");
    assert_eq!(cluster.node(n(2)).writes.len(), 3);
    let durable = |cluster: &mut Cluster| {
        cluster.end_writes(n(2), 1);
        (cluster.raft(n(2)).durable_index().0, acceptances(cluster, 1))
    };
    assert_eq!(durable(&mut cluster), (1, vec![1]));
    assert_eq!(durable(&mut cluster), (3, vec![1, 3]));
    assert_eq!(durable(&mut cluster), (4, vec![1, 3, 4]));
}

/// Proves that an entry that was replaced while its write was under way, even by one at the same
/// place, does not count as durable when that write ends (etcd's ABA).
#[test]
fn entries_overwritten_while_their_write_is_under_way_do_not_count() {
    let mut cluster = Cluster::of(&[log_of(&[]), log_of(&[]), log_of(&[])], |_| {});
    cluster.node_mut(n(2)).sync = Sync::Held;
    cluster.step(append(1, 1, (0, 0), &["a", "b"])).expect("well formed");
    // Another leader replaces both, and a third one brings back what the first had sent.
    cluster.step(append(3, 2, (0, 0), &["x"])).expect("well formed");
    let mut again = append(1, 3, (0, 0), &["a", "b"]);
    if let Body::AppendEntries { entries, .. } = &mut again.body {
        for entry in entries {
            entry.term = Term(1);
        }
    }
    cluster.step(again).expect("well formed");
    assert_eq!(cluster.terms(n(2)), [1, 1]);
    let mut durable = Vec::new();
    while !cluster.node(n(2)).writes.is_empty() {
        cluster.end_writes(n(2), 1);
        durable.push(cluster.raft(n(2)).durable_index().0);
    }
    assert_eq!(durable, [0, 0, 2], "only the last write holds this log");
}

/// Proves that a torn write, which left entries of a term that the disk does not hold itself,
/// does not put a log into the future of its server.
#[test]
fn a_torn_write_does_not_outrun_the_term() {
    let mut stored = log_of(&[1, 1, 4]);
    stored.hard_state.term = Term(3);
    stored.hard_state.vote = Some(n(2));
    stored.hard_state.commit = Index(9);
    let cluster = Cluster::of(&[stored, log_of(&[])], |_| {});
    let raft = cluster.raft(n(1));
    assert_eq!((raft.term(), raft.vote(), raft.commit()), (Term(4), None, Index(3)));
}

/// Proves that a leader that owes its office to a vote not yet on disk says nothing before: after
/// a crash it could otherwise lead the same term twice, with other entries.
#[test]
fn a_leader_by_its_own_vote_waits_for_its_disk() {
    let mut cluster = Cluster::with(1, |config| config.learners = [n(2)].into());
    cluster.node_mut(n(1)).sync = Sync::Held;
    cluster.elect(n(1));
    cluster.tick(n(1));
    assert_eq!(cluster.raft(n(1)).role_kind(), RoleKind::Leader);
    assert!(cluster.mail.is_empty(), "{:?}", cluster.mail_as_text());
    cluster.sync(n(1));
    assert_eq!(cluster.mail_as_text(), ["n1>n2 Heartbeat", "n1>n2 AppendEntries"]);
}
