//! Hand-made events for what is watched besides logs and votes: configurations, leaders' progress,
//! state machines, snapshots, leaders that are not the last, and what clients were told.

use member::raft_core::{Index, MessageKind, NodeId, RoleKind};

use super::granted;
use super::story::Does::{
    self, Append, Apply, Commit, Config, Durable, Get, Hold, Install, Joint, Role, Send, Snapshot,
    Term, Truncate, Vote,
};
use super::story::{Story, held, state};
use crate::checker::Property;
use crate::trace::{EventKind, MessageId, NodeState, SnapshotKind};

/// Raft §6: a change of two voters at once, where a joint configuration would have been needed.
#[test]
fn quorum_overlap() {
    let mut story = Story::new();
    story.tick(1, &[Config(Some(1), vec![1, 2, 3, 4])]);
    story.tick(1, &[Config(Some(2), vec![1, 2, 3, 4, 5])]);
    assert_eq!(story.broke(), None, "one voter at a time");
    story.tick(1, &[Config(Some(3), vec![1, 2, 6])]);
    assert_eq!(story.broke(), Some(Property::QuorumOverlap), "{{3, 4, 5}} and {{1, 2}}");

    let mut story = Story::new();
    story.tick(1, &[Joint(Some(4), vec![4, 5, 6], vec![1, 2, 3])]);
    story.tick(1, &[Config(Some(5), vec![4, 5, 6])]);
    assert_eq!(story.broke(), None, "both majorities, then the new one");
    story.tick(2, &[Joint(Some(4), vec![4, 5, 6], vec![1, 2, 3])]);
    story.tick(2, &[Config(Some(5), vec![4, 5, 6])]);
    assert_eq!(story.broke(), None, "others follow later");
    story.tick(1, &[Config(Some(7), vec![1, 2, 3])]);
    assert_eq!(story.broke(), Some(Property::QuorumOverlap));
}

/// A node may pass through several configurations in one event, skip them by a snapshot, and begin
/// anew after a restart; a node that starts later begins with the first one.
#[test]
fn configurations_may_be_skipped() {
    let all = [
        Joint(Some(2), vec![4, 5, 6], vec![1, 2, 3]),
        Config(Some(3), vec![4, 5, 6]),
        Config(Some(6), vec![4, 5, 6, 7]),
    ];
    let mut story = Story::led_by_n1(8);
    story.tick(1, &[Commit(8)]);
    story.tick(1, &all).tick(1, &[Apply(8)]);
    story.deliver(2, &[Commit(8)]).tick(2, &all[..1]).tick(2, &all[1..]);
    // n3 gets a snapshot of index 4, and later the last change.
    let install = [Install(4, 1), Commit(4), Durable(4), Config(None, vec![4, 5, 6])];
    story.deliver(3, &[Term(1)]).deliver(3, &install).deliver(3, &[Apply(4)]);
    for index in 5..=8 {
        story.deliver(3, &[Append(1, index), Durable(index)]);
    }
    story.deliver(3, &[Commit(8), Apply(8), all[2].clone()]);
    // It restarts with the snapshot, and applies everything again.
    let disk = NodeState { applied: Index(4), ..story.states[2] };
    story.crash(3, disk);
    story.event(EventKind::Restart, 3, &[Role(RoleKind::Follower), Config(None, vec![4, 5, 6])]);
    story.deliver(3, &[Apply(8), all[2].clone()]);
    // n4 starts now, with the cluster's first configuration.
    story.states.push(state());
    story.event(EventKind::Restart, 4, &[Config(None, vec![1, 2, 3])]);
    story.deliver(4, &all);
    assert_eq!(story.broke(), None, "{:?}", story.checkers.violation());
}

/// Two nodes must agree on the configuration at an index, wherever they have it from.
#[test]
fn configurations_are_the_same_everywhere() {
    let changed = || {
        let mut story = Story::led_by_n1(4);
        story.tick(1, &[Commit(4)]).tick(1, &[Config(Some(2), vec![1, 2])]);
        assert_eq!(story.broke(), None);
        story
    };
    let mut story = changed();
    story.tick(2, &[Config(Some(2), vec![1, 2, 3])]);
    assert_eq!(story.broke(), Some(Property::QuorumOverlap), "the same entry, another outcome");
    let mut story = changed();
    story.tick(2, &[Config(Some(1), vec![1, 3])]);
    assert_eq!(
        story.broke(),
        Some(Property::QuorumOverlap),
        "an entry that changed nothing for n1"
    );
    let snapshot = |voters: &[u8]| {
        let mut story = changed();
        story.deliver(3, &[Term(1), Install(4, 1), Config(None, voters.to_vec())]);
        story.broke()
    };
    assert_eq!(snapshot(&[1, 2]), None);
    assert_eq!(snapshot(&[1, 2, 3]), Some(Property::QuorumOverlap), "a snapshot of another");
    // A node that restarts has to begin with what its disk says, not with what it used last.
    let mut story = changed();
    let disk = NodeState { applied: Index(0), ..story.states[0] };
    story.crash(1, disk);
    story.event(EventKind::Restart, 1, &[Role(RoleKind::Follower), Config(None, vec![1, 2])]);
    assert_eq!(story.broke(), Some(Property::QuorumOverlap));
}

/// What n2 says to n1, and n1 to n2.
fn accept(index: u64) -> Does {
    Send(MessageKind::AppendAccepted, 1, Some(index), Some(false))
}

fn append_behind(index: u64) -> Does {
    Send(MessageKind::AppendEntries, 2, Some(index), None)
}

/// Raft Figure 2: a leader sends again what the follower has acknowledged to it.
#[test]
fn next_above_match() {
    let mut story = Story::led_by_n1(3);
    let acknowledgement = story.deliver(2, &[accept(2)]).sent;
    story.tick(1, &[append_behind(0)]);
    assert_eq!(story.broke(), None, "it has not arrived yet");
    story.deliver(1, &[Get(acknowledgement), append_behind(2)]).tick(1, &[append_behind(3)]);
    assert_eq!(story.broke(), None);
    let later = story.deliver(2, &[accept(1)]).sent;
    story.deliver(1, &[Get(later)]).tick(1, &[append_behind(1)]);
    assert_eq!(story.broke(), Some(Property::NextAboveMatch), "a late answer takes nothing back");
}

/// What a leader was told counts in its term and its configuration only, and what is lost not at
/// all.
#[test]
fn matches_are_forgotten() {
    let told = |before: &dyn Fn(&mut Story, MessageId)| {
        let mut story = Story::led_by_n1(3);
        let acknowledgement = story.deliver(2, &[accept(3)]).sent;
        before(&mut story, acknowledgement);
        story.tick(1, &[append_behind(0)]);
        story.broke()
    };
    let arrives = |story: &mut Story, id| {
        story.deliver(1, &[Get(id)]);
    };
    assert_eq!(told(&arrives), Some(Property::NextAboveMatch));
    assert_eq!(told(&|_, _| ()), None);
    let is_lost = |story: &mut Story, id| {
        assert_eq!(story.checkers.acknowledgements.count(), 1);
        story.lose(id);
        assert_eq!(story.checkers.acknowledgements.count(), 0);
    };
    assert_eq!(told(&is_lost), None);
    let same_change = |story: &mut Story, id| {
        arrives(story, id);
        story.tick(1, &[Config(Some(4), vec![1, 2])]);
    };
    assert_eq!(told(&same_change), None, "n2 may have come anew");
    let next_term = |story: &mut Story, id| {
        arrives(story, id);
        story.tick(1, &[Term(2), Role(RoleKind::Candidate), Vote(1)]);
        story.deliver(1, &[Role(RoleKind::Leader)]);
    };
    assert_eq!(told(&next_term), None, "it has to find out anew");
    let late = |story: &mut Story, id| {
        story.tick(1, &[Term(2), Role(RoleKind::Candidate), Vote(1)]);
        story.deliver(1, &[Role(RoleKind::Leader)]);
        arrives(story, id);
    };
    assert_eq!(told(&late), None, "an answer of an earlier term says nothing");
    // A copy that the network made counts as the original does.
    let copied = |story: &mut Story, id| {
        let copy = story.copy(id);
        story.lose(id);
        arrives(story, copy);
    };
    assert_eq!(told(&copied), Some(Property::NextAboveMatch));
}

/// Raft §5.4.3: two state machines have applied equally much and hold different things; one goes
/// back.
#[test]
fn applied_equal() {
    let applied = || {
        let mut story = Story::led_by_n1(3);
        story.tick(1, &[Commit(3)]).deliver(2, &[Commit(3)]);
        story.tick(1, &[Apply(2)]).tick(1, &[Apply(3)]);
        story
    };
    let mut story = applied();
    story.deliver(2, &[Apply(3)]);
    assert_eq!(story.broke(), None);
    let mut story = applied();
    story.deliver(2, &[Apply(1), Hold(7)]);
    assert_eq!(story.broke(), None, "nobody was seen with so much");
    story.deliver(2, &[Apply(2), Hold(8)]);
    assert_eq!(story.broke(), Some(Property::AppliedEqual));
    let mut story = applied();
    story.tick(1, &[Apply(2)]);
    assert_eq!(story.broke(), Some(Property::AppliedEqual));
    // A process that restarts begins with its snapshot, or with nothing, and applies the same.
    let mut story = applied();
    let disk = NodeState { applied: Index(0), ..story.states[0] };
    story.crash(1, disk).event(EventKind::Restart, 1, &[Role(RoleKind::Follower), Apply(1)]);
    story.tick(1, &[Apply(2)]);
    assert_eq!(story.broke(), None);
    story.tick(1, &[Apply(3), Hold(9)]);
    assert_eq!(story.broke(), Some(Property::AppliedEqual));
}

/// Raft §7: a snapshot that holds something else than what was applied up to its index, seen when
/// it is taken, when it comes from a leader, when it takes effect, and after a crash.
#[test]
fn snapshot_equals_state() {
    let applied = || {
        let mut story = Story::led_by_n1(4);
        story.tick(1, &[Commit(4)]).tick(1, &[Apply(2)]).tick(1, &[Apply(3)]);
        story
    };
    let takes = |index, digest| {
        let mut story = applied();
        story.tick(1, &[Snapshot(SnapshotKind::Taken, index, digest)]);
        story.broke()
    };
    assert_eq!(takes(3, held(3)), None);
    assert_eq!(takes(2, held(2)), None, "an older one");
    assert_eq!(takes(3, held(2)), Some(Property::SnapshotEqualsState));
    assert_eq!(takes(4, held(4)), Some(Property::SnapshotEqualsState), "more than was applied");

    let loads = |index, digest| {
        let mut story = applied();
        story.deliver(3, &[Term(1), Install(index, 1), Commit(index)]);
        story.tick(3, &[Apply(index), Durable(index), Hold(digest)]);
        story.broke()
    };
    assert_eq!(loads(3, held(3)), None);
    assert_eq!(loads(3, held(2)), Some(Property::SnapshotEqualsState));
    assert_eq!(
        loads(4, held(3)),
        Some(Property::SnapshotEqualsState),
        "not what it was said to be"
    );

    let mut story = applied();
    story.deliver(3, &[Term(1), Install(3, 1), Snapshot(SnapshotKind::Installed, 3, 77)]);
    assert_eq!(story.broke(), Some(Property::SnapshotEqualsState));

    let mut story = applied();
    story.tick(1, &[Snapshot(SnapshotKind::Taken, 3, held(3))]);
    let disk = NodeState { digest: 78, ..story.states[0] };
    story.crash(1, disk);
    assert_eq!(story.broke(), Some(Property::SnapshotEqualsState), "the disk holds another one");
}

/// Raft §5.1, §5.2: two lead, and a quorum of the older one's voters has promised nothing newer.
#[test]
fn one_leader_commits() {
    let second_leader = |promises: &[u8]| {
        let mut story = Story::led_by_n1(1);
        story.tick(3, &[Term(2), Role(RoleKind::Candidate), Vote(3)]);
        for &node in promises {
            let says = Send(MessageKind::RequestVoteReply, 3, None, Some(false));
            story.deliver(node, &[Term(2), Vote(3), Role(RoleKind::Follower), says]);
        }
        story.deliver(3, &[Role(RoleKind::Leader)]);
        story
    };
    assert_eq!(second_leader(&[]).broke(), Some(Property::OneLeaderCommits), "n1 still has n2");
    let mut story = second_leader(&[2]);
    assert_eq!(story.broke(), None);
    // What n2 has promised outlives its process.
    let disk = NodeState { role: None, ..story.states[1] };
    story.crash(2, disk).event(EventKind::Restart, 2, &[Role(RoleKind::Follower)]);
    assert_eq!(story.broke(), None);
    // The older leader's configuration becomes one that it can do without n2.
    story.tick(1, &[Config(Some(1), vec![1, 2])]);
    assert_eq!(story.broke(), None);
    story.tick(1, &[Config(Some(2), vec![1])]);
    assert_eq!(story.broke(), Some(Property::OneLeaderCommits));
}

/// As before, but the older one is elected last, by answers that came late; and one that is down
/// leads no more.
#[test]
fn a_late_leader_of_an_older_term() {
    let late = |promise: bool| {
        let mut story = Story::new();
        story.tick(1, &[Term(1), Role(RoleKind::Candidate), Vote(1)]);
        story.deliver(2, &[Term(1), Vote(1), granted(1)]);
        if promise {
            story.deliver(2, &[Term(2), Vote(3), granted(3)]);
        }
        story.tick(3, &[Term(2), Role(RoleKind::Candidate), Vote(3)]);
        story.deliver(3, &[Role(RoleKind::Leader)]);
        assert_eq!(story.broke(), None, "alone");
        story
    };
    let mut story = late(true);
    story.deliver(1, &[Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), None);
    let mut story = late(false);
    story.deliver(1, &[Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), Some(Property::OneLeaderCommits));
    let mut story = late(false);
    let disk = story.states[2];
    story.crash(3, disk).deliver(1, &[Role(RoleKind::Leader)]);
    assert_eq!(story.broke(), None);
}

/// Raft §8: an answer from a revision that is older than one a client had been told before it was
/// asked; whoever asked earlier may get the older one.
#[test]
fn read_sees_writes() {
    let mut story = Story::new();
    story.call(1).call(2).answer(1, Some(5)).answer(2, Some(4));
    assert_eq!(story.broke(), None, "both were under way");
    story.call(3).call(4).answer(4, None).call(5).answer(3, Some(6)).answer(5, Some(5));
    assert_eq!(story.broke(), None, "5 was asked before 3 was answered");
    story.call(6).answer(6, None).call(7).answer(7, Some(5));
    assert_eq!(story.broke(), Some(Property::ReadSeesWrites));
    let violation = story.checkers.violation().cloned().expect("just seen");
    assert!(violation.nodes.is_empty() && violation.explanation.starts_with("call 7 was answered"));
}

/// A node that starts later is watched as the others are.
#[test]
fn nodes_may_come_later() {
    let mut story = Story::led_by_n1(2);
    story.states.extend([state(), state()]);
    story.event(EventKind::Restart, 5, &[Role(RoleKind::Follower), Config(None, vec![1, 2, 3])]);
    story.deliver(5, &[Term(1), Append(1, 1), Append(1, 2), Durable(2)]);
    assert_eq!(story.broke(), None);
    story.deliver(5, &[Truncate(2), Append(1, 9)]);
    assert_eq!(story.broke(), Some(Property::LogMatching));
    assert_eq!(story.checkers.violation().map(|it| it.nodes[0]), Some(NodeId(5)));
    // Until it tells another, its configuration is the first one.
    let mut story = Story::led_by_n1(0);
    story.states.push(state());
    story.deliver(4, &[Term(1), Append(1, 1), Durable(1), Commit(1)]);
    assert_eq!(story.broke(), Some(Property::DurableOnQuorum));
}
