//! A key-value history, key by key, for the generic search.
//!
//! Linearizability is local (Herlihy and Wing, theorem 1): a history is linearizable if what it
//! says of each key is. Only what was read with linearizable consistency counts.
//!
//! A transaction is more than its keys. What is judged here is what it says of each of them, which is
//! necessary and not sufficient; that its keys changed together is left to `revisions`. Of unknown
//! outcome it may have gone either way, and then both ways are tried. A key that hangs on a lease may
//! be deleted at any moment from then on.

use std::collections::{BTreeMap, BTreeSet};

use sim::member::kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, DeleteRangeRequest, LeaseId, RangeRequest,
    RequestOp, ResponseOp, TxnRequest, TxnResponse,
};
use sim::member::{Consistency, Request, Response};

use super::effects::{Change, chosen, ways};
use super::search::{Finding, Model, Timed, search};
use super::{End, Misfit, Operation};

/// One key: absent, or with a value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Key;

/// What was done with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOperation {
    /// It was given this value.
    Put(Bytes),
    /// It was read, and had this value.
    Get(Option<Bytes>),
    /// It was deleted. Whether it was there, if that was told.
    Delete(Option<bool>),
    /// All of these at one moment, one after the other.
    Several(Vec<KeyOperation>),
}

impl Model for Key {
    type State = Option<Bytes>;
    type Operation = KeyOperation;

    fn begin(&self) -> Option<Bytes> {
        None
    }

    fn apply(&self, state: &Option<Bytes>, operation: &KeyOperation) -> Option<Option<Bytes>> {
        match operation {
            KeyOperation::Put(value) => Some(Some(value.clone())),
            KeyOperation::Get(seen) => (seen == state).then(|| state.clone()),
            KeyOperation::Delete(None) => Some(None),
            KeyOperation::Delete(Some(was_there)) => {
                (*was_there == state.is_some()).then_some(None)
            }
            KeyOperation::Several(all) => {
                all.iter().try_fold(state.clone(), |state, operation| self.apply(&state, operation))
            }
        }
    }
}

/// How many keys were searched, and of how many the search could not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Keys whose history is linearizable.
    pub decided: u64,
    /// Keys whose search used up its budget.
    pub undecided: u64,
}

/// Searches an order for every key, with so many states a key at most.
///
/// # Errors
/// Names the calls of the first key for which there is no order.
pub fn check(operations: &[Operation], budget: u64) -> Result<Searched, Misfit> {
    let mut searched = Searched::default();
    for key in keys(operations) {
        let history: Vec<Timed<KeyOperation>> =
            operations.iter().flat_map(|operation| of_key(operation, &key)).collect();
        let found = match search(&Key, &with_deadlines(&history), budget) {
            Finding::Linearizable => Finding::Linearizable,
            Finding::NotLinearizable | Finding::Undecided => search(&Key, &history, budget),
        };
        match found {
            Finding::Linearizable => searched.decided += 1,
            Finding::Undecided => searched.undecided += 1,
            Finding::NotLinearizable => {
                let about = operations.iter().filter(|o| !of_key(o, &key).is_empty());
                let explanation =
                    format!("no order of all calls explains what was read of {key:?}");
                return Err(Misfit { calls: about.map(|o| o.call).collect(), explanation });
            }
        }
    }
    Ok(searched)
}

/// A history that is easier to search, and linearizable only if the given one is: of the puts of
/// unknown outcome those whose value was seen must have happened before it was, and the others did
/// not happen.
fn with_deadlines(history: &[Timed<KeyOperation>]) -> Vec<Timed<KeyOperation>> {
    let mut seen: BTreeMap<&Bytes, u64> = BTreeMap::new();
    for timed in history {
        if let (KeyOperation::Get(Some(value)), Some(returned)) = (&timed.operation, timed.returned)
        {
            let first = seen.entry(value).or_insert(returned);
            *first = returned.min(*first);
        }
    }
    let easier = |timed: &Timed<KeyOperation>| match (&timed.operation, timed.returned) {
        (KeyOperation::Put(value), None) => {
            let returned = Some(*seen.get(value)?);
            Some(Timed { returned, ..timed.clone() })
        }
        _ => Some(timed.clone()),
    };
    history.iter().filter_map(easier).collect()
}

/// All keys that are named in requests.
fn keys(operations: &[Operation]) -> BTreeSet<Bytes> {
    let mut keys = BTreeSet::new();
    for operation in operations {
        for change in ways(&operation.request).into_iter().flatten() {
            if let Change::Put { key, .. } = change {
                keys.insert(key);
            }
        }
        match &*operation.request {
            Request::Range { range: RangeRequest { key, range_end: None, .. }, .. }
            | Request::DeleteRange(DeleteRangeRequest { key, range_end: None, .. }) => {
                keys.insert(key.clone())
            }
            _ => false,
        };
    }
    keys
}

/// Whether a range covers a key (etcd api/v3rpc: no end is one key, an end of one zero byte is
/// every key from there on).
pub(super) fn covers(start: &Bytes, end: Option<&Bytes>, key: &Bytes) -> bool {
    match end {
        None => start == key,
        Some(end) if end.as_slice() == b"\0" => start <= key,
        Some(end) => start <= key && key < end,
    }
}

/// Whether a read tells all that there is in its range now.
pub(super) fn tells_all(range: &RangeRequest) -> bool {
    let plain = RangeRequest {
        key: range.key.clone(),
        range_end: range.range_end.clone(),
        sort_order: range.sort_order,
        sort_target: range.sort_target,
        ..RangeRequest::default()
    };
    *range == plain
}

/// What an operation says of a key: nothing, or what it did; and what may come of it later.
fn of_key(operation: &Operation, key: &Bytes) -> Vec<Timed<KeyOperation>> {
    let called = operation.called;
    let later = |operation| Timed { called, returned: None, operation };
    let mut said: Vec<Timed<KeyOperation>> = match &operation.end {
        End::Failed => return Vec::new(),
        End::Answered { returned, response } => {
            let what = answered(&operation.request, response, key);
            let what = what.map(|operation| Timed { called, returned: Some(*returned), operation });
            what.into_iter().collect()
        }
        // Whichever way it went: it is no matter that both would be too much.
        End::Unknown => {
            let ways = ways(&operation.request);
            ways.iter().filter_map(|way| one_of(changed(way, key)).map(later)).collect()
        }
    };
    let hangs = |change: &Change| match change {
        Change::Put { key: put, lease, .. } => put == key && *lease != Some(LeaseId::NONE),
        Change::Delete { .. } => false,
    };
    // The lease may run out, once for each time that the key was hung on one.
    if ways(&operation.request).iter().flatten().any(hangs) {
        said.push(later(KeyOperation::Delete(None)));
    }
    said
}

fn one_of(mut operations: Vec<KeyOperation>) -> Option<KeyOperation> {
    match operations.len() {
        0 => None,
        1 => operations.pop(),
        _ => Some(KeyOperation::Several(operations)),
    }
}

/// What changes do to a key. (Keeping its value changes nothing that is told here.)
fn changed(way: &[Change], key: &Bytes) -> Vec<KeyOperation> {
    let does = |change: &Change| match change {
        Change::Put { value: Some(value), .. } => Some(KeyOperation::Put(value.clone())),
        Change::Put { value: None, .. } => None,
        Change::Delete { .. } => Some(KeyOperation::Delete(None)),
    };
    way.iter().filter(|change| change.concerns(key)).filter_map(does).collect()
}

fn answered(request: &Request, response: &Response, key: &Bytes) -> Option<KeyOperation> {
    match (request, response) {
        (Request::Put(put), _) => one_of(changed(&[Change::of_put(put)], key)),
        (
            Request::Range { range, consistency: Consistency::Linearizable },
            Response::Range(response),
        ) => got(range, &response.kvs, key),
        (Request::DeleteRange(delete), Response::DeleteRange(response)) => {
            deleted(delete, response.deleted, key)
        }
        (Request::Txn(txn), Response::Txn(response)) => {
            let mut all = Vec::new();
            within(txn, response, key, &mut all);
            // All compares look at the state before the first change.
            let mut compared = Vec::new();
            compares(txn, response, key, &mut compared);
            compared.append(&mut all);
            one_of(compared)
        }
        _ => None,
    }
}

fn got(
    range: &RangeRequest,
    kvs: &[sim::member::kv_core::KeyValue],
    key: &Bytes,
) -> Option<KeyOperation> {
    let tells = tells_all(range) && covers(&range.key, range.range_end.as_ref(), key);
    let seen = kvs.iter().find(|kv| kv.key == *key);
    tells.then(|| KeyOperation::Get(seen.map(|kv| kv.value.clone())))
}

fn deleted(delete: &DeleteRangeRequest, count: i64, key: &Bytes) -> Option<KeyOperation> {
    let is_meant = covers(&delete.key, delete.range_end.as_ref(), key);
    let told = delete.range_end.is_none().then_some(count > 0);
    is_meant.then_some(KeyOperation::Delete(told))
}

fn within(txn: &TxnRequest, response: &TxnResponse, key: &Bytes, all: &mut Vec<KeyOperation>) {
    for (op, response) in chosen(txn, response) {
        match (op, response) {
            (RequestOp::Range(range), ResponseOp::Range(response)) => {
                all.extend(got(range, &response.kvs, key));
            }
            (RequestOp::Put(put), _) => all.extend(changed(&[Change::of_put(put)], key)),
            (RequestOp::DeleteRange(delete), ResponseOp::DeleteRange(response)) => {
                all.extend(deleted(delete, response.deleted, key));
            }
            (RequestOp::Txn(txn), ResponseOp::Txn(response)) => within(txn, response, key, all),
            _ => {}
        }
    }
}

/// What conditions that held say of a key's value.
fn compares(txn: &TxnRequest, response: &TxnResponse, key: &Bytes, all: &mut Vec<KeyOperation>) {
    for compare in &txn.compare {
        if compare.range_end.is_none() && compare.key == *key && response.succeeded {
            all.extend(condition(compare));
        }
    }
    for (op, response) in chosen(txn, response) {
        if let (RequestOp::Txn(txn), ResponseOp::Txn(response)) = (op, response) {
            compares(txn, response, key, all);
        }
    }
}

fn condition(compare: &Compare) -> Option<KeyOperation> {
    match (&compare.target, compare.result) {
        (CompareTarget::Value(value), CompareResult::Equal) => {
            Some(KeyOperation::Get(Some(value.clone())))
        }
        (CompareTarget::Version(0), CompareResult::Equal) => Some(KeyOperation::Get(None)),
        _ => None,
    }
}
