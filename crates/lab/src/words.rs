//! Quantities as people read them.

use sim::member::Micros;

use crate::script::duration_text;

/// A span of time in the unit that suits it, to three digits or so: `312 ms`, `1.31 s`.
pub(crate) fn span(micros: u64) -> String {
    let grain = match micros {
        0..1_000 => 1,
        1_000..10_000 => 100,
        10_000..1_000_000 => 1_000,
        _ => 10_000,
    };
    spaced(&duration_text(Micros((micros + grain / 2) / grain * grain)))
}

/// What the language writes without a blank, with one: `40ms` as `40 ms`, `1.2x` as `1.2 ×`.
pub(crate) fn spaced(value: &str) -> String {
    let digit_or_point = |letter: char| letter.is_ascii_digit() || letter == '.';
    let split = value.find(|letter| !digit_or_point(letter)).unwrap_or(value.len());
    let (number, unit) = value.split_at(split);
    match unit {
        "" => number.to_owned(),
        "x" => format!("{number} ×"),
        "us" => format!("{number} µs"),
        unit => format!("{number} {unit}"),
    }
}

/// A number of things: `1 entry`, `3 entries`.
pub(crate) fn in_words(count: u64, thing: &str) -> String {
    match (count, thing.strip_suffix('y').filter(|_| thing != "key")) {
        (1, _) => format!("1 {thing}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units_and_no_more_digits_than_can_be_read() {
        let spans = [0, 250, 1_234, 12_480, 312_487, 1_000_000, 7_384_999].map(span);
        assert_eq!(spans, ["0 s", "250 µs", "1.2 ms", "12 ms", "312 ms", "1 s", "7.38 s"]);
        assert_eq!(["40ms", "20%", "1.2x", "100"].map(spaced), ["40 ms", "20 %", "1.2 ×", "100"]);
        let counted = [in_words(1, "entry"), in_words(3, "entry"), in_words(2, "key")];
        assert_eq!(counted, ["1 entry", "3 entries", "2 keys"]);
    }
}
