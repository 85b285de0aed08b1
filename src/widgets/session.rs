//! Charts of the session beside the prose: how long writes took, who led when, what writes came to.

use lab::series::{Ended, Interval, Reign, Series};

use crate::chart::{BAD, Chart, Drawing, GOOD, Mark, TERMS, Tick, WARN, count_ticks, time_ticks};
use crate::dom::{El, el};
use crate::live;

/// Rows that a table of writes has at most.
const ROWS: usize = 200;
/// Bars at most.
const BARS: u32 = 24;

/// What will be seen, while there is nothing.
const NO_LATENCY: &str =
    "No write yet: each will be a mark, the higher the longer its client waited.";
const NO_LEADER: &str = "No leader yet: each will be a bar, as long as it leads.";
const NO_WRITE: &str = "No write yet: bars will count how many were acknowledged, how many failed.";

/// A chart of the session.
struct Plot {
    title: &'static str,
    make: fn() -> Chart,
    show: fn(&Chart, &Series),
}

const LATENCY: Plot =
    Plot { title: "How long your writes took", make: make_latency, show: show_latency };
const TERMS_AND_LEADERS: Plot =
    Plot { title: "Terms and leaders", make: make_terms, show: show_terms };
const WRITES: Plot =
    Plot { title: "What your writes came to", make: make_writes, show: show_writes };

/// How long each write took.
pub(crate) fn latency() -> Option<El> {
    following(el("div"), &[LATENCY])
}

/// Who led when, in which term.
pub(crate) fn terms() -> Option<El> {
    following(el("div"), &[TERMS_AND_LEADERS])
}

/// What writes came to, over time.
pub(crate) fn writes() -> Option<El> {
    following(el("div"), &[WRITES])
}

/// All of them with their titles, for the panel of the lab. Somebody has led nearly always: that one
/// comes first.
pub(crate) fn all() -> Option<El> {
    following(el("div|class=charts-all"), &[TERMS_AND_LEADERS, LATENCY, WRITES])
}

/// Charts that follow the session, in `whole`: one question answers them all. Where there are several,
/// each says what it is.
fn following(whole: El, plots: &'static [Plot]) -> Option<El> {
    let mut charts = Vec::new();
    for Plot { title, make, show } in plots {
        let chart = make();
        show(&chart, &Series::new());
        if plots.len() == 1 {
            whole.push(&chart.whole);
        } else {
            let named = el("div|role=group").set("aria-label", title);
            let title = el("p|class=widget-title").text(title);
            whole.push(&named.add(&title).add(&chart.whole));
        }
        charts.push((chart, *show));
    }
    live::follow(&whole, "series", move |text| {
        let Some(series) = Series::heard(text) else { return };
        for (chart, show) in &charts {
            show(chart, &series);
        }
    });
    Some(whole)
}

fn make_latency() -> Chart {
    let chart = Chart::new("Its client waited", "When it was asked for");
    chart.explain(&[("disc", "acknowledged"), ("cross", "failed"), ("ring", "unknown")]);
    chart
}

fn show_latency(chart: &Chart, series: &Series) {
    let rows = series.write_rows(ROWS);
    let words = format!("{} writes: when each was asked for, and how long it took", rows.len());
    chart.show(latencies(series), &words, &["Asked at", "Ended", "Took"], &rows);
}

fn latencies(series: &Series) -> Drawing {
    let writes = series.writes();
    let longest = writes.iter().map(|write| write.took).max().unwrap_or(1);
    let (across, ticks_across) = time_ticks(series.now(), 4);
    if writes.is_empty() {
        return Drawing { across: (0.0, across), ticks_across, ..Drawing::empty(NO_LATENCY) };
    }
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
        empty: NO_LATENCY,
    }
}

fn make_terms() -> Chart {
    Chart::new("Leads", "Time")
}

fn show_terms(chart: &Chart, series: &Series) {
    let rows = series.reign_rows();
    let words: Vec<String> = rows
        .iter()
        .map(|[term, leader, from, to]| format!("{leader} in term {term} from {from} to {to}"))
        .collect();
    let words = format!("Who led when: {}", words.join("; "));
    chart.show(reigns(series), &words, &["Term", "Leader", "From", "To"], &rows);
}

fn reigns(series: &Series) -> Drawing {
    let reigns = series.reigns();
    // Before the session was heard of, as many as one must have that may lose one.
    let most = if series.nodes() == 0 { 3 } else { series.nodes() };
    let (across, ticks_across) = time_ticks(series.now(), 4);
    // n1 stands at the top.
    let lane = |node: u8| f64::from(most - node) + 0.5;
    let mut marks = Vec::new();
    for Reign { node, term, from, to } in reigns {
        let (from, to) = (*from as f64, to.unwrap_or(series.now()) as f64);
        // One that has just begun is seen, too.
        let to = to.max(from + across * 0.008);
        let ink = TERMS.get((term % 6) as usize).copied().unwrap_or(GOOD);
        let (from, to) = ((from, lane(*node) - 0.42), (to, lane(*node) + 0.42));
        marks.push(Mark::Bar { from, to, ink });
        marks.push(Mark::OnTerm { from, to, words: [format!("term {term}"), term.to_string()] });
    }
    Drawing {
        across: (0.0, across),
        up: (0.0, f64::from(most)),
        ticks_across,
        ticks_up: (1..=most).map(|node| Tick::new(lane(node), format!("n{node}"))).collect(),
        marks,
        empty: NO_LEADER,
    }
}

fn make_writes() -> Chart {
    let chart = Chart::new("Writes that ended", "Time");
    chart.explain(&[("good", "acknowledged"), ("bad", "failed"), ("warn", "unknown")]);
    chart
}

fn show_writes(chart: &Chart, series: &Series) {
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
    if series.writes().is_empty() {
        return Drawing { across: (0.0, across), ticks_across, ..Drawing::empty(NO_WRITE) };
    }
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
    Drawing { across: (0.0, across), up: (0.0, up), ticks_across, ticks_up, marks, empty: NO_WRITE }
}
