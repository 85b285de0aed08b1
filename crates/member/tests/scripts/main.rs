//! What clients and operators see of a few members, as short scripts on a loopback cluster.

mod loopback;
mod membership;
mod requests;
