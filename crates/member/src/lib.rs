//! One etcd server: skeleton.

mod api;
mod disk;
mod member;

pub use api::{Consistency, Micros, Request, RequestId, Response, ServerError};
pub use disk::{Write, apply_torn, apply_write};
pub use kv_core;
pub use member::{MAX_REQUEST_BYTES, Member, MemberConfig, Output};
pub use raft_core;
