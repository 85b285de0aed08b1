//! The lines of `--trace` and `--history` (`docs/trace.md`).

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use sim::member::kv_core::{Bytes, KeyValue};
use sim::member::{Consistency, Request, Response};
use sim::{HistoryRecord, Outcome, Settings};

/// The version of the trace's format.
const TRACE_VERSION: u32 = 1;

/// The first line of a trace.
pub(super) fn heading(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let off = settings.rules_in_force();
    let rules_off: Vec<&str> = sim::member::raft_core::Rule::ALL
        .into_iter()
        .filter(|rule| !off.on(*rule))
        .map(sim::member::raft_core::Rule::name)
        .collect();
    let heading = json!({
        "format": "raft-lab-trace",
        "version": TRACE_VERSION,
        "nodes": settings.nodes,
        "seed": settings.seed,
        "settings": {
            "heartbeat_us": settings.heartbeat.0,
            "election_timeout_us": settings.election_timeout.0,
            "latency_us": settings.latency.0,
            "jitter_us": settings.jitter.0,
            "loss_ppm": settings.loss_ppm,
            "sync_latency_us": settings.sync_latency.0,
            "client_latency_us": settings.client_latency.0,
            "pre_vote": settings.pre_vote,
            "check_quorum": settings.check_quorum,
            "snapshot_count": settings.snapshot_count,
            "rules_off": rules_off,
        },
    });
    writeln!(out, "{heading}")
}

/// A line of the history.
pub(super) fn record(record: &HistoryRecord, out: &mut dyn Write) -> io::Result<()> {
    let line = match record {
        HistoryRecord::Call { call, client, at, request, endpoint } => {
            let mut line = Map::new();
            line.insert("call".to_owned(), json!(call.0));
            line.insert("client".to_owned(), json!(client.to_string()));
            line.insert("time_us".to_owned(), json!(at.0));
            line.insert("op".to_owned(), json!(HistoryRecord::op(request)));
            line.insert("args".to_owned(), arguments(request));
            if let Some(node) = endpoint {
                line.insert("endpoint".to_owned(), json!(node.to_string()));
            }
            line
        }
        HistoryRecord::Return { call, at, outcome } => {
            let mut line = Map::new();
            line.insert("return".to_owned(), json!(call.0));
            line.insert("time_us".to_owned(), json!(at.0));
            line.insert("outcome".to_owned(), json!(outcome.name()));
            result(outcome, &mut line);
            line
        }
    };
    writeln!(out, "{}", Value::Object(line))
}

/// Puts bytes into an object: as text where they are UTF-8, else with the suffix `_base64`.
fn put_bytes(object: &mut Map<String, Value>, name: &str, bytes: &Bytes) {
    match std::str::from_utf8(bytes.as_slice()) {
        Ok(text) => object.insert(name.to_owned(), json!(text)),
        Err(_) => object.insert(format!("{name}_base64"), json!(BASE64.encode(bytes.as_slice()))),
    };
}

/// What was asked; what has its usual value is left out.
fn arguments(request: &Request) -> Value {
    let mut object = Map::new();
    match request {
        Request::Put(put) => {
            put_bytes(&mut object, "key", &put.key);
            put_bytes(&mut object, "value", &put.value);
            insert_unless_zero(&mut object, "lease", put.lease.0);
            insert_if(&mut object, "prev_kv", put.prev_kv);
            insert_if(&mut object, "ignore_value", put.ignore_value);
            insert_if(&mut object, "ignore_lease", put.ignore_lease);
        }
        Request::DeleteRange(delete) => {
            put_bytes(&mut object, "key", &delete.key);
            if let Some(end) = &delete.range_end {
                put_bytes(&mut object, "range_end", end);
            }
            insert_if(&mut object, "prev_kv", delete.prev_kv);
        }
        Request::Range { range, consistency } => {
            put_bytes(&mut object, "key", &range.key);
            if let Some(end) = &range.range_end {
                put_bytes(&mut object, "range_end", end);
            }
            insert_unless_zero(&mut object, "limit", range.limit);
            insert_unless_zero(&mut object, "revision", range.revision.0);
            insert_if(&mut object, "keys_only", range.keys_only);
            insert_if(&mut object, "count_only", range.count_only);
            insert_if(&mut object, "serializable", *consistency == Consistency::Serializable);
        }
    }
    Value::Object(object)
}

fn insert_unless_zero(object: &mut Map<String, Value>, name: &str, number: i64) {
    if number != 0 {
        object.insert(name.to_owned(), json!(number));
    }
}

fn insert_if(object: &mut Map<String, Value>, name: &str, is: bool) {
    if is {
        object.insert(name.to_owned(), json!(true));
    }
}

/// How a call ended.
fn result(outcome: &Outcome, line: &mut Map<String, Value>) {
    match outcome {
        Outcome::Ok { node, response, revision, raft_term } => {
            line.insert("endpoint".to_owned(), json!(node.to_string()));
            line.insert("revision".to_owned(), json!(revision.0));
            line.insert("raft_term".to_owned(), json!(raft_term.0));
            match response {
                Response::Put(put) => {
                    if let Some(kv) = &put.prev_kv {
                        line.insert("prev_kvs".to_owned(), Value::Array(vec![key_value(kv)]));
                    }
                }
                Response::DeleteRange(deleted) => {
                    line.insert("deleted".to_owned(), json!(deleted.deleted));
                    if !deleted.prev_kvs.is_empty() {
                        let kvs = deleted.prev_kvs.iter().map(key_value).collect();
                        line.insert("prev_kvs".to_owned(), Value::Array(kvs));
                    }
                }
                Response::Range(range) => {
                    let kvs = range.kvs.iter().map(key_value).collect();
                    line.insert("kvs".to_owned(), Value::Array(kvs));
                    line.insert("count".to_owned(), json!(range.count));
                    insert_if(line, "more", range.more);
                }
            }
        }
        Outcome::Failed(error) | Outcome::Unknown(error) => {
            line.insert("error".to_owned(), json!(error.to_string()));
        }
    }
}

fn key_value(kv: &KeyValue) -> Value {
    let mut object = Map::new();
    put_bytes(&mut object, "key", &kv.key);
    put_bytes(&mut object, "value", &kv.value);
    object.insert("create_revision".to_owned(), json!(kv.create_revision.0));
    object.insert("mod_revision".to_owned(), json!(kv.mod_revision.0));
    object.insert("version".to_owned(), json!(kv.version));
    insert_unless_zero(&mut object, "lease", kv.lease.0);
    Value::Object(object)
}
