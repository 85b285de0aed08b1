//! A cluster in a test: servers, their disks, and a network that a test steers by hand. Nothing
//! happens by itself except that mail is delivered when a test says so.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use raft_core::{
    Body, Config, Data, Delivery, Dice, Entry, HardState, Index, Message, MessageKind, NodeId,
    NodeSet, Payload, Progress, Raft, ReadContext, ReadState, Ready, RoleKind, Rule, Rules,
    Snapshot, StepError, Stored, Term,
};

use crate::checker::{Broken, Checker, Property};

/// A small seeded generator (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Whether something of this many in a thousand happens.
    pub(crate) fn permille(&mut self, chance: u64) -> bool {
        self.next() % 1000 < chance
    }
}

impl Dice for Seeded {
    fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound)) as u32
    }
}

/// Whether writes end at once or when the test says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sync {
    AtOnce,
    Held,
}

/// A write under way.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) number: u64,
    pub(crate) hard_state: Option<HardState>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) snapshot: Option<Snapshot>,
}

/// One server with what is around it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) raft: Option<Raft>,
    pub(crate) stored: Stored,
    pub(crate) writes: VecDeque<Write>,
    pub(crate) waiting: Vec<(u64, Message)>,
    pub(crate) applied: Vec<Entry>,
    pub(crate) reads: Vec<ReadState>,
    pub(crate) sync: Sync,
    config: Config,
}

/// A cluster.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) mail: VecDeque<Message>,
    /// Directed links that lose everything.
    pub(crate) cut: BTreeSet<(NodeId, NodeId)>,
    /// Kinds of messages that get lost.
    pub(crate) lost: BTreeSet<MessageKind>,
    pub(crate) dice: Seeded,
    /// Whether senders learn of lost snapshots.
    pub(crate) reports_snapshots: bool,
    /// Watches everything; a scenario may ask it what broke.
    pub(crate) checker: Checker,
}

pub(crate) fn n(id: u8) -> NodeId {
    NodeId(id)
}

pub(crate) fn data(text: &str) -> Payload {
    Payload::Normal(Data::from(text))
}

/// A log with entries of these terms.
pub(crate) fn log_of(terms: &[u64]) -> Stored {
    let entry = |(place, term): (usize, &u64)| Entry {
        term: Term(*term),
        index: Index(place as u64 + 1),
        payload: data(&format!("{}.{term}", place + 1)),
    };
    let hard_state =
        HardState { term: Term(terms.last().copied().unwrap_or_default()), ..HardState::default() };
    Stored { hard_state, log: terms.iter().enumerate().map(entry).collect(), ..Stored::default() }
}

impl Node {
    /// Switches rules, for now and after a restart.
    pub(crate) fn set_rules(&mut self, rules: Rules) {
        self.config.rules = rules;
        if let Some(raft) = &mut self.raft {
            raft.set_rules(rules);
        }
    }
}

impl Cluster {
    /// Servers 1 to `size`, with empty disks.
    pub(crate) fn new(size: u8) -> Cluster {
        Cluster::with(size, |_| {})
    }

    /// The same without one rule.
    pub(crate) fn without(size: u8, rule: Rule) -> Cluster {
        Cluster::with(size, |config| config.rules = Rules::ALL.without(rule))
    }

    /// The same with other settings.
    pub(crate) fn with(size: u8, change: impl Fn(&mut Config)) -> Cluster {
        Cluster::of(&vec![Stored::default(); usize::from(size)], change)
    }

    /// One server for each disk.
    pub(crate) fn of(disks: &[Stored], change: impl Fn(&mut Config)) -> Cluster {
        let ids = 1..=disks.len() as u8;
        let voters: NodeSet = ids.clone().map(NodeId).collect();
        let mut cluster = Cluster {
            nodes: BTreeMap::new(),
            mail: VecDeque::new(),
            cut: BTreeSet::new(),
            lost: BTreeSet::new(),
            dice: Seeded(1),
            reports_snapshots: true,
            checker: Checker::default(),
        };
        for (id, stored) in ids.map(NodeId).zip(disks) {
            let mut config = Config::new(id, voters);
            change(&mut config);
            cluster.add(config, stored.clone());
        }
        cluster
    }

    /// Adds a server.
    pub(crate) fn add(&mut self, config: Config, stored: Stored) {
        let id = config.id;
        let node = Node {
            raft: None,
            stored,
            writes: VecDeque::new(),
            waiting: Vec::new(),
            applied: Vec::new(),
            reads: Vec::new(),
            sync: Sync::AtOnce,
            config,
        };
        self.nodes.insert(id, node);
        self.restart(id);
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[&id]
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        self.nodes.get_mut(&id).expect("a node of this cluster")
    }

    pub(crate) fn raft(&self, id: NodeId) -> &Raft {
        self.node(id).raft.as_ref().expect("it runs")
    }

    pub(crate) fn progress(&self, leader: NodeId, of: NodeId) -> &Progress {
        let mut progress = self.raft(leader).progress();
        progress.find(|(id, _)| *id == of).expect("it leads this member").1
    }

    pub(crate) fn roles(&self) -> Vec<RoleKind> {
        self.nodes.keys().map(|id| self.raft(*id).role_kind()).collect()
    }

    /// Commit indexes, in order of the servers.
    pub(crate) fn commits(&self) -> Vec<u64> {
        self.nodes.keys().map(|id| self.raft(*id).commit().0).collect()
    }

    /// Terms of a server's log.
    pub(crate) fn terms(&self, id: NodeId) -> Vec<u64> {
        self.raft(id).log().entries().iter().map(|entry| entry.term.0).collect()
    }

    /// Does something to a running server, then what its `Ready`s say.
    pub(crate) fn at<T>(
        &mut self,
        id: NodeId,
        act: impl FnOnce(&mut Raft, &mut dyn Dice) -> T,
    ) -> T {
        let node = self.nodes.get_mut(&id).expect("a node of this cluster");
        let result = act(node.raft.as_mut().expect("it runs"), &mut self.dice);
        self.drain(id);
        result
    }

    fn drain(&mut self, id: NodeId) {
        // Before anything is applied: a configuration that was just committed does not count yet.
        self.checker.look(id, &self.nodes);
        while self.node_mut(id).raft.as_ref().is_some_and(Raft::has_ready) {
            let ready = self.node_mut(id).raft.as_mut().expect("it runs").ready();
            self.obey(id, ready);
            if self.node(id).sync == Sync::AtOnce {
                while self.end_oldest_write(id) {}
            }
            self.checker.look(id, &self.nodes);
        }
    }

    /// What broke first of all that Raft promises, if anything did.
    pub(crate) fn broken(&self) -> Option<&Broken> {
        self.checker.broken().first()
    }

    /// Asks for something that a scenario sees better than the checker does.
    pub(crate) fn demand(&mut self, property: Property, holds: bool, otherwise: &str) {
        if !holds {
            self.checker.report(property, otherwise.to_owned());
        }
    }

    fn obey(&mut self, id: NodeId, ready: Ready) {
        self.mail.extend(ready.messages.iter().cloned());
        let node = self.nodes.get_mut(&id).expect("a node of this cluster");
        let waits_for = ready.durable_after.unwrap_or_default();
        let waiting = ready.messages_once_durable.iter().cloned();
        node.waiting.extend(waiting.map(|message| (waits_for, message)));
        if ready.has_write() {
            node.writes.push_back(Write {
                number: ready.number,
                hard_state: ready.hard_state,
                entries: ready.entries,
                snapshot: ready.snapshot,
            });
        }
        node.reads.extend(ready.reads);
        let raft = node.raft.as_mut().expect("it runs");
        for entry in ready.committed {
            if let Payload::Config(change) = &entry.payload {
                raft.apply_config_change(change);
            }
            raft.applied(entry.index);
            node.applied.push(entry);
        }
    }

    /// Up to `count` of the writes under way end.
    pub(crate) fn end_writes(&mut self, id: NodeId, count: usize) {
        for _ in 0..count {
            self.end_oldest_write(id);
        }
        self.drain(id);
    }

    /// The oldest write under way ends. Says whether there was one.
    fn end_oldest_write(&mut self, id: NodeId) -> bool {
        let node = self.node_mut(id);
        let Some(write) = node.writes.pop_front() else { return false };
        write_to(&mut node.stored, &write);
        let raft = node.raft.as_mut().expect("it runs");
        raft.persisted(write.number);
        if let Some(snapshot) = &write.snapshot {
            raft.applied(snapshot.index);
        }
        let due = |(number, _): &mut (u64, Message)| *number <= write.number;
        let sent: Vec<_> = node.waiting.extract_if(.., due).collect();
        self.mail.extend(sent.into_iter().map(|(_, message)| message));
        true
    }

    /// All writes end, and go on ending at once.
    pub(crate) fn sync(&mut self, id: NodeId) {
        self.node_mut(id).sync = Sync::AtOnce;
        while self.end_oldest_write(id) {}
        self.drain(id);
    }

    pub(crate) fn tick(&mut self, id: NodeId) {
        self.at(id, |raft, dice| raft.tick(dice));
    }

    /// So many ticks of this server, with all mail delivered after each.
    pub(crate) fn ticks(&mut self, id: NodeId, count: u32) {
        for _ in 0..count {
            self.tick(id);
            self.deliver();
        }
    }

    /// So many ticks of every running server, with all mail delivered after each.
    pub(crate) fn pass(&mut self, count: u32) {
        for _ in 0..count {
            let ids: Vec<_> = self.nodes.keys().copied().collect();
            for id in ids {
                if self.node(id).raft.is_some() {
                    self.tick(id);
                }
            }
            self.deliver();
        }
    }

    pub(crate) fn step(&mut self, message: Message) -> Result<(), StepError> {
        self.at(message.to, |raft, dice| raft.step(message, dice))
    }

    /// Delivers the oldest letter, or loses it. Says whether there was one.
    pub(crate) fn deliver_one(&mut self) -> bool {
        let Some(message) = self.mail.pop_front() else { return false };
        let is_cut = self.cut.contains(&(message.from, message.to));
        let is_lost = is_cut || self.lost.contains(&message.kind());
        let is_gone = self.nodes.get(&message.to).is_none_or(|node| node.raft.is_none());
        if is_lost || is_gone {
            self.lose(&message);
            return true;
        }
        self.report(&message, Delivery::Delivered);
        match self.step(message) {
            // A proposal may come too late, and a removed member may still talk.
            Ok(()) | Err(StepError::ProposalDropped(_) | StepError::UnknownPeer(_)) => {}
            Err(error) => panic!("{error}"),
        }
        true
    }

    /// A letter is lost.
    pub(crate) fn lose(&mut self, message: &Message) {
        self.report(message, Delivery::Failed);
    }

    /// The transport tells the sender what became of a snapshot, as etcd's does.
    fn report(&mut self, message: &Message, delivery: Delivery) {
        let is_snapshot = message.kind() == MessageKind::InstallSnapshot;
        if is_snapshot && self.node(message.from).raft.is_some() && self.reports_snapshots {
            let to = message.to;
            self.at(message.from, |raft, _| raft.report_snapshot(to, delivery));
        }
    }

    /// Delivers all mail, and what it causes.
    pub(crate) fn deliver(&mut self) {
        while self.deliver_one() {}
    }

    /// The same, but what is picked is lost.
    pub(crate) fn deliver_but(&mut self, picked: impl Fn(&Message) -> bool) {
        while let Some(message) = self.mail.front() {
            if picked(message) {
                self.mail.pop_front();
            } else {
                self.deliver_one();
            }
        }
    }

    /// Takes what is picked out of the mail under way, to be put back later: it is delayed.
    pub(crate) fn hold_back(&mut self, picked: impl Fn(&Message) -> bool) -> Vec<Message> {
        let (held, mail) = self.mail.drain(..).partition(picked);
        self.mail = mail;
        held.into()
    }

    pub(crate) fn campaign(&mut self, id: NodeId) {
        self.at(id, |raft, dice| raft.campaign(dice));
    }

    /// Lets this server stand for election, and everybody answer.
    pub(crate) fn elect(&mut self, id: NodeId) {
        self.campaign(id);
        self.deliver();
    }

    pub(crate) fn propose(&mut self, id: NodeId, text: &str) {
        self.at(id, |raft, _| raft.propose(data(text))).expect("there is a leader");
    }

    pub(crate) fn read(&mut self, id: NodeId, number: u64) {
        let context = ReadContext { node: id, number };
        self.checker.read_asked(context);
        self.at(id, |raft, _| raft.read_index(context));
    }

    /// Which reads may be answered at this server, and from which index on.
    pub(crate) fn reads(&self, id: NodeId) -> Vec<(u64, u64)> {
        let reads = self.node(id).reads.iter();
        reads.map(|read| (read.context.number, read.index.0)).collect()
    }

    /// Cuts the links between `id` and all others, both ways.
    pub(crate) fn isolate(&mut self, id: NodeId) {
        for other in self.nodes.keys() {
            self.cut.insert((id, *other));
            self.cut.insert((*other, id));
        }
    }

    /// Cuts all links between these servers and the rest, both ways.
    pub(crate) fn partition(&mut self, side: &[u8]) {
        let is_inside = |node: &NodeId| side.contains(&node.0);
        for from in self.nodes.keys() {
            for to in self.nodes.keys().filter(|to| is_inside(to) != is_inside(from)) {
                self.cut.insert((*from, *to));
            }
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        self.lost.clear();
    }

    /// The server is gone, and what its disk had not finished.
    pub(crate) fn crash(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        node.raft = None;
        node.writes.clear();
        node.waiting.clear();
        node.applied.clear();
        node.reads.clear();
    }

    pub(crate) fn restart(&mut self, id: NodeId) {
        self.checker.restarted(id);
        let node = self.nodes.get_mut(&id).expect("a node of this cluster");
        let raft = Raft::new(node.config.clone(), node.stored.clone(), &mut self.dice);
        node.raft = Some(raft);
        self.drain(id);
    }

    /// What is under way, as short text: `n1>n2 AppendEntries`.
    pub(crate) fn mail_as_text(&self) -> Vec<String> {
        let line = |message: &Message| {
            format!("{}>{} {}", message.from, message.to, message.kind().name())
        };
        self.mail.iter().map(line).collect()
    }

    /// Bodies under way to this server.
    pub(crate) fn mail_to(&self, to: NodeId) -> Vec<Body> {
        let mail = self.mail.iter().filter(|message| message.to == to);
        mail.map(|message| message.body.clone()).collect()
    }
}

/// What a write means for a disk.
fn write_to(stored: &mut Stored, write: &Write) {
    if let Some(snapshot) = &write.snapshot {
        stored.log.clear();
        stored.snapshot = Some(snapshot.clone());
    }
    if let Some(first) = write.entries.first() {
        stored.log = stored.log.iter().filter(|old| old.index < first.index).cloned().collect();
        stored.log.extend(write.entries.iter().cloned());
    }
    if let Some(hard_state) = write.hard_state {
        stored.hard_state = hard_state;
    }
}
