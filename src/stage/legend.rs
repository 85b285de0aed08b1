//! What the shapes mean.

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// Whether it stands open at first.
    pub(crate) open: bool,
}

/// The legend.
#[component(Legend)]
pub(crate) fn legend(props: &Props) -> Html {
    let Props { open } = *props;
    let sign = |shape: Html, name: &'static str| {
        html! { <li><svg viewBox="0 0 20 14" width="20" height="14" aria-hidden="true">{ shape }</svg>{ name }</li> }
    };
    html! {
        <details class="legend" {open}>
            <summary>{ "Legend" }</summary>
            <ul>
                { sign(html! { <circle class="full" cx="10" cy="7" r="4" /> }, "heartbeat") }
                { sign(html! { <rect class="full" x="1" y="1.5" width="18" height="11" rx="3" /> }, "entries") }
                { sign(html! { <circle class="outline" cx="10" cy="7" r="4" /> }, "reply") }
                { sign(html! { <path class="outline" d="M10 1.5 15.5 7 10 12.5 4.5 7Z" /> }, "vote request") }
                { sign(html! { <path class="full" d="M10 1 16 7 10 13 4 7Z" /> }, "vote") }
                { sign(html! { <><path class="outline" d="M10 1.5 15.5 7 10 12.5 4.5 7Z" /><path class="outline" d="M7 10 13 4" /></> }, "refused") }
                { sign(html! { <><rect class="outline" x="8" y="1" width="9" height="9" /><rect class="full" x="5" y="4" width="9" height="9" /></> }, "snapshot") }
                { sign(html! { <path class="lost" d="M6 3 14 11M14 3 6 11" /> }, "lost") }
            </ul>
        </details>
    }
}
