//! Splits a line into words as a POSIX shell does, and expands `$name`.

use serde::{Deserialize, Serialize};

/// One word after splitting; its variables are still names.
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
