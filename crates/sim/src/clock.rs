//! A node's own clock: it runs at its own rate.

use member::Micros;
use serde::{Deserialize, Serialize};

/// The rate of a true clock, in parts per million of virtual time.
pub const TRUE_RATE_PPM: u32 = 1_000_000;

/// A clock that reads `local` at the virtual time `global` and runs at `rate_ppm` since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    global: u64,
    local: u64,
    rate_ppm: u32,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        Clock { global: 0, local: 0, rate_ppm: TRUE_RATE_PPM }
    }

    pub(crate) fn rate_ppm(&self) -> u32 {
        self.rate_ppm
    }

    /// From `now` on, run at another rate. The clock does not jump.
    pub(crate) fn set_rate_ppm(&mut self, now: Micros, rate_ppm: u32) {
        assert!(rate_ppm > 0, "a clock that stands still never reaches a deadline");
        *self = Clock { global: now.0, local: self.read(now).0, rate_ppm };
    }

    /// What the clock shows at a virtual time not before its last change.
    pub(crate) fn read(&self, now: Micros) -> Micros {
        let elapsed = now.0.saturating_sub(self.global);
        if self.rate_ppm == TRUE_RATE_PPM {
            return Micros(self.local + elapsed);
        }
        let elapsed = u128::from(elapsed) * u128::from(self.rate_ppm) / u128::from(TRUE_RATE_PPM);
        Micros(self.local + elapsed as u64)
    }

    /// The first virtual time at which the clock shows `local` or more.
    pub(crate) fn when(&self, local: Micros) -> Micros {
        let ahead = local.0.saturating_sub(self.local);
        Micros(self.global + self.global_span(ahead))
    }

    /// How long, in virtual time, this clock takes for `span` micros of its own.
    pub(crate) fn global_span(&self, span: u64) -> u64 {
        if self.rate_ppm == TRUE_RATE_PPM {
            return span;
        }
        let span = u128::from(span) * u128::from(TRUE_RATE_PPM);
        span.div_ceil(u128::from(self.rate_ppm)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `when` is the first moment at which `read` has got there, at any rate, after any change.
    #[test]
    fn when_inverts_read() {
        let mut clock = Clock::new();
        let mut now = 0;
        for rate_ppm in [1_000_000, 1_200_000, 999_983, 500_000, 3, 77_000_000] {
            now += 12_345;
            clock.set_rate_ppm(Micros(now), rate_ppm);
            for ahead in [0, 1, 2, 99, 100_000, 7_654_321] {
                let local = Micros(clock.read(Micros(now)).0 + ahead);
                let when = clock.when(local);
                assert!(clock.read(when) >= local, "{rate_ppm} ppm, {ahead} ahead");
                if ahead > 0 {
                    assert!(clock.read(Micros(when.0 - 1)) < local, "{rate_ppm} ppm, {ahead}");
                }
            }
        }
    }
}
