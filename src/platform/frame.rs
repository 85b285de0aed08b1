//! The frame loop: outside Yew, one call a frame, and none while nothing runs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use super::dom;

/// The real time in milliseconds; only differences mean something.
pub(crate) fn real_ms() -> f64 {
    js_sys::Date::now()
}

type Callback = Closure<dyn FnMut(f64)>;

/// Calls back once a frame while it runs.
pub(crate) struct FrameLoop {
    shared: Rc<Shared>,
}

struct Shared {
    callback: RefCell<Option<Callback>>,
    running: Cell<bool>,
    pending: Cell<Option<i32>>,
    last_ms: Cell<Option<f64>>,
}

impl FrameLoop {
    /// A loop that is not running; `each` gets the milliseconds since the frame before.
    pub(crate) fn new(each: impl Fn(f64) + 'static) -> FrameLoop {
        let shared = Rc::new(Shared {
            callback: RefCell::new(None),
            running: Cell::new(false),
            pending: Cell::new(None),
            last_ms: Cell::new(None),
        });
        let weak = Rc::downgrade(&shared);
        let callback = Closure::new(move |now_ms: f64| {
            let Some(shared) = weak.upgrade() else { return };
            shared.pending.set(None);
            if !shared.running.get() {
                return;
            }
            let elapsed = now_ms - shared.last_ms.replace(Some(now_ms)).unwrap_or(now_ms);
            shared.request();
            each(elapsed);
        });
        shared.callback.replace(Some(callback));
        FrameLoop { shared }
    }

    /// Runs it or stops it.
    pub(crate) fn run(&self, running: bool) {
        if self.shared.running.replace(running) == running {
            return;
        }
        if running {
            self.shared.last_ms.set(None);
            self.shared.request();
        } else if let (Some(id), Some(window)) = (self.shared.pending.take(), dom::window()) {
            let _ = window.cancel_animation_frame(id);
        }
    }
}

impl Shared {
    fn request(&self) {
        if self.pending.get().is_some() {
            return;
        }
        let callback = self.callback.borrow();
        if let (Some(callback), Some(window)) = (callback.as_ref(), dom::window()) {
            let id = window.request_animation_frame(callback.as_ref().unchecked_ref());
            self.pending.set(id.ok());
        }
    }
}
