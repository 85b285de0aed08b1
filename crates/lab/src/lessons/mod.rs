//! Lessons: data and prose, no code. What the page gets of one is [`LessonData`]; reading,
//! rendering and checking the folders needs files and stands behind the feature `cli`.
//!
//! `docs/authoring.md` is the same told to an author. A reader of the code starts at [`load_all`].

mod data;
#[cfg(feature = "cli")]
mod html;
#[cfg(feature = "cli")]
mod load;
#[cfg(feature = "cli")]
mod manifest;

pub use data::{
    GoalData, GoalKind, Inline, LessonData, LessonLink, PredictionData, inline,
};
#[cfg(feature = "cli")]
pub use html::home_list_html;
#[cfg(feature = "cli")]
pub use load::{Block, Lesson, LessonError, Script, load_all};
