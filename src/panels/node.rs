//! One node from inside.

use std::rc::Rc;

use lab::inspect::{Fact, Group, NodeDetail, Table};
use yew::prelude::*;

use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) detail: Rc<NodeDetail>,
    /// Another node is to be looked at.
    pub(crate) on_inspect: Callback<u8>,
}

/// The panel.
#[component(NodePanel)]
pub(crate) fn node_panel(props: &Props) -> Html {
    let NodeDetail { id, nodes, term, summary, groups, tables } = &*props.detail;
    let explains = use_state(|| false);
    let toggle = {
        let explains = explains.clone();
        Callback::from(move |_: Event| explains.set(!*explains))
    };
    html! {
        <div class="inspect">
            <div class="inspect-head">
                <div class="choice" role="radiogroup" aria-label="Node">
                    { for nodes.iter().map(|node| choice(*node, *id, &props.on_inspect)) }
                </div>
                <strong data-hue={words::hue(*term)}>{ summary }</strong>
                <label class="check"><input type="checkbox" checked={*explains} onchange={toggle} />{ "Explain" }</label>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label={format!("n{id} from inside")}>
                <div class="fact-groups">{ for groups.iter().map(|it| group(it, *explains)) }</div>
                { for tables.iter().map(|it| table(it, *explains)) }
            </div>
        </div>
    }
}

fn choice(node: u8, chosen: u8, on_inspect: &Callback<u8>) -> Html {
    html! {
        <label key={node}>
            <input type="radio" name="inspected" checked={node == chosen} onchange={on_inspect.reform(move |_: Event| node)} />
            <span>{ words::node(node) }</span>
        </label>
    }
}

fn group(group: &Group, explains: bool) -> Html {
    let fact = |Fact { name, value, why }: &Fact| {
        html! {
            <div key={*name} title={(!why.is_empty()).then_some(*why)}>
                <dt>{ name }</dt><dd>{ value }</dd>
                if explains && !why.is_empty() { <dd class="why">{ why }</dd> }
            </div>
        }
    };
    html! {
        <div key={group.name} class="facts" role="group" aria-label={group.name}>
            <strong aria-hidden="true">{ group.name }</strong>
            <dl>{ for group.facts.iter().map(fact) }</dl>
        </div>
    }
}

fn table(table: &Table, explains: bool) -> Html {
    let head = |(name, why): &(&'static str, &'static str)| {
        html! { <th scope="col" title={(!why.is_empty()).then_some(*why)}>{ name }</th> }
    };
    let cell = |(place, text): (usize, &String)| {
        if place == 0 {
            html! { <th scope="row">{ text }</th> }
        } else {
            html! { <td><bdi>{ text }</bdi></td> }
        }
    };
    let row = |row: &lab::inspect::Row| {
        html! { <tr data-hue={words::hue(row.term)}>{ for row.cells.iter().enumerate().map(cell) }</tr> }
    };
    let meant = table.columns.iter().filter(|(_, why)| explains && !why.is_empty());
    html! {
        <>
            <table class="grid">
                <caption>{ &table.name }</caption>
                if !table.rows.is_empty() {
                    <thead><tr>{ for table.columns.iter().map(head) }</tr></thead>
                    <tbody>{ for table.rows.iter().map(row) }</tbody>
                }
            </table>
            { for meant.map(|(name, why)| html! { <p class="why"><b>{ name }</b>{ format!(": {why}") }</p> }) }
        </>
    }
}
