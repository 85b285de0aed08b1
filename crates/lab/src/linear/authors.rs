//! Who can have made the changes that were seen, but that nobody was told to have made: each of them
//! stems from a call of unknown outcome, or from a lease that has ended.

use std::collections::BTreeMap;

use sim::CallId;
use sim::member::kv_core::{Bytes, LeaseId};
use sim::member::{LeaseRequest, LeaseResponse, Request, Response};

use super::effects::{Change, ways};
use super::revisions::misfit;
use super::{End, Misfit, Operation};

/// What surely happened at a revision, and who told of it.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) changes: Vec<Change>,
    pub(super) call: CallId,
    /// Whether the write itself was acknowledged: then `changes` are all. Else only effects were seen.
    pub(super) acknowledged: bool,
    /// When it was first known.
    pub(super) known_at: u64,
}

impl Fact {
    /// Takes note of what was seen of a key; false if that cannot be.
    pub(super) fn takes(&mut self, seen: Change, key: &Bytes) -> bool {
        let Some(known) = self.changes.iter_mut().find(|change| change.concerns(key)) else {
            if !self.acknowledged {
                self.changes.push(seen);
            }
            return !self.acknowledged;
        };
        if !known.explains(&seen) {
            return false;
        }
        if let (
            Change::Put { value, lease, .. },
            Change::Put { value: seen_value, lease: seen_lease, .. },
        ) = (known, seen)
        {
            *value = value.take().or(seen_value);
            *lease = lease.or(seen_lease);
        }
        true
    }
}

/// Whoever may have changed something without being told so.
struct Author {
    /// When it began; what it does is known later.
    called: u64,
    /// What it does comes after this revision.
    floor: i64,
    does: Does,
}

enum Does {
    /// All of one of these.
    Ways(Vec<Vec<Change>>),
    /// It deletes the keys of a lease. The client that asked for one may not know its name.
    EndLease(Option<LeaseId>),
}

/// All of them.
pub(super) struct Authors<'a> {
    authors: Vec<Author>,
    operations: &'a [Operation],
    /// Whether any of them may change several keys at once.
    pub(super) do_much: bool,
}

impl<'a> Authors<'a> {
    pub(super) fn new(operations: &'a [Operation], floors: &[(i64, CallId)]) -> Authors<'a> {
        let mut authors = Vec::new();
        for (operation, (floor, _)) in operations.iter().zip(floors) {
            let (called, floor) = (operation.called, *floor);
            if operation.is_write() && operation.end == End::Unknown {
                let does = Does::Ways(ways(&operation.request));
                authors.push(Author { called, floor, does });
            }
            if let Some(id) = granted(operation) {
                authors.push(Author { called, floor, does: Does::EndLease(id) });
            }
        }
        let does_much = |author: &Author| match &author.does {
            Does::EndLease(_) => true,
            Does::Ways(ways) => ways.iter().any(|way| way.len() > 1),
        };
        let do_much = authors.iter().any(does_much);
        Authors { authors, operations, do_much }
    }

    /// How many leases were granted, or may have been.
    pub(super) fn leases(&self) -> usize {
        self.authors.iter().filter(|it| matches!(it.does, Does::EndLease(_))).count()
    }

    /// Whether a lease may have ended by then. None: it is not known which one it is.
    pub(super) fn may_end(&self, lease: Option<LeaseId>, by: u64) -> bool {
        self.authors.iter().any(|author| match author.does {
            Does::EndLease(id) => {
                author.called < by
                    && lease.is_none_or(|lease| {
                        lease != LeaseId::NONE && id.is_none_or(|id| id == lease)
                    })
            }
            Does::Ways(_) => false,
        })
    }

    /// Whether there was one lease of this name, and no other.
    pub(super) fn is_granted_once(&self, lease: LeaseId) -> bool {
        let of = |operation: &&Operation| granted(operation) == Some(Some(lease));
        self.operations.iter().filter(of).count() == 1
    }

    /// Finds for each change that was seen, and not acknowledged, somebody of its own who can have made
    /// it (augmenting paths in a bipartite graph). Gives the leases that must have ended, as nobody else
    /// can have made what was seen.
    pub(super) fn explain(
        &self,
        facts: &BTreeMap<i64, Fact>,
    ) -> Result<Vec<(LeaseId, i64, CallId)>, Misfit> {
        let mut matching = Matching { owners: vec![None; self.authors.len()], seen: Vec::new() };
        let mut ended = Vec::new();
        for (revision, fact) in facts.iter().filter(|(_, fact)| !fact.acknowledged) {
            let can = |author: &Author| {
                author.called < fact.known_at
                    && author.floor < *revision
                    && author.can_have_made(fact, *revision, facts)
            };
            let places = 0..self.authors.len();
            let candidates: Vec<usize> = places.filter(|it| can(&self.authors[*it])).collect();
            if let [only] = candidates[..]
                && let Does::EndLease(Some(id)) = self.authors[only].does
            {
                ended.push((id, *revision, fact.call));
            }
            matching.seen.push(candidates);
            let mut tried = vec![false; self.authors.len()];
            if !matching.find(matching.seen.len() - 1, &mut tried) {
                let call = fact.call;
                let change = fact.changes.first().map_or_else(String::new, ToString::to_string);
                let kind = match fact.changes.first() {
                    Some(Change::Put { .. }) => "put",
                    _ => "deletion",
                };
                misfit(
                    &[call],
                    format!(
                        "call {call} saw {change} at revision {revision}, but no {kind} can have \
                         done that"
                    ),
                )?;
            }
        }
        Ok(ended)
    }
}

/// A lease that was granted, or may have been: its name, if that is known.
fn granted(operation: &Operation) -> Option<Option<LeaseId>> {
    let Request::Lease(LeaseRequest::Grant(asked)) = &*operation.request else { return None };
    match (&operation.end, asked.id) {
        (End::Failed, _) => None,
        (End::Answered { response: Response::Lease(LeaseResponse::Granted(it)), .. }, _) => {
            Some(Some(it.id))
        }
        (_, LeaseId::NONE) => Some(None),
        (_, id) => Some(Some(id)),
    }
}

impl Author {
    fn can_have_made(&self, fact: &Fact, revision: i64, facts: &BTreeMap<i64, Fact>) -> bool {
        match &self.does {
            Does::Ways(ways) => ways.iter().any(|way| {
                let is_its = |seen: &Change| way.iter().any(|change| change.explains(seen));
                fact.changes.iter().all(is_its)
            }),
            Does::EndLease(id) => fact.changes.iter().all(|seen| match seen {
                Change::Put { .. } => false,
                Change::Delete { key, .. } => hung_on(*id, key, revision, facts),
            }),
        }
    }
}

/// Whether a key may have hung on that lease, as far as is known.
fn hung_on(id: Option<LeaseId>, key: &Bytes, revision: i64, facts: &BTreeMap<i64, Fact>) -> bool {
    let before = facts.range(..revision).rev();
    let last = before.flat_map(|(_, fact)| &fact.changes).find(|change| change.concerns(key));
    match last {
        Some(Change::Put { lease: Some(lease), .. }) => {
            *lease != LeaseId::NONE && id.is_none_or(|id| id == *lease)
        }
        // It may have been put meanwhile.
        Some(Change::Put { lease: None, .. } | Change::Delete { .. }) | None => true,
    }
}

/// Who made what.
struct Matching {
    /// Of each author what it made.
    owners: Vec<Option<usize>>,
    /// Of each change that was seen, who can have made it.
    seen: Vec<Vec<usize>>,
}

impl Matching {
    fn find(&mut self, seen: usize, tried: &mut [bool]) -> bool {
        for place in 0..self.seen[seen].len() {
            let author = self.seen[seen][place];
            if std::mem::replace(&mut tried[author], true) {
                continue;
            }
            let is_free = match self.owners[author] {
                None => true,
                Some(other) => self.find(other, tried),
            };
            if is_free {
                self.owners[author] = Some(seen);
                return true;
            }
        }
        false
    }
}
