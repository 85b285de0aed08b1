//! What is worked with in a lesson's prose, and its charts: a program of its own beside the page's.
//!
//! The boot file loads it when the first of its places comes near, and hands it one place after the
//! other ([`widget`]). Until then, and where it cannot be loaded, the place has what the lesson's author
//! wrote into it. It knows nothing of Raft either: what it shows is worked out in `lab`, and what it
//! needs of the session beside it comes through [`live`], as text.
//!
//! A widget is made once; afterwards only what changes is written anew, so that the focus stays.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

mod availability;
mod chances;
mod chart;
mod dom;
mod live;
mod people;
mod quorum;
mod session;
mod unit_files;

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

fn main() {}

/// Puts the widget of this name into its place, in the stead of what stands there. False if there is
/// none of this name, or the browser lacks something; then the place stays as it is.
#[wasm_bindgen]
pub fn widget(name: &str, place: HtmlElement) -> bool {
    let make: fn() -> Option<dom::El> = match name {
        "table-and-documents" => people::make,
        "monte-carlo" => chances::make,
        "quorum-table" => quorum::make,
        "availability" => availability::make,
        "service-generator" => unit_files::make,
        "chart-latency" => session::latency,
        "chart-terms" => session::terms,
        "chart-writes" => session::writes,
        "charts" => session::all,
        _ => return false,
    };
    match make() {
        Some(made) => {
            dom::El::from(place).only([made]);
            true
        }
        None => false,
    }
}
