//! When the program itself breaks: the boot file shows what broke, with every session's script.

use super::keep;

/// Hands every panic to the boot file before the instance ends.
pub(crate) fn install() {
    // By way of Yew, which puts a hook of its own in the place of any other as it mounts the page.
    yew::set_custom_panic_hook(Box::new(|info| keep::broke(&info.to_string())));
}
