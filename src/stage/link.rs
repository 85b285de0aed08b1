//! The two directions between a pair of nodes.

use lab::view::LinkView;
use yew::prelude::*;

use super::geometry::Layout;
use super::menu::{Target, link_state};
use super::{Act, key_act};
use crate::words::{self, px};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// From the lower to the higher.
    pub(crate) there: LinkView,
    /// And back.
    pub(crate) back: LinkView,
    pub(crate) layout: Layout,
    /// Whether Tab comes to this pair; arrow keys go to the others.
    pub(crate) current: bool,
    pub(crate) on_act: Callback<Act>,
}

/// A pair of links.
#[component(Link)]
pub(crate) fn link(props: &Props) -> Html {
    let Props { there, back, layout, current, on_act } = props;
    let (a, b) = (there.from, there.to);
    let target = Target::Link(a, b);
    let onclick = on_act.reform(move |event: MouseEvent| {
        event.stop_propagation();
        Act::Open(target)
    });
    let onkeydown = {
        let on_act = on_act.clone();
        Callback::from(move |event: KeyboardEvent| key_act(&event, target, &on_act))
    };
    let label = format!(
        "Link n{a} – n{b}. n{a} to n{b}: {}. n{b} to n{a}: {}",
        link_state(there),
        link_state(back)
    );
    // The way between, and both directions: a straight line alone may lie flat, and what has no
    // height is nothing that a finger exploring the screen, or whoever asks for its box, could find.
    let (there_arc, back_arc) = (layout.arc(a, b), layout.arc(b, a));
    let (start, end) = (there_arc.start, there_arc.end);
    let straight = format!("M{start}L{end}");
    let hit = straight + &there_arc.path() + &back_arc.path();
    html! {
        <g class="link-pair">
            <g id={target.element_id()} class="link-button" role="button" aria-haspopup="menu" aria-label={label}
                tabindex={if *current { "0" } else { "-1" }} {onclick} {onkeydown}>
                <path class="link-hit" d={hit} stroke-width={px((layout.radius * 0.9).max(24.0)).to_string()} />
            </g>
            <g aria-hidden="true">
                { direction(there, layout) }
                { direction(back, layout) }
            </g>
        </g>
    }
}

fn direction(link: &LinkView, layout: &Layout) -> Html {
    let arc = layout.arc(link.from, link.to);
    let state = if link.cut {
        "cut"
    } else if link.clogged {
        "clogged"
    } else if link.loss_ppm > 0 {
        "lossy"
    } else {
        "open"
    };
    let note = arc.at(0.36);
    html! {
        <>
            <path class="arc" data-state={state} d={arc.path()} />
            if state == "lossy" && layout.roomy() {
                <text class="arc-note" x={px(note.x).to_string()} y={px(note.y).to_string()}>
                    { format!("−{}", words::per_cent(link.loss_ppm)) }
                </text>
            }
        </>
    }
}
