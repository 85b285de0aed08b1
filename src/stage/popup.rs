//! The menu of a node, a link or a message.

use yew::prelude::*;

use super::geometry::Point;
use super::menu::Menu;
use crate::platform::dom;

/// How a menu is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Back to what it was opened from.
    Back,
    /// The learner is somewhere else already.
    Away,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) menu: Menu,
    pub(crate) at: Point,
    /// How far what it is about reaches around that point.
    pub(crate) reach: f64,
    pub(crate) on_line: Callback<String>,
    pub(crate) on_close: Callback<Leave>,
}

/// A small menu beside what it is about.
#[component(Popup)]
pub(crate) fn popup(props: &Props) -> Html {
    let Props { menu, at, reach, on_line, on_close } = props;
    let node = use_node_ref();
    {
        let (node, at, reach) = (node.clone(), *at, *reach);
        use_effect_with(menu.title.clone(), move |_| {
            dom::place(&node, at, reach);
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
                "ArrowDown" => 1,
                "ArrowUp" => -1,
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
            </div>
        </div>
    }
}
