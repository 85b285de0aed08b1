//! The menu of a node, a link or a message.

use yew::prelude::*;

use super::geometry::Point;
use super::menu::{Dial, Menu};
use crate::platform::dom;

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
    let choose = |line: &str| {
        let line = line.to_owned();
        on_line.reform(move |_: MouseEvent| line.clone())
    };
    let turn = |(place, (name, _)): (usize, &(String, Vec<Dial>))| {
        let choose = way.clone();
        let onclick = Callback::from(move |_: MouseEvent| choose.set(place));
        value(name, None, *way == place, onclick)
    };
    // A message's delay is chosen once; a link's settings one after another.
    let once = menu.dials.len() == 1;
    html! {
        <div class="popup" ref={node.clone()} {onkeydown} {onfocusout}>
            <div class="popup-head">
                <strong>{ &menu.title }</strong>
                { for menu.facts.iter().map(|fact| html! { <span>{ fact }</span> }) }
            </div>
            <div role="menu" aria-label={menu.title.clone()}>
                { for menu.items.iter().map(|item| html! {
                    <button key={item.line.clone()} type="button" role="menuitem" tabindex="-1" onclick={choose(&item.line)}>
                        <span>{ &item.label }</span>
                        <code aria-hidden="true">{ item.line.lines().next().unwrap_or_default() }</code>
                    </button>
                }) }
                if let Some(node) = menu.inspect {
                    <button type="button" role="menuitem" tabindex="-1"
                        onclick={on_close.reform(move |_: MouseEvent| Leave::Inspect(node))}>{ "Inspect" }</button>
                }
                if menu.dials.len() > 1 {
                    <div class="popup-ways values" role="group" aria-label="Direction">{ for menu.dials.iter().enumerate().map(turn) }</div>
                }
                if let Some((_, dials)) = menu.dials.get(*way) {
                    { for dials.iter().map(|found| dial(found, if once { on_line } else { on_set })) }
                }
            </div>
        </div>
    }
}

fn dial(dial: &Dial, on_line: &Callback<String>) -> Html {
    html! {
        <div class="popup-dial" role="group" aria-label={dial.name}>
            <span aria-hidden="true">{ dial.name }</span>
            <div class="values" role="presentation">
                { for dial.values.iter().map(|(item, is)| {
                    let line = item.line.clone();
                    value(&item.label, Some(&item.line), *is, on_line.reform(move |_: MouseEvent| line.clone()))
                }) }
            </div>
        </div>
    }
}

/// One of several values.
fn value(label: &str, line: Option<&str>, is: bool, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <button key={label.to_owned()} type="button" role="menuitemradio" tabindex="-1" aria-checked={is.to_string()}
            title={line.map(str::to_owned)} {onclick}>{ label }</button>
    }
}
