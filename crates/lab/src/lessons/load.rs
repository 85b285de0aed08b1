//! Reading a folder of lessons: one folder each, `NN-slug/lesson.toml` and `NN-slug/en.md`, and
//! beside them `glossary.toml`.
//!
//! What can be said of a lesson without running it is said here, with file and line: unknown
//! fields, a goal without a hint, a dead link. What must be run is `check`'s.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::data::{GoalData, LessonData, LessonLink, PredictionData};
use super::html::{self, Names};
use super::manifest::{FORMAT, Glossary, Manifest, PANELS, first_line, line_at};
use super::pace::wrong_minutes;
use crate::script::{Command, Line, parse_script};

/// One lesson, read and found to be well formed.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// What the page gets.
    pub data: LessonData,
    /// The name of its folder: `02-elections`.
    pub folder: String,
    /// Virtual time that each solution may take, in seconds.
    pub time_limit_seconds: u64,
    /// What runs before the learner acts.
    pub setup: Script,
    /// For each goal the line of its predicate in `lesson.toml`.
    pub predicate_lines: Vec<usize>,
    /// How many of [`LessonData::predictions`] are asked before the act; the others are the check of
    /// what was understood.
    pub predicted: usize,
    /// Ways to every goal; the page plays the first.
    pub solutions: Vec<Script>,
    /// What of the prose is run, in its order.
    pub blocks: Vec<Block>,
    /// Where its `lesson.toml` is, as an error names it.
    pub manifest_file: String,
    /// The prose as HTML.
    pub(super) body: String,
}

/// Lines of the lab's language, and where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The lines.
    pub text: String,
    /// The file they are in, as an error names it.
    pub file: String,
    /// The line of that file which the first of them is.
    pub first_line: usize,
}

/// A piece of the prose that `lab lessons check` runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// An `assert` block: from the lesson's set-up on, each `assert` and `until` must hold.
    Claim(Script),
    /// A `lab` block: what it says it prints is what it prints. With `continued` it goes on where
    /// the `lab` block before it ended.
    Listing {
        /// `$ ` lines are typed, the others are what they print; without any `$ ` all are typed.
        transcript: Script,
        /// Whether it goes on from the one before.
        continued: bool,
    },
}

/// What is wrong with a lesson, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LessonError {
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl LessonError {
    pub(super) fn new(file: &str, line: usize, message: impl Into<String>) -> LessonError {
        LessonError { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for LessonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for LessonError {}

/// A lesson whose prose is not rendered yet: that needs the names of all the others.
struct Draft {
    lesson: Lesson,
    prose: String,
    prose_file: String,
    /// The line of its manifest that says how long it takes.
    minutes_line: usize,
}

/// Reads every lesson below `dir`, in the order of their numbers.
///
/// # Errors
/// Everything that is wrong with any of them, in the order of files and lines.
pub fn load_all(dir: &Path) -> Result<Vec<Lesson>, Vec<LessonError>> {
    let mut errors = Vec::new();
    let glossary = read_glossary(dir, &mut errors);
    let mut drafts: Vec<Draft> = folders(dir, &mut errors)
        .into_iter()
        .filter_map(|(number, folder)| read_draft(number, &folder, &mut errors))
        .collect();
    link_neighbours(&mut drafts, &mut errors);
    let slugs: BTreeSet<String> = drafts.iter().map(|draft| draft.lesson.data.id.clone()).collect();
    let names = Names { glossary: &glossary.terms, slugs: &slugs };
    let mut lessons = Vec::new();
    for Draft { mut lesson, prose, prose_file, minutes_line } in drafts {
        let rendered = html::render(&prose, &prose_file, &lesson, &names);
        errors.extend(rendered.errors);
        if let Some(wrong) = wrong_minutes(&lesson.data, rendered.reading) {
            errors.push(LessonError::new(&lesson.manifest_file, minutes_line, wrong));
        }
        lesson.body = rendered.html;
        lesson.blocks = rendered.blocks;
        lessons.push(lesson);
    }
    errors.sort();
    errors.dedup();
    if errors.is_empty() { Ok(lessons) } else { Err(errors) }
}

/// The words that prose may explain, and what they mean, in the order of the alphabet.
///
/// # Errors
/// The file cannot be read or understood.
pub fn load_glossary(dir: &Path) -> Result<Vec<(String, String)>, Vec<LessonError>> {
    let mut errors = Vec::new();
    let glossary = read_glossary(dir, &mut errors);
    if errors.is_empty() { Ok(glossary.terms.into_iter().collect()) } else { Err(errors) }
}

fn read_text(path: &Path, errors: &mut Vec<LessonError>) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(text) => Some(text.replace("\r\n", "\n")),
        Err(error) => {
            errors.push(LessonError::new(&path.display().to_string(), 1, error.to_string()));
            None
        }
    }
}

fn read_glossary(dir: &Path, errors: &mut Vec<LessonError>) -> Glossary {
    let path = dir.join("glossary.toml");
    let Some(text) = read_text(&path, errors) else { return Glossary::default() };
    toml::from_str(&text).unwrap_or_else(|error| {
        errors.push(toml_error(&path.display().to_string(), &text, &error));
        Glossary::default()
    })
}

fn toml_error(file: &str, text: &str, error: &toml::de::Error) -> LessonError {
    let line = error.span().map_or(1, |span| line_at(text, span.start));
    LessonError::new(file, line, error.message())
}

/// The lessons' folders with their numbers, in order. Files beside them are left alone.
fn folders(dir: &Path, errors: &mut Vec<LessonError>) -> Vec<(u32, PathBuf)> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            errors.push(LessonError::new(&dir.display().to_string(), 1, error.to_string()));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let number = folder_name(&path).split_once('-').and_then(|(number, _)| number.parse().ok());
        match number {
            Some(number) => found.push((number, path)),
            None => errors.push(LessonError::new(
                &path.display().to_string(),
                1,
                "a lesson's folder is called NN-slug, as in 02-elections",
            )),
        }
    }
    found.sort();
    found
}

fn folder_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_draft(number: u32, folder: &Path, errors: &mut Vec<LessonError>) -> Option<Draft> {
    let path = folder.join("lesson.toml");
    let text = read_text(&path, errors)?;
    let prose_path = folder.join("en.md");
    let prose = read_text(&prose_path, errors)?;
    let file = path.display().to_string();
    match toml::from_str::<Manifest>(&text) {
        Ok(manifest) => {
            let reader = ManifestReader { text: &text, file: &file, errors };
            let lesson = reader.lesson(number, &folder_name(folder), &manifest);
            let minutes_line = line_at(&text, manifest.minutes.span().start);
            let prose_file = prose_path.display().to_string();
            Some(Draft { lesson, prose, prose_file, minutes_line })
        }
        Err(error) => {
            errors.push(toml_error(&file, &text, &error));
            None
        }
    }
}

/// Turns a manifest into a lesson and notes what is wrong with it.
struct ManifestReader<'a> {
    text: &'a str,
    file: &'a str,
    errors: &'a mut Vec<LessonError>,
}

impl ManifestReader<'_> {
    fn lesson(mut self, number: u32, folder: &str, manifest: &Manifest) -> Lesson {
        self.check_head(folder, manifest);
        self.check_goals(manifest);
        self.check_choices(manifest);
        self.check_solutions(manifest);
        let solutions: Vec<Script> =
            manifest.solutions.iter().map(|solution| self.script(&solution.script)).collect();
        let data = LessonData {
            id: manifest.id.get_ref().clone(),
            number,
            title: manifest.title.get_ref().clone(),
            summary: manifest.summary.get_ref().clone(),
            minutes: *manifest.minutes.get_ref(),
            nodes: *manifest.cluster.nodes.get_ref(),
            seed: manifest.cluster.seed,
            setup: manifest.setup.as_ref().map_or_else(String::new, |text| text.get_ref().clone()),
            goals: goals(manifest),
            predictions: choices(manifest),
            solution: solutions.first().map(|script| lines(&script.text)).unwrap_or_default(),
            panels: manifest.panels.iter().map(|panel| panel.get_ref().clone()).collect(),
            commands: manifest.commands.iter().map(|word| word.get_ref().clone()).collect(),
            previous: None,
            next: None,
        };
        Lesson {
            data,
            folder: folder.to_owned(),
            time_limit_seconds: *manifest.time_limit_seconds.get_ref(),
            setup: manifest.setup.as_ref().map_or_else(
                || Script { file: self.file.to_owned(), first_line: 1, text: String::new() },
                |text| self.script(text),
            ),
            predicate_lines: manifest
                .goals
                .iter()
                .map(|goal| first_line(self.text, goal.get_ref().predicate.span()))
                .collect(),
            predicted: manifest.predictions.len(),
            solutions,
            blocks: Vec::new(),
            manifest_file: self.file.to_owned(),
            body: String::new(),
        }
    }

    fn script(&self, text: &toml::Spanned<String>) -> Script {
        Script {
            text: text.get_ref().clone(),
            file: self.file.to_owned(),
            first_line: first_line(self.text, text.span()),
        }
    }

    fn error(&mut self, byte: usize, message: impl Into<String>) {
        self.errors.push(LessonError::new(self.file, line_at(self.text, byte), message));
    }

    fn check_head(&mut self, folder: &str, manifest: &Manifest) {
        if *manifest.format.get_ref() != FORMAT {
            self.error(manifest.format.span().start, format!("the format is {FORMAT}"));
        }
        let slug = folder.split_once('-').map_or(folder, |(_, slug)| slug);
        if manifest.id.get_ref() != slug {
            let message = format!("the id is the folder's name without its number: {slug}");
            self.error(manifest.id.span().start, message);
        }
        if slug.chars().any(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-') {
            self.error(manifest.id.span().start, "an id has small letters, digits and hyphens");
        }
        for (text, name) in [(&manifest.title, "title"), (&manifest.summary, "summary")] {
            if text.get_ref().trim().is_empty() {
                self.error(text.span().start, format!("the {name} is empty"));
            }
        }
        if !(1..=7).contains(manifest.cluster.nodes.get_ref()) {
            self.error(manifest.cluster.nodes.span().start, "a cluster has 1 to 7 nodes");
        }
        if !(1..=60).contains(manifest.minutes.get_ref()) {
            self.error(manifest.minutes.span().start, "a lesson takes 1 to 60 minutes");
        }
        if !(1..=3600).contains(manifest.time_limit_seconds.get_ref()) {
            self.error(manifest.time_limit_seconds.span().start, "the limit is 1 to 3600 seconds");
        }
        for panel in &manifest.panels {
            if !PANELS.contains(&panel.get_ref().as_str()) {
                let message = format!("no such panel; there are {}", PANELS.join(", "));
                self.error(panel.span().start, message);
            }
        }
    }

    fn check_goals(&mut self, manifest: &Manifest) {
        if manifest.goals.len() < 2 {
            self.error(manifest.id.span().start, "a lesson has at least two goals");
        }
        let mut seen = BTreeSet::new();
        for goal in &manifest.goals {
            let (start, goal) = (goal.span().start, goal.get_ref());
            if !seen.insert(goal.id.get_ref()) {
                self.error(goal.id.span().start, "another goal has this id");
            }
            if goal.hints.iter().all(|hint| hint.trim().is_empty()) {
                self.error(start, format!("the goal {} has no hint", goal.id.get_ref()));
            }
            for text in goal.hints.iter().chain([&goal.text, &goal.because]) {
                self.check_text(start, text);
            }
        }
    }

    /// Predictions and questions: the page knows both by their ids.
    fn check_choices(&mut self, manifest: &Manifest) {
        let mut seen = BTreeSet::new();
        let predictions = manifest.predictions.iter().map(|table| ("prediction", table));
        let questions = manifest.questions.iter().map(|table| ("question", table));
        for (what, table) in predictions.chain(questions) {
            let (start, choice) = (table.span().start, table.get_ref());
            if !seen.insert(choice.id.get_ref()) {
                let message = format!("another prediction or question has the id of this {what}");
                self.error(choice.id.span().start, message);
            }
            if choice.options.len() < 2 {
                self.error(start, format!("a {what} has at least two options"));
            }
            let answer = *choice.answer.get_ref() as usize;
            if answer == 0 || answer > choice.options.len() {
                let most = choice.options.len();
                let message = format!("the answer is the number of an option, 1 to {most}");
                self.error(choice.answer.span().start, message);
            }
            for text in choice.options.iter().chain([&choice.question, &choice.because]) {
                self.check_text(start, text);
            }
        }
    }

    fn check_solutions(&mut self, manifest: &Manifest) {
        let mut texts: Vec<Vec<String>> =
            manifest.solutions.iter().map(|solution| lines(solution.script.get_ref())).collect();
        texts.sort();
        texts.dedup();
        let needed = if manifest.open_ended { 2 } else { 1 };
        if texts.len() < needed {
            let message = match needed {
                1 => "a lesson has a solution",
                _ => "an open-ended lesson has two different solutions",
            };
            self.error(manifest.id.span().start, message);
        }
        if manifest.commands.is_empty() {
            return;
        }
        for solution in &manifest.solutions {
            let first = first_line(self.text, solution.script.span());
            for (at, line) in solution.script.get_ref().lines().enumerate() {
                let word = line.split_whitespace().next().unwrap_or("#");
                let allowed = manifest.commands.iter().any(|allowed| allowed.get_ref() == word);
                if !allowed && !word.starts_with('#') {
                    let message = format!("the lesson's commands do not allow {word}");
                    self.errors.push(LessonError::new(self.file, first + at, message));
                }
            }
        }
    }

    /// Texts of the manifest know backticks and no other mark-up.
    fn check_text(&mut self, byte: usize, text: &str) {
        if text.trim().is_empty() {
            self.error(byte, "a text is empty");
        }
        if !text.matches('`').count().is_multiple_of(2) {
            self.error(byte, format!("a backtick is not closed in: {text}"));
        }
    }
}

fn goals(manifest: &Manifest) -> Vec<GoalData> {
    let goal = |goal: &toml::Spanned<super::manifest::GoalTable>| {
        let goal = goal.get_ref();
        GoalData {
            id: goal.id.get_ref().clone(),
            text: goal.text.trim().to_owned(),
            kind: goal.kind,
            predicate: goal.predicate.get_ref().trim().to_owned(),
            hints: goal.hints.iter().map(|hint| hint.trim().to_owned()).collect(),
            because: goal.because.trim().to_owned(),
        }
    };
    manifest.goals.iter().map(goal).collect()
}

/// The predictions, then the questions.
fn choices(manifest: &Manifest) -> Vec<PredictionData> {
    let prediction = |prediction: &toml::Spanned<super::manifest::PredictionTable>| {
        let prediction = prediction.get_ref();
        PredictionData {
            id: prediction.id.get_ref().clone(),
            question: prediction.question.trim().to_owned(),
            options: prediction.options.clone(),
            answer: prediction.answer.get_ref().saturating_sub(1),
            because: prediction.because.trim().to_owned(),
        }
    };
    manifest.predictions.iter().chain(&manifest.questions).map(prediction).collect()
}

/// The lines of a script that do or say something; one with a here-document stays in one piece. A
/// script that is not understood is `check`'s business.
fn lines(script: &str) -> Vec<String> {
    let lines = parse_script(script).unwrap_or_default();
    lines.iter().filter(|line| !matches!(line.command, Command::Blank)).map(Line::text).collect()
}

fn link_neighbours(drafts: &mut [Draft], errors: &mut Vec<LessonError>) {
    let links: Vec<LessonLink> = drafts
        .iter()
        .map(|Draft { lesson, .. }| LessonLink {
            id: lesson.data.id.clone(),
            title: lesson.data.title.clone(),
        })
        .collect();
    for (at, Draft { lesson, .. }) in drafts.iter_mut().enumerate() {
        if links.iter().take(at).any(|earlier| earlier.id == lesson.data.id) {
            let message = format!("another lesson has the id {}", lesson.data.id);
            errors.push(LessonError::new(&lesson.manifest_file, 1, message));
        }
        lesson.data.previous = at.checked_sub(1).and_then(|before| links.get(before)).cloned();
        lesson.data.next = links.get(at + 1).cloned();
    }
}
