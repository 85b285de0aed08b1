//! The store itself: every recorded change, an index of them by key, and how they are asked.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::key_index::KeyIndex;
use crate::range::{self, Span};
use crate::record::{Change, Record};
use crate::transaction::Transaction;
use crate::{
    Bytes, DeleteRangeRequest, DeleteRangeResponse, Error, KeyValue, PutRequest, PutResponse,
    RangeRequest, RangeResponse, Revision, RevisionPair, hash,
};

/// etcd's multi-version store. See the crate's documentation for the model.
///
/// - `records` holds every change under its revision; what compaction took is gone.
/// - `index` holds the same records by key; it can be made anew from `records`, and is when a saved
///   store is read.
/// - `fingerprint` is the sum of the records' fingerprints, so that neither [`Store::hash`] nor
///   compaction walks the store for it.
///
/// A clone costs a few reference counts, and shares all that neither side changes afterwards.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) revision: Revision,
    pub(crate) compact_revision: Revision,
    pub(crate) index: OrdMap<Bytes, Arc<KeyIndex>>,
    records: OrdMap<RevisionPair, Arc<Record>>,
    fingerprint: u64,
}

impl Store {
    /// An empty store: at revision 1, never compacted.
    pub fn new() -> Store {
        Store {
            revision: Revision(1),
            compact_revision: Revision(-1),
            index: OrdMap::new(),
            records: OrdMap::new(),
            fingerprint: 0,
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
    /// As [`Transaction::put`]; nothing has changed then.
    pub fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        self.transaction().put(request)
    }

    /// Deletes one key or a range of keys, in a transaction of its own.
    ///
    /// # Errors
    /// [`Error::EmptyKey`]; nothing has changed then.
    pub fn delete_range(
        &mut self,
        request: &DeleteRangeRequest,
    ) -> Result<DeleteRangeResponse, Error> {
        self.transaction().delete_range(request)
    }

    /// Begins a transaction: all that is changed through it shares one main revision.
    pub fn transaction(&mut self) -> Transaction<'_> {
        Transaction::new(self)
    }

    /// Forgets every change that no read at `revision` or later can see.
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

        let past = ..RevisionPair { main: Revision(revision.0 + 1), sub: 0 };
        let is_seen = |record: &Record| {
            let history = self.index.get(record.change.key());
            let seen = history.and_then(|history| history.get(revision));
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
        let start = RevisionPair { main: from, sub: 0 };
        self.records.range(start..).map(|(at, record)| (*at, &record.change))
    }

    /// A fingerprint: equal on equal stores, on every machine; different, all but certainly, on
    /// stores that differ in any record, in their revision or their compaction.
    pub fn hash(&self) -> u64 {
        hash::of_words(&[self.fingerprint, self.revision.0 as u64, self.compact_revision.0 as u64])
    }

    /// The pairs of the keys within `span` as of revision `at`, in the order of keys.
    pub(crate) fn visible(&self, span: Span<'_>, at: Revision) -> impl Iterator<Item = &KeyValue> {
        let keys = span.bounds().map(|bounds| self.index.range::<_, [u8]>(bounds));
        let histories = keys.into_iter().flatten().map(|(_, history)| history);
        histories.filter_map(move |history| history.get(at)).map(|(_, kv)| kv)
    }

    /// The pair under `key` now.
    pub(crate) fn current(&self, key: &[u8]) -> Option<&KeyValue> {
        self.index.get(key)?.get(self.revision).map(|(_, kv)| kv)
    }

    /// Writes a change down; the index holds it already.
    pub(crate) fn record(&mut self, record: Arc<Record>) {
        self.fingerprint = self.fingerprint.wrapping_add(hash::of_record(&record));
        self.records.insert(record.at, record);
    }
}

impl Default for Store {
    fn default() -> Store {
        Store::new()
    }
}

/// Stores are equal if they hold the same records at the same revision and compaction; the index
/// follows from those.
impl PartialEq for Store {
    fn eq(&self, other: &Store) -> bool {
        self.fingerprint == other.fingerprint
            && self.revision == other.revision
            && self.compact_revision == other.compact_revision
            && self.records == other.records
    }
}

/// A store is saved as its records, as in etcd's backend.
#[derive(Serialize)]
struct Saved<'a> {
    revision: Revision,
    compact_revision: Revision,
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
        let Store { revision, compact_revision, ref records, index: _, fingerprint: _ } = *self;
        Saved { revision, compact_revision, records }.serialize(serializer)
    }
}

/// The counterpart of [`Saved`].
#[derive(Deserialize)]
struct Loaded {
    revision: Revision,
    compact_revision: Revision,
    records: Vec<Record>,
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Store, D::Error> {
        let loaded = Loaded::deserialize(deserializer)?;
        let mut store = Store::new();
        store.revision = loaded.revision;
        store.compact_revision = loaded.compact_revision;
        for record in loaded.records {
            let record = Arc::new(record);
            let history = store.index.entry(record.change.key().clone()).or_default();
            if !Arc::make_mut(history).restore(record.clone()) {
                return Err(serde::de::Error::custom("a deletion of a key that is not there"));
            }
            store.record(record);
        }
        Ok(store)
    }
}
