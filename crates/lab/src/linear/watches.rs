//! What etcd promises to those who watch, held against everything that was told to anybody.
//!
//! - *Ordered*: revisions grow from answer to answer, and never fall within one.
//! - *Unique*: nothing is told twice, not by the next server either.
//! - *Reliable*: from where it began to the last revision that it was told, no change of its keys is
//!   left out, as far as changes are known.
//! - *Atomic*: all that a revision changed of its keys comes in one answer, or in its pieces.
//! - *Resumable*: whoever goes on at another server, or begins at an old revision, misses nothing.
//! - *Bookmarkable*: a report of progress comes after all that it stands for.
//! - What is told has happened: the same pairs at the same revisions to everybody, and as the store
//!   has them; `prev_kv` is the pair before.
//! - A watch that compaction has overtaken ends, and says so, rather than leave out what is gone.
//!
//! What is known comes from the watchers themselves, from acknowledged writes, and, at the end of a
//! run, from a store that has everything: see [`Settled`].

use std::collections::BTreeMap;

use sim::member::kv_core::{
    Bytes, Change as Recorded, Event, EventKind, KeyValue, Revision, Store, WatchRequest,
    WatchResponse,
};
use sim::member::raft_core::NodeId;
use sim::member::{Request, Response};
use sim::{CallId, Cluster};

use super::effects::{Change, changes};
use super::keys::covers;
use super::{End, Misfit, Operation};

type Verdict = Result<(), Misfit>;

/// A run that has come to its end and got well: one server's store has all that was ever committed.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// The leader's store.
    pub store: &'a Store,
    /// Whether all that is on its way to clients has arrived.
    pub quiet: Quiet<'a>,
}

/// Whether there is anything left to be told.
#[derive(Clone, Copy, Debug)]
pub enum Quiet<'a> {
    /// Something may be on its way.
    No,
    /// These watch, and must have been told everything by now.
    Yes(&'a [CallId]),
}

/// The leader's store, if it has applied all that was ever committed: it has committed an entry of its
/// own term, and so all before that (Raft §5.4.2).
pub fn settled_store(cluster: &Cluster) -> Option<(NodeId, &Store)> {
    let leader = cluster.leader()?;
    let member = cluster.node(leader).member()?;
    let raft = member.raft();
    let is_own = raft.log().term(raft.last_applied()) == Some(raft.term());
    let is_whole = raft.last_applied() == raft.commit();
    (is_own && is_whole).then(|| (leader, member.store()))
}

/// Judges all watches of a history.
///
/// # Errors
/// Says which watch was told what, and why that is wrong.
pub fn check(operations: &[Operation], end: Option<Settled<'_>>) -> Verdict {
    let mut truth = Truth::new(operations);
    if let Some(end) = end {
        truth.take_store(end.store)?;
    }
    for operation in operations {
        for event in operation.told.iter().flat_map(|(_, response)| &response.events) {
            truth.take_event(operation.call, event)?;
        }
    }
    for operation in operations {
        let Request::Watch { watch, .. } = &*operation.request else { continue };
        let mut follower = Follower::new(operation, watch, &truth);
        follower.follow(operation)?;
        if let Some(Settled { store, quiet: Quiet::Yes(live) }) = end
            && live.contains(&operation.call)
        {
            follower.has_all(store)?;
        }
    }
    Ok(())
}

/// A change of one key, as far as it is known.
#[derive(Clone, Debug)]
struct Known {
    kind: EventKind,
    /// The pair that was put, if it was seen.
    kv: Option<KeyValue>,
}

/// All that is known to have happened.
#[derive(Debug)]
struct Truth {
    changes: BTreeMap<i64, BTreeMap<Bytes, Known>>,
    /// From here …
    whole_from: i64,
    /// … to here nothing else has happened.
    whole_to: i64,
    /// What may have been compacted, and since when.
    compactions: Vec<(u64, i64)>,
}

fn wrong(call: CallId, what: &str) -> Verdict {
    Err(Misfit { calls: vec![call], explanation: format!("watch {call} {what}") })
}

impl Truth {
    /// What was acknowledged.
    fn new(operations: &[Operation]) -> Truth {
        let mut truth = Truth {
            changes: BTreeMap::new(),
            whole_from: i64::MAX,
            whole_to: 0,
            compactions: Vec::new(),
        };
        for operation in operations {
            if let (Request::Compact(at), false) =
                (&*operation.request, operation.end == End::Failed)
            {
                truth.compactions.push((operation.called, at.0));
            }
            let Some((_, response)) = operation.answer() else { continue };
            let revision = response.revision().0;
            for change in changes(&operation.request, response) {
                let (key, kind) = match change {
                    Change::Put { key, .. } => (key, EventKind::Put),
                    Change::Delete { key, range_end: None } => (key, EventKind::Delete),
                    // Which keys there were is not known.
                    Change::Delete { .. } => continue,
                };
                truth.changes.entry(revision).or_default().insert(key, Known { kind, kv: None });
            }
        }
        truth
    }

    fn take_store(&mut self, store: &Store) -> Verdict {
        self.whole_from = store.compact_revision().0.max(2);
        self.whole_to = store.revision().0;
        let mut recorded: BTreeMap<i64, BTreeMap<Bytes, Known>> = BTreeMap::new();
        for (at, change) in store.changes(Revision(0)) {
            let (kind, kv) = match change {
                Recorded::Put(kv) => (EventKind::Put, Some(kv.clone())),
                Recorded::Delete { .. } => (EventKind::Delete, None),
            };
            let known = recorded.entry(at.main.0).or_default();
            known.insert(change.key().clone(), Known { kind, kv });
        }
        for (at, keys) in std::mem::take(&mut self.changes) {
            for (key, known) in keys {
                let same = recorded.get(&at).and_then(|keys| keys.get(&key)).map(|it| it.kind);
                if at >= self.whole_from && same != Some(known.kind) {
                    let explanation = format!(
                        "{key:?} was acknowledged at revision {at}, and the store lacks it"
                    );
                    return Err(Misfit { calls: Vec::new(), explanation });
                }
                recorded.entry(at).or_default().entry(key).or_insert(known);
            }
        }
        self.changes = recorded;
        let empty = (self.whole_from..=self.whole_to).find(|at| !self.changes.contains_key(at));
        let Some(at) = empty else { return Ok(()) };
        let explanation = format!("nothing happened at revision {at}, and yet it was counted");
        Err(Misfit { calls: Vec::new(), explanation })
    }

    fn take_event(&mut self, call: CallId, event: &Event) -> Verdict {
        let revision = event.kv.mod_revision.0;
        let key = &event.kv.key;
        let known = self.changes.get_mut(&revision).and_then(|at| at.get_mut(key));
        let Some(known) = known else {
            if revision > self.whole_to && self.whole_to > 0 || revision >= self.whole_from {
                return wrong(
                    call,
                    &format!("was told of {key:?} at revision {revision}: nothing"),
                );
            }
            let kv = (event.kind == EventKind::Put).then(|| event.kv.clone());
            let known = Known { kind: event.kind, kv };
            self.changes.entry(revision).or_default().insert(key.clone(), known);
            return Ok(());
        };
        let same_pair = match (&known.kv, event.kind) {
            (Some(kv), EventKind::Put) => *kv == event.kv,
            (None, _) | (Some(_), EventKind::Delete) => true,
        };
        if known.kind != event.kind || !same_pair {
            return wrong(
                call,
                &format!("was told another story of {key:?} at revision {revision} than others"),
            );
        }
        if event.kind == EventKind::Put {
            known.kv.get_or_insert_with(|| event.kv.clone());
        }
        Ok(())
    }

    /// The changes of these revisions that a watch is to be told.
    fn of<'t>(
        &'t self,
        watch: &'t WatchRequest,
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = (i64, &'t Bytes)> {
        let asked = move |key: &Bytes, known: &Known| {
            let filtered = match known.kind {
                EventKind::Put => watch.no_put,
                EventKind::Delete => watch.no_delete,
            };
            covers(&watch.key, watch.range_end.as_ref(), key) && !filtered
        };
        // An empty range panics.
        let range = (from <= to).then(|| self.changes.range(from..=to)).into_iter().flatten();
        range.flat_map(move |(at, keys)| {
            keys.iter().filter(move |(key, known)| asked(key, known)).map(|(key, _)| (*at, key))
        })
    }

    /// Whether a compaction at this revision or a later one may have been done by then.
    fn may_be_compacted(&self, revision: i64, by: u64) -> bool {
        self.compactions.iter().any(|(called, at)| *called < by && *at >= revision)
    }
}

/// Follows one watch from answer to answer.
struct Follower<'a> {
    call: CallId,
    watch: &'a WatchRequest,
    truth: &'a Truth,
    /// Everything before has been told; none as long as it is not known where it began.
    next: Option<i64>,
    /// Pieces of an answer that is not complete.
    pieces: Vec<Event>,
}

impl<'a> Follower<'a> {
    fn new(operation: &Operation, watch: &'a WatchRequest, truth: &'a Truth) -> Follower<'a> {
        let start = watch.start_revision.0;
        let next = (start != 0).then_some(start);
        Follower { call: operation.call, watch, truth, next, pieces: Vec::new() }
    }

    fn wrong(&self, what: &str) -> Verdict {
        wrong(self.call, what)
    }

    fn follow(&mut self, operation: &Operation) -> Verdict {
        for (at, response) in &operation.told {
            self.told(*at, response)?;
        }
        let Some((returned, response)) = operation.answer() else { return Ok(()) };
        let Response::Watch(last) = response else {
            return self.wrong("was answered with something else");
        };
        if operation.told.last().is_some_and(|(at, _)| *at > returned) {
            return self.wrong("was told something after its end");
        }
        if last.cancel_reason.is_some() {
            return Ok(());
        }
        let compacted = last.compact_revision.0;
        if compacted == 0 || !self.truth.may_be_compacted(compacted, returned) {
            return self.wrong("ended, and nobody had compacted anything");
        }
        if self.next.is_some_and(|next| next >= compacted) {
            return self.wrong("ended, although what it was to be told was still there");
        }
        Ok(())
    }

    fn told(&mut self, at: u64, response: &WatchResponse) -> Verdict {
        if response.created {
            // It comes again from every server that it goes on to.
            self.next.get_or_insert(response.revision.0 + 1);
        }
        let Some(next) = self.next else {
            return self.wrong("was told something before it began");
        };
        if response.events.is_empty() && self.pieces.is_empty() {
            return if response.created { Ok(()) } else { self.progress(next, response) };
        }
        self.pieces.extend(response.events.iter().cloned());
        if response.fragment {
            return Ok(());
        }
        let events = std::mem::take(&mut self.pieces);
        self.events(next, at, &events)?;
        let last = events.last().map_or(0, |event| event.kv.mod_revision.0);
        if last > response.revision.0 {
            return self.wrong(&format!("was told of revision {last} before it happened"));
        }
        self.next = Some(last + 1);
        Ok(())
    }

    fn progress(&mut self, next: i64, response: &WatchResponse) -> Verdict {
        let upto = response.revision.0;
        if let Some((at, key)) = self.truth.of(self.watch, next, upto).next() {
            return self.wrong(&format!(
                "was told of progress to revision {upto}, but not of {key:?} at revision {at}"
            ));
        }
        self.next = Some(next.max(upto + 1));
        Ok(())
    }

    fn events(&self, next: i64, at: u64, events: &[Event]) -> Verdict {
        let mut told: Vec<(i64, &Bytes)> = Vec::new();
        for event in events {
            let (revision, key) = (event.kv.mod_revision.0, &event.kv.key);
            if revision < next || told.last().is_some_and(|(last, _)| *last > revision) {
                return self.wrong(&format!(
                    "went back: it was told of {key:?} at revision {revision} too late or again"
                ));
            }
            if told.contains(&(revision, key)) {
                return self.wrong(&format!("was told twice of {key:?} at revision {revision}"));
            }
            told.push((revision, key));
            self.one(event, at)?;
        }
        let Some((last, _)) = told.last().copied() else { return Ok(()) };
        for known in self.truth.of(self.watch, next, last) {
            if !told.contains(&known) {
                let (revision, key) = known;
                let torn = told.iter().any(|(at, _)| *at == revision);
                let what = if torn { "all of" } else { "of" };
                return self.wrong(&format!(
                    "was not told {what} revision {revision}: {key:?} is missing"
                ));
            }
        }
        Ok(())
    }

    /// What is told of one key.
    fn one(&self, event: &Event, at: u64) -> Verdict {
        let Event { kind, kv, prev_kv } = event;
        let (key, revision) = (&kv.key, kv.mod_revision.0);
        let unwanted = match kind {
            EventKind::Put => self.watch.no_put,
            EventKind::Delete => self.watch.no_delete,
        };
        if unwanted || !covers(&self.watch.key, self.watch.range_end.as_ref(), key) {
            return self.wrong(&format!("was told of {key:?}, and did not ask for it"));
        }
        let is_new = *kind == EventKind::Put && kv.version == 1;
        let Some(before) = prev_kv else {
            let is_asked = self.watch.prev_kv && !is_new;
            if is_asked && !self.truth.may_be_compacted(revision, at) {
                return self.wrong(&format!("was not told what {key:?} was before {revision}"));
            }
            return Ok(());
        };
        let is_chained = match kind {
            EventKind::Put => {
                before.version + 1 == kv.version && before.create_revision == kv.create_revision
            }
            EventKind::Delete => true,
        };
        let last = before.mod_revision.0;
        let between = (last + 1..revision).any(|it| self.touched(it, key));
        let known = self.truth.changes.get(&last).and_then(|at| at.get(key));
        let is_its = known.is_none_or(|known| known.kv.as_ref().is_none_or(|kv| kv == before));
        let fits = self.watch.prev_kv && !is_new && before.key == *key && last < revision;
        if fits && is_chained && !between && is_its {
            return Ok(());
        }
        self.wrong(&format!("was told a wrong pair of {key:?} from before revision {revision}"))
    }

    fn touched(&self, revision: i64, key: &Bytes) -> bool {
        self.truth.changes.get(&revision).is_some_and(|at| at.contains_key(key))
    }

    /// At the end of a quiet run everything has been told.
    fn has_all(&self, store: &Store) -> Verdict {
        let Some(next) = self.next else { return Ok(()) };
        match self.truth.of(self.watch, next, store.revision().0).next() {
            Some((at, key)) => self.wrong(&format!("was never told of {key:?} at revision {at}")),
            None => Ok(()),
        }
    }
}
