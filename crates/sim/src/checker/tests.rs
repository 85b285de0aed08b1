//! Hand-made events make each checker fire, and keep silent where nothing is wrong: who led, who
//! voted, what was logged and committed. What else is watched: `states_and_members.rs`.

mod states_and_members;
mod story;

use member::raft_core::{Index, MessageKind, NodeId, RoleKind};

use super::Property;
use crate::trace::{EventKind, NodeState, Seq, SnapshotKind};
use story::Does::{
    self, Append, Apply, Commit, Config, Durable, Install, Role, Send, Truncate, Vote,
};
use story::{Story, held, state};

/// A vote for a candidate is sent to it.
fn granted(to: u8) -> Does {
    Send(MessageKind::RequestVoteReply, to, None, Some(false))
}

/// An ordinary run, with a crash that loses what was not synced, breaks nothing.
#[test]
fn an_ordinary_run_breaks_nothing() {
    let mut story = Story::led_by_n1(3);
    story.tick(1, &[Commit(2)]).tick(1, &[Apply(2)]).deliver(2, &[Commit(2), Apply(2)]);
    // n2 appends a fourth entry, and dies before it is on its disk.
    let before = story.states[1];
    story.tick(1, &[Append(1, 4)]);
    story.deliver(2, &[Append(1, 4)]);
    story.states[1] = before;
    story.event(EventKind::Crash, 2, &[Truncate(4)]);
    assert_eq!(story.broke(), None);
    story.event(EventKind::Restart, 2, &[Append(1, 4), Durable(4)]);
    story.tick(1, &[Durable(4)]).tick(1, &[Commit(4)]);
    // n3 gets the snapshot of all.
    story.deliver(3, &[Does::Term(1), Install(4, 1), Commit(4), Apply(4)]);
    assert_eq!(story.broke(), None, "{:?}", story.checkers.violation());
}

/// Raft §5.2: two leaders of one term.
#[test]
fn election_safety() {
    let mut story = Story::led_by_n1(0);
    story.tick(2, &[Does::Term(1), Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), Some(Property::ElectionSafety));
}

/// Raft §5.3: a leader deletes its own entries, or replaces its log.
#[test]
fn leader_append_only() {
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Truncate(2)]);
    assert_eq!(story.broke(), Some(Property::LeaderAppendOnly));
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(1)]).tick(1, &[Install(1, 1)]);
    assert_eq!(story.broke(), Some(Property::LeaderAppendOnly));
}

/// Raft §5.3: two logs hold an entry of the same index and term, but differ there or before.
#[test]
fn log_matching() {
    let mut story = Story::led_by_n1(1);
    story.deliver(3, &[Does::Term(1), Append(1, 99)]);
    assert_eq!(story.broke(), Some(Property::LogMatching));
    let mut story = Story::led_by_n1(2);
    story.deliver(3, &[Does::Term(1), Append(0, 7)]);
    assert_eq!(story.broke(), None, "entries of other terms may differ");
    story.deliver(3, &[Append(1, 2)]);
    assert_eq!(story.broke(), Some(Property::LogMatching), "the entry is equal, its past is not");
}

/// Raft §5.3: an entry is put where the log does not end.
#[test]
fn a_log_has_no_gaps() {
    let mut story = Story::led_by_n1(1);
    story.states[2].last_index = Index(4);
    story.deliver(3, &[Append(1, 5)]);
    assert_eq!(story.broke(), Some(Property::LogMatching));
}

/// Raft §5.4: a leader of a later term lacks what was committed.
#[test]
fn leader_completeness() {
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(2)]);
    story.tick(3, &[Does::Term(2), Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), Some(Property::LeaderCompleteness));
    // One of an earlier term, elected by answers that came late, may lack it.
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Does::Term(3), Role(RoleKind::Candidate)]);
    story.deliver(2, &[Does::Term(3), Vote(1), granted(1)]);
    story.tick(1, &[Role(RoleKind::Leader)]).tick(1, &[Commit(2)]);
    story.tick(3, &[Does::Term(2), Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), None);
}

/// One event can commit, apply, and take a snapshot that takes the entries away: they were committed
/// all the same. (Found by an outside judge, `tests/convict`: they were forgotten.)
#[test]
fn what_a_snapshot_takes_away_was_committed() {
    let mut story = Story::led_by_n1(3);
    let taken = Does::Snapshot(SnapshotKind::Taken, 3, held(3));
    story.tick(1, &[Commit(3), Apply(3), taken]);
    story.tick(3, &[Does::Term(2), Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), Some(Property::LeaderCompleteness));
}

/// Raft §5.4.3: two servers commit different entries at one index; one deletes what it committed;
/// one installs a snapshot of what was never committed.
#[test]
fn state_machine_safety() {
    let mut story = Story::led_by_n1(1);
    story.tick(1, &[Commit(1)]);
    story.deliver(3, &[Does::Term(2), Append(2, 5), Durable(1)]).deliver(3, &[Commit(1)]);
    assert_eq!(story.broke(), Some(Property::StateMachineSafety));

    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(2)]).deliver(2, &[Commit(2)]);
    story.deliver(2, &[Does::Term(2), Truncate(2)]);
    assert_eq!(story.broke(), Some(Property::StateMachineSafety));

    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(1)]).deliver(3, &[Does::Term(1), Install(2, 1)]);
    assert_eq!(story.broke(), Some(Property::StateMachineSafety));
}

/// Raft §5.2: two votes of one term were sent, or one was sent and another kept.
#[test]
fn one_vote_a_term() {
    let mut story = Story::new();
    story.deliver(3, &[Does::Term(1), Vote(1), granted(1)]).deliver(3, &[granted(1)]);
    assert_eq!(story.broke(), None, "the same vote may be sent twice");
    story.deliver(3, &[Vote(2), granted(2)]);
    assert_eq!(story.broke(), Some(Property::OneVoteATerm));

    let mut story = Story::new();
    story.deliver(3, &[Does::Term(1), Vote(1), granted(1)]);
    story.tick(3, &[Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), Some(Property::OneVoteATerm));
}

/// A vote that was lost in a crash before anybody heard of it may be given again.
#[test]
fn a_vote_that_nobody_heard_of_may_be_lost() {
    let mut story = Story::new();
    story.deliver(3, &[Does::Term(1), Vote(1)]).crash(3, state());
    story.event(EventKind::Restart, 3, &[Role(RoleKind::Follower)]);
    story.deliver(3, &[Does::Term(1), Vote(2), granted(2)]);
    assert_eq!(story.broke(), None);
}

/// Raft §5.4.1: whoever is elected by a voter with a better log.
#[test]
fn up_to_date_leader() {
    let mut story = Story::led_by_n1(2);
    let ask = Send(MessageKind::RequestVote, 2, Some(0), None);
    story.tick(3, &[Does::Term(2), Role(RoleKind::Candidate), Vote(3), ask]);
    story.deliver(2, &[Does::Term(2), Vote(3)]);
    assert_eq!(story.broke(), None, "a vote does no harm if its candidate is not elected");
    story.deliver(3, &[Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), Some(Property::UpToDateLeader));
}

/// Raft §5.1: a running server's term goes back; a restarted one forgets one in which it spoke.
#[test]
fn term_never_back() {
    let mut story = Story::led_by_n1(1);
    story.tick(2, &[Does::Term(0)]);
    assert_eq!(story.broke(), Some(Property::TermNeverBack));

    let forgets = |does: &[Does]| {
        let mut story = Story::new();
        story.deliver(3, &[Does::Term(4)]).deliver(3, does).crash(3, state());
        story.broke()
    };
    assert_eq!(forgets(&[]), None, "a term that nobody has heard of may be lost");
    let says = |kind, reject| forgets(&[Send(kind, 1, Some(0), reject)]);
    for kind in [MessageKind::PreVote, MessageKind::Propose, MessageKind::ReadIndex] {
        assert_eq!(says(kind, None), None, "{kind:?} promises nothing");
    }
    assert_eq!(says(MessageKind::PreVoteReply, Some(false)), None, "nor does the answer to it");
    for (kind, reject) in [
        (MessageKind::RequestVote, None),
        (MessageKind::RequestVoteReply, Some(false)),
        (MessageKind::RequestVoteReply, Some(true)),
        (MessageKind::AppendEntries, None),
        (MessageKind::AppendAccepted, Some(false)),
        (MessageKind::AppendRejected, Some(true)),
        (MessageKind::Heartbeat, None),
        (MessageKind::HeartbeatReply, None),
        (MessageKind::ReadIndexReply, None),
    ] {
        assert_eq!(says(kind, reject), Some(Property::TermNeverBack), "{kind:?}");
    }
}

/// Raft Figure 2: the commit index goes back while the server runs.
#[test]
fn commit_never_back() {
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(2)]).tick(1, &[Commit(1)]);
    assert_eq!(story.broke(), Some(Property::CommitNeverBack));
    // After a restart it may: it need not be on the disk.
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(2)]);
    let disk = NodeState { commit: Index(0), ..story.states[0] };
    story.crash(1, disk).event(EventKind::Restart, 1, &[Role(RoleKind::Follower)]);
    assert_eq!(story.broke(), None);
}

/// Raft Figure 2: the commit index passes the log, or the applied index passes the commit index.
#[test]
fn commit_within_log() {
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(3)]);
    assert_eq!(story.broke(), Some(Property::CommitWithinLog));
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(1)]).tick(1, &[Apply(2)]);
    assert_eq!(story.broke(), Some(Property::CommitWithinLog));
}

/// Raft §5.3: committed by one of three; and by two that are no quorum of the configured voters.
#[test]
fn durable_on_quorum() {
    let mut story = Story::led_by_n1(1);
    story.tick(1, &[Append(1, 2), Durable(2)]).tick(1, &[Commit(2)]);
    assert_eq!(story.broke(), Some(Property::DurableOnQuorum));

    let mut story = Story::led_by_n1(1);
    story.tick(1, &[Append(1, 2), Durable(2)]);
    story.deliver(2, &[Append(1, 2)]).tick(1, &[Commit(2)]);
    assert_eq!(story.broke(), Some(Property::DurableOnQuorum), "n2 has it, but not on its disk");

    let mut story = Story::led_by_n1(1);
    story.tick(1, &[Config(Some(1), vec![1, 3])]).tick(1, &[Commit(1)]);
    assert_eq!(story.broke(), Some(Property::DurableOnQuorum), "n2 does not vote");
}

/// Raft §5.3: what was committed is lost again by a disk, so that no quorum holds it any more.
#[test]
fn durable_on_quorum_for_ever() {
    let committed = || {
        let mut story = Story::led_by_n1(2);
        story.tick(1, &[Commit(2)]);
        story
    };
    // n2 knows nothing of the commitment, and deletes what it had acknowledged.
    let mut story = committed();
    story.deliver(2, &[Truncate(2)]);
    assert_eq!(story.broke(), Some(Property::DurableOnQuorum));
    // A crash takes it.
    let mut story = committed();
    story.states[1].role = None;
    story.event(EventKind::Crash, 2, &[Truncate(1)]);
    assert_eq!(story.broke(), Some(Property::DurableOnQuorum));
    // Where three of three have it, one may lose it; and anybody what was not committed.
    let mut story = committed();
    for index in 1..=3 {
        story.deliver(3, &[Does::Term(1), Append(1, index), Durable(index)]);
    }
    story.deliver(3, &[Truncate(3)]);
    story.states[2].role = None;
    story.event(EventKind::Crash, 3, &[Truncate(2)]);
    assert_eq!(story.broke(), None);
}

/// Raft Figure 2: acknowledged before it is on the disk.
#[test]
fn durable_before_acknowledged() {
    let mut story = Story::led_by_n1(1);
    let acknowledge = |index| Send(MessageKind::AppendAccepted, 1, Some(index), Some(false));
    story.deliver(2, &[acknowledge(1)]);
    assert_eq!(story.broke(), None);
    story.deliver(2, &[Append(1, 2), acknowledge(2)]);
    assert_eq!(story.broke(), Some(Property::DurableBeforeAcknowledged));
}

/// Nothing is looked at after the first violation; it says where it happened, in plain words.
#[test]
fn the_first_violation_stays() {
    let mut story = Story::led_by_n1(2);
    story.tick(1, &[Commit(2)]).tick(1, &[Commit(1)]);
    let first = story.checkers.violation().cloned().expect("the commit index went back");
    story.tick(1, &[Truncate(1)]).tick(2, &[Role(RoleKind::Leader)]);
    assert_eq!(story.checkers.violation(), Some(&first));
    assert_eq!(first.seq, Seq(story.seq - 2));
    assert_eq!(first.nodes, [NodeId(1)]);
    assert!(first.to_string().contains("the commit index of n1 went back from 2 to 1"));
}

/// Names are those that scripts use, and there is one for each property.
#[test]
fn properties_are_found_by_name() {
    for property in Property::ALL {
        assert_eq!(Property::named(property.name()), Some(property));
        assert!(!property.section().is_empty() && !property.statement().is_empty());
    }
}
