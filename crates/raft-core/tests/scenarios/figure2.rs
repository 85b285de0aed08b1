//! Raft Figure 2, line by line, as far as no other scenario shows a line: what is remembered, what
//! the two RPCs answer, and what each role does of its own accord. Without PreVote and
//! CheckQuorum, which the figure does not have.

use std::collections::BTreeSet;

use MessageKind::{AppendEntries, Heartbeat, RequestVote};
use RoleKind::{Candidate, Follower, Leader};
use raft_core::{
    Body, Campaign, Entry, Index, Message, MessageKind, NodeId, ReadContext, RoleKind, Rule,
    Snapshot, Term,
};

use crate::cluster::{Cluster, data, log_of, n};

fn plain(size: u8) -> Cluster {
    Cluster::with(size, |config| {
        config.rules = config.rules.without(Rule::PreVote).without(Rule::CheckQuorum);
    })
}

fn message(from: u8, to: u8, term: u64, body: Body) -> Message {
    Message { from: n(from), to: n(to), term: Term(term), body }
}

fn request_vote(last: (u64, u64)) -> Body {
    let (last_index, last_term) = (Index(last.0), Term(last.1));
    Body::RequestVote { last_index, last_term, campaign: Campaign::Timeout }
}

fn append(prev: (u64, u64), entries: Vec<Entry>) -> Body {
    let (prev_index, prev_term) = (Index(prev.0), Term(prev.1));
    Body::AppendEntries { prev_index, prev_term, entries, commit: Index(0) }
}

fn entry(index: u64, term: u64) -> Entry {
    Entry { term: Term(term), index: Index(index), payload: data("x") }
}

/// Every kind of message, as it would come from n2 to n1.
fn every_body(cluster: &Cluster) -> Vec<Body> {
    let config = cluster.raft(n(1)).configuration().clone();
    let snapshot = Snapshot { index: Index(0), term: Term(0), config, data: Default::default() };
    let context = ReadContext { node: n(2), number: 1 };
    let (index, term) = (Index(0), Term(0));
    vec![
        request_vote((0, 0)),
        Body::RequestVoteReply { granted: false },
        append((0, 0), Vec::new()),
        Body::AppendAccepted { match_index: index },
        Body::AppendRejected { rejected: index, hint_index: index, hint_term: term },
        Body::Heartbeat { commit: index, context: None },
        Body::HeartbeatReply { context: None },
        Body::InstallSnapshot { snapshot: snapshot.into() },
        Body::TimeoutNow,
        Body::ReadIndexReply { context, index },
    ]
}

/// n1 as follower, candidate and leader of term 3.
fn in_each_role() -> [Cluster; 3] {
    let mut follower = plain(3);
    follower.step(message(3, 1, 3, append((0, 0), Vec::new()))).expect("well formed");
    let mut candidate = plain(3);
    candidate.step(message(3, 1, 2, append((0, 0), Vec::new()))).expect("well formed");
    candidate.campaign(n(1));
    let mut leader = candidate.clone();
    leader.deliver();
    for cluster in [&mut follower, &mut candidate, &mut leader] {
        cluster.mail.clear();
        assert_eq!(cluster.raft(n(1)).term(), Term(3));
    }
    let roles = [&follower, &candidate, &leader].map(|cluster| cluster.raft(n(1)).role_kind());
    assert_eq!(roles, [Follower, Candidate, Leader]);
    [follower, candidate, leader]
}

/// Proves how a server begins: term 0, no vote, an empty log whose first index is 1, nothing
/// committed, nothing applied (Raft Figure 2, "State").
#[test]
fn a_server_begins_with_nothing() {
    let cluster = plain(3);
    let raft = cluster.raft(n(1));
    assert_eq!((raft.term(), raft.vote()), (Term(0), None));
    assert_eq!((raft.log().first_index(), raft.last_index()), (Index(1), Index(0)));
    assert_eq!((raft.commit(), raft.last_applied()), (Index(0), Index(0)));
    assert_eq!((raft.role_kind(), raft.leader()), (Follower, None));
}

/// Proves that a leader begins with nextIndex one after its last entry and matchIndex 0 for every
/// follower (Raft Figure 2, "Volatile state on leaders"), and forgets both when it wins again.
#[test]
fn a_leader_begins_knowing_nothing_of_its_followers() {
    let mut cluster = plain(3);
    cluster.elect(n(1));
    cluster.propose(n(1), "a");
    cluster.deliver();
    assert_eq!(cluster.progress(n(1), n(2)).match_index, Index(2));
    cluster.elect(n(2));
    cluster.campaign(n(1));
    while cluster.raft(n(1)).role_kind() != Leader {
        assert!(cluster.deliver_one());
    }
    // Its log was 3 long, and its own first entry came after that.
    for follower in [n(2), n(3)] {
        let progress = cluster.progress(n(1), follower);
        assert_eq!((progress.match_index, progress.next_index), (Index(0), Index(4)));
    }
}

/// Proves that whatever comes from an older term changes nothing: no entry is taken (Raft Figure 2,
/// AppendEntries receiver 1), no vote is given (RequestVote receiver 1), no answer counts (§5.1).
#[test]
fn an_older_term_changes_nothing() {
    for mut cluster in in_each_role() {
        let mut bodies = every_body(&cluster);
        bodies.push(append((0, 0), vec![entry(1, 2)]));
        bodies.push(Body::RequestVoteReply { granted: true });
        bodies.push(Body::AppendAccepted { match_index: Index(1) });
        let before = format!("{:?}", cluster.raft(n(1)));
        for body in bodies {
            let kind = body.kind();
            cluster.step(message(2, 1, 2, body)).expect("well formed");
            assert_eq!(before, format!("{:?}", cluster.raft(n(1))), "{kind:?}");
            let nothing = Body::AppendAccepted { match_index: Index(0) };
            let promises = |body: &Body| *body != nothing;
            let answers: Vec<_> = cluster.mail_to(n(2)).into_iter().filter(promises).collect();
            assert_eq!(answers, [], "{kind:?} promises nothing");
            cluster.mail.clear();
        }
    }
}

/// Proves that a message of any kind with a higher term makes a follower of any role, in that
/// term and with its vote left (Raft Figure 2, "All Servers"; §5.1).
#[test]
fn any_message_of_a_higher_term_makes_a_follower() {
    for start in in_each_role() {
        for body in every_body(&start) {
            let mut cluster = start.clone();
            let kind = body.kind();
            let has_empty_log = cluster.raft(n(1)).last_index() == Index(0);
            let expected = match kind {
                // It votes in the new term at once, if the candidate's log is as good as its own.
                RequestVote if has_empty_log => (Term(9), Some(n(2)), Follower),
                // It is told to stand, and does so in a newer term still.
                MessageKind::TimeoutNow => (Term(10), Some(n(1)), Candidate),
                _ => (Term(9), None, Follower),
            };
            cluster.step(message(2, 1, 9, body)).expect("well formed");
            let raft = cluster.raft(n(1));
            assert_eq!((raft.term(), raft.vote(), raft.role_kind()), expected, "{kind:?}");
        }
    }
}

/// Proves that a candidate begins a new term, votes for itself, starts its timer afresh and asks
/// every other server (Raft Figure 2, "Candidates"; §5.2).
#[test]
fn a_candidate_begins_a_term_and_asks_everybody() {
    let mut cluster = plain(5);
    let timeout = cluster.raft(n(2)).randomized_election_timeout();
    (0..timeout).for_each(|_| cluster.tick(n(2)));
    let raft = cluster.raft(n(2));
    assert_eq!((raft.role_kind(), raft.term(), raft.vote()), (Candidate, Term(1), Some(n(2))));
    assert_eq!((raft.election_elapsed(), raft.votes_granted()), (0, [n(2)].into()));
    let asked: Vec<NodeId> = cluster.mail.iter().map(|message| message.to).collect();
    assert_eq!(asked, [1, 3, 4, 5].map(n));
    assert!(cluster.mail.iter().all(|m| m.body == request_vote((0, 0)) && m.term == Term(1)));
}

/// Proves that a candidate that neither wins nor loses begins another term after another timeout
/// (Raft Figure 2, "Candidates"; §5.2).
#[test]
fn a_candidate_that_waits_in_vain_tries_again() {
    let mut cluster = plain(3);
    cluster.isolate(n(2));
    cluster.elect(n(2));
    assert_eq!(cluster.raft(n(2)).term(), Term(1));
    let timeout = cluster.raft(n(2)).randomized_election_timeout();
    cluster.ticks(n(2), timeout - 1);
    assert_eq!(cluster.raft(n(2)).term(), Term(1));
    cluster.ticks(n(2), 1);
    assert_eq!((cluster.raft(n(2)).role_kind(), cluster.raft(n(2)).term()), (Candidate, Term(2)));
}

/// Proves that a candidate follows whoever turns out to lead its term, by whichever message, and
/// keeps its vote for itself (Raft Figure 2, "Candidates"; §5.2).
#[test]
fn a_candidate_follows_the_leader_of_its_term() {
    let [_, candidate, _] = in_each_role();
    let snapshot =
        every_body(&candidate).into_iter().find(|body| body.kind() == MessageKind::InstallSnapshot);
    for body in [
        append((0, 0), vec![entry(1, 3)]),
        Body::Heartbeat { commit: Index(0), context: None },
        snapshot.expect("one of all"),
    ] {
        let mut cluster = candidate.clone();
        cluster.step(message(2, 1, 3, body)).expect("well formed");
        let raft = cluster.raft(n(1));
        assert_eq!((raft.role_kind(), raft.leader()), (Follower, Some(n(2))));
        assert_eq!((raft.term(), raft.vote()), (Term(3), Some(n(1))));
    }
}

/// Proves what makes a follower patient: a leader's message, or a vote that it gives. A vote that
/// it refuses, and a message of an older leader, do not (Raft Figure 2, "Followers"; §5.2).
#[test]
fn only_a_leader_or_a_vote_given_makes_a_follower_wait() {
    let heartbeat = Body::Heartbeat { commit: Index(0), context: None };
    let cases = [
        (message(2, 1, 3, heartbeat.clone()), true),
        (message(2, 1, 3, append((1, 2), Vec::new())), true),
        (message(2, 1, 3, append((9, 9), Vec::new())), true),
        (message(2, 1, 3, request_vote((1, 2))), true),
        (message(2, 1, 3, request_vote((0, 0))), false),
        (message(2, 1, 2, heartbeat), false),
        (message(2, 1, 2, append((1, 2), Vec::new())), false),
    ];
    for (letter, resets) in cases {
        let mut disks = [log_of(&[2]), log_of(&[2]), log_of(&[2])];
        disks[0].hard_state.term = Term(3);
        let mut cluster = Cluster::of(&disks, |config| {
            config.rules = config.rules.without(Rule::PreVote).without(Rule::CheckQuorum);
        });
        (0..7).for_each(|_| cluster.tick(n(1)));
        cluster.step(letter.clone()).expect("well formed");
        let expected = if resets { 0 } else { 7 };
        assert_eq!(cluster.raft(n(1)).election_elapsed(), expected, "{letter:?}");
    }
}

/// Proves that a new leader speaks to everyone at once, and goes on speaking while nothing happens,
/// so that nobody else stands (Raft Figure 2, "Leaders"; §5.2).
#[test]
fn a_leader_speaks_at_once_and_goes_on() {
    let mut cluster = plain(3);
    cluster.campaign(n(1));
    while cluster.raft(n(1)).role_kind() != Leader {
        assert!(cluster.deliver_one());
    }
    let spoken_to = |cluster: &Cluster, kind| -> BTreeSet<NodeId> {
        let mail = cluster.mail.iter().filter(|m| m.from == n(1) && m.kind() == kind);
        mail.map(|message| message.to).collect()
    };
    assert_eq!(spoken_to(&cluster, AppendEntries), [n(2), n(3)].into());
    cluster.deliver();
    for _ in 0..3 {
        cluster.tick(n(1));
        assert_eq!(spoken_to(&cluster, Heartbeat), [n(2), n(3)].into());
        cluster.deliver();
    }
    cluster.pass(200);
    assert_eq!((cluster.raft(n(1)).role_kind(), cluster.raft(n(1)).term()), (Leader, Term(1)));
}

/// Proves that a leader sends each follower what it lacks from nextIndex on, moves both indexes on
/// success, and goes back and tries again on refusal (Raft Figure 2, "Leaders"; §5.3).
#[test]
fn next_and_match_index_follow_the_answers() {
    let mut cluster = Cluster::of(&[log_of(&[1, 1, 2]), log_of(&[1]), log_of(&[1])], |_| {});
    cluster.campaign(n(1));
    while cluster.raft(n(1)).role_kind() != Leader {
        assert!(cluster.deliver_one());
    }
    let progress = |cluster: &Cluster| {
        let progress = cluster.progress(n(1), n(2));
        (progress.match_index.0, progress.next_index.0)
    };
    let prev = |cluster: &Cluster| {
        let mut mail = cluster.mail_to(n(2)).into_iter();
        mail.find_map(|body| match body {
            Body::AppendEntries { prev_index, entries, .. } => Some((prev_index.0, entries.len())),
            _ => None,
        })
    };
    assert_eq!((progress(&cluster), prev(&cluster)), ((0, 4), Some((3, 1))));
    // The refusal says where n2's log ends.
    cluster.deliver_but(|message| message.to == n(3));
    assert_eq!(progress(&cluster), (4, 5));
    cluster.propose(n(1), "a");
    assert_eq!((progress(&cluster), prev(&cluster)), ((4, 6), Some((4, 1))), "not waiting");
    cluster.deliver();
    assert_eq!(progress(&cluster), (5, 6));
}

/// Proves that a leader never changes what is in its log, whatever it is told
/// (Raft Figure 3, Leader Append-Only; §5.3).
#[test]
fn a_leader_only_appends() {
    let [_, _, mut leader] = in_each_role();
    let before = leader.terms(n(1));
    for body in every_body(&leader) {
        leader.step(message(2, 1, 3, body)).expect("well formed");
    }
    leader.step(message(2, 1, 3, append((0, 0), vec![entry(1, 1)]))).expect("a rival is ignored");
    assert_eq!(leader.raft(n(1)).role_kind(), Leader);
    assert_eq!(leader.terms(n(1)), before);
}

/// Proves that what is committed is applied once, in the order of the log, and not before
/// (Raft Figure 2, "All Servers"; §5.3).
#[test]
fn entries_are_applied_in_order_and_once() {
    let mut cluster = plain(3);
    cluster.elect(n(1));
    for text in ["a", "b", "c"] {
        cluster.propose(n(1), text);
    }
    assert_eq!(cluster.node(n(1)).applied.len(), 1, "not before they are committed");
    cluster.deliver();
    cluster.ticks(n(1), 3);
    for id in [1, 2, 3] {
        let applied: Vec<_> = cluster.node(n(id)).applied.iter().map(|e| e.index.0).collect();
        assert_eq!(applied, [1, 2, 3, 4]);
        assert_eq!(cluster.raft(n(id)).last_applied(), Index(4));
    }
}
