//! A key-value history, key by key, for the generic search.
//!
//! Linearizability is local (Herlihy and Wing, theorem 1): a history is linearizable if what it
//! says of each key is. Only what was read with linearizable consistency counts.

use std::collections::{BTreeMap, BTreeSet};

use sim::member::kv_core::{Bytes, DeleteRangeRequest, RangeRequest};
use sim::member::{Consistency, Request, Response};

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
            operations.iter().filter_map(|operation| of_key(operation, &key)).collect();
        let found = match search(&Key, &with_deadlines(&history), budget) {
            Finding::Linearizable => Finding::Linearizable,
            Finding::NotLinearizable | Finding::Undecided => search(&Key, &history, budget),
        };
        match found {
            Finding::Linearizable => searched.decided += 1,
            Finding::Undecided => searched.undecided += 1,
            Finding::NotLinearizable => {
                let about = operations.iter().filter(|o| of_key(o, &key).is_some());
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
        match &*operation.request {
            Request::Put(put) => keys.insert(put.key.clone()),
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

/// What an operation says of a key, if anything.
fn of_key(operation: &Operation, key: &Bytes) -> Option<Timed<KeyOperation>> {
    let (returned, response) = match &operation.end {
        End::Answered { returned, response } => (Some(*returned), Some(response)),
        End::Unknown => (None, None),
        End::Failed => return None,
    };
    let what = match (&*operation.request, response) {
        (Request::Put(put), _) if put.key == *key && !put.ignore_value => {
            KeyOperation::Put(put.value.clone())
        }
        (
            Request::Range { range, consistency: Consistency::Linearizable },
            Some(Response::Range(response)),
        ) if tells_all(range) && covers(&range.key, range.range_end.as_ref(), key) => {
            let seen = response.kvs.iter().find(|kv| kv.key == *key);
            KeyOperation::Get(seen.map(|kv| kv.value.clone()))
        }
        (Request::DeleteRange(delete), response)
            if covers(&delete.key, delete.range_end.as_ref(), key) =>
        {
            let one = delete.range_end.is_none();
            KeyOperation::Delete(match response {
                Some(Response::DeleteRange(response)) if one => Some(response.deleted > 0),
                _ => None,
            })
        }
        _ => return None,
    };
    Some(Timed { called: operation.called, returned, operation: what })
}
