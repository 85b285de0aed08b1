//! What the tests share: running until something holds, calling, and drawing faults.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use sim::member::kv_core::{DeleteRangeRequest, PutRequest, RangeRequest};
use sim::member::raft_core::NodeId;
use sim::member::{Consistency, Micros, Request};
use sim::{Action, Call, CallId, Cluster, LinkChange, Outcome, Setting, Settings};

/// A cluster of so many nodes with this seed, all else as by default.
pub fn cluster(nodes: u8, seed: u64) -> Cluster {
    Cluster::new(Settings { nodes, seed, ..Settings::default() })
}

/// Lets things happen until the condition holds or the time is over. Says whether it holds.
pub fn until(
    cluster: &mut Cluster,
    limit: Micros,
    mut holds: impl FnMut(&Cluster) -> bool,
) -> bool {
    let end = Micros(cluster.now().0 + limit.0);
    while !holds(cluster) {
        if cluster.next_at().is_none_or(|at| at > end) || cluster.step().is_none() {
            return false;
        }
    }
    true
}

/// Lets things happen for so long.
pub fn run_for(cluster: &mut Cluster, time: Micros) {
    until(cluster, time, |_| false);
}

/// Lets things happen until there is a leader, which there must be within 5 s.
pub fn elect(cluster: &mut Cluster) -> NodeId {
    let elected = until(cluster, Micros::from_secs(5), |cluster| cluster.leader().is_some());
    assert!(elected, "no leader within 5 s: {:?}", cluster.settings());
    cluster.leader().expect("just seen")
}

/// A request to write.
pub fn put(key: &str, value: &str) -> Request {
    Request::Put(PutRequest::new(key, value))
}

/// A request to read.
pub fn get(key: &str) -> Request {
    Request::Range { range: RangeRequest::key(key), consistency: Consistency::Linearizable }
}

/// Begins a call of client `a` to these nodes.
pub fn begin(cluster: &mut Cluster, request: Request, to: &[u8], timeout: Micros) -> CallId {
    let endpoints = to.iter().copied().map(NodeId).collect();
    let (client, label) = ("a".into(), String::new());
    cluster.call(Call { client, endpoints, request, timeout, label }).0
}

/// Calls and lets things happen until the call has ended.
pub fn call(cluster: &mut Cluster, request: Request, to: &[u8]) -> Outcome {
    let timeout = Micros::from_secs(5);
    let id = begin(cluster, request, to, timeout);
    let ended = until(cluster, Micros::from_secs(6), |cluster| cluster.outcome(id).is_some());
    assert!(ended, "a call ends when its time is over: {:?}", cluster.violation());
    cluster.outcome(id).expect("just seen").clone()
}

/// The values that a read has found.
pub fn values(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Ok { response: sim::member::Response::Range(found), .. } => {
            let values = found.kvs.iter().map(|kv| String::from_utf8_lossy(kv.value.as_ref()));
            values.map(|value| value.into_owned()).collect()
        }
        other => panic!("not read: {other:?}"),
    }
}

/// Random numbers of the tests' own (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub fn node(&mut self, nodes: u8) -> NodeId {
        NodeId(1 + self.below(u64::from(nodes)) as u8)
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}

/// Settings that a seed draws: sizes, speeds, losses.
pub fn random_settings(seed: u64, random: &mut Random) -> Settings {
    let millis = |millis: u64| Micros::from_millis(millis);
    let defaults = Settings::default();
    Settings {
        nodes: random.pick(&[1, 2, 3, 3, 3, 4, 5, 5, 5, 6, 7]),
        seed,
        latency: millis(random.pick(&[0, 1, 10, 10, 40])),
        jitter: millis(random.pick(&[0, 2, 10, 60])),
        loss_ppm: random.pick(&[0, 0, 10_000, 100_000]),
        sync_latency: millis(random.pick(&[0, 2, 2, 10, 50])),
        pre_vote: random.below(4) > 0,
        check_quorum: random.below(4) > 0,
        snapshot_count: random.pick(&[5, 20, 100, 10_000]),
        ..defaults
    }
}

/// A fault, or its repair. It may make no sense at the moment.
pub fn random_action(cluster: &Cluster, random: &mut Random) -> Action {
    let nodes = cluster.settings().nodes;
    let node = random.node(nodes);
    let leader = cluster.leader().unwrap_or(node);
    let (from, to) = (random.node(nodes), random.node(nodes));
    let link = |change| Action::SetLink { from, to, change };
    let message = |random: &mut Random| {
        let ids: Vec<_> = cluster.flights().map(|flight| flight.id).collect();
        if ids.is_empty() { sim::MessageId(0) } else { random.pick(&ids) }
    };
    match random.below(26) {
        0 => Action::Crash(node),
        1 => Action::Crash(leader),
        2 => Action::Tear(node),
        3 => Action::Tear(leader),
        4..=8 => Action::Restart(node),
        9 => Action::Pause(random.pick(&[node, leader])),
        10..=11 => Action::Resume(node),
        12 => link(LinkChange::Cut),
        13 => link(LinkChange::Clog),
        14 => link(random.pick(&[LinkChange::Unclog, LinkChange::Heal])),
        15 => link(LinkChange::Loss(random.pick(&[0, 50_000, 300_000]))),
        16 => link(LinkChange::Duplicate(random.pick(&[0, 50_000, 300_000]))),
        17 => link(LinkChange::Latency(Micros::from_millis(random.pick(&[1, 10, 100, 700])))),
        18 => Action::Isolate(random.pick(&[node, leader])),
        19 => {
            let mut groups = vec![Vec::new(); 1 + random.below(2) as usize];
            for node in (1..=nodes).map(NodeId) {
                // Some are not named: they form one more group.
                if let Some(group) = groups.get_mut(random.below(3) as usize) {
                    group.push(node);
                }
            }
            Action::Partition(groups)
        }
        20..=21 => Action::HealAll,
        22 => Action::SetClock {
            node,
            rate_ppm: random.pick(&[1_000_000, 900_000, 1_100_000, 500_000, 2_000_000]),
        },
        23 => Action::DropMessage(message(random)),
        24 => match random.below(2) {
            0 => Action::DelayMessage(message(random), Micros::from_millis(random.below(3_000))),
            _ => Action::DuplicateMessage(message(random)),
        },
        _ => Action::Transfer(node),
    }
}

/// A call of one of three clients, on one of a few keys.
pub fn random_call(cluster: &Cluster, random: &mut Random) -> Call {
    let nodes = cluster.settings().nodes;
    let key = random.pick(&["a", "b", "c"]);
    let request = match random.below(10) {
        0..=4 => put(key, &random.below(1_000).to_string()),
        5 => Request::DeleteRange(DeleteRangeRequest::key(key)),
        _ => get(key),
    };
    let first = random.node(nodes);
    let rest = (1..=nodes).map(NodeId).filter(|node| *node != first);
    Call {
        client: random.pick(&["a", "b", "c"]).into(),
        endpoints: std::iter::once(first).chain(rest).collect(),
        request,
        timeout: Micros::from_millis(random.pick(&[300, 2_000, 5_000])),
        label: String::new(),
    }
}

/// Lets faults and clients loose for so long, and calls `each` after every event.
pub fn fault_run(
    cluster: &mut Cluster,
    random: &mut Random,
    time: Micros,
    mut each: impl FnMut(&Cluster),
) {
    let end = Micros(cluster.now().0 + time.0);
    let mut next_action = cluster.now();
    let mut next_call = cluster.now();
    while cluster.violation().is_none() && cluster.now() < end {
        if cluster.now() >= next_action {
            let action = random_action(cluster, random);
            // Many make no sense when they are drawn; that must change nothing.
            let before = cluster.trace_hash();
            if cluster.act(action).is_err() {
                assert_eq!(cluster.trace_hash(), before);
            }
            let wait = random.pick(&[0, 5_000, 100_000, 400_000, 1_500_000]);
            next_action = Micros(cluster.now().0 + random.below(wait + 1));
            cluster.wake_at(next_action);
        }
        if cluster.now() >= next_call {
            let call = random_call(cluster, random);
            cluster.call(call);
            next_call = Micros(cluster.now().0 + 1 + random.below(150_000));
            cluster.wake_at(next_call);
        }
        cluster.step();
        each(cluster);
    }
}

/// Ends all faults.
pub fn heal(cluster: &mut Cluster) {
    let nodes: Vec<NodeId> = cluster.settings().node_ids().collect();
    let mut actions = vec![Action::HealAll, Action::Set(Setting::Loss(0))];
    actions.push(Action::Set(Setting::Latency(Micros::from_millis(10))));
    for &from in &nodes {
        actions.extend([Action::Restart(from), Action::Resume(from)]);
        actions.push(Action::SetClock { node: from, rate_ppm: sim::TRUE_RATE_PPM });
        for &to in &nodes {
            let change = LinkChange::Duplicate(0);
            actions.push(Action::SetLink { from, to, change });
        }
    }
    for action in actions {
        // Only those nodes are restarted and resumed that are down or paused.
        let _ = cluster.act(action);
    }
}

/// Whether all nodes have applied the same, and hold the same keys.
pub fn agree(cluster: &Cluster) -> bool {
    let mut states = cluster.nodes().map(|node| {
        node.member().map(|member| (member.raft().last_applied(), member.store().hash()))
    });
    let first = states.next().flatten();
    first.is_some() && states.all(|state| state == first)
}
