//! Writing: several changes under one main revision (etcd `mvcc/kvstore_txn.go`).

use std::sync::Arc;

use crate::key_index::KeyIndex;
use crate::range::Span;
use crate::{
    Bytes, DeleteRangeRequest, DeleteRangeResponse, Error, KeyValue, LeaseId, PutRequest,
    PutResponse, RangeRequest, RangeResponse, Revision, RevisionPair, Store,
};

/// A store that is being changed.
///
/// The first change raises the store's revision by one; all further ones share that main revision
/// and are numbered by their sub revision. A transaction that changes nothing leaves the revision
/// as it was. Reads see what the transaction has written.
///
/// What has been changed stays changed, even if a later operation is refused: whoever applies
/// several operations as one checks them all beforehand, as etcd does.
#[derive(Debug)]
pub struct Transaction<'a> {
    store: &'a mut Store,
    main: Revision,
    changes: i64,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(store: &'a mut Store) -> Transaction<'a> {
        let main = Revision(store.revision.0 + 1);
        Transaction { store, main, changes: 0 }
    }

    /// Reads, with what this transaction has written so far.
    ///
    /// # Errors
    /// As [`Store::range`].
    pub fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Error> {
        self.store.range(request)
    }

    /// Writes one key.
    ///
    /// # Errors
    /// [`Error::EmptyKey`], [`Error::ValueProvided`], [`Error::LeaseProvided`], and
    /// [`Error::KeyNotFound`] where the old value or lease of a missing key is to be kept.
    pub fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        request.check()?;
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
    ///
    /// # Errors
    /// [`Error::EmptyKey`].
    pub fn delete_range(
        &mut self,
        request: &DeleteRangeRequest,
    ) -> Result<DeleteRangeResponse, Error> {
        request.check()?;
        let range_end = request.range_end.as_ref().map(Bytes::as_slice);
        let span = Span::new(request.key.as_slice(), range_end);
        let doomed: Vec<KeyValue> =
            self.store.visible(span, self.store.revision).cloned().collect();
        for kv in &doomed {
            self.erase(&kv.key);
        }
        let deleted = doomed.iter().fold(0, |count, _| count + 1);
        let prev_kvs = if request.prev_kv { doomed } else { Vec::new() };
        Ok(DeleteRangeResponse { revision: self.store.revision, deleted, prev_kvs })
    }

    fn write(&mut self, key: &Bytes, value: Bytes, lease: LeaseId) {
        let at = self.next();
        // A key that is there already lends its allocation to every later version of it.
        let record = match self.store.index.get_key_value_mut(key) {
            Some((key, history)) => Arc::make_mut(history).put(at, key.clone(), value, lease),
            None => {
                let mut history = KeyIndex::default();
                let record = history.put(at, key.clone(), value, lease);
                self.store.index.insert(key.clone(), Arc::new(history));
                record
            }
        };
        self.store.record(record);
    }

    fn erase(&mut self, key: &Bytes) {
        let at = self.next();
        if let Some(history) = self.store.index.get_mut(key) {
            let record = Arc::make_mut(history).tombstone(at, key.clone());
            self.store.record(record);
        }
    }

    /// The place of the next change, which makes the transaction's revision the store's.
    fn next(&mut self) -> RevisionPair {
        let at = RevisionPair { main: self.main, sub: self.changes };
        self.changes += 1;
        self.store.revision = self.main;
        at
    }
}
