//! `etcdctl`: from a command line to a call on the cluster, and from its outcome to what the real
//! program prints.
//!
//! [`args`] parses the words as the real program's flag library does; [`requests`] says what that
//! comes to ([`txn`] and [`watch`] read what some take from standard input); a [`program`] asks it of the cluster, step by step, and [`print`] writes the answers.

mod argify;
pub mod args;
pub(crate) mod print;
pub(crate) mod program;
mod requests;
pub mod txn;
pub mod watch;

use serde::{Deserialize, Serialize};

use self::args::UsageError;

/// What a command wrote and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit status.
    pub exit: i32,
}

impl Output {
    /// A failure as etcdctl reports it: `Error: …` on standard error.
    fn error(message: impl std::fmt::Display, exit: i32) -> Output {
        Output { stdout: String::new(), stderr: format!("Error: {message}\n"), exit }
    }

    /// Success with this on standard output.
    fn plain(stdout: impl Into<String>) -> Output {
        Output { stdout: stdout.into(), ..Output::default() }
    }
}

impl From<UsageError> for Output {
    fn from(error: UsageError) -> Output {
        Output { stdout: error.stdout, stderr: error.stderr, exit: error.exit_code }
    }
}

/// Exit status of a request that failed (etcdctl `ExitError`).
const EXIT_ERROR: i32 = 1;
/// Exit status of a command line that was not understood (etcdctl `ExitBadArgs`).
const EXIT_BAD_ARGUMENTS: i32 = 128;
