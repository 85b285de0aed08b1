//! Whether what clients were told fits together: linearizability, judged from the history alone.
//!
//! A history is linearizable if every call can be thought to have happened at one moment between
//! its call and its return, so that the answers are those of a single store (Herlihy and Wing,
//! 1990). Calls whose outcome is *unknown* may have happened at any moment after they began, or
//! never; those that *failed* never. etcd promises this for writes and linearizable reads, and that
//! a serializable read shows the store as it once was (a prefix of the history).
//!
//! - [`revisions`]: uses that etcd numbers its states. Cheap, and made for every run.
//! - [`search`]: tries all orders (Wing and Gong 1993, Lowe 2017); knows nothing of etcd.
//! - [`keys`]: a key-value history, key by key, as the search wants it.
//!
//! - [`watches`]: what etcd promises to those who watch.
//!
//! Nothing here looks at the cluster: only at calls, what watchers were told, and returns, as they stand in the file that
//! `lab run --history` writes.

mod authors;
mod effects;
pub mod keys;
pub mod revisions;
pub mod search;
pub mod watches;

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use sim::member::kv_core::WatchResponse;
use sim::member::{Request, Response};
use sim::{CallId, HistoryRecord, Outcome};

/// A call and its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its number in the history.
    pub call: CallId,
    /// Its place in the order of all calls and returns.
    pub called: u64,
    /// What was asked.
    pub request: Arc<Request>,
    /// What it was told, if it watches, and when.
    pub told: Vec<(u64, Arc<WatchResponse>)>,
    /// What came of it.
    pub end: End,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It was answered.
    Answered {
        /// Its place in the order of all calls and returns.
        returned: u64,
        /// With this.
        response: Response,
    },
    /// It surely had no effect.
    Failed,
    /// It may have had an effect, or may still.
    Unknown,
}

impl Operation {
    /// When it returned and with what, if it was answered.
    pub fn answer(&self) -> Option<(u64, &Response)> {
        match &self.end {
            End::Answered { returned, response } => Some((*returned, response)),
            End::Failed | End::Unknown => None,
        }
    }

    /// Whether it asks for a change of keys.
    pub fn is_write(&self) -> bool {
        match &*self.request {
            Request::Put(_) | Request::DeleteRange(_) => true,
            Request::Txn(txn) => !txn.is_read_only(),
            _ => false,
        }
    }
}

/// Puts calls and returns together, in the order of the calls. A call that has not returned is
/// unknown.
pub fn operations<'a>(history: impl IntoIterator<Item = &'a HistoryRecord>) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for (place, record) in (0..).zip(history) {
        // Calls are numbered in the order in which they began.
        let find = |operations: &[Operation], call: &CallId| {
            operations.binary_search_by_key(call, |operation| operation.call).ok()
        };
        match record {
            // Who belongs to the cluster is another matter.
            HistoryRecord::Call { request, .. } if matches!(**request, Request::Member(_)) => {}
            HistoryRecord::Call { call, request, .. } => operations.push(Operation {
                call: *call,
                called: place,
                request: Arc::clone(request),
                told: Vec::new(),
                end: End::Unknown,
            }),
            HistoryRecord::Told { call, response, .. } => {
                if let Some(at) = find(&operations, call) {
                    operations[at].told.push((place, Arc::clone(response)));
                }
            }
            HistoryRecord::Return { call, outcome, .. } => {
                let Some(at) = find(&operations, call) else { continue };
                operations[at].end = match &**outcome {
                    Outcome::Ok { response, .. } => {
                        End::Answered { returned: place, response: response.clone() }
                    }
                    Outcome::Failed(_) => End::Failed,
                    Outcome::Unknown(_) => End::Unknown,
                };
            }
        }
    }
    operations
}

/// Judges a history by its revisions, and by what its watchers were told.
///
/// # Errors
/// Says which calls do not fit together.
pub fn check<'a>(history: impl IntoIterator<Item = &'a HistoryRecord>) -> Result<(), Misfit> {
    let operations = operations(history);
    revisions::check(&operations)?;
    watches::check(&operations, None)
}

/// Calls that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Which calls.
    pub calls: Vec<CallId>,
    /// Why not, in plain words.
    pub explanation: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "linearizability broken: {}", self.explanation)
    }
}

impl std::error::Error for Misfit {}
