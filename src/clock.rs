//! How virtual time follows real time: play, pause, speed, and hurrying for a command that waits.

/// Speeds on offer: virtual time over real time, and how the choice is worded.
///
/// The last has no rate of its own: it is as fast as the machine goes.
pub(crate) const SPEEDS: [(f64, &str); 13] = [
    (0.001, "1/1000 ×"),
    (0.01, "1/100 ×"),
    (0.02, "1/50 ×"),
    (0.05, "1/20 ×"),
    (0.1, "1/10 ×"),
    (0.2, "1/5 ×"),
    (0.5, "1/2 ×"),
    (1.0, "1 ×"),
    (3.0, "3 ×"),
    (10.0, "10 ×"),
    (100.0, "100 ×"),
    (1_000.0, "1000 ×"),
    (f64::INFINITY, "max"),
];

/// How often the speed that is reached is worked out.
const GAUGE_MS: f64 = 500.0;

/// The speed at first: slow enough to see messages, fast enough to see elections.
pub(crate) const SPEED_AT_FIRST: usize = 5;

/// Real milliseconds after which a command that still waits makes time hurry.
const PATIENCE_MS: f64 = 1_200.0;

/// The longest step of real time taken at once: after a stall, time goes on from where it was.
const STEP_MS_MAX: f64 = 100.0;

/// Virtual time as it is shown, which runs on smoothly between events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    /// Whether the learner let it run.
    pub(crate) playing: bool,
    /// Which of [`SPEEDS`].
    pub(crate) speed: usize,
    /// The moment shown, in virtual microseconds.
    pub(crate) now: f64,
    waited_ms: f64,
    gauge: Gauge,
}

/// Measures how fast time really runs, over half a second at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Gauge {
    began_micros: f64,
    elapsed_ms: f64,
    /// Virtual over real time, as last measured.
    reached: Option<u64>,
}

/// The speed that a link or an address names: `1/5`, `max`.
pub(crate) fn speed_named(name: &str) -> Option<usize> {
    SPEEDS.iter().position(|(_, words)| words.trim_end_matches(" ×") == name)
}

impl Clock {
    /// A clock that shows `now_micros`.
    pub(crate) fn new(now_micros: u64, playing: bool) -> Clock {
        Clock {
            playing,
            speed: SPEED_AT_FIRST,
            now: now_micros as f64,
            waited_ms: 0.0,
            gauge: Gauge::default(),
        }
    }

    /// The name of its speed, as [`speed_named`] reads it.
    pub(crate) fn speed_name(&self) -> &'static str {
        SPEEDS.get(self.speed).map_or("1", |(_, words)| words.trim_end_matches(" ×"))
    }

    /// Shows the moment of the last event: after a jump, or when nothing runs.
    pub(crate) fn set(&mut self, now_micros: u64) {
        self.now = now_micros as f64;
    }

    /// The moment to show after `elapsed_ms` of real time. A command that has been `busy` for a
    /// while makes time run ever faster, so that nobody has to sit through a timeout.
    pub(crate) fn after(&mut self, elapsed_ms: f64, busy: bool) -> f64 {
        let elapsed_ms = elapsed_ms.clamp(0.0, STEP_MS_MAX);
        self.waited_ms = if busy { self.waited_ms + elapsed_ms } else { 0.0 };
        self.now + elapsed_ms * 1_000.0 * self.rate()
    }

    /// Whether time is to run as fast as the machine goes.
    pub(crate) fn is_free(&self) -> bool {
        self.rate().is_infinite()
    }

    /// Takes note that a frame of `elapsed_ms` has brought time to where it is.
    pub(crate) fn measure(&mut self, elapsed_ms: f64) {
        let gauge = &mut self.gauge;
        gauge.elapsed_ms += elapsed_ms;
        if self.now < gauge.began_micros || gauge.elapsed_ms > 4.0 * GAUGE_MS {
            *gauge = Gauge { began_micros: self.now, elapsed_ms: 0.0, reached: None };
        } else if gauge.elapsed_ms >= GAUGE_MS {
            let rate = (self.now - gauge.began_micros) / (gauge.elapsed_ms * 1_000.0);
            let reached = Some(rate.round_ties_even() as u64);
            *gauge = Gauge { began_micros: self.now, elapsed_ms: 0.0, reached };
        }
    }

    /// How fast time really runs where it goes as fast as the machine does.
    pub(crate) fn reached(&self) -> Option<u64> {
        self.gauge.reached.filter(|_| self.is_free())
    }

    /// Virtual over real time just now.
    pub(crate) fn rate(&self) -> f64 {
        let chosen = SPEEDS.get(self.speed).map_or(1.0, |(rate, _)| *rate);
        let impatience = (self.waited_ms - PATIENCE_MS).max(0.0) / 1_000.0;
        (chosen * 4f64.powf(impatience)).min(chosen.max(20.0))
    }

    /// Nothing waits any more: the next command gets all the patience there is.
    pub(crate) fn rest(&mut self) {
        self.waited_ms = 0.0;
    }

    /// Whether a waiting command makes time hurry.
    pub(crate) fn hurries(&self) -> bool {
        self.waited_ms > PATIENCE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_at_the_chosen_speed_and_never_leaps_after_a_stall() {
        let mut clock = Clock::new(1_000_000, true);
        assert_eq!(clock.after(10.0, false), 1_000_000.0 + 2_000.0);
        assert_eq!(clock.after(60_000.0, false), 1_000_000.0 + 20_000.0);
    }

    #[test]
    fn as_fast_as_the_machine_goes_is_measured() {
        let mut clock = Clock { speed: SPEEDS.len() - 1, ..Clock::new(0, true) };
        assert!(clock.is_free());
        for frame in 1..=40 {
            clock.set(frame * 16_000_000);
            clock.measure(16.0);
        }
        assert_eq!(clock.reached(), Some(1_000));
        clock.set(0);
        clock.measure(16.0);
        assert_eq!(clock.reached(), None, "it went back");
    }

    #[test]
    fn a_command_that_waits_makes_time_hurry_and_its_end_stops_that() {
        let mut clock = Clock::new(0, false);
        for _ in 0..40 {
            clock.after(100.0, true);
        }
        assert!(clock.hurries());
        assert!(clock.rate() > 2.0);
        clock.after(16.0, false);
        assert_eq!(clock.rate(), 0.2);
    }
}
