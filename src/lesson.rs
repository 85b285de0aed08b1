//! A lesson beside the lab: goals and predictions, which stand in the prose already and get here
//! what the learner did.

use lab::lessons::{GoalKind, LessonData};
use lab::view::GoalView;
use web_sys::Element;
use yew::prelude::*;

use crate::el::{el, link, list, telling};
use crate::page::Lesson;
use crate::platform::{keep, prose};
use crate::state::use_effect_with;

/// Places in the prose that the lab writes to; made once, so that nothing jumps later.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hosts {
    count: Option<Element>,
    foot: Option<Element>,
    because: Vec<(String, Option<Element>)>,
}

impl Hosts {
    /// Makes them in the lesson's prose.
    pub(crate) fn new(lesson: &LessonData) -> Hosts {
        let because = |id: &String| {
            let host = prose::host(&format!("[data-goal=\"{id}\"]"), "div", "goal-because");
            (id.clone(), host)
        };
        Hosts {
            count: prose::host("[data-goals] > h2", "span", "goals-count"),
            foot: prose::host("[data-goals]", "div", "goals-foot"),
            because: lesson.goals.iter().map(|goal| because(&goal.id)).collect(),
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lesson: Lesson,
    pub(crate) goals: Vec<GoalView>,
    pub(crate) hosts: Hosts,
    pub(crate) on_solution: Callback<()>,
}

/// Goals as they stand, written into the prose.
#[component(Goals)]
pub(crate) fn goals(props: &Props) -> Html {
    let Props { lesson, goals, hosts, on_solution } = props;
    {
        let lesson = lesson.clone();
        use_effect_with(goals.clone(), move |goals| mark(&lesson, goals));
    }
    let reached = goals.iter().filter(|goal| goal.reached).count();
    let done = reached == goals.len() && !goals.is_empty();
    let counted = format!("{reached} of {}", goals.len());
    let mut places = vec![into(&hosts.count, el("span|role=status").text(counted).html())];
    for (id, host) in &hosts.because {
        places.push(into(host, because(lesson, goals, id)));
    }
    let (mut said, mut solution) = (Html::default(), Html::default());
    if done {
        said = el("p").say("All done. On to the next one.").html();
    }
    if !lesson.solution.is_empty() {
        solution = link("Play the solution", telling(on_solution, ()));
    }
    places.push(into(&hosts.foot, list(vec![said, solution])));
    list(places)
}

/// What is written into a place in the prose, if the prose has it.
pub(crate) fn into(host: &Option<Element>, html: Html) -> Html {
    host.clone().map(|host| create_portal(html, host)).unwrap_or_default()
}

/// What a goal showed, once it is reached.
fn because(lesson: &LessonData, goals: &[GoalView], id: &str) -> Html {
    let reached = goals.iter().any(|goal| goal.id == id && goal.reached);
    let text = lesson.goals.iter().find(|goal| goal.id == id).map(|goal| goal.because.as_str());
    match text {
        Some(text) if reached && !text.is_empty() => pieces(text),
        Some(_) if reached => el("span|class=hidden-text").say("Reached.").html(),
        Some(_) | None => Html::default(),
    }
}

/// A text of a lesson, with its code.
fn pieces(text: &str) -> Html {
    let mut pieces = Vec::new();
    for (place, words) in text.split('`').enumerate() {
        let words = words.to_owned();
        pieces.push(if place % 2 == 0 { words.into() } else { el("code").text(words).html() });
    }
    list(pieces)
}

/// Marks the goals in the prose, and the lesson as done in every list once they are all reached.
fn mark(lesson: &LessonData, goals: &[GoalView]) {
    for goal in goals {
        let selector = format!("[data-goal=\"{}\"]", goal.id);
        prose::mark(&selector, "data-reached", goal.reached.then_some(""));
        let keeps =
            lesson.goals.iter().any(|data| data.id == goal.id && data.kind == GoalKind::Keep);
        prose::mark(&selector, "data-broken", (keeps && !goal.reached).then_some(""));
    }
    if !goals.is_empty() && goals.iter().all(|goal| goal.reached) {
        keep::fact(&format!("done:{}", lesson.id), "yes");
    }
    mark_done();
}

/// Marks in every list of lessons those that were done.
pub(crate) fn mark_done() {
    for id in prose::values("[data-lesson]", "data-lesson") {
        if keep::kept_fact(&format!("done:{id}")).is_some() {
            prose::mark(&format!("[data-lesson=\"{id}\"]"), "data-done", Some(""));
        }
    }
}

/// Shows which answer was right, and why.
pub(crate) fn answer(lesson: &LessonData, question: &str, chosen: u32) {
    let Some(data) = lesson.predictions.iter().find(|data| data.id == question) else { return };
    let field = format!("[data-predict=\"{question}\"]");
    let because = format!("{field} .because");
    prose::mark(&format!("{field} label"), "data-answer", None);
    let option = |answer: u32| format!("{field} label:has(input[value=\"{answer}\"])");
    if chosen != data.answer {
        prose::mark(&option(chosen), "data-answer", Some("wrong"));
    }
    prose::mark(&option(data.answer), "data-answer", Some("right"));
    let verdict = if chosen == data.answer { "right" } else { "wrong" };
    prose::mark(&because, "data-verdict", Some(verdict));
    prose::mark(&because, "role", Some("status"));
    prose::mark(&because, "hidden", None);
    keep::fact(&format!("predict:{}:{question}", lesson.id), &chosen.to_string());
}

/// Shows the answers that were chosen before the reload.
pub(crate) fn answers_again(lesson: &LessonData) {
    for data in &lesson.predictions {
        let kept = keep::kept_fact(&format!("predict:{}:{}", lesson.id, data.id));
        if let Some(chosen) = kept.and_then(|text| text.parse().ok()) {
            prose::choose(&data.id, chosen);
            answer(lesson, &data.id, chosen);
        }
    }
}
