//! The lines of `--trace` and `--history` (`docs/trace.md`).

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use sim::member::kv_core::{Bytes, KeyValue};
use sim::member::raft_core::Rule;
use sim::member::{Consistency, MemberRecord, MemberRequest, Request, Response, Seat};
use sim::{HistoryRecord, Outcome, Settings};

/// The version of the trace's format.
const TRACE_VERSION: u32 = 1;

/// A JSON object whose fields keep the order in which they were put in.
#[derive(Default)]
struct Object(Vec<(String, Value)>);

impl Object {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Bytes: as text where they are UTF-8, else in base64 under a name with the suffix `_base64`.
    fn put_bytes(&mut self, name: &str, bytes: &Bytes) {
        match std::str::from_utf8(bytes.as_slice()) {
            Ok(text) => self.put(name, text),
            Err(_) => self.put(&format!("{name}_base64"), BASE64.encode(bytes.as_slice())),
        }
    }

    fn put_unless_zero(&mut self, name: &str, number: i64) {
        if number != 0 {
            self.put(name, number);
        }
    }

    fn put_if(&mut self, name: &str, is: bool) {
        if is {
            self.put(name, true);
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The first line of a trace.
pub(super) fn heading(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let in_force = settings.rules_in_force();
    let off = Rule::ALL.into_iter().filter(|rule| !in_force.on(*rule));
    let rules_off: Vec<&str> = off.map(Rule::name).collect();
    let mut heading = Object::default();
    heading.put("format", "raft-lab-trace");
    heading.put("version", TRACE_VERSION);
    heading.put("nodes", settings.nodes);
    heading.put("seed", settings.seed);
    heading.put(
        "settings",
        json!({
            "heartbeat_us": settings.heartbeat.0,
            "election_timeout_us": settings.election_timeout.0,
            "latency_us": settings.latency.0,
            "jitter_us": settings.jitter.0,
            "loss_ppm": settings.loss_ppm,
            "sync_latency_us": settings.sync_latency.0,
            "client_latency_us": settings.client_latency.0,
            "pre_vote": settings.pre_vote,
            "check_quorum": settings.check_quorum,
            "strict_reconfig_check": settings.strict_reconfig_check,
            "snapshot_count": settings.snapshot_count,
            "rules_off": rules_off,
        }),
    );
    write_line(&heading, out)
}

fn write_line(object: &Object, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}

/// A line of the history.
pub(super) fn record(record: &HistoryRecord, out: &mut dyn Write) -> io::Result<()> {
    let mut line = Object::default();
    match record {
        HistoryRecord::Call { call, client, at, request, endpoint } => {
            line.put("call", call.0);
            line.put("client", client.to_string());
            line.put("time_us", at.0);
            line.put("op", HistoryRecord::op(request));
            line.put("args", json!(arguments(request)));
            if let Some(node) = endpoint {
                line.put("endpoint", node.to_string());
            }
        }
        HistoryRecord::Told { call, at, response: _ } => {
            line.put("told", call.0);
            line.put("time_us", at.0);
        }
        HistoryRecord::Return { call, at, outcome } => {
            line.put("return", call.0);
            line.put("time_us", at.0);
            line.put("outcome", outcome.name());
            result(outcome, &mut line);
        }
    }
    write_line(&line, out)
}

/// What was asked; what has its usual value is left out.
fn arguments(request: &Request) -> Object {
    let mut object = Object::default();
    match request {
        Request::Put(put) => {
            object.put_bytes("key", &put.key);
            object.put_bytes("value", &put.value);
            object.put_unless_zero("lease", put.lease.0);
            object.put_if("prev_kv", put.prev_kv);
            object.put_if("ignore_value", put.ignore_value);
            object.put_if("ignore_lease", put.ignore_lease);
        }
        Request::DeleteRange(delete) => {
            object.put_bytes("key", &delete.key);
            if let Some(end) = &delete.range_end {
                object.put_bytes("range_end", end);
            }
            object.put_if("prev_kv", delete.prev_kv);
        }
        Request::Range { range, consistency } => {
            object.put_bytes("key", &range.key);
            if let Some(end) = &range.range_end {
                object.put_bytes("range_end", end);
            }
            object.put_unless_zero("limit", range.limit);
            object.put_unless_zero("revision", range.revision.0);
            object.put_if("keys_only", range.keys_only);
            object.put_if("count_only", range.count_only);
            object.put_if("serializable", *consistency == Consistency::Serializable);
        }
        Request::Member(MemberRequest::Add(node, seat)) => {
            object.put("member", node.to_string());
            object.put_if("learner", *seat == Seat::Learner);
        }
        Request::Member(
            MemberRequest::Remove(member)
            | MemberRequest::Promote(member)
            | MemberRequest::Update(member),
        ) => {
            // An id that nobody has is told as it was given.
            let id = member.node().map_or(format!("{:x}", member.0), |node| node.to_string());
            object.put("member", id);
        }
        Request::Member(MemberRequest::List) => {}
        Request::Txn(_)
        | Request::Compact(_)
        | Request::Watch { .. }
        | Request::Lease(_)
        | Request::Maintenance(_) => {}
    }
    object
}

fn member(record: &MemberRecord) -> Value {
    let mut object = Object::default();
    object.put("member", record.node.to_string());
    object.put_if("learner", record.seat == Seat::Learner);
    object.put_if("unstarted", !record.started);
    json!(object)
}

/// How a call ended.
fn result(outcome: &Outcome, line: &mut Object) {
    match outcome {
        Outcome::Ok { node, response, revision, raft_term } => {
            line.put("endpoint", node.to_string());
            line.put_unless_zero("revision", revision.0);
            line.put("raft_term", raft_term.0);
            match response {
                Response::Put(put) => {
                    if let Some(kv) = &put.prev_kv {
                        line.put("prev_kvs", Value::Array(vec![key_value(kv)]));
                    }
                }
                Response::DeleteRange(deleted) => {
                    line.put("deleted", deleted.deleted);
                    if !deleted.prev_kvs.is_empty() {
                        let kvs = deleted.prev_kvs.iter().map(key_value).collect();
                        line.put("prev_kvs", Value::Array(kvs));
                    }
                }
                Response::Range(range) => {
                    let kvs = range.kvs.iter().map(key_value).collect();
                    line.put("kvs", Value::Array(kvs));
                    line.put("count", range.count);
                    line.put_if("more", range.more);
                }
                Response::Members(members) => {
                    let members = members.members.iter().map(member).collect();
                    line.put("members", Value::Array(members));
                }
                Response::Txn(_)
                | Response::Compact(_)
                | Response::Watch(_)
                | Response::Lease(_)
                | Response::Maintenance(_) => {}
            }
        }
        Outcome::Failed(error) | Outcome::Unknown(error) => {
            line.put("error", error.to_string());
        }
    }
}

fn key_value(kv: &KeyValue) -> Value {
    let mut object = Object::default();
    object.put_bytes("key", &kv.key);
    object.put_bytes("value", &kv.value);
    object.put("create_revision", kv.create_revision.0);
    object.put("mod_revision", kv.mod_revision.0);
    object.put("version", kv.version);
    object.put_unless_zero("lease", kv.lease.0);
    json!(object)
}
