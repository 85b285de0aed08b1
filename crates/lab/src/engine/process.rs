//! A child process that is killed when it goes out of sight.

use std::cell::RefCell;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::warden::Warden;

/// How often it is looked whether a process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A running process, known to the warden.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    warden: Rc<RefCell<Warden>>,
    /// Set once it has ended and was waited for.
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts it in a group of its own, so that Ctrl-C in the terminal reaches `lab` alone.
    pub(super) fn start(
        command: &mut Command,
        warden: &Rc<RefCell<Warden>>,
    ) -> io::Result<Process> {
        let child = command.process_group(0).spawn()?;
        let process = Process { child, warden: Rc::clone(warden), ended: None };
        process.warden.borrow_mut().watch(process.child.id())?;
        Ok(process)
    }

    /// Its pipes.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal; to one that has ended, nothing.
    pub(super) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.ended()?.is_none() {
            kill_process(Pid::from_child(&self.child), signal)?;
        }
        Ok(())
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none()
            && let Some(status) = self.child.try_wait()?
        {
            self.ended = Some(status);
            self.warden.borrow_mut().forget(self.child.id())?;
        }
        Ok(self.ended)
    }

    /// Waits until it has ended, no longer than `limit`.
    pub(super) fn wait(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let end = Instant::now() + limit;
        loop {
            let ended = self.ended()?;
            if ended.is_some() || Instant::now() >= end {
                return Ok(ended);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// SIGKILL, which ends paused processes too.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::KILL)?;
        self.wait(Duration::from_secs(10)).map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // If this fails, the warden will see to it.
        let _ = self.kill();
    }
}
