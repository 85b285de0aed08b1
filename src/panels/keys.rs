//! Keys: a form that writes, reads and deletes on any node, and every node's store beside it.

use std::rc::Rc;

use lab::view::{Condition, NodeView, Seat, StageView};
use yew::prelude::*;

use super::key_table::{Cell, rows};
use crate::platform::dom;
use crate::quote::etcdctl;
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) stage: Rc<StageView>,
    pub(crate) on_line: Callback<String>,
}

fn table(stage: &StageView) -> Html {
    let members: Vec<&NodeView> =
        stage.nodes.iter().filter(|node| node.seat != Seat::None).collect();
    let rows = rows(&members);
    if rows.is_empty() {
        return html! { <p class="empty">{ "No keys yet. Write one, and see it arrive on node after node." }</p> };
    }
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Keys on every node">
            <table class="grid">
                <thead><tr>
                    <th scope="col">{ "key" }</th>
                    { for members.iter().map(|node| html! {
                        <th key={node.id} scope="col" data-down={(node.condition == Condition::Crashed).then_some("")}>
                            { words::node(node.id) }<small>{ format!(" rev {}", node.revision) }</small>
                        </th>
                    }) }
                </tr></thead>
                <tbody>{ for rows.iter().map(|row| html! {
                    <tr key={row.key.clone()}>
                        <th scope="row"><bdi>{ words::cut(&row.key, 60) }</bdi></th>
                        { for row.cells.iter().map(cell) }
                    </tr>
                }) }</tbody>
            </table>
        </div>
    }
}

fn cell(cell: &Cell) -> Html {
    let differs = cell.differs.then_some("");
    match &cell.row {
        None => html! { <td data-differs={differs} class="missing">{ "–" }</td> },
        Some(row) => html! {
            <td data-differs={differs} title={format!("created at revision {}, changed at {}, version {}", row.create_revision, row.mod_revision, row.version)}>
                <bdi>{ words::cut(&row.value, 80) }</bdi>
                if cell.differs { <span class="differs">{ "differs" }</span> }
            </td>
        },
    }
}

/// The panel: what is to be done with which key, through which node; and what all nodes have.
#[component(Keys)]
pub(crate) fn keys(props: &Props) -> Html {
    let Props { stage, on_line } = props;
    let node = use_state(|| None::<u8>);
    let key = use_state(|| "name".to_owned());
    let value = use_state(String::new);
    let via = node.filter(|id| stage.nodes.iter().any(|node| node.id == *id));
    let set = |state: &UseStateHandle<String>| {
        let state = state.clone();
        Callback::from(move |event: InputEvent| state.set(dom::value(&event)))
    };
    let onnode = {
        let node = node.clone();
        Callback::from(move |event: Event| node.set(dom::value(&event).parse().ok()))
    };
    let send = |verb: &'static str, with_value: bool| {
        let (key, value, on_line) = (key.clone(), value.clone(), on_line.clone());
        Callback::from(move |()| {
            let words: &[&str] = if with_value { &[&key, &value] } else { &[&key] };
            on_line.emit(etcdctl(via, verb, words));
        })
    };
    let write = send("put", true);
    let onsubmit = {
        let write = write.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            write.emit(());
        })
    };
    let empty = key.is_empty();
    let click = |callback: Callback<()>| callback.reform(|_: MouseEvent| ());
    html! {
        <div class="keys">
        <form class="key-form" {onsubmit}>
            <label>{ "Through" }
                <select class="field" onchange={onnode}>
                    <option value="" selected={via.is_none()}>{ "any node" }</option>
                    { for stage.nodes.iter().map(|NodeView { id, .. }| html! {
                        <option key={*id} value={id.to_string()} selected={via == Some(*id)}>{ words::node(*id) }</option>
                    }) }
                </select>
            </label>
            <label>{ "Key" }<input class="field" value={(*key).clone()} oninput={set(&key)} autocomplete="off" spellcheck="false" /></label>
            <label>{ "Value" }<input class="field" value={(*value).clone()} oninput={set(&value)} autocomplete="off" spellcheck="false" /></label>
            <div class="key-actions">
                <button type="submit" class="button" data-kind="first" disabled={empty}>{ "Write" }</button>
                <button type="button" class="button" disabled={empty} onclick={click(send("get", false))}>{ "Read" }</button>
                <button type="button" class="button" disabled={empty} onclick={click(send("del", false))}>{ "Delete" }</button>
            </div>
        </form>
            { table(stage) }
        </div>
    }
}
