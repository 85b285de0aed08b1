//! What a real cluster on this machine cannot do, said before anything runs.

use super::settings;
use crate::predicate::{Atom, Predicate, Quantity, RoleName};
use crate::script::{At, Command, Line, ScriptError};

/// Every line that cannot run on a real cluster, and why.
pub(super) fn unfit(lines: &[Line]) -> Vec<ScriptError> {
    let mut runs = false;
    let mut complaints = Vec::new();
    for line in lines {
        if let Some(message) = why_unfit(line, runs) {
            let indent = line.source.chars().take_while(|next| next.is_whitespace()).count();
            let column = u32::try_from(indent + 1).unwrap_or(u32::MAX);
            complaints.push(ScriptError { line: line.line_number, column, message });
        }
        runs = match &line.command {
            Command::Nodes(_) | Command::Seed(_) => false,
            command => runs || needs_cluster(command),
        };
    }
    complaints
}

/// Whether a line needs processes: a cluster is started for the first such line.
pub(super) fn needs_cluster(command: &Command) -> bool {
    !matches!(
        command,
        Command::Blank
            | Command::Comment(_)
            | Command::Nodes(_)
            | Command::Seed(_)
            | Command::Set(_)
            | Command::Assign(_)
            | Command::Export(_)
            | Command::Unset(_)
            | Command::Jobs
            | Command::Kill(_)
            | Command::Interrupt
            | Command::Help(_)
    )
}

/// Why a line cannot run; `runs` says whether the cluster runs already.
fn why_unfit(line: &Line, runs: bool) -> Option<String> {
    let real = "a real cluster (--engine etcd)";
    match line.at {
        Some(At::Event(_)) => return Some(format!("{real} has no numbered events")),
        Some(At::Time(_)) => return Some(format!("{real} has no virtual time to wait for")),
        None => {}
    }
    match &line.command {
        Command::Cut(_)
        | Command::Heal(_)
        | Command::Isolate(_)
        | Command::Partition(_)
        | Command::Clog(_)
        | Command::Unclog(_)
        | Command::Loss { .. }
        | Command::Latency { .. }
        | Command::Jitter { .. }
        | Command::DuplicateLink { .. } => {
            Some(format!("{real} runs on loopback, whose links cannot be cut or slowed"))
        }
        Command::Drop(_) | Command::Delay { .. } | Command::DuplicateMessage(_) => {
            Some(format!("single messages of {real} cannot be touched"))
        }
        Command::Tear(_) => Some(format!("writes of {real} cannot be torn; `crash` kills a node")),
        Command::Clock { .. } => Some(format!("all nodes of {real} have this machine's clock")),
        Command::Type(_) => Some(format!("nobody types on {real}: give it as a here-document")),
        Command::Step(_) => Some(format!("{real} cannot be stepped; `advance` waits")),
        Command::Disable(_) | Command::Enable(_) => {
            Some(format!("the rules of {real} cannot be left out"))
        }
        Command::Set(setting) if settings::flag(*setting).is_none() => {
            Some(format!("{real} has no such setting here"))
        }
        Command::Set(_) if runs => {
            Some(format!("{real} takes its settings when it starts: write `nodes` below them"))
        }
        Command::Until { predicate, .. } | Command::Assert(predicate) => {
            unseen(predicate).map(|why| format!("{why} on {real}"))
        }
        _ => None,
    }
}

/// What of a predicate nobody can see on a real cluster.
fn unseen(predicate: &Predicate) -> Option<String> {
    match predicate {
        Predicate::Atom(atom) => unseen_atom(atom).map(|why| format!("`{atom}`: {why}")),
        Predicate::Not(inner) => unseen(inner),
        Predicate::And(left, right) | Predicate::Or(left, right) => {
            unseen(left).or_else(|| unseen(right))
        }
        Predicate::SinceStart(_) | Predicate::While(..) | Predicate::Then(..) => {
            Some(format!("`{predicate}`: nobody watches every event"))
        }
    }
}

fn unseen_atom(atom: &Atom) -> Option<&'static str> {
    match atom {
        Atom::Role { role: RoleName::Candidate | RoleName::PreCandidate, .. } => {
            Some("servers do not tell of their candidacies")
        }
        Atom::Number { quantity: Quantity::Log(_) | Quantity::Durable(_), .. } => {
            Some("servers tell what is committed and applied only")
        }
        Atom::Number { quantity: Quantity::Event, .. } => Some("there are no numbered events"),
        Atom::Cut(_) | Atom::Clogged(_) | Atom::Isolated(_) | Atom::Partitioned => {
            Some("links cannot be cut")
        }
        Atom::Call { .. } => Some("only the client knows how its calls stand"),
        Atom::Violated(_) => Some("no checkers look on"),
        Atom::Modified => Some("its rules cannot be left out"),
        Atom::SnapshotSent(_) | Atom::WatchFired => Some("nobody watches every event"),
        Atom::Leader
        | Atom::LeaderIs(_)
        | Atom::NoLeader
        | Atom::Role { .. }
        | Atom::Number { .. }
        | Atom::Time { .. }
        | Atom::Key { .. }
        | Atom::Running(_)
        | Atom::Crashed(_)
        | Atom::Paused(_)
        | Atom::Voter(_)
        | Atom::Learner(_)
        | Atom::Agreed
        | Atom::QuorumLost => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::parse_script;

    fn complaints(script: &str) -> Vec<(u32, u32)> {
        let lines = parse_script(script).expect("the script is good");
        unfit(&lines).iter().map(|error| (error.line, error.column)).collect()
    }

    /// Proves: what a real cluster can do passes.
    #[test]
    fn real_clusters_can_do_much() {
        let script = "nodes 5\nuntil leader and not quorum lost limit 5s\nassert leader is n1 or \
                      term >= 2\ncrash leader\nrestart\npause n2\nresume\ntransfer n3\nstart n6\n\
                      etcdctl put a b &\njobs\nkill %1\nexport A=b\nstatus\nadvance 1s\n\
                      assert key a = b on all nodes and down = 0 and revision n1 >= 2\n# end\n";
        assert_eq!(complaints(script), []);
    }

    /// Proves: each line that it cannot do is told with its place, all of them at once.
    #[test]
    fn every_unfit_line_is_told() {
        let script = "until leader\n  cut n1 n2\nheal\nloss n1 -> n2 5%\ndrop m1\nclock n1 2x\n\
                      step\ntear n1\ndisable majority\n@12 crash n1\n";
        let expected = [(2, 3), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1), (9, 1), (10, 1)];
        assert_eq!(complaints(script), expected);
    }

    /// Proves: predicates that nobody can see there are refused, deep inside others too.
    #[test]
    fn unseen_predicates_are_told() {
        for predicate in [
            "role n1 = candidate",
            "log n1 >= 3",
            "event >= 3",
            "partitioned",
            "not violated",
            "leader or (term >= 2 and write acknowledged)",
            "leader then no leader",
            "leader since start",
        ] {
            let script = format!("assert {predicate}\n");
            assert_eq!(complaints(&script), [(1, 1)], "{predicate}");
        }
    }

    /// Proves: settings are for the cluster that starts below them.
    #[test]
    fn settings_stand_before_their_cluster() {
        assert_eq!(complaints("set heartbeat 50ms\nuntil leader\n"), []);
        assert_eq!(complaints("until leader\nset heartbeat 50ms\n"), [(2, 1)]);
        assert_eq!(complaints("nodes 5\nset snapshot-count 10\nuntil leader\n"), []);
        assert_eq!(complaints("set latency 40ms\n"), [(1, 1)]);
    }
}
