//! Each answer as a tree, field for field etcd's (`api/etcdserverpb`, `client/v3`).

use sim::member::kv_core::{
    DeleteRangeResponse, Event, EventKind, HashKv, KeyValue, LeaseId, PutResponse, RangeResponse,
    ResponseOp, Revision, TxnResponse, WatchResponse,
};
use sim::member::raft_core::NodeId;
use sim::member::{
    LeaseResponse, MaintenanceResponse, MemberId, MemberRecord, MembersResponse, Response, Seat,
    SnapshotFile, Status,
};

use super::tree::Value::{self, Bare, Bytes, List, Message, Nothing, Struct};
use super::{CLUSTER_ID, Header, Health, VERSION, client_url, duration, errors, told};
use crate::etcdctl::args::{AlarmCommand, Invocation, Subcommand};
use crate::etcdctl::requests::peer_url;

/// The answer to a command.
pub(super) fn answer(invocation: &Invocation, header: &Header, response: &Response) -> Value {
    match response {
        Response::Range(response) => range(full(header), response),
        Response::Put(response) => put(full(header), response),
        Response::DeleteRange(response) => deleted(full(header), response),
        Response::Txn(response) => txn(full(header), response),
        Response::Watch(response) => watch(header, response),
        Response::Lease(response) => lease(full(header), response),
        Response::Members(response) => members(full(header), response),
        Response::Maintenance(MaintenanceResponse::Alarms { raised_by, .. }) => {
            let alarms = ("alarms", "", List(raised_by.iter().map(|node| alarm(*node)).collect()));
            // The client gathers what the servers of `disarm` answer, without a header.
            let is_list = !matches!(invocation.command, Subcommand::Alarm(AlarmCommand::Disarm));
            let header = is_list.then(|| ("header", "", full(header)));
            Message(header.into_iter().chain([alarms]).collect())
        }
        // What else is shown as a tree is empty: the answer to `move-leader`.
        Response::Compact(_) | Response::Maintenance(_) => Message(Vec::new()),
    }
}

/// The header of an answer (`ResponseHeader`).
fn full(header: &Header) -> Value {
    let Header { node, revision, raft_term } = header;
    header_of(CLUSTER_ID, MemberId::of(*node).0, *revision, raft_term.0)
}

/// The header of an answer within another.
fn inner(revision: Revision) -> Value {
    header_of(0, 0, revision, 0)
}

fn header_of(cluster: u64, member: u64, revision: Revision, raft_term: u64) -> Value {
    Message(vec![
        ("cluster_id", "ClusterID", Value::unsigned(cluster)),
        ("member_id", "MemberID", Value::unsigned(member)),
        ("revision", "Revision", Value::signed(revision.0)),
        ("raft_term", "RaftTerm", Value::unsigned(raft_term)),
    ])
}

fn key_value(kv: &KeyValue) -> Value {
    Message(vec![
        ("key", "Key", Bytes(kv.key.clone())),
        ("create_revision", "CreateRevision", Value::signed(kv.create_revision.0)),
        ("mod_revision", "ModRevision", Value::signed(kv.mod_revision.0)),
        ("version", "Version", Value::signed(kv.version)),
        ("value", "Value", Bytes(kv.value.clone())),
        ("lease", "Lease", Value::signed(kv.lease.0)),
    ])
}

fn key_values(kvs: &[KeyValue]) -> Value {
    List(kvs.iter().map(key_value).collect())
}

fn range(header: Value, response: &RangeResponse) -> Value {
    Message(vec![
        ("header", "", header),
        ("kvs", "", key_values(&response.kvs)),
        ("more", "More", Value::truth(response.more)),
        ("count", "Count", Value::signed(response.count)),
    ])
}

fn put(header: Value, response: &PutResponse) -> Value {
    let mut fields = vec![("header", "", header)];
    fields.extend(response.prev_kv.iter().map(|kv| ("prev_kv", "Prev", key_value(kv))));
    Message(fields)
}

fn deleted(header: Value, response: &DeleteRangeResponse) -> Value {
    Message(vec![
        ("header", "", header),
        ("deleted", "Deleted", Value::signed(response.deleted)),
        ("prev_kvs", "Prev", key_values(&response.prev_kvs)),
    ])
}

fn txn(header: Value, response: &TxnResponse) -> Value {
    let answers = response.responses.iter().map(|answer| {
        let (name, value) = match answer {
            ResponseOp::Range(it) => ("response_range", range(inner(it.revision), it)),
            ResponseOp::Put(it) => ("response_put", put(inner(it.revision), it)),
            ResponseOp::DeleteRange(it) => {
                ("response_delete_range", deleted(inner(it.revision), it))
            }
            ResponseOp::Txn(it) => ("response_txn", txn(inner(it.revision), it)),
        };
        Struct(vec![("Response", "", Struct(vec![(name, "", value)]))])
    });
    Message(vec![
        ("header", "", header),
        ("succeeded", "Succeeded", Value::truth(response.succeeded)),
        ("responses", "", List(answers.collect())),
    ])
}

/// One message of a watch's stream. That there is nothing to watch the client tells by itself.
pub(super) fn watch(header: &Header, response: &WatchResponse) -> Value {
    let (header, events) = match response.cancel_reason {
        Some(_) => (inner(Revision(0)), ("Events", "-", Nothing)),
        None => {
            let header = Header { revision: response.revision, ..*header };
            let events = List(response.events.iter().map(event).collect());
            (full(&header), ("Events", "", events))
        }
    };
    Struct(vec![
        ("Header", "", header),
        events,
        ("CompactRevision", "-", Value::signed(response.compact_revision.0)),
        ("Canceled", "-", Value::truth(response.canceled)),
        ("Created", "-", Value::truth(response.created)),
    ])
}

fn event(event: &Event) -> Value {
    let prev_kv = |json, fields| event.prev_kv.iter().map(move |kv| (json, fields, key_value(kv)));
    let mut all = vec![("type", "-", Value::unsigned(u64::from(event.kind == EventKind::Delete)))];
    all.push(("-", "Type", Bare(super::kind(event).to_owned())));
    all.extend(prev_kv("-", "Prev"));
    all.push(("kv", "", key_value(&event.kv)));
    all.extend(prev_kv("prev_kv", "-"));
    Message(all)
}

fn lease(header: Value, response: &LeaseResponse) -> Value {
    let number = |LeaseId(id): LeaseId| Value::signed(id);
    let mut fields = vec![("", "", header)];
    match response {
        LeaseResponse::Revoked(_) => fields[0].0 = "header",
        LeaseResponse::Granted(granted) => fields.extend([
            ("ID", "ID", number(granted.id)),
            ("TTL", "TTL", Value::signed(granted.ttl)),
            ("Error", "-", Value::text("")),
        ]),
        LeaseResponse::KeptAlive { id, ttl, .. } => {
            fields.extend([("ID", "ID", number(*id)), ("TTL", "TTL", Value::signed(*ttl))]);
        }
        LeaseResponse::TimeToLive { id, ttl, granted_ttl, keys, .. } => fields.extend([
            ("id", "ID", number(*id)),
            ("ttl", "TTL", Value::signed(*ttl)),
            ("granted-ttl", "GrantedTTL", Value::signed(*granted_ttl)),
            match keys.as_slice() {
                [] => ("keys", "-", Nothing),
                keys => ("keys", "Key", List(keys.iter().cloned().map(Bytes).collect())),
            },
        ]),
        LeaseResponse::List { leases, .. } => {
            let entry = |id: &LeaseId| Struct(vec![("id", "ID", number(*id))]);
            fields.push(("leases", "", List(leases.iter().map(entry).collect())));
        }
    }
    Struct(fields)
}

fn members(header: Value, response: &MembersResponse) -> Value {
    let mut fields = vec![("header", "", header)];
    fields.extend(response.added.iter().map(|added| ("member", "", member(added))));
    fields.push(("members", "", List(response.members.iter().map(member).collect())));
    Message(fields)
}

fn member(member: &MemberRecord) -> Value {
    let client_urls = client_url(member).into_iter().map(Value::Text).collect();
    Message(vec![
        ("ID", "ID", Value::unsigned(MemberId::of(member.node).0)),
        ("name", "Name", Value::Text(told(member))),
        ("peerURLs", "PeerURL", List(vec![Value::Text(peer_url(member.node))])),
        ("clientURLs", "ClientURL", List(client_urls)),
        ("isLearner", "IsLearner", Value::truth(member.seat == Seat::Learner)),
        ("-", "", Nothing),
    ])
}

/// `member list --hex -w json`, which the real program writes by other rules.
pub(super) fn members_in_hex(header: &Header, list: &[MemberRecord]) -> Value {
    let hex = |number: u64| Value::Text(format!("{number:x}"));
    let member = |member: &MemberRecord| {
        Struct(vec![
            ("ID", "-", hex(MemberId::of(member.node).0)),
            ("name", "-", Value::Text(told(member))),
            ("peerURLs", "-", List(vec![Value::Text(peer_url(member.node))])),
            (
                "clientURLS",
                "-",
                match client_url(member) {
                    Some(url) => List(vec![Value::Text(url)]),
                    None => Nothing,
                },
            ),
        ])
    };
    let header = vec![
        ("cluster_id", "-", hex(CLUSTER_ID)),
        ("member_id", "-", hex(MemberId::of(header.node).0)),
        ("raft_term", "-", Bare(format!("{:x}", header.raft_term.0))),
    ];
    let members = List(list.iter().map(member).collect());
    Struct(vec![("header", "-", Struct(header)), ("members", "-", members)])
}

fn alarm(node: NodeId) -> Value {
    Message(vec![
        ("memberID", "MemberID", Value::unsigned(MemberId::of(node).0)),
        ("alarm", "-", Value::unsigned(1)),
        ("-", "AlarmType", Bare("NOSPACE".to_owned())),
        ("-", "", Nothing),
    ])
}

/// A row of `endpoint status`.
pub(super) fn status((endpoint, header, status): &(String, Header, Status)) -> Value {
    let errors = errors(status);
    let list = Bare(format!("[{}]", errors.join(" ")));
    let leader = status.leader.map_or(0, |node| MemberId::of(node).0);
    let answer = Message(vec![
        ("header", "", full(header)),
        ("version", "Version", Value::text(VERSION)),
        ("dbSize", "DBSize", Value::unsigned(status.db_size)),
        ("leader", "Leader", Value::unsigned(leader)),
        ("-", "IsLearner", Value::truth(status.is_learner)),
        ("raftIndex", "RaftIndex", Value::unsigned(status.raft_index.0)),
        ("raftTerm", "RaftTerm", Value::unsigned(status.raft_term.0)),
        ("raftAppliedIndex", "RaftAppliedIndex", Value::unsigned(status.raft_applied_index.0)),
        ("errors", "-", List(errors.into_iter().map(Value::Text).collect())),
        ("-", "Errors", list),
        ("dbSizeInUse", "-", Value::unsigned(status.db_size_in_use)),
        ("isLearner", "-", Value::truth(status.is_learner)),
    ]);
    Struct(vec![
        ("Endpoint", "-", Value::text(endpoint)),
        ("Status", "", answer),
        ("-", "Endpoint", Value::text(endpoint)),
        ("-", "", Nothing),
    ])
}

/// A row of `endpoint hashkv`.
pub(super) fn hash((endpoint, header, hash): &(String, Header, HashKv)) -> Value {
    let answer = Message(vec![
        ("header", "", full(header)),
        ("-", "Endpoint", Value::text(endpoint)),
        ("hash", "Hash", Value::unsigned(u64::from(hash.hash))),
        ("compact_revision", "-", Value::signed(hash.compact_revision.0)),
    ]);
    Struct(vec![
        ("Endpoint", "-", Value::text(endpoint)),
        ("HashKV", "", answer),
        ("-", "", Nothing),
    ])
}

/// A row of `endpoint health`.
pub(super) fn health(health: &Health) -> Value {
    let took = duration(health.took);
    let mut fields = vec![
        ("endpoint", "Endpoint", Value::text(&health.endpoint)),
        ("health", "Health", Value::truth(health.is_healthy)),
        ("took", "-", Value::text(&took)),
        ("-", "Took", Bare(took)),
        ("-", "Error", Bare(health.error.clone())),
        ("-", "", Nothing),
    ];
    if !health.error.is_empty() {
        fields.push(("error", "-", Value::text(&health.error)));
    }
    Struct(fields)
}

/// `snapshot status`.
pub(super) fn snapshot(file: &SnapshotFile) -> Value {
    Struct(vec![
        ("hash", "Hash", Value::unsigned(u64::from(file.hash))),
        ("revision", "Revision", Value::signed(file.revision.0)),
        ("totalKey", "Keys", Value::unsigned(file.total_keys)),
        ("totalSize", "Size", Value::unsigned(file.total_size)),
    ])
}
