//! `lab repl`: a prompt on the simulator, in a terminal of one's own.
//!
//! It takes the same lines as a script and prints the same of them. Virtual time passes while a line
//! needs it, as fast as the machine goes, and stands still while one types; `advance 1s` lets it pass.

use std::io::{self, Write};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, Helper, Highlighter, Hinter};

use crate::run::{EXIT_OK, EXIT_UNSAFE, Remarks, print_output};
use crate::script::{complete, wants_more};
use crate::session::{Opening, Progress, Session};

/// Events between two looks at whether a line has ended.
const SLICE: u32 = 4_096;

/// What the line editor asks of the lab.
#[derive(Helper, Highlighter, Hinter)]
struct Words;

impl Completer for Words {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..cursor).unwrap_or(line);
        let start = before.rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        Ok((start, complete(line, cursor)))
    }
}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        // A here-document without its end, or a backslash at the end of the line.
        match wants_more(context.input()) {
            true => Ok(ValidationResult::Incomplete),
            false => Ok(ValidationResult::Valid(None)),
        }
    }
}

/// Asks for lines until there are no more (Ctrl-D), runs each on a cluster of `nodes` nodes, and
/// returns the exit status: 0; 3 if a safety property broke.
///
/// # Errors
/// The terminal cannot be read or written.
pub fn repl(nodes: u8, seed: u64, out: &mut dyn Write) -> io::Result<u8> {
    let mut session = Session::new(Opening { nodes, seed, attended: false, ..Opening::default() })
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Words, DefaultHistory> =
        Editor::with_config(config).map_err(io::Error::other)?;
    editor.set_helper(Some(Words));
    let mut told = session.terminal().len();
    loop {
        match editor.readline("$ ") {
            Ok(line) => told = perform(&mut session, &line, told, out)?,
            // Ctrl-C drops the line.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(io::Error::other(error)),
        }
        if let Some(broken) = session.cluster().violation() {
            writeln!(io::stderr(), "a safety property broke: {broken}")?;
            return Ok(EXIT_UNSAFE);
        }
    }
    Ok(EXIT_OK)
}

/// Runs a line, prints what came of it and of the jobs in the background, and says how many entries
/// of the terminal have been told.
fn perform(
    session: &mut Session,
    line: &str,
    told: usize,
    out: &mut dyn Write,
) -> io::Result<usize> {
    // An error is the entry's.
    let _ = session.apply(line);
    while session.busy() && session.advance_while_busy(SLICE) != Progress::Stopped {}
    let entries = session.terminal().get(told..).unwrap_or_default();
    for entry in entries {
        print_output(entry, Remarks::Written, out, &mut io::stderr())?;
    }
    out.flush()?;
    Ok(told + entries.len())
}
