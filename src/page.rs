//! Which page this is, and how its session begins.

use lab::lessons::LessonData;
use lab::session::{Opening, Session};

use crate::platform::{keep, prose};

/// What the HTML file says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// The front page.
    Home,
    /// The lab alone.
    Sandbox,
    /// A lesson.
    Lesson(LessonData),
}

/// The lab outside lessons: five nodes, far enough apart to see what they say.
const OPEN_SETUP: &str = "set latency 40ms\nuntil leader";

impl Scene {
    /// Reads it from the HTML.
    pub(crate) fn read() -> Scene {
        let lesson = || {
            // The browser parses the JSON: a parser of our own would bring tables of its own.
            let data = js_sys::JSON::parse(prose::text("lesson")?.trim()).ok()?;
            serde_wasm_bindgen::from_value(data).ok()
        };
        match prose::view().as_deref() {
            Some("sandbox") => Scene::Sandbox,
            Some("lesson") => lesson().map_or(Scene::Home, Scene::Lesson),
            Some(_) | None => Scene::Home,
        }
    }

    /// Under which name its session is kept.
    pub(crate) fn id(&self) -> &str {
        match self {
            Scene::Home => "home",
            Scene::Sandbox => "sandbox",
            Scene::Lesson(lesson) => &lesson.id,
        }
    }

    /// The lesson, if it is one.
    pub(crate) fn lesson(&self) -> Option<&LessonData> {
        match self {
            Scene::Lesson(lesson) => Some(lesson),
            Scene::Home | Scene::Sandbox => None,
        }
    }

    fn opening(&self) -> Opening {
        match self {
            Scene::Lesson(lesson) => Opening {
                nodes: lesson.nodes,
                seed: lesson.seed,
                setup: lesson.setup.clone(),
                goals: lesson.goals.clone(),
            },
            Scene::Home | Scene::Sandbox => {
                Opening { nodes: 5, seed: 1, setup: OPEN_SETUP.to_owned(), goals: Vec::new() }
            }
        }
    }

    /// Opens the session: where it was left, or from its beginning.
    ///
    /// # Errors
    /// The set-up cannot be run: the words that say why.
    pub(crate) fn open(&self) -> Result<Opened, String> {
        if let Some(saved) = keep::kept_session(self.id())
            && let Ok(session) = Session::restore(self.opening(), &saved)
        {
            return Ok(Opened { session, again: true });
        }
        let session = Session::new(self.opening()).map_err(|error| error.to_string())?;
        Ok(Opened { session, again: false })
    }
}

/// A session that was opened.
pub(crate) struct Opened {
    pub(crate) session: Session,
    /// Whether it was left before and comes back.
    pub(crate) again: bool,
}
