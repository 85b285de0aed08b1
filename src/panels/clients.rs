//! Clients: what each asked last, and what it knows of that.

use lab::view::{ClientView, StageView};
use yew::prelude::*;

use crate::words;

/// The panel.
pub(crate) fn clients(stage: &StageView) -> Html {
    let clients = &stage.clients;
    if clients.is_empty() {
        return html! { <p class="empty">{ "No client has asked anything yet. Write or read a key." }</p> };
    }
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Clients">
            <table class="grid">
                <thead><tr>
                    { for ["client", "asked", "through", "at", "knows", "answer"].map(|name| html! { <th scope="col">{ name }</th> }) }
                </tr></thead>
                <tbody>{ for clients.iter().map(row) }</tbody>
            </table>
            <p class="hint">{ "Unknown: no answer came in time. The write may have happened, or may still." }</p>
        </div>
    }
}

fn row(client: &ClientView) -> Html {
    html! {
        <tr key={client.name.clone()}>
            <th scope="row">{ &client.name }</th>
            <td><code>{ words::cut(&client.request, 80) }</code></td>
            <td>{ client.node.map(words::node).unwrap_or_default() }</td>
            <td>{ words::seconds(client.since_micros) }</td>
            <td data-knows={words::knows(client.knows)}>{ words::knows(client.knows) }</td>
            <td><bdi>{ words::cut(&client.answer, 120) }</bdi></td>
        </tr>
    }
}
