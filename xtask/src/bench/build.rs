//! Builds what is measured.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::command::{cargo, command, root, run};
use crate::page::{self, Profile};
use crate::tools::{self, WASM};

/// What simulates: the crates below `lab`, and those they lean on most.
const SIMULATES: [&str; 8] = [
    "raft-core",
    "kv-core",
    "member",
    "sim",
    "imbl",
    "imbl-sized-chunks",
    "archery",
    "rustc-stable-hash",
];

/// The native program, built for speed.
pub(super) fn native() -> Result<PathBuf> {
    println!("building it natively");
    run(&mut cargo("build -q --profile bench -p bench"))?;
    Ok(root().join("target/release").join(if cfg!(windows) { "bench.exe" } else { "bench" }))
}

/// The folder of the WebAssembly program, built exactly as the page is.
pub(super) fn page() -> Result<PathBuf> {
    wasm("page", &[])
}

/// The folder of the WebAssembly program in which what simulates is built for speed.
pub(super) fn speed() -> Result<PathBuf> {
    let overrides: Vec<String> = SIMULATES
        .iter()
        .map(|package| format!("profile.release.package.{package}.opt-level=3"))
        .collect();
    wasm("speed", &overrides)
}

/// Compiles with the release profile but for `overrides`, then does what Trunk does for the page:
/// wasm-bindgen, and wasm-opt with the level that `index.html` names.
fn wasm(name: &str, overrides: &[String]) -> Result<PathBuf> {
    println!("building it for WebAssembly: {name}");
    let path = tools::for_page(Profile::Release)?.path()?;
    let mut build = cargo(&format!("build -q --release --target {WASM} -p bench"));
    for change in overrides {
        build.args(["--config", change]);
    }
    page::for_size(&mut build)?;
    run(&mut build)?;
    let folder = root().join("target/raft-lab/bench").join(name);
    fs::create_dir_all(&folder)?;
    let compiled = root().join("target").join(WASM).join("release/bench.wasm");
    let mut bindgen = command("wasm-bindgen");
    bindgen.env("PATH", &path).args(["--target", "web", "--no-typescript", "--out-dir"]);
    run(bindgen.arg(&folder).arg(compiled))?;
    let program = folder.join("bench_bg.wasm");
    let mut optimise = command("wasm-opt");
    optimise.env("PATH", &path).arg(format!("-O{}", wasm_opt_level()?));
    run(optimise.arg("--output").arg(&program).arg(&program))?;
    Ok(folder)
}

/// The level at which Trunk calls wasm-opt for the page.
fn wasm_opt_level() -> Result<String> {
    let html = fs::read_to_string(root().join("index.html"))?;
    let level = html.split_once("data-wasm-opt=\"").and_then(|(_, rest)| rest.split_once('"'));
    match level {
        Some((level, _)) => Ok(level.to_owned()),
        None => bail!("index.html names no level for wasm-opt (data-wasm-opt)"),
    }
}
