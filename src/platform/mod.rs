//! The browser, and all of it: nothing outside this folder calls its interfaces.

pub(crate) mod bridge;
pub(crate) mod dom;
pub(crate) mod frame;
pub(crate) mod json;
pub(crate) mod keep;
pub(crate) mod observe;
pub(crate) mod paint;
pub(crate) mod prose;
pub(crate) mod rescue;
pub(crate) mod second;
pub(crate) mod share;
pub(crate) mod split;
