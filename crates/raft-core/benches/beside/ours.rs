//! A node of ours.

use std::collections::VecDeque;

use raft_core::{
    Config, Data, Dice, Entry, HardState, Index, Message, NodeId, Payload, Raft, Stored,
};

use crate::cluster::Node;

/// Nobody draws while it is measured.
struct Never;

impl Dice for Never {
    fn below(&mut self, _bound: u32) -> u32 {
        0
    }
}

/// raft-core and its disk.
pub(crate) struct Ours {
    raft: Raft,
    log: Vec<Entry>,
    hard_state: HardState,
}

impl Node for Ours {
    type Message = Message;

    fn new(id: u8, nodes: u8) -> Ours {
        let config = Config::new(NodeId(id), (1..=nodes).map(NodeId).collect());
        let raft = Raft::new(config, Stored::default(), &mut Never);
        Ours { raft, log: Vec::new(), hard_state: HardState::default() }
    }

    fn campaign(&mut self) {
        self.raft.campaign(&mut Never);
    }

    fn propose(&mut self, bytes: &[u8]) {
        let payload = Payload::Normal(Data::from(bytes));
        self.raft.propose(payload).expect("it leads");
    }

    fn step(&mut self, message: Message) {
        self.raft.step(message, &mut Never).expect("a good message");
    }

    fn work(&mut self, post: &mut VecDeque<(u8, Message)>) {
        while self.raft.has_ready() {
            let mut ready = self.raft.ready();
            let has_write = ready.has_write();
            post.extend(ready.messages.into_iter().map(|message| (message.to.0, message)));
            if let Some(first) = ready.entries.first() {
                self.log.truncate(first.index.0 as usize - 1);
                self.log.append(&mut ready.entries);
            }
            if let Some(hard_state) = ready.hard_state {
                self.hard_state = hard_state;
            }
            if has_write {
                self.raft.persisted(ready.number);
            }
            let promises = ready.messages_once_durable;
            post.extend(promises.into_iter().map(|message| (message.to.0, message)));
            if let Some(last) = ready.committed.last() {
                self.raft.applied(last.index);
            }
        }
    }

    fn settled(&self) -> u64 {
        let Index(commit) = self.raft.commit();
        if self.raft.last_applied() == Index(commit) { commit } else { 0 }
    }
}
