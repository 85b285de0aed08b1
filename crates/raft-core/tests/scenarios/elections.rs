//! Elections: Raft §5.2 and §5.4.1, PreVote, CheckQuorum, leadership transfer.

use crate::cluster::{Cluster, data, log_of, n};
use RoleKind::{Candidate, Follower, Leader, PreCandidate};
use raft_core::{Body, Campaign, Config, Index, Message, MessageKind, RoleKind, Rule, Term};
use raft_core::{ProposeError, TransferError};

fn plain(config: &mut Config) {
    config.rules = config.rules.without(Rule::PreVote).without(Rule::CheckQuorum);
}

fn vote_request(from: u8, to: u8, term: u64, last: (u64, u64)) -> Message {
    let body = Body::RequestVote {
        last_index: Index(last.0),
        last_term: Term(last.1),
        campaign: Campaign::Timeout,
    };
    Message { from: n(from), to: n(to), term: Term(term), body }
}

/// What the servers answer, in order, to a request that is delivered now.
fn granted(cluster: &mut Cluster, request: Message) -> Vec<bool> {
    cluster.mail.clear();
    cluster.step(request).expect("well formed");
    let answer = |message: &Message| match message.body {
        Body::RequestVoteReply { granted } | Body::PreVoteReply { granted } => Some(granted),
        _ => None,
    };
    cluster.mail.iter().filter_map(answer).collect()
}

/// Proves that a follower that hears nothing for its election timeout wins an election and that
/// the others follow it in its term (Raft §5.2).
#[test]
fn a_silent_cluster_elects_whoever_times_out() {
    let mut cluster = Cluster::new(3);
    let timeout = cluster.raft(n(2)).randomized_election_timeout();
    assert!((10..20).contains(&timeout), "10 to 19 ticks");
    cluster.ticks(n(2), timeout - 1);
    assert_eq!(cluster.roles(), [Follower, Follower, Follower], "not before the timeout");
    cluster.ticks(n(2), 1);
    assert_eq!(cluster.roles(), [Follower, Leader, Follower]);
    for id in 1..=3 {
        assert_eq!(cluster.raft(n(id)).term(), Term(1));
        assert_eq!(cluster.raft(n(id)).leader(), Some(n(2)));
        assert_eq!(cluster.raft(n(id)).vote(), Some(n(2)));
    }
}

/// Proves that a split vote elects nobody, and that a later term does (Raft §5.2).
#[test]
fn a_split_vote_elects_nobody_and_the_next_term_does() {
    let mut cluster = Cluster::with(4, plain);
    cluster.campaign(n(1));
    cluster.campaign(n(2));
    // n3 hears n1 first and n4 hears n2 first: two votes each, and three are needed.
    let first = |message: &Message| (message.from, message.to) == (n(2), n(4));
    let position = cluster.mail.iter().position(first).expect("n2 asks n4");
    let letter = cluster.mail.remove(position).expect("just found");
    cluster.mail.push_front(letter);
    cluster.deliver();
    // Refusals by half of the voters make a majority impossible: both follow again.
    assert_eq!(cluster.roles(), [Follower, Follower, Follower, Follower]);
    assert_eq!(cluster.raft(n(3)).vote(), Some(n(1)));
    assert_eq!(cluster.raft(n(4)).vote(), Some(n(2)));
    cluster.elect(n(2));
    assert_eq!(cluster.raft(n(2)).role_kind(), Leader);
    assert_eq!(cluster.raft(n(4)).term(), Term(2));
}

/// Proves that a candidate without a majority stays one, and says who voted how (Raft §5.2).
#[test]
fn a_candidate_waits_for_a_majority() {
    let mut cluster = Cluster::with(5, plain);
    cluster.lost.insert(MessageKind::RequestVoteReply);
    cluster.elect(n(1));
    assert_eq!(cluster.raft(n(1)).role_kind(), Candidate);
    assert_eq!(cluster.raft(n(1)).votes_granted(), [n(1)].into());
    assert_eq!(cluster.raft(n(1)).quorum_size(), 3);
    let reply = |from, granted| Message {
        from: n(from),
        to: n(1),
        term: Term(1),
        body: Body::RequestVoteReply { granted },
    };
    cluster.step(reply(2, true)).expect("a member");
    cluster.step(reply(2, true)).expect("a member");
    cluster.step(reply(3, false)).expect("a member");
    assert_eq!(cluster.raft(n(1)).role_kind(), Candidate, "n2 counts once");
    assert_eq!(cluster.raft(n(1)).votes_rejected(), [n(3)].into());
    cluster.step(reply(4, true)).expect("a member");
    assert_eq!(cluster.raft(n(1)).role_kind(), Leader);
}

/// Proves that a server votes once in a term, first come, first served, and repeats its answer
/// (Raft §5.2).
#[test]
fn a_server_votes_once_in_a_term() {
    let mut cluster = Cluster::new(3);
    assert_eq!(granted(&mut cluster, vote_request(1, 3, 1, (0, 0))), [true]);
    assert_eq!(granted(&mut cluster, vote_request(2, 3, 1, (0, 0))), [false]);
    assert_eq!(granted(&mut cluster, vote_request(1, 3, 1, (0, 0))), [true], "the same again");
    assert_eq!(granted(&mut cluster, vote_request(2, 3, 2, (0, 0))), [true], "a new term");

    let mut careless = Cluster::without(3, Rule::OneVoteATerm);
    assert_eq!(granted(&mut careless, vote_request(1, 3, 1, (0, 0))), [true]);
    assert_eq!(granted(&mut careless, vote_request(2, 3, 1, (0, 0))), [true], "the rule is off");
}

/// Proves that a vote outlives a crash: after a restart there is no second one (Raft §5.2).
#[test]
fn a_restart_keeps_the_vote() {
    let mut cluster = Cluster::new(3);
    assert_eq!(granted(&mut cluster, vote_request(1, 3, 1, (0, 0))), [true]);
    cluster.crash(n(3));
    cluster.restart(n(3));
    assert_eq!(cluster.raft(n(3)).term(), Term(1));
    assert_eq!(granted(&mut cluster, vote_request(2, 3, 1, (0, 0))), [false]);

    for rule in [Rule::PersistVote, Rule::PersistTerm] {
        let mut careless = Cluster::without(3, rule);
        assert_eq!(granted(&mut careless, vote_request(1, 3, 1, (0, 0))), [true]);
        careless.crash(n(3));
        careless.restart(n(3));
        assert_eq!(granted(&mut careless, vote_request(2, 3, 1, (0, 0))), [true], "{rule:?} off");
    }
}

/// Proves that a log gets no vote from one that is more up to date: by last term, then by length
/// (Raft §5.4.1).
#[test]
fn a_stale_log_does_not_win() {
    // What the voter has, what the candidate has, and whether that suffices.
    let cases = [
        (&[1, 2][..], (2, 2), true),
        (&[1, 2][..], (3, 2), true),
        (&[1, 2][..], (1, 3), true),
        (&[1, 2][..], (1, 2), false),
        (&[1, 2][..], (9, 1), false),
        (&[][..], (0, 0), true),
    ];
    for (own, candidate, suffices) in cases {
        let mut cluster = Cluster::of(&[log_of(&[]), log_of(own)], |_| {});
        let answer = granted(&mut cluster, vote_request(1, 2, 9, candidate));
        assert_eq!(answer, [suffices], "{candidate:?} asks {own:?}");
    }
    let mut careless = Cluster::of(&[log_of(&[]), log_of(&[1, 2])], |config| {
        config.rules = config.rules.without(Rule::UpToDateCheck);
    });
    assert_eq!(granted(&mut careless, vote_request(1, 2, 9, (0, 0))), [true]);
}

/// Proves that of several logs only one that holds all committed entries can win
/// (Raft §5.4.1, Leader Completeness).
#[test]
fn only_a_complete_log_wins() {
    let disks = [log_of(&[1, 1]), log_of(&[1, 1]), log_of(&[1])];
    let mut cluster = Cluster::of(&disks, plain);
    cluster.elect(n(3));
    assert_eq!(cluster.roles(), [Follower, Follower, Follower]);
    assert_eq!(cluster.raft(n(1)).term(), Term(2), "they have heard of the term all the same");
    cluster.elect(n(1));
    assert_eq!(cluster.raft(n(1)).role_kind(), Leader);
    assert_eq!(cluster.terms(n(3)), [1, 1, 3], "and the winner brings the others in line");
}

/// Proves that a leader and a candidate that hear of a higher term follow in it (Raft §5.1).
#[test]
fn a_higher_term_makes_a_follower_of_anyone() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    let reply = Body::HeartbeatReply { context: None };
    let newer = Message { from: n(2), to: n(1), term: Term(7), body: reply };
    cluster.step(newer.clone()).expect("a member");
    assert_eq!(cluster.raft(n(1)).role_kind(), Follower);
    assert_eq!((cluster.raft(n(1)).term(), cluster.raft(n(1)).vote()), (Term(7), None));

    let mut stubborn = Cluster::without(3, Rule::StepDown);
    stubborn.elect(n(1));
    stubborn.step(newer).expect("a member");
    assert_eq!(stubborn.raft(n(1)).role_kind(), Leader, "the rule is off");
    assert_eq!(stubborn.raft(n(1)).term(), Term(7));
}

/// Proves that with PreVote a server that was cut off neither raises its term nor, when it comes
/// back, disturbs the leader (thesis §9.6).
#[test]
fn pre_vote_disturbs_nobody() {
    for rules in [[].as_slice(), &[Rule::CheckQuorum]] {
        let mut cluster = Cluster::with(3, |config| {
            config.rules = rules.iter().fold(config.rules, |rules, rule| rules.without(*rule));
        });
        cluster.elect(n(1));
        cluster.isolate(n(3));
        cluster.pass(100);
        assert_eq!(cluster.raft(n(3)).role_kind(), PreCandidate);
        assert_eq!(cluster.raft(n(3)).term(), Term(1), "no new term was begun");
        cluster.heal();
        cluster.pass(20);
        assert_eq!(cluster.roles(), [Leader, Follower, Follower]);
        assert_eq!(cluster.raft(n(1)).term(), Term(1));
    }
}

/// Proves what PreVote is for: without it, and without CheckQuorum, a server that comes back
/// deposes a leader that works (thesis §9.6).
#[test]
fn without_pre_vote_a_server_that_comes_back_deposes_the_leader() {
    let mut cluster = Cluster::with(3, plain);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    cluster.pass(100);
    assert!(cluster.raft(n(3)).term() > Term(3));
    cluster.heal();
    cluster.campaign(n(3));
    cluster.deliver();
    assert!(cluster.raft(n(1)).term() > Term(3));
}

/// Proves that voters that hear from a leader ignore candidates, unless the leader itself has
/// sent them (thesis §4.2.3).
#[test]
fn voters_that_hear_from_a_leader_ignore_candidates() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    let request = vote_request(3, 2, 5, (9, 9));
    assert_eq!(granted(&mut cluster, request.clone()), [false; 0], "not even an answer");
    assert_eq!(cluster.raft(n(2)).term(), Term(1));
    let mut sent_by_leader = request.clone();
    sent_by_leader.body = Body::RequestVote {
        last_index: Index(9),
        last_term: Term(9),
        campaign: Campaign::Transfer,
    };
    let mut other = cluster.clone();
    assert_eq!(granted(&mut other, sent_by_leader), [true]);
    // Without a word from the leader for an election timeout the lease ends.
    cluster.isolate(n(1));
    cluster.ticks(n(2), 10);
    assert_eq!(granted(&mut cluster, request), [true]);
}

/// Proves that a leader that no majority answers steps down within two election timeouts
/// (thesis §6.2).
#[test]
fn check_quorum_ends_a_lonely_leadership() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.ticks(n(1), 50);
    assert_eq!(cluster.raft(n(1)).role_kind(), Leader, "as long as they answer");
    cluster.isolate(n(1));
    cluster.ticks(n(1), 20);
    assert_eq!(cluster.raft(n(1)).role_kind(), Follower);
    assert_eq!((cluster.raft(n(1)).term(), cluster.raft(n(1)).leader()), (Term(1), None));

    let mut stubborn = Cluster::without(3, Rule::CheckQuorum);
    stubborn.elect(n(1));
    stubborn.isolate(n(1));
    stubborn.ticks(n(1), 50);
    assert_eq!(stubborn.raft(n(1)).role_kind(), Leader, "the rule is off");
}

/// Proves that a server whose term ran ahead of the leader's is freed: the leader learns of the
/// higher term by the answer to its heartbeat (etcd).
#[test]
fn a_server_ahead_of_its_leader_is_not_stuck() {
    let mut cluster = Cluster::without(3, Rule::PreVote);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    cluster.ticks(n(3), 60);
    let ahead = cluster.raft(n(3)).term();
    assert!(ahead > Term(1));
    cluster.heal();
    cluster.pass(60);
    assert!(cluster.raft(n(1)).term() >= ahead);
    assert!(cluster.roles().contains(&Leader));
}

/// Proves that two pre-candidates in different terms cannot wait for each other forever (etcd):
/// the one behind is told the newer term.
#[test]
fn pre_candidates_in_different_terms_do_not_deadlock() {
    let mut disks = [log_of(&[1, 1]), log_of(&[1])];
    disks[1].hard_state.term = Term(5);
    let mut cluster = Cluster::of(&disks, |_| {});
    cluster.elect(n(1));
    assert_eq!(cluster.raft(n(1)).term(), Term(5), "told by the refusal");
    cluster.elect(n(2));
    assert_eq!(cluster.raft(n(2)).role_kind(), Follower, "its log is too short");
    cluster.elect(n(1));
    assert_eq!(cluster.raft(n(1)).role_kind(), Leader);
}

/// Proves that election timeouts spread over one to two base timeouts, and that all are equal
/// with the rule off (Raft §5.2, §9.3).
#[test]
fn election_timeouts_are_spread() {
    let timeouts = |cluster: &mut Cluster| {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..500 {
            cluster.restart(n(1));
            seen.insert(cluster.raft(n(1)).randomized_election_timeout());
        }
        seen.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(timeouts(&mut Cluster::new(1)), (10..20).collect::<Vec<_>>());
    assert_eq!(timeouts(&mut Cluster::without(1, Rule::RandomTimeouts)), [10]);
}

/// Proves that leadership goes where it is asked to go, after the target has caught up, and that
/// nothing is proposed meanwhile (thesis §3.10).
#[test]
fn leadership_is_transferred_to_whoever_has_caught_up() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    cluster.propose(n(1), "a");
    cluster.deliver();
    cluster.heal();
    cluster.at(n(1), |raft, _| raft.transfer_leader(n(3))).expect("a voter");
    assert_eq!(cluster.raft(n(1)).transferee(), Some(n(3)));
    let refused = cluster.at(n(1), |raft, _| raft.propose(data("b")));
    assert_eq!(refused, Err(ProposeError::Transferring));
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.roles(), [Follower, Follower, Leader]);
    assert_eq!(cluster.raft(n(3)).term(), Term(2));
    let of_follower = cluster.at(n(1), |raft, _| raft.transfer_leader(n(2)));
    assert_eq!(of_follower, Err(TransferError::NotLeader));
}

/// Proves that a transfer to a server that does not take over is given up after an election
/// timeout, and that the leader serves again (thesis §3.10).
#[test]
fn a_transfer_that_fails_is_given_up() {
    let mut cluster = Cluster::new(3);
    cluster.elect(n(1));
    cluster.isolate(n(3));
    cluster.at(n(1), |raft, _| raft.transfer_leader(n(3))).expect("a voter");
    cluster.ticks(n(1), 9);
    assert_eq!(cluster.raft(n(1)).transferee(), Some(n(3)));
    cluster.ticks(n(1), 1);
    assert_eq!(cluster.raft(n(1)).transferee(), None);
    cluster.propose(n(1), "a");
}

/// Proves that a candidacy without a new term makes two leaders in one term (Raft §5.2).
#[test]
fn a_candidacy_needs_a_new_term() {
    let mut cluster = Cluster::with(3, |config| {
        plain(config);
        config.rules = config.rules.without(Rule::NewTermOnCandidacy);
    });
    cluster.cut.insert((n(1), n(3)));
    cluster.elect(n(1));
    cluster.cut = [(n(2), n(1))].into();
    cluster.elect(n(2));
    assert_eq!(cluster.roles(), [Leader, Leader, Follower]);
    assert_eq!(cluster.raft(n(1)).term(), cluster.raft(n(2)).term());
}

/// Proves that PreVote alone, without CheckQuorum, lets a candidate win while the leader works, if
/// its log is as good and somebody has lost patience: the two rules need each other (thesis §9.6,
/// §4.2.3). With CheckQuorum too, voters that hear from the leader do not even answer.
#[test]
fn pre_vote_with_and_without_check_quorum() {
    for (check_quorum, wins) in [(true, false), (false, true)] {
        let mut cluster = Cluster::with(3, |config| {
            if !check_quorum {
                config.rules = config.rules.without(Rule::CheckQuorum);
            }
        });
        cluster.elect(n(1));
        // n3 alone does not hear the leader, and is heard.
        cluster.cut.insert((n(1), n(3)));
        cluster.ticks(n(3), 20);
        cluster.deliver();
        assert_eq!(cluster.raft(n(3)).role_kind() == Leader, wins);
        assert_eq!(cluster.raft(n(1)).role_kind() == Leader, !wins);
    }
}

/// Proves that a pre-candidate asks in the term that it would begin, changes neither its own term
/// nor vote nor anybody else's, and that its voters do not forget their leader (thesis §9.6).
#[test]
fn a_pre_vote_changes_nobody() {
    let mut cluster = Cluster::new(3);
    cluster.campaign(n(2));
    let asked: Vec<_> = cluster.mail.iter().map(|m| (m.kind(), m.to, m.term)).collect();
    assert_eq!(asked, [1, 3].map(|to| (MessageKind::PreVote, n(to), Term(1))));
    cluster.deliver_but(|message| message.kind() == MessageKind::PreVoteReply);
    for id in [1, 2, 3] {
        let raft = cluster.raft(n(id));
        assert_eq!((raft.term(), raft.vote()), (Term(0), None), "n{id}");
    }
}
