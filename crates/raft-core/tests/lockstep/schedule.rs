//! Random schedules: a cluster of twins, and what happens to it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::rc::Rc;

use raft_core::{
    Body, Change, ConfigChange, Configuration, Data, Delivery, Dice, Message, NodeId, Payload,
    ReadContext, ReadMode, RoleKind, Term, Transition,
};

use crate::coverage::Coverage;
use crate::disk::Disks;
use crate::twin::{Appends, Letter, Pace, Same, Setup, Twin};
use crate::words;

/// SplitMix64: small, and the same everywhere.
#[derive(Clone)]
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn one_in(&mut self, chances: u32) -> bool {
        self.below(chances) == 0
    }
}

impl Dice for Seeded {
    fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound)) as u32
    }
}

/// What happens next. The numbers are drawn beforehand and say which node, message and so on among
/// those that there are, so that a schedule still means something after steps were taken out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    what: What,
    which: u32,
    detail: u32,
    fate: u32,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Tick,
    Deliver,
    Propose,
    Read,
    ChangeMembers,
    Transfer,
    Campaign,
    Crash,
    Restart,
    /// Whatever arrives at a node or from it is lost, until the next step of this kind.
    Isolate,
    EndWrite,
    Apply,
    Compact,
    ReportUnreachable,
    ReportSnapshot,
}

/// How often what happens, in a thousand.
const CHANCES: [(What, u32); 15] = [
    (What::Tick, 200),
    (What::Deliver, 530),
    (What::Propose, 65),
    (What::Read, 25),
    (What::ChangeMembers, 20),
    (What::Transfer, 10),
    (What::Campaign, 4),
    (What::Crash, 5),
    (What::Restart, 25),
    (What::Isolate, 8),
    (What::EndWrite, 60),
    (What::Apply, 50),
    (What::Compact, 20),
    (What::ReportUnreachable, 7),
    (What::ReportSnapshot, 7),
];

/// A set-up and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    seed: u64,
    nodes: u8,
    setup: Setup,
    pub(crate) steps: Vec<Step>,
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Schedule { seed, nodes, setup, steps } = self;
        writeln!(f, "{} steps, {nodes} nodes, dice {seed}, {setup:?}", steps.len())?;
        steps.iter().try_for_each(|step| writeln!(f, "  {step:?}"))
    }
}

impl Schedule {
    pub(crate) fn random(seed: u64, length: usize) -> Schedule {
        let mut dice = Seeded::new(seed);
        let nodes = 1 + dice.below(7) as u8;
        let setup = random_setup(&mut dice, nodes);
        let steps = (0..length).map(|_| random_step(&mut dice)).collect();
        Schedule { seed, nodes, setup, steps }
    }

    /// Runs both through it. At the first difference says at which step, and which.
    pub(crate) fn run(&self, coverage: &mut Coverage) -> Result<(), (usize, String)> {
        let mut cluster = Cluster::new(self);
        for (number, step) in self.steps.iter().enumerate() {
            let result = cluster
                .take(step)
                .map_err(|difference| (number, format!("step {number}, {step:?}:\n{difference}")));
            cluster.count(coverage);
            result?;
        }
        Ok(())
    }
}

fn random_setup(dice: &mut Seeded, nodes: u8) -> Setup {
    let check_quorum = !dice.one_in(3);
    // At least one voter; some come later, or begin as learners.
    let mut initial = Configuration::of_voters([NodeId(1)]);
    for node in (2..=nodes).map(NodeId) {
        match dice.below(10) {
            0 => {}
            1 => initial.learners.insert(node),
            _ => initial.voters.insert(node),
        }
    }
    let pace = |dice: &mut Seeded| if dice.one_in(3) { Pace::WhenTold } else { Pace::AtOnce };
    Setup {
        initial,
        pre_vote: !dice.one_in(3),
        check_quorum,
        reads: if check_quorum && dice.one_in(5) { ReadMode::Lease } else { ReadMode::Confirmed },
        election_ticks: [10, 5, 3][dice.below(3) as usize],
        heartbeat_ticks: [1, 1, 2][dice.below(3) as usize],
        max_inflight: [1, 2, 4, 256][dice.below(4) as usize],
        appends: if dice.one_in(3) { Appends::EntryByEntry } else { Appends::Whole },
        disk: pace(dice),
        state_machine: pace(dice),
    }
}

fn random_step(dice: &mut Seeded) -> Step {
    let mut chance = dice.below(CHANCES.iter().map(|(_, chance)| chance).sum());
    let mut what = What::Tick;
    for (each, width) in CHANCES {
        if chance < width {
            what = each;
            break;
        }
        chance -= width;
    }
    let number = |dice: &mut Seeded| dice.below(u32::MAX);
    Step { what, which: number(dice), detail: number(dice), fate: number(dice) }
}

struct Cluster {
    setup: Rc<Setup>,
    dice: Seeded,
    nodes: BTreeMap<NodeId, Node>,
    mail: BTreeMap<(NodeId, NodeId), VecDeque<Letter>>,
    isolated: Option<NodeId>,
    /// Proposals and reads so far: gives each its name.
    requests: u32,
    coverage: Coverage,
}

#[allow(clippy::large_enum_variant, reason = "a handful of them, and mostly the large one")]
enum Node {
    Running(Twin),
    Down(Disks),
}

impl Cluster {
    fn new(schedule: &Schedule) -> Cluster {
        let setup = Rc::new(schedule.setup.clone());
        let mut dice = Seeded::new(!schedule.seed);
        let start = |id| {
            let disks = setup.empty_disks();
            (id, Node::Running(Twin::start(id, Rc::clone(&setup), disks, &mut dice)))
        };
        let nodes = (1..=schedule.nodes).map(NodeId).map(start).collect();
        let coverage = Coverage::default();
        let mail = BTreeMap::new();
        Cluster { setup, dice, nodes, mail, isolated: None, requests: 0, coverage }
    }

    fn count(&mut self, coverage: &mut Coverage) {
        coverage.add(std::mem::take(&mut self.coverage));
    }

    fn pick(&self, which: u32) -> NodeId {
        NodeId(1 + (which % self.nodes.len() as u32) as u8)
    }

    /// A running node; for half of all fates one that leads, if there is one.
    fn pick_running(&self, step: &Step) -> Option<NodeId> {
        let running = || {
            self.nodes.iter().filter_map(|(id, node)| match node {
                Node::Running(twin) => Some((*id, twin.ours.role_kind() == RoleKind::Leader)),
                Node::Down(_) => None,
            })
        };
        let leaders: Vec<NodeId> =
            running().filter_map(|(id, leads)| leads.then_some(id)).collect();
        let anybody: Vec<NodeId> = running().map(|(id, _)| id).collect();
        let prefers_leader = step.fate % 16 < 8 && !leaders.is_empty();
        let among = if prefers_leader { leaders } else { anybody };
        among.get(step.which as usize % among.len().max(1)).copied()
    }

    /// One step; then everything is compared on the node that it touched. What cannot happen now
    /// becomes a tick, so that no step is lost.
    fn take(&mut self, step: &Step) -> Same {
        self.requests += 1;
        match step.what {
            What::Tick => self.tick(step.which),
            What::Deliver if self.has_mail() => self.deliver(step),
            What::Deliver => self.tick(step.which),
            What::Restart => self.restart(step.which),
            What::Crash => {
                self.crash(self.pick(step.which));
                Ok(())
            }
            What::Isolate => {
                // Rather a leader: its log and the others' part ways.
                self.isolated = match self.isolated {
                    None => self.pick_running(step),
                    Some(_) => None,
                };
                Ok(())
            }
            What::EndWrite if self.setup.disk == Pace::AtOnce => self.tick(step.which),
            What::Apply if self.setup.state_machine == Pace::AtOnce => self.tick(step.which),
            What::Propose
            | What::Read
            | What::ChangeMembers
            | What::Transfer
            | What::Campaign
            | What::EndWrite
            | What::Apply
            | What::Compact
            | What::ReportUnreachable
            | What::ReportSnapshot => self.ask(step),
        }
    }

    fn tick(&mut self, which: u32) -> Same {
        let id = self.pick(which);
        let Some(Node::Running(twin)) = self.nodes.get_mut(&id) else { return Ok(()) };
        twin.tick(&mut self.dice)?;
        self.collect(id);
        Ok(())
    }

    /// Somebody asks a running server for something.
    fn ask(&mut self, step: &Step) -> Same {
        let Some(id) = self.pick_running(step) else { return Ok(()) };
        let other = self.pick(step.detail);
        let payload = match step.what {
            What::ChangeMembers => Payload::Config(self.random_change(step.detail).into()),
            _ => Payload::Normal(Data::from(self.requests.to_string().as_str())),
        };
        let context = ReadContext { node: id, number: self.requests.into() };
        let dice = &mut self.dice;
        let Some(Node::Running(twin)) = self.nodes.get_mut(&id) else { return Ok(()) };
        match step.what {
            What::Propose | What::ChangeMembers if step.fate.is_multiple_of(7) => {
                let payloads = vec![payload.clone(), payload];
                twin.deliver(Letter::proposals(id, payloads), dice)
            }
            What::Propose | What::ChangeMembers => twin.propose(&payload),
            What::Read => twin.read(context),
            What::Transfer => twin.transfer(other),
            What::Campaign => twin.campaign(dice),
            What::EndWrite => twin.end_write(),
            What::Apply => twin.apply(),
            What::Compact => twin.compact(u64::from(step.detail % 4)),
            What::ReportUnreachable => twin.report_unreachable(other),
            What::ReportSnapshot if step.detail.is_multiple_of(2) => {
                twin.report_snapshot(other, Delivery::Delivered)
            }
            What::ReportSnapshot => twin.report_snapshot(other, Delivery::Failed),
            What::Tick | What::Deliver | What::Restart | What::Isolate | What::Crash => Ok(()),
        }?;
        self.collect(id);
        Ok(())
    }

    fn has_mail(&self) -> bool {
        self.mail.values().any(|queue| !queue.is_empty())
    }

    /// A message arrives: mostly the oldest of its link, and sometimes lost or doubled.
    fn deliver(&mut self, step: &Step) -> Same {
        self.mail.retain(|_, queue| !queue.is_empty());
        let place = step.which as usize % self.mail.len();
        let Some(queue) = self.mail.values_mut().nth(place) else { return Ok(()) };
        let place = if step.detail.is_multiple_of(10) {
            step.detail as usize / 10 % queue.len()
        } else {
            0
        };
        let letter = match step.fate % 30 {
            0 => queue.get(place).cloned(),
            1 => {
                queue.remove(place);
                None
            }
            _ => queue.remove(place),
        };
        let Some(letter) = letter else { return Ok(()) };
        let to = letter.to;
        if self.isolated.is_some_and(|node| node == to || node == letter.from) {
            return Ok(());
        }
        let Some(Node::Running(twin)) = self.nodes.get_mut(&to) else { return Ok(()) };
        self.coverage.delivered(&letter.ours);
        twin.deliver(letter, &mut self.dice)?;
        self.collect(to);
        Ok(())
    }

    /// After a step: takes the letters out, and notes what was reached.
    fn collect(&mut self, id: NodeId) {
        let Some(Node::Running(twin)) = self.nodes.get_mut(&id) else { return };
        for letter in twin.take_letters() {
            self.mail.entry((letter.from, letter.to)).or_default().push_back(letter);
        }
        self.coverage.reached(&twin.ours);
        if twin.is_removed_leader {
            self.coverage.leaders_removed += 1;
            self.crash(id);
        }
    }

    fn crash(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id)
            && let Node::Running(twin) = node
        {
            self.coverage.crashes += 1;
            *node = Node::Down(twin.disks.clone());
        }
    }

    fn restart(&mut self, which: u32) -> Same {
        let is_down = |(id, node): (&NodeId, &Node)| matches!(node, Node::Down(_)).then_some(*id);
        let down: Vec<NodeId> = self.nodes.iter().filter_map(is_down).collect();
        if down.is_empty() {
            return Ok(());
        }
        let id = down[which as usize % down.len()];
        let Some(Node::Down(disks)) = self.nodes.get(&id) else { return Ok(()) };
        let setup = Rc::clone(&self.setup);
        let mut twin = Twin::start(id, setup, disks.clone(), &mut self.dice);
        let result = twin.end_write();
        self.nodes.insert(id, Node::Running(twin));
        result?;
        self.collect(id);
        Ok(())
    }

    /// A change of one member or of several, or a request to leave a joint configuration.
    fn random_change(&mut self, detail: u32) -> ConfigChange {
        let context = Data::from(self.requests.to_string().as_str());
        if detail.is_multiple_of(5) {
            return ConfigChange { context, ..ConfigChange::default() };
        }
        let mut nodes: Vec<NodeId> = self.nodes.keys().copied().collect();
        let count = (1 + self.dice.below(3)).min(nodes.len() as u32);
        let mut changes = Vec::new();
        for _ in 0..count {
            // Now and then the same member twice.
            let place = self.dice.below(nodes.len() as u32) as usize;
            let node = if self.dice.one_in(6) { nodes[place] } else { nodes.swap_remove(place) };
            changes.push(match self.dice.below(5) {
                0 | 1 => Change::AddVoter(node),
                2 => Change::AddLearner(node),
                _ => Change::Remove(node),
            });
        }
        let transition = match self.dice.below(6) {
            0 => Transition::JointExplicit,
            1 => Transition::JointImplicit,
            _ => Transition::Auto,
        };
        ConfigChange { transition, changes, context }
    }
}

impl Letter {
    /// Proposals that somebody outside passes on to a server.
    fn proposals(to: NodeId, payloads: Vec<Payload>) -> Letter {
        let from = NodeId(100);
        let ours = Message { from, to, term: Term(0), body: Body::Propose { payloads } };
        let theirs = words::message(&ours);
        Letter { from, to, ours, theirs }
    }
}
