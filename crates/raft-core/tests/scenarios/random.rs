//! Random schedules: whatever is lost, doubled, reordered or crashed, nothing that Raft promises
//! breaks, and once the faults end the cluster serves again. The checks look at the servers from
//! outside and share no code with the protocol.

use std::collections::BTreeMap;

use raft_core::{Config, Data, Dice, Entry, Index, NodeId, Rule, Snapshot};
use raft_core::{Raft, RoleKind, Term};

use crate::cluster::{Cluster, Seeded, Sync, data, n};

/// What was ever seen, to compare with.
#[derive(Default)]
struct Checker {
    leaders: BTreeMap<Term, NodeId>,
    /// Entry by entry, from index 1, what some server took for committed.
    committed: Vec<Entry>,
    /// Per server: term, and how far its commit index was compared.
    seen: BTreeMap<NodeId, (Term, Index)>,
    /// How much was committed when a read was asked.
    asked: BTreeMap<u64, Index>,
}

impl Checker {
    /// Looks at every running server; says what is broken.
    fn check(&mut self, cluster: &Cluster) -> Result<(), String> {
        for (id, node) in &cluster.nodes {
            let Some(raft) = &node.raft else { continue };
            self.check_leadership(*id, raft)?;
            self.check_commit(*id, raft, cluster)?;
            for (place, entry) in node.applied.iter().enumerate() {
                if place + 64 < node.applied.len() {
                    continue;
                }
                if self.committed.get(entry.index.0 as usize - 1) != Some(entry) {
                    return Err(format!("{id} applied something else at {}", entry.index));
                }
            }
            for read in &node.reads {
                if self.asked.get(&read.context.number).is_some_and(|asked| read.index < *asked) {
                    return Err(format!("{id} answers read {} too early", read.context.number));
                }
            }
        }
        Ok(())
    }

    fn check_leadership(&mut self, id: NodeId, raft: &Raft) -> Result<(), String> {
        let (term, _) = self.seen.get(&id).copied().unwrap_or_default();
        if raft.term() < term {
            return Err(format!("{id} went back from term {term} to {}", raft.term()));
        }
        if raft.role_kind() != RoleKind::Leader {
            return Ok(());
        }
        let is_new = !self.leaders.contains_key(&raft.term());
        let leader = *self.leaders.entry(raft.term()).or_insert(id);
        if leader != id {
            return Err(format!("{leader} and {id} both lead term {}", raft.term()));
        }
        if is_new {
            for entry in &self.committed {
                let held = raft.log().term(entry.index);
                if entry.index >= raft.log().first_index() && held != Some(entry.term) {
                    return Err(format!("leader {id} lacks committed entry {}", entry.index));
                }
            }
        }
        match raft.progress().find(|(_, of)| of.next_index <= of.match_index) {
            Some((follower, _)) => Err(format!("{id} knows {follower} beyond its next index")),
            None => Ok(()),
        }
    }

    fn check_commit(&mut self, id: NodeId, raft: &Raft, cluster: &Cluster) -> Result<(), String> {
        let (_, compared) = self.seen.get(&id).copied().unwrap_or_default();
        if raft.commit() < compared {
            return Err(format!("commit index of {id} went back to {}", raft.commit()));
        }
        for index in (compared.0 + 1..=raft.commit().0).map(Index) {
            let place = index.0 as usize - 1;
            match (raft.log().get(index), self.committed.get(place)) {
                (Some(entry), Some(known)) if entry != known => {
                    return Err(format!("{id} commits something else at {index}"));
                }
                (Some(entry), None) => {
                    if self.committed.len() != place {
                        return Err(format!("{id} commits {index} after a hole"));
                    }
                    check_durable(entry, raft, cluster)?;
                    self.committed.push(entry.clone());
                }
                (None, None) => return Err(format!("{id} commits {index} without holding it")),
                (_, Some(_)) => {}
            }
        }
        self.seen.insert(id, (raft.term(), raft.commit()));
        Ok(())
    }

    /// A crash may forget what was not on disk yet, which nobody has heard of.
    fn restarted(&mut self, id: NodeId) {
        self.seen.remove(&id);
    }
}

/// A newly committed entry must be on the disks of a majority.
fn check_durable(entry: &Entry, raft: &Raft, cluster: &Cluster) -> Result<(), String> {
    let is_on_disk = |id: &&NodeId| {
        let Some(node) = cluster.nodes.get(id) else { return false };
        let in_snapshot = node.stored.snapshot.as_ref().is_some_and(|s| s.index >= entry.index);
        in_snapshot || node.stored.log.iter().any(|stored| stored == entry)
    };
    let voters = &raft.configuration().voters;
    let holders = voters.iter().filter(is_on_disk).count();
    if 2 * holders > voters.len() {
        Ok(())
    } else {
        Err(format!("{} is committed but on {holders} disks only", entry.index))
    }
}

/// How hard the times are, in a thousand.
#[derive(Clone, Copy)]
struct Weather {
    crash: u64,
    restart: u64,
    cut: u64,
}

impl Weather {
    /// Each seed has its own.
    fn of(seed: u64) -> Weather {
        let mut dice = Seeded(seed ^ 0xbad);
        let mut any = |of: [u64; 3]| of[dice.below(3) as usize];
        Weather { crash: any([2, 10, 30]), restart: any([30, 300, 1000]), cut: any([0, 300, 1000]) }
    }
}

/// One random thing happens.
fn happen(
    cluster: &mut Cluster,
    checker: &mut Checker,
    dice: &mut Seeded,
    step: u64,
    weather: Weather,
) {
    let size = cluster.nodes.len() as u32;
    let id = n(dice.below(size) as u8 + 1);
    let runs = cluster.node(id).raft.is_some();
    if runs && dice.permille(weather.crash) {
        cluster.crash(id);
    } else if !runs && dice.permille(weather.restart) {
        cluster.restart(id);
        checker.restarted(id);
    }
    let runs = cluster.node(id).raft.is_some();
    match dice.below(100) {
        0..=29 if runs => cluster.tick(id),
        30..=79 => deliver_any(cluster, dice),
        80..=87 if runs => {
            let text = format!("{step}");
            // Without a leader it is refused, and that is all.
            let _ = cluster.at(id, |raft, _| raft.propose(data(&text)));
        }
        88..=90 if runs => {
            checker.asked.insert(step, Index(checker.committed.len() as u64));
            cluster.read(id, step);
        }
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

/// After the faults a leader is found, and what it is given reaches everyone.
fn recovers(cluster: &mut Cluster, checker: &mut Checker) -> Result<(), String> {
    cluster.heal();
    for id in cluster.nodes.keys().copied().collect::<Vec<_>>() {
        if cluster.node(id).raft.is_none() {
            cluster.restart(id);
            checker.restarted(id);
        }
        cluster.sync(id);
    }
    for _ in 0..20 {
        cluster.pass(10);
        checker.check(cluster)?;
        let ids: Vec<_> = cluster.nodes.keys().copied().collect();
        let leads = |id: &&NodeId| cluster.raft(**id).role_kind() == RoleKind::Leader;
        let Some(leader) = ids.iter().find(leads).copied() else { continue };
        if cluster.at(leader, |raft, _| raft.propose(data("after all"))).is_err() {
            continue;
        }
        cluster.pass(3);
        checker.check(cluster)?;
        let last = cluster.raft(leader).last_index().0;
        if cluster.commits().iter().all(|commit| *commit == last) {
            return Ok(());
        }
    }
    Err(format!("no progress: {:?} {:?}", cluster.roles(), cluster.commits()))
}

fn run(seed: u64, steps: u64, change: impl Fn(&mut Config)) -> Result<(), String> {
    let mut dice = Seeded(seed);
    let mut cluster = Cluster::with(dice.below(5) as u8 + 1, change);
    cluster.dice = Seeded(seed ^ 1);
    let mut checker = Checker::default();
    for step in 0..steps {
        happen(&mut cluster, &mut checker, &mut dice, step, Weather::of(seed));
        checker.check(&cluster).map_err(|broken| format!("seed {seed} step {step}: {broken}"))?;
    }
    recovers(&mut cluster, &mut checker).map_err(|broken| format!("seed {seed}: {broken}"))
}

/// Proves that no schedule of 1,000 breaks election safety, leader completeness, state-machine
/// safety, durability of what is committed, or freshness of reads, and that each recovers.
#[test]
fn no_schedule_breaks_what_raft_promises() {
    for seed in 0..1000 {
        run(seed, 1500, |config| {
            if seed % 3 == 1 {
                config.rules = config.rules.without(Rule::PreVote);
            }
            if seed % 5 == 2 {
                config.rules = config.rules.without(Rule::CheckQuorum);
            }
            config.max_inflight = 1 + (seed % 4) as u32;
            config.max_append_bytes = (seed % 3) * 40;
        })
        .unwrap_or_else(|broken| panic!("{broken}"));
    }
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
            run(seed, 1500, |config| {
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
        let mut checker = Checker::default();
        for step in 0..500 {
            happen(&mut cluster, &mut checker, &mut dice, step, Weather::of(seed));
        }
        let (mut copy, mut copied_dice) = (cluster.clone(), dice.clone());
        for node in copy.nodes.values_mut() {
            if let Some(raft) = &mut node.raft {
                let stored = serde_json::to_string(raft).expect("a server can be stored");
                *raft = serde_json::from_str(&stored).expect("and read back");
            }
        }
        for step in 500..1000 {
            happen(&mut cluster, &mut checker, &mut dice, step, Weather::of(seed));
            happen(&mut copy, &mut checker, &mut copied_dice, step, Weather::of(seed));
        }
        let state = |cluster: &Cluster| format!("{:?}", cluster.nodes);
        assert_eq!(state(&cluster), state(&copy), "seed {seed}");
        let logs = cluster.nodes.values().map(|node| node.stored.log.len());
        assert!(seed > 0 || logs.max() > Some(3), "something happened");
    }
}
