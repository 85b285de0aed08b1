//! From a long script that fails to a short one that fails in the same way (delta debugging:
//! Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).

use super::recording::{Broken, Ending, Recording, Timed, judge, replay};

/// A shrunk script.
pub(super) struct Shrunk {
    pub(super) recording: Recording,
    /// What it breaks, in the checker's words.
    pub(super) explanation: String,
}

/// Shrinks a recording that breaks `broken`, with at most so many tries. None if it does not break
/// that when it is replayed.
pub(super) fn shrink(recording: &Recording, broken: &Broken, tries: u32) -> Option<Shrunk> {
    let mut shrinker = Shrinker { broken, tries, tried: 0, explanation: String::new() };
    let mut best = recording.clone();
    if !shrinker.fails(&best) {
        return None;
    }
    shrinker.without_ending(&mut best);
    loop {
        let before = best.clone();
        shrinker.lines(&mut best);
        shrinker.opening(&mut best);
        if best == before || shrinker.is_spent() {
            break;
        }
    }
    shrinker.times(&mut best);
    // The explanation of the script that is left, not of the last one that was tried.
    shrinker.tries += 1;
    shrinker.fails(&best);
    Some(Shrunk { recording: best, explanation: shrinker.explanation })
}

struct Shrinker<'a> {
    broken: &'a Broken,
    tries: u32,
    tried: u32,
    explanation: String,
}

impl Shrinker<'_> {
    fn is_spent(&self) -> bool {
        self.tried >= self.tries
    }

    /// Whether a script breaks the same property.
    fn fails(&mut self, recording: &Recording) -> bool {
        if self.is_spent() {
            return false;
        }
        self.tried += 1;
        match judge(&replay(&recording.text())) {
            Some(verdict) if verdict.broken == *self.broken => {
                self.explanation = verdict.explanation;
                true
            }
            Some(_) | None => false,
        }
    }

    fn accept(&mut self, best: &mut Recording, candidate: Recording) -> bool {
        let fails = candidate != *best && self.fails(&candidate);
        if fails {
            *best = candidate;
        }
        fails
    }

    /// What broke before the end needs no liveness phase.
    fn without_ending(&mut self, best: &mut Recording) {
        let ending = match self.broken {
            Broken::Safety(_) => Ending::Violation,
            Broken::Linearizability => Ending::Open,
            Broken::Stores | Broken::Liveness(_) => return,
        };
        self.accept(best, Recording { ending, ..best.clone() });
    }

    /// Leaves out lines: first halves, then quarters, down to single ones; the newest first.
    fn lines(&mut self, best: &mut Recording) {
        let mut size = best.lines.len().div_ceil(2);
        while size > 0 && !self.is_spent() {
            let mut end = best.lines.len();
            let mut left_out = false;
            while end > 0 {
                let start = end.saturating_sub(size);
                let mut candidate = best.clone();
                candidate.lines.drain(start..end);
                left_out |= self.accept(best, candidate);
                end = start;
            }
            // What could not go before may go now.
            if size > 1 || !left_out {
                size /= 2;
            }
        }
    }

    /// Leaves out settings, one at a time. Size and seed stay.
    fn opening(&mut self, best: &mut Recording) {
        let mut place = 0;
        while let Some(line) = best.opening.get(place) {
            let stays = line.starts_with("nodes ") || line.starts_with("seed ");
            let mut candidate = best.clone();
            candidate.opening.remove(place);
            if stays || !self.accept(best, candidate) {
                place += 1;
            }
        }
    }

    /// Round times, and an end soon after the last line, are easier to read.
    fn times(&mut self, best: &mut Recording) {
        for unit in [1_000_000, 100_000, 10_000, 1_000] {
            let round = |at: u64| at.div_ceil(unit) * unit;
            let mut candidate = best.clone();
            for timed in &mut candidate.lines {
                timed.at_micros = round(timed.at_micros);
            }
            if let Ending::Liveness { at_micros, .. } = &mut candidate.ending {
                *at_micros = round(*at_micros);
            }
            if self.accept(best, candidate) {
                break;
            }
        }
        if let Ending::Liveness { election_micros, .. } = best.ending {
            let at_micros = best.lines.last().map_or(0, |Timed { at_micros, .. }| *at_micros);
            let ending = Ending::Liveness { at_micros: at_micros + 1_000_000, election_micros };
            self.accept(best, Recording { ending, ..best.clone() });
        }
    }
}
