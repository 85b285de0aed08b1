//! etcdctl's arguments, parsed as the real program's cobra and pflag libraries parse them.
//!
//! Commands and flags are one table ([`commands`]); a new command is a new row and a function that
//! makes a [`Subcommand`] of its words. What the real program (3.5.1) writes when it refuses a
//! line was recorded and is compared in the tests; only its help texts are in our own words.
//!
//! Two of its ways may surprise: it prints the errors of its flag library twice, and
//! `ETCDCTL_COMMAND_TIMEOUT` changes nothing, as it is looked at after the timeout was read.

mod api_two;
mod build;
mod commands;
mod complete;
mod flags;
pub(super) mod go;
mod lines;
mod types;
mod usage;

#[cfg(test)]
mod tests;

pub(crate) use self::complete::{command_names, complete};
pub use self::types::{
    AlarmCommand, Consistency, Del, EndpointCommand, Get, Globals, Invocation, KeyRange,
    LeaseCommand, MemberCommand, Put, PutValue, SnapshotCommand, SortBy, SortOrder, Subcommand,
    Watch, WatchVariables, WriteOut,
};

pub(super) use self::lines::{Line, txn_request, watch_line};

use self::build::Refusal;
use self::commands::{Body, COMMANDS, GLOBAL_FLAGS, HELP_FLAG, REFUSED_FLAGS, Reach, Spec};
use self::flags::{Flag, Given, Kind};
use crate::few::Few;
use crate::script::Micros;

/// Exit status for a line that cannot be done (etcdctl `ExitError`).
const EXIT_ERROR: i32 = 1;
/// Exit status for lines of standard input that make no sense (etcdctl `ExitInvalidInput`).
const EXIT_INVALID_INPUT: i32 = 3;
/// Exit status for a cluster that cannot be reached (etcdctl `ExitBadConnection`).
const EXIT_BAD_CONNECTION: i32 = 2;
/// Exit status for a feature that is not there (etcdctl `ExitBadFeature`).
const EXIT_BAD_FEATURE: i32 = 4;
/// Exit status for arguments that make no sense (etcdctl `ExitBadArgs`).
const EXIT_BAD_ARGS: i32 = 128;

/// The variables of a shell that a command sees.
pub type Environment = Few<String, String>;

/// A command line that real etcdctl refuses by itself, and what it writes then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// To standard output (cobra's usage).
    pub stdout: String,
    /// To standard error.
    pub stderr: String,
    /// Exit status.
    pub exit_code: i32,
}

impl UsageError {
    /// What went wrong, alone.
    fn reason(&self) -> &str {
        self.stderr.trim_start_matches("Error: ").trim_end()
    }

    fn error(message: impl Into<String>, exit_code: i32) -> UsageError {
        let stderr = format!("Error: {}\n", message.into());
        UsageError { stdout: String::new(), stderr, exit_code }
    }

    /// What cobra writes about a flag it cannot read: the usage, and the error twice.
    fn bad_flag(path: &[&Spec], message: &str) -> UsageError {
        UsageError {
            stdout: usage::of(path),
            stderr: format!("Error: {message}\n\nError: {message}\n"),
            exit_code: EXIT_ERROR,
        }
    }
}

impl Invocation {
    /// Parses the words after `etcdctl`, with the variables that the command sees.
    ///
    /// # Errors
    /// What the real program writes when it refuses the line by itself, before any server is asked.
    pub fn parse(words: &[String], environment: &Environment) -> Result<Invocation, UsageError> {
        match environment.get("ETCDCTL_API").map_or("", String::as_str) {
            "" | "3" => parse_v3(words, environment),
            "2" => api_two::parse(words),
            other => Err(UsageError {
                stdout: String::new(),
                stderr: format!("unsupported API version: {other}\n"),
                exit_code: EXIT_ERROR,
            }),
        }
    }
}

fn parse_v3(words: &[String], environment: &Environment) -> Result<Invocation, UsageError> {
    // A bare `watch` is found out from the line as it was typed (etcdctl `parseWatchArgs`).
    let first_watch = words.iter().position(|word| word == "watch");
    let ends_with_watch = first_watch.is_some_and(|place| place + 1 == words.len());
    let (path, words) =
        find(COMMANDS, GLOBAL_FLAGS, words).map_err(|word| unknown_command(&word))?;
    let Some(spec) = path.last() else { return root(&words) };
    if let Body::NotBuilt = spec.body {
        // Its flags are not known, so its words cannot be told apart: only `--help` is looked for.
        return Ok(Globals::usual().run(Subcommand::NotInThisLab(name_of(&path))));
    }
    let mut given = flags::parse(&words, &flags_of(&path, GLOBAL_FLAGS))
        .map_err(|error| UsageError::bad_flag(&path, &error))?;
    if given.bool("help") {
        return Ok(Globals::usual().run(Subcommand::Help(usage::page(&path))));
    }
    given.ends_with_watch = ends_with_watch;
    let variable = |name| environment.get(name).cloned().unwrap_or_default();
    given.watch = WatchVariables {
        key: variable("ETCDCTL_WATCH_KEY"),
        range_end: variable("ETCDCTL_WATCH_RANGE_END"),
    };
    match &spec.body {
        Body::Group(_) => Ok(Globals::usual().run(Subcommand::Help(usage::page(&path)))),
        Body::NotBuilt => Ok(Globals::usual().run(Subcommand::NotInThisLab(name_of(&path)))),
        Body::Help => help(&given.positional),
        Body::Built { takes, build, reach } => {
            let inherited = inherited_flags(&path, GLOBAL_FLAGS);
            let command = |given: &Given| build::build(takes, *build, given);
            match reach {
                Reach::Nothing => run(command(&given), || Ok(Globals::usual())),
                Reach::File => run(command(&given), || file_globals(&given)).map_err(deprecated),
                Reach::Cluster => {
                    // A flag may be given by a variable, but a command is made of what is.
                    let found = globals(&mut given, &inherited, environment);
                    run(command(&given), || found)
                }
            }
        }
    }
}

/// Puts a command together with the flags that all have; says what is told first if both are wrong.
fn run(
    command: Result<Subcommand, Refusal>,
    globals: impl FnOnce() -> Result<Globals, UsageError>,
) -> Result<Invocation, UsageError> {
    match command {
        Err(Refusal::Early(error)) => Err(error),
        Err(Refusal::Late(error)) => globals().and(Err(error)),
        Ok(command) => Ok(globals()?.run(command)),
    }
}

/// What real etcdctl writes to standard error first when it is to read a snapshot's file.
pub(crate) const DEPRECATED: &str = "Deprecated: Use `etcdutl snapshot status` instead.\n\n";

fn deprecated(error: UsageError) -> UsageError {
    UsageError { stderr: format!("{DEPRECATED}{}", error.stderr), ..error }
}

/// Follows the words to a command (cobra `Find`). Gives the rows passed, and the words without
/// those that named them; or the word that names none.
fn find(
    specs: &'static [Spec],
    global: &[Flag],
    words: &[String],
) -> Result<(Vec<&'static Spec>, Vec<String>), String> {
    let mut path: Vec<&'static Spec> = Vec::new();
    let mut words = words.to_vec();
    loop {
        let specs = match path.last() {
            None => specs,
            Some(Spec { body: Body::Group(specs), .. }) => *specs,
            Some(_) => return Ok((path, words)),
        };
        let flags = flags_of(&path, global);
        let Some(place) = first_plain_word(&words, &flags) else { return Ok((path, words)) };
        let word = words.get(place).cloned().unwrap_or_default();
        match named(specs, &word) {
            Some(spec) => {
                // As in cobra: the first equal word goes, even if it was the value of a flag.
                let first = words.iter().position(|other| *other == word).unwrap_or(place);
                words.remove(first);
                path.push(spec);
            }
            None if path.is_empty() => return Err(word),
            None => return Ok((path, words)),
        }
    }
}

/// Where the first word stands that is neither a flag nor a flag's value (cobra `stripFlags`). An
/// unknown flag is taken to have a value.
fn first_plain_word(words: &[String], flags: &[Flag]) -> Option<usize> {
    let is_switch = |flag: Option<&Flag>| flag.is_some_and(|flag| flag.kind == Kind::Bool);
    let mut place = 0;
    while let Some(word) = words.get(place) {
        let takes_next = if word == "--" {
            return None;
        } else if let Some(name) = word.strip_prefix("--") {
            !word.contains('=') && !is_switch(flags.iter().find(|flag| flag.name == name))
        } else if let Some(letter) = word.strip_prefix('-') {
            let letter = letter.as_bytes();
            let short = |flag: &&Flag| flag.short.as_ref() == letter.first();
            letter.len() == 1 && letter != b"=" && !is_switch(flags.iter().find(short))
        } else if word.is_empty() {
            false
        } else {
            return Some(place);
        };
        // A last flag without a value ends the search.
        if takes_next && place + 2 >= words.len() {
            return None;
        }
        place += 1 + usize::from(takes_next);
    }
    None
}

/// The row of that name, or the only one that begins so (cobra `EnablePrefixMatching`).
fn named(specs: &'static [Spec], word: &str) -> Option<&'static Spec> {
    if let Some(spec) = specs.iter().find(|spec| spec.name == word) {
        return Some(spec);
    }
    let mut matches = specs.iter().filter(|spec| spec.name.starts_with(word));
    match (matches.next(), matches.next()) {
        (Some(spec), None) => Some(spec),
        _ => None,
    }
}

fn unknown_command(word: &str) -> UsageError {
    let mut message = format!("unknown command {} for \"etcdctl\"", go::quote(word));
    let near = complete::suggestions(word);
    if !near.is_empty() {
        message.push_str("\n\nDid you mean this?\n");
        near.iter().for_each(|name| message.push_str(&format!("\t{name}\n")));
    }
    UsageError {
        stdout: String::new(),
        stderr: format!("Error: {message}\nRun 'etcdctl --help' for usage.\nError: {message}\n"),
        exit_code: EXIT_ERROR,
    }
}

/// No command: help, unless a flag is wrong.
fn root(words: &[String]) -> Result<Invocation, UsageError> {
    flags::parse(words, &flags_of(&[], GLOBAL_FLAGS))
        .map_err(|error| UsageError::bad_flag(&[], &error))?;
    Ok(Globals::usual().run(Subcommand::Help(usage::page(&[]))))
}

/// `help`, `help get`, `help lease grant`.
fn help(topic: &[String]) -> Result<Invocation, UsageError> {
    match find(COMMANDS, GLOBAL_FLAGS, topic) {
        Ok((path, _)) => Ok(Globals::usual().run(Subcommand::Help(usage::page(&path)))),
        Err(_) => Err(UsageError {
            stdout: usage::of(&[]),
            stderr: format!("Unknown help topic [`{}`]\n", topic.join("` `")),
            exit_code: 0,
        }),
    }
}

/// The flags that a command has from above: from its groups, and those that all have.
fn inherited_flags(path: &[&Spec], global: &[Flag]) -> Vec<Flag> {
    let groups = path.split_last().map_or(&[][..], |(_, groups)| groups);
    groups.iter().flat_map(|spec| spec.flags).chain(global).copied().collect()
}

/// All flags of a command, or of etcdctl itself if the path is empty.
fn flags_of(path: &[&Spec], global: &[Flag]) -> Vec<Flag> {
    let own = path.last().map_or(&[][..], |spec| spec.flags);
    own.iter().copied().chain(inherited_flags(path, global)).chain([HELP_FLAG]).collect()
}

fn name_of(path: &[&Spec]) -> String {
    path.iter().map(|spec| spec.name).collect::<Vec<_>>().join(" ")
}

/// The flags that every command has, checked in the real program's order
/// (`clientConfigFromCmd`).
fn globals(
    given: &mut Given,
    inherited: &[Flag],
    environment: &Environment,
) -> Result<Globals, UsageError> {
    // The timeout is read before the variables are looked at.
    let command_timeout = build::micros(given, "command-timeout", 5_000_000);
    from_environment(given, inherited, environment)?;
    if let Some(name) = REFUSED_FLAGS.iter().find(|name| given.flags.get(**name).is_some()) {
        let message = format!("--{name} is not in this lab; see docs/etcd.md");
        return Err(UsageError::error(message, EXIT_BAD_FEATURE));
    }
    let globals = file_globals(given)?;
    let endpoints = match build::endpoints(given) {
        Some(list) if list.is_empty() => {
            let message = "etcdclient: no available endpoints";
            return Err(UsageError::error(message, EXIT_BAD_CONNECTION));
        }
        Some(list) => list.clone(),
        None => Vec::new(),
    };
    Ok(Globals {
        endpoints,
        command_timeout: Micros(command_timeout),
        dial_timeout: Micros(build::micros(given, "dial-timeout", 2_000_000)),
        ..globals
    })
}

/// What of them matters to a command that reads a file; it takes no variables.
fn file_globals(given: &Given) -> Result<Globals, UsageError> {
    let write_out = match given.text("write-out").unwrap_or("simple") {
        "simple" => WriteOut::Simple,
        "json" => WriteOut::Json,
        "fields" => WriteOut::Fields,
        "table" => WriteOut::Table,
        "protobuf" => WriteOut::Protobuf,
        _ => return Err(UsageError::error("unsupported output format", EXIT_BAD_FEATURE)),
    };
    Ok(Globals { write_out, hex: given.bool("hex"), ..Globals::usual() })
}

/// `ETCDCTL_WRITE_OUT` is `--write-out`, unless that was given, which is an error. A value that
/// makes no sense is passed over, as the real program does.
fn from_environment(
    given: &mut Given,
    inherited: &[Flag],
    environment: &Environment,
) -> Result<(), UsageError> {
    for flag in inherited {
        let variable = format!("ETCDCTL_{}", flag.name.to_ascii_uppercase().replace('-', "_"));
        let Some(value) = environment.get(&variable) else { continue };
        if given.flags.get(flag.name).is_some() {
            return Err(UsageError {
                stdout: String::new(),
                stderr: format!(
                    "conflicting environment variable \"{variable}\" is shadowed by corresponding \
                     command-line flag (either unset environment variable or disable flag)\n"
                ),
                exit_code: EXIT_ERROR,
            });
        }
        if !value.is_empty() {
            let _ = given.set(flag, value);
        }
    }
    Ok(())
}

impl Globals {
    /// What holds when no flag says otherwise.
    fn usual() -> Globals {
        Globals {
            endpoints: Vec::new(),
            command_timeout: Micros(5_000_000),
            dial_timeout: Micros(2_000_000),
            write_out: WriteOut::Simple,
            hex: false,
        }
    }

    fn run(self, command: Subcommand) -> Invocation {
        Invocation { globals: self, command }
    }
}
