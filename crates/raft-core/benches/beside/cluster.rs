//! A cluster in memory, of whichever kind of node.

use std::collections::VecDeque;

/// What both kinds of node do.
pub(crate) trait Node {
    /// What they send each other.
    type Message;

    /// Node `id` of a new cluster of nodes 1 to `nodes`.
    fn new(id: u8, nodes: u8) -> Self;

    /// Stands for election.
    fn campaign(&mut self);

    /// Proposes an entry of these bytes.
    fn propose(&mut self, bytes: &[u8]);

    /// Takes a message.
    fn step(&mut self, message: Self::Message);

    /// Writes and applies what is to be written and applied, and sends what is to be sent, until
    /// there is nothing more to do.
    fn work(&mut self, post: &mut VecDeque<(u8, Self::Message)>);

    /// The last entry known to be committed, if it has been applied too.
    fn settled(&self) -> u64;
}

/// Nodes, and the messages on their way, each with its receiver.
pub(crate) struct Cluster<N: Node> {
    nodes: Vec<N>,
    post: VecDeque<(u8, N::Message)>,
    messages: u64,
}

impl<N: Node> Cluster<N> {
    /// A cluster whose first node has been elected.
    pub(crate) fn elected(nodes: u8) -> Cluster<N> {
        let mut cluster = Cluster {
            nodes: (1..=nodes).map(|id| N::new(id, nodes)).collect(),
            post: VecDeque::new(),
            messages: 0,
        };
        cluster.nodes[0].campaign();
        cluster.settle();
        assert_eq!(cluster.settled(), Some(1), "the leader's empty entry is known everywhere");
        cluster
    }

    /// Messages delivered so far.
    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    /// Commits so many proposals, one at a time.
    pub(crate) fn commit(&mut self, proposals: u64) {
        let before = self.settled().expect("all nodes know the same");
        for place in 1..=proposals {
            self.nodes[0].propose(&place.to_le_bytes());
            self.settle();
            // Cheap beside the rest, and what makes the number one of committed proposals.
            assert_eq!(self.settled(), Some(before + place), "known to be committed everywhere");
        }
    }

    /// Delivers messages until there are none.
    fn settle(&mut self) {
        self.nodes[0].work(&mut self.post);
        while let Some((to, message)) = self.post.pop_front() {
            self.messages += 1;
            let node = &mut self.nodes[usize::from(to) - 1];
            node.step(message);
            node.work(&mut self.post);
        }
    }

    /// Up to where all nodes know the log to be committed, if they know the same.
    fn settled(&self) -> Option<u64> {
        let first = self.nodes[0].settled();
        self.nodes.iter().all(|node| node.settled() == first).then_some(first)
    }
}
