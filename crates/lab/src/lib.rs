//! The application without a screen: the script language, `etcdctl`, sessions with time travel,
//! lessons and what the page draws.
//!
//! It knows the simulator below it and no screen above it. Files, processes and real time exist
//! only behind the feature `cli` (the command `lab`), which the page turns off.
//!
//! A reader starts at [`session`]: one line of the language goes in through `Session::apply`, and
//! everything else follows from that.

pub mod advice;
pub mod availability;
mod causes;
pub mod chances;
pub mod deploy;
mod diagnose;
pub mod dials;
pub mod documents;
mod elections;
#[cfg(feature = "cli")]
pub mod engine;
pub mod etcdctl;
pub mod few;
pub mod fingerprint;
#[cfg(feature = "cli")]
pub mod fuzz;
pub mod inspect;
pub mod lessons;
pub mod linear;
pub mod link;
mod logs;
mod narrate;
pub mod people;
pub mod predicate;
#[cfg(feature = "cli")]
pub mod repl;
mod requests;
pub mod roster;
pub mod rules;
#[cfg(feature = "cli")]
pub mod run;
pub mod script;
pub mod series;
pub mod session;
pub mod shell;
mod stage;
pub mod view;
mod words;

pub use sim;
