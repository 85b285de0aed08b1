//! Links and files, by way of `raftLab` of the boot file and of `static/share.js`.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use yew::Callback;

use super::{dom, keep};

/// The link by which the learner came: its fragment, and the text in it if that could be unpacked.
pub(crate) fn linked() -> Option<(String, Option<String>)> {
    let linked = Reflect::get(&keep::boot()?, &JsValue::from_str("linked")).ok()?;
    let field = |name: &str| Reflect::get(&linked, &JsValue::from_str(name)).ok()?.as_string();
    Some((field("fragment")?, field("text")))
}

/// Takes the link out of the address: from now on a reload brings back what is kept.
pub(crate) fn unlink() {
    let Some(window) = dom::window() else { return };
    let (Ok(history), location) = (window.history(), window.location()) else { return };
    let (Ok(path), Ok(search)) = (location.pathname(), location.search()) else { return };
    // Refused where a page may not change its address; it is only less tidy then.
    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&(path + &search)));
}

/// Who hears what came of something, and a detail.
pub(crate) type Tell = Callback<(String, Option<String>)>;

/// Copies a link to `text` at `place`; `tell` hears what came of it.
pub(crate) fn copy_link(text: &str, place: &str, tell: Tell) {
    call("copyLink", &[text.into(), place.into(), told(tell)]);
}

/// Puts a text into the clipboard; `tell` hears `copied` or `refused`.
pub(crate) fn copy(text: &str, tell: Tell) {
    call("copy", &[text.into(), told(tell)]);
}

/// Opens `text` in the sandbox, in a window of its own; `tell` hears what came of it if that cannot be.
pub(crate) fn leave(text: &str, tell: Tell) {
    call("leave", &[text.into(), told(tell)]);
}

/// Saves a text as a file.
pub(crate) fn save(name: &str, text: &str) {
    call("save", &[name.into(), text.into()]);
}

/// Lets a file be chosen; `tell` hears its name, and its text if it is not too large.
pub(crate) fn open(tell: Tell) {
    call("open", &[told(tell)]);
}

/// A function for JavaScript that may be called once.
fn told(tell: Tell) -> JsValue {
    Closure::once_into_js(move |what: JsValue, detail: JsValue| {
        tell.emit((what.as_string().unwrap_or_default(), detail.as_string()));
    })
}

fn call(name: &str, given: &[JsValue]) -> Option<()> {
    let lab = keep::boot()?;
    let function = Reflect::get(&lab, &JsValue::from_str("share")).ok()?;
    let function: Function = function.dyn_into().ok()?;
    let list = js_sys::Array::of1(&JsValue::from_str(name));
    for value in given {
        list.push(value);
    }
    function.apply(&lab, &list).ok().map(drop)
}
