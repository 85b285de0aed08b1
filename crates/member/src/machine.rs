//! The replicated state machine: what every member computes alike from the same log.

use kv_core::{Error, Mutant, Store, hash_of_words};
use raft_core::{Data, Entry, NodeId};
use serde::{Deserialize, Serialize};

use crate::api::{Response, ServerError};
use crate::leases::LeaseResponse;
use crate::maintenance::MaintenanceResponse;
use crate::members::{MemberChange, Members, MembersResponse};
use crate::proposal::{Command, Proposal, ProposalId};

/// How far apart two waiting proposals of one start may be. A duplicate that is older than this
/// is refused without a look; a first copy that is this late is given up by its client long since.
const WINDOW: u64 = 4096;

/// The store, the members, and the memory of which proposals it has seen. A snapshot holds it all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) store: Store,
    pub(crate) members: Members,
    /// Whose files are full, in the order of their alarms.
    pub(crate) alarms: Vec<NodeId>,
    seen: Seen,
    /// A hash of the places of all entries applied so far, in order.
    applied: u64,
}

impl Machine {
    /// The state before the first entry of a cluster of these voters.
    pub(crate) fn first(voters: impl IntoIterator<Item = NodeId>) -> Machine {
        let members = Members::first(voters);
        Machine {
            store: Store::default(),
            members,
            alarms: Vec::new(),
            seen: Seen::default(),
            applied: 0,
        }
    }

    /// Notes that this entry is applied, whatever it carries.
    pub(crate) fn note(&mut self, entry: &Entry) {
        self.applied = hash_of_words(&[self.applied, entry.index.0, entry.term.0]);
    }

    /// A digest of the state: equal on members that have applied the same entries in the same order
    /// and hold the same keys and members, different, all but certainly, on others.
    pub(crate) fn digest(&self) -> u64 {
        let alarms = self.alarms.iter().fold(0, |hash, node| hash * 256 + u64::from(node.0));
        hash_of_words(&[self.store.hash(), self.members.hash(), self.applied, alarms])
    }

    /// Applies a proposal; `None` if it has been applied before.
    pub(crate) fn apply(&mut self, proposal: &Proposal) -> Option<Result<Response, ServerError>> {
        if !self.seen.is_new(proposal.id) && !Mutant::AppliesTwice.is_on() {
            return None;
        }
        Some(self.change(&proposal.command))
    }

    fn change(&mut self, command: &Command) -> Result<Response, ServerError> {
        if !self.alarms.is_empty() && needs_room(command) {
            return Err(ServerError::Store(Error::NoSpace));
        }
        let store = &mut self.store;
        Ok(match command {
            Command::Put(request) => Response::Put(store.put(request)?),
            Command::DeleteRange(request) => Response::DeleteRange(store.delete_range(request)?),
            Command::Txn(request) => Response::Txn(store.txn(request)?),
            Command::Compact(revision) => {
                store.compact(*revision)?;
                Response::Compact(store.revision())
            }
            Command::LeaseGrant(request) => {
                let granted = store.lease_grant(*request, 0)?;
                Response::Lease(LeaseResponse::Granted(granted))
            }
            Command::LeaseRevoke(id) => {
                let revoked = store.lease_revoke(*id)?;
                Response::Lease(LeaseResponse::Revoked(revoked.revision))
            }
            Command::Member(change) => return self.change_members(*change),
            Command::Alarm(node) => {
                if !self.alarms.contains(node) {
                    self.alarms.push(*node);
                }
                // Who waits for it wanted to write.
                return Err(ServerError::Store(Error::NoSpace));
            }
            Command::Disarm(node) => {
                let raised = self.alarms.contains(node);
                self.alarms.retain(|other| other != node);
                self.alarms_are(if raised { vec![*node] } else { Vec::new() })
            }
            Command::Alarms => self.alarms_are(self.alarms.clone()),
        })
    }

    fn alarms_are(&self, raised_by: Vec<NodeId>) -> Response {
        let revision = self.store.revision();
        Response::Maintenance(MaintenanceResponse::Alarms { revision, raised_by })
    }

    fn change_members(&mut self, change: MemberChange) -> Result<Response, ServerError> {
        self.members.check(change)?;
        self.members.make(change);
        let members = self.members.list().to_vec();
        let added = match change {
            MemberChange::Add(node, _) => members.iter().find(|it| it.node == node).copied(),
            MemberChange::Promote(_)
            | MemberChange::Remove(_)
            | MemberChange::Publish(_)
            | MemberChange::Update(_) => None,
        };
        Ok(Response::Members(MembersResponse { members, added }))
    }

    /// The whole state as bytes, for a snapshot.
    pub(crate) fn save(&self) -> Data {
        let bytes = postcard::to_allocvec(self);
        Data::from(bytes.expect("in-memory encoding of lists of known length does not fail"))
    }

    /// The state that a snapshot holds.
    pub(crate) fn load(data: &Data) -> Machine {
        postcard::from_bytes(data.as_slice()).expect("a snapshot is what `save` has made")
    }
}

/// Whether it is refused while an alarm for a full file is raised (etcd `applierV3Capped`).
fn needs_room(command: &Command) -> bool {
    match command {
        Command::Put(_) | Command::LeaseGrant(_) => true,
        Command::Txn(request) => request.cost() > 0,
        Command::DeleteRange(_)
        | Command::Compact(_)
        | Command::LeaseRevoke(_)
        | Command::Member(_)
        | Command::Alarm(_)
        | Command::Disarm(_)
        | Command::Alarms => false,
    }
}

/// Which proposals have been applied, so that none is twice.
///
/// A proposal that is passed on to the leader is a message, and messages may be doubled on their
/// way: then it stands in the log twice. etcd is spared that by its connections; here, the second
/// copy has no effect. As part of the state machine the memory is the same on all members and
/// outlives restarts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// In the order in which their first proposals were applied, which is the same everywhere.
    starts: Vec<Start>,
}

/// One start of one node, and what was applied of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Start {
    node: NodeId,
    start: u64,
    window: Window,
}

/// The counts of one start that have been applied: all below `below`, and those in `beyond`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Window {
    below: u64,
    /// Ascending.
    beyond: Vec<u64>,
}

impl Seen {
    /// Notes a proposal; false if it was noted before.
    fn is_new(&mut self, id: ProposalId) -> bool {
        let is_its = |start: &Start| start.node == id.node && start.start == id.start;
        // From the end: nodes that still run are those that started last.
        if let Some(place) = self.starts.iter().rposition(is_its) {
            return self.starts[place].window.is_new(id.count);
        }
        let mut window = Window::default();
        let is_new = window.is_new(id.count);
        self.starts.push(Start { node: id.node, start: id.start, window });
        is_new
    }
}

impl Window {
    fn is_new(&mut self, count: u64) -> bool {
        // The usual case, apart because it needs no set: everything comes once and in order.
        if count == self.below && self.beyond.is_empty() {
            self.below += 1;
            return true;
        }
        let Err(place) = self.beyond.binary_search(&count) else { return false };
        if count < self.below {
            return false;
        }
        self.beyond.insert(place, count);
        // Proposals that got lost leave holes. A hole is closed when the window has moved on.
        let newest = self.beyond.last().copied().unwrap_or(count);
        let floor = newest.saturating_sub(WINDOW);
        let mut closed = 0;
        while self.beyond.get(closed).is_some_and(|&oldest| oldest <= self.below.max(floor)) {
            self.below = self.below.max(self.beyond[closed] + 1);
            closed += 1;
        }
        self.beyond.drain(..closed);
        self.below = self.below.max(floor);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kv_core::PutRequest;
    use raft_core::{Index, Payload, Term};

    use super::*;

    /// A machine that has applied puts of these keys, one entry each.
    fn machine(keys: &[&str]) -> Machine {
        let mut machine = Machine::first([NodeId(1)]);
        for (count, key) in (0..).zip(keys) {
            let index = Index(count + 1);
            machine.note(&Entry { term: Term(1), index, payload: Payload::Empty });
            let id = ProposalId { node: NodeId(1), start: 1, count };
            let command = Command::Put(PutRequest::new(*key, "value"));
            machine.apply(&Proposal { id, command });
        }
        machine
    }

    #[test]
    fn a_digest_tells_states_apart() {
        // Proves that it depends on what was applied, in which order, and on entries that change
        // nothing; that it is the same for equals, and comes through a snapshot.
        let one = machine(&["a", "b"]);
        assert_eq!(one.digest(), machine(&["a", "b"]).digest());
        for other in [&["b", "a"] as &[&str], &["a"], &["a", "b", "c"], &[]] {
            assert_ne!(one.digest(), machine(other).digest(), "{other:?}");
        }
        let mut noted = one.clone();
        noted.note(&Entry { term: Term(2), index: Index(3), payload: Payload::Empty });
        assert_ne!(one.digest(), noted.digest());
        let mut skipped = one.clone();
        skipped.store.put(&PutRequest::new("c", "value")).ok();
        assert_ne!(
            one.digest(),
            skipped.digest(),
            "what is held counts, not only what was applied"
        );
        assert_eq!(Machine::load(&noted.save()).digest(), noted.digest());
    }

    #[test]
    fn each_count_is_new_once() {
        // Proves the window against a plain set, for counts that come out of order and doubled.
        let (mut window, mut model) = (Window::default(), BTreeSet::new());
        let mut word: u64 = 1;
        for step in 0..20_000_u64 {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let count = step / 2 + (word >> 33) % 50;
            assert_eq!(window.is_new(count), model.insert(count), "{count} at {step}");
        }
        for count in 0..10_050 {
            window.is_new(count);
        }
        assert!(window.beyond.is_empty(), "without holes there is nothing to remember");
    }

    #[test]
    fn lost_proposals_do_not_cost_memory_for_ever() {
        // Proves that holes are closed after a while, and that nothing becomes new again then.
        let mut window = Window::default();
        for count in (0..100_000).step_by(2) {
            assert!(window.is_new(count));
            assert!(!window.is_new(count));
        }
        assert!(window.beyond.len() as u64 <= WINDOW);
        assert!(!window.is_new(0));
        assert!(!window.is_new(1), "too late to be let in");
        assert!(window.is_new(99_999));
    }
}
