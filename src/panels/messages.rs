//! The picture as a table: nodes and messages under way, for who does not see it or wants to
//! catch a message by name.

use lab::view::{FlightView, NodeView, StageView};
use yew::prelude::*;

use crate::words;

/// The panel.
pub(crate) fn messages(stage: &StageView, on_line: &Callback<String>) -> Html {
    html! {
        <div class="scroll picture" tabindex="0" role="region" aria-label="The picture as a table">
            <table class="grid">
                <caption>{ "Nodes" }</caption>
                <thead><tr>
                    { for ["node", "role", "term", "voted for", "leader", "log", "on disk", "committed", "applied", "hears no"].map(|name| html! { <th scope="col">{ name }</th> }) }
                </tr></thead>
                <tbody>{ for stage.nodes.iter().map(|node| node_row(node, stage)) }</tbody>
            </table>
            <table class="grid">
                <caption>{ format!("Messages under way: {}", stage.flights.len()) }</caption>
                <thead><tr>
                    { for ["message", "from", "to", "term", "says", "arrives in", "do"].map(|name| html! { <th scope="col">{ name }</th> }) }
                </tr></thead>
                <tbody>{ for stage.flights.iter().map(|flight| flight_row(flight, stage.now_micros, on_line)) }</tbody>
            </table>
        </div>
    }
}

fn node_row(node: &NodeView, stage: &StageView) -> Html {
    let deaf: Vec<u8> = stage
        .links
        .iter()
        .filter(|link| link.to == node.id && link.cut)
        .map(|link| link.from)
        .collect();
    let or_none = |id: Option<u8>| id.map_or_else(|| "–".to_owned(), words::node);
    let deaf = if deaf.is_empty() { "–".to_owned() } else { words::list(&deaf) };
    html! {
        <tr key={node.id}>
            <th scope="row">{ words::node(node.id) }</th>
            <td>{ words::standing(node.condition, node.seat, node.role) }</td>
            <td>{ node.term }</td>
            <td>{ or_none(node.vote) }</td>
            <td>{ or_none(node.leader) }</td>
            <td>{ node.last_index }</td>
            <td>{ node.durable }</td>
            <td>{ node.commit }</td>
            <td>{ node.applied }</td>
            <td>{ deaf }</td>
        </tr>
    }
}

fn flight_row(flight: &FlightView, now_micros: u64, on_line: &Callback<String>) -> Html {
    let id = flight.id;
    let act = |line: String| on_line.reform(move |_: MouseEvent| line.clone());
    let due = match flight.dies_micros {
        Some(_) => "lost".to_owned(),
        None => words::span(flight.arrives_micros.saturating_sub(now_micros)),
    };
    html! {
        <tr key={id.to_string()}>
            <th scope="row">{ format!("m{id}") }<small>{ format!(" {}", flight.name) }</small></th>
            <td>{ words::node(flight.from) }</td>
            <td>{ words::node(flight.to) }</td>
            <td>{ flight.term }</td>
            <td>{ &flight.text }</td>
            <td>{ due }</td>
            <td class="actions">
                <button type="button" class="button" aria-label={format!("Drop m{id}")} onclick={act(format!("drop m{id}"))}>{ "Drop" }</button>
                <button type="button" class="button" aria-label={format!("Delay 1 s: m{id}")} onclick={act(format!("delay m{id} 1s"))}>{ "Delay 1 s" }</button>
            </td>
        </tr>
    }
}
