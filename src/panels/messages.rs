//! The picture as a table: nodes and messages under way, for who does not see it or wants to
//! catch a message by name.

use lab::view::{FlightView, NodeView, StageView};
use yew::prelude::*;

use super::grid::{button, cells, grid, heads};
use crate::el::el;
use crate::words;

/// The panel.
pub(crate) fn messages(stage: &StageView, on_line: &Callback<String>) -> Html {
    let mut nodes = Vec::new();
    for node in &stage.nodes {
        nodes.push(node_row(node, stage));
    }
    let mut flights = Vec::new();
    for flight in &stage.flights {
        flights.push(flight_row(flight, stage.now_micros, on_line));
    }
    let under_way = format!("Messages under way: {}", stage.flights.len());
    let of_nodes = heads("node|role|term|voted for|leader|log|on disk|committed|applied|hears no");
    let of_flights = heads("message|from|to|term|says|arrives in|do");
    el("div|class=scroll picture|tabindex=0|role=region|aria-label=The picture as a table")
        .with(grid("Nodes".to_owned(), of_nodes, nodes))
        .with(grid(under_way, of_flights, flights))
        .html()
}

fn or_none(id: Option<u8>) -> String {
    id.map_or_else(|| "–".to_owned(), words::node)
}

fn node_row(node: &NodeView, stage: &StageView) -> Html {
    let mut deaf = Vec::new();
    for link in &stage.links {
        if link.to == node.id && link.cut {
            deaf.push(link.from);
        }
    }
    let texts = vec![
        words::standing(node.condition, node.seat, node.role).to_owned(),
        node.term.to_string(),
        or_none(node.vote),
        or_none(node.leader),
        node.last_index.to_string(),
        node.durable.to_string(),
        node.commit.to_string(),
        node.applied.to_string(),
        if deaf.is_empty() { or_none(None) } else { words::list(&deaf) },
    ];
    let name = words::node(node.id);
    el("tr").key(name.clone()).with(el("th|scope=row").text(name)).all(cells(texts)).html()
}

fn flight_row(flight: &FlightView, now_micros: u64, on_line: &Callback<String>) -> Html {
    let id = format!("m{}", flight.id);
    let act = |name: &'static str, label: String, line: String| {
        button(name, on_line.reform(move |_: MouseEvent| line.clone())).set("aria-label", label)
    };
    let due = match flight.dies_micros {
        Some(_) => "lost".to_owned(),
        None => words::span(flight.arrives_micros.saturating_sub(now_micros)),
    };
    let texts = vec![
        words::node(flight.from),
        words::node(flight.to),
        flight.term.to_string(),
        flight.text.clone(),
        due,
    ];
    let actions = el("td|class=actions")
        .with(act("Drop", format!("Drop {id}"), format!("drop {id}")))
        .with(act("Delay 1 s", format!("Delay 1 s: {id}"), format!("delay {id} 1s")));
    let name = el("small").text(format!(" {}", flight.name));
    el("tr")
        .key(id.clone())
        .with(el("th|scope=row").text(id).with(name))
        .all(cells(texts))
        .with(actions)
        .html()
}
