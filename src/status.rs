//! How the cluster is, in words: the diagnosis, and what must not be overlooked.

use lab::rules;
use lab::view::{Diagnosis, Level, QuorumView, StageView};
use yew::prelude::*;

use crate::icon::{self, icon};
use crate::tools::Tool;
use crate::words;

/// The state of the cluster in one sentence.
///
/// It may change many times a second; what is `spoken` aloud follows more slowly.
pub(crate) fn diagnosis(diagnosis: &Diagnosis, spoken: &str, quorum: QuorumView) -> Html {
    let sign = match diagnosis.level {
        Level::Good => icon::GOOD,
        Level::Neutral => icon::DOT,
        Level::Warning => icon::WARN,
        Level::Bad => icon::BAD,
    };
    html! {
        <div class="diagnosis" data-level={words::level(diagnosis.level)}>
            { icon(sign) }
            <p aria-hidden="true">{ &diagnosis.text }</p>
            <p class="hidden-text" role="status">{ spoken }</p>
            <span class="quorum" title="A quorum is counted over the configured voters, reachable or not">
                { format!("quorum {} of {} · {} may fail", quorum.quorum, quorum.voters, quorum.tolerance) }
            </span>
        </div>
    }
}

/// A broken promise of Raft, or rules that are switched off.
pub(crate) fn banner(
    stage: &StageView,
    on_line: &Callback<String>,
    on_tool: &Callback<Tool>,
) -> Html {
    let StageView { rules_off, violation, .. } = stage;
    let titles: Vec<&str> = rules_off.iter().map(|name| rules::title(name)).collect();
    let (on_again, line) = match rules_off.as_slice() {
        [one] => ("Switch it on again", format!("enable {one}")),
        many => {
            ("Switch them on again", many.iter().map(|name| format!("enable {name}\n")).collect())
        }
    };
    html! {
        <>
            if let Some(violation) = violation {
                <div class="banner" data-kind="violation" role="alert">
                    <span>{ format!("Broken: {violation}. The run has stopped at this event.") }</span>
                    <button type="button" class="link" onclick={on_tool.reform(|_: MouseEvent| Tool::Undo)}>{ "Undo" }</button>
                    <button type="button" class="link" onclick={on_tool.reform(|_: MouseEvent| Tool::Reset)}>{ "Reset" }</button>
                </div>
            }
            if !rules_off.is_empty() {
                <div class="banner" data-kind="modified" role="status">
                    { icon(icon::WARN) }
                    <span><strong>{ "Modified Raft" }</strong>{ format!(", without: {}", titles.join("; ")) }</span>
                    <button type="button" class="link" onclick={on_line.reform(move |_: MouseEvent| line.clone())}>{ on_again }</button>
                </div>
            }
        </>
    }
}
