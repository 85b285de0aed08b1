//! What the timeline shows, in per cent of its length: bands of terms, marks of events.

use std::sync::Arc;

use lab::view::{FeedItem, Mark};

use crate::words;

/// Marks of one kind closer than this are one mark.
const APART: f64 = 0.6;
/// A band narrower than this is not drawn.
const NARROW: f64 = 0.08;
/// What the pointer points at lies within this part of the timeline.
const NEAR: f64 = 0.008;

/// A stretch of events under one leader's term.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Band {
    pub(crate) start: f64,
    pub(crate) width: f64,
    pub(crate) term: u64,
    pub(crate) text: String,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) kind: &'static str,
}

/// The timeline of a run of `end` events.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chart {
    pub(crate) bands: Vec<Band>,
    pub(crate) ticks: Vec<Tick>,
}

/// The name of a mark in style sheets, for those that are drawn.
fn kind(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::Election => Some("election"),
        Mark::Fault => Some("fault"),
        Mark::Client => Some("client"),
        Mark::Commit => Some("commit"),
        Mark::Violation => Some("violation"),
        Mark::Members => Some("members"),
        Mark::Leader | Mark::StepDown => None,
    }
}

/// Reads the chart from the feed.
pub(crate) fn chart(feed: &[Arc<FeedItem>], end: u64) -> Chart {
    let per_cent = |seq: u64| 100.0 * seq as f64 / end.max(1) as f64;
    let mut chart = Chart::default();
    let mut leaders = feed.iter().filter(|item| item.mark == Mark::Leader).peekable();
    while let Some(item) = leaders.next() {
        let until = leaders.peek().map_or(end, |next| next.seq);
        let width = per_cent(until) - per_cent(item.seq);
        // So narrow a band is nothing that could be seen: where leaders change all the time, the
        // picture stays as small as it is.
        if width < NARROW && leaders.peek().is_some() {
            continue;
        }
        let leader = item.node.map(words::node).unwrap_or_default();
        chart.bands.push(Band {
            start: per_cent(item.seq),
            width,
            term: item.term,
            text: match width {
                wide if wide > 22.0 => format!("term {} · {leader}", item.term),
                narrow if narrow > 6.0 => format!("t{}", item.term),
                _ => String::new(),
            },
        });
    }
    let mut last = [("", f64::MIN); 6];
    for item in feed {
        let Some(kind) = kind(item.mark) else { continue };
        let at = per_cent(item.seq);
        let Some(slot) = last.iter_mut().find(|(known, _)| *known == kind || known.is_empty())
        else {
            continue;
        };
        if slot.0 == kind && at - slot.1 < APART {
            continue;
        }
        *slot = (kind, at);
        chart.ticks.push(Tick { at, kind });
    }
    chart
}

/// About when event `seq` happened, between those that are told, and what is told next to it.
pub(crate) fn near(feed: &[Arc<FeedItem>], seq: u64, end: u64) -> (Option<u64>, Option<&FeedItem>) {
    let after = feed.partition_point(|item| item.seq < seq);
    let next = feed.get(after).map(|item| &**item);
    let last = after.checked_sub(1).and_then(|at| feed.get(at)).map(|item| &**item);
    let (from_seq, from) = last.map_or((0, 0), |item| (item.seq, item.at_micros));
    let time = next.map(|next| {
        let share = (seq - from_seq) as f64 / (next.seq - from_seq).max(1) as f64;
        from + (share * (next.at_micros - from) as f64) as u64
    });
    let apart = |item: &FeedItem| item.seq.abs_diff(seq);
    let told = [last, next].into_iter().flatten().min_by_key(|item| apart(item));
    let reach = (end as f64 * NEAR).round_ties_even() as u64;
    (time, told.filter(|item| apart(item) <= reach))
}

#[cfg(test)]
mod tests {
    use lab::view::Level;

    use super::*;

    fn item(seq: u64, mark: Mark, term: u64) -> Arc<FeedItem> {
        Arc::new(FeedItem {
            seq,
            at_micros: seq,
            level: Level::Neutral,
            mark,
            node: Some(4),
            term,
            text: String::new(),
            cause: None,
        })
    }

    #[test]
    fn a_band_lasts_until_the_next_leader() {
        let feed = [item(20, Mark::Leader, 1), item(60, Mark::Leader, 3)];
        let bands = chart(&feed, 100).bands;
        let spans: Vec<_> = bands.iter().map(|band| (band.start, band.width, band.term)).collect();
        assert_eq!(spans, [(20.0, 40.0, 1), (60.0, 40.0, 3)]);
        assert_eq!(bands[0].text, "term 1 · n4");
    }

    #[test]
    fn a_pointer_finds_the_time_and_what_is_told_there() {
        let feed = [item(100, Mark::Leader, 1), item(200, Mark::Commit, 1)];
        let seq_of = |told: Option<&FeedItem>| told.map(|item| item.seq);
        let (time, told) = near(&feed, 150, 1_000);
        assert_eq!((time, seq_of(told)), (Some(150), None));
        let (time, told) = near(&feed, 197, 1_000);
        assert_eq!((time, seq_of(told)), (Some(197), Some(200)));
        let (time, told) = near(&feed, 900, 1_000);
        assert_eq!((time, seq_of(told)), (None, None));
        assert_eq!(near(&[], 0, 0), (None, None));
    }

    #[test]
    fn marks_that_would_lie_on_each_other_are_one() {
        let feed: Vec<_> = (0..1_000).map(|seq| item(seq, Mark::Commit, 1)).collect();
        assert!(chart(&feed, 1_000).ticks.len() <= 170);
        assert_eq!(chart(&[], 0), Chart::default());
    }
}
