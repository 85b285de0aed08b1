//! A lesson beside the lab: its goals stand in the prose already, and get here how they stand.
//!
//! What becomes of that (marks, counts, what is remembered) and all about questions is `static/book.js`'s, which
//! needs no lab for it.

use lab::view::GoalView;
use web_sys::Element;
use yew::prelude::*;

use crate::platform::prose;
use crate::state::use_effect_with;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) goals: Vec<GoalView>,
}

/// Goals as they stand, written onto their box in the prose.
#[component(Goals)]
pub(crate) fn goals(props: &Props) -> Html {
    use_effect_with(props.goals.clone(), |goals| {
        let mut reached = String::new();
        for goal in goals {
            if goal.reached {
                reached.push_str(&goal.id);
                reached.push(' ');
            }
        }
        prose::mark("[data-goals]", "data-reached", reached.trim_end());
    });
    Html::default()
}

/// What is written into a place in the page, if the page has it.
pub(crate) fn into(host: &Option<Element>, html: Html) -> Html {
    host.clone().map(|host| create_portal(html, host)).unwrap_or_default()
}
