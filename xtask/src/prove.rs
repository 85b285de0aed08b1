//! `cargo xtask prove`: the long runs behind `docs/proof.md`.
//!
//! What `test` does in minutes on every change is done here with numbers that show something:
//! schedules, seeds, points and histories are counted, and each stage fails if it counts fewer than
//! it was asked for. What simulates is built for speed (profile `bench`).

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::browser;
use crate::command::{cargo, root};
use crate::etcd;
use crate::stages::{Stage, Stages};
use crate::suite::{self, SEEDS};

/// Schedules of the lockstep; of 500 steps each, its default.
const SCHEDULES: u64 = 10_000;
/// Points in time from which copies must go on identically; of clusters, and of sessions.
const POINTS: u64 = 10_000;
/// Histories judged by our linearizability tester and by stateright's.
const HISTORIES: u64 = 10_000;
/// Command lines for the parser of etcdctl's words.
const LINES: u64 = 1_000_000;
/// Operations that the store and a real etcd do alike.
const OPERATIONS: u64 = 100_000;
/// Minutes of fuzzing, if nobody says how many.
const MINUTES: u64 = 30;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options<'a> {
    only: Vec<&'a str>,
    minutes: u64,
}

impl<'a> Options<'a> {
    /// Reads names of stages and `--minutes M`.
    ///
    /// # Errors
    /// Another option, or minutes that are no number.
    fn parse(arguments: &[&'a str]) -> Result<Options<'a>> {
        let mut options = Options { only: Vec::new(), minutes: MINUTES };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match *argument {
                "--minutes" => {
                    let given = rest.next().context("--minutes: how many?")?;
                    let minutes = given.parse().ok().filter(|&minutes| minutes > 0);
                    options.minutes =
                        minutes.with_context(|| format!("--minutes: not `{given}`"))?;
                }
                option if option.starts_with('-') => {
                    anyhow::bail!("prove knows stages and --minutes M, not `{option}`");
                }
                stage => options.only.push(stage),
            }
        }
        Ok(options)
    }
}

/// All long runs, or those whose names begin with one of the words.
///
/// # Errors
/// Wrong arguments; what fails is told in the table.
pub(crate) fn prove(arguments: &[&str]) -> Result<ExitCode> {
    let Options { only, minutes } = Options::parse(arguments)?;
    let mut stages = Stages::new(&only);
    stages.run("lockstep", 30, lockstep);
    stages.run("linearizability", 15, linearizability);
    stages.run("lines", 10, lines);
    stages.run("time-travel", 60, time_travel);
    stages.run("etcd", 60, |stage| etcd::differential(stage, OPERATIONS));
    stages.run("fuzz", minutes + 20, |stage| fuzz(stage, minutes));
    let hashes = root().join("target/raft-lab/hashes-prove.txt");
    stages.run("determinism", 30, |stage| {
        stage.passed += SEEDS;
        suite::determinism(SEEDS, &hashes)
    });
    if stages.run("page", 20, suite::build_page) {
        stages.run("wasm", 20, |stage| browser::determinism(stage, SEEDS, &hashes));
    } else {
        stages.skip("wasm", "no page");
    }
    Ok(stages.finish())
}

/// raft-core beside the crate `raft`, step by step.
fn lockstep(stage: &mut Stage) -> Result<()> {
    let mut test = cargo("test --profile bench -p raft-core --test lockstep -- --nocapture");
    test.env("LOCKSTEP_SCHEDULES", SCHEDULES.to_string());
    stage.count(&mut test, SCHEDULES, "schedules of")
}

/// Our linearizability tester beside stateright's.
fn linearizability(stage: &mut Stage) -> Result<()> {
    let mut test = cargo("test --profile bench -p lab --lib linear -- --nocapture");
    test.env("RAFT_LAB_HISTORIES", HISTORIES.to_string());
    stage.count(&mut test, HISTORIES, "histories:")
}

/// Random and mutated command lines of etcdctl, and lines of its standard input.
fn lines(stage: &mut Stage) -> Result<()> {
    let mut test = cargo("test --profile bench -p lab --lib random_lines -- --nocapture");
    test.env("RAFT_LAB_LINES", LINES.to_string());
    stage.count(&mut test, LINES, "random lines:")
}

/// Copies of clusters and of sessions go on as the originals do.
fn time_travel(stage: &mut Stage) -> Result<()> {
    let tests = "-p sim --test determinism -p lab --test time_travel";
    let mut test = cargo(&format!("test --profile bench {tests} -- --nocapture"));
    test.env("RAFT_LAB_POINTS", POINTS.to_string());
    stage.count(&mut test, 2 * POINTS, "points of")
}

/// As many seeds as there is time for, on all processors.
fn fuzz(stage: &mut Stage, minutes: u64) -> Result<()> {
    let command = format!("run -q --profile bench -p lab -- fuzz --minutes {minutes}");
    stage.count(&mut cargo(&command), 1, "seeds,")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stages and minutes come in any order; another option is an error, not a stage.
    #[test]
    fn options_are_read() {
        let parsed = Options::parse(&["fuzz", "--minutes", "5", "lock"]).unwrap();
        assert_eq!(parsed, Options { only: vec!["fuzz", "lock"], minutes: 5 });
        assert_eq!(Options::parse(&[]).unwrap().minutes, MINUTES);
        for wrong in [&["--minutes"][..], &["--minutes", "0"], &["--minutes", "x"], &["--seeds"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
