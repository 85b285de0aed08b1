//! What predicates mean: how they bind, and how they are judged on a running cluster.

use sim::member::kv_core::{PutRequest, RangeRequest, WatchRequest};
use sim::member::raft_core::NodeId;
use sim::member::{Consistency, Micros, Request};
use sim::{Action, Call, ClientId, Cluster, LinkChange, Settings};

use super::*;

fn predicate(text: &str) -> Predicate {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Proves: the canonical text has only the parentheses it needs, so it shows how words bind.
#[test]
fn binding() {
    let check = |text: &str, shown: &str| {
        assert_eq!(predicate(text).to_string(), shown);
        assert_eq!(predicate(shown), predicate(text));
    };
    for same in [
        "leader is n2",
        "no leader",
        "role n1 != pre-candidate",
        "term >= 3",
        "term leader < 3",
        "key name = john on all nodes",
        "key 'a b' != \"it's\" on follower",
        "key and = or on 2 nodes",
        "key name missing on n3",
        "write acknowledged",
        "read answered",
        "client b unknown",
        "time >= 5s",
        "cut n1 -> n2",
        "cut n1 n2",
        "quorum lost",
        "violated",
        "violated log-matching",
        "snapshot sent to n3",
        "watch fired",
        "not leader since start",
        "not not leader",
        "leader or term > 1 and down = 0",
        "(leader or term > 1) and down = 0",
        "(not leader) since start",
        "(leader and partitioned) since start",
        "leader then (leader then leader)",
        "leader and (leader and leader)",
    ] {
        check(same, same);
    }
    check("(leader and term>1)or down=0", "leader and term > 1 or down = 0");
    check(
        "(leader or modified) while partitioned then not leader",
        "leader or modified while partitioned then not leader",
    );
    check("((leader then leader) then leader)", "leader then leader then leader");
}

/// Proves: a bad predicate says at which character it is wrong.
#[test]
fn errors() {
    let check = |text: &str, column: u32, message: &str| {
        let error = parse(text).expect_err(text);
        assert_eq!(
            (error.line, error.column, error.message.as_str()),
            (1, column, message),
            "{text}"
        );
    };
    check("", 1, "expected what should be true, such as leader or key name = john on n3");
    check(
        "leader and",
        11,
        "expected what should be true, such as leader or key name = john on n3",
    );
    check("(leader", 8, "expected `)`");
    check("leader)", 7, "expected `and`, `or`, `while`, `then`, `since start` or the end, not `)`");
    check("leader is n9", 11, "there is no node n9: nodes are n1 to n7");
    check("no", 3, "expected `leader`");
    check(
        "role n1 = boss",
        11,
        "expected follower, pre-candidate, candidate or leader, not `boss`",
    );
    check("role n1 > leader", 9, "expected `=` or `!=`, not `>`");
    check("term >= three", 9, "expected a whole number, not `three`");
    check("commit >= 3", 8, "expected a node: n1 to n7, leader or follower, not `>=`");
    check("key name = john", 16, "expected `on` and where: on all nodes, on n3 or on 2 nodes");
    check("key name on n1", 10, "expected `=`, `!=` or `missing` after the key, not `on`");
    check("key k = v on 9 nodes", 14, "a cluster has 1 to 7 nodes, not 9");
    check(
        "key k = v on some nodes",
        14,
        "expected `all nodes`, a node, or a number of nodes, not `some`",
    );
    check("key 🦀 = 'v on n1", 9, "this ' is never closed: expected another ' on the same line");
    check(
        "violated log-machting",
        10,
        "unknown property `log-machting`; did you mean `log-matching`?",
    );
    check("write acked", 7, "expected acknowledged, failed, unknown or waiting, not `acked`");
    check("leader since", 13, "expected `start`");
    let deep = "(".repeat(5_000);
    assert!(parse(&deep).is_err_and(|error| error.message.ends_with("too deep")));
    let deep = "not ".repeat(5_000) + "leader";
    assert!(parse(&deep).is_err_and(|error| error.message.ends_with("too deep")));
    let long = "leader or ".repeat(5_000) + "leader";
    assert!(parse(&long).is_err_and(|error| error.message.contains("at most 200")));
    let long = "leader".to_owned() + &" since start".repeat(5_000);
    assert!(parse(&long).is_ok());
}

/// Proves: what needs the past says so, and what this lab cannot judge is named.
#[test]
fn reach() {
    for now in ["leader", "not key a = b on n1 or write acknowledged"] {
        assert!(!predicate(now).needs_history(), "{now}");
    }
    for past in [
        "leader since start",
        "leader while modified",
        "not (leader then modified)",
        "snapshot sent to n1",
        "watch fired",
    ] {
        assert!(predicate(past).needs_history(), "{past}");
    }
}

/// A cluster and judges that watch it.
struct Run {
    cluster: Cluster,
    judges: Vec<(String, Judge)>,
}

impl Run {
    fn new(nodes: u8, watched: &[&str]) -> Run {
        let cluster = Cluster::new(Settings { nodes, ..Settings::default() });
        let judge = |text: &&str| ((*text).to_owned(), Judge::new(&predicate(text)));
        Run { cluster, judges: watched.iter().map(judge).collect() }
    }

    fn observe(&mut self, event: &sim::Event) {
        for (_, judge) in &mut self.judges {
            judge.observe(&self.cluster, event);
        }
    }

    fn act(&mut self, action: Action) {
        let event = self.cluster.act(action).expect("it makes sense");
        self.observe(&event);
    }

    fn call(&mut self, client: &str, endpoint: u8, request: Request) {
        let (_, event) = self.cluster.call(Call {
            client: ClientId::from(client),
            endpoints: vec![NodeId(endpoint)],
            request,
            timeout: Micros::from_secs(5),
            label: String::new(),
        });
        self.observe(&event);
    }

    fn put(&mut self, client: &str, endpoint: u8) {
        self.call(client, endpoint, Request::Put(PutRequest::new("name", "john")));
    }

    fn get(&mut self, endpoint: u8) {
        let range = RangeRequest::key("name");
        self.call("r", endpoint, Request::Range { range, consistency: Consistency::Linearizable });
    }

    fn advance(&mut self, millis: u64) {
        let end = self.cluster.now() + Micros::from_millis(millis);
        while self.cluster.next_at().is_some_and(|at| at <= end) {
            let event = self.cluster.step().expect("something happens");
            self.observe(&event);
        }
    }

    fn until(&mut self, text: &str) {
        let mut judge = Judge::new(&predicate(text));
        let end = self.cluster.now() + Micros::from_secs(60);
        while !judge.holds(&self.cluster) {
            assert!(self.cluster.now() < end, "`{text}` did not come about");
            let event = self.cluster.step().expect("something happens");
            judge.observe(&self.cluster, &event);
            self.observe(&event);
        }
    }

    /// Judged now, by somebody who has not watched.
    fn now(&self, text: &str) -> bool {
        Judge::new(&predicate(text)).holds(&self.cluster)
    }

    #[track_caller]
    fn check(&self, text: &str) {
        assert!(self.now(text), "`{text}` should hold");
        assert!(!self.now(&format!("not ({text})")));
    }

    #[track_caller]
    fn check_not(&self, text: &str) {
        assert!(!self.now(text), "`{text}` should not hold");
    }

    /// Judged by the judge who has watched from the start.
    fn watched(&self, text: &str) -> bool {
        let judge = self.judges.iter().find(|(watched, _)| watched == text);
        judge.expect("it is watched").1.holds(&self.cluster)
    }
}

/// Proves: a watch fires when its client is told of a change, not when it begins, and not of other
/// keys.
#[test]
fn a_watch_fires() {
    let mut run = Run::new(1, &["watch fired"]);
    run.until("leader");
    let watch = WatchRequest { key: "name".into(), ..WatchRequest::default() };
    run.call("w", 1, Request::Watch { watch, needs_leader: true });
    run.advance(100);
    let other = Request::Put(PutRequest::new("other", "x"));
    run.call("a", 1, other);
    run.advance(100);
    assert!(!run.watched("watch fired"));
    run.put("a", 1);
    run.advance(100);
    assert!(run.watched("watch fired"));
}

/// Proves: statements about nodes, logs and stores follow the cluster.
#[test]
fn nodes_and_stores() {
    let mut run = Run::new(3, &[]);
    run.check("no leader and nodes = 3 and time = 0s and event = 0 and leaders = 0 and term = 0");
    run.check_not("leader or leader is leader or role leader = leader or role leader != leader");
    run.until("leader");
    run.check("leader is leader and role leader = leader and role follower = follower");
    run.check("role follower != leader and term >= 1 and term leader = 1 and leaders = 1");
    run.check("running n1 and not crashed n1 and not paused n1 and down = 0");
    run.check("key name missing on all nodes and key name != john on n1 and revision n1 = 1");
    run.check_not("key name missing on n4 or key name != john on n4 or term n4 = 0 or running n4");
    run.put("a", 1);
    run.until("key name = john on all nodes");
    run.check("key name = john on 3 nodes and key name = john on leader and revision n2 = 2");
    run.check("commit leader >= 2 and applied n1 = 2 and log n1 = 2 and durable n1 = 2");
    run.check_not("key name missing on n1 or key name != john on n2 or key name = joe on 1 node");
    run.act(Action::Crash(NodeId(1)));
    run.check("crashed n1 and down = 1 and not running n1 and log n1 = 2 and role n1 != leader");
    run.check("key name = john on 2 nodes");
    run.check_not("key name = john on all nodes or key name missing on n1 or revision n1 >= 0");
    run.act(Action::Pause(NodeId(2)));
    run.check("paused n2 and down = 1 and quorum lost and no leader");
}

/// Proves: nodes agree only when each of them is up and has applied the same log to its end.
#[test]
fn agreement() {
    let mut run = Run::new(3, &[]);
    run.check("agreed");
    run.until("leader and agreed");
    run.put("a", 1);
    run.until("not agreed");
    run.until("agreed");
    run.act(Action::Crash(NodeId(3)));
    run.check_not("agreed");
    run.act(Action::Restart(NodeId(3)));
    run.until("agreed");
}

/// Proves: links, groups and quorum are judged on configured voters and on both directions.
#[test]
fn links_and_quorum() {
    let mut run = Run::new(5, &[]);
    let (n1, n2) = (NodeId(1), NodeId(2));
    run.act(Action::SetLink { from: n1, to: n2, change: LinkChange::Cut });
    run.check("cut n1 -> n2 and not cut n2 -> n1 and not cut n1 n2 and not partitioned");
    run.act(Action::SetLink { from: n2, to: n1, change: LinkChange::Cut });
    run.check("cut n1 n2 and cut n2 n1 and not partitioned and not quorum lost");
    run.act(Action::Isolate(n1));
    run.check("isolated n1 and not isolated n2 and partitioned and not quorum lost");
    run.act(Action::HealAll);
    run.check("not cut n1 -> n2 and not isolated n1 and not partitioned");
    run.act(Action::SetLink { from: n1, to: n2, change: LinkChange::Clog });
    run.check("clogged n1 -> n2 and not clogged n1 n2 and not partitioned");
    run.act(Action::HealAll);
    run.act(Action::Partition(vec![vec![n1, n2], vec![NodeId(3), NodeId(4)], vec![NodeId(5)]]));
    run.check("partitioned and quorum lost");
    run.act(Action::HealAll);
    for node in [3, 4] {
        run.act(Action::Crash(NodeId(node)));
    }
    run.check("not quorum lost and down = 2");
    run.act(Action::Crash(NodeId(5)));
    run.check("quorum lost and down = 3");
    let single = Run::new(1, &[]);
    single.check("not isolated n1 and not partitioned and not quorum lost");
}

/// Proves: calls stand as their clients know, the latest one counts, and reads are no writes.
#[test]
fn calls() {
    let mut run = Run::new(3, &[]);
    run.check_not("write waiting or write acknowledged or client a waiting or client a ok");
    run.until("leader");
    run.put("a", 1);
    run.check("write waiting and client a waiting and not client b waiting and not read waiting");
    run.until("write acknowledged");
    run.check("client a ok and not write waiting");
    run.get(1);
    run.check("read waiting and write acknowledged");
    run.until("read answered");
    for node in [1, 2] {
        run.act(Action::Crash(NodeId(node)));
    }
    run.put("b", 3);
    run.check("write waiting and client b waiting and client a ok and not write acknowledged");
    run.until("write unknown");
    run.check("client b unknown and client a ok");
    run.put("b", 1);
    run.until("client b failed");
    run.check("write failed");
}

/// Proves: `since start`, `while` and `then` remember what happened, and when it did not.
#[test]
fn history() {
    let watched = [
        "write acknowledged since start",
        "write acknowledged while down = 1",
        "write acknowledged while down = 2",
        "down = 1 then down = 2",
        "down = 2 then down = 1",
        "down = 1 then down = 2 then down = 0",
        "write waiting while down = 1 then write acknowledged",
        "(leader and term >= 1) since start",
        "not (down = 2 since start)",
        "quorum lost since start",
        "snapshot sent to n1",
    ];
    let mut run = Run::new(3, &watched);
    let expect = |run: &Run, expected: [bool; 11]| {
        for (text, expected) in watched.iter().zip(expected) {
            assert_eq!(run.watched(text), expected, "{text}");
        }
    };
    expect(&run, [false, false, false, false, false, false, false, false, true, false, false]);
    run.until("leader");
    run.put("a", 1);
    run.until("write acknowledged");
    expect(&run, [true, false, false, false, false, false, false, true, true, false, false]);
    run.act(Action::Crash(NodeId(3)));
    run.advance(3_000);
    // The write was acknowledged before the crash; that it still counts as the latest does not
    // make it one that was acknowledged with a node down.
    expect(&run, [true, false, false, false, false, false, false, true, true, false, false]);
    run.put("a", 1);
    run.until("write acknowledged");
    expect(&run, [true, true, false, false, false, false, true, true, true, false, false]);
    run.act(Action::Crash(NodeId(2)));
    expect(&run, [true, true, false, true, false, false, true, true, false, true, false]);
    run.act(Action::Restart(NodeId(2)));
    expect(&run, [true, true, false, true, true, false, true, true, false, true, false]);
    run.act(Action::Restart(NodeId(3)));
    expect(&run, [true, true, false, true, true, true, true, true, false, true, false]);
    run.advance(3_000);
    expect(&run, [true, true, false, true, true, true, true, true, false, true, false]);
}

/// Proves: a judge can be saved and goes on as before.
#[test]
fn judges_can_be_saved() {
    let mut run = Run::new(3, &["down = 1 then down = 0", "write acknowledged since start"]);
    run.until("leader");
    run.put("a", 1);
    run.act(Action::Crash(NodeId(3)));
    for (_, judge) in &mut run.judges {
        let saved = serde_json::to_string(judge).expect("it can be written");
        let read: Judge = serde_json::from_str(&saved).expect("and read");
        assert_eq!(read, *judge);
        *judge = read;
    }
    run.until("write acknowledged");
    run.act(Action::Restart(NodeId(3)));
    assert!(run.watched("down = 1 then down = 0"));
    assert!(run.watched("write acknowledged since start"));
}
