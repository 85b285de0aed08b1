//! From a command that steers the cluster to the simulator's actions.
//!
//! Everything is checked before anything is done: a command that fails has changed nothing.

use sim::Switch as SimSwitch;
use sim::member::Micros;
use sim::member::raft_core::NodeId;
use sim::{Action, Cluster, Condition, LinkChange, MessageId, Setting as SimSetting};

use crate::script::{Command, Flight, Link, MessageName, NodeRef, Setting, Switch, Ways};

/// The actions that `command` stands for on this cluster; `None` if it does not steer.
///
/// # Errors
/// In words, if a node does not exist or cannot do that now.
pub(super) fn actions(command: &Command, cluster: &Cluster) -> Result<Option<Vec<Action>>, String> {
    let on = |node: &NodeRef| resolve(*node, cluster);
    let links = |link: &Link, change: LinkChange| set_links(link, change, cluster);
    let actions = match command {
        Command::Crash(node) => vec![Action::Crash(on(node)?)],
        Command::Tear(node) => vec![Action::Tear(on(node)?)],
        Command::Restart(Some(node)) => vec![Action::Restart(on(node)?)],
        Command::Restart(None) => each(cluster, sim::Node::can_restart, Action::Restart),
        Command::Pause(node) => vec![Action::Pause(on(node)?)],
        Command::Resume(Some(node)) => vec![Action::Resume(on(node)?)],
        Command::Resume(None) => {
            each(cluster, |node| node.condition() == Condition::Paused, Action::Resume)
        }
        Command::Start(NodeRef::Node(node)) => vec![Action::Start(*node)],
        Command::Start(node) => vec![Action::Start(on(node)?)],
        Command::Clock { node, rate } => {
            vec![Action::SetClock { node: on(node)?, rate_ppm: rate.0 }]
        }
        Command::Cut(link) => links(link, LinkChange::Cut)?,
        Command::Heal(None) => vec![Action::HealAll],
        Command::Heal(Some(link)) => links(link, LinkChange::Heal)?,
        Command::Isolate(node) => vec![Action::Isolate(on(node)?)],
        Command::Partition(groups) => vec![Action::Partition(resolve_groups(groups, cluster)?)],
        Command::Clog(link) => links(link, LinkChange::Clog)?,
        Command::Unclog(link) => links(link, LinkChange::Unclog)?,
        Command::Loss { link, chance } => links(link, LinkChange::Loss(chance.0))?,
        Command::Latency { link, latency } => links(link, LinkChange::Latency(Micros(latency.0)))?,
        Command::Jitter { link, jitter } => links(link, LinkChange::Jitter(Micros(jitter.0)))?,
        Command::DuplicateLink { link, chance } => links(link, LinkChange::Duplicate(chance.0))?,
        Command::Drop(flight) => vec![Action::DropMessage(message(flight, cluster)?)],
        Command::Delay { flight, by } => {
            vec![Action::DelayMessage(message(flight, cluster)?, Micros(by.0))]
        }
        Command::DuplicateMessage(flight) => {
            vec![Action::DuplicateMessage(message(flight, cluster)?)]
        }
        Command::Transfer(node) => vec![Action::Transfer(on(node)?)],
        Command::Disable(rule) => vec![Action::SetRule(*rule, SimSwitch::Off)],
        Command::Enable(rule) => vec![Action::SetRule(*rule, SimSwitch::On)],
        Command::Set(setting) => vec![Action::Set(sim_setting(*setting))],
        Command::Blank
        | Command::Comment(_)
        | Command::Etcdctl(_)
        | Command::Jobs
        | Command::Kill(_)
        | Command::Interrupt
        | Command::Type(_)
        | Command::Assign(_)
        | Command::Export(_)
        | Command::Unset(_)
        | Command::Nodes(_)
        | Command::Seed(_)
        | Command::Advance(_)
        | Command::Step(_)
        | Command::Until { .. }
        | Command::Assert(_)
        | Command::Status
        | Command::Help(_) => return Ok(None),
    };
    Ok(Some(actions))
}

/// The node that is meant.
///
/// # Errors
/// In words, if there is none.
pub(super) fn resolve(node: NodeRef, cluster: &Cluster) -> Result<NodeId, String> {
    match node {
        NodeRef::Node(node) if node.0 <= cluster.node_count() => Ok(node),
        NodeRef::Node(node) => {
            Err(format!("there is no {node}: this cluster has n1 to n{}", cluster.node_count()))
        }
        NodeRef::Leader => cluster.leader().ok_or_else(|| "there is no leader now".to_owned()),
        NodeRef::Follower => {
            cluster.follower().ok_or_else(|| "there is no running follower now".to_owned())
        }
    }
}

fn resolve_groups(groups: &[Vec<NodeRef>], cluster: &Cluster) -> Result<Vec<Vec<NodeId>>, String> {
    groups.iter().map(|group| group.iter().map(|node| resolve(*node, cluster)).collect()).collect()
}

/// The action for every node that it is for.
fn each(
    cluster: &Cluster,
    is_for: fn(&sim::Node) -> bool,
    action: fn(NodeId) -> Action,
) -> Vec<Action> {
    cluster.nodes().filter(|node| is_for(node)).map(|node| action(node.id())).collect()
}

fn set_links(link: &Link, change: LinkChange, cluster: &Cluster) -> Result<Vec<Action>, String> {
    let (from, to) = (resolve(link.from, cluster)?, resolve(link.to, cluster)?);
    if from == to {
        return Err(format!("{from} has no link to itself"));
    }
    let there = Action::SetLink { from, to, change };
    Ok(match link.ways {
        Ways::OneWay => vec![there],
        Ways::Both => vec![there, Action::SetLink { from: to, to: from, change }],
    })
}

/// The message in flight that is meant.
fn message(flight: &Flight, cluster: &Cluster) -> Result<MessageId, String> {
    match flight {
        Flight::Id(id) => {
            let known = cluster.flights().any(|flight| flight.id == MessageId(*id));
            known.then_some(MessageId(*id)).ok_or_else(|| format!("m{id} is not in flight"))
        }
        Flight::Oldest { kind, from, to } => {
            let (sender, receiver) = (resolve(*from, cluster)?, resolve(*to, cluster)?);
            cluster
                .flights()
                .filter(|flight| flight.from == sender && flight.to == receiver)
                .filter(|flight| MessageName::of(flight.message.kind()) == *kind)
                .map(|flight| flight.id)
                .min()
                .ok_or_else(|| format!("no {kind} is in flight from {sender} to {receiver}"))
        }
    }
}

/// A setting as the simulator has it.
pub(crate) fn sim_setting(setting: Setting) -> SimSetting {
    match setting {
        Setting::Heartbeat(time) => SimSetting::Heartbeat(Micros(time.0)),
        Setting::ElectionTimeout(time) => SimSetting::ElectionTimeout(Micros(time.0)),
        Setting::Latency(time) => SimSetting::Latency(Micros(time.0)),
        Setting::Jitter(time) => SimSetting::Jitter(Micros(time.0)),
        Setting::Loss(chance) => SimSetting::Loss(chance.0),
        Setting::SyncLatency(time) => SimSetting::SyncLatency(Micros(time.0)),
        Setting::ClientLatency(time) => SimSetting::ClientLatency(Micros(time.0)),
        Setting::PreVote(switch) => SimSetting::PreVote(sim_switch(switch)),
        Setting::CheckQuorum(switch) => SimSetting::CheckQuorum(sim_switch(switch)),
        Setting::StrictReconfigCheck(switch) => SimSetting::StrictReconfigCheck(sim_switch(switch)),
        Setting::SnapshotCount(count) => SimSetting::SnapshotCount(count),
        Setting::QuotaBackendBytes(bytes) => SimSetting::Quota(bytes),
    }
}

fn sim_switch(switch: Switch) -> SimSwitch {
    match switch {
        Switch::On => SimSwitch::On,
        Switch::Off => SimSwitch::Off,
    }
}
