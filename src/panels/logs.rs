//! Logs: a row for each node, a column for each index, and a window that goes back and forth over
//! logs of any length. What an entry says is told when it is pointed at, tapped or focused.

use std::rc::Rc;

use lab::view::{LogEntryView, LogRowView, LogsView, ProgressView, StageView};
use yew::prelude::*;

use super::Ask;
use super::log_table::{Place, columns_in, step};
use super::look::use_look;
use crate::platform::dom;
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
    let about = (stage.clone(), *from, *columns);
    let logs = use_look(on_ask, about, |session, (_, from, columns)| session.logs(*from, *columns));
    let Some(logs) = logs.as_deref() else { return html! { <div class="logs" ref={host} /> } };
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
    let select = choose.reform(|event: MouseEvent| event.into());
    let leader = logs.rows.iter().find(|row| !row.progress.is_empty());
    html! {
        <div class="logs" ref={host}>
            { pager(logs, &from) }
            <div class="scroll" tabindex="0" role="region" aria-label="Logs of all nodes">
                <table class="log-grid" role="grid" aria-label="Logs: nodes by index" {onkeydown} onclick={select.clone()}
                    onmouseover={select} onfocusin={choose.reform(|event: FocusEvent| event.into())}>
                    <thead><tr>
                        <th scope="col"><span class="hidden-text">{ "node" }</span></th>
                        { for (logs.first..=logs.last).map(|index| html! { <th key={index} scope="col">{ index }</th> }) }
                    </tr></thead>
                    <tbody>{ for logs.rows.iter().map(|row| self::row(row, logs.first, entrance)) }</tbody>
                </table>
            </div>
            <p class="log-detail" role="status">{ chosen.map_or_else(hint, |at| detail(logs, at)) }</p>
            <p class="hint">{ "Full: committed, as far as the node knows. Dashed: not yet. Bar: its commit index. *: not on its disk yet. ≠: another node has another entry here. Hatched: a snapshot stands for it." }</p>
            if let Some(leader) = leader { { progress(leader) } }
        </div>
    }
}

fn hint() -> String {
    "Point at an entry to read it, or go through them with the arrow keys.".to_owned()
}

/// Where in the logs one is, and the ways elsewhere.
fn pager(logs: &LogsView, from: &UseStateHandle<Option<u64>>) -> Html {
    let go = |name: &'static str, to: Option<u64>, off: bool| {
        let from = from.clone();
        html! {
            <button key={name} type="button" class="button" disabled={off}
                onclick={Callback::from(move |_: MouseEvent| from.set(to))}>{ name }</button>
        }
    };
    let at_end = logs.last == logs.newest;
    let earlier = logs.first.saturating_sub(logs.columns).max(1);
    let onchange = {
        let from = from.clone();
        Callback::from(move |event: Event| from.set(dom::value(&event).parse().ok()))
    };
    html! {
        <div class="log-pager">
            { go("First", Some(1), logs.first == 1) }
            { go("Earlier", Some(earlier), logs.first == 1) }
            { go("Later", Some(logs.first + logs.columns), at_end) }
            { go("Newest", None, at_end && from.is_none()) }
            <label>{ "From entry" }<input class="field" inputmode="numeric" value={logs.first.to_string()} {onchange} /></label>
            <span>{ format!("of {}", words::count(logs.newest)) }</span>
        </div>
    }
}

fn row(row: &LogRowView, first: u64, entrance: Option<Place>) -> Html {
    let state = if row.leads {
        " leads"
    } else if row.runs {
        ""
    } else {
        " down"
    };
    let cell = |(index, entry): (u64, &Option<LogEntryView>)| {
        let at = Place { node: row.node, index };
        let (state, hue, name) = match entry {
            Some(entry) => (state_of(entry), words::hue(entry.term), format!("t{}", entry.term)),
            None if index <= row.compacted => ("compacted", words::hue(0), String::new()),
            None => ("missing", words::hue(0), String::new()),
        };
        let sign = entry.as_ref().map_or("", |entry| match (entry.conflicts, entry.durable) {
            (true, _) => "≠",
            (false, false) => "*",
            (false, true) => "",
        });
        html! {
            <td key={index} id={at.id()} data-at={at.written()} tabindex={if entrance == Some(at) { "0" } else { "-1" }}
                data-state={state} data-hue={hue} data-commit={(row.commit == index).then_some("")}>
                <span>{ name }{ sign }<span class="hidden-text">{ format!(" {state}") }</span></span>
            </td>
        }
    };
    html! {
        <tr key={row.node} data-hue={words::hue(row.term)}>
            <th scope="row">{ words::node(row.node) }<small>{ state }</small></th>
            { for (first..).zip(&row.cells).map(cell) }
        </tr>
    }
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
fn progress(leader: &LogRowView) -> Html {
    let line = |of: &ProgressView| {
        html! {
            <tr key={of.node}>
                <th scope="row">{ words::node(of.node) }</th>
                { for [of.match_index.to_string(), of.next_index.to_string(), of.state.to_owned(), of.in_flight.to_string()]
                    .map(|text| html! { <td>{ text }</td> }) }
            </tr>
        }
    };
    html! {
        <table class="grid">
            <caption>{ format!("What {} knows, who leads", words::node(leader.node)) }</caption>
            <thead><tr>
                { for ["of", "matchIndex", "nextIndex", "state", "in flight"].map(|name| html! { <th scope="col">{ name }</th> }) }
            </tr></thead>
            <tbody>{ for leader.progress.iter().map(line) }</tbody>
        </table>
    }
}
