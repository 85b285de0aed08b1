//! The two directions between a pair of nodes.

use lab::view::LinkView;
use yew::prelude::*;

use super::geometry::{Arc, Layout, Point};
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
    let straight = Arc { bend: there_arc.at(0.5).toward(back_arc.at(0.5), 0.5), ..there_arc };
    let hit = straight.path() + &there_arc.path() + &back_arc.path();
    let picture = if there.cut && back.cut {
        // One line for both: what is dead is not to be louder than what lives.
        broken(straight, 0.06)
    } else {
        let half = there.cut != back.cut;
        html! { <>{ direction(there, there_arc, half, layout) }{ direction(back, back_arc, half, layout) }</> }
    };
    html! {
        <g class="link-pair">
            <g id={target.element_id()} class="link-button" role="button" aria-haspopup="menu" aria-label={label}
                tabindex={if *current { "0" } else { "-1" }} {onclick} {onkeydown}>
                <path class="link-hit" d={hit} stroke-width={px((layout.radius * 0.9).max(24.0)).to_string()} />
            </g>
            <g aria-hidden="true">
                { picture }
                { notes(there, back, straight, layout) }
            </g>
        </g>
    }
}

/// Something cut: dotted, and broken in the middle.
fn broken(arc: Arc, gap: f64) -> Html {
    html! { <path class="arc" data-state="cut" d={arc.part(0.0, 0.5 - gap).path() + &arc.part(0.5 + gap, 1.0).path()} /> }
}

/// One direction; where only one of two is cut (`half`), arrows tell which.
fn direction(link: &LinkView, arc: Arc, half: bool, layout: &Layout) -> Html {
    let reach = (layout.radius * 0.19).clamp(4.5, 18.0);
    if link.cut {
        let stop = arc.arrow(0.46, reach) + &arc.bar(0.5, reach * 1.2);
        return html! { <>{ broken(arc, 0.05) }<path class="arc-stop" d={stop} /></> };
    }
    let state = if link.clogged {
        "clogged"
    } else if link.odd_loss {
        "lossy"
    } else if link.odd_latency {
        "slow"
    } else {
        "open"
    };
    html! {
        <>
            <path class="arc" data-state={state} d={arc.path()} />
            if half { <path class="arc-open" d={arc.arrow(0.52, reach)} /> }
        </>
    }
}

/// What is unlike other links, beside each direction, or between both if it is the same.
fn notes(there: &LinkView, back: &LinkView, straight: Arc, layout: &Layout) -> Html {
    if !layout.roomy() || (there.cut && back.cut) {
        return Html::default();
    }
    let (forth, home) = (note(there), note(back));
    let text = |at: Point, text: &str| {
        html! { <text class="arc-note" x={px(at.x).to_string()} y={px(at.y + 4.0).to_string()}>{ text }</text> }
    };
    if forth == home {
        return if forth.is_empty() { Html::default() } else { text(straight.at(0.4), &forth) };
    }
    let beside = |link: &LinkView, note: &str| {
        if note.is_empty() {
            Html::default()
        } else {
            text(layout.arc(link.from, link.to).at(0.3), note)
        }
    };
    html! { <>{ beside(there, &forth) }{ beside(back, &home) }</> }
}

/// What is unlike other links in one direction, in few signs.
fn note(link: &LinkView) -> String {
    if link.cut {
        return String::new();
    }
    let mut parts = Vec::new();
    if link.clogged {
        parts.push("clogged".to_owned());
    }
    if link.odd_latency {
        parts.push(words::span(link.latency_micros));
    }
    if link.odd_loss {
        parts.push(format!("−{}", words::per_cent(link.loss_ppm)));
    }
    if link.duplicate_ppm > 0 {
        parts.push(format!("{} twice", words::per_cent(link.duplicate_ppm)));
    }
    parts.join(" · ")
}
