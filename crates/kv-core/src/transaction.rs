//! Writing: several changes under one main revision (etcd `mvcc/kvstore_txn.go`), and how a
//! [`TxnRequest`] is carried out (etcd `applierV3backend.Txn`).

use std::sync::Arc;

use crate::key_index::KeyIndex;
use crate::range::Span;
use crate::{
    Bytes, DeleteRangeRequest, DeleteRangeResponse, Error, KeyValue, LeaseId, Mutant, PutRequest,
    PutResponse, RangeRequest, RequestOp, ResponseOp, Revision, RevisionPair, Store, TxnRequest,
    TxnResponse,
};

/// A store that is being changed.
///
/// The first change raises the store's revision by one; all further ones share that main revision
/// and are numbered by their sub revision. A transaction that changes nothing leaves the revision
/// as it was. Reads see what the transaction has written.
///
/// What has been changed stays changed, even if a later operation is refused: whoever carries out
/// several operations as one checks them all beforehand, as [`txn`] does.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    store: &'a mut Store,
    main: Revision,
    changes: i64,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(store: &'a mut Store) -> Transaction<'a> {
        let main = Revision(store.revision.0 + 1);
        Transaction { store, main, changes: 0 }
    }

    /// Writes one key. The request has been checked, and the lease it names exists.
    ///
    /// # Errors
    /// [`Error::KeyNotFound`] where the old value or lease of a missing key is to be kept.
    pub(crate) fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        let needs_old = request.prev_kv || request.ignore_value || request.ignore_lease;
        let old = if needs_old { self.store.current(request.key.as_slice()) } else { None };
        let keep = |keep: bool| match (keep, old) {
            (false, _) => Ok(None),
            (true, Some(old)) => Ok(Some(old)),
            (true, None) => Err(Error::KeyNotFound),
        };
        let value = keep(request.ignore_value)?.map_or(&request.value, |old| &old.value).clone();
        let lease = keep(request.ignore_lease)?.map_or(request.lease, |old| old.lease);
        let prev_kv = old.filter(|_| request.prev_kv).cloned();
        self.write(&request.key, value, lease);
        Ok(PutResponse { revision: self.store.revision, prev_kv })
    }

    /// Deletes one key or a range of keys; every one of them is a change with its own sub revision.
    pub(crate) fn delete_range(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let doomed: Vec<KeyValue> =
            self.store.visible(span_of(request), self.store.revision).cloned().collect();
        for kv in &doomed {
            self.erase(&kv.key);
        }
        if doomed.is_empty() && Mutant::EmptyDeleteCounts.is_on() {
            self.store.revision = self.main;
        }
        let deleted = doomed.iter().fold(0, |count, _| count + 1);
        let prev_kvs = if request.prev_kv { doomed } else { Vec::new() };
        DeleteRangeResponse { revision: self.store.revision, deleted, prev_kvs }
    }

    fn write(&mut self, key: &Bytes, value: Bytes, lease: LeaseId) {
        let at = self.next();
        // A key that is there already lends its allocation to every later version of it.
        let record = match self.store.index.get_key_value_mut(key) {
            Some((key, history)) => {
                let before = history.lease();
                if before != lease && !(lease == LeaseId::NONE && Mutant::PutKeepsLease.is_on()) {
                    self.store.leases.detach(before, key);
                    self.store.leases.attach(lease, key);
                }
                Arc::make_mut(history).put(at, key.clone(), value, lease)
            }
            None => {
                self.store.leases.attach(lease, key);
                let mut history = KeyIndex::default();
                let record = history.put(at, key.clone(), value, lease);
                self.store.index.insert(key.clone(), Arc::new(history));
                record
            }
        };
        self.store.record(record);
    }

    /// Deletes a key that exists.
    pub(crate) fn erase(&mut self, key: &Bytes) {
        let at = self.next();
        if let Some(history) = self.store.index.get_mut(key) {
            self.store.leases.detach(history.lease(), key);
            let record = Arc::make_mut(history).tombstone(at, key.clone());
            self.store.record(record);
        }
    }

    /// The place of the next change, which makes the transaction's revision the store's.
    fn next(&mut self) -> RevisionPair {
        let at = RevisionPair { main: self.main, sub: self.changes };
        if Mutant::TxnTakesRevisions.is_on() {
            self.main.0 += 1;
            self.store.revision = at.main;
            return at;
        }
        self.changes += 1;
        self.store.revision = self.main;
        at
    }
}

/// Carries a transaction out, or refuses it and changes nothing. In this order, as in etcd:
///
/// 1. What can be refused without a look at the store is ([`TxnRequest::check`]).
/// 2. All compares are judged, and so it is settled which operations will be done.
/// 3. Those are checked: first every put, then every read. After that none can fail.
/// 4. They are done, in order, each seeing what those before it have written.
pub(crate) fn txn(store: &mut Store, request: &TxnRequest) -> Result<TxnResponse, Error> {
    request.check()?;
    let branch = Branch::chosen(store, request);
    branch.check_puts(store, &mut Vec::new())?;
    branch.check_ranges(store)?;
    let mut transaction = Transaction::new(store);
    let answer = branch.carry_out(&mut transaction)?;
    Ok(TxnResponse { revision: store.revision, ..answer })
}

/// The operations that will be done, for every compare has been judged.
struct Branch<'r> {
    succeeded: bool,
    steps: Vec<Step<'r>>,
}

enum Step<'r> {
    Range(&'r RangeRequest),
    Put(&'r PutRequest),
    DeleteRange(&'r DeleteRangeRequest),
    Txn(Branch<'r>),
}

impl<'r> Branch<'r> {
    fn chosen(store: &Store, request: &'r TxnRequest) -> Branch<'r> {
        let now = store.revision;
        let mut compares = request.compare.iter();
        let succeeded = compares.all(|compare| compare.holds(store.visible(compare.span(), now)))
            || Mutant::ComparesAlwaysHold.is_on();
        let ops = if succeeded { &request.success } else { &request.failure };
        let step = |op: &'r RequestOp| match op {
            RequestOp::Range(request) => Step::Range(request),
            RequestOp::Put(request) => Step::Put(request),
            RequestOp::DeleteRange(request) => Step::DeleteRange(request),
            RequestOp::Txn(request) => Step::Txn(Branch::chosen(store, request)),
        };
        Branch { succeeded, steps: ops.iter().map(step).collect() }
    }

    /// Whether the puts will find what they need. Unlike in a put by itself, the key is looked for
    /// before the lease.
    ///
    /// `deleted` is what has been deleted by then: a put that keeps the value of such a key is
    /// refused here. (etcd 3.5.1 lets it in by way of a deletion "from this key on", and dies.)
    fn check_puts(&self, store: &Store, deleted: &mut Vec<Span<'r>>) -> Result<(), Error> {
        for step in &self.steps {
            match step {
                Step::Range(_) => {}
                Step::DeleteRange(request) => deleted.push(span_of(request)),
                Step::Txn(branch) => branch.check_puts(store, deleted)?,
                Step::Put(request) => {
                    let key = request.key.as_slice();
                    let is_there = || {
                        store.current(key).is_some()
                            && !deleted.iter().any(|span| span.contains(key))
                    };
                    if (request.ignore_value || request.ignore_lease) && !is_there() {
                        return Err(Error::KeyNotFound);
                    }
                    store.check_lease(request.lease)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the reads ask for revisions that can be read. A revision below 0 means "now" in a
    /// read by itself; here it is held against the compacted one like any other.
    fn check_ranges(&self, store: &Store) -> Result<(), Error> {
        self.steps.iter().try_for_each(|step| match step {
            Step::Put(_) | Step::DeleteRange(_) => Ok(()),
            Step::Txn(branch) => branch.check_ranges(store),
            Step::Range(request) if request.revision == Revision(0) => Ok(()),
            Step::Range(request) if request.revision > store.revision => Err(Error::FutureRevision),
            Step::Range(request) if request.revision < store.compact_revision => {
                Err(Error::Compacted)
            }
            Step::Range(_) => Ok(()),
        })
    }

    fn carry_out(&self, transaction: &mut Transaction<'_>) -> Result<TxnResponse, Error> {
        let mut responses = Vec::new();
        for step in &self.steps {
            responses.push(match step {
                Step::Range(request) if Mutant::TxnReadsOldState.is_on() => {
                    let before = Revision(transaction.main.0 - 1);
                    let now = request.revision <= Revision(0);
                    let at = if now { before } else { request.revision };
                    ResponseOp::Range(transaction.store.range(&(*request).clone().at(at))?)
                }
                Step::Range(request) => ResponseOp::Range(transaction.store.range(request)?),
                Step::Put(request) => ResponseOp::Put(transaction.put(request)?),
                Step::DeleteRange(request) => {
                    ResponseOp::DeleteRange(transaction.delete_range(request))
                }
                Step::Txn(branch) => ResponseOp::Txn(branch.carry_out(transaction)?),
            });
        }
        Ok(TxnResponse { revision: Revision(0), succeeded: self.succeeded, responses })
    }
}

fn span_of(request: &DeleteRangeRequest) -> Span<'_> {
    Span::new(request.key.as_slice(), request.range_end.as_ref().map(Bytes::as_slice))
}
