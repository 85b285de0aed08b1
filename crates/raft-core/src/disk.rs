//! What has been given to the disk, and what is known to be on it.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, Term};
use crate::storage::HardState;

/// The numbers of the writes, and how term and vote get to the disk. The entries' way there is
/// the log's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disk {
    /// The newest write that was handed out.
    pub(crate) newest_write: u64,
    /// The newest write that is durable.
    pub(crate) durable_write: u64,
    /// The newest write whose end others wait for: with entries, a term, a vote or a snapshot.
    pub(crate) newest_sync: u64,
    /// What the disk holds, or will once the writes under way have ended.
    pub(crate) written: HardState,
    /// The term and vote that were handed out last, and in which write.
    promise: (Term, Option<NodeId>),
    promise_write: u64,
}

impl Disk {
    /// A disk that holds this.
    pub(crate) fn new(written: HardState, term: Term, vote: Option<NodeId>) -> Disk {
        Disk {
            newest_write: 0,
            durable_write: 0,
            newest_sync: 0,
            written,
            promise: (term, vote),
            promise_write: 0,
        }
    }

    /// Whether this term and vote are durable.
    pub(crate) fn has_promise(&self, term: Term, vote: Option<NodeId>) -> bool {
        self.promise == (term, vote) && self.promise_write <= self.durable_write
    }

    /// This term and vote have been handed out in write `number`. Says whether they are new.
    pub(crate) fn hand_out_promise(
        &mut self,
        term: Term,
        vote: Option<NodeId>,
        number: u64,
    ) -> bool {
        let is_new = self.promise != (term, vote);
        if is_new {
            self.promise = (term, vote);
            self.promise_write = number;
        }
        is_new
    }

    /// The disk keeps neither term nor vote: the last promise counts as kept.
    pub(crate) fn keep_promise(&mut self) {
        self.promise_write = self.durable_write;
    }
}
