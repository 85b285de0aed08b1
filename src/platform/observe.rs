//! What the page is told by the browser: sizes, whether it is seen, which theme is on.

use js_sys::Array;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Element, IntersectionObserver, IntersectionObserverEntry, MediaQueryList, ResizeObserver,
    ResizeObserverEntry,
};

use super::dom;
use crate::stage::geometry::Size;

/// Tells the size of an element, at once and whenever it changes, until dropped.
pub(crate) struct SizeWatch {
    observer: ResizeObserver,
    _callback: Closure<dyn FnMut(Array)>,
}

impl SizeWatch {
    /// Watches `element`.
    pub(crate) fn new(element: &Element, tell: impl Fn(Size) + 'static) -> Option<SizeWatch> {
        let callback = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            if let Ok(entry) = entries.get(0).dyn_into::<ResizeObserverEntry>() {
                let rect = entry.content_rect();
                tell(Size { width: rect.width(), height: rect.height() });
            }
        });
        let observer = ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(SizeWatch { observer, _callback: callback })
    }
}

impl Drop for SizeWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Tells whether an element is on the screen.
pub(crate) struct SightWatch {
    observer: IntersectionObserver,
    _callback: Closure<dyn FnMut(Array)>,
}

impl SightWatch {
    /// Watches `element`.
    pub(crate) fn new(element: &Element, tell: impl Fn(bool) + 'static) -> Option<SightWatch> {
        let callback = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            if let Ok(entry) = entries.pop().dyn_into::<IntersectionObserverEntry>() {
                tell(entry.is_intersecting());
            }
        });
        let observer = IntersectionObserver::new(callback.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(SightWatch { observer, _callback: callback })
    }
}

impl Drop for SightWatch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Hears an event on the document for as long as the page stands.
pub(crate) struct Listener {
    _callback: Closure<dyn FnMut(JsValue)>,
}

impl Listener {
    /// Calls `tell` when the tab is hidden (`false`) or shown again (`true`).
    pub(crate) fn tab_shown(tell: impl Fn(bool) + 'static) -> Option<Listener> {
        let document = dom::document()?;
        let asked = document.clone();
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |_| tell(!asked.hidden()));
        let function = callback.as_ref().unchecked_ref();
        document.add_event_listener_with_callback("visibilitychange", function).ok()?;
        Some(Listener { _callback: callback })
    }

    /// Calls `tell` when another theme is chosen.
    pub(crate) fn themed(tell: impl Fn() + 'static) -> Option<Listener> {
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |_| tell());
        let function = callback.as_ref().unchecked_ref();
        dom::document()?.add_event_listener_with_callback("raft-lab:theme", function).ok()?;
        Some(Listener { _callback: callback })
    }

    /// Calls `tell` before the page goes away.
    pub(crate) fn leaving(tell: impl Fn() + 'static) -> Option<Listener> {
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |_| tell());
        let function = callback.as_ref().unchecked_ref();
        dom::window()?.add_event_listener_with_callback("pagehide", function).ok()?;
        Some(Listener { _callback: callback })
    }

    /// Calls `tell` when a query on the media begins or ceases to hold.
    pub(crate) fn media(query: &str, tell: impl Fn() + 'static) -> Option<Listener> {
        let list: MediaQueryList = dom::window()?.match_media(query).ok().flatten()?;
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |_| tell());
        list.add_event_listener_with_callback("change", callback.as_ref().unchecked_ref()).ok()?;
        Some(Listener { _callback: callback })
    }
}
