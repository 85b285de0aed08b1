//! What the shapes mean.

use yew::prelude::*;

use crate::el::el;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// Whether it stands open at first.
    pub(crate) open: bool,
}

/// The legend.
#[component(Legend)]
pub(crate) fn legend(props: &Props) -> Html {
    let Props { open } = *props;
    let mut list = el("ul");
    for (name, shapes) in SIGNS {
        let mut picture = el("svg|viewBox=0 0 20 14|width=20|height=14|aria-hidden=true");
        for shape in *shapes {
            picture = picture.with(el(shape));
        }
        list = list.with(el("li").with(picture).say(name));
    }
    el("details|class=legend")
        .flag("open", open)
        .with(el("summary").say("Legend"))
        .with(list)
        .html()
}

/// What flies, and the shapes it is drawn with.
const SIGNS: &[(&str, &[&str])] = &[
    ("heartbeat", &["circle|class=full|cx=10|cy=7|r=4"]),
    ("entries", &["rect|class=full|x=1|y=1.5|width=18|height=11|rx=3"]),
    ("reply", &["circle|class=outline|cx=10|cy=7|r=4"]),
    ("vote request", &["path|class=outline|d=M10 1.5 15.5 7 10 12.5 4.5 7Z"]),
    ("vote", &["path|class=full|d=M10 1 16 7 10 13 4 7Z"]),
    (
        "refused",
        &["path|class=outline|d=M10 1.5 15.5 7 10 12.5 4.5 7Z", "path|class=outline|d=M7 10 13 4"],
    ),
    (
        "snapshot",
        &[
            "rect|class=outline|x=8|y=1|width=9|height=9",
            "rect|class=full|x=5|y=4|width=9|height=9",
        ],
    ),
    ("lost", &["path|class=lost|d=M6 3 14 11M14 3 6 11"]),
];
