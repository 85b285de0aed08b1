//! Each fault by itself: what it does, what it leaves alone, and what makes no sense.

mod common;

use common::{begin, call, cluster, elect, get, put, run_for, until, values};
use sim::member::Micros;
use sim::member::raft_core::{MessageKind, NodeId, Rule};
use sim::{
    ActError, Action, Cluster, Condition, EventKind, LinkChange, MessageId, Outcome, Setting,
    Settings, SettingsError, Switch,
};

const N1: NodeId = NodeId(1);
const N2: NodeId = NodeId(2);
const N3: NodeId = NodeId(3);

fn act(cluster: &mut Cluster, action: Action) -> sim::Event {
    cluster.act(action).expect("it makes sense")
}

fn set_link(from: NodeId, to: NodeId, change: LinkChange) -> Action {
    Action::SetLink { from, to, change }
}

/// The first message in flight, as the first candidate sends its requests.
fn first_flight(cluster: &mut Cluster) -> MessageId {
    until(cluster, Micros::from_secs(5), |cluster| cluster.flights().next().is_some());
    cluster.flights().map(|flight| flight.id).min().expect("a candidate asks")
}

/// Cutting a link loses what is in flight on it, one way only, and what is sent later at once.
#[test]
fn a_cut_loses_what_is_in_flight() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let other = cluster.follower().expect("two follow");
    let on_way = |cluster: &Cluster, from, to| {
        cluster.flights().filter(|flight| flight.from == from && flight.to == to).count()
    };
    until(&mut cluster, Micros::from_secs(1), |cluster| on_way(cluster, leader, other) > 0);
    let there = on_way(&cluster, leader, other);
    let back = on_way(&cluster, other, leader);
    let cut = act(&mut cluster, set_link(leader, other, LinkChange::Cut));
    assert_eq!(cut.dropped.len(), there);
    assert_eq!((on_way(&cluster, leader, other), on_way(&cluster, other, leader)), (0, back));
    let lost = loop {
        let event = cluster.step().expect("nodes tick");
        if event.node == Some(leader) && event.kind == EventKind::Tick {
            break event;
        }
    };
    assert_eq!(lost.dropped.len(), 1, "a heartbeat to one of two is lost where it is sent");
    assert!(cluster.flight(lost.dropped[0]).is_none());
}

/// A clogged link keeps everything, and then delivers everything.
#[test]
fn a_clogged_link_keeps_its_messages() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let other = cluster.follower().expect("two follow");
    act(&mut cluster, set_link(leader, other, LinkChange::Clog));
    run_for(&mut cluster, Micros::from_millis(800));
    let waiting = cluster.flights().filter(|flight| flight.to == other).count();
    assert!(waiting >= 8, "{waiting} heartbeats wait");
    act(&mut cluster, set_link(leader, other, LinkChange::Unclog));
    let mut delivered = 0;
    let now = cluster.now();
    while cluster.next_at() == Some(now) {
        let event = cluster.step().expect("it is due");
        delivered += usize::from(event.kind == EventKind::Deliver && event.node == Some(other));
    }
    assert!(delivered >= 7, "{delivered} of {waiting} arrive at once");
}

/// A link that loses everything shows where each message dies: on its way, not at its end.
#[test]
fn a_lost_message_dies_on_its_way() {
    let mut cluster = cluster(3, 1);
    act(&mut cluster, Action::Set(Setting::Loss(1_000_000)));
    first_flight(&mut cluster);
    for flight in cluster.flights() {
        assert!(flight.is_lost());
        assert!(flight.sent_at < flight.ends_at && flight.ends_at < flight.arrives_at());
    }
    run_for(&mut cluster, Micros::from_secs(10));
    assert_eq!(cluster.leader(), None);
}

/// A message that is dropped never arrives; one that is delayed arrives later; a copy arrives too.
#[test]
fn single_messages_are_dropped_delayed_and_doubled() {
    let mut cluster = cluster(3, 1);
    let id = first_flight(&mut cluster);
    let flight = cluster.flight(id).expect("it flies").clone();
    act(&mut cluster, Action::DelayMessage(id, Micros::from_secs(1)));
    let copied = act(&mut cluster, Action::DuplicateMessage(id));
    let copy = copied.sent[0].id;
    assert_eq!(copied.sent[0].copy_of, Some(id));
    let later = flight.ends_at.0 + 1_000_000;
    for id in [id, copy] {
        assert_eq!(cluster.flight(id).map(|flight| flight.ends_at), Some(Micros(later)));
    }
    let dropped = act(&mut cluster, Action::DropMessage(id));
    assert_eq!(dropped.dropped, [id]);
    let arrived = loop {
        let event = cluster.step().expect("nodes tick");
        assert_ne!(event.delivered, Some(id));
        if event.delivered == Some(copy) {
            break event;
        }
    };
    assert_eq!(arrived.at, Micros(later));
    assert_eq!(cluster.act(Action::DropMessage(id)).unwrap_err(), ActError::NotInFlight(id));
}

/// `drop append n1 -> n2` takes the oldest of its kind, or says that there is none.
#[test]
fn the_oldest_of_a_kind_is_dropped() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let to = cluster.follower().expect("two follow");
    let kind = MessageKind::AppendEntries;
    let drop_one = Action::DropOldest { kind, from: leader, to };
    let oldest = cluster.oldest_flight(kind, leader, to).map(|flight| flight.id);
    let dropped = act(&mut cluster, drop_one.clone());
    assert_eq!(dropped.dropped.first().copied(), oldest);
    let none = ActError::NoneInFlight { kind, from: leader, to };
    assert_eq!(cluster.act(drop_one).unwrap_err(), none);
    assert_eq!(none.to_string(), format!("no AppendEntries in flight from {leader} to {to}"));
}

/// A paused node does nothing, its timer stands, and what came in the meantime is handled after.
#[test]
fn a_paused_node_stands_still() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    let paused = cluster.follower().expect("two follow");
    act(&mut cluster, Action::Pause(paused));
    let left = |cluster: &Cluster| {
        let deadline = cluster.node(paused).election_deadline(cluster.now());
        deadline.expect("it follows").1.0 - cluster.now().0
    };
    let before = left(&cluster);
    let end = cluster.now().0 + 3_000_000;
    while cluster.next_at().is_some_and(|at| at.0 < end) {
        let event = cluster.step().expect("the others run");
        assert_ne!((event.node, event.kind), (Some(paused), EventKind::Tick));
        assert_ne!((event.node, event.kind), (Some(paused), EventKind::Deliver));
    }
    assert_eq!(left(&cluster), before);
    let waiting = cluster.flights().filter(|flight| flight.to == paused).count();
    assert!(waiting > 20, "{waiting} heartbeats wait");
    act(&mut cluster, Action::Resume(paused));
    run_for(&mut cluster, Micros::from_millis(50));
    assert!(cluster.flights().filter(|flight| flight.to == paused).count() <= 1);
    assert_eq!(cluster.leader(), Some(leader), "it was no reason for an election");
}

/// The drawn election timer is the real one: a node campaigns at its end, on a fast clock as well.
#[test]
fn the_drawn_timer_is_the_real_one() {
    for (seed, rate_ppm) in [(1, 1_000_000), (2, 1_300_000), (3, 700_000)] {
        let mut cluster = cluster(3, seed);
        for node in [N1, N2, N3] {
            act(&mut cluster, Action::SetClock { node, rate_ppm });
        }
        let now = cluster.now();
        let ends: Vec<Micros> = cluster
            .nodes()
            .map(|node| node.election_deadline(now).expect("they follow").1)
            .collect();
        let first = ends.iter().min().copied().expect("three");
        let campaign = loop {
            let event = cluster.step().expect("nodes tick");
            if !event.sent.is_empty() {
                break event;
            }
        };
        // Ticks of a clock that is not true fall on parts of a microsecond.
        assert!(campaign.at.0.abs_diff(first.0) <= 20, "{} and {first}", campaign.at);
        assert_eq!(ends[usize::from(campaign.node.expect("a node").0) - 1], first);
    }
}

/// A crash loses what was not synced, and nothing that was.
#[test]
fn a_crash_loses_what_is_not_synced() {
    let settings = Settings { sync_latency: Micros::from_millis(50), ..Settings::default() };
    let mut cluster = Cluster::new(settings);
    let leader = elect(&mut cluster);
    run_for(&mut cluster, Micros::from_secs(1));
    let kept = cluster.node(leader).state().last_index;
    begin(&mut cluster, put("k", "v"), &[leader.0], Micros::from_secs(5));
    run_for(&mut cluster, Micros::from_millis(20));
    assert_eq!(cluster.node(leader).disk().writes_under_way(), 1);
    assert_eq!(cluster.node(leader).state().last_index, kept.next());
    assert_eq!(cluster.node(leader).state().durable, kept);
    let crash = act(&mut cluster, Action::Crash(leader));
    assert_eq!(crash.truncated_from, Some(kept.next()));
    assert_eq!(cluster.node(leader).state().last_index, kept);
    assert_eq!(cluster.node(leader).condition(), Condition::Crashed);
    assert!(cluster.node(leader).member().is_none());
}

/// A tear keeps a first part of what was not synced: with many seeds none, some, and all of it.
#[test]
fn a_tear_keeps_a_first_part() {
    let mut kept = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let sync_latency = Micros::from_millis(50);
        let mut cluster = Cluster::new(Settings { seed, sync_latency, ..Settings::default() });
        let leader = elect(&mut cluster);
        run_for(&mut cluster, Micros::from_secs(1));
        let before = cluster.node(leader).state().last_index;
        for value in ["a", "b", "c"] {
            begin(&mut cluster, put("k", value), &[leader.0], Micros::from_secs(5));
        }
        run_for(&mut cluster, Micros::from_millis(10));
        act(&mut cluster, Action::Tear(leader));
        kept.insert(cluster.node(leader).state().last_index.0 - before.0);
        act(&mut cluster, Action::Restart(leader));
        run_for(&mut cluster, Micros::from_secs(4));
        let written = call(&mut cluster, put("after", "all"), &[1, 2, 3]);
        assert!(matches!(written, Outcome::Ok { .. }), "seed {seed}: {written:?}");
        assert_eq!(cluster.violation(), None, "seed {seed}");
    }
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

/// All nodes die at once, and what was acknowledged is still there when they are back.
#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    let mut cluster = cluster(3, 1);
    elect(&mut cluster);
    let written = call(&mut cluster, put("name", "john"), &[1, 2, 3]);
    assert!(matches!(written, Outcome::Ok { .. }), "{written:?}");
    for node in [N1, N2, N3] {
        act(&mut cluster, Action::Crash(node));
    }
    while cluster.step().is_some() {}
    assert_eq!(cluster.next_at(), None, "nothing is left to happen");
    for node in [N1, N2, N3] {
        act(&mut cluster, Action::Restart(node));
    }
    elect(&mut cluster);
    assert_eq!(values(&call(&mut cluster, get("name"), &[1, 2, 3])), ["john"]);
}

/// An action that makes no sense says why and changes nothing.
#[test]
fn senseless_actions_change_nothing() {
    let mut cluster = cluster(3, 1);
    act(&mut cluster, Action::Crash(N2));
    act(&mut cluster, Action::Pause(N3));
    let n9 = NodeId(9);
    let senseless = [
        (Action::Crash(n9), ActError::NoSuchNode(n9)),
        (Action::Crash(N2), ActError::IsDown(N2)),
        (Action::Pause(N2), ActError::IsDown(N2)),
        (Action::Restart(N1), ActError::IsNotDown(N1)),
        (Action::Pause(N3), ActError::IsPaused(N3)),
        (Action::Resume(N1), ActError::IsNotPaused(N1)),
        (set_link(N1, N1, LinkChange::Cut), ActError::LinkToItself(N1)),
        (Action::Isolate(n9), ActError::NoSuchNode(n9)),
        (Action::Partition(vec![vec![N1], vec![N2, N1]]), ActError::InTwoGroups(N1)),
        (Action::DropMessage(MessageId(77)), ActError::NotInFlight(MessageId(77))),
        (Action::SetClock { node: N1, rate_ppm: 0 }, ActError::ClockRate),
        (Action::Transfer(N1), ActError::NoLeader),
        (set_link(N1, N2, LinkChange::Loss(1_000_001)), SettingsError::Chance.into()),
        (Action::Set(Setting::Heartbeat(Micros(0))), SettingsError::Heartbeat.into()),
        (Action::Set(Setting::SnapshotCount(0)), SettingsError::SnapshotCount.into()),
    ];
    let before = (cluster.trace_hash(), cluster.seq(), cluster.next_at());
    for (action, error) in senseless {
        assert_eq!(cluster.act(action.clone()).map(|event| event.seq), Err(error), "{action:?}");
        assert_eq!((cluster.trace_hash(), cluster.seq(), cluster.next_at()), before);
    }
}

/// Nodes that no group names form a group of their own.
#[test]
fn a_partition_names_its_groups() {
    let mut cluster = cluster(5, 1);
    act(&mut cluster, Action::Partition(vec![vec![N1, N2], vec![N3]]));
    let open: Vec<(u8, u8)> = cluster
        .links()
        .filter(|link| link.is_open() && link.from < link.to)
        .map(|link| (link.from.0, link.to.0))
        .collect();
    assert_eq!(open, [(1, 2), (4, 5)]);
    act(&mut cluster, Action::HealAll);
    assert!(cluster.links().all(|link| link.is_open()));
}

/// A wake happens at its time, and nothing else does in it.
#[test]
fn a_wake_is_an_event_of_its_own() {
    let mut cluster = cluster(1, 1);
    cluster.wake_at(Micros(17));
    let first = cluster.step().expect("a wake");
    assert_eq!((first.kind, first.at, first.node), (EventKind::Wake, Micros(17), None));
}

/// PreVote and CheckQuorum are etcd's settings; without any other rule the run is modified Raft.
#[test]
fn a_run_without_a_rule_is_modified() {
    let mut cluster = cluster(3, 1);
    act(&mut cluster, Action::Set(Setting::PreVote(Switch::Off)));
    act(&mut cluster, Action::SetRule(Rule::CheckQuorum, Switch::Off));
    assert!(!cluster.is_modified() && !cluster.settings().check_quorum);
    act(&mut cluster, Action::SetRule(Rule::Majority, Switch::Off));
    act(&mut cluster, Action::SetRule(Rule::Majority, Switch::On));
    assert!(cluster.is_modified(), "from then on");
}
