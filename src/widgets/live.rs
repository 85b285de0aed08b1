//! The session beside the prose, through two functions that the page's program gives to the boot file:
//! one asks and is told as text (`src/bridge.rs` says which questions there are), one gives a line. That there is
//! something new to be asked is said by an event: while time stands still, nothing runs here.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::dom::{El, document};

/// What the boot file calls on the document when the session is another than before.
const NEWS: &str = "raft-lab:news";
/// How long after that a widget looks: what changes more often cannot be read.
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

/// Asks now, and whenever the page says that there is something new, as long as `seen` is in the page;
/// `tell` hears every answer that is another than the one before.
pub(crate) fn follow(
    seen: &El,
    question: &'static str,
    tell: impl Fn(&str) + 'static,
) -> Option<()> {
    let last = Rc::new(RefCell::new(String::new()));
    let (tell, mine) = (Rc::new(tell), seen.clone());
    let look = Rc::new(move || {
        if !mine.is_here() {
            return;
        }
        let (last, tell) = (last.clone(), tell.clone());
        ask(question, move |answer| {
            if *last.borrow() != answer {
                tell(&answer);
                *last.borrow_mut() = answer;
            }
        });
    });
    let waits = Rc::new(Cell::new(false));
    let soon = move |ms| {
        if !waits.replace(true) {
            let (waits, look) = (waits.clone(), look.clone());
            let then = move || {
                waits.set(false);
                look();
            };
            Timeout::new(ms, then).forget();
        }
    };
    // It is not in the page yet.
    soon(0);
    seen.stay(|| {})?.listen(&document()?.into(), NEWS, move || soon(LOOK_MS));
    Some(())
}
