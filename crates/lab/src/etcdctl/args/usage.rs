//! Help texts, made from the table: the real program's layout, our own words.

use std::fmt::Write;

use super::commands::{Body, COMMANDS, GLOBAL_FLAGS, HELP_FLAG, Spec};
use super::flags::Flag;
use super::inherited_flags;

/// What `--help` prints.
pub(super) fn page(path: &[&Spec]) -> String {
    of(path) + "\n"
}

/// The usage of a command; of etcdctl itself if the path is empty.
pub(super) fn of(path: &[&Spec]) -> String {
    let mut text = String::new();
    let names: Vec<&str> = path.iter().map(|spec| spec.name).collect();
    match path.last() {
        None => {
            text.push_str(
                "NAME:\n\tetcdctl - Talk to an etcd cluster.\n\nUSAGE:\n\tetcdctl [flags]\n",
            );
            text.push_str("\nVERSION:\n\t3.5.1\n\nAPI VERSION:\n\t3.5\n\nCOMMANDS:\n");
            text.push_str(&rows(all_commands()));
        }
        Some(spec) => {
            let name = names.join(" ");
            let _ = writeln!(text, "NAME:\n\t{name} - {}\n", spec.says);
            let usage =
                if spec.usage.is_empty() { String::new() } else { format!(" {}", spec.usage) };
            let _ = writeln!(text, "USAGE:\n\tetcdctl {name}{usage} [flags]");
            if let Body::Group(specs) = spec.body {
                text.push_str("\nCOMMANDS:\n");
                text.push_str(&rows(
                    specs.iter().map(|spec| (spec.name.to_owned(), spec.says)).collect(),
                ));
            }
        }
    }
    let own = path.last().map_or(GLOBAL_FLAGS, |spec| spec.flags);
    text.push_str("\nOPTIONS:\n");
    text.push_str(&flag_rows(own.iter().chain([&HELP_FLAG])));
    if !path.is_empty() {
        text.push_str("\nGLOBAL OPTIONS:\n");
        text.push_str(&flag_rows(inherited_flags(path, GLOBAL_FLAGS).iter()));
    }
    text
}

/// What a request of a `txn` shows when its flags make no sense: there, the real program has the
/// layout of its library.
pub(super) fn of_request(spec: &Spec) -> String {
    let flags = flag_rows(spec.flags.iter().chain([&HELP_FLAG]));
    format!("Usage:\n   {} {} [flags]\n\nFlags:\n{flags}\n", spec.name, spec.usage)
}

/// Every command with its group's name before it, in alphabetical order.
fn all_commands() -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for spec in COMMANDS {
        match spec.body {
            Body::Group(specs) => {
                found.extend(
                    specs.iter().map(|sub| (format!("{} {}", spec.name, sub.name), sub.says)),
                );
            }
            Body::Built { .. } | Body::NotBuilt | Body::Help => {
                found.push((spec.name.to_owned(), spec.says));
            }
        }
    }
    found.sort_unstable();
    found
}

fn rows(rows: Vec<(String, &str)>) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    rows.into_iter().map(|(name, says)| format!("\t{name:<width$}{says}\n")).collect()
}

fn flag_rows<'a>(flags: impl Iterator<Item = &'a Flag>) -> String {
    let mut flags: Vec<&Flag> = flags.collect();
    flags.sort_unstable_by_key(|flag| flag.name);
    let rows: Vec<(String, &str)> = flags
        .into_iter()
        .map(|flag| {
            let short = match flag.short {
                Some(short) => format!("-{}, ", char::from(short)),
                None => "    ".to_owned(),
            };
            (format!("  {short}--{}{}", flag.name, flag.default), flag.says)
        })
        .collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 2;
    rows.into_iter().map(|(name, says)| format!("{name:<width$}{says}\n")).collect()
}
