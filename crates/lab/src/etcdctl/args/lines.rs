//! Words on the lines of standard input: requests of a `txn`, and what `watch -i` is told.

use super::build::{self, Refusal, WATCH_COMMAND, Watched};
use super::commands::{Body, HELP_FLAG, TXN_REQUESTS, WATCH_FLAGS};
use super::{
    EXIT_BAD_ARGS, EXIT_INVALID_INPUT, Subcommand, UsageError, Watch, WatchVariables, find, flags,
    flags_of, usage,
};

/// `get`, `put` or `del` in a block of a `txn` (etcdctl `parseRequestUnion`): `words` are those of
/// `line`.
///
/// # Errors
/// What the real program writes before it ends. (Asked for help, it would hang.)
pub(in crate::etcdctl) fn txn_request(
    line: &str,
    words: &[String],
) -> Result<Subcommand, UsageError> {
    let invalid = || UsageError::error(format!("invalid txn request: {line}"), EXIT_INVALID_INPUT);
    let (path, words) = find(TXN_REQUESTS, &[], words).map_err(|_| invalid())?;
    let Some((spec, Body::Built { takes, build, .. })) = path.last().map(|spec| (spec, &spec.body))
    else {
        return Err(invalid());
    };
    let given = match flags::parse(&words, &flags_of(&path, &[])) {
        Ok(given) if !given.bool(HELP_FLAG.name) => given,
        Ok(_) | Err(_) => {
            let mut error = invalid();
            error.stderr.insert_str(0, &usage::of_request(spec));
            return Err(error);
        }
    };
    match build::build(takes, *build, &given) {
        Ok(Subcommand::Put(put)) if put.value == super::PutValue::StandardInput => {
            Err(super::Put::without_value())
        }
        Ok(command) => Ok(command),
        Err(Refusal::Early(error) | Refusal::Late(error)) => Err(error),
    }
}

/// What a line of `watch -i` comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::etcdctl) enum Line {
    /// Follow these keys.
    Watch(Watch),
    /// It cannot be done, for this reason; the program goes on.
    Invalid(String),
}

/// `watch [options] key [range_end]` on a line of `watch -i`; `words` are those after `watch`.
///
/// # Errors
/// What the real program writes before it ends.
pub(in crate::etcdctl) fn watch_line(
    words: &[String],
    variables: &WatchVariables,
) -> Result<Line, UsageError> {
    let mut given = flags::parse(words, WATCH_FLAGS).map_err(|error| {
        // There, `--help` is no flag that was told of, which the library says in its own way.
        let asks_help = error == "unknown flag: --help"
            || error.starts_with("unknown shorthand flag: 'h' in -");
        let error = if asks_help { "pflag: help requested".to_owned() } else { error };
        UsageError::error(error, EXIT_BAD_ARGS)
    })?;
    given.watch = variables.clone();
    match build::watched(&given) {
        Ok(Watched::Keys(watch)) => Ok(Line::Watch(watch)),
        Ok(Watched::Command) => {
            Ok(Line::Invalid(format!("{WATCH_COMMAND} is not in this lab; see docs/etcd.md")))
        }
        // Neither words nor variables: that ends it.
        Err(Refusal::Late(error)) if given.positional.is_empty() && variables.key.is_empty() => {
            Err(error)
        }
        Err(Refusal::Late(error)) => Ok(Line::Invalid(error.reason().to_owned())),
        Err(Refusal::Early(error)) => Err(error),
    }
}
