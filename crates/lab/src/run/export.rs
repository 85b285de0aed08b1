//! The lines of `--trace` and `--history` (`docs/trace.md`).
//!
//! What was asked is written in `arguments`, what was answered in `answers`.

mod answers;
mod arguments;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use sim::member::kv_core::Bytes;
use sim::member::raft_core::Rule;
use sim::{HistoryRecord, Settings};

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
            "quota_bytes": settings.quota_bytes,
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
            line.put("args", json!(arguments::of(request)));
            if let Some(node) = endpoint {
                line.put("endpoint", node.to_string());
            }
        }
        HistoryRecord::Told { call, at, response } => {
            line.put("told", call.0);
            line.put("time_us", at.0);
            answers::told(response, &mut line);
        }
        HistoryRecord::Return { call, at, outcome } => {
            line.put("return", call.0);
            line.put("time_us", at.0);
            line.put("outcome", outcome.name());
            answers::of(outcome, &mut line);
        }
    }
    write_line(&line, out)
}
