//! The lines that steer the cluster, from tokens to [`Command`]s.

use super::command::{Command, Flight, JobId, Link, NodeRef, Setting, Switch, Ways};
use super::help::{COMMANDS, SETTINGS};
use super::tokens::{Cursor, Fault, Token, did_you_mean, hint, unknown};
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
    // Parts that many commands have are read by functions that are given what to make of them.
    let command = match name {
        "jobs" => Ok(Command::Jobs),
        "kill" => job(cursor).map(Command::Kill),
        "interrupt" => Ok(Command::Interrupt),
        "nodes" => node_count(cursor).map(Command::Nodes),
        "seed" => number(cursor, "a whole number as seed").map(Command::Seed),
        "set" => setting(cursor).map(Command::Set),
        "crash" => of_node(cursor, Command::Crash),
        "tear" => of_node(cursor, Command::Tear),
        "restart" => of_any_node(cursor, Command::Restart),
        "pause" => of_node(cursor, Command::Pause),
        "resume" => of_any_node(cursor, Command::Resume),
        "start" => of_node(cursor, Command::Start),
        "clock" => clock(cursor),
        "cut" => of_link(cursor, Command::Cut),
        "heal" if cursor.peek().is_none() => Ok(Command::Heal(None)),
        "heal" => of_link(cursor, |link| Command::Heal(Some(link))),
        "isolate" => of_node(cursor, Command::Isolate),
        "partition" => groups(cursor).map(Command::Partition),
        "clog" => of_link(cursor, Command::Clog),
        "unclog" => of_link(cursor, Command::Unclog),
        "loss" => chance(cursor, |link, chance| Command::Loss { link, chance }),
        "latency" => slow(cursor, |link, latency| Command::Latency { link, latency }),
        "jitter" => slow(cursor, |link, jitter| Command::Jitter { link, jitter }),
        "duplicate" if starts_with_node(cursor) => {
            chance(cursor, |link, chance| Command::DuplicateLink { link, chance })
        }
        "duplicate" => flight(cursor).map(Command::DuplicateMessage),
        "drop" => flight(cursor).map(Command::Drop),
        "delay" => delay(cursor),
        "advance" => duration(cursor).map(Command::Advance),
        "step" => steps(cursor).map(Command::Step),
        "until" => until(cursor),
        "assert" => predicate::parse_at(cursor).map(Command::Assert),
        "transfer" => of_node(cursor, Command::Transfer),
        "disable" => rule(cursor).map(Command::Disable),
        "enable" => rule(cursor).map(Command::Enable),
        "status" => Ok(Command::Status),
        "help" => topic(cursor).map(Command::Help),
        _ => Err(unknown_command(at, name)),
    }?;
    cursor.expect_end(&format!("this `{name}`"))?;
    Ok(command)
}

#[inline(never)]
fn of_node(cursor: &mut Cursor<'_>, make: fn(NodeRef) -> Command) -> Result<Command, Fault> {
    node(cursor).map(make)
}

#[inline(never)]
fn of_any_node(
    cursor: &mut Cursor<'_>,
    make: fn(Option<NodeRef>) -> Command,
) -> Result<Command, Fault> {
    if cursor.peek().is_none() {
        return Ok(make(None));
    }
    Ok(make(Some(node(cursor)?)))
}

#[inline(never)]
fn of_link(cursor: &mut Cursor<'_>, make: fn(Link) -> Command) -> Result<Command, Fault> {
    link(cursor).map(make)
}

#[inline(never)]
fn chance(cursor: &mut Cursor<'_>, make: fn(Link, Ppm) -> Command) -> Result<Command, Fault> {
    Ok(make(link(cursor)?, percentage(cursor)?))
}

#[inline(never)]
fn slow(cursor: &mut Cursor<'_>, make: fn(Link, Micros) -> Command) -> Result<Command, Fault> {
    Ok(make(link(cursor)?, duration(cursor)?))
}

fn clock(cursor: &mut Cursor<'_>) -> Result<Command, Fault> {
    let node = node(cursor)?;
    Ok(Command::Clock { node, rate: value(cursor, "a speed such as 1.2x", parse_rate)? })
}

fn delay(cursor: &mut Cursor<'_>) -> Result<Command, Fault> {
    Ok(Command::Delay { flight: flight(cursor)?, by: duration(cursor)? })
}

/// The first word of a line is no command.
pub(super) fn unknown_command(at: usize, name: &str) -> Fault {
    let etcdctl = crate::etcdctl::args::command_names();
    let hint = if etcdctl.contains(&name) {
        format!("; did you mean `etcdctl {name}`?")
    } else {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        hint(name, &names, "; `help` lists them")
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
                let hint = hint(word, &["leader", "follower"], "");
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
        return Err(match did_you_mean(word, &names) {
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
        "quota-backend-bytes" => {
            let at = cursor.offset();
            match number(cursor, "a number of bytes")? {
                0 => return Err(Fault::new(at, "a quota is at least 1 byte")),
                bytes => Setting::QuotaBackendBytes(bytes),
            }
        }
        _ => return Err(unknown(at, "setting", name, &names)),
    })
}

fn rule(cursor: &mut Cursor<'_>) -> Result<Rule, Fault> {
    let at = cursor.offset();
    let name = cursor.expect_word("a rule of Raft, such as persist-vote")?;
    Rule::named(name).ok_or_else(|| unknown(at, "rule", name, &Rule::ALL.map(Rule::name)))
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
    let topics: Vec<&str> = super::help::topics().collect();
    let hint = match did_you_mean(word, &topics) {
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
    parse: fn(&str) -> Result<T, String>,
) -> Result<T, Fault> {
    let at = cursor.offset();
    let word = cursor.expect_word(what)?;
    parse(word).map_err(|message| Fault::new(at, message))
}
