//! Stages: named steps with a time limit each, whose tests are counted, with a table at the end.

use std::io::IsTerminal;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::command;

/// What ran so far.
pub(crate) struct Stages {
    /// Only stages whose names begin with one of these run; empty: all.
    only: Vec<String>,
    done: Vec<Done>,
}

/// A stage that has ended.
struct Done {
    name: &'static str,
    took: Duration,
    passed: u64,
    failed: u64,
    error: Option<String>,
}

/// A stage at work.
pub(crate) struct Stage {
    end: Instant,
    /// Tests that passed; a stage without tests of its own counts as one.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl Stages {
    /// None yet; `only` as given on the command line.
    pub(crate) fn new(only: &[&str]) -> Stages {
        Stages { only: only.iter().map(|name| (*name).to_owned()).collect(), done: Vec::new() }
    }

    /// Whether the stage of this name was asked for.
    fn wanted(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }

    /// Runs a stage, and says whether what depends on it can run.
    pub(crate) fn run(
        &mut self,
        name: &'static str,
        limit_minutes: u64,
        work: impl FnOnce(&mut Stage) -> Result<()>,
    ) -> bool {
        if !self.wanted(name) {
            return true;
        }
        println!("\n── {name} (at most {limit_minutes} min)");
        let start = Instant::now();
        let end = start + Duration::from_secs(60 * limit_minutes);
        let mut stage = Stage { end, passed: 0, failed: 0 };
        let result = work(&mut stage).and_then(|()| match stage.failed {
            0 if Instant::now() > end => bail!("took longer than {limit_minutes} min"),
            0 => Ok(()),
            failed => bail!("{failed} failed"),
        });
        let error = result.err().map(|error| format!("{error:#}"));
        if let Some(error) = &error {
            stage.failed = stage.failed.max(1);
            println!("error: {error}");
        } else {
            stage.passed = stage.passed.max(1);
        }
        let took = start.elapsed();
        println!("── {name}: {} in {}", verdict(error.is_none()), seconds(took));
        let ok = error.is_none();
        self.done.push(Done { name, took, passed: stage.passed, failed: stage.failed, error });
        ok
    }

    /// Notes that a stage could not run, since one that it needs failed.
    pub(crate) fn skip(&mut self, name: &'static str, because: &str) {
        if self.wanted(name) {
            let error = Some(format!("not run: {because}"));
            self.done.push(Done { name, took: Duration::ZERO, passed: 0, failed: 1, error });
        }
    }

    /// Prints the table and, as the last line, `N passed, N failed`.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{:<22} {:>8} {:>8} {:>8}", "stage", "time", "passed", "failed");
        for done in &self.done {
            let error = done.error.as_deref().map(first_line).unwrap_or_default();
            println!(
                "{:<22} {:>8} {:>8} {:>8}  {error}",
                done.name,
                seconds(done.took),
                done.passed,
                done.failed,
            );
        }
        let total: Duration = self.done.iter().map(|done| done.took).sum();
        println!("{:<22} {:>8}\n", "together", seconds(total));
        let passed: u64 = self.done.iter().map(|done| done.passed).sum();
        let failed: u64 = self.done.iter().map(|done| done.failed).sum();
        println!("{passed} passed, {failed} failed");
        if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Stage {
    /// Runs a command in what is left of the stage's time, and counts the tests it reports.
    ///
    /// # Errors
    /// As [`command::watch`].
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<()> {
        self.run_seeing(command, &mut |_| {})
    }

    /// Runs a command in what is left of the stage's time, and counts not its tests but what it says
    /// that it did: the numbers before `what` in its output.
    ///
    /// # Errors
    /// As [`command::watch`]; also if it did less than what was `wanted`.
    pub(crate) fn count(&mut self, command: &mut Command, wanted: u64, what: &str) -> Result<()> {
        let before = self.passed;
        let mut counted = 0;
        self.run_seeing(command, &mut |line| counted += number_before(line, what))?;
        if counted < wanted {
            bail!("it says {counted} {what}, where {wanted} were asked for");
        }
        self.passed = before + counted;
        Ok(())
    }

    fn run_seeing(&mut self, command: &mut Command, see: &mut dyn FnMut(&str)) -> Result<()> {
        if std::io::stdout().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        let left = self.end.saturating_duration_since(Instant::now());
        let (passed, failed) = (&mut self.passed, &mut self.failed);
        command::watch(command, left, &mut |line| {
            println!("{line}");
            see(line);
            let counted = tests_in(line);
            *passed += counted.0;
            *failed += counted.1;
        })
    }
}

/// Tests that passed and failed, if the line is a summary of Rust's test harness or of Node's.
fn tests_in(line: &str) -> (u64, u64) {
    let line = without_colours(line);
    let number = |text: &str| text.trim().parse().unwrap_or(0);
    if let Some(counts) = line.trim().strip_prefix("test result: ") {
        let mut found = (0, 0);
        for part in counts.split(['.', ';']) {
            if let Some(passed) = part.strip_suffix(" passed") {
                found.0 = number(passed);
            } else if let Some(failed) = part.strip_suffix(" failed") {
                found.1 = number(failed);
            }
        }
        return found;
    }
    let summary = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "));
    match summary.and_then(|counts| counts.split_once(' ')) {
        Some(("pass", passed)) => (number(passed), 0),
        Some(("fail" | "cancelled", failed)) => (0, number(failed)),
        _ => (0, 0),
    }
}

/// The number that stands right before `what`; 0 if none does.
fn number_before(line: &str, what: &str) -> u64 {
    let before = line.split_once(what).map_or("", |(before, _)| before);
    let word = before.split_whitespace().next_back();
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// The line without terminal escapes.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn verdict(ok: bool) -> &'static str {
    if ok { "passed" } else { "FAILED" }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Summaries of both harnesses are counted, coloured or not, and other lines are not.
    #[test]
    fn summaries_are_counted() {
        let check = |line, counts| assert_eq!(tests_in(line), counts, "{line}");
        check(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out",
            (12, 0),
        );
        check("test result: \u{1b}[31mFAILED\u{1b}[m. 3 passed; 2 failed; 0 ignored", (3, 2));
        check("\u{1b}[34mℹ pass 7\u{1b}[39m", (7, 0));
        check("ℹ fail 2", (0, 2));
        check("# cancelled 1", (0, 1));
        check("ℹ tests 9", (0, 0));
        check("test kv::put ... ok", (0, 0));
    }

    /// What a program says that it did is counted, wherever in a line it says so; if it did less than
    /// it was asked for, or fails, the stage fails.
    #[test]
    #[cfg(unix)]
    fn what_was_done_is_counted() {
        let check = |script: &str, passed: u64, good: bool| {
            let mut stages = Stages::new(&[]);
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            stages.run("some", 1, |stage| stage.count(&mut shell, 30, "seeds,"));
            let done = &stages.done[0];
            assert_eq!((done.passed, done.failed == 0), (passed, good), "{script}");
        };
        check("echo 'test fuzz ... 20 seeds, well'; echo '17 seeds, 3 events'", 37, true);
        check("echo '29 seeds, 3 events'", 0, false);
        check("echo 'no seeds, 30 events'; echo 'seeds, 31'", 0, false);
        check("echo '30 seeds, 3 events'; exit 3", 0, false);
    }

    /// A stage that fails counts as a failure even when no test of its own did.
    #[test]
    fn a_failing_stage_counts() {
        let mut stages = Stages::new(&[]);
        assert!(stages.run("good", 1, |_| Ok(())));
        assert!(!stages.run("bad", 1, |stage| {
            stage.passed = 5;
            bail!("no")
        }));
        stages.skip("later", "bad failed");
        let counts: Vec<_> = stages.done.iter().map(|done| (done.passed, done.failed)).collect();
        assert_eq!(counts, [(1, 0), (5, 1), (0, 1)]);
    }

    /// Naming stages leaves the others out, and what needs them runs on what is there.
    #[test]
    fn only_what_was_named_runs() {
        let mut stages = Stages::new(&["brow"]);
        assert!(stages.run("page", 1, |_| bail!("must not run")));
        assert!(stages.run("browser", 1, |_| Ok(())));
        assert_eq!(stages.done.len(), 1);
    }
}
