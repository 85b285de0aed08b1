//! `watch`: what its server tells is printed as it comes, until somebody ends it.

use sim::member::Request;
use sim::member::kv_core::{RangeRequest, Revision, WatchRequest, WatchResponse};

use super::super::args::Watch;
use super::super::print::{self, Header};
use super::super::requests::range_request;
use super::{Client, Happened, ONLY, Turn};

/// What `watch` asks for.
pub(super) fn request(watch: &Watch) -> Request {
    let RangeRequest { key, range_end, .. } = range_request(&watch.range);
    let watch = WatchRequest {
        key,
        range_end,
        start_revision: Revision(watch.revision),
        prev_kv: watch.prev_kv,
        progress_notify: watch.progress_notify,
        ..WatchRequest::default()
    };
    Request::Watch { watch, needs_leader: true }
}

impl Client<'_> {
    pub(super) fn watch(&self, request: &Request, happened: Happened<'_>, turn: &mut Turn<'_>) {
        match happened {
            Happened::Begun => self.ask(ONLY, request.clone(), turn),
            Happened::Told(header, response) => self.told(&header, response, turn),
            Happened::Returned(_, outcome) => turn.finish(print::present(self.invocation, outcome)),
            Happened::Woken | Happened::Typed(_) | Happened::Interrupted => {}
        }
    }

    /// What a watching call was told. A format that there is not ends the program.
    pub(super) fn told(&self, header: &Header, response: &WatchResponse, turn: &mut Turn<'_>) {
        let globals = &self.invocation.globals;
        turn.write(print::watch(globals.write_out, globals.hex, header, response));
    }
}
