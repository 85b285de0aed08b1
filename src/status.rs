//! How the cluster is, in words: the diagnosis, and what must not be overlooked.

use lab::rules;
use lab::view::{Diagnosis, Level, QuorumView, StageView};
use yew::prelude::*;

use crate::el::{el, link, list, telling};
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
    let QuorumView { quorum, voters, tolerance, .. } = quorum;
    el("div|class=diagnosis")
        .word("data-level", words::level(diagnosis.level))
        .add(icon(sign))
        .with(el("p|aria-hidden=true").text(diagnosis.text.clone()))
        .with(el("p|class=hidden-text|role=status").text(spoken.to_owned()))
        .with(
            el("span|class=quorum|title=A quorum is counted over the configured voters, reachable or not")
                .text(format!("quorum {quorum} of {voters} · {tolerance} may fail")),
        )
        .html()
}

/// A broken promise of Raft, or rules that are switched off.
pub(crate) fn banner(
    stage: &StageView,
    on_line: &Callback<String>,
    on_tool: &Callback<Tool>,
) -> Html {
    let StageView { rules_off, violation, .. } = stage;
    let (mut broken, mut modified) = (Html::default(), Html::default());
    if let Some(violation) = violation {
        broken = el("div|class=banner|data-kind=violation|role=alert")
            .with(el("span").text(format!("Broken: {violation}.")))
            .add(link("Undo", telling(on_tool, Tool::Undo)))
            .add(link("Reset", telling(on_tool, Tool::Reset)))
            .html();
    }
    if !rules_off.is_empty() {
        let (mut without, mut lines) = (", without: ".to_owned(), String::new());
        for (place, name) in rules_off.iter().enumerate() {
            without.push_str(if place > 0 { "; " } else { "" });
            without.push_str(rules::title(name));
            lines.push_str(if place > 0 { "\nenable " } else { "enable " });
            lines.push_str(name);
        }
        let again =
            if rules_off.len() == 1 { "Switch it on again" } else { "Switch them on again" };
        modified = el("div|class=banner|data-kind=modified|role=status")
            .add(icon(icon::WARN))
            .with(el("span").with(el("strong").say("Modified Raft")).text(without))
            .add(link(again, telling(on_line, lines)))
            .html();
    }
    list(vec![broken, modified])
}
