//! Several watches of one client, each under a name (etcd `api/v3rpc/watch.go`).

use serde::{Deserialize, Serialize};

use crate::watch::pieces;
use crate::{Delivery, Event, Revision, Store, WatchError, WatchId, WatchRequest, Watcher};

/// What a client is told. Field for field etcd's `WatchResponse`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchResponse {
    /// The store's revision when it was sent; 0 if the watch was cancelled by a compaction.
    pub revision: Revision,
    /// The watcher it is about.
    pub watch_id: WatchId,
    /// True of the answer to the request that creates a watcher.
    pub created: bool,
    /// True if the watcher is gone.
    pub canceled: bool,
    /// Where a watcher can begin again that was cancelled by a compaction; else 0.
    pub compact_revision: Revision,
    /// Why no watcher was created.
    pub cancel_reason: Option<WatchError>,
    /// True if another piece of the same answer follows.
    pub fragment: bool,
    /// What happened. Nothing, in an answer that is not one of the above: a report of progress.
    pub events: Vec<Event>,
}

/// The watchers of one client, on one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchStream {
    /// Ascending by name.
    watchers: Vec<(WatchId, Watcher)>,
    next_id: i64,
}

impl WatchStream {
    /// A stream without watchers.
    pub fn new() -> WatchStream {
        WatchStream::default()
    }

    /// Its watchers, in the order of their names.
    pub fn watchers(&self) -> impl Iterator<Item = (WatchId, &Watcher)> {
        self.watchers.iter().map(|(id, watcher)| (*id, watcher))
    }

    /// Adds a watcher. The answer says `canceled` if it could not be.
    pub fn create(&mut self, request: &WatchRequest, store: &Store) -> WatchResponse {
        let added = Watcher::new(request.clone(), store)
            .and_then(|watcher| self.add(request.watch_id, watcher));
        let answer =
            WatchResponse { revision: store.revision(), created: true, ..WatchResponse::default() };
        match added {
            Ok(watch_id) => WatchResponse { watch_id, ..answer },
            Err(reason) => WatchResponse {
                watch_id: WatchId::NONE,
                canceled: true,
                cancel_reason: Some(reason),
                ..answer
            },
        }
    }

    /// Takes a watcher away. `None` if there is none of that name: etcd does not answer then.
    pub fn cancel(&mut self, watch_id: WatchId, store: &Store) -> Option<WatchResponse> {
        let place = self.place(watch_id).ok()?;
        self.watchers.remove(place);
        let revision = store.revision();
        Some(WatchResponse { revision, watch_id, canceled: true, ..WatchResponse::default() })
    }

    /// All that is new to its watchers, those that compaction has overtaken taken away. Answers to
    /// watchers that take pieces are cut to `bytes_max` of events.
    pub fn poll(&mut self, store: &Store, bytes_max: u64) -> Vec<WatchResponse> {
        let mut answers = Vec::new();
        self.watchers.retain_mut(|(id, watcher)| {
            let answer = WatchResponse { watch_id: *id, ..WatchResponse::default() };
            while let Some(delivery) = watcher.poll(store) {
                let events = match delivery {
                    Delivery::Events(events) => events,
                    Delivery::Compacted(compact_revision) => {
                        let gone = WatchResponse { canceled: true, compact_revision, ..answer };
                        answers.push(gone);
                        return false;
                    }
                };
                let whole = !watcher.request().fragment;
                let pieces = if whole { vec![events] } else { pieces(events, bytes_max) };
                let revision = store.revision();
                let begin = answers.len();
                answers.extend(pieces.into_iter().map(|events| WatchResponse {
                    revision,
                    fragment: true,
                    events,
                    ..answer.clone()
                }));
                if let Some(last) = answers[begin..].last_mut() {
                    last.fragment = false;
                }
            }
            true
        });
        answers
    }

    /// A report of one watcher's progress: `None` while it has something to tell.
    pub fn progress(&self, watch_id: WatchId, store: &Store) -> Option<WatchResponse> {
        let (_, watcher) = self.watchers.get(self.place(watch_id).ok()?)?;
        let revision = watcher.progress(store)?;
        Some(WatchResponse { revision, watch_id, ..WatchResponse::default() })
    }

    /// A report on all of them, as a client asks for it: `None` while one has something to tell.
    ///
    /// (etcd 3.5.1 does not wait for that, and so breaks its promise; later ones keep it.)
    pub fn progress_of_all(&self, store: &Store) -> Option<WatchResponse> {
        let is_behind = |(_, watcher): &(WatchId, Watcher)| watcher.progress(store).is_none();
        if self.watchers.iter().any(is_behind) {
            return None;
        }
        let revision = store.revision();
        Some(WatchResponse { revision, watch_id: WatchId::NONE, ..WatchResponse::default() })
    }

    fn add(&mut self, asked: WatchId, watcher: Watcher) -> Result<WatchId, WatchError> {
        let id = if asked == WatchId(0) { self.free_id() } else { asked };
        match self.place(id) {
            Ok(_) => Err(WatchError::DuplicateId),
            Err(place) => {
                self.watchers.insert(place, (id, watcher));
                Ok(id)
            }
        }
    }

    fn free_id(&mut self) -> WatchId {
        while self.place(WatchId(self.next_id)).is_ok() {
            self.next_id += 1;
        }
        self.next_id += 1;
        WatchId(self.next_id - 1)
    }

    fn place(&self, id: WatchId) -> Result<usize, usize> {
        self.watchers.binary_search_by(|(other, _)| other.cmp(&id))
    }
}
