//! The bars between the parts of the lab: dragged, or moved with arrow keys; their places are kept.

use std::rc::Rc;

use yew::html::{ondblclick, onpointerdown, onpointermove};
use yew::prelude::*;

use crate::el::el;
use crate::platform::split;
use crate::state::{use_effect_with, use_node_ref, use_state};

/// What a bar divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// The terminal from the tabs.
    Terminal,
    /// The picture from the panels.
    Panels,
}

/// How far an arrow key moves it, in per cent.
const STEP: i32 = 2;

impl Split {
    /// The custom property that says how large the part is, which is also the name of the fact.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Split::Terminal => "terminal",
            Split::Panels => "panels",
        }
    }

    /// The least and the most of the whole that the part gets, in per cent.
    fn limits(self) -> (i32, i32) {
        match self {
            Split::Terminal => (20, 80),
            Split::Panels => (15, 75),
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) of: Split,
}

/// A bar.
#[component(Splitter)]
pub(crate) fn splitter(props: &Props) -> Html {
    let of = props.of;
    let node = use_node_ref();
    let at = use_state(|| 50);
    let (least, most) = of.limits();
    // The style sheet has the last word on sizes: what came of it is measured.
    let go = {
        let (node, at) = (node.clone(), at.clone());
        Callback::from(move |share: Option<i32>| {
            split::set(of, share.map(|share| share.clamp(least, most)));
            at.set(split::measure(&node, of).unwrap_or(50));
        })
    };
    {
        let go = go.clone();
        use_effect_with((), move |()| go.emit(split::kept(of)));
    }
    let keydown = {
        let (go, at) = (go.clone(), *at);
        Callback::from(move |event: KeyboardEvent| {
            let share = match (event.key().as_str(), of) {
                ("ArrowRight", Split::Terminal) | ("ArrowUp", Split::Panels) => at + STEP,
                ("ArrowLeft", Split::Terminal) | ("ArrowDown", Split::Panels) => at - STEP,
                ("Home", _) => least,
                ("End", _) => most,
                _ => return,
            };
            event.prevent_default();
            go.emit(Some(share));
        })
    };
    let drag = {
        let go = go.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(share) = split::dragged(&event, of) {
                go.emit(Some(share));
            }
        })
    };
    let hold = Callback::from(|event: PointerEvent| split::hold(&event));
    let back = go.reform(|_: MouseEvent| None);
    let (orientation, label) = match of {
        Split::Terminal => ("vertical", "Width of the terminal"),
        Split::Panels => ("horizontal", "Height of the panels"),
    };
    el("div|class=splitter|role=separator|tabindex=0\
        |title=Drag it, or use arrow keys. A double click sets it back.")
    .host(&node)
    .word("aria-label", label)
    .word("aria-orientation", orientation)
    .set("aria-valuemin", least.to_string())
    .set("aria-valuemax", most.to_string())
    .set("aria-valuenow", at.to_string())
    .set("aria-valuetext", format!("{} %", *at))
    .keydown(keydown)
    .hear(Rc::new(onpointermove::Wrapper::new(drag)))
    .hear(Rc::new(onpointerdown::Wrapper::new(hold)))
    .hear(Rc::new(ondblclick::Wrapper::new(back)))
    .html()
}
