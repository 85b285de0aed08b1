//! How long a lesson takes: what its manifest says is held against what there is to read and to do.

use super::data::LessonData;

/// Words a minute. Adults read 238 words of non-fiction a minute (Brysbaert, "How many words do we
/// read per minute?", 2019); of text like ours, a little less.
const WORDS_A_MINUTE: u64 = 220;
/// A listing is looked at rather than read.
const LISTED_A_MINUTE: u64 = 2 * WORDS_A_MINUTE;
const SECONDS_A_GOAL: u64 = 60;
const SECONDS_A_WIDGET: u64 = 30;
/// How far a manifest may be off.
const TOLERANCE: u64 = 1;

/// What there is to read in sight: sections behind a fold are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Words of prose.
    pub(super) words: u64,
    /// Words of listings and code.
    pub(super) listed: u64,
    /// Charts, tables and forms to work with.
    pub(super) widgets: u64,
}

impl Reading {
    /// Both together.
    pub(super) fn and(self, other: Reading) -> Reading {
        Reading {
            words: self.words + other.words,
            listed: self.listed + other.listed,
            widgets: self.widgets + other.widgets,
        }
    }
}

/// The words of a text.
pub(super) fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// What is wrong with the minutes that a lesson names, if anything is.
pub(super) fn wrong_minutes(data: &LessonData, prose: Reading) -> Option<String> {
    let choices = data.predictions.iter().map(|choice| {
        let options: u64 = choice.options.iter().map(|option| words(option)).sum();
        words(&choice.question) + options + words(&choice.because)
    });
    let told = data.goals.iter().map(|goal| words(&goal.text) + words(&goal.because));
    let read = prose.words + choices.sum::<u64>() + told.sum::<u64>();
    let seconds = read * 60 / WORDS_A_MINUTE
        + prose.listed * 60 / LISTED_A_MINUTE
        + data.goals.len() as u64 * SECONDS_A_GOAL
        + prose.widgets * SECONDS_A_WIDGET;
    let about = (seconds + 30) / 60;
    (about.abs_diff(data.minutes.into()) > TOLERANCE).then(|| {
        format!(
            "it takes about {about} minutes, not {}: {read} words to read, {} of listings, {} goals; \
             a section that is to be looked up has `{{.more}}` behind its heading and is not counted",
            data.minutes,
            prose.listed,
            data.goals.len()
        )
    })
}
