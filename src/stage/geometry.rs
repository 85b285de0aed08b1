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
    /// The point after `share` of the way to `other`.
    pub(crate) fn toward(self, other: Point, share: f64) -> Point {
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

    /// The piece of it between two shares of the way.
    pub(crate) fn part(self, from: f64, to: f64) -> Arc {
        let bend = self.start.toward(self.bend, from);
        let bend = bend.toward(self.bend.toward(self.end, from), to);
        Arc { start: self.at(from), bend, end: self.at(to) }
    }

    /// An arrowhead on it, half as long as `reach`, as the `d` of an SVG path.
    pub(crate) fn arrow(self, share: f64, reach: f64) -> String {
        let (tip, back) = self.across(share, reach);
        let tail = |side: f64| Point {
            x: tip.x - back.x - back.y * side,
            y: tip.y - back.y + back.x * side,
        };
        format!("M{}L{tip}L{}", tail(0.8), tail(-0.8))
    }

    /// A bar across it.
    pub(crate) fn bar(self, share: f64, reach: f64) -> String {
        let (at, along) = self.across(share, reach);
        let end = |side: f64| Point { x: at.x - along.y * side, y: at.y + along.x * side };
        format!("M{}L{}", end(1.0), end(-1.0))
    }

    /// A point of it, and the way on from there, `reach` long.
    fn across(self, share: f64, reach: f64) -> (Point, Point) {
        let at = self.at(share);
        let next = self.at(share + 0.01);
        let length = at.distance(next).max(0.001);
        let along = |delta: f64| delta / length * reach;
        (at, Point { x: along(next.x - at.x), y: along(next.y - at.y) })
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
        let radius = (size.height * crowd).min(size.width * 0.066).clamp(19.0, 130.0);
        let above = radius * 1.75;
        let below = radius * 2.45;
        let beside = if size.width < 560.0 {
            radius * 2.0
        } else {
            (radius * 2.0 + size.width * 0.1).min(radius * 6.5)
        };
        let reach = Size {
            width: (size.width / 2.0 - beside)
                .min(size.height * if nodes > 3 { 0.92 } else { 0.72 }),
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

    /// The lines between groups of nodes. Where each group stands together in the ring they are one
    /// line, or meet in the middle; otherwise each stretch of the ring is cut off that does not belong
    /// to the group with most of them. Nodes in no group are passed over.
    pub(crate) fn walls(&self, groups: &[Vec<u8>]) -> Vec<Wall> {
        let group_of = |id: u8| groups.iter().position(|group| group.contains(&id));
        let ring: Vec<(u8, usize)> =
            (1..=self.nodes).filter_map(|id| Some((id, group_of(id)?))).collect();
        let after = ring.iter().cycle().skip(1);
        let edges: Vec<(u8, usize)> = ring
            .iter()
            .zip(after)
            .filter(|(one, next)| one.1 != next.1)
            .map(|(_, next)| *next)
            .collect();
        let gaps: Vec<Gap> = edges.iter().map(|(first, _)| self.gap(*first)).collect();
        let apart = |place: usize| edges.iter().filter(|(_, group)| *group == place).count();
        let together = (0..groups.len()).all(|place| apart(place) <= 1);
        if together && gaps.len() > 2 {
            return gaps.iter().map(|gap| gap.to(self.centre)).collect();
        }
        let main = (0..groups.len()).max_by_key(|place| {
            (apart(*place), groups.get(*place).map_or(0, Vec::len), usize::MAX - place)
        });
        let next = gaps.iter().cycle().skip(1);
        let stretches = edges.iter().zip(gaps.iter().zip(next));
        stretches
            .filter(|((_, group), _)| Some(*group) != main)
            .map(|(_, (start, end))| self.wall(*start, *end))
            .collect()
    }

    /// The gap of the ring before node `first`. A node in no group (it is down) is left on the side
    /// that it comes after.
    fn gap(&self, first: u8) -> Gap {
        let before = if first > 1 { first - 1 } else { self.nodes };
        // A node with the log that hangs below it has its middle a little lower.
        let mut inner = self.node(before).toward(self.node(first), 0.5);
        inner.y += self.radius * 0.4;
        let far = self.centre.distance(inner).max(1.0);
        let outer = self.clamp(self.centre.toward(inner, 1.0 + self.radius * 2.4 / far));
        Gap { inner, outer }
    }

    /// A line through two gaps, bent towards the middle so that it keeps clear of what it cuts off.
    fn wall(&self, start: Gap, end: Gap) -> Wall {
        let (first, last) =
            (start.inner.toward(self.centre, 0.4), end.inner.toward(self.centre, 0.4));
        let middle = first.toward(last, 0.5);
        let path = format!("M{}Q{first} {middle}Q{last} {}", start.outer, end.outer);
        Wall { path, ends: [start.outer, end.outer] }
    }

    fn clamp(&self, point: Point) -> Point {
        Point {
            x: point.x.clamp(4.0, self.size.width - 4.0),
            // Above that is the legend.
            y: point.y.clamp(30.0, self.size.height - 4.0),
        }
    }

    /// What node `id` and the log below it cover.
    pub(crate) fn ground(&self, id: u8) -> Rect {
        let Point { x, y } = self.node(id);
        let r = self.radius;
        Rect { x: x - r * 1.45, y: y - r * 1.35, width: r * 2.9, height: r * 3.4 }
    }

    /// Where the cards of clients stand, all of one size, each at the side of the node that it asked
    /// and off everything else as far as there is room.
    pub(crate) fn cards(&self, asked: &[u8], card: Size) -> Vec<Point> {
        let mut taken: Vec<Rect> = (1..=self.nodes).map(|id| self.ground(id)).collect();
        asked
            .iter()
            .map(|id| {
                let node = self.node(*id);
                let (aside, step) = (self.radius * 1.75, card.height + 8.0);
                let left = node.x <= self.centre.x + 1.0;
                let rect = |left: bool, out: f64, down: f64| {
                    let away = aside + out * (card.width + 8.0);
                    let x = if left { node.x - away - card.width } else { node.x + away };
                    let y = node.y - card.height / 2.0 + down * step;
                    self.inside(Rect { x, y, width: card.width, height: card.height })
                };
                let tries = [
                    (left, 0.0, 0.0),
                    (left, 0.0, 1.0),
                    (left, 0.0, -1.0),
                    (left, 1.0, 0.0),
                    (!left, 0.0, 0.0),
                    (left, 1.0, 1.0),
                    (left, 0.0, 2.0),
                    (!left, 0.0, 1.0),
                    (left, 0.0, -2.0),
                ];
                let mut places = tries.iter().map(|(left, out, down)| rect(*left, *out, *down));
                let free = places.find(|place| !taken.iter().any(|other| other.meets(*place)));
                let place = free.unwrap_or_else(|| rect(left, 0.0, 0.0));
                taken.push(place);
                Point { x: place.x, y: place.y }
            })
            .collect()
    }

    /// The rectangle, moved so that it lies in the box.
    pub(crate) fn inside(&self, rect: Rect) -> Rect {
        let Size { width, height } = self.size;
        Rect {
            x: rect.x.min(width - rect.width - 8.0).max(8.0),
            // Above that is the legend.
            y: rect.y.min(height - rect.height - 8.0).max(30.0),
            ..rect
        }
    }
}

/// A gap between two neighbours of the ring: in the ring, and outside it.
#[derive(Clone, Copy, Debug)]
struct Gap {
    inner: Point,
    outer: Point,
}

impl Gap {
    /// A line from outside through the gap to a point.
    fn to(self, point: Point) -> Wall {
        let path = format!("M{}Q{} {point}", self.outer, self.inner);
        Wall { path, ends: [self.outer; 2] }
    }
}

/// A line between groups.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wall {
    /// As the `d` of an SVG path.
    pub(crate) path: String,
    /// Its ends at the rim.
    pub(crate) ends: [Point; 2],
}

/// A piece of the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    /// Whether two lie on each other.
    pub(crate) fn meets(self, other: Rect) -> bool {
        let apart = self.x >= other.x + other.width
            || other.x >= self.x + self.width
            || self.y >= other.y + other.height
            || other.y >= self.y + self.height;
        !apart
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
    fn walls_run_between_the_groups() {
        let layout = Layout::new(WIDE, 5);
        let count = |groups: &[Vec<u8>]| layout.walls(groups).len();
        assert_eq!(count(&[vec![1, 5], vec![2, 3, 4]]), 1);
        assert_eq!(count(&[vec![1, 2, 3]]), 0);
        // Three groups, each together in the ring: their lines meet in the middle.
        assert_eq!(count(&[vec![1], vec![2], vec![3, 4, 5]]), 3);
        // Interleaved groups: one side is cut off, stretch by stretch.
        assert_eq!(count(&[vec![1, 3], vec![2, 4, 5]]), 2);
        assert_eq!(count(&[vec![1, 3], vec![2], vec![4, 5]]), 2);
    }

    #[test]
    fn a_wall_keeps_clear_of_the_nodes() {
        for size in [WIDE, Size { width: 1280.0, height: 440.0 }] {
            for count in 3..=7 {
                let layout = Layout::new(size, count);
                let (alone, rest) = (vec![1], (2..=count).collect());
                for wall in layout.walls(&[alone, rest]) {
                    let ends = wall.ends.iter();
                    let near = ends.filter(|end| {
                        (1..=count).any(|id| layout.node(id).distance(**end) < layout.radius * 1.2)
                    });
                    assert_eq!(near.count(), 0, "{size:?} {count}");
                }
            }
        }
    }

    #[test]
    fn cards_of_clients_lie_on_nothing_where_there_is_room() {
        let layout = Layout::new(Size { width: 1280.0, height: 440.0 }, 5);
        let card = Size { width: 140.0, height: 60.0 };
        for asked in [[1, 1, 3], [1, 2, 5], [3, 3, 3], [4, 4, 1]] {
            let mut taken: Vec<Rect> = (1..=5).map(|id| layout.ground(id)).collect();
            for Point { x, y } in layout.cards(&asked, card) {
                let rect = Rect { x, y, width: card.width, height: card.height };
                assert!(!taken.iter().any(|other| other.meets(rect)), "{asked:?}: {rect:?}");
                taken.push(rect);
            }
        }
    }

    #[test]
    fn a_part_of_an_arc_lies_on_it() {
        let arc = Layout::new(WIDE, 5).arc(2, 4);
        let part = arc.part(0.25, 0.75);
        assert!(part.at(0.5).distance(arc.at(0.5)) < 0.01);
        assert!(part.at(1.0).distance(arc.at(0.75)) < 0.01);
    }

    #[test]
    fn a_share_is_held_between_none_and_all() {
        assert_eq!(share(10, 20, 5.0), 0.0);
        assert_eq!(share(10, 20, 15.0), 0.5);
        assert_eq!(share(10, 20, 25.0), 1.0);
        assert_eq!(share(10, 10, 3.0), 1.0);
    }
}
