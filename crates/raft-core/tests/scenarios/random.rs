//! Random schedules: whatever is lost, doubled, reordered or crashed, nothing that Raft promises
//! breaks, and once the faults end the cluster serves again.

use std::sync::Arc;

use raft_core::{
    Change, Config, ConfigChange, Configuration, Data, Dice, Index, NodeId, Payload, RoleKind,
    Rule, Rules, Snapshot, Transition,
};

use crate::cluster::{Cluster, Seeded, Sync, data, n};

/// How hard the times are, in a thousand.
#[derive(Clone, Copy)]
struct Weather {
    crash: u64,
    restart: u64,
    cut: u64,
    /// Changes of the membership.
    change: u64,
    /// Switches of rules.
    switch: u64,
}

impl Weather {
    /// Each seed has its own.
    fn of(seed: u64) -> Weather {
        let mut dice = Seeded(seed ^ 0xbad);
        let mut any = |of: [u64; 3]| of[dice.below(3) as usize];
        Weather {
            crash: any([2, 10, 30]),
            restart: any([30, 300, 1000]),
            cut: any([0, 300, 1000]),
            change: 0,
            switch: 0,
        }
    }
}

/// One random thing happens.
fn happen(cluster: &mut Cluster, dice: &mut Seeded, step: u64, weather: Weather) {
    let size = cluster.nodes.len() as u32;
    let id = n(dice.below(size) as u8 + 1);
    let runs = cluster.node(id).raft.is_some();
    if runs && dice.permille(weather.crash) {
        cluster.crash(id);
    } else if !runs && dice.permille(weather.restart) {
        cluster.restart(id);
    }
    let runs = cluster.node(id).raft.is_some();
    if runs && weather.change > 0 && dice.permille(weather.change) {
        let change = any_change(dice, size);
        let _ = cluster.at(id, |raft, _| raft.propose(change));
    }
    if weather.switch > 0 && dice.permille(weather.switch) {
        let rules = any_rules(dice);
        for node in cluster.nodes.values_mut() {
            node.set_rules(rules);
        }
    }
    match dice.below(100) {
        0..=29 if runs => cluster.tick(id),
        30..=79 => deliver_any(cluster, dice),
        80..=87 if runs => {
            let text = format!("{step}");
            // Without a leader it is refused, and that is all.
            let _ = cluster.at(id, |raft, _| raft.propose(data(&text)));
        }
        88..=90 if runs => cluster.read(id, step),
        91..=94 if runs => cluster.end_writes(id, 1),
        95 if runs => {
            cluster.node_mut(id).sync = Sync::Held;
        }
        96 if runs => cluster.sync(id),
        97 if dice.permille(weather.cut) => {
            let other = n(dice.below(size) as u8 + 1);
            match dice.below(4) {
                0 | 1 => cluster.cut.clear(),
                2 => cluster.isolate(id),
                _ => {
                    cluster.cut.insert((id, other));
                }
            }
        }
        98 if runs && dice.permille(300) => {
            let _ = cluster.at(id, |raft, _| raft.transfer_leader(n(1)));
        }
        99 if runs && dice.permille(500) => compact(cluster, id),
        _ => {}
    }
}

/// One or two voters or learners come or go, directly or through a joint configuration.
fn any_change(dice: &mut Seeded, size: u32) -> Payload {
    let mut one = || {
        let node = n(dice.below(size) as u8 + 1);
        match dice.below(4) {
            0 | 1 => Change::AddVoter(node),
            2 => Change::AddLearner(node),
            _ => Change::Remove(node),
        }
    };
    let mut changes = vec![one(), one()];
    changes.truncate(dice.below(3) as usize);
    let transition = match dice.below(4) {
        0 => Transition::JointImplicit,
        1 => Transition::JointExplicit,
        _ => Transition::Auto,
    };
    Payload::Config(Arc::new(ConfigChange { transition, changes, ..ConfigChange::default() }))
}

/// All rules, or any of them.
fn any_rules(dice: &mut Seeded) -> Rules {
    let off = [0, 50, 500][dice.below(3) as usize];
    let all = Rule::ALL.into_iter();
    all.fold(Rules::ALL, |rules, rule| if dice.permille(off) { rules.without(rule) } else { rules })
}

/// Delivers any letter under way; or loses or doubles it.
fn deliver_any(cluster: &mut Cluster, dice: &mut Seeded) {
    if cluster.mail.is_empty() {
        return;
    }
    let place = dice.below((cluster.mail.len() as u32).min(20)) as usize;
    let Some(message) = cluster.mail.remove(place) else { return };
    if dice.permille(30) {
        cluster.lose(&message);
        return;
    }
    if dice.permille(30) {
        cluster.mail.push_back(message.clone());
    }
    cluster.mail.push_front(message);
    cluster.deliver_one();
}

/// Takes a snapshot of all but the last applied entries.
fn compact(cluster: &mut Cluster, id: NodeId) {
    let raft = cluster.raft(id);
    let index = raft.last_applied();
    let (Some(term), config) = (raft.log().term(index), raft.configuration().clone()) else {
        return;
    };
    if index < raft.log().first_index() || index > raft.durable_index() {
        return;
    }
    let to = Index(index.0.saturating_sub(3));
    let snapshot = Snapshot { index, term, config, data: Data::default() };
    let node = cluster.node_mut(id);
    node.stored.snapshot = Some(snapshot.clone());
    cluster.at(id, |raft, _| raft.compact(to, snapshot));
}

/// After the faults a leader is found, and what it is given reaches every member.
fn recovers(cluster: &mut Cluster) -> Result<(), String> {
    cluster.heal();
    for id in cluster.nodes.keys().copied().collect::<Vec<_>>() {
        if cluster.node(id).raft.is_none() {
            cluster.restart(id);
        }
        cluster.sync(id);
    }
    for _ in 0..20 {
        cluster.pass(10);
        let ids: Vec<_> = cluster.nodes.keys().copied().collect();
        let leads = |id: &&NodeId| cluster.raft(**id).role_kind() == RoleKind::Leader;
        let Some(leader) = ids.iter().find(leads).copied() else { continue };
        if !cluster.raft(leader).configuration().is_voter(leader) {
            // The server around a leader that was removed stops it.
            cluster.crash(leader);
            cluster.restart(leader);
        }
        if cluster.at(leader, |raft, _| raft.propose(data("after all"))).is_err() {
            continue;
        }
        // A snapshot from before a member came is no use to it: whoever keeps them makes a new one.
        compact(cluster, leader);
        cluster.pass(3);
        let raft = cluster.raft(leader);
        let members = raft.configuration().members();
        if members.iter().all(|id| cluster.raft(id).commit() == raft.last_index()) {
            return Ok(());
        }
    }
    if is_halfway_to_few(cluster) {
        return Ok(());
    }
    Err(format!("no progress: {:?} {:?}", cluster.roles(), cluster.commits()))
}

/// Whether the servers differ about who votes, and some count less than three voters. There a
/// change can end in a place from where nobody can win: a server that has applied its own removal
/// does not stand, and its vote is out of reach for one that has not applied it and whose log is
/// shorter. etcd's raft has the same limit, by applying changes when they are committed, and
/// advises three voters or more (its README, "Membership changes").
fn is_halfway_to_few(cluster: &Cluster) -> bool {
    let configuration = |id: &NodeId| cluster.raft(*id).configuration();
    let first = cluster.nodes.keys().next().map(configuration);
    let differ = cluster.nodes.keys().map(configuration).any(|other| Some(other) != first);
    let few = |of: &Configuration| of.voters.len() < 3 || (of.is_joint() && of.outgoing.len() < 3);
    differ && cluster.nodes.keys().map(configuration).any(few)
}

/// A cluster after so many steps, or as soon as something is broken.
fn run_until_broken(
    seed: u64,
    steps: u64,
    weather: Weather,
    change: impl Fn(&mut Config),
) -> Result<Cluster, String> {
    let mut dice = Seeded(seed);
    let mut cluster = Cluster::with(dice.below(5) as u8 + 1, change);
    cluster.dice = Seeded(seed ^ 1);
    for step in 0..steps {
        happen(&mut cluster, &mut dice, step, weather);
        if step % 50 == 0 {
            cluster.checker.compare_logs(&cluster.nodes);
        }
        if let Some(broken) = cluster.broken() {
            return Err(format!("seed {seed} step {step}: {broken}"));
        }
    }
    Ok(cluster)
}

fn run(
    seed: u64,
    steps: u64,
    weather: Weather,
    change: impl Fn(&mut Config),
) -> Result<(), String> {
    let mut cluster = run_until_broken(seed, steps, weather, change)?;
    recovers(&mut cluster).map_err(|stuck| format!("seed {seed}: {stuck}"))?;
    cluster.broken().map_or(Ok(()), |broken| Err(format!("seed {seed}: {broken}")))
}

/// How many schedules a test runs: so many, or `RANDOM_SCHEDULES`.
fn schedules(usually: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("RANDOM_SCHEDULES").ok();
    0..asked.and_then(|number| number.parse().ok()).unwrap_or(usually)
}

/// Settings that differ from seed to seed.
fn vary(seed: u64, config: &mut Config) {
    if seed % 3 == 1 {
        config.rules = config.rules.without(Rule::PreVote);
    }
    if seed % 5 == 2 {
        config.rules = config.rules.without(Rule::CheckQuorum);
    }
    config.max_inflight = 1 + (seed % 4) as u32;
    config.max_append_bytes = (seed % 3) * 40;
}

/// Proves that no schedule of 1,000 breaks the five properties of Raft Figure 3 (election safety,
/// leader append-only, log matching, leader completeness, state-machine safety), the durability of
/// what is committed, or the freshness of reads, and that each recovers (Raft §5.6).
#[test]
fn no_schedule_breaks_what_raft_promises() {
    for seed in schedules(1000) {
        run(seed, 1500, Weather::of(seed), |config| vary(seed, config))
            .unwrap_or_else(|broken| panic!("{broken}"));
    }
}

/// Proves the same while voters and learners come and go, one by one and through joint
/// configurations (Raft §6, thesis §4).
#[test]
fn no_schedule_with_membership_changes_does_either() {
    for seed in schedules(600) {
        let weather = Weather { change: 20, ..Weather::of(seed) };
        run(seed, 1500, weather, |config| vary(seed, config))
            .unwrap_or_else(|broken| panic!("{broken}"));
    }
}

/// Proves that whichever rules are off, or come and go, the core goes on without a panic: what
/// breaks is for those to report who watch from outside.
#[test]
fn no_missing_rule_makes_the_core_panic() {
    let mut broken = 0;
    for seed in schedules(300) {
        let weather = Weather { change: 20, switch: seed % 2 * 5, ..Weather::of(seed) };
        let mut dice = Seeded(seed);
        let rules = match Rule::ALL.get(seed as usize % 30) {
            Some(rule) => Rules::ALL.without(*rule),
            None => any_rules(&mut dice),
        };
        let mut cluster = Cluster::with(dice.below(5) as u8 + 1, |config| {
            vary(seed, config);
            config.rules = rules;
        });
        for step in 0..1500 {
            happen(&mut cluster, &mut dice, step, weather);
        }
        // Back to Raft, with whatever was broken by then: first running on, then after a restart
        // (else two servers that each take the other for the leader could pass a read on for ever).
        for node in cluster.nodes.values_mut() {
            node.set_rules(Rules::ALL);
        }
        let weather = Weather { switch: 0, ..weather };
        for step in 1500..1800 {
            happen(&mut cluster, &mut dice, step, weather);
        }
        for id in cluster.nodes.keys().copied().collect::<Vec<_>>() {
            cluster.crash(id);
        }
        cluster.mail.clear();
        let _ = recovers(&mut cluster);
        broken += u64::from(cluster.broken().is_some());
    }
    assert!(broken > 30, "only {broken} schedules broke anything");
}

/// Proves that the schedules are hard enough: without any one of these rules some schedule breaks
/// a promise; and that the core itself does not crash over it.
#[test]
fn schedules_notice_when_a_rule_is_off() {
    for rule in [
        Rule::PersistVote,
        Rule::OneVoteATerm,
        Rule::UpToDateCheck,
        Rule::StepDown,
        Rule::NewTermOnCandidacy,
        Rule::Majority,
        Rule::LogConsistencyCheck,
        Rule::TruncateOnConflictOnly,
        Rule::NeverMoveCommitBack,
        Rule::ConfirmLeadershipBeforeRead,
        Rule::SyncBeforeAcknowledging,
    ] {
        let broken = (0..1000).find_map(|seed| {
            run(seed, 1500, Weather::of(seed), |config| {
                config.rules = config.rules.without(rule);
                // These would mend much of the damage.
                config.rules = config.rules.without(Rule::PreVote).without(Rule::CheckQuorum);
            })
            .err()
        });
        let broken = broken.unwrap_or_else(|| panic!("nobody misses {rule:?}"));
        println!("{}: {broken}", rule.name());
    }
}

/// Proves that a copy, and what is read back from a stored server, goes on exactly as the original.
#[test]
fn a_copy_goes_on_as_its_original() {
    for seed in 0..20 {
        let mut dice = Seeded(seed);
        let mut cluster = Cluster::new(3);
        for step in 0..500 {
            happen(&mut cluster, &mut dice, step, Weather::of(seed));
        }
        let (mut copy, mut copied_dice) = (cluster.clone(), dice.clone());
        for node in copy.nodes.values_mut() {
            if let Some(raft) = &mut node.raft {
                let stored = serde_json::to_string(raft).expect("a server can be stored");
                *raft = serde_json::from_str(&stored).expect("and read back");
            }
        }
        for step in 500..1000 {
            happen(&mut cluster, &mut dice, step, Weather::of(seed));
            happen(&mut copy, &mut copied_dice, step, Weather::of(seed));
        }
        let state = |cluster: &Cluster| format!("{:?}", cluster.nodes);
        assert_eq!(state(&cluster), state(&copy), "seed {seed}");
        let logs = cluster.nodes.values().map(|node| node.stored.log.len());
        assert!(seed > 0 || logs.max() > Some(3), "something happened");
    }
}
