//! Names of commands: those near a wrong one, and those a terminal can complete to.

use super::commands::{Body, COMMANDS, GLOBAL_FLAGS, Spec};
use super::{find, flags_of, name_of};

/// Every command and group, for hints.
pub(crate) fn command_names() -> Vec<&'static str> {
    COMMANDS.iter().map(|spec| spec.name).collect()
}

/// The names cobra suggests for a wrong one: at most two edits away, or beginning so.
pub(super) fn suggestions(word: &str) -> Vec<&'static str> {
    let lower: Vec<char> = word.to_ascii_lowercase().chars().take(60).collect();
    let near = |spec: &&Spec| {
        let name: Vec<char> = spec.name.chars().collect();
        edits(&lower, &name) <= 2 || name.starts_with(&lower)
    };
    // `help` joins the commands only when one of them runs, so it is never suggested.
    let help = |spec: &&Spec| !matches!(spec.body, Body::Help);
    COMMANDS.iter().filter(help).filter(near).map(|spec| spec.name).collect()
}

/// The Levenshtein distance.
fn edits(left: &[char], right: &[char]) -> usize {
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let best = (last[column] + usize::from(a != b))
                .min(last[column + 1] + 1)
                .min(current[column] + 1);
            current.push(best);
        }
        last = current;
    }
    last.last().copied().unwrap_or(0)
}

/// What could stand after these words of an etcdctl line, for a word that begins with `begun`.
pub(crate) fn complete(words: &[&str], begun: &str) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let Ok((path, _)) = find(COMMANDS, GLOBAL_FLAGS, &words) else { return Vec::new() };
    if begun.starts_with('-') {
        let flags = flags_of(&path, GLOBAL_FLAGS);
        let mut flags: Vec<String> = flags.iter().map(|flag| format!("--{}", flag.name)).collect();
        flags.sort_unstable();
        return flags;
    }
    let specs = match path.last() {
        None => COMMANDS,
        Some(Spec { body: Body::Group(specs), .. }) => specs,
        Some(Spec { body: Body::Help, .. }) => COMMANDS,
        Some(_) => return Vec::new(),
    };
    let mut names: Vec<String> = specs.iter().map(|spec| name_of(&[spec])).collect();
    names.sort_unstable();
    names
}
