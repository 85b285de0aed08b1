//! Where things stand on the stage, and where a message is at a moment: pure functions.
//!
//! Units are CSS pixels of the stage's own box, so that the SVG and the canvas above it agree
//! without a transformation.

use std::f64::consts::FRAC_1_SQRT_2;
use std::fmt;

use crate::words::px;

/// Cosine and sine of half the angle between neighbours in a ring of so many nodes: a table, since
/// the functions themselves would be kilobytes of the page.
const HALF_STEPS: [(f64, f64); 8] = [
    (1.000000000000000, 0.000000000000000),
    (-1.000000000000000, 0.000000000000000),
    (0.000000000000000, 1.000000000000000),
    (0.500000000000000, 0.866025403784439),
    (FRAC_1_SQRT_2, FRAC_1_SQRT_2),
    (0.809016994374947, 0.587785252292473),
    (0.866025403784439, 0.500000000000000),
    (0.900968867902419, 0.433883739117558),
];

/// A place on the stage.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    fn toward(self, other: Point, share: f64) -> Point {
        Point { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }

    /// How far it is to `other`.
    pub(crate) fn distance(self, other: Point) -> f64 {
        let (x, y) = (other.x - self.x, other.y - self.y);
        (x * x + y * y).sqrt()
    }
}

/// As SVG reads it.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", px(self.x), px(self.y))
    }
}

/// The size of the stage's box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Size {
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// As SVG reads it.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", px(self.width), px(self.height))
    }
}

/// The curve that messages from one node to another follow, from rim to rim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arc {
    pub(crate) start: Point,
    pub(crate) bend: Point,
    pub(crate) end: Point,
}

impl Arc {
    /// The point after `share` (0 to 1) of the way.
    pub(crate) fn at(self, share: f64) -> Point {
        let share = share.clamp(0.0, 1.0);
        let first = self.start.toward(self.bend, share);
        first.toward(self.bend.toward(self.end, share), share)
    }

    /// As the `d` of an SVG path.
    pub(crate) fn path(self) -> String {
        format!("M{}Q{} {}", self.start, self.bend, self.end)
    }
}

/// Where the nodes of a cluster stand in a box of some size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    size: Size,
    nodes: u8,
    /// Radius of a node's disc.
    pub(crate) radius: f64,
    centre: Point,
    reach: Size,
}

impl Layout {
    /// Spreads `nodes` over an ellipse that leaves room for logs below and clients at the sides.
    pub(crate) fn new(size: Size, nodes: u8) -> Layout {
        let size = Size { width: size.width.max(200.0), height: size.height.max(140.0) };
        let crowd = if nodes > 5 { 0.085 } else { 0.095 };
        let radius = (size.height * crowd).min(size.width * 0.075).clamp(19.0, 84.0);
        let above = radius * 1.75;
        let below = radius * 2.45;
        let beside = if size.width < 560.0 {
            radius * 2.0
        } else {
            (radius * 2.0 + size.width * 0.1).min(radius * 6.5)
        };
        let reach = Size {
            width: (size.width / 2.0 - beside).min(size.height * 0.82),
            height: (size.height - above - below) / 2.0,
        };
        let centre = Point { x: size.width / 2.0, y: above + reach.height };
        Layout { size, nodes, radius, centre, reach }
    }

    /// The box it was made for.
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Whether there is room for words beside the nodes.
    pub(crate) fn roomy(&self) -> bool {
        self.size.width >= 560.0
    }

    /// The middle of the ring of nodes.
    pub(crate) fn centre(&self) -> Point {
        self.centre
    }

    /// The centre of node `id` (from 1): clockwise, with a flat top.
    pub(crate) fn node(&self, id: u8) -> Point {
        if self.nodes <= 1 {
            return self.centre;
        }
        // From n1, half a step left of the top, a whole step on for each further node.
        let (cos, sin) = HALF_STEPS.get(usize::from(self.nodes)).copied().unwrap_or((1.0, 0.0));
        let (step_x, step_y) = (cos * cos - sin * sin, 2.0 * sin * cos);
        let (mut x, mut y) = (-sin, -cos);
        for _ in 1..id {
            (x, y) = (x * step_x - y * step_y, x * step_y + y * step_x);
        }
        Point { x: self.centre.x + self.reach.width * x, y: self.centre.y + self.reach.height * y }
    }

    /// The way of messages from `from` to `to`; the two directions bend apart.
    pub(crate) fn arc(&self, from: u8, to: u8) -> Arc {
        let (a, b) = (self.node(from), self.node(to));
        let length = a.distance(b).max(1.0);
        let (dx, dy) = ((b.x - a.x) / length, (b.y - a.y) / length);
        let bow = (length * 0.045).clamp(self.radius * 0.24, self.radius * 0.5);
        let middle = a.toward(b, 0.5);
        let bend = Point { x: middle.x - dy * bow * 2.0, y: middle.y + dx * bow * 2.0 };
        let rim = self.radius * 1.28;
        let from_rim = |centre: Point| {
            let far = centre.distance(bend).max(1.0);
            centre.toward(bend, (rim / far).min(0.5))
        };
        Arc { start: from_rim(a), bend, end: from_rim(b) }
    }

    /// The lines between groups of nodes, as start, bend and end: one for each stretch of the ring
    /// that belongs to one group, except the longest. Nodes in no group are passed over.
    pub(crate) fn divisions(&self, groups: &[Vec<u8>]) -> Vec<(Point, Point, Point)> {
        let group_of = |id: u8| groups.iter().position(|group| group.contains(&id));
        let ring: Vec<(u8, usize)> =
            (1..=self.nodes).filter_map(|id| Some((id, group_of(id)?))).collect();
        let after = ring.iter().cycle().skip(1);
        let edges: Vec<(u8, u8)> = ring
            .iter()
            .zip(after)
            .filter(|(one, next)| one.1 != next.1)
            .map(|(one, next)| (one.0, next.0))
            .collect();
        let steps = |from: u8, to: u8| (to + self.nodes - from) % self.nodes;
        let mut stretches: Vec<((u8, u8), (u8, u8))> =
            edges.iter().copied().zip(edges.iter().copied().cycle().skip(1)).collect();
        let longest = stretches
            .iter()
            .enumerate()
            .max_by_key(|(place, (first, last))| (steps(first.1, last.0), usize::MAX - place));
        if let Some(longest) = longest.map(|(place, _)| place) {
            stretches.remove(longest);
        }
        stretches.iter().map(|(first, last)| self.division(*first, *last)).collect()
    }

    /// A line from one gap of the ring to another, bent a little towards the middle.
    fn division(&self, first: (u8, u8), last: (u8, u8)) -> (Point, Point, Point) {
        // A node in no group (it is down) is left on the side it comes after.
        let before = |next: u8| if next > 1 { next - 1 } else { self.nodes };
        let gap = |(_, next): (u8, u8)| {
            let middle = self.node(before(next)).toward(self.node(next), 0.5);
            let far = self.centre.distance(middle).max(1.0);
            self.clamp(self.centre.toward(middle, 1.0 + self.radius * 2.2 / far))
        };
        let (start, end) = (gap(first), gap(last));
        let bend = start.toward(end, 0.5).toward(self.centre, 0.25);
        (start, bend, end)
    }

    fn clamp(&self, point: Point) -> Point {
        Point {
            x: point.x.clamp(4.0, self.size.width - 4.0),
            y: point.y.clamp(4.0, self.size.height - 4.0),
        }
    }

    /// The top left corner of a client's card of the given size beside node `id`; `rank` counts
    /// the cards already there.
    pub(crate) fn card(&self, id: u8, rank: u32, card: Size) -> Point {
        let node = self.node(id);
        let gap = self.radius * 1.75;
        let left = node.x <= self.centre.x + 1.0;
        let x = if left { node.x - gap - card.width } else { node.x + gap };
        // The lowest node has its neighbours' logs beside it: its clients stand lower.
        let low = node.y > self.centre.y && (node.x - self.centre.x).abs() < self.radius;
        let drop = if low { self.radius * 1.1 } else { 0.0 };
        let y = node.y + drop - card.height / 2.0 + f64::from(rank) * (card.height + 8.0);
        Point {
            x: x.clamp(8.0, (self.size.width - card.width - 8.0).max(8.0)),
            y: y.clamp(8.0, (self.size.height - card.height - 8.0).max(8.0)),
        }
    }
}

/// How much of a span from `start` to `end` has gone by at `now`: 0 before it, 1 after it.
pub(crate) fn share(start: u64, end: u64, now: f64) -> f64 {
    let length = end.saturating_sub(start);
    if length == 0 {
        return 1.0;
    }
    ((now - start as f64) / length as f64).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Size = Size { width: 900.0, height: 480.0 };
    const PHONE: Size = Size { width: 360.0, height: 210.0 };

    #[test]
    fn every_node_and_its_log_stay_in_the_box() {
        for size in [WIDE, PHONE, Size { width: 2600.0, height: 1200.0 }] {
            for count in 1..=7 {
                let layout = Layout::new(size, count);
                for id in 1..=count {
                    let place = layout.node(id);
                    assert!(place.x >= layout.radius && place.x <= size.width - layout.radius);
                    assert!(place.y >= layout.radius * 1.5, "{size:?} {count} n{id} {place:?}");
                    assert!(place.y + layout.radius * 2.3 <= size.height);
                }
            }
        }
    }

    #[test]
    fn nodes_never_overlap() {
        for size in [WIDE, PHONE] {
            for count in 2..=7 {
                let layout = Layout::new(size, count);
                for a in 1..=count {
                    for b in 1..a {
                        let apart = layout.node(a).distance(layout.node(b));
                        assert!(apart > layout.radius * 2.2, "{size:?} {count}: n{b} n{a} {apart}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_two_directions_of_a_pair_take_different_ways() {
        let layout = Layout::new(WIDE, 5);
        let there = layout.arc(1, 3).at(0.5);
        let back = layout.arc(3, 1).at(0.5);
        assert!(there.distance(back) > layout.radius * 0.45);
    }

    #[test]
    fn a_message_starts_at_its_sender_and_ends_at_its_receiver() {
        let layout = Layout::new(WIDE, 5);
        let arc = layout.arc(2, 4);
        assert!(arc.at(0.0).distance(layout.node(2)) < layout.radius * 1.4);
        assert!(arc.at(1.0).distance(layout.node(4)) < layout.radius * 1.4);
    }

    #[test]
    fn a_division_runs_between_the_groups() {
        let layout = Layout::new(WIDE, 5);
        let lines = layout.divisions(&[vec![1, 5], vec![2, 3, 4]]);
        assert_eq!(lines.len(), 1);
        assert_eq!(layout.divisions(&[vec![1, 2, 3]]).len(), 0);
        assert_eq!(layout.divisions(&[vec![1], vec![2], vec![3, 4]]).len(), 2);
        // Interleaved groups are cut off stretch by stretch.
        assert_eq!(layout.divisions(&[vec![1, 3], vec![2, 4, 5]]).len(), 3);
    }

    #[test]
    fn a_share_is_held_between_none_and_all() {
        assert_eq!(share(10, 20, 5.0), 0.0);
        assert_eq!(share(10, 20, 15.0), 0.5);
        assert_eq!(share(10, 20, 25.0), 1.0);
        assert_eq!(share(10, 10, 3.0), 1.0);
    }
}
