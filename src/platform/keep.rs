//! What outlives a reload: sessions by way of `raftLab` of the boot file, small facts in storage.
//!
//! Storage may be forbidden or full; the lab then forgets and works on.

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Storage;

use super::dom;

/// Keeps the script of a session, for a reload and for the day this instance breaks.
pub(crate) fn session(id: &str, script: &str) {
    call("keep", &[id, script]);
}

/// The script a session was kept with.
pub(crate) fn kept_session(id: &str) -> Option<String> {
    call("kept", &[id])?.as_string()
}

/// Hands what broke to the boot file, which shows it.
pub(super) fn broke(message: &str) {
    call("panic", &[message]);
}

/// What the boot file offers.
pub(super) fn boot() -> Option<JsValue> {
    Reflect::get(&js_sys::global(), &JsValue::from_str("raftLab")).ok()
}

fn call(name: &str, arguments: &[&str]) -> Option<JsValue> {
    let lab = boot()?;
    let function = Reflect::get(&lab, &JsValue::from_str(name)).ok()?;
    let function: Function = function.dyn_into().ok()?;
    let list = js_sys::Array::new();
    for argument in arguments {
        list.push(&JsValue::from_str(argument));
    }
    function.apply(&lab, &list).ok()
}

fn storage() -> Option<Storage> {
    dom::window()?.local_storage().ok().flatten()
}

/// Stores a small fact.
pub(crate) fn fact(name: &str, value: &str) {
    if let Some(storage) = storage() {
        // Full: then it is forgotten.
        let _ = storage.set_item(&format!("raft-lab:{name}"), value);
    }
}

/// A fact stored before.
pub(crate) fn kept_fact(name: &str) -> Option<String> {
    storage()?.get_item(&format!("raft-lab:{name}")).ok().flatten()
}
