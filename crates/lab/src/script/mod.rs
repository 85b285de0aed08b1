//! The lab's one language: a click, a line in the terminal, a lesson's set-up and a saved session
//! are lines of it.
//!
//! Lines are parsed once, here at the edge, into [`Command`]s; nothing behind this module works
//! with strings. A script is parsed as a whole before anything of it runs, so that a bad line
//! changes nothing.
//!
//! A reader starts at [`Line`] and [`Command`]. `docs/script.md` is the language's reference; its
//! examples are tested here.

mod command;
mod complete;
mod display;
mod help;
mod line;
mod parse;
mod tokens;
mod values;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use command::{
    Assignment, Command, EtcdctlLine, Expansion, Flight, Ground, HereDocument, Input, JobId, Link,
    NodeRef, Setting, Switch, Ways,
};
pub use complete::complete;
pub use help::{help, help_about};
pub(crate) use parse::{duration, link, node, number, starts_with_node};
pub(crate) use tokens::{Cursor, Ending, Fault, Token, hint, quote_word, tokenize, unknown};
pub(crate) use values::decimal_text;
pub use values::{
    MessageName, Micros, NodeId, Ppm, Rule, duration_text, percentage_text, rate_text,
};

/// Parses one line, which may bring its here-document with it.
///
/// # Errors
/// Says where the line is wrong and what was expected; also if there is more than one line.
pub fn parse_line(text: &str) -> Result<Line, ScriptError> {
    let text = unix_lines(text);
    let parsed = parse_numbered(&text, 0, 1)?;
    let rest = text.get(parsed.next..).unwrap_or("");
    if rest.trim().is_empty() {
        Ok(parsed.line)
    } else {
        Err(located(&text, Fault::new(parsed.next, "expected one line only")))
    }
}

/// Parses a whole script, blank lines and comments included.
///
/// # Errors
/// The first bad line; then nothing of the script may run.
pub fn parse_script(text: &str) -> Result<Vec<Line>, ScriptError> {
    let text = unix_lines(text);
    let mut lines = Vec::new();
    let (mut start, mut line_number) = (0, 1);
    while start < text.len() {
        let parsed = parse_numbered(&text, start, line_number)?;
        let taken = text.get(start..parsed.next).unwrap_or("");
        line_number += line_feeds(taken);
        start = parsed.next;
        lines.push(parsed.line);
    }
    Ok(lines)
}

/// Whether the text, as one line, waits for more below: a here-document without its end, or a
/// backslash at the end of an etcdctl line. A prompt then goes on asking.
pub fn wants_more(text: &str) -> bool {
    let text = unix_lines(text);
    line::parse_line_at(&text, 0).is_err_and(|fault| fault.ending == Ending::Open)
}

fn parse_numbered(text: &str, start: usize, number: u32) -> Result<line::Parsed, ScriptError> {
    let mut parsed = line::parse_line_at(text, start).map_err(|fault| located(text, fault))?;
    parsed.line.line_number = number;
    Ok(parsed)
}

/// Files from Windows mean the same.
fn unix_lines(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").into() } else { text.into() }
}

/// Counts lines and characters up to a fault.
pub(crate) fn located(text: &str, fault: Fault) -> ScriptError {
    let before = text.get(..fault.offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |feed| feed + 1);
    let characters = before.get(line_start..).unwrap_or("").chars().count();
    ScriptError {
        line: 1 + line_feeds(before),
        column: 1 + u32::try_from(characters).unwrap_or(u32::MAX - 1),
        message: fault.message,
    }
}

fn line_feeds(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX - 1)
}

/// One line of the language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// `@1204` or `@12.48s`: when it is issued; `None` as soon as the foreground is free.
    pub at: Option<At>,
    /// `client b`: whose line it is; `None` is client `a`.
    pub client: Option<ClientName>,
    /// What is to be done.
    pub command: Command,
    /// The line as written, without its end and without its here-document.
    pub source: String,
    /// The here-document's text as written, each of its lines with its end, without the delimiter.
    pub here_document: Option<String>,
    /// Where it began in its script, from 1.
    pub line_number: u32,
}

/// When a line is issued, even if an earlier foreground command has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum At {
    /// `@1204`: at this event.
    Event(u64),
    /// `@12.48s`: at this virtual time.
    Time(Micros),
}

/// A client's name: a letter, then letters, digits, `-` or `_`, at most 16 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientName(String);

impl Line {
    /// The line as written, its here-document below it; no line feed at the end.
    pub fn text(&self) -> String {
        match (&self.here_document, &self.command) {
            (
                Some(document),
                Command::Etcdctl(EtcdctlLine { input: Input::HereDocument(here), .. }),
            ) => {
                format!("{}\n{document}{}", self.source, here.delimiter)
            }
            _ => self.source.clone(),
        }
    }
}

impl ClientName {
    /// The name, if it is one.
    pub fn new(name: &str) -> Option<ClientName> {
        let follows = |next: char| next.is_ascii_alphanumeric() || next == '-' || next == '_';
        let good = name.len() <= 16
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(follows);
        good.then(|| ClientName(name.to_owned()))
    }

    /// The client whose lines need no `client …` before them: `a`.
    pub fn usual() -> ClientName {
        ClientName("a".to_owned())
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Why a line was not understood. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: u32,
    /// The character in it, from 1.
    pub column: u32,
    /// What was expected instead, in lower case.
    pub message: String,
}
