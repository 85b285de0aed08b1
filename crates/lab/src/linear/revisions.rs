//! The cheap judge: etcd numbers its states, and says with each answer which one it speaks of.
//!
//! So nobody has to search for an order: the revisions *are* one, and what is left is to see
//! whether every answer fits to it.
//!
//! - Each acknowledged write has a revision of its own; a transaction one for all that it changes.
//! - Revisions follow real time: what was called after a linearizable answer came speaks of the
//!   same revision or a later one, and a write of a later one. Serializable reads may be behind, but
//!   never ahead.
//! - Every change that was seen, be it in an answer or by a watcher, stems from one call that did not
//!   fail and was made by then, or, if it is a deletion, from the end of a lease; nothing happened
//!   twice, and nothing before it was called (`authors`).
//! - A read shows each key as the last write before its revision left it. That holds for
//!   serializable reads too: they show a prefix of the history. A transaction sees the state
//!   before it, and what it has written itself; its conditions hold of that state, or do not, as its
//!   answer says.
//! - What was compacted is not read any more, and a lease that has ended has no keys.
//! - There are no more revisions than writes and leases, which may end.
//!
//! What a lease deletes when it runs out is nobody's write. So a key that hung on one may be missing
//! at any revision that is not known to be somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use sim::CallId;
use sim::member::kv_core::{
    Bytes, Compare, CompareResult, CompareTarget, KeyValue, LeaseId, RequestOp, ResponseOp,
    TxnRequest, TxnResponse,
};
use sim::member::{
    Consistency, LeaseRequest, LeaseResponse, MaintenanceRequest, Request, Response,
};

use super::authors::{Authors, Fact};
use super::effects::{self, Change, Judged, Seen, Sight, chosen};
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
    let floors = floors(operations);
    real_time(operations, &floors)?;
    compactions(operations)?;
    let keys = written(operations);
    let told = effects::told(operations, &keys);
    for sight in &told.sights {
        facts.learn(sight)?;
    }
    let authors = Authors::new(operations, &floors);
    let mut ended = authors.explain(&facts.changes)?;
    facts.count(operations, &authors)?;
    ended.extend(revoked(operations, &authors));
    let known = Known { facts: &facts, operations, authors: &authors, ended };
    told.sights.iter().try_for_each(|sight| known.judge(sight))?;
    told.judged.iter().try_for_each(|judged| known.judge_compares(judged))
}

pub(super) fn misfit(calls: &[CallId], explanation: String) -> Verdict {
    Err(Misfit { calls: calls.to_vec(), explanation })
}

/// What is known of the store's changes, by revision.
#[derive(Debug, Default)]
struct Facts {
    changes: BTreeMap<i64, Fact>,
    highest: i64,
}

impl Facts {
    /// Takes note of a write that was acknowledged, and of the highest revision told.
    fn acknowledge(&mut self, operation: &Operation) -> Verdict {
        for (_, response) in &operation.told {
            self.highest = self.highest.max(response.revision.0);
        }
        let Some((returned, response)) = operation.answer() else { return Ok(()) };
        let revision = response.revision().0;
        self.highest = self.highest.max(revision);
        let changes = effects::changes(&operation.request, response);
        if changes.is_empty() {
            return Ok(());
        }
        let call = operation.call;
        let fact = Fact { changes, call, acknowledged: true, known_at: returned };
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
        let (at, change) = match sight.seen {
            Seen::Somehow | Seen::Absent => return Ok(()),
            Seen::Deleted => {
                (sight.revision, Change::Delete { key: sight.key.clone(), range_end: None })
            }
            Seen::There(kv, value) => {
                contradiction(sight, kv)?;
                let (key, value, lease) = (kv.key.clone(), value.cloned(), Some(kv.lease));
                (kv.mod_revision.0, Change::Put { key, value, lease })
            }
        };
        let Some(known) = self.changes.get_mut(&at) else {
            let (call, known_at) = (sight.call, sight.returned);
            let changes = vec![change];
            self.changes.insert(at, Fact { changes, call, acknowledged: false, known_at });
            return Ok(());
        };
        known.known_at = known.known_at.min(sight.returned);
        if known.takes(change, &sight.key) {
            return Ok(());
        }
        let (one, other) = (known.call, sight.call);
        misfit(&[one, other], format!("calls {one} and {other} tell two stories of revision {at}"))
    }

    /// Whether there were enough writes for all revisions.
    fn count(&self, operations: &[Operation], authors: &Authors<'_>) -> Verdict {
        let unknown = |o: &&Operation| o.is_write() && o.end == End::Unknown;
        let unknown = operations.iter().filter(unknown).count() as i64;
        let leases = authors.leases() as i64;
        let acknowledged = self.changes.values().filter(|fact| fact.acknowledged).count() as i64;
        // An empty store is at revision 1.
        if self.highest - 1 <= acknowledged + unknown + leases {
            return Ok(());
        }
        let explanation = format!(
            "revision {} was told of, but only {acknowledged} writes were acknowledged, \
             {unknown} may have happened, and {leases} leases may have ended",
            self.highest
        );
        misfit(&[], explanation)
    }
}

fn contradiction(sight: &Sight<'_>, kv: &KeyValue) -> Verdict {
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
    Ok(())
}

/// All keys that were ever put, or may have been.
fn written(operations: &[Operation]) -> BTreeSet<&Bytes> {
    fn of<'a>(op: &'a RequestOp, keys: &mut BTreeSet<&'a Bytes>) {
        match op {
            RequestOp::Put(put) => drop(keys.insert(&put.key)),
            RequestOp::Txn(txn) => {
                txn.success.iter().chain(&txn.failure).for_each(|op| of(op, keys));
            }
            RequestOp::Range(_) | RequestOp::DeleteRange(_) => {}
        }
    }
    let mut keys = BTreeSet::new();
    for operation in operations {
        match &*operation.request {
            Request::Put(put) => drop(keys.insert(&put.key)),
            Request::Txn(txn) => {
                txn.success.iter().chain(&txn.failure).for_each(|op| of(op, &mut keys));
            }
            _ => {}
        }
    }
    keys
}

/// For each operation, the highest revision that anybody had been told of when it was called, and
/// by which call. (Serializable answers count, and watchers: what they show has been committed.)
fn floors(operations: &[Operation]) -> Vec<(i64, CallId)> {
    let mut returns: Vec<(u64, i64, CallId)> = Vec::new();
    for operation in operations {
        let told = operation.told.iter().map(|(at, response)| (*at, response.revision.0));
        let answer = operation.answer().map(|(at, response)| (at, response.revision().0));
        returns.extend(told.chain(answer).map(|(at, revision)| (at, revision, operation.call)));
    }
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

/// Whether its answer may not be older than what was told before it was called.
fn is_linearizable(request: &Request) -> bool {
    match request {
        Request::Range { consistency, .. } => *consistency == Consistency::Linearizable,
        Request::Put(_) | Request::DeleteRange(_) | Request::Txn(_) | Request::Compact(_) => true,
        Request::Lease(LeaseRequest::Grant(_) | LeaseRequest::Revoke(_)) => true,
        Request::Maintenance(MaintenanceRequest::Alarms | MaintenanceRequest::Disarm(_)) => true,
        Request::Lease(_)
        | Request::Maintenance(_)
        | Request::Watch { .. }
        | Request::Member(_) => false,
    }
}

/// Whether revisions follow real time.
fn real_time(operations: &[Operation], floors: &[(i64, CallId)]) -> Verdict {
    for (operation, (told, earlier)) in operations.iter().zip(floors) {
        let Some((_, response)) = operation.answer() else { continue };
        let revision = response.revision().0;
        let writes = !effects::changes(&operation.request, response).is_empty();
        let least = if writes { told + 1 } else { *told };
        if is_linearizable(&operation.request) && revision < least {
            let call = operation.call;
            return misfit(
                &[*earlier, call],
                format!(
                    "call {call} was answered with revision {revision}, but began after call \
                     {earlier} had been answered with revision {told}"
                ),
            );
        }
    }
    Ok(())
}

/// Whether what was compacted stays so: it is neither read nor compacted again.
fn compactions(operations: &[Operation]) -> Verdict {
    // When each was known to be done, and how far it went.
    let mut done: Vec<(u64, i64, CallId)> = Vec::new();
    for operation in operations {
        if let (Request::Compact(at), Some((returned, response))) =
            (&*operation.request, operation.answer())
        {
            if *at > response.revision() {
                let call = operation.call;
                return misfit(&[call], format!("call {call} compacted what had not happened"));
            }
            done.push((returned, at.0, operation.call));
        }
    }
    for operation in operations {
        let Some(oldest) = oldest_read(operation) else { continue };
        let before = done.iter().filter(|(at, ..)| *at < operation.called);
        let Some((_, compacted, by)) = before.max_by_key(|(_, compacted, _)| *compacted) else {
            continue;
        };
        if oldest < *compacted {
            let call = operation.call;
            return misfit(
                &[*by, call],
                format!(
                    "call {call} was answered from revision {oldest}, but call {by} had compacted \
                     {compacted} before it began"
                ),
            );
        }
    }
    Ok(())
}

/// The oldest revision that a linearizable answer takes to be there; none if it asks for none.
fn oldest_read(operation: &Operation) -> Option<i64> {
    let (_, response) = operation.answer()?;
    match (&*operation.request, response) {
        (Request::Range { range, consistency: Consistency::Linearizable }, _) => {
            (range.revision.0 > 0).then_some(range.revision.0)
        }
        // The revision that was compacted before cannot be compacted again.
        (Request::Compact(at), _) => Some(at.0 - 1),
        (Request::Txn(txn), Response::Txn(response)) => oldest_in(txn, response),
        _ => None,
    }
}

fn oldest_in(txn: &TxnRequest, response: &TxnResponse) -> Option<i64> {
    let of = |(op, response): (&RequestOp, &ResponseOp)| match (op, response) {
        (RequestOp::Range(range), _) => (range.revision.0 > 0).then_some(range.revision.0),
        (RequestOp::Txn(txn), ResponseOp::Txn(response)) => oldest_in(txn, response),
        _ => None,
    };
    chosen(txn, response).filter_map(of).min()
}

/// Leases that a client has ended, and the state from which on they have no keys.
fn revoked(operations: &[Operation], authors: &Authors<'_>) -> Vec<(LeaseId, i64, CallId)> {
    let mut ended = Vec::new();
    for operation in operations {
        if let (
            Request::Lease(LeaseRequest::Revoke(id)),
            Some((_, Response::Lease(LeaseResponse::Revoked(revision)))),
        ) = (&*operation.request, operation.answer())
            && authors.is_granted_once(*id)
        {
            ended.push((*id, revision.0, operation.call));
        }
    }
    ended
}

/// All that is known, to judge answers by.
struct Known<'a> {
    facts: &'a Facts,
    operations: &'a [Operation],
    authors: &'a Authors<'a>,
    /// Leases that have no keys from this state on, and the call that tells so.
    ended: Vec<(LeaseId, i64, CallId)>,
}

impl Known<'_> {
    /// The last known change of a key that is not after this revision.
    fn last(&self, key: &Bytes, revision: i64) -> Option<(i64, &Fact, &Change)> {
        let mut before = self.facts.changes.range(..=revision).rev();
        before.find_map(|(at, fact)| {
            let change = fact.changes.iter().find(|change| change.concerns(key))?;
            Some((*at, fact, change))
        })
    }

    /// Whether a key looked as the last change before left it.
    fn judge(&self, sight: &Sight<'_>) -> Verdict {
        let last = self.last(&sight.key, sight.revision);
        let after = last.map_or(1, |(revision, ..)| revision);
        let was_put = last.is_some_and(|(.., change)| matches!(change, Change::Put { .. }));
        let fits = match &sight.seen {
            // `learn` has made a fact of it: only a later change can contradict.
            Seen::There(kv, _) => {
                self.has_its_lease(sight, kv)?;
                after == kv.mod_revision.0 && self.lived_on(sight, kv)
            }
            Seen::Somehow => was_put || self.may_have(sight, after, Wanted::Put),
            Seen::Absent => !was_put || self.may_have(sight, after, Wanted::Delete),
            Seen::Deleted => return self.was_there(sight),
        };
        if fits {
            return Ok(());
        }
        self.explain(sight, last.map(|(at, fact, _)| (at, fact)))
    }

    /// Whether a key that a watcher saw deleted can have been there.
    fn was_there(&self, sight: &Sight<'_>) -> Verdict {
        let (call, returned, revision) = (sight.call, sight.returned, sight.revision - 1);
        let (key, seen) = (sight.key.clone(), Seen::Somehow);
        self.judge(&Sight { call, returned, revision, key, seen })
    }

    fn explain(&self, sight: &Sight<'_>, last: Option<(i64, &Fact)>) -> Verdict {
        let Sight { call, revision, key, .. } = sight;
        let saw = match &sight.seen {
            Seen::There(kv, _) => format!("as revision {} left it", kv.mod_revision),
            Seen::Somehow | Seen::Deleted => "there".to_owned(),
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

    /// Whether the lease that a pair hangs on had not ended.
    fn has_its_lease(&self, sight: &Sight<'_>, kv: &KeyValue) -> Verdict {
        let ended = self.ended.iter().find(|(id, at, _)| *id == kv.lease && *at <= sight.revision);
        let Some((id, at, by)) = ended else { return Ok(()) };
        let (call, key, revision) = (sight.call, &sight.key, sight.revision);
        misfit(
            &[*by, call],
            format!(
                "call {call} found {key:?} at revision {revision} on lease {id}, which had ended at \
                 revision {at} (call {by})"
            ),
        )
    }

    /// Whether a key can have lived from its creation to its last change.
    fn lived_on(&self, sight: &Sight<'_>, kv: &KeyValue) -> bool {
        let life = self.facts.changes.range(kv.create_revision.0..=kv.mod_revision.0);
        let mut puts = 0;
        for change in life.flat_map(|(_, fact)| &fact.changes) {
            match change {
                Change::Put { key, .. } if *key == sight.key => puts += 1,
                Change::Delete { .. } if change.concerns(&sight.key) => return false,
                Change::Put { .. } | Change::Delete { .. } => {}
            }
        }
        puts <= kv.version
    }

    /// Whether a write of unknown outcome, or the end of a lease, can have changed the key after this
    /// revision and before the sight.
    fn may_have(&self, sight: &Sight<'_>, after: i64, wanted: Wanted) -> bool {
        if after >= sight.revision {
            return false;
        }
        // Of a revision that was only seen it is not known what else happened there.
        let closed = self.facts.changes.range(after + 1..=sight.revision);
        let closed = closed.filter(|(_, fact)| fact.acknowledged || !self.authors.do_much);
        let is_room = sight.revision - after > closed.count() as i64;
        is_room && (self.write_may(sight, wanted) || self.lease_may(sight, wanted))
    }

    fn write_may(&self, sight: &Sight<'_>, wanted: Wanted) -> bool {
        let does = |change: &Change| match change {
            Change::Put { .. } => wanted == Wanted::Put && change.concerns(&sight.key),
            Change::Delete { .. } => wanted == Wanted::Delete && change.concerns(&sight.key),
        };
        self.operations.iter().any(|operation| {
            operation.end == End::Unknown
                && operation.called < sight.returned
                && effects::ways(&operation.request).iter().flatten().any(does)
        })
    }

    fn lease_may(&self, sight: &Sight<'_>, wanted: Wanted) -> bool {
        let lease = match self.last(&sight.key, sight.revision) {
            Some((.., Change::Put { lease, .. })) => *lease,
            Some((.., Change::Delete { .. })) | None => return false,
        };
        wanted == Wanted::Delete && self.authors.may_end(lease, sight.returned)
    }

    /// Whether conditions held, or did not, as far as the state is known that they were about.
    fn judge_compares(&self, judged: &Judged<'_>) -> Verdict {
        let held = |compare: &Compare| self.holds(compare, judged);
        let known: Vec<Option<bool>> = judged.compares.iter().map(held).collect();
        let broken = if judged.held {
            known.contains(&Some(false))
        } else {
            known.iter().all(|held| *held == Some(true))
        };
        if !broken {
            return Ok(());
        }
        let (call, revision) = (judged.call, judged.revision);
        let did = if judged.held { "held" } else { "did not hold" };
        misfit(
            &[call],
            format!("call {call}: its compares {did}, which does not fit to revision {revision}"),
        )
    }

    /// Whether a condition on one key held; none if that is not known.
    fn holds(&self, compare: &Compare, judged: &Judged<'_>) -> Option<bool> {
        if compare.range_end.is_some() {
            return None;
        }
        let (call, returned, revision) = (judged.call, judged.returned, judged.revision);
        let (key, seen) = (compare.key.clone(), Seen::Absent);
        let sight = Sight { call, returned, revision, key, seen };
        let last = self.last(&compare.key, revision);
        let after = last.map_or(1, |(at, ..)| at);
        let is_sure = [Wanted::Put, Wanted::Delete];
        if is_sure.into_iter().any(|wanted| self.may_have(&sight, after, wanted)) {
            return None;
        }
        let order = match (last, &compare.target) {
            (Some((at, _, Change::Put { value, lease, .. })), target) => match target {
                CompareTarget::Mod(number) => at.cmp(&number.0),
                CompareTarget::Value(wanted) => value.as_ref()?.cmp(wanted),
                CompareTarget::Lease(wanted) => (*lease)?.cmp(wanted),
                // It was put once at least, and not before the first revision.
                CompareTarget::Version(number) if *number < 1 => 1.cmp(number),
                CompareTarget::Create(number) if number.0 < 2 => 2.cmp(&number.0),
                CompareTarget::Create(number) if number.0 > at => at.cmp(&number.0),
                CompareTarget::Version(_) | CompareTarget::Create(_) => return None,
            },
            // Nothing compares as zeros; but no value is like none.
            (_, CompareTarget::Value(_)) => return Some(false),
            (_, CompareTarget::Version(number)) => 0.cmp(number),
            (_, CompareTarget::Create(number) | CompareTarget::Mod(number)) => 0.cmp(&number.0),
            (_, CompareTarget::Lease(number)) => 0.cmp(&number.0),
        };
        Some(match compare.result {
            CompareResult::Equal => order.is_eq(),
            CompareResult::NotEqual => order.is_ne(),
            CompareResult::Greater => order.is_gt(),
            CompareResult::Less => order.is_lt(),
        })
    }
}

/// What a write of unknown outcome would have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Put,
    Delete,
}
