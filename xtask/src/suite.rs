//! What `check` and `test` do, stage after stage.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::command::{ask, cargo, root};
use crate::page::{self, Profile};
use crate::stages::{Stage, Stages};
use crate::tools::{self, WASM};
use crate::{browser, sizes};

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
    let hashes = root().join("target/raft-lab/hashes.txt");
    stages.run("determinism", 8, |_| determinism(&hashes));
    if !stages.run("page", 10, build_page) {
        stages.skip("sizes", "no page");
        stages.skip("browser", "no page");
        return stages.finish();
    }
    stages.run("sizes", 2, |_| sizes::check(&root().join("dist")));
    stages.run("browser", 10, |stage| browser::test(stage, &hashes));
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
        let page = "-p raft-lab --features page";
        stage.run(&mut cargo(&format!("clippy --target {WASM} {page} -- -D warnings")))
    });
    stages.run("native", 10, |stage| {
        stage.run(&mut cargo("test --workspace --features xtask/pages --no-fail-fast"))
    });
}

fn build_page(stage: &mut Stage) -> Result<()> {
    stage.run(&mut page::build_command(&tools::for_page(Profile::Release)?)?)
}

/// One seed, one trace: in debug and in release; the browser tests compare WebAssembly's with these.
fn determinism(hashes: &PathBuf) -> Result<()> {
    let trace = |profile: &str| {
        ask(&mut cargo(&format!("run -q {profile} -p lab -- hash --seeds 1..50")))
            .with_context(|| format!("`lab hash` failed (options: `{profile}`)"))
    };
    let debug = trace("")?;
    let release = trace("--release")?;
    let seeds = debug.lines().count();
    if seeds < 50 {
        bail!("`lab hash` printed {seeds} hashes, not 50");
    }
    if let Some((a, b)) = debug.lines().zip(release.lines()).find(|(a, b)| a != b) {
        bail!("debug and release differ: `{a}` and `{b}`");
    }
    println!("{seeds} seeds: debug and release have the same traces");
    let dir = hashes.parent().context("a file has a folder")?;
    fs::create_dir_all(dir)?;
    Ok(fs::write(hashes, debug + "\n")?)
}
