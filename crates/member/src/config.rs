//! How a member is set up.

use raft_core::{Config, NodeId, NodeSet};
use serde::{Deserialize, Serialize};

use crate::api::Micros;
use crate::maintenance::DEFAULT_QUOTA_BYTES;

/// Settings of a member. Take [`MemberConfig::new`] and change what should differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberConfig {
    /// Settings of the protocol. A tick is one heartbeat interval.
    pub raft: Config,
    /// The heartbeat interval: who calls [`Member::tick`](crate::Member::tick) does it so often.
    pub heartbeat: Micros,
    /// The election timeout.
    pub election_timeout: Micros,
    /// A snapshot is made when more than this many entries have been applied since the last.
    pub snapshot_count: u64,
    /// How large the file may get before an alarm is raised, in bytes.
    pub quota_bytes: u64,
    /// Whether the list of members is changed only in good health (etcd `--strict-reconfig-check`).
    pub strict_reconfig_check: bool,
    /// Which start of this node it is, counted by whoever starts it. Must grow from start to
    /// start: it makes the names of proposals and reads unique for all time.
    pub start: u64,
}

impl MemberConfig {
    /// etcd's settings for the first start of this node in a cluster of these voters: heartbeats
    /// every 100 ms, an election timeout of 1 s; a snapshot every 10,000 entries, as etcd 3.6 has it (3.5:
    /// 100,000).
    pub fn new(id: NodeId, voters: NodeSet) -> MemberConfig {
        MemberConfig {
            raft: Config::new(id, voters),
            heartbeat: Micros::from_millis(100),
            election_timeout: Micros::from_millis(1000),
            snapshot_count: 10_000,
            quota_bytes: DEFAULT_QUOTA_BYTES,
            strict_reconfig_check: true,
            start: 1,
        }
    }
}

/// The election timeout in ticks of one heartbeat interval, rounded down, as etcd does; at least 1.
pub fn election_ticks(heartbeat: Micros, election_timeout: Micros) -> u32 {
    let ticks = election_timeout.0 / heartbeat.0.max(1);
    u32::try_from(ticks).unwrap_or(u32::MAX).max(1)
}
