//! The settings: dials, switches, the rules of Raft, and what of all that cannot work.

use std::rc::Rc;

use lab::advice::Advice;
use lab::dials::{SettingsView, SwitchView};
use lab::view::{Level, StageView};
use yew::prelude::*;

use super::Ask;
use super::dial::{self, Dial};
use super::look::{Question, Seen, use_look};
use crate::el::{El, el, list};
use crate::icon::{self, icon};
use crate::part::part_of_many;
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) stage: Rc<StageView>,
    pub(crate) on_ask: Callback<Ask>,
}

/// The panel.
#[component(Settings)]
pub(crate) fn settings(props: &Props) -> Html {
    let seen = use_look(&props.on_ask, &props.stage, Question::Settings);
    let Seen::Settings(view) = &*seen else { return Html::default() };
    let on_line = &props.on_ask.reform(Ask::Line);
    let mut told = Vec::new();
    for told_of in &view.advice {
        told.push(advice(told_of));
    }
    if !view.outlook.is_empty() {
        told.push(el("p").text(view.outlook.clone()).html());
    }
    let reset = view.reset.clone();
    let again = el("button|type=button|class=button")
        .flag("disabled", reset.is_empty())
        .click(on_line.reform(move |_: MouseEvent| reset.clone()))
        .add(icon(icon::RESET))
        .say("All as at first");
    el("div|class=scroll settings|tabindex=0|role=region|aria-label=Settings of the cluster")
        .with(el("div|class=advice|role=status|aria-label=What cannot work").all(told))
        .with(section("Network, disks and timing", dials(view, false, on_line)))
        .with(section("Clocks", dials(view, true, on_line)))
        .with(section("Settings of etcd", switches(&view.switches, on_line)))
        .with(section("Rules of Raft", switches(&view.rules, on_line)))
        .with(again)
        .html()
}

#[inline(never)]
fn section(name: &'static str, content: Vec<Html>) -> El {
    el("div|class=setting-group|role=group")
        .word("aria-label", name)
        .with(el("strong|aria-hidden=true").say(name))
        .add(list(content))
}

#[inline(never)]
fn dials(view: &Rc<SettingsView>, clocks: bool, on_line: &Callback<String>) -> Vec<Html> {
    let count = if clocks { view.clocks.len() } else { view.dials.len() };
    let mut dials = Vec::new();
    for place in 0..count {
        let (view, on_line) = (view.clone(), on_line.clone());
        let props = dial::Props { view, place: (clocks, place), on_line };
        dials.push(part_of_many::<Dial>(place, props));
    }
    dials
}

fn advice(advice: &Advice) -> Html {
    let sign = match advice.level {
        Level::Bad => icon::BAD,
        Level::Warning => icon::WARN,
        Level::Neutral | Level::Good => icon::DOT,
    };
    el("p")
        .word("data-level", words::level(advice.level))
        .add(icon(sign))
        .with(el("span").text(advice.text.clone()))
        .html()
}

#[inline(never)]
fn switches(all: &[SwitchView], on_line: &Callback<String>) -> Vec<Html> {
    let mut switches = Vec::new();
    for SwitchView { name, title, what, source, on, line } in all {
        let line = line.clone();
        let input = el("input|type=checkbox|role=switch")
            .checked(*on)
            .change(on_line.reform(move |_: Event| line.clone()));
        let why = el("p|class=why")
            .say(what)
            .say(" ")
            .with(el("cite").say(source))
            .say(" · ")
            .with(el("code").say(name));
        let switch = el("div|class=switch")
            .key((*name).to_owned())
            .flag("data-off", !on)
            .with(el("label|class=check").with(input).with(el("span").say(title)))
            .with(why);
        switches.push(switch.html());
    }
    switches
}
