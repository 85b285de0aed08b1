//! Splits a line into words as a POSIX shell does, and expands `$name`.
//!
//! What a learner types here must mean the same in a shell beside a real cluster. So single and
//! double quotes, backslashes, comments, `&`, here-documents and here-strings are as POSIX (and
//! bash, for `<<<`) have them; what this small shell leaves out (pipes, files, globs' matching,
//! command substitution) is an error that says so, or stands for itself where a shell would leave
//! it alone as well. Two differences are meant: a quoted text ends on the line it began on (a
//! forgotten quote would swallow the rest of a script) except after `<<<`, and `$1`, `$?` and their
//! like are errors instead of nothing.

mod expand;
mod split;
mod variables;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::script::Ending;

pub use expand::{expand_text, expand_words};
pub(crate) use split::{Redirect, SpannedWord, SplitLine, Tabs, is_name, split};
pub(crate) use variables::Variables;

/// One word after splitting; its variables are still names.
///
/// Parts are in normal form: no text is empty, and no two texts are neighbours. `Display` quotes
/// what needs it, so that splitting the result gives the word back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Word {
    /// What it is made of, in order; no parts is the empty word `''`.
    pub parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// Characters that stand for themselves.
    Text(String),
    /// `$name` or `${name}`.
    Variable {
        /// The name without `$`.
        name: String,
        /// Whether it stood in double quotes.
        quoting: Quoting,
    },
}

/// Whether a variable's value may fall apart into several words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Quoting {
    /// `$name`: white space in the value separates words, and an empty value is no word.
    Bare,
    /// `"$name"`: the value stays in its word.
    Quoted,
}

/// Why a line could not be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ShellError {
    /// Where, in bytes from the start of the text.
    pub(crate) offset: usize,
    /// What was expected instead.
    pub(crate) message: String,
    /// Whether more text below could mend it.
    pub(crate) ending: Ending,
}

impl Word {
    /// A word without variables.
    pub fn literal(text: impl Into<String>) -> Word {
        let mut word = Word::default();
        word.push_text(&text.into());
        word
    }

    /// What it says if it has no variables.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            Some(Part::Variable { .. }) | None => self.parts.push(Part::Text(text.to_owned())),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return formatter.write_str("''");
        }
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => formatter.write_str(&quote(text))?,
                Part::Variable { name, quoting: Quoting::Quoted } => {
                    write!(formatter, "\"${name}\"")?
                }
                Part::Variable { name, quoting: Quoting::Bare } => {
                    match self.parts.get(index + 1) {
                        Some(Part::Text(next)) if next.starts_with(continues_name) => {
                            write!(formatter, "${{{name}}}")?;
                        }
                        _ => write!(formatter, "${name}")?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// The text as one word of a shell: itself where every character is harmless, else in quotes.
pub fn quote(text: &str) -> String {
    let harmless = |character: char| {
        character.is_ascii_alphanumeric()
            || "_@%+=:,./-".contains(character)
            || (!character.is_ascii() && !character.is_whitespace() && !character.is_control())
    };
    if !text.is_empty() && text.chars().all(harmless) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Whether a variable's name may begin with this.
fn begins_name(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

/// Whether a variable's name may go on with this.
fn continues_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
