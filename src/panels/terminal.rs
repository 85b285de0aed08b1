//! The terminal: every line that the session was given, by key or by click, and what came of it.

use std::rc::Rc;
use std::sync::Arc;

use lab::view::TerminalEntry;
use yew::html::onscroll;
use yew::prelude::*;

use super::Ask;
use super::typing::{Typing, history};
use crate::el::{El, el};
use crate::part;
use crate::platform::{dom, share};
use crate::state::{use_effect_with, use_node_ref, use_state};

/// How many entries are shown; older ones are a click away in the saved script.
const SHOWN: usize = 200;
/// How many lines that wait are shown: what runs stays in sight above them.
const WAITING_SHOWN: usize = 3;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) entries: Rc<Vec<Arc<TerminalEntry>>>,
    /// Lines that wait for what runs.
    pub(crate) waiting: Rc<Vec<String>>,
    pub(crate) busy: bool,
    /// Whether the command that runs reads what is typed.
    pub(crate) reads: bool,
    pub(crate) on_ask: Callback<Ask>,
}

/// The terminal.
#[component(Terminal)]
pub(crate) fn terminal(props: &Props) -> Html {
    let Props { entries, waiting, busy, reads, on_ask } = props;
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
    let scroll = {
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
        let (entries, cleared) = (entries.clone(), *cleared);
        Callback::from(move |tell: Callback<bool>| {
            let mut text = String::new();
            for entry in entries.iter().filter(|entry| cleared.is_none_or(|last| entry.id > last)) {
                text.push_str(&transcript(entry));
            }
            share::copy(&text, tell.reform(|(outcome, _)| outcome == "copied"));
        })
    };
    let mut lines = Vec::new();
    if from > 0 {
        lines.push(el("p|class=remark").text(format!("… {from} earlier lines")).html());
    }
    if shown.is_empty() {
        let hint = "Type a line, or click in the picture and see its line here. Try: etcdctl put name john";
        lines.push(el("p|class=remark").say(hint).html());
    }
    for entry in shown.iter().skip(from) {
        lines.push(entry_lines(entry));
    }
    for line in waiting.iter().take(WAITING_SHOWN) {
        let waits = el("div|class=typed waiting")
            .with(el("span|class=prompt").say("… "))
            .text(line.clone())
            .with(el("small").say(" waits"));
        lines.push(waits.html());
    }
    if let Some(more @ 1..) = waiting.len().checked_sub(WAITING_SHOWN) {
        lines.push(el("p|class=remark").text(format!("… {more} more")).html());
    }
    let output = el("div|class=terminal-screen|role=log|aria-label=Terminal output|tabindex=0")
        .host(&screen)
        .hear(Rc::new(onscroll::Wrapper::new(scroll)))
        .all(lines);
    el("div|class=terminal")
        .with(output)
        .add(part::part::<Prompt>(PromptProps {
            history: Rc::new(history(entries)),
            busy: *busy,
            reads: *reads,
            on_ask: on_ask.clone(),
            on_clear,
            on_copy,
        }))
        .html()
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
    let prompt = el("span|class=prompt").text(client(entry).to_owned()).say("$ ");
    let mut lines = el("div|class=entry")
        .key(entry.id.to_string())
        .with(el("div|class=typed").with(prompt).text(as_typed(entry).to_owned()));
    lines = part(lines, "out", &entry.stdout);
    lines = part(lines, "err", &entry.stderr);
    lines = part(lines, "out", &entry.jobs);
    for remark in &entry.remarks {
        lines = part(lines, "remark", remark);
    }
    if let Some(status) = entry.exit.filter(|status| *status != 0) {
        lines = part(lines, "exit", &format!("[exit {status}]"));
    }
    lines.html()
}

/// Adds what was written, if anything was.
#[inline(never)]
fn part(lines: El, class: &'static str, text: &str) -> El {
    if text.is_empty() {
        return lines;
    }
    // The lines of a table are not folded.
    let class = if text.starts_with("+-") { "out table" } else { class };
    lines.with(el("div").word("class", class).text(text.trim_end_matches('\n').to_owned()))
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
    reads: bool,
    on_ask: Callback<Ask>,
    on_clear: Callback<()>,
    /// Copies what stands there, and tells whether that worked.
    on_copy: Callback<Callback<bool>>,
}

/// Where lines are typed.
#[component(Prompt)]
fn prompt(props: &PromptProps) -> Html {
    let PromptProps { history, busy, reads, on_ask, on_clear, on_copy } = props;
    let reads = *reads;
    let copied = use_state(|| None::<bool>);
    let typing = use_state(Typing::default);
    let input = {
        let typing = typing.clone();
        let copied = copied.clone();
        Callback::from(move |event: InputEvent| {
            typing.set(typing.typed(dom::value(&event)));
            copied.set(None);
        })
    };
    let keydown = {
        let (typing, history) = (typing.clone(), history.clone());
        let (on_ask, on_clear) = (on_ask.clone(), on_clear.clone());
        Callback::from(move |event: KeyboardEvent| {
            let next = match event.key().as_str() {
                "Enter" if !event.shift_key() && !event.is_composing() => {
                    event.prevent_default();
                    if reads {
                        on_ask.emit(Ask::Typed(format!("type {}", typing.text)));
                        Some(Typing::default())
                    } else if typing.wants_more() {
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
                "d" if event.ctrl_key() && reads => {
                    on_ask.emit(Ask::Typed("type ^D".to_owned()));
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
    let copy = {
        let (copied, on_copy) = (copied.clone(), on_copy.clone());
        Callback::from(move |_: MouseEvent| {
            let copied = copied.clone();
            on_copy.emit(Callback::from(move |is_there| copied.set(Some(is_there))));
        })
    };
    let rows = typing.text.lines().count().clamp(1, 6) + usize::from(typing.text.ends_with('\n'));
    let mut prompt = el("div|class=terminal-prompt");
    if !typing.choices.is_empty() {
        let mut choices = el("div|class=choices|role=status");
        for choice in typing.choices.iter().take(24) {
            choices = choices.with(el("span").text(choice.clone()));
        }
        prompt = prompt.with(choices);
    }
    let (sign, hint) = match (reads, *busy) {
        (true, _) => ("> ", "its next line; Ctrl-D ends its input"),
        (_, true) => ("… ", "runs; Ctrl-C interrupts"),
        _ => ("$ ", "etcdctl put name john"),
    };
    let field = el("textarea|id=terminal-line|aria-label=Command|aria-describedby=terminal-help\
        |spellcheck=false|autocapitalize=off|autocomplete=off")
    .set("rows", rows.to_string())
    .value(typing.text.clone())
    .word("placeholder", hint)
    .input(input)
    .keydown(keydown);
    let help = "Tab completes; Escape, then Tab, leaves the terminal. Arrow up brings earlier lines back, Ctrl-R those that contain what is typed. Ctrl-C interrupts, Ctrl-L clears.";
    let copied = match *copied {
        None => "Copy",
        Some(true) => "Copied",
        Some(false) => "Copying is not allowed here",
    };
    let button =
        |callback, name| el("button|type=button|class=terminal-clear").click(callback).say(name);
    prompt
        .with(el("span|class=prompt|aria-hidden=true").say(sign))
        .with(field)
        .with(el("span|id=terminal-help|class=hidden-text").say(help))
        .with(button(copy, copied))
        .with(button(on_clear.reform(|_: MouseEvent| ()), "Clear"))
        .html()
}
