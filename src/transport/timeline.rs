//! The timeline: term bands, marks, and a slider over them that goes to any event.

use yew::prelude::*;

use super::chart::{Chart, Tick, chart, near};
use super::{Past, Time};
use crate::platform::dom;
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
    html! {
        <div class="timeline" {onpointermove} {onpointerleave}>
            <svg class="timeline-picture" aria-hidden="true">
                <Picture past={past.clone()} />
                <rect class="future" x={per_cent(at)} y="11" width={per_cent(100.0 - at)} height="22" />
                <svg x={per_cent(at)} y="0" class="head"><path d="M0 6V38" /><circle cy="6" r="5" /></svg>
                { pointed.map(|share| tip(share, past, *end)).unwrap_or_default() }
            </svg>
            <input type="range" min="0" max={end.to_string()} value={seq.to_string()} step="1" aria-label="Event"
                aria-valuetext={name} {oninput} {onkeydown} />
        </div>
    }
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
    html! {
        <svg x={per_cent(x)} y="0" class="tip">
            <path d="M0 8V40" />
            <text x={dx} y="-4" text-anchor={anchor}>{ text }</text>
        </svg>
    }
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
    html! {
        <>
            <rect class="band-none" x="0" y="12" width="100%" height="20" rx="4" />
            { for bands.iter().map(|band| html! {
                <svg key={band.term} class="band" data-hue={words::hue(band.term)} x={per_cent(band.start)} y="12" width={per_cent(band.width)} height="20">
                    <rect width="100%" height="100%" />
                    <rect class="band-edge" width="2" height="100%" />
                    <text x="8" y="14">{ &band.text }</text>
                </svg>
            }) }
            { for ticks.iter().map(tick) }
            if let Some(other) = other {
                <svg class="branch" x={per_cent(share(other.at))} y="0"><path d="M0 10V4" /></svg>
                <line class="branch" x1={per_cent(share(other.at))} y1="4" x2={per_cent(share(other.end))} y2="4" />
            }
        </>
    }
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
    html! {
        <svg class="tick" data-kind={tick.kind} x={per_cent(tick.at)} y="0"><path d={path} /></svg>
    }
}
