//! The charts of the session. What draws them is a program of its own (`src/widgets/`), which is loaded
//! when this panel is opened for the first time: here is only their place.

use yew::prelude::*;

use crate::el::el;
use crate::platform::bridge;
use crate::state::{use_effect_with, use_node_ref};

/// The panel.
#[component(Charts)]
pub(crate) fn charts() -> Html {
    let place = use_node_ref();
    let host = place.clone();
    use_effect_with((), move |()| bridge::fill(&host));
    // Which of the two is seen is said by what the boot file notes at the place.
    el("div|class=charts|data-widget=charts")
        .host(&place)
        .with(
            el("div|class=widget-body").with(
                el("div|role=status")
                    .with(el("p|class=empty charts-wait").say("The charts are being loaded."))
                    .with(el("p|class=empty charts-missing").say(MISSING)),
            ),
        )
        .html()
}

const MISSING: &str = "There are no charts: the program that draws them could not be loaded, or it \
                       broke. All else works; a reload of the page tries again.";
