//! One server of each kind, given the same inputs and asked for the same outputs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use raft::eraftpb::{ConfState, Snapshot as TheirSnapshot};
use raft::eraftpb::{Entry as TheirEntry, Message as TheirMessage, MessageType};
use raft::{RawNode, ReadOnlyOption, SnapshotStatus, StateRole};
use raft_core::{
    Body, Config, Configuration, Delivery, Dice, Entry, Message, NodeId, Payload, Raft,
    ReadContext, ReadMode, RoleKind, Rule, Snapshot, Stored,
};

use crate::compare::{self, Outputs};
use crate::differences::{self, EarlyReads};
use crate::disk::{self, Contents, Disks, OurWrite, Shelf, TheirWrite, Writes};
use crate::words;

/// Their server.
pub(crate) type Theirs = RawNode<Shelf>;

/// How both are set up, all servers of a cluster alike.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) initial: Configuration,
    pub(crate) pre_vote: bool,
    pub(crate) check_quorum: bool,
    pub(crate) reads: ReadMode,
    pub(crate) election_ticks: u32,
    pub(crate) heartbeat_ticks: u32,
    pub(crate) max_inflight: u32,
    /// Everything that waits in one append, or one entry each. Sizes are counted differently, so
    /// that nothing between the two can be compared.
    pub(crate) appends: Appends,
    pub(crate) disk: Pace,
    pub(crate) state_machine: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appends {
    Whole,
    EntryByEntry,
}

/// When a disk or a state machine does what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    AtOnce,
    /// When the schedule says so.
    WhenTold,
}

impl Setup {
    pub(crate) fn empty_disks(&self) -> Disks {
        let conf_state = words::configuration(&self.initial);
        Disks { ours: Stored::default(), theirs: Contents::new(conf_state) }
    }

    fn ours(&self, id: NodeId) -> Config {
        let mut config = Config::new(id, self.initial.voters);
        config.learners = self.initial.learners;
        if !self.pre_vote {
            config.rules = config.rules.without(Rule::PreVote);
        }
        if !self.check_quorum {
            config.rules = config.rules.without(Rule::CheckQuorum);
        }
        config.reads = self.reads;
        config.election_ticks = self.election_ticks;
        config.heartbeat_ticks = self.heartbeat_ticks;
        config.max_inflight = self.max_inflight;
        config.max_append_bytes = self.append_bytes();
        config
    }

    fn theirs(&self, id: NodeId) -> raft::Config {
        raft::Config {
            id: id.0.into(),
            election_tick: self.election_ticks as usize,
            heartbeat_tick: self.heartbeat_ticks as usize,
            max_size_per_msg: self.append_bytes(),
            max_inflight_msgs: self.max_inflight as usize,
            check_quorum: self.check_quorum,
            pre_vote: self.pre_vote,
            read_only_option: match self.reads {
                ReadMode::Confirmed => ReadOnlyOption::Safe,
                ReadMode::Lease => ReadOnlyOption::LeaseBased,
            },
            ..raft::Config::default()
        }
    }

    fn append_bytes(&self) -> u64 {
        match self.appends {
            Appends::Whole => u64::MAX,
            Appends::EntryByEntry => 0,
        }
    }
}

/// The same message in both words.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) ours: Message,
    pub(crate) theirs: TheirMessage,
}

/// What the state machines are still to apply.
enum Unapplied {
    Entries(Vec<Entry>),
    /// Once this write is durable.
    Snapshot {
        index: u64,
        serial: u64,
    },
}

/// One server of each kind.
pub(crate) struct Twin {
    setup: Rc<Setup>,
    pub(crate) ours: Raft,
    pub(crate) theirs: Theirs,
    pub(crate) disks: Disks,
    pub(crate) shelf: Shelf,
    writes: Writes,
    unapplied: VecDeque<Unapplied>,
    /// Letters that wait for a write to become durable.
    outbox: Vec<(u64, Letter)>,
    early_reads: EarlyReads,
    /// It led and was removed: there their code ends (`differences`, 7).
    pub(crate) is_removed_leader: bool,
}

/// Ends a step at the first difference, and says what it is.
pub(crate) type Same = Result<(), String>;

impl Twin {
    pub(crate) fn start(id: NodeId, setup: Rc<Setup>, disks: Disks, dice: &mut dyn Dice) -> Twin {
        let shelf = Shelf(Rc::new(RefCell::new(disks.theirs.clone().restarted())));
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let ours = Raft::new(setup.ours(id), disks.ours.clone(), dice);
        let mut theirs = RawNode::new(&setup.theirs(id), shelf.clone(), &logger)
            .expect("the settings are valid");
        compare::wind(&ours, &mut theirs);
        Twin {
            setup,
            ours,
            theirs,
            disks,
            shelf,
            writes: Writes::default(),
            unapplied: VecDeque::new(),
            outbox: Vec::new(),
            early_reads: EarlyReads::default(),
            is_removed_leader: false,
        }
    }
}

/// Inputs.
impl Twin {
    pub(crate) fn tick(&mut self, dice: &mut dyn Dice) -> Same {
        self.before_candidacy()?;
        let state = self.theirs.raft.state;
        self.ours.tick(dice);
        self.theirs.tick();
        differences::sole_voter_won(&mut self.theirs, state);
        self.settle()
    }

    pub(crate) fn campaign(&mut self, dice: &mut dyn Dice) -> Same {
        self.before_candidacy()?;
        let state = self.theirs.raft.state;
        self.ours.campaign(dice);
        differences::campaign(&mut self.theirs);
        differences::sole_voter_won(&mut self.theirs, state);
        self.settle()
    }

    pub(crate) fn deliver(&mut self, letter: Letter, dice: &mut dyn Dice) -> Same {
        if matches!(letter.ours.body, Body::TimeoutNow) {
            self.before_candidacy()?;
        }
        let is_read = matches!(letter.ours.body, Body::ReadIndex { .. });
        if is_read && differences::reads_go_unconfirmed(&self.ours) {
            return Ok(());
        }
        let state = self.theirs.raft.state;
        let takes_over = matches!(letter.ours.body, Body::TimeoutNow);
        let ours = self.ours.step(letter.ours, dice);
        let theirs = differences::step(&mut self.theirs, letter.theirs, &mut self.early_reads);
        if takes_over {
            differences::sole_voter_won(&mut self.theirs, state);
        }
        compare::results("step", &ours, &theirs)?;
        self.settle()
    }

    pub(crate) fn propose(&mut self, payload: &Payload) -> Same {
        let ours = self.ours.propose(payload.clone());
        let mut message = self.local(MessageType::MsgPropose);
        message.from = self.theirs.raft.id;
        message.set_entries(vec![words::proposal(payload)].into());
        let theirs = self.theirs.raft.step(message);
        compare::results("propose", &ours, &theirs)?;
        self.settle()
    }

    pub(crate) fn read(&mut self, context: ReadContext) -> Same {
        if differences::reads_go_unconfirmed(&self.ours) {
            return Ok(());
        }
        self.ours.read_index(context);
        let mut message = self.local(MessageType::MsgReadIndex);
        message.set_entries(vec![words::read_entry(context)].into());
        // Their `step` never fails for a read.
        let _ = differences::step(&mut self.theirs, message, &mut self.early_reads);
        self.settle()
    }

    pub(crate) fn transfer(&mut self, to: NodeId) -> Same {
        // A follower of theirs passes the request on; ours only takes it as a leader.
        if self.ours.role_kind() == RoleKind::Leader {
            // Whether it can be done shows in `transferee`; theirs says nothing.
            let _ = self.ours.transfer_leader(to);
            self.theirs.transfer_leader(to.0.into());
        }
        self.settle()
    }

    pub(crate) fn report_unreachable(&mut self, node: NodeId) -> Same {
        self.ours.report_unreachable(node);
        self.theirs.report_unreachable(node.0.into());
        self.settle()
    }

    pub(crate) fn report_snapshot(&mut self, node: NodeId, delivery: Delivery) -> Same {
        self.ours.report_snapshot(node, delivery);
        let status = match delivery {
            Delivery::Delivered => SnapshotStatus::Finish,
            Delivery::Failed => SnapshotStatus::Failure,
        };
        self.theirs.report_snapshot(node.0.into(), status);
        self.settle()
    }

    /// Takes a snapshot of what is applied and forgets the log before its `kept` last entries.
    pub(crate) fn compact(&mut self, kept: u64) -> Same {
        let index = self.ours.last_applied();
        let to = raft_core::Index(index.0.saturating_sub(kept));
        let Some(term) = self.ours.log().term(index) else { return Ok(()) };
        let is_restoring = !self.unapplied.is_empty()
            && self.unapplied.iter().any(|item| matches!(item, Unapplied::Snapshot { .. }));
        let newest = self.ours.snapshot().map_or(0, |snapshot| snapshot.index.0);
        if is_restoring || index.0 <= newest || to < self.ours.log().first_index() {
            return Ok(());
        }
        let config = self.ours.configuration().clone();
        let snapshot = Snapshot { index, term, config, data: Default::default() };
        let theirs = self.their_snapshot(index.0, term.0);
        self.ours.compact(to, snapshot.clone());
        disk::compact(&mut self.disks, &self.shelf, to, &snapshot, theirs);
        self.settle()
    }

    fn their_snapshot(&self, index: u64, term: u64) -> TheirSnapshot {
        let mut snapshot = TheirSnapshot::default();
        let metadata = snapshot.mut_metadata();
        (metadata.index, metadata.term) = (index, term);
        metadata.set_conf_state(self.their_configuration());
        snapshot
    }

    pub(crate) fn their_configuration(&self) -> ConfState {
        words::sorted(self.theirs.raft.prs().conf().to_conf_state())
    }

    fn local(&self, kind: MessageType) -> TheirMessage {
        let mut message = TheirMessage::default();
        message.set_msg_type(kind);
        message
    }

    /// The next write ends, if one is under way.
    pub(crate) fn end_write(&mut self) -> Same {
        self.end_next_write();
        self.settle()
    }

    /// The state machine applies the next batch, if there is one.
    pub(crate) fn apply(&mut self) -> Same {
        self.apply_next();
        self.settle()
    }

    /// See `differences`, 8 and 10.
    fn before_candidacy(&mut self) -> Same {
        let is_restoring = |unapplied: &Unapplied| matches!(unapplied, Unapplied::Snapshot { .. });
        while self.unapplied.iter().any(is_restoring)
            || self.ours.configuration().is_singleton() && !self.writes.is_idle()
        {
            if !self.apply_next() && !self.end_next_write() {
                break;
            }
            self.settle()?;
        }
        Ok(())
    }
}

/// Outputs.
impl Twin {
    /// Takes everything both have to say, until both are silent, and compares it and them.
    pub(crate) fn settle(&mut self) -> Same {
        let mut outputs = Outputs::default();
        loop {
            outputs.reads_were_early |= self.early_reads.release(&mut self.theirs);
            let has_more = self.ours.has_ready() || self.theirs.has_ready();
            if has_more {
                self.take_ready(&mut outputs)?;
            }
            let wrote = (self.setup.disk == Pace::AtOnce || self.writes.next_is_empty())
                && self.end_next_write();
            let applied = self.setup.state_machine == Pace::AtOnce && self.apply_next();
            if self.is_removed_leader {
                return Ok(());
            }
            if !has_more && !wrote && !applied {
                break;
            }
        }
        for (serial, letter) in outputs.letters()? {
            self.outbox.push((serial, letter));
        }
        compare::wind(&self.ours, &mut self.theirs);
        compare::states(self)
    }

    fn take_ready(&mut self, outputs: &mut Outputs) -> Same {
        let mut ours = self.ours.ready();
        let mut our_write = OurWrite::default();
        if ours.has_write() {
            our_write.number = Some(ours.number);
            our_write.hard_state = ours.hard_state;
            our_write.entries = std::mem::take(&mut ours.entries);
            our_write.snapshot = ours.snapshot.take();
        }
        let mut their_write = TheirWrite::default();
        let mut their_committed = Vec::new();
        let mut their_reads = Vec::new();
        let mut their_messages = (Vec::new(), Vec::new());
        if self.theirs.has_ready() {
            let mut theirs = self.theirs.ready();
            their_write.number = Some(theirs.number());
            their_write.hard_state = theirs.hs().cloned();
            their_write.entries = theirs.take_entries();
            their_write.snapshot =
                (!theirs.snapshot().is_empty()).then(|| theirs.snapshot().clone());
            their_committed = theirs.take_committed_entries();
            their_reads = theirs.take_read_states();
            their_messages = (theirs.take_messages(), theirs.take_persisted_messages());
            self.shelf.0.borrow_mut().write(&their_write);
            self.theirs.advance_append_async(theirs);
        }
        compare::writes(&our_write, &their_write)?;
        compare::applied(&ours.committed, &their_committed)?;
        compare::reads(&ours.reads, &their_reads)?;
        let restored = our_write.snapshot.as_ref().map(|snapshot| snapshot.index.0);
        self.writes.push(our_write, their_write);
        let serial = self.writes.newest();
        if let Some(index) = restored {
            // It stands for whatever was still to be applied.
            self.unapplied.clear();
            self.unapplied.push_back(Unapplied::Snapshot { index, serial });
        }
        if !ours.committed.is_empty() {
            self.unapplied.push_back(Unapplied::Entries(ours.committed));
        }
        outputs.add(ours.messages, 0);
        outputs.add(ours.messages_once_durable, serial);
        outputs.add_theirs(their_messages.0, 0);
        outputs.add_theirs(their_messages.1, serial);
        Ok(())
    }

    fn end_next_write(&mut self) -> bool {
        let Some(ended) = self.writes.end_next(&mut self.disks) else { return false };
        if let Some(number) = ended.ours {
            self.ours.persisted(number);
        }
        if let Some(number) = ended.theirs {
            self.theirs.on_persist_ready(number);
        }
        true
    }

    fn apply_next(&mut self) -> bool {
        match self.unapplied.front() {
            Some(Unapplied::Snapshot { serial, .. }) if !self.writes.has_ended(*serial) => {
                return false;
            }
            Some(_) => {}
            None => return false,
        }
        match self.unapplied.pop_front() {
            Some(Unapplied::Snapshot { index, .. }) => {
                self.ours.applied(raft_core::Index(index));
                self.theirs.advance_apply_to(index);
            }
            Some(Unapplied::Entries(entries)) => self.apply_entries(&entries),
            None => {}
        }
        true
    }

    fn apply_entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Payload::Config(change) = &entry.payload {
                self.ours.apply_config_change(change);
                differences::apply_config_change(&mut self.theirs, change);
                let is_member = self.ours.configuration().contains(self.ours.id());
                if self.theirs.raft.state == StateRole::Leader && !is_member {
                    self.is_removed_leader = true;
                    return;
                }
            }
        }
        if let Some(last) = entries.last() {
            self.ours.applied(last.index);
            self.theirs.advance_apply_to(last.index.0);
        }
    }

    /// Letters that may leave now.
    pub(crate) fn take_letters(&mut self) -> Vec<Letter> {
        let (leaving, waiting) = std::mem::take(&mut self.outbox)
            .into_iter()
            .partition(|(serial, _)| self.writes.has_ended(*serial));
        self.outbox = waiting;
        let leaving: Vec<(u64, Letter)> = leaving;
        leaving.into_iter().map(|(_, letter)| letter).collect()
    }

    /// Their log, without copying it: what they see on their disk, then what they have not
    /// written yet.
    pub(crate) fn compare_logs(&self, same: impl Fn(&Entry, &TheirEntry) -> bool) -> Same {
        let shelf = self.shelf.0.borrow();
        let unstable = &self.theirs.raft.raft_log.unstable;
        let stable = shelf.entries.iter().take_while(|entry| entry.index < unstable.offset);
        let mut theirs = stable.chain(&unstable.entries);
        for entry in self.ours.log().entries().iter() {
            match theirs.next() {
                Some(their_entry) if same(entry, their_entry) => {}
                other => return Err(format!("log: ours {entry:?}, theirs {other:?}")),
            }
        }
        match theirs.next() {
            None => Ok(()),
            Some(entry) => Err(format!("log: theirs goes on with {entry:?}")),
        }
    }
}
