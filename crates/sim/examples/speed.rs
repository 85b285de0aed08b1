//! How many events a second the simulator makes, with trace and all checkers.
//!
//! `cargo run --release -p sim --example speed`

use std::time::Instant;

use sim::member::kv_core::PutRequest;
use sim::member::raft_core::NodeId;
use sim::member::{Micros, Request};
use sim::{Call, Cluster, Settings};

fn main() {
    for nodes in [3, 5, 7] {
        let idle = measure(nodes, None);
        let busy = measure(nodes, Some(Micros::from_millis(10)));
        println!("{nodes} nodes: {idle:.0} events/s idle, {busy:.0} events/s at 100 writes/s");
    }
    checkpoints();
}

/// Events a second, with a write every so often of virtual time.
fn measure(nodes: u8, write_every: Option<Micros>) -> f64 {
    let mut cluster = Cluster::new(Settings { nodes, ..Settings::default() });
    let mut next_write = Micros(5_000_000);
    let start = Instant::now();
    let mut sent = 0;
    let events = 1_000_000;
    for _ in 0..events {
        if let Some(every) = write_every.filter(|_| cluster.now() >= next_write) {
            write(&mut cluster, nodes);
            next_write = Micros(cluster.now().0 + every.0);
        }
        sent += cluster.step().map_or(0, |event| event.sent.len());
    }
    assert!(sent > 0 && cluster.violation().is_none());
    events as f64 / start.elapsed().as_secs_f64()
}

fn write(cluster: &mut Cluster, nodes: u8) {
    cluster.call(Call {
        client: "a".into(),
        endpoints: (1..=nodes).map(NodeId).collect(),
        request: Request::Put(PutRequest::new("key", "value")),
        timeout: Micros::from_secs(5),
        label: String::new(),
    });
}

/// What a checkpoint costs, after 20,000 events with writes.
fn checkpoints() {
    let mut cluster = Cluster::new(Settings { nodes: 7, ..Settings::default() });
    for step in 0..20_000 {
        if step > 2_000 && step % 50 == 0 {
            write(&mut cluster, 7);
        }
        cluster.step();
    }
    let start = Instant::now();
    let copies: Vec<Cluster> = (0..1_000).map(|_| cluster.clone()).collect();
    let clone = start.elapsed().as_secs_f64() * 1_000_000.0 / copies.len() as f64;
    println!("7 nodes: a clone takes {clone:.1} µs");
}
