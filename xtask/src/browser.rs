//! The page in real browsers: Node's packages, Chromium and Firefox, and the tests in `tests/browser/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::{ask, command, root, run, watch};
use crate::stages::Stage;
use crate::tools::{self, version_of};

/// Runs every test file against `dist/`.
///
/// # Errors
/// Node or a browser is missing, or a test fails.
pub(crate) fn test(stage: &mut Stage, hashes: &Path) -> Result<()> {
    let files = test_files(&folder())?;
    let mut node = test_runner(hashes)?;
    stage.run(node.args(files))
}

/// Runs the few tests that say whether the page works in Firefox, and says so aloud where there is
/// none, which is no failure: the other tests need none.
///
/// # Errors
/// Node is missing, what `FIREFOX` names does not run, or a test fails.
pub(crate) fn firefox(stage: &mut Stage) -> Result<()> {
    let found = match named("FIREFOX")? {
        Some(named) => Ok(named),
        None => some_firefox(),
    };
    let firefox = match found {
        Ok(firefox) => firefox,
        Err(why) => {
            println!("SKIPPED: the page in Firefox ({why:#})");
            println!(
                "Install {OLDEST_FIREFOX} or newer, on Debian firefox-esr, or name it in FIREFOX"
            );
            return Ok(());
        }
    };
    packages(&folder())?;
    let mut node = command("node");
    node.env("FIREFOX", firefox).env("RAFT_LAB_DIST", root().join("dist"));
    stage.run(node.args(["--test", "--test-reporter=spec"]).arg(folder().join("firefox.mjs")))
}

/// Lets Lighthouse judge the page as a phone gets it from a good host.
///
/// # Errors
/// As [`test`]; a floor is missed.
pub(crate) fn lighthouse(stage: &mut Stage) -> Result<()> {
    let mut node = node()?;
    stage.run(node.args(["--test", "--test-reporter=spec"]).arg(folder().join("lighthouse.mjs")))
}

/// Takes pictures of every view of the built page, or of those whose names begin so.
///
/// # Errors
/// Node or a browser is missing, or a view does not come about.
pub(crate) fn screens(views: &[&str]) -> Result<()> {
    run(node()?.arg(folder().join("screens.mjs")).args(views))
}

/// Opens every page of `dist`, whose program tells what runs, and lists what did not while nobody acted.
///
/// # Errors
/// Node or a browser is missing, or a page does not start.
pub(crate) fn profile(dist: &Path) -> Result<()> {
    let mut node = node()?;
    node.env("RAFT_LAB_DIST", dist).arg(folder().join("profile.mjs"));
    node.arg(root().join("target/raft-lab/functions.txt"));
    run(node.arg(root().join("xtask/src/pages/split/idle.txt")))
}

/// Compares the traces of so many seeds, whose native hashes stand in a file, with those of the page,
/// and counts them.
///
/// # Errors
/// As [`test`]; also if the file has fewer seeds.
pub(crate) fn determinism(stage: &mut Stage, seeds: u64, hashes: &Path) -> Result<()> {
    let native = fs::read_to_string(hashes).context("run the stage `determinism` first")?;
    let lines = native.lines().count() as u64;
    if lines != seeds {
        bail!("{} has {lines} seeds, not {seeds}", hashes.display());
    }
    let mut node = test_runner(hashes)?;
    stage.run(node.arg(folder().join("determinism.test.mjs")))?;
    println!("{seeds} seeds: WebAssembly has the native traces");
    stage.passed += seeds - 1;
    Ok(())
}

fn folder() -> PathBuf {
    root().join("tests/browser")
}

/// Node, with packages, browser and built page at hand, to be told what to run.
///
/// # Errors
/// Node or a browser is missing.
pub(crate) fn node() -> Result<Command> {
    packages(&folder())?;
    let mut node = command("node");
    node.env("CHROME", chromium()?);
    node.env("RAFT_LAB_DIST", root().join("dist"));
    Ok(node)
}

/// Node's test runner, with all that the tests need, to be told which files to run.
fn test_runner(hashes: &Path) -> Result<Command> {
    let mut node = node()?;
    node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    // Absent when only this stage was asked for on a fresh checkout; the tests then say so.
    if hashes.is_file() {
        node.env("RAFT_LAB_HASHES", hashes);
    }
    Ok(node)
}

/// The files of tests for Node in a folder, in the order of their names.
pub(crate) fn test_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    Ok(files)
}

/// Installs the packages that the lock file names, unless they are there already.
fn packages(dir: &Path) -> Result<()> {
    tools::node("the browser tests")?;
    let modified = |file: &str| fs::metadata(dir.join(file)).and_then(|data| data.modified()).ok();
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    let mut npm = command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(dir).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    watch(&mut npm, Duration::from_secs(300), &mut |line| println!("{line}"))
        .context("the packages of the browser tests cannot be installed")
}

/// A Chromium that runs: named by `CHROME`, on PATH, where its installers put it, or installed now.
fn chromium() -> Result<PathBuf> {
    const HOW: &str = "the browser tests need Chromium or Chrome: install one (on Debian \
                       `sudo apt-get install chromium`), or name it in CHROME";
    const NAMES: &[&str] = &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ];
    if let Some(found) = named("CHROME")? {
        return Ok(found);
    }
    if let Some(found) = installed(NAMES) {
        return Ok(found);
    }
    install("chromium").context(HOW)?;
    installed(NAMES).context("Chromium was installed but does not run")
}

/// The oldest Firefox with which the tests were tried: older ones speak less of WebDriver BiDi.
const OLDEST_FIREFOX: u32 = 153;

/// A Firefox that runs and is new enough: on PATH, where its installers put it, or installed now.
///
/// # Errors
/// There is none.
fn some_firefox() -> Result<PathBuf> {
    const NAMES: &[&str] = &[
        "firefox",
        "firefox-esr",
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        r"C:\Program Files\Mozilla Firefox\firefox.exe",
    ];
    if installed(NAMES).is_none() {
        install("firefox-esr")?;
    }
    let found = installed(NAMES).context("Firefox was installed but does not run")?;
    match version_of(&found) {
        Some([old, ..]) if old < OLDEST_FIREFOX => bail!("version {old} is too old"),
        _ => Ok(found),
    }
}

/// The browser that an environment variable names.
///
/// # Errors
/// It names something that does not run.
fn named(variable: &str) -> Result<Option<PathBuf>> {
    let Some(browser) = std::env::var_os(variable).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let browser = PathBuf::from(browser);
    match whole_path(&browser) {
        Some(path) if runs(&path) => Ok(Some(path)),
        Some(_) | None => bail!("{variable} names {}, which does not run", browser.display()),
    }
}

/// The first of these programs that is there and runs.
fn installed(names: &[&str]) -> Option<PathBuf> {
    names.iter().filter_map(|name| whole_path(Path::new(name))).find(|path| runs(path))
}

/// Where a program stands, looked up in PATH if it is only named: Playwright does not look there.
fn whole_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return std::path::absolute(program).ok();
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn runs(browser: &Path) -> bool {
    // Windows' Chrome opens a window when asked for its version.
    if cfg!(windows) { browser.is_file() } else { version_of(browser).is_some() }
}

/// Installs Debian's package, where that is possible without asking anybody.
fn install(package: &str) -> Result<()> {
    if ask(Command::new("apt-get").arg("--version")).is_none() {
        bail!("there is no apt-get to install {package} with");
    }
    let root = ask(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !root && ask(Command::new("sudo").args(["-n", "true"])).is_none() {
        bail!("only root may install {package}");
    }
    let apt = |arguments: &[&str]| {
        let mut apt = command(if root { "apt-get" } else { "sudo" });
        if !root {
            apt.args(["-n", "apt-get"]);
        }
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    println!("installing Debian's {package}");
    run(&mut apt(&["update", "-q"]))?;
    run(&mut apt(&["install", "-q", "-y", "--no-install-recommends", package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bare name is looked up in PATH, a path is taken as it is, and both come out whole.
    #[test]
    fn programs_are_found() {
        let name = if cfg!(windows) { "cargo.exe" } else { "cargo" };
        let cargo = whole_path(Path::new(name)).unwrap();
        assert!(cargo.is_absolute() && cargo.ends_with(name), "{}", cargo.display());
        assert_eq!(whole_path(&cargo), Some(cargo));
        assert!(whole_path(Path::new("a/chrome")).is_some_and(|path| path.is_absolute()));
        assert_eq!(whole_path(Path::new("no-such-program-anywhere")), None);
    }
}
