//! Keys: a form that writes, reads and deletes on any node, and every node's store beside it.

use std::rc::Rc;

use lab::documents::{document, folder_and_name};
use lab::view::{Condition, KeyRow, NodeView, Seat, StageView, StoreView};
use yew::prelude::*;
use yew::virtual_dom::ListenerKind;

use super::grid::{cells, empty, grid, heads, region};
use super::key_table::{Cell, rows};
use super::look::{Question, Seen, use_look};
use super::{Ask, choices};
use crate::el::{El, el};
use crate::platform::dom;
use crate::quote::etcdctl;
use crate::state::{UseStateHandle, use_state};
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

fn table(stage: &StageView) -> El {
    let mut members = Vec::new();
    let mut columns = heads("key");
    for node in &stage.nodes {
        if node.seat == Seat::None {
            continue;
        }
        members.push(node);
        let name = el("th|scope=col").flag("data-down", node.condition == Condition::Crashed);
        let revision = el("small").text(format!(" rev {}", node.revision));
        columns.push(name.text(words::node(node.id)).with(revision).html());
    }
    let mut lines = Vec::new();
    for row in rows(&members) {
        let mut line = head(&row.key);
        for of_node in &row.cells {
            line = line.with(cell(of_node));
        }
        lines.push(line.html());
    }
    if lines.is_empty() {
        return empty("No keys yet. Write one, and see it arrive on node after node.");
    }
    let caption = "What every node has, the first 100 keys".to_owned();
    region("Keys on every node").with(grid(caption, columns, lines))
}

/// A row that begins with its key.
fn head(key: &str) -> El {
    let name = el("bdi").text(words::cut(key, 60));
    el("tr").key(key.to_owned()).with(el("th|scope=row").with(name))
}

fn cell(cell: &Cell) -> El {
    let mut place = el("td");
    if let Some(row) = &cell.row {
        let value = el("bdi").text(words::cut(&row.value, 80));
        place = place.set("title", history(row)).with(value);
    } else {
        place = place.word("class", "missing");
    }
    let Some(word) = cell.differs else {
        return if cell.row.is_none() { place.say("–") } else { place };
    };
    if word != "down" {
        place = place.word("data-differs", word);
    }
    place.with(el("span|class=differs").say(word))
}

fn history(row: &KeyRow) -> String {
    format!(
        "created at revision {}, changed at {}, version {}",
        row.create_revision, row.mod_revision, row.version
    )
}

/// One node's store, as a table or as documents.
fn store(store: &StoreView, shown: Shown) -> El {
    let title = format!("The store of {}, revision {}", words::node(store.node), store.revision);
    let place = el("div|class=scroll|tabindex=0|role=region").set("aria-label", title.clone());
    let place = if shown == Shown::Documents {
        place.all(documents(&store.keys))
    } else {
        let mut lines = Vec::new();
        for row in &store.keys {
            let value = el("bdi").text(words::cut(&row.value, 200));
            let numbers = [row.create_revision, row.mod_revision, row.version];
            let numbers = cells(numbers.map(|number| number.to_string()).into());
            lines.push(head(&row.key).with(el("td|class=value").with(value)).all(numbers).html());
        }
        place.with(grid(title, heads("key|value|create_revision|mod_revision|version"), lines))
    };
    place.maybe((store.more > 0).then(|| {
        let more = format!("and {} keys more", words::count(store.more));
        el("p|class=hint").text(more)
    }))
}

/// Values laid out, keys under their folders.
fn documents(keys: &[KeyRow]) -> Vec<Html> {
    let mut last = "";
    let mut items = Vec::new();
    for row in keys {
        let (folder, name) = folder_and_name(&row.key);
        let mut item = el("section|class=document").key(row.key.clone());
        if folder != last {
            item = item.with(el("h3|class=folder").text(folder.to_owned()));
        }
        last = folder;
        let told = el("small").text(format!(" {}", history(row)));
        let value = document(&row.value).unwrap_or_else(|| row.value.clone());
        item = item
            .with(el("h4").with(el("bdi").text(name.to_owned())).with(told))
            .with(el("pre").text(value));
        items.push(item.html());
    }
    items
}

/// What is to be done with which key, through which node.
#[derive(Clone, Debug)]
struct Form {
    node: Option<u8>,
    key: String,
    value: String,
}

impl Form {
    fn new() -> Form {
        Form { node: None, key: "name".to_owned(), value: String::new() }
    }
}

/// The panel: what is to be done with which key, through which node; and what all nodes have.
#[component(Keys)]
pub(crate) fn keys(props: &Props) -> Html {
    let Props { stage, on_ask } = props;
    let shown = use_state(|| Shown::Nodes);
    let form = use_state(Form::new);
    let via = form.node.filter(|id| stage.nodes.iter().any(|node| node.id == *id));
    let question = if *shown == Shown::Nodes { Question::Nothing } else { Question::Store(via) };
    let seen = use_look(on_ask, stage, question);
    let body = match (*shown, &*seen) {
        (Shown::Nodes, _) => table(stage),
        (shown, Seen::Store(Some(found))) if !found.keys.is_empty() => store(found, shown),
        (_, Seen::Store(None)) => {
            empty("This node is down: its store is gone until it starts again.")
        }
        _ => empty("No keys here."),
    };
    el("div|class=keys")
        .with(fields(stage, &form, via, on_ask))
        .add(choices("How keys are shown", &SHOWN, *shown, &shown))
        .with(body)
        .html()
}

fn fields(
    stage: &StageView,
    form: &UseStateHandle<Form>,
    via: Option<u8>,
    on_ask: &Callback<Ask>,
) -> El {
    let set = |put: fn(&mut Form, String)| {
        let form = form.clone();
        Callback::from(move |event: Event| {
            let mut next = Form::clone(&form);
            put(&mut next, dom::value(&event));
            form.set(next);
        })
    };
    let send = |verb: &'static str| {
        let (form, on_ask) = (form.clone(), on_ask.clone());
        Callback::from(move |event: Event| {
            event.prevent_default();
            let words: &[&str] =
                if verb == "put" { &[&form.key, &form.value] } else { &[&form.key] };
            on_ask.emit(Ask::Line(etcdctl(via, verb, words)));
        })
    };
    let field = |name: &'static str, value: &str, put: fn(&mut Form, String)| {
        let input = el("input|class=field|autocomplete=off|spellcheck=false")
            .value(value.to_owned())
            .on(|| ListenerKind::oninput, set(put));
        el("label").say(name).with(input)
    };
    let act = |name: &'static str, verb: &'static str| {
        el("button|type=button|class=button")
            .flag("disabled", form.key.is_empty())
            .on(|| ListenerKind::onclick, send(verb))
            .say(name)
    };
    let any = el("option|value=").flag("selected", via.is_none()).say("any node");
    let mut nodes = el("select|class=field").with(any);
    for NodeView { id, .. } in &stage.nodes {
        let node = el("option").set("value", id.to_string()).flag("selected", via == Some(*id));
        nodes = nodes.with(node.text(words::node(*id)));
    }
    let nodes =
        nodes.on(|| ListenerKind::onchange, set(|form, node| form.node = node.parse().ok()));
    let write = el("button|type=submit|class=button|data-kind=first")
        .flag("disabled", form.key.is_empty())
        .say("Write");
    el("form|class=key-form")
        .on(|| ListenerKind::onsubmit, send("put"))
        .with(el("label").say("Through").with(nodes))
        .with(field("Key", &form.key, |form, key| form.key = key))
        .with(field("Value", &form.value, |form, value| form.value = value))
        .with(
            el("div|class=key-actions")
                .with(write)
                .with(act("Read", "get"))
                .with(act("Delete", "del")),
        )
}
