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
    let failures: Vec<String> = std::thread::scope(|scope| {
        let run = |first| (first..500).step_by(threads).filter_map(|seed| one_run(seed).err());
        let handles: Vec<_> = (0..threads as u64)
            .map(|first| scope.spawn(move || run(first).collect::<Vec<_>>()))
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().expect("no run panics")).collect()
    });
    assert!(failures.is_empty(), "{} runs failed:\n{}", failures.len(), failures.join("\n"));
}

fn one_run(seed: u64) -> Result<(), String> {
    let mut random = Random(seed);
    let settings = random_settings(seed, &mut random);
    let mut cluster = Cluster::new(settings);
    fault_run(&mut cluster, &mut random, Micros::from_secs(20), |_| {});
    sound(&cluster, seed)?;
    heal(&mut cluster);
    let led = until(&mut cluster, Micros::from_secs(20), |cluster| cluster.leader().is_some());
    sound(&cluster, seed)?;
    if !led {
        return Err(format!("seed {seed}: no leader after all was healed"));
    }
    // Leaders of the time of the faults may still fall.
    run_for(&mut cluster, Micros::from_secs(5));
    let everybody: Vec<u8> = cluster.settings().node_ids().map(|id| id.0).collect();
    let written = call(&mut cluster, put("after", "all"), &everybody);
    sound(&cluster, seed)?;
    if !matches!(written, Outcome::Ok { .. }) {
        return Err(format!("seed {seed}: no write after all was healed: {written:?}"));
    }
    let agreed = until(&mut cluster, Micros::from_secs(5), agree);
    sound(&cluster, seed)?;
    if !agreed {
        return Err(format!("seed {seed}: stores differ after all was healed"));
    }
    Ok(())
}

fn sound(cluster: &Cluster, seed: u64) -> Result<(), String> {
    cluster.violation().map_or(Ok(()), |violation| Err(format!("seed {seed}: {violation}")))
}
