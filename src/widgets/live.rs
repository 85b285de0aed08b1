//! The session beside the prose, through two functions that the page's program gives to the boot file:
//! one asks and is told as text (`src/bridge.rs` says which questions there are), one gives a line.

use std::rc::Rc;

use gloo_timers::callback::{Interval, Timeout};
use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::dom::El;

/// How often a widget that is seen looks at the session.
const LOOK_MS: u32 = 250;

fn function(name: &str) -> Option<(JsValue, Function)> {
    let lab = Reflect::get(&js_sys::global(), &"raftLab".into()).ok()?;
    let function = Reflect::get(&lab, &name.into()).ok()?.dyn_into().ok()?;
    Some((lab, function))
}

/// Gives the session a line, as if it had been typed. False while there is no session.
pub(crate) fn act(line: &str) -> bool {
    function("act").is_some_and(|(lab, act)| act.call1(&lab, &line.into()).is_ok())
}

/// Asks the session; `tell` hears the answer. False while there is no session.
fn ask(question: &str, tell: impl FnOnce(String) + 'static) -> bool {
    let Some((lab, ask)) = function("ask") else { return false };
    let reply = Closure::once_into_js(move |answer: JsValue| {
        tell(answer.as_string().unwrap_or_default());
    });
    ask.call2(&lab, &question.into(), &reply).is_ok()
}

/// Asks again and again while `seen` is shown; `tell` hears every answer that is a new one.
pub(crate) fn follow(seen: El, question: &'static str, tell: impl Fn(&str) + 'static) {
    let last = Rc::new(std::cell::RefCell::new(String::new()));
    let tell = Rc::new(tell);
    let look = move || {
        if !seen.is_shown() {
            return;
        }
        let (last, tell) = (last.clone(), tell.clone());
        ask(question, move |answer| {
            if *last.borrow() != answer {
                tell(&answer);
                *last.borrow_mut() = answer;
            }
        });
    };
    // It is not in the page yet.
    Timeout::new(0, look.clone()).forget();
    Interval::new(LOOK_MS, look).forget();
}
