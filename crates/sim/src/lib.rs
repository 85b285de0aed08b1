//! A cluster in a box: a deterministic, discrete-event simulation of a whole etcd-like cluster.
//!
//! A [`Cluster`] holds up to seven servers (`member`), directed links between them, their disks and
//! clocks, the clients, and everything that is going to happen, in one queue ordered by virtual
//! time. [`Cluster::step`] lets exactly one thing happen and says what it was, as an [`Event`].
//! [`Cluster::act`] interferes: crashes, cuts, clocks, settings. All randomness comes from one seed,
//! so that settings, seed and actions alone determine every event that follows (design §4); a
//! cluster can be cloned or saved at any event and goes on identically. After each event the
//! [`checker`]s look whether Raft's safety properties still hold, from the events alone; the first
//! that does not stops the run at the event that broke it.
//!
//! What it refuses to know: real time, files, threads, screens, and how scripts are written.
//! What it leaves out: bandwidth, partial reads of messages, disks that lie or rot, and clients that
//! retry a request once it was sent.
//!
//! Start reading at [`Cluster`], then `trace` for what an event says, and `checker` for what is
//! watched.

mod act;
mod calls;
pub mod checker;
mod chunks;
mod client;
mod clock;
mod cluster;
mod disk;
mod hash;
mod join;
mod link;
mod network;
mod node;
mod process;
mod queue;
mod rng;
mod settings;
mod trace;

pub use act::{ActError, Action};
pub use checker::{Property, Violation};
pub use chunks::Chunks;
pub use client::{
    Answer, Call, CallError, CallId, ClientId, FOREVER, HistoryRecord, LiveCall, Outcome, Stage,
};
pub use clock::TRUE_RATE_PPM;
pub use cluster::Cluster;
pub use disk::Disk;
pub use link::{Link, LinkChange};
pub use member;
pub use network::{Fate, Flight};
pub use node::{Condition, Node};
pub use settings::{NODES_MAX, Setting, Settings, SettingsError, Switch};
pub use trace::{
    ConfigMark, EntryKind, EntryMark, Event, EventKind, MessageId, NodeState, Sent, Seq,
    SnapshotKind, SnapshotMark,
};
