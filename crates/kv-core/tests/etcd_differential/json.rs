//! Our requests as etcd's gateway wants them, and its answers as ours.
//!
//! Bytes are base64, 64-bit numbers are text, and what is zero or empty is left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, DeleteRangeRequest, DeleteRangeResponse, Event,
    EventKind, KeyValue, LeaseGrantResponse, LeaseId, PutRequest, PutResponse, RangeRequest,
    RangeResponse, RequestOp, ResponseOp, Revision, SortOrder, SortTarget, TxnRequest, TxnResponse,
    WatchError, WatchId, WatchRequest, WatchResponse,
};
use serde_json::{Value, json};

use crate::common::{Answer, Op};

/// Path and body of an operation.
pub(crate) fn request(op: &Op) -> (&'static str, Value) {
    match op {
        Op::Range(request) => ("kv/range", range(request)),
        Op::Put(request) => ("kv/put", put(request)),
        Op::DeleteRange(request) => ("kv/deleterange", delete_range(request)),
        Op::Txn(request) => ("kv/txn", txn(request)),
        Op::Compact(revision) => ("kv/compaction", json!({ "revision": number(revision.0) })),
        Op::Grant(request) => {
            let body = json!({ "ID": number(request.id.0), "TTL": number(request.ttl) });
            ("lease/grant", body)
        }
        Op::Revoke(id) => ("lease/revoke", json!({ "ID": number(id.0) })),
        Op::Attached(id) => ("lease/timetolive", json!({ "ID": number(id.0), "keys": true })),
    }
}

/// The answer to an operation.
pub(crate) fn answer(op: &Op, json: &Value) -> Answer {
    match op {
        Op::Range(_) => Answer::Range(range_response(json)),
        Op::Put(_) => Answer::Put(put_response(json)),
        Op::DeleteRange(_) => Answer::DeleteRange(delete_response(json)),
        Op::Txn(_) => Answer::Txn(txn_response(json)),
        Op::Compact(_) => Answer::Compact(header(json)),
        Op::Grant(_) => Answer::Grant(LeaseGrantResponse {
            revision: header(json),
            id: LeaseId(int(json, "ID")),
            ttl: int(json, "TTL"),
        }),
        Op::Revoke(_) => Answer::Revoke(header(json)),
        Op::Attached(_) if int(json, "TTL") == -1 => Answer::Attached(None),
        Op::Attached(_) => {
            let mut keys: Vec<Bytes> = list(json, "keys").iter().map(bytes).collect();
            // etcd lists them as its hash map happens to have them.
            keys.sort();
            Answer::Attached(Some((int(json, "grantedTTL"), keys)))
        }
    }
}

/// The request that begins a watch.
pub(crate) fn watch(request: &WatchRequest) -> Value {
    let filters: Vec<&str> = [(request.no_put, "NOPUT"), (request.no_delete, "NODELETE")]
        .iter()
        .filter_map(|&(is_set, name)| is_set.then_some(name))
        .collect();
    json!({ "create_request": {
        "key": text(&request.key),
        "range_end": end(&request.range_end),
        "start_revision": number(request.start_revision.0),
        "filters": filters,
        "prev_kv": request.prev_kv,
        "watch_id": number(request.watch_id.0),
        "fragment": request.fragment,
    } })
}

pub(crate) fn watch_response(json: &Value) -> WatchResponse {
    let reasons = [WatchError::EmptyRange, WatchError::DuplicateId];
    let reason = json.get("cancel_reason").map(|reason| {
        let known = reasons.into_iter().find(|known| reason == &json!(known.to_string()));
        known.unwrap_or_else(|| panic!("a new reason: {reason}"))
    });
    WatchResponse {
        revision: header(json),
        watch_id: WatchId(int(json, "watch_id")),
        created: flag(json, "created"),
        canceled: flag(json, "canceled"),
        compact_revision: Revision(int(json, "compact_revision")),
        cancel_reason: reason,
        fragment: flag(json, "fragment"),
        events: list(json, "events").iter().map(event).collect(),
    }
}

/// The names of all leases.
pub(crate) fn leases(json: &Value) -> Vec<LeaseId> {
    let mut ids: Vec<_> = list(json, "leases").iter().map(|it| LeaseId(int(it, "ID"))).collect();
    ids.sort();
    ids
}

fn range(request: &RangeRequest) -> Value {
    json!({
        "key": text(&request.key),
        "range_end": end(&request.range_end),
        "limit": number(request.limit),
        "revision": number(request.revision.0),
        "sort_order": match request.sort_order {
            SortOrder::None => "NONE",
            SortOrder::Ascend => "ASCEND",
            SortOrder::Descend => "DESCEND",
        },
        "sort_target": match request.sort_target {
            SortTarget::Key => "KEY",
            SortTarget::Version => "VERSION",
            SortTarget::Create => "CREATE",
            SortTarget::Mod => "MOD",
            SortTarget::Value => "VALUE",
        },
        "keys_only": request.keys_only,
        "count_only": request.count_only,
        "min_mod_revision": number(request.min_mod_revision.0),
        "max_mod_revision": number(request.max_mod_revision.0),
        "min_create_revision": number(request.min_create_revision.0),
        "max_create_revision": number(request.max_create_revision.0),
    })
}

fn put(request: &PutRequest) -> Value {
    json!({
        "key": text(&request.key),
        "value": text(&request.value),
        "lease": number(request.lease.0),
        "prev_kv": request.prev_kv,
        "ignore_value": request.ignore_value,
        "ignore_lease": request.ignore_lease,
    })
}

fn delete_range(request: &DeleteRangeRequest) -> Value {
    json!({
        "key": text(&request.key),
        "range_end": end(&request.range_end),
        "prev_kv": request.prev_kv,
    })
}

fn txn(request: &TxnRequest) -> Value {
    let ops = |ops: &[RequestOp]| -> Vec<Value> {
        ops.iter()
            .map(|op| match op {
                RequestOp::Range(request) => json!({ "request_range": range(request) }),
                RequestOp::Put(request) => json!({ "request_put": put(request) }),
                RequestOp::DeleteRange(request) => {
                    json!({ "request_delete_range": delete_range(request) })
                }
                RequestOp::Txn(request) => json!({ "request_txn": txn(request) }),
            })
            .collect()
    };
    json!({
        "compare": request.compare.iter().map(compare).collect::<Vec<_>>(),
        "success": ops(&request.success),
        "failure": ops(&request.failure),
    })
}

fn compare(compare: &Compare) -> Value {
    let (target, field, value) = match &compare.target {
        CompareTarget::Version(version) => ("VERSION", "version", number(*version)),
        CompareTarget::Create(revision) => ("CREATE", "create_revision", number(revision.0)),
        CompareTarget::Mod(revision) => ("MOD", "mod_revision", number(revision.0)),
        CompareTarget::Value(value) => ("VALUE", "value", text(value)),
        CompareTarget::Lease(lease) => ("LEASE", "lease", number(lease.0)),
    };
    let result = match compare.result {
        CompareResult::Equal => "EQUAL",
        CompareResult::NotEqual => "NOT_EQUAL",
        CompareResult::Less => "LESS",
        CompareResult::Greater => "GREATER",
    };
    let (key, range_end) = (text(&compare.key), end(&compare.range_end));
    json!({ "key": key, "range_end": range_end, "target": target, "result": result, field: value })
}

fn range_response(json: &Value) -> RangeResponse {
    RangeResponse {
        revision: header(json),
        kvs: list(json, "kvs").iter().map(pair).collect(),
        more: flag(json, "more"),
        count: int(json, "count"),
    }
}

fn put_response(json: &Value) -> PutResponse {
    PutResponse { revision: header(json), prev_kv: json.get("prev_kv").map(pair) }
}

fn delete_response(json: &Value) -> DeleteRangeResponse {
    DeleteRangeResponse {
        revision: header(json),
        deleted: int(json, "deleted"),
        prev_kvs: list(json, "prev_kvs").iter().map(pair).collect(),
    }
}

fn txn_response(json: &Value) -> TxnResponse {
    let response = |json: &Value| match json.as_object().and_then(|it| it.iter().next()) {
        Some((name, json)) => match name.as_str() {
            "response_range" => ResponseOp::Range(range_response(json)),
            "response_put" => ResponseOp::Put(put_response(json)),
            "response_delete_range" => ResponseOp::DeleteRange(delete_response(json)),
            "response_txn" => ResponseOp::Txn(txn_response(json)),
            other => panic!("a new kind of answer: {other}"),
        },
        None => panic!("an answer of no kind"),
    };
    TxnResponse {
        revision: header(json),
        succeeded: flag(json, "succeeded"),
        responses: list(json, "responses").iter().map(response).collect(),
    }
}

fn event(json: &Value) -> Event {
    let is_delete = json.get("type").is_some_and(|kind| kind == "DELETE");
    Event {
        kind: if is_delete { EventKind::Delete } else { EventKind::Put },
        kv: pair(&json["kv"]),
        prev_kv: json.get("prev_kv").map(pair),
    }
}

fn pair(json: &Value) -> KeyValue {
    KeyValue {
        key: bytes(&json["key"]),
        value: json.get("value").map_or(Bytes::empty(), bytes),
        create_revision: Revision(int(json, "create_revision")),
        mod_revision: Revision(int(json, "mod_revision")),
        version: int(json, "version"),
        lease: LeaseId(int(json, "lease")),
    }
}

fn header(json: &Value) -> Revision {
    json.get("header").map_or(Revision(0), |header| Revision(int(header, "revision")))
}

fn number(number: i64) -> Value {
    Value::String(number.to_string())
}

fn text(bytes: &Bytes) -> Value {
    Value::String(STANDARD.encode(bytes.as_slice()))
}

fn end(range_end: &Option<Bytes>) -> Value {
    range_end.as_ref().map_or(Value::String(String::new()), text)
}

fn bytes(json: &Value) -> Bytes {
    let text = json.as_str().expect("base64 is text");
    Bytes::from(STANDARD.decode(text).expect("base64"))
}

fn int(json: &Value, name: &str) -> i64 {
    let Some(value) = json.get(name) else { return 0 };
    let number = value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_i64());
    number.unwrap_or_else(|| panic!("{name} is no number in {json}"))
}

fn flag(json: &Value, name: &str) -> bool {
    json.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn list<'v>(json: &'v Value, name: &str) -> &'v [Value] {
    json.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
