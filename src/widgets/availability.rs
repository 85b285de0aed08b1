//! For how long in a year too few nodes are up, if each is down with a given chance.

use lab::availability::{Chance, Row, rows, table};

use crate::chart::{ACCENT, Chart, Drawing, Mark, QUIET, Tick};
use crate::dom::{El, Slider, el};

/// What the slider goes through, in hundred-thousandths: 0.01 % to 50 %.
const CHANCES: [u32; 14] =
    [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 40_000, 50_000];
/// Where it stands at first: 1 %.
const AT_FIRST: usize = 6;
/// What stands beside the axis, and how many milliseconds that is.
const TICKS: [(f64, &str); 6] = [
    (1.0, "1 ms"),
    (1e3, "1 s"),
    (6e4, "1 min"),
    (3.6e6, "1 h"),
    (8.64e7, "1 day"),
    (2.592e9, "30 days"),
];
/// The axis' upper end: a year.
const TOP: f64 = 10.5;

/// Makes the widget.
pub(crate) fn make() -> Option<El> {
    let slider = std::rc::Rc::new(Slider::new("Each node is down", CHANCES.len() - 1, AT_FIRST));
    let chart = Chart::new("Without a quorum, in a year", "Instances");
    chart.explain(&[("accent", "odd"), ("quiet", "even: more machines, more downtime")]);
    let whole = el("div").all([&slider.whole, &chart.whole]);
    let at = slider.clone();
    let draw = move || {
        let chance = Chance(CHANCES.get(at.at()).copied().unwrap_or(1_000));
        let words = format!("{} of the time", per_cent(chance));
        at.say(&words);
        let table = table(chance);
        let summary: Vec<String> =
            table.iter().map(|row| format!("{}: {}", row.nodes, row.down_text)).collect();
        chart.show(
            drawing(&table),
            &format!("Bars: {}", summary.join(", ")),
            &["Instances", "Quorum", "Tolerance", "Available", "Down in a year"],
            &rows(chance),
        );
    };
    draw();
    slider.moved(draw);
    Some(whole)
}

/// `0.05 %`: hundred-thousandths with the digits that there are.
fn per_cent(Chance(chance): Chance) -> String {
    let behind = format!("{:03}", chance % 1_000);
    let behind = behind.trim_end_matches('0');
    let point = if behind.is_empty() { "" } else { "." };
    format!("{}{point}{behind} %", chance / 1_000)
}

/// Seven bars on an axis on which each step is ten times as long.
fn drawing(table: &[Row]) -> Drawing {
    let height = |ms: f64| ms.max(1.0).log10();
    let mut marks = Vec::new();
    for row in table {
        let at = f64::from(row.nodes);
        let top = height(row.down_ms_a_year as f64).max(0.05);
        let ink = if row.nodes % 2 == 1 { ACCENT } else { QUIET };
        marks.push(Mark::Bar { from: (at - 0.36, 0.0), to: (at + 0.36, top), ink });
        marks.push(Mark::Above((at, top), short(&row.down_text)));
    }
    Drawing {
        across: (0.5, 7.5),
        up: (0.0, TOP),
        ticks_across: table
            .iter()
            .map(|row| Tick::new(f64::from(row.nodes), row.nodes.to_string()))
            .collect(),
        ticks_up: TICKS.iter().map(|(ms, words)| Tick::new(height(*ms), *words)).collect(),
        marks,
        empty: "",
    }
}

/// What a bar has room for.
fn short(words: &str) -> String {
    let units = [
        ("less than a millisecond", "< 1 ms"),
        (" milliseconds", " ms"),
        (" millisecond", " ms"),
        (" seconds", " s"),
        (" second", " s"),
        // Bars stand close on a phone; the axis says what the letter is.
        (" minutes", " m"),
        (" minute", " m"),
        (" hours", " h"),
        (" hour", " h"),
        (" days", " d"),
        (" day", " d"),
    ];
    units.iter().fold(words.to_owned(), |words, (long, short)| words.replace(long, short))
}
