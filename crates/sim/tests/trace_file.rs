//! What an event looks like as a line of the trace file (design §8).

mod common;

use std::collections::BTreeSet;

use common::{Random, begin, cluster, elect, fault_run, put, run_for};
use serde_json::{Value, json};
use sim::member::Micros;
use sim::{Action, Event, MessageId};

const FIELDS: [&str; 25] = [
    "seq",
    "time_us",
    "node",
    "kind",
    "cause",
    "call",
    "term",
    "vote",
    "role",
    "leader",
    "commit",
    "applied",
    "durable",
    "last_index",
    "last_term",
    "appended",
    "truncated_from",
    "snapshot",
    "config",
    "sent",
    "delivered",
    "dropped",
    "copy_of",
    "digest",
    "revision",
];

fn line(event: &Event) -> Value {
    serde_json::to_value(event).expect("an event is a line of the file")
}

/// The first event carries the configuration of all nodes, and nothing that does not apply.
#[test]
fn the_start_is_a_line() {
    let start = cluster(3, 1).start_event();
    let expected = json!({
        "seq": 0, "time_us": 0, "kind": "start",
        "config": { "voters": [1, 2, 3], "outgoing": [], "learners": [] },
    });
    assert_eq!(line(&start), expected);
}

/// Every field of every event of a run has a name of the contract, and state fields come together.
#[test]
fn lines_have_the_fields_of_the_contract() {
    let mut cluster = cluster(5, 2);
    let mut seen = BTreeSet::new();
    for step in 0..20_000 {
        if step % 1_000 == 0 {
            begin(&mut cluster, put("k", "v"), &[1, 2, 3], Micros::from_secs(1));
        }
        let Some(event) = cluster.step() else { break };
        let line = line(&event);
        let fields = line.as_object().expect("an object");
        seen.extend(fields.keys().cloned());
        assert_eq!(fields.contains_key("term"), fields.contains_key("last_index"));
    }
    for field in &seen {
        assert!(FIELDS.contains(&field.as_str()), "{field}");
    }
    let often =
        ["appended", "sent", "delivered", "vote", "role", "leader", "call", "cause", "digest"];
    for field in often.into_iter().chain(["revision"]) {
        assert!(seen.contains(field), "{field} was never there");
    }
}

/// A message as it is sent, and a copy that the network makes.
#[test]
fn messages_are_told() {
    let mut cluster = cluster(3, 1);
    let first = loop {
        let event = cluster.step().expect("nodes tick");
        if !event.sent.is_empty() {
            break event;
        }
    };
    let candidate = first.node.expect("a node campaigns").0;
    let other = if candidate == 1 { 2 } else { 1 };
    let asked = json!({
        "id": 1, "to": other, "type": "PreVote", "term": 1, "index": 0, "log_term": 0,
    });
    assert_eq!(line(&first)["sent"][0], asked);
    let copied = cluster.act(Action::DuplicateMessage(MessageId(1))).expect("it is in flight");
    assert_eq!(line(&copied)["sent"][0]["copy_of"], json!(1));
    let dropped = cluster.act(Action::DropMessage(MessageId(1))).expect("it is in flight");
    assert_eq!(line(&dropped)["dropped"], json!([1]));
}

/// Causes lead back: from a client's answer, event by event, to its call.
#[test]
fn causes_lead_back_to_the_call() {
    let mut cluster = cluster(3, 1);
    let leader = elect(&mut cluster);
    run_for(&mut cluster, Micros::from_secs(1));
    let id = begin(&mut cluster, put("k", "v"), &[leader.0], Micros::from_secs(5));
    let called = cluster.seq();
    let mut events: Vec<Event> = Vec::new();
    while cluster.outcome(id).is_none() {
        events.extend(cluster.step());
    }
    let mut at = events.last().expect("it was answered");
    let mut way = vec![at.kind.name()];
    while let Some(cause) = at.cause.filter(|cause| *cause > called) {
        at = events.iter().find(|event| event.seq == cause).expect("causes come before");
        way.push(at.kind.name());
    }
    assert_eq!(at.cause, Some(called));
    // The leader's own sync, or the other way round: the answer comes with what completes a quorum.
    assert_eq!(way.first(), Some(&"return"));
    assert_eq!(way.last(), Some(&"request"));
    assert!(way.contains(&"persist"), "{way:?}");
}

/// Every cause is an earlier event, also in the midst of faults.
#[test]
fn causes_come_before() {
    for seed in 0..10 {
        let mut random = Random(seed);
        let mut cluster = cluster(3, seed);
        fault_run(&mut cluster, &mut random, Micros::from_secs(5), |_| {});
        for _ in 0..500 {
            let Some(event) = cluster.step() else { break };
            assert!(event.cause.is_none_or(|cause| cause < event.seq));
        }
    }
}
