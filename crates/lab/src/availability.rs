//! How likely it is that a quorum is up, for clusters of one to seven nodes.
//!
//! Each node is taken to be down a given share of the time, *independently of the others*. That is
//! kinder than life: a power cut, a bad update and a full disk come to several at once. All of it is
//! exact, in whole numbers: a chance is one of a hundred thousand, so that seven of them multiplied
//! are below 10³⁵, which a `u128` holds.

use sim::NODES_MAX;

/// A chance in hundred-thousandths: `Chance(1_000)` is 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance(pub u32);

impl Chance {
    /// What always happens.
    pub const CERTAIN: Chance = Chance(100_000);
}

/// Of what [`Row::down`] counts, so many are always.
pub const WHOLE: u64 = 1_000_000_000_000_000;
/// Seconds of a year of 365 days.
const YEAR_SECONDS: u64 = 31_536_000;

/// A cluster of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How many nodes.
    pub nodes: u8,
    /// How many of them are a quorum.
    pub quorum: u8,
    /// How many may be down while a quorum is up.
    pub tolerance: u8,
    /// The share of the time without a quorum, in parts of [`WHOLE`], rounded.
    pub down: u64,
    /// How long that is in a year of 365 days, in milliseconds, rounded.
    pub down_ms_a_year: u64,
    /// The rest as people say it: `99.97 %`. Never rounded up.
    pub up_text: String,
    /// The time in words: `2.6 hours`.
    pub down_text: String,
}

/// Clusters of one to seven nodes, each of which is down with this chance.
///
/// A chance above [`Chance::CERTAIN`] is taken for that.
pub fn table(node_down: Chance) -> Vec<Row> {
    (1..=NODES_MAX).map(|nodes| row(nodes, node_down)).collect()
}

/// The same as a table of words: instances, quorum, fault tolerance, availability, downtime a year.
pub fn rows(node_down: Chance) -> Vec<[String; 5]> {
    let texts = |row: Row| {
        let Row { nodes, quorum, tolerance, up_text, down_text, .. } = row;
        [nodes.to_string(), quorum.to_string(), tolerance.to_string(), up_text, down_text]
    };
    table(node_down).into_iter().map(texts).collect()
}

fn row(nodes: u8, node_down: Chance) -> Row {
    let quorum = nodes / 2 + 1;
    let tolerance = nodes - quorum;
    let down = without_quorum(nodes, tolerance, node_down);
    let down_ms_a_year = rounded(u128::from(down) * u128::from(YEAR_SECONDS) * 1_000, WHOLE.into());
    Row {
        nodes,
        quorum,
        tolerance,
        down,
        down_ms_a_year,
        up_text: up_text(WHOLE - down),
        down_text: in_a_year(down_ms_a_year),
    }
}

/// The chance that more than `tolerance` are down: of all ways in which so many can be, and the
/// others not, the sum (the binomial distribution).
fn without_quorum(nodes: u8, tolerance: u8, Chance(down): Chance) -> u64 {
    let whole = u128::from(Chance::CERTAIN.0);
    let down = u128::from(down).min(whole);
    let ways = |failed: u8| {
        (0..failed).fold(1_u128, |ways, k| ways * u128::from(nodes - k) / u128::from(k + 1))
    };
    let chance = |failed: u8| {
        ways(failed) * down.pow(failed.into()) * (whole - down).pow((nodes - failed).into())
    };
    let sum: u128 = (tolerance + 1..=nodes).map(chance).sum();
    let all = whole.pow(nodes.into());
    let part = u128::from(WHOLE);
    if all >= part { rounded(sum, all / part) } else { rounded(sum * part, all) }
}

fn rounded(sum: u128, by: u128) -> u64 {
    u64::try_from((sum + by / 2) / by).unwrap_or(u64::MAX)
}

/// All leading nines and two digits more, rounded down.
fn up_text(up: u64) -> String {
    if up == WHOLE {
        return "100 %".to_owned();
    }
    // Two digits before the point and thirteen behind it.
    let digits = format!("{up:015}");
    let nines = digits.bytes().take_while(|digit| *digit == b'9').count();
    let kept = digits.get(..(nines + 2).clamp(4, 15)).unwrap_or(&digits);
    let (before, after) = kept.split_at(2);
    let before = before.strip_prefix('0').unwrap_or(before);
    match after.trim_end_matches('0') {
        "" => format!("{before} %"),
        after => format!("{before}.{after} %"),
    }
}

/// A time in the unit that suits it; below ten with a digit behind the point.
fn in_a_year(ms: u64) -> String {
    const UNITS: [(u64, &str); 5] = [
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1_000, "second"),
        (1, "millisecond"),
    ];
    // What would be read as 60 minutes is an hour.
    let suits = |(unit, _): &&(u64, &str)| 20 * ms >= 19 * unit + unit / 2;
    let Some((unit, name)) = UNITS.iter().find(suits) else {
        return "less than a millisecond".to_owned();
    };
    let tenths = (10 * ms + unit / 2) / unit;
    let number = match tenths {
        _ if *unit == 1 => ms.to_string(),
        100.. => ((ms + unit / 2) / unit).to_string(),
        _ if tenths.is_multiple_of(10) => (tenths / 10).to_string(),
        _ => format!("{}.{}", tenths / 10, tenths % 10),
    };
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {name}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out by hand. One in a hundred, p = 0.01, q = 0.99:
    /// 1 node: p; 2: 1 − q²; 3: 3p²q + p³; 4: 6p²q² + 4p³q + p⁴; 5: 10p³q² + 5p⁴q + p⁵;
    /// 6: 20p³q³ + 15p⁴q² + 6p⁵q + p⁶; 7: 35p⁴q³ + 21p⁵q² + 7p⁶q + p⁷.
    #[test]
    fn one_in_a_hundred() {
        let table = table(Chance(1_000));
        let down: Vec<u64> = table.iter().map(|row| row.down).collect();
        assert_eq!(
            down,
            [
                10_000_000_000_000, // 0.01
                19_900_000_000_000, // 0.0199
                298_000_000_000,    // 0.000297 + 0.000001
                592_030_000_000,    // 0.00058806 + 0.00000396 + 0.00000001
                9_850_600_000,      // 0.000009801 + 0.0000000495 + 0.0000000001
                19_553_590_000,     // 0.00001940598 + 0.000000147015 + 0.000000000594 + 10⁻¹²
                341_669_800,        // 339 604 650 + 2 058 210 + 6 930 + 10
            ]
        );
        let words: Vec<&str> = table.iter().map(|row| row.down_text.as_str()).collect();
        assert_eq!(
            words,
            [
                "3.7 days",
                "7.3 days",
                "2.6 hours",
                "5.2 hours",
                "5.2 minutes",
                "10 minutes",
                "11 seconds"
            ]
        );
        let up: Vec<&str> = table.iter().map(|row| row.up_text.as_str()).collect();
        assert_eq!(
            up,
            ["99 %", "98.01 %", "99.97 %", "99.94 %", "99.99901 %", "99.998 %", "99.999965 %"]
        );
    }

    /// Instances, quorum and fault tolerance as etcd's own table has them.
    #[test]
    fn quorum_and_tolerance() {
        let rows = rows(Chance(10));
        let texts: Vec<String> = rows.iter().map(|row| row[..3].join(" ")).collect();
        assert_eq!(texts, ["1 1 0", "2 2 0", "3 2 1", "4 3 1", "5 3 2", "6 4 2", "7 4 3"]);
        // One in ten thousand of a year of 525,600 minutes is 52.56 of them.
        assert_eq!(rows[0][3..], ["99.99 %".to_owned(), "53 minutes".to_owned()]);
    }

    /// Proves: an even number is worse than the odd one below it, and two odd steps always help.
    #[test]
    fn one_more_than_odd_is_worse() {
        for chance in [1, 10, 100, 1_000, 5_000, 20_000, 49_999] {
            let down: Vec<u64> = table(Chance(chance)).iter().map(|row| row.down).collect();
            for odd in [0, 2, 4] {
                assert!(
                    down[odd + 1] > down[odd] && down[odd + 2] < down[odd],
                    "{chance}: {down:?}"
                );
            }
        }
    }

    #[test]
    fn the_ends() {
        for row in table(Chance(0)) {
            assert_eq!(
                (row.up_text.as_str(), row.down_text.as_str()),
                ("100 %", "less than a millisecond")
            );
        }
        for row in table(Chance(100_001)) {
            assert_eq!((row.up_text.as_str(), row.down_text.as_str()), ("0 %", "365 days"));
        }
        // A coin for each: an odd number of them has as many ways to have a quorum as not.
        let halves = table(Chance(50_000));
        assert_eq!([halves[2].down, halves[4].down, halves[6].down], [WHOLE / 2; 3]);
    }

    #[test]
    fn times_in_words() {
        let words = [0, 1, 40, 999, 1_000, 59_999, 61_000, 3_599_000, 36_000_000, 86_400_000]
            .map(in_a_year);
        let expected = [
            "less than a millisecond",
            "1 millisecond",
            "40 milliseconds",
            "1 second",
            "1 second",
            "1 minute",
            "1 minute",
            "1 hour",
            "10 hours",
            "1 day",
        ];
        assert_eq!(words, expected);
    }
}
