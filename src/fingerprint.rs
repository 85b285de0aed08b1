//! For the tests: one session must have one trace here and natively.

use wasm_bindgen::prelude::wasm_bindgen;

/// What the browser tests compare with the native run of the same seed.
#[allow(unreachable_pub, reason = "JavaScript is who reaches it")]
#[wasm_bindgen(js_name = traceHash)]
pub fn trace_hash(seed: u64) -> String {
    lab::fingerprint::fingerprint(seed).map_or_else(|error| error, |hash| format!("{hash:016x}"))
}
