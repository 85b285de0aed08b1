//! `ETCDCTL_API=2`: what the real program answers under the version that etcd 3.5 no longer serves.
//!
//! Its commands are still known there and look at their words; but a server without
//! `--enable-v2`, as all are in this lab, has no such doors, and the client takes its "404 page not
//! found" for an answer that is no JSON. Commands of version 3 are unknown.

use super::{
    EXIT_BAD_ARGS, EXIT_BAD_FEATURE, EXIT_ERROR, EXIT_INVALID_INPUT, Globals, Invocation,
    Subcommand, UsageError,
};

/// A command of version 2: its name, the words it wants, and what it does.
type Row = (&'static str, Wants, &'static str);

/// The words that a command wants, and what it comes to then.
#[derive(Clone, Copy)]
enum Wants {
    /// Nothing.
    Nothing,
    /// A key.
    Key,
    /// A key and a value, which may be on standard input.
    KeyAndValue,
    /// A key and a command.
    KeyAndCommand,
    /// The lab leaves it out.
    NotInThisLab,
    /// It asks who the members are.
    Members,
    /// It asks whether all are well.
    Health,
}

const COMMANDS: [Row; 18] = [
    ("backup", Wants::NotInThisLab, "Copy a data directory"),
    ("cluster-health", Wants::Health, "Ask whether the members work"),
    ("mk", Wants::KeyAndValue, "Write a key that does not exist"),
    ("mkdir", Wants::Key, "Make a directory"),
    ("rm", Wants::Key, "Delete a key or a directory"),
    ("rmdir", Wants::Key, "Delete an empty directory"),
    ("get", Wants::Key, "Read a key"),
    ("ls", Wants::Nothing, "Show the keys of a directory"),
    ("set", Wants::KeyAndValue, "Write a key"),
    ("setdir", Wants::Key, "Make a directory, or keep it"),
    ("update", Wants::KeyAndValue, "Write a key that exists"),
    ("updatedir", Wants::Key, "Change how long a directory lives"),
    ("watch", Wants::Key, "Wait for a key to change"),
    ("exec-watch", Wants::KeyAndCommand, "Run a command when a key changes"),
    ("member", Wants::Members, "Who belongs to the cluster"),
    ("user", Wants::NotInThisLab, "Users"),
    ("role", Wants::NotInThisLab, "Roles"),
    ("auth", Wants::NotInThisLab, "Passwords"),
];

/// Flags before the command that take a value; each has two dashes or one.
const VALUE_FLAGS: [&str; 15] = [
    "C",
    "D",
    "ca-file",
    "cert-file",
    "discovery-srv",
    "endpoint",
    "endpoints",
    "key-file",
    "o",
    "output",
    "peers",
    "timeout",
    "total-timeout",
    "u",
    "username",
];
/// Flags before the command that take none.
const SWITCHES: [&str; 3] = ["debug", "insecure-discovery", "no-sync"];

/// What the client says to an answer that is none of its own.
const NO_JSON: &str =
    "client: response is invalid json. The endpoint is probably not valid etcd cluster endpoint";

/// Parses the words after `etcdctl`.
pub(super) fn parse(words: &[String]) -> Result<Invocation, UsageError> {
    let mut left = words.iter().map(String::as_str);
    let word = loop {
        let Some(word) = left.next() else { return Ok(help(None)) };
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else { break word };
        let name = name.strip_prefix('-').unwrap_or(name);
        let (flag, value) = name.split_once('=').map_or((name, None), |(flag, _)| (flag, Some(())));
        match flag {
            "" => {
                let Some(word) = left.next() else { return Ok(help(None)) };
                break word;
            }
            "version" | "v" => return Ok(show("etcdctl version: 3.5.1\nAPI version: 2\n".into())),
            "help" | "h" => return Ok(help(None)),
            _ if SWITCHES.contains(&flag) => {}
            _ if VALUE_FLAGS.contains(&flag) => {
                if value.is_none() && left.next().is_none() {
                    return Err(incorrect(&format!("flag needs an argument: -{flag}")));
                }
            }
            _ => return Err(incorrect(&format!("flag provided but not defined: -{flag}"))),
        }
    };
    let words: Vec<&str> = left.collect();
    let topic = || words.first().copied();
    match (COMMANDS.iter().find(|row| row.0 == word), word) {
        (None, "") => Ok(help(None)),
        (None, "help" | "h") => match topic().map(|topic| (row(topic), topic)) {
            None => Ok(help(None)),
            Some((Some(row), _)) => Ok(help(Some(row))),
            Some((None, topic)) => Err(no_topic(topic)),
        },
        (None, _) => Err(no_topic(word)),
        (Some(row), _) if words.iter().any(|word| matches!(*word, "--help" | "-h" | "-help")) => {
            Ok(help(Some(row)))
        }
        (Some(row), _) => run(row, &words),
    }
}

fn row(name: &str) -> Option<&'static Row> {
    COMMANDS.iter().find(|row| row.0 == name)
}

/// What a command comes to: an error always.
fn run(row: &'static Row, words: &[&str]) -> Result<Invocation, UsageError> {
    let mut plain = words.iter().copied().filter(|word| !word.starts_with('-'));
    let (first, second) = (plain.next(), plain.next());
    let bad = |message: &str| Err(UsageError::error(format!(" {message}"), EXIT_BAD_ARGS));
    let raw = |message: &str, exit_code| {
        Err(UsageError { stdout: String::new(), stderr: format!("{message}\n"), exit_code })
    };
    match (row.1, first, second) {
        (Wants::Key | Wants::KeyAndValue, None, _) => bad("key required"),
        (Wants::KeyAndValue, Some(_), None) => bad("value required"),
        (Wants::KeyAndCommand, _, None) => bad("key and command to exec required"),
        (Wants::Nothing | Wants::Key | Wants::KeyAndValue | Wants::KeyAndCommand, _, _) => {
            Err(UsageError::error(format!(" {NO_JSON}"), EXIT_BAD_FEATURE))
        }
        (Wants::Health, _, _) => Err(UsageError {
            stdout: "cluster may be unhealthy: failed to list members\n".to_owned(),
            ..UsageError::error(" unexpected status code 404", EXIT_BAD_FEATURE)
        }),
        (Wants::Members, Some("list"), _) => raw("unexpected status code 404", EXIT_ERROR),
        (Wants::Members, Some("add" | "remove" | "update"), _) | (Wants::NotInThisLab, _, _) => {
            let name = format!("{} of API version 2", row.0);
            Ok(Globals::usual().run(Subcommand::NotInThisLab(name)))
        }
        (Wants::Members, Some(word), _) => Err(no_topic(word)),
        (Wants::Members, None, _) => Ok(help(Some(row))),
    }
}

fn no_topic(word: &str) -> UsageError {
    let stderr = format!("No help topic for '{word}'\n");
    UsageError { stdout: String::new(), stderr, exit_code: EXIT_INVALID_INPUT }
}

fn incorrect(message: &str) -> UsageError {
    UsageError {
        stdout: format!("Incorrect Usage. {message}\n\n{}", page(None)),
        stderr: format!("{message}\n"),
        exit_code: EXIT_ERROR,
    }
}

fn show(text: String) -> Invocation {
    Globals::usual().run(Subcommand::Help(text))
}

fn help(row: Option<&Row>) -> Invocation {
    show(page(row))
}

/// Help in our own words: on a command, or on all of them.
fn page(row: Option<&Row>) -> String {
    if let Some((name, wants, says)) = row {
        let words = match wants {
            Wants::Nothing | Wants::Health | Wants::NotInThisLab => "",
            Wants::Key => " <key>",
            Wants::KeyAndValue => " <key> <value>",
            Wants::KeyAndCommand => " <key> <command>",
            Wants::Members => " list",
        };
        return format!("NAME:\n   etcdctl {name} - {says}\n\nUSAGE:\n   etcdctl {name}{words}\n");
    }
    let mut text =
        "NAME:\n   etcdctl - Talk to an etcd of version 2, which 3.5 does not serve.\n\n\
                    USAGE:\n   etcdctl command [arguments...]\n\nVERSION:\n   3.5.1\n\nCOMMANDS:\n"
            .to_owned();
    for (name, _, says) in &COMMANDS {
        text.push_str(&format!("   {name:<16}{says}\n"));
    }
    text
}
