//! Which events are listed: of which kind, and how many around the present, without a screen.

use std::sync::Arc;

use lab::view::{FeedItem, Mark};

/// Events of the past that are listed at a time.
const PAGE: usize = 150;
/// Events of the future that are.
const FUTURE: usize = 40;

/// A kind of event that one may look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    All,
    Elections,
    Faults,
    Clients,
    Commits,
    Members,
    Violations,
}

impl Kind {
    pub(crate) const ALL: [(Kind, &'static str); 7] = [
        (Kind::All, "All"),
        (Kind::Elections, "Elections"),
        (Kind::Faults, "Faults"),
        (Kind::Clients, "Clients"),
        (Kind::Commits, "Commits"),
        (Kind::Members, "Members"),
        (Kind::Violations, "Violations"),
    ];

    fn includes(self, mark: Mark) -> bool {
        let of = match mark {
            Mark::Election | Mark::Leader | Mark::StepDown => Kind::Elections,
            Mark::Fault => Kind::Faults,
            Mark::Client => Kind::Clients,
            Mark::Commit => Kind::Commits,
            Mark::Members => Kind::Members,
            Mark::Violation => Kind::Violations,
        };
        self == Kind::All || self == of
    }
}

/// What is listed, nearest to the present first, and how much is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) past: Vec<Arc<FeedItem>>,
    pub(crate) future: Vec<Arc<FeedItem>>,
    pub(crate) earlier: usize,
    pub(crate) later: usize,
}

/// The events of a kind around event `seq`: so many pages of those before it.
pub(crate) fn window(feed: &[Arc<FeedItem>], kind: Kind, seq: u64, pages: usize) -> Window {
    let (past, future) = feed.split_at(feed.partition_point(|item| item.seq <= seq));
    let (past, earlier) = nearest(&mut past.iter().rev(), kind, PAGE * pages);
    let (future, later) = nearest(&mut future.iter(), kind, FUTURE);
    Window { past, future, earlier, later }
}

/// The first of a kind, at most so many, and how many come after them.
fn nearest(
    items: &mut dyn Iterator<Item = &Arc<FeedItem>>,
    kind: Kind,
    most: usize,
) -> (Vec<Arc<FeedItem>>, usize) {
    let (mut listed, mut others) = (Vec::new(), 0);
    for item in items {
        if !kind.includes(item.mark) {
            continue;
        }
        if listed.len() < most {
            listed.push(item.clone());
        } else {
            others += 1;
        }
    }
    (listed, others)
}

#[cfg(test)]
mod tests {
    use lab::view::Level;

    use super::*;

    fn feed(events: u64) -> Vec<Arc<FeedItem>> {
        let item = |seq: u64| FeedItem {
            seq,
            at_micros: seq,
            level: Level::Neutral,
            mark: if seq.is_multiple_of(2) { Mark::Leader } else { Mark::Commit },
            node: None,
            term: 1,
            text: String::new(),
            cause: None,
        };
        (0..events).map(|seq| Arc::new(item(seq))).collect()
    }

    #[test]
    fn a_long_list_is_shown_around_the_present() {
        let feed = feed(1_000);
        let shown = window(&feed, Kind::All, 499, 1);
        assert_eq!((shown.past.len(), shown.future.len()), (PAGE, FUTURE));
        assert_eq!((shown.earlier, shown.later), (500 - PAGE, 500 - FUTURE));
        assert_eq!(shown.past.first().map(|item| item.seq), Some(499));
        assert_eq!(shown.future.first().map(|item| item.seq), Some(500));
        let all = window(&feed, Kind::All, 999, 7);
        assert_eq!((all.past.len(), all.earlier, all.later), (1_000, 0, 0));
        assert_eq!(window(&feed, Kind::Commits, 999, 9).past.len(), 500);
        assert_eq!(window(&feed, Kind::Faults, 999, 9).past.len(), 0);
    }
}
