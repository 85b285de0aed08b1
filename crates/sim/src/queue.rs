//! What is going to happen, in order of time; ties are broken by who asked first.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use member::Micros;
use member::raft_core::NodeId;
use serde::{Deserialize, Serialize};

use crate::client::CallId;
use crate::trace::Seq;

/// Something that is going to happen. Whoever scheduled it may have changed their mind since:
/// the tokens tell a stale item from a valid one, so that nothing is ever searched in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// A heartbeat interval of the node's own clock has passed.
    Tick { node: NodeId, token: u32 },
    /// A deadline of the node's server has passed.
    Expire { node: NodeId, token: u32 },
    /// A message arrives, or dies on its way.
    Arrive { slot: u32, token: u32 },
    /// A node that was removed hears of it.
    Gone { node: NodeId, token: u32 },
    /// The oldest write under way on a node's disk is durable.
    Synced { node: NodeId, token: u32 },
    /// The sender of a snapshot hears that it has arrived.
    SnapshotArrived { from: NodeId, to: NodeId },
    /// The sender of a snapshot hears that it is lost.
    SnapshotLost { from: NodeId, to: NodeId },
    /// A client's request arrives at the server that it was sent to.
    Request { call: CallId, attempt: u32 },
    /// The server hears that the client no longer waits.
    Cancel { call: CallId, node: NodeId, token: u32 },
    /// A client that watches is told something.
    Notify { call: CallId, attempt: u32 },
    /// The answer arrives at the client.
    Reply { call: CallId, attempt: u32 },
    /// The client sees that its connection is lost.
    HangUp { call: CallId, attempt: u32 },
    /// The client looks again for a server that takes its request.
    Retry { call: CallId, attempt: u32 },
    /// The client's patience is at its end.
    Timeout { call: CallId },
    /// Nothing: somebody wants to act at this time.
    Wake,
}

/// An item of the queue. No two have the same place in it: `order` is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) at: Micros,
    pub(crate) order: u64,
    pub(crate) what: What,
    pub(crate) cause: Option<Seq>,
}

impl Ord for Item {
    fn cmp(&self, other: &Item) -> Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Item) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// All that is going to happen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Queue {
    items: BinaryHeap<Reverse<Item>>,
    scheduled: u64,
}

impl Queue {
    pub(crate) fn schedule(&mut self, at: Micros, what: What, cause: Option<Seq>) {
        self.scheduled += 1;
        self.items.push(Reverse(Item { at, order: self.scheduled, what, cause }));
    }

    /// Puts an item back that waited elsewhere. It keeps its place among those of the same time.
    pub(crate) fn put_back(&mut self, item: Item) {
        self.items.push(Reverse(item));
    }

    pub(crate) fn peek(&self) -> Option<&Item> {
        self.items.peek().map(|Reverse(item)| item)
    }

    pub(crate) fn pop(&mut self) -> Option<Item> {
        self.items.pop().map(|Reverse(item)| item)
    }
}
