//! Interfering from outside: faults, repairs, settings. Each action is an event of its own and
//! takes effect at once; one that makes no sense is an error and changes nothing.

use member::Micros;
use member::raft_core::{Delivery, MessageKind, NodeId, Rule, Rules, TransferError};
use serde::{Deserialize, Serialize};

use crate::Cluster;
use crate::disk::Loss;
use crate::link::LinkChange;
use crate::node::Condition;
use crate::process;
use crate::queue::Item;
use crate::settings::{HOUR, Setting, SettingsError, Switch};
use crate::trace::{EntryMark, Event, EventKind, MessageId, SnapshotKind, SnapshotMark};

/// Something that is done to the cluster from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// The process dies, and with it what was not durable.
    Crash(NodeId),
    /// The process dies, and a part of what was not durable is on the disk.
    Tear(NodeId),
    /// A crashed process starts again from its disk.
    Restart(NodeId),
    /// The process of a member that was added starts for the first time.
    Start(NodeId),
    /// The process is frozen.
    Pause(NodeId),
    /// A frozen process goes on.
    Resume(NodeId),
    /// The node's clock runs at this rate (parts per million of virtual time) from now on.
    SetClock {
        /// Whose clock.
        node: NodeId,
        /// 1,000,000 is true; from 1,000 to 1,000,000,000.
        rate_ppm: u32,
    },
    /// Changes one directed link.
    SetLink {
        /// Where its messages come from.
        from: NodeId,
        /// Where they go.
        to: NodeId,
        /// What is done.
        change: LinkChange,
    },
    /// Ends every cut and every clog.
    HealAll,
    /// Cuts all links of a node, both ways.
    Isolate(NodeId),
    /// Cuts the links between nodes of different groups, both ways, and heals those within each.
    /// Nodes that are not named form one more group.
    Partition(Vec<Vec<NodeId>>),
    /// Loses a message in flight.
    DropMessage(MessageId),
    /// Makes a message in flight arrive so much later.
    DelayMessage(MessageId, Micros),
    /// Makes a message in flight arrive twice, at the same time.
    DuplicateMessage(MessageId),
    /// Loses the oldest message of a kind in flight on a link.
    DropOldest {
        /// Which kind.
        kind: MessageKind,
        /// Where it comes from.
        from: NodeId,
        /// Where it goes.
        to: NodeId,
    },
    /// Asks the leader to hand leadership over to this node.
    Transfer(NodeId),
    /// Switches a rule of Raft on all nodes, also those that are down.
    SetRule(Rule, Switch),
    /// Changes a setting.
    Set(Setting),
}

/// Why an action makes no sense now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// There is no such node.
    #[error("there is no node {0}")]
    NoSuchNode(NodeId),
    /// It has crashed already.
    #[error("{0} is down already")]
    IsDown(NodeId),
    /// It was added, and never started.
    #[error("{0} was never started: `start {0}`")]
    NeverStarted(NodeId),
    /// It was removed from the cluster.
    #[error("{0} was removed from the cluster, and never comes back")]
    Removed(NodeId),
    /// It is not a member, as far as those that run know.
    #[error("{0} is not a member of this cluster: `etcdctl member add` comes first")]
    NotMember(NodeId),
    /// It is not its first start.
    #[error("{0} was started before: `restart {0}`")]
    StartedBefore(NodeId),
    /// It cannot be restarted.
    #[error("{0} is not down")]
    IsNotDown(NodeId),
    /// It cannot be paused.
    #[error("{0} is paused already")]
    IsPaused(NodeId),
    /// It cannot be resumed.
    #[error("{0} is not paused")]
    IsNotPaused(NodeId),
    /// A node has no link to itself.
    #[error("{0} has no link to itself")]
    LinkToItself(NodeId),
    /// A node stands in two groups of a partition.
    #[error("{0} is in two groups")]
    InTwoGroups(NodeId),
    /// No message has that number, or it is not in flight any more.
    #[error("{0} is not in flight")]
    NotInFlight(MessageId),
    /// Nothing of the kind is in flight there.
    #[error("no {} in flight from {from} to {to}", kind.name())]
    NoneInFlight {
        /// Which kind.
        kind: MessageKind,
        /// Where it would come from.
        from: NodeId,
        /// Where it would go.
        to: NodeId,
    },
    /// A delay longer than an hour.
    #[error("a message can be delayed by an hour at most")]
    DelayTooLong,
    /// A clock rate out of its range.
    #[error("a clock runs at a thousandth to a thousand times the true rate")]
    ClockRate,
    /// There is nobody who could hand leadership over.
    #[error("there is no leader")]
    NoLeader,
    /// The leader refuses to hand leadership over.
    #[error("{0}")]
    Transfer(TransferError),
    /// A setting out of its range.
    #[error("{0}")]
    Setting(#[from] SettingsError),
    /// A broken safety property has stopped the run.
    #[error("the run was stopped by a broken safety property")]
    Stopped,
}

impl Cluster {
    /// Does something to the cluster. It takes effect now and is an event of its own.
    ///
    /// # Errors
    /// Says why the action makes no sense now; nothing has changed then.
    pub fn act(&mut self, action: Action) -> Result<Event, ActError> {
        if self.violation().is_some() {
            return Err(ActError::Stopped);
        }
        self.check(&action)?;
        if let Action::Transfer(to) = action {
            return self.transfer(to);
        }
        let mut event = self.begin(EventKind::Command);
        self.perform(action, &mut event);
        self.finish(&event);
        Ok(event)
    }

    /// Whether an action makes sense now. (Whether a leader agrees to a transfer, it alone knows.)
    fn check(&self, action: &Action) -> Result<(), ActError> {
        match action {
            Action::Crash(node) | Action::Tear(node) => match self.condition_of(*node)? {
                Condition::Running | Condition::Paused => Ok(()),
                Condition::Crashed => Err(ActError::IsDown(*node)),
            },
            Action::Restart(node) => match self.condition_of(*node)? {
                Condition::Running | Condition::Paused => Err(ActError::IsNotDown(*node)),
                Condition::Crashed if self.node(*node).has_parted() => {
                    Err(ActError::Removed(*node))
                }
                Condition::Crashed if self.node(*node).starts() == 0 => {
                    Err(ActError::NeverStarted(*node))
                }
                Condition::Crashed => Ok(()),
            },
            Action::Start(node) => self.check_start(*node),
            Action::Pause(node) => match self.condition_of(*node)? {
                Condition::Running => Ok(()),
                Condition::Paused => Err(ActError::IsPaused(*node)),
                Condition::Crashed => Err(ActError::IsDown(*node)),
            },
            Action::Resume(node) => match self.condition_of(*node)? {
                Condition::Paused => Ok(()),
                Condition::Running | Condition::Crashed => Err(ActError::IsNotPaused(*node)),
            },
            Action::SetClock { node, rate_ppm } => {
                self.condition_of(*node)?;
                let sensible = (1_000..=1_000_000_000).contains(rate_ppm);
                if sensible { Ok(()) } else { Err(ActError::ClockRate) }
            }
            Action::SetLink { from, to, change } => {
                self.check_link(*from, *to)?;
                check_change(*change)
            }
            Action::HealAll => Ok(()),
            Action::Isolate(node) | Action::Transfer(node) => {
                self.condition_of(*node)?;
                Ok(())
            }
            Action::Partition(groups) => self.check_groups(groups),
            Action::DropMessage(id) | Action::DuplicateMessage(id) => self.check_flight(*id),
            Action::DelayMessage(id, delay) if *delay <= HOUR => self.check_flight(*id),
            Action::DelayMessage(..) => Err(ActError::DelayTooLong),
            Action::DropOldest { kind, from, to } => {
                self.check_link(*from, *to)?;
                let none = ActError::NoneInFlight { kind: *kind, from: *from, to: *to };
                self.oldest_flight(*kind, *from, *to).map(|_| ()).ok_or(none)
            }
            Action::SetRule(..) => Ok(()),
            Action::Set(setting) => Ok(self.settings.with(*setting).map(|_| ())?),
        }
    }

    fn condition_of(&self, node: NodeId) -> Result<Condition, ActError> {
        if self.has_node(node) {
            Ok(self.node(node).condition())
        } else {
            Err(ActError::NoSuchNode(node))
        }
    }

    fn check_link(&self, from: NodeId, to: NodeId) -> Result<(), ActError> {
        self.condition_of(from)?;
        self.condition_of(to)?;
        if from == to { Err(ActError::LinkToItself(from)) } else { Ok(()) }
    }

    fn check_flight(&self, id: MessageId) -> Result<(), ActError> {
        self.flight(id).map(|_| ()).ok_or(ActError::NotInFlight(id))
    }

    fn check_groups(&self, groups: &[Vec<NodeId>]) -> Result<(), ActError> {
        let mut seen = Vec::new();
        for node in groups.iter().flatten() {
            self.condition_of(*node)?;
            if seen.contains(node) {
                return Err(ActError::InTwoGroups(*node));
            }
            seen.push(*node);
        }
        Ok(())
    }

    fn perform(&mut self, action: Action, event: &mut Event) {
        match action {
            Action::Crash(node) => self.crash(node, EventKind::Crash, event),
            Action::Tear(node) => self.crash(node, EventKind::Tear, event),
            Action::Restart(node) | Action::Start(node) => self.restart(node, event),
            Action::Pause(node) => self.pause(node, event),
            Action::Resume(node) => self.resume(node, event),
            Action::SetClock { node, rate_ppm } => self.set_clock(node, rate_ppm, event),
            Action::SetLink { from, to, change } => self.change_link(from, to, change, event),
            Action::HealAll => {
                self.every_link(|_, _| true, LinkChange::Heal, event);
            }
            Action::Isolate(node) => {
                self.every_link(|from, to| from == node || to == node, LinkChange::Cut, event);
            }
            Action::Partition(groups) => self.partition(&groups, event),
            Action::DropMessage(id) => self.drop_message(id, event),
            Action::DelayMessage(id, delay) => self.delay_message(id, delay),
            Action::DuplicateMessage(id) => self.duplicate_message(id, event),
            Action::DropOldest { kind, from, to } => {
                if let Some(id) = self.oldest_flight(kind, from, to).map(|flight| flight.id) {
                    self.drop_message(id, event);
                }
            }
            Action::Transfer(_) => unreachable!("a transfer can be refused: see `transfer`"),
            Action::SetRule(rule, switch) => {
                self.settings = self.settings.with_rule(rule, switch);
                self.spread_rules();
            }
            Action::Set(setting) => self.set(setting),
        }
    }

    pub(crate) fn crash(&mut self, id: NodeId, kind: EventKind, event: &mut Event) {
        event.kind = kind;
        event.node = Some(id);
        let now = self.now;
        let node = self.node_mut(id);
        let mut tear = node.tear.clone();
        let loss = if kind == EventKind::Tear { Loss::Torn(&mut tear) } else { Loss::Whole };
        let lost = node.disk.crash(now, loss);
        // What the log had cut off without writing so, with a rule left out, is back again.
        let in_memory = node.told.last_index;
        let returns = (node.disk.last_index() > in_memory).then(|| in_memory.next());
        node.tear = tear;
        node.stop();
        let stored = node.disk.stored();
        let begins_at = stored.snapshot.as_ref().map_or_else(Default::default, |at| at.index);
        if lost.snapshot {
            let term = stored.snapshot.as_ref().map_or_else(Default::default, |at| at.term);
            let kind = SnapshotKind::Installed;
            let digest = node.digest_on_disk();
            event.snapshot = Some(SnapshotMark { index: begins_at, term, kind, digest });
            let behind = stored.log.iter().filter(|entry| entry.index > begins_at);
            event.appended.extend(behind.map(EntryMark::of));
        } else if let Some(from) = lost.from.into_iter().chain(returns).min() {
            event.truncated_from = Some(from);
            let from = stored.log.iter().position(|entry| entry.index >= from);
            let kept = from.into_iter().flat_map(|from| stored.log.iter().skip(from));
            event.appended.extend(kept.map(EntryMark::of));
        }
        process::tell_crashed(node, event);
        self.unpark(id);
        self.hang_up_all(id, event);
    }

    fn restart(&mut self, id: NodeId, event: &mut Event) {
        event.kind = EventKind::Restart;
        let now = self.now;
        let node = &mut self.nodes[usize::from(id.0) - 1];
        node.start(&self.settings, now, &mut self.queue);
        self.absorb(id, event);
    }

    fn pause(&mut self, id: NodeId, event: &mut Event) {
        event.kind = EventKind::Pause;
        event.node = Some(id);
        let now = self.now;
        let node = self.node_mut(id);
        node.freeze(now);
        process::tell(node, event, &[]);
    }

    fn resume(&mut self, id: NodeId, event: &mut Event) {
        event.kind = EventKind::Resume;
        let now = self.now;
        let node = &mut self.nodes[usize::from(id.0) - 1];
        node.thaw(now, &mut self.queue);
        self.unpark(id);
        self.absorb(id, event);
    }

    /// What waited for a paused process arrives now, in its order.
    fn unpark(&mut self, id: NodeId) {
        let parked = std::mem::take(&mut self.node_mut(id).parked);
        for item in parked {
            self.put_back(item);
        }
    }

    fn put_back(&mut self, item: Item) {
        self.queue.put_back(Item { at: item.at.max(self.now), ..item });
    }

    fn set_clock(&mut self, id: NodeId, rate_ppm: u32, event: &mut Event) {
        event.node = Some(id);
        let now = self.now;
        let node = &mut self.nodes[usize::from(id.0) - 1];
        node.set_clock(now, rate_ppm, &mut self.queue);
        if node.is_running() {
            self.absorb(id, event);
        }
    }

    fn change_link(&mut self, from: NodeId, to: NodeId, change: LinkChange, event: &mut Event) {
        if change == LinkChange::Cut {
            self.network.lose_flights(&mut self.queue, event, from, to);
        }
        let link = self.network.link_mut(from, to);
        match change {
            LinkChange::Cut => link.cut = true,
            LinkChange::Heal => (link.cut, link.clogged) = (false, false),
            LinkChange::Clog => link.clogged = true,
            LinkChange::Unclog => link.clogged = false,
            LinkChange::Loss(ppm) => link.loss_ppm = ppm,
            LinkChange::Latency(latency) => link.latency = latency,
            LinkChange::Jitter(jitter) => link.jitter = jitter,
            LinkChange::Duplicate(ppm) => link.duplicate_ppm = ppm,
        }
        if matches!(change, LinkChange::Heal | LinkChange::Unclog) {
            // Those of links that are still clogged come to wait again.
            for item in std::mem::take(&mut self.clogged) {
                self.put_back(item);
            }
        }
    }

    fn every_link(
        &mut self,
        chosen: impl Fn(NodeId, NodeId) -> bool,
        change: LinkChange,
        event: &mut Event,
    ) {
        for from in self.node_ids() {
            for to in self.node_ids() {
                if from != to && chosen(from, to) {
                    self.change_link(from, to, change, event);
                }
            }
        }
    }

    fn partition(&mut self, groups: &[Vec<NodeId>], event: &mut Event) {
        let group_of = |node| groups.iter().position(|group| group.contains(&node));
        self.every_link(|from, to| group_of(from) != group_of(to), LinkChange::Cut, event);
        self.every_link(|from, to| group_of(from) == group_of(to), LinkChange::Heal, event);
    }

    fn drop_message(&mut self, id: MessageId, event: &mut Event) {
        if let Some((slot, _)) = self.network.find(id) {
            let flight = self.network.take(slot);
            event.dropped.push(id);
            self.network.report(&mut self.queue, event, &flight.message, Delivery::Failed);
        }
    }

    fn delay_message(&mut self, id: MessageId, delay: Micros) {
        if let Some((slot, flight)) = self.network.find(id) {
            let ends_at = Micros(flight.ends_at.max(self.now).0 + delay.0);
            self.network.reschedule(&mut self.queue, slot, ends_at);
        }
    }

    fn duplicate_message(&mut self, id: MessageId, event: &mut Event) {
        if let Some((_, flight)) = self.network.find(id) {
            let mut copy = flight.clone();
            copy.ends_at = copy.ends_at.max(self.now);
            self.network.copy(&mut self.queue, event, copy);
        }
    }

    fn transfer(&mut self, to: NodeId) -> Result<Event, ActError> {
        let leader = self.leader().ok_or(ActError::NoLeader)?;
        let now = self.now;
        self.node_mut(leader)
            .with_member(now, |member, local, _| member.transfer_leader(local, to))
            .map_err(ActError::Transfer)?;
        let mut event = self.begin(EventKind::Command);
        self.absorb(leader, &mut event);
        self.finish(&event);
        Ok(event)
    }

    fn set(&mut self, setting: Setting) {
        let Ok(settings) = self.settings.with(setting) else { return };
        self.settings = settings;
        match setting {
            Setting::Latency(latency) => {
                self.network.links_mut().for_each(|link| link.latency = latency);
            }
            Setting::Jitter(jitter) => {
                self.network.links_mut().for_each(|link| link.jitter = jitter);
            }
            Setting::Loss(ppm) => self.network.links_mut().for_each(|link| link.loss_ppm = ppm),
            Setting::PreVote(_) | Setting::CheckQuorum(_) => self.spread_rules(),
            Setting::StrictReconfigCheck(switch) => self.spread_strictness(switch),
            Setting::Heartbeat(_) | Setting::ElectionTimeout(_) => self.spread_timing(),
            Setting::Quota(bytes) => {
                let members = self.nodes.iter_mut().filter_map(|node| node.member.as_mut());
                members.for_each(|member| member.set_quota(bytes));
            }
            Setting::SyncLatency(_) | Setting::ClientLatency(_) | Setting::SnapshotCount(_) => {}
        }
    }

    fn spread_rules(&mut self) {
        let rules: Rules = self.settings.rules_in_force();
        self.modified |= !rules.all_safe();
        self.nodes.iter_mut().filter_map(|node| node.member.as_mut()).for_each(|member| {
            member.set_rules(rules);
        });
    }

    fn spread_strictness(&mut self, switch: Switch) {
        for member in self.nodes.iter_mut().filter_map(|node| node.member.as_mut()) {
            member.set_strict_reconfig_check(switch.is_on());
        }
    }

    fn spread_timing(&mut self) {
        let now = self.now;
        let (heartbeat, election_timeout) =
            (self.settings.heartbeat, self.settings.election_timeout);
        for node in self.nodes.iter_mut().filter(|node| !node.is_crashed()) {
            node.set_interval(heartbeat);
            node.with_member(now, |member, _, dice| {
                member.set_timing(heartbeat, election_timeout, dice);
            });
        }
    }
}

fn check_change(change: LinkChange) -> Result<(), ActError> {
    match change {
        LinkChange::Cut | LinkChange::Heal | LinkChange::Clog | LinkChange::Unclog => Ok(()),
        LinkChange::Loss(ppm) | LinkChange::Duplicate(ppm) if ppm <= 1_000_000 => Ok(()),
        LinkChange::Loss(_) | LinkChange::Duplicate(_) => Err(SettingsError::Chance.into()),
        LinkChange::Latency(time) | LinkChange::Jitter(time) if time <= HOUR => Ok(()),
        LinkChange::Latency(_) | LinkChange::Jitter(_) => Err(SettingsError::Latency.into()),
    }
}
