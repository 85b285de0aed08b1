//! `lab run`: a script on the simulator, its transcript on standard output.
//!
//! The transcript is a contract (design §8): other programs read it.

mod export;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::linear::{self, Misfit};
use crate::script::parse_script;
use crate::session::{Opening, Progress, Session, Traced};
use crate::view::TerminalEntry;

/// Events between two looks at what there is to print.
const SLICE: u32 = 4_096;

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Size of the cluster before the script says otherwise, 1–7.
    pub nodes: u8,
    /// Seed before the script says otherwise.
    pub seed: u64,
    /// Where every event goes, as JSON lines (`docs/trace.md`).
    pub trace: Option<PathBuf>,
    /// Where every call and return goes, as JSON lines.
    pub history: Option<PathBuf>,
    /// Whether remarks go to standard error.
    pub remarks: Remarks,
    /// The script; `-` is standard input.
    pub script: PathBuf,
}

/// Whether the lab's remarks ("n4 leads term 3") are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remarks {
    /// To standard error.
    Written,
    /// Not at all.
    LeftOut,
}

/// Exit status of a run in which all went as the script says.
pub(crate) const EXIT_OK: u8 = 0;
/// … in which an `until` or `assert` failed.
pub(crate) const EXIT_CHECK_FAILED: u8 = 1;
/// … of a script that was not understood.
pub(crate) const EXIT_BAD_SCRIPT: u8 = 2;
/// … in which a safety property broke.
pub(crate) const EXIT_UNSAFE: u8 = 3;

/// Runs a script and returns the exit status of `lab run`.
///
/// # Errors
/// If a file cannot be read or written.
pub fn run(options: &RunOptions, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    let text = read_script(&options.script)?;
    let lines = match parse_script(&text) {
        Ok(lines) => lines,
        Err(error) => {
            writeln!(err, "{}:{error}", script_name(&options.script))?;
            return Ok(EXIT_BAD_SCRIPT);
        }
    };
    let mut files = Files::create(options)?;
    let opening =
        Opening { nodes: options.nodes, seed: options.seed, attended: false, ..Opening::default() };
    let mut session = Session::new(opening)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    session.keep_trace();
    session.enqueue(lines);
    // What was typed by somebody is broken off by nobody; a saved session ends where it was saved.
    let end = if Session::is_saved(&text) { Session::saved_event(&text) } else { u64::MAX };
    let mut printed = 0;
    while session.busy() {
        let rest = end.saturating_sub(session.seq());
        let slice =
            if rest == 0 { SLICE } else { u32::try_from(rest).map_or(SLICE, |it| it.min(SLICE)) };
        if session.advance_while_busy(slice) == Progress::Stopped {
            break;
        }
        if session.seq() >= end && session.busy() && session.waiting().next().is_none() {
            session.interrupt();
        }
        files.write(session.take_trace())?;
        printed = print_finished(&session, printed, options.remarks, out, err)?;
    }
    files.write(session.take_trace())?;
    files.finish(&session)?;
    print_finished(&session, printed, options.remarks, out, err)?;
    out.flush()?;
    let violation = session.cluster().violation().map(ToString::to_string);
    Ok(match violation.or_else(|| files.misfit.map(|misfit| misfit.to_string())) {
        Some(broken) => {
            writeln!(err, "a safety property broke: {broken}")?;
            EXIT_UNSAFE
        }
        None if session.failed_checks() > 0 => EXIT_CHECK_FAILED,
        None => EXIT_OK,
    })
}

/// The text of a script; `-` is standard input.
///
/// # Errors
/// It cannot be read.
pub fn read_script(path: &Path) -> io::Result<String> {
    if path == Path::new("-") {
        return io::read_to_string(io::stdin());
    }
    std::fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// How errors name a script.
pub(crate) fn script_name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// Prints the entries from `printed` on that nothing can be added to, and says how many there are.
fn print_finished(
    session: &Session,
    printed: usize,
    remarks: Remarks,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<usize> {
    let entries = session.terminal();
    let mut place = printed;
    while let Some(entry) = entries.get(place) {
        // The last one may still get the output of background jobs.
        let is_last = place + 1 == entries.len();
        if entry.exit.is_none() || (is_last && session.busy()) {
            break;
        }
        print(entry, remarks, out, err)?;
        place += 1;
    }
    Ok(place)
}

/// Prints a line of the transcript.
pub(crate) fn print(
    entry: &TerminalEntry,
    remarks: Remarks,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "$ {}", entry.source)?;
    print_output(entry, remarks, out, err)
}

/// Prints what came of a line.
pub(crate) fn print_output(
    entry: &TerminalEntry,
    remarks: Remarks,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "{}{}", entry.stdout, entry.stderr)?;
    match entry.exit {
        None | Some(0) => {}
        Some(status) => writeln!(out, "[exit {status}]")?,
    }
    write!(out, "{}", entry.jobs)?;
    if remarks == Remarks::Written {
        for remark in &entry.remarks {
            writeln!(err, "{remark}")?;
        }
    }
    Ok(())
}

/// The files that a run writes besides its transcript, and what the clients' histories say.
struct Files {
    trace: Option<BufWriter<File>>,
    history: Option<BufWriter<File>>,
    /// The first history that is not linearizable.
    misfit: Option<Misfit>,
}

impl Files {
    fn create(options: &RunOptions) -> io::Result<Files> {
        let create = |path: &Option<PathBuf>| -> io::Result<Option<BufWriter<File>>> {
            path.as_ref().map(|path| File::create(path).map(BufWriter::new)).transpose()
        };
        let (trace, history) = (create(&options.trace)?, create(&options.history)?);
        Ok(Files { trace, history, misfit: None })
    }

    fn write(&mut self, traced: Vec<Traced>) -> io::Result<()> {
        for item in traced {
            match item {
                Traced::Began(settings) => {
                    if let Some(trace) = &mut self.trace {
                        export::heading(&settings, trace)?;
                    }
                }
                Traced::Event(event) => {
                    if let Some(trace) = &mut self.trace {
                        serde_json::to_writer(&mut *trace, &*event)?;
                        trace.write_all(b"\n")?;
                    }
                }
                Traced::Ended(history) => {
                    self.misfit =
                        self.misfit.take().or_else(|| linear::check(history.iter()).err());
                    if let Some(file) = &mut self.history {
                        history.iter().try_for_each(|record| export::record(record, file))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, session: &Session) -> io::Result<()> {
        self.write(vec![Traced::Ended(session.cluster().history().clone())])?;
        self.trace.as_mut().map_or(Ok(()), Write::flush)?;
        self.history.as_mut().map_or(Ok(()), Write::flush)
    }
}
