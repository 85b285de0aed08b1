//! How the cluster is, in words: the diagnosis, and what must not be overlooked.

use lab::view::{Level, QuorumView};
use yew::prelude::*;

use crate::icon::{self, icon};
use crate::tools::Tool;
use crate::words;

#[derive(Properties, PartialEq)]
pub(crate) struct DiagnosisProps {
    pub(crate) diagnosis: lab::view::Diagnosis,
    pub(crate) quorum: QuorumView,
}

/// The state of the cluster in one sentence.
#[component(Diagnosis)]
pub(crate) fn diagnosis(props: &DiagnosisProps) -> Html {
    let DiagnosisProps { diagnosis, quorum } = props;
    let sign = match diagnosis.level {
        Level::Good => icon::GOOD,
        Level::Neutral => icon::DOT,
        Level::Warning => icon::WARN,
        Level::Bad => icon::BAD,
    };
    html! {
        <div class="diagnosis" data-level={words::level(diagnosis.level)}>
            { icon(sign) }
            <p role="status">{ &diagnosis.text }</p>
            <span class="quorum" title="A quorum is counted over the configured voters, reachable or not">
                { format!("quorum {} of {} · {} may fail", quorum.quorum, quorum.voters, quorum.tolerance) }
            </span>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct BannerProps {
    pub(crate) rules_off: Vec<String>,
    pub(crate) violation: Option<String>,
    pub(crate) on_tool: Callback<Tool>,
}

/// A broken promise of Raft, or rules that are switched off.
#[component(Banner)]
pub(crate) fn banner(props: &BannerProps) -> Html {
    let BannerProps { rules_off, violation, on_tool } = props;
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
                <div class="banner" data-kind="modified">{ format!("Modified Raft: without {}", rules_off.join(", ")) }</div>
            }
        </>
    }
}
