//! Which page this is, and how its session begins.

use std::cell::RefCell;
use std::rc::Rc;

use lab::lessons::{GoalData, GoalKind, LessonData, LessonLink};
use lab::link::{LinkError, Shared};
use lab::session::{Opening, Session};

use crate::embed::Asked;
use crate::platform::json::Json;
use crate::platform::{keep, prose, share};

/// What the HTML file says it is.
#[derive(Clone, Debug)]
pub(crate) enum Scene {
    /// The front page.
    Home,
    /// The lab alone.
    Sandbox,
    /// A lesson.
    Lesson(Lesson),
    /// The lab alone, in a frame of another page.
    Embed(Asked),
}

/// A lesson, shared by those who read it; only itself is equal to it.
#[derive(Clone, Debug)]
pub(crate) struct Lesson(Rc<LessonData>);

impl PartialEq for Lesson {
    fn eq(&self, other: &Lesson) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl std::ops::Deref for Lesson {
    type Target = LessonData;

    fn deref(&self) -> &LessonData {
        &self.0
    }
}

/// The lab outside lessons: five nodes, far enough apart to see what they say.
const OPEN_SETUP: &str = "set latency 40ms\nuntil leader";

impl Scene {
    /// Reads it from the HTML.
    pub(crate) fn read() -> Scene {
        let lesson = || lesson(&Json::parse(prose::text("lesson")?.trim())?);
        match prose::view().as_deref() {
            Some("sandbox") => Scene::Sandbox,
            Some("embed") => Scene::Embed(Asked::read()),
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
            Scene::Embed(asked) => &asked.place,
        }
    }

    /// The lesson, if it is one.
    pub(crate) fn lesson(&self) -> Option<&Lesson> {
        match self {
            Scene::Lesson(lesson) => Some(lesson),
            Scene::Home | Scene::Sandbox | Scene::Embed(_) => None,
        }
    }

    /// What the address of an embedded lab asks for, if it is one.
    pub(crate) fn asked(&self) -> Option<&Asked> {
        if let Scene::Embed(asked) = self { Some(asked) } else { None }
    }

    fn opening(&self) -> Opening {
        match self {
            Scene::Lesson(lesson) => Opening {
                nodes: lesson.nodes,
                seed: lesson.seed,
                setup: lesson.setup.clone(),
                goals: lesson.goals.clone(),
                attended: true,
            },
            Scene::Embed(asked) => asked.opening(Scene::Sandbox.opening()),
            Scene::Home | Scene::Sandbox => {
                Opening { nodes: 5, seed: 1, setup: OPEN_SETUP.to_owned(), ..Opening::default() }
            }
        }
    }

    /// Opens the session: where it was left, or from its beginning.
    ///
    /// # Errors
    /// The set-up cannot be run: the words that say why.
    pub(crate) fn open(&self) -> Result<Opened, String> {
        let asked = self.asked();
        let link = came_by(asked.is_none()).or_else(|| asked?.saved());
        // Who came by a link that cannot be opened gets a fresh lab.
        let kept = keep::kept_session(self.id()).filter(|_| !matches!(link, Some(Err(_))));
        if let Some(saved) = kept
            && let Ok(session) = Session::reopen(self.opening(), &saved)
        {
            return Ok(Opened { session, still: true, link });
        }
        let session = Session::new(self.opening()).map_err(|mut error| {
            // Lines of a script in the address are counted from its own first.
            let before = asked.map_or(0, |_| OPEN_SETUP.lines().count() as u32);
            error.line = error.line.saturating_sub(before);
            error.to_string()
        })?;
        Ok(Opened { session, still: asked.is_some_and(|asked| asked.paused), link })
    }
}

/// The link by which the learner came, if by one, or why it cannot be opened. Opened `once`, it goes out
/// of the address; an embedded lab keeps nothing, and comes back to it.
fn came_by(once: bool) -> Option<Result<Shared, LinkError>> {
    let (fragment, text) = share::linked()?;
    let text = lab::link::check(&fragment).and_then(|()| text.ok_or(LinkError::Damaged));
    if once {
        share::unlink();
    }
    Some(text.and_then(Shared::parse))
}

/// The lesson that stands in the HTML, written there by this program's own build; `None` if it is none.
fn lesson(json: &Json) -> Option<Lesson> {
    let mut goals = Vec::new();
    for json in json.list("goals") {
        goals.push(goal(&json));
    }
    let lesson = LessonData {
        id: text(json, "id"),
        number: number(json, "number") as u32,
        title: text(json, "title"),
        summary: text(json, "summary"),
        minutes: number(json, "minutes") as u32,
        nodes: number(json, "nodes") as u8,
        seed: number(json, "seed"),
        setup: text(json, "setup"),
        goals,
        // Questions are the book's, and asked without the lab.
        predictions: Vec::new(),
        solution: json.texts("solution"),
        panels: json.texts("panels"),
        commands: json.texts("commands"),
        previous: link(json, "previous"),
        next: link(json, "next"),
    };
    if lesson.id.is_empty() { None } else { Some(Lesson(Rc::new(lesson))) }
}

fn goal(json: &Json) -> GoalData {
    GoalData {
        id: text(json, "id"),
        text: text(json, "text"),
        kind: if text(json, "kind") == "keep" { GoalKind::Keep } else { GoalKind::Reach },
        predicate: text(json, "predicate"),
        hints: json.texts("hints"),
        because: text(json, "because"),
    }
}

fn link(json: &Json, name: &str) -> Option<LessonLink> {
    let json = &json.field(name)?;
    Some(LessonLink { id: text(json, "id"), title: text(json, "title") })
}

fn text(json: &Json, name: &str) -> String {
    json.text(name).unwrap_or_default()
}

fn number(json: &Json, name: &str) -> u64 {
    json.number(name).unwrap_or_default()
}

/// A session that was opened.
pub(crate) struct Opened {
    pub(crate) session: Session,
    /// Whether time stands still at first: it was left before and comes back, or that is asked for.
    pub(crate) still: bool,
    /// What is to be opened in its place.
    pub(crate) link: Option<Result<Shared, LinkError>>,
}

/// What was opened, or why it was not, on its way to the one owner.
#[derive(Clone)]
pub(crate) struct Handover(Rc<RefCell<Option<Result<Opened, String>>>>);

impl Handover {
    /// Holds it until it is taken.
    pub(crate) fn new(opened: Result<Opened, String>) -> Handover {
        Handover(Rc::new(RefCell::new(Some(opened))))
    }

    /// Takes it; there is only one owner.
    pub(crate) fn take(&self) -> Result<Opened, String> {
        self.0.take().unwrap_or_else(|| Err("it was opened before".to_owned()))
    }
}

impl PartialEq for Handover {
    fn eq(&self, other: &Handover) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}
