//! Tools over the whole cluster: its size, partitions, healing; undo, redo, reset.

mod partition;

use lab::roster::Roster;
use yew::prelude::*;

use self::partition::Partition;
use crate::el::{El, button, el, telling};
use crate::icon::{self, icon};
use crate::part::part;
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
    let mut sizes = el("div|class=segments|role=group|aria-label=Nodes: a new cluster")
        .with(el("span|class=segments-name|aria-hidden=true").say("Nodes"));
    for count in 1..=7 {
        sizes = sizes.with(size_button(count, look.roster.ids.len(), on_line));
    }
    let heal = button(telling(on_line, "heal".to_owned()))
        .flag("disabled", !look.any_cut)
        .add(icon(icon::HEAL))
        .say("Heal all");
    let reset = button(telling(on_tool, Tool::Reset))
        .word("title", "Back to the beginning")
        .add(icon(icon::RESET))
        .say("Reset");
    let end = el("div|class=tools-end")
        .with(history("Undo", icon::UNDO, look.undoes.as_deref(), Tool::Undo, on_tool))
        .with(history("Redo", icon::REDO, look.redoes.as_deref(), Tool::Redo, on_tool))
        .with(reset);
    el("div|class=tools|role=group|aria-label=Tools")
        .with(sizes)
        .maybe(add_button(look.nodes, on_line))
        .add(part::<Partition>(partition::Props {
            roster: look.roster.clone(),
            on_line: on_line.clone(),
        }))
        .with(heal)
        .with(end)
        .html()
}

/// Undo or redo: its name says what of.
fn history(
    name: &str,
    sign: &'static str,
    line: Option<&str>,
    tool: Tool,
    on_tool: &Callback<Tool>,
) -> El {
    let title = line.map_or(name.to_owned(), |line| format!("{name}: {}", words::cut(line, 48)));
    button(telling(on_tool, tool))
        .word("data-kind", "icon")
        .flag("disabled", line.is_none())
        .named(title)
        .add(icon(sign))
}

/// Adds one node more to the cluster that is there, and starts it.
fn add_button(now: u8, on_line: &Callback<String>) -> Option<El> {
    if now == 7 {
        return None;
    }
    let new = words::node(now + 1);
    let title = format!("Add {new} as a member, and start it");
    let lines = format!("etcdctl member add {new} --peer-urls=http://{new}:2380\nstart {new}");
    Some(button(telling(on_line, lines)).set("title", title).text(format!("Add {new}")))
}

fn size_button(count: u8, now: usize, on_line: &Callback<String>) -> El {
    let label = if count == 1 { "1 node".to_owned() } else { format!("{count} nodes") };
    el("button|type=button")
        .aria("aria-pressed", usize::from(count) == now)
        .set("aria-label", label)
        .click(telling(on_line, format!("nodes {count}")))
        .text(count.to_string())
}
