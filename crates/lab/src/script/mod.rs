//! The lab's one language: a click, a line in the terminal, a lesson's set-up and a saved session
//! are lines of it.
//!
//! Lines are parsed once, here at the edge, into [`Command`]s; nothing behind this module works
//! with strings. A script is parsed as a whole before anything of it runs, so that a bad line
//! changes nothing.

mod command;
mod values;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use command::{
    Assignment, Command, EtcdctlLine, Expansion, Flight, Ground, HereDocument, Input, JobId, Link,
    NodeRef, Setting, Switch, Ways,
};
pub use values::{MessageName, Micros, NodeId, Ppm, Rule};

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
pub struct ClientName(pub(crate) String);

impl ClientName {
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
