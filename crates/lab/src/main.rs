//! The command `lab`: scripts, lessons and checks without a screen.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand, ValueEnum};
use lab::engine::run_on_etcd;
use lab::fuzz::{FuzzOptions, fuzz, print_scripts};
use lab::link::Shared;
use lab::repl::repl;
use lab::run::{Remarks, RunOptions, run};
use lab::session::Opening;
use lab::sim::member::raft_core::Rule;

/// A real Raft and etcd-like cluster in a box.
#[derive(Parser)]
#[command(name = "lab", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a script and prints its transcript.
    Run(Run),
    /// Asks for lines and runs each, on a cluster that stands still in between.
    Repl {
        /// Size of the cluster.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
        nodes: u8,
        /// What chance begins with.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Ends what `lab run --engine etcd` started; it starts this itself.
    #[cfg(unix)]
    #[command(hide = true)]
    StandGuard {
        /// Removed in the end.
        folder: PathBuf,
    },
    /// Looks after lessons.
    #[command(subcommand)]
    Lessons(Lessons),
    /// Looks for a run that breaks something; prints it as a script that `lab run` replays.
    ///
    /// Every seed draws its own cluster, faults and clients. Exit status: 0; 3 if something broke;
    /// 1 if some fault never struck, so that the run says nothing about it.
    Fuzz(Fuzz),
    /// Makes links to a session, and takes them apart.
    #[command(subcommand)]
    Link(Link),
    /// Prints the trace hash of a run for each seed, to compare builds by.
    Hash {
        /// Seeds, the last one included: `1..50`.
        #[arg(long, value_parser = seeds)]
        seeds: (u64, u64),
    },
}

#[derive(Subcommand)]
enum Link {
    /// Runs a script to its end and prints a link to that moment: what follows the page's address.
    ///
    /// A session that was saved leads to the moment at which it was.
    Make {
        /// Size of the cluster, unless the script says.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
        nodes: u8,
        /// What chance begins with, unless the script says.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The page that it opens: a lesson, or `sandbox`.
        #[arg(long, default_value = "sandbox")]
        place: String,
        /// What it shows there: `panel=logs speed=1/5`.
        #[arg(long, default_value = "")]
        view: String,
        /// The script; `-` is standard input.
        #[arg(default_value = "-")]
        script: PathBuf,
    },
    /// Prints the script that is in a link. `lab run` runs it.
    Open {
        /// The link, or what of it begins with `#v1.`.
        link: String,
    },
}

#[derive(clap::Args)]
struct Run {
    /// Size of the cluster.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
    nodes: u8,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the script runs on.
    #[arg(long, value_enum, default_value = "sim")]
    engine: Engine,
    /// Writes every event to this file, as JSON lines.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// Writes every call and return to this file, as JSON lines.
    #[arg(long)]
    history: Option<PathBuf>,
    /// Writes remarks to standard error.
    #[arg(short, long)]
    verbose: bool,
    /// The script; `-` is standard input.
    #[arg(default_value = "-")]
    script: PathBuf,
}

#[derive(clap::Args)]
struct Fuzz {
    /// Seeds, the last one included: `1..50`. Otherwise 1..100, or as many as there is time for.
    #[arg(long, value_parser = seeds)]
    seeds: Option<(u64, u64)>,
    /// Begins no seed after so many minutes.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: Option<u32>,
    /// Events of each seed before all faults end.
    #[arg(long, default_value_t = 20_000)]
    steps: u64,
    /// Size of all clusters; otherwise each seed draws its own.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=7))]
    nodes: Option<u8>,
    /// A rule of Raft to leave out, to see that it is noticed. May be given several times.
    #[arg(long, value_parser = rule, value_name = "RULE")]
    disable: Vec<Rule>,
    /// Seeds that run at a time; otherwise as many as there are processors.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// Scripts that may be tried to shrink one that breaks something.
    #[arg(long, default_value_t = 2_000)]
    shrink_tries: u32,
    /// Prints what each seed draws, as a script that `lab run` replays, and judges nothing.
    #[arg(long, conflicts_with = "minutes")]
    print: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    /// The simulated cluster.
    Sim,
    /// A real etcd cluster on this machine, from `etcd` and `etcdctl` on PATH.
    Etcd,
}

#[derive(Subcommand)]
enum Lessons {
    /// Proves lessons: goals, solutions, claims, links.
    Check {
        /// Slugs; none is every lesson.
        lessons: Vec<String>,
        /// Where lessons are.
        #[arg(long, default_value = "lessons")]
        folder: PathBuf,
    },
    /// Makes a new lesson that holds, to be written over.
    New {
        /// Its name in addresses: `odd-or-even`.
        slug: String,
        /// Where lessons are.
        #[arg(long, default_value = "lessons")]
        folder: PathBuf,
    },
}

/// `1..50`, both included.
fn seeds(text: &str) -> Result<(u64, u64), String> {
    let expected = || format!("expected two numbers like 1..50, not {text:?}");
    let (first, last) = text.split_once("..").ok_or_else(expected)?;
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err(expected()),
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let names = || Rule::ALL.map(Rule::name).join(", ");
    Rule::named(text).ok_or_else(|| format!("no such rule; there are {}", names()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match execute(arguments.command) {
        Ok(status) => ExitCode::from(status),
        // Whoever reads the transcript has had enough (`lab run … | head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab: {error}");
            ExitCode::from(2)
        }
    }
}

fn execute(command: Command) -> io::Result<u8> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match command {
        Command::Run(options) => {
            let engine = options.engine;
            let options = RunOptions {
                nodes: options.nodes,
                seed: options.seed,
                trace: options.trace,
                history: options.history,
                remarks: if options.verbose { Remarks::Written } else { Remarks::LeftOut },
                script: options.script,
            };
            let mut err = io::stderr().lock();
            match engine {
                Engine::Sim => run(&options, &mut out, &mut err),
                Engine::Etcd => run_on_etcd(&options, &mut out, &mut err),
            }
        }
        Command::Repl { nodes, seed } => repl(nodes, seed, &mut out),
        #[cfg(unix)]
        Command::StandGuard { folder } => {
            lab::engine::stand_guard(&folder);
            Ok(0)
        }
        Command::Lessons(Lessons::Check { lessons, folder }) => {
            let passed = lab::lessons::check_command(&folder, &lessons, &mut out)?;
            out.flush()?;
            Ok(if passed { 0 } else { 1 })
        }
        Command::Lessons(Lessons::New { slug, folder }) => {
            let made = lab::lessons::new_lesson(&folder, &slug)?;
            writeln!(out, "{}: edit lesson.toml and en.md, then check {slug}", made.display())?;
            out.flush()?;
            Ok(0)
        }
        Command::Fuzz(options) => {
            let only_print = options.print;
            let processors = std::thread::available_parallelism().map_or(1, |n| n.get());
            let seeds_max = if options.minutes.is_some() { u64::MAX } else { 100 };
            let (first, last) = options.seeds.unwrap_or((1, seeds_max));
            let minutes = |minutes: u32| Duration::from_secs(60 * u64::from(minutes));
            let options = FuzzOptions {
                first,
                last,
                steps: options.steps,
                nodes: options.nodes,
                disabled: options.disable,
                jobs: options.jobs.unwrap_or(u32::try_from(processors).unwrap_or(1)),
                shrink_tries: options.shrink_tries,
                until: options.minutes.map(|number| Instant::now() + minutes(number)),
            };
            let status = if only_print {
                print_scripts(&options, &mut out)?
            } else {
                fuzz(&options, &mut out)?
            };
            out.flush()?;
            Ok(status)
        }
        Command::Link(Link::Make { nodes, seed, place, view, script }) => {
            let opening = Opening { nodes, seed, attended: false, ..Opening::default() };
            let text = lab::run::read_script(&script)?;
            let shared = lab::link::make(opening, &text, &place, &view);
            let fragment = shared.and_then(|shared| shared.fragment()).map_err(io::Error::other)?;
            writeln!(out, "{fragment}")?;
            out.flush()?;
            Ok(0)
        }
        Command::Link(Link::Open { link }) => {
            let fragment = link.find('#').and_then(|at| link.get(at..)).unwrap_or(&link);
            let shared = Shared::from_fragment(fragment).map_err(io::Error::other)?;
            write!(out, "{}", shared.text)?;
            out.flush()?;
            Ok(0)
        }
        Command::Hash { seeds: (first, last) } => {
            for seed in first..=last {
                let hash = lab::fingerprint::fingerprint(seed).map_err(io::Error::other)?;
                writeln!(out, "{seed} {hash:016x}")?;
            }
            out.flush()?;
            Ok(0)
        }
    }
}
