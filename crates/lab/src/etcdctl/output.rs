//! What etcdctl prints for an outcome (etcdctl `printer_simple.go`, `printer_json.go`).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use sim::member::kv_core::{KeyValue, Revision};
use sim::member::raft_core::{NodeId, Term};
use sim::member::{Response, ServerError};
use sim::{CallError, Outcome};

use super::args::{Get, Invocation, Subcommand, WriteOut};
use super::{EXIT_BAD_ARGUMENTS, EXIT_ERROR, Output};

/// Exit status after Ctrl-C, as a shell reports it.
const EXIT_INTERRUPTED: i32 = 130;

/// What etcdctl prints for `outcome`.
pub fn present(invocation: &Invocation, outcome: &Outcome) -> Output {
    match outcome {
        Outcome::Ok { node, response, revision, raft_term } => {
            if let Some(refused) = refused_mix(invocation) {
                return refused;
            }
            let header = Header::new(*node, *revision, *raft_term);
            Output::plain(match invocation.globals.write_out {
                WriteOut::Json => json(header, response),
                // Other formats were refused before anything was asked.
                WriteOut::Simple | WriteOut::Fields | WriteOut::Table | WriteOut::Protobuf => {
                    simple(invocation, response)
                }
            })
        }
        Outcome::Failed(error) | Outcome::Unknown(error) => failure(error),
    }
}

/// Flags of `get` that only go with one format. The real program looks at them when it has its
/// answer (etcdctl `getCommandFunc`): without a quorum it complains of that.
fn refused_mix(invocation: &Invocation) -> Option<Output> {
    let Subcommand::Get(get) = &invocation.command else { return None };
    let format = invocation.globals.write_out;
    let message = if get.count_only && format != WriteOut::Fields {
        "--count-only is only for `--write-out=fields`"
    } else if get.print_value_only && format != WriteOut::Simple {
        "print-value-only is only for `--write-out=simple`"
    } else {
        return None;
    };
    Some(Output::error(message, EXIT_BAD_ARGUMENTS))
}

fn failure(error: &CallError) -> Output {
    match error {
        CallError::DeadlineExceeded => Output::error("context deadline exceeded", EXIT_ERROR),
        CallError::Unavailable(text) => Output::error(text, EXIT_ERROR),
        // These two arrive without a gRPC code of their own (etcd `togRPCError`).
        CallError::Server(
            error @ (ServerError::DeadlineExceeded | ServerError::ProposalDropped),
        ) => Output::error(format!("rpc error: code = Unknown desc = {error}"), EXIT_ERROR),
        CallError::Server(error) => Output::error(error, EXIT_ERROR),
        CallError::Canceled => Output { exit: EXIT_INTERRUPTED, ..Output::default() },
    }
}

fn simple(invocation: &Invocation, response: &Response) -> String {
    let hex = invocation.globals.hex;
    let mut text = String::new();
    match response {
        Response::Put(put) => {
            text.push_str("OK\n");
            put.prev_kv.iter().for_each(|kv| pair(&mut text, kv, hex));
        }
        Response::DeleteRange(deleted) => {
            let _ = writeln!(text, "{}", deleted.deleted);
            deleted.prev_kvs.iter().for_each(|kv| pair(&mut text, kv, hex));
        }
        Response::Range(range) => {
            let value_only =
                matches!(&invocation.command, Subcommand::Get(Get { print_value_only: true, .. }));
            for kv in &range.kvs {
                if value_only {
                    let _ = writeln!(text, "{}", shown(kv.value.as_slice(), hex));
                } else {
                    pair(&mut text, kv, hex);
                }
            }
        }
    }
    text
}

fn pair(text: &mut String, kv: &KeyValue, hex: bool) {
    let key = shown(kv.key.as_slice(), hex);
    let _ = writeln!(text, "{key}\n{}", shown(kv.value.as_slice(), hex));
}

/// Bytes as text; with `--hex` as `\x6e\x61…`.
fn shown(bytes: &[u8], hex: bool) -> String {
    if !hex {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\x{byte:02x}");
        text
    })
}

/// The response header of every answer (etcdserverpb `ResponseHeader`).
#[derive(Serialize)]
struct Header {
    cluster_id: u64,
    member_id: u64,
    revision: i64,
    raft_term: u64,
}

impl Header {
    fn new(node: NodeId, revision: Revision, raft_term: Term) -> Header {
        Header {
            cluster_id: CLUSTER_ID,
            member_id: member_id(node),
            revision: revision.0,
            raft_term: raft_term.0,
        }
    }
}

/// The id of every cluster in the lab; real ones are hashes of the initial members and a token.
const CLUSTER_ID: u64 = 0x5af7_1ab0_0000_0001;

/// The member id of a node; real ones are hashes of peer addresses, a token and the time.
pub fn member_id(node: NodeId) -> u64 {
    // Odd multiplier (2^64 / golden ratio): distinct for distinct nodes, and long as real ids are.
    (u64::from(node.0)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[derive(Serialize)]
struct JsonKeyValue {
    #[serde(skip_serializing_if = "String::is_empty")]
    key: String,
    create_revision: i64,
    mod_revision: i64,
    version: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(skip_serializing_if = "is_zero")]
    lease: i64,
}

impl From<&KeyValue> for JsonKeyValue {
    fn from(kv: &KeyValue) -> JsonKeyValue {
        JsonKeyValue {
            key: BASE64.encode(kv.key.as_slice()),
            create_revision: kv.create_revision.0,
            mod_revision: kv.mod_revision.0,
            version: kv.version,
            value: BASE64.encode(kv.value.as_slice()),
            lease: kv.lease.0,
        }
    }
}

/// Go's `omitempty` for numbers, which serde hands over by reference.
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct JsonRange {
    header: Header,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kvs: Vec<JsonKeyValue>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
    #[serde(skip_serializing_if = "is_zero")]
    count: i64,
}

#[derive(Serialize)]
struct JsonPut {
    header: Header,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev_kv: Option<JsonKeyValue>,
}

#[derive(Serialize)]
struct JsonDelete {
    header: Header,
    #[serde(skip_serializing_if = "is_zero")]
    deleted: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prev_kvs: Vec<JsonKeyValue>,
}

fn json(header: Header, response: &Response) -> String {
    let text = match response {
        Response::Range(range) => serde_json::to_string(&JsonRange {
            header,
            kvs: range.kvs.iter().map(JsonKeyValue::from).collect(),
            more: range.more,
            count: range.count,
        }),
        Response::Put(put) => serde_json::to_string(&JsonPut {
            header,
            prev_kv: put.prev_kv.as_ref().map(JsonKeyValue::from),
        }),
        Response::DeleteRange(deleted) => serde_json::to_string(&JsonDelete {
            header,
            deleted: deleted.deleted,
            prev_kvs: deleted.prev_kvs.iter().map(JsonKeyValue::from).collect(),
        }),
    };
    let text = text.expect("plain structs of strings and numbers always serialise");
    text + "\n"
}
