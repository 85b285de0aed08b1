//! The same seed gives the same events, from the start or from any point on.

mod common;

use common::{Random, fault_run, random_settings};
use sim::Cluster;
use sim::member::Micros;

fn run(seed: u64, each: impl FnMut(&Cluster)) -> Cluster {
    let mut random = Random(seed);
    let settings = random_settings(seed, &mut random);
    let mut cluster = Cluster::new(settings);
    fault_run(&mut cluster, &mut random, Micros::from_secs(6), each);
    cluster
}

/// Design §4: one session, one trace; and different seeds give different traces.
#[test]
fn one_seed_gives_one_trace() {
    let mut hashes = Vec::new();
    for seed in 0..30 {
        let hash = run(seed, |_| {}).trace_hash();
        assert_eq!(hash, run(seed, |_| {}).trace_hash(), "seed {seed}");
        hashes.push(hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 30);
}

/// How many points: `cargo xtask prove` asks for more.
fn points() -> u64 {
    let asked = std::env::var("RAFT_LAB_POINTS").ok();
    asked.and_then(|points| points.parse().ok()).unwrap_or(1_000)
}

/// A clone, and a copy that was saved and restored, go on as the original does, at random points of
/// runs full of faults.
#[test]
fn a_copy_goes_on_as_the_original() {
    let points = points();
    let mut compared = 0;
    for seed in 0.. {
        if compared >= points {
            break;
        }
        let mut dice = Random(seed + 1_000);
        run(seed, |cluster| {
            if compared < points && dice.below(100) == 0 {
                compare_copies(cluster, seed);
                compared += 1;
            }
        });
    }
    println!("{compared} points of clusters: copies went on identically");
}

fn compare_copies(cluster: &Cluster, seed: u64) {
    let mut original = cluster.clone();
    let saved = postcard::to_allocvec(cluster).expect("a cluster can be saved");
    let mut restored: Cluster = postcard::from_bytes(&saved).expect("and restored");
    assert_eq!(restored.trace_hash(), original.trace_hash());
    let mut clone = original.clone();
    for _ in 0..100 {
        let next = original.step().map(|event| event.seq);
        assert_eq!(clone.step().map(|event| event.seq), next);
        assert_eq!(restored.step().map(|event| event.seq), next);
    }
    assert_eq!(clone.trace_hash(), original.trace_hash(), "seed {seed}: the clone");
    assert_eq!(restored.trace_hash(), original.trace_hash(), "seed {seed}: the restored");
    let state = |cluster: &Cluster| postcard::to_allocvec(cluster).expect("saved");
    assert_eq!(state(&restored), state(&original), "seed {seed}: all of the state");
}
