//! Lessons: data and prose, no code. What the page gets of one is [`LessonData`]; reading,
//! rendering and checking the folders needs files and stands behind the feature `cli`.

mod data;

pub use data::{GoalData, GoalKind, LessonData, LessonLink, PredictionData};
