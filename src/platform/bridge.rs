//! What goes between this program and that of widgets and charts, by way of the boot file's `raftLab`: two
//! functions that it is given, and two of its own.

use js_sys::{Function, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use web_sys::Element;
use yew::{Callback, NodeRef};

use super::keep;

/// Offers `ask(question, tell)` and `act(line)`.
pub(crate) fn offer(ask: Callback<(String, Function)>, act: Callback<String>) {
    let Some(lab) = keep::boot() else { return };
    let ask = Closure::<dyn Fn(String, Function)>::new(move |what, tell| ask.emit((what, tell)));
    let act = Closure::<dyn Fn(String)>::new(move |line| act.emit(line));
    let _ = Reflect::set(&lab, &JsValue::from_str("ask"), &ask.into_js_value());
    let _ = Reflect::set(&lab, &JsValue::from_str("act"), &act.into_js_value());
}

#[wasm_bindgen]
extern "C" {
    /// Has the widget made that a place names; its program is loaded for that.
    #[wasm_bindgen(js_namespace = raftLab)]
    fn widget(place: &Element);
    /// Says that whoever asks now gets other answers than before.
    #[wasm_bindgen(js_namespace = raftLab)]
    pub(crate) fn news();
}

/// Has the widget made whose place this is.
pub(crate) fn fill(place: &NodeRef) {
    if let Some(place) = place.cast() {
        widget(&place);
    }
}

/// Tells somebody who asked.
pub(crate) fn tell(tell: &Function, answer: &str) {
    // What goes wrong there is theirs.
    let _ = tell.call1(&JsValue::NULL, &JsValue::from_str(answer));
}
