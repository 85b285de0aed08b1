//! When the program itself breaks: the boot file shows what broke, with every session's script.

use super::keep;

/// Hands every panic to the boot file before the instance ends.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| keep::broke(&info.to_string())));
}
