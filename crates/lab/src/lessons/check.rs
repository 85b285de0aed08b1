//! Proving lessons headless: what the prose claims happens, no goal is reached before the learner
//! acts, and each solution reaches them all.
//!
//! Everything is run by the same session that the page runs, and goals are judged by it.

use std::io::{self, Write};
use std::path::Path;

use super::data::GoalKind;
use super::load::{Block, Lesson, LessonError, Script, load_all};
use crate::predicate;
use crate::script::{Command, Line, ScriptError, parse_script};
use crate::session::{Opening, Progress, Session};
use crate::view::TerminalEntry;

/// Virtual time that an `assert` or `lab` block may take.
const BLOCK_MICROS_MAX: u64 = 600_000_000;
/// Events between two looks at the clock.
const EVENTS_AT_ONCE: u32 = 1_000;
/// Questions that a lesson's check of what was understood has at least.
const QUESTIONS_LEAST: usize = 2;

/// Everything that is wrong with one lesson when it is run; nothing, if it is proven.
pub fn check(lesson: &Lesson) -> Vec<LessonError> {
    let mut errors = predicate_errors(lesson);
    if !errors.is_empty() {
        return errors;
    }
    match open(lesson) {
        Ok(start) => {
            check_start(lesson, &start, &mut errors);
            for solution in &lesson.solutions {
                check_solution(lesson, &start, solution, &mut errors);
            }
            check_blocks(&lesson.blocks, &start, &mut errors);
        }
        Err(error) => errors.push(error),
    }
    errors
}

/// What a lesson should have and does not: said, and no error.
pub fn warnings(lesson: &Lesson) -> Vec<LessonError> {
    let questions = lesson.data.predictions.len() - lesson.predicted;
    if questions >= QUESTIONS_LEAST {
        return Vec::new();
    }
    let message = format!(
        "warning: a lesson has at least {QUESTIONS_LEAST} `[[questions]]` after its goals, placed by \
         `check ID`; this one has {questions}"
    );
    vec![LessonError::new(&lesson.manifest_file, 1, message)]
}

/// Everything that is wrong with any of them.
pub fn check_all(lessons: &[Lesson]) -> Vec<LessonError> {
    lessons.iter().flat_map(check).collect()
}

/// `lab lessons check`: reads all lessons below `dir`, proves those that are named (by id, folder
/// or number; all if none is named) and says what is wrong or was proven. True if nothing is wrong.
///
/// # Errors
/// If `out` cannot be written to.
pub fn check_command(dir: &Path, names: &[String], out: &mut dyn Write) -> io::Result<bool> {
    let lessons = match load_all(dir) {
        Ok(lessons) => lessons,
        Err(errors) => {
            tell(&errors, out)?;
            return Ok(false);
        }
    };
    let mut proven = true;
    for name in names {
        if !lessons.iter().any(|lesson| is_named(lesson, name)) {
            writeln!(out, "{}: there is no lesson {name}; name none to check all", dir.display())?;
            proven = false;
        }
    }
    for lesson in &lessons {
        if !names.is_empty() && !names.iter().any(|name| is_named(lesson, name)) {
            continue;
        }
        let errors = check(lesson);
        tell(&errors, out)?;
        tell(&warnings(lesson), out)?;
        if errors.is_empty() {
            writeln!(out, "{}: {}", lesson.folder, what_was_proven(lesson))?;
        }
        proven &= errors.is_empty();
    }
    Ok(proven)
}

fn is_named(lesson: &Lesson, name: &str) -> bool {
    let name = name.trim_end_matches('/').rsplit('/').next().unwrap_or(name);
    name == lesson.data.id || name == lesson.folder || name.parse() == Ok(lesson.data.number)
}

fn tell(errors: &[LessonError], out: &mut dyn Write) -> io::Result<()> {
    errors.iter().try_for_each(|error| writeln!(out, "{error}"))
}

fn what_was_proven(lesson: &Lesson) -> String {
    let claims = lesson.blocks.iter().filter(|block| matches!(block, Block::Claim(_))).count();
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    format!(
        "{}, {}, {}, {}, {}",
        count(lesson.data.goals.len(), "goal"),
        count(lesson.data.predictions.len() - lesson.predicted, "question"),
        count(lesson.solutions.len(), "solution"),
        count(claims, "claim"),
        count(lesson.blocks.len() - claims, "listing"),
    )
}

/// The error of a script, where the script stands in its file.
fn script_error(script: &Script, error: &ScriptError) -> LessonError {
    at_line(script, error.line, format!("column {}: {}", error.column, error.message))
}

/// `line` counts from 1 within the script.
fn at_line(script: &Script, line: u32, message: impl Into<String>) -> LessonError {
    let line = script.first_line + (line as usize).saturating_sub(1);
    LessonError::new(&script.file, line, message)
}

fn predicate_errors(lesson: &Lesson) -> Vec<LessonError> {
    let goals = lesson.data.goals.iter().zip(&lesson.predicate_lines);
    let error = |(goal, first_line): (&super::data::GoalData, &usize)| {
        let error = predicate::parse(&goal.predicate).err()?;
        let line = first_line + (error.line as usize).saturating_sub(1);
        let message = format!("the goal {}: {}", goal.id, error.message);
        Some(LessonError::new(&lesson.manifest_file, line, message))
    };
    goals.filter_map(error).collect()
}

/// The lesson as the learner finds it.
fn open(lesson: &Lesson) -> Result<Session, LessonError> {
    let opening = Opening {
        attended: false,
        nodes: lesson.data.nodes,
        seed: lesson.data.seed,
        setup: lesson.data.setup.clone(),
        goals: lesson.data.goals.clone(),
    };
    let session = Session::new(opening).map_err(|error| script_error(&lesson.setup, &error))?;
    match session.terminal().iter().find(|entry| entry.exit != Some(0)) {
        Some(entry) => {
            let line = lesson.setup.text.lines().position(|line| line == entry.source);
            let line = u32::try_from(line.unwrap_or(0) + 1).unwrap_or(1);
            Err(at_line(&lesson.setup, line, failure(entry)))
        }
        None => Ok(session),
    }
}

fn check_start(lesson: &Lesson, start: &Session, errors: &mut Vec<LessonError>) {
    let goals = lesson.data.goals.iter().zip(&lesson.predicate_lines).zip(start.goals());
    for ((goal, line), view) in goals {
        let message = match (goal.kind, view.reached) {
            (GoalKind::Reach, true) => "is reached before the learner has done anything",
            (GoalKind::Keep, false) => "is broken before the learner has done anything",
            (GoalKind::Reach, false) | (GoalKind::Keep, true) => continue,
        };
        let message = format!("the goal {} {message}", goal.id);
        errors.push(LessonError::new(&lesson.manifest_file, *line, message));
    }
}

fn check_solution(
    lesson: &Lesson,
    start: &Session,
    solution: &Script,
    errors: &mut Vec<LessonError>,
) {
    let mut session = start.clone();
    let limit = session.now_micros() + lesson.time_limit_seconds * 1_000_000;
    match parse_script(&solution.text) {
        Err(error) => return errors.push(script_error(solution, &error)),
        Ok(lines) => {
            for line in lines {
                if let Err(message) = run(&mut session, &line, limit) {
                    return errors.push(at_line(solution, line.line_number, message));
                }
            }
        }
    }
    for (goal, view) in lesson.data.goals.iter().zip(session.goals()) {
        let message = match (goal.kind, view.reached) {
            (GoalKind::Reach, false) => "is not reached by this solution",
            (GoalKind::Keep, false) => "is broken by this solution",
            (GoalKind::Reach | GoalKind::Keep, true) => continue,
        };
        errors.push(at_line(solution, 1, format!("the goal {} {message}", goal.id)));
    }
}

/// Runs one line to its end. `Err` says what went wrong: only an `etcdctl` may fail, since that it
/// does is often the point.
fn run(session: &mut Session, line: &Line, limit_micros: u64) -> Result<(), String> {
    let shown = session.terminal().len();
    session.enqueue(vec![line.clone()]);
    loop {
        let progress = session.advance_while_busy(EVENTS_AT_ONCE);
        if let Some(violation) = session.stage().violation {
            return Err(format!("`{}` broke a safety property: {violation}", line.source));
        }
        match progress {
            Progress::Reached => break,
            Progress::Stopped => return Err(format!("`{}` does not end", line.source)),
            Progress::Pending if session.now_micros() > limit_micros => {
                return Err(format!("`{}` is beyond the time limit", line.source));
            }
            Progress::Pending => {}
        }
    }
    if session.now_micros() > limit_micros {
        return Err(format!("`{}` is beyond the time limit", line.source));
    }
    if matches!(line.command, Command::Etcdctl(_)) {
        return Ok(());
    }
    match session.terminal().iter().skip(shown).find(|entry| entry.exit != Some(0)) {
        Some(entry) => Err(failure(entry)),
        None => Ok(()),
    }
}

fn failure(entry: &TerminalEntry) -> String {
    let said = entry.stderr.trim_end();
    let said = said.strip_prefix("error: ").unwrap_or(said);
    match said {
        "" => format!("`{}` failed", entry.source),
        said => format!("`{}`: {said}", entry.source),
    }
}

fn check_blocks(blocks: &[Block], start: &Session, errors: &mut Vec<LessonError>) {
    let mut listing = start.clone();
    for block in blocks {
        let checked = match block {
            Block::Claim(script) => check_script(script, &mut start.clone()),
            Block::Listing { transcript, continued } => {
                if !continued {
                    listing = start.clone();
                }
                check_listing(transcript, &mut listing)
            }
        };
        errors.extend(checked.err());
    }
}

fn check_script(script: &Script, session: &mut Session) -> Result<(), LessonError> {
    let limit = session.now_micros() + BLOCK_MICROS_MAX;
    let lines = parse_script(&script.text).map_err(|error| script_error(script, &error))?;
    for line in lines {
        run(session, &line, limit).map_err(|message| at_line(script, line.line_number, message))?;
    }
    Ok(())
}

/// Types what stands behind each `$ ` and compares what that prints with what stands below it.
fn check_listing(transcript: &Script, session: &mut Session) -> Result<(), LessonError> {
    if !transcript.text.lines().any(|line| line.starts_with("$ ")) {
        return check_script(transcript, session);
    }
    let limit = session.now_micros() + BLOCK_MICROS_MAX;
    for (first, typed, expected) in typed_lines(&transcript.text) {
        let lines = parse_script(typed)
            .map_err(|error| script_error(transcript, &ScriptError { line: first, ..error }))?;
        let shown = session.terminal().len();
        for line in lines {
            run(session, &line, limit).map_err(|message| at_line(transcript, first, message))?;
        }
        let printed: String =
            session.terminal().iter().skip(shown).map(|entry| printed(entry)).collect();
        if printed.trim_end() != expected.trim_end() {
            let message = format!("`{typed}` prints:\n{}", printed.trim_end());
            return Err(at_line(transcript, first, message));
        }
    }
    Ok(())
}

/// What is typed, in which line, and what should come of it.
fn typed_lines(transcript: &str) -> Vec<(u32, &str, String)> {
    let mut typed: Vec<(u32, &str, String)> = Vec::new();
    for (number, line) in (1..).zip(transcript.lines()) {
        if let Some(command) = line.strip_prefix("$ ") {
            typed.push((number, command, String::new()));
        } else if let Some((_, _, expected)) = typed.last_mut() {
            expected.push_str(line);
            expected.push('\n');
        }
    }
    typed
}

/// What `lab run` prints below a line.
fn printed(entry: &TerminalEntry) -> String {
    let mut text = format!("{}{}", entry.stdout, entry.stderr);
    match entry.exit {
        Some(0) | None => {}
        Some(exit) => text.push_str(&format!("[exit {exit}]\n")),
    }
    text.push_str(&entry.jobs);
    text
}
