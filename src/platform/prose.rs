//! The prose of a lesson: static HTML that stands there already. Here it gets hosts for what the
//! lab adds, and marks for what the learner did.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, HtmlInputElement};

use super::dom;

/// An empty element at the end of the first element that a selector finds.
pub(crate) fn host(selector: &str, tag: &str, class: &str) -> Option<Element> {
    let document = dom::document()?;
    let parent = document.query_selector(selector).ok().flatten()?;
    let host = document.create_element(tag).ok()?;
    host.set_class_name(class);
    parent.append_child(&host).ok()?;
    Some(host)
}

/// Sets or removes an attribute on every element that a selector finds.
pub(crate) fn mark(selector: &str, name: &str, value: Option<&str>) {
    let found = dom::document().and_then(|document| document.query_selector_all(selector).ok());
    let Some(found) = found else { return };
    for at in 0..found.length() {
        let Some(element) = found.get(at).and_then(|node| node.dyn_into::<Element>().ok()) else {
            continue;
        };
        let _ = match value {
            Some(value) => element.set_attribute(name, value),
            None => element.remove_attribute(name),
        };
    }
}

/// Chooses the answer of a question that was chosen before the reload.
pub(crate) fn choose(question: &str, answer: u32) {
    let selector = format!("[data-predict=\"{question}\"] input[value=\"{answer}\"]");
    let found =
        dom::document().and_then(|document| document.query_selector(&selector).ok().flatten());
    if let Some(input) = found.and_then(|element| element.dyn_into::<HtmlInputElement>().ok()) {
        input.set_checked(true);
    }
}

/// Hears which answer is chosen to which question, for as long as the page stands.
pub(crate) struct Answers {
    _callback: Closure<dyn FnMut(Event)>,
}

impl Answers {
    /// Calls `tell` with the question's id and the answer's place.
    pub(crate) fn new(tell: impl Fn(String, u32) + 'static) -> Option<Answers> {
        let callback = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            let input =
                event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let Some(input) = input else { return };
            let question = input.closest("[data-predict]").ok().flatten();
            let question = question.and_then(|field| field.get_attribute("data-predict"));
            if let (Some(question), Ok(answer)) = (question, input.value().parse()) {
                tell(question, answer);
            }
        });
        let prose = dom::by_id("main")?;
        prose.add_event_listener_with_callback("change", callback.as_ref().unchecked_ref()).ok()?;
        Some(Answers { _callback: callback })
    }
}

/// The text of the element with this id.
pub(crate) fn text(id: &str) -> Option<String> {
    dom::by_id(id)?.text_content()
}

/// Which page this is.
pub(crate) fn view() -> Option<String> {
    dom::document()?.body()?.get_attribute("data-view")
}

/// The values of an attribute of every element that a selector finds.
pub(crate) fn values(selector: &str, name: &str) -> Vec<String> {
    let found = dom::document().and_then(|document| document.query_selector_all(selector).ok());
    let Some(found) = found else { return Vec::new() };
    (0..found.length())
        .filter_map(|at| found.get(at)?.dyn_into::<Element>().ok()?.get_attribute(name))
        .collect()
}
