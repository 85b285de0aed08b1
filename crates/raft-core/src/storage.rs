//! What a disk holds: the part of a server that outlives a crash.

use serde::{Deserialize, Serialize};

use crate::configuration::Configuration;
use crate::entries::Entries;
use crate::entry::Data;
use crate::ids::{Index, NodeId, Term};

/// Term and vote must survive a crash, else a server could vote twice (Raft §5.2, Figure 2). The
/// commit index is kept as etcd keeps it, so that a restart need not wait to apply again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardState {
    /// The newest term heard of.
    pub term: Term,
    /// Who got this server's vote in that term.
    pub vote: Option<NodeId>,
    /// What is known to be committed.
    pub commit: Index,
}

/// The applied state up to an index, instead of the entries that led to it (Raft §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last entry that it stands for.
    pub index: Index,
    /// Term of that entry.
    pub term: Term,
    /// The cluster as of that entry.
    pub config: Configuration,
    /// The state machine's own bytes.
    pub data: Data,
}

/// All that a disk holds. `Stored::default()` is an empty disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Term, vote and commit index.
    pub hard_state: HardState,
    /// The newest snapshot.
    pub snapshot: Option<Snapshot>,
    /// The log, without gaps; it may begin at or before the snapshot's index, never after the
    /// slot that follows it.
    pub log: Entries,
}
