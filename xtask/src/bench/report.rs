//! Floors, targets, and the tables.

use std::fmt::Write as _;

use super::figures::{Better, Figures, Place};

/// What was found.
pub(super) struct Report {
    /// Tables in Markdown.
    pub(super) tables: String,
    /// Floors that were missed, in words.
    pub(super) missed: Vec<String>,
}

/// How a number is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many a second.
    ASecond,
    /// Times as fast as somebody else.
    Times,
    /// Of a number in seconds.
    Milliseconds,
    /// Of a number in seconds.
    Microseconds,
    /// Of a number in bytes: millions.
    Megabytes,
    /// Of a number in bytes: thousands.
    Kilobytes,
    /// A number.
    Count,
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Unit::ASecond => format!("{}/s", thousands(value)),
            Unit::Times => format!("{value:.2}×"),
            Unit::Milliseconds => format!("{:.1} ms", value * 1e3),
            Unit::Microseconds => format!("{:.1} µs", value * 1e6),
            Unit::Megabytes => format!("{:.1} MB", value / 1e6),
            Unit::Kilobytes => format!("{:.1} kB", value / 1e3),
            Unit::Count => thousands(value),
        }
    }

    fn better(self) -> Better {
        match self {
            Unit::ASecond | Unit::Times => Better::Higher,
            Unit::Milliseconds
            | Unit::Microseconds
            | Unit::Megabytes
            | Unit::Kilobytes
            | Unit::Count => Better::Lower,
        }
    }
}

/// What the design (§11) asks of a figure.
#[derive(Clone, Copy, Debug)]
struct Budget {
    /// Where it is held.
    place: Place,
    /// What must be kept.
    floor: f64,
    /// What is aimed at.
    target: f64,
}

/// How a figure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Target,
    Floor,
    Missed,
}

impl Budget {
    /// The target by the median of the rounds, the floor by the second best of them.
    fn judge(self, name: &str, unit: Unit, figures: &Figures) -> Option<Verdict> {
        let better = unit.better();
        let keeps = |value: f64, limit: f64| match better {
            Better::Higher => value >= limit,
            Better::Lower => value <= limit,
        };
        let median = figures.median(name, self.place)?;
        let second_best = figures.second_best(name, self.place, better)?;
        Some(if keeps(median, self.target) {
            Verdict::Target
        } else if keeps(second_best, self.floor) {
            Verdict::Floor
        } else {
            Verdict::Missed
        })
    }
}

/// A row of the second table.
struct Row {
    /// The figure's name.
    name: String,
    /// What it is, in words.
    what: String,
    unit: Unit,
    budget: Option<Budget>,
}

/// What the design asks of the simulator in WebAssembly with 5 nodes; of a session, too, as that is
/// what the page runs.
const EVENTS: Budget = Budget { place: Place::Page, floor: 400_000.0, target: 1_340_000.0 };
/// … of a seek within 100,000 events.
const SEEK: Budget = Budget { place: Place::Page, floor: 0.050, target: 0.016 };
/// … of one simulated hour with 7 nodes.
const HOUR: Budget = Budget { place: Place::Page, floor: 128e6, target: 64e6 };
/// … of a frame's scripting, 95 of 100, with 7 nodes and 100 messages under way.
const FRAME: Budget = Budget { place: Place::Browser, floor: 0.006, target: 0.004 };
/// … of what the first load of a lesson may take over the wire.
const LOAD: Budget = Budget { place: Place::Browser, floor: 420e3, target: 350e3 };
/// … and issue 5 of a range of 100 keys out of 100,000 at an old revision.
const OLD_RANGE: Budget = Budget { place: Place::Native, floor: 50e-6, target: 50e-6 };
/// … of raft-core against the `raft` crate.
const RATIO: Budget = Budget { place: Place::Native, floor: 1.0, target: 2.0 };

fn row(name: &str, what: &str, unit: Unit, budget: Option<Budget>) -> Row {
    Row { name: name.to_owned(), what: what.to_owned(), unit, budget }
}

/// What is measured in Chromium.
fn browser_rows() -> Vec<Row> {
    let held = |budget: Budget| Some(Budget { place: Place::Browser, ..budget });
    let ms = Unit::Milliseconds;
    vec![
        row("frame/messages", "messages under way, 7 nodes", Unit::Count, None),
        row("frame/median", "a frame's scripting, median", ms, None),
        row("frame/p95", "a frame's scripting, 95 of 100", ms, Some(FRAME)),
        row("frame/drawing-p95", "style, layout, paint, 95 of 100", ms, None),
        row("frame/per-second", "frames", Unit::ASecond, None),
        row("frame-throttled/p95", "scripting at a quarter of the speed, 95 of 100", ms, None),
        row("frame-throttled/drawing-p95", "style, layout, paint at a quarter", ms, None),
        row("frame-throttled/per-second", "frames at a quarter of the speed", Unit::ASecond, None),
        row("jump/median", "seek within 100,000 events until painted, median", ms, None),
        row("jump/p95", "seek until painted, 95 of 100", ms, None),
        row("jump/worst", "seek until painted, worst of 200", ms, held(SEEK)),
        row("load/bytes", "first load of a lesson, over the wire", Unit::Kilobytes, Some(LOAD)),
        row("load/seconds", "until the lab can be used", ms, None),
        row("load/seconds-slow", "… over slow 4G, at a quarter of the speed", ms, None),
        row(
            "long/ten-minutes-bytes",
            "memory of 10 minutes, 7 nodes, nobody writes",
            Unit::Megabytes,
            None,
        ),
        row("long/ten-minutes-seconds", "those 10 minutes at top speed", ms, None),
        row(
            "long/hour-bytes",
            "memory of an hour, 7 nodes, nobody writes",
            Unit::Megabytes,
            held(HOUR),
        ),
        row("long/hour-events", "events of that hour", Unit::Count, None),
    ]
}

/// What is measured of the store alone, natively, with 100,000 keys.
fn store_rows() -> Vec<Row> {
    let (speed, time) = (Unit::ASecond, Unit::Microseconds);
    vec![
        row("store/put", "store: put, new key", speed, None),
        row("store/txn", "store: transaction, compare a key and put it", speed, None),
        row("store/range", "store: range of 100 keys", speed, None),
        row("store/range-old", "store: … at an old revision, one takes", time, Some(OLD_RANGE)),
        row("store/key-bytes", "store: memory a key, beside key and value", Unit::Count, None),
        row("store/version-bytes", "store: memory a further version", Unit::Count, None),
        row("store/snapshot", "store: a snapshot's bytes are made", Unit::Milliseconds, None),
        row("store/clone", "store: a clone takes", time, None),
    ]
}

/// What is measured of programs, natively and in WebAssembly.
fn program_rows() -> Vec<Row> {
    let mut rows = store_rows();
    for nodes in [3, 5, 7] {
        let budget = (nodes == 5).then_some(EVENTS);
        for (name, what, budget) in [
            ("cluster/idle", "simulator, idle", budget),
            ("cluster/busy", "simulator, 100 writes/s", budget),
            ("session/idle", "session, idle", budget),
            // A third of this is lines being read and told, which is no event; the floor holds even so.
            ("session/busy", "session, 10 lines/s", budget),
        ] {
            let name = format!("simulator/{nodes}/{name}");
            rows.push(row(&name, &format!("{what}, {nodes} nodes"), Unit::ASecond, budget));
        }
    }
    rows.extend([
        row("seek/median", "seek, median", Unit::Milliseconds, None),
        row("seek/p95", "seek, 95 of 100", Unit::Milliseconds, None),
        row("seek/worst", "seek, worst of 400", Unit::Milliseconds, Some(SEEK)),
        row("hour/bytes", "memory of an hour, 7 nodes", Unit::Megabytes, Some(HOUR)),
        row("hour/events", "events of that hour", Unit::Count, None),
        row("checkpoint/seconds", "a checkpoint takes", Unit::Microseconds, None),
        row("checkpoint/bytes", "a checkpoint keeps", Unit::Kilobytes, None),
    ]);
    rows
}

/// Judges all that was measured.
pub(super) fn report(figures: &Figures) -> Report {
    let mut report = Report { tables: String::new(), missed: Vec::new() };
    raft_table(figures, &mut report);
    table(&Place::PROGRAMS, program_rows(), figures, &mut report);
    table(&Place::BROWSER, browser_rows(), figures, &mut report);
    report
}

fn raft_table(figures: &Figures, report: &mut Report) {
    let mut rows = String::new();
    for nodes in [3, 5, 7] {
        let number = |name: &str, unit: Unit| {
            let median = figures.median(&format!("raft/{nodes}/{name}"), Place::Native);
            median.map_or("–".to_owned(), |value| unit.text(value))
        };
        let name = format!("raft/{nodes}/ratio");
        let Some(verdict) = RATIO.judge(&name, Unit::Times, figures) else { continue };
        let _ = writeln!(
            rows,
            "| {nodes} nodes | {} | {} | {} | {} | {} | {} |",
            number("ours/proposals", Unit::ASecond),
            number("theirs/proposals", Unit::ASecond),
            number("ratio", Unit::Times),
            number("ours/messages", Unit::ASecond),
            number("theirs/messages", Unit::ASecond),
            judged(&format!("raft-core, {nodes} nodes"), Unit::Times, RATIO, verdict, report),
        );
    }
    if !rows.is_empty() {
        report.tables.push_str(
            "| committed proposals | raft-core | `raft` 0.7.0 | ratio | messages, raft-core \
             | messages, `raft` | floor, target |\n|---|---:|---:|---:|---:|---:|---|\n",
        );
        report.tables.push_str(&rows);
    }
}

/// A table with a column for each place, of what was measured in one of them.
fn table(places: &[Place], rows: Vec<Row>, figures: &Figures, report: &mut Report) {
    let mut lines = String::new();
    for Row { name, what, unit, budget } in rows {
        let values = places.iter().map(|place| figures.median(&name, *place));
        let values: Vec<Option<f64>> = values.collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let verdict = budget.and_then(|budget| Some((budget, budget.judge(&name, unit, figures)?)));
        let verdict = verdict
            .map(|(budget, verdict)| judged(&what, unit, budget, verdict, report))
            .unwrap_or_default();
        let _ = write!(lines, "| {what} |");
        for value in values {
            let _ = write!(lines, " {} |", value.map_or("–".to_owned(), |value| unit.text(value)));
        }
        let _ = writeln!(lines, " {verdict} |");
    }
    if lines.is_empty() {
        return;
    }
    if !report.tables.is_empty() {
        report.tables.push('\n');
    }
    let headings: String = places.iter().map(|place| format!(" {} |", place.heading())).collect();
    let _ = writeln!(report.tables, "| |{headings} floor, target |");
    let _ = writeln!(report.tables, "|---|{}---|", "---:|".repeat(places.len()));
    report.tables.push_str(&lines);
}

/// The last cell of a row; a missed floor is noted.
fn judged(what: &str, unit: Unit, budget: Budget, verdict: Verdict, report: &mut Report) -> String {
    let (floor, target) = (unit.text(budget.floor), unit.text(budget.target));
    let verdict = match verdict {
        Verdict::Target => "target met",
        Verdict::Floor => "floor met",
        Verdict::Missed => {
            report.missed.push(format!("{what}: {floor}"));
            "FLOOR MISSED"
        }
    };
    format!("{verdict} ({floor}, {target})")
}

/// `1340000` as `1,340,000`.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(lines: &[(&str, &[f64])]) -> Figures {
        let mut figures = Figures::default();
        for (name, values) in lines {
            for value in *values {
                for place in [Place::Native, Place::Page, Place::Browser] {
                    assert!(figures.add(place, &format!("{name}\t{value}")));
                }
            }
        }
        figures
    }

    /// A floor is missed when all rounds but one miss it, whichever way is better; a target is met
    /// by the median.
    #[test]
    fn floors_and_targets_are_judged() {
        let check = |name: &str, values: &[f64], missed: &[&str], says: &str| {
            let report = report(&figures(&[(name, values)]));
            assert_eq!(report.missed, missed, "{name} {values:?}");
            assert!(report.tables.contains(says), "{}", report.tables);
        };
        let speed = "simulator/5/cluster/busy";
        check(speed, &[1.4e6, 1.4e6, 1.0], &[], "target met (400,000/s, 1,340,000/s)");
        check(speed, &[3e5, 3e5, 3e5, 4.1e5, 4.1e5], &[], "floor met");
        let missed = "simulator, 100 writes/s, 5 nodes: 400,000/s";
        check(speed, &[3e5, 3e5, 3e5, 3e5, 2e6], &[missed], "FLOOR MISSED");
        check("simulator/7/session/busy", &[1.0], &[], "| 1/s | 1/s | – |  |");
        check("seek/worst", &[0.010, 0.015, 0.2], &[], "target met (50.0 ms, 16.0 ms)");
        check("seek/worst", &[0.049, 0.049, 0.3], &[], "floor met");
        check("seek/worst", &[0.049, 0.051, 0.3], &["seek, worst of 400: 50.0 ms"], "FLOOR MISSED");
        check("hour/bytes", &[128.1e6], &["memory of an hour, 7 nodes: 128.0 MB"], "128.1 MB");
        check("frame/p95", &[0.0039, 0.0039, 0.1], &[], "target met (6.0 ms, 4.0 ms)");
        let missed = "a frame's scripting, 95 of 100: 6.0 ms";
        check("frame/p95", &[0.0061, 0.0061, 0.001], &[missed], "FLOOR MISSED");
        check("load/bytes", &[419e3], &[], "floor met (420.0 kB, 350.0 kB)");
        let missed = "seek until painted, worst of 200: 50.0 ms";
        check("jump/worst", &[0.051], &[missed], "| 51.0 ms | FLOOR MISSED");
        check("raft/7/ratio", &[0.9, 1.1, 1.2], &[], "floor met (1.00×, 2.00×)");
        check("raft/7/ratio", &[0.9, 0.9, 1.2], &["raft-core, 7 nodes: 1.00×"], "FLOOR MISSED");
    }

    /// What was not measured has no row, and a table without rows is left out.
    #[test]
    fn only_what_was_measured_is_told() {
        assert_eq!(report(&Figures::default()).tables, "");
        let tables = report(&figures(&[("raft/3/ratio", &[2.5])])).tables;
        assert_eq!(tables.lines().count(), 3, "{tables}");
        assert!(tables.contains("| 3 nodes | – | – | 2.50× | – | – | target met"), "{tables}");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(Unit::ASecond.text(1_340_000.4), "1,340,000/s");
        assert_eq!(Unit::Count.text(999.0), "999");
        assert_eq!(Unit::Kilobytes.text(1_234.0), "1.2 kB");
        assert_eq!(Unit::Microseconds.text(0.000_008_56), "8.6 µs");
    }
}
