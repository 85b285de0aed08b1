//! Where words stand beside an axis.

/// A place on an axis, and the words there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) words: String,
}

impl Tick {
    /// Words at a place.
    pub(crate) fn new(at: f64, words: impl Into<String>) -> Tick {
        Tick { at, words: words.into() }
    }
}

/// The least of 1, 2, 5 and their tenfolds that goes into `whole` at most `most` times.
fn step(whole: u64, most: u64) -> u64 {
    let mut unit = 1;
    loop {
        for step in [1, 2, 5] {
            if whole / (step * unit) <= most {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

/// Whole numbers from 0 to the axis' end, which is `most` or a little more.
pub(crate) fn count_ticks(most: u64) -> (f64, Vec<Tick>) {
    let step = step(most.max(1), 4);
    let end = most.max(1).div_ceil(step) * step;
    let ticks = (0..=end / step).map(|n| Tick::new((n * step) as f64, (n * step).to_string()));
    (end as f64, ticks.collect())
}

/// Times from 0 to the axis' end, in microseconds; `most_ticks` of them.
pub(crate) fn time_ticks(most: u64, most_ticks: u64) -> (f64, Vec<Tick>) {
    // Below two seconds, milliseconds are read more easily.
    let (unit, name) = if most < 2_000_000 { (1_000, "ms") } else { (1_000_000, "s") };
    let units = most.div_ceil(unit).max(1);
    let step = step(units, most_ticks);
    let end = units.div_ceil(step) * step;
    let tick = |n: u64| Tick::new((n * step * unit) as f64, format!("{} {name}", n * step));
    ((end * unit) as f64, (0..=end / step).map(tick).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words((end, ticks): (f64, Vec<Tick>)) -> String {
        let words: Vec<String> = ticks.into_iter().map(|tick| tick.words).collect();
        format!("{} to {end}", words.join(", "))
    }

    /// Steps are 1, 2 or 5; the axis ends at a tick.
    #[test]
    fn ticks_are_round() {
        assert_eq!(words(count_ticks(0)), "0, 1 to 1");
        assert_eq!(words(count_ticks(4)), "0, 1, 2, 3, 4 to 4");
        assert_eq!(words(count_ticks(9)), "0, 2, 4, 6, 8, 10 to 10");
        assert_eq!(words(count_ticks(1_234)), "0, 500, 1000, 1500 to 1500");
        assert_eq!(words(time_ticks(24_000, 4)), "0 ms, 10 ms, 20 ms, 30 ms to 30000");
        assert_eq!(words(time_ticks(7_100_000, 4)), "0 s, 2 s, 4 s, 6 s, 8 s to 8000000");
    }
}
