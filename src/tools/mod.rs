//! Tools over the whole cluster: its size, partitions, healing; undo, redo, reset.

mod partition;

use lab::roster::Roster;
use yew::prelude::*;

use self::partition::Partition;
use crate::icon::{self, icon};
use crate::words;

/// What a learner does with the session as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Undo,
    Redo,
    Reset,
}

/// What the tools need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Nodes that have, or had, a place.
    pub(crate) nodes: u8,
    /// Those that belong to the cluster.
    pub(crate) roster: Roster,
    pub(crate) any_cut: bool,
    /// The line that undo would take back.
    pub(crate) undoes: Option<String>,
    /// The line that redo would give again.
    pub(crate) redoes: Option<String>,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) look: Look,
    pub(crate) on_line: Callback<String>,
    pub(crate) on_tool: Callback<Tool>,
}

/// The tools.
#[component(Tools)]
pub(crate) fn tools(props: &Props) -> Html {
    let Props { look, on_line, on_tool } = props;
    let heal = on_line.reform(|_: MouseEvent| "heal".to_owned());
    let reset = on_tool.reform(move |_: MouseEvent| Tool::Reset);
    html! {
        <div class="tools" role="group" aria-label="Tools">
            <div class="segments" role="group" aria-label="Nodes: a new cluster">
                <span class="segments-name" aria-hidden="true">{ "Nodes" }</span>
                { for (1..=7).map(|count: u8| size_button(count, look.roster.ids.len(), on_line)) }
            </div>
            { add_button(look.nodes, on_line) }
            <Partition roster={look.roster.clone()} {on_line} />
            <button type="button" class="button" onclick={heal} disabled={!look.any_cut}>
                { icon(icon::HEAL) }{ "Heal all" }
            </button>
            <div class="tools-end">
                { history("Undo", icon::UNDO, look.undoes.as_deref(), Tool::Undo, on_tool) }
                { history("Redo", icon::REDO, look.redoes.as_deref(), Tool::Redo, on_tool) }
                <button type="button" class="button" onclick={reset}
                    title="Back to the beginning">{ icon(icon::RESET) }{ "Reset" }</button>
            </div>
        </div>
    }
}

/// Undo or redo: its name says what of.
fn history(
    name: &str,
    sign: &'static str,
    line: Option<&str>,
    tool: Tool,
    on_tool: &Callback<Tool>,
) -> Html {
    let onclick = on_tool.reform(move |_: MouseEvent| tool);
    let title = line.map_or(name.to_owned(), |line| format!("{name}: {}", words::cut(line, 48)));
    html! {
        <button type="button" class="button" data-kind="icon" {onclick} disabled={line.is_none()}
            aria-label={title.clone()} {title}>{ icon(sign) }</button>
    }
}

/// Adds one node more to the cluster that is there, and starts it.
fn add_button(now: u8, on_line: &Callback<String>) -> Html {
    if now == 7 {
        return Html::default();
    }
    let new = words::node(now + 1);
    let title = format!("Add {new} as a member, and start it");
    let lines = format!("etcdctl member add {new} --peer-urls=http://{new}:2380\nstart {new}");
    let onclick = on_line.reform(move |_: MouseEvent| lines.clone());
    html! { <button type="button" class="button" {title} {onclick}>{ format!("Add {new}") }</button> }
}

fn size_button(count: u8, now: usize, on_line: &Callback<String>) -> Html {
    let onclick = on_line.reform(move |_: MouseEvent| format!("nodes {count}"));
    let label = if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
    html! {
        <button key={count} type="button" aria-pressed={(usize::from(count) == now).to_string()} aria-label={label} {onclick}>{ count }</button>
    }
}
