//! Bugs that other Raft implementations really had, each as the schedule that showed it: ours does
//! not have it. Those that a rule of `rules.rs` stands for are shown there, by leaving it out.

use std::sync::Arc;

use raft_core::{
    Body, Change, Config, ConfigChange, Configuration, Entry, Index, Message, MessageKind, NodeId,
    Payload, ProgressState, ReadContext, RoleKind, Rule, Snapshot, Stored, Term,
};

use crate::cluster::{Cluster, Sync, data, log_of, n};

fn change(of: Change) -> Payload {
    Payload::Config(Arc::new(ConfigChange { changes: vec![of], ..ConfigChange::default() }))
}

fn try_to_propose(cluster: &mut Cluster, id: u8, payload: Payload) {
    let _ = cluster.at(n(id), |raft, _| raft.propose(payload));
}

fn leads(cluster: &Cluster, id: u8) -> bool {
    cluster.raft(n(id)).role_kind() == RoleKind::Leader
}

fn no_leases(config: &mut Config) {
    config.rules = config.rules.without(Rule::PreVote).without(Rule::CheckQuorum);
}

fn message(from: u8, to: u8, term: u64, body: Body) -> Message {
    Message { from: n(from), to: n(to), term: Term(term), body }
}

fn append(prev: (u64, u64), term: u64, texts: &[&str]) -> Body {
    let entry = |(place, text): (u64, &&str)| Entry {
        term: Term(term),
        index: Index(prev.0 + place),
        payload: data(text),
    };
    let entries = (1..).zip(texts).map(entry).collect();
    let (prev_index, prev_term) = (Index(prev.0), Term(prev.1));
    Body::AppendEntries { prev_index, prev_term, entries, commit: Index(0) }
}

/// Proves that the fork of 2015 does not happen, step by step as it was described: S1 adds S5 and
/// reaches nobody; S2 is elected without that change in its log and removes S1; S1 returns with
/// S4 and S5. There, changes took effect when appended; here they do when applied, and the leader
/// must have committed in its own term before (thesis §4.1 as corrected in 2015).
#[test]
fn the_fork_of_2015() {
    for rule in [None, Some(Rule::OwnTermCommitBeforeMembershipChange)] {
        let mut cluster = Cluster::with(4, |config| {
            no_leases(config);
            config.rules = rule.map_or(config.rules, |rule| config.rules.without(rule));
        });
        let rules = cluster.raft(n(1)).rules();
        let voters = (1..=4).map(NodeId).collect();
        cluster.add(Config { rules, ..Config::new(n(5), voters) }, Stored::default());
        cluster.elect(n(1));
        // S1 adds S5; that reaches S1 and S5 alone.
        cluster.partition(&[1, 5]);
        try_to_propose(&mut cluster, 1, change(Change::AddVoter(n(5))));
        cluster.deliver();
        // S2 leads by S2, S3, S4 and removes S1; that reaches S2 and S3.
        let to_s4 = |m: &Message| m.to == n(4) && m.kind() == MessageKind::AppendEntries;
        cluster.campaign(n(2));
        cluster.deliver_but(to_s4);
        assert!(leads(&cluster, 2));
        try_to_propose(&mut cluster, 2, change(Change::Remove(n(1))));
        cluster.deliver_but(to_s4);
        // S1 stands again, with S4 and S5 beside it, and tries to finish its change.
        cluster.crash(n(1));
        cluster.restart(n(1));
        cluster.heal();
        cluster.partition(&[1, 4, 5]);
        for _ in 0..3 {
            cluster.elect(n(1));
            cluster.ticks(n(1), 3);
            try_to_propose(&mut cluster, 1, data("fork"));
            cluster.deliver();
        }
        assert!(!leads(&cluster, 1), "two of the four voters elect nobody");
        assert!(cluster.broken().is_none(), "{:?}", cluster.broken());
        cluster.heal();
        cluster.elect(n(2));
        cluster.ticks(n(2), 5);
        assert!(cluster.broken().is_none(), "{:?}", cluster.broken());
    }
}

/// Proves that a late refusal is not taken for a follower that lost its log: it comes after the
/// follower has caught up, and next and match index stay (Raft §5.3).
#[test]
fn a_late_conflict_is_not_a_lost_log() {
    let mut cluster = Cluster::of(&[log_of(&[1, 1, 1]), log_of(&[1]), log_of(&[1])], |_| {});
    cluster.campaign(n(1));
    let mut refusal = None;
    while let Some(message) = cluster.mail.front() {
        if message.kind() == MessageKind::AppendRejected && message.from == n(2) {
            refusal = Some(message.clone());
        }
        cluster.deliver_one();
    }
    let refusal = refusal.expect("n2 lacks two entries");
    cluster.propose(n(1), "a");
    cluster.deliver();
    let before = cluster.progress(n(1), n(2)).clone();
    assert_eq!((before.match_index, before.state), (Index(5), ProgressState::Replicate));
    // The network had doubled it.
    cluster.step(refusal).expect("well formed");
    assert_eq!(*cluster.progress(n(1), n(2)), before);
    assert!(cluster.mail.is_empty(), "{:?}", cluster.mail_as_text());
}

/// Proves that a vote is for the later last term first and for the longer log only then: a long
/// log of an old term does not win over a short one of a newer (Raft §5.4.1).
#[test]
fn a_long_old_log_does_not_win() {
    let mut cluster = Cluster::of(&[log_of(&[1; 9]), log_of(&[1, 2]), log_of(&[1, 2])], no_leases);
    for _ in 0..3 {
        cluster.elect(n(1));
        assert!(!leads(&cluster, 1));
    }
    cluster.elect(n(2));
    assert!(leads(&cluster, 2));
}

/// Proves that the quorum of a read is not one short in a cluster of even size: two of four do not
/// confirm a leader, for the other two may have elected another with one more (thesis §6.4).
#[test]
fn a_read_quorum_is_not_one_short() {
    let mut cluster = Cluster::new(4);
    cluster.elect(n(1));
    cluster.partition(&[1, 2]);
    cluster.read(n(1), 1);
    cluster.ticks(n(1), 3);
    assert_eq!(cluster.reads(n(1)), []);
    cluster.cut.retain(|(from, to)| ![*from, *to].contains(&n(3)));
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.reads(n(1)), [(1, 1)]);
}

/// Proves that in a joint configuration the outgoing half counts as well: for what is committed,
/// for who is elected, and for who confirms a read (Raft §6).
#[test]
fn a_joint_configuration_is_never_ignored() {
    let joint = Configuration {
        voters: [1, 4, 5].map(NodeId).into(),
        outgoing: [1, 2, 3].map(NodeId).into(),
        ..Configuration::default()
    };
    let snapshot = Snapshot { index: Index(1), term: Term(1), config: joint, data: data_bytes() };
    let stored = Stored { snapshot: Some(snapshot), ..Stored::default() };
    let led = |cut_off: [u8; 2]| {
        let mut cluster = Cluster::of(&vec![stored.clone(); 5], no_leases);
        for id in cut_off {
            cluster.isolate(n(id));
        }
        cluster.elect(n(1));
        cluster
    };
    // The incoming majority alone, the outgoing majority alone.
    for cut_off in [[2, 3], [4, 5]] {
        assert!(!leads(&led(cut_off), 1), "without {cut_off:?}");
        let mut cluster = led([2, 4]);
        assert!(leads(&cluster, 1), "a majority of both");
        let commit = cluster.raft(n(1)).commit();
        cluster.heal();
        for id in cut_off {
            cluster.isolate(n(id));
        }
        cluster.propose(n(1), "a");
        cluster.read(n(1), 1);
        cluster.ticks(n(1), 3);
        assert_eq!(cluster.raft(n(1)).commit(), commit, "without {cut_off:?}");
        assert_eq!(cluster.reads(n(1)), [], "without {cut_off:?}");
        cluster.heal();
        cluster.ticks(n(1), 3);
        assert!(cluster.raft(n(1)).commit() > commit);
        assert_eq!(cluster.reads(n(1)), [(1, commit.0)]);
    }
}

fn data_bytes() -> raft_core::Data {
    raft_core::Data::from("state")
}

/// Proves that a snapshot does not replace a log that reaches further: what follows its last entry
/// stays, committed or not (Raft Figure 13, receiver 6).
#[test]
fn a_snapshot_is_not_installed_over_newer_entries() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    for text in ["a", "b", "c"] {
        cluster.propose(n(1), text);
    }
    // n2 has all four entries and takes only the first for committed.
    cluster.deliver_but(|message| message.kind() == MessageKind::AppendAccepted);
    assert_eq!(
        (cluster.raft(n(2)).last_index(), cluster.raft(n(2)).commit()),
        (Index(4), Index(1))
    );
    let config = cluster.raft(n(1)).configuration().clone();
    let snapshot = Snapshot { index: Index(2), term: Term(1), config, data: data_bytes() };
    let body = Body::InstallSnapshot { snapshot: snapshot.into() };
    cluster.step(message(1, 2, 1, body)).expect("well formed");
    let raft = cluster.raft(n(2));
    assert_eq!((raft.last_index(), raft.commit()), (Index(4), Index(2)));
    assert_eq!(raft.snapshot(), None, "nothing was installed");
    assert_eq!(cluster.mail_to(n(1)), [Body::AppendAccepted { match_index: Index(2) }]);
}

/// Proves that term and vote reach the disk together: whenever the disk stops, the server has not
/// told two candidates of one term that they have its vote (Raft Figure 2, §5.2).
#[test]
fn term_and_vote_are_never_apart() {
    let request = |from: u8, term| {
        let campaign = raft_core::Campaign::Timeout;
        let (last_index, last_term) = (Index(0), Term(0));
        message(from, 3, term, Body::RequestVote { last_index, last_term, campaign })
    };
    // After how many writes the power fails.
    for survived in 0..4 {
        let mut cluster = Cluster::with(3, no_leases);
        cluster.node_mut(n(3)).sync = Sync::Held;
        let mut granted = Vec::new();
        let mut note = |cluster: &mut Cluster| {
            let given = cluster
                .mail
                .drain(..)
                .filter(|message| message.body == Body::RequestVoteReply { granted: true });
            granted.extend(given.map(|message| (message.term, message.to)));
        };
        cluster.step(request(1, 5)).expect("well formed");
        cluster.step(request(1, 6)).expect("well formed");
        cluster.end_writes(n(3), survived);
        note(&mut cluster);
        cluster.crash(n(3));
        cluster.node_mut(n(3)).sync = Sync::AtOnce;
        cluster.restart(n(3));
        for term in [5, 6] {
            cluster.step(request(2, term)).expect("well formed");
            note(&mut cluster);
        }
        for term in [Term(5), Term(6)] {
            let votes = granted.iter().filter(|(of, _)| *of == term);
            assert!(votes.count() <= 1, "after {survived} writes: {granted:?}");
        }
    }
}

/// Proves that a heartbeat that raises the term while an append is on its way to the disk does not
/// lend its term to the answer: the old leader gets it in the old term, and what arrives later of
/// the old term is refused (Raft §5.1).
#[test]
fn a_heartbeat_does_not_raise_the_term_of_an_append() {
    let mut cluster = Cluster::with(3, no_leases);
    cluster.node_mut(n(2)).sync = Sync::Held;
    cluster.step(message(1, 2, 1, append((0, 0), 1, &["a"]))).expect("well formed");
    let heartbeat = Body::Heartbeat { commit: Index(0), context: None };
    cluster.step(message(3, 2, 2, heartbeat)).expect("well formed");
    cluster.step(message(1, 2, 1, append((1, 1), 1, &["b"]))).expect("well formed");
    cluster.sync(n(2));
    assert_eq!(cluster.terms(n(2)), [1], "b came too late");
    let answers: Vec<_> = cluster.mail.iter().map(|m| (m.to, m.term, m.body.kind())).collect();
    let accepted = (n(1), Term(1), MessageKind::AppendAccepted);
    assert_eq!(answers, [accepted, (n(3), Term(2), MessageKind::HeartbeatReply)]);
}

/// Proves that a doubled request for a read, and an answer that was long under way, release
/// nothing that they do not speak of: a younger read waits for its own round (thesis §6.4).
#[test]
fn a_delayed_answer_confirms_no_younger_read() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    // n3 asks through its leader, and the network doubles the request.
    cluster.read(n(3), 1);
    let request = cluster.mail.front().expect("n3 asks").clone();
    cluster.mail.push_back(request);
    cluster.deliver_one();
    cluster.deliver_one();
    while cluster.mail.iter().any(|message| message.kind() == MessageKind::Heartbeat) {
        cluster.deliver_one();
    }
    let late = cluster.hold_back(|message| message.kind() == MessageKind::HeartbeatReply);
    assert!(late.len() >= 2, "both have answered");
    // Another leader is elected meanwhile, and commits.
    cluster.isolate(n(1));
    for id in [2, 3] {
        (0..10).for_each(|_| cluster.tick(n(id)));
        cluster.mail.clear();
    }
    cluster.elect(n(2));
    cluster.propose(n(2), "newer");
    cluster.deliver();
    // The deposed leader is asked again, and only now the old answers arrive.
    cluster.read(n(1), 2);
    let to_n3 = |cluster: &Cluster| cluster.mail_to(n(3)).into_iter().filter(is_answer).count();
    for answer in late {
        cluster.step(answer).expect("well formed");
    }
    assert_eq!(cluster.reads(n(1)), [], "the younger read was not what they confirmed");
    assert_eq!(to_n3(&cluster), 1, "the older one is answered, once");
    assert!(cluster.broken().is_none(), "{:?}", cluster.broken());
}

fn is_answer(body: &Body) -> bool {
    let context = ReadContext { node: n(3), number: 1 };
    matches!(body, Body::ReadIndexReply { context: of, .. } if *of == context)
}

/// Proves that a follower is not left in a probe after a snapshot, even if the answer to it is
/// lost: the answer to a heartbeat tries again behind the snapshot, and then it streams (§7).
#[test]
fn a_follower_is_not_stuck_probing_after_a_snapshot() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    cluster.propose(n(1), "a");
    cluster.deliver();
    let config = cluster.raft(n(1)).configuration().clone();
    let snapshot = Snapshot { index: Index(2), term: Term(1), config, data: data_bytes() };
    cluster.at(n(1), |raft, _| raft.compact(Index(2), snapshot));
    cluster.heal();
    cluster.tick(n(1));
    let is_ack = |message: &Message| {
        message.from == n(3) && message.body == Body::AppendAccepted { match_index: Index(2) }
    };
    cluster.deliver_but(is_ack);
    assert_eq!(cluster.raft(n(3)).commit(), Index(2), "installed");
    assert_eq!(cluster.progress(n(1), n(3)).state, ProgressState::Probe { sent: true });
    cluster.propose(n(1), "b");
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.progress(n(1), n(3)).state, ProgressState::Replicate);
    assert_eq!(cluster.commits(), [3, 3, 3]);
}

/// Proves that what a leader has committed is still handed out when it steps down before anybody
/// has asked for it: to the state machine, and the commit index to the disk.
#[test]
fn what_is_committed_outlives_the_leadership() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.propose(n(1), "a");
    let is_ack = |message: &Message| message.to == n(1);
    while !cluster.mail.iter().any(is_ack) {
        assert!(cluster.deliver_one());
    }
    let ack = cluster.hold_back(is_ack).remove(0);
    let newer = message(3, 1, 2, Body::Heartbeat { commit: Index(0), context: None });
    cluster.at(n(1), |raft, dice| {
        raft.step(ack, dice).expect("well formed");
        assert_eq!(raft.commit(), Index(2));
        raft.step(newer, dice).expect("well formed");
        assert_eq!(raft.role_kind(), RoleKind::Follower);
    });
    assert_eq!(cluster.node(n(1)).applied.last().map(|entry| entry.index), Some(Index(2)));
    assert_eq!(cluster.node(n(1)).stored.hard_state.commit, Index(2));
}

/// Proves that a follower whose disk was wiped crashes over nothing: it does not believe a commit
/// index beyond its log, and the next leader fills its log again. (That it may vote without
/// knowing what it had acknowledged is a danger that Raft cannot see.)
#[test]
fn a_wiped_follower_rejoins() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    for text in ["a", "b", "c"] {
        cluster.propose(n(1), text);
    }
    cluster.deliver();
    assert_eq!(cluster.commits(), [4, 4, 4]);
    cluster.crash(n(3));
    cluster.node_mut(n(3)).stored = Stored::default();
    cluster.restart(n(3));
    cluster.ticks(n(1), 3);
    cluster.propose(n(1), "d");
    cluster.ticks(n(1), 3);
    assert_eq!(cluster.raft(n(3)).commit(), Index(0), "told of 4, it has nothing");
    assert_eq!(cluster.commits()[..2], [5, 5], "the others go on");
    cluster.at(n(1), |raft, _| raft.transfer_leader(n(2))).expect("a voter");
    cluster.deliver();
    assert!(leads(&cluster, 2));
    cluster.ticks(n(2), 3);
    assert_eq!(cluster.commits(), [6, 6, 6], "a new leader asks where the logs meet");
    assert_eq!(cluster.node(n(3)).applied.len(), 6);
}

/// Proves that a member that came after the leader's snapshot cannot use it, since it does not
/// know of the member, and that it is served as soon as there is a newer one (etcd makes one for
/// each such member).
#[test]
fn a_newcomer_needs_a_snapshot_that_knows_it() {
    let compact = |cluster: &mut Cluster| {
        cluster.at(n(1), |raft, _| {
            let (index, config) = (raft.last_applied(), raft.configuration().clone());
            let term = raft.log().term(index).expect("it is held");
            raft.compact(index, Snapshot { index, term, config, data: data_bytes() });
        });
    };
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    compact(&mut cluster);
    let voters = (1..=3).map(NodeId).collect();
    cluster.add(Config::new(n(4), voters), Stored::default());
    try_to_propose(&mut cluster, 1, change(Change::AddLearner(n(4))));
    cluster.deliver();
    cluster.ticks(n(1), 5);
    assert_eq!(cluster.raft(n(4)).last_index(), Index(0), "no use to it");
    compact(&mut cluster);
    cluster.ticks(n(1), 5);
    assert_eq!(cluster.raft(n(4)).commit(), Index(2));
    assert!(cluster.raft(n(4)).configuration().is_learner(n(4)));
}
