//! What a driver has to do after it has fed the core.

use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::ids::Index;
use crate::message::{Message, ReadContext};
use crate::storage::{HardState, Snapshot};

/// What to do next, in this order:
///
/// 1. send `messages`: they may leave at once;
/// 2. write `snapshot`, `entries` and `hard_state` to disk, together or in this order. `entries`
///    replace everything from their first index on. Writes may overlap; they become durable in
///    the order of their numbers;
/// 3. when write `number` is durable: call [`persisted`](crate::Raft::persisted), and send
///    `messages_once_durable` as soon as write `durable_after` is;
/// 4. apply `committed`, which never reaches beyond what is durable here, and call
///    [`applied`](crate::Raft::applied).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The number of this write; the newest write's number when there is nothing to write.
    pub number: u64,
    /// New term, vote or commit index.
    pub hard_state: Option<HardState>,
    /// New entries.
    pub entries: Vec<Entry>,
    /// A snapshot received from the leader: it replaces the whole log (Raft §7).
    pub snapshot: Option<Snapshot>,
    /// Whether the write must reach the disk before others may rely on it; a commit index alone
    /// need not.
    pub must_sync: bool,
    /// May leave at once.
    pub messages: Vec<Message>,
    /// Promise something that a crash must not break: they wait for write `durable_after`.
    pub messages_once_durable: Vec<Message>,
    /// The write that `messages_once_durable` wait for; `None` when there are none.
    pub durable_after: Option<u64>,
    /// Committed and durable here: to be applied in this order.
    pub committed: Vec<Entry>,
    /// Reads that may be answered.
    pub reads: Vec<ReadState>,
}

impl Ready {
    /// Whether there is anything to write. If not, no `persisted` is expected.
    pub fn has_write(&self) -> bool {
        self.hard_state.is_some() || !self.entries.is_empty() || self.snapshot.is_some()
    }
}

/// A read may be answered by whoever has applied `index` (thesis §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    /// Which read.
    pub context: ReadContext,
    /// From where on the state machine is fresh enough.
    pub index: Index,
}
