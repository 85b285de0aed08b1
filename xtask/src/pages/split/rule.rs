//! Which functions move into the second part.
//!
//! Any list is right, since what is called before the second part is there waits for it; a good one
//! lets nobody wait. So the list is measured: `cargo xtask profile` opens every page and writes down
//! what does not run until somebody acts. What is new stays in the first part until that is measured
//! again, unless its module is known for doing nothing before.

use std::collections::BTreeSet;

use anyhow::Result;

use super::program::Program;

/// Modules of which nothing runs before somebody acts: what is new in them moves at once.
pub(super) const ACTING: [&str; 11] = [
    // Panels that are asked for by name, and what they list.
    "lab::inspect::",
    "lab::dials::",
    "lab::advice::",
    "raft_lab::panels::clients::",
    "raft_lab::panels::node::",
    // What one reads who asks how, and what helps while one types.
    "lab::etcdctl::args::usage::",
    "lab::script::help::",
    "lab::script::complete::",
    // What lessons' set-ups have no use for.
    "lab::etcdctl::txn::",
    "lab::etcdctl::watch::",
    "lab::etcdctl::print::table::",
];

/// Functions that did not run while every page was opened, scrolled and left alone, by
/// `cargo xtask profile`; small ones are left out. A name that is no longer there says nothing.
pub(super) const IDLE: &str = include_str!("idle.txt");

/// The functions that move: those of the two lists, and all that nothing but they reaches.
///
/// # Errors
/// The program is not as it says.
pub(super) fn moved(program: &Program<'_>, acting: &[&str], idle: &str) -> Result<BTreeSet<u32>> {
    let idle: BTreeSet<&str> = idle.lines().collect();
    let mut moving = BTreeSet::new();
    for index in program.own() {
        let name = program.function(index)?.name.as_str();
        let path = name.trim_start_matches('<');
        if idle.contains(name) || acting.iter().any(|module| path.starts_with(module)) {
            moving.insert(index);
        }
    }
    let reached = reached(program, &moving)?;
    Ok(program.own().filter(|index| !reached.contains(index)).collect())
}

/// What can run without a function of `moving`: all that is reached from what anybody may call.
fn reached(program: &Program<'_>, moving: &BTreeSet<u32>) -> Result<BTreeSet<u32>> {
    let mut reached = BTreeSet::new();
    let mut next = program.held.clone();
    while let Some(index) = next.pop() {
        if !moving.contains(&index) && reached.insert(index) {
            next.extend(&program.function(index)?.uses.functions);
        }
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A module that was renamed would stay in the first part in silence.
    #[test]
    fn modules_of_the_list_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for module in ACTING {
            let path = module.trim_end_matches("::").replace("::", "/");
            let (package, rest) = path.split_once('/').unwrap();
            let folder =
                if package == "raft_lab" { "src" } else { &format!("crates/{package}/src") };
            let place = root.join(folder).join(rest);
            assert!(place.is_dir() || place.with_extension("rs").is_file(), "{module}");
        }
    }
}
