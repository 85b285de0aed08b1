//! The timeline: term bands, marks, and a slider over them that goes to any event.

use yew::prelude::*;

use super::chart::{Chart, Tick, chart, near};
use super::{Past, Time};
use crate::el::{el, list};
use crate::part::part;
use crate::platform::dom;
use crate::state::use_state;
use crate::words::{self, Decimal};

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) seq: u64,
    pub(crate) end: u64,
    /// The time of event `seq`, in words.
    pub(crate) moment: String,
    pub(crate) past: Past,
    pub(crate) on_time: Callback<Time>,
}

/// The timeline at an event.
#[component(Timeline)]
pub(crate) fn timeline(props: &Props) -> Html {
    let Props { seq, end, moment, past, on_time } = props;
    let pointed = use_state(|| None::<f64>);
    let at = 100.0 * *seq as f64 / (*end).max(1) as f64;
    let oninput = {
        let on_time = on_time.clone();
        Callback::from(move |event: InputEvent| {
            if let Ok(seq) = dom::value(&event).parse() {
                on_time.emit(Time::Seek(seq));
            }
        })
    };
    let onkeydown = {
        let on_time = on_time.clone();
        Callback::from(move |event: KeyboardEvent| {
            let time = match event.key().as_str() {
                "PageUp" => Time::Next,
                "PageDown" => Time::Previous,
                _ => return,
            };
            event.prevent_default();
            on_time.emit(time);
        })
    };
    let onpointermove = {
        let pointed = pointed.clone();
        Callback::from(move |event: PointerEvent| {
            pointed.set(dom::share_across(&event, THUMB / 2.0))
        })
    };
    let onpointerleave = {
        let pointed = pointed.clone();
        Callback::from(move |_: PointerEvent| pointed.set(None))
    };
    let name = format!("event {}, {moment}", words::count(*seq));
    let picture = el("svg|class=timeline-picture|aria-hidden=true")
        .add(part::<Picture>(PictureProps { past: past.clone() }))
        .with(
            el("rect|class=future|y=11|height=22")
                .set("x", per_cent(at))
                .set("width", per_cent(100.0 - at)),
        )
        .with(
            el("svg|class=head|y=0")
                .set("x", per_cent(at))
                .with(el("path|d=M0 6V38"))
                .with(el("circle|cy=6|r=5")),
        )
        .add(pointed.map(|share| tip(share, past, *end)).unwrap_or_default());
    let slider = el("input|type=range|min=0|step=1|aria-label=Event")
        .set("max", end.to_string())
        .value(seq.to_string())
        .set("aria-valuetext", name)
        .input(oninput)
        .keydown(onkeydown);
    el("div|class=timeline")
        .pointermove(onpointermove)
        .pointerleave(onpointerleave)
        .with(picture)
        .with(slider)
        .html()
}

/// The width of the slider's thumb in CSS pixels: so far the slider reaches beyond the picture.
const THUMB: f64 = 24.0;

/// What the pointer points at: the event, its time, and what happened there.
fn tip(share: f64, past: &Past, end: u64) -> Html {
    let seq = (share * end as f64).round_ties_even() as u64;
    let (time, told) = near(&past.feed, seq, end);
    let mut text = format!("event {}", words::count(seq));
    if let Some(micros) = time {
        text.push_str(&format!(" · {}", words::span(micros / 10_000 * 10_000)));
    }
    if let Some(item) = told {
        text.push_str(&format!(" · {}", words::cut(&item.text, 60)));
    }
    let x = 100.0 * share;
    let (anchor, dx) = match x {
        right if right > 66.0 => ("end", "-8"),
        left if left < 33.0 => ("start", "8"),
        _ => ("middle", "0"),
    };
    el("svg|class=tip|y=0")
        .set("x", per_cent(x))
        .with(el("path|d=M0 8V40"))
        .with(el("text|y=-4").word("x", dx).word("text-anchor", anchor).text(text))
        .html()
}

#[derive(Properties, PartialEq)]
struct PictureProps {
    past: Past,
}

/// Bands and marks: drawn anew when something happened, not whenever time passes.
#[component(Picture)]
fn picture(props: &PictureProps) -> Html {
    let Past { feed, end, other } = &props.past;
    let Chart { bands, ticks } = chart(feed, *end);
    let share = |seq: u64| (100.0 * seq as f64 / (*end).max(1) as f64).min(100.0);
    let mut shown = Vec::new();
    for band in bands {
        let made = el("svg|class=band|y=12|height=20")
            .key(band.term.to_string())
            .set("data-hue", words::hue(band.term))
            .set("x", per_cent(band.start))
            .set("width", per_cent(band.width))
            .with(el("rect|width=100%|height=100%"))
            .with(el("rect|class=band-edge|width=2|height=100%"))
            .with(el("text|x=8|y=14").text(band.text));
        shown.push(made.html());
    }
    let ground = el("rect|class=band-none|x=0|y=12|width=100%|height=20|rx=4").html();
    let mut picture = vec![ground, list(shown), list(ticks.iter().map(tick).collect())];
    if let Some(other) = other {
        let (from, to) = (per_cent(share(other.at)), per_cent(share(other.end)));
        let stem = el("svg|class=branch|y=0").set("x", from.clone()).with(el("path|d=M0 10V4"));
        let line = el("line|class=branch|y1=4|y2=4").set("x1", from).set("x2", to);
        picture.extend([stem.html(), line.html()]);
    }
    list(picture)
}

fn per_cent(number: f64) -> String {
    format!("{}%", Decimal::hundredths(number.max(0.0)))
}

fn tick(tick: &Tick) -> Html {
    let path = match tick.kind {
        "fault" => "M0 4V36",
        "election" => "M0 35.500l4 7h-8Z",
        "members" => "M0 4V36M-3 8l3-4 3 4Z",
        "violation" => "M-4 3l8 8M4 3l-8 8M0 11V36",
        "client" => "M0 36.500a2.500 2.500 0 1 0 .01 0Z",
        _ => "M0 36v5",
    };
    el("svg|class=tick|y=0")
        .word("data-kind", tick.kind)
        .set("x", per_cent(tick.at))
        .with(el("path").word("d", path))
        .html()
}
