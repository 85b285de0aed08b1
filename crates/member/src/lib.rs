//! One etcd server: the protocol, the store, and what joins them.
//!
//! ```text
//!            requests                        replies
//!               │                               ▲
//!      ┌────────▼───────────────────────────────┴───┐
//!      │ writes wait for a leader, then for apply   │   crate `member`
//!      │ reads wait for an index, then for apply    │
//!      └────────┬───────────────────────────────▲───┘
//!        propose, read_index              committed entries
//!      ┌────────▼────────┐              ┌───────┴───┐
//!      │    raft-core    ├──────────────►  kv-core  │
//!      └──▲───────────┬──┘   in order   └───────────┘
//!      messages,   messages,
//!      ticks       writes to disk
//! ```
//!
//! A write becomes a *proposal*: an entry of the replicated log that carries the change and the
//! name of the request. Every member applies every entry, in order; the one that took the request
//! finds its name and answers. So an answer proves that the write is committed, and a member that
//! is not the leader needs no more than to pass the proposal on.
//!
//! A linearizable read does not go through the log. The member asks the leader from which index on
//! a state is fresh enough, waits until it has applied that much, and reads its own store
//! (thesis §6.4). A serializable read skips the question, and may be stale.
//!
//! Who watches is told what the member itself applies, from where it asked on. Leases run out by the
//! clock of the leader alone, which then proposes to revoke them. A file that is full raises an
//! alarm, which goes through the log, too.
//!
//! Nothing fails at once for want of a leader: requests wait, 5 s and two election timeouts at
//! most, as in etcd. What a client is told then is in [`ServerError`].
//!
//! Sans I/O: inputs are methods of [`Member`] that take the time, [`Member::drain`] says what is to
//! be sent, written and answered. [`apply_write`] says what a write leaves on a disk.
//!
//! # What it refuses to know
//!
//! Networks, clients' own timeouts, real time, where bytes are kept.
//!
//! # Where it differs from etcd
//!
//! - Reads whose leader changes are asked again here. etcd answers `etcdserver: leader changed`,
//!   and its client asks again, unseen.
//! - A proposal that was doubled on its way is applied once; etcd's connections double nothing.
//! - `etcdserver: request timed out, possibly due to connection lost` is never said: it would take
//!   knowledge of connections.
//! - A question about a read is repeated under a new number, and one that is heard twice is dropped;
//!   etcd repeats it under the old one, by which a deposed leader can answer a read that it must not
//!   (found by the fuzzer; CheckQuorum makes it unlikely there).
//! - A member that is added is named by its node, which has one address and one id for ever: it is
//!   not added again once it was removed.
//! - A leader that applies its own removal hands over before it stops; etcd 3.5 only stops.
//! - Who asks a follower to promote a learner, or about a lease's time, is sent on to the leader by whoever carries requests
//!   ([`ServerError::AskLeader`]); etcd's servers ask each other.
//!
//! - A watch that needs a leader is refused where none was known for long, not where none is known at
//!   that moment.
//! - A transaction that only reads is answered although the file is full.
//!
//! Read `member.rs` first, then `writes.rs`, `reads.rs`, `watches.rs`, `leases.rs`, `maintenance.rs` and
//! `members.rs`.

mod api;
mod config;
mod disk;
mod leases;
mod machine;
mod maintenance;
mod member;
mod members;
mod membership;
mod proposal;
mod reads;
mod watches;
mod writes;

pub use api::{Consistency, Micros, Request, RequestId, Response, ServerError};
pub use config::{MemberConfig, election_ticks};
pub use disk::{Write, apply_torn, apply_write};
pub use kv_core;
pub use leases::{LeaseRequest, LeaseResponse};
pub use maintenance::{
    DEFAULT_QUOTA_BYTES, MaintenanceRequest, MaintenanceResponse, SnapshotFile, Status,
};
pub use member::{Backlog, Member, Output, Reply, first_digest, snapshot_digest};
pub use members::{MemberChange, MemberId, MemberRecord, MemberRequest, MembersResponse, Seat};
pub use proposal::{Command, MAX_REQUEST_BYTES, Proposal, ProposalId};
pub use raft_core;
pub use watches::Told;
