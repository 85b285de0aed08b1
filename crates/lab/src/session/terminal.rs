//! What runs in the terminal, and what the shell's own commands print.

use std::fmt::Write as _;

use sim::member::raft_core::RoleKind;
use sim::{Cluster, Condition, Event};

use super::process::Process;
use crate::etcdctl::Output;
use crate::predicate::Judge;
use crate::script::{ClientName, Command, JobId, Line, Micros, duration_text};

/// A command that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// Its line in the terminal.
    pub(super) entry: u64,
    pub(super) client: ClientName,
    /// In the background: which job it is.
    pub(super) job: Option<Job>,
    pub(super) what: What,
}

impl Running {
    /// Whether it was told to end and only cleans up.
    pub(super) fn is_detached(&self) -> bool {
        self.job.is_some() && self.what.process().is_some_and(|process| process.interrupted)
    }
}

/// A background job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) line: String,
}

/// What a command waits for.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// For a moment in virtual time, in microseconds.
    Advance { until: u64 },
    /// For an event.
    Step { seq: u64 },
    /// For a predicate, up to a moment.
    Until { judge: Judge, limit: u64, wait: Micros, text: String },
    /// For what it asks of the cluster.
    Process(Box<Process>),
}

impl What {
    pub(super) fn limit(&self) -> Option<u64> {
        match self {
            What::Until { limit, .. } => Some(*limit),
            What::Advance { .. } | What::Step { .. } | What::Process(_) => None,
        }
    }

    /// The program that runs, if one does.
    pub(super) fn process(&self) -> Option<&Process> {
        match self {
            What::Process(process) => Some(process),
            What::Advance { .. } | What::Step { .. } | What::Until { .. } => None,
        }
    }

    pub(super) fn observe(&mut self, cluster: &Cluster, event: &Event) {
        match self {
            What::Until { judge, .. } => judge.observe(cluster, event),
            What::Advance { .. } | What::Step { .. } | What::Process(_) => {}
        }
    }

    /// What it wrote, if it has ended.
    pub(super) fn ended(&self, cluster: &Cluster) -> Option<Output> {
        let now = cluster.now().0;
        match self {
            What::Advance { until } => (now >= *until).then(Output::default),
            What::Step { seq } => (cluster.seq().0 >= *seq).then(Output::default),
            What::Until { judge, limit, .. } if now <= *limit && judge.holds(cluster) => {
                Some(Output::default())
            }
            What::Until { limit, wait, text, .. } => (now >= *limit)
                .then(|| refused(&format!("not within {}: {text}", duration_text(*wait)))),
            // It says so itself.
            What::Process(_) => None,
        }
    }
}

/// What a steering line says that could not be done.
pub(crate) fn refused(message: &str) -> Output {
    Output { stderr: format!("error: {message}\n"), exit: 1, ..Output::default() }
}

/// `jobs`, as a shell lists them.
pub(super) fn jobs(running: &[Running], client: &ClientName) -> Output {
    let jobs: Vec<(JobId, &str)> = running
        .iter()
        .filter(|running| &running.client == client && !running.is_detached())
        .filter_map(|running| running.job.as_ref())
        .map(|job| (job.id, job.line.as_str()))
        .collect();
    list_jobs(&jobs)
}

/// Background jobs, as a shell lists them.
pub(crate) fn list_jobs(jobs: &[(JobId, &str)]) -> Output {
    let mut stdout = String::new();
    for (place, (id, line)) in jobs.iter().enumerate() {
        // The shell marks the newest job with + and the one before it with -.
        let mark = match jobs.len() - place {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        let _ = writeln!(stdout, "[{}]{mark}  {:<24}{}", id.0, "Running", line);
    }
    Output { stdout, ..Output::default() }
}

/// `help`, or help about one word.
pub(crate) fn help(topic: Option<&str>) -> Output {
    match topic {
        None => Output { stdout: crate::script::help(), ..Output::default() },
        Some(topic) => match crate::script::help_about(topic) {
            Some(stdout) => Output { stdout, ..Output::default() },
            None => refused(&format!("no help about `{topic}`; `help` lists every command")),
        },
    }
}

/// What marks a line that the session itself puts before one with a time (`@12.48s …`), so that
/// the clock stops there when the session is replayed. It is not shown.
const AWAITS: &str = "# until the next line's time";

/// The line that lets the clock stop after `wait`.
pub(super) fn awaiting(wait: Micros) -> Line {
    let source = format!("advance {} {AWAITS}", duration_text(wait));
    unwritten(Command::Advance(wait), source)
}

/// Whether nobody wrote this line.
pub(super) fn is_unseen(line: &Line) -> bool {
    line.source.ends_with(AWAITS)
}

/// A line that nobody wrote.
pub(super) fn unwritten(command: Command, source: String) -> Line {
    Line { at: None, client: None, source, command, here_document: None, line_number: 1 }
}

/// `status`: a row a node.
pub(super) fn status(cluster: &Cluster) -> Output {
    let mut stdout = format!(
        "{:<5}{:<15}{:>5}{:>6}{:>8}{:>9}\n",
        "NODE", "ROLE", "TERM", "LOG", "COMMIT", "APPLIED"
    );
    for node in cluster.nodes() {
        let id = node.id().to_string();
        let Some(member) = node.member() else {
            let why = match (cluster.is_removed(node.id()), node.starts()) {
                (true, _) => "removed",
                (false, 0) => "not started",
                (false, _) => "crashed",
            };
            let _ = writeln!(stdout, "{id:<5}{why}");
            continue;
        };
        let raft = member.raft();
        let role = match (node.condition(), raft.role_kind()) {
            (Condition::Paused, _) => "paused",
            (_, RoleKind::Follower) => "follower",
            (_, RoleKind::PreCandidate) => "pre-candidate",
            (_, RoleKind::Candidate) => "candidate",
            (_, RoleKind::Leader) => "leader",
        };
        let _ = writeln!(
            stdout,
            "{id:<5}{role:<15}{:>5}{:>6}{:>8}{:>9}",
            raft.term().0,
            raft.last_index().0,
            raft.commit().0,
            raft.last_applied().0
        );
    }
    Output { stdout, ..Output::default() }
}
