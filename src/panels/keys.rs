//! Keys: a form that writes, reads and deletes on any node, and every node's store beside it.

use std::rc::Rc;

use lab::documents::{document, folder_and_name};
use lab::view::{Condition, KeyRow, NodeView, Seat, StageView, StoreView};
use yew::prelude::*;

use super::key_table::{Cell, rows};
use super::look::use_look;
use super::{Ask, choices};
use crate::platform::dom;
use crate::quote::etcdctl;
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) stage: Rc<StageView>,
    pub(crate) on_ask: Callback<Ask>,
}

/// How keys are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nodes,
    Table,
    Documents,
}

const SHOWN: [(Shown, &str); 3] =
    [(Shown::Nodes, "Every node"), (Shown::Table, "Table"), (Shown::Documents, "Documents")];

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
                <caption>{ "What every node has, the first 100 keys" }</caption>
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
    let sign = cell.differs.map(|word| html! { <span class="differs">{ word }</span> });
    let differs = cell.differs.filter(|word| *word != "down");
    match &cell.row {
        None => {
            html! { <td data-differs={differs} class="missing">{ sign.unwrap_or_else(|| html! { "–" }) }</td> }
        }
        Some(row) => html! {
            <td data-differs={differs} title={history(row)}><bdi>{ words::cut(&row.value, 80) }</bdi>{ sign }</td>
        },
    }
}

fn history(row: &KeyRow) -> String {
    format!(
        "created at revision {}, changed at {}, version {}",
        row.create_revision, row.mod_revision, row.version
    )
}

/// One node's store, as a table or as documents.
fn store(store: &StoreView, shown: Shown) -> Html {
    let title = format!("The store of {}, revision {}", words::node(store.node), store.revision);
    let more = (store.more > 0).then(
        || html! { <p class="hint">{ format!("and {} keys more", words::count(store.more)) }</p> },
    );
    let body = match shown {
        Shown::Documents => documents(&store.keys),
        Shown::Table | Shown::Nodes => html! {
            <table class="grid">
                <caption>{ &title }</caption>
                <thead><tr>
                    { for ["key", "value", "create_revision", "mod_revision", "version"].map(|name| html! { <th scope="col">{ name }</th> }) }
                </tr></thead>
                <tbody>{ for store.keys.iter().map(|row| html! {
                    <tr key={row.key.clone()}>
                        <th scope="row"><bdi>{ words::cut(&row.key, 60) }</bdi></th>
                        <td class="value"><bdi>{ words::cut(&row.value, 200) }</bdi></td>
                        { for [row.create_revision, row.mod_revision, row.version].map(|number| html! { <td>{ number }</td> }) }
                    </tr>
                }) }</tbody>
            </table>
        },
    };
    html! { <div class="scroll" tabindex="0" role="region" aria-label={title}>{ body }{ more }</div> }
}

/// Values laid out, keys under their folders.
fn documents(keys: &[KeyRow]) -> Html {
    let mut last = "";
    let mut items = Vec::new();
    for row in keys {
        let (folder, name) = folder_and_name(&row.key);
        let begins = folder != last;
        last = folder;
        items.push(html! {
            <section key={row.key.clone()} class="document">
                if begins { <h3 class="folder">{ folder }</h3> }
                <h4><bdi>{ name }</bdi><small>{ format!(" {}", history(row)) }</small></h4>
                <pre>{ document(&row.value).unwrap_or_else(|| row.value.clone()) }</pre>
            </section>
        });
    }
    Html::from_iter(items)
}

/// The panel: what is to be done with which key, through which node; and what all nodes have.
#[component(Keys)]
pub(crate) fn keys(props: &Props) -> Html {
    let Props { stage, on_ask } = props;
    let on_line = on_ask.reform(Ask::Line);
    let shown = use_state(|| Shown::Nodes);
    let node = use_state(|| None::<u8>);
    let key = use_state(|| "name".to_owned());
    let value = use_state(String::new);
    let via = node.filter(|id| stage.nodes.iter().any(|node| node.id == *id));
    let about = (stage.clone(), via, *shown);
    let found = use_look(on_ask, about, |session, (_, via, shown)| {
        (*shown != Shown::Nodes).then(|| session.store(*via)).flatten()
    });
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
            { choices("How keys are shown", &SHOWN, *shown, &shown) }
            { match (*shown, found.as_deref()) {
                (Shown::Nodes, _) => table(stage),
                (shown, Some(Some(found))) if !found.keys.is_empty() => store(found, shown),
                (_, Some(None)) => html! { <p class="empty">{ "This node is down: its store is gone until it starts again." }</p> },
                _ => html! { <p class="empty">{ "No keys here." }</p> },
            } }
        </div>
    }
}
