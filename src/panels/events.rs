//! Events in plain words, newest first. Each goes to its moment or to its cause's, and says on asking
//! why it happened: what brought it about, back to a command or a timer.

use std::rc::Rc;
use std::sync::Arc;

use lab::view::{CauseView, FeedItem};
use yew::prelude::*;

use super::event_list::{Kind, window};
use super::{Ask, Look, choices};
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
    let now = html! {
        <li key="now" class="now" aria-current="step">{ format!("now: event {}, {}", words::count(*seq), words::seconds(*now_micros)) }</li>
    };
    let item = |item: &Arc<FeedItem>, is_future: bool| line(item, is_future, &why, on_ask);
    html! {
        <div class="events scroll" tabindex="0" role="region" aria-label="Events, newest first">
            { choices("Which events", &Kind::ALL, *kind, &kind) }
            <ol>
                if shown.later > 0 { <li key="later" class="hint">{ format!("{} later", words::events(shown.later as u64)) }</li> }
                { for shown.future.iter().rev().map(|told| item(told, true)) }
                { now }
                { for shown.past.iter().rev().map(|told| item(told, false)) }
            </ol>
            if shown.earlier > 0 {
                <button type="button" class="button" onclick={more}>{ format!("Earlier: {} more", words::count(shown.earlier as u64)) }</button>
            }
        </div>
    }
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
    html! {
        <li key={format!("{} {}", item.seq, item.text)} data-level={words::level(item.level)} data-hue={words::hue(item.term)}
            data-future={is_future.then_some("")}>
            <button type="button" class="event" onclick={go(on_ask, item.seq)} title="Go to this event">
                <span class="event-time">{ words::seconds(item.at_micros) }</span>
                <span class="event-sign" aria-hidden="true"></span>
                <span class="event-text">{ &item.text }
                    if is_future { <small>{ " (still to come)" }</small> }
                </span>
            </button>
            if let Some(cause) = item.cause {
                <button type="button" class="event-cause" onclick={go(on_ask, cause)}
                    aria-label={format!("because of event {}: go there", words::count(cause))}>{ format!("← {}", words::count(cause)) }</button>
            }
            <button type="button" class="event-cause" aria-expanded={open.to_string()} onclick={toggle}>
                { "why?" }<span class="hidden-text">{ format!(" {}", item.text) }</span>
            </button>
            if let Some(chain) = chain { { causes(chain, on_ask) } }
        </li>
    }
}

fn go(on_ask: &Callback<Ask>, event: u64) -> Callback<MouseEvent> {
    on_ask.reform(move |_| Ask::Seek(event))
}

/// From an event back to what began it.
fn causes(chain: &[CauseView], on_ask: &Callback<Ask>) -> Html {
    let step = |(place, cause): (usize, &CauseView)| {
        html! {
            <li key={cause.seq} data-hue={words::hue(cause.term)}>
                <button type="button" class="event" onclick={go(on_ask, cause.seq)}
                    title={format!("Go to event {}", words::count(cause.seq))}>
                    <span class="event-time">{ words::seconds(cause.at_micros) }</span>
                    <span class="event-number">{ words::count(cause.seq) }</span>
                    <span class="event-text">{ if place > 0 { "because " } else { "" } }{ &cause.text }</span>
                </button>
            </li>
        }
    };
    let end = match chain.last().map(|last| last.cause) {
        Some(Some(earlier)) => format!("… and so on: event {} came before", words::count(earlier)),
        Some(None) => "With this it began.".to_owned(),
        None => "This is not known any more.".to_owned(),
    };
    html! {
        <ol class="why" aria-label="Why: back to what began it">
            { for chain.iter().enumerate().map(step) }
            <li key="end" class="hint">{ end }</li>
        </ol>
    }
}
