//! Watching: telling every change of some keys, from a revision on (etcd `mvcc/watchable_store.go`).
//!
//! A watcher does not listen: it remembers up to where it has told everything, and asks the store
//! what is new since. That is all its state, so nothing can be missed while it is not looked at,
//! and nothing is told twice.
//!
//! ```text
//! revisions   … 4   5   6   7   8   9 = the store's
//! told          ======= ^ next
//!             ^ compacted at 3: whoever would begin before it is cancelled
//! ```
//!
//! # What is guaranteed
//!
//! etcd's words, and why they hold here:
//!
//! - **Ordered**: events come in the order of their revisions. They are read off the records in
//!   that order, and `next` only grows.
//! - **Unique**: no event comes twice. What is told lies before `next` from then on.
//! - **Reliable**: of the keys and kinds watched no event is left out. Whatever lies between `next`
//!   and the store's revision is still recorded, unless compaction has gone beyond `next`; then the
//!   watcher is cancelled, and says so. (Compaction keeps the changes *at* its revision.)
//! - **Atomic**: the events of one revision come together. A delivery ends only between revisions.
//! - **Resumable**: a watcher that begins at the revision after the last one delivered tells
//!   exactly what is missing, on whatever member: it is in the same state.
//! - **Bookmarkable**: progress at a revision means that everything up to it has been told. It is
//!   reported only by a watcher whose `next` is beyond it.

use serde::{Deserialize, Serialize};

use crate::range::Span;
use crate::record::{Change, Record};
use crate::{Bytes, KeyValue, LeaseId, Mutant, Revision, Store, wire};

/// How many revisions are told at once, to one who has much to catch up with (etcd
/// `watchBatchMaxRevs`).
const REVISIONS_AT_ONCE: usize = 1000;

/// What to watch, and how to tell it. Field for field etcd's `WatchCreateRequest`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchRequest {
    /// The key, or the first one of the range. Empty: the first key there can be.
    pub key: Bytes,
    /// The end of the range, as in [`RangeRequest::range_end`](crate::RangeRequest::range_end).
    pub range_end: Option<Bytes>,
    /// The first revision to tell of; 0: the next one. It may be one that has not happened yet.
    pub start_revision: Revision,
    /// Whether something is to be said now and then although nothing has happened. The watcher
    /// leaves that to its owner, who has a clock.
    pub progress_notify: bool,
    /// Tell no puts.
    pub no_put: bool,
    /// Tell no deletions.
    pub no_delete: bool,
    /// Tell with each event the pair as it was before.
    pub prev_kv: bool,
    /// The name it goes by on its stream; 0: the next free one.
    pub watch_id: WatchId,
    /// Whether large answers may come in pieces.
    pub fragment: bool,
}

/// The name of a watcher on its stream.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct WatchId(pub i64);

impl WatchId {
    /// In answers that belong to no watcher: that one could not be created, or progress of all.
    pub const NONE: WatchId = WatchId(-1);
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// It got a value.
    Put,
    /// It was deleted.
    Delete,
}

/// One change of one key, as watchers are told it. Field for field etcd's `mvccpb.Event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The new pair; of a deleted one only key and mod_revision.
    pub kv: KeyValue,
    /// The pair before, if asked for, if there was one, and unless compaction took it.
    pub prev_kv: Option<KeyValue>,
}

/// Why a watch was refused. The texts are etcd's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum WatchError {
    /// The range ends before it begins.
    #[error("mvcc: watcher range is empty")]
    EmptyRange,
    /// There is a watcher of that name on the stream.
    #[error("mvcc: duplicate watch ID provided on the WatchStream")]
    DuplicateId,
}

/// What a watcher has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// These events, all of one or several revisions.
    Events(Vec<Event>),
    /// Compaction has taken what it would have told: it will tell nothing more. To go on, begin
    /// at this revision or later.
    Compacted(Revision),
}

/// One watch: what it tells, and how far it has told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watcher {
    request: WatchRequest,
    /// Everything before has been told.
    next: Revision,
}

impl Watcher {
    /// Begins to watch, on a store as it is now.
    ///
    /// # Errors
    /// [`WatchError::EmptyRange`].
    pub fn new(request: WatchRequest, store: &Store) -> Result<Watcher, WatchError> {
        let now = store.revision();
        let next = match request.start_revision {
            Revision(0) => Revision(now.0 + 1),
            start if Mutant::WatchResumesLate.is_on() => Revision(start.0 + 1),
            start => start,
        };
        // "\0" is the smallest key there is.
        let key = if request.key.is_empty() { Bytes::from(b"\0") } else { request.key };
        let watcher = Watcher { request: WatchRequest { key, ..request }, next };
        if watcher.span().bounds().is_none() {
            return Err(WatchError::EmptyRange);
        }
        Ok(watcher)
    }

    /// What it was asked for.
    pub fn request(&self) -> &WatchRequest {
        &self.request
    }

    /// The first revision it has not told yet: where another would go on.
    pub fn next(&self) -> Revision {
        self.next
    }

    /// What is new since the last time; `None` if nothing is.
    ///
    /// One who has much to catch up with is told of 1,000 revisions at once. So ask until there is
    /// nothing. After [`Delivery::Compacted`] there is no use in asking.
    pub fn poll(&mut self, store: &Store) -> Option<Delivery> {
        while self.next <= store.revision() {
            let is_overtaken = self.next < store.compact_revision();
            if is_overtaken && !Mutant::WatchSkipsCompacted.is_on() {
                return Some(Delivery::Compacted(store.compact_revision()));
            }
            let (mut events, mut revisions) = (Vec::new(), 0);
            let (mut last, mut next) = (None, Revision(store.revision().0 + 1));
            for record in store.records(self.next).filter(|record| self.is_watched(record)) {
                let main = record.at.main;
                if last != Some(main) {
                    revisions += 1;
                    last = Some(main);
                }
                if revisions > REVISIONS_AT_ONCE {
                    next = main;
                    break;
                }
                events.extend(self.event(record, store));
            }
            self.next = next;
            if !events.is_empty() {
                return Some(Delivery::Events(events));
            }
        }
        None
    }

    /// The revision up to which it has told everything, if that is all there is: what a report of
    /// its progress may say.
    pub fn progress(&self, store: &Store) -> Option<Revision> {
        let now = store.revision();
        let more = i64::from(Mutant::WatchPromisesTooMuch.is_on());
        (self.next > now).then_some(Revision(now.0 + more))
    }

    fn is_watched(&self, record: &Record) -> bool {
        self.span().contains(record.change.key().as_slice())
    }

    /// The event of a record; `None` if its kind is not told.
    fn event(&self, record: &Record, store: &Store) -> Option<Event> {
        let mod_revision = record.at.main;
        let (kind, kv, is_told) = match &record.change {
            Change::Put(kv) => (EventKind::Put, kv.clone(), !self.request.no_put),
            Change::Delete { key } => {
                let kv = KeyValue {
                    key: key.clone(),
                    value: Bytes::empty(),
                    create_revision: Revision(0),
                    mod_revision,
                    version: 0,
                    lease: LeaseId::NONE,
                };
                (EventKind::Delete, kv, !self.request.no_delete)
            }
        };
        let is_new = kind == EventKind::Put && kv.create_revision == mod_revision;
        // The pair before is read off the revision before, which compaction may have taken.
        let back = if Mutant::WrongPrevKv.is_on() { 0 } else { 1 };
        let before = Revision(mod_revision.0 - back);
        let asks = self.request.prev_kv && !is_new && before >= store.compact_revision();
        let prev_kv = store.at(kv.key.as_slice(), before).filter(|_| asks);
        let prev_kv = prev_kv.map(|(_, kv)| kv.clone());
        is_told.then_some(Event { kind, kv, prev_kv })
    }

    fn span(&self) -> Span<'_> {
        Span::new(self.request.key.as_slice(), self.request.range_end.as_ref().map(Bytes::as_slice))
    }
}

impl Event {
    /// Its length as a protocol buffer, about.
    fn len(&self) -> u64 {
        wire::kv_len(&self.kv) + self.prev_kv.as_ref().map_or(0, wire::kv_len)
    }
}

/// Cuts events into pieces of at most `bytes_max` each, an event that is larger going alone. Here
/// a revision may be torn: whoever takes pieces puts them together again (etcd `sendFragments`).
pub(crate) fn pieces(events: Vec<Event>, bytes_max: u64) -> Vec<Vec<Event>> {
    let mut pieces = Vec::new();
    let (mut piece, mut bytes) = (Vec::new(), 0);
    for event in events {
        let len = event.len();
        if !piece.is_empty() && bytes + len > bytes_max {
            pieces.push(std::mem::take(&mut piece));
            bytes = 0;
        }
        bytes += len;
        piece.push(event);
    }
    pieces.push(piece);
    pieces
}
