//! A node: a server process, its disk, and its clock.

use member::raft_core::{Configuration, Index, NodeId, RoleKind, Stored};
use member::{Member, Micros};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::disk::Disk;
use crate::queue::{Item, Queue, What};
use crate::rng::{Purpose, Stream};
use crate::settings::Settings;
use crate::trace::NodeState;

/// Whether a node's process works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Condition {
    /// It works.
    Running,
    /// It is frozen: its timers stand still, and what arrives waits.
    Paused,
    /// It is down: all that is left is its disk.
    Crashed,
}

/// A node: a server process, its disk, and its clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    id: NodeId,
    pub(crate) condition: Condition,
    pub(crate) member: Option<Member>,
    pub(crate) disk: Disk,
    pub(crate) dice: Stream,
    pub(crate) tear: Stream,
    /// How often the process was started.
    starts: u64,
    /// Counts deaths; what was scheduled for an earlier life is stale.
    pub(crate) life: u32,
    timers: Timers,
    /// Whether the process ended because the node was removed from the cluster.
    pub(crate) parted: bool,
    /// What arrives while the process is paused.
    pub(crate) parked: Vec<Item>,
    /// What the trace has said last.
    pub(crate) told: NodeState,
    pub(crate) told_config: Configuration,
    /// How much its process had applied when it last told anything, be it down now: as of then,
    /// `told_config` is what it knows.
    pub(crate) config_as_of: Index,
    /// The digest of a state machine that has applied nothing.
    first_digest: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Timers {
    clock: Clock,
    /// From tick to tick, by the node's own clock.
    interval: Micros,
    /// The next tick, by the node's own clock.
    next_tick: Micros,
    tick_token: u32,
    /// The server's deadline for which an item is in the queue, by the node's own clock.
    deadline: Option<Micros>,
    deadline_token: u32,
    /// When the process was frozen, by the node's own clock.
    frozen_at: Option<Micros>,
}

impl Node {
    /// A node that starts for the first time, with an empty disk, in a phase of its own. It draws
    /// one of so many election timeouts, as [`Cluster::with_timeouts`](crate::Cluster::with_timeouts)
    /// says.
    pub(crate) fn new(settings: &Settings, id: NodeId, timeouts: u32, queue: &mut Queue) -> Node {
        let mut phase = Stream::new(settings.seed, Purpose::Phase(id));
        let mut node = Node::unstarted(settings, id);
        node.dice = node.dice.with_sides(timeouts);
        let config = settings.member_config(id, 1);
        let member = Member::new(config, Stored::default(), Micros(0), &mut node.dice);
        node.told = NodeState { digest: member.state_digest(), ..NodeState::first() };
        node.member = Some(member);
        node.condition = Condition::Running;
        node.starts = 1;
        node.timers.next_tick = Micros(1 + phase.micros_up_to(settings.heartbeat.0 - 1));
        node.schedule_tick(queue);
        node
    }

    /// A node that has its place, and an empty disk, but no process yet.
    pub(crate) fn unstarted(settings: &Settings, id: NodeId) -> Node {
        let first_digest = member::first_digest(settings.node_ids());
        Node {
            id,
            condition: Condition::Crashed,
            member: None,
            disk: Disk::new(),
            dice: Stream::new(settings.seed, Purpose::Dice(id)),
            tear: Stream::new(settings.seed, Purpose::Tear(id)),
            starts: 0,
            life: 0,
            timers: Timers {
                clock: Clock::new(),
                interval: settings.heartbeat,
                next_tick: Micros(0),
                tick_token: 0,
                deadline: None,
                deadline_token: 0,
                frozen_at: None,
            },
            parted: false,
            parked: Vec::new(),
            told: NodeState { role: None, digest: first_digest, ..NodeState::first() },
            told_config: Configuration::of_voters(settings.node_ids()),
            config_as_of: Index(0),
            first_digest,
        }
    }

    /// Which node it is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Whether its process works.
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// Whether its process runs and is not frozen.
    pub fn is_running(&self) -> bool {
        self.condition == Condition::Running
    }

    /// Whether there is no process.
    pub fn is_crashed(&self) -> bool {
        self.condition == Condition::Crashed
    }

    /// Whether its process ended because it was removed from the cluster.
    pub fn has_parted(&self) -> bool {
        self.parted
    }

    /// Whether its process is down and can be started again: not for the first time, and not after
    /// its removal.
    pub fn can_restart(&self) -> bool {
        self.is_crashed() && self.starts > 0 && !self.parted
    }

    /// Its server process; none while it is crashed.
    pub fn member(&self) -> Option<&Member> {
        self.member.as_ref()
    }

    /// Its disk.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Its state as the trace tells it; that of its disk while it is crashed.
    pub fn state(&self) -> &NodeState {
        &self.told
    }

    /// The digest of the state that its disk holds.
    pub(crate) fn digest_on_disk(&self) -> u64 {
        let snapshot = self.disk.stored().snapshot.as_ref();
        snapshot.map_or(self.first_digest, member::snapshot_digest)
    }

    /// How often its process was started, the first time included; 0 for a member that was added
    /// and never started.
    pub fn starts(&self) -> u64 {
        self.starts
    }

    /// The rate of its clock in parts per million of virtual time; 1,000,000 is true.
    pub fn clock_rate_ppm(&self) -> u32 {
        self.timers.clock.rate_ppm()
    }

    /// What its own clock shows.
    pub fn local_time(&self, now: Micros) -> Micros {
        self.timers.clock.read(now)
    }

    /// The virtual time of its next tick; none unless it is running.
    pub fn next_tick_at(&self) -> Option<Micros> {
        self.is_running().then(|| self.timers.clock.when(self.timers.next_tick))
    }

    /// When its election timer was set and when it will run out, if nothing is heard of a leader,
    /// in virtual time. None for a leader and while it is down. While it is paused, the timer
    /// stands: it moves along with `now`.
    pub fn election_deadline(&self, now: Micros) -> Option<(Micros, Micros)> {
        let member = self.member.as_ref()?;
        let raft = member.raft();
        if raft.role_kind() == RoleKind::Leader || !raft.configuration().is_voter(self.id) {
            return None;
        }
        let timers = &self.timers;
        let next_tick = match timers.frozen_at {
            None => timers.clock.when(timers.next_tick),
            Some(frozen_at) => {
                let ahead = timers.next_tick.0.saturating_sub(frozen_at.0);
                Micros(now.0 + timers.clock.global_span(ahead))
            }
        };
        let interval = timers.clock.global_span(timers.interval.0);
        let whole = u64::from(raft.randomized_election_timeout());
        let elapsed = u64::from(raft.election_elapsed());
        let end = next_tick.0 + whole.saturating_sub(elapsed + 1) * interval;
        Some((Micros(end.saturating_sub(whole * interval)), Micros(end)))
    }

    /// Runs something on the process, with its own clock and dice. The process must be there.
    pub(crate) fn with_member<T>(
        &mut self,
        now: Micros,
        run: impl FnOnce(&mut Member, Micros, &mut Stream) -> T,
    ) -> T {
        let member = self.member.as_mut().expect("only nodes that run are given anything to do");
        run(member, self.timers.clock.read(now), &mut self.dice)
    }

    /// Starts the process from its disk, again or for the first time.
    pub(crate) fn start(&mut self, settings: &Settings, now: Micros, queue: &mut Queue) {
        self.starts += 1;
        let config = settings.member_config(self.id, self.starts);
        let stored = self.disk.stored().clone();
        let local = self.timers.clock.read(now);
        self.member = Some(Member::new(config, stored, local, &mut self.dice));
        self.condition = Condition::Running;
        // As at its first start, the process begins to tick in a phase of its own.
        let phase = self.dice.micros_up_to(settings.heartbeat.0 - 1);
        self.timers.next_tick = Micros(local.0 + 1 + phase);
        self.timers.interval = settings.heartbeat;
        self.timers.deadline = None;
        self.schedule_tick(queue);
    }

    /// The process is gone; so are its timers.
    pub(crate) fn stop(&mut self) {
        self.condition = Condition::Crashed;
        self.member = None;
        self.life = self.life.wrapping_add(1);
        self.timers.frozen_at = None;
        self.forget_timers();
    }

    /// The process is frozen, its timers with it.
    pub(crate) fn freeze(&mut self, now: Micros) {
        self.condition = Condition::Paused;
        self.timers.frozen_at = Some(self.timers.clock.read(now));
        self.forget_timers();
    }

    /// The process goes on. Its ticks come later by as long as it was frozen; its deadlines do
    /// not, as the clock of the machine went on.
    pub(crate) fn thaw(&mut self, now: Micros, queue: &mut Queue) {
        self.condition = Condition::Running;
        let local = self.timers.clock.read(now);
        let frozen_at = self.timers.frozen_at.take().unwrap_or(local);
        self.timers.next_tick = Micros(self.timers.next_tick.0 + (local.0 - frozen_at.0));
        self.schedule_tick(queue);
    }

    /// From the next tick on, ticks come at another interval.
    pub(crate) fn set_interval(&mut self, heartbeat: Micros) {
        self.timers.interval = heartbeat;
    }

    /// The clock runs at another rate from now on.
    pub(crate) fn set_clock(&mut self, now: Micros, rate_ppm: u32, queue: &mut Queue) {
        self.timers.clock.set_rate_ppm(now, rate_ppm);
        self.forget_timers();
        if self.is_running() {
            self.schedule_tick(queue);
        }
    }

    /// A tick has been handled: the next one is an interval later.
    pub(crate) fn ticked(&mut self, queue: &mut Queue) {
        self.timers.next_tick = Micros(self.timers.next_tick.0 + self.timers.interval.0);
        self.schedule_tick(queue);
    }

    /// Keeps the queue up to date with the server's next deadline.
    pub(crate) fn schedule_deadline(&mut self, now: Micros, queue: &mut Queue) {
        let Some(member) = self.member.as_ref() else { return };
        let deadline = member.next_deadline();
        if deadline == self.timers.deadline {
            return;
        }
        self.timers.deadline = deadline;
        self.timers.deadline_token = self.timers.deadline_token.wrapping_add(1);
        if let Some(deadline) = deadline {
            let at = self.timers.clock.when(deadline).max(now);
            let token = self.timers.deadline_token;
            queue.schedule(at, What::Expire { node: self.id, token }, None);
        }
    }

    /// A deadline has been reported to the server: whatever it says next is scheduled anew.
    pub(crate) fn deadline_passed(&mut self) {
        self.timers.deadline = None;
    }

    pub(crate) fn is_tick(&self, token: u32) -> bool {
        self.is_running() && self.timers.tick_token == token
    }

    pub(crate) fn is_deadline(&self, token: u32) -> bool {
        self.is_running() && self.timers.deadline_token == token
    }

    fn schedule_tick(&mut self, queue: &mut Queue) {
        self.timers.tick_token = self.timers.tick_token.wrapping_add(1);
        let token = self.timers.tick_token;
        let at = self.timers.clock.when(self.timers.next_tick);
        queue.schedule(at, What::Tick { node: self.id, token }, None);
    }

    fn forget_timers(&mut self) {
        self.timers.tick_token = self.timers.tick_token.wrapping_add(1);
        self.timers.deadline_token = self.timers.deadline_token.wrapping_add(1);
        self.timers.deadline = None;
    }
}
