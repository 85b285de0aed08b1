//! Lessons: data and prose, no code. What the page gets of one is [`LessonData`]; reading,
//! rendering and checking the folders needs files and stands behind the feature `cli`.
//!
//! `docs/authoring.md` is the same told to an author. A reader of the code starts at `load_all`.

#[cfg(feature = "cli")]
mod check;
mod data;
#[cfg(feature = "cli")]
mod html;
#[cfg(feature = "cli")]
mod interactive;
#[cfg(feature = "cli")]
mod load;
#[cfg(feature = "cli")]
mod manifest;
#[cfg(feature = "cli")]
mod pace;
#[cfg(feature = "cli")]
mod scaffold;
#[cfg(all(test, feature = "cli"))]
mod schema;
#[cfg(all(test, feature = "cli"))]
mod tests;
#[cfg(feature = "cli")]
mod widgets;

#[cfg(feature = "cli")]
pub use check::{check, check_all, check_command, warnings};
pub use data::{GoalData, GoalKind, Inline, LessonData, LessonLink, PredictionData, inline};
#[cfg(feature = "cli")]
pub use load::{Block, Lesson, LessonError, Script, load_all, load_glossary};
#[cfg(feature = "cli")]
pub use scaffold::new_lesson;
#[cfg(feature = "cli")]
pub use widgets::home_list_html;
