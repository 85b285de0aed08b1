//! Lines as they stand in a script: `@` prefixes, clients, shell lines, here-documents.

use super::command::{Assignment, Command, EtcdctlLine, Expansion, Ground, HereDocument, Input};
use super::parse::{parse_command, unknown_command};
use super::tokens::{Cursor, Ending, Fault, tokenize};
use super::values::parse_duration;
use super::{At, ClientName, Line};
use crate::shell::{self, Quoting, Redirect, ShellError, SpannedWord, SplitLine, Tabs, Word};

/// A line and where the next one begins, in bytes of the text.
pub(super) struct Parsed {
    pub(super) line: Line,
    pub(super) next: usize,
}

impl From<ShellError> for Fault {
    fn from(error: ShellError) -> Fault {
        Fault { offset: error.offset, message: error.message, ending: error.ending }
    }
}

/// Parses the line of `text` that begins at byte `start`. Its `line_number` is left at 0.
pub(super) fn parse_line_at(text: &str, start: usize) -> Result<Parsed, Fault> {
    let end = start
        + text.get(start..).and_then(|rest| rest.find('\n')).unwrap_or_else(|| text.len() - start);
    let mut words = Words { text, offset: start, end };
    let at = at_prefix(&mut words)?;
    let client = client_prefix(&mut words)?;
    let body = words.start_of_next();
    let first = words.peek();
    let mut parsed = if first.is_empty() && at.is_none() && client.is_none() {
        plain(text, start, end, Command::Blank)
    } else if first.is_empty() {
        return Err(Fault::new(words.offset, "expected a command"));
    } else if first.starts_with('#') && client.is_none() {
        let comment = text.get(body + 1..end).unwrap_or("");
        plain(text, start, end, Command::Comment(comment.to_owned()))
    } else if first == "type" {
        plain(text, start, end, Command::Type(typed(text.get(body..end).unwrap_or(""))))
    } else if is_shell_line(first) {
        shell_line(text, start, body)?
    } else {
        let tokens = tokenize(text, body, end)?;
        let command = parse_command(&mut Cursor::new(&tokens, words.end_of_text()))?;
        if client.is_some() && !is_clients_own(&command) {
            return Err(Fault::new(
                body,
                format!(
                    "a client can run etcdctl, jobs, kill, interrupt, export and unset, not `{first}`"
                ),
            ));
        }
        plain(text, start, end, command)
    };
    parsed.line.at = at;
    parsed.line.client = client;
    Ok(parsed)
}

/// What stands behind `type` and a blank, to the letter.
fn typed(body: &str) -> Option<String> {
    let text = body.strip_prefix("type").unwrap_or(body);
    let text = text.strip_prefix(' ').unwrap_or(text).trim_end_matches('\r');
    (text != "^D").then(|| text.to_owned())
}

fn plain(text: &str, start: usize, end: usize, command: Command) -> Parsed {
    let source = text.get(start..end).unwrap_or("").to_owned();
    let line =
        Line { at: None, client: None, command, source, here_document: None, line_number: 0 };
    Parsed { line, next: end + 1 }
}

/// The leading words of a line, before it is known how the rest is to be read.
struct Words<'a> {
    text: &'a str,
    offset: usize,
    end: usize,
}

impl<'a> Words<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.offset..self.end).unwrap_or("")
    }

    fn start_of_next(&mut self) -> usize {
        let blanks = self.rest().len() - self.rest().trim_start().len();
        self.offset += blanks;
        self.offset
    }

    /// The next word, empty at the end.
    fn peek(&mut self) -> &'a str {
        self.start_of_next();
        self.rest().split(char::is_whitespace).next().unwrap_or("")
    }

    fn skip(&mut self, word: &str) {
        self.offset += word.len();
    }

    fn end_of_text(&self) -> usize {
        self.offset + self.rest().trim_end().len()
    }
}

/// `@1204` or `@12.48s`.
fn at_prefix(words: &mut Words<'_>) -> Result<Option<At>, Fault> {
    let word = words.peek();
    let Some(when) = word.strip_prefix('@') else { return Ok(None) };
    let offset = words.offset;
    words.skip(word);
    if when.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(event) = when.parse()
    {
        return Ok(Some(At::Event(event)));
    }
    match parse_duration(when) {
        Ok(time) => Ok(Some(At::Time(time))),
        Err(_) => Err(Fault::new(
            offset,
            format!(
                "expected an event or a time after `@`, such as @1204 or @12.48s, not `{word}`"
            ),
        )),
    }
}

/// `client b`.
fn client_prefix(words: &mut Words<'_>) -> Result<Option<ClientName>, Fault> {
    if words.peek() != "client" {
        return Ok(None);
    }
    words.skip("client");
    let name = words.peek();
    let offset = words.offset;
    if name.is_empty() {
        return Err(Fault::new(offset, "expected a client's name, such as b"));
    }
    let client = ClientName::new(name).ok_or_else(|| {
        Fault::new(offset, format!("expected a client's name, such as b, not `{name}`"))
    })?;
    words.skip(name);
    if matches!(words.peek().chars().next(), None | Some('#')) {
        let offset = words.offset;
        return Err(Fault::new(
            offset,
            format!("expected what client {name} does, such as etcdctl get name"),
        ));
    }
    Ok(Some(client))
}

/// Whether a client of its own may issue this (lines of the shell are not asked here).
fn is_clients_own(command: &Command) -> bool {
    matches!(command, Command::Jobs | Command::Kill(_) | Command::Interrupt | Command::Type(_))
}

/// Whether a line that begins so is read as a shell reads it.
fn is_shell_line(first: &str) -> bool {
    matches!(first, "etcdctl" | "export" | "unset") || assigned_name(first).is_some()
}

/// The name in `NAME=…`.
fn assigned_name(word: &str) -> Option<&str> {
    word.split_once('=').map(|(name, _)| name).filter(|name| shell::is_name(name))
}

fn shell_line(text: &str, start: usize, body: usize) -> Result<Parsed, Fault> {
    let split = shell::split(text, body)?;
    let source = text.get(start..split.end).unwrap_or("").to_owned();
    let mut next = split.end + 1;
    let mut here_document = None;
    let mut words = split.words.as_slice();
    let environment = environment(text, &mut words)?;
    let Some((first, arguments)) = words.split_first() else {
        only_words(&split, "NAME=value")?;
        let command = Command::Assign(environment);
        let line = Line { at: None, client: None, command, source, here_document, line_number: 0 };
        return Ok(Parsed { line, next });
    };
    let command = match first.word.as_literal() {
        Some("etcdctl") => {
            let input = match &split.redirect {
                None => Input::Empty,
                Some((_, Redirect::HereString(word))) => Input::HereString(word.clone()),
                Some((at, Redirect::HereDocument { delimiter, quoting, tabs })) => {
                    let (document, after) = here_document_at(text, next, delimiter, *tabs)
                        .ok_or_else(|| unterminated(*at, delimiter))?;
                    here_document = Some(document);
                    next = after;
                    let expansion = match quoting {
                        Quoting::Bare => Expansion::Variables,
                        Quoting::Quoted => Expansion::None,
                    };
                    Input::HereDocument(HereDocument { delimiter: delimiter.clone(), expansion })
                }
            };
            let ground =
                if split.background.is_some() { Ground::Background } else { Ground::Foreground };
            let words = arguments.iter().map(|spanned| spanned.word.clone()).collect();
            Command::Etcdctl(EtcdctlLine { environment, words, input, ground })
        }
        _ if !environment.is_empty() => {
            return Err(Fault::new(first.start, "expected `etcdctl` after the variables"));
        }
        Some("export") => {
            only_words(&split, "export")?;
            Command::Export(assignments(first, arguments)?)
        }
        Some("unset") => {
            only_words(&split, "unset")?;
            Command::Unset(names(first, arguments)?)
        }
        Some(name) => return Err(unknown_command(first.start, name)),
        None => return Err(Fault::new(first.start, "expected a command")),
    };
    let line = Line { at: None, client: None, command, source, here_document, line_number: 0 };
    Ok(Parsed { line, next })
}

/// Takes the `NAME=value` words that stand before a command.
fn environment(text: &str, words: &mut &[SpannedWord]) -> Result<Vec<Assignment>, Fault> {
    let mut environment = Vec::new();
    while let Some((first, rest)) = words.split_first() {
        let raw = text.get(first.start..first.end).unwrap_or("");
        if assigned_name(raw).is_none() {
            break;
        }
        environment.push(assignment(first)?);
        *words = rest;
    }
    Ok(environment)
}

fn only_words(split: &SplitLine, name: &str) -> Result<(), Fault> {
    let offset = split.redirect.as_ref().map(|(at, _)| *at).or(split.background);
    match offset {
        None => Ok(()),
        Some(at) => Err(Fault::new(at, format!("`{name}` takes no input and ends at once"))),
    }
}

fn assignments(export: &SpannedWord, words: &[SpannedWord]) -> Result<Vec<Assignment>, Fault> {
    if words.is_empty() {
        return Err(Fault::new(export.end, "expected NAME=value, such as ETCDCTL_API=3"));
    }
    words.iter().map(assignment).collect()
}

fn assignment(spanned: &SpannedWord) -> Result<Assignment, Fault> {
    let expected =
        || Fault::new(spanned.start, "expected NAME=value, such as ETCDCTL_API=3".to_owned());
    let mut parts = spanned.word.parts.iter();
    let Some(shell::Part::Text(text)) = parts.next() else { return Err(expected()) };
    let name = assigned_name(text).ok_or_else(expected)?;
    let mut value = Word::default();
    value.push_text(text.get(name.len() + 1..).unwrap_or(""));
    value.parts.extend(parts.cloned());
    Ok(Assignment { name: name.to_owned(), value })
}

fn names(unset: &SpannedWord, words: &[SpannedWord]) -> Result<Vec<String>, Fault> {
    if words.is_empty() {
        return Err(Fault::new(unset.end, "expected the name of a variable, such as ETCDCTL_API"));
    }
    let name = |spanned: &SpannedWord| match spanned.word.as_literal() {
        Some(name) if shell::is_name(name) => Ok(name.to_owned()),
        Some(_) | None => {
            Err(Fault::new(spanned.start, "expected the name of a variable, without `$` and value"))
        }
    };
    words.iter().map(name).collect()
}

fn unterminated(at: usize, delimiter: &str) -> Fault {
    let message = format!("this here-document never ends: expected a line `{delimiter}` below");
    Fault { offset: at, message, ending: Ending::Open }
}

/// The text from byte `start` up to the line that is `delimiter`, and where the line after it
/// begins.
fn here_document_at(
    text: &str,
    start: usize,
    delimiter: &str,
    tabs: Tabs,
) -> Option<(String, usize)> {
    let mut document = String::new();
    let mut offset = start;
    while offset < text.len() {
        let rest = text.get(offset..)?;
        let line = rest.split('\n').next().unwrap_or("");
        offset += line.len() + 1;
        let line = match tabs {
            Tabs::Strip => line.trim_start_matches('\t'),
            Tabs::Keep => line,
        };
        if line == delimiter {
            return Some((document, offset));
        }
        document.push_str(line);
        document.push('\n');
    }
    None
}
