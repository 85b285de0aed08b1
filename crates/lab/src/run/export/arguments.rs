//! What was asked, with etcd's names; what has its usual value is left out.

use serde_json::{Value, json};
use sim::member::kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, DeleteRangeRequest, PutRequest, RangeRequest,
    RequestOp, TxnRequest, WatchRequest,
};
use sim::member::{
    Consistency, LeaseRequest, MaintenanceRequest, MemberId, MemberRequest, Request, Seat,
};

use super::Object;

/// The fields of `args`.
pub(super) fn of(request: &Request) -> Object {
    let mut object = Object::default();
    match request {
        Request::Put(request) => put(request, &mut object),
        Request::DeleteRange(request) => delete(request, &mut object),
        Request::Range { range: request, consistency } => {
            range(request, &mut object);
            object.put_if("serializable", *consistency == Consistency::Serializable);
        }
        Request::Txn(request) => txn(request, &mut object),
        Request::Compact(revision) => object.put("revision", revision.0),
        Request::Watch { watch: request, needs_leader } => {
            watch(request, &mut object);
            object.put_if("needs_leader", *needs_leader);
        }
        Request::Lease(request) => lease(request, &mut object),
        Request::Member(request) => member(request, &mut object),
        Request::Maintenance(request) => maintenance(request, &mut object),
    }
    object
}

fn span(key: &Bytes, range_end: Option<&Bytes>, object: &mut Object) {
    object.put_bytes("key", key);
    if let Some(end) = range_end {
        object.put_bytes("range_end", end);
    }
}

fn put(put: &PutRequest, object: &mut Object) {
    object.put_bytes("key", &put.key);
    object.put_bytes("value", &put.value);
    object.put_unless_zero("lease", put.lease.0);
    object.put_if("prev_kv", put.prev_kv);
    object.put_if("ignore_value", put.ignore_value);
    object.put_if("ignore_lease", put.ignore_lease);
}

fn delete(delete: &DeleteRangeRequest, object: &mut Object) {
    span(&delete.key, delete.range_end.as_ref(), object);
    object.put_if("prev_kv", delete.prev_kv);
}

fn range(range: &RangeRequest, object: &mut Object) {
    span(&range.key, range.range_end.as_ref(), object);
    object.put_unless_zero("limit", range.limit);
    object.put_unless_zero("revision", range.revision.0);
    object.put_if("keys_only", range.keys_only);
    object.put_if("count_only", range.count_only);
    object.put_unless_zero("min_mod_revision", range.min_mod_revision.0);
    object.put_unless_zero("max_mod_revision", range.max_mod_revision.0);
    object.put_unless_zero("min_create_revision", range.min_create_revision.0);
    object.put_unless_zero("max_create_revision", range.max_create_revision.0);
}

fn txn(txn: &TxnRequest, object: &mut Object) {
    let compares = txn.compare.iter().map(compare);
    object.put("compare", Value::Array(compares.collect()));
    for (name, branch) in [("success", &txn.success), ("failure", &txn.failure)] {
        object.put(name, Value::Array(branch.iter().map(operation).collect()));
    }
}

fn compare(compare: &Compare) -> Value {
    let mut object = Object::default();
    span(&compare.key, compare.range_end.as_ref(), &mut object);
    let (target, number) = match &compare.target {
        CompareTarget::Version(version) => ("version", *version),
        CompareTarget::Create(revision) => ("create_revision", revision.0),
        CompareTarget::Mod(revision) => ("mod_revision", revision.0),
        CompareTarget::Lease(lease) => ("lease", lease.0),
        CompareTarget::Value(_) => ("value", 0),
    };
    object.put("target", target);
    let result = match compare.result {
        CompareResult::Equal => "=",
        CompareResult::NotEqual => "!=",
        CompareResult::Greater => ">",
        CompareResult::Less => "<",
    };
    object.put("result", result);
    match &compare.target {
        CompareTarget::Value(value) => object.put_bytes("value", value),
        _ => object.put("number", number),
    }
    json!(object)
}

fn operation(operation: &RequestOp) -> Value {
    let mut args = Object::default();
    let op = match operation {
        RequestOp::Range(request) => {
            range(request, &mut args);
            "range"
        }
        RequestOp::Put(request) => {
            put(request, &mut args);
            "put"
        }
        RequestOp::DeleteRange(request) => {
            delete(request, &mut args);
            "delete-range"
        }
        RequestOp::Txn(request) => {
            txn(request, &mut args);
            "txn"
        }
    };
    let mut object = Object::default();
    object.put("op", op);
    object.put("args", json!(args));
    json!(object)
}

fn watch(watch: &WatchRequest, object: &mut Object) {
    span(&watch.key, watch.range_end.as_ref(), object);
    object.put_unless_zero("start_revision", watch.start_revision.0);
    object.put_if("progress_notify", watch.progress_notify);
    object.put_if("no_put", watch.no_put);
    object.put_if("no_delete", watch.no_delete);
    object.put_if("prev_kv", watch.prev_kv);
    object.put_if("fragment", watch.fragment);
}

fn lease(request: &LeaseRequest, object: &mut Object) {
    match request {
        LeaseRequest::Grant(grant) => {
            object.put_unless_zero("lease", grant.id.0);
            object.put("ttl", grant.ttl);
        }
        LeaseRequest::Revoke(id) | LeaseRequest::KeepAlive(id) => object.put("lease", id.0),
        LeaseRequest::TimeToLive { id, keys } => {
            object.put("lease", id.0);
            object.put_if("keys", *keys);
        }
        LeaseRequest::List => {}
    }
}

fn member(request: &MemberRequest, object: &mut Object) {
    match request {
        MemberRequest::Add(node, seat) => {
            object.put("member", node.to_string());
            object.put_if("learner", *seat == Seat::Learner);
        }
        MemberRequest::Remove(member)
        | MemberRequest::Promote(member)
        | MemberRequest::Update(member) => named(*member, object),
        MemberRequest::List => {}
    }
}

/// A member; an id that nobody has is told as it was given.
fn named(member: MemberId, object: &mut Object) {
    let id = member.node().map_or(format!("{:x}", member.0), |node| node.to_string());
    object.put("member", id);
}

fn maintenance(request: &MaintenanceRequest, object: &mut Object) {
    match request {
        MaintenanceRequest::HashKv(at) => object.put_unless_zero("revision", at.0),
        MaintenanceRequest::Disarm(member) | MaintenanceRequest::MoveLeader(member) => {
            named(*member, object);
        }
        MaintenanceRequest::Status
        | MaintenanceRequest::Alarms
        | MaintenanceRequest::Defragment
        | MaintenanceRequest::Snapshot => {}
    }
}
