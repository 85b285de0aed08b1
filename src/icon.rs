//! The page's icons, drawn with lines on a grid of 24.

use yew::prelude::*;

use crate::el::el;

/// An icon, hidden from those who hear the button's name.
pub(crate) fn icon(path: &'static str) -> Html {
    el("svg|class=icon|viewBox=0 0 24 24|aria-hidden=true").with(el("path").word("d", path)).html()
}

/// An icon that is filled.
pub(crate) fn full(path: &'static str) -> Html {
    el("svg|class=icon|viewBox=0 0 24 24|aria-hidden=true")
        .with(el("path|data-fill").word("d", path))
        .html()
}

pub(crate) const PLAY: &str =
    "M7.5 4.6v14.8c0 .8.9 1.3 1.5.8l11-7.4c.6-.4.6-1.2 0-1.6l-11-7.4c-.6-.5-1.5 0-1.5.8Z";
pub(crate) const PAUSE: &str = "M7 4.5h3.2v15H7ZM13.8 4.5H17v15h-3.2Z";
pub(crate) const STEP: &str = "M6 5v14l9-7ZM17.5 5h2.2v14h-2.2Z";
pub(crate) const SKIP: &str = "M3.5 5v14l7.5-7ZM11 5v14l7.5-7ZM19 5h2v14h-2Z";
pub(crate) const BACK: &str = "M18 5v14l-9-7ZM4.3 5h2.2v14H4.300Z";
pub(crate) const SKIP_BACK: &str = "M20.500 5v14l-7.500-7ZM13 5v14l-7.500-7ZM3 5h2v14H3Z";
pub(crate) const UNDO: &str = "M4 9h10a5.5 5.5 0 0 1 0 11h-4M4 9l4.5-4.5M4 9l4.5 4.5";
pub(crate) const REDO: &str = "M20 9H10a5.5 5.5 0 0 0 0 11h4M20 9l-4.5-4.5M20 9l-4.5 4.5";
pub(crate) const RESET: &str = "M5 12a7 7 0 1 0 2.4-5.3M5 4.5v4h4";
pub(crate) const FORK: &str = "M4 12h6c5 0 4-6 10-6M10 12c5 0 4 6 10 6";
pub(crate) const SPLIT: &str = "M12 3v3M12 10.5v3M12 18v3M3.5 12h4M5.7 9.8 3.5 12l2.2 2.2M20.500 12h-4M18.300 9.8l2.200 2.200-2.200 2.200";
pub(crate) const HEAL: &str = "M9.500 14.500l5-5M8 11l-2.500 2.500a3.500 3.500 0 0 0 5 5L13 16M11 8l2.500-2.500a3.500 3.500 0 0 1 5 5L16 13";
pub(crate) const FOLD: &str = "M6 9.500 12 15.500 18 9.500";
pub(crate) const GOOD: &str = "M4.500 12.500 9.500 17.500 19.500 6.500";
pub(crate) const WARN: &str = "M12 3.500 21.500 20h-19ZM12 10v4.500M12 17.300v.2";
pub(crate) const BAD: &str =
    "M8.200 3h7.600L21 8.200v7.600L15.800 21H8.200L3 15.800V8.200ZM9 9l6 6M15 9l-6 6";
pub(crate) const DOT: &str = "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8Z";
pub(crate) const LINK: &str = "M10 14a4 4 0 0 0 5.700 0l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3a4 4 0 0 0 5.700 5.700l1-1";
pub(crate) const SAVE: &str = "M12 4v11M7 10.500 12 15.500 17 10.500M4.500 19.500h15";
pub(crate) const OPEN: &str = "M12 15.500V4.500M7 9.500 12 4.500 17 9.500M4.500 19.500h15";
pub(crate) const AWAY: &str = "M14 4.500h5.500v5.500M19.500 4.500 11 13M10 5.500H5.500v13h13V14";
