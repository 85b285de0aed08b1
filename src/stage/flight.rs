//! Where a message is at a moment, and which one is under a pointer.

use lab::view::FlightView;

use super::geometry::{Layout, Point, share};

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// On its way, here.
    Flying(Point),
    /// Lost, and it was here.
    Died(Point),
    /// Not yet sent or already there.
    Away,
}

/// Where `flight` is at `now` (virtual microseconds).
pub(crate) fn place(layout: &Layout, flight: &FlightView, now: f64) -> Place {
    if now < flight.sent_micros as f64 {
        return Place::Away;
    }
    let arc = layout.arc(flight.from, flight.to);
    let at = |moment: f64| arc.at(share(flight.sent_micros, flight.arrives_micros, moment));
    match flight.dies_micros {
        Some(dies) if now >= dies as f64 => Place::Died(at(dies as f64)),
        Some(_) => Place::Flying(at(now)),
        None if now >= flight.arrives_micros as f64 => Place::Away,
        None => Place::Flying(at(now)),
    }
}

/// Where a message that flies is at `now`.
pub(crate) fn at(layout: &Layout, flight: &FlightView, now: f64) -> Option<Point> {
    match place(layout, flight, now) {
        Place::Flying(point) => Some(point),
        Place::Died(_) | Place::Away => None,
    }
}

/// The message that comes `step` after the chosen one, round the ends; from one that is gone, or from
/// none, the next there is. They stand in the order of their numbers.
pub(crate) fn along(flights: &[FlightView], chosen: Option<u64>, step: i32) -> Option<u64> {
    let count = i32::try_from(flights.len()).ok().filter(|count| *count > 0)?;
    let after = flights.partition_point(|flight| Some(flight.id) < chosen) as i32;
    let there = chosen.is_some_and(|id| flights.iter().any(|flight| flight.id == id));
    let next = if there || step < 0 { after + step } else { after };
    flights.get(next.rem_euclid(count) as usize).map(|flight| flight.id)
}

/// The message nearest to a point, within a finger's reach.
pub(crate) fn under(
    layout: &Layout,
    flights: &[FlightView],
    now: f64,
    pointer: Point,
) -> Option<u64> {
    let reach = 18.0;
    let near = flights
        .iter()
        .filter_map(|flight| Some((flight.id, at(layout, flight, now)?.distance(pointer))));
    near.filter(|(_, distance)| *distance <= reach)
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use lab::view::FlightKind;

    use super::super::geometry::Size;
    use super::*;

    fn flight(dies_micros: Option<u64>) -> FlightView {
        FlightView {
            id: 17,
            from: 1,
            to: 2,
            kind: FlightKind::Heartbeat,
            name: "Heartbeat",
            label: String::new(),
            text: String::new(),
            term: 1,
            sent_micros: 1_000,
            arrives_micros: 3_000,
            dies_micros,
        }
    }

    #[test]
    fn a_lost_message_stays_where_it_died() {
        let layout = Layout::new(Size { width: 900.0, height: 480.0 }, 3);
        let lost = flight(Some(2_000));
        let Place::Died(early) = place(&layout, &lost, 2_000.0) else { panic!("it died") };
        assert_eq!(place(&layout, &lost, 9_000.0), Place::Died(early));
        assert_eq!(place(&layout, &lost, 500.0), Place::Away);
        assert_eq!(place(&layout, &flight(None), 3_000.0), Place::Away);
    }

    #[test]
    fn arrows_go_from_message_to_message() {
        let flights = [3, 5, 9].map(|id| FlightView { id, ..flight(None) });
        let go = |chosen, step| along(&flights, chosen, step);
        assert_eq!(go(None, 0), Some(3));
        assert_eq!(go(Some(3), 1), Some(5));
        assert_eq!(go(Some(9), 1), Some(3));
        assert_eq!(go(Some(3), -1), Some(9));
        assert_eq!(go(Some(5), 0), Some(5));
        // What is gone gives its place to the next.
        assert_eq!((go(Some(4), 0), go(Some(4), 1), go(Some(4), -1)), (Some(5), Some(5), Some(3)));
        assert_eq!(go(Some(10), 1), Some(3));
        assert_eq!(along(&[], Some(3), 1), None);
    }

    #[test]
    fn the_pointer_finds_the_message_under_it_and_none_elsewhere() {
        let layout = Layout::new(Size { width: 900.0, height: 480.0 }, 3);
        let flights = [flight(None)];
        let Place::Flying(point) = place(&layout, &flights[0], 2_000.0) else { panic!("it flies") };
        assert_eq!(under(&layout, &flights, 2_000.0, point), Some(17));
        assert_eq!(under(&layout, &flights, 2_000.0, layout.node(3)), None);
    }
}
