//! What `etcdctl watch -i` reads on its standard input, line by line: `watch [options] key [end]`
//! and `progress` (etcdctl `watchInteractiveFunc`).

use super::args::{self, Line, Watch, WatchVariables};
use super::txn::EXIT_INVALID_INPUT;
use super::{Output, argify};

/// What a line of `watch -i` comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchLine {
    /// Follow these keys, too.
    Watch(Watch),
    /// Ask how far the watches are.
    Progress,
    /// It is not understood: this goes to standard error, and the next line is read.
    Invalid(String),
}

/// Reads a line, without its end.
///
/// # Errors
/// What the real program writes before it ends: a bad flag of `watch`, for instance, ends it.
pub fn line(line: &str, variables: &WatchVariables) -> Result<WatchLine, Output> {
    let words = argify::words(line)?;
    let invalid = |text: String| Ok(WatchLine::Invalid(text));
    match words.split_first().map(|(first, words)| (first.as_str(), words)) {
        None => invalid(format!("Invalid command: {line} (watch and progress supported)\n")),
        Some(("watch", [])) if variables.key.is_empty() => {
            invalid(format!("Invalid command {line} (command type or key is not provided)\n"))
        }
        Some(("watch", words)) => match args::watch_line(words, variables)? {
            Line::Watch(watch) => Ok(WatchLine::Watch(watch)),
            Line::Invalid(reason) => invalid(format!("Invalid command {line} ({reason})\n")),
        },
        Some(("progress", _)) => Ok(WatchLine::Progress),
        Some(_) => invalid(format!("Invalid command {line} (only support watch)\n")),
    }
}

/// What the real program writes when its input ends.
pub fn end_of_input() -> Output {
    Output::error("error reading watch request line: EOF", EXIT_INVALID_INPUT)
}
