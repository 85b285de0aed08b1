//! What was answered, and what watchers are told.

use serde_json::{Value, json};
use sim::Outcome;
use sim::member::kv_core::{
    Bytes, DeleteRangeResponse, Event, EventKind, KeyValue, PutResponse, RangeResponse, ResponseOp,
    TxnResponse, WatchResponse,
};
use sim::member::raft_core::NodeId;
use sim::member::{
    LeaseResponse, MaintenanceResponse, MemberRecord, MembersResponse, Response, Seat, Status,
};

use super::Object;

/// How a call ended.
pub(super) fn of(outcome: &Outcome, line: &mut Object) {
    match outcome {
        Outcome::Ok { node, response, revision, raft_term } => {
            line.put("endpoint", node.to_string());
            line.put_unless_zero("revision", revision.0);
            line.put("raft_term", raft_term.0);
            answer(response, line);
        }
        Outcome::Failed(error) | Outcome::Unknown(error) => {
            line.put("error", error.to_string());
        }
    }
}

/// What a watcher was told.
pub(super) fn told(response: &WatchResponse, line: &mut Object) {
    line.put("revision", response.revision.0);
    line.put_if("created", response.created);
    line.put_if("fragment", response.fragment);
    line.put("events", Value::Array(response.events.iter().map(event).collect()));
}

fn answer(response: &Response, line: &mut Object) {
    match response {
        Response::Put(response) => put(response, line),
        Response::DeleteRange(response) => delete(response, line),
        Response::Range(response) => range(response, line),
        Response::Txn(response) => txn(response, line),
        Response::Members(response) => members(response, line),
        Response::Watch(response) => ended(response, line),
        Response::Lease(response) => lease(response, line),
        Response::Maintenance(response) => maintenance(response, line),
        Response::Compact(_) => {}
    }
}

fn put(put: &PutResponse, line: &mut Object) {
    if let Some(kv) = &put.prev_kv {
        line.put("prev_kvs", Value::Array(vec![key_value(kv)]));
    }
}

fn delete(deleted: &DeleteRangeResponse, line: &mut Object) {
    line.put("deleted", deleted.deleted);
    if !deleted.prev_kvs.is_empty() {
        line.put("prev_kvs", pairs(&deleted.prev_kvs));
    }
}

fn range(range: &RangeResponse, line: &mut Object) {
    line.put("kvs", pairs(&range.kvs));
    line.put("count", range.count);
    line.put_if("more", range.more);
}

fn txn(txn: &TxnResponse, line: &mut Object) {
    line.put("succeeded", txn.succeeded);
    line.put("responses", Value::Array(txn.responses.iter().map(operation).collect()));
}

fn operation(response: &ResponseOp) -> Value {
    let mut object = Object::default();
    match response {
        ResponseOp::Range(response) => {
            object.put("op", "range");
            range(response, &mut object);
        }
        ResponseOp::Put(response) => {
            object.put("op", "put");
            put(response, &mut object);
        }
        ResponseOp::DeleteRange(response) => {
            object.put("op", "delete-range");
            delete(response, &mut object);
        }
        ResponseOp::Txn(response) => {
            object.put("op", "txn");
            txn(response, &mut object);
        }
    }
    json!(object)
}

fn ended(watch: &WatchResponse, line: &mut Object) {
    line.put("canceled", true);
    line.put_unless_zero("compact_revision", watch.compact_revision.0);
    if let Some(reason) = watch.cancel_reason {
        line.put("cancel_reason", reason.to_string());
    }
}

fn lease(response: &LeaseResponse, line: &mut Object) {
    match response {
        LeaseResponse::Granted(granted) => {
            line.put("lease", granted.id.0);
            line.put("ttl", granted.ttl);
        }
        LeaseResponse::Revoked(_) => {}
        LeaseResponse::KeptAlive { id, ttl, revision: _ } => {
            line.put("lease", id.0);
            line.put("ttl", *ttl);
        }
        LeaseResponse::TimeToLive { id, ttl, granted_ttl, keys, revision: _ } => {
            line.put("lease", id.0);
            line.put("ttl", *ttl);
            line.put("granted_ttl", *granted_ttl);
            line.put("keys", Value::Array(keys.iter().map(key).collect()));
        }
        LeaseResponse::List { leases, revision: _ } => {
            let leases = leases.iter().map(|id| Value::from(id.0)).collect();
            line.put("leases", Value::Array(leases));
        }
    }
}

fn maintenance(response: &MaintenanceResponse, line: &mut Object) {
    match response {
        MaintenanceResponse::Status(response) => status(response, line),
        MaintenanceResponse::HashKv(hash) => {
            line.put("hash", hash.hash);
            line.put("compact_revision", hash.compact_revision.0);
        }
        MaintenanceResponse::Alarms { raised_by, revision: _ } => {
            line.put("alarms", nodes(raised_by));
        }
        MaintenanceResponse::Snapshot(file) => {
            line.put("hash", file.hash);
            line.put("total_keys", file.total_keys);
            line.put("total_size", file.total_size);
        }
        MaintenanceResponse::Done(_) => {}
    }
}

fn status(status: &Status, line: &mut Object) {
    line.put("db_size", status.db_size);
    line.put("db_size_in_use", status.db_size_in_use);
    if let Some(leader) = status.leader {
        line.put("leader", leader.to_string());
    }
    line.put("raft_index", status.raft_index.0);
    line.put("raft_applied_index", status.raft_applied_index.0);
    line.put_if("learner", status.is_learner);
    line.put("alarms", nodes(&status.raised_by));
}

fn nodes(nodes: &[NodeId]) -> Value {
    nodes.iter().map(|node| Value::from(node.to_string())).collect()
}

fn members(members: &MembersResponse, line: &mut Object) {
    let members = members.members.iter().map(member).collect();
    line.put("members", Value::Array(members));
}

fn member(record: &MemberRecord) -> Value {
    let mut object = Object::default();
    object.put("member", record.node.to_string());
    object.put_if("learner", record.seat == Seat::Learner);
    object.put_if("unstarted", !record.started);
    json!(object)
}

fn event(event: &Event) -> Value {
    let mut object = Object::default();
    match event.kind {
        EventKind::Put => {
            object.put("type", "put");
            object.put("kv", key_value(&event.kv));
        }
        // Of a pair that is gone there is no more to tell.
        EventKind::Delete => {
            object.put("type", "delete");
            let mut kv = Object::default();
            kv.put_bytes("key", &event.kv.key);
            kv.put("mod_revision", event.kv.mod_revision.0);
            object.put("kv", json!(kv));
        }
    }
    if let Some(kv) = &event.prev_kv {
        object.put("prev_kv", key_value(kv));
    }
    json!(object)
}

fn pairs(kvs: &[KeyValue]) -> Value {
    Value::Array(kvs.iter().map(key_value).collect())
}

fn key(key: &Bytes) -> Value {
    let mut object = Object::default();
    object.put_bytes("key", key);
    json!(object)
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
