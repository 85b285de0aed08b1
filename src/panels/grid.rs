//! What the panels share: a place that scrolls, a button, a table.

use yew::prelude::*;

use crate::el::{El, el};

/// A place that scrolls, and the keyboard can.
#[inline(never)]
pub(super) fn region(label: &'static str) -> El {
    el("div|class=scroll|tabindex=0|role=region").word("aria-label", label)
}

/// A button.
#[inline(never)]
pub(super) fn button(name: &'static str, click: Callback<MouseEvent>) -> El {
    el("button|type=button|class=button").click(click).say(name)
}

/// A table.
#[inline(never)]
pub(super) fn grid(caption: String, heads: Vec<Html>, rows: Vec<Html>) -> El {
    el("table|class=grid")
        .with(el("caption").text(caption))
        .with(el("thead").with(el("tr").all(heads)))
        .with(el("tbody").all(rows))
}

/// The heads of columns, as in `key|value`.
#[inline(never)]
pub(super) fn heads(names: &'static str) -> Vec<Html> {
    let mut heads = Vec::new();
    for name in names.split('|') {
        heads.push(el("th|scope=col").say(name).html());
    }
    heads
}

/// Cells that only say something.
#[inline(never)]
pub(super) fn cells(texts: Vec<String>) -> Vec<Html> {
    let mut cells = Vec::new();
    for text in texts {
        cells.push(el("td").text(text).html());
    }
    cells
}

/// Instead of what there is not.
#[inline(never)]
pub(super) fn empty(text: &'static str) -> El {
    el("p|class=empty").say(text)
}
