//! The timeline: term bands, marks, and a slider over them that goes to any event.

use std::sync::Arc;

use lab::view::FeedItem;
use yew::prelude::*;

use super::chart::{Tick, chart};
use super::{Look, Time};
use crate::platform::dom;
use crate::words::{self, Decimal};

/// The timeline at the moment of `look`, which is `moment` in words.
pub(crate) fn timeline(
    look: &Look,
    feed: &[Arc<FeedItem>],
    moment: &str,
    on_time: &Callback<Time>,
) -> Html {
    let chart = chart(feed, look.end);
    let at = 100.0 * look.seq as f64 / look.end.max(1) as f64;
    let oninput = {
        let on_time = on_time.clone();
        Callback::from(move |event: InputEvent| {
            if let Ok(seq) = dom::value(&event).parse() {
                on_time.emit(Time::Seek(seq));
            }
        })
    };
    html! {
        <div class="timeline">
            <svg class="timeline-picture" aria-hidden="true">
                <rect class="band-none" x="0" y="12" width="100%" height="20" rx="4" />
                { for chart.bands.iter().map(|band| html! {
                    <svg key={band.term} class="band" data-hue={words::hue(band.term)} x={per_cent(band.start)} y="12" width={per_cent(band.width)} height="20">
                        <rect width="100%" height="100%" />
                        <rect class="band-edge" width="2" height="100%" />
                        <text x="8" y="14">{ &band.text }</text>
                    </svg>
                }) }
                { for chart.ticks.iter().map(tick) }
                <rect class="future" x={per_cent(at)} y="11" width={per_cent(100.0 - at)} height="22" />
                <svg x={per_cent(at)} y="0" class="head"><path d="M0 6V38" /><circle cy="6" r="5" /></svg>
            </svg>
            <input type="range" min="0" max={look.end.to_string()} value={look.seq.to_string()} step="1" aria-label="Event"
                aria-valuetext={format!("event {}, {moment}", words::count(look.seq))} {oninput} />
        </div>
    }
}

fn per_cent(number: f64) -> String {
    format!("{}%", Decimal::hundredths(number.max(0.0)))
}

fn tick(tick: &Tick) -> Html {
    let path = match tick.kind {
        "fault" => "M0 4V36",
        "election" => "M0 35.500l4 7h-8Z",
        "violation" => "M-4 3l8 8M4 3l-8 8M0 11V36",
        "client" => "M0 36.500a2.500 2.500 0 1 0 .01 0Z",
        _ => "M0 36v5",
    };
    html! {
        <svg class="tick" data-kind={tick.kind} x={per_cent(tick.at)} y="0"><path d={path} /></svg>
    }
}
