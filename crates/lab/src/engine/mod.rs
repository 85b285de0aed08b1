//! `lab run --engine etcd`: the same script on a real etcd cluster on this machine.
//!
//! The cluster is made of `etcd` processes on loopback, with data of their own in a folder of their
//! own; `etcdctl` lines go to the real program; `crash` is SIGKILL, `pause` SIGSTOP. The transcript
//! has the form that the simulator's has (design §8). That is how expected transcripts are
//! recorded, and how a learner takes a lesson home.
//!
//! A script goes through these, in this order: [`fit`] says what of it a real cluster here cannot
//! do, before anything runs; [`programs`] finds etcd; [`conduct`] takes line after line, steers the
//! [`cluster`] or runs [`etcdctl`], and [`judge`]s what `until` and `assert` ask. [`ask`] is the one
//! place that talks to a server itself, [`names`] the one that knows both a node's name and its
//! port. Whatever happens, no process is left behind: that is what [`warden`] is for.

#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod cluster;
#[cfg(unix)]
mod conduct;
#[cfg(unix)]
mod etcdctl;
mod fit;
#[cfg(unix)]
mod judge;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod programs;
mod settings;
#[cfg(unix)]
mod tables;
#[cfg(unix)]
mod warden;

use std::io::{self, Write};

use crate::run::{EXIT_BAD_SCRIPT, RunOptions, read_script, script_name};
use crate::script::{Line, parse_script};

#[cfg(unix)]
pub use warden::stand_guard;

/// Runs a script on a real cluster and returns the exit status of `lab run`.
///
/// # Errors
/// If a file cannot be read or written, or a process cannot be started.
pub fn run_on_etcd(
    options: &RunOptions,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
    if options.trace.is_some() || options.history.is_some() {
        writeln!(
            err,
            "lab: a real cluster gives no trace and no history: leave out --engine etcd"
        )?;
        return Ok(EXIT_BAD_SCRIPT);
    }
    let text = read_script(&options.script)?;
    let name = script_name(&options.script);
    let lines = match parse_script(&text) {
        Ok(lines) => lines,
        Err(error) => {
            writeln!(err, "{name}:{error}")?;
            return Ok(EXIT_BAD_SCRIPT);
        }
    };
    let unfit = fit::unfit(&lines);
    for complaint in &unfit {
        writeln!(err, "{name}:{complaint}")?;
    }
    if !unfit.is_empty() {
        return Ok(EXIT_BAD_SCRIPT);
    }
    run_lines(options, &lines, out, err)
}

#[cfg(unix)]
fn run_lines(
    options: &RunOptions,
    lines: &[Line],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<u8> {
    match programs::find(std::env::var_os("PATH").as_deref()) {
        Ok(programs) => conduct::conduct(programs, options, lines, out, err),
        Err(missing) => {
            writeln!(err, "lab: {missing}")?;
            Ok(EXIT_BAD_SCRIPT)
        }
    }
}

#[cfg(not(unix))]
fn run_lines(_: &RunOptions, _: &[Line], _: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    writeln!(
        err,
        "lab: --engine etcd is not on this system: it pauses and kills processes by Unix signals"
    )?;
    Ok(EXIT_BAD_SCRIPT)
}
