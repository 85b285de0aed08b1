//! The member itself.

use kv_core::Store;
use raft_core::{Config, Dice, Index, Message, NodeId, Raft, Rules, Stored, TransferError};
use serde::{Deserialize, Serialize};

use crate::api::{Micros, Request, RequestId, Response, ServerError};
use crate::disk::Write;

/// How large a write may be, in bytes of the encoded request (etcd `DefaultMaxRequestBytes`).
pub const MAX_REQUEST_BYTES: u64 = 1024 * 1024 * 3 / 2;

/// How a member is set up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberConfig {
    /// Settings of the protocol. A tick is one heartbeat interval.
    pub raft: Config,
    /// The heartbeat interval.
    pub heartbeat: Micros,
    /// The election timeout.
    pub election_timeout: Micros,
    /// After how many applied entries a snapshot is made.
    pub snapshot_count: u64,
    /// How often this node has been started before; makes its proposals unique for all time.
    pub start: u64,
}

/// One etcd server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    raft: Raft,
    store: Store,
}

/// What a member wants done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Writes to disk, in this order.
    pub writes: Vec<Write>,
    /// Messages that may leave at once.
    pub send: Vec<Message>,
    /// Messages that may leave once the write of that number is durable.
    pub send_once_durable: Vec<(u64, Message)>,
    /// Answers to clients.
    pub replies: Vec<(RequestId, Result<Response, ServerError>)>,
    /// The entries that have been applied.
    pub applied: Vec<Index>,
}

#[allow(unused_variables)]
impl Member {
    /// First start, or restart from what the disk holds.
    pub fn new(config: MemberConfig, stored: Stored, dice: &mut dyn Dice) -> Member {
        Member { raft: Raft::new(config.raft, stored, dice), store: Store::new() }
    }
    /// One heartbeat interval has passed.
    pub fn tick(&mut self, now: Micros, dice: &mut dyn Dice) {}
    /// A message has arrived.
    pub fn deliver(&mut self, now: Micros, message: Message, dice: &mut dyn Dice) {}
    /// A client asks.
    pub fn request(&mut self, now: Micros, id: RequestId, request: Request) {}
    /// The client has gone.
    pub fn cancel(&mut self, id: RequestId) {}
    /// Write `number` and all before it are durable.
    pub fn persisted(&mut self, now: Micros, number: u64) {}
    /// Time has passed.
    pub fn expire(&mut self, now: Micros) {}
    /// When `expire` wants to be called next.
    pub fn next_deadline(&self) -> Option<Micros> {
        None
    }
    /// Hands leadership over.
    pub fn transfer_leader(&mut self, now: Micros, to: NodeId) -> Result<(), TransferError> {
        Ok(())
    }
    /// Switches rules.
    pub fn set_rules(&mut self, rules: Rules) {}
    /// Changes the timing.
    pub fn set_timing(&mut self, heartbeat: Micros, election: Micros, dice: &mut dyn Dice) {}
    /// Takes what is to be done. Call after every input.
    pub fn drain(&mut self) -> Output {
        Output::default()
    }
    /// The protocol.
    pub fn raft(&self) -> &Raft {
        &self.raft
    }
    /// The store as far as it has been applied.
    pub fn store(&self) -> &Store {
        &self.store
    }
}
