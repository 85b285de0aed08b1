//! Completion for a terminal: what could stand where the cursor is.

use super::help::{COMMANDS, SETTINGS, topics};
use super::{MessageName, Rule};
use crate::{etcdctl, predicate};

/// The words that could replace the one under way before byte `cursor` of a line, in order. Each
/// begins with what is already there.
pub fn complete(line: &str, cursor: usize) -> Vec<String> {
    let before = line.get(..cursor).unwrap_or(line);
    let start = before.rfind(char::is_whitespace).map_or(0, |blank| {
        blank + before.get(blank..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let (done, begun) = before.split_at(start);
    let mut words: Vec<&str> = done.split_whitespace().collect();
    if words.first().is_some_and(|first| first.starts_with('@')) {
        words.remove(0);
    }
    if words.first() == Some(&"client") {
        words.drain(..words.len().min(2));
        if words.is_empty() && done.split_whitespace().next_back() == Some("client") {
            return Vec::new();
        }
    }
    while words.first().is_some_and(|first| first.contains('=') && !first.starts_with('=')) {
        words.remove(0);
    }
    let mut found: Vec<String> = match words.split_first() {
        None => commands(),
        Some((&"etcdctl", words)) => etcdctl::args::complete(words, begun),
        Some((command, words)) => arguments(command, words),
    };
    found.retain(|word| word.starts_with(begun));
    found.dedup();
    found
}

fn commands() -> Vec<String> {
    let mut names: Vec<String> = COMMANDS
        .iter()
        .filter(|entry| entry.name != "#")
        .map(|entry| entry.name.to_owned())
        .collect();
    names.sort_unstable();
    names
}

fn owned<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

fn nodes() -> Vec<String> {
    owned(["n1", "n2", "n3", "n4", "n5", "n6", "n7", "leader", "follower"])
}

fn arguments(command: &str, words: &[&str]) -> Vec<String> {
    let last = words.last().copied().unwrap_or("");
    match (command, words.len()) {
        (
            "crash" | "tear" | "restart" | "pause" | "resume" | "start" | "isolate" | "transfer"
            | "clock",
            0,
        ) => nodes(),
        ("cut" | "heal" | "clog" | "unclog" | "loss" | "latency" | "jitter", 0) => nodes(),
        (
            "cut" | "heal" | "clog" | "unclog" | "loss" | "latency" | "jitter" | "duplicate"
            | "drop" | "delay",
            1 | 2,
        ) => after_node(last),
        ("drop" | "delay" | "duplicate", 3) => after_node(last),
        ("drop" | "delay", 0) => owned(MessageName::ALL.map(MessageName::name)),
        ("duplicate", 0) => {
            let mut found = nodes();
            found.extend(owned(MessageName::ALL.map(MessageName::name)));
            found
        }
        ("partition", _) => {
            let mut found = nodes();
            found.retain(|node| !words.contains(&node.as_str()));
            if last.starts_with('n') {
                found.push("|".to_owned());
            }
            found
        }
        ("set", 0) => owned(SETTINGS.map(|setting| setting.name)),
        ("set", 1) => match last {
            "pre-vote" | "check-quorum" => owned(["on", "off"]),
            _ => SETTINGS
                .iter()
                .filter(|setting| setting.name == last)
                .map(|setting| setting.example.to_owned())
                .collect(),
        },
        ("disable" | "enable", 0) => owned(Rule::ALL.map(Rule::name)),
        ("help", 0) => owned(topics().filter(|topic| *topic != "#")),
        ("kill", 0) => owned(["%1"]),
        ("export", _) => owned(["ETCDCTL_API=", "ETCDCTL_ENDPOINTS="]),
        ("unset", _) => owned(["ETCDCTL_API", "ETCDCTL_ENDPOINTS"]),
        ("until" | "assert", _) => {
            let mut found = predicate::complete(words);
            // Where a predicate may end, so may the line, and `until` then knows one word more.
            if command == "until" && found.iter().any(|word| word == "since") {
                found.push("limit".to_owned());
            }
            found
        }
        _ => Vec::new(),
    }
}

/// What follows one end of a link, its arrow, or the kind of a message.
fn after_node(last: &str) -> Vec<String> {
    let mut found = nodes();
    found.retain(|node| node != last);
    if last != "->" && (last.starts_with('n') || matches!(last, "leader" | "follower")) {
        found.push("->".to_owned());
    }
    found
}
