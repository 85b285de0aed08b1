//! Commands as text again: canonical, and parsed back to the same command.

use std::fmt::{self, Display, Formatter};

use super::command::{
    Assignment, Command, EtcdctlLine, Expansion, Flight, Ground, HereDocument, Input, JobId, Link,
    NodeRef, Setting, Switch, Ways,
};
use super::values::{MessageName, Ppm, duration_text, percentage_text, rate_text};
use super::{At, Line};

impl Display for Line {
    /// The canonical line, its here-document below it; no line feed at the end.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at {
            write!(formatter, "{at} ")?;
        }
        if let Some(client) = &self.client {
            write!(formatter, "client {client} ")?;
        }
        write!(formatter, "{}", self.command)?;
        match (&self.command, &self.here_document) {
            (
                Command::Etcdctl(EtcdctlLine { input: Input::HereDocument(here), .. }),
                Some(document),
            ) => write!(formatter, "\n{document}{}", here.delimiter),
            _ => Ok(()),
        }
    }
}

impl Display for At {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            At::Event(event) => write!(formatter, "@{event}"),
            At::Time(time) => write!(formatter, "@{}", duration_text(*time)),
        }
    }
}

impl Display for Command {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Command::Blank => Ok(()),
            Command::Comment(text) => write!(formatter, "#{text}"),
            Command::Etcdctl(line) => write!(formatter, "{line}"),
            Command::Jobs => formatter.write_str("jobs"),
            Command::Kill(job) => write!(formatter, "kill {job}"),
            Command::Interrupt => formatter.write_str("interrupt"),
            Command::Type(None) => formatter.write_str("type ^D"),
            Command::Type(Some(text)) => write!(formatter, "type {text}"),
            Command::Assign(assignments) => {
                let words: Vec<String> = assignments.iter().map(ToString::to_string).collect();
                formatter.write_str(&words.join(" "))
            }
            Command::Export(assignments) => {
                formatter.write_str("export")?;
                assignments.iter().try_for_each(|each| write!(formatter, " {each}"))
            }
            Command::Unset(names) => write!(formatter, "unset {}", names.join(" ")),
            Command::Nodes(count) => write!(formatter, "nodes {count}"),
            Command::Seed(seed) => write!(formatter, "seed {seed}"),
            Command::Set(setting) => write!(formatter, "set {setting}"),
            Command::Crash(node) => write!(formatter, "crash {node}"),
            Command::Tear(node) => write!(formatter, "tear {node}"),
            Command::Restart(node) => with_optional(formatter, "restart", node.as_ref()),
            Command::Pause(node) => write!(formatter, "pause {node}"),
            Command::Resume(node) => with_optional(formatter, "resume", node.as_ref()),
            Command::Start(node) => write!(formatter, "start {node}"),
            Command::Clock { node, rate } => write!(formatter, "clock {node} {}", rate_text(*rate)),
            Command::Cut(link) => write!(formatter, "cut {link}"),
            Command::Heal(link) => with_optional(formatter, "heal", link.as_ref()),
            Command::Isolate(node) => write!(formatter, "isolate {node}"),
            Command::Partition(groups) => write!(formatter, "partition {}", groups_text(groups)),
            Command::Clog(link) => write!(formatter, "clog {link}"),
            Command::Unclog(link) => write!(formatter, "unclog {link}"),
            Command::Loss { link, chance } => with_share(formatter, "loss", link, *chance),
            Command::Latency { link, latency } => {
                write!(formatter, "latency {link} {}", duration_text(*latency))
            }
            Command::Jitter { link, jitter } => {
                write!(formatter, "jitter {link} {}", duration_text(*jitter))
            }
            Command::DuplicateLink { link, chance } => {
                with_share(formatter, "duplicate", link, *chance)
            }
            Command::Drop(flight) => write!(formatter, "drop {flight}"),
            Command::Delay { flight, by } => {
                write!(formatter, "delay {flight} {}", duration_text(*by))
            }
            Command::DuplicateMessage(flight) => write!(formatter, "duplicate {flight}"),
            Command::Advance(time) => write!(formatter, "advance {}", duration_text(*time)),
            Command::Step(1) => formatter.write_str("step"),
            Command::Step(count) => write!(formatter, "step {count}"),
            Command::Until { predicate, limit: None } => write!(formatter, "until {predicate}"),
            Command::Until { predicate, limit: Some(limit) } => {
                write!(formatter, "until {predicate} limit {}", duration_text(*limit))
            }
            Command::Assert(predicate) => write!(formatter, "assert {predicate}"),
            Command::Transfer(node) => write!(formatter, "transfer {node}"),
            Command::Disable(rule) => write!(formatter, "disable {}", rule.name()),
            Command::Enable(rule) => write!(formatter, "enable {}", rule.name()),
            Command::Status => formatter.write_str("status"),
            Command::Help(topic) => with_optional(formatter, "help", topic.as_ref()),
        }
    }
}

fn with_optional(
    formatter: &mut Formatter<'_>,
    name: &str,
    argument: Option<&impl Display>,
) -> fmt::Result {
    match argument {
        Some(argument) => write!(formatter, "{name} {argument}"),
        None => formatter.write_str(name),
    }
}

fn with_share(formatter: &mut Formatter<'_>, name: &str, link: &Link, share: Ppm) -> fmt::Result {
    write!(formatter, "{name} {link} {}", percentage_text(share))
}

fn groups_text(groups: &[Vec<NodeRef>]) -> String {
    let group =
        |nodes: &Vec<NodeRef>| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    groups.iter().map(group).collect::<Vec<_>>().join(" | ")
}

impl Display for EtcdctlLine {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for assignment in &self.environment {
            write!(formatter, "{assignment} ")?;
        }
        formatter.write_str("etcdctl")?;
        for word in &self.words {
            write!(formatter, " {word}")?;
        }
        match &self.input {
            Input::Empty => {}
            Input::HereString(word) => write!(formatter, " <<<{word}")?,
            Input::HereDocument(HereDocument { delimiter, expansion }) => match expansion {
                Expansion::Variables => write!(formatter, " <<{delimiter}")?,
                Expansion::None => {
                    write!(formatter, " <<'{}'", delimiter.replace('\'', r"'\''"))?;
                }
            },
        }
        match self.ground {
            Ground::Foreground => Ok(()),
            Ground::Background => formatter.write_str(" &"),
        }
    }
}

impl Display for Assignment {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.name, self.value)
    }
}

impl Display for JobId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "%{}", self.0)
    }
}

impl Display for NodeRef {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            NodeRef::Node(node) => write!(formatter, "{node}"),
            NodeRef::Leader => formatter.write_str("leader"),
            NodeRef::Follower => formatter.write_str("follower"),
        }
    }
}

impl Display for Link {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.ways {
            Ways::OneWay => write!(formatter, "{} -> {}", self.from, self.to),
            Ways::Both => write!(formatter, "{} {}", self.from, self.to),
        }
    }
}

impl Display for Flight {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Flight::Id(id) => write!(formatter, "m{id}"),
            Flight::Oldest { kind, from, to } => write!(formatter, "{kind} {from} -> {to}"),
        }
    }
}

impl Display for MessageName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Display for Setting {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Setting::Heartbeat(time)
            | Setting::ElectionTimeout(time)
            | Setting::Latency(time)
            | Setting::Jitter(time)
            | Setting::SyncLatency(time)
            | Setting::ClientLatency(time) => write!(formatter, "{name} {}", duration_text(*time)),
            Setting::Loss(share) => write!(formatter, "{name} {}", percentage_text(*share)),
            Setting::PreVote(switch)
            | Setting::CheckQuorum(switch)
            | Setting::StrictReconfigCheck(switch) => write!(formatter, "{name} {switch}"),
            Setting::SnapshotCount(number) | Setting::QuotaBackendBytes(number) => {
                write!(formatter, "{name} {number}")
            }
        }
    }
}

impl Setting {
    /// The setting's name: `election-timeout`.
    pub fn name(self) -> &'static str {
        match self {
            Setting::Heartbeat(_) => "heartbeat",
            Setting::ElectionTimeout(_) => "election-timeout",
            Setting::Latency(_) => "latency",
            Setting::Jitter(_) => "jitter",
            Setting::Loss(_) => "loss",
            Setting::SyncLatency(_) => "sync-latency",
            Setting::ClientLatency(_) => "client-latency",
            Setting::PreVote(_) => "pre-vote",
            Setting::CheckQuorum(_) => "check-quorum",
            Setting::StrictReconfigCheck(_) => "strict-reconfig-check",
            Setting::SnapshotCount(_) => "snapshot-count",
            Setting::QuotaBackendBytes(_) => "quota-backend-bytes",
        }
    }
}

impl Display for Switch {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Switch::On => "on",
            Switch::Off => "off",
        })
    }
}
