//! The Raft consensus protocol, as a pure state machine.
//!
//! # What Raft does
//!
//! A few servers keep one *log* of commands, the same on each of them. Every server feeds its copy,
//! in order, to a state machine (here a key-value store), so that all of them come to the same
//! state and any of them can be lost. The log must survive crashes, lost, doubled and reordered
//! messages, and networks that fall apart, as long as a majority of the servers can talk.
//!
//! Citations are to *In Search of an Understandable Consensus Algorithm, extended version* (Ongaro
//! and Ousterhout 2014; "Raft §") and to Ongaro's dissertation of the same year ("thesis §").
//!
//! # Terms and elections (Raft §5.1, §5.2)
//!
//! Time is cut into *terms*, numbered upwards. Each begins with an election and has at most one
//! *leader*. Every message carries its sender's term: whoever hears of a higher one enters it as a
//! *follower*; whatever comes from a lower one is stale.
//!
//! A leader sends heartbeats. A follower that hears none for its *election timeout*, drawn at random
//! so that servers rarely try at once, becomes a *candidate*: it begins a new term, votes for itself
//! and asks the others. A server votes once in a term, and puts its vote on disk before it says so.
//! A majority of votes makes a leader; two majorities share a server, and that server voted once, so
//! there are never two leaders in a term.
//!
//! Two refinements keep a server that was cut off from deposing a leader that works. With *PreVote*
//! it first asks whether it could win, in no new term (thesis §9.6). With *CheckQuorum* a server
//! that hears from a leader ignores candidates, and a leader that hears from no majority steps down
//! (thesis §4.2.3, §6.2).
//!
//! # Replication (Raft §5.3)
//!
//! Only the leader takes commands. It appends them to its log and sends them on with AppendEntries,
//! each message naming the slot before its entries and that slot's term. A follower whose log has no
//! such slot refuses; the leader goes back and tries again until the logs meet, and from there its
//! own log replaces the follower's. By this check two logs that agree in one slot agree in all
//! before it (*Log Matching*).
//!
//! The leader first *probes* for the place where the logs meet, one message at a time; then it
//! *streams*, without waiting for answers, within a window. A refusal carries a hint that lets both
//! sides skip whole terms at once. See [`Progress`].
//!
//! # Commitment (Raft §5.3, §5.4)
//!
//! An entry is *committed* once a majority has it on disk: then it is never lost, for two reasons.
//! A server votes only for candidates whose log is at least as up to date as its own (§5.4.1); every
//! majority that elects shares a server with every majority that committed; so a new leader has all
//! committed entries. And a leader counts majorities only for entries of its own term; older ones
//! are committed along with them, because an older entry on a majority can still be overwritten
//! (§5.4.2, Figure 8). For that a new leader appends an empty entry at once.
//!
//! # Disks (Raft Figure 2 "persistent state", thesis §10.2.1)
//!
//! Whatever is promised must be on disk first: term and vote before anything is said in that term,
//! entries before they are acknowledged. The core has no disk. It hands out a [`Ready`] with what to
//! write, which messages may leave at once, and which must wait; writes may overlap. The leader,
//! too, counts its own log only as far as its disk has it, while its followers may already write.
//!
//! # Reads (Raft §8, thesis §6.4)
//!
//! A read must see every write that was acknowledged before it was asked. A leader may have been
//! replaced without noticing. So it notes its commit index, has a majority confirm by a round of
//! heartbeats that it still leads, and then answers from any state machine that has applied that
//! index. It needs to have committed an entry of its own term before, else it does not know what is
//! committed.
//!
//! # Snapshots (Raft §7) and members (Raft §6, thesis §4)
//!
//! A log grows; the state machine's state can stand for its beginning. A follower that lags behind
//! that beginning is sent the state instead. Members are changed by entries in the log: one voter at
//! a time, so that old and new majorities overlap, or through a *joint* configuration in which both
//! majorities are needed. Learners receive the log and have no vote. As in etcd a change takes
//! effect when it is applied, not when it is appended.
//!
//! # How to use it
//!
//! Make a [`Raft`]; feed it ticks, messages, proposals and reads; do what each [`Ready`] says.
//! Nothing here knows of time, threads, disks, networks or randomness: a tick is a call, and dice are
//! an argument ([`Dice`]), so that equal inputs give equal servers everywhere. A server can be
//! cloned for little, stored and compared at any moment.
//!
//! Every [`Rule`] of the protocol can be switched off, to see what it is good for. Then promises
//! break, and whoever watches from outside sees it; the core goes on. While all rules are on, a
//! message that no correct server sends is an error ([`StepError`]), and a broken invariant of this
//! very server is a bug and panics.
//!
//! # Where to read on
//!
//! `raft` (the inputs, and what is visible) → `election` → `leader` and `replication` → `follower` →
//! `log`. `server` is what all roles share; `role` is what each has for itself. `quorum`, `tracker`,
//! `read_only` and `confchange` are arithmetic, without any protocol; `entries` is what a log is
//! kept in. `docs/raft-rules.md` lists every rule with its section, its function and its tests.
//!
//! # As in etcd, and not
//!
//! It behaves as etcd's raft 3.5 does, down to which message follows which, in Rust of its own;
//! `tests/lockstep` compares it, step by step, with the `raft` crate, which is a port of etcd's. It
//! differs, knowingly, in these points:
//!
//! - A leader counts its own log only once its disk has it (etcd 3.5 at once, 3.6 as here), and
//!   applies nothing that its own disk does not have.
//! - Nothing is said in a term before the disk has it, not even by a leader that owes its office to
//!   its own vote alone.
//! - A refusal of what is known to match is ignored; `next_index` stays above `match_index`.
//! - Reads that wait for an own-term commit are dropped with the leadership (etcd 3.5 keeps them for
//!   the next one), and a single voter's reads wait for it as well. A leader that is no voter any
//!   more asks the single voter beside it before it answers.
//! - What etcd panics about when a peer sends it is an error, or ignored: a commit index beyond the
//!   log, entries that conflict with committed ones. So is a membership change that makes no sense.
//! - A leader can be asked to hand over; a follower does not pass that request on.
//!
//! Left out: limits on what is handed out for applying at once (etcd bounds the memory of its
//! copies; ours are shared with the log); leases that are safe against clocks
//! that drift ([`ReadMode::Lease`] is etcd's, with its flaw); stepping down when removed from the
//! cluster (etcd 3.5 leaves that to the server around it); sending large snapshots in pieces.

mod confchange;
mod config;
mod configuration;
mod disk;
mod election;
mod entries;
mod entry;
mod error;
mod follower;
mod ids;
mod leader;
mod log;
mod message;
mod node_set;
mod quorum;
mod raft;
mod read_only;
mod ready;
mod replication;
mod role;
mod rules;
mod server;
mod storage;
mod tracker;

pub use confchange::ChangeError;
pub use config::{Config, Dice, ReadMode};
pub use configuration::{Change, ConfigChange, Configuration, Transition};
pub use entries::Entries;
pub use entry::{Data, Entry, Payload};
pub use error::{ProposeError, StepError, TransferError};
pub use ids::{Index, NodeId, Term};
pub use log::Log;
pub use message::{Body, Campaign, Message, MessageKind, ReadContext};
pub use node_set::{NodeSet, NodeSetIter};
pub use raft::Raft;
pub use ready::{ReadState, Ready};
pub use replication::Delivery;
pub use role::RoleKind;
pub use rules::{Rule, Rules};
pub use storage::{HardState, Snapshot, Stored};
pub use tracker::{Progress, ProgressState};
