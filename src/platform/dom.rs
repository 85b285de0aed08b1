//! Elements: finding, focusing, placing and measuring them.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{
    Document, Element, Event, HtmlElement, HtmlInputElement, HtmlTextAreaElement, Window,
};
use yew::{BaseComponent, NodeRef};

use crate::stage::geometry::Point;
use crate::words::px;

/// The window.
pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
pub(crate) fn document() -> Option<Document> {
    window()?.document()
}

/// The element with this id.
pub(crate) fn by_id(id: &str) -> Option<Element> {
    document()?.get_element_by_id(id)
}

/// Calls `then` as a task of its own, after what waits already.
pub(crate) fn soon(then: impl FnOnce() + 'static) {
    gloo_timers::callback::Timeout::new(0, then).forget();
}

/// Mounts a component in the element with this id, in place of what stands there.
pub(crate) fn mount<C: BaseComponent>(id: &str, props: C::Properties) {
    if let Some(host) = by_id(id) {
        yew::Renderer::<C>::with_root_and_props(host, props).render();
    }
}

/// Moves the focus to the element with this id.
pub(crate) fn focus(id: &str) {
    if let Some(element) = by_id(id) {
        focus_element(&element);
    }
}

/// Moves the focus from the element with this id to another of those that a selector finds, round
/// the ends, and leaves Tab coming back to where it went.
pub(crate) fn focus_along(selector: &str, id: &str, step: i32) {
    let found = document().and_then(|document| document.query_selector_all(selector).ok());
    let (Some(found), Some(element)) = (found, by_id(id)) else { return };
    let count = i32::try_from(found.length()).unwrap_or(0);
    let here = (0..count).find(|at| item(&found, *at).as_ref() == Some(&element));
    let Some(here) = here else { return };
    if let Some(next) = item(&found, (here + step).rem_euclid(count.max(1))) {
        let _ = element.set_attribute("tabindex", "-1");
        let _ = next.set_attribute("tabindex", "0");
        focus_element(&next);
    }
}

/// Moves the focus to an element, be it HTML or SVG.
pub(crate) fn focus_element(element: &Element) {
    if let Some(html) = element.dyn_ref::<HtmlElement>() {
        // A refused focus changes nothing that could be mended here.
        let _ = html.focus();
    } else if let Some(svg) = element.dyn_ref::<web_sys::SvgElement>() {
        let _ = svg.focus();
    }
}

/// Moves the focus to the first thing inside that can take it.
pub(crate) fn focus_first(inside: &NodeRef) {
    let Some(element) = inside.cast::<Element>() else { return };
    let found = element
        .query_selector("button:not([disabled]), input:not([disabled]), select, textarea, a[href]");
    if let Ok(Some(first)) = found {
        focus_element(&first);
    }
}

/// Moves the focus among the buttons inside: by `step` places, round the ends.
pub(crate) fn focus_step(inside: &NodeRef, step: i32) {
    let Some(element) = inside.cast::<Element>() else { return };
    let Ok(buttons) = element.query_selector_all("button:not([disabled])") else { return };
    let active = document().and_then(|document| document.active_element());
    let count = i32::try_from(buttons.length()).unwrap_or(0);
    if count == 0 {
        return;
    }
    let here = (0..count).find(|at| item(&buttons, *at).is_some() && item(&buttons, *at) == active);
    let next = here.map_or(0, |at| (at + step).rem_euclid(count));
    if let Some(button) = item(&buttons, next) {
        focus_element(&button);
    }
}

fn item(list: &web_sys::NodeList, at: i32) -> Option<Element> {
    list.get(u32::try_from(at).ok()?)?.dyn_into().ok()
}

/// Places an element to the right of a point of its container, or to the left where it would leave
/// it, or below or above where neither side has room: `reach` away. Style attributes are forbidden by the content policy; properties are not.
pub(crate) fn place(node: &NodeRef, at: Point, reach: f64) {
    let Some(element) = node.cast::<HtmlElement>() else { return };
    let Some(parent) = element.offset_parent() else { return };
    let width = f64::from(element.offset_width());
    let room = f64::from(parent.client_width()) - width - 8.0;
    let below = f64::from(parent.client_height()) - f64::from(element.offset_height()) - 8.0;
    let (right, left) = (at.x + reach, at.x - reach - width);
    let (x, y) = if right <= room {
        (right, at.y - reach)
    } else if left >= 8.0 {
        (left, at.y - reach)
    } else if at.y + reach <= below {
        (at.x - width / 2.0, at.y + reach)
    } else {
        (at.x - width / 2.0, at.y - reach - f64::from(element.offset_height()))
    };
    let style = element.style();
    let _ = style.set_property("left", &format!("{}px", px(x.min(room).max(8.0))));
    let _ = style.set_property("top", &format!("{}px", px(y.min(below).max(8.0))));
}

/// The text in the field that an event came from.
pub(crate) fn value(event: &Event) -> String {
    let Some(target) = event.target() else { return String::new() };
    if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
        input.value()
    } else if let Some(area) = target.dyn_ref::<HtmlTextAreaElement>() {
        area.value()
    } else if let Some(select) = target.dyn_ref::<web_sys::HtmlSelectElement>() {
        select.value()
    } else {
        String::new()
    }
}

/// How far across the element that hears it a pointer is, from 0 to 1, where so much of either side
/// does not count.
pub(crate) fn share_across(event: &web_sys::PointerEvent, beside: f64) -> Option<f64> {
    let element = event.target()?.dyn_into::<HtmlElement>().ok()?;
    let width = f64::from(element.client_width()) - 2.0 * beside;
    let x = f64::from(event.offset_x()) - beside;
    Some((x / width.max(1.0)).clamp(0.0, 1.0))
}

/// What the element under a pointer, or one around it, says in an attribute.
pub(crate) fn data_under(event: &web_sys::PointerEvent, name: &str) -> Option<String> {
    let (x, y) = (event.client_x() as f32, event.client_y() as f32);
    let found = document()?.element_from_point(x, y)?;
    found.closest(&format!("[{name}]")).ok().flatten()?.get_attribute(name)
}

/// What an attribute says of the innermost element round an event that has it.
pub(crate) fn data(event: &Event, name: &str) -> Option<String> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(&format!("[{name}]")).ok().flatten()?.get_attribute(name)
}

/// How wide the inside of an element is, in pixels.
pub(crate) fn width(node: &NodeRef) -> u32 {
    let width = node.cast::<Element>().map_or(0, |element| element.client_width());
    u32::try_from(width).unwrap_or(0)
}

/// Keys that are pressed inside an element are heard of nowhere outside: the page round the lab may
/// have shortcuts of its own.
pub(crate) fn keep_keys_in(id: &str) {
    let Some(element) = by_id(id) else { return };
    let stop = Closure::<dyn Fn(Event)>::new(|event: Event| event.stop_propagation());
    for kind in ["keydown", "keypress", "keyup"] {
        // Refused, keys go where they went before.
        let _ = element.add_event_listener_with_callback(kind, stop.as_ref().unchecked_ref());
    }
    stop.forget();
}

/// Scrolls an element to its end.
pub(crate) fn scroll_to_end(node: &NodeRef) {
    if let Some(element) = node.cast::<Element>() {
        element.set_scroll_top(element.scroll_height());
    }
}

/// Scrolls a row sideways until the element with this id is in sight, and a piece of its neighbour.
pub(crate) fn reveal(id: &str) {
    const PEEK: f64 = 40.0;
    let Some(element) = by_id(id) else { return };
    let Some(row) = element.parent_element() else { return };
    let (place, sight) = (element.get_bounding_client_rect(), row.get_bounding_client_rect());
    let before = (place.left() - PEEK - sight.left()).min(0.0);
    let after = (place.right() + PEEK - sight.right()).max(0.0);
    row.set_scroll_left(row.scroll_left() + (before + after) as i32);
}

/// Whether an element is scrolled to its end, or nearly.
pub(crate) fn at_end(node: &NodeRef) -> bool {
    node.cast::<Element>().is_none_or(|element| {
        element.scroll_height() - element.scroll_top() - element.client_height() < 24
    })
}

/// Whether a query on the media holds.
pub(crate) fn matches(query: &str) -> bool {
    window()
        .and_then(|window| window.match_media(query).ok().flatten())
        .is_some_and(|list| list.matches())
}

/// Whether less motion was asked for.
pub(crate) fn calm() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

/// Selects all that stands in a field.
pub(crate) fn select_all(target: Option<web_sys::EventTarget>) {
    if let Some(field) = target.and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
        field.select();
    }
}

/// Whether text is selected, so that Ctrl-C means to copy it.
pub(crate) fn selected_text() -> bool {
    window()
        .and_then(|window| window.get_selection().ok().flatten())
        .is_some_and(|selection| !selection.is_collapsed())
}

/// Whether the focus is inside the element that an event was heard on after it moved away.
pub(crate) fn holds_focus(node: &NodeRef, next: Option<web_sys::EventTarget>) -> bool {
    let next = next.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    match (node.cast::<web_sys::Node>(), next) {
        (Some(node), next @ Some(_)) => node.contains(next.as_ref()),
        (Some(_) | None, None) | (None, Some(_)) => false,
    }
}
