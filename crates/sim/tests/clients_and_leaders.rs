//! Rules of Raft, switched off one at a time, and what clients or two leaders at once make of it.
//! With the rule on, the same scripts break nothing.

mod common;

use common::{begin, elect, get, put, run_for, until};
use sim::member::kv_core::RangeRequest;
use sim::member::raft_core::{NodeId, Rule};
use sim::member::{Consistency, Micros, Request};
use sim::{Action, CallId, Cluster, Outcome, Property, Settings, Switch};

/// Runs a script with some seeds; says what broke first. With a seed for which the situation does
/// not come about the script gives `None`.
fn broke(script: impl Fn(u64) -> Option<Cluster>) -> Option<Property> {
    let clusters: Vec<Cluster> = (0..20).filter_map(script).collect();
    assert!(!clusters.is_empty(), "the situation never came about");
    let violation = clusters.iter().find_map(Cluster::violation);
    violation.map(|violation| violation.property)
}

fn without(rule: Rule, switch: Switch, settings: Settings) -> Cluster {
    Cluster::new(settings.with_rule(rule, switch))
}

fn act(cluster: &mut Cluster, action: Action) {
    if cluster.violation().is_none() {
        cluster.act(action).expect("the script makes sense");
    }
}

/// A write that was acknowledged before the caller goes on.
fn write(cluster: &mut Cluster, to: NodeId) -> Option<CallId> {
    let id = begin(cluster, put("k", "v"), &[to.0], Micros::from_secs(5));
    let told = until(cluster, Micros::from_secs(6), |cluster| cluster.outcome(id).is_some());
    let is_ok = cluster.outcome(id).is_some_and(|outcome| outcome.name() == "ok");
    (told && is_ok).then_some(id)
}

/// Raft §5.2, §5.3: a leader on the larger side of a partition can commit; with two of five for a
/// majority, the smaller side elects one too.
#[test]
fn one_leader_commits() {
    let run = |switch| broke(|seed| two_sides(seed, switch));
    assert_eq!(run(Switch::Off), Some(Property::OneLeaderCommits));
    assert_eq!(run(Switch::On), None);
}

fn two_sides(seed: u64, switch: Switch) -> Option<Cluster> {
    let settings = Settings { nodes: 5, seed, ..Settings::default() };
    let mut cluster = without(Rule::Majority, switch, settings);
    let leader = elect(&mut cluster);
    run_for(&mut cluster, Micros::from_secs(1));
    let others = (1..=5).map(NodeId).filter(|node| *node != leader);
    act(&mut cluster, Action::Partition(vec![others.take(2).collect()]));
    run_for(&mut cluster, Micros::from_secs(10));
    Some(cluster)
}

/// Raft §8, thesis §6.4: a leader that was cut off and has a successor answers a read.
#[test]
fn a_read_at_a_deposed_leader() {
    let run = |switch| broke(|seed| deposed(seed, switch));
    assert_eq!(run(Switch::Off), Some(Property::ReadSeesWrites));
    assert_eq!(run(Switch::On), None);
}

fn deposed(seed: u64, switch: Switch) -> Option<Cluster> {
    let (mut cluster, old) = superseded(seed, switch)?;
    begin(&mut cluster, get("k"), &[old.0], Micros::from_secs(5));
    run_for(&mut cluster, Micros::from_secs(6));
    Some(cluster)
}

/// A leader that is cut off, and does not know of its successor, which has acknowledged a write.
fn superseded(seed: u64, switch: Switch) -> Option<(Cluster, NodeId)> {
    let settings = Settings { seed, check_quorum: false, ..Settings::default() };
    let mut cluster = without(Rule::ConfirmLeadershipBeforeRead, switch, settings);
    let old = elect(&mut cluster);
    write(&mut cluster, old)?;
    act(&mut cluster, Action::Isolate(old));
    let has_successor = |cluster: &Cluster| cluster.leader().is_some_and(|leader| leader != old);
    if !until(&mut cluster, Micros::from_secs(20), has_successor) {
        return None;
    }
    let leader = cluster.leader()?;
    write(&mut cluster, leader)?;
    Some((cluster, old))
}

/// A serializable read may be answered from a stale state, and nobody learns anything from it.
#[test]
fn a_serializable_read_may_be_stale() {
    let (mut cluster, old) = (1..20).find_map(|seed| superseded(seed, Switch::On)).expect("common");
    let consistency = Consistency::Serializable;
    let request = Request::Range { range: RangeRequest::key("k"), consistency };
    let id = begin(&mut cluster, request, &[old.0], Micros::from_secs(5));
    until(&mut cluster, Micros::from_secs(5), |cluster| cluster.outcome(id).is_some());
    let newest = cluster.node(cluster.leader().expect("leads")).member().expect("runs").store();
    let stale = match cluster.outcome(id) {
        Some(Outcome::Ok { revision, .. }) => *revision < newest.revision(),
        _ => false,
    };
    assert!(stale, "{:?}", cluster.outcome(id));
    assert_eq!(cluster.violation(), None);
}

/// Raft §8, thesis §6.4: a new leader does not know yet what was committed last, and answers a read.
#[test]
fn a_read_at_a_new_leader() {
    let run = |switch| broke(|seed| succeeded(seed, switch));
    assert_eq!(run(Switch::Off), Some(Property::ReadSeesWrites));
    assert_eq!(run(Switch::On), None);
}

fn succeeded(seed: u64, switch: Switch) -> Option<Cluster> {
    // Heartbeats are answered long before an entry is on disk.
    let sync_latency = Micros::from_millis(200);
    let settings = Settings { seed, sync_latency, ..Settings::default() };
    let mut cluster = without(Rule::OwnTermCommitBeforeRead, switch, settings);
    let old = elect(&mut cluster);
    write(&mut cluster, old)?;
    // The followers have the next write, but never hear that it is committed; the client does.
    let id = begin(&mut cluster, put("k", "w"), &[old.0], Micros::from_secs(5));
    let before = cluster.node(old).state().commit;
    let commits = |cluster: &Cluster| cluster.node(old).state().commit > before;
    if !until(&mut cluster, Micros::from_secs(5), commits) {
        return None;
    }
    act(&mut cluster, Action::Isolate(old));
    until(&mut cluster, Micros::from_secs(1), |cluster| cluster.outcome(id).is_some());
    act(&mut cluster, Action::Crash(old));
    if !until(&mut cluster, Micros::from_secs(20), |cluster| cluster.leader().is_some()) {
        return None;
    }
    let leader = cluster.leader()?;
    begin(&mut cluster, get("k"), &[leader.0], Micros::from_secs(5));
    run_for(&mut cluster, Micros::from_secs(6));
    Some(cluster)
}
