//! etcd's v3 store: skeleton.
mod bytes;
mod request;
mod store;
mod types;

pub use bytes::Bytes;
pub use request::{
    DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse, RangeRequest, RangeResponse,
    SortOrder, SortTarget, prefix_end,
};
pub use store::Store;
pub use types::{Error, KeyValue, LeaseId, Revision, RevisionPair};
