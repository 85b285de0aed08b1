//! Reads that wait until a majority has confirmed that the leader still leads (thesis §6.4; etcd
//! `raft/read_only`).

use serde::{Deserialize, Serialize};

use crate::ids::{Index, NodeId};
use crate::message::ReadContext;
use crate::node_set::NodeSet;

/// A read that waits for its confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingRead {
    pub(crate) context: ReadContext,
    /// The commit index when it was asked.
    pub(crate) index: Index,
    /// Who has answered a heartbeat with this context.
    pub(crate) acks: NodeSet,
}

/// The reads that wait, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReadQueue {
    queue: Vec<PendingRead>,
}

impl ReadQueue {
    /// A read was asked; the leader itself agrees that it leads. A repeated context is ignored.
    pub(crate) fn add(&mut self, context: ReadContext, index: Index, id: NodeId) {
        if self.queue.iter().all(|read| read.context != context) {
            let acks = NodeSet::from([id]);
            self.queue.push(PendingRead { context, index, acks });
        }
    }

    /// The context that heartbeats carry: confirming the newest confirms all before it.
    pub(crate) fn newest(&self) -> Option<ReadContext> {
        self.queue.last().map(|read| read.context)
    }

    /// How many wait.
    pub(crate) fn count(&self) -> u64 {
        self.queue.len() as u64
    }

    /// `from` has answered a heartbeat with this context. Returns all who have, if it still waits.
    pub(crate) fn acknowledge(&mut self, context: ReadContext, from: NodeId) -> Option<NodeSet> {
        let read = self.queue.iter_mut().find(|read| read.context == context)?;
        read.acks.insert(from);
        Some(read.acks)
    }

    /// Takes out the read with this context and all older ones: who led when the younger was
    /// asked did so when they were (thesis §6.4).
    pub(crate) fn confirm(&mut self, context: ReadContext) -> Vec<PendingRead> {
        match self.queue.iter().position(|read| read.context == context) {
            Some(position) => self.queue.drain(..=position).collect(),
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(number: u64) -> ReadContext {
        ReadContext { node: NodeId(1), number }
    }

    /// Proves that confirming a read releases it and the older ones, in order, and no younger one.
    #[test]
    fn a_confirmation_reaches_back_but_not_forward() {
        let mut reads = ReadQueue::default();
        for number in 1..=3 {
            reads.add(context(number), Index(number), NodeId(1));
        }
        assert_eq!((reads.newest(), reads.count()), (Some(context(3)), 3));
        let acks = reads.acknowledge(context(2), NodeId(2)).expect("it waits");
        assert_eq!(acks.len(), 2, "the leader and n2");
        let confirmed = reads.confirm(context(2));
        let numbers: Vec<_> = confirmed.iter().map(|read| read.context.number).collect();
        assert_eq!(numbers, [1, 2]);
        assert_eq!(reads.acknowledge(context(1), NodeId(3)), None, "a late answer finds nothing");
        assert_eq!(reads.newest(), Some(context(3)));
    }

    /// Proves that a repeated request keeps the acknowledgements and the index of the first one.
    #[test]
    fn a_repeated_context_is_one_read() {
        let mut reads = ReadQueue::default();
        reads.add(context(1), Index(4), NodeId(1));
        reads.acknowledge(context(1), NodeId(3));
        reads.add(context(1), Index(9), NodeId(1));
        let confirmed = reads.confirm(context(1));
        assert_eq!(confirmed.len(), 1);
        assert_eq!((confirmed[0].index, confirmed[0].acks.len()), (Index(4), 2));
    }
}
