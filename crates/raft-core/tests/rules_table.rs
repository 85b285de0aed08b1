//! Keeps `docs/raft-rules.md` true: what it names is there, and every rule has a test and cites its
//! section where it is enforced.

use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../../docs/raft-rules.md");

/// The rows of all tables whose head has so many columns, without heads.
fn rows(columns: usize) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    let rows = PAGE.lines().filter(|line| line.starts_with('|')).map(cells);
    let is_row = |row: &Vec<&str>| {
        row.len() == columns
            && !row[0].starts_with("---")
            && !["rule", "scenario", "bug"].contains(&row[0])
    };
    rows.filter(is_row).collect()
}

/// What stands between backquotes.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// `tracker::progress::is_paused`: the file below `folder` and the function in it.
fn function(folder: &str, name: &str) -> Result<String, String> {
    let (modules, function) = name.rsplit_once("::").ok_or(format!("{name} has no file"))?;
    let path = PathBuf::from(folder).join(format!("{}.rs", modules.replace("::", "/")));
    let source = read(&path).ok_or(format!("{name}: there is no {}", path.display()))?;
    body_of(&source, function).ok_or(format!("{name}: not in {}", path.display()))
}

/// A function with its comments, by its indentation.
fn body_of(source: &str, function: &str) -> Option<String> {
    let lines: Vec<&str> = source.lines().collect();
    let (open, generic) = (format!("fn {function}("), format!("fn {function}<"));
    let at = lines.iter().position(|line| line.contains(&open) || line.contains(&generic))?;
    let is_comment = |line: &&&str| line.trim_start().starts_with("//");
    let is_attribute = |line: &&&str| line.trim_start().starts_with("#[");
    let above = lines[..at].iter().rev().take_while(|line| is_comment(line) || is_attribute(line));
    let from = at - above.count();
    let indent = &lines[at][..lines[at].len() - lines[at].trim_start().len()];
    let end = lines[at..].iter().position(|line| *line == format!("{indent}}}"))?;
    Some(lines[from..=at + end].join("\n"))
}

fn check_test(name: &str) -> Result<(), String> {
    let (folder, name) = match name.split_once("tests::") {
        Some((file, test)) => ("src", format!("{file}{test}")),
        None => ("tests/scenarios", name.to_owned()),
    };
    let body = function(folder, &name)?;
    let proves = body.trim_start().starts_with("/// Proves ");
    let is_test = body.contains("#[test]");
    if proves && is_test { Ok(()) } else { Err(format!("{name} does not say what it proves")) }
}

/// Whether one of the sections is cited, in the whole number: §5.4 is not §5.4.1.
fn cites(body: &str, sections: &str) -> bool {
    let is_cited = |section: &str| {
        body.match_indices(section).any(|(at, _)| {
            let rest = &body[at + section.len()..];
            let mut next = rest.chars();
            !matches!(
                (next.next(), next.next()),
                (Some('.'), Some('0'..='9')) | (Some('0'..='9'), _)
            )
        })
    };
    sections.split(", ").map(|section| section.trim_start_matches("thesis ")).any(is_cited)
}

fn check(rows: Vec<Vec<&'static str>>, of: impl Fn(&[&'static str]) -> Vec<String>) {
    let faults: Vec<String> = rows
        .iter()
        .flat_map(|row| {
            let mut faults = of(row);
            let tests = names(row[row.len() - 1]);
            if tests.is_empty() {
                faults.push("no test".to_owned());
            }
            faults.extend(tests.iter().filter_map(|test| check_test(test).err()));
            faults.into_iter().map(|fault| format!("{}: {fault}", row[0])).collect::<Vec<_>>()
        })
        .collect();
    assert!(faults.is_empty(), "docs/raft-rules.md:\n{}", faults.join("\n"));
}

/// Proves that every rule is enforced in functions that exist and cite its section, and is shown by
/// tests that exist and say what they prove.
#[test]
fn every_rule_has_a_place_and_a_test() {
    let rows = rows(4);
    assert!(rows.len() > 50, "{} rules", rows.len());
    check(rows, |row| {
        let places = names(row[2]);
        let mut faults = Vec::new();
        if places.is_empty() {
            faults.push("enforced nowhere".to_owned());
        }
        for place in places {
            match function("src", place) {
                Ok(body) if !cites(&body, row[1]) => {
                    faults.push(format!("{place} does not cite {}", row[1]));
                }
                Ok(_) => {}
                Err(fault) => faults.push(fault),
            }
        }
        faults
    });
}

/// Proves that every scenario and every bug of the list is shown by tests that exist.
#[test]
fn every_scenario_and_every_bug_has_a_test() {
    let rows = rows(2);
    assert!(rows.len() >= 42, "{} scenarios and bugs", rows.len());
    check(rows, |_| Vec::new());
}
