//! Leases, as far as they are replicated: which there are, and which keys hang on them.
//!
//! Nothing here knows the time. How much of a lease is left only its keeper knows: the
//! [`Lessor`](crate::Lessor) of the leader.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Bytes, Error, LeaseId, Revision};

/// The longest time to live that is granted, in seconds (etcd `lease.MaxLeaseTTL`).
pub const MAX_LEASE_TTL: i64 = 9_000_000_000;

/// The shortest time to live that is granted, in seconds: one and a half election timeouts,
/// rounded up, so that a change of the leader does not outlast a lease (etcd `minTTL`).
pub fn min_lease_ttl(election_timeout_micros: u64) -> i64 {
    let seconds = election_timeout_micros.saturating_mul(3).div_ceil(2 * 1_000_000);
    i64::try_from(seconds).unwrap_or(MAX_LEASE_TTL)
}

/// A time to live that keys hang on.
///
/// - `keys` are exactly those whose current pair names this lease; they follow from the records
///   and are not saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    id: LeaseId,
    ttl: i64,
    remaining_ttl: i64,
    /// Ascending.
    #[serde(skip)]
    keys: Vec<Bytes>,
}

impl Lease {
    /// Its name.
    pub fn id(&self) -> LeaseId {
        self.id
    }

    /// The time to live that was granted, in seconds.
    pub fn ttl(&self) -> i64 {
        self.ttl
    }

    /// How much of it a new leader gives it, in seconds: the last checkpoint, or all of it.
    pub fn remaining_ttl(&self) -> i64 {
        if self.remaining_ttl > 0 { self.remaining_ttl } else { self.ttl }
    }

    /// True if a checkpoint says that less than all of it is left.
    pub fn has_checkpoint(&self) -> bool {
        self.remaining_ttl > 0
    }

    /// The keys that hang on it, in their order.
    pub fn keys(&self) -> &[Bytes] {
        &self.keys
    }

    /// What a fingerprint of it is made of.
    pub(crate) fn words(&self) -> [u64; 3] {
        [self.id.0 as u64, self.ttl as u64, self.remaining_ttl as u64]
    }
}

/// Ask for a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseGrantRequest {
    /// Its name. The server puts a free one in the place of 0 before the request is replicated.
    pub id: LeaseId,
    /// Seconds to live.
    pub ttl: i64,
}

/// The answer to a [`LeaseGrantRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseGrantResponse {
    /// The store's revision; a lease does not change it.
    pub revision: Revision,
    /// The lease's name.
    pub id: LeaseId,
    /// Seconds to live, which may be more than was asked for.
    pub ttl: i64,
}

/// The answer to the end of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRevokeResponse {
    /// The store's revision after the keys of the lease were deleted, all in one.
    pub revision: Revision,
}

/// All leases, ascending by id.
///
/// A sorted list, not a tree: leases are few beside keys, and a list costs the page's program
/// next to nothing. Clones share it, and each lease of it, until they change.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Leases(Arc<Vec<Arc<Lease>>>);

impl Leases {
    /// The leases of a saved store, still without keys; `None` if they are not in order.
    pub(crate) fn loaded(list: Vec<Arc<Lease>>) -> Option<Leases> {
        list.is_sorted_by(|a, b| a.id < b.id).then(|| Leases(Arc::new(list)))
    }

    pub(crate) fn list(&self) -> &[Arc<Lease>] {
        &self.0
    }

    pub(crate) fn find(&self, id: LeaseId) -> Option<&Lease> {
        self.0.get(self.place(id).ok()?).map(Arc::as_ref)
    }

    /// Adds a lease (etcd `lessor.Grant`).
    pub(crate) fn grant(
        &mut self,
        request: LeaseGrantRequest,
        ttl_min: i64,
    ) -> Result<&Lease, Error> {
        let LeaseGrantRequest { id, ttl } = request;
        if id == LeaseId::NONE {
            return Err(Error::LeaseNotFound);
        }
        if ttl > MAX_LEASE_TTL {
            return Err(Error::LeaseTtlTooLarge);
        }
        let Err(place) = self.place(id) else { return Err(Error::LeaseExists) };
        let lease = Lease { id, ttl: ttl.max(ttl_min), remaining_ttl: 0, keys: Vec::new() };
        let list = Arc::make_mut(&mut self.0);
        list.insert(place, Arc::new(lease));
        Ok(&list[place])
    }

    /// Takes a lease off the list; its keys have been deleted.
    pub(crate) fn remove(&mut self, id: LeaseId) {
        if let Ok(place) = self.place(id) {
            Arc::make_mut(&mut self.0).remove(place);
        }
    }

    pub(crate) fn checkpoint(&mut self, id: LeaseId, remaining_ttl: i64) {
        if let Some(lease) = self.find_mut(id) {
            lease.remaining_ttl = remaining_ttl;
        }
    }

    /// Hangs a key on a lease; on none, it does nothing. False if there is no such lease.
    pub(crate) fn attach(&mut self, id: LeaseId, key: &Bytes) -> bool {
        if id == LeaseId::NONE {
            return true;
        }
        let Some(lease) = self.find_mut(id) else { return false };
        if let Err(place) = lease.keys.binary_search(key) {
            lease.keys.insert(place, key.clone());
        }
        true
    }

    /// Takes a key off the lease it hangs on.
    pub(crate) fn detach(&mut self, id: LeaseId, key: &Bytes) {
        if id == LeaseId::NONE {
            return;
        }
        let Some(lease) = self.find_mut(id) else { return };
        if let Ok(place) = lease.keys.binary_search(key) {
            lease.keys.remove(place);
        }
    }

    fn find_mut(&mut self, id: LeaseId) -> Option<&mut Lease> {
        let place = self.place(id).ok()?;
        Arc::make_mut(&mut self.0).get_mut(place).map(Arc::make_mut)
    }

    fn place(&self, id: LeaseId) -> Result<usize, usize> {
        self.0.binary_search_by(|lease| lease.id.cmp(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_lease_outlives_an_election() {
        // Proves the number that etcd's defaults give: 1.5 s, rounded up.
        assert_eq!([1_000_000, 1_000_001, 0, 5_000_000].map(min_lease_ttl), [2, 2, 0, 8]);
        assert_eq!(min_lease_ttl(2_000_000), 3);
    }
}
