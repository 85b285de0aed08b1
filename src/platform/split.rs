//! Sizes that a learner gave to parts of the page: kept in storage, set as custom properties.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, PointerEvent};
use yew::NodeRef;

use super::{dom, keep};
use crate::panels::splitter::Split;

/// The share that was given to a part before, in per cent.
pub(crate) fn kept(of: Split) -> Option<i32> {
    keep::kept_fact(of.name())?.parse().ok()
}

/// Gives a part a share of the whole, or sets it back, and keeps that.
pub(crate) fn set(of: Split, share: Option<i32>) {
    let root = dom::document().and_then(|document| document.document_element());
    let Some(root) = root.and_then(|root| root.dyn_into::<HtmlElement>().ok()) else { return };
    let value = share.map(|share| share.to_string()).unwrap_or_default();
    let size = if share.is_some() { format!("{value}%") } else { String::new() };
    // An empty value takes the property away.
    let _ = root.style().set_property(&format!("--{}", of.name()), &size);
    keep::fact(of.name(), &value);
}

/// The share that a part has beside its bar.
pub(crate) fn measure(bar: &NodeRef, of: Split) -> Option<i32> {
    let bar = bar.cast::<Element>()?;
    let whole = bar.parent_element()?.get_bounding_client_rect();
    let share = match of {
        Split::Terminal => {
            bar.previous_element_sibling()?.get_bounding_client_rect().width() / whole.width()
        }
        Split::Panels => {
            bar.next_element_sibling()?.get_bounding_client_rect().height() / whole.height()
        }
    };
    Some((share * 100.0).round() as i32)
}

/// From now on the bar hears the pointer wherever it goes, until it is let go.
pub(crate) fn hold(event: &PointerEvent) {
    if let Some(bar) = bar_of(event) {
        // A pointer that is gone already cannot be held.
        let _ = bar.set_pointer_capture(event.pointer_id());
    }
}

/// The share that a bar under a held pointer gives its part.
pub(crate) fn dragged(event: &PointerEvent, of: Split) -> Option<i32> {
    let bar = bar_of(event)?;
    if !bar.has_pointer_capture(event.pointer_id()) {
        return None;
    }
    let whole = bar.parent_element()?.get_bounding_client_rect();
    let share = match of {
        Split::Terminal => (f64::from(event.client_x()) - whole.left()) / whole.width(),
        Split::Panels => (whole.bottom() - f64::from(event.client_y())) / whole.height(),
    };
    Some((share * 100.0).round() as i32)
}

fn bar_of(event: &PointerEvent) -> Option<Element> {
    event.target()?.dyn_into().ok()
}
