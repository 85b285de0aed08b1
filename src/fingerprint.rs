//! For the tests: one session must have one trace here and natively.

use wasm_bindgen::prelude::wasm_bindgen;

/// What the browser tests compare with the native run of the same seed.
#[wasm_bindgen(js_name = traceHash)]
pub fn trace_hash(seed: u64) -> String {
    lab::fingerprint::fingerprint(seed).map_or_else(|error| error, |hash| hash.to_string())
}
