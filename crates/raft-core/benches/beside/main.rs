//! raft-core and the crate `raft` side by side: `cargo bench -p raft-core --bench beside`.
//!
//! Both drive a cluster of 3, 5 or 7 nodes in memory, in one thread, one proposal at a time: the
//! next is made when every node knows that the last one is committed, and has applied it. `cluster`
//! is that loop, written once; `ours` and `theirs` are a node of each kind. Both disks are vectors
//! into which entries are moved, durable at once; messages are moved, never encoded. No clock ticks
//! while it is measured.
//!
//! Both take turns of a thousand proposals, so that whatever else the machine does hits both. Each
//! round prints lines `name TAB value`, which `cargo xtask bench raft` collects: proposals and
//! messages a second of both, and the ratio of that round.

mod cluster;
mod ours;
mod theirs;

use std::time::Instant;

use cluster::{Cluster, Node};

/// Proposals of one turn.
const TURN: u64 = 1_000;
/// Turns before it is measured, so that memory and caches are warm.
const WARM_UP: u64 = 2;

fn from_environment(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} must be a number: {text:?}")),
        Err(_) => default,
    }
}

fn main() {
    let rounds = from_environment("BENCH_ROUNDS", 5);
    let proposals = from_environment("BENCH_PROPOSALS", 100_000);
    for _ in 0..rounds {
        for nodes in [3, 5, 7] {
            let mut ours = Runner::new(Cluster::<ours::Ours>::elected(nodes));
            let mut theirs = Runner::new(Cluster::<theirs::Theirs>::elected(nodes));
            for _ in 0..proposals / TURN {
                ours.turn();
                theirs.turn();
            }
            for (who, runner) in [("ours", ours.speed()), ("theirs", theirs.speed())] {
                println!("raft/{nodes}/{who}/proposals\t{:.0}", runner.proposals);
                println!("raft/{nodes}/{who}/messages\t{:.0}", runner.messages);
            }
            let ratio = ours.speed().proposals / theirs.speed().proposals;
            println!("raft/{nodes}/ratio\t{ratio:.4}");
        }
    }
}

/// A cluster at work, and how long it has worked.
struct Runner<N: Node> {
    cluster: Cluster<N>,
    seconds: f64,
    proposals: u64,
    messages_before: u64,
}

/// What a cluster did in a second.
struct Speed {
    proposals: f64,
    messages: f64,
}

impl<N: Node> Runner<N> {
    fn new(mut cluster: Cluster<N>) -> Runner<N> {
        cluster.commit(WARM_UP * TURN);
        let messages_before = cluster.messages();
        Runner { cluster, seconds: 0.0, proposals: 0, messages_before }
    }

    fn turn(&mut self) {
        let start = Instant::now();
        self.cluster.commit(TURN);
        self.seconds += start.elapsed().as_secs_f64();
        self.proposals += TURN;
    }

    fn speed(&self) -> Speed {
        let messages = self.cluster.messages() - self.messages_before;
        Speed {
            proposals: self.proposals as f64 / self.seconds,
            messages: messages as f64 / self.seconds,
        }
    }
}
