//! Clients: every request with what its client knows of it, and what the lab sees besides.

use std::rc::Rc;

use lab::view::{RequestView, StageView};
use yew::prelude::*;

use super::grid::{button, empty, grid, heads, region};
use super::look::{Question, Seen, use_look};
use super::{Ask, choices};
use crate::el::el;
use crate::state::use_state;
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
    // One more than is listed tells whether there are more.
    let seen = use_look(on_ask, stage, Question::Requests(*most + 1, *only_unknown));
    if stage.clients.is_empty() {
        return empty("No client has asked anything yet. Write or read a key.").html();
    }
    let found = if let Seen::Requests(found) = &*seen { found.as_slice() } else { &[] };
    let on_seek = on_ask.reform(Ask::Seek);
    let caption = if *only_unknown {
        "Requests without an answer: done or not, the client cannot tell"
    } else {
        "Requests, newest first"
    };
    let mut rows = Vec::new();
    for request in found.iter().take(*most) {
        rows.push(row(request, &on_seek));
    }
    let which = [(false, "All"), (true, "Unknown")];
    let more = (found.len() > *most).then(|| {
        let most = most.clone();
        button("Older requests", Callback::from(move |_: MouseEvent| most.set(*most + LISTED)))
    });
    region("Clients")
        .add(choices("Which requests", &which, *only_unknown, &only_unknown))
        .with(grid(caption.to_owned(), heads("client|asked|at|took|the client knows"), rows))
        .maybe(found.is_empty().then(|| empty("None.")))
        .maybe(more)
        .html()
}

fn row(request: &RequestView, on_seek: &Callback<u64>) -> Html {
    let jump = |event: u64, at_micros: u64, what: &str| {
        // What is seen comes first in what is said.
        let at = words::seconds(at_micros);
        let name = format!("{at}, {what} {}: to event {}", request.request, words::count(event));
        el("button|type=button|class=jump")
            .set("aria-label", name)
            .click(on_seek.reform(move |_: MouseEvent| event))
            .text(at)
    };
    let mut client = el("th|scope=row").text(request.client.clone());
    if let Some(node) = request.node {
        client = client.with(el("small").text(format!(" via {}", words::node(node))));
    }
    let mut took = el("td");
    if let Some((event, at)) = request.ended {
        let span = words::span(at.saturating_sub(request.at_micros));
        took = took.text(span).with(jump(event, at, "the end of"));
    }
    let mut answer = words::cut(&request.answer, 120);
    if let Some(revision) = request.revision {
        answer = format!("{answer}, revision {revision}");
    }
    let mut knows = el("td")
        .word("data-knows", words::knows(request.knows))
        .say(words::knows(request.knows))
        .with(el("small").with(el("bdi").text(format!(" {answer}"))));
    if let Some(told) = words::told(request.knows) {
        knows = knows.with(el("p|class=remark").text(told.to_string()));
    }
    if !request.seen.is_empty() {
        let seen = format!("The lab, which sees all, knows: {}.", request.seen);
        knows = knows.with(el("p|class=remark").text(seen));
    }
    let asked = words::cut(&request.request, 80);
    el("tr")
        .key(request.call.to_string())
        .with(client)
        .with(el("td").with(el("code").with(el("bdi").text(asked))))
        .with(el("td").with(jump(request.seq, request.at_micros, "the client asks")))
        .with(took)
        .with(knows)
        .html()
}
