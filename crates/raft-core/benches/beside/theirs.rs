//! A node of theirs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use raft::eraftpb::{ConfState, Entry, HardState, Message, Snapshot};
use raft::storage::{GetEntriesContext, RaftState, Storage};
use raft::{Config, RawNode};

use crate::cluster::Node;

/// The `raft` crate and its disk.
pub(crate) struct Theirs {
    raft: RawNode<Disk>,
    disk: Disk,
}

impl Node for Theirs {
    type Message = Message;

    fn new(id: u8, nodes: u8) -> Theirs {
        let config = Config {
            id: id.into(),
            election_tick: 10,
            heartbeat_tick: 1,
            // As ours.
            max_inflight_msgs: 512,
            max_size_per_msg: 512 * 1024,
            check_quorum: true,
            pre_vote: true,
            ..Config::default()
        };
        let disk = Disk::default();
        disk.0.borrow_mut().voters = (1..=nodes).map(u64::from).collect();
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let raft = RawNode::new(&config, disk.clone(), &logger).expect("valid settings");
        Theirs { raft, disk }
    }

    fn campaign(&mut self) {
        self.raft.campaign().expect("it may");
    }

    fn propose(&mut self, bytes: &[u8]) {
        self.raft.propose(Vec::new(), bytes.to_vec()).expect("it leads");
    }

    fn step(&mut self, message: Message) {
        self.raft.step(message).expect("a good message");
    }

    fn work(&mut self, post: &mut VecDeque<(u8, Message)>) {
        let letter = |message: Message| (message.to as u8, message);
        while self.raft.has_ready() {
            let mut ready = self.raft.ready();
            post.extend(ready.take_messages().into_iter().map(letter));
            self.disk.write(ready.take_entries(), ready.hs());
            let mut last = ready.take_committed_entries().last().map(|entry| entry.index);
            post.extend(ready.take_persisted_messages().into_iter().map(letter));
            let mut light = self.raft.advance_append(ready);
            if let Some(commit) = light.commit_index() {
                self.disk.0.borrow_mut().hard_state.set_commit(commit);
            }
            post.extend(light.take_messages().into_iter().map(letter));
            last = light.take_committed_entries().last().map(|entry| entry.index).or(last);
            if let Some(last) = last {
                self.raft.advance_apply_to(last);
            }
        }
    }

    fn settled(&self) -> u64 {
        let log = &self.raft.raft.raft_log;
        if log.applied() == log.committed { log.committed } else { 0 }
    }
}

/// Their own `MemStorage` copies entries behind a lock; this one takes them, so that their speed is
/// not held down by what is not theirs.
#[derive(Clone, Default)]
struct Disk(Rc<RefCell<Contents>>);

#[derive(Default)]
struct Contents {
    voters: Vec<u64>,
    hard_state: HardState,
    log: Vec<Entry>,
}

impl Disk {
    fn write(&self, mut entries: Vec<Entry>, hard_state: Option<&HardState>) {
        let mut contents = self.0.borrow_mut();
        if let Some(first) = entries.first() {
            contents.log.truncate(first.index as usize - 1);
            contents.log.append(&mut entries);
        }
        if let Some(hard_state) = hard_state {
            contents.hard_state = hard_state.clone();
        }
    }
}

impl Storage for Disk {
    fn initial_state(&self) -> raft::Result<RaftState> {
        let contents = self.0.borrow();
        let mut configuration = ConfState::default();
        configuration.set_voters(contents.voters.clone());
        Ok(RaftState::new(contents.hard_state.clone(), configuration))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        let mut entries = self.0.borrow().log[low as usize - 1..high as usize - 1].to_vec();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        let term = |place: u64| self.0.borrow().log.get(place as usize).map(|entry| entry.term);
        Ok(index.checked_sub(1).and_then(term).unwrap_or(0))
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.0.borrow().log.len() as u64)
    }

    fn snapshot(&self, _request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        Ok(Snapshot::default())
    }
}
