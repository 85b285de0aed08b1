//! Events in plain words, newest first; each goes to its moment, or to its cause's.

use std::sync::Arc;

use lab::view::FeedItem;
use yew::prelude::*;

use crate::words;

/// How many are shown.
const SHOWN: usize = 300;

/// The panel.
pub(crate) fn events(feed: &[Arc<FeedItem>], seq: u64, on_seek: &Callback<u64>) -> Html {
    html! {
        <div class="events scroll" tabindex="0" role="region" aria-label="Events, newest first">
            <ol>{ for feed.iter().rev().take(SHOWN).map(|item| line(item, seq, on_seek)) }</ol>
            if feed.len() > SHOWN {
                <p class="hint">{ "Older events are on the timeline: go back, and they are here." }</p>
            }
        </div>
    }
}

fn line(item: &FeedItem, seq: u64, on_seek: &Callback<u64>) -> Html {
    let go = |event: u64| on_seek.reform(move |_: MouseEvent| event);
    html! {
        <li key={item.seq} data-level={words::level(item.level)} data-hue={words::hue(item.term)} data-future={(item.seq > seq).then_some("")}>
            <button type="button" class="event" onclick={go(item.seq)} title="Go to this event">
                <span class="event-time">{ words::seconds(item.at_micros) }</span>
                <span class="event-sign" aria-hidden="true"></span>
                <span class="event-text">{ &item.text }</span>
            </button>
            if let Some(cause) = item.cause {
                <button type="button" class="event-cause" onclick={go(cause)} title={format!("Go to what brought it about: event {cause}")}>
                    { "why?" }<span class="hidden-text">{ format!(" cause of: {}", item.text) }</span>
                </button>
            }
        </li>
    }
}
