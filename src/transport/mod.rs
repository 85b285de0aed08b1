//! Time in the learner's hands: play, pause, steps, speed, the timeline.

mod chart;
mod timeline;

use std::rc::Rc;
use std::sync::Arc;

use lab::session::OtherFuture;
use lab::view::FeedItem;
use yew::prelude::*;

use self::timeline::Timeline;
use crate::clock::SPEEDS;
use crate::icon::{self, full, icon};
use crate::platform::dom;
use crate::words;

/// What a learner does with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// Let it run, or stop it.
    Play(bool),
    /// One event.
    Step,
    /// One event back.
    Back,
    /// On to the next event worth a line in the feed.
    Next,
    /// Back to the last one before this.
    Previous,
    /// Another speed, as a place in [`SPEEDS`].
    Speed(usize),
    /// Go to an event.
    Seek(u64),
    /// Exchange this future for the one that was left.
    Other,
}

/// Time as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) playing: bool,
    pub(crate) hurries: bool,
    pub(crate) stopped: bool,
    pub(crate) speed: usize,
    /// What the fastest speed comes to, virtual over real time.
    pub(crate) reached: Option<u64>,
    pub(crate) now_micros: u64,
    pub(crate) seq: u64,
    pub(crate) end: u64,
    pub(crate) other: Option<OtherFuture>,
}

/// What happened, for the timeline; it follows a few times a second only.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Past {
    pub(crate) feed: Rc<Vec<Arc<FeedItem>>>,
    pub(crate) end: u64,
    pub(crate) other: Option<OtherFuture>,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) look: Look,
    pub(crate) past: Past,
    pub(crate) on_time: Callback<Time>,
}

/// The transport.
#[component(Transport)]
pub(crate) fn transport(props: &Props) -> Html {
    let Props { look, past, on_time } = props;
    let playing = look.playing;
    let moment = words::seconds(look.now_micros);
    let play = if playing { "Pause" } else { "Play" };
    let onplay = on_time.reform(move |_: MouseEvent| Time::Play(!playing));
    html! {
        <>
            <div class="transport" role="group" aria-label="Time">
                <button type="button" class="play" onclick={onplay} disabled={look.stopped} aria-label={play} title={play}>
                    { full(if playing { icon::PAUSE } else { icon::PLAY }) }
                </button>
                <Steps at_start={look.seq == 0} stopped={look.stopped} {on_time} />
                <Speed speed={look.speed} reached={look.reached} {on_time} />
                <Timeline seq={look.seq} end={look.end} moment={moment.clone()} past={past.clone()} {on_time} />
                <div class="moment">
                    <span class="moment-time">{ moment }</span>
                    <span class="moment-event">
                        { if look.hurries { "hurrying…".to_owned() } else { format!("event {}", words::count(look.seq)) } }
                    </span>
                </div>
            </div>
            { look.other.map(|other| parted(other, on_time)).unwrap_or_default() }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct StepsProps {
    at_start: bool,
    stopped: bool,
    on_time: Callback<Time>,
}

/// Single steps, back and forth.
#[component(Steps)]
fn steps(props: &StepsProps) -> Html {
    let StepsProps { at_start, stopped, on_time } = props;
    let step = |name: &'static str, sign: &'static str, disabled: bool, time: Time| {
        let onclick = on_time.reform(move |_: MouseEvent| time);
        html! {
            <button type="button" class="button" data-kind="icon" {onclick} {disabled} aria-label={name} title={name}>{ full(sign) }</button>
        }
    };
    html! {
        <div class="steps">
            { step("Previous interesting event", icon::SKIP_BACK, *at_start, Time::Previous) }
            { step("One event back", icon::BACK, *at_start, Time::Back) }
            { step("One event", icon::STEP, *stopped, Time::Step) }
            { step("Next interesting event", icon::SKIP, *stopped, Time::Next) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SpeedProps {
    speed: usize,
    reached: Option<u64>,
    on_time: Callback<Time>,
}

/// The choice of a speed.
#[component(Speed)]
fn speed(props: &SpeedProps) -> Html {
    let SpeedProps { speed, reached, on_time } = props;
    let onchange = on_time.reform(|event: Event| {
        // What is no number is none of the choices.
        Time::Speed(dom::value(&event).parse().unwrap_or(0))
    });
    let name = |place: usize, name: &str| match reached {
        Some(reached) if place + 1 == SPEEDS.len() => {
            format!("{name} · {} ×", words::count(*reached))
        }
        Some(_) | None => name.to_owned(),
    };
    html! {
        <label class="speed">
            <span class="hidden-text">{ "Speed: virtual time over real time" }</span>
            <select class="field" {onchange} title="Virtual time over real time">
                { for SPEEDS.iter().enumerate().map(|(place, (_, words))| html! {
                    <option key={place} value={place.to_string()} selected={place == *speed}>{ name(place, words) }</option>
                }) }
            </select>
        </label>
    }
}

/// Says that there are two futures, and leads to the other.
fn parted(other: OtherFuture, on_time: &Callback<Time>) -> Html {
    let onclick = on_time.reform(|_: MouseEvent| Time::Other);
    html! {
        <div class="parted">
            { icon(icon::FORK) }
            <p role="status">
                { format!("Two futures part at event {}: this one, and another of {} more.",
                    words::count(other.at), words::events(other.end.saturating_sub(other.at))) }
            </p>
            <button type="button" class="link" {onclick}>{ "Go to the other" }</button>
        </div>
    }
}
