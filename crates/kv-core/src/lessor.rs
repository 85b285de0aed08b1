//! The keeper of the leases' time: what the leader, and only the leader, knows (etcd `lease`,
//! the primary lessor).
//!
//! When a lease runs out is not replicated: the leader watches its own clock, and proposes to the
//! log that a lease be revoked. A new leader knows no deadlines and makes new ones, each the whole
//! time to live (or what the last checkpoint left of it) from now on, and an election timeout
//! more: a lease may live longer than was granted, never shorter.
//!
//! The clock is an argument. Times are microseconds on it; times to live are whole seconds.

use serde::{Deserialize, Serialize};

use crate::{Error, Lease, LeaseId, Mutant, Store};

/// How many leases etcd revokes in a second at most.
pub const LEASE_REVOKES_PER_SECOND: usize = 1000;

const SECOND: u64 = 1_000_000;

/// The deadlines of all leases. A leader has one; who is no leader any more drops it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lessor {
    /// Ascending by id.
    deadlines: Vec<Deadline>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Deadline {
    id: LeaseId,
    expiry_micros: u64,
    /// When it was last refreshed or written down, and so begins the wait for a checkpoint.
    noted_micros: u64,
}

/// What came of keeping a lease alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It has its whole time again.
    Renewed {
        /// Seconds to live.
        ttl: i64,
        /// True if a checkpoint says less: a checkpoint of 0 is to be proposed, or a new leader
        /// would believe the old one.
        clears_checkpoint: bool,
    },
    /// It has run out, but is not revoked yet. The answer has to wait for that: afterwards there
    /// is no such lease.
    RunOut,
}

impl Lessor {
    /// A new leader's: every lease of the store has its time from now on, and `extend_micros`, an
    /// election timeout, in addition.
    pub fn promoted(store: &Store, now_micros: u64, extend_micros: u64) -> Lessor {
        let mut lessor = Lessor::default();
        for lease in store.leases() {
            let ttl = lease.remaining_ttl();
            let ttl = if Mutant::NewLeaderKeepsNoTime.is_on() { 0 } else { ttl };
            let expiry_micros = expiry(now_micros, ttl, extend_micros);
            let id = lease.id();
            lessor.deadlines.push(Deadline { id, expiry_micros, noted_micros: now_micros });
        }
        lessor.spread(store, now_micros, extend_micros);
        lessor
    }

    /// A lease was granted, or its checkpoint applied: it has its time from now on.
    pub fn refresh(&mut self, lease: &Lease, now_micros: u64) {
        let expiry_micros = expiry(now_micros, lease.remaining_ttl(), 0);
        let deadline = Deadline { id: lease.id(), expiry_micros, noted_micros: now_micros };
        match self.place(lease.id()) {
            Ok(place) => self.deadlines[place] = deadline,
            Err(place) => self.deadlines.insert(place, deadline),
        }
    }

    /// A lease was revoked.
    pub fn forget(&mut self, id: LeaseId) {
        if let Ok(place) = self.place(id) {
            self.deadlines.remove(place);
        }
    }

    /// Keeps a lease alive.
    ///
    /// # Errors
    /// [`Error::LeaseNotFound`].
    pub fn renew(&mut self, store: &Store, id: LeaseId, now_micros: u64) -> Result<Renewal, Error> {
        let lease = store.lease(id).ok_or(Error::LeaseNotFound)?;
        let place = self.place(id).map_err(|_| Error::LeaseNotFound)?;
        let deadline = &mut self.deadlines[place];
        if deadline.expiry_micros <= now_micros {
            return Ok(Renewal::RunOut);
        }
        deadline.expiry_micros = expiry(now_micros, lease.ttl(), 0);
        deadline.noted_micros = now_micros;
        Ok(Renewal::Renewed { ttl: lease.ttl(), clears_checkpoint: lease.has_checkpoint() })
    }

    /// Whole seconds that are left of a lease, rounded down; `None` if there is no such lease.
    /// Below 0 once it has run out by a second, as in etcd.
    pub fn remaining_seconds(&self, id: LeaseId, now_micros: u64) -> Option<i64> {
        let deadline = self.deadlines.get(self.place(id).ok()?)?;
        let seconds = |micros: u64| i64::try_from(micros / SECOND).unwrap_or(i64::MAX);
        Some(match deadline.expiry_micros.checked_sub(now_micros) {
            Some(left) => seconds(left),
            None => -seconds(now_micros - deadline.expiry_micros),
        })
    }

    /// The leases that have run out, those first that did so first; at most so many.
    pub fn run_out(&self, now_micros: u64, most: usize) -> Vec<LeaseId> {
        let mut over = self.by_expiry();
        over.retain(|deadline| deadline.expiry_micros <= now_micros);
        over.iter().take(most).map(|deadline| deadline.id).collect()
    }

    /// When the next lease runs out.
    pub fn next_expiry_micros(&self) -> Option<u64> {
        self.deadlines.iter().map(|deadline| deadline.expiry_micros).min()
    }

    /// All leases, those first that run out first: the order of etcd's list of them.
    pub fn list(&self) -> Vec<LeaseId> {
        self.by_expiry().iter().map(|deadline| deadline.id).collect()
    }

    /// The checkpoints that are due: of every lease longer than `interval_micros` and not noted for
    /// so long, the seconds that are left, rounded up. They are to be proposed
    /// ([`Store::lease_checkpoint`]), and are not due again before the interval is over.
    ///
    /// etcd does this every five minutes, and only if it is told to
    /// (`--experimental-enable-lease-checkpoint`).
    pub fn checkpoints(&mut self, now_micros: u64, interval_micros: u64) -> Vec<(LeaseId, i64)> {
        let mut due = Vec::new();
        for deadline in &mut self.deadlines {
            let left_when_noted = deadline.expiry_micros.saturating_sub(deadline.noted_micros);
            let waited = now_micros.saturating_sub(deadline.noted_micros);
            let left = deadline.expiry_micros.saturating_sub(now_micros);
            if left_when_noted > interval_micros && waited >= interval_micros && left > 0 {
                deadline.noted_micros = now_micros;
                let seconds = i64::try_from(left.div_ceil(SECOND)).unwrap_or(i64::MAX);
                due.push((deadline.id, seconds));
            }
        }
        due
    }

    /// Keeps leases that were granted at different times from running out together, when a new
    /// leader has given them all their time anew: more than can be revoked in a second are moved
    /// apart (etcd `lessor.Promote`).
    fn spread(&mut self, store: &Store, now_micros: u64, extend_micros: u64) {
        if self.deadlines.len() < LEASE_REVOKES_PER_SECOND {
            return;
        }
        let most = LEASE_REVOKES_PER_SECOND as u64 * 3 / 4;
        let order = self.by_expiry();
        let Some(first) = order.first() else { return };
        let (mut window, mut window_end) = (first.expiry_micros, first.expiry_micros + SECOND);
        let mut count: u64 = 0;
        for Deadline { id, expiry_micros, .. } in order {
            if expiry_micros > window_end {
                (window, window_end, count) = (expiry_micros, expiry_micros + SECOND, 1);
                continue;
            }
            count += 1;
            if count <= most {
                continue;
            }
            let delay = (SECOND * count / most).saturating_sub(expiry_micros - window);
            window_end = window + delay;
            if let (Ok(place), Some(lease)) = (self.place(id), store.lease(id)) {
                let later = expiry(now_micros, lease.remaining_ttl(), delay + extend_micros);
                self.deadlines[place].expiry_micros = later;
            }
        }
    }

    fn by_expiry(&self) -> Vec<Deadline> {
        let mut order = self.deadlines.clone();
        // Those that run out together stay in the order of their ids.
        order.sort_by_key(|deadline| deadline.expiry_micros);
        order
    }

    fn place(&self, id: LeaseId) -> Result<usize, usize> {
        self.deadlines.binary_search_by(|deadline| deadline.id.cmp(&id))
    }
}

fn expiry(now_micros: u64, ttl: i64, extend_micros: u64) -> u64 {
    let ttl_micros = u64::try_from(ttl).unwrap_or(0).saturating_mul(SECOND);
    now_micros.saturating_add(ttl_micros).saturating_add(extend_micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LeaseGrantRequest;

    const FIVE_MINUTES: u64 = 300 * SECOND;

    /// A store with leases of these times to live, named 1, 2, …
    fn store(ttls: &[i64]) -> Store {
        let mut store = Store::new();
        for (id, &ttl) in (1..).zip(ttls) {
            store.lease_grant(LeaseGrantRequest { id: LeaseId(id), ttl }, 2).expect("grants");
        }
        store
    }

    #[test]
    fn a_lease_runs_down_and_is_renewed() {
        // Proves remaining seconds, expiry to the microsecond, and what renewing answers.
        let store = store(&[10]);
        let (one, other) = (LeaseId(1), LeaseId(2));
        let mut lessor = Lessor::default();
        lessor.refresh(store.lease(one).expect("is there"), 5 * SECOND);
        let left = |lessor: &Lessor, now| lessor.remaining_seconds(one, now);
        assert_eq!(left(&lessor, 5 * SECOND), Some(10));
        assert_eq!(left(&lessor, 5 * SECOND + 1), Some(9));
        assert_eq!(lessor.run_out(15 * SECOND - 1, 10), []);
        assert_eq!(lessor.next_expiry_micros(), Some(15 * SECOND));

        let renewed = Renewal::Renewed { ttl: 10, clears_checkpoint: false };
        assert_eq!(lessor.renew(&store, one, 14 * SECOND), Ok(renewed));
        assert_eq!(left(&lessor, 14 * SECOND), Some(10));
        assert_eq!(lessor.run_out(24 * SECOND, 10), [one]);
        assert_eq!(lessor.renew(&store, one, 24 * SECOND), Ok(Renewal::RunOut));
        assert_eq!(left(&lessor, 27 * SECOND), Some(-3));
        assert_eq!(lessor.renew(&store, other, 0), Err(Error::LeaseNotFound));
        lessor.forget(one);
        assert_eq!(left(&lessor, 0), None);
    }

    #[test]
    fn a_new_leader_gives_more_never_less() {
        // Proves the extension, and that a checkpoint is what the new leader goes by.
        let mut store = store(&[600, 20]);
        let mut lessor = Lessor::promoted(&store, 0, 0);
        assert_eq!(lessor.checkpoints(FIVE_MINUTES - 1, FIVE_MINUTES), []);
        let due = lessor.checkpoints(FIVE_MINUTES, FIVE_MINUTES);
        assert_eq!(due, [(LeaseId(1), 300)], "a short lease is not worth one");
        assert_eq!(lessor.checkpoints(FIVE_MINUTES + 1, FIVE_MINUTES), []);
        for (id, left) in due {
            store.lease_checkpoint(id, left);
        }

        let mut next = Lessor::promoted(&store, 0, SECOND);
        let left = |lessor: &Lessor| [1, 2].map(|id| lessor.remaining_seconds(LeaseId(id), 0));
        assert_eq!(left(&next), [Some(301), Some(21)]);
        assert_eq!(next.list(), [LeaseId(2), LeaseId(1)]);
        let renewed = Renewal::Renewed { ttl: 600, clears_checkpoint: true };
        assert_eq!(next.renew(&store, LeaseId(1), 0), Ok(renewed));
        store.lease_checkpoint(LeaseId(1), 0);
        assert_eq!(left(&Lessor::promoted(&store, 0, 0)), [Some(600), Some(20)]);
    }

    #[test]
    fn a_pile_of_leases_is_spread() {
        // Proves that no second holds more than can be revoked in it, and no lease loses time.
        let store = store(&[30; 5000]);
        let lessor = Lessor::promoted(&store, 0, SECOND);
        let whole = 31 * SECOND;
        assert!(lessor.deadlines.iter().all(|deadline| deadline.expiry_micros >= whole));
        for second in 31..45 {
            let ends = |deadline: &&Deadline| deadline.expiry_micros / SECOND == second;
            let count = lessor.deadlines.iter().filter(ends).count();
            assert!(count <= LEASE_REVOKES_PER_SECOND, "{count} in second {second}");
        }
        assert_eq!(lessor.run_out(60 * SECOND, usize::MAX).len(), 5000);
        assert_eq!(lessor.run_out(60 * SECOND, 7).len(), 7);
    }
}
