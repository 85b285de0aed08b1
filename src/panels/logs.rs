//! Logs: a row for each node, a column for each index.

use lab::view::{Condition, NodeView, Role, StageView};
use yew::prelude::*;

use super::log_table::{cell, columns};
use crate::words;

/// The panel.
pub(crate) fn logs(stage: &StageView) -> Html {
    let nodes = &stage.nodes;
    let columns = columns(nodes);
    html! {
        <div class="logs">
            <div class="scroll" tabindex="0" role="region" aria-label="Logs of all nodes">
                <table class="log-grid">
                    <thead><tr>
                        <th scope="col"><span class="hidden-text">{ "node" }</span></th>
                        { for columns.iter().map(|index| html! { <th key={*index} scope="col">{ index }</th> }) }
                        <th scope="col" class="log-note"><span class="hidden-text">{ "progress" }</span></th>
                    </tr></thead>
                    <tbody>{ for nodes.iter().map(|node| row(node, &columns)) }</tbody>
                </table>
            </div>
            <p class="hint">{ "Full: committed as far as this node knows. Dashed: not yet. The bar is its commit index." }</p>
        </div>
    }
}

fn row(node: &NodeView, columns: &[u64]) -> Html {
    let leads = node.role == Role::Leader && node.condition == Condition::Running;
    html! {
        <tr key={node.id} data-hue={words::hue(node.term)}>
            <th scope="row">{ words::node(node.id) }<small>{ if leads { " leads" } else if node.condition == Condition::Running { "" } else { " down" } }</small></th>
            { for columns.iter().map(|index| entry(node, *index)) }
            <td class="log-note">{ note(node) }</td>
        </tr>
    }
}

fn entry(node: &NodeView, index: u64) -> Html {
    let edge = (node.commit == index).then_some("");
    match cell(node, index) {
        None => {
            html! { <td key={index} data-state="missing" data-commit={edge}><span><span class="hidden-text">{ "none" }</span></span></td> }
        }
        Some(cell) => {
            let state = if cell.committed { "committed" } else { "pending" };
            html! {
                <td key={index} data-state={state} data-hue={words::hue(cell.term)} data-commit={edge}>
                    <span>{ format!("t{}", cell.term) }<span class="hidden-text">{ format!(" {state}") }</span></span>
                </td>
            }
        }
    }
}

/// What a leader knows of the others.
fn note(node: &NodeView) -> String {
    if node.progress.is_empty() {
        return String::new();
    }
    let known: Vec<String> =
        node.progress.iter().map(|progress| progress.match_index.to_string()).collect();
    format!("matches {}", known.join(" "))
}
