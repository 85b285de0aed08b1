//! Sees to it that no process outlives the run, whatever happens to `lab`.
//!
//! The warden is a second, tiny process of `lab`. It reads on its standard input which processes
//! there are; when that input ends, since `lab` is done, or was interrupted, or killed with
//! `kill -9`, it kills those that are left, paused ones too, and removes the run's folder. So `lab`
//! needs no signal handlers, and nothing hangs on a destructor being run.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The hidden command of `lab` that is the warden.
pub(super) const COMMAND: &str = "stand-guard";

/// The warden as the run sees it.
#[derive(Debug)]
pub(super) struct Warden {
    child: Child,
    /// What it hears; closed when the run is over.
    tell: Option<ChildStdin>,
}

impl Warden {
    /// Starts it; it will remove `folder` in the end.
    pub(super) fn start(folder: &Path) -> io::Result<Warden> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(COMMAND)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal goes to a group of processes: this one has to live on.
            .process_group(0)
            .spawn()?;
        let tell = child.stdin.take();
        Ok(Warden { child, tell })
    }

    /// A process was started.
    pub(super) fn watch(&mut self, process: u32) -> io::Result<()> {
        self.say('+', process)
    }

    /// A process has ended, and its number may come to mean another one.
    pub(super) fn forget(&mut self, process: u32) -> io::Result<()> {
        self.say('-', process)
    }

    fn say(&mut self, sign: char, process: u32) -> io::Result<()> {
        match &mut self.tell {
            Some(tell) => writeln!(tell, "{sign}{process}"),
            None => Ok(()),
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        drop(self.tell.take());
        let _ = self.child.wait();
    }
}

/// What the warden does: listens until there is nobody to listen to, then clears up.
pub fn stand_guard(folder: &Path) {
    for process in left_over(io::stdin().lock()) {
        let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    for _ in 0..50 {
        // A process that dies may still write a file while its folder is removed.
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(()) | Err(_) => return,
        }
    }
}

/// The processes that were announced and not taken back.
fn left_over(input: impl BufRead) -> BTreeSet<u32> {
    let mut processes = BTreeSet::new();
    for line in input.lines().map_while(Result::ok) {
        if let Some(process) = line.strip_prefix('+').and_then(|digits| digits.parse().ok()) {
            processes.insert(process);
        } else if let Some(process) = line.strip_prefix('-').and_then(|digits| digits.parse().ok())
        {
            processes.remove(&process);
        }
    }
    processes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: who was announced and not taken back is left over, even after half a line.
    #[test]
    fn knows_who_is_left_over() {
        let left = |input: &str| left_over(input.as_bytes()).into_iter().collect::<Vec<_>>();
        assert_eq!(left("+12\n+15\n-12\n+18\n"), [15, 18]);
        assert_eq!(left("+12\n-12\n"), [] as [u32; 0]);
        assert_eq!(left("+12\nnonsense\n-"), [12]);
    }
}
