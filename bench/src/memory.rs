//! What a simulated hour with seven nodes takes of memory, and what of it a checkpoint is.
//!
//! Memory that was freed does not come back to whoever counts from outside, in WebAssembly never:
//! each of these wants a process, or an instance, of its own.

use lab::sim::Cluster;
use lab::sim::member::Micros;

use crate::Host;
use crate::load::{self, Learner, Writer};

const NODES: u8 = 7;
const HOUR: Micros = Micros(3_600_000_000);
/// As a session does.
const CHECKPOINT_EVERY: u64 = 2_000;

/// A whole session of an hour, with all that it keeps, in bytes.
pub(crate) fn hour(host: &dyn Host) {
    let Some(before) = host.bytes() else { return };
    let mut session = load::session(NODES);
    let mut learner = Learner::new(&session);
    while session.now_micros() < HOUR.0 {
        learner.act(&mut session);
    }
    assert!(session.cluster().violation().is_none(), "it was a good run");
    host.say("hour/events", session.seq() as f64);
    host.say("hour/bytes", host.bytes().unwrap_or(before) - before);
}

/// Seconds that a clone takes after an hour, and bytes that one keeps on average.
pub(crate) fn checkpoints(host: &dyn Host) {
    const CLONES: u32 = 1_000;
    if let Some(before) = host.bytes() {
        let (without, _) = an_hour(None);
        let between = host.bytes().unwrap_or(before);
        let (with, kept) = an_hour(Some(CHECKPOINT_EVERY));
        let after = host.bytes().unwrap_or(before);
        let bytes = (after - between) - (between - before);
        host.say("checkpoint/bytes", bytes / kept.len() as f64);
        assert_eq!(without.trace_hash(), with.trace_hash(), "both hours are the same");
    }
    let (cluster, _) = an_hour(None);
    let start = host.seconds();
    let clones: Vec<Cluster> = (0..CLONES).map(|_| cluster.clone()).collect();
    let seconds = host.seconds() - start;
    host.say("checkpoint/seconds", seconds / clones.len() as f64);
}

/// An hour with a write a second, and a copy of the cluster every so many events.
fn an_hour(copy_every: Option<u64>) -> (Cluster, Vec<Cluster>) {
    let mut cluster = load::cluster(NODES);
    let mut writer = Writer::new(Micros::from_secs(1));
    let mut copies = Vec::new();
    while cluster.now() < HOUR {
        writer.act(&mut cluster);
        cluster.step().expect("nothing breaks");
        if copy_every.is_some_and(|every| cluster.seq().0.is_multiple_of(every)) {
            copies.push(cluster.clone());
        }
    }
    (cluster, copies)
}
