//! The protocol in scenarios. The first line of each says what it proves.

mod bugs;
mod checker;
mod cluster;
mod durability;
mod elections;
mod figure2;
mod membership;
mod random;
mod reads;
mod replication;
mod rules;
mod snapshots;
