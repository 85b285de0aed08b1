//! `lesson.toml` and `glossary.toml` as they are written: every field, no others, each with the
//! place it stands at so that an error can name its line.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::data::GoalKind;

/// The format version that this program reads.
pub(super) const FORMAT: u32 = 1;

/// Panels that a lesson may open.
pub(super) const PANELS: [&str; 9] =
    ["terminal", "keys", "logs", "events", "messages", "clients", "charts", "node", "settings"];

/// `lesson.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: Spanned<u32>,
    pub(super) id: Spanned<String>,
    pub(super) title: Spanned<String>,
    pub(super) summary: Spanned<String>,
    pub(super) minutes: Spanned<u32>,
    pub(super) time_limit_seconds: Spanned<u64>,
    #[serde(default)]
    pub(super) panels: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) commands: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) open_ended: bool,
    pub(super) setup: Option<Spanned<String>>,
    pub(super) cluster: ClusterTable,
    #[serde(default)]
    pub(super) goals: Vec<Spanned<GoalTable>>,
    #[serde(default)]
    pub(super) predictions: Vec<Spanned<PredictionTable>>,
    /// Questions to be asked after the act.
    #[serde(default)]
    pub(super) questions: Vec<Spanned<PredictionTable>>,
    #[serde(default)]
    pub(super) solutions: Vec<SolutionTable>,
}

/// `[cluster]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterTable {
    pub(super) nodes: Spanned<u8>,
    pub(super) seed: u64,
}

/// `[[goals]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoalTable {
    pub(super) id: Spanned<String>,
    pub(super) text: String,
    #[serde(default = "reach")]
    pub(super) kind: GoalKind,
    pub(super) predicate: Spanned<String>,
    #[serde(default)]
    pub(super) hints: Vec<String>,
    pub(super) because: String,
}

fn reach() -> GoalKind {
    GoalKind::Reach
}

/// `[[predictions]]` and `[[questions]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PredictionTable {
    pub(super) id: Spanned<String>,
    pub(super) question: String,
    pub(super) options: Vec<String>,
    /// Which option is right, counted from 1.
    pub(super) answer: Spanned<u32>,
    pub(super) because: String,
}

/// `[[solutions]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SolutionTable {
    pub(super) script: Spanned<String>,
}

/// `glossary.toml`: the words that prose may explain, each in a sentence or two.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Glossary {
    pub(super) terms: BTreeMap<String, String>,
}

/// The line, from 1, that a byte of a text stands in.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// The line that the content of a TOML string begins in: `"""` at the end of a line does not count.
pub(super) fn first_line(text: &str, span: Range<usize>) -> usize {
    let opening = text.get(span.clone()).unwrap_or_default();
    let skipped = ["\"\"\"\n", "'''\n"].iter().any(|quotes| opening.starts_with(quotes));
    line_at(text, span.start) + usize::from(skipped)
}
