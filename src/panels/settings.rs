//! The settings: dials, switches, the rules of Raft, and what of all that cannot work.

use std::rc::Rc;

use lab::advice::Advice;
use lab::dials::{SettingsView, SwitchView};
use lab::view::Level;
use yew::prelude::*;

use super::dial::Dial;
use crate::icon::{self, icon};
use crate::words;

/// The panel.
pub(crate) fn settings(view: &Rc<SettingsView>, on_line: &Callback<String>) -> Html {
    let dials = |clocks: bool| {
        let count = if clocks { view.clocks.len() } else { view.dials.len() };
        (0..count).map(move |place| html! { <Dial key={place} view={view.clone()} place={(clocks, place)} {on_line} /> })
    };
    let reset = view.reset.clone();
    html! {
        <div class="scroll settings" tabindex="0" role="region" aria-label="Settings of the cluster">
            <div class="advice" role="status" aria-label="What cannot work">
                { for view.advice.iter().map(advice) }
                if !view.outlook.is_empty() { <p>{ &view.outlook }</p> }
            </div>
            { section("Network, disks and timing", dials(false).collect()) }
            { section("Clocks", dials(true).collect()) }
            { section("Settings of etcd", view.switches.iter().map(|it| switch(it, on_line)).collect()) }
            { section("Rules of Raft", view.rules.iter().map(|it| switch(it, on_line)).collect()) }
            <button type="button" class="button" disabled={reset.is_empty()}
                onclick={on_line.reform(move |_: MouseEvent| reset.clone())}>{ icon(icon::RESET) }{ "All as at first" }</button>
        </div>
    }
}

fn section(name: &'static str, content: Html) -> Html {
    html! {
        <div class="setting-group" role="group" aria-label={name}>
            <strong aria-hidden="true">{ name }</strong>
            { content }
        </div>
    }
}

fn advice(advice: &Advice) -> Html {
    let sign = match advice.level {
        Level::Bad => icon::BAD,
        Level::Warning => icon::WARN,
        Level::Neutral | Level::Good => icon::DOT,
    };
    html! { <p data-level={words::level(advice.level)}>{ icon(sign) }<span>{ &advice.text }</span></p> }
}

fn switch(switch: &SwitchView, on_line: &Callback<String>) -> Html {
    let SwitchView { name, title, what, source, on, line } = switch;
    let line = line.clone();
    html! {
        <div key={*name} class="switch" data-off={(!on).then_some("")}>
            <label class="check">
                <input type="checkbox" role="switch" checked={*on} onchange={on_line.reform(move |_: Event| line.clone())} />
                <span>{ title }</span>
            </label>
            <p class="why">{ what }{ " " }<cite>{ source }</cite>{ " · " }<code>{ name }</code></p>
        </div>
    }
}
