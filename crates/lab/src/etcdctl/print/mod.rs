//! What etcdctl prints for an outcome (etcdctl `printer_simple.go`).

use std::fmt::Write as _;

use sim::member::kv_core::{HashKv, KeyValue, Revision, WatchResponse};
use sim::member::raft_core::{NodeId, Term};
use sim::member::{
    MemberId, MemberRecord, MembersResponse, Micros, Response, Seat, ServerError, SnapshotFile,
    Status,
};
use sim::{CallError, Outcome};

use super::args::{Get, Invocation, MemberCommand, Subcommand, WriteOut};
use super::{EXIT_BAD_ARGUMENTS, EXIT_ERROR, Output, peer_url};

mod json;

/// Exit status after Ctrl-C, as a shell reports it.
const EXIT_INTERRUPTED: i32 = 130;

/// What etcdctl prints for `outcome`.
pub fn present(invocation: &Invocation, outcome: &Outcome) -> Output {
    match outcome {
        Outcome::Ok { node, response, revision, raft_term } => {
            let header = Header { node: *node, revision: *revision, raft_term: *raft_term };
            answer(invocation, &header, response)
        }
        Outcome::Failed(error) | Outcome::Unknown(error) => failure(invocation, error),
    }
}

/// What the header of every answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Who answered.
    pub(crate) node: NodeId,
    /// Its store's revision.
    pub(crate) revision: Revision,
    /// Its Raft term.
    pub(crate) raft_term: Term,
}

/// How `endpoint health` found one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    /// The endpoint, as it was named.
    pub(crate) endpoint: String,
    /// Whether it answered as it should.
    pub(crate) is_healthy: bool,
    /// After how long.
    pub(crate) took: Micros,
    /// Why it is not healthy; else empty.
    pub(crate) error: String,
}

/// What etcdctl prints for one answer.
pub(crate) fn answer(invocation: &Invocation, header: &Header, response: &Response) -> Output {
    if let Some(refused) = refused_mix(invocation) {
        return refused;
    }
    Output::plain(match invocation.globals.write_out {
        WriteOut::Json => json::answer(header.node, header.revision, header.raft_term, response),
        WriteOut::Simple | WriteOut::Fields | WriteOut::Table | WriteOut::Protobuf => {
            simple(invocation, response)
        }
    })
}

/// What `watch` prints of one message of its stream.
pub(crate) fn watch(
    _format: WriteOut,
    _hex: bool,
    _header: &Header,
    _response: &WatchResponse,
) -> String {
    String::new()
}

/// The rows of `endpoint status`.
pub(crate) fn statuses(
    _format: WriteOut,
    _hex: bool,
    _rows: &[(String, Header, Status)],
) -> String {
    String::new()
}

/// The rows of `endpoint hashkv`.
pub(crate) fn hashes(_format: WriteOut, _hex: bool, _rows: &[(String, Header, HashKv)]) -> String {
    String::new()
}

/// What `endpoint health` prints, on both streams.
pub(crate) fn healths(_format: WriteOut, _rows: &[Health]) -> Output {
    Output::default()
}

/// What `snapshot status` prints.
pub(crate) fn snapshot_status(_format: WriteOut, _file: &SnapshotFile) -> Output {
    Output::default()
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

/// What etcdctl prints when a command fails.
pub(crate) fn failure(_invocation: &Invocation, error: &CallError) -> Output {
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
        Response::Txn(_)
        | Response::Compact(_)
        | Response::Watch(_)
        | Response::Lease(_)
        | Response::Maintenance(_) => {}
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
        MemberCommand::Update { id, .. } => done(*id, "updated in"),
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
pub(super) fn told(member: &MemberRecord) -> String {
    if member.started { member.node.to_string() } else { String::new() }
}

/// Where clients find a member; it tells that along with its name.
pub(super) fn client_url(member: &MemberRecord) -> Option<String> {
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

/// The id of every cluster in the lab; real ones are hashes of the initial members and a token.
pub(super) const CLUSTER_ID: u64 = 0x5af7_1ab0_0000_0001;
