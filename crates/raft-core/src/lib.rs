//! The Raft protocol as a pure state machine.

mod config;
mod configuration;
mod entry;
mod error;
mod ids;
mod log;
mod message;
mod raft;
mod ready;
mod role;
mod rules;
mod storage;
mod tracker;

pub use config::{Config, Dice, ReadMode};
pub use configuration::{Change, ConfigChange, Configuration, Transition};
pub use entry::{Data, Entry, Payload};
pub use error::{ProposeError, StepError, TransferError};
pub use ids::{Index, NodeId, Term};
pub use log::Log;
pub use message::{Body, Campaign, Message, MessageKind, ReadContext};
pub use raft::Raft;
pub use ready::{ReadState, Ready};
pub use role::RoleKind;
pub use rules::{Rule, Rules};
pub use storage::{HardState, Snapshot, Stored};
pub use tracker::{Progress, ProgressState};
