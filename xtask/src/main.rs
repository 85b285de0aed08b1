//! `cargo xtask …`: everything one does to this repository, with the tools fetched on the way.
//!
//! Start reading here: each command is a function below, a list of what it does in its order.
//! [`tools`] finds or fetches what the page's build needs, [`page`] calls Trunk, [`stages`] times
//! what `check`, `test` and `prove` do and counts it, [`bench`] holds speed and memory against the
//! design, [`sizes`] weighs the page, [`browser`] finds Chromium
//! and runs the tests in it. Writing the lesson pages is a program of its own, `pages/`, so that
//! this one needs nothing of the lab.

mod bench;
mod browser;
mod command;
mod etcd;
mod page;
mod prove;
mod sizes;
mod stages;
mod suite;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  serve [--release] [--port N]   set everything up, build the page, serve it on 127.0.0.1:8080
                                 and rebuild on every change
  build                          the release page in dist/, for any static host under any path
  check                          formatting, clippy (native and wasm), fast tests: 3 minutes
  test [STAGE…]                  everything, the page in a real browser included; STAGE runs only
                                 the stages whose names begin so, on what was built before
  prove [STAGE…] [--minutes M]   the long runs of docs/proof.md, with 30 minutes of fuzzing or M:
                                 lockstep, linearizability, lines, time-travel, etcd, fuzz,
                                 determinism, page and wasm (the last three need one another)
  bench [WHAT…] [--rounds N]     speed and memory against the design's floors and targets, as
                                 tables; WHAT is raft, simulator, seek, memory or page
  screens [VIEW…]                pictures of every view, for docs/screens/, of the page that was
                                 built last
  record-etcd [NAME…]            record anew, in tests/etcd, what real etcd answers to each script, or
                                 to those whose names begin so
  profile                        what of the page's program runs while nobody acts: the rest moves
                                 into its second part (xtask/src/pages/split/idle.txt)
  tools                          fetch the tools of the page's build, and say where they are

Environment:
  CHROME               the Chromium or Chrome to test with
  RAFT_LAB_TOOLS       where fetched tools are kept (default: the user's cache)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<ExitCode> {
    match arguments {
        ["serve", options @ ..] => page::serve(&page::ServeOptions::parse(options)?)?,
        ["build"] => {
            page::build(&tools::for_page(page::Profile::Release)?)?;
            println!("dist/ is ready: copy it to any static host.");
        }
        ["check"] => return Ok(suite::check()),
        ["test", only @ ..] => return Ok(suite::test(only)),
        ["prove", options @ ..] => return prove::prove(options),
        ["bench", options @ ..] => return bench::bench(options),
        ["screens", views @ ..] => browser::screens(views)?,
        ["record-etcd", only @ ..] => etcd::record(only)?,
        ["profile"] => {
            let dist = command::root().join("target/raft-lab/profile");
            page::build_watched(&tools::for_page(page::Profile::Release)?, &dist)?;
            browser::profile(&dist)?;
        }
        ["tools"] => {
            for dir in tools::for_page(page::Profile::Release)?.dirs() {
                println!("{}", dir.display());
            }
        }
        [] | ["help" | "--help" | "-h"] => print!("{USAGE}"),
        [unknown, ..] => bail!("no command `{unknown}` (or not with these arguments)\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}
