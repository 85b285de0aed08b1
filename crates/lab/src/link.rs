//! Links and files: a session, the event it is at and what of it was looked at, as one text.
//!
//! That text is a script: what [`Session::saved`] writes, and behind it three comments that say
//! where it belongs, what was open, and what its trace hashes to. So a file that was saved, a link that was taken
//! apart and a script that `lab run` runs are the same thing. `docs/links.md` has the format.
//!
//! In an address the text is deflated and written in base64url behind `#v1.`. The page leaves that
//! to the browser, which can do it by itself; natively it is behind the feature `cli`.

use thiserror::Error;

use crate::script::ScriptError;
use crate::session::{Opening, Session};

/// What the fragment of an address begins with.
pub const PREFIX: &str = "#v1.";
/// The longest fragment, in bytes: what mail programs and chats still take for one link.
pub const FRAGMENT_BYTES_MAX: usize = 32 * 1024;
/// The longest text that is read out of a link or a file, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The last event that a link or file may lead to: some seconds of work for a slow phone.
pub const EVENT_MAX: u64 = 2_000_000;

const PLACE: &str = "# belongs to ";
const VIEW: &str = "# shows ";
const STATE: &str = "# trace hash ";

/// Why a link or file cannot be opened.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LinkError {
    /// The address has a fragment that no lab made.
    #[error("this is not a link of Raft Lab")]
    Foreign,
    /// Another format: so many are known, and this one is not.
    #[error("this link is of version {0}, and this lab reads version 1")]
    Version(u64),
    /// What is behind `#v1.` is not what was written there.
    #[error("this link is damaged: a part of it is missing or was changed")]
    Damaged,
    /// So many bytes of fragment.
    #[error(
        "this session is too long for a link ({0} bytes, of at most 32,768): save it as a file"
    )]
    TooLong(usize),
    /// A text beyond [`TEXT_BYTES_MAX`].
    #[error("this session is too large: a text of more than 4 MiB")]
    TooLarge,
    /// An event beyond [`EVENT_MAX`].
    #[error("this session leads to event {0}, and the lab follows one to event 2,000,000")]
    TooFar(u64),
    /// The script in it is not understood.
    #[error("its script cannot be read: {0}")]
    Script(#[from] ScriptError),
}

/// A session as a text, with what is not the session's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The lesson it belongs to, or `sandbox`.
    pub place: String,
    /// What was open, in the page's own words: `panel=logs speed=1/5`.
    pub view: String,
    /// The hash of the trace up to that event, if it was written down.
    pub trace_hash: Option<u64>,
    /// The whole text.
    pub text: String,
}

impl Shared {
    /// Writes down `session` as it is.
    pub fn of(session: &Session, place: &str, view: &str) -> Shared {
        let trace_hash = session.cluster().trace_hash();
        let mut text = session.saved();
        for (name, value) in [(PLACE, place), (VIEW, view), (STATE, &format!("{trace_hash:016x}"))]
        {
            text.push_str(name);
            text.push_str(value);
            text.push('\n');
        }
        Shared {
            place: place.to_owned(),
            view: view.to_owned(),
            trace_hash: Some(trace_hash),
            text,
        }
    }

    /// Reads what [`Shared::of`] wrote, or [`Session::saved`].
    ///
    /// # Errors
    /// It is too large, or leads too far. Its script is read by [`Shared::open`].
    pub fn parse(text: String) -> Result<Shared, LinkError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(LinkError::TooLarge);
        }
        let at = Session::saved_event(&text);
        if at > EVENT_MAX {
            return Err(LinkError::TooFar(at));
        }
        // From the end: a here-document of the script may hold such a line as well.
        let field = |name: &str| text.lines().rev().find_map(|line| line.strip_prefix(name));
        let trace_hash = field(STATE).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        Ok(Shared {
            place: field(PLACE).unwrap_or_default().to_owned(),
            view: field(VIEW).unwrap_or_default().to_owned(),
            trace_hash,
            text,
        })
    }

    /// The value that the view has under `name`.
    pub fn shows(&self, name: &str) -> Option<&str> {
        self.view.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    /// The session that it leads to, not yet at its event: [`Session::arrive`] goes there.
    ///
    /// # Errors
    /// Its script is not understood.
    pub fn open(&self, opening: Opening) -> Result<Session, LinkError> {
        Ok(Session::reopen(opening, &self.text)?)
    }

    /// The event it leads to.
    pub fn event(&self) -> u64 {
        Session::saved_event(&self.text)
    }

    /// Whether `session`, having arrived, is what was written down. One may have been made by a
    /// lab that behaved otherwise.
    pub fn is_same(&self, session: &Session) -> bool {
        self.trace_hash.is_none_or(|hash| hash == session.cluster().trace_hash())
    }
}

/// Whether a fragment is a link that this lab reads.
///
/// # Errors
/// If it is not, which kind of no.
pub fn check(fragment: &str) -> Result<(), LinkError> {
    if fragment.len() > FRAGMENT_BYTES_MAX {
        return Err(LinkError::TooLong(fragment.len()));
    }
    let version = fragment.strip_prefix("#v").and_then(|rest| rest.split('.').next());
    match version.and_then(|version| version.parse().ok()) {
        None => Err(LinkError::Foreign),
        Some(1) if fragment.starts_with(PREFIX) => Ok(()),
        Some(1) => Err(LinkError::Damaged),
        Some(version) => Err(LinkError::Version(version)),
    }
}

#[cfg(feature = "cli")]
pub use self::packed::make;

#[cfg(feature = "cli")]
mod packed {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use miniz_oxide::deflate::compress_to_vec;
    use miniz_oxide::inflate::decompress_to_vec_with_limit;

    use super::{FRAGMENT_BYTES_MAX, LinkError, PREFIX, Shared, TEXT_BYTES_MAX, check};
    use crate::session::{Opening, Session};

    /// Runs a script to its end, or a saved session to its moment, and writes it down.
    ///
    /// # Errors
    /// The script is not understood, or does not end.
    pub fn make(
        opening: Opening,
        script: &str,
        place: &str,
        view: &str,
    ) -> Result<Shared, LinkError> {
        let session = if Session::is_saved(script) {
            Session::restore(opening, script)?
        } else {
            Session::new(Opening { setup: script.to_owned(), ..opening })?
        };
        Ok(Shared::of(&session, place, view))
    }

    impl Shared {
        /// The fragment of an address that carries it.
        ///
        /// # Errors
        /// It is too long.
        pub fn fragment(&self) -> Result<String, LinkError> {
            let deflated = compress_to_vec(self.text.as_bytes(), 9);
            let fragment = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(deflated));
            if fragment.len() > FRAGMENT_BYTES_MAX {
                return Err(LinkError::TooLong(fragment.len()));
            }
            Ok(fragment)
        }

        /// Reads a fragment.
        ///
        /// # Errors
        /// It is none of this lab's, damaged, or too large.
        pub fn from_fragment(fragment: &str) -> Result<Shared, LinkError> {
            check(fragment)?;
            let packed = fragment.strip_prefix(PREFIX).unwrap_or_default();
            let deflated = BASE64_URL_SAFE_NO_PAD.decode(packed).map_err(|_| LinkError::Damaged)?;
            let bytes = decompress_to_vec_with_limit(&deflated, TEXT_BYTES_MAX).map_err(
                |error| match error.status {
                    miniz_oxide::inflate::TINFLStatus::HasMoreOutput => LinkError::TooLarge,
                    _ => LinkError::Damaged,
                },
            )?;
            Shared::parse(String::from_utf8(bytes).map_err(|_| LinkError::Damaged)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_says_whether_it_is_ours() {
        for (fragment, expected) in [
            ("#v1.abc", Ok(())),
            ("#v0.abc", Err(LinkError::Version(0))),
            ("#v2.abc", Err(LinkError::Version(2))),
            ("#v1", Err(LinkError::Damaged)),
            ("#video", Err(LinkError::Foreign)),
            ("#main", Err(LinkError::Foreign)),
            ("", Err(LinkError::Foreign)),
        ] {
            assert_eq!(check(fragment), expected, "{fragment}");
        }
        let long = format!("#v1.{}", "a".repeat(FRAGMENT_BYTES_MAX));
        assert_eq!(check(&long), Err(LinkError::TooLong(long.len())));
    }

    #[test]
    fn what_a_here_document_says_is_not_taken_for_a_field() {
        let text = "# raft-lab session 1\n@0 etcdctl put a <<EOF\n# shows panel=keys\nEOF\n\
                    # at event 3\n# belongs to sandbox\n# shows panel=logs speed=1/5\n";
        let shared = Shared::parse(text.to_owned()).expect("a small text");
        assert_eq!((shared.place.as_str(), shared.trace_hash), ("sandbox", None));
        assert_eq!((shared.shows("panel"), shared.shows("speed")), (Some("logs"), Some("1/5")));
        assert_eq!(shared.shows("pan"), None);
    }

    #[test]
    fn a_text_that_leads_too_far_is_not_followed() {
        let text = "# raft-lab session 1\n# at event 99999999999\n".to_owned();
        assert_eq!(Shared::parse(text), Err(LinkError::TooFar(99_999_999_999)));
        let text = "#".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(Shared::parse(text), Err(LinkError::TooLarge));
    }
}
