//! What etcdctl 3.5.1 prints, in all its formats.
//!
//! An answer is described once as a tree ([`describe`]), which the writers of JSON and of fields walk
//! ([`tree`]), and once in the words of the simple format ([`simple`]). What comes in rows is a
//! [`Table`]: the simple format has its rows alone. Which formats a command has, and what it writes
//! whatever the format, is decided here. `protobuf` is not in this lab.

mod describe;
mod failure;
mod simple;
mod table;
#[cfg(test)]
mod tests;
mod tree;

use sim::Outcome;
use sim::member::kv_core::{Error, Event, EventKind, HashKv, Revision, WatchError, WatchResponse};
use sim::member::raft_core::{NodeId, Term};
use sim::member::{
    LeaseResponse, MemberId, MemberRecord, MembersResponse, Micros, Response, Seat, ServerError,
    SnapshotFile, Status,
};

pub(crate) use self::failure::{EXIT_SIGNAL, endpoint_failure, error_text, failure};

use self::failure::{EXIT_BAD_CONNECTION, EXIT_INTERRUPTED};
use self::table::Table;
use self::tree::Value;
use super::args::{
    DEPRECATED, Invocation, LeaseCommand, MemberCommand, SnapshotCommand, Subcommand, WriteOut,
};
use super::requests::peer_url;
use super::{EXIT_BAD_ARGUMENTS, EXIT_ERROR, Output};
use crate::script::{decimal_text, duration_text};

/// The id of every cluster in the lab; real ones are hashes of the initial members and a token.
const CLUSTER_ID: u64 = 0x5af7_1ab0_0000_0001;

/// The version that every server tells.
const VERSION: &str = "3.5.1";

/// Exit status of what is not there (etcdctl `ExitBadFeature`).
const EXIT_BAD_FEATURE: i32 = 4;

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

/// What etcdctl prints for `outcome`.
pub(crate) fn present(invocation: &Invocation, outcome: &Outcome) -> Output {
    match outcome {
        Outcome::Ok { node, response, revision, raft_term } => {
            let header = Header { node: *node, revision: *revision, raft_term: *raft_term };
            answer(invocation, &header, response)
        }
        Outcome::Failed(error) | Outcome::Unknown(error) => failure(invocation, error),
    }
}

/// What etcdctl prints for one answer. Of `lease keep-alive`, which is answered again and again,
/// for each of them.
pub(crate) fn answer(invocation: &Invocation, header: &Header, response: &Response) -> Output {
    let format = invocation.globals.write_out;
    if let Some(output) = without_format(invocation, header, response) {
        return output;
    }
    let has_fields = match &invocation.command {
        Subcommand::MoveLeader(_) => false,
        Subcommand::Member(command) => *command == MemberCommand::List,
        _ => true,
    };
    match (format, response) {
        (_, Response::Watch(response)) => watch(format, invocation.globals.hex, header, response),
        (WriteOut::Simple | WriteOut::Table, Response::Members(response)) if has_fields => {
            Output::plain(member_table(response).written(format))
        }
        (WriteOut::Simple, _) => Output::plain(simple::answer(invocation, header, response)),
        (WriteOut::Json, Response::Members(response)) if has_fields && invocation.globals.hex => {
            Output::plain(describe::members_in_hex(header, &response.members).json())
        }
        (WriteOut::Json, _) => Output::plain(describe::answer(invocation, header, response).json()),
        (WriteOut::Fields, _) if has_fields => {
            Output::plain(describe::answer(invocation, header, response).fields())
        }
        (WriteOut::Fields | WriteOut::Table | WriteOut::Protobuf, _) => unsupported(format),
    }
}

/// What is the same in all formats.
fn without_format(invocation: &Invocation, header: &Header, response: &Response) -> Option<Output> {
    let format = invocation.globals.write_out;
    Some(match (&invocation.command, response) {
        // Flags of `get` that only go with one format. The real program looks at them when it has
        // its answer: without a quorum it complains of that.
        (Subcommand::Get(get), _) if get.count_only && format != WriteOut::Fields => {
            Output::error("--count-only is only for `--write-out=fields`", EXIT_BAD_ARGUMENTS)
        }
        (Subcommand::Get(get), _) if get.print_value_only && format != WriteOut::Simple => {
            Output::error("print-value-only is only for `--write-out=simple`", EXIT_BAD_ARGUMENTS)
        }
        (Subcommand::Compaction { revision, .. }, _) => {
            Output::plain(["compacted revision ", &revision.to_string(), "\n"].concat())
        }
        (Subcommand::Defrag { .. }, _) => Output::plain(defragmented(&endpoint(header.node))),
        (Subcommand::Snapshot(SnapshotCommand::Save { file, .. }), _) => {
            Output::plain(["Snapshot saved at ", file, "\n"].concat())
        }
        (
            Subcommand::Lease(LeaseCommand::KeepAlive { id, once }),
            Response::Lease(LeaseResponse::KeptAlive { ttl: ..=0, .. }),
        ) => match (once, format) {
            (true, _) => Output::error(Error::LeaseNotFound, EXIT_BAD_CONNECTION),
            (false, WriteOut::Simple) => {
                Output::plain(format!("lease {id:016x} expired or revoked.\n"))
            }
            (false, _) => Output::default(),
        },
        _ => return None,
    })
}

/// What `defrag` prints of one endpoint, in all formats.
pub(crate) fn defragmented(endpoint: &str) -> String {
    ["Finished defragmenting etcd member[", endpoint, "]\n"].concat()
}

/// The real program asks first and looks at the format when it prints.
pub(super) fn unsupported(format: WriteOut) -> Output {
    let name = match format {
        WriteOut::Fields => "fields",
        _ => "table",
    };
    if format == WriteOut::Protobuf {
        let message = "-w protobuf is not in this lab; see docs/etcd.md";
        return Output::error(message, EXIT_BAD_ARGUMENTS);
    }
    Output::error([name, " not supported as output format"].concat(), EXIT_BAD_FEATURE)
}

/// What `watch` prints of one message of its stream; an exit status other than 0 ends it.
pub(crate) fn watch(
    format: WriteOut,
    hex: bool,
    header: &Header,
    response: &WatchResponse,
) -> Output {
    if response.created {
        return Output::default();
    }
    let why = match response.cancel_reason {
        Some(reason) => reason.to_string(),
        None => Error::Compacted.to_string(),
    };
    watch_message(format, hex, header, response, &why)
}

/// What `watch` prints when the client's library gives it up: a message without a header.
fn watch_given_up(format: WriteOut, why: &str) -> Output {
    let response = WatchResponse {
        canceled: true,
        cancel_reason: Some(WatchError::EmptyRange),
        ..WatchResponse::default()
    };
    let header = Header { node: NodeId(0), revision: Revision(0), raft_term: Term(0) };
    watch_message(format, false, &header, &response, why)
}

fn watch_message(
    format: WriteOut,
    hex: bool,
    header: &Header,
    response: &WatchResponse,
    why: &str,
) -> Output {
    let mut output = match format {
        WriteOut::Simple => Output::plain(simple::watch(hex, response)),
        WriteOut::Json => Output::plain(describe::watch(header, response).json()),
        WriteOut::Fields => Output::plain(describe::watch(header, response).fields()),
        WriteOut::Table | WriteOut::Protobuf => unsupported(format),
    };
    if response.canceled {
        output.stderr.insert_str(0, &["watch was canceled (", why, ")\n"].concat());
        if output.exit == 0 {
            output.stderr.push_str("Error: watch is canceled by the server\n");
            output.exit = EXIT_INTERRUPTED;
        }
    } else if response.events.is_empty() {
        let progress = ["progress notify: ", &response.revision.to_string(), "\n"].concat();
        output.stdout.insert_str(0, &progress);
    }
    output
}

/// What `endpoint status` prints of the endpoints that answered.
pub(crate) fn statuses(format: WriteOut, rows: &[(String, Header, Status)]) -> String {
    let row = |(endpoint, header, status): &(String, Header, Status)| {
        vec![
            endpoint.clone(),
            format!("{:x}", MemberId::of(header.node).0),
            VERSION.to_owned(),
            size(status.db_size),
            (status.leader == Some(header.node)).to_string(),
            status.is_learner.to_string(),
            status.raft_term.0.to_string(),
            status.raft_index.0.to_string(),
            status.raft_applied_index.0.to_string(),
            errors(status).join(", "),
        ]
    };
    let heading = "ENDPOINT,ID,VERSION,DB SIZE,IS LEADER,IS LEARNER,RAFT TERM,RAFT INDEX,\
                   RAFT APPLIED INDEX,ERRORS";
    let table = Table { heading, rows: rows.iter().map(row).collect() };
    in_rows(format, &table, rows.iter().map(describe::status).collect())
}

/// What `endpoint hashkv` prints of the endpoints that answered.
pub(crate) fn hashes(format: WriteOut, rows: &[(String, Header, HashKv)]) -> String {
    let row = |(endpoint, _, hash): &(String, Header, HashKv)| {
        vec![endpoint.clone(), hash.hash.to_string()]
    };
    let table = Table { heading: "ENDPOINT,HASH", rows: rows.iter().map(row).collect() };
    in_rows(format, &table, rows.iter().map(describe::hash).collect())
}

/// What `endpoint health` prints, and how it ends.
pub(crate) fn healths(format: WriteOut, rows: &[Health]) -> Output {
    let mut output = Output::default();
    if format == WriteOut::Simple {
        for Health { endpoint, took, error, is_healthy } in rows {
            if *is_healthy {
                let told = " is healthy: successfully committed proposal: took = ";
                output.stdout.push_str(&[endpoint, told, &duration(*took), "\n"].concat());
            } else {
                let told = " is unhealthy: failed to commit proposal: ";
                output.stderr.push_str(&[endpoint, told, error, "\n"].concat());
            }
        }
    } else {
        let row = |Health { endpoint, is_healthy, took, error }: &Health| {
            vec![endpoint.clone(), is_healthy.to_string(), duration(*took), error.clone()]
        };
        let heading = "ENDPOINT,HEALTH,TOOK,ERROR";
        let table = Table { heading, rows: rows.iter().map(row).collect() };
        output.stdout = in_rows(format, &table, rows.iter().map(describe::health).collect());
    }
    if rows.iter().any(|row| !row.is_healthy) {
        output.stderr.push_str("Error: unhealthy cluster\n");
        output.exit = EXIT_ERROR;
    }
    output
}

/// What `snapshot status` prints of a file.
pub(crate) fn snapshot_status(format: WriteOut, file: &SnapshotFile) -> Output {
    let tree = describe::snapshot(file);
    let stdout = match format {
        WriteOut::Json => tree.json(),
        WriteOut::Fields => tree.fields(),
        WriteOut::Simple | WriteOut::Table | WriteOut::Protobuf => {
            let row = vec![
                format!("{:x}", file.hash),
                file.revision.to_string(),
                file.total_keys.to_string(),
                size(file.total_size),
            ];
            let heading = "HASH,REVISION,TOTAL KEYS,TOTAL SIZE";
            Table { heading, rows: vec![row] }.written(format)
        }
    };
    Output { stdout, stderr: DEPRECATED.to_owned(), exit: 0 }
}

/// Rows as a table, or as trees.
fn in_rows(format: WriteOut, table: &Table, trees: Vec<Value>) -> String {
    match format {
        WriteOut::Json => Value::List(trees).json(),
        WriteOut::Fields => Value::List(trees).fields(),
        WriteOut::Simple | WriteOut::Table | WriteOut::Protobuf => table.written(format),
    }
}

fn member_table(response: &MembersResponse) -> Table {
    let row = |member: &MemberRecord| {
        vec![
            format!("{:x}", MemberId::of(member.node).0),
            if member.started { "started" } else { "unstarted" }.to_owned(),
            told(member),
            peer_url(member.node),
            client_url(member).unwrap_or_default(),
            (member.seat == Seat::Learner).to_string(),
        ]
    };
    let heading = "ID,STATUS,NAME,PEER ADDRS,CLIENT ADDRS,IS LEARNER";
    Table { heading, rows: response.members.iter().map(row).collect() }
}

/// The name that a member has told; none before it was started.
fn told(member: &MemberRecord) -> String {
    if member.started { member.node.to_string() } else { String::new() }
}

/// Where clients find a member; it tells that along with its name.
fn client_url(member: &MemberRecord) -> Option<String> {
    member.started.then(|| ["http://", &endpoint(member.node)].concat())
}

/// Where clients find a node.
fn endpoint(node: NodeId) -> String {
    [&node.to_string(), ":2379"].concat()
}

/// What a status says is wrong.
fn errors(status: &Status) -> Vec<String> {
    let no_leader = status.leader.is_none().then(|| ServerError::NoLeader.to_string());
    no_leader.into_iter().chain(status.raised_by.iter().map(|node| alarm(*node))).collect()
}

/// An alarm as Go prints the message: with a blank at its end.
fn alarm(node: NodeId) -> String {
    ["memberID:", &MemberId::of(node).0.to_string(), " alarm:NOSPACE "].concat()
}

fn kind(event: &Event) -> &'static str {
    match event.kind {
        EventKind::Put => "PUT",
        EventKind::Delete => "DELETE",
    }
}

/// A length of time as Go prints it: `1.5ms`, `1m30.5s`.
fn duration(took: Micros) -> String {
    let (minutes, rest) = (took.0 / 60_000_000, took.0 % 60_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => duration_text(took).replace("us", "µs"),
        (hours, minutes) => {
            let hours = if hours > 0 { format!("{hours}h") } else { String::new() };
            [&hours, &minutes.to_string(), "m", &decimal_text(rest, 1_000_000), "s"].concat()
        }
    }
}

/// A number of bytes to two digits or so: `20 kB`, `1.5 MB`.
fn size(bytes: u64) -> String {
    let (mut unit, mut scale) = (0, 1);
    while bytes / scale >= 1000 && unit < 3 {
        (unit, scale) = (unit + 1, scale * 1000);
    }
    let tenths = (bytes * 20 + scale) / (2 * scale);
    let number = match (tenths / 10, tenths % 10) {
        _ if bytes < 10 => bytes.to_string(),
        (whole @ 0..10, tenth) => format!("{whole}.{tenth}"),
        // Halves go to the even number.
        (whole, tenth) => (whole + u64::from(tenth + whole % 2 > 5)).to_string(),
    };
    [&number, " ", ["B", "kB", "MB", "GB"][unit]].concat()
}
