//! The prose of a lesson: static HTML that stands there already.

use super::dom;

/// Sets an attribute on the first element that a selector finds.
pub(crate) fn mark(selector: &str, name: &str, value: &str) {
    let found =
        dom::document().and_then(|document| document.query_selector(selector).ok().flatten());
    if let Some(element) = found {
        // Refused only for a name that is none.
        let _ = element.set_attribute(name, value);
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
