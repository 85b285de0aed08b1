//! Our Raft and somebody else's, step by step side by side.
//!
//! The crate `raft` 0.7.0 is TiKV's port of etcd's raft. Both run one random schedule of ticks,
//! deliveries, losses, doublings, reorderings, crashes, restarts, slow disks, slow state machines,
//! proposals, reads, hand-overs, membership changes and compactions, in clusters of 1 to 7. After
//! every step they must agree in everything that `compare` lists, down to the last message.
//!
//! `twin` is a server of each; `schedule` says what happens to a cluster of them; `compare` what
//! must be equal; `differences` what is not, and why. `words` translates, `disk` keeps.
//!
//! Not compared: limits in bytes (the crate counts encoded bytes; appends are whole or of one entry
//! each), how the randomised timeouts are drawn (theirs are set to ours), torn writes, rules that
//! are switched off.
//!
//! By default 300 schedules of 500 steps. From the environment: `LOCKSTEP_SCHEDULES`,
//! `LOCKSTEP_STEPS`, and `LOCKSTEP_SEED`, the first seed (so `LOCKSTEP_SEED=17
//! LOCKSTEP_SCHEDULES=1` replays number 17).

mod compare;
mod coverage;
mod differences;
mod disk;
mod schedule;
mod twin;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

use coverage::Coverage;
use schedule::Schedule;

fn from_environment(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} must be a number: {text:?}")),
        Err(_) => default,
    }
}

/// Runs a schedule; a panic of either side is a difference, too.
fn run(schedule: &Schedule, coverage: &mut Coverage) -> Result<(), (usize, String)> {
    let last = schedule.steps.len();
    catch_unwind(AssertUnwindSafe(|| schedule.run(coverage))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
        Err((last.saturating_sub(1), format!("panic: {}", text.unwrap_or_default())))
    })
}

/// Takes out of a failing schedule what it does not need to fail.
fn shrink(mut schedule: Schedule, failing_step: usize) -> Schedule {
    schedule.steps.truncate(failing_step + 1);
    let mut width = schedule.steps.len() / 2;
    while width > 0 {
        let mut start = 0;
        while start < schedule.steps.len() {
            let mut shorter = schedule.clone();
            shorter.steps.drain(start..(start + width).min(shorter.steps.len()));
            match run(&shorter, &mut Coverage::default()) {
                Err((step, _)) => {
                    shorter.steps.truncate(step + 1);
                    schedule = shorter;
                }
                Ok(()) => start += width,
            }
        }
        width /= 2;
    }
    schedule
}

/// Proves that raft-core does in every step what the `raft` crate does, on random schedules, but
/// for the differences that `differences` lists.
#[test]
fn both_agree_in_every_step() {
    let schedules = from_environment("LOCKSTEP_SCHEDULES", 300);
    let steps = from_environment("LOCKSTEP_STEPS", 500) as usize;
    let first = from_environment("LOCKSTEP_SEED", 0);
    let mut coverage = Coverage::default();
    for seed in first..first + schedules {
        let schedule = Schedule::random(seed, steps);
        if let Err((step, difference)) = run(&schedule, &mut coverage) {
            let shrunk = shrink(schedule, step);
            let again = run(&shrunk, &mut Coverage::default());
            let again = again.err().map(|(_, difference)| difference).unwrap_or_default();
            panic!("seed {seed}: {difference}\n\nshrunk: {shrunk}\n{again}");
        }
    }
    println!("{schedules} schedules of {steps} steps, no difference. They met:\n{coverage}");
    if schedules >= 300 && steps >= 500 {
        assert_eq!(coverage.missing(), Vec::<&str>::new(), "never met");
    }
}
