//! A cluster of etcd processes on loopback.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sim::member::raft_core::NodeId;
use sim::{ActError, Condition, NODES_MAX};

use super::ask::{self, MemberRow, Status};
use super::names::Addresses;
use super::process::Process;
use super::programs::Programs;
use super::settings::Flags;
use super::warden::Warden;
use crate::script::NodeRef;

/// How long a new cluster may take until it is healthy.
const HEALTHY_WITHIN: Duration = Duration::from_secs(60);
/// How long a line waits for a process that it started, where that could answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether something has come about.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The nodes, and what is needed to start one.
#[derive(Debug)]
pub(super) struct Cluster {
    programs: Programs,
    folder: PathBuf,
    pub(super) addresses: Addresses,
    flags: Flags,
    warden: Rc<RefCell<Warden>>,
    nodes: Vec<Node>,
    /// When it began.
    pub(super) began: Instant,
}

/// A place in the cluster.
#[derive(Debug)]
struct Node {
    process: Option<Process>,
    is_paused: bool,
    was_started: bool,
    /// `--initial-cluster` and its state, as of the first start.
    joined: Vec<String>,
    member_id: Option<u64>,
    /// The last term it told.
    term: u64,
}

/// Why a line that steers did not do what it says.
#[derive(Debug)]
pub(super) enum Failure {
    /// It makes no sense now: the transcript says so, and the script goes on.
    Refused(String),
    /// This machine does not play along: the run ends.
    Broken(io::Error),
}

impl From<ActError> for Failure {
    fn from(error: ActError) -> Failure {
        Failure::Refused(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Broken(error)
    }
}

/// Nodes and members, seen at one moment.
#[derive(Debug)]
pub(super) struct Look {
    /// Of each running node that answered.
    pub(super) statuses: Vec<(NodeId, Status)>,
    /// The members, if somebody answered.
    pub(super) members: Vec<(NodeId, MemberRow)>,
}

impl Cluster {
    /// Starts a cluster and waits until it is healthy. `folder` is its own.
    pub(super) fn start(
        programs: Programs,
        folder: PathBuf,
        nodes: u8,
        flags: Flags,
        warden: Rc<RefCell<Warden>>,
    ) -> io::Result<Cluster> {
        fs::create_dir_all(&folder)?;
        let salt = std::process::id();
        let addresses = Addresses::free(salt)
            .ok_or_else(|| io::Error::other("there are not 14 free ports on 127.0.0.1"))?;
        let all = (1..=nodes).map(NodeId);
        let list: Vec<String> =
            all.clone().map(|node| format!("{node}={}", addresses.peer_url(node))).collect();
        let joined = vec![
            format!("--initial-cluster={}", list.join(",")),
            "--initial-cluster-state=new".to_owned(),
        ];
        let node = |_| Node { joined: joined.clone(), ..Node::new() };
        let nodes = all.clone().map(node).collect();
        let began = Instant::now();
        let mut cluster = Cluster { programs, folder, addresses, flags, warden, nodes, began };
        for node in all {
            cluster.launch(node)?;
        }
        cluster.wait_until_healthy()?;
        Ok(cluster)
    }

    fn wait_until_healthy(&mut self) -> io::Result<()> {
        let end = Instant::now() + HEALTHY_WITHIN;
        loop {
            let look = self.look();
            let agree = look.statuses.iter().all(|(_, status)| status.leader != 0);
            if agree && look.statuses.len() == self.nodes.len() {
                return Ok(());
            }
            if let Some(node) = self.first_that_ended()? {
                return Err(self.failed_to_start(node));
            }
            if Instant::now() > end {
                return Err(io::Error::other("the etcd cluster was not healthy within a minute"));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn first_that_ended(&mut self) -> io::Result<Option<NodeId>> {
        for (number, node) in (1..).zip(&mut self.nodes) {
            if let Some(process) = &mut node.process
                && process.ended()?.is_some()
            {
                return Ok(Some(NodeId(number)));
            }
        }
        Ok(None)
    }

    /// What a process wrote last before it ended.
    fn failed_to_start(&self, node: NodeId) -> io::Error {
        let log = fs::read_to_string(self.log(node)).unwrap_or_default();
        let last = log.lines().next_back().unwrap_or("it wrote nothing");
        io::Error::other(format!("etcd of {node} ended: {last}"))
    }

    fn log(&self, node: NodeId) -> PathBuf {
        self.folder.join(format!("{node}.log"))
    }

    /// Where `etcdctl` runs, so that the files it makes go with the cluster.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many places there are.
    pub(super) fn count(&self) -> u8 {
        u8::try_from(self.nodes.len()).unwrap_or(NODES_MAX)
    }

    /// All places.
    pub(super) fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..=self.count()).map(NodeId)
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(usize::from(id.0).wrapping_sub(1))
    }

    fn node_mut(&mut self, id: NodeId) -> Result<&mut Node, ActError> {
        let place = usize::from(id.0).wrapping_sub(1);
        self.nodes.get_mut(place).ok_or(ActError::NoSuchNode(id))
    }

    /// Whether it runs, is frozen or is down; a process may have ended by itself.
    pub(super) fn condition(&mut self, id: NodeId) -> Condition {
        let Ok(node) = self.node_mut(id) else { return Condition::Crashed };
        let has_ended = |process: &mut Process| !matches!(process.ended(), Ok(None));
        if node.process.as_mut().is_some_and(has_ended) {
            node.process = None;
            node.is_paused = false;
        }
        match (&node.process, node.is_paused) {
            (None, _) => Condition::Crashed,
            (Some(_), true) => Condition::Paused,
            (Some(_), false) => Condition::Running,
        }
    }

    /// Whether it was ever started.
    pub(super) fn was_started(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| node.was_started)
    }

    /// Starts the process of a node on the data it has.
    fn launch(&mut self, id: NodeId) -> io::Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(self.log(id))?;
        let mut command = self.command(id, log)?;
        let process = Process::start(&mut command, &self.warden)?;
        let node = self.node_mut(id).map_err(io::Error::other)?;
        node.process = Some(process);
        node.is_paused = false;
        node.was_started = true;
        Ok(())
    }

    fn command(&mut self, id: NodeId, log: File) -> io::Result<Command> {
        let (client, peer) = (self.addresses.client_url(id), self.addresses.peer_url(id));
        let mut command = Command::new(&self.programs.etcd);
        command
            .arg(format!("--name={id}"))
            .arg(format!("--data-dir={}", self.folder.join(id.to_string()).display()))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster-token=raft-lab-{}", std::process::id()))
            .args(self.flags.words())
            .args(&self.node_mut(id).map_err(io::Error::other)?.joined)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        // The cluster is what the script says, whatever is set around it.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ETCD") {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    /// Waits for a node that was started, if there is a quorum that would let it answer.
    fn wait_for(&mut self, id: NodeId) {
        let limit = if self.has_quorum() { ANSWERS_WITHIN } else { Duration::from_millis(500) };
        let end = Instant::now() + limit;
        let port = self.addresses.client_port(id);
        while Instant::now() < end && self.condition(id) == Condition::Running {
            if ask::status(port).is_some_and(|status| status.leader != 0) {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether so many nodes run that they could elect a leader. New ones are no more than asked.
    fn has_quorum(&mut self) -> bool {
        let started: Vec<NodeId> = self.all().filter(|id| self.was_started(*id)).collect();
        let runs = |id: &&NodeId| self.condition(**id) == Condition::Running;
        2 * started.iter().filter(runs).count() > started.len()
    }

    /// `crash`: SIGKILL.
    pub(super) fn crash(&mut self, id: NodeId) -> Result<(), Failure> {
        if self.condition(id) == Condition::Crashed {
            return Err(ActError::IsDown(id).into());
        }
        let node = self.node_mut(id)?;
        if let Some(mut process) = node.process.take() {
            process.kill()?;
        }
        node.is_paused = false;
        Ok(())
    }

    /// `restart`: again on the same data.
    pub(super) fn restart(&mut self, ids: &[NodeId]) -> Result<(), Failure> {
        for id in ids {
            if self.condition(*id) != Condition::Crashed {
                return Err(ActError::IsNotDown(*id).into());
            }
            if !self.was_started(*id) {
                return Err(ActError::NeverStarted(*id).into());
            }
            if self.has_left(*id) {
                return Err(ActError::Removed(*id).into());
            }
        }
        for id in ids {
            self.launch(*id)?;
        }
        for id in ids {
            self.wait_for(*id);
        }
        Ok(())
    }

    /// The nodes that are down and could be started again.
    pub(super) fn restartable(&mut self) -> Vec<NodeId> {
        let all = self.all();
        all.filter(|id| {
            self.condition(*id) == Condition::Crashed
                && self.was_started(*id)
                && !self.has_left(*id)
        })
        .collect()
    }

    /// Whether the others do not know it as a member any more.
    fn has_left(&mut self, id: NodeId) -> bool {
        let members = self.members();
        !members.is_empty() && !members.iter().any(|(member, _)| *member == id)
    }

    /// `pause`: SIGSTOP.
    pub(super) fn pause(&mut self, id: NodeId) -> Result<(), Failure> {
        match self.condition(id) {
            Condition::Paused => return Err(ActError::IsPaused(id).into()),
            Condition::Crashed => return Err(ActError::IsDown(id).into()),
            Condition::Running => {}
        }
        self.freeze(id, true)
    }

    /// `resume`: SIGCONT.
    pub(super) fn resume(&mut self, id: NodeId) -> Result<(), Failure> {
        if self.condition(id) != Condition::Paused {
            return Err(ActError::IsNotPaused(id).into());
        }
        self.freeze(id, false)
    }

    fn freeze(&mut self, id: NodeId, freeze: bool) -> Result<(), Failure> {
        let node = self.node_mut(id)?;
        if let Some(process) = &mut node.process {
            process.signal(if freeze { Signal::STOP } else { Signal::CONT })?;
        }
        node.is_paused = freeze;
        Ok(())
    }

    /// `start`: the first start of a member that was added.
    pub(super) fn start_new(&mut self, id: NodeId) -> Result<(), Failure> {
        if self.was_started(id) {
            return Err(ActError::StartedBefore(id).into());
        }
        let members = self.members();
        if !members.iter().any(|(member, _)| *member == id) {
            return Err(ActError::NotMember(id).into());
        }
        let entry = |(member, row): &(NodeId, MemberRow)| {
            // A member that has not started has no name yet; it will be called as its place is.
            let name = if row.name.is_empty() { member.to_string() } else { row.name.clone() };
            format!("{name}={}", self.addresses.peer_url(*member))
        };
        let list: Vec<String> = members.iter().map(entry).collect();
        let joined = vec![
            format!("--initial-cluster={}", list.join(",")),
            "--initial-cluster-state=existing".to_owned(),
        ];
        self.node_mut(id)?.joined = joined;
        self.launch(id)?;
        self.wait_for(id);
        Ok(())
    }

    /// `transfer`: the leader hands over.
    pub(super) fn transfer(&mut self, to: NodeId) -> Result<(), Failure> {
        let leader = self.look().leader(self).ok_or(ActError::NoLeader)?;
        let id = self.member_id(to);
        let id = id.ok_or_else(|| Failure::Refused(format!("{to} is not a member")))?;
        ask::hand_over(self.addresses.client_port(leader), id).map_err(Failure::Refused)
    }

    /// The node that is meant.
    pub(super) fn resolve(&mut self, node: NodeRef) -> Result<NodeId, Failure> {
        let refused = |message: &str| Failure::Refused(message.to_owned());
        match node {
            NodeRef::Node(id) if (1..=self.count()).contains(&id.0) => Ok(id),
            NodeRef::Node(id) => {
                let last = self.count();
                Err(refused(&format!("there is no {id}: this cluster has n1 to n{last}")))
            }
            NodeRef::Leader => {
                self.look().leader(self).ok_or_else(|| refused("there is no leader now"))
            }
            NodeRef::Follower => {
                let look = self.look();
                look.follower(self).ok_or_else(|| refused("there is no running follower now"))
            }
        }
    }

    /// Asks all running nodes what they know.
    pub(super) fn look(&mut self) -> Look {
        let mut statuses = Vec::new();
        for id in self.all() {
            if self.condition(id) != Condition::Running {
                continue;
            }
            if let Some(status) = ask::status(self.addresses.client_port(id))
                && let Ok(node) = self.node_mut(id)
            {
                node.term = status.term;
                node.member_id = Some(status.id);
                statuses.push((id, status));
            }
        }
        let members = statuses.first().map(|(id, _)| self.members_known_to(*id));
        Look { statuses, members: members.unwrap_or_default() }
    }

    /// The members, as the first node says that answers.
    fn members(&mut self) -> Vec<(NodeId, MemberRow)> {
        let all: Vec<NodeId> = self.all().collect();
        for id in all {
            if self.condition(id) == Condition::Running {
                let members = self.members_known_to(id);
                if !members.is_empty() {
                    return members;
                }
            }
        }
        Vec::new()
    }

    /// In the order of their names. A member that was added becomes a place.
    fn members_known_to(&mut self, id: NodeId) -> Vec<(NodeId, MemberRow)> {
        let rows = ask::members(self.addresses.client_port(id)).unwrap_or_default();
        let mut members = Vec::new();
        for row in rows {
            let at = |node: &NodeId| row.peer_urls.contains(&self.addresses.peer_url(*node));
            let Some(node) = (1..=NODES_MAX).map(NodeId).find(at) else { continue };
            while self.count() < node.0 {
                self.nodes.push(Node::new());
            }
            if let Ok(place) = self.node_mut(node) {
                place.member_id = Some(row.id);
            }
            members.push((node, row));
        }
        members.sort_by_key(|(node, _)| node.0);
        members
    }

    /// A member was perhaps added: gives it a place.
    pub(super) fn make_room(&mut self) {
        self.members();
    }

    /// A node's member id.
    pub(super) fn member_id(&mut self, id: NodeId) -> Option<u64> {
        if self.node(id)?.member_id.is_none() {
            self.members();
        }
        self.node(id)?.member_id
    }

    /// The highest term that any node told, those that are down now included.
    pub(super) fn highest_term(&self) -> u64 {
        self.nodes.iter().map(|node| node.term).max().unwrap_or(0)
    }

    /// The last term that a node told.
    pub(super) fn term(&self, id: NodeId) -> Option<u64> {
        self.node(id).map(|node| node.term)
    }
}

impl Node {
    fn new() -> Node {
        Node {
            process: None,
            is_paused: false,
            was_started: false,
            joined: Vec::new(),
            member_id: None,
            term: 0,
        }
    }
}

impl Look {
    /// The leader in the sense of the language: the one that believes so in the highest term, with a
    /// quorum that runs.
    pub(super) fn leader(&self, cluster: &mut Cluster) -> Option<NodeId> {
        let highest = self.statuses.iter().map(|(_, status)| status.term).max()?;
        let leads = |status: &Status| status.leader == status.id && status.term == highest;
        let (leader, _) = self.statuses.iter().find(|(_, status)| leads(status))?;
        self.has_quorum(cluster).then_some(*leader)
    }

    /// The first running node that does not lead.
    pub(super) fn follower(&self, cluster: &mut Cluster) -> Option<NodeId> {
        let leader = self.leader(cluster);
        let mut nodes = cluster.all();
        nodes.find(|id| Some(*id) != leader && cluster.condition(*id) == Condition::Running)
    }

    /// Whether a majority of the voters runs.
    pub(super) fn has_quorum(&self, cluster: &mut Cluster) -> bool {
        let mut voters = 0;
        let mut running = 0;
        for (node, _) in self.members.iter().filter(|(_, row)| !row.learner) {
            voters += 1;
            running += u32::from(cluster.condition(*node) == Condition::Running);
        }
        2 * running > voters
    }

    /// What a node said.
    pub(super) fn status(&self, id: NodeId) -> Option<&Status> {
        self.statuses.iter().find(|(node, _)| *node == id).map(|(_, status)| status)
    }
}
