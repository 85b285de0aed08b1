//! Two functions for the widgets in the prose, given to the boot file's `raftLab`.

use js_sys::{Function, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;
use yew::Callback;

use super::keep;

/// Offers `ask(question, tell)` and `act(line)`.
pub(crate) fn offer(ask: Callback<(String, Function)>, act: Callback<String>) {
    let Some(lab) = keep::boot() else { return };
    let ask = Closure::<dyn Fn(String, Function)>::new(move |what, tell| ask.emit((what, tell)));
    let act = Closure::<dyn Fn(String)>::new(move |line| act.emit(line));
    let _ = Reflect::set(&lab, &JsValue::from_str("ask"), &ask.into_js_value());
    let _ = Reflect::set(&lab, &JsValue::from_str("act"), &act.into_js_value());
}

/// Tells somebody who asked.
pub(crate) fn tell(tell: &Function, answer: &str) {
    // What goes wrong there is theirs.
    let _ = tell.call1(&JsValue::NULL, &JsValue::from_str(answer));
}
