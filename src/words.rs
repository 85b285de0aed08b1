//! Numbers and facts as the page words them.

use std::fmt;

use lab::view::{Condition, Knows, Level, Role, Seat};

/// The colour of a term: the six take turns, and term 0 (nobody has led yet) has none.
pub(crate) fn hue(term: u64) -> String {
    if term == 0 { "none".to_owned() } else { (term % 6).to_string() }
}

/// A node's name.
pub(crate) fn node(id: u8) -> String {
    format!("n{id}")
}

/// A role in one word.
pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "pre-vote",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}

/// What stands in the disc: the role, or why there is none to speak of.
pub(crate) fn standing(condition: Condition, seat: Seat, of: Role) -> &'static str {
    match condition {
        Condition::Running if seat == Seat::Learner => "learner",
        Condition::Running => role(of),
        Condition::Paused => "paused",
        Condition::Crashed => "down",
        Condition::Unstarted => "not started",
        Condition::Removed => "removed",
    }
}

/// The name of a level in style sheets.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Good => "good",
        Level::Neutral => "neutral",
        Level::Warning => "warning",
        Level::Bad => "bad",
    }
}

/// What a client knows, in one word.
pub(crate) fn knows(knows: Knows) -> &'static str {
    match knows {
        Knows::Waiting => "waiting",
        Knows::Acknowledged => "acknowledged",
        Knows::Failed => "failed",
        Knows::Unknown => "unknown",
    }
}

/// What it means to know no more than that, where one word does not say it.
pub(crate) fn told(knows: Knows) -> Option<&'static str> {
    match knows {
        Knows::Unknown => Some("No answer came: it may have been done, or may still be."),
        Knows::Waiting | Knows::Acknowledged | Knows::Failed => None,
    }
}

/// A moment: `12.480 s`.
pub(crate) fn seconds(micros: u64) -> String {
    let millis = micros / 1_000;
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}

/// A span in the unit that suits it: `40 ms`, `1.5 s`.
pub(crate) fn span(micros: u64) -> String {
    if micros < 1_000 {
        format!("{micros} µs")
    } else if micros < 1_000_000 {
        format!("{} ms", Decimal::hundredths(micros as f64 / 1_000.0))
    } else {
        format!("{} s", Decimal::hundredths(micros as f64 / 1_000_000.0))
    }
}

/// Parts of a million in per cent: `12.5 %`.
pub(crate) fn per_cent(parts: u32) -> String {
    format!("{} %", Decimal { units: i64::from(parts), digits: 4 })
}

/// A length or coordinate in a picture, to a tenth of a unit.
pub(crate) fn px(number: f64) -> Decimal {
    Decimal { units: (number * 10.0).round_ties_even() as i64, digits: 1 }
}

/// A number with a few digits after its point, without zeros at the end.
///
/// Nothing in the page is formatted as `f64`: what the standard library needs to write those weighs
/// more than all of `etcdctl put`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    units: i64,
    /// How many of the digits stand after the point.
    digits: u32,
}

impl Decimal {
    /// `number`, to a hundredth.
    pub(crate) fn hundredths(number: f64) -> Decimal {
        Decimal { units: (number * 100.0).round_ties_even() as i64, digits: 2 }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decimal { mut units, mut digits } = *self;
        while digits > 0 && units % 10 == 0 {
            units /= 10;
            digits -= 1;
        }
        let sign = if units < 0 { "-" } else { "" };
        let (units, one) = (units.unsigned_abs(), 10u64.pow(digits));
        write!(f, "{sign}{}", units / one)?;
        if digits == 0 {
            Ok(())
        } else {
            write!(f, ".{:0width$}", units % one, width = digits as usize)
        }
    }
}

/// A whole number with thin groups: `1,204`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many events: `1 event`, `1,204 events`.
pub(crate) fn events(number: u64) -> String {
    format!("{} event{}", count(number), if number == 1 { "" } else { "s" })
}

/// `text`, cut to at most `most` characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Names in a row: `n1, n2 and n5`.
pub(crate) fn list(ids: &[u8]) -> String {
    match ids {
        [] => String::new(),
        [one] => node(*one),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|id| node(*id)).collect();
            format!("{} and {}", first.join(", "), node(*last))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_worded_with_their_unit() {
        assert_eq!(seconds(12_480_999), "12.480 s");
        assert_eq!(span(40_000), "40 ms");
        assert_eq!(span(1_500_000), "1.5 s");
        assert_eq!(span(250), "250 µs");
        assert_eq!(span(7_384_999), "7.38 s");
    }

    #[test]
    fn decimals_have_no_zeros_at_the_end() {
        let shown = [0.0, 7.0, -0.04, -0.25, 12.34, -300.96].map(|number| px(number).to_string());
        assert_eq!(shown, ["0", "7", "0", "-0.2", "12.3", "-301"]);
        assert_eq!(per_cent(200_000), "20 %");
        assert_eq!(per_cent(10_502), "1.0502 %");
        assert_eq!(Decimal::hundredths(33.3333).to_string(), "33.33");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_204), "1,204");
        assert_eq!(count(1_000_000), "1,000,000");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("مرحبا", 3), "مر…");
        assert_eq!(cut("abc", 3), "abc");
    }

    #[test]
    fn names_are_listed() {
        assert_eq!(list(&[1, 2, 5]), "n1, n2 and n5");
        assert_eq!(list(&[4]), "n4");
    }
}
