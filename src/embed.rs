//! The lab alone, in a frame of somebody's page: what its address asks for, and the way out of it.
//!
//! `static/embed.js` reads the address; `docs/embedding.md` says what may stand there.

use lab::link::{LinkError, Shared};
use lab::session::{Opening, Session};
use yew::prelude::*;

use crate::el::el;
use crate::icon::{self, icon};
use crate::platform::json::Json;
use crate::platform::share::linked;
use crate::share::Share;

/// What the address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    nodes: Option<u64>,
    seed: Option<u64>,
    script: Option<String>,
    /// The panel that is open, or `none`.
    pub(crate) panel: Option<String>,
    /// The speed, as links name it.
    pub(crate) speed: Option<String>,
    /// Whether time stands still at first.
    pub(crate) paused: bool,
    /// Where the session belongs: a link says so.
    pub(crate) place: String,
}

impl Asked {
    /// Reads what stands in the address.
    pub(crate) fn read() -> Asked {
        let place = linked().and_then(|(_, text)| Shared::parse(text?).ok()).map(|it| it.place);
        let place = place.filter(|place| !place.is_empty()).unwrap_or("sandbox".to_owned());
        let Some(json) = Json::global("raftLabAsked") else {
            return Asked { place, ..Asked::default() };
        };
        Asked {
            nodes: json.number("nodes"),
            seed: json.number("seed"),
            script: json.text("script"),
            panel: json.text("panel"),
            speed: json.text("speed"),
            paused: json.text("paused").is_some(),
            place,
        }
    }

    /// How its session begins: as the sandbox does, and with the lines of its script behind that.
    pub(crate) fn opening(&self, sandbox: Opening) -> Opening {
        let setup = match &self.script {
            Some(script) if !Session::is_saved(script) => format!("{}\n{script}", sandbox.setup),
            Some(_) | None => sandbox.setup,
        };
        Opening {
            // What is no size of a cluster is refused with the words for that.
            nodes: self.nodes.map_or(sandbox.nodes, |nodes| u8::try_from(nodes).unwrap_or(u8::MAX)),
            seed: self.seed.unwrap_or(sandbox.seed),
            setup,
            ..sandbox
        }
    }

    /// The saved session that stands in the place of a script.
    pub(crate) fn saved(&self) -> Option<Result<Shared, LinkError>> {
        let script = self.script.clone().filter(|script| Session::is_saved(script))?;
        Some(Shared::parse(script))
    }
}

/// Leads to the same moment in the lab itself, where there is more room.
pub(crate) fn way_out(on_share: &Callback<Share>) -> Html {
    let onclick = on_share.reform(|event: MouseEvent| {
        event.prevent_default();
        Share::Leave
    });
    el("a|class=button way-out|href=sandbox.html|target=_blank|title=Open this moment in Raft Lab")
        .click(onclick)
        .add(icon(icon::AWAY))
        .with(el("span").say("Open in Raft Lab"))
        .html()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox() -> Opening {
        let setup = "until leader".to_owned();
        Opening { nodes: 5, seed: 1, setup, ..Opening::default() }
    }

    fn scripted(script: &str) -> Asked {
        Asked { script: Some(script.to_owned()), ..Asked::default() }
    }

    #[test]
    fn a_script_goes_on_where_the_sandbox_begins() {
        let asked = Asked { nodes: Some(3), seed: Some(7), ..scripted("crash leader") };
        let opening = asked.opening(sandbox());
        assert_eq!((opening.nodes, opening.seed), (3, 7));
        assert_eq!(opening.setup, "until leader\ncrash leader");
        assert_eq!(asked.saved(), None);
    }

    #[test]
    fn a_size_that_no_cluster_has_is_refused_and_not_cut_down() {
        let asked = Asked { nodes: Some(257), ..Asked::default() };
        assert!(Session::new(asked.opening(sandbox())).is_err());
    }

    #[test]
    fn a_saved_session_is_opened_as_such() {
        let asked = scripted("# raft-lab session 1\nnodes 3\nseed 1\n# at event 0\n");
        assert_eq!(asked.opening(sandbox()).setup, "until leader");
        assert!(matches!(asked.saved(), Some(Ok(_))));
    }
}
