//! Clients that watch: each is told what this server applies, from where it asked on.
//!
//! A watcher asks its own server's store, whatever the leader says: what it is told may be old, but
//! never wrong and never torn. One that needs a leader is sent away when none is known for long
//! (etcd `WithRequireLeader`), so that it does not sit, unknowing, on the minority's side.

use kv_core::{Delivery, Mutant, WatchRequest, WatchResponse, Watcher};
use raft_core::NodeId;
use serde::{Deserialize, Serialize};

use crate::api::{Micros, RequestId, Response, ServerError};
use crate::member::Member;

/// After how long a silence a watcher that wants it is told how far it is (etcd
/// `progressReportInterval`).
const PROGRESS_EVERY: Micros = Micros::from_secs(600);

/// How many election timeouts a server may be without a leader before those go who need one (etcd
/// `maxNoLeaderCnt`).
const LEADERLESS_TIMEOUTS: u64 = 3;

/// The watchers of a server's clients.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Watches {
    list: Vec<Watching>,
    /// What is to be told.
    told: Vec<Told>,
    /// Since when no leader is known.
    leaderless_since: Option<Micros>,
}

/// What a client is told that watches.
pub type Told = (RequestId, WatchResponse);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Watching {
    request: RequestId,
    watcher: Watcher,
    needs_leader: bool,
    /// When it was last told something.
    told_at: Micros,
}

impl Watches {
    /// None, on a server that starts, and knows of no leader yet.
    pub(crate) fn new(now: Micros) -> Watches {
        Watches { leaderless_since: Some(now), ..Watches::default() }
    }

    /// Takes what is to be told, in order.
    pub(crate) fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Forgets a client that has gone.
    pub(crate) fn cancel(&mut self, request: RequestId) {
        self.list.retain(|watching| watching.request != request);
    }

    /// The leader is known, or is not.
    pub(crate) fn leader_is(&mut self, leader: Option<NodeId>, now: Micros) {
        match leader {
            Some(_) => self.leaderless_since = None,
            None => {
                self.leaderless_since.get_or_insert(now);
            }
        }
    }

    /// Whether no leader has been known for long. (Of one who comes anew etcd asks whether one is
    /// known now: but its clients take their time to connect, and ours are there at once.)
    fn is_leaderless(&self, now: Micros, election_timeout: Micros) -> bool {
        self.leaderless_since.is_some_and(|since| since + patience(election_timeout) <= now)
    }

    /// When one of them is to be told something although nothing happens.
    pub(crate) fn next_deadline(&self, election_timeout: Micros) -> Option<Micros> {
        if self.list.is_empty() {
            return None;
        }
        let wants_progress = |it: &&Watching| it.watcher.request().progress_notify;
        let progress =
            self.list.iter().filter(wants_progress).map(|it| it.told_at + PROGRESS_EVERY);
        let needs_leader = self.list.iter().any(|it| it.needs_leader);
        let sent_away = self.leaderless_since.filter(|_| needs_leader);
        let sent_away = sent_away.map(|at| at + patience(election_timeout));
        progress.chain(sent_away).min()
    }
}

/// How long those stay who need a leader.
fn patience(election_timeout: Micros) -> Micros {
    Micros(LEADERLESS_TIMEOUTS * election_timeout.0)
}

impl Member {
    pub(crate) fn request_watch(
        &mut self,
        id: RequestId,
        request: WatchRequest,
        needs_leader: bool,
    ) -> Option<Result<Response, ServerError>> {
        if needs_leader
            && self.watches.is_leaderless(self.timing.now, self.timing.election_timeout())
        {
            return Some(Err(ServerError::NoLeader));
        }
        let store = &self.machine.store;
        let answer =
            WatchResponse { revision: store.revision(), created: true, ..WatchResponse::default() };
        match Watcher::new(request, store) {
            Ok(watcher) => {
                let told_at = self.timing.now;
                self.watches.list.push(Watching { request: id, watcher, needs_leader, told_at });
                self.watches.told.push((id, answer));
                None
            }
            Err(reason) => {
                let canceled =
                    WatchResponse { canceled: true, cancel_reason: Some(reason), ..answer };
                Some(Ok(Response::Watch(canceled)))
            }
        }
    }

    /// Tells every watcher what is new.
    pub(crate) fn tell_watchers(&mut self) {
        let store = &self.machine.store;
        let now = self.timing.now;
        let Watches { list, told, .. } = &mut self.watches;
        let replies = &mut self.replies;
        list.retain_mut(|watching| {
            while let Some(delivery) = watching.watcher.poll(store) {
                watching.told_at = now;
                match delivery {
                    Delivery::Events(events) if Mutant::WatchTearsRevisions.is_on() => {
                        for event in events {
                            let (revision, events) = (store.revision(), vec![event]);
                            let response =
                                WatchResponse { revision, events, ..WatchResponse::default() };
                            told.push((watching.request, response));
                        }
                    }
                    Delivery::Events(events) => {
                        let revision = store.revision();
                        let response =
                            WatchResponse { revision, events, ..WatchResponse::default() };
                        told.push((watching.request, response));
                    }
                    Delivery::Compacted(compact_revision) => {
                        let last = WatchResponse {
                            canceled: true,
                            compact_revision,
                            ..WatchResponse::default()
                        };
                        replies.push((watching.request, Ok(Response::Watch(last))));
                        return false;
                    }
                }
            }
            true
        });
    }

    /// Time has passed: reports progress, and sends those away that need a leader where there is
    /// none.
    pub(crate) fn expire_watches(&mut self) {
        let now = self.timing.now;
        let is_over = self.watches.is_leaderless(now, self.timing.election_timeout());
        let Watches { list, told, .. } = &mut self.watches;
        let replies = &mut self.replies;
        list.retain_mut(|watching| {
            if is_over && watching.needs_leader {
                replies.push((watching.request, Err(ServerError::NoLeader)));
                return false;
            }
            let is_due = watching.told_at + PROGRESS_EVERY <= now;
            if watching.watcher.request().progress_notify && is_due {
                watching.told_at = now;
                if let Some(revision) = watching.watcher.progress(&self.machine.store) {
                    let progress = WatchResponse { revision, ..WatchResponse::default() };
                    told.push((watching.request, progress));
                }
            }
            true
        });
    }
}
