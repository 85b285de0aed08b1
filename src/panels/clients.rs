//! Clients: every request with what its client knows of it, and what the lab sees besides.

use std::rc::Rc;

use lab::view::{RequestView, StageView};
use yew::prelude::*;

use super::look::use_look;
use super::{Ask, choices};
use crate::words;

/// How many are listed at first, and how many more at a time.
const LISTED: usize = 60;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) stage: Rc<StageView>,
    pub(crate) on_ask: Callback<Ask>,
}

/// The panel.
#[component(Clients)]
pub(crate) fn clients(props: &Props) -> Html {
    let Props { stage, on_ask } = props;
    let only_unknown = use_state(|| false);
    let most = use_state(|| LISTED);
    let about = (stage.clone(), *most, *only_unknown);
    // One more than is listed tells whether there are more.
    let requests =
        use_look(on_ask, about, |session, (_, most, unknown)| session.requests(most + 1, *unknown));
    if stage.clients.is_empty() {
        return html! { <p class="empty">{ "No client has asked anything yet. Write or read a key." }</p> };
    }
    let found = requests.as_deref().map(|requests| requests.as_slice()).unwrap_or_default();
    let more = {
        let most = most.clone();
        Callback::from(move |_: MouseEvent| most.set(*most + LISTED))
    };
    let on_seek = on_ask.reform(Ask::Seek);
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Clients">
            { choices("Which requests", &[(false, "All"), (true, "Unknown")], *only_unknown, &only_unknown) }
            <table class="grid">
                <caption>{ if *only_unknown { "Requests without an answer: done or not, the client cannot tell" } else { "Requests, newest first" } }</caption>
                <thead><tr>
                    { for ["client", "asked", "at", "took", "the client knows"].map(|name| html! { <th scope="col">{ name }</th> }) }
                </tr></thead>
                <tbody>{ for found.iter().take(*most).map(|request| row(request, &on_seek)) }</tbody>
            </table>
            if found.is_empty() { <p class="empty">{ "None." }</p> }
            if found.len() > *most { <button type="button" class="button" onclick={more}>{ "Older requests" }</button> }
        </div>
    }
}

fn row(request: &RequestView, on_seek: &Callback<u64>) -> Html {
    let jump = |event: u64, at_micros: u64, what: &str| {
        let name = format!("Go to event {}: {what} {}", words::count(event), request.request);
        html! {
            <button type="button" class="jump" aria-label={name} onclick={on_seek.reform(move |_: MouseEvent| event)}>
                { words::seconds(at_micros) }
            </button>
        }
    };
    let through = request.node.map(|node| format!(" via {}", words::node(node)));
    let answer = match request.revision {
        Some(revision) => format!("{}, revision {revision}", request.answer),
        None => request.answer.clone(),
    };
    html! {
        <tr key={request.call.to_string()}>
            <th scope="row">{ &request.client }<small>{ through }</small></th>
            <td><code><bdi>{ words::cut(&request.request, 80) }</bdi></code></td>
            <td>{ jump(request.seq, request.at_micros, "the client asks") }</td>
            <td>
                if let Some((event, at)) = request.ended {
                    { words::span(at.saturating_sub(request.at_micros)) }
                    { jump(event, at, "the end of") }
                }
            </td>
            <td data-knows={words::knows(request.knows)}>
                { words::knows(request.knows) }<small><bdi>{ format!(" {}", words::cut(&answer, 120)) }</bdi></small>
                if let Some(told) = words::told(request.knows) { <p class="remark">{ told }</p> }
                if !request.seen.is_empty() { <p class="remark">{ format!("The lab, which sees all, knows: {}.", request.seen) }</p> }
            </td>
        </tr>
    }
}
