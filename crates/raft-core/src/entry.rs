//! What the log is made of.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::configuration::ConfigChange;
use crate::ids::{Index, Term};

/// Bytes that Raft carries and never looks into. A clone shares them.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Data(pub Arc<[u8]>);

impl Data {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Data {
    fn from(bytes: &[u8]) -> Data {
        Data(bytes.into())
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Data {
        Data(bytes.into())
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Data {
        Data(text.as_bytes().into())
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// One slot of the log: a command for the state machine, and the term in which a leader received
/// it (Raft §5.3, Figure 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was received by a leader.
    pub term: Term,
    /// Where it stands.
    pub index: Index,
    /// What it says.
    pub payload: Payload,
}

impl Entry {
    /// Size for flow control, in bytes: the payload and a fixed allowance for term and index.
    pub fn bytes(&self) -> u64 {
        const FRAME: u64 = 16;
        FRAME + self.payload.bytes()
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payload {
    /// Nothing: what a new leader appends so that something of its own term can commit
    /// (Raft §5.4.2, §8).
    Empty,
    /// A command for the state machine.
    Normal(Data),
    /// A change of who belongs to the cluster (Raft §6). Takes effect when it is applied, as in
    /// etcd, not when it is appended, as in the paper.
    Config(Arc<ConfigChange>),
}

impl Payload {
    /// The bytes that count against size limits.
    pub fn bytes(&self) -> u64 {
        match self {
            Payload::Empty => 0,
            Payload::Normal(data) => data.0.len() as u64,
            Payload::Config(change) => {
                change.context.0.len() as u64 + 2 * change.changes.len() as u64 + 1
            }
        }
    }
}
