//! `watch`: what its server tells is printed as it comes, until somebody ends it.

use sim::member::kv_core::{RangeRequest, Revision, WatchError, WatchRequest, WatchResponse};
use sim::member::{Request, Response};
use sim::{CallError, Outcome};

use super::super::args::Watch;
use super::super::print;
use super::super::requests::range_request;
use super::{Client, Happened, ONLY, Turn};

/// Exit status of a watch that the server has ended (etcdctl `ExitInterrupted`).
const EXIT_CANCELED: i32 = 5;

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
        let globals = &self.invocation.globals;
        match happened {
            Happened::Begun => self.ask_patiently(ONLY, request.clone(), turn),
            Happened::Told(header, response) if !response.created => {
                turn.say(&print::watch(globals.write_out, globals.hex, &header, response));
            }
            Happened::Returned(_, outcome) => self.watch_ended(outcome, turn),
            Happened::Told(..) | Happened::Woken | Happened::Typed(_) | Happened::Interrupted => {}
        }
    }

    /// The server has ended it.
    pub(super) fn watch_ended(&self, outcome: &Outcome, turn: &mut Turn<'_>) {
        let reason = match outcome {
            Outcome::Ok { response: Response::Watch(last), .. } => why_canceled(last),
            Outcome::Ok { .. } => String::new(),
            Outcome::Failed(CallError::Canceled) | Outcome::Unknown(CallError::Canceled) => return,
            Outcome::Failed(error) | Outcome::Unknown(error) => error.to_string(),
        };
        turn.complain(&["watch was canceled (", &reason, ")\n"].concat());
        turn.fail("watch is canceled by the server", EXIT_CANCELED);
    }
}

fn why_canceled(last: &WatchResponse) -> String {
    match &last.cancel_reason {
        Some(reason) => WatchError::to_string(reason),
        None => sim::member::kv_core::Error::Compacted.to_string(),
    }
}
