//! What a seed draws: a cluster, a mix of faults and clients, and then line after line of it.

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, SeedableRng as _};
use sim::member::raft_core::{MessageKind, NodeId, Rule};
use sim::{Cluster, Condition, NODES_MAX};

use super::wide::Wide;
use crate::script::MessageName;

/// A kind of line that a seed may or may not draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Crash,
    /// A crash of a node that has writes under way.
    CrashUnsynced,
    Tear,
    Pause,
    Clock,
    CutOneWay,
    CutBoth,
    Isolate,
    Split,
    /// All links from one group to the other are cut, none back.
    Asymmetric,
    /// Two groups that meet in one node only.
    Bridge,
    ManyWays,
    Clog,
    Loss,
    Duplicate,
    Latency,
    Jitter,
    Transfer,
    DropMessage,
    DelayMessage,
    CopyMessage,
    Members,
}

impl Kind {
    const ALL: [Kind; 22] = [
        Kind::Crash,
        Kind::CrashUnsynced,
        Kind::Tear,
        Kind::Pause,
        Kind::Clock,
        Kind::CutOneWay,
        Kind::CutBoth,
        Kind::Isolate,
        Kind::Split,
        Kind::Asymmetric,
        Kind::Bridge,
        Kind::ManyWays,
        Kind::Clog,
        Kind::Loss,
        Kind::Duplicate,
        Kind::Latency,
        Kind::Jitter,
        Kind::Transfer,
        Kind::DropMessage,
        Kind::DelayMessage,
        Kind::CopyMessage,
        Kind::Members,
    ];
}

/// A seed's own mix, and where it is in it.
pub(super) struct Mix {
    dice: Dice,
    pub(super) nodes: u8,
    /// Lines that set up the cluster.
    pub(super) opening: Vec<String>,
    faults: Vec<(Kind, u32)>,
    /// Of so many fault lines one is a repair.
    repair_one_in: u32,
    fault_gap_micros: u32,
    call_gap_micros: u32,
    next_fault: u64,
    next_call: u64,
    puts: u64,
    wide: Option<Wide>,
    /// Who belongs to the cluster.
    members: Vec<NodeId>,
    /// Whoever was to be removed, be it done or not.
    removed: Vec<NodeId>,
}

impl Mix {
    /// Draws a mix. `disabled` rules are off, all else is the seed's.
    pub(super) fn new(seed: u64, nodes: Option<u8>, disabled: &[Rule]) -> Mix {
        let mut dice = Dice::new(seed);
        let drawn = dice.pick(&[3, 3, 3, 3, 3, 5, 5, 5, 5, 7, 7, 4, 6, 2, 1, 3, 5]);
        let nodes = nodes.unwrap_or(drawn);
        let opening = opening(seed, nodes, disabled, &mut dice);
        // Some kinds take turns, so that few seeds meet all of them; the others are left to chance.
        let turn = (seed % Kind::ALL.len() as u64) as usize;
        let mut faults = Vec::new();
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            let is_due = (place + Kind::ALL.len() - turn).is_multiple_of(7);
            if is_due || dice.one_in(3) {
                faults.push((kind, dice.pick(&[1, 2, 4])));
            }
        }
        let fault_gap_micros = dice.pick(&[40_000, 200_000, 600_000, 1_500_000, 4_000_000]);
        let call_gap_micros = dice.pick(&[8_000, 30_000, 80_000, 200_000]);
        Mix {
            nodes,
            opening,
            faults,
            repair_one_in: dice.pick(&[2, 3, 4]),
            fault_gap_micros,
            call_gap_micros,
            next_fault: 500_000 + dice.up_to(2_000_000),
            next_call: dice.up_to(1_000_000),
            puts: 0,
            wide: Wide::of(seed),
            members: (1..=nodes).map(NodeId).collect(),
            removed: Vec::new(),
            dice,
        }
    }

    /// The lines for this moment, at least one. It must be [`Mix::next_at`] or later.
    pub(super) fn next(&mut self, cluster: &Cluster) -> Vec<String> {
        let now = cluster.now().0;
        self.nodes = self.nodes.max(cluster.node_count());
        self.members = cluster.members().map(sim::Node::id).collect();
        let mut lines = Vec::new();
        if self.next_fault <= self.next_call {
            self.next_fault = now + 1 + self.dice.up_to(2 * self.fault_gap_micros);
            lines = self.fault(cluster);
        } else {
            self.next_call = now + 1 + self.dice.up_to(2 * self.call_gap_micros);
        }
        if lines.is_empty() {
            let node = self.members[self.puts as usize % self.members.len()];
            let wide = self.wide.as_mut();
            let wide = wide.and_then(|wide| wide.line(node, &mut self.puts, cluster));
            lines.push(wide.unwrap_or_else(|| self.call()));
        }
        lines
    }

    /// When [`Mix::next`] has something to say.
    pub(super) fn next_at(&self) -> u64 {
        self.next_fault.min(self.next_call)
    }

    fn node(&mut self) -> NodeId {
        self.members[self.dice.below(self.members.len() as u32) as usize]
    }

    /// A node that is worth a fault: often the leader.
    fn target(&mut self, cluster: &Cluster) -> NodeId {
        let leader = cluster.leader().filter(|_| self.dice.one_in(3));
        leader.unwrap_or_else(|| self.node())
    }

    fn two_nodes(&mut self) -> Option<(NodeId, NodeId)> {
        let shuffled = self.shuffled();
        Some((*shuffled.first()?, *shuffled.get(1)?))
    }

    fn shuffled(&mut self) -> Vec<NodeId> {
        let mut nodes = self.members.clone();
        for place in (1..nodes.len()).rev() {
            nodes.swap(place, self.dice.below(place as u32 + 1) as usize);
        }
        nodes
    }

    /// A fault or a repair. Empty if what was drawn makes no sense now.
    fn fault(&mut self, cluster: &Cluster) -> Vec<String> {
        if self.faults.is_empty() || self.dice.one_in(self.repair_one_in) {
            return self.repair(cluster);
        }
        let sum: u32 = self.faults.iter().map(|(_, weight)| weight).sum();
        let mut ticket = self.dice.below(sum);
        for (kind, weight) in self.faults.clone() {
            if ticket < weight {
                return self.lines(kind, cluster).unwrap_or_default();
            }
            ticket -= weight;
        }
        Vec::new()
    }

    /// Ends something that is the matter.
    fn repair(&mut self, cluster: &Cluster) -> Vec<String> {
        let in_condition = |condition| {
            let mut nodes = cluster.nodes().filter(|node| node.condition() == condition);
            nodes.find(|node| !node.has_parted() && node.starts() > 0).map(sim::Node::id)
        };
        let clogged = cluster.links().find(|link| link.clogged);
        let mut repairs = vec!["heal".to_owned()];
        if let Some(node) = in_condition(Condition::Crashed) {
            repairs.extend([format!("restart {node}"), "restart".to_owned()]);
        }
        if let Some(node) = in_condition(Condition::Paused) {
            repairs.extend([format!("resume {node}"), "resume".to_owned()]);
        }
        if let Some(link) = clogged {
            repairs.push(format!("unclog {} -> {}", link.from, link.to));
        }
        if let Some(link) = cluster.links().find(|link| link.cut) {
            repairs.push(format!("heal {} {}", link.from, link.to));
        }
        let place = self.dice.below(repairs.len() as u32) as usize;
        vec![repairs.swap_remove(place)]
    }

    fn lines(&mut self, kind: Kind, cluster: &Cluster) -> Option<Vec<String>> {
        let line = match kind {
            Kind::Crash => format!("crash {}", self.up(cluster)?),
            Kind::CrashUnsynced => format!("crash {}", self.busy(cluster)?),
            Kind::Tear => format!("tear {}", self.busy(cluster)?),
            Kind::Pause => {
                let node = self.target(cluster);
                let runs = cluster.node(node).condition() == Condition::Running;
                runs.then(|| format!("pause {node}"))?
            }
            Kind::Clock => {
                let rate = self.dice.pick(&["1x", "0.5x", "0.9x", "1.1x", "1.5x", "3x"]);
                format!("clock {} {rate}", self.target(cluster))
            }
            Kind::Isolate => format!("isolate {}", self.target(cluster)),
            Kind::Split => self.partition(2)?,
            Kind::ManyWays => {
                let groups = 3 + self.dice.up_to(1) as usize;
                self.partition(groups)?
            }
            Kind::Asymmetric => return self.asymmetric(),
            Kind::Bridge => return self.bridge(),
            Kind::Transfer => {
                let leader = cluster.leader()?;
                let to = self.node();
                (to != leader).then(|| format!("transfer {to}"))?
            }
            Kind::DropMessage | Kind::DelayMessage | Kind::CopyMessage => {
                return self.one_message(kind, cluster).map(|line| vec![line]);
            }
            Kind::Members => self.change_of_members(cluster)?,
            Kind::CutOneWay
            | Kind::CutBoth
            | Kind::Clog
            | Kind::Loss
            | Kind::Duplicate
            | Kind::Latency
            | Kind::Jitter => self.link(kind)?,
        };
        Some(vec![line])
    }

    /// Something that is done to the list of members, of all that makes sense now. Such a call may
    /// wait for as long as its client does, so that it has a client of its own.
    fn change_of_members(&mut self, cluster: &Cluster) -> Option<String> {
        let ask = |what: String| format!("client m etcdctl --command-timeout=2s member {what}");
        let config = cluster.configuration();
        let mut lines = Vec::new();
        let next = NodeId(cluster.node_count() + 1);
        if next.0 <= NODES_MAX {
            let learner = if self.dice.one_in(2) { " --learner" } else { "" };
            lines.push(ask(format!("add {next} --peer-urls=http://{next}:2380{learner}")));
        }
        let unstarted = cluster.members().find(|node| node.starts() == 0);
        lines.extend(unstarted.map(|node| format!("start {}", node.id())));
        let learner = config.learners.first();
        lines.extend(learner.map(|node| ask(format!("promote ${node}"))));
        // Two voters at least must be left. If one of two removes the other and dies before that
        // hears of it, nobody decides anything any more: etcd's raft warns of it too.
        let node = self.target(cluster);
        let asked = self.removed.iter().filter(|node| config.voters.contains(**node));
        let sure = config.voters.len() - asked.count();
        let again = self.removed.contains(&node);
        if again || config.is_learner(node) || sure > 2 {
            lines.push(ask(format!("remove ${node}")));
        }
        if lines.is_empty() {
            return None;
        }
        let line = lines.swap_remove(self.dice.below(lines.len() as u32) as usize);
        if line.contains(" remove ") && !again {
            self.removed.push(node);
        }
        Some(line)
    }

    /// What is done to one link, or both of two nodes.
    fn link(&mut self, kind: Kind) -> Option<String> {
        let (from, to) = self.two_nodes()?;
        let ways = if self.dice.one_in(2) { "-> " } else { "" };
        let line = match kind {
            Kind::CutOneWay => format!("cut {from} -> {to}"),
            Kind::CutBoth => format!("cut {from} {to}"),
            Kind::Clog => format!("clog {from} {ways}{to}"),
            Kind::Loss => {
                let chance = self.dice.pick(&["0%", "5%", "30%", "80%"]);
                format!("loss {from} {ways}{to} {chance}")
            }
            Kind::Duplicate => {
                let chance = self.dice.pick(&["0%", "10%", "50%"]);
                format!("duplicate {from} {ways}{to} {chance}")
            }
            Kind::Latency => {
                let latency = self.dice.pick(&["1ms", "10ms", "100ms", "700ms"]);
                format!("latency {from} {ways}{to} {latency}")
            }
            Kind::Jitter => {
                let jitter = self.dice.pick(&["1ms", "20ms", "150ms", "900ms"]);
                format!("jitter {from} {ways}{to} {jitter}")
            }
            _ => return None,
        };
        Some(line)
    }

    /// A node whose process is there.
    fn up(&mut self, cluster: &Cluster) -> Option<NodeId> {
        let node = self.target(cluster);
        (!cluster.node(node).is_crashed()).then_some(node)
    }

    /// The node with the most writes under way; any other that is up if there is none.
    fn busy(&mut self, cluster: &Cluster) -> Option<NodeId> {
        let under_way = |node: &sim::Node| node.disk().writes_under_way();
        let up = cluster.nodes().filter(|node| !node.is_crashed() && under_way(node) > 0);
        let busiest = up.max_by_key(|node| under_way(node)).map(sim::Node::id);
        busiest.or_else(|| self.up(cluster))
    }

    /// All nodes in so many groups, none of them empty.
    fn partition(&mut self, groups: usize) -> Option<String> {
        let nodes = self.shuffled();
        if nodes.len() < groups {
            return None;
        }
        let mut named: Vec<String> = nodes[..groups].iter().map(ToString::to_string).collect();
        for node in &nodes[groups..] {
            let group = self.dice.below(groups as u32) as usize;
            named[group].push_str(&format!(" {node}"));
        }
        Some(format!("partition {}", named.join(" | ")))
    }

    fn asymmetric(&mut self) -> Option<Vec<String>> {
        let nodes = self.shuffled();
        if nodes.len() < 3 {
            return None;
        }
        let (one, other) = nodes.split_at(1 + self.dice.below(nodes.len() as u32 - 1) as usize);
        let mut lines = vec!["heal".to_owned()];
        for from in one {
            lines.extend(other.iter().map(|to| format!("cut {from} -> {to}")));
        }
        Some(lines)
    }

    fn bridge(&mut self) -> Option<Vec<String>> {
        let nodes = self.shuffled();
        let (_, rest) = nodes.split_first()?;
        if rest.len() < 2 {
            return None;
        }
        let (one, other) = rest.split_at(rest.len() / 2);
        let mut lines = vec!["heal".to_owned()];
        for from in one {
            lines.extend(other.iter().map(|to| format!("cut {from} {to}")));
        }
        Some(lines)
    }

    /// Something about one message in flight, by its kind and link, so that the line means the like
    /// in a shorter script too.
    fn one_message(&mut self, kind: Kind, cluster: &Cluster) -> Option<String> {
        // Heartbeats are so many that they would get all of it.
        let rare = |kind: MessageKind| {
            !matches!(kind, MessageKind::Heartbeat | MessageKind::HeartbeatReply)
        };
        let any = self.dice.one_in(4);
        let mut flights: Vec<(u64, String)> = cluster
            .flights()
            .filter(|flight| any || rare(flight.message.kind()))
            .map(|flight| {
                let name = MessageName::of(flight.message.kind());
                (flight.id.0, format!("{name} {} -> {}", flight.from, flight.to))
            })
            .collect();
        if flights.is_empty() {
            return None;
        }
        flights.sort();
        let place = self.dice.below(flights.len() as u32) as usize;
        let (_, flight) = flights.swap_remove(place);
        Some(match kind {
            Kind::DropMessage => format!("drop {flight}"),
            Kind::CopyMessage => format!("duplicate {flight}"),
            _ => {
                let delay = self.dice.pick(&["20ms", "300ms", "3s"]);
                format!("delay {flight} {delay}")
            }
        })
    }

    /// A call of one of four clients, on one of a few keys, through some of the nodes.
    fn call(&mut self) -> String {
        let client = self.dice.pick(&["a", "b", "c", "d"]);
        let key = self.dice.pick(&["x", "x", "y", "z"]);
        let endpoints = match self.dice.below(8) {
            0 => String::new(),
            1 => {
                let names: Vec<String> = self.shuffled().iter().map(ToString::to_string).collect();
                format!("--endpoints={} ", names.join(","))
            }
            _ => format!("--endpoints={} ", self.node()),
        };
        let patience =
            self.dice.pick(&["", "", "--command-timeout=300ms ", "--command-timeout=2s "]);
        let what = match self.dice.below(20) {
            0..=7 => {
                self.puts += 1;
                // Values are never written twice, so that who read one knows which write it was.
                format!("put {key} {}", self.puts)
            }
            8 => {
                self.puts += 1;
                format!("put {key} {} --prev-kv", self.puts)
            }
            9..=14 => format!("get {key}"),
            15..=16 => format!("get {key} --consistency=s"),
            17 => "get x zz".to_owned(),
            18 => format!("del {key} --prev-kv"),
            _ => format!("del {key}"),
        };
        format!("client {client} etcdctl {endpoints}{patience}{what}")
    }
}

/// The lines that make a seed's cluster.
fn opening(seed: u64, nodes: u8, disabled: &[Rule], dice: &mut Dice) -> Vec<String> {
    let mut lines = Vec::new();
    let (heartbeat, election) =
        dice.pick(&[(100, 1_000), (100, 1_000), (50, 500), (100, 700), (20, 300), (30, 300)]);
    if (heartbeat, election) != (100, 1_000) {
        // The election timeout must never be below two heartbeats, on the way there either.
        lines.push(format!("set heartbeat {heartbeat}ms"));
        lines.push(format!("set election-timeout {election}ms"));
    }
    let latency = dice.pick(&[10, 1, 5, 20]);
    if latency != 10 {
        lines.push(format!("set latency {latency}ms"));
    }
    let jitter = dice.pick(&[2, 0, 10, 20]);
    if jitter != 2 {
        lines.push(format!("set jitter {jitter}ms"));
    }
    let sync = dice.pick(&[2, 2, 0, 10, 40, 80]);
    if sync != 2 {
        lines.push(format!("set sync-latency {sync}ms"));
    }
    let snapshot_count = dice.pick(&[10_000, 3, 10, 30, 100]);
    if snapshot_count != 10_000 {
        lines.push(format!("set snapshot-count {snapshot_count}"));
    }
    if dice.one_in(5) {
        lines.push("set pre-vote off".to_owned());
    }
    if dice.one_in(5) {
        lines.push("set check-quorum off".to_owned());
    }
    if dice.one_in(2) {
        lines.push("set strict-reconfig-check off".to_owned());
    }
    lines.extend(disabled.iter().map(|rule| format!("disable {}", rule.name())));
    lines.push(format!("nodes {nodes}"));
    lines.push(format!("seed {seed}"));
    if dice.one_in(4) {
        lines.push(format!("set loss {}%", dice.pick(&[1, 5, 15])));
    }
    lines
}

/// The fuzzer's own randomness, apart from that of the cluster.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`; with bounds this small, the bias is of no account.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    pub(super) fn up_to(&mut self, most: u32) -> u64 {
        u64::from(self.below(most.saturating_add(1)))
    }

    pub(super) fn one_in(&mut self, chances: u32) -> bool {
        self.below(chances) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }
}
