//! Completion of predicates: what could follow the words so far.

use super::parse::ATOMS;
use sim::Property;

use super::RoleName;

/// What could come after these words; empty where only the learner knows.
pub(crate) fn complete(words: &[&str]) -> Vec<String> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let nodes = ["n1", "n2", "n3", "n4", "n5", "n6", "n7", "leader", "follower"];
    let joins = ["and", "or", "while", "then", "since"];
    let last = words.last().copied().unwrap_or("");
    let before = words.len().checked_sub(2).and_then(|index| words.get(index)).copied();
    match (before.unwrap_or(""), last) {
        (_, "" | "and" | "or" | "not" | "while" | "then" | "(") => owned(&ATOMS),
        (_, "since") => owned(&["start"]),
        (_, "no") => owned(&["leader"]),
        (_, "quorum") => owned(&["lost"]),
        (_, "snapshot") => owned(&["sent"]),
        (_, "sent") => owned(&["to"]),
        (_, "watch") => owned(&["fired"]),
        (_, "on") => [owned(&nodes), owned(&["all"])].concat(),
        (_, "all") => owned(&["nodes"]),
        (
            _,
            "role" | "commit" | "applied" | "log" | "durable" | "revision" | "running" | "crashed"
            | "paused" | "cut" | "clogged" | "isolated" | "voter" | "learner" | "is" | "to" | "->",
        ) => owned(&nodes),
        (_, "write") => owned(&["acknowledged", "failed", "unknown", "waiting"]),
        (_, "read") => owned(&["answered", "failed", "unknown", "waiting"]),
        ("client", _) => owned(&["ok", "failed", "unknown", "waiting"]),
        ("cut" | "clogged", _) => [owned(&nodes), owned(&["->"])].concat(),
        (_, "violated") => [owned(&Property::ALL.map(Property::name)), owned(&joins)].concat(),
        ("role", _) => owned(&["=", "!="]),
        ("key", _) => owned(&["=", "!=", "missing"]),
        (_, "=" | "!=") if words.len() >= 3 && words[words.len() - 3] == "role" => {
            owned(&RoleName::ALL.map(RoleName::name))
        }
        (_, "leader") => [owned(&["is"]), owned(&joins)].concat(),
        ("=" | "!=", _) if words.len() >= 4 && words[words.len() - 4] == "key" => owned(&["on"]),
        (_, "missing") => owned(&["on"]),
        (_, "key" | "client" | "time" | "=" | "!=" | "<" | "<=" | ">" | ">=") => Vec::new(),
        (_, "term" | "leaders" | "down" | "nodes" | "voters" | "event") => {
            owned(&["=", "!=", "<", "<=", ">", ">="])
        }
        _ => owned(&joins),
    }
}
