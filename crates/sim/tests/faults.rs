//! Faults of every kind, under all checkers, and what must be well again after them.

mod common;

use common::{Random, agree, call, fault_run, heal, put, random_settings, run_for, until};
use sim::member::Micros;
use sim::{Cluster, Outcome};

/// Raft's safety under faults, and its liveness after them (raft-notes "Liveness"), for 500 seeds:
/// nothing breaks while nodes crash, tear, pause and run on wrong clocks, and links lose, double,
/// delay, cut and clog; once all is healed there is a leader, a write is served, and all stores are
/// equal.
#[test]
fn five_hundred_fault_runs() {
    let threads = 2;
    std::thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || (first..500).step_by(threads as usize).for_each(one_run));
        }
    });
}

fn one_run(seed: u64) {
    let mut random = Random(seed);
    let settings = random_settings(seed, &mut random);
    let mut cluster = Cluster::new(settings);
    fault_run(&mut cluster, &mut random, Micros::from_secs(20), |_| {});
    sound(&cluster, seed);
    heal(&mut cluster);
    let led = until(&mut cluster, Micros::from_secs(20), |cluster| cluster.leader().is_some());
    sound(&cluster, seed);
    assert!(led, "seed {seed}: no leader after all was healed");
    // Leaders of the time of the faults may still fall.
    run_for(&mut cluster, Micros::from_secs(5));
    let everybody: Vec<u8> = cluster.settings().node_ids().map(|id| id.0).collect();
    let written = call(&mut cluster, put("after", "all"), &everybody);
    sound(&cluster, seed);
    assert!(matches!(written, Outcome::Ok { .. }), "seed {seed}: {written:?}");
    let agreed = until(&mut cluster, Micros::from_secs(5), agree);
    sound(&cluster, seed);
    assert!(agreed, "seed {seed}: stores differ after all was healed");
}

fn sound(cluster: &Cluster, seed: u64) {
    if let Some(violation) = cluster.violation() {
        panic!("seed {seed}: {violation}");
    }
}
