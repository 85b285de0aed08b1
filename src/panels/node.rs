//! One node from inside.

use std::rc::Rc;

use lab::inspect::{Fact, Group, NodeDetail, Table};
use lab::view::StageView;
use yew::prelude::*;

use super::Ask;
use super::look::{Question, Seen, use_look};
use crate::el::{El, el, list};
use crate::state::use_state;
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) stage: Rc<StageView>,
    /// Which node is looked at.
    pub(crate) inspected: u8,
    pub(crate) on_ask: Callback<Ask>,
}

/// The panel.
#[component(NodePanel)]
pub(crate) fn node_panel(props: &Props) -> Html {
    let explains = use_state(|| false);
    let seen = use_look(&props.on_ask, &props.stage, Question::Node(props.inspected));
    let Seen::Node(Some(detail)) = &*seen else { return Html::default() };
    let NodeDetail { id, nodes, term, summary, groups, tables } = detail;
    let on_inspect = props.on_ask.reform(Ask::Inspect);
    let toggle = {
        let explains = explains.clone();
        Callback::from(move |_: Event| explains.set(!*explains))
    };
    let mut choices = Vec::new();
    for node in nodes {
        choices.push(choice(*node, *id, &on_inspect));
    }
    let mut facts = Vec::new();
    for it in groups {
        facts.push(group(it, *explains));
    }
    let mut shown = Vec::new();
    for it in tables {
        shown.push(table(it, *explains));
    }
    let inside = el("div|class=scroll|tabindex=0|role=region")
        .set("aria-label", format!("n{id} from inside"))
        .with(el("div|class=fact-groups").all(facts))
        .add(list(shown));
    let head = el("div|class=inspect-head")
        .with(el("div|class=choice|role=radiogroup|aria-label=Node").all(choices))
        .with(el("strong").set("data-hue", words::hue(*term)).text(summary.clone()))
        .with(
            el("label|class=check")
                .with(el("input|type=checkbox").checked(*explains).change(toggle))
                .say("Explain"),
        );
    el("div|class=inspect").with(head).with(inside).html()
}

fn choice(node: u8, chosen: u8, on_inspect: &Callback<u8>) -> Html {
    let input = el("input|type=radio|name=inspected")
        .checked(node == chosen)
        .change(on_inspect.reform(move |_: Event| node));
    el("label").key(words::node(node)).with(input).with(el("span").text(words::node(node))).html()
}

/// An element that says what is meant where its name does not.
#[inline(never)]
fn meant(element: El, why: &'static str) -> El {
    if why.is_empty() { element } else { element.word("title", why) }
}

fn group(group: &Group, explains: bool) -> Html {
    let mut facts = el("dl");
    for Fact { name, value, why } in &group.facts {
        let mut fact = meant(el("div"), why)
            .key((*name).to_owned())
            .with(el("dt").say(name))
            .with(el("dd").text(value.clone()));
        if explains && !why.is_empty() {
            fact = fact.with(el("dd|class=why").say(why));
        }
        facts = facts.with(fact);
    }
    el("div|class=facts|role=group")
        .key(group.name.to_owned())
        .word("aria-label", group.name)
        .with(el("strong|aria-hidden=true").say(group.name))
        .with(facts)
        .html()
}

fn table(table: &Table, explains: bool) -> Html {
    let (mut head, mut rows, mut told) = (el("tr"), Vec::new(), Vec::new());
    for (name, why) in table.columns {
        head = head.with(meant(el("th|scope=col").say(name), why));
        if explains && !why.is_empty() {
            told.push(el("p|class=why").with(el("b").say(name)).text(format!(": {why}")).html());
        }
    }
    for row in &table.rows {
        let mut cells = el("tr").set("data-hue", words::hue(row.term));
        for (place, text) in row.cells.iter().enumerate() {
            let text = text.clone();
            cells = cells.with(if place == 0 {
                el("th|scope=row").text(text)
            } else {
                el("td").with(el("bdi").text(text))
            });
        }
        rows.push(cells.html());
    }
    let mut grid = el("table|class=grid").with(el("caption").text(table.name.clone()));
    if !rows.is_empty() {
        grid = grid.with(el("thead").with(head)).with(el("tbody").all(rows));
    }
    told.insert(0, grid.html());
    list(told)
}
