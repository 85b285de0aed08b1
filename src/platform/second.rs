//! The second part of the program: what a page needs only once somebody acts (xtask/src/pages/split.rs).

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Has the boot file load it: soon, for `slot` 0; for any other before it returns, since a function
    /// is called that waits in this slot of the table. Only the release page is in parts.
    #[wasm_bindgen(js_namespace = raftLab)]
    fn second(slot: u32);
}

/// Somebody acts: what only acting needs is fetched, unless it is there.
pub(crate) fn wanted() {
    second(0);
}
