//! The page: Yew components around one [`lab::session::Session`].
//!
//! It draws what `lab::view` says and sends back lines of the script language; it knows nothing of
//! Raft. One component, [`app::App`], owns the session and is the only one that changes it; all
//! others are functions of plain structs. Browser APIs are called in [`platform`] alone.
//!
//! A reader starts at [`app`]; what moves each frame is drawn by [`stage::canvas`], which bypasses
//! Yew.

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

mod app;
mod bridge;
mod clock;
mod desk;
mod el;
mod embed;
mod fingerprint;
mod icon;
mod lesson;
mod page;
mod panels;
mod part;
mod platform;
mod quote;
mod share;
mod stage;
mod state;
mod status;
mod tools;
mod transport;
mod words;

fn main() {
    // A release page's panics are traps without words (xtask/src/page.rs): a hook would never be called.
    if cfg!(debug_assertions) {
        platform::rescue::install();
    }
    // Starting, opening and drawing are tasks of their own: a phone goes on scrolling in between.
    platform::dom::soon(|| {
        let scene = page::Scene::read();
        let opened = page::Handover::new(scene.open());
        platform::dom::soon(|| {
            platform::dom::mount::<app::App>("lab", app::Props { scene, opened });
            platform::dom::keep_keys_in("lab");
        });
    });
}
