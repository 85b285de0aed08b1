//! The lines that steer the cluster, from tokens to [`Command`]s.

use super::command::{Command, Flight, JobId, Link, NodeRef, Setting, Switch, Ways};
use super::help::{COMMANDS, SETTINGS};
use super::tokens::{Cursor, Fault, Token, did_you_mean};
use super::values::{
    MessageName, Micros, NodeId, Ppm, Rule, parse_duration, parse_percentage, parse_rate,
};
use crate::predicate;

/// The most nodes a cluster can have.
pub(crate) const NODES_MAX: u8 = 7;

/// Parses a line that is not for a shell; `cursor` stands at its first word.
pub(super) fn parse_command(cursor: &mut Cursor<'_>) -> Result<Command, Fault> {
    let at = cursor.offset();
    let Some(name) = cursor.peek_word() else {
        return Err(cursor.expected("a command"));
    };
    cursor.advance();
    let command = match name {
        "jobs" => Command::Jobs,
        "kill" => Command::Kill(job(cursor)?),
        "interrupt" => Command::Interrupt,
        "nodes" => Command::Nodes(node_count(cursor)?),
        "seed" => Command::Seed(number(cursor, "a whole number as seed")?),
        "set" => Command::Set(setting(cursor)?),
        "crash" => Command::Crash(node(cursor)?),
        "tear" => Command::Tear(node(cursor)?),
        "restart" => Command::Restart(optional_node(cursor)?),
        "pause" => Command::Pause(node(cursor)?),
        "resume" => Command::Resume(optional_node(cursor)?),
        "start" => Command::Start(node(cursor)?),
        "clock" => Command::Clock {
            node: node(cursor)?,
            rate: value(cursor, "a speed such as 1.2x", parse_rate)?,
        },
        "cut" => Command::Cut(link(cursor)?),
        "heal" => Command::Heal(optional_link(cursor)?),
        "isolate" => Command::Isolate(node(cursor)?),
        "partition" => Command::Partition(groups(cursor)?),
        "clog" => Command::Clog(link(cursor)?),
        "unclog" => Command::Unclog(link(cursor)?),
        "loss" => Command::Loss { link: link(cursor)?, chance: percentage(cursor)? },
        "latency" => Command::Latency { link: link(cursor)?, latency: duration(cursor)? },
        "jitter" => Command::Jitter { link: link(cursor)?, jitter: duration(cursor)? },
        "duplicate" if starts_with_node(cursor) => {
            Command::DuplicateLink { link: link(cursor)?, chance: percentage(cursor)? }
        }
        "duplicate" => Command::DuplicateMessage(flight(cursor)?),
        "drop" => Command::Drop(flight(cursor)?),
        "delay" => Command::Delay { flight: flight(cursor)?, by: duration(cursor)? },
        "advance" => Command::Advance(duration(cursor)?),
        "step" => Command::Step(steps(cursor)?),
        "until" => until(cursor)?,
        "assert" => Command::Assert(predicate::parse_at(cursor)?),
        "transfer" => Command::Transfer(node(cursor)?),
        "disable" => Command::Disable(rule(cursor)?),
        "enable" => Command::Enable(rule(cursor)?),
        "status" => Command::Status,
        "help" => Command::Help(topic(cursor)?),
        _ => return Err(unknown_command(at, name)),
    };
    cursor.expect_end(&format!("this `{name}`"))?;
    Ok(command)
}

/// The first word of a line is no command.
pub(super) fn unknown_command(at: usize, name: &str) -> Fault {
    let etcdctl = crate::etcdctl::args::command_names();
    let hint = if etcdctl.contains(&name) {
        format!("; did you mean `etcdctl {name}`?")
    } else {
        match did_you_mean(name, COMMANDS.iter().map(|command| command.name)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => "; `help` lists them".to_owned(),
        }
    };
    Fault::new(at, format!("unknown command `{name}`{hint}"))
}

/// Parses `n1` … `n7`, `leader` or `follower`.
pub(crate) fn node(cursor: &mut Cursor<'_>) -> Result<NodeRef, Fault> {
    let at = cursor.offset();
    let missing = cursor.expected("a node: n1 to n7, leader or follower");
    let Some(word) = cursor.peek_word() else { return Err(missing) };
    let found = match word {
        "leader" => NodeRef::Leader,
        "follower" => NodeRef::Follower,
        _ => match node_number(word) {
            Some(number @ 1..=NODES_MAX) => NodeRef::Node(NodeId(number)),
            Some(_) => {
                return Err(Fault::new(at, format!("there is no node {word}: nodes are n1 to n7")));
            }
            None => {
                let near = did_you_mean(word, ["leader", "follower"]);
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(Fault::new(at, format!("{}{hint}", missing.message)));
            }
        },
    };
    cursor.advance();
    Ok(found)
}

/// The number of `n12`; `None` if the word is no such name. What does not fit is surely no node.
fn node_number(word: &str) -> Option<u8> {
    let digits = word.strip_prefix('n')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok().filter(|_| !digits.starts_with('0')).unwrap_or(0))
}

/// Whether a node comes next, right or not.
pub(crate) fn starts_with_node(cursor: &Cursor<'_>) -> bool {
    cursor
        .peek_word()
        .is_some_and(|word| matches!(word, "leader" | "follower") || node_number(word).is_some())
}

fn optional_node(cursor: &mut Cursor<'_>) -> Result<Option<NodeRef>, Fault> {
    if cursor.peek().is_none() { Ok(None) } else { node(cursor).map(Some) }
}

/// Parses `n1 n3` or `n1 -> n3`.
pub(crate) fn link(cursor: &mut Cursor<'_>) -> Result<Link, Fault> {
    let from = node(cursor)?;
    let ways = if cursor.take(&Token::Arrow) { Ways::OneWay } else { Ways::Both };
    let at = cursor.offset();
    if cursor.peek().is_none() {
        return Err(Fault::new(
            at,
            "a link has two ends: expected another node, or `->` and a node",
        ));
    }
    let to = node(cursor)?;
    if from == to {
        return Err(Fault::new(at, format!("a link joins two different nodes, not {to} and {to}")));
    }
    Ok(Link { from, to, ways })
}

fn optional_link(cursor: &mut Cursor<'_>) -> Result<Option<Link>, Fault> {
    if cursor.peek().is_none() { Ok(None) } else { link(cursor).map(Some) }
}

fn groups(cursor: &mut Cursor<'_>) -> Result<Vec<Vec<NodeRef>>, Fault> {
    let mut groups: Vec<Vec<NodeRef>> = Vec::new();
    loop {
        let mut group = Vec::new();
        while group.is_empty() || !matches!(cursor.peek(), None | Some(Token::Bar)) {
            let at = cursor.offset();
            let member = node(cursor)?;
            if group.contains(&member) || groups.iter().flatten().any(|other| *other == member) {
                return Err(Fault::new(at, format!("{member} is named twice")));
            }
            group.push(member);
        }
        groups.push(group);
        if !cursor.take(&Token::Bar) {
            break;
        }
    }
    if groups.len() < 2 {
        return Err(cursor.expected("`|` and another group, as in partition n1 n2 | n3"));
    }
    Ok(groups)
}

/// Parses `m17` or `append n1 -> n2`.
fn flight(cursor: &mut Cursor<'_>) -> Result<Flight, Fault> {
    let what = "a message such as m17, or a kind and a link: append n1 -> n2";
    let at = cursor.offset();
    let Some(word) = cursor.peek_word() else { return Err(cursor.expected(what)) };
    let id = word.strip_prefix('m').filter(|id| !id.is_empty());
    if let Some(Ok(id)) =
        id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())).map(str::parse)
    {
        cursor.advance();
        return Ok(Flight::Id(id));
    }
    let Some(kind) = MessageName::named(word) else {
        let names = MessageName::ALL.map(MessageName::name);
        return Err(match did_you_mean(word, names) {
            Some(near) => Fault::new(at, format!("no message `{word}`; did you mean `{near}`?")),
            None => Fault::new(
                at,
                format!("expected {what}, not `{word}`; kinds are {}", names.join(", ")),
            ),
        });
    };
    cursor.advance();
    let link = link(cursor)?;
    match link.ways {
        Ways::OneWay => Ok(Flight::Oldest { kind, from: link.from, to: link.to }),
        Ways::Both => Err(Fault::new(
            at,
            format!("a message goes one way: write {word} {} -> {}", link.from, link.to),
        )),
    }
}

fn until(cursor: &mut Cursor<'_>) -> Result<Command, Fault> {
    let predicate = predicate::parse_at(cursor)?;
    let limit = if cursor.take_keyword("limit") { Some(duration(cursor)?) } else { None };
    if limit.is_none() && cursor.peek().is_some() {
        return Err(
            cursor.expected("`and`, `or`, `while`, `then`, `since start`, `limit` or the end")
        );
    }
    Ok(Command::Until { predicate, limit })
}

fn setting(cursor: &mut Cursor<'_>) -> Result<Setting, Fault> {
    let names = SETTINGS.map(|setting| setting.name);
    let at = cursor.offset();
    let name = cursor.expect_word(&format!("a setting: {}", names.join(", ")))?;
    Ok(match name {
        "heartbeat" => Setting::Heartbeat(positive_duration(cursor)?),
        "election-timeout" => Setting::ElectionTimeout(positive_duration(cursor)?),
        "latency" => Setting::Latency(duration(cursor)?),
        "jitter" => Setting::Jitter(duration(cursor)?),
        "loss" => Setting::Loss(percentage(cursor)?),
        "sync-latency" => Setting::SyncLatency(duration(cursor)?),
        "client-latency" => Setting::ClientLatency(duration(cursor)?),
        "pre-vote" => Setting::PreVote(switch(cursor)?),
        "check-quorum" => Setting::CheckQuorum(switch(cursor)?),
        "strict-reconfig-check" => Setting::StrictReconfigCheck(switch(cursor)?),
        "snapshot-count" => {
            let at = cursor.offset();
            match number(cursor, "a number of entries")? {
                0 => return Err(Fault::new(at, "a snapshot needs at least 1 entry before it")),
                count => Setting::SnapshotCount(count),
            }
        }
        _ => {
            let near = did_you_mean(name, names);
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", names.join(", ")),
            };
            return Err(Fault::new(at, format!("unknown setting `{name}`; {hint}")));
        }
    })
}

fn rule(cursor: &mut Cursor<'_>) -> Result<Rule, Fault> {
    let at = cursor.offset();
    let name = cursor.expect_word("a rule of Raft, such as persist-vote")?;
    Rule::named(name).ok_or_else(|| {
        let names = Rule::ALL.map(Rule::name);
        let hint = match did_you_mean(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        };
        Fault::new(at, format!("unknown rule `{name}`; {hint}"))
    })
}

fn switch(cursor: &mut Cursor<'_>) -> Result<Switch, Fault> {
    if cursor.take_keyword("on") {
        Ok(Switch::On)
    } else if cursor.take_keyword("off") {
        Ok(Switch::Off)
    } else {
        Err(cursor.expected("`on` or `off`"))
    }
}

fn job(cursor: &mut Cursor<'_>) -> Result<JobId, Fault> {
    let at = cursor.offset();
    let word = cursor.expect_word("a job such as %1")?;
    word.strip_prefix('%')
        .and_then(|number| number.parse().ok())
        .filter(|number| *number > 0)
        .map(JobId)
        .ok_or_else(|| Fault::new(at, format!("expected a job such as %1, not `{word}`")))
}

fn node_count(cursor: &mut Cursor<'_>) -> Result<u8, Fault> {
    let at = cursor.offset();
    match number(cursor, "how many nodes, 1 to 7")? {
        count @ 1..=7 => Ok(u8::try_from(count).unwrap_or(NODES_MAX)),
        count => Err(Fault::new(at, format!("a cluster has 1 to 7 nodes, not {count}"))),
    }
}

fn steps(cursor: &mut Cursor<'_>) -> Result<u32, Fault> {
    if cursor.peek().is_none() {
        return Ok(1);
    }
    let at = cursor.offset();
    match number(cursor, "a number of events")? {
        count @ 1..=1_000_000 => Ok(u32::try_from(count).unwrap_or(1)),
        _ => Err(Fault::new(at, "expected 1 to 1000000 events")),
    }
}

fn topic(cursor: &mut Cursor<'_>) -> Result<Option<String>, Fault> {
    let at = cursor.offset();
    if cursor.peek().is_none() {
        return Ok(None);
    }
    let word = cursor.expect_word("a command")?;
    if super::help::help_about(word).is_some() {
        return Ok(Some(word.to_owned()));
    }
    let hint = match did_you_mean(word, super::help::topics()) {
        Some(near) => format!("; did you mean `help {near}`?"),
        None => "; `help` alone lists what there is".to_owned(),
    };
    Err(Fault::new(at, format!("no help on `{word}`{hint}")))
}

/// Parses a whole number.
pub(crate) fn number(cursor: &mut Cursor<'_>, what: &str) -> Result<u64, Fault> {
    let at = cursor.offset();
    let missing = cursor.expected(what);
    let word = cursor.expect_word(what)?;
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(missing);
    }
    word.parse().map_err(|_| Fault::new(at, format!("the number {word} is too large")))
}

/// Parses a time.
pub(crate) fn duration(cursor: &mut Cursor<'_>) -> Result<Micros, Fault> {
    value(cursor, "a time such as 100ms or 1.5s", parse_duration)
}

fn positive_duration(cursor: &mut Cursor<'_>) -> Result<Micros, Fault> {
    let at = cursor.offset();
    match duration(cursor)? {
        Micros(0) => Err(Fault::new(at, "this time must be longer than nothing")),
        time => Ok(time),
    }
}

fn percentage(cursor: &mut Cursor<'_>) -> Result<Ppm, Fault> {
    value(cursor, "a percentage such as 20%", parse_percentage)
}

fn value<T>(
    cursor: &mut Cursor<'_>,
    what: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Fault> {
    let at = cursor.offset();
    let word = cursor.expect_word(what)?;
    parse(word).map_err(|message| Fault::new(at, message))
}
