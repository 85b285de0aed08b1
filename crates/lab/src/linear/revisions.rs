//! The cheap judge: etcd numbers its states, and says with each answer which one it speaks of.
//!
//! So nobody has to search for an order: the revisions *are* one, and what is left is to see
//! whether every answer fits to it.
//!
//! - Each acknowledged write has a revision of its own.
//! - Revisions follow real time: what was called after a linearizable answer came speaks of the
//!   same revision or a later one, and a write of a later one. Serializable reads may be behind, but
//!   never ahead.
//! - Every value that was seen stems from one put that did not fail and was called by then; no put
//!   happened twice, and none before it was called.
//! - A read shows each key as the last write before its revision left it. That holds for
//!   serializable reads too: they show a prefix of the history.
//! - There are no more revisions than writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sim::CallId;
use sim::member::kv_core::{Bytes, DeleteRangeRequest, KeyValue, RangeRequest, Revision};
use sim::member::{Consistency, Request, Response};

use super::keys::{covers, tells_all};
use super::{End, Misfit, Operation};

type Verdict = Result<(), Misfit>;

/// Judges operations, in the order of their calls.
///
/// # Errors
/// Says which calls do not fit together.
pub fn check(operations: &[Operation]) -> Verdict {
    let mut facts = Facts::default();
    for operation in operations {
        facts.acknowledge(operation)?;
    }
    real_time(operations)?;
    let sights = sights(operations);
    for sight in &sights {
        facts.learn(sight)?;
    }
    facts.explain(operations)?;
    facts.count(operations)?;
    let told = Told { facts: &facts, operations };
    sights.iter().try_for_each(|sight| told.judge(sight))
}

fn misfit(calls: &[CallId], explanation: String) -> Verdict {
    Err(Misfit { calls: calls.to_vec(), explanation })
}

/// A change that surely happened, at its revision.
#[derive(Clone, Debug)]
enum Change {
    /// A key was given a value.
    Put { key: Bytes, value: Option<Bytes> },
    /// Keys were deleted.
    Delete { key: Bytes, range_end: Option<Bytes> },
}

impl Change {
    fn concerns(&self, key: &Bytes) -> bool {
        match self {
            Change::Put { key: changed, .. } => changed == key,
            Change::Delete { key: start, range_end } => covers(start, range_end.as_ref(), key),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Put { key, value: Some(value) } => write!(f, "{key:?} = {value:?}"),
            Change::Put { key, value: None } => write!(f, "{key:?}"),
            Change::Delete { key, .. } => write!(f, "{key:?} deleted"),
        }
    }
}

/// A change and who told of it.
#[derive(Clone, Debug)]
struct Fact {
    change: Change,
    call: CallId,
    /// Whether the write itself was acknowledged; else only its effect was seen.
    acknowledged: bool,
    /// When its effect was first known.
    known_at: u64,
}

impl Fact {
    /// Whether this put, whose outcome is unknown, can have been it.
    fn may_stem_from(&self, operation: &Operation) -> bool {
        let (Request::Put(put), Change::Put { key, value }) = (&*operation.request, &self.change)
        else {
            return false;
        };
        let same_value = put.ignore_value || value.as_ref().is_none_or(|v| *v == put.value);
        operation.end == End::Unknown && put.key == *key && same_value
    }
}

/// What is known of the store's changes, by revision.
#[derive(Debug, Default)]
struct Facts {
    changes: BTreeMap<i64, Fact>,
    highest: i64,
}

/// One key as an answer showed it.
#[derive(Debug)]
struct Sight<'a> {
    call: CallId,
    returned: u64,
    /// The state it speaks of.
    revision: i64,
    key: Bytes,
    seen: Seen<'a>,
}

#[derive(Debug)]
enum Seen<'a> {
    /// With this value; none if only the key was asked for.
    There(&'a KeyValue, Option<&'a Bytes>),
    /// It was there; nothing else was told.
    Somehow,
    /// It was not.
    Absent,
}

impl Facts {
    /// Takes note of a write that was acknowledged, and of the highest revision told.
    fn acknowledge(&mut self, operation: &Operation) -> Verdict {
        let Some((returned, response)) = operation.answer() else { return Ok(()) };
        let revision = response.revision().0;
        self.highest = self.highest.max(revision);
        let change = match (&*operation.request, response) {
            (Request::Put(put), _) => Change::Put {
                key: put.key.clone(),
                value: (!put.ignore_value).then(|| put.value.clone()),
            },
            (Request::DeleteRange(delete), Response::DeleteRange(response))
                if response.deleted > 0 =>
            {
                Change::Delete { key: delete.key.clone(), range_end: delete.range_end.clone() }
            }
            _ => return Ok(()),
        };
        let call = operation.call;
        let fact = Fact { change, call, acknowledged: true, known_at: returned };
        match self.changes.insert(revision, fact) {
            None => Ok(()),
            Some(other) => misfit(
                &[other.call, call],
                format!("calls {} and {call} both wrote at revision {revision}", other.call),
            ),
        }
    }

    /// Takes note of a write whose effect was seen.
    fn learn(&mut self, sight: &Sight<'_>) -> Verdict {
        let Seen::There(kv, value) = sight.seen else { return Ok(()) };
        let at = kv.mod_revision.0;
        if at > sight.revision
            || kv.create_revision.0 > at
            || (kv.version == 1) != (kv.create_revision.0 == at)
        {
            return misfit(
                &[sight.call],
                format!("call {}: the revisions of {:?} contradict each other", sight.call, kv.key),
            );
        }
        let Some(known) = self.changes.get_mut(&at) else {
            let change = Change::Put { key: kv.key.clone(), value: value.cloned() };
            let (call, known_at) = (sight.call, sight.returned);
            self.changes.insert(at, Fact { change, call, acknowledged: false, known_at });
            return Ok(());
        };
        known.known_at = known.known_at.min(sight.returned);
        let fits = match &mut known.change {
            Change::Delete { .. } => false,
            Change::Put { key, value: known } => {
                let same = match (known.as_ref(), value) {
                    (Some(known), Some(value)) => known == value,
                    (None, _) | (_, None) => true,
                };
                *known = known.take().or_else(|| value.cloned());
                *key == kv.key && same
            }
        };
        if fits {
            return Ok(());
        }
        let (one, other) = (known.call, sight.call);
        misfit(&[one, other], format!("calls {one} and {other} tell two stories of revision {at}"))
    }

    /// Whether every put that was seen, but not acknowledged, can be one whose outcome is unknown:
    /// each of those happened once at most, and not before it was called.
    fn explain(&self, operations: &[Operation]) -> Verdict {
        let floors = floors(operations);
        let seen = self.changes.iter().filter(|(_, fact)| !fact.acknowledged);
        // Calls that could have made a revision are always the first so and so many; whoever has
        // the least choice chooses first.
        let mut seen: Vec<(usize, i64, &Fact)> = seen
            .map(|(revision, fact)| {
                let called = operations.partition_point(|o| o.called < fact.known_at);
                let open = floors.partition_point(|(floor, _)| floor < revision);
                (called.min(open), *revision, fact)
            })
            .collect();
        seen.sort_by_key(|(choice, revision, _)| (*choice, *revision));
        let mut used = BTreeSet::new();
        for (choice, revision, fact) in seen {
            let author = operations[..choice]
                .iter()
                .find(|operation| fact.may_stem_from(operation) && !used.contains(&operation.call));
            let Some(author) = author else {
                let (call, change) = (fact.call, &fact.change);
                return misfit(
                    &[call],
                    format!(
                        "call {call} saw {change} at revision {revision}, but no put can have \
                         done that"
                    ),
                );
            };
            used.insert(author.call);
        }
        Ok(())
    }

    /// Whether there were enough writes for all revisions.
    fn count(&self, operations: &[Operation]) -> Verdict {
        let unknown = |o: &&Operation| o.is_write() && o.end == End::Unknown;
        let unknown = operations.iter().filter(unknown).count() as i64;
        let acknowledged = self.changes.values().filter(|fact| fact.acknowledged).count() as i64;
        // An empty store is at revision 1.
        if self.highest - 1 <= acknowledged + unknown {
            return Ok(());
        }
        let explanation = format!(
            "revision {} was told of, but only {acknowledged} writes were acknowledged and \
             {unknown} may have happened",
            self.highest
        );
        misfit(&[], explanation)
    }
}

/// For each operation, the highest revision that any answer had told of when it was called, and
/// which answer that was. (Serializable answers count: what they show has been committed.)
fn floors(operations: &[Operation]) -> Vec<(i64, CallId)> {
    let mut returns: Vec<(u64, i64, CallId)> = operations
        .iter()
        .filter_map(|operation| Some((operation.answer()?, operation.call)))
        .map(|((returned, response), call)| (returned, response.revision().0, call))
        .collect();
    returns.sort_unstable();
    let mut returns = returns.into_iter().peekable();
    let mut floor = (1, CallId(0));
    let mut floors = Vec::with_capacity(operations.len());
    for operation in operations {
        while let Some((_, revision, call)) = returns.next_if(|(at, ..)| *at < operation.called) {
            floor = floor.max((revision, call));
        }
        floors.push(floor);
    }
    floors
}

fn is_linearizable(operation: &Operation) -> bool {
    match &*operation.request {
        Request::Range { consistency, .. } => *consistency == Consistency::Linearizable,
        Request::Put(_) | Request::DeleteRange(_) => true,
        _ => false,
    }
}

/// Whether revisions follow real time.
fn real_time(operations: &[Operation]) -> Verdict {
    for (operation, (told, earlier)) in operations.iter().zip(floors(operations)) {
        let Some((_, response)) = operation.answer() else { continue };
        let revision = response.revision().0;
        let behind = match response {
            Response::Range(_) => is_linearizable(operation) && revision < told,
            Response::Put(_) => revision <= told,
            Response::DeleteRange(deleted) if deleted.deleted > 0 => revision <= told,
            Response::DeleteRange(_) => revision < told,
            _ => false,
        };
        if behind {
            let call = operation.call;
            return misfit(
                &[earlier, call],
                format!(
                    "call {call} was answered with revision {revision}, but began after call \
                     {earlier} had been answered with revision {told}"
                ),
            );
        }
    }
    Ok(())
}

/// Every key that an answer showed.
fn sights(operations: &[Operation]) -> Vec<Sight<'_>> {
    let mut keys = BTreeSet::new();
    for operation in operations {
        if let Request::Put(put) = &*operation.request {
            keys.insert(&put.key);
        }
    }
    operations.iter().flat_map(|operation| sights_of(operation, &keys)).collect()
}

fn sights_of<'a>(operation: &'a Operation, keys: &BTreeSet<&'a Bytes>) -> Vec<Sight<'a>> {
    let Some((returned, response)) = operation.answer() else { return Vec::new() };
    let revision = response.revision().0;
    let before = revision - 1;
    let see = |revision: i64, key: &Bytes, seen| {
        let key = key.clone();
        Sight { call: operation.call, returned, revision, key, seen }
    };
    match (&*operation.request, response) {
        (Request::Range { range, .. }, Response::Range(response)) => {
            let at = if range.revision.0 > 0 { range.revision.0 } else { revision };
            let value = |kv: &'a KeyValue| (!range.keys_only).then_some(&kv.value);
            let kvs = response.kvs.iter();
            let mut sights: Vec<Sight<'a>> =
                kvs.map(|kv| see(at, &kv.key, Seen::There(kv, value(kv)))).collect();
            let now = RangeRequest { keys_only: false, revision: Revision(0), ..range.clone() };
            if tells_all(&now) {
                let there: BTreeSet<&Bytes> = response.kvs.iter().map(|kv| &kv.key).collect();
                let asked = |key: &&&Bytes| covers(&range.key, range.range_end.as_ref(), key);
                let absent = keys.iter().filter(asked).filter(|key| !there.contains(*key));
                sights.extend(absent.map(|key| see(at, key, Seen::Absent)));
            }
            sights
        }
        (Request::Put(put), Response::Put(response)) if put.prev_kv => match &response.prev_kv {
            Some(kv) => vec![see(before, &kv.key, Seen::There(kv, Some(&kv.value)))],
            None => vec![see(before, &put.key, Seen::Absent)],
        },
        (Request::DeleteRange(delete), Response::DeleteRange(response)) => {
            let kvs = response.prev_kvs.iter();
            let shown = kvs.map(|kv| see(before, &kv.key, Seen::There(kv, Some(&kv.value))));
            let DeleteRangeRequest { key, range_end, .. } = delete;
            let counted = match (range_end, response.deleted) {
                (None, 0) => Some(see(revision, key, Seen::Absent)),
                (None, _) => Some(see(before, key, Seen::Somehow)),
                (Some(_), _) => None,
            };
            shown.chain(counted).collect()
        }
        _ => Vec::new(),
    }
}

/// All that is known, to judge answers by.
struct Told<'a> {
    facts: &'a Facts,
    operations: &'a [Operation],
}

impl Told<'_> {
    /// Whether a key looked as the last change before left it.
    fn judge(&self, sight: &Sight<'_>) -> Verdict {
        let before = self.facts.changes.range(..=sight.revision);
        let last = before.rev().find(|(_, fact)| fact.change.concerns(&sight.key));
        let last = last.map(|(revision, fact)| (*revision, fact));
        let after = last.map_or(1, |(revision, _)| revision);
        let was_put = last.is_some_and(|(_, fact)| matches!(fact.change, Change::Put { .. }));
        let fits = match &sight.seen {
            // `learn` has made a fact of it: only a later change can contradict.
            Seen::There(kv, _) => after == kv.mod_revision.0 && self.lived_on(sight, kv),
            Seen::Somehow => was_put || self.may_have(sight, after, Wanted::Put),
            Seen::Absent => !was_put || self.may_have(sight, after, Wanted::Delete),
        };
        if fits {
            return Ok(());
        }
        let Sight { call, revision, key, .. } = sight;
        let saw = match &sight.seen {
            Seen::There(kv, _) => format!("as revision {} left it", kv.mod_revision),
            Seen::Somehow => "there".to_owned(),
            Seen::Absent => "absent".to_owned(),
        };
        let explanation = match last {
            Some((changed, fact)) => format!(
                "call {call} found {key:?} {saw} at revision {revision}, but it was changed at \
                 revision {changed} (call {})",
                fact.call
            ),
            None => format!(
                "call {call} found {key:?} {saw} at revision {revision}, but nobody had put it"
            ),
        };
        let calls: Vec<CallId> = last.iter().map(|(_, f)| f.call).chain([*call]).collect();
        misfit(&calls, explanation)
    }

    /// Whether a key can have lived from its creation to its last change.
    fn lived_on(&self, sight: &Sight<'_>, kv: &KeyValue) -> bool {
        let life = self.facts.changes.range(kv.create_revision.0..=kv.mod_revision.0);
        let mut puts = 0;
        for (_, fact) in life.filter(|(_, fact)| fact.change.concerns(&sight.key)) {
            match fact.change {
                Change::Put { .. } => puts += 1,
                Change::Delete { .. } => return false,
            }
        }
        puts <= kv.version
    }

    /// Whether a write of unknown outcome can have changed the key after this revision and before
    /// the sight.
    fn may_have(&self, sight: &Sight<'_>, after: i64, wanted: Wanted) -> bool {
        if after >= sight.revision {
            return false;
        }
        let told = self.facts.changes.range(after + 1..=sight.revision).count() as i64;
        let is_room = sight.revision - after > told;
        is_room
            && self.operations.iter().any(|operation| {
                let does = match &*operation.request {
                    Request::Put(put) => wanted == Wanted::Put && put.key == sight.key,
                    Request::DeleteRange(delete) => {
                        let end = delete.range_end.as_ref();
                        wanted == Wanted::Delete && covers(&delete.key, end, &sight.key)
                    }
                    _ => false,
                };
                does && operation.end == End::Unknown && operation.called < sight.returned
            })
    }
}

/// What a write of unknown outcome would have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Put,
    Delete,
}
