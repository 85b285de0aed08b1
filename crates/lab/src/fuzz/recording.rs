//! What was said to a cluster, as a script, and what `lab run` makes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sim::member::kv_core::{HashKv, Revision};
use sim::member::raft_core::{Index, NodeId};
use sim::{Cluster, Property};

use crate::linear::{self, Misfit, revisions, watches};
use crate::script::{Micros, duration_text};
use crate::session::{Opening, Progress, Session};

/// A line and its moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timed {
    pub(super) at_micros: u64,
    pub(super) line: String,
}

impl Timed {
    pub(super) fn text(&self) -> String {
        at(self.at_micros, &self.line)
    }
}

/// How a script ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With its last line, when all commands have ended.
    Open,
    /// It waits until a safety property breaks.
    Violation,
    /// At this moment all faults end, and then the cluster must be well.
    Liveness { at_micros: u64, election_micros: u64 },
}

/// A run as a script: what sets it up, lines with their times, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recording {
    pub(super) opening: Vec<String>,
    pub(super) lines: Vec<Timed>,
    pub(super) ending: Ending,
}

/// How many election timeouts there may pass from the end of all faults until there is a leader.
pub(super) const LEADER_WITHIN: u64 = 10;
/// How many from then on until writes are served: a candidate of the time of the faults may depose
/// the first leader.
pub(super) const SETTLED_WITHIN: u64 = 5;
/// How many from the last write on until all nodes hold the same.
pub(super) const AGREED_WITHIN: u64 = 10;
/// How long clients wait for a change of the list of members (`mix.rs`), and a little more.
const PATIENCE_MICROS: u64 = 2_500_000;
/// How much longer than it took a shortened script may wait for a safety property to break.
const VIOLATION_WITHIN_MICROS: u64 = 10_000_000;

impl Recording {
    /// The whole script.
    pub(super) fn text(&self) -> String {
        let mut lines = self.opening.clone();
        lines.extend(self.lines.iter().map(Timed::text));
        lines.extend(self.ending_lines());
        lines.join("\n") + "\n"
    }

    /// The lines of the ending, with their times where they have one.
    pub(super) fn ending_lines(&self) -> Vec<String> {
        let within = |micros| duration_text(Micros(micros));
        match self.ending {
            Ending::Open => Vec::new(),
            Ending::Violation => {
                vec![format!("until violated limit {}", within(VIOLATION_WITHIN_MICROS))]
            }
            Ending::Liveness { at_micros, election_micros } => {
                let times = |count: u64| within(count * election_micros);
                let mut lines: Vec<String> =
                    self.repairs().iter().map(|line| at(at_micros, line)).collect();
                // The last changes of the list of members find their way or are given up; a cluster
                // that has got more members may need them for a quorum.
                let starts = self.starts();
                if !starts.is_empty() {
                    lines.push(format!("advance {}", within(PATIENCE_MICROS)));
                    lines.extend(starts.clone());
                }
                lines.extend([
                    format!("until leader limit {}", times(LEADER_WITHIN)),
                    format!("advance {}", times(SETTLED_WITHIN)),
                ]);
                lines.extend(starts);
                lines.extend([
                    "etcdctl put after all".to_owned(),
                    "assert write acknowledged".to_owned(),
                    "etcdctl get after".to_owned(),
                    "assert read answered".to_owned(),
                    format!("until agreed limit {}", times(AGREED_WITHIN)),
                ]);
                lines
            }
        }
    }

    /// Starts whoever was added and never started. For all others these lines are errors, which do no
    /// harm.
    fn starts(&self) -> Vec<String> {
        let words = |timed: &Timed| {
            timed
                .line
                .split(' ')
                .skip_while(|word| *word != "add")
                .nth(1)
                .map(|node| format!("start {node}"))
        };
        self.lines.iter().filter_map(words).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What ends all faults of these lines.
    fn repairs(&self) -> Vec<String> {
        let mut repairs = vec!["heal".to_owned(), "restart".to_owned(), "resume".to_owned()];
        let mut more = BTreeSet::new();
        for line in self.lines.iter().map(|timed| &timed.line).chain(&self.opening) {
            let words: Vec<&str> = line.split(' ').filter(|word| *word != "->").collect();
            match words[..] {
                ["clock", node, _] => drop(more.insert(format!("clock {node} 1x"))),
                ["duplicate", one, other, chance] if chance.ends_with('%') => {
                    let (one, other) = (one.min(other), one.max(other));
                    more.insert(format!("duplicate {one} {other} 0%"));
                }
                ["loss", ..] | ["set", "loss", _] => drop(more.insert("set loss 0%".to_owned())),
                ["latency", ..] => drop(more.insert(self.setting("latency", "10ms"))),
                ["jitter", ..] => drop(more.insert(self.setting("jitter", "2ms"))),
                _ => {}
            }
        }
        repairs.extend(more);
        repairs
    }

    /// The line that sets a setting again as this run's opening had it.
    fn setting(&self, name: &str, usual: &str) -> String {
        let prefix = format!("set {name} ");
        let own = self.opening.iter().find(|line| line.starts_with(&prefix));
        own.cloned().unwrap_or_else(|| prefix + usual)
    }
}

fn at(micros: u64, line: &str) -> String {
    format!("@{} {line}", duration_text(Micros(micros)))
}

/// What was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A safety property of Raft.
    Safety(Property),
    /// What clients were told does not fit together.
    Linearizability,
    /// Servers that have applied the same hold different keys.
    Stores,
    /// All faults had ended, and yet this did not hold in time.
    Liveness(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Safety(property) => f.write_str(property.name()),
            Broken::Linearizability => f.write_str("linearizability"),
            Broken::Stores => f.write_str("equal stores"),
            Broken::Liveness(what) => write!(f, "liveness ({what})"),
        }
    }
}

/// A broken property and what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) broken: Broken,
    pub(super) explanation: String,
}

impl Verdict {
    pub(super) fn of_history(misfit: &Misfit) -> Verdict {
        Verdict { broken: Broken::Linearizability, explanation: misfit.to_string() }
    }
}

/// What is broken about a session that has come to its end, if anything.
pub(super) fn judge(session: &Session) -> Option<Verdict> {
    judge_cluster(session.cluster()).or_else(|| {
        let failed = session.terminal().iter().find(|entry| {
            let checks = ["until ", "assert "].iter().any(|word| entry.source.starts_with(word));
            checks && entry.exit.is_some_and(|exit| exit != 0)
        })?;
        let what = failed.source.split(" limit ").next().unwrap_or_default().to_owned();
        let explanation = failed.stderr.trim().to_owned();
        Some(Verdict { broken: Broken::Liveness(what), explanation })
    })
}

fn judge_cluster(cluster: &Cluster) -> Option<Verdict> {
    if let Some(violation) = cluster.violation() {
        let broken = Broken::Safety(violation.property);
        return Some(Verdict { broken, explanation: violation.to_string() });
    }
    let operations = linear::operations(cluster.history().iter());
    let end = watches::settled_store(cluster);
    let end = end.map(|(_, store)| watches::Settled { store, quiet: watches::Quiet::No });
    let misfit = revisions::check(&operations).and_then(|()| watches::check(&operations, end));
    misfit.err().map(|misfit| Verdict::of_history(&misfit)).or_else(|| unequal_stores(cluster))
}

/// Whether servers that have applied the same differ in what `endpoint hashkv` says of them.
fn unequal_stores(cluster: &Cluster) -> Option<Verdict> {
    let mut seen: BTreeMap<Index, (NodeId, HashKv)> = BTreeMap::new();
    for node in cluster.nodes() {
        let Some(member) = node.member() else { continue };
        let applied = member.raft().last_applied();
        let Ok(hash) = member.store().hash_kv(Revision(0)) else { continue };
        let (other, first) = seen.entry(applied).or_insert((node.id(), hash));
        if *first != hash {
            let explanation =
                format!("{other} and {} have applied {applied} and differ", node.id());
            return Some(Verdict { broken: Broken::Stores, explanation });
        }
    }
    None
}

/// Runs a script from start to end, as `lab run` does.
pub(super) fn replay(script: &str) -> Session {
    let opening = Opening { attended: false, ..Opening::default() };
    let mut session = Session::new(opening).expect("an empty set-up is well-formed");
    session.apply(script).expect("the fuzzer writes lines of the language");
    finish(&mut session);
    session
}

/// Lets a session run until all commands have ended.
pub(super) fn finish(session: &mut Session) {
    while session.busy() && session.advance_while_busy(100_000) == Progress::Pending {}
}
