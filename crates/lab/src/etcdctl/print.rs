//! What etcdctl prints: a shim until the printers of all formats stand.

use sim::member::kv_core::{HashKv, LeaseId, Revision, WatchResponse};
use sim::member::raft_core::{NodeId, Term};
use sim::member::{Micros, Response, Status};
use sim::{CallError, Outcome};

use super::args::{Invocation, Subcommand, WriteOut};
use super::{EXIT_ERROR, Output};

pub(crate) use super::output::present;

/// Exit status after Ctrl-C, as a shell reports it.
pub(crate) const EXIT_INTERRUPTED: i32 = 130;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) node: NodeId,
    pub(crate) revision: Revision,
    pub(crate) raft_term: Term,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) endpoint: String,
    pub(crate) is_healthy: bool,
    pub(crate) took: Micros,
    pub(crate) error: String,
}

pub(crate) fn answer(invocation: &Invocation, header: &Header, response: &Response) -> Output {
    let outcome = Outcome::Ok {
        node: header.node,
        response: response.clone(),
        revision: header.revision,
        raft_term: header.raft_term,
    };
    present(invocation, &outcome)
}

pub(crate) fn watch(_: WriteOut, _: bool, _: &Header, response: &WatchResponse) -> String {
    let mut text = String::new();
    for event in &response.events {
        let kind = match event.kind {
            sim::member::kv_core::EventKind::Put => "PUT",
            sim::member::kv_core::EventKind::Delete => "DELETE",
        };
        text += &format!(
            "{kind}\n{}\n{}\n",
            event.kv.key.to_text_lossy(),
            event.kv.value.to_text_lossy()
        );
    }
    text
}

pub(crate) fn statuses(_: WriteOut, _: bool, _: &[(String, Header, Status)]) -> String {
    String::new()
}

pub(crate) fn hashes(_: WriteOut, _: bool, _: &[(String, Header, HashKv)]) -> String {
    String::new()
}

pub(crate) fn healths(_: WriteOut, _: &[Health]) -> Output {
    Output::default()
}

pub(crate) fn disarmed(_: &Invocation, _: &[NodeId]) -> Output {
    Output::default()
}

pub(crate) fn lease_gone(_: &Invocation, id: LeaseId) -> String {
    format!("lease {:016x} expired or revoked.\n", id.0)
}

pub(crate) fn snapshot_status(_: WriteOut, _: &sim::member::SnapshotFile) -> String {
    String::new()
}

pub(crate) fn failure(_: &Subcommand, error: &CallError) -> Output {
    Output::error(error_text(error), EXIT_ERROR)
}

pub(crate) fn error_text(error: &CallError) -> String {
    error.to_string()
}
