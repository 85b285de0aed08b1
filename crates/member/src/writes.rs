//! Clients' writes that wait: first for a leader, then for their entry to be applied here.

use raft_core::Payload;
use serde::{Deserialize, Serialize};

use crate::api::{Micros, RequestId};

/// The writes that this member has taken and not answered, by the count of their proposals.
///
/// - `held` are those that have not been proposed yet, in their order. Whoever is held, all after
///   it are held too, so that writes are proposed in the order in which they came.
/// - Everything in `held` is in `waiting`, unless the client has gone or there was none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Writes {
    next_count: u64,
    /// In the order of their counts.
    waiting: Vec<(u64, Waiting)>,
    held: Vec<(u64, Payload)>,
}

/// One client that waits for its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) request: RequestId,
    pub(crate) asked_at: Micros,
    /// When the server gives up; none: it waits for as long as its client does.
    pub(crate) deadline: Option<Micros>,
}

impl Waiting {
    fn is_late(&self, now: Micros) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }
}

/// A write whose time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) waiting: Waiting,
    /// Whether it may be in somebody's log.
    pub(crate) was_proposed: bool,
}

impl Writes {
    /// The count of the next proposal.
    pub(crate) fn next_count(&self) -> u64 {
        self.next_count
    }

    /// Takes a write in. It is held until [`Writes::release`]. Some are the server's own, and nobody
    /// waits for them.
    pub(crate) fn hold(&mut self, payload: Payload, waiting: Option<Waiting>) {
        self.waiting.extend(waiting.map(|waiting| (self.next_count, waiting)));
        self.held.push((self.next_count, payload));
        self.next_count += 1;
    }

    /// The first write that is held.
    pub(crate) fn first_held(&self) -> Option<&Payload> {
        self.held.first().map(|(_, payload)| payload)
    }

    /// The first write that is held has been proposed.
    pub(crate) fn release(&mut self) {
        self.pop_held();
    }

    /// The first write that is held was refused, and is forgotten: gives who waits for it.
    pub(crate) fn refuse(&mut self) -> Option<Waiting> {
        let (count, _) = self.pop_held()?;
        self.take_waiting(count)
    }

    fn pop_held(&mut self) -> Option<(u64, Payload)> {
        (!self.held.is_empty()).then(|| self.held.remove(0))
    }

    /// The proposal of that count has been applied: gives who waits for it.
    pub(crate) fn applied(&mut self, count: u64) -> Option<Waiting> {
        self.take_waiting(count)
    }

    /// Forgets a client that has gone. What is held for it is not proposed any more.
    pub(crate) fn cancel(&mut self, request: RequestId) {
        let its = self.waiting.iter().find(|(_, waiting)| waiting.request == request);
        if let Some((count, _)) = its.copied() {
            self.forget(count);
        }
    }

    /// Takes out all writes whose time is up.
    pub(crate) fn expire(&mut self, now: Micros) -> Vec<Expired> {
        let due: Vec<(u64, Waiting)> =
            self.waiting.iter().filter(|(_, waiting)| waiting.is_late(now)).copied().collect();
        let expired = |(count, waiting)| Expired { waiting, was_proposed: !self.forget(count) };
        due.into_iter().map(expired).collect()
    }

    /// When the first of them runs out of time.
    pub(crate) fn next_deadline(&self) -> Option<Micros> {
        self.waiting.iter().filter_map(|(_, waiting)| waiting.deadline).min()
    }

    /// How many are held, and how many clients wait for one that was proposed.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let first_held = self.held.first().map_or(self.next_count, |(count, _)| *count);
        let proposed = self.waiting.partition_point(|(count, _)| *count < first_held);
        (self.held.len() as u64, proposed as u64)
    }

    fn take_waiting(&mut self, count: u64) -> Option<Waiting> {
        let place = self.waiting.binary_search_by_key(&count, |(count, _)| *count).ok()?;
        Some(self.waiting.remove(place).1)
    }

    /// Forgets a write; true if it was held.
    fn forget(&mut self, count: u64) -> bool {
        self.take_waiting(count);
        let place = self.held.iter().position(|(held, _)| *held == count);
        if let Some(place) = place {
            self.held.remove(place);
        }
        place.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(writes: &mut Writes, id: u64) {
        let deadline = Some(Micros(id + 100));
        let waiting = Waiting { request: RequestId(id), asked_at: Micros(id), deadline };
        writes.hold(Payload::Normal("a proposal".into()), Some(waiting));
    }

    fn ids(expired: Vec<Expired>) -> Vec<(u64, bool)> {
        expired.iter().map(|it| (it.waiting.request.0, it.was_proposed)).collect()
    }

    #[test]
    fn who_ran_out_of_time_learns_whether_it_was_proposed() {
        // Proves deadlines one by one, and that an expired write is not proposed afterwards.
        let mut writes = Writes::default();
        (1..=3).for_each(|id| hold(&mut writes, id));
        writes.release();
        assert_eq!(writes.counts(), (2, 1));
        assert_eq!(writes.next_deadline(), Some(Micros(101)));
        assert_eq!(ids(writes.expire(Micros(102))), [(1, true), (2, false)]);
        assert_eq!(writes.next_deadline(), Some(Micros(103)));
        writes.release();
        assert_eq!(writes.first_held(), None, "the third was the only one left");
        assert_eq!(writes.applied(0), None, "answered already");
        assert_eq!(writes.applied(2).map(|it| it.request), Some(RequestId(3)));
        assert_eq!(writes.next_deadline(), None);
    }

    #[test]
    fn a_refused_write_leaves_the_others() {
        // Proves that refusal takes the first one that is held, and no other.
        let mut writes = Writes::default();
        (1..=2).for_each(|id| hold(&mut writes, id));
        assert_eq!(writes.refuse().map(|it| it.request), Some(RequestId(1)));
        writes.release();
        assert_eq!(writes.refuse(), None);
        assert_eq!(ids(writes.expire(Micros(1000))), [(2, true)]);
    }
}
