//! How a server is set up.

use serde::{Deserialize, Serialize};

use crate::ids::NodeId;
use crate::node_set::NodeSet;
use crate::rules::Rules;

/// Where the protocol's only randomness comes from: the spread of election timeouts (Raft §5.2).
pub trait Dice {
    /// A number from 0 to `bound - 1`.
    fn below(&mut self, bound: u32) -> u32;
}

/// The settings of one server. Take [`Config::new`] and change what should differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// This server.
    pub id: NodeId,
    /// The voters of a cluster that starts for the first time; a disk that holds anything knows
    /// better.
    pub voters: NodeSet,
    /// Likewise the learners.
    pub learners: NodeSet,
    /// The election timeout in ticks; the real one is drawn from this to one less than twice this.
    pub election_ticks: u32,
    /// Ticks between two heartbeats.
    pub heartbeat_ticks: u32,
    /// How many appends may be on their way to one follower.
    pub max_inflight: u32,
    /// How many bytes of entries go into one append; one entry always fits.
    pub max_append_bytes: u64,
    /// How many bytes of entries may wait for their commitment before proposals are refused;
    /// one entry always fits.
    pub max_uncommitted_bytes: u64,
    /// How a leader makes sure that a read is not stale.
    pub reads: ReadMode,
    /// The rules in force.
    pub rules: Rules,
}

impl Config {
    /// etcd's settings for a cluster of these voters.
    pub fn new(id: NodeId, voters: NodeSet) -> Config {
        Config {
            id,
            voters,
            learners: NodeSet::default(),
            election_ticks: 10,
            heartbeat_ticks: 1,
            max_inflight: 512,
            max_append_bytes: 512 * 1024,
            max_uncommitted_bytes: u64::MAX,
            reads: ReadMode::Confirmed,
            rules: Rules::ALL,
        }
    }
}

/// How a leader makes sure that it still leads when it answers a read (thesis §6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadMode {
    /// It asks a majority each time (thesis §6.4).
    #[default]
    Confirmed,
    /// It trusts its clock: voters that hear from it do not elect another leader within the
    /// election timeout (thesis §6.4.1). Needs CheckQuorum and clocks that run alike.
    Lease,
}
