//! Flags, as the real program's pflag library reads them.

use std::slice;

use super::{WatchVariables, go};
use crate::few::Few;

/// A flag of a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    /// Its long name.
    pub(super) name: &'static str,
    /// Its one-letter name.
    pub(super) short: Option<u8>,
    /// What its value is.
    pub(super) kind: Kind,
    /// What the help text shows as its value when it is not given.
    pub(super) default: &'static str,
    /// What it does, in our words.
    pub(super) says: &'static str,
}

impl Flag {
    pub(super) const fn new(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        says: &'static str,
    ) -> Flag {
        Flag { name, short: None, kind, default, says }
    }

    pub(super) const fn short(self, short: u8) -> Flag {
        Flag { short: Some(short), ..self }
    }
}

/// What a flag's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `--prefix`, `--prefix=false`; never takes the next word.
    Bool,
    /// A whole number.
    Int,
    /// Any text.
    Text,
    /// A Go duration.
    Duration,
    /// Texts with commas between; given twice, the lists are joined.
    List,
}

/// A flag's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Int`].
    Int(i64),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Duration`], in nanoseconds.
    Duration(i64),
    /// Of [`Kind::List`].
    List(Vec<String>),
}

/// The flags that were given, and the words between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    /// Flags by name.
    pub(super) flags: Few<&'static str, Value>,
    /// What was no flag.
    pub(super) positional: Vec<String>,
    /// How many of these stood before `--`, if there was one.
    pub(super) before_dashes: Option<usize>,
    /// True if nothing stood after the word `watch`.
    pub(super) ends_with_watch: bool,
    /// The variables that `watch` takes for words.
    pub(super) watch: WatchVariables,
}

impl Given {
    /// A word that was no flag; nothing if there are not so many.
    pub(super) fn word(&self, place: usize) -> String {
        self.positional.get(place).cloned().unwrap_or_default()
    }

    pub(super) fn bool(&self, name: &str) -> bool {
        matches!(self.flags.get(name), Some(Value::Bool(true)))
    }

    pub(super) fn int(&self, name: &str) -> i64 {
        match self.flags.get(name) {
            Some(Value::Int(number)) => *number,
            Some(_) | None => 0,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.flags.get(name) {
            Some(Value::Text(text)) => Some(text),
            Some(_) | None => None,
        }
    }

    /// Sets a flag from a text; an error is in Go's words.
    pub(super) fn set(&mut self, flag: &Flag, text: &str) -> Result<(), String> {
        let value = match flag.kind {
            Kind::Bool => Value::Bool(go::parse_bool(text)?),
            Kind::Int => Value::Int(go::parse_int(text, 0)?),
            Kind::Text => Value::Text(text.to_owned()),
            Kind::Duration => Value::Duration(go::parse_duration(text)?),
            Kind::List => {
                let mut list = match self.flags.remove(flag.name) {
                    Some(Value::List(list)) => list,
                    Some(_) | None => Vec::new(),
                };
                list.extend(split_list(text)?);
                Value::List(list)
            }
        };
        self.flags.insert(flag.name, value);
        Ok(())
    }
}

/// Reads a command's words. An error is in pflag's words.
pub(super) fn parse(words: &[String], flags: &[Flag]) -> Result<Given, String> {
    let mut given = Given::default();
    let mut left = words.iter();
    while let Some(word) = left.next() {
        if word == "--" {
            given.before_dashes = Some(given.positional.len());
            given.positional.extend(left.by_ref().cloned());
        } else if let Some(long) = word.strip_prefix("--") {
            long_flag(word, long, flags, &mut given, &mut left)?;
        } else if word.len() > 1 && word.starts_with('-') {
            short_flags(word.get(1..).unwrap_or(""), flags, &mut given, &mut left)?;
        } else {
            given.positional.push(word.clone());
        }
    }
    Ok(given)
}

fn long_flag(
    word: &str,
    long: &str,
    flags: &[Flag],
    given: &mut Given,
    left: &mut slice::Iter<'_, String>,
) -> Result<(), String> {
    if long.starts_with(['-', '=']) {
        return Err(format!("bad flag syntax: {word}"));
    }
    let (name, value) = match long.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (long, None),
    };
    let Some(flag) = flags.iter().find(|flag| flag.name == name) else {
        return Err(format!("unknown flag: --{name}"));
    };
    let value = match (value, flag.kind) {
        (Some(value), _) => value,
        (None, Kind::Bool) => "true",
        (None, Kind::Int | Kind::Text | Kind::Duration | Kind::List) => {
            left.next().ok_or_else(|| format!("flag needs an argument: {word}"))?
        }
    };
    set_named(flag, value, given)
}

fn short_flags(
    letters: &str,
    flags: &[Flag],
    given: &mut Given,
    left: &mut slice::Iter<'_, String>,
) -> Result<(), String> {
    let mut letters = letters.as_bytes();
    while let Some((letter, after)) = letters.split_first() {
        let shown = || String::from_utf8_lossy(letters).into_owned();
        let Some(flag) = flags.iter().find(|flag| flag.short == Some(*letter)) else {
            let letter = go::quote_character(char::from(*letter));
            return Err(format!("unknown shorthand flag: {letter} in -{}", shown()));
        };
        let after_text = || String::from_utf8_lossy(after).into_owned();
        let (value, rest) = match (after, flag.kind) {
            ([b'=', _, ..], _) => (after_text().get(1..).unwrap_or("").to_owned(), [].as_slice()),
            (_, Kind::Bool) => ("true".to_owned(), after),
            ([_, ..], _) => (after_text(), [].as_slice()),
            ([], Kind::Int | Kind::Text | Kind::Duration | Kind::List) => {
                let letter = go::quote_character(char::from(*letter));
                let missing = || format!("flag needs an argument: {letter} in -{}", shown());
                (left.next().ok_or_else(missing)?.clone(), after)
            }
        };
        set_named(flag, &value, given)?;
        letters = rest;
    }
    Ok(())
}

fn set_named(flag: &Flag, value: &str, given: &mut Given) -> Result<(), String> {
    given.set(flag, value).map_err(|error| {
        let name = match flag.short {
            Some(short) => format!("-{}, --{}", char::from(short), flag.name),
            None => format!("--{}", flag.name),
        };
        format!("invalid argument {} for {} flag: {error}", go::quote(value), go::quote(&name))
    })
}

/// A list with commas between, read as a line of CSV, as Go's `encoding/csv` reads it.
fn split_list(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = (!text.is_empty()).then_some(text);
    while let Some(field) = rest {
        rest = match field.strip_prefix('"') {
            Some(inside) => {
                let (field, after) = quoted_field(inside)?;
                fields.push(field);
                match after.strip_prefix(',') {
                    None if after.is_empty() => None,
                    None => return Err(stray_quote(text, text.len() - after.len() - 1)),
                    next => next,
                }
            }
            None => {
                let (plain, next) = match field.split_once(',') {
                    Some((plain, next)) => (plain, Some(next)),
                    None => (field, None),
                };
                if let Some(quote) = plain.find('"') {
                    let column = column(text, text.len() - field.len() + quote);
                    return Err(format!(
                        "parse error on line 1, column {column}: bare \" in non-quoted-field"
                    ));
                }
                fields.push(plain.to_owned());
                next
            }
        };
    }
    Ok(fields)
}

/// The text up to the closing quote, two quotes standing for one, and what follows it.
fn quoted_field(mut inside: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    loop {
        let Some((before, after)) = inside.split_once('"') else {
            let error = "extraneous or missing \" in quoted-field";
            return Err(format!("record on line 1; parse error on line 2, column 0: {error}"));
        };
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                inside = more;
            }
            None => return Ok((field, after)),
        }
    }
}

fn stray_quote(text: &str, offset: usize) -> String {
    let column = column(text, offset);
    format!("parse error on line 1, column {column}: extraneous or missing \" in quoted-field")
}

/// Characters before a byte.
fn column(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).chars().count()
}
