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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etcdctl::args::KeyRange;

    fn told(text: &str, key: &str, range_end: &str) -> String {
        let variables = WatchVariables { key: key.to_owned(), range_end: range_end.to_owned() };
        match line(text, &variables) {
            Ok(WatchLine::Watch(watch)) => match watch.range {
                KeyRange::Key(key) => format!("key {key} from {}", watch.revision),
                KeyRange::Interval(key, end) => format!("{key} to {end} from {}", watch.revision),
                KeyRange::Prefix(key) => format!("prefix {key} from {}", watch.revision),
                KeyRange::FromKey(_) => "no watch has that".to_owned(),
            },
            Ok(WatchLine::Progress) => "progress".to_owned(),
            Ok(WatchLine::Invalid(text)) => text.trim_end().to_owned(),
            Err(Output { stdout, stderr, exit }) => {
                format!("{stdout}{}, {exit}", stderr.trim_end())
            }
        }
    }

    /// Proves: lines come to what they came to with etcdctl 3.5.1.
    #[test]
    fn as_the_real_program_takes_them() {
        let number = "bad number of arguments";
        let separator = format!("Error: {number} (found separator --, but no commands), 128");
        for (text, expected) in [
            ("", "Invalid command:  (watch and progress supported)"),
            ("foo bar", "Invalid command foo bar (only support watch)"),
            ("wat a", "Invalid command wat a (only support watch)"),
            ("watch", "Invalid command watch (command type or key is not provided)"),
            ("watch '", "Invalid command watch ' (command type or key is not provided)"),
            ("watch a", "key a from 0"),
            ("  watch   a  --rev=0x1 -i", "key a from 1"),
            ("\"watch\" 'abc' --rev 3", "key ab from 3"),
            ("watch a\"b", "key a\"b from 0"),
            ("watch \"\" --prefix", "prefix  from 0"),
            ("watch a b", "a to b from 0"),
            ("watch a b c --prefix", "prefix a from 0"),
            ("watch --rev=1", "Error: bad number of arguments, 128"),
            ("watch -- echo", &format!("Invalid command watch -- echo ({number})")),
            (
                "watch a b --prefix",
                "Invalid command watch a b --prefix (`range_end` and `--prefix` are mutually \
                 exclusive)",
            ),
            ("watch a --", &separator),
            ("watch a --nosuch", "Error: unknown flag: --nosuch, 128"),
            ("watch a -w json", "Error: unknown shorthand flag: 'w' in -w, 128"),
            (
                "watch --rev=x",
                "Error: invalid argument \"x\" for \"--rev\" flag: strconv.ParseInt: parsing \
                 \"x\": invalid syntax, 128",
            ),
            ("watch a -h --nosuch", "Error: pflag: help requested, 128"),
            ("watch --help=no", "Error: pflag: help requested, 128"),
            ("watch \"a\\q\"", "Error: invalid syntax, 3"),
            ("progress", "progress"),
            ("progress x", "progress"),
        ] {
            assert_eq!(told(text, "", ""), expected, "{text}");
        }
    }

    /// Proves: variables stand for the words, and both together are refused.
    #[test]
    fn variables_stand_for_words() {
        let conflict = "Error: bad number of arguments (found conflicting environment key), 128";
        for (text, range_end, expected) in [
            ("watch", "", "key k from 0"),
            ("watch --rev=1", "z", "k to z from 1"),
            ("watch x", "", conflict),
            (
                "watch --prefix",
                "z",
                "Invalid command watch --prefix (`range_end` and `--prefix` are mutually \
                 exclusive)",
            ),
            (
                "watch -- echo",
                "",
                "Invalid command watch -- echo (watch … -- command is not in this lab; see \
                 docs/etcd.md)",
            ),
        ] {
            assert_eq!(told(text, "k", range_end), expected, "{text}");
        }
    }
}
