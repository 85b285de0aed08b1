//! What the inspector says, held against clusters whose state is known.

use super::NodeDetail;
use crate::session::{Opening, Session};

fn session(nodes: u8, setup: &str) -> Session {
    let setup = setup.to_owned();
    Session::new(Opening { nodes, seed: 1, setup, ..Opening::default() }).expect("a good script")
}

/// The fact of that name; a second group may have one of the same name.
fn fact<'a>(detail: &'a NodeDetail, group: &str, name: &str) -> &'a str {
    let group = detail.groups.iter().find(|it| it.name == group);
    let fact = group.and_then(|group| group.facts.iter().find(|fact| fact.name == name));
    fact.map_or("(no such fact)", |fact| fact.value.as_str())
}

fn rows(detail: &NodeDetail, table: &str) -> Vec<String> {
    let table = detail.tables.iter().find(|it| it.name.starts_with(table)).expect("a table");
    table.rows.iter().map(|row| row.cells.join(" | ")).collect()
}

const LED_BY_N1: &str = "until leader\ntransfer n1\nuntil leader is n1\nadvance 1s\n";

/// Proves: a leader and its follower say what the cluster is known to be.
#[test]
fn a_quiet_cluster() {
    let script = format!(
        "{LED_BY_N1}etcdctl put name john\netcdctl del name\netcdctl put city Oslo\nadvance 1s"
    );
    let session = session(3, &script);
    let leader = session.inspect(1).expect("n1");
    assert_eq!(leader.summary, "n1 leads term 2");
    assert_eq!(leader.nodes, [1, 2, 3]);
    for (group, name, value) in [
        ("Node", "process", "running, started once"),
        ("Node", "member", "voter"),
        ("Node", "role", "leader"),
        ("Node", "term", "2"),
        ("Node", "voted for", "n1"),
        ("Node", "leader", "n1"),
        ("Log", "first index", "1"),
        ("Log", "last index", "5 of term 2"),
        ("Log", "commitIndex", "5"),
        ("Log", "lastApplied", "5"),
        ("Log", "snapshot", "none"),
        ("Disk", "hard state", "term 2, vote n1, commit 5"),
        ("Disk", "durable index", "5"),
        ("Disk", "not synced", "nothing"),
        ("Members", "voters", "n1, n2 and n3"),
        ("Members", "quorum", "2 of 3"),
        ("Waiting here", "writes held", "0"),
        ("Store", "revision", "4"),
        ("Store", "compacted", "never"),
        ("Store", "keys", "1"),
    ] {
        assert_eq!(fact(&leader, group, name), value, "{group}: {name}");
    }
    assert_eq!(
        rows(&leader, "Progress"),
        [
            "n1 | 5 | – | itself | 0 | yes",
            "n2 | 5 | 6 | replicate | 0 | yes",
            "n3 | 5 | 6 | replicate | 0 | yes"
        ]
    );
    assert_eq!(
        rows(&leader, "Log, the newest first: 5 entries"),
        [
            "5 | 2 | write | put city Oslo | applied",
            "4 | 2 | write | del name | applied",
            "3 | 2 | write | put name john | applied",
            "2 | 2 | empty | nothing: how a leader begins its term | applied",
            "1 | 1 | empty | nothing: how a leader begins its term | applied"
        ]
    );
    assert_eq!(rows(&leader, "Store: 1 key"), ["city | Oslo | 4 | 1"]);
    let follower = session.inspect(3).expect("n3");
    assert_eq!(follower.summary, "n3 follows n1 in term 2");
    assert!(fact(&follower, "Timers", "election timer").contains(" left of 1."), "{follower:?}");
    assert!(!follower.tables.iter().any(|table| table.name.starts_with("Progress")));
    assert_eq!(session.inspect(4), None);
}

/// Proves: what is only in memory is told apart from what a crash leaves; a crashed node shows its
/// disk and nothing else.
#[test]
fn memory_and_disk() {
    let slow = format!(
        "{LED_BY_N1}set sync-latency 800ms\nclient b etcdctl put name john &\nadvance 20ms"
    );
    let mut session = session(3, &slow);
    let leader = session.inspect(1).expect("n1");
    assert_eq!(fact(&leader, "Disk", "durable index"), "2");
    assert_eq!(fact(&leader, "Disk", "not synced"), "entry 3");
    assert!(fact(&leader, "Disk", "writes under way").starts_with("1, the next is safe in 7"));
    assert_eq!(
        rows(&leader, "Log")[0],
        "3 | 2 | write | put name john | not committed, not on disk"
    );
    assert_eq!(fact(&leader, "Waiting here", "writes proposed"), "1");
    session.apply("crash n1").expect("a line");
    let down = session.inspect(1).expect("n1");
    assert_eq!(down.summary, "n1 is down");
    assert_eq!(fact(&down, "Disk", "hard state"), "term 2, vote n1, commit 2");
    assert_eq!(rows(&down, "Log").len(), 2);
    assert_eq!(down.groups.len(), 2);
}

/// Proves: candidates show their votes, a cut-off leader what it waits for and whom it still hears.
#[test]
fn a_partition() {
    let cut = format!(
        "{LED_BY_N1}set check-quorum off\npartition n1 n2 | n3 n4 n5\netcdctl --endpoints=n1 put name john &\nadvance 150ms"
    );
    let session = session(5, &cut);
    let leader = session.inspect(1).expect("n1");
    assert_eq!(fact(&leader, "Log", "commitIndex"), "2");
    assert_eq!(rows(&leader, "Progress")[1], "n2 | 3 | 4 | replicate | 0 | yes");
    assert_eq!(rows(&leader, "Progress")[3], "n4 | 2 | 4 | replicate | 1 | no");
    let alone = "isolate n3\nset pre-vote off\nuntil role n3 = candidate";
    let candidate = self::session(3, alone).inspect(3).expect("n3");
    assert_eq!(fact(&candidate, "Node", "votes"), "1 of 2: n3");
    assert_eq!(fact(&candidate, "Node", "leader"), "none known");
}

/// Proves: a compacted log and the snapshot that stands for it are told, with who needs it; changes
/// of the members are told in words.
#[test]
fn snapshots_and_members() {
    let script = format!(
        "{LED_BY_N1}set snapshot-count 2\ncrash n3\ncrash n2\nrestart n2\nadvance 6s\ncrash n1\nrestart n1\nuntil leader\n\
         etcdctl put a 1\netcdctl put b 2\netcdctl put c 3\netcdctl put d 4\netcdctl put e 5\nadvance 1s\nrestart n3\nadvance 6s\n\
         etcdctl member add n4 --peer-urls=http://n4:2380 --learner\nadvance 200ms"
    );
    let session = session(3, &script);
    let id = session.stage().leader.expect("a leader");
    let leader = session.inspect(id).expect("the leader");
    assert!(fact(&leader, "Log", "snapshot").starts_with("up to "), "{leader:?}");
    assert_ne!(fact(&leader, "Log", "first index"), "1");
    assert_eq!(fact(&leader, "Members", "learners"), "n4");
    assert!(rows(&leader, "Log")[0].contains("members | member add n4 --learner"), "{leader:?}");
    let added = session.inspect(4).expect("n4");
    assert_eq!(added.summary, "n4 is not started");
    assert_eq!(fact(&added, "Node", "member"), "learner: has no vote");
}
