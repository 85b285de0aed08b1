//! Running other programs: from the repository's root, with a time limit, and ended with all that
//! they started.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The root of the checkout that cargo was called in.
///
/// Asked for when it runs: checkouts that share a target folder share this program too, and what was
/// compiled in would name whichever built it last.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    package.parent().map(Path::to_path_buf).unwrap_or(package)
}

/// `program`, to be run from the root.
///
/// What the cargo that runs us put into the environment is taken out: build scripts watch some of
/// it, and would run again whenever cargo is called from here and from a shell in turn.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if name == "CARGO" || ours.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// `cargo` with these arguments, separated by blanks.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut cargo = command("cargo");
    cargo.args(arguments.split_whitespace());
    cargo
}

/// The command as one would type it.
pub(crate) fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs it to its end, its output passing through.
///
/// # Errors
/// It cannot be started, or ends with a status other than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run `{}`", typed(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", typed(command));
    }
    Ok(())
}

/// What it writes to standard output, or nothing if it is missing or fails.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs it within `limit`; each line of standard output goes to `see`.
///
/// # Errors
/// It cannot be started, ends with a status other than 0, or takes too long: then it is ended with
/// all that it started.
pub(crate) fn watch(
    command: &mut Command,
    limit: Duration,
    see: &mut dyn FnMut(&str),
) -> Result<()> {
    let end = Instant::now() + limit;
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{}`", typed(command)))?;
    let stdout = child.stdout.take().context("standard output is piped")?;
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => see(&String::from_utf8_lossy(&line)),
            Err(RecvTimeoutError::Disconnected) => break,
            // What it left running may hold the pipe open; that is no reason to wait.
            Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if Instant::now() > end {
            end_with_descendants(&mut child);
            bail!("`{}` took longer than {} s", typed(command), limit.as_secs());
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}` failed ({status})", typed(command));
    }
    Ok(())
}

/// Ends a child and everything below it: cargo's tests and a browser would otherwise live on.
fn end_with_descendants(child: &mut Child) {
    if cfg!(windows) {
        let id = child.id().to_string();
        let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &id]).output();
    } else if let Some(table) = ask(Command::new("ps").args(["-A", "-o", "pid=,ppid="])) {
        for id in descendants(&table, child.id()) {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).output();
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Every process below `ancestor`, from a table of lines `pid ppid`.
fn descendants(table: &str, ancestor: u32) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(pairs.iter().filter(|pair| pair.1 == parent && pair.0 != parent).map(|p| p.0));
        next += 1;
    }
    found.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ending a stage ends grandchildren too, and nothing else.
    #[test]
    fn descendants_are_found_at_any_depth() {
        let table = "  1 0\n 10 1\n 11 10\n 12 11\n 20 1\n";
        assert_eq!(descendants(table, 10), [11, 12]);
        assert_eq!(descendants(table, 20), []);
    }

    /// A program that hangs is ended at its limit, and that is an error.
    #[test]
    #[cfg(unix)]
    fn a_limit_ends_a_hanging_program() {
        let start = Instant::now();
        let mut hang = Command::new("sh");
        hang.args(["-c", "echo begun; sleep 60 & sleep 60"]);
        let mut seen = Vec::new();
        let result =
            watch(&mut hang, Duration::from_millis(500), &mut |line| seen.push(line.to_owned()));
        assert!(result.unwrap_err().to_string().contains("took longer"));
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(seen, ["begun"]);
    }
}
