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
    /// Lines that wait for what runs.
    pub(crate) waiting: Rc<Vec<String>>,
    pub(crate) busy: bool,
    pub(crate) on_ask: Callback<Ask>,
}

/// The terminal.
#[component(Terminal)]
pub(crate) fn terminal(props: &Props) -> Html {
    let Props { entries, waiting, busy, on_ask } = props;
    let cleared = use_state(|| None::<u64>);
    let screen = use_node_ref();
    let pinned = use_mut_ref(|| true);
    {
        let (screen, pinned) = (screen.clone(), pinned.clone());
        use_effect_with((entries.clone(), waiting.clone()), move |_| {
            // What somebody is selecting stays where it is.
            if *pinned.borrow() && !dom::selected_text() {
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
    let on_copy = {
        let transcript: String = shown.iter().map(|entry| transcript(entry)).collect();
        Callback::from(move |tell: Callback<bool>| {
            dom::copy(&transcript, move |is_there| tell.emit(is_there));
        })
    };
    html! {
        <div class="terminal">
            <div class="terminal-screen" ref={screen} {onscroll} role="log" aria-label="Terminal output" tabindex="0">
                if from > 0 { <p class="remark">{ format!("… {from} earlier lines") }</p> }
                if shown.is_empty() {
                    <p class="remark">{ "Type a line, or click in the picture and see its line here. Try: etcdctl put name john" }</p>
                }
                { for shown.iter().skip(from).map(|entry| entry_lines(entry)) }
                { for waiting.iter().map(|line| html! { <div class="typed waiting"><span class="prompt">{ "… " }</span>{ line }<small>{ " waits" }</small></div> }) }
            </div>
            <Prompt history={Rc::new(history(entries))} busy={*busy} {on_ask} {on_clear} {on_copy} />
        </div>
    }
}

/// A command and what it wrote, as plain text.
fn transcript(entry: &TerminalEntry) -> String {
    let mut text = format!("{}$ {}\n", client(entry), as_typed(entry));
    for part in [&entry.stdout, &entry.stderr, &entry.jobs] {
        text.push_str(part.trim_end_matches('\n'));
        text.push_str(if part.is_empty() { "" } else { "\n" });
    }
    text
}

/// Whose prompt it is; the usual client's has no name.
fn client(entry: &TerminalEntry) -> &str {
    if entry.client == "a" { "" } else { entry.client.as_str() }
}

fn entry_lines(entry: &TerminalEntry) -> Html {
    html! {
        <div key={entry.id} class="entry">
            <div class="typed"><span class="prompt">{ client(entry) }{ "$ " }</span>{ as_typed(entry) }</div>
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
    /// Copies what stands there, and tells whether that worked.
    on_copy: Callback<Callback<bool>>,
}

/// Where lines are typed.
#[component(Prompt)]
fn prompt(props: &PromptProps) -> Html {
    let PromptProps { history, busy, on_ask, on_clear, on_copy } = props;
    let copied = use_state(|| None::<bool>);
    let typing = use_state(Typing::default);
    let field = use_node_ref();
    let oninput = {
        let typing = typing.clone();
        let copied = copied.clone();
        Callback::from(move |event: InputEvent| {
            typing.set(typing.typed(dom::value(&event)));
            copied.set(None);
        })
    };
    let onkeydown = {
        let (typing, history) = (typing.clone(), history.clone());
        let (on_ask, on_clear) = (on_ask.clone(), on_clear.clone());
        Callback::from(move |event: KeyboardEvent| {
            let next = match event.key().as_str() {
                "Enter" if !event.shift_key() && !event.is_composing() => {
                    event.prevent_default();
                    if typing.wants_more() {
                        Some(typing.typed(format!("{}\n", typing.text)))
                    } else {
                        if !typing.text.trim().is_empty() {
                            on_ask.emit(Ask::Typed(typing.text.clone()));
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
                    on_ask.emit(Ask::Interrupt);
                    Some(Typing::default())
                }
                "r" if event.ctrl_key() => Some(typing.search(&history)),
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
    let onclick = {
        let (copied, on_copy) = (copied.clone(), on_copy.clone());
        Callback::from(move |_: MouseEvent| {
            let copied = copied.clone();
            on_copy.emit(Callback::from(move |is_there| copied.set(Some(is_there))));
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
            <span id="terminal-help" class="hidden-text">{ "Tab completes; Escape, then Tab, leaves the terminal. Arrow up brings earlier lines back, Ctrl-R those that contain what is typed. Ctrl-C interrupts, Ctrl-L clears." }</span>
            <button type="button" class="terminal-clear" {onclick}>{ match *copied { None => "Copy", Some(true) => "Copied", Some(false) => "Copying is not allowed here" } }</button>
            <button type="button" class="terminal-clear" onclick={on_clear.reform(|_: MouseEvent| ())}>{ "Clear" }</button>
        </div>
    }
}
