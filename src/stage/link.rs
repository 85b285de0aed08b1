//! The two directions between a pair of nodes.

use lab::view::LinkView;
use yew::prelude::*;

use super::geometry::{Arc, Layout, Point};
use super::menu::{Target, link_state};
use super::{Act, key_act};
use crate::el::{El, el, list};
use crate::words;

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
        broken(straight, 0.06).html()
    } else {
        let half = there.cut != back.cut;
        let forth = direction(there, there_arc, half, layout);
        list(vec![forth, direction(back, back_arc, half, layout)])
    };
    let hit = el("path|class=link-hit").set("d", hit);
    let focus = el("g|class=link-button|role=button|aria-haspopup=menu")
        .set("id", target.element_id())
        .set("aria-label", label)
        .word("tabindex", if *current { "0" } else { "-1" })
        .click(onclick)
        .keydown(onkeydown)
        .with(hit.px("stroke-width", (layout.radius * 0.9).max(24.0)));
    let notes = list(notes(there, back, straight, layout));
    let picture = el("g|aria-hidden=true").add(picture).add(notes);
    el("g|class=link-pair").with(focus).with(picture).html()
}

/// Something cut: dotted, and broken in the middle.
fn broken(arc: Arc, gap: f64) -> El {
    let path = arc.part(0.0, 0.5 - gap).path() + &arc.part(0.5 + gap, 1.0).path();
    el("path|class=arc|data-state=cut").set("d", path)
}

/// One direction; where only one of two is cut (`half`), arrows tell which.
fn direction(link: &LinkView, arc: Arc, half: bool, layout: &Layout) -> Html {
    let reach = (layout.radius * 0.19).clamp(4.5, 18.0);
    if link.cut {
        let stop = arc.arrow(0.46, reach) + &arc.bar(0.5, reach * 1.2);
        let stop = el("path|class=arc-stop").set("d", stop);
        return list(vec![broken(arc, 0.05).html(), stop.html()]);
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
    let line = el("path|class=arc").word("data-state", state).set("d", arc.path());
    if !half {
        return line.html();
    }
    let arrow = el("path|class=arc-open").set("d", arc.arrow(0.52, reach));
    list(vec![line.html(), arrow.html()])
}

/// What is unlike other links, beside each direction, or between both if it is the same.
fn notes(there: &LinkView, back: &LinkView, straight: Arc, layout: &Layout) -> Vec<Html> {
    let mut shown = Vec::new();
    if !layout.roomy() || (there.cut && back.cut) {
        return shown;
    }
    let mut show = |at: Point, text: String| {
        if !text.is_empty() {
            let made = el("text|class=arc-note").px("x", at.x).px("y", at.y + 4.0).text(text);
            shown.push(made.html());
        }
    };
    let (forth, home) = (note(there), note(back));
    if forth == home {
        show(straight.at(0.4), forth);
    } else {
        show(layout.arc(there.from, there.to).at(0.3), forth);
        show(layout.arc(back.from, back.to).at(0.3), home);
    }
    shown
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
