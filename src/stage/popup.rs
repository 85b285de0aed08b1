//! The menu of a node, a link or a message.

use yew::prelude::*;

use super::geometry::Point;
use super::menu::{Dial, Menu};
use crate::el::{El, el, telling};
use crate::platform::dom;
use crate::state::{use_effect_with, use_node_ref, use_state};

/// How a menu is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Back to what it was opened from.
    Back,
    /// The learner is somewhere else already.
    Away,
    /// To look at this node from inside.
    Inspect(u8),
}

/// What a menu is about, on the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    pub(crate) at: Point,
    /// How far it reaches around that point.
    pub(crate) reach: f64,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) menu: Menu,
    pub(crate) spot: Spot,
    /// Something is done, and the menu has served.
    pub(crate) on_line: Callback<String>,
    /// Something is set; something else may be set next.
    pub(crate) on_set: Callback<String>,
    pub(crate) on_close: Callback<Leave>,
}

/// A small menu beside what it is about.
#[component(Popup)]
pub(crate) fn popup(props: &Props) -> Html {
    let Props { menu, spot, on_line, on_set, on_close } = props;
    let node = use_node_ref();
    let way = use_state(|| 0_usize);
    {
        let (node, spot) = (node.clone(), *spot);
        use_effect_with(menu.title.clone(), move |_| {
            dom::place(&node, spot.at, spot.reach);
            dom::focus_first(&node);
        });
    }
    let onkeydown = {
        let (node, on_close) = (node.clone(), on_close.clone());
        Callback::from(move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "Escape" | "Tab" => {
                    event.prevent_default();
                    on_close.emit(Leave::Back);
                    return;
                }
                "ArrowDown" | "ArrowRight" => 1,
                "ArrowUp" | "ArrowLeft" => -1,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            dom::focus_step(&node, step);
        })
    };
    let onfocusout = {
        let (node, on_close) = (node.clone(), on_close.clone());
        Callback::from(move |event: FocusEvent| {
            if !dom::holds_focus(&node, event.related_target()) {
                on_close.emit(Leave::Away);
            }
        })
    };
    // A message's delay is chosen once; a link's settings one after another.
    let once = menu.dials.len() == 1;
    let mut head = el("div|class=popup-head").with(el("strong").text(menu.title.clone()));
    for fact in &menu.facts {
        head = head.with(el("span").text(fact.clone()));
    }
    let mut items = Vec::new();
    for item in &menu.items {
        let shown = item.line.lines().next().unwrap_or_default().to_owned();
        let button = el("button|type=button|role=menuitem|tabindex=-1")
            .key(item.line.clone())
            .click(telling(on_line, item.line.clone()))
            .with(el("span").text(item.label.clone()))
            .with(el("code|aria-hidden=true").text(shown));
        items.push(button.html());
    }
    let inspect = menu.inspect.map(|node| {
        el("button|type=button|role=menuitem|tabindex=-1")
            .click(telling(on_close, Leave::Inspect(node)))
            .say("Inspect")
    });
    let mut list = el("div|role=menu")
        .set("aria-label", menu.title.clone())
        .add(crate::el::list(items))
        .maybe(inspect);
    if menu.dials.len() > 1 {
        let mut ways = el("div|class=popup-ways values|role=group|aria-label=Direction");
        for (place, (name, _)) in menu.dials.iter().enumerate() {
            let choose = way.clone();
            let onclick = Callback::from(move |_: MouseEvent| choose.set(place));
            ways = ways.with(value(name, *way == place, onclick));
        }
        list = list.with(ways);
    }
    if let Some((_, dials)) = menu.dials.get(*way) {
        for found in dials {
            list = list.with(dial(found, if once { on_line } else { on_set }));
        }
    }
    el("div|class=popup")
        .host(&node)
        .keydown(onkeydown)
        .focusout(onfocusout)
        .with(head)
        .with(list)
        .html()
}

fn dial(dial: &Dial, on_line: &Callback<String>) -> El {
    let mut values = el("div|class=values|role=presentation");
    for (item, is) in &dial.values {
        let choose = telling(on_line, item.line.clone());
        values = values.with(value(&item.label, *is, choose).set("title", item.line.clone()));
    }
    el("div|class=popup-dial|role=group")
        .word("aria-label", dial.name)
        .with(el("span|aria-hidden=true").say(dial.name))
        .with(values)
}

/// One of several values.
fn value(label: &str, is: bool, onclick: Callback<MouseEvent>) -> El {
    el("button|type=button|role=menuitemradio|tabindex=-1")
        .key(label.to_owned())
        .aria("aria-checked", is)
        .click(onclick)
        .text(label.to_owned())
}
