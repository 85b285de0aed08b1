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
use crate::el::{el, link, list, telling};
use crate::icon::{self, full, icon};
use crate::part::part;
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
    let event = if look.hurries {
        "hurrying…".to_owned()
    } else {
        format!("event {}", words::count(look.seq))
    };
    let play = el("button|type=button|class=play")
        .click(telling(on_time, Time::Play(!playing)))
        .flag("disabled", look.stopped)
        .named(play.to_owned())
        .add(full(if playing { icon::PAUSE } else { icon::PLAY }));
    let bar = el("div|class=transport|role=group|aria-label=Time")
        .with(play)
        .add(part::<Steps>(StepsProps {
            at_start: look.seq == 0,
            stopped: look.stopped,
            on_time: on_time.clone(),
        }))
        .add(part::<Speed>(SpeedProps {
            speed: look.speed,
            reached: look.reached,
            on_time: on_time.clone(),
        }))
        .add(part::<Timeline>(timeline::Props {
            seq: look.seq,
            end: look.end,
            moment: moment.clone(),
            past: past.clone(),
            on_time: on_time.clone(),
        }))
        .with(
            el("div|class=moment")
                .with(el("span|class=moment-time").text(moment))
                .with(el("span|class=moment-event").text(event)),
        );
    let parted = look.other.map(|other| parted(other, on_time)).unwrap_or_default();
    list(vec![bar.html(), parted])
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
    let choices = [
        ("Previous interesting event", icon::SKIP_BACK, *at_start, Time::Previous),
        ("One event back", icon::BACK, *at_start, Time::Back),
        ("One event", icon::STEP, *stopped, Time::Step),
        ("Next interesting event", icon::SKIP, *stopped, Time::Next),
    ];
    let mut row = el("div|class=steps");
    for (name, sign, is_off, time) in choices {
        row = row.with(
            el("button|type=button|class=button|data-kind=icon")
                .click(telling(on_time, time))
                .flag("disabled", is_off)
                .named(name.to_owned())
                .add(full(sign)),
        );
    }
    row.html()
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
    let mut choice = el("select|class=field|title=Virtual time over real time").change(onchange);
    for (place, (_, words)) in SPEEDS.iter().enumerate() {
        let mut name = (*words).to_owned();
        if let Some(reached) = reached.filter(|_| place + 1 == SPEEDS.len()) {
            name.push_str(&format!(" · {} ×", words::count(reached)));
        }
        choice = choice.with(
            el("option")
                .key(place.to_string())
                .set("value", place.to_string())
                .flag("selected", place == *speed)
                .text(name),
        );
    }
    el("label|class=speed")
        .with(el("span|class=hidden-text").say("Speed: virtual time over real time"))
        .with(choice)
        .html()
}

/// Says that there are two futures, and leads to the other.
fn parted(other: OtherFuture, on_time: &Callback<Time>) -> Html {
    let says = format!(
        "Two futures part at event {}: this one, and another of {} more.",
        words::count(other.at),
        words::events(other.end.saturating_sub(other.at))
    );
    el("div|class=parted")
        .add(icon(icon::FORK))
        .with(el("p|role=status").text(says))
        .add(link("Go to the other", telling(on_time, Time::Other)))
        .html()
}
