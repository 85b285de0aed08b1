//! What `check` and `test` do, stage after stage.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::command::{ask, cargo, command, root};
use crate::page::{self, Profile};
use crate::stages::{Stage, Stages};
use crate::tools::{self, WASM};
use crate::{browser, etcd, sizes};

/// Seeds whose traces must be the same in debug, release and WebAssembly: 20 seconds for all three.
pub(crate) const SEEDS: u64 = 1_000;

/// Operations that the store and a real etcd do alike: ten seconds.
const OPERATIONS: u64 = 3_000;

/// Formatting, clippy and fast tests.
pub(crate) fn check() -> ExitCode {
    let mut stages = Stages::new(&[]);
    quick(&mut stages);
    stages.finish()
}

/// Everything, or only the stages whose names begin with one of `only`.
pub(crate) fn test(only: &[&str]) -> ExitCode {
    let mut stages = Stages::new(only);
    stages.run("tools", 40, |_| tools::for_page(Profile::Release).map(drop));
    quick(&mut stages);
    stages.run("lessons", 5, |stage| stage.run(&mut cargo("run -q -p lab -- lessons check")));
    stages.run("convict", 5, convict);
    stages.run("etcd", 10, |stage| {
        etcd::differential(stage, OPERATIONS)?;
        etcd::transcripts(stage)
    });
    let hashes = root().join("target/raft-lab/hashes.txt");
    stages.run("determinism", 8, |_| determinism(SEEDS, &hashes));
    if !stages.run("page", 10, build_page) {
        stages.skip("sizes", "no page");
        stages.skip("browser", "no page");
        stages.skip("firefox", "no page");
        stages.skip("lighthouse", "no page");
        return stages.finish();
    }
    stages.run("sizes", 2, |_| sizes::check(&root().join("dist")));
    stages.run("browser", 20, |stage| browser::test(stage, &hashes));
    stages.run("firefox", 5, browser::firefox);
    stages.run("lighthouse", 8, browser::lighthouse);
    stages.finish()
}

fn quick(stages: &mut Stages) {
    stages.run("format", 1, |stage| {
        tools::component("rustfmt", "fmt")?;
        stage.run(&mut cargo("fmt --all --check"))
    });
    stages.run("clippy", 6, |stage| {
        tools::component("clippy", "clippy")?;
        let features = "--features xtask/pages";
        stage
            .run(&mut cargo(&format!("clippy --workspace --all-targets {features} -- -D warnings")))
    });
    stages.run("clippy-wasm", 6, |stage| {
        tools::wasm_target()?;
        for program in ["--bin raft-lab --features page", "--bin widgets --features widgets"] {
            let what = format!("clippy --target {WASM} -p raft-lab {program} -- -D warnings");
            stage.run(&mut cargo(&what))?;
        }
        Ok(())
    });
    stages.run("native", 10, |stage| {
        let mut test = cargo("test --workspace --features xtask/pages --no-fail-fast");
        // Of a real etcd there is a stage of its own.
        stage.run(test.env("ETCD_OPERATIONS", "0"))
    });
}

/// A judge that knows no more than `docs/trace.md` says sees runs of the lab.
fn convict(stage: &mut Stage) -> Result<()> {
    tools::node("the outside judge")?;
    let mut node = command("node");
    node.args(["--test", "--test-reporter=spec"]);
    stage.run(node.args(browser::test_files(&root().join("tests/convict"))?))
}

/// Builds the release page.
///
/// # Errors
/// It does not build, or a tool is missing.
pub(crate) fn build_page(stage: &mut Stage) -> Result<()> {
    stage.run(&mut page::build_command(&tools::for_page(Profile::Release)?)?)
}

/// One seed, one trace: in debug and in release. Counts the seeds, and writes their hashes into a
/// file, for the browser tests to compare WebAssembly's with.
///
/// # Errors
/// Two traces differ, or some are missing.
pub(crate) fn determinism(seeds: u64, hashes: &Path) -> Result<()> {
    let trace = |profile: &str| {
        ask(&mut cargo(&format!("run -q {profile} -p lab -- hash --seeds 1..{seeds}")))
            .with_context(|| format!("`lab hash` failed (options: `{profile}`)"))
    };
    let debug = trace("")?;
    let release = trace("--release")?;
    compare(&debug, &release, seeds)?;
    println!("{seeds} seeds: debug and release have the same traces");
    let dir = hashes.parent().context("a file has a folder")?;
    fs::create_dir_all(dir)?;
    Ok(fs::write(hashes, debug + "\n")?)
}

/// Compares the hashes that two builds printed, a line a seed.
fn compare(debug: &str, release: &str, seeds: u64) -> Result<()> {
    for (build, hashes) in [("debug", debug), ("release", release)] {
        let lines = hashes.lines().count() as u64;
        if lines != seeds {
            bail!("`lab hash` printed {lines} hashes in {build}, not {seeds}");
        }
    }
    match debug.lines().zip(release.lines()).find(|(a, b)| a != b) {
        Some((a, b)) => bail!("debug and release differ: `{a}` and `{b}`"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Equal means: as many as were asked for, and all of them the same.
    #[test]
    fn hashes_are_compared() {
        compare("1 a\n2 b", "1 a\n2 b", 2).unwrap();
        let error = compare("1 a\n2 b", "1 a\n2 c", 2).unwrap_err().to_string();
        assert_eq!(error, "debug and release differ: `2 b` and `2 c`");
        assert!(compare("1 a\n2 b", "1 a", 2).is_err());
        assert!(compare("", "", 2).is_err());
    }
}
