//! Who belongs to the cluster: the replicated list of members, and when it may change.
//!
//! The list is part of the state machine, as etcd's is; Raft's configuration says the same in fewer
//! words and changes at the same entry. What a change must look like is judged when it is applied,
//! by everybody alike ([`Members::check`]). Whether it is wise is judged before it is proposed, by
//! the server that is asked ([`Members::check_wise`]): no change may leave the cluster without a
//! quorum of members that were ever started.

use kv_core::hash_of_words;
use raft_core::{Change, ConfigChange, Data, NodeId};
use serde::{Deserialize, Serialize};

use crate::api::{Micros, ServerError};

/// How many learners a cluster may have (etcd `maxLearners`).
const LEARNERS_MAX: usize = 1;

/// A member's id, as etcd's clients name it. Real ones are hashes of peer addresses and the time;
/// here a node has one id for ever, and is not added again once it was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberId(pub u64);

impl MemberId {
    /// The id of a node: odd multiplier (2^64 / golden ratio), so that ids are distinct and long as
    /// real ones are.
    pub fn of(node: NodeId) -> MemberId {
        MemberId(u64::from(node.0).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The node that has this id, if any has.
    pub fn node(self) -> Option<NodeId> {
        (1..=u8::MAX).map(NodeId).find(|node| MemberId::of(*node) == self)
    }
}

/// Whether a member votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Seat {
    /// It does.
    Voter,
    /// It receives the log and has no vote (thesis §4.2.1).
    Learner,
}

/// One member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// Which node it is.
    pub node: NodeId,
    /// Whether it votes.
    pub seat: Seat,
    /// Whether it was ever started: only then it has told its name.
    pub started: bool,
}

/// What a client asks of the list of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberRequest {
    /// Add a node, which is started afterwards.
    Add(NodeId, Seat),
    /// Remove a member, for ever.
    Remove(MemberId),
    /// Let a learner vote.
    Promote(MemberId),
    /// Tell a member's address anew. A node has one for ever, so that nothing changes.
    Update(MemberId),
    /// Tell who belongs to the cluster; as fresh as a linearizable read.
    List,
}

/// The answer to all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersResponse {
    /// All members, in the order of their ids.
    pub members: Vec<MemberRecord>,
    /// The one that was added.
    pub added: Option<MemberRecord>,
}

/// A change of the list of members, as it stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberChange {
    /// A node belongs to it from now on.
    Add(NodeId, Seat),
    /// A learner votes from now on.
    Promote(NodeId),
    /// A member does not belong to it any more, and never will again.
    Remove(NodeId),
    /// A member that was added has started and tells its name (etcd `ClusterMemberAttrSet`).
    Publish(NodeId),
    /// A member's address is told anew (etcd `ConfChangeUpdateNode`).
    Update(NodeId),
}

impl MemberChange {
    /// The same as a change of Raft's configuration, if it is one. The encoded proposal goes along.
    pub(crate) fn to_raft(self, proposal: Data) -> Option<ConfigChange> {
        let change = match self {
            MemberChange::Add(node, Seat::Voter) | MemberChange::Promote(node) => {
                Change::AddVoter(node)
            }
            MemberChange::Add(node, Seat::Learner) => Change::AddLearner(node),
            MemberChange::Remove(node) => Change::Remove(node),
            MemberChange::Publish(_) | MemberChange::Update(_) => return None,
        };
        Some(ConfigChange { changes: vec![change], context: proposal, ..ConfigChange::default() })
    }
}

/// The list of members. Nodes that were removed are remembered: they never come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Members {
    /// In the order of their ids.
    list: Vec<MemberRecord>,
    removed: Vec<NodeId>,
}

impl Members {
    /// The members of a cluster that starts for the first time.
    pub(crate) fn first(voters: impl IntoIterator<Item = NodeId>) -> Members {
        let record = |node| MemberRecord { node, seat: Seat::Voter, started: true };
        let mut list: Vec<MemberRecord> = voters.into_iter().map(record).collect();
        list.sort_unstable_by_key(|member| MemberId::of(member.node));
        Members { list, removed: Vec::new() }
    }

    /// A hash of all that it holds, the same on every machine.
    pub(crate) fn hash(&self) -> u64 {
        let member = |it: &MemberRecord| {
            let seat = match it.seat {
                Seat::Voter => 0,
                Seat::Learner => 1,
            };
            (u64::from(it.node.0) << 8) | (seat << 1) | u64::from(it.started)
        };
        let removed = self.removed.iter().map(|node| (u64::from(node.0) << 8) | 4);
        let words = self.list.iter().map(member).chain(removed);
        words.fold(0, |hash, word| hash_of_words(&[hash, word]))
    }

    pub(crate) fn list(&self) -> &[MemberRecord] {
        &self.list
    }

    /// How many there have been: a file keeps those that were removed, too.
    pub(crate) fn ever(&self) -> usize {
        self.list.len() + self.removed.len()
    }

    pub(crate) fn is_removed(&self, node: NodeId) -> bool {
        self.removed.contains(&node)
    }

    fn find(&self, node: NodeId) -> Option<&MemberRecord> {
        self.list.iter().find(|member| member.node == node)
    }

    fn voters(&self) -> impl Iterator<Item = &MemberRecord> {
        self.list.iter().filter(|member| member.seat == Seat::Voter)
    }

    /// Whether a change makes sense (etcd `ValidateConfigurationChange`).
    pub(crate) fn check(&self, change: MemberChange) -> Result<(), ServerError> {
        let (MemberChange::Add(node, _)
        | MemberChange::Promote(node)
        | MemberChange::Remove(node)
        | MemberChange::Publish(node)
        | MemberChange::Update(node)) = change;
        let member = self.find(node);
        if self.is_removed(node) {
            return Err(ServerError::MemberNotFound);
        }
        match (change, member) {
            // A node has one address for ever, so that what etcd says of addresses is said here.
            (MemberChange::Add(..), Some(_)) => Err(ServerError::PeerUrlExists),
            (MemberChange::Add(_, Seat::Learner), None) => {
                let learners = self.list.len() - self.voters().count();
                if learners < LEARNERS_MAX { Ok(()) } else { Err(ServerError::TooManyLearners) }
            }
            (MemberChange::Add(_, Seat::Voter), None) => Ok(()),
            (MemberChange::Promote(_), Some(MemberRecord { seat: Seat::Voter, .. })) => {
                Err(ServerError::MemberNotLearner)
            }
            // Nobody would be left to decide anything (etcd's raft panics).
            (MemberChange::Remove(_), Some(MemberRecord { seat: Seat::Voter, .. }))
                if self.voters().count() == 1 =>
            {
                Err(ServerError::NotReady)
            }
            (_, None) => Err(ServerError::MemberNotFound),
            (_, Some(_)) => Ok(()),
        }
    }

    /// Takes a change that makes sense.
    pub(crate) fn make(&mut self, change: MemberChange) {
        match change {
            MemberChange::Add(node, seat) => {
                let record = MemberRecord { node, seat, started: false };
                let id = MemberId::of(node);
                let place = self.list.partition_point(|other| MemberId::of(other.node) < id);
                self.list.insert(place, record);
            }
            MemberChange::Remove(node) => {
                self.list.retain(|member| member.node != node);
                self.removed.push(node);
            }
            MemberChange::Promote(node) => self.change(node, |member| member.seat = Seat::Voter),
            MemberChange::Publish(node) => self.change(node, |member| member.started = true),
            MemberChange::Update(_) => {}
        }
    }

    fn change(&mut self, node: NodeId, change: impl FnOnce(&mut MemberRecord)) {
        if let Some(member) = self.list.iter_mut().find(|member| member.node == node) {
            change(member);
        }
    }

    /// Whether a change leaves a quorum of members that were ever started, and is asked for in good
    /// health (etcd `--strict-reconfig-check`: `IsReadyToAddVotingMember` and its kin,
    /// `isConnectedFullySince`).
    pub(crate) fn check_wise(
        &self,
        change: MemberChange,
        health: impl Fn(NodeId) -> Health,
    ) -> Result<(), ServerError> {
        let voters = self.voters().count();
        let started = self.voters().filter(|member| member.started).count();
        match change {
            MemberChange::Add(_, seat) => {
                // A single server may get a second one: so a backup is grown into a cluster.
                let grows_from_one = (started, voters) == (1, 1);
                if seat == Seat::Voter && !grows_from_one {
                    check_ready(started, voters + 1)?;
                }
                let all_well = self.voters().all(|member| health(member.node) == Health::Well);
                if all_well { Ok(()) } else { Err(ServerError::UnhealthyCluster) }
            }
            // Who is promoted is in sync, and so was started.
            MemberChange::Promote(_) => check_ready(started + 1, voters + 1),
            MemberChange::Remove(node) => {
                let its = self.find(node).filter(|member| member.seat == Seat::Voter);
                let Some(leaves) = its else { return Ok(()) };
                check_ready(started - usize::from(leaves.started), voters - 1)?;
                // Who is not there is not missed.
                if health(node) == Health::Absent {
                    return Ok(());
                }
                let well = self.voters().filter(|member| health(member.node) == Health::Well);
                if well.count() > 1 + (voters - 1) / 2 {
                    Ok(())
                } else {
                    Err(ServerError::UnhealthyCluster)
                }
            }
            MemberChange::Publish(_) | MemberChange::Update(_) => Ok(()),
        }
    }
}

/// Whether those that were started are a quorum of so many voters.
fn check_ready(started: usize, voters: usize) -> Result<(), ServerError> {
    if started > voters / 2 { Ok(()) } else { Err(ServerError::NotReady) }
}

/// How another member looks from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// There is no connection to it.
    Absent,
    /// There is one, but not for long.
    Fresh,
    /// There has been one for [`HEALTH_INTERVAL`].
    Well,
}

/// How long members must have been connected to count as healthy (etcd `HealthInterval`).
const HEALTH_INTERVAL: Micros = Micros::from_secs(5);

/// Since when there is a connection to each other member, on this server's clock.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Connections {
    since: Vec<(NodeId, Micros)>,
}

impl Connections {
    /// A connection was made, or is still there.
    pub(crate) fn up(&mut self, node: NodeId, now: Micros) {
        if !self.since.iter().any(|(other, _)| *other == node) {
            self.since.push((node, now));
        }
    }

    /// A connection was lost, or was not there.
    pub(crate) fn down(&mut self, node: NodeId) {
        self.since.retain(|(other, _)| *other != node);
    }

    /// What is there at time 0 has always been there.
    pub(crate) fn health(&self, node: NodeId, now: Micros) -> Health {
        match self.since.iter().find(|(other, _)| *other == node) {
            None => Health::Absent,
            Some((_, since)) if *since == Micros(0) || *since + HEALTH_INTERVAL <= now => {
                Health::Well
            }
            Some(_) => Health::Fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N1: NodeId = NodeId(1);
    const N4: NodeId = NodeId(4);
    const N5: NodeId = NodeId(5);

    fn members(count: u8) -> Members {
        Members::first((1..=count).map(NodeId))
    }

    fn all_well(_: NodeId) -> Health {
        Health::Well
    }

    #[test]
    fn ids_are_those_of_nodes() {
        // Proves that ids and nodes name each other, and that other numbers name nobody.
        for node in 1..=u8::MAX {
            assert_eq!(MemberId::of(NodeId(node)).node(), Some(NodeId(node)));
        }
        assert_eq!(MemberId(0).node(), None);
        assert_eq!(MemberId(1234).node(), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        // Proves each answer of etcd's that does not depend on anybody's health.
        let mut list = members(3);
        let check = |list: &Members, change| list.check(change).err();
        let add = |node, seat| MemberChange::Add(node, seat);
        assert_eq!(check(&list, add(N1, Seat::Voter)), Some(ServerError::PeerUrlExists));
        assert_eq!(check(&list, MemberChange::Promote(N1)), Some(ServerError::MemberNotLearner));
        assert_eq!(check(&list, MemberChange::Promote(N4)), Some(ServerError::MemberNotFound));
        assert_eq!(check(&list, MemberChange::Remove(N4)), Some(ServerError::MemberNotFound));
        assert_eq!(check(&list, add(N4, Seat::Learner)), None);
        list.make(add(N4, Seat::Learner));
        assert_eq!(check(&list, add(N5, Seat::Learner)), Some(ServerError::TooManyLearners));
        assert_eq!(check(&list, add(N5, Seat::Voter)), None);
        assert_eq!(check(&list, MemberChange::Promote(N4)), None);
        list.make(MemberChange::Promote(N4));
        assert_eq!(check(&list, MemberChange::Promote(N4)), Some(ServerError::MemberNotLearner));
        assert!(list.list().iter().any(|member| member.node == N4 && !member.started));
        list.make(MemberChange::Publish(N4));
        assert!(list.list().iter().all(|member| member.started && member.seat == Seat::Voter));
        list.make(MemberChange::Remove(N4));
        assert_eq!(check(&list, add(N4, Seat::Voter)), Some(ServerError::MemberNotFound));
        assert_eq!(list, Members { removed: vec![N4], ..members(3) });
        assert!(list.list().is_sorted_by_key(|member| MemberId::of(member.node)));
    }

    #[test]
    fn a_change_leaves_a_quorum_of_started_members() {
        // Proves etcd's arithmetic: how many members may be added before one of them is started.
        let added = |voters: u8, unstarted: u8| {
            let mut list = members(voters);
            (1..=unstarted).for_each(|place| {
                list.make(MemberChange::Add(NodeId(voters + place), Seat::Voter))
            });
            let next = MemberChange::Add(NodeId(voters + unstarted + 1), Seat::Voter);
            list.check_wise(next, all_well).is_ok()
        };
        assert!(added(1, 0) && !added(1, 1));
        assert!(added(2, 0) && !added(2, 1));
        assert!(added(3, 0) && added(3, 1) && !added(3, 2));
        assert!(added(5, 3) && !added(5, 4));
        let remove = |list: &Members, node| list.check_wise(MemberChange::Remove(node), all_well);
        assert_eq!(remove(&members(1), N1), Err(ServerError::NotReady));
        assert_eq!(members(1).check(MemberChange::Remove(N1)), Err(ServerError::NotReady));
        assert_eq!(remove(&members(2), N1), Ok(()));
        let mut list = members(2);
        list.make(MemberChange::Add(N4, Seat::Voter));
        assert_eq!(remove(&list, N1), Err(ServerError::NotReady), "n2 and n4 would not decide");
        assert_eq!(remove(&list, N4), Ok(()));
    }

    #[test]
    fn health_is_asked_for() {
        // Proves that nobody is added while a voter is away or back only now, that a voter that is
        // away may be removed, and that one that is there may not be where it is needed.
        let n3_is = |health| move |node| if node == NodeId(3) { health } else { Health::Well };
        let check = |change, health| members(3).check_wise(change, n3_is(health));
        let add = MemberChange::Add(N4, Seat::Learner);
        assert_eq!(check(add, Health::Well), Ok(()));
        assert_eq!(check(add, Health::Fresh), Err(ServerError::UnhealthyCluster));
        assert_eq!(check(add, Health::Absent), Err(ServerError::UnhealthyCluster));
        assert_eq!(check(MemberChange::Remove(NodeId(3)), Health::Absent), Ok(()));
        let n1 = MemberChange::Remove(N1);
        assert_eq!(check(n1, Health::Absent), Err(ServerError::UnhealthyCluster));
        assert_eq!(check(n1, Health::Fresh), Err(ServerError::UnhealthyCluster));
        assert_eq!(check(n1, Health::Well), Ok(()));
    }

    #[test]
    fn a_connection_counts_after_a_while() {
        // Proves the interval, that a lost connection begins anew, and that time 0 is always.
        let mut connections = Connections::default();
        connections.up(N1, Micros(0));
        connections.up(N4, Micros(10));
        connections.up(N4, Micros(20));
        let later = HEALTH_INTERVAL + Micros(10);
        assert_eq!(connections.health(N1, Micros(1)), Health::Well);
        assert_eq!(connections.health(N4, later - Micros(1)), Health::Fresh);
        assert_eq!(connections.health(N4, later), Health::Well);
        assert_eq!(connections.health(N5, later), Health::Absent);
        connections.down(N4);
        assert_eq!(connections.health(N4, later), Health::Absent);
        connections.up(N4, later);
        assert_eq!(connections.health(N4, later), Health::Fresh);
    }
}
