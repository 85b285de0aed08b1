//! Light, dark, or as the system has it.

use super::{dom, keep};

/// The theme that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// The one that is shown now.
    pub(crate) fn now() -> Theme {
        let root = dom::document().and_then(|document| document.document_element());
        match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
            Some("dark") => Theme::Dark,
            Some("light") => Theme::Light,
            Some(_) | None if dom::matches("(prefers-color-scheme: dark)") => Theme::Dark,
            Some(_) | None => Theme::Light,
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Theme {
        match self {
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Light,
        }
    }

    /// Shows it and remembers the choice.
    pub(crate) fn choose(self) {
        let name = match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        if let Some(root) = dom::document().and_then(|document| document.document_element()) {
            let _ = root.set_attribute("data-theme", name);
        }
        keep::fact("theme", name);
    }
}
