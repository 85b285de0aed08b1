//! What a leader knows about its followers (etcd `raft/tracker`).

mod inflights;
mod progress;

pub use progress::{Progress, ProgressState};
