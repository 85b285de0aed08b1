//! Replication and commitment: Raft §5.3 and §5.4.2.

use raft_core::{
    Body, Entry, Index, Message, MessageKind, Payload, ProgressState, ProposeError, RoleKind, Rule,
    Rules, StepError, Term,
};

use crate::cluster::{Cluster, data, log_of, n};

fn no_pre_vote(config: &mut raft_core::Config) {
    config.rules = config.rules.without(Rule::PreVote).without(Rule::CheckQuorum);
}

fn applied(cluster: &Cluster, id: u8) -> Vec<Payload> {
    let entries = cluster.node(n(id)).applied.iter();
    let payloads = entries.map(|entry| entry.payload.clone());
    payloads.filter(|payload| *payload != Payload::Empty).collect()
}

fn append(term: u64, prev: (u64, u64), terms: &[u64], commit: u64) -> Message {
    let entry = |(place, term): (u64, &u64)| Entry {
        term: Term(*term),
        index: Index(prev.0 + place),
        payload: data(&format!("{}.{term}", prev.0 + place)),
    };
    let body = Body::AppendEntries {
        prev_index: Index(prev.0),
        prev_term: Term(prev.1),
        entries: (1..).zip(terms).map(entry).collect(),
        commit: Index(commit),
    };
    Message { from: n(1), to: n(2), term: Term(term), body }
}

/// Proves that a proposal reaches every log, is committed once a majority has it, and is applied
/// everywhere in the same order (Raft §5.3).
#[test]
fn a_proposal_is_replicated_committed_and_applied() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.propose(n(1), "a");
    cluster.propose(n(1), "b");
    cluster.deliver();
    assert_eq!(cluster.commits(), [3, 3, 3], "followers learn of it without a heartbeat");
    for id in 1..=3 {
        assert_eq!(applied(&cluster, id), [data("a"), data("b")]);
    }
}

/// Proves that a minority commits nothing and loses nothing (Raft §5.3).
#[test]
fn a_minority_commits_nothing() {
    let mut cluster = Cluster::new(5);
    cluster.elect(n(1));
    for cut_off in [3, 4, 5] {
        cluster.isolate(n(cut_off));
    }
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.commits(), [1, 1, 1, 1, 1]);
    cluster.heal();
    cluster.ticks(n(1), 2);
    assert_eq!(cluster.commits(), [2, 2, 2, 2, 2]);
}

/// Proves that a follower passes proposals on to its leader, and that without one they are
/// refused (Raft §8).
#[test]
fn a_follower_passes_proposals_on() {
    let mut cluster = Cluster::new(3);
    let refused = cluster.at(n(2), |raft, _| raft.propose(data("a")));
    assert_eq!(refused, Err(ProposeError::NoLeader));
    cluster.elect(n(1));
    cluster.propose(n(2), "b");
    cluster.deliver();
    assert_eq!(applied(&cluster, 3), [data("b")]);
}

/// Proves that a new leader brings each of the six logs of Raft Figure 7 in line with its own,
/// probing first and streaming once the logs meet.
#[test]
fn the_logs_of_figure_7_are_brought_in_line() {
    let leader = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    let followers: [&[u64]; 6] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    for follower in followers {
        // The third server votes for the leader where the follower may not.
        let mut disks = [log_of(&leader), log_of(follower), log_of(&[])];
        disks[0].hard_state.term = Term(7);
        let mut cluster = Cluster::of(&disks, no_pre_vote);
        cluster.campaign(n(1));
        while cluster.raft(n(1)).role_kind() != RoleKind::Leader {
            assert!(cluster.deliver_one(), "the election goes on");
        }
        let probing = cluster.progress(n(1), n(2));
        assert_eq!(probing.next_index, Index(11), "nextIndex begins after the leader's last");
        cluster.deliver();
        let streaming = cluster.progress(n(1), n(2));
        assert_eq!(streaming.state, ProgressState::Replicate);
        assert_eq!(streaming.match_index, Index(11));
        assert_eq!(cluster.terms(n(2)), [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8], "from {follower:?}");
        assert_eq!(cluster.commits(), [11, 11, 11]);
    }
}

/// Proves that conflicting terms are skipped in one round trip each, not entry by entry
/// (Raft §5.3, both sides skipping as in etcd 3.5).
#[test]
fn conflicting_terms_are_skipped_at_once() {
    let long = |term: u64| [&[1], [term; 200].as_slice()].concat();
    for (leader, follower) in [(4, 3), (3, 4)] {
        let mut disks = [log_of(&long(leader)), log_of(&long(follower)), log_of(&[])];
        disks[0].hard_state.term = Term(5);
        let mut cluster = Cluster::of(&disks, no_pre_vote);
        cluster.campaign(n(1));
        let mut rejections = 0;
        while let Some(message) = cluster.mail.front() {
            let is_rejection = message.kind() == MessageKind::AppendRejected;
            rejections += u32::from(is_rejection && message.from == n(2));
            cluster.deliver_one();
        }
        assert_eq!(cluster.terms(n(2)), cluster.terms(n(1)));
        assert_eq!(rejections, 1, "both logs have one term that the other lacks");
    }
}

/// Proves that an entry of an older term is not committed by counting, only along with one of the
/// leader's own term (Raft §5.4.2, Figure 8).
#[test]
fn an_older_entry_is_not_committed_by_counting() {
    for (rules, committed_early) in
        [(Rules::ALL, false), (Rules::ALL.without(Rule::OwnTermCommit), true)]
    {
        // As in Figure 8 (c): S1 leads again, and its old entry of term 2 gets to a majority
        // before the new one of its own term does.
        let mut disks = vec![log_of(&[1, 2]), log_of(&[1, 2]), log_of(&[1]), log_of(&[1])];
        disks.push(log_of(&[1, 3]));
        disks[0].hard_state.term = Term(3);
        let mut cluster = Cluster::of(&disks, |config| {
            no_pre_vote(config);
            config.rules = rules.without(Rule::PreVote).without(Rule::CheckQuorum);
            // One entry an append, so that the old one travels alone.
            config.max_append_bytes = 0;
            config.max_inflight = 1;
        });
        cluster.isolate(n(5));
        cluster.campaign(n(1));
        while cluster.raft(n(1)).role_kind() != RoleKind::Leader {
            assert!(cluster.deliver_one(), "the election goes on");
        }
        assert_eq!(cluster.terms(n(1)), [1, 2, 4]);
        // The leader hears of everything but its own new entry.
        let is_about_own = |message: &Message| match &message.body {
            Body::AppendAccepted { match_index } => *match_index >= Index(3),
            _ => false,
        };
        while let Some(message) = cluster.mail.front() {
            if is_about_own(message) {
                cluster.mail.pop_front();
            } else {
                cluster.deliver_one();
            }
        }
        let holders = (1..=4).filter(|id| cluster.terms(n(*id)).get(1) == Some(&2));
        assert_eq!(holders.count(), 4, "the old entry is on a majority");
        let commit = cluster.raft(n(1)).commit();
        assert_eq!(commit >= Index(2), committed_early, "with {rules:?}: {commit}");
        cluster.deliver();
        cluster.ticks(n(1), 3);
        assert_eq!(cluster.raft(n(1)).commit(), Index(3), "and then both at once");
    }
}

/// Proves that an append is refused where the entry before it is missing or of another term, and
/// what the refusal hints at (Raft §5.3).
#[test]
fn an_append_needs_its_predecessor() {
    // The log, what the append says is before it, and the hint (none: accepted).
    let cases = [
        (&[1, 1][..], (2, 1), None),
        (&[1, 1][..], (1, 1), None),
        (&[1, 1][..], (3, 1), Some((2, 1))),
        (&[1, 1, 3, 3][..], (4, 2), Some((2, 1))),
        (&[2, 2, 2][..], (3, 1), Some((0, 0))),
        (&[][..], (5, 3), Some((0, 0))),
    ];
    for (own, prev, hint) in cases {
        let mut cluster = Cluster::of(&[log_of(&[]), log_of(own)], |_| {});
        cluster.step(append(9, prev, &[], 0)).expect("well formed");
        let expected = match hint {
            Some((index, term)) => Body::AppendRejected {
                rejected: Index(prev.0),
                hint_index: Index(index),
                hint_term: Term(term),
            },
            None => Body::AppendAccepted { match_index: Index(prev.0) },
        };
        assert_eq!(cluster.mail_to(n(1)), [expected], "{own:?} after {prev:?}");
    }
}

/// Proves that only what conflicts is deleted: an append that comes late does not take back what
/// was acknowledged since (Raft §5.3).
#[test]
fn a_late_append_deletes_nothing() {
    let mut cluster = Cluster::of(&[log_of(&[]), log_of(&[])], |_| {});
    cluster.step(append(1, (0, 0), &[1, 1, 1], 0)).expect("well formed");
    cluster.step(append(1, (0, 0), &[1], 0)).expect("well formed");
    assert_eq!(cluster.terms(n(2)), [1, 1, 1]);
    cluster.step(append(2, (1, 1), &[2], 0)).expect("well formed");
    assert_eq!(cluster.terms(n(2)), [1, 2], "a conflict does");

    let mut careless = Cluster::of(&[log_of(&[]), log_of(&[])], |config| {
        config.rules = config.rules.without(Rule::TruncateOnConflictOnly);
    });
    careless.step(append(1, (0, 0), &[1, 1, 1], 3)).expect("well formed");
    assert_eq!(careless.commits()[1], 3);
    careless.step(append(1, (0, 0), &[1], 0)).expect("well formed");
    assert_eq!(careless.terms(n(2)), [1], "the rule is off, even what was committed is gone");
}

/// Proves that committed entries are never replaced, whoever asks (Raft §5.4.3), and that asking
/// for it is an error and no crash.
#[test]
fn committed_entries_are_never_replaced() {
    let mut cluster = Cluster::of(&[log_of(&[]), log_of(&[])], |_| {});
    cluster.step(append(1, (0, 0), &[1, 1], 2)).expect("well formed");
    let answer = cluster.step(append(2, (0, 0), &[2, 2], 0));
    assert_eq!(answer, Ok(()), "an append before the commit index is answered by it");
    let forged = append(2, (2, 1), &[2], 0);
    cluster.step(forged).expect("this is fine");
    assert_eq!(cluster.terms(n(2)), [1, 1, 2]);
}

/// Proves that without the consistency check a follower takes whatever comes (Raft §5.3).
#[test]
fn without_the_consistency_check_logs_diverge() {
    let mut cluster = Cluster::of(&[log_of(&[]), log_of(&[1])], |config| {
        config.rules = config.rules.without(Rule::LogConsistencyCheck);
    });
    cluster.step(append(3, (5, 3), &[3], 6)).expect("well formed");
    assert_eq!(cluster.terms(n(2)), [1, 3]);
    assert_eq!(cluster.commits()[1], 2, "and no further than its log reaches");
}

/// Proves that the commit index follows the leader's but never what an append did not show to be
/// equal, nor back (Raft Figure 2, AppendEntries 5).
#[test]
fn the_commit_index_follows_but_never_falls() {
    let mut cluster = Cluster::of(&[log_of(&[]), log_of(&[])], |_| {});
    cluster.step(append(1, (0, 0), &[1, 1, 1], 2)).expect("well formed");
    assert_eq!(cluster.commits()[1], 2);
    cluster.step(append(1, (2, 1), &[], 9)).expect("well formed");
    assert_eq!(cluster.commits()[1], 2, "slot 3 may differ still");
    let heartbeat = |commit| Message {
        from: n(1),
        to: n(2),
        term: Term(1),
        body: Body::Heartbeat { commit: Index(commit), context: None },
    };
    cluster.step(heartbeat(1)).expect("well formed");
    assert_eq!(cluster.commits()[1], 2);
    cluster.step(heartbeat(99)).expect("well formed");
    assert_eq!(cluster.commits()[1], 2, "a log that does not reach so far ignores it");

    let mut careless = cluster.clone();
    careless.at(n(2), |raft, _| {
        let rules = raft.rules().without(Rule::NeverMoveCommitBack);
        raft.set_rules(rules);
    });
    careless.step(heartbeat(1)).expect("well formed");
    assert_eq!(careless.commits()[1], 1, "the rule is off");
}

/// Proves that a heartbeat carries no more of the commit index than the follower is known to hold
/// (etcd): it does not check the log.
#[test]
fn a_heartbeat_commits_only_what_is_known_to_match() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    cluster.propose(n(1), "a");
    cluster.deliver();
    cluster.tick(n(1));
    let commit_in_heartbeat = |to| {
        let heartbeat = |body| match body {
            Body::Heartbeat { commit, .. } => Some(commit),
            _ => None,
        };
        cluster.mail_to(n(to)).into_iter().find_map(heartbeat)
    };
    assert_eq!(commit_in_heartbeat(2), Some(Index(2)));
    assert_eq!(commit_in_heartbeat(3), Some(Index(1)));
}

/// Proves that a follower that lost the news of a commitment gets it with the next heartbeat.
#[test]
fn a_commit_that_lags_after_a_blip_catches_up() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.propose(n(1), "a");
    // The entry reaches n3, and its commitment does not.
    while cluster.raft(n(3)).last_index() < Index(2) {
        assert!(cluster.deliver_one());
    }
    cluster.cut.insert((n(1), n(3)));
    cluster.deliver();
    assert_eq!(cluster.commits(), [2, 2, 1]);
    cluster.heal();
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.commits(), [2, 2, 2]);
}

/// Proves that a probe that was lost is sent again after the answer to a heartbeat, and not
/// before (etcd).
#[test]
fn a_heartbeat_response_ends_the_wait_of_a_probe() {
    let mut cluster = Cluster::new(3);
    cluster.cut.insert((n(1), n(3)));
    cluster.elect(n(1));
    assert_eq!(cluster.progress(n(1), n(3)).state, ProgressState::Probe { sent: true });
    cluster.heal();
    cluster.propose(n(1), "a");
    assert!(
        cluster.mail_to(n(3)).is_empty(),
        "a leader that probes does not send every entry into the dark"
    );
    cluster.deliver();
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.progress(n(1), n(3)).state, ProgressState::Replicate);
    assert_eq!(cluster.commits(), [2, 2, 2]);
}

/// Proves that a hole in the stream is found by its refusal, and filled from the last match on.
#[test]
fn a_lost_append_is_sent_again() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.cut.insert((n(1), n(3)));
    cluster.propose(n(1), "lost");
    cluster.deliver();
    cluster.heal();
    cluster.propose(n(1), "next");
    cluster.deliver();
    assert_eq!(cluster.terms(n(3)), [1, 1, 1]);
    assert_eq!(cluster.commits(), [3, 3, 3]);
}

/// Proves that no more appends are under way to a follower than the window allows, and that
/// acknowledgements open it again (etcd, thesis §10.2.2).
#[test]
fn a_full_window_pauses_replication() {
    let mut cluster = Cluster::with(2, |config| config.max_inflight = 3);
    cluster.elect(n(1));
    for text in ["a", "b", "c", "d", "e"] {
        cluster.propose(n(1), text);
    }
    assert_eq!(cluster.mail_to(n(2)).len(), 3);
    assert_eq!(cluster.progress(n(1), n(2)).in_flight(), 3);
    assert!(cluster.progress(n(1), n(2)).is_paused());
    cluster.deliver();
    assert_eq!(cluster.commits(), [6, 6]);
    assert_eq!(cluster.progress(n(1), n(2)).in_flight(), 0);
}

/// Proves that a window is a limit in bytes as well: what is under way to a follower is at most so
/// many appends of at most so many bytes each (etcd `MaxInflightMsgs`, `MaxSizePerMsg`).
#[test]
fn what_is_in_flight_is_bounded_in_bytes() {
    // Two entries of 20 bytes and their frames fit.
    let bytes_max = 2 * 36;
    let mut cluster = Cluster::with(2, |config| {
        (config.max_inflight, config.max_append_bytes) = (3, bytes_max);
    });
    cluster.elect(n(1));
    for _ in 0..100 {
        cluster.propose(n(1), "12345678901234567890");
    }
    let bytes_of = |body: &Body| match body {
        Body::AppendEntries { entries, .. } => entries.iter().map(Entry::bytes).sum::<u64>(),
        _ => 0,
    };
    let mut most = 0;
    loop {
        let under_way = cluster.mail_to(n(2));
        assert!(under_way.iter().all(|body| bytes_of(body) <= bytes_max));
        most = most.max(under_way.iter().map(bytes_of).sum());
        if !cluster.deliver_one() {
            break;
        }
    }
    assert_eq!(most, 3 * bytes_max, "the window is used, and no more");
    assert_eq!(cluster.commits(), [101, 101]);
}

/// Proves that a window that is full of lost appends lets one through for each heartbeat that is
/// answered (etcd).
#[test]
fn a_window_full_of_losses_opens_by_heartbeats() {
    let mut cluster = Cluster::with(2, |config| config.max_inflight = 2);
    cluster.elect(n(1));
    cluster.lost.insert(MessageKind::AppendEntries);
    cluster.propose(n(1), "a");
    cluster.propose(n(1), "b");
    cluster.propose(n(1), "c");
    cluster.deliver();
    cluster.heal();
    cluster.ticks(n(1), 2);
    assert_eq!(cluster.commits(), [4, 4]);
}

/// Proves that appends carry as many entries as fit, and at least one (thesis §10.2.2).
#[test]
fn appends_are_batched_up_to_their_size() {
    let sizes = |bytes_max| {
        let mut cluster = Cluster::with(2, |config| config.max_append_bytes = bytes_max);
        cluster.elect(n(1));
        cluster.cut.insert((n(1), n(2)));
        for _ in 0..4 {
            cluster.propose(n(1), "12345678901234567890");
        }
        cluster.deliver();
        cluster.heal();
        cluster.tick(n(1));
        let mut sizes = Vec::new();
        while let Some(message) = cluster.mail.front() {
            if let Body::AppendEntries { entries, .. } = &message.body
                && !entries.is_empty()
            {
                sizes.push(entries.len());
            }
            cluster.deliver_one();
        }
        assert_eq!(cluster.commits(), [5, 5]);
        sizes
    };
    assert_eq!(sizes(u64::MAX), [4]);
    assert_eq!(sizes(2 * 36), [2, 2]);
    assert_eq!(sizes(0), [1, 1, 1, 1]);
}

/// Proves that proposals are refused while too much waits for its commitment, and taken again
/// afterwards; one always fits (etcd).
#[test]
fn too_much_that_waits_is_refused() {
    let mut cluster = Cluster::with(3, |config| config.max_uncommitted_bytes = 5);
    cluster.elect(n(1));
    cluster.propose(n(1), "longer than five bytes");
    let refused = cluster.at(n(1), |raft, _| raft.propose(data("a")));
    assert_eq!(refused, Err(ProposeError::Overloaded));
    cluster.deliver();
    cluster.propose(n(1), "a");
}

/// Proves that malformed, misdelivered and strange messages are errors and change nothing.
#[test]
fn strange_messages_are_errors() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    let heartbeat = Body::Heartbeat { commit: Index(0), context: None };
    let message = |from, to, body: &Body| Message {
        from: n(from),
        to: n(to),
        term: Term(9),
        body: body.clone(),
    };
    let before = cluster.raft(n(1)).clone();
    let step = |cluster: &mut Cluster, message: Message| {
        cluster.at(n(1), |raft, dice| raft.step(message, dice))
    };
    let misdelivered = step(&mut cluster, message(2, 3, &heartbeat));
    assert_eq!(misdelivered, Err(StepError::Misdelivered { id: n(1), to: n(3) }));
    let own = step(&mut cluster, message(1, 1, &heartbeat));
    assert_eq!(own, Err(StepError::FromSelf(n(1))));
    let reply = Body::HeartbeatReply { context: None };
    let stranger = step(&mut cluster, message(9, 1, &reply));
    assert_eq!(stranger, Err(StepError::UnknownPeer(n(9))));
    let mut broken = append(9, (3, 1), &[9, 9], 0);
    broken.to = n(1);
    broken.from = n(2);
    if let Body::AppendEntries { entries, .. } = &mut broken.body {
        entries.remove(0);
    }
    assert_eq!(step(&mut cluster, broken), Err(StepError::BrokenAppend(n(2))));
    assert_eq!(format!("{before:?}"), format!("{:?}", cluster.raft(n(1))));
}

/// Proves that no number in a message, however large, makes a server panic.
#[test]
fn the_largest_numbers_do_no_harm() {
    let far = Index(u64::MAX);
    let context = None;
    let bodies = [
        Body::AppendAccepted { match_index: far },
        Body::AppendRejected { rejected: far, hint_index: far, hint_term: Term(u64::MAX) },
        Body::AppendRejected { rejected: Index(1), hint_index: far, hint_term: Term(0) },
        Body::Heartbeat { commit: far, context },
        Body::AppendEntries {
            prev_index: far,
            prev_term: Term(1),
            entries: Vec::new(),
            commit: far,
        },
        Body::PreVote { last_index: far, last_term: Term(u64::MAX) },
        Body::TimeoutNow,
    ];
    for term in [Term(1), Term(u64::MAX)] {
        for body in &bodies {
            for to in [1, 3] {
                let mut cluster = Cluster::new(3);
                cluster.isolate(n(2));
                cluster.elect(n(1));
                let message = Message { from: n(2), to: n(to), term, body: body.clone() };
                cluster.step(message).expect("well formed");
                cluster.pass(30);
                cluster.heal();
                cluster.pass(1);
            }
        }
    }
}

/// Proves that a single server leads at its first timeout, commits by itself, and serves.
#[test]
fn a_single_server_is_a_cluster() {
    let mut cluster = Cluster::new(1);
    cluster.pass(20);
    assert_eq!(cluster.roles(), [RoleKind::Leader]);
    assert_eq!(cluster.raft(n(1)).term(), Term(1));
    cluster.propose(n(1), "a");
    assert_eq!(applied(&cluster, 1), [data("a")]);
    cluster.read(n(1), 1);
    assert_eq!(cluster.reads(n(1)), [(1, 2)]);
}
