//! What etcdctl prints for an outcome (etcdctl `printer_simple.go`, `printer_json.go`).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use sim::member::kv_core::{KeyValue, Revision};
use sim::member::raft_core::{NodeId, Term};
use sim::member::{MemberId, MemberRecord, MembersResponse, Response, Seat, ServerError};
use sim::{CallError, Outcome};

use super::args::{Get, Invocation, MemberCommand, Subcommand, WriteOut};
use super::{EXIT_BAD_ARGUMENTS, EXIT_ERROR, Output, peer_url};

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
        Response::Members(response) => {
            if let Subcommand::Member(command) = &invocation.command {
                members(&mut text, command, response);
            }
        }
    }
    text
}

/// What `member …` prints (etcdctl `printer_simple.go`).
fn members(text: &mut String, command: &MemberCommand, response: &MembersResponse) {
    let mut done = |id: u64, what: &str| {
        let _ = writeln!(text, "Member {id:16x} {what} cluster {CLUSTER_ID:16x}");
    };
    match command {
        MemberCommand::Remove(id) => done(*id, "removed from"),
        MemberCommand::Promote(id) => done(*id, "promoted in"),
        MemberCommand::Add { name, .. } => {
            let Some(added) = response.added else { return };
            done(MemberId::of(added.node).0, "added to");
            let entry = |member: &MemberRecord| {
                let name = if member.node == added.node { name.clone() } else { told(member) };
                format!("{name}={}", peer_url(member.node))
            };
            let all: Vec<String> = response.members.iter().map(entry).collect();
            let _ = write!(
                text,
                "\nETCD_NAME=\"{name}\"\nETCD_INITIAL_CLUSTER=\"{}\"\n\
                 ETCD_INITIAL_ADVERTISE_PEER_URLS=\"{}\"\n\
                 ETCD_INITIAL_CLUSTER_STATE=\"existing\"\n",
                all.join(","),
                peer_url(added.node)
            );
        }
        MemberCommand::List => {
            for member in &response.members {
                let status = if member.started { "started" } else { "unstarted" };
                let _ = writeln!(
                    text,
                    "{:x}, {status}, {}, {}, {}, {}",
                    MemberId::of(member.node).0,
                    told(member),
                    peer_url(member.node),
                    client_url(member).unwrap_or_default(),
                    member.seat == Seat::Learner
                );
            }
        }
    }
}

/// The name that a member has told; none before it was started.
fn told(member: &MemberRecord) -> String {
    if member.started { member.node.to_string() } else { String::new() }
}

/// Where clients find a member; it tells that along with its name.
fn client_url(member: &MemberRecord) -> Option<String> {
    member.started.then(|| format!("http://{}:2379", member.node))
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
    #[serde(skip_serializing_if = "is_zero")]
    revision: i64,
    raft_term: u64,
}

impl Header {
    fn new(node: NodeId, revision: Revision, raft_term: Term) -> Header {
        Header {
            cluster_id: CLUSTER_ID,
            member_id: MemberId::of(node).0,
            revision: revision.0,
            raft_term: raft_term.0,
        }
    }
}

/// The id of every cluster in the lab; real ones are hashes of the initial members and a token.
const CLUSTER_ID: u64 = 0x5af7_1ab0_0000_0001;

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

#[derive(Serialize)]
struct JsonMembers {
    header: Header,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<JsonMember>,
    members: Vec<JsonMember>,
}

#[derive(Serialize)]
struct JsonMember {
    #[serde(rename = "ID")]
    id: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(rename = "peerURLs")]
    peer_urls: [String; 1],
    #[serde(rename = "clientURLs", skip_serializing_if = "Option::is_none")]
    client_urls: Option<[String; 1]>,
    #[serde(rename = "isLearner", skip_serializing_if = "std::ops::Not::not")]
    is_learner: bool,
}

impl From<&MemberRecord> for JsonMember {
    fn from(member: &MemberRecord) -> JsonMember {
        JsonMember {
            id: MemberId::of(member.node).0,
            name: told(member),
            peer_urls: [peer_url(member.node)],
            client_urls: client_url(member).map(|url| [url]),
            is_learner: member.seat == Seat::Learner,
        }
    }
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
        Response::Members(response) => serde_json::to_string(&JsonMembers {
            header,
            member: response.added.as_ref().map(JsonMember::from),
            members: response.members.iter().map(JsonMember::from).collect(),
        }),
    };
    let text = text.expect("plain structs of strings and numbers always serialise");
    text + "\n"
}
