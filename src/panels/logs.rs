//! Logs: a row for each node, a column for each index, and a window that goes back and forth over
//! logs of any length. What an entry says is told when it is pointed at, tapped or focused.

use std::rc::Rc;

use lab::view::{LogEntryView, LogRowView, LogsView, ProgressView, StageView};
use yew::prelude::*;
use yew::virtual_dom::ListenerKind;

use super::Ask;
use super::grid::{button, cells, grid, heads, region};
use super::log_table::{Place, columns_in, step};
use super::look::{Question, Seen, use_look};
use crate::el::{El, el};
use crate::platform::dom;
use crate::state::{UseStateHandle, use_node_ref, use_state, use_state_eq};
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) stage: Rc<StageView>,
    pub(crate) on_ask: Callback<Ask>,
}

/// The panel.
#[component(Logs)]
pub(crate) fn logs(props: &Props) -> Html {
    let Props { stage, on_ask } = props;
    let from = use_state(|| None::<u64>);
    let chosen = use_state(|| None::<Place>);
    let columns = use_state_eq(|| 8u64);
    let host = use_node_ref();
    {
        let (host, columns) = (host.clone(), columns.clone());
        use_effect(move || columns.set(columns_in(dom::width(&host))));
    }
    let seen = use_look(on_ask, stage, Question::Logs(*from, *columns));
    let mut panel = el("div|class=logs").host(&host);
    let Seen::Logs(logs) = &*seen else { return panel.html() };
    let choose = {
        let chosen = chosen.clone();
        Callback::from(move |event: Event| {
            if let Some(place) = dom::data(&event, "data-at").and_then(|at| Place::read(&at)) {
                chosen.set(Some(place));
            }
        })
    };
    let onkeydown = {
        let (from, chosen, first, last) = (from.clone(), chosen.clone(), logs.first, logs.last);
        let nodes: Vec<u8> = logs.rows.iter().map(|row| row.node).collect();
        Callback::from(move |event: KeyboardEvent| {
            let Some(place) = chosen.and_then(|at| step(at, &event.key(), &nodes)) else { return };
            event.prevent_default();
            if place.index < first {
                from.set(Some(place.index.max(1)));
            } else if place.index <= last {
                dom::focus(&place.id());
            }
        })
    };
    let entrance = chosen.filter(|at| (logs.first..=logs.last).contains(&at.index));
    let entrance =
        entrance.or(logs.rows.first().map(|row| Place { node: row.node, index: logs.last }));
    // Keys for all, that a column goes along when the window moves, and the focus with it.
    let mut columns = el("tr").with(
        el("th|scope=col").key("node".to_owned()).with(el("span|class=hidden-text").say("node")),
    );
    for index in logs.first..=logs.last {
        let index = index.to_string();
        columns = columns.with(el("th|scope=col").key(index.clone()).text(index));
    }
    let mut rows = el("tbody");
    for of_node in &logs.rows {
        rows = rows.with(row(of_node, logs.first, entrance));
    }
    let table = el("table|class=log-grid|role=grid|aria-label=Logs: nodes by index")
        .keydown(onkeydown)
        .on(|| ListenerKind::onclick, choose.clone())
        .on(|| ListenerKind::onmouseover, choose.clone())
        .on(|| ListenerKind::onfocusin, choose)
        .with(el("thead").with(columns))
        .with(rows);
    panel = panel
        .with(pager(logs, &from))
        .with(region("Logs of all nodes").with(table))
        .with(
            el("p|class=log-detail|role=status")
                .text(chosen.map_or_else(hint, |at| detail(logs, at))),
        )
        .with(el("p|class=hint").say(LEGEND));
    // A leader that falls does not take the focus along.
    panel.maybe(logs.rows.iter().find(|row| !row.progress.is_empty()).map(progress)).html()
}

const LEGEND: &str = "Full: committed, as far as the node knows. Dashed: not yet. Bar: its commit \
    index. *: not on its disk yet. ≠: another node has another entry here. Hatched: a snapshot \
    stands for it.";

fn hint() -> String {
    "Point at an entry to read it, or go through them with the arrow keys.".to_owned()
}

/// Where in the logs one is, and the ways elsewhere.
fn pager(logs: &LogsView, from: &UseStateHandle<Option<u64>>) -> El {
    let go = |name: &'static str, to: Option<u64>, off: bool| {
        let from = from.clone();
        button(name, Callback::from(move |_: MouseEvent| from.set(to))).flag("disabled", off)
    };
    let at_end = logs.last == logs.newest;
    let earlier = logs.first.saturating_sub(logs.columns).max(1);
    let onchange = {
        let from = from.clone();
        Callback::from(move |event: Event| from.set(dom::value(&event).parse().ok()))
    };
    let field = el("input|class=field|inputmode=numeric")
        .value(logs.first.to_string())
        .on(|| ListenerKind::onchange, onchange);
    el("div|class=log-pager")
        .with(go("First", Some(1), logs.first == 1))
        .with(go("Earlier", Some(earlier), logs.first == 1))
        .with(go("Later", Some(logs.first + logs.columns), at_end))
        .with(go("Newest", None, at_end && from.is_none()))
        .with(el("label").say("From entry").with(field))
        .with(el("span").text(format!("of {}", words::count(logs.newest))))
}

fn row(row: &LogRowView, first: u64, entrance: Option<Place>) -> El {
    let state = if row.leads {
        " leads"
    } else if row.runs {
        ""
    } else {
        " down"
    };
    let head = el("th|scope=row").key("node".to_owned()).text(words::node(row.node));
    let mut line = el("tr")
        .key(row.node.to_string())
        .set("data-hue", words::hue(row.term))
        .with(head.with(el("small").say(state)));
    for (index, entry) in (first..).zip(&row.cells) {
        let at = Place { node: row.node, index };
        line = line.with(cell(at, entry.as_ref(), row, entrance == Some(at)));
    }
    line
}

fn cell(at: Place, entry: Option<&LogEntryView>, row: &LogRowView, enters: bool) -> El {
    let (mut state, mut term, mut name) = ("missing", 0, String::new());
    if let Some(entry) = entry {
        let sign = match (entry.conflicts, entry.durable) {
            (true, _) => "≠",
            (false, false) => "*",
            (false, true) => "",
        };
        (state, term, name) = (state_of(entry), entry.term, format!("t{}{sign}", entry.term));
    } else if at.index <= row.compacted {
        state = "compacted";
    }
    let told = el("span|class=hidden-text").text(format!(" {state}"));
    el("td")
        .key(at.index.to_string())
        .set("id", at.id())
        .set("data-at", at.written())
        .word("tabindex", if enters { "0" } else { "-1" })
        .word("data-state", state)
        .set("data-hue", words::hue(term))
        .flag("data-commit", row.commit == at.index)
        .with(el("span").text(name).with(told))
}

fn state_of(entry: &LogEntryView) -> &'static str {
    if entry.committed { "committed" } else { "pending" }
}

/// All there is to say of one place of one log.
fn detail(logs: &LogsView, at: Place) -> String {
    let place = format!("{}, entry {}", words::node(at.node), words::count(at.index));
    let Some(row) = logs.rows.iter().find(|row| row.node == at.node) else { return hint() };
    let Some(cell) =
        at.index.checked_sub(logs.first).and_then(|place| row.cells.get(place as usize))
    else {
        return hint();
    };
    let Some(entry) = cell else {
        return if at.index <= row.compacted {
            format!(
                "{place}: gone from the log; the snapshot up to {} stands for it",
                row.compacted
            )
        } else {
            format!("{place}: this node has no such entry")
        };
    };
    let mut text = format!("{place} (term {}): {} – {}", entry.term, entry.text, state_of(entry));
    for (is, word) in [
        (entry.applied, ", applied"),
        (entry.durable, ", on disk"),
        (!entry.durable, ", not on disk yet"),
        (entry.conflicts, "; another node has an entry of another term here"),
    ] {
        text.push_str(if is { word } else { "" });
    }
    text
}

/// What a leader knows of the others.
fn progress(leader: &LogRowView) -> El {
    let mut rows = Vec::new();
    for ProgressView { node, match_index, next_index, state, in_flight } in &leader.progress {
        let texts = vec![
            match_index.to_string(),
            next_index.to_string(),
            (*state).to_owned(),
            in_flight.to_string(),
        ];
        let name = words::node(*node);
        let row = el("tr").key(name.clone()).with(el("th|scope=row").text(name));
        rows.push(row.all(cells(texts)).html());
    }
    let caption = format!("What {} knows, who leads", words::node(leader.node));
    grid(caption, heads("of|matchIndex|nextIndex|state|in flight"), rows)
}
