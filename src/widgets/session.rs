//! Charts of the session beside the prose: how long writes took, who led when, what writes came to.

use lab::series::{Ended, Interval, Reign, Series};

use crate::chart::{BAD, Chart, Drawing, GOOD, Mark, TERMS, Tick, WARN, count_ticks, time_ticks};
use crate::dom::{El, el};
use crate::live;

/// Rows that a table of writes has at most.
const ROWS: usize = 200;
/// Bars at most.
const BARS: u32 = 24;

/// A chart that follows the session.
fn following(chart: Chart, show: impl Fn(&Chart, &Series) + 'static) -> Option<El> {
    show(&chart, &Series::new());
    let whole = el("div").add(&chart.whole);
    live::follow(whole.clone(), "series", move |text| {
        if let Some(series) = Series::heard(text) {
            show(&chart, &series);
        }
    });
    Some(whole)
}

/// How long each write took.
pub(crate) fn latency() -> Option<El> {
    let chart = Chart::new("Its client waited", "When it was asked for");
    chart.explain(&[("disc", "acknowledged"), ("cross", "failed"), ("ring", "unknown")]);
    following(chart, |chart, series| {
        let rows = series.write_rows(ROWS);
        let words = format!("{} writes: when each was asked for, and how long it took", rows.len());
        let columns = ["Asked at", "Ended", "Took"];
        chart.show(latencies(series), &words, &columns, &rows);
    })
}

fn latencies(series: &Series) -> Drawing {
    let writes = series.writes();
    let longest = writes.iter().map(|write| write.took).max().unwrap_or(1);
    let (across, ticks_across) = time_ticks(series.now(), 4);
    let (up, ticks_up) = time_ticks(longest, 4);
    let mark = |write: &lab::series::Write| {
        let at = (write.asked_at as f64, write.took as f64);
        match write.ended {
            Ended::Acknowledged => Mark::Disc(at, GOOD),
            Ended::Failed => Mark::Cross(at, BAD),
            Ended::Unknown => Mark::Ring(at, WARN),
        }
    };
    Drawing {
        across: (0.0, across),
        up: (0.0, up),
        ticks_across,
        ticks_up,
        marks: writes.iter().map(mark).collect(),
        empty: "Nothing has been written yet.",
    }
}

/// Who led when, in which term.
pub(crate) fn terms() -> Option<El> {
    let chart = Chart::new("Leads", "Time");
    following(chart, |chart, series| {
        let rows = series.reign_rows();
        let words: Vec<String> = rows
            .iter()
            .map(|[term, leader, from, to]| format!("{leader} in term {term} from {from} to {to}"))
            .collect();
        let words = format!("Who led when: {}", words.join("; "));
        chart.show(reigns(series), &words, &["Term", "Leader", "From", "To"], &rows);
    })
}

fn reigns(series: &Series) -> Drawing {
    let reigns = series.reigns();
    let most = reigns.iter().map(|reign| reign.node).max().unwrap_or(0).max(3);
    let (across, ticks_across) = time_ticks(series.now(), 4);
    // n1 stands at the top.
    let lane = |node: u8| f64::from(most - node) + 0.5;
    let mut marks = Vec::new();
    for Reign { node, term, from, to } in reigns {
        let (from, to) = (*from as f64, to.unwrap_or(series.now()) as f64);
        let ink = TERMS.get((term % 6) as usize).copied().unwrap_or(GOOD);
        let (below, above) = (lane(*node) - 0.36, lane(*node) + 0.36);
        marks.push(Mark::Bar { from: (from, below), to: (to, above), ink });
        // What has no room is in the table.
        if (to - from) / across > 0.09 {
            let words =
                if (to - from) / across > 0.16 { format!("term {term}") } else { term.to_string() };
            marks.push(Mark::OnTerm((from, lane(*node)), words));
        }
    }
    Drawing {
        across: (0.0, across),
        up: (0.0, f64::from(most)),
        ticks_across,
        ticks_up: (1..=most).map(|node| Tick::new(lane(node), format!("n{node}"))).collect(),
        marks,
        empty: "Nobody has led yet.",
    }
}

/// What writes came to, over time.
pub(crate) fn writes() -> Option<El> {
    let chart = Chart::new("Writes that ended", "Time");
    chart.explain(&[("good", "acknowledged"), ("bad", "failed"), ("warn", "unknown")]);
    following(chart, |chart, series| {
        let count = |ended| series.writes().iter().filter(|write| write.ended == ended).count();
        let words = format!(
            "{} writes acknowledged, {} failed, {} unknown",
            count(Ended::Acknowledged),
            count(Ended::Failed),
            count(Ended::Unknown)
        );
        let columns = ["From", "Acknowledged", "Failed", "Unknown"];
        let rows = if series.writes().is_empty() { Vec::new() } else { series.interval_rows(BARS) };
        chart.show(outcomes(series), &words, &columns, &rows);
    })
}

fn outcomes(series: &Series) -> Drawing {
    let intervals = series.intervals(BARS);
    let sum = |it: &Interval| it.acknowledged + it.failed + it.unknown;
    let (up, ticks_up) = count_ticks(intervals.iter().map(sum).max().unwrap_or(0).into());
    let length = match intervals.as_slice() {
        [first, second, ..] => second.from - first.from,
        _ => series.now().max(1),
    };
    let (across, ticks_across) = time_ticks(length * intervals.len() as u64, 4);
    let mut marks = Vec::new();
    for it in &intervals {
        let (from, to) = (it.from as f64, (it.from + length) as f64);
        let gap = length as f64 * 0.1;
        let mut base = 0;
        for (count, ended) in [
            (it.acknowledged, Ended::Acknowledged),
            (it.failed, Ended::Failed),
            (it.unknown, Ended::Unknown),
        ] {
            let (from, to) = ((from + gap, f64::from(base)), (to - gap, f64::from(base + count)));
            base += count;
            let mark = match ended {
                Ended::Acknowledged => Mark::Bar { from, to, ink: GOOD },
                Ended::Failed => Mark::Framed { from, to, ink: BAD },
                Ended::Unknown => Mark::Striped { from, to, ink: WARN },
            };
            marks.extend((count > 0).then_some(mark));
        }
    }
    Drawing {
        across: (0.0, across),
        up: (0.0, up),
        ticks_across,
        ticks_up,
        marks,
        empty: "No write has ended yet.",
    }
}
