//! What calls change and what they see: the one reading of requests and answers that all judges of
//! revisions share.
//!
//! A transaction is taken apart: its writes share one revision, and what it reads is the state
//! before it, but for the keys that it has written by then.

use std::collections::BTreeSet;
use std::fmt;

use sim::CallId;
use sim::member::kv_core::{
    Bytes, Compare, DeleteRangeRequest, DeleteRangeResponse, EventKind, KeyValue, LeaseId,
    PutRequest, PutResponse, RangeRequest, RangeResponse, RequestOp, ResponseOp, Revision,
    TxnRequest, TxnResponse,
};
use sim::member::{Request, Response};

use super::Operation;
use super::keys::{covers, tells_all};

/// A change of one key or a range of keys.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// A key was given a value, and hung on a lease, as far as that is known.
    Put { key: Bytes, value: Option<Bytes>, lease: Option<LeaseId> },
    /// Keys were deleted.
    Delete { key: Bytes, range_end: Option<Bytes> },
}

impl Change {
    pub(super) fn of_put(put: &PutRequest) -> Change {
        Change::Put {
            key: put.key.clone(),
            value: (!put.ignore_value).then(|| put.value.clone()),
            lease: (!put.ignore_lease).then_some(put.lease),
        }
    }

    pub(super) fn of_delete(delete: &DeleteRangeRequest) -> Change {
        Change::Delete { key: delete.key.clone(), range_end: delete.range_end.clone() }
    }

    pub(super) fn concerns(&self, key: &Bytes) -> bool {
        match self {
            Change::Put { key: changed, .. } => changed == key,
            Change::Delete { key: start, range_end } => covers(start, range_end.as_ref(), key),
        }
    }

    /// Whether what was seen of one key can be what this asks for.
    pub(super) fn explains(&self, seen: &Change) -> bool {
        let may_be = |asked: bool, same: bool| !asked || same;
        match (self, seen) {
            (
                Change::Put { key, value, lease },
                Change::Put { key: seen_key, value: seen_value, lease: seen_lease },
            ) => {
                key == seen_key
                    && may_be(value.is_some() && seen_value.is_some(), value == seen_value)
                    && may_be(lease.is_some() && seen_lease.is_some(), lease == seen_lease)
            }
            (Change::Delete { .. }, Change::Delete { key, .. }) => self.concerns(key),
            (Change::Put { .. }, Change::Delete { .. })
            | (Change::Delete { .. }, Change::Put { .. }) => false,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Put { key, value: Some(value), .. } => write!(f, "{key:?} = {value:?}"),
            Change::Put { key, value: None, .. } => write!(f, "{key:?}"),
            Change::Delete { key, .. } => write!(f, "{key:?} deleted"),
        }
    }
}

/// The ways in which a write may change the store: one, or a transaction's two.
pub(super) fn ways(request: &Request) -> Vec<Vec<Change>> {
    match request {
        Request::Put(put) => vec![vec![Change::of_put(put)]],
        Request::DeleteRange(delete) => vec![vec![Change::of_delete(delete)]],
        Request::Txn(txn) => {
            let way = |branch: &[RequestOp]| {
                let mut changes = Vec::new();
                branch.iter().for_each(|op| all_of(op, &mut changes));
                changes
            };
            vec![way(&txn.success), way(&txn.failure)]
        }
        _ => Vec::new(),
    }
}

/// All that an operation may change, whichever way a transaction within goes.
fn all_of(op: &RequestOp, changes: &mut Vec<Change>) {
    match op {
        RequestOp::Range(_) => {}
        RequestOp::Put(put) => changes.push(Change::of_put(put)),
        RequestOp::DeleteRange(delete) => changes.push(Change::of_delete(delete)),
        RequestOp::Txn(txn) => {
            txn.success.iter().chain(&txn.failure).for_each(|op| all_of(op, changes));
        }
    }
}

/// What an answered call has changed, all in the revision of its answer; nothing, if nothing.
pub(super) fn changes(request: &Request, response: &Response) -> Vec<Change> {
    match (request, response) {
        (Request::Put(put), _) => vec![Change::of_put(put)],
        (Request::DeleteRange(delete), Response::DeleteRange(response)) if response.deleted > 0 => {
            vec![Change::of_delete(delete)]
        }
        (Request::Txn(txn), Response::Txn(response)) => {
            let mut changes = Vec::new();
            made(txn, response, &mut changes);
            changes
        }
        _ => Vec::new(),
    }
}

fn made(txn: &TxnRequest, response: &TxnResponse, changes: &mut Vec<Change>) {
    for (op, response) in chosen(txn, response) {
        match (op, response) {
            (RequestOp::Put(put), _) => changes.push(Change::of_put(put)),
            (RequestOp::DeleteRange(delete), ResponseOp::DeleteRange(response))
                if response.deleted > 0 =>
            {
                changes.push(Change::of_delete(delete));
            }
            (RequestOp::Txn(txn), ResponseOp::Txn(response)) => made(txn, response, changes),
            _ => {}
        }
    }
}

/// The operations that were done, with their answers.
pub(super) fn chosen<'a>(
    txn: &'a TxnRequest,
    response: &'a TxnResponse,
) -> impl Iterator<Item = (&'a RequestOp, &'a ResponseOp)> {
    let branch = if response.succeeded { &txn.success } else { &txn.failure };
    branch.iter().zip(&response.responses)
}

/// One key as an answer showed it.
#[derive(Debug)]
pub(super) struct Sight<'a> {
    pub(super) call: CallId,
    /// When it was told, in the order of all calls and returns.
    pub(super) returned: u64,
    /// The state it speaks of.
    pub(super) revision: i64,
    pub(super) key: Bytes,
    pub(super) seen: Seen<'a>,
}

#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// With this value; none if only the key was asked for.
    There(&'a KeyValue, Option<&'a Bytes>),
    /// It was there; nothing else was told.
    Somehow,
    /// It was not.
    Absent,
    /// It was deleted in this very revision.
    Deleted,
}

/// Whether the conditions of a transaction held of a state.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) call: CallId,
    pub(super) returned: u64,
    /// The state before the transaction.
    pub(super) revision: i64,
    pub(super) compares: &'a [Compare],
    pub(super) held: bool,
}

/// All that an operation tells.
#[derive(Debug, Default)]
pub(super) struct Told<'a> {
    pub(super) sights: Vec<Sight<'a>>,
    pub(super) judged: Vec<Judged<'a>>,
}

/// What the answers, and the events that watchers were told, show. `keys` are all that were ever put.
pub(super) fn told<'a>(operations: &'a [Operation], keys: &BTreeSet<&'a Bytes>) -> Told<'a> {
    let mut told = Told::default();
    for operation in operations {
        watched(operation, &mut told.sights);
        let Some((returned, response)) = operation.answer() else { continue };
        let revision = response.revision().0;
        let changed = !changes(&operation.request, response).is_empty();
        let before = if changed { revision - 1 } else { revision };
        let call = operation.call;
        let own = Vec::new();
        let mut reader =
            Reader { call, returned, before, after: revision, own, keys, told: &mut told };
        reader.call(&operation.request, response);
    }
    told
}

fn watched<'a>(operation: &'a Operation, sights: &mut Vec<Sight<'a>>) {
    for (returned, response) in &operation.told {
        for event in &response.events {
            let seen = match event.kind {
                EventKind::Put => Seen::There(&event.kv, Some(&event.kv.value)),
                EventKind::Delete => Seen::Deleted,
            };
            let (call, returned) = (operation.call, *returned);
            let (revision, key) = (event.kv.mod_revision.0, event.kv.key.clone());
            sights.push(Sight { call, returned, revision, key, seen });
            if let Some(kv) = &event.prev_kv {
                let seen = Seen::There(kv, Some(&kv.value));
                let (revision, key) = (revision - 1, kv.key.clone());
                sights.push(Sight { call, returned, revision, key, seen });
            }
        }
    }
}

/// Reads one answer.
struct Reader<'a, 'r> {
    call: CallId,
    returned: u64,
    /// The state before what the call changed …
    before: i64,
    /// … and after it.
    after: i64,
    /// What it has changed so far.
    own: Vec<Change>,
    keys: &'r BTreeSet<&'a Bytes>,
    told: &'r mut Told<'a>,
}

impl<'a> Reader<'a, '_> {
    fn call(&mut self, request: &'a Request, response: &'a Response) {
        match (request, response) {
            (Request::Range { range, .. }, Response::Range(response)) => {
                self.range(range, response);
            }
            (Request::Put(put), Response::Put(response)) => self.put(put, response),
            (Request::DeleteRange(delete), Response::DeleteRange(response)) => {
                self.delete(delete, response);
            }
            (Request::Txn(txn), Response::Txn(response)) => self.txn(txn, response),
            _ => {}
        }
    }

    fn txn(&mut self, txn: &'a TxnRequest, response: &'a TxnResponse) {
        self.told.judged.push(Judged {
            call: self.call,
            returned: self.returned,
            revision: self.before,
            compares: &txn.compare,
            held: response.succeeded,
        });
        for (op, response) in chosen(txn, response) {
            match (op, response) {
                (RequestOp::Range(range), ResponseOp::Range(response)) => {
                    self.range(range, response);
                }
                (RequestOp::Put(put), ResponseOp::Put(response)) => self.put(put, response),
                (RequestOp::DeleteRange(delete), ResponseOp::DeleteRange(response)) => {
                    self.delete(delete, response);
                }
                (RequestOp::Txn(txn), ResponseOp::Txn(response)) => self.txn(txn, response),
                _ => {}
            }
        }
    }

    /// The state that shows this key as it is seen now. (A transaction changes no key twice, so that
    /// a key that it has changed is as it will be after it.)
    fn now(&self, key: &Bytes) -> i64 {
        let changed = self.own.iter().any(|change| change.concerns(key));
        if changed { self.after } else { self.before }
    }

    fn see(&mut self, at: Option<i64>, key: &Bytes, seen: Seen<'a>) {
        let revision = at.unwrap_or_else(|| self.now(key));
        let (call, returned, key) = (self.call, self.returned, key.clone());
        self.told.sights.push(Sight { call, returned, revision, key, seen });
    }

    fn absent(&mut self, at: Option<i64>, key: &Bytes, end: Option<&Bytes>, there: &[KeyValue]) {
        let there: BTreeSet<&Bytes> = there.iter().map(|kv| &kv.key).collect();
        let keys = self.keys.iter().copied();
        let gone = keys.filter(|it| covers(key, end, it) && !there.contains(it));
        for key in gone.collect::<Vec<_>>() {
            self.see(at, key, Seen::Absent);
        }
    }

    fn range(&mut self, range: &'a RangeRequest, response: &'a RangeResponse) {
        let at = (range.revision.0 > 0).then_some(range.revision.0);
        for kv in &response.kvs {
            let value = (!range.keys_only).then_some(&kv.value);
            self.see(at, &kv.key, Seen::There(kv, value));
        }
        let now = RangeRequest { keys_only: false, revision: Revision(0), ..range.clone() };
        if tells_all(&now) {
            self.absent(at, &range.key, range.range_end.as_ref(), &response.kvs);
        }
    }

    fn put(&mut self, put: &'a PutRequest, response: &'a PutResponse) {
        if put.prev_kv {
            match &response.prev_kv {
                Some(kv) => self.see(None, &kv.key, Seen::There(kv, Some(&kv.value))),
                None => self.see(None, &put.key, Seen::Absent),
            }
        } else if put.ignore_value || put.ignore_lease {
            self.see(None, &put.key, Seen::Somehow);
        }
        self.own.push(Change::of_put(put));
    }

    fn delete(&mut self, delete: &'a DeleteRangeRequest, response: &'a DeleteRangeResponse) {
        let DeleteRangeRequest { key, range_end, prev_kv } = delete;
        for kv in &response.prev_kvs {
            self.see(None, &kv.key, Seen::There(kv, Some(&kv.value)));
        }
        if response.deleted == 0 || *prev_kv {
            self.absent(None, key, range_end.as_ref(), &response.prev_kvs);
        } else if range_end.is_none() {
            self.see(None, key, Seen::Somehow);
        }
        if response.deleted > 0 {
            self.own.push(Change::of_delete(delete));
        }
    }
}
