//! Events in plain words, newest first. Each goes to its moment or to its cause's, and says on asking
//! why it happened: what brought it about, back to a command or a timer.

use std::rc::Rc;
use std::sync::Arc;

use lab::view::{CauseView, FeedItem};
use yew::prelude::*;

use super::event_list::{Kind, window};
use super::{Ask, Look, choices};
use crate::el::{El, el};
use crate::state::{UseStateHandle, use_state};
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) feed: Rc<Vec<Arc<FeedItem>>>,
    /// Where one is: what comes later is future.
    pub(crate) seq: u64,
    pub(crate) now_micros: u64,
    pub(crate) on_ask: Callback<Ask>,
}

/// The chain of causes that is open: whose, and what it says.
type Why = (Arc<FeedItem>, Rc<Vec<CauseView>>);

/// The panel.
#[component(Events)]
pub(crate) fn events(props: &Props) -> Html {
    let Props { feed, seq, now_micros, on_ask } = props;
    let kind = use_state(|| Kind::All);
    let pages = use_state(|| 1usize);
    let why = use_state(|| None::<Why>);
    let shown = window(feed, *kind, *seq, *pages);
    let more = {
        let pages = pages.clone();
        Callback::from(move |_: MouseEvent| pages.set(*pages + 1))
    };
    let mut lines = Vec::new();
    if shown.later > 0 {
        let later = format!("{} later", words::events(shown.later as u64));
        lines.push(el("li|class=hint").key("later".to_owned()).text(later).html());
    }
    for item in shown.future.iter().rev() {
        lines.push(line(item, true, &why, on_ask));
    }
    let now = format!("now: event {}, {}", words::count(*seq), words::seconds(*now_micros));
    lines.push(el("li|class=now|aria-current=step").key("now".to_owned()).text(now).html());
    for item in &shown.past {
        lines.push(line(item, false, &why, on_ask));
    }
    let mut older = None;
    if shown.earlier > 0 {
        let earlier = format!("Earlier: {} more", words::count(shown.earlier as u64));
        older = Some(el("button|type=button|class=button").click(more).text(earlier));
    }
    el("div|class=events scroll|tabindex=0|role=region|aria-label=Events, newest first")
        .add(choices("Which events", &Kind::ALL, *kind, &kind))
        .with(el("ol").all(lines))
        .maybe(older)
        .html()
}

fn line(
    item: &Arc<FeedItem>,
    is_future: bool,
    why: &UseStateHandle<Option<Why>>,
    on_ask: &Callback<Ask>,
) -> Html {
    let chain = why.as_ref().filter(|(whose, _)| Arc::ptr_eq(whose, item)).map(|(_, chain)| chain);
    let open = chain.is_some();
    let toggle = {
        let (item, why, on_ask) = (item.clone(), why.clone(), on_ask.clone());
        Callback::from(move |_: MouseEvent| {
            let (item, why) = (item.clone(), why.clone());
            if open {
                return why.set(None);
            }
            let seq = item.seq;
            let tell = move |chain| why.set(Some((item.clone(), Rc::new(chain))));
            on_ask.emit(Ask::Look(Look::new(move |session| session.why(seq), tell)));
        })
    };
    let told = item.text.clone();
    let mut text = el("span|class=event-text").text(told.clone());
    if is_future {
        text = text.with(el("small").say(" (still to come)"));
    }
    let to_it = event(item.seq, item.at_micros, on_ask)
        .word("title", "Go to this event")
        .with(el("span|class=event-sign|aria-hidden=true"))
        .with(text);
    let mut line = el("li")
        .key(format!("{} {told}", item.seq))
        .word("data-level", words::level(item.level))
        .set("data-hue", words::hue(item.term))
        .flag("data-future", is_future)
        .with(to_it);
    if let Some(cause) = item.cause {
        let number = words::count(cause);
        line = line.with(
            el("button|type=button|class=event-cause")
                .click(go(on_ask, cause))
                .set("aria-label", format!("because of event {number}: go there"))
                .text(format!("← {number}")),
        );
    }
    let ask = el("button|type=button|class=event-cause")
        .aria("aria-expanded", open)
        .click(toggle)
        .say("why?")
        .with(el("span|class=hidden-text").text(format!(" {told}")));
    line.with(ask).maybe(chain.map(|chain| causes(chain, on_ask))).html()
}

#[inline(never)]
fn go(on_ask: &Callback<Ask>, event: u64) -> Callback<MouseEvent> {
    on_ask.reform(move |_| Ask::Seek(event))
}

/// A button that goes to an event, with its time.
#[inline(never)]
fn event(seq: u64, at_micros: u64, on_ask: &Callback<Ask>) -> El {
    el("button|type=button|class=event")
        .click(go(on_ask, seq))
        .with(el("span|class=event-time").text(words::seconds(at_micros)))
}

/// From an event back to what began it.
fn causes(chain: &[CauseView], on_ask: &Callback<Ask>) -> El {
    let mut steps = el("ol|class=why|aria-label=Why: back to what began it");
    let mut because = "";
    for cause in chain {
        let number = words::count(cause.seq);
        let to_it = event(cause.seq, cause.at_micros, on_ask)
            .set("title", format!("Go to event {number}"))
            .with(el("span|class=event-number").text(number))
            .with(el("span|class=event-text").say(because).text(cause.text.clone()));
        let step = el("li").key(cause.seq.to_string()).set("data-hue", words::hue(cause.term));
        steps = steps.with(step.with(to_it));
        because = "because ";
    }
    let end = match chain.last().map(|last| last.cause) {
        Some(Some(earlier)) => format!("… and so on: event {} came before", words::count(earlier)),
        Some(None) => "With this it began.".to_owned(),
        None => "This is not known any more.".to_owned(),
    };
    steps.with(el("li|class=hint").key("end".to_owned()).text(end))
}
