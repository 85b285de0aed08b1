//! The store itself: every recorded change, an index of them by key, the leases, and how they are
//! asked.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::key_index::KeyIndex;
use crate::lease::Leases;
use crate::range::{self, Span};
use crate::record::{Change, Record};
use crate::transaction::{self, Transaction};
use crate::{
    Bytes, DeleteRangeRequest, DeleteRangeResponse, Error, KeyValue, Lease, LeaseGrantRequest,
    LeaseGrantResponse, LeaseId, LeaseRevokeResponse, Mutant, PutRequest, PutResponse,
    RangeRequest, RangeResponse, Revision, RevisionPair, TxnRequest, TxnResponse, hash, wire,
};

/// etcd's multi-version store. See the crate's documentation for the model.
///
/// - `records` holds every change under its revision; what compaction took is gone.
/// - `index` holds the same records by key; it can be made anew from `records`, and is when a saved
///   store is read.
/// - `leases` holds the keys that hang on each lease; those, too, follow from `records`.
/// - `fingerprint` and `size` are sums over the records, so that neither [`Store::hash`] nor a look
///   at the quota walks the store.
///
/// A clone costs a few reference counts, and shares all that neither side changes afterwards.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) revision: Revision,
    pub(crate) compact_revision: Revision,
    pub(crate) index: OrdMap<Bytes, Arc<KeyIndex>>,
    pub(crate) leases: Leases,
    records: OrdMap<RevisionPair, Arc<Record>>,
    fingerprint: u64,
    size: u64,
}

impl Store {
    /// An empty store: at revision 1, never compacted.
    pub fn new() -> Store {
        Store {
            revision: Revision(1),
            compact_revision: Revision(-1),
            index: OrdMap::new(),
            leases: Leases::default(),
            records: OrdMap::new(),
            fingerprint: 0,
            size: 0,
        }
    }

    /// The revision of the last change; 1 if there was none.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The revision of the last compaction, the oldest that can be read; -1 if there was none.
    pub fn compact_revision(&self) -> Revision {
        self.compact_revision
    }

    /// Reads one key or a range of keys, now or at an old revision.
    ///
    /// # Errors
    /// [`Error::EmptyKey`], [`Error::Compacted`], [`Error::FutureRevision`].
    pub fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Error> {
        range::range(self, request)
    }

    /// Writes one key, in a transaction of its own.
    ///
    /// # Errors
    /// [`Error::EmptyKey`], [`Error::ValueProvided`], [`Error::LeaseProvided`], and, in this order,
    /// [`Error::LeaseNotFound`], [`Error::KeyNotFound`] where the old value or lease of a missing
    /// key is to be kept. Nothing has changed then.
    pub fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        request.check()?;
        self.check_lease(request.lease)?;
        Transaction::new(self).put(request)
    }

    /// Deletes one key or a range of keys, in a transaction of its own.
    ///
    /// # Errors
    /// [`Error::EmptyKey`]; nothing has changed then.
    pub fn delete_range(
        &mut self,
        request: &DeleteRangeRequest,
    ) -> Result<DeleteRangeResponse, Error> {
        request.check()?;
        Ok(Transaction::new(self).delete_range(request))
    }

    /// Compares, and does one thing or the other; all that it changes shares one main revision.
    ///
    /// # Errors
    /// Those of [`TxnRequest::check`]; for what would be done, [`Error::KeyNotFound`] and
    /// [`Error::LeaseNotFound`] of its puts, then [`Error::Compacted`] and [`Error::FutureRevision`]
    /// of its reads. Nothing has changed then.
    pub fn txn(&mut self, request: &TxnRequest) -> Result<TxnResponse, Error> {
        transaction::txn(self, request)
    }

    /// Grants a lease of at least `ttl_min` seconds ([`min_lease_ttl`](crate::min_lease_ttl)).
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`] for the name 0, [`Error::LeaseTtlTooLarge`],
    /// [`Error::LeaseExists`]; nothing has changed then.
    pub fn lease_grant(
        &mut self,
        request: LeaseGrantRequest,
        ttl_min: i64,
    ) -> Result<LeaseGrantResponse, Error> {
        let lease = self.leases.grant(request, ttl_min)?;
        let (id, ttl) = (lease.id(), lease.ttl());
        self.fingerprint = self.fingerprint.wrapping_add(hash::of_lease(lease.words()));
        Ok(LeaseGrantResponse { revision: self.revision, id, ttl })
    }

    /// Ends a lease, and deletes the keys that hang on it, in their order, in one revision.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`].
    pub fn lease_revoke(&mut self, id: LeaseId) -> Result<LeaseRevokeResponse, Error> {
        let lease = self.leases.find(id).ok_or(Error::LeaseNotFound)?;
        let mut keys = lease.keys().to_vec();
        if Mutant::PutKeepsLease.is_on() {
            keys.retain(|key| self.current(key.as_slice()).is_some());
        }
        self.fingerprint = self.fingerprint.wrapping_sub(hash::of_lease(lease.words()));
        if Mutant::LeaseEndsPiecemeal.is_on() {
            keys.iter().for_each(|key| Transaction::new(self).erase(key));
            self.leases.remove(id);
            return Ok(LeaseRevokeResponse { revision: self.revision });
        }
        let mut transaction = Transaction::new(self);
        keys.iter().for_each(|key| transaction.erase(key));
        self.leases.remove(id);
        Ok(LeaseRevokeResponse { revision: self.revision })
    }

    /// Writes down how many seconds are left of a lease, for the next leader to begin with; 0: all
    /// of them. Of a lease that is not there, nothing is written down.
    pub fn lease_checkpoint(&mut self, id: LeaseId, remaining_ttl: i64) {
        let fingerprint =
            |store: &Store| store.lease(id).map_or(0, |it| hash::of_lease(it.words()));
        let before = fingerprint(self);
        self.leases.checkpoint(id, remaining_ttl);
        let after = fingerprint(self);
        self.fingerprint = self.fingerprint.wrapping_sub(before).wrapping_add(after);
    }

    /// A lease, with the keys that hang on it.
    pub fn lease(&self, id: LeaseId) -> Option<&Lease> {
        self.leases.find(id)
    }

    /// All leases, ascending by id.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.leases.list().iter().map(Arc::as_ref)
    }

    /// Forgets every change that neither a read at `revision` or later can see nor a watch from
    /// there on.
    ///
    /// # Errors
    /// [`Error::Compacted`] if that has been done before, [`Error::FutureRevision`] if `revision`
    /// has not happened yet.
    pub fn compact(&mut self, revision: Revision) -> Result<(), Error> {
        if revision <= self.compact_revision {
            return Err(Error::Compacted);
        }
        if revision > self.revision {
            return Err(Error::FutureRevision);
        }
        self.compact_revision = revision;

        // What changed at the revision itself stays, deletions too, for whoever watches from there.
        let past = ..RevisionPair { main: revision, sub: 0 };
        let is_seen = |record: &Record| {
            let seen = self.at(record.change.key().as_slice(), revision);
            seen.is_some_and(|(at, _)| at == record.at)
        };
        let forgotten: Vec<Arc<Record>> = self
            .records
            .range(past)
            .map(|(_, record)| record)
            .filter(|r| !is_seen(r))
            .cloned()
            .collect();
        for record in forgotten {
            self.records.remove(&record.at);
            self.fingerprint = self.fingerprint.wrapping_sub(hash::of_record(&record));
            self.size -= wire::record_len(&record);
            let key = record.change.key();
            let history = self.index.get_mut(key).map(Arc::make_mut);
            if history.is_some_and(|history| history.compact(revision)) {
                self.index.remove(key);
            }
        }
        Ok(())
    }

    /// The changes from main revision `from` on, in their order: what a watch replays.
    ///
    /// Changes before the compacted revision may be missing, so a watcher asks
    /// [`Store::compact_revision`] first.
    pub fn changes(&self, from: Revision) -> impl Iterator<Item = (RevisionPair, &Change)> {
        self.records(from).map(|record| (record.at, &record.change))
    }

    /// A fingerprint: equal on equal stores, on every machine; different, all but certainly, on
    /// stores that differ in any record or lease, in their revision or their compaction.
    pub fn hash(&self) -> u64 {
        hash::of_words(&[self.fingerprint, self.revision.0 as u64, self.compact_revision.0 as u64])
    }

    /// How many bytes its records take in etcd's file, which has the file's own overhead besides: to
    /// be held against a quota. What a request may add to it says its `cost`.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether a put may name this lease.
    pub(crate) fn check_lease(&self, id: LeaseId) -> Result<(), Error> {
        let is_there = id == LeaseId::NONE || self.leases.find(id).is_some();
        if is_there { Ok(()) } else { Err(Error::LeaseNotFound) }
    }

    /// The records from main revision `from` on.
    pub(crate) fn records(&self, from: Revision) -> impl Iterator<Item = &Record> {
        let start = RevisionPair { main: from, sub: 0 };
        self.records.range(start..).map(|(_, record)| record.as_ref())
    }

    /// The pairs of the keys within `span` as of revision `at`, in the order of keys.
    pub(crate) fn visible(&self, span: Span<'_>, at: Revision) -> impl Iterator<Item = &KeyValue> {
        let keys = span.bounds().map(|bounds| self.index.range::<_, [u8]>(bounds));
        let histories = keys.into_iter().flatten().map(|(_, history)| history);
        histories.filter_map(move |history| history.get(at)).map(|(_, kv)| kv)
    }

    /// The pair under `key` now.
    pub(crate) fn current(&self, key: &[u8]) -> Option<&KeyValue> {
        self.at(key, self.revision).map(|(_, kv)| kv)
    }

    /// The pair under `key` as of `revision`, and where it was put.
    pub(crate) fn at(&self, key: &[u8], revision: Revision) -> Option<(RevisionPair, &KeyValue)> {
        self.index.get(key)?.get(revision)
    }

    /// Writes a change down; the index holds it already.
    pub(crate) fn record(&mut self, record: Arc<Record>) {
        self.fingerprint = self.fingerprint.wrapping_add(hash::of_record(&record));
        self.size += wire::record_len(&record);
        self.records.insert(record.at, record);
    }
}

impl Default for Store {
    fn default() -> Store {
        Store::new()
    }
}

/// Stores are equal if they hold the same records and leases at the same revision and compaction;
/// the index follows from those.
impl PartialEq for Store {
    fn eq(&self, other: &Store) -> bool {
        self.fingerprint == other.fingerprint
            && self.revision == other.revision
            && self.compact_revision == other.compact_revision
            && self.leases == other.leases
            && self.records == other.records
    }
}

/// A store is saved as its records and leases, as in etcd's backend.
#[derive(Serialize)]
struct Saved<'a> {
    revision: Revision,
    compact_revision: Revision,
    leases: &'a [Arc<Lease>],
    // A list, not a map: formats like JSON know only text as the key of a map.
    #[serde(serialize_with = "serialize_records")]
    records: &'a OrdMap<RevisionPair, Arc<Record>>,
}

fn serialize_records<S: Serializer>(
    records: &&OrdMap<RevisionPair, Arc<Record>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(records.values().map(Arc::as_ref))
}

impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Store { revision, compact_revision, records, leases, .. } = self;
        let (revision, compact_revision) = (*revision, *compact_revision);
        let leases = leases.list();
        Saved { revision, compact_revision, leases, records }.serialize(serializer)
    }
}

/// The counterpart of [`Saved`].
#[derive(Deserialize)]
struct Loaded {
    revision: Revision,
    compact_revision: Revision,
    leases: Vec<Arc<Lease>>,
    records: Vec<Record>,
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Store, D::Error> {
        let loaded = Loaded::deserialize(deserializer)?;
        Store::from_loaded(loaded).map_err(serde::de::Error::custom)
    }
}

impl Store {
    fn from_loaded(loaded: Loaded) -> Result<Store, &'static str> {
        let mut store = Store::new();
        store.revision = loaded.revision;
        if Mutant::RevisionGoesBack.is_on() {
            store.revision.0 = (store.revision.0 - 1).max(1);
        }
        store.compact_revision = loaded.compact_revision;
        for record in loaded.records {
            let record = Arc::new(record);
            let history = store.index.entry(record.change.key().clone()).or_default();
            if !Arc::make_mut(history).restore(record.clone(), loaded.compact_revision) {
                return Err("a deletion of a key that is not there");
            }
            store.record(record);
        }
        store.leases = Leases::loaded(loaded.leases).ok_or("leases in disorder")?;
        for lease in store.leases.list() {
            store.fingerprint = store.fingerprint.wrapping_add(hash::of_lease(lease.words()));
        }
        for (key, history) in &store.index {
            if !store.leases.attach(history.lease(), key) {
                return Err("a key on a lease that is not there");
            }
        }
        Ok(store)
    }
}
