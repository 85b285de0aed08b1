//! What each rule is good for: one script, run twice. With the rule off it breaks a promise of
//! Raft, with the rule on it does not.

use std::sync::Arc;

use Property::{
    CommitNeverGoesBack, CommittedIsDurable, FreshReads, LeaderCompleteness, Liveness,
    OneLeaderATerm, StateMachineSafety,
};
use raft_core::{
    Body, Change, Config, ConfigChange, Index, Message, MessageKind, NodeId, Payload, RoleKind,
    Rule, Rules, Stored, Term,
};

use crate::checker::Property;
use crate::cluster::{Cluster, Sync, data, log_of, n};

/// What goes on beside the rule that is tried, in both runs alike.
#[derive(Clone, Copy)]
enum Around {
    /// Everything.
    Raft,
    /// No PreVote and no CheckQuorum, which would mend much of the damage: Raft as in Figure 2.
    FigureTwo,
}

/// Runs a script with the rule off and with the rule on.
fn check(rule: Rule, around: Around, size: u8, breaks: Property, script: fn(&mut Cluster)) {
    let rules = match around {
        Around::Raft => Rules::ALL,
        Around::FigureTwo => Rules::ALL.without(Rule::PreVote).without(Rule::CheckQuorum),
    };
    let run = |rules: Rules| {
        // One entry an append, so that a script can part them.
        let mut cluster = Cluster::with(size, |config| {
            (config.rules, config.max_append_bytes) = (rules, 0);
        });
        script(&mut cluster);
        cluster.checker.broken().to_vec()
    };
    let off = run(rules.without(rule));
    let is_broken = off.iter().any(|broken| broken.property == breaks);
    assert!(is_broken, "{} is off: {off:?}, but not {breaks:?}", rule.name());
    let on = run(rules.with(rule));
    assert!(on.is_empty(), "{} is on: {on:?}", rule.name());
}

fn leads(cluster: &Cluster, id: u8) -> bool {
    cluster.raft(n(id)).role_kind() == RoleKind::Leader
}

fn is(kind: MessageKind) -> impl Fn(&Message) -> bool {
    move |message| message.kind() == kind
}

/// Delivers mail until this server leads; what it says then is still under way. Says whether it
/// does.
fn wins(cluster: &mut Cluster, id: u8) -> bool {
    cluster.campaign(n(id));
    while !leads(cluster, id) && cluster.deliver_one() {}
    leads(cluster, id)
}

/// `id` loses patience with its leader, as CheckQuorum wants it before it votes for another.
fn patience_ends(cluster: &mut Cluster, ids: &[u8]) {
    for id in ids {
        // Enough to hear no leader, too little to stand for election.
        (0..10).for_each(|_| cluster.tick(n(*id)));
        cluster.mail.clear();
    }
}

/// Proves what PersistVote is for: a server that forgets its vote gives a second one in the same
/// term, and two leaders share the term (Raft §5.2, Figure 2).
#[test]
fn persist_vote() {
    check(Rule::PersistVote, Around::FigureTwo, 3, OneLeaderATerm, a_voter_restarts);
}

/// Proves what PersistTerm is for: a server that forgets its term votes in it again
/// (Raft §5.1, Figure 2).
#[test]
fn persist_term() {
    check(Rule::PersistTerm, Around::FigureTwo, 3, OneLeaderATerm, a_voter_restarts);
}

/// n3 elects n1, restarts, and is asked by n2 in the same term.
fn a_voter_restarts(cluster: &mut Cluster) {
    cluster.cut = [(n(1), n(2)), (n(2), n(1))].into();
    assert!(wins(cluster, 1));
    cluster.deliver_but(|_| true);
    cluster.crash(n(3));
    cluster.restart(n(3));
    cluster.elect(n(2));
}

/// Proves what OneVoteATerm is for: two candidates of one term both win (Raft §5.2).
#[test]
fn one_vote_a_term() {
    check(Rule::OneVoteATerm, Around::Raft, 3, OneLeaderATerm, |cluster| {
        cluster.campaign(n(1));
        cluster.campaign(n(2));
        // Each is a candidate before the other one has won.
        cluster.deliver_but(is(MessageKind::AppendEntries));
    });
}

/// Proves what the up-to-date check is for: a server that missed a committed entry wins, and
/// the entry is lost (Raft §5.4.1).
#[test]
fn up_to_date_check() {
    check(Rule::UpToDateCheck, Around::Raft, 3, LeaderCompleteness, |cluster| {
        cluster.elect(n(1));
        cluster.isolate(n(3));
        cluster.propose(n(1), "acknowledged");
        cluster.deliver();
        cluster.heal();
        cluster.isolate(n(1));
        patience_ends(cluster, &[2, 3]);
        cluster.elect(n(3));
    });
}

/// Proves what stepping down is for: a leader that was replaced and hears of it would lead its
/// successor's term beside it (Raft §5.1).
#[test]
fn step_down() {
    check(Rule::StepDown, Around::Raft, 3, OneLeaderATerm, |cluster| {
        cluster.elect(n(1));
        cluster.isolate(n(1));
        patience_ends(cluster, &[2, 3]);
        cluster.elect(n(2));
        cluster.heal();
        cluster.ticks(n(2), 1);
    });
}

/// Proves what a new term is for: a candidacy in an old term makes a second leader of it
/// (Raft §5.2).
#[test]
fn new_term_on_candidacy() {
    check(Rule::NewTermOnCandidacy, Around::FigureTwo, 3, OneLeaderATerm, |cluster| {
        // n3 does not hear n1, and has its vote of the term left.
        cluster.cut = [(n(1), n(3))].into();
        cluster.elect(n(1));
        cluster.cut = [(n(1), n(3)), (n(2), n(1))].into();
        cluster.elect(n(2));
    });
}

/// Proves what majorities are for: two halves that cannot talk each elect a leader, and each
/// commits (Raft §5.2, §5.3).
#[test]
fn majority() {
    check(Rule::Majority, Around::Raft, 5, OneLeaderATerm, |cluster| {
        cluster.partition(&[1, 2]);
        cluster.elect(n(1));
        cluster.elect(n(3));
    });
    // In different terms it is what they commit that differs.
    check(Rule::Majority, Around::Raft, 4, StateMachineSafety, |cluster| {
        cluster.elect(n(1));
        cluster.partition(&[1, 2]);
        patience_ends(cluster, &[3, 4]);
        cluster.elect(n(3));
        if leads(cluster, 3) {
            cluster.propose(n(1), "here");
            cluster.propose(n(3), "there");
            cluster.deliver();
        }
    });
}

/// Proves what the consistency check is for: an entry that follows one that was lost lands in its
/// place, and is applied there (Raft §5.3).
#[test]
fn log_consistency_check() {
    check(Rule::LogConsistencyCheck, Around::Raft, 3, StateMachineSafety, |cluster| {
        cluster.elect(n(1));
        cluster.propose(n(1), "lost on its way to n3");
        cluster.deliver_but(|message| {
            message.to == n(3) && message.kind() == MessageKind::AppendEntries
        });
        cluster.propose(n(1), "arrives");
        cluster.deliver();
        cluster.ticks(n(1), 2);
    });
}

/// Proves what committing only own-term entries by counting is for: Raft Figure 8, (a) to (d). An
/// old entry that a majority holds is overwritten (Raft §5.4.2).
#[test]
fn own_term_commit() {
    check(Rule::OwnTermCommit, Around::FigureTwo, 5, LeaderCompleteness, figure_8);
}

fn figure_8(cluster: &mut Cluster) {
    cluster.elect(n(5));
    assert_eq!(cluster.commits(), [1; 5]);
    let rest = |message: &Message, reached: &[u8]| {
        message.kind() == MessageKind::AppendEntries && !reached.contains(&message.to.0)
    };
    // (a) S1 leads term 2 and its entry 2 reaches S2 alone.
    assert!(wins(cluster, 1));
    cluster.deliver_but(|message| rest(message, &[2]));
    assert_eq!((cluster.terms(n(2)), cluster.terms(n(3))), (vec![1, 2], vec![1]));
    // (b) S1 crashes; S5 leads term 3 by S3 and S4, and its entry 2 reaches nobody.
    cluster.crash(n(1));
    assert!(wins(cluster, 5));
    cluster.deliver_but(|message| rest(message, &[]));
    assert_eq!(cluster.terms(n(5)), [1, 3]);
    // (c) S5 crashes; S1 leads term 4 and brings its old entry to a majority: here to S3 and S4 as
    // well, for S1 does not know yet what S2 has. Its new entry reaches nobody.
    cluster.crash(n(5));
    cluster.restart(n(1));
    cluster.elect(n(1));
    assert!(wins(cluster, 1), "at the second attempt, term 3 is taken");
    while let Some(message) = cluster.mail.front() {
        let receiver = cluster.node(message.to).raft.as_ref();
        // What would not be refused.
        let has_old = receiver.is_some_and(|raft| raft.last_index() >= Index(2));
        if message.kind() == MessageKind::AppendEntries && has_old {
            cluster.mail.pop_front();
        } else {
            cluster.deliver_one();
        }
    }
    assert_eq!(cluster.terms(n(1)), [1, 2, 4]);
    for id in [2, 3, 4] {
        assert_eq!(cluster.terms(n(id)), [1, 2]);
    }
    // (d) S1 crashes; S5 leads by S2, S3 and S4, whose last term is 2.
    cluster.crash(n(1));
    cluster.restart(n(5));
    cluster.elect(n(5));
    cluster.elect(n(5));
    assert!(leads(cluster, 5));
    cluster.ticks(n(5), 2);
    assert_eq!(cluster.terms(n(2))[..2], [1, 3], "entry 2 was overwritten");
}

/// Proves what truncating on conflict only is for: an append that comes late deletes what was
/// acknowledged and committed since (Raft §5.3).
#[test]
fn truncate_on_conflict_only() {
    check(Rule::TruncateOnConflictOnly, Around::Raft, 3, LeaderCompleteness, |cluster| {
        cluster.elect(n(1));
        cluster.isolate(n(3));
        cluster.propose(n(1), "a");
        let late: Vec<Message> = cluster.mail.iter().cloned().collect();
        assert!(late.iter().any(|message| message.to == n(2)));
        cluster.deliver();
        cluster.propose(n(1), "b");
        cluster.deliver();
        assert_eq!(cluster.raft(n(1)).commit(), Index(3));
        // The network had doubled the first append.
        cluster.mail.extend(late);
        cluster.deliver_but(is(MessageKind::AppendAccepted));
        cluster.heal();
        cluster.isolate(n(1));
        patience_ends(cluster, &[2, 3]);
        cluster.elect(n(2));
    });
}

/// Proves what a commit index that only grows is for: a heartbeat that comes late takes back what
/// the server has said (Raft Figure 2).
#[test]
fn never_move_commit_back() {
    check(Rule::NeverMoveCommitBack, Around::Raft, 3, CommitNeverGoesBack, |cluster| {
        cluster.elect(n(1));
        cluster.tick(n(1));
        let late = cluster.hold_back(is(MessageKind::Heartbeat));
        cluster.propose(n(1), "a");
        cluster.deliver();
        assert_eq!(cluster.commits(), [2, 2, 2]);
        cluster.mail.extend(late);
        cluster.deliver();
    });
}

/// Proves what confirming leadership is for: a leader that was replaced without noticing answers
/// a read without the newest write (Raft §8, thesis §6.4).
#[test]
fn confirm_leadership_before_read() {
    check(Rule::ConfirmLeadershipBeforeRead, Around::Raft, 3, FreshReads, |cluster| {
        cluster.elect(n(1));
        cluster.isolate(n(1));
        patience_ends(cluster, &[2, 3]);
        cluster.elect(n(2));
        cluster.propose(n(2), "newer");
        cluster.deliver();
        cluster.read(n(1), 1);
        cluster.ticks(n(1), 3);
    });
}

/// Proves what waiting for an own-term commit is for: a new leader does not know yet that its
/// newest entry is committed, and answers a read without it (Raft §8).
#[test]
fn own_term_commit_before_read() {
    check(Rule::OwnTermCommitBeforeRead, Around::Raft, 3, FreshReads, |cluster| {
        cluster.elect(n(1));
        cluster.propose(n(1), "acknowledged");
        // Only n1 knows that it is committed.
        while cluster.raft(n(1)).commit() < Index(2) {
            assert!(cluster.deliver_one());
        }
        cluster.mail.clear();
        cluster.isolate(n(1));
        patience_ends(cluster, &[2, 3]);
        assert!(wins(cluster, 3));
        cluster.lost.insert(MessageKind::AppendEntries);
        cluster.read(n(3), 1);
        cluster.deliver();
    });
}

fn change(of: Change) -> Payload {
    Payload::Config(Arc::new(ConfigChange { changes: vec![of], ..ConfigChange::default() }))
}

/// Servers 4 and 5, to be added to three voters.
fn newcomers(cluster: &mut Cluster) {
    let rules = cluster.raft(n(1)).rules();
    for id in [n(4), n(5)] {
        let voters = (1..=3).map(NodeId).collect();
        cluster.add(Config { rules, ..Config::new(id, voters) }, Stored::default());
    }
}

fn propose(cluster: &mut Cluster, id: u8, payload: Payload) {
    cluster.at(n(id), |raft, _| raft.propose(payload)).expect("it leads");
}

/// Of all mail only the answer arrives that commits everything at once.
fn keep_last_answer(cluster: &mut Cluster, leader: u8, last: Index) {
    let answer = Body::AppendAccepted { match_index: last };
    let kept = cluster.hold_back(|message| message.to == n(leader) && message.body == answer);
    assert_eq!(kept.len(), 1);
    cluster.mail = kept.into();
}

/// `leader` has committed and applied the membership, and goes on with `side`; `rival` still has
/// the three voters of the beginning and is elected by one of them. Then each commits.
fn part(cluster: &mut Cluster, leader: u8, side: &[u8], rival: u8, others: &[u8]) {
    cluster.heal();
    cluster.partition(side);
    cluster.ticks(n(leader), 8);
    // With the rule on it may have lost its majority by now.
    let _ = cluster.at(n(leader), |raft, _| raft.propose(data("for the new members")));
    cluster.ticks(n(leader), 8);
    patience_ends(cluster, others);
    cluster.elect(n(rival));
    cluster.elect(n(rival));
    cluster.ticks(n(rival), 8);
}

/// Proves what one change at a time is for: two that overlap take effect at once, from three
/// voters to five, and a majority of the three shares nobody with one of the five: two leaders
/// commit (Raft §6, thesis §4.1).
#[test]
fn one_membership_change_at_a_time() {
    let rule = Rule::OneMembershipChangeAtATime;
    check(rule, Around::Raft, 3, StateMachineSafety, |cluster| {
        newcomers(cluster);
        cluster.elect(n(1));
        cluster.isolate(n(3));
        // Both reach n2, which does not hear that they are committed.
        propose(cluster, 1, change(Change::AddVoter(n(4))));
        propose(cluster, 1, change(Change::AddVoter(n(5))));
        while cluster.raft(n(2)).last_index() < Index(3) {
            assert!(cluster.deliver_one());
        }
        keep_last_answer(cluster, 1, Index(3));
        cluster.deliver_but(|message| message.to == n(2));
        part(cluster, 1, &[1, 4, 5], 2, &[2, 3]);
    });
}

/// Proves what committing in one's own term before a change is for: a change that the leader
/// before has left in the log, and the new leader's own, overlap just as two of its own would
/// (thesis §4.1 as corrected in 2015).
#[test]
fn own_term_commit_before_membership_change() {
    let rule = Rule::OwnTermCommitBeforeMembershipChange;
    check(rule, Around::Raft, 3, StateMachineSafety, |cluster| {
        newcomers(cluster);
        cluster.elect(n(1));
        // n1's change reaches n2, and then n1 is gone.
        cluster.isolate(n(3));
        propose(cluster, 1, change(Change::AddVoter(n(4))));
        while cluster.raft(n(2)).last_index() < Index(2) {
            assert!(cluster.deliver_one());
        }
        cluster.mail.clear();
        cluster.crash(n(1));
        cluster.heal();
        patience_ends(cluster, &[2, 3]);
        assert!(wins(cluster, 2));
        propose(cluster, 2, change(Change::AddVoter(n(5))));
        // All of it reaches n3, which does not hear that it is committed.
        let last = cluster.raft(n(2)).last_index();
        while cluster.raft(n(3)).last_index() < last {
            assert!(cluster.deliver_one());
        }
        keep_last_answer(cluster, 2, last);
        cluster.deliver_but(|message| message.to == n(3));
        cluster.restart(n(1));
        part(cluster, 2, &[2, 4, 5], 3, &[1, 3]);
    });
}

/// Proves what syncing first is for: what a server acknowledged and then lost in a crash was
/// counted, and committed on too few disks (Raft Figure 2, "before responding to RPCs").
#[test]
fn sync_before_acknowledging() {
    check(Rule::SyncBeforeAcknowledging, Around::Raft, 3, CommittedIsDurable, |cluster| {
        cluster.elect(n(1));
        cluster.isolate(n(3));
        cluster.node_mut(n(2)).sync = Sync::Held;
        cluster.propose(n(1), "acknowledged");
        cluster.deliver();
        // And this is what becomes of it.
        cluster.crash(n(2));
        cluster.node_mut(n(2)).sync = Sync::AtOnce;
        cluster.restart(n(2));
        cluster.heal();
        cluster.isolate(n(1));
        patience_ends(cluster, &[3]);
        cluster.elect(n(3));
    });
}

/// Proves what CheckQuorum is for: a leader that is heard but hears nobody holds its followers
/// for ever and commits nothing (thesis §6.2).
#[test]
fn check_quorum() {
    check(Rule::CheckQuorum, Around::Raft, 3, Liveness, |cluster| {
        cluster.elect(n(1));
        cluster.cut = [(n(2), n(1)), (n(3), n(1))].into();
        let before = cluster.checker.committed();
        for _ in 0..20 {
            cluster.pass(10);
            for id in [1, 2, 3] {
                if leads(cluster, id) {
                    cluster.propose(n(id), "served?");
                }
            }
        }
        let serves = cluster.checker.committed() > before;
        cluster.demand(Liveness, serves, "nothing committed in 200 ticks");
    });
}

/// Proves what PreVote is for: a server that comes back from behind a cut link, its term grown,
/// deposes a leader that works, although CheckQuorum is on (thesis §9.6).
#[test]
fn pre_vote() {
    check(Rule::PreVote, Around::Raft, 3, Liveness, |cluster| {
        cluster.elect(n(1));
        cluster.isolate(n(3));
        cluster.pass(100);
        cluster.heal();
        cluster.pass(1);
        let still_leads = leads(cluster, 1);
        cluster.demand(Liveness, still_leads, "a leader that works was deposed");
    });
}

/// Proves what random timeouts are for: with equal ones all servers stand at once, for ever, and
/// split the vote (Raft §5.2).
#[test]
fn random_timeouts() {
    for around in [Around::Raft, Around::FigureTwo] {
        check(Rule::RandomTimeouts, around, 3, Liveness, |cluster| {
            cluster.pass(2000);
            let has_leader = cluster.roles().contains(&RoleKind::Leader);
            cluster.demand(Liveness, has_leader, "no leader in 2,000 ticks");
        });
    }
}

/// Proves the other end of Figure 8, from the logs as drawn at (c) to those at (e): once an entry
/// of S1's own term is on a majority, the old one is safe with it, and S5 cannot win
/// (Raft §5.4.2).
#[test]
fn figure_8_e_keeps_what_s1_commits() {
    let mut disks = vec![log_of(&[1, 2]), log_of(&[1, 2]), log_of(&[1]), log_of(&[1])];
    disks.push(log_of(&[1, 3]));
    disks[0].hard_state.term = Term(3);
    let mut cluster = Cluster::of(&disks, |config| {
        config.rules = config.rules.without(Rule::PreVote).without(Rule::CheckQuorum);
    });
    cluster.isolate(n(5));
    cluster.elect(n(1));
    cluster.deliver();
    assert_eq!(cluster.raft(n(1)).commit(), Index(3), "its own entry, and the old one with it");
    cluster.heal();
    cluster.crash(n(1));
    cluster.elect(n(5));
    cluster.elect(n(5));
    assert!(!leads(&cluster, 5), "a majority has a later last term");
    cluster.elect(n(2));
    assert!(leads(&cluster, 2) && cluster.broken().is_none());
}

/// Proves that no rule is without its run.
#[test]
fn every_rule_has_its_run() {
    for rule in Rule::ALL {
        let test = format!("#[test]\nfn {}() {{", rule.name().replace('-', "_"));
        assert!(include_str!("rules.rs").contains(&test), "{} has none", rule.name());
    }
}
