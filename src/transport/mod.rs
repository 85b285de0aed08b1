//! Time in the learner's hands: play, pause, steps, speed, the timeline.

mod chart;
mod timeline;

use std::rc::Rc;
use std::sync::Arc;

use lab::view::FeedItem;
use yew::prelude::*;

use crate::clock::SPEEDS;
use crate::icon::{self, full};
use crate::platform::dom;
use crate::words;

/// What a learner does with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// Let it run, or stop it.
    Play(bool),
    /// One event.
    Step,
    /// On to the next event worth a line in the feed.
    Next,
    /// Another speed, as a place in [`SPEEDS`].
    Speed(usize),
    /// Go to an event.
    Seek(u64),
}

/// Time as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) playing: bool,
    pub(crate) hurries: bool,
    pub(crate) stopped: bool,
    pub(crate) speed: usize,
    pub(crate) now_micros: u64,
    pub(crate) seq: u64,
    pub(crate) end: u64,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) look: Look,
    pub(crate) feed: Rc<Vec<Arc<FeedItem>>>,
    pub(crate) on_time: Callback<Time>,
}

/// The transport.
#[component(Transport)]
pub(crate) fn transport(props: &Props) -> Html {
    let Props { look, feed, on_time } = props;
    let playing = look.playing;
    let moment = words::seconds(look.now_micros);
    let act = |time: Time| on_time.reform(move |_: MouseEvent| time);
    let on_speed = {
        let on_time = on_time.clone();
        Callback::from(move |event: Event| {
            if let Ok(speed) = dom::value(&event).parse() {
                on_time.emit(Time::Speed(speed));
            }
        })
    };
    html! {
        <div class="transport" role="group" aria-label="Time">
            <button type="button" class="play" onclick={act(Time::Play(!playing))} disabled={look.stopped}
                aria-label={if playing { "Pause" } else { "Play" }} title={if playing { "Pause" } else { "Play" }}>
                { full(if playing { icon::PAUSE } else { icon::PLAY }) }
            </button>
            <button type="button" class="button" data-kind="icon" onclick={act(Time::Step)} disabled={look.stopped}
                aria-label="One event" title="One event">{ full(icon::STEP) }</button>
            <button type="button" class="button" data-kind="icon" onclick={act(Time::Next)} disabled={look.stopped}
                aria-label="Next interesting event" title="Next interesting event">{ full(icon::SKIP) }</button>
            <label class="speed">
                <span class="hidden-text">{ "Speed: virtual time over real time" }</span>
                <select class="field" onchange={on_speed} title="Virtual time over real time">
                    { for SPEEDS.iter().enumerate().map(|(place, (_, name))| html! {
                        <option key={place} value={place.to_string()} selected={place == look.speed}>{ *name }</option>
                    }) }
                </select>
            </label>
            { timeline::timeline(look, feed, &moment, on_time) }
            <div class="moment">
                <span class="moment-time">{ moment }</span>
                <span class="moment-event">
                    { if look.hurries { "hurrying…".to_owned() } else { format!("event {}", words::count(look.seq)) } }
                </span>
            </div>
        </div>
    }
}
