//! What the page gets of a lesson, as JSON in the lesson's HTML file.

use serde::{Deserialize, Serialize};

/// One lesson without its prose (which stands in the HTML already).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonData {
    /// Its slug: `elections`; also the name of its HTML file.
    pub id: String,
    /// Its place in the course, from 1.
    pub number: u32,
    /// Its title.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// Size of the cluster at the start.
    pub nodes: u8,
    /// Seed at the start.
    pub seed: u64,
    /// Lines that are run before the learner acts; they may take virtual time.
    pub setup: String,
    /// What the learner is to bring about, in order.
    pub goals: Vec<GoalData>,
    /// Questions with answers to choose from: those to be answered before acting, then those of the
    /// check afterwards.
    pub predictions: Vec<PredictionData>,
    /// Lines that reach every goal, played step by step on demand.
    pub solution: Vec<String>,
    /// Panels that are open at first, by their names: `terminal`, `keys`, `logs`, ….
    pub panels: Vec<String>,
    /// Words that a line may begin with in this lesson; empty: every word.
    #[serde(default)]
    pub commands: Vec<String>,
    /// The lesson before.
    pub previous: Option<LessonLink>,
    /// The lesson after.
    pub next: Option<LessonLink>,
}

/// Where another lesson is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonLink {
    /// Its slug.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// A goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalData {
    /// Unique within the lesson.
    pub id: String,
    /// What to do, in one sentence.
    pub text: String,
    /// To be reached once, or to be kept all the time.
    pub kind: GoalKind,
    /// The predicate (see `docs/script.md`) that decides.
    pub predicate: String,
    /// Hints, from a nudge to nearly the answer.
    pub hints: Vec<String>,
    /// What it showed, told after it was reached.
    pub because: String,
}

/// How a goal is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GoalKind {
    /// Reached as soon as its predicate holds once.
    Reach,
    /// Holds from the start and must never stop holding.
    Keep,
}

/// A question with answers to choose from: a guess before the act, or a check of what was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredictionData {
    /// Unique within the lesson.
    pub id: String,
    /// The question.
    pub question: String,
    /// The answers to choose from.
    pub options: Vec<String>,
    /// Index of the right one, from 0.
    pub answer: u32,
    /// Why it is right, told after the choice.
    pub because: String,
}

/// A piece of a goal's, hint's or prediction's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inline<'a> {
    /// Words.
    Text(&'a str),
    /// What stood between backticks: a command, a key, a value.
    Code(&'a str),
}

/// Splits a text of a lesson at its backticks, the only mark-up that such texts know.
pub fn inline(text: &str) -> impl Iterator<Item = Inline<'_>> {
    text.split('`')
        .enumerate()
        .filter(|(_, piece)| !piece.is_empty())
        .map(|(at, piece)| if at % 2 == 0 { Inline::Text(piece) } else { Inline::Code(piece) })
}
