//! `cargo xtask bench`: how fast it is and how much memory it takes, against the design's floors
//! and targets.
//!
//! Four programs are measured in turn, several rounds of each: `raft-core` beside the crate `raft`
//! (`crates/raft-core/benches/beside`), the store alone (`crates/kv-core/benches/store.rs`), and simulator and session (`bench/`) natively and in
//! WebAssembly, there both as the page is built and with what simulates built for speed; and the page
//! itself, in Chromium (`bench/page.mjs`). They print lines `name TAB value`; [`figures`] collects them, [`report`] judges them and writes the tables.

mod build;
mod figures;
mod report;

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, command, root, watch};
use crate::page::{self, Profile};
use crate::{browser, tools};
use figures::{Figures, Place};

/// How often everything is measured, if nobody says so.
const ROUNDS: u32 = 5;
/// The longest that one program may take in a round.
const LIMIT: Duration = Duration::from_secs(600);
/// What can be asked for, and the words that `bench/` knows for it.
const KNOWN: [(&str, &[&str]); 6] = [
    ("raft", &[]),
    ("store", &[]),
    ("simulator", &["simulator"]),
    ("seek", &["seek"]),
    ("memory", &["hour", "checkpoint"]),
    ("page", &[]),
];
/// What `bench/page.mjs` measures. The last takes minutes, and differs little: once is enough.
const PAGE: [&str; 3] = ["frame", "jump", "load"];
const PAGE_ONCE: &str = "long";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    what: BTreeSet<&'static str>,
    rounds: u32,
}

impl Options {
    /// Reads names of what there is, or beginnings of them, and `--rounds N`.
    ///
    /// # Errors
    /// Anything else.
    fn parse(arguments: &[&str]) -> Result<Options> {
        let mut options = Options { what: BTreeSet::new(), rounds: ROUNDS };
        let mut rest = arguments;
        while let [first, after @ ..] = rest {
            rest = after;
            if *first == "--rounds" {
                let (number, after) = rest.split_first().context("--rounds: how many?")?;
                let rounds = number.parse().ok().filter(|&rounds| rounds > 0);
                options.rounds = rounds.with_context(|| format!("--rounds: not `{number}`"))?;
                rest = after;
                continue;
            }
            let known = KNOWN.iter().map(|(name, _)| *name);
            let meant: Vec<&str> = known.filter(|name| name.starts_with(first)).collect();
            if meant.is_empty() {
                let names = KNOWN.map(|(name, _)| name).join(", ");
                bail!("bench knows {names} and --rounds N, not `{first}`");
            }
            options.what.extend(meant);
        }
        if options.what.is_empty() {
            options.what.extend(KNOWN.iter().map(|(name, _)| *name));
        }
        Ok(options)
    }

    /// The words for `bench/`.
    fn words(&self) -> Vec<&'static str> {
        let wanted = KNOWN.iter().filter(|(name, _)| self.what.contains(name));
        wanted.flat_map(|(_, words)| words.iter().copied()).collect()
    }
}

/// Measures, prints the tables, and fails if a floor is missed.
///
/// # Errors
/// Wrong arguments; something cannot be built, or breaks.
pub(crate) fn bench(arguments: &[&str]) -> Result<ExitCode> {
    let options = Options::parse(arguments)?;
    let words = options.words();
    let mut figures = Figures::default();
    if options.what.contains("raft") {
        println!("raft-core beside the crate raft, {} rounds", options.rounds);
        let mut beside = cargo("bench -q -p raft-core --bench beside");
        beside.env("BENCH_ROUNDS", options.rounds.to_string());
        measure(&mut beside, Place::Native, &mut figures)?;
    }
    if options.what.contains("store") {
        println!("kv-core with 100,000 keys, {} rounds", options.rounds);
        for _ in 0..options.rounds {
            measure(&mut cargo("bench -q -p kv-core --bench store"), Place::Native, &mut figures)?;
        }
    }
    let page = options.what.contains("page");
    if !words.is_empty() || page {
        let mut programs = if words.is_empty() { Vec::new() } else { programs(&words)? };
        if page {
            println!("building the page");
            page::build(&tools::for_page(Profile::Release)?)?;
            programs.push((Place::Browser, in_browser(&PAGE)?));
        }
        for round in 1..=options.rounds {
            println!("round {round} of {}", options.rounds);
            for (place, program) in &mut programs {
                measure(program, *place, &mut figures)?;
            }
        }
    }
    if page {
        println!("long runs in the page");
        measure(&mut in_browser(&[PAGE_ONCE])?, Place::Browser, &mut figures)?;
    }
    println!("\n{}\n", machine());
    let report = report::report(&figures);
    println!("{}", report.tables);
    if report.missed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for missed in report.missed {
        println!("floor missed: {missed}");
    }
    Ok(ExitCode::FAILURE)
}

/// What is to be run in a round, all of it built. Natively each word has a process of its own, as it
/// has an instance of its own in WebAssembly: memory that others have freed would be used again.
fn programs(words: &[&str]) -> Result<Vec<(Place, Command)>> {
    let program = build::native()?;
    let mut programs = Vec::new();
    for word in words {
        let mut native = command(&program);
        native.arg(word);
        programs.push((Place::Native, native));
    }
    for (place, folder) in [(Place::Page, build::page()?), (Place::Speed, build::speed()?)] {
        let mut node = command("node");
        node.arg(root().join("bench/host.mjs")).arg(folder).args(words);
        programs.push((place, node));
    }
    Ok(programs)
}

/// Node, to measure these of the page in Chromium.
fn in_browser(words: &[&str]) -> Result<Command> {
    let mut node = browser::node()?;
    node.arg(root().join("bench/page.mjs")).args(words);
    Ok(node)
}

fn measure(program: &mut Command, place: Place, figures: &mut Figures) -> Result<()> {
    let mut found = 0;
    watch(program, LIMIT, &mut |line| match figures.add(place, line) {
        true => found += 1,
        false => println!("{line}"),
    })?;
    if found == 0 { bail!("nothing was measured") } else { Ok(()) }
}

/// What it was measured on, as far as Linux tells.
fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    format!("{model}, {cores} cores, {}", std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names may be shortened, nothing means everything, and what is unknown is refused.
    #[test]
    fn options_are_read() {
        let parse = |arguments: &[&str]| Options::parse(arguments);
        let all = parse(&[]).unwrap();
        assert_eq!((all.what.len(), all.rounds), (6, ROUNDS));
        assert_eq!(all.words(), ["simulator", "seek", "hour", "checkpoint"]);
        let some = parse(&["--rounds", "3", "mem", "raft"]).unwrap();
        assert_eq!((some.words(), some.rounds), (vec!["hour", "checkpoint"], 3));
        assert!(some.what.contains("raft") && !some.what.contains("seek"));
        for wrong in [&["speed"][..], &["--rounds"], &["--rounds", "0"], &["--rounds", "x"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
