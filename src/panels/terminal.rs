//! The terminal: every line that the session was given, by key or by click, and what came of it.

use std::rc::Rc;
use std::sync::Arc;

use lab::view::TerminalEntry;
use yew::prelude::*;

use super::Ask;
use super::typing::{Typing, history};
use crate::platform::dom;

/// How many entries are shown; older ones are a click away in the saved script.
const SHOWN: usize = 200;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) entries: Rc<Vec<Arc<TerminalEntry>>>,
    pub(crate) busy: bool,
    pub(crate) on_ask: Callback<Ask>,
}

/// The terminal.
#[component(Terminal)]
pub(crate) fn terminal(props: &Props) -> Html {
    let Props { entries, busy, on_ask } = props;
    let cleared = use_state(|| None::<u64>);
    let screen = use_node_ref();
    let pinned = use_mut_ref(|| true);
    {
        let (screen, pinned) = (screen.clone(), pinned.clone());
        use_effect_with(entries.clone(), move |_| {
            if *pinned.borrow() {
                dom::scroll_to_end(&screen);
            }
        });
    }
    let onscroll = {
        let (screen, pinned) = (screen.clone(), pinned.clone());
        Callback::from(move |_: Event| *pinned.borrow_mut() = dom::at_end(&screen))
    };
    let on_clear = {
        let (cleared, last) = (cleared.clone(), entries.last().map(|entry| entry.id));
        Callback::from(move |()| cleared.set(last))
    };
    let shown = entries.iter().filter(|entry| cleared.is_none_or(|last| entry.id > last));
    let shown: Vec<&TerminalEntry> = shown.map(|entry| &**entry).collect();
    let from = shown.len().saturating_sub(SHOWN);
    html! {
        <div class="terminal">
            <div class="terminal-screen" ref={screen} {onscroll} role="log" aria-label="Terminal output" tabindex="0">
                if from > 0 { <p class="remark">{ format!("… {from} earlier lines") }</p> }
                if shown.is_empty() {
                    <p class="remark">{ "Type a line, or click in the picture and see its line here. Try: etcdctl put name john" }</p>
                }
                { for shown.iter().skip(from).map(|entry| entry_lines(entry)) }
            </div>
            <Prompt history={Rc::new(history(entries))} busy={*busy} {on_ask} {on_clear} />
        </div>
    }
}

fn entry_lines(entry: &TerminalEntry) -> Html {
    let client =
        if entry.client == "a" || entry.client.is_empty() { "" } else { entry.client.as_str() };
    html! {
        <div key={entry.id} class="entry">
            <div class="typed"><span class="prompt">{ client }{ "$ " }</span>{ as_typed(entry) }</div>
            if !entry.stdout.is_empty() { <div class="out">{ entry.stdout.trim_end_matches('\n') }</div> }
            if !entry.stderr.is_empty() { <div class="err">{ entry.stderr.trim_end_matches('\n') }</div> }
            if !entry.jobs.is_empty() { <div class="out">{ entry.jobs.trim_end_matches('\n') }</div> }
            { for entry.remarks.iter().map(|remark| html! { <div class="remark">{ remark }</div> }) }
            if let Some(status) = entry.exit.filter(|status| *status != 0) {
                <div class="exit">{ format!("[exit {status}]") }</div>
            }
        </div>
    }
}

/// A line that came back with its session says at which event it was issued: it was typed without.
fn as_typed(entry: &TerminalEntry) -> &str {
    let stamp = format!("@{} ", entry.seq);
    entry.source.strip_prefix(&stamp).unwrap_or(&entry.source)
}

#[derive(Properties, PartialEq)]
struct PromptProps {
    history: Rc<Vec<String>>,
    busy: bool,
    on_ask: Callback<Ask>,
    on_clear: Callback<()>,
}

/// Where lines are typed.
#[component(Prompt)]
fn prompt(props: &PromptProps) -> Html {
    let PromptProps { history, busy, on_ask, on_clear } = props;
    let typing = use_state(Typing::default);
    let field = use_node_ref();
    let oninput = {
        let typing = typing.clone();
        Callback::from(move |event: InputEvent| typing.set(typing.typed(dom::value(&event))))
    };
    let onkeydown = {
        let (typing, history) = (typing.clone(), history.clone());
        let (on_ask, on_clear) = (on_ask.clone(), on_clear.clone());
        Callback::from(move |event: KeyboardEvent| {
            // What is typed here must not reach the page around the lab.
            event.stop_propagation();
            let next = match event.key().as_str() {
                "Enter" if !event.shift_key() && !event.is_composing() => {
                    event.prevent_default();
                    if typing.wants_more() {
                        Some(typing.typed(format!("{}\n", typing.text)))
                    } else {
                        if !typing.text.trim().is_empty() {
                            on_ask.emit(Ask::Line(typing.text.clone()));
                        }
                        Some(Typing::default())
                    }
                }
                "Tab" if !event.shift_key() && typing.takes_tab() => {
                    event.prevent_default();
                    let state = typing.clone();
                    let reply =
                        Callback::from(move |offers: Vec<String>| state.set(state.tab(&offers)));
                    on_ask.emit(Ask::Complete(typing.text.clone(), reply));
                    None
                }
                "Escape" => Some(typing.leave()),
                "ArrowUp" => typing.older(&history),
                "ArrowDown" => typing.newer(&history),
                "c" if event.ctrl_key() && !dom::selected_text() => {
                    on_ask.emit(Ask::Line("interrupt".to_owned()));
                    Some(Typing::default())
                }
                "l" if event.ctrl_key() => {
                    on_clear.emit(());
                    Some((*typing).clone())
                }
                _ => None,
            };
            if let Some(next) = next {
                event.prevent_default();
                typing.set(next);
            }
        })
    };
    let rows = typing.text.lines().count().clamp(1, 6) + usize::from(typing.text.ends_with('\n'));
    html! {
        <div class="terminal-prompt">
            if !typing.choices.is_empty() {
                <div class="choices" role="status">{ for typing.choices.iter().take(24).map(|choice| html! { <span>{ choice }</span> }) }</div>
            }
            <span class="prompt" aria-hidden="true">{ if *busy { "… " } else { "$ " } }</span>
            <textarea id="terminal-line" ref={field} rows={rows.to_string()} value={typing.text.clone()} aria-label="Command"
                aria-describedby="terminal-help" spellcheck="false" autocapitalize="off" autocomplete="off"
                placeholder={if *busy { "runs; Ctrl-C interrupts" } else { "etcdctl put name john" }} {oninput} {onkeydown} />
            <span id="terminal-help" class="hidden-text">{ "Tab completes; Escape, then Tab, leaves the terminal. Arrow up brings earlier lines back. Ctrl-L clears." }</span>
            <button type="button" class="terminal-clear" onclick={on_clear.reform(|_: MouseEvent| ())}>{ "Clear" }</button>
        </div>
    }
}
