//! The settings of a cluster as dials and switches: what each is now, what it means, which line of
//! the language turns it. What cannot work, and why, is worked out in [`crate::advice`].

use sim::member::raft_core::Rule;
use sim::{Cluster, Settings, SettingsError};

use crate::advice::{Advice, advise, until_next_leader};
use crate::rules::{self, RuleWords};
use crate::script::{
    Command, Micros, NodeRef, Ppm, duration_text, parse_line, percentage_text, rate_text,
};
use crate::words::spaced;

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsView {
    /// Quantities.
    pub dials: Vec<DialView>,
    /// The clock of each node.
    pub clocks: Vec<DialView>,
    /// What is on or off: settings of etcd's.
    pub switches: Vec<SwitchView>,
    /// What is on or off: rules of Raft.
    pub rules: Vec<SwitchView>,
    /// What cannot work, the worst first.
    pub advice: Vec<Advice>,
    /// What follows from them: how soon a lost leader is replaced.
    pub outlook: String,
    /// The lines that set everything as it is at first; empty if it is.
    pub reset: String,
    /// The settings themselves, against which a new value is checked.
    settings: Settings,
}

/// A quantity that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialView {
    /// What a line that sets it begins with: `set latency`.
    pub line: String,
    /// Its name: `Latency`.
    pub name: String,
    /// What it is, and from when on a new value holds.
    pub what: &'static str,
    /// Its value with its unit: `40 ms`.
    pub value: String,
    /// The values that a slider goes through, as the language writes them.
    pub steps: &'static [&'static str],
    /// The step that is nearest, or the next above.
    pub at: u32,
}

/// Something that is on or off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchView {
    /// Its name in the language.
    pub name: &'static str,
    /// Its name in words.
    pub title: &'static str,
    /// What it is good for.
    pub what: &'static str,
    /// Where it stands.
    pub source: &'static str,
    /// Whether it is on.
    pub on: bool,
    /// The line that switches it.
    pub line: String,
}

/// What a dial is, apart from its value.
struct Kind {
    /// The setting's name in the language.
    setting: &'static str,
    name: &'static str,
    what: &'static str,
    steps: &'static [&'static str],
    /// The value, as the language writes it.
    value: fn(&Settings) -> String,
}

const TIMES: [&str; 17] = [
    "0ms", "1ms", "2ms", "5ms", "10ms", "20ms", "40ms", "60ms", "100ms", "150ms", "200ms", "300ms",
    "400ms", "600ms", "1s", "2s", "5s",
];
const HEARTBEATS: [&str; 9] =
    ["10ms", "20ms", "50ms", "100ms", "150ms", "200ms", "300ms", "500ms", "1s"];
const TIMEOUTS: [&str; 10] =
    ["100ms", "200ms", "300ms", "500ms", "1s", "1500ms", "2s", "3s", "5s", "10s"];
const SHARES: [&str; 10] = ["0%", "1%", "2%", "5%", "10%", "20%", "30%", "50%", "80%", "100%"];
const COUNTS: [&str; 10] = ["1", "2", "5", "10", "20", "50", "100", "1000", "10000", "100000"];
const QUOTAS: [&str; 8] =
    ["20480", "32768", "65536", "131072", "1048576", "16777216", "268435456", "2147483648"];
const RATES: [&str; 15] = [
    "0.1x", "0.2x", "0.5x", "0.8x", "0.9x", "0.99x", "1x", "1.01x", "1.1x", "1.2x", "1.5x", "2x",
    "3x", "5x", "10x",
];

fn time(of: fn(&Settings) -> Micros, settings: &Settings) -> String {
    duration_text(of(settings))
}

/// Every quantity that `set` knows.
const DIALS: [Kind; 9] = [
    Kind {
        setting: "latency",
        name: "Latency",
        what: "One way between two nodes. On every link at once, also those with a latency of their own; what is under way keeps its time.",
        steps: &TIMES,
        value: |settings| time(|settings| settings.latency, settings),
    },
    Kind {
        setting: "jitter",
        name: "Jitter",
        what: "Up to how much longer a message takes, by chance. On every link at once.",
        steps: &TIMES,
        value: |settings| time(|settings| settings.jitter, settings),
    },
    Kind {
        setting: "loss",
        name: "Loss",
        what: "Messages that get lost, by chance. On every link at once.",
        steps: &SHARES,
        value: |settings| percentage_text(Ppm(settings.loss_ppm)),
    },
    Kind {
        setting: "heartbeat",
        name: "Heartbeat",
        what: "How often a leader shows that it lives, and every clock ticks. Holds from each node's next tick on.",
        steps: &HEARTBEATS,
        value: |settings| time(|settings| settings.heartbeat, settings),
    },
    Kind {
        setting: "election-timeout",
        name: "Election timeout",
        what: "Silence after which a follower stands: this long up to twice that, by chance, in whole heartbeats. Holds at once; timers that run are drawn anew.",
        steps: &TIMEOUTS,
        value: |settings| time(|settings| settings.election_timeout, settings),
    },
    Kind {
        setting: "sync-latency",
        name: "Disk sync",
        what: "How long a write takes until it is safe on a disk. Holds for the next write.",
        steps: &TIMES,
        value: |settings| time(|settings| settings.sync_latency, settings),
    },
    Kind {
        setting: "client-latency",
        name: "Client latency",
        what: "One way between a client and a node. Holds for the next message.",
        steps: &TIMES,
        value: |settings| time(|settings| settings.client_latency, settings),
    },
    Kind {
        setting: "snapshot-count",
        name: "Snapshot count",
        what: "Applied entries between two snapshots. A node takes a new value up when it starts again.",
        steps: &COUNTS,
        value: |settings| settings.snapshot_count.to_string(),
    },
    Kind {
        setting: "quota-backend-bytes",
        name: "Quota",
        what: "How many bytes a node’s store may take: beyond, it raises an alarm, and nothing is written until that is disarmed. Holds at once.",
        steps: &QUOTAS,
        value: |settings| settings.quota_bytes.to_string(),
    },
];

const CLOCK: &str = "How fast it runs, of true time. Holds at once.";

/// All settings of a cluster.
pub(crate) fn settings(cluster: &Cluster) -> SettingsView {
    let settings = cluster.settings();
    SettingsView {
        dials: DIALS.iter().map(|kind| dial(kind, settings)).collect(),
        clocks: cluster.nodes().map(clock).collect(),
        switches: switches(settings),
        rules: rules(settings),
        advice: advise(cluster),
        outlook: until_next_leader(cluster),
        reset: reset(cluster),
        settings: settings.clone(),
    }
}

fn dial(kind: &Kind, settings: &Settings) -> DialView {
    let line = format!("set {}", kind.setting);
    let value = (kind.value)(settings);
    DialView {
        at: step(&line, kind.steps, &value),
        line,
        name: kind.name.to_owned(),
        what: kind.what,
        value: spaced(&value),
        steps: kind.steps,
    }
}

fn clock(node: &sim::Node) -> DialView {
    let line = format!("clock {}", node.id());
    let value = rate_text(Ppm(node.clock_rate_ppm()));
    DialView {
        at: step(&line, &RATES, &value),
        line,
        name: format!("Clock of {}", node.id()),
        what: CLOCK,
        value: spaced(&value),
        steps: &RATES,
    }
}

/// How much a line sets, in the smallest unit that it has.
fn amount(line: &str) -> Option<u64> {
    use crate::script::Setting;
    match parse_line(line).ok()?.command {
        Command::Clock { rate, .. } => Some(rate.0.into()),
        Command::Set(setting) => match setting {
            Setting::Heartbeat(time)
            | Setting::ElectionTimeout(time)
            | Setting::Latency(time)
            | Setting::Jitter(time)
            | Setting::SyncLatency(time)
            | Setting::ClientLatency(time) => Some(time.0),
            Setting::Loss(share) => Some(share.0.into()),
            Setting::SnapshotCount(number) | Setting::QuotaBackendBytes(number) => Some(number),
            Setting::PreVote(_) | Setting::CheckQuorum(_) | Setting::StrictReconfigCheck(_) => None,
        },
        _ => None,
    }
}

/// The first step that is not below `value`, or the last.
fn step(line: &str, steps: &[&str], value: &str) -> u32 {
    let of = |value: &str| amount(&format!("{line} {value}"));
    let last = steps.len().saturating_sub(1);
    let found = steps.iter().position(|step| of(step) >= of(value));
    u32::try_from(found.unwrap_or(last)).unwrap_or(0)
}

fn switches(settings: &Settings) -> Vec<SwitchView> {
    let switch = |name, title, what, source, on: bool| {
        let line = format!("set {name} {}", if on { "off" } else { "on" });
        SwitchView { name, title, what, source, on, line }
    };
    let [pre_vote, check_quorum] = [Rule::PreVote, Rule::CheckQuorum].map(rules::words);
    let of =
        |words: RuleWords, name, on| switch(name, words.title, words.protects, words.source, on);
    vec![
        of(pre_vote, "pre-vote", settings.pre_vote),
        of(check_quorum, "check-quorum", settings.check_quorum),
        switch(
            "strict-reconfig-check",
            "Refuse risky changes of the members",
            "Without it, members can be added while others are away, and the quorum may be lost.",
            "etcd --strict-reconfig-check",
            settings.strict_reconfig_check,
        ),
    ]
}

/// The rules that only `disable` and `enable` switch.
fn rules(settings: &Settings) -> Vec<SwitchView> {
    let rule = |rule: Rule| {
        let RuleWords { title, protects, source } = rules::words(rule);
        let (on, name) = (settings.rules.on(rule), rule.name());
        let line = format!("{} {name}", if on { "disable" } else { "enable" });
        SwitchView { name, title, what: protects, source, on, line }
    };
    let is_setting = |rule: &Rule| matches!(rule, Rule::PreVote | Rule::CheckQuorum);
    Rule::ALL.into_iter().filter(|rule| !is_setting(rule)).map(rule).collect()
}

/// What is not as at first, set back. The latency goes last: the others may not be possible before.
fn reset(cluster: &Cluster) -> String {
    let (settings, first) = (cluster.settings(), Settings::default());
    let mut lines: Vec<String> = Vec::new();
    // An election timeout must be two heartbeats at least: the longer of both is set first.
    let grows = settings.election_timeout < first.election_timeout;
    let mut kinds: Vec<&Kind> = DIALS.iter().collect();
    if grows && let Some(place) = kinds.iter().position(|it| it.setting == "election-timeout") {
        let timeout = kinds.remove(place);
        kinds.insert(0, timeout);
    }
    for kind in kinds {
        let value = (kind.value)(&first);
        if value != (kind.value)(settings) {
            lines.push(format!("set {} {value}", kind.setting));
        }
    }
    let slow = cluster.nodes().filter(|node| node.clock_rate_ppm() != 1_000_000);
    lines.extend(slow.map(|node| format!("clock {} 1x", node.id())));
    let off = switches(settings).into_iter().chain(rules(settings)).filter(|switch| !switch.on);
    lines.extend(off.map(|switch| switch.line));
    lines.join("\n")
}

impl SettingsView {
    /// The line that gives a dial the value that was typed: `40ms`, `40 ms`, or a bare `40` in the
    /// unit that the value has now.
    ///
    /// # Errors
    /// Says what is wrong with the value.
    pub fn line(&self, dial: &DialView, typed: &str) -> Result<String, String> {
        let mut value: String = typed.split_whitespace().collect();
        value = value.replace('×', "x").replace('µ', "u").replace(',', ".");
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if is_number && !value.is_empty() {
            let unit: String = dial.value.chars().skip_while(|it| !it.is_whitespace()).collect();
            value.push_str(&unit.trim().replace('×', "x").replace('µ', "u"));
        }
        let line = format!("{} {value}", dial.line);
        let parsed = parse_line(&line).map_err(|error| error.message)?;
        self.possible(&parsed.command).map_err(|error| error.to_string())?;
        Ok(parsed.to_string())
    }

    fn possible(&self, command: &Command) -> Result<(), SettingsError> {
        match command {
            Command::Set(setting) => {
                self.settings.with(crate::session::sim_setting(*setting)).map(|_| ())
            }
            Command::Clock { node: NodeRef::Node(_), .. } => Ok(()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Opening, Session};

    fn view(setup: &str) -> SettingsView {
        let setup = setup.to_owned();
        let opening = Opening { nodes: 3, seed: 1, setup, ..Opening::default() };
        Session::new(opening).expect("a good script").settings()
    }

    fn dial<'a>(view: &'a SettingsView, name: &str) -> &'a DialView {
        let found = view.dials.iter().chain(&view.clocks).find(|dial| dial.name == name);
        found.expect("a dial of that name")
    }

    /// Proves: every setting of the language has a dial or a switch, every rule a switch, and the
    /// reference of the language says the same of what they are at first.
    #[test]
    fn nothing_is_missing() {
        let view = view("");
        let reference = include_str!("../../../docs/script.md");
        let table = reference.split("| setting | at first |").nth(1).expect("the table");
        for row in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let (name, first) = (cells[1].trim_matches('`'), cells[2]);
            let line = format!("set {name}");
            match view.dials.iter().find(|dial| dial.line == line) {
                Some(dial) => {
                    let step = dial.steps[dial.at as usize];
                    let same = |text: &str| amount(&format!("{line} {text}"));
                    assert_eq!(same(step), same(first), "{name}");
                    assert!(dial.steps.iter().all(|step| same(step).is_some()), "{name}");
                    assert!(dial.steps.is_sorted_by_key(|step| same(step)), "{name}");
                }
                None => {
                    let switch = view.switches.iter().find(|switch| switch.name == name);
                    let switch = switch.unwrap_or_else(|| panic!("nothing switches {name}"));
                    assert!(switch.on && first == "on", "{name}");
                }
            }
        }
        assert_eq!(view.rules.len() + 2, Rule::ALL.len());
        assert_eq!(view.reset, "");
    }

    /// Proves: what is typed becomes a line, with forgiveness for blanks and units, and what cannot
    /// be is said with its reason.
    #[test]
    fn typed_values() {
        let view = view("set latency 40ms");
        let check = |name: &str, typed: &str, line: Result<&str, &str>| {
            let found = view.line(dial(&view, name), typed);
            let found = found.as_deref().map_err(String::as_str);
            assert_eq!(found, line, "{name} {typed}");
        };
        assert_eq!(dial(&view, "Latency").value, "40 ms");
        assert_eq!(dial(&view, "Latency").steps[dial(&view, "Latency").at as usize], "40ms");
        check("Latency", "60", Ok("set latency 60ms"));
        check("Latency", " 1.5 s ", Ok("set latency 1.5s"));
        check("Loss", "5", Ok("set loss 5%"));
        check("Clock of n2", "1.2 ×", Ok("clock n2 1.2x"));
        check("Snapshot count", "50", Ok("set snapshot-count 50"));
        check("Latency", "soon", Err("expected a time such as 100ms, 1.5s or 2m, not `soon`"));
        check("Latency", "", Err("expected a time such as 100ms or 1.5s"));
        check(
            "Latency",
            "40ms\ncrash n1",
            Err("expected a time such as 100ms, 1.5s or 2m, not `40mscrashn1`"),
        );
        check("Loss", "120 %", Err("`120%` is more than 100%"));
        check("Heartbeat", "800ms", Err("the election timeout must be from two heartbeats to 1 h"));
        check(
            "Election timeout",
            "100ms",
            Err("the election timeout must be from two heartbeats to 1 h"),
        );
        check("Clock of n2", "20", Err("a clock runs at 0.1x to 10x of true time, not at `20x`"));
    }

    /// Proves: setting everything back does so, whatever was changed, and is accepted line by line.
    #[test]
    fn everything_can_be_set_back() {
        for setup in [
            "set election-timeout 200ms\nset heartbeat 20ms\nset loss 5%\nclock n2 1.5x\ndisable majority",
            "set election-timeout 10s\nset heartbeat 2s\nset pre-vote off\nset latency 1s\ndisable check-quorum",
            "set strict-reconfig-check off\nset snapshot-count 7\nset sync-latency 9ms\nset jitter 0s\nset client-latency 5ms",
        ] {
            let opening =
                Opening { nodes: 3, seed: 1, setup: setup.to_owned(), ..Opening::default() };
            let mut session = Session::new(opening).expect("a good script");
            let changed = session.settings();
            assert_ne!(changed.reset, "", "{setup}");
            session.apply(&changed.reset).expect("lines of the language");
            let failed =
                session.terminal().iter().filter(|entry| entry.exit.is_some_and(|exit| exit != 0));
            assert_eq!(failed.count(), 0, "{setup}: {:?}", session.terminal());
            assert_eq!(session.settings().reset, "", "{setup}");
        }
    }
}
