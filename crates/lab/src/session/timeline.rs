//! What a session *is*: its settings and every line with the event it was issued at. That alone
//! determines every event that follows, so this is also what is saved.

use std::fmt::Write as _;
use std::sync::Arc;

use sim::{Chunks, Settings};

use crate::script::{At, Line, Ppm, ScriptError, parse_script, percentage_text};

/// The first line of a saved session.
const HEADING: &str = "# raft-lab session 1";
const AT_EVENT: &str = "# at event ";
const ISSUED: &str = "# lines issued ";
const SETUP_END: &str = "# set-up ended at event ";
const UNATTENDED: &str = "# nobody there before event ";
const GOAL: &str = "# goal reached: ";

/// One line as it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// The event after which it was issued.
    pub(super) seq: u64,
    /// The line.
    pub(super) line: Line,
}

/// Settings and recorded lines.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    /// The cluster at event 0.
    pub(super) settings: Settings,
    /// Lines in the order in which they were issued; their events never decrease.
    pub(super) recorded: Chunks<Arc<Recorded>>,
    /// The event at which the set-up had ended and goals began to be judged.
    pub(super) setup_end: Option<u64>,
    /// Before this event nobody was there ([`super::Opening::attended`]), as a saved session says. One
    /// that does not come from a saved session is as its opening says.
    pub(super) unattended_before: Option<u64>,
}

impl Timeline {
    pub(super) fn new(settings: Settings) -> Timeline {
        let (setup_end, unattended_before) = (None, None);
        Timeline { settings, recorded: Chunks::default(), setup_end, unattended_before }
    }

    /// What this timeline and another have in common; `None` if they are of different clusters.
    pub(super) fn common_with(&self, other: &Timeline) -> Option<Common> {
        if (&self.settings, self.setup_end) != (&other.settings, other.setup_end) {
            return None;
        }
        // One came from the other, so what they share is one and the same. (To compare commands would
        // be 3 kB of the page.)
        let both = self.recorded.iter().zip(other.recorded.iter());
        let lines = both.take_while(|(one, two)| Arc::ptr_eq(one, two)).count();
        let parting = [self, other].into_iter().filter_map(|timeline| timeline.recorded.get(lines));
        let end = parting.map(|recorded| recorded.seq).min().unwrap_or(u64::MAX);
        Some(Common { lines, end })
    }

    /// The line that is due after event `seq`, if the first `cursor` lines have been issued.
    pub(super) fn due(&self, cursor: usize, seq: u64) -> Option<&Line> {
        self.recorded
            .get(cursor)
            .filter(|recorded| recorded.seq <= seq)
            .map(|recorded| &recorded.line)
    }
}

/// The beginning that two timelines share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Common {
    /// How many lines are the same.
    pub(super) lines: usize,
    /// Up to this event all is the same.
    pub(super) end: u64,
}

/// A saved session, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    /// Lines without an event: they set up the cluster.
    pub(super) opening: Vec<Line>,
    /// Lines with their events.
    pub(super) recorded: Vec<Arc<Recorded>>,
    /// The moment to come back to.
    pub(super) at: Moment,
    /// Where the set-up had ended.
    pub(super) setup_end: Option<u64>,
    /// Before which event nobody was there.
    pub(super) unattended_before: u64,
    /// Goals that had been reached: their ids, and when.
    pub(super) reached: Vec<(String, u64)>,
}

/// A moment of a timeline. The event alone would not do: lines are issued between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The last event.
    pub(super) seq: u64,
    /// How many of the recorded lines have been issued.
    pub(super) issued: usize,
}

/// Writes a session as a script that `lab run` understands too.
pub(super) fn write_saved(
    timeline: &Timeline,
    attended: bool,
    at: Moment,
    reached: impl Iterator<Item = (String, u64)>,
) -> String {
    let mut text = format!("{HEADING}\n");
    opening_lines(&timeline.settings, &mut text);
    if let Some(seq) = timeline.setup_end {
        let _ = writeln!(text, "{SETUP_END}{seq}");
    }
    let last = timeline.recorded.iter().map(|recorded| recorded.seq).max();
    let before = timeline.unattended_before.unwrap_or(if attended { 0 } else { u64::MAX });
    if before > 0 {
        let _ = writeln!(text, "{UNATTENDED}{}", before.min(last.unwrap_or(0).max(at.seq) + 1));
    }
    for (id, seq) in reached {
        let _ = writeln!(text, "{GOAL}{id} {seq}");
    }
    for recorded in timeline.recorded.iter() {
        let _ = writeln!(text, "@{} {}", recorded.seq, bare(&recorded.line));
    }
    let _ = writeln!(text, "{AT_EVENT}{}\n{ISSUED}{}", at.seq, at.issued);
    text
}

/// Settings that differ from the usual ones, then size and seed, which make the cluster anew.
fn opening_lines(settings: &Settings, text: &mut String) {
    let usual = Settings::default();
    let times = [
        ("heartbeat", settings.heartbeat, usual.heartbeat),
        ("election-timeout", settings.election_timeout, usual.election_timeout),
        ("latency", settings.latency, usual.latency),
        ("jitter", settings.jitter, usual.jitter),
        ("sync-latency", settings.sync_latency, usual.sync_latency),
        ("client-latency", settings.client_latency, usual.client_latency),
    ];
    for (name, value, usual) in times {
        if value != usual {
            let _ = writeln!(text, "set {name} {}us", value.0);
        }
    }
    if settings.snapshot_count != usual.snapshot_count {
        let _ = writeln!(text, "set snapshot-count {}", settings.snapshot_count);
    }
    if settings.quota_bytes != usual.quota_bytes {
        let _ = writeln!(text, "set quota-backend-bytes {}", settings.quota_bytes);
    }
    if settings.loss_ppm != usual.loss_ppm {
        let _ = writeln!(text, "set loss {}", percentage_text(Ppm(settings.loss_ppm)));
    }
    let switches = [
        ("pre-vote", settings.pre_vote),
        ("check-quorum", settings.check_quorum),
        ("strict-reconfig-check", settings.strict_reconfig_check),
    ];
    for (name, is_on) in switches {
        if !is_on {
            let _ = writeln!(text, "set {name} off");
        }
    }
    for rule in sim::member::raft_core::Rule::ALL {
        if !settings.rules.on(rule) {
            let _ = writeln!(text, "disable {}", rule.name());
        }
    }
    let _ = writeln!(text, "nodes {}\nseed {}", settings.nodes, settings.seed);
}

/// The line without its `@…`.
pub(super) fn bare(line: &Line) -> String {
    let text = line.text();
    let text = text.trim_start();
    match (line.at, text.split_once(char::is_whitespace)) {
        (Some(_), Some((_, rest))) => rest.trim_start().to_owned(),
        _ => text.to_owned(),
    }
}

/// Whether a text is one of [`write_saved`].
pub(super) fn is_saved(text: &str) -> bool {
    text.lines().next() == Some(HEADING)
}

/// Reads what [`write_saved`] wrote.
///
/// # Errors
/// As for a script; a text without the heading is not a saved session.
pub(super) fn read_saved(text: &str) -> Result<Saved, ScriptError> {
    if !is_saved(text) {
        let message = format!("expected a saved session, whose first line is `{HEADING}`");
        return Err(ScriptError { line: 1, column: 1, message });
    }
    let mut saved = notes(text);
    for line in parse_script(text)? {
        match line.at {
            Some(At::Event(seq)) => saved.recorded.push(Arc::new(Recorded { seq, line })),
            Some(At::Time(_)) => {
                let message = "a saved session has events before its lines, not times".to_owned();
                return Err(ScriptError { line: line.line_number, column: 1, message });
            }
            None => saved.opening.push(line),
        }
    }
    Ok(saved)
}

/// What a saved session says of itself beside its lines. Of the moment to come back to, the last that
/// is named counts, since lines of a here-document stand before it; of all else, the first.
pub(super) fn notes(text: &str) -> Saved {
    let at = Moment { seq: 0, issued: 0 };
    let (opening, recorded, reached) = (Vec::new(), Vec::new(), Vec::new());
    let (setup_end, unattended_before) = (None, 0);
    let mut saved = Saved { opening, recorded, at, setup_end, unattended_before, reached };
    for line in text.lines() {
        if let Some(seq) = number(line, AT_EVENT) {
            saved.at.seq = seq;
        } else if let Some(issued) = number(line, ISSUED) {
            saved.at.issued = usize::try_from(issued).unwrap_or(0);
        } else if saved.setup_end.is_none() {
            saved.setup_end = number(line, SETUP_END);
        }
        if saved.unattended_before == 0 {
            saved.unattended_before = number(line, UNATTENDED).unwrap_or(0);
        }
        saved.reached.extend(reached_goal(line));
    }
    saved
}

fn number(line: &str, prefix: &str) -> Option<u64> {
    line.strip_prefix(prefix)?.parse().ok()
}

fn reached_goal(line: &str) -> Option<(String, u64)> {
    let (id, seq) = line.strip_prefix(GOAL)?.rsplit_once(' ')?;
    Some((id.to_owned(), seq.parse().ok()?))
}
