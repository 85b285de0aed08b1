//! What etcdctl writes when a command fails, and its exit status.

use sim::CallError;
use sim::member::ServerError;

use crate::etcdctl::args::{
    EndpointCommand, Invocation, LeaseCommand, SnapshotCommand, Subcommand,
};
use crate::etcdctl::{EXIT_ERROR, Output};

/// Exit status of a connection that failed (etcdctl `ExitBadConnection`).
pub(super) const EXIT_BAD_CONNECTION: i32 = 2;
/// Exit status of what was broken off (etcdctl `ExitInterrupted`).
pub(super) const EXIT_INTERRUPTED: i32 = 5;
/// Exit status after Ctrl-C, as a shell reports it.
pub(crate) const EXIT_SIGNAL: i32 = 130;

/// Before the text of an error that has no code of gRPC's.
const UNKNOWN: &str = "rpc error: code = Unknown desc = ";

/// What etcdctl writes when a command that asks one server fails.
pub(crate) fn failure(invocation: &Invocation, error: &CallError) -> Output {
    let command = &invocation.command;
    if *error == CallError::Canceled {
        return Output { exit: EXIT_SIGNAL, ..Output::default() };
    }
    let text = error_text(command, error);
    match command {
        Subcommand::Lease(LeaseCommand::Grant(_)) => {
            Output::error(["failed to grant lease (", &text, ")"].concat(), EXIT_ERROR)
        }
        Subcommand::Lease(LeaseCommand::Revoke(_)) => {
            Output::error(["failed to revoke lease (", &text, ")"].concat(), EXIT_ERROR)
        }
        Subcommand::Lease(_) => Output::error(text, EXIT_BAD_CONNECTION),
        Subcommand::Snapshot(SnapshotCommand::Save { .. }) => Output::error(text, EXIT_INTERRUPTED),
        Subcommand::Watch(_) | Subcommand::WatchInteractive(_) => {
            super::watch_given_up(invocation.globals.write_out, &text)
        }
        _ => Output::error(text, EXIT_ERROR),
    }
}

/// What `endpoint status`, `endpoint hashkv` and `defrag` write of an endpoint that fails.
pub(crate) fn endpoint_failure(command: &Subcommand, endpoint: &str, error: &CallError) -> String {
    let what = match command {
        Subcommand::Defrag { .. } => {
            let text = error_text(command, error);
            return ["Failed to defragment etcd member[", endpoint, "] (", &text, ")\n"].concat();
        }
        Subcommand::Endpoint { command: EndpointCommand::HashKv { .. }, .. } => "hash",
        _ => "status",
    };
    let text = error_text(command, error);
    ["Failed to get the ", what, " of endpoint ", endpoint, " (", &text, ")\n"].concat()
}

/// An error as the client's library tells it.
pub(crate) fn error_text(command: &Subcommand, error: &CallError) -> String {
    let text = error.to_string();
    match (command, error) {
        // The server waits no longer than the client, and says so just before.
        (Subcommand::MoveLeader(_), CallError::DeadlineExceeded) => {
            [UNKNOWN, "etcdserver: request timed out, leader transfer took too long"].concat()
        }
        // These two arrive without a code of gRPC's own (etcd `togRPCError`).
        (_, CallError::Server(ServerError::DeadlineExceeded | ServerError::ProposalDropped)) => {
            [UNKNOWN, &text].concat()
        }
        _ => text,
    }
}
