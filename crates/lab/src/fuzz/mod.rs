//! `lab fuzz`: looks for a run that breaks something.
//!
//! Every seed draws its own cluster and its own mix of faults and clients (`mix`), and issues them
//! as lines of the script language, each at its time; so a failure *is* a script (`recording`).
//! After so many events all faults end, and the cluster must get well (`run`). The safety checkers
//! watch every event, and `linear` judges what clients were told. A script that fails is cut down
//! to the lines that it takes (`shrink`) and can be replayed by `lab run`. What really happened is
//! counted from the events (`tally`): a fault that never struck proves nothing.

mod mix;
mod recording;
mod run;
mod shrink;
mod tally;
mod wide;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sim::member::raft_core::Rule;

pub use self::recording::Broken;
pub use self::tally::{Strike, Tally};

use self::recording::Verdict;
use self::run::{Ran, run};
use crate::linear::keys::Searched;

/// What to try, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuzzOptions {
    /// The first seed.
    pub first: u64,
    /// The last seed.
    pub last: u64,
    /// Events of the safety phase of each.
    pub steps: u64,
    /// Size of all clusters; none is each seed's own.
    pub nodes: Option<u8>,
    /// Rules of Raft to leave out, to see that it is noticed.
    pub disabled: Vec<Rule>,
    /// How many seeds run at a time.
    pub jobs: u32,
    /// How many scripts may be tried to shrink one.
    pub shrink_tries: u32,
    /// From this moment on no seed is begun, but for the first.
    pub until: Option<Instant>,
}

/// What a campaign came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Campaign {
    /// Seeds that were run.
    pub runs: u64,
    /// Events in all of them.
    pub events: u64,
    /// The trace hashes of all runs, added up: the same on every machine.
    pub fingerprint: u64,
    /// Calls of clients in all of them.
    pub calls: u64,
    /// Keys whose history was searched for an order.
    pub searched: Searched,
    /// The largest cluster.
    pub nodes_max: u8,
    /// How often each fault struck.
    pub tally: Tally,
    /// The first seed that broke something.
    pub failure: Option<Failure>,
}

impl Campaign {
    /// Faults that never struck.
    pub fn never(&self) -> Vec<Strike> {
        self.tally.never(self.nodes_max)
    }

    fn add(&mut self, ran: &Ran) {
        self.runs += 1;
        self.events += ran.events;
        self.fingerprint = self.fingerprint.wrapping_add(ran.trace_hash);
        self.calls += ran.calls;
        self.searched.decided += ran.searched.decided;
        self.searched.undecided += ran.searched.undecided;
        self.nodes_max = self.nodes_max.max(ran.nodes);
        self.tally.merge(&ran.tally);
    }
}

/// A seed that broke something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What it broke.
    pub broken: Broken,
    /// How, in the checker's words.
    pub explanation: String,
    /// A script that breaks it in `lab run`.
    pub script: String,
    /// Lines with a time in the script, and in the one that was drawn.
    pub lines: (u64, u64),
}

/// Runs seeds until one breaks something, or all of them. `progress` is told each seed that held.
pub fn campaign(options: &FuzzOptions, progress: &(dyn Fn(u64) + Sync)) -> Campaign {
    let next = AtomicU64::new(options.first);
    // Seeds above one that failed are of no interest any more.
    let last = AtomicU64::new(options.last);
    let runs: Mutex<(Campaign, Option<(u64, Ran)>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let is_late = options.until.is_some_and(|until| Instant::now() >= until);
                    if seed > last.load(Ordering::Relaxed) || is_late && seed > options.first {
                        return;
                    }
                    let ran = run(seed, options);
                    let Ok(mut runs) = runs.lock() else { return };
                    runs.0.add(&ran);
                    let is_first = runs.1.as_ref().is_none_or(|(other, _)| seed < *other);
                    if ran.verdict.is_none() {
                        progress(seed);
                    } else if is_first {
                        last.fetch_min(seed, Ordering::Relaxed);
                        runs.1 = Some((seed, ran));
                    }
                }
            });
        }
    });
    let (mut campaign, failed) = runs.into_inner().unwrap_or_default();
    campaign.failure = failed.and_then(|(seed, ran)| {
        let verdict = ran.verdict.clone()?;
        Some(shrunk(seed, &ran, verdict, options))
    });
    campaign
}

/// What a seed draws, as a script: so many events of faults and calls, then the liveness phase.
pub fn script(seed: u64, steps: u64) -> String {
    let (first, last, nodes, disabled) = (seed, seed, None, Vec::new());
    let (jobs, shrink_tries, until) = (1, 0, None);
    let options = FuzzOptions { first, last, steps, nodes, disabled, jobs, shrink_tries, until };
    run(seed, &options).recording.text()
}

/// Prints what each seed draws, whether it breaks something or not; returns the exit status of
/// `lab fuzz --print`. Whoever wants to judge these runs has all of them in the script's own words.
///
/// # Errors
/// If `out` cannot be written to.
pub fn print_scripts(options: &FuzzOptions, out: &mut dyn Write) -> io::Result<u8> {
    for seed in options.first..=options.last {
        write!(out, "# lab fuzz, seed {seed}\n{}", run(seed, options).recording.text())?;
    }
    Ok(EXIT_OK)
}

/// The failure of a seed, with a script as short as can be had.
fn shrunk(seed: u64, ran: &Ran, verdict: Verdict, options: &FuzzOptions) -> Failure {
    let drawn = ran.recording.lines.len() as u64;
    let Verdict { broken, explanation } = verdict;
    match shrink::shrink(&ran.recording, &broken, options.shrink_tries) {
        Some(shrunk) => Failure {
            seed,
            broken,
            explanation: shrunk.explanation,
            script: shrunk.recording.text(),
            lines: (shrunk.recording.lines.len() as u64, drawn),
        },
        None => {
            let script = ran.recording.text();
            Failure { seed, broken, explanation, script, lines: (drawn, drawn) }
        }
    }
}

/// Exit status of a campaign in which nothing broke and every fault struck.
const EXIT_OK: u8 = 0;
/// … in which a fault never struck.
const EXIT_IDLE: u8 = 1;
/// … in which something broke.
const EXIT_BROKEN: u8 = 3;

/// Runs a campaign and says what came of it; returns the exit status of `lab fuzz`.
///
/// # Errors
/// If `out` cannot be written to.
pub fn fuzz(options: &FuzzOptions, out: &mut dyn Write) -> io::Result<u8> {
    let campaign = campaign(options, &|_| {});
    let Campaign { runs, events, fingerprint, calls, searched, tally, .. } = &campaign;
    if let Some(failure) = &campaign.failure {
        let Failure { seed, broken, explanation, script, lines: (left, drawn) } = failure;
        writeln!(out, "seed {seed}: {broken}\n{explanation}")?;
        writeln!(out, "shrunk from {drawn} lines to {left}; replay it with `lab run`:\n")?;
        write!(out, "# lab fuzz, seed {seed}: {broken}\n{script}")?;
        return Ok(EXIT_BROKEN);
    }
    writeln!(out, "{runs} seeds, {events} events, {calls} calls: nothing broke")?;
    writeln!(out, "fingerprint {fingerprint:016x}, the same on every machine")?;
    let Searched { decided, undecided } = searched;
    writeln!(out, "orders found for the calls on {decided} keys; {undecided} searches given up")?;
    writeln!(out, "\nwhat really struck:\n{tally}")?;
    let never = campaign.never();
    if never.is_empty() {
        return Ok(EXIT_OK);
    }
    let never: Vec<&str> = never.into_iter().map(Strike::label).collect();
    writeln!(out, "\nnever struck, so nothing was shown about it: {}", never.join(", "))?;
    writeln!(out, "more seeds or more steps would help")?;
    Ok(EXIT_IDLE)
}
