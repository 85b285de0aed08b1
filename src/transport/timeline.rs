//! The timeline: term bands, marks, and a slider over them that goes to any event.

use std::rc::Rc;

use lab::view::FeedItem;
use yew::prelude::*;

use super::chart::{Tick, chart};
use crate::platform::dom;
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) feed: Rc<Vec<FeedItem>>,
    pub(crate) seq: u64,
    pub(crate) end: u64,
    /// The moment, in words.
    pub(crate) moment: String,
    pub(crate) on_seek: Callback<u64>,
}

/// The timeline.
#[component(Timeline)]
pub(crate) fn timeline(props: &Props) -> Html {
    let Props { feed, seq, end, moment, on_seek } = props;
    let chart = chart(feed, *end);
    let at = 100.0 * *seq as f64 / (*end).max(1) as f64;
    let oninput = {
        let on_seek = on_seek.clone();
        Callback::from(move |event: InputEvent| {
            if let Ok(seq) = dom::value(&event).parse() {
                on_seek.emit(seq);
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
            <input type="range" min="0" max={end.to_string()} value={seq.to_string()} step="1" aria-label="Event"
                aria-valuetext={format!("event {}, {moment}", words::count(*seq))} {oninput} />
        </div>
    }
}

fn per_cent(number: f64) -> String {
    format!("{:.2}%", number.max(0.0))
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
