//! Figures as they were measured: a name, where, and a number for each round.

use std::collections::BTreeMap;

/// Where it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In a native program, built for speed.
    Native,
    /// In WebAssembly, built exactly as the page is: for size.
    Page,
    /// In WebAssembly, as the page but for what simulates: that is built for speed.
    Speed,
    /// In Chromium: the page itself.
    Browser,
}

impl Place {
    /// Where the same programs are measured, beside each other.
    pub(super) const PROGRAMS: [Place; 3] = [Place::Native, Place::Page, Place::Speed];
    /// Where the page is.
    pub(super) const BROWSER: [Place; 1] = [Place::Browser];

    /// What stands over its column.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Place::Native => "native",
            Place::Page => "wasm, as the page",
            Place::Speed => "wasm, opt-level 3",
            Place::Browser => "the page in Chromium",
        }
    }
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    /// Speeds and ratios.
    Higher,
    /// Times and sizes.
    Lower,
}

/// All figures.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures(BTreeMap<(String, Place), Vec<f64>>);

impl Figures {
    /// Takes a line `name TAB value`. False if it is none.
    pub(super) fn add(&mut self, place: Place, line: &str) -> bool {
        let Some((name, value)) = line.split_once('\t') else { return false };
        let Ok(value) = value.trim().parse::<f64>() else { return false };
        if !value.is_finite() {
            return false;
        }
        self.0.entry((name.to_owned(), place)).or_default().push(value);
        true
    }

    /// The median of the rounds, if it was measured there.
    pub(super) fn median(&self, name: &str, place: Place) -> Option<f64> {
        let sorted = self.sorted(name, place, Better::Lower)?;
        let middle = sorted.len() / 2;
        Some(if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        })
    }

    /// The second best round, or the best of less than three.
    ///
    /// Floors are held against it. Whatever else a machine does makes a program slower and never
    /// faster, by more than a tenth where many share it; so one slow round says little, and one
    /// lucky one (of a ratio: the other side was disturbed) is not enough either. A change that
    /// really falls below a floor does so in all rounds.
    pub(super) fn second_best(&self, name: &str, place: Place, better: Better) -> Option<f64> {
        let sorted = self.sorted(name, place, better)?;
        sorted.get(usize::from(sorted.len() > 2)).copied()
    }

    /// All rounds, the best first.
    fn sorted(&self, name: &str, place: Place, better: Better) -> Option<Vec<f64>> {
        let mut sorted = self.0.get(&(name.to_owned(), place))?.clone();
        sorted.sort_by(f64::total_cmp);
        if better == Better::Higher {
            sorted.reverse();
        }
        Some(sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: &[f64]) -> Figures {
        let mut figures = Figures::default();
        for value in values {
            assert!(figures.add(Place::Page, &format!("x\t{value}")));
        }
        figures
    }

    /// Only lines with a name and a number are figures.
    #[test]
    fn lines_are_read() {
        let mut figures = Figures::default();
        for other in ["", "x", "x y", "x\tfast", "x\tNaN"] {
            assert!(!figures.add(Place::Native, other), "{other:?}");
        }
        assert!(figures.add(Place::Native, "seek/worst\t0.0031"));
        assert_eq!(figures.median("seek/worst", Place::Native), Some(0.0031));
        assert_eq!(figures.median("seek/worst", Place::Page), None);
    }

    /// The median is the middle of the rounds; the second best depends on which way is better.
    #[test]
    fn rounds_are_summed_up() {
        let five = figures(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(five.median("x", Place::Page), Some(3.0));
        assert_eq!(five.second_best("x", Place::Page, Better::Higher), Some(4.0));
        assert_eq!(five.second_best("x", Place::Page, Better::Lower), Some(2.0));
        let two = figures(&[1.0, 4.0]);
        assert_eq!(two.median("x", Place::Page), Some(2.5));
        assert_eq!(two.second_best("x", Place::Page, Better::Higher), Some(4.0));
    }
}
