//! The reference in `docs/script.md` says what the parser does.

use super::*;
use crate::predicate;

const REFERENCE: &str = include_str!("../../../../../docs/script.md");

/// The fenced `lab` blocks with the line each begins after.
fn blocks() -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in REFERENCE.lines().enumerate() {
        match (&mut open, line) {
            (None, "```lab") => open = Some((number + 1, String::new())),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, text)), _) => text.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    blocks
}

/// Proves: every example of the reference parses, and prints itself canonically.
#[test]
fn examples_parse() {
    let blocks = blocks();
    assert!(blocks.len() >= 20);
    for (start, text) in blocks {
        let lines = parse_script(&text).unwrap_or_else(|error| {
            panic!("docs/script.md:{}: {error}", start + error.line as usize)
        });
        for line in lines {
            let shown = line.to_string();
            let again = parse_line(&shown).map(|again| again.command);
            assert_eq!(again, Ok(line.command), "docs/script.md:{start}: {shown}");
        }
    }
}

/// Proves: the reference names every command, setting, kind of message, rule and property, and
/// shows every kind of statement.
#[test]
fn nothing_is_left_out() {
    let examples: String = blocks().into_iter().map(|(_, text)| text).collect();
    for entry in &help::COMMANDS {
        assert!(examples.contains(entry.name), "no example of {}", entry.name);
    }
    for setting in &help::SETTINGS {
        assert!(examples.contains(&format!("set {}", setting.name)), "{}", setting.name);
    }
    let names = Rule::ALL.map(Rule::name).into_iter();
    let names = names.chain(MessageName::ALL.map(MessageName::name));
    let names = names.chain(sim::Property::ALL.map(sim::Property::name));
    for name in names {
        assert!(REFERENCE.contains(&format!("`{name}`")), "{name} is not named");
    }
    for word in predicate::complete(&[]) {
        assert!(REFERENCE.contains(&format!("`{word}")), "no word about {word}");
    }
}
