//! Sharing: the buttons in the page's head, and what is said of links and files.

use lab::link::{LinkError, Shared};
use yew::prelude::*;

use crate::el::{button, el, link, list, telling};
use crate::icon::{self, icon};
use crate::words;

/// What a learner does with the session as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Copy a link to it.
    Copy,
    /// What came of that: an outcome of `static/share.js`, and its detail.
    Copied(String, Option<String>),
    /// Open it in the lab itself: this one is embedded in another page.
    Leave,
    /// Save it as a file.
    Save,
    /// Choose a file.
    Choose,
    /// One was chosen: its name, and its text if it is not too large.
    Chosen(String, Option<String>),
    /// The notice was read.
    Dismiss,
}

/// Something said about a link or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// In words.
    pub(crate) text: String,
    /// A link to be copied by hand.
    pub(crate) link: Option<String>,
    /// Whether something is wrong.
    pub(crate) is_bad: bool,
}

impl Notice {
    /// That all is well.
    pub(crate) fn good(text: String) -> Notice {
        Notice { text, link: None, is_bad: false }
    }

    /// That it is not.
    pub(crate) fn bad(text: String) -> Notice {
        Notice { text, link: None, is_bad: true }
    }

    /// What to say of a session that was opened, `whence` it came.
    pub(crate) fn opened(whence: &str, shared: &Shared, is_same: bool) -> Notice {
        if is_same {
            let event = words::count(shared.event());
            return Notice::good(format!(
                "Opened from {whence}, at event {event}. Undo goes back to what was here before."
            ));
        }
        Notice::bad(format!(
            "Opened from {whence}, but this lab plays it otherwise than the one it was made in: what you see differs \
             from what its maker saw."
        ))
    }

    /// What to say of one that could not be.
    pub(crate) fn refused(whence: &str, error: &LinkError) -> Notice {
        Notice::bad(format!("Nothing was opened from {whence}: {error}."))
    }

    /// What came of copying a link at some event.
    pub(crate) fn copied(outcome: &str, detail: Option<String>, event: u64) -> Notice {
        let detail = detail.unwrap_or_default();
        let number = || detail.parse().unwrap_or(0);
        match outcome {
            "copied" => {
                Notice::good(format!("Link copied: it opens event {}.", words::count(event)))
            }
            "refused" => Notice {
                text: "The clipboard is closed to this page. Copy the link from here:".to_owned(),
                link: Some(detail),
                is_bad: false,
            },
            "saved" => Notice::good(
                "Too long for a link: this session was saved as a file, and the sandbox can open it.".to_owned(),
            ),
            "long" => {
                let error = LinkError::TooLong(number() as usize).to_string();
                Notice::bad(format!("No link was copied: {error}."))
            }
            _ => Notice::bad(format!("No link could be made: {detail}.")),
        }
    }
}

/// The notice over the picture. The region stands there always: only then is what comes into it said.
pub(crate) fn notice(notice: Option<&Notice>, on_share: &Callback<Share>) -> Html {
    let mut region = el("div|role=status");
    if let Some(notice) = notice {
        let field = notice.link.as_ref().map(|link| {
            el("input|class=field|readonly|aria-label=Link")
                .value(link.clone())
                .focus(Callback::from(select))
        });
        region = region.with(
            el("div|class=banner|data-kind=notice")
                .flag("data-bad", notice.is_bad)
                .with(el("span").text(notice.text.clone()))
                .maybe(field)
                .add(link("Close", telling(on_share, Share::Dismiss))),
        );
    }
    region.html()
}

fn select(event: FocusEvent) {
    crate::platform::dom::select_all(event.target());
}

/// The buttons.
pub(crate) fn buttons(on_share: &Callback<Share>) -> Html {
    let choices = [
        (Share::Copy, "Copy link", icon::LINK),
        (Share::Save, "Save as a file", icon::SAVE),
        (Share::Choose, "Open a file", icon::OPEN),
    ];
    let mut buttons = Vec::new();
    for (share, label, path) in choices {
        let first = share == Share::Copy;
        let mut made = button(telling(on_share, share)).named(label.to_owned()).add(icon(path));
        if first {
            made = made.with(el("span|aria-hidden=true").say(label));
        } else {
            made = made.word("data-kind", "icon");
        }
        buttons.push(made.html());
    }
    list(buttons)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_words() {
        let copied = Notice::copied("copied", Some("1234".to_owned()), 12_345);
        assert_eq!(copied.text, "Link copied: it opens event 12,345.");
        let refused = Notice::copied("refused", Some("https://x/#v1.a".to_owned()), 1);
        assert_eq!(refused.link.as_deref(), Some("https://x/#v1.a"));
        let long = Notice::copied("long", Some("40000".to_owned()), 1);
        assert!(long.is_bad && long.text.contains("save it as a file"), "{long:?}");
        assert!(Notice::copied("unable", None, 1).is_bad);
    }
}
