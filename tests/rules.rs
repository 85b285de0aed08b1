//! The rules of Raft, switched off one by one: each has a script in which that breaks something,
//! and in which nothing breaks as long as the rule is kept.
//!
//! `tests/rules/RULE.lab` tells the story. Its first line says what it shows and where that stands
//! (`# Shows: … (Raft §5.2).`). A line `disable RULE` leaves the rule out; without this line the
//! same script is a run of Raft as it is. A comment right before the line in which it breaks says
//! what: `# breaks: PROPERTY`, be it one that the checkers know or `linearizability` of what the
//! clients were told; or `# breaks: the last assert` where not safety is lost but progress.
//! Each script is run both ways with several seeds, because it is to leave nothing to luck.

use std::fs;
use std::path::{Path, PathBuf};

use lab::linear;
use lab::run::{Remarks, RunOptions, run};
use lab::script::parse_script;
use lab::session::{Opening, Progress, Session};
use sim::member::raft_core::Rule;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=6;

/// What breaks without the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Broken {
    /// A safety property, of this name: the run ends there.
    Safety(String),
    /// Nothing but the last line, which demands that something good has happened.
    LastAssert,
}

/// A script with what it says of itself.
struct Story {
    rule: Rule,
    text: String,
    broken: Broken,
    /// The line in which it breaks.
    broken_line: String,
}

impl Story {
    fn read(rule: Rule) -> Story {
        let path = folder().join(rule.name()).with_extension("lab");
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("no script for {}: {error}", rule.name()));
        let first = text.lines().next().unwrap_or_default();
        let cites = ["(Raft §", "(thesis §"].iter().any(|source| first.contains(source));
        assert!(first.starts_with("# Shows: ") && cites, "{}: {first}", rule.name());
        let disables = text.lines().filter(|line| line.starts_with("disable ")).count();
        assert!(disables == 1 && text.contains(&disabling(rule)), "{}: disables it", rule.name());
        let mut lines = text.lines().skip_while(|line| !line.starts_with("# breaks: "));
        let broken = lines.next().unwrap_or_default().trim_start_matches("# breaks: ");
        let broken = match broken {
            "the last assert" => Broken::LastAssert,
            property => Broken::Safety(property.to_owned()),
        };
        let broken_line = lines.next().unwrap_or_default().to_owned();
        assert!(!broken_line.is_empty(), "{} says where it breaks", rule.name());
        // With the rule, the last line says what good came of it.
        let last = lines.last().unwrap_or(&broken_line);
        let demands = last.starts_with("assert ") || last.starts_with("until ");
        assert!(demands, "{} ends with a demand", rule.name());
        let is_last = *last == broken_line;
        assert!(is_last || broken != Broken::LastAssert, "{}: not the last", rule.name());
        Story { rule, text, broken, broken_line }
    }

    fn with_the_rule(&self) -> String {
        self.text.replace(&disabling(self.rule), "\n")
    }
}

fn disabling(rule: Rule) -> String {
    format!("\ndisable {}\n", rule.name())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

/// How a script went.
#[derive(Debug, PartialEq, Eq)]
struct Played {
    /// The safety property that broke first, and the line in which it did.
    violation: Option<(String, String)>,
    /// Lines that failed before that, but for `etcdctl`: of what its clients learn scripts speak
    /// in predicates.
    failed: Vec<String>,
    /// Exit status of `lab run`.
    status: u8,
}

fn play(name: &str, text: &str, seed: u64) -> Played {
    let mut session = Session::new(Opening { nodes: 3, seed, ..Opening::default() })
        .expect("a session without a set-up begins");
    session.enqueue(parse_script(text).unwrap_or_else(|error| panic!("{name}:{error}")));
    let broken = play_until_broken(&mut session);
    let entries = session.terminal();
    let broken_at = broken.as_ref().map(|(_, place)| *place);
    let before = &entries[..broken_at.unwrap_or(entries.len())];
    let failed = before
        .iter()
        .filter(|entry| entry.exit != Some(0) && !entry.source.contains("etcdctl "))
        .map(|entry| entry.source.clone())
        .collect();
    let violation = broken.map(|(property, place)| (property, entries[place].source.clone()));
    Played { violation, failed, status: exit_status(name, text, seed) }
}

/// Lets a session's lines happen up to the first event that breaks something; says what, and the
/// place of the line under way in the terminal. What clients are told is judged at each answer.
fn play_until_broken(session: &mut Session) -> Option<(String, usize)> {
    while session.busy() {
        let (lines, told) = (session.terminal().len(), session.cluster().history().len());
        let progress = session.advance_while_busy(1);
        if let Some(violation) = session.cluster().violation() {
            let mut entries = session.terminal().iter();
            let place = entries.rposition(|entry| entry.seq < violation.seq.0)?;
            return Some((violation.property.name().to_owned(), place));
        }
        let history = session.cluster().history();
        if history.len() > told && linear::check(history.iter()).is_err() {
            return Some(("linearizability".to_owned(), lines - 1));
        }
        if progress == Progress::Stopped {
            break;
        }
    }
    None
}

fn exit_status(name: &str, text: &str, seed: u64) -> u8 {
    let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("lab");
    fs::write(&script, text).expect("cargo keeps a folder for tests");
    let (trace, history, remarks) = (None, None, Remarks::LeftOut);
    let options = RunOptions { nodes: 3, seed, trace, history, remarks, script };
    run(&options, &mut Vec::new(), &mut Vec::new()).expect("the script can be read")
}

fn stories() -> impl Iterator<Item = Story> {
    Rule::ALL.into_iter().map(Story::read)
}

/// Runs a variant of every story, with every seed, and compares how it went.
fn check(variant: &str, text: impl Fn(&Story) -> String, expected: impl Fn(&Story) -> Played) {
    let mut wrong = Vec::new();
    for story in stories() {
        for seed in SEEDS {
            let name = format!("{}-{variant}", story.rule.name());
            let played = play(&name, &text(&story), seed);
            if played != expected(&story) {
                wrong.push(format!("{name}, seed {seed}: {played:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Proves: without its rule each script breaks just what it says, where it says, and until then
/// all goes as it says.
#[test]
fn without_its_rule_each_script_breaks_what_it_says() {
    let text = |story: &Story| story.text.clone();
    check("off", text, |story| match &story.broken {
        Broken::Safety(property) => {
            let violation = Some((property.clone(), story.broken_line.clone()));
            Played { violation, failed: vec![], status: 3 }
        }
        Broken::LastAssert => {
            Played { violation: None, failed: vec![story.broken_line.clone()], status: 1 }
        }
    });
}

/// Proves: with its rule each script goes to its end, and all that it demands holds.
#[test]
fn with_its_rule_each_script_goes_well() {
    check("on", Story::with_the_rule, |_| Played { violation: None, failed: vec![], status: 0 });
}

/// Proves: every script is one of a rule.
#[test]
fn every_script_is_one_of_a_rule() {
    for entry in fs::read_dir(folder()).expect("tests/rules is there") {
        let path = entry.expect("its entries can be read").path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(Rule::named(name).is_some(), "{name} is no rule");
    }
}
