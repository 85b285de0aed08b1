//! A series as text: from the page's program, which has the session, to that of the charts.

use std::fmt::Write as _;

use super::{Ended, Reign, Series, Write};

impl Series {
    /// All of it but what is under way, in lines: when it was taken and of how many nodes, then writes
    /// and reigns in their orders, all times in micros.
    pub fn told(&self) -> String {
        let mut text = format!("{} {}", self.now, self.nodes);
        for Write { asked_at, took, ended } in &self.writes {
            let ended = match ended {
                Ended::Acknowledged => 'a',
                Ended::Failed => 'f',
                Ended::Unknown => 'u',
            };
            let _ = write!(text, "\n{ended} {asked_at} {took}");
        }
        for Reign { node, term, from, to } in &self.reigns {
            let _ = write!(text, "\nr {node} {term} {from} {}", to.unwrap_or(u64::MAX));
        }
        text
    }

    /// Reads what was [told](Series::told); `None` if it was not.
    pub fn heard(text: &str) -> Option<Series> {
        let mut lines = text.lines();
        let (now, nodes) = lines.next()?.split_once(' ')?;
        let (now, nodes) = (now.parse().ok()?, nodes.parse().ok()?);
        let mut series = Series { now, nodes, ..Series::default() };
        for line in lines {
            let mut words = line.split(' ');
            let kind = words.next()?;
            let mut number = || words.next()?.parse::<u64>().ok();
            let ended = match kind {
                "a" => Ended::Acknowledged,
                "f" => Ended::Failed,
                "u" => Ended::Unknown,
                _ => {
                    let (node, term) = (u8::try_from(number()?).ok()?, number()?);
                    let (from, to) = (number()?, number()?);
                    let to = Some(to).filter(|to| *to != u64::MAX);
                    series.reigns.push(Reign { node, term, from, to });
                    continue;
                }
            };
            series.writes.push(Write { asked_at: number()?, took: number()?, ended });
        }
        Some(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told is heard, the open reign too; and what was never told is not.
    #[test]
    fn what_is_told_is_heard() {
        let write = |asked_at, ended| Write { asked_at, took: 24_000, ended };
        let series = Series {
            writes: vec![
                write(1, Ended::Acknowledged),
                write(2, Ended::Failed),
                write(3, Ended::Unknown),
            ],
            reigns: vec![
                Reign { node: 1, term: 1, from: 5, to: Some(9) },
                Reign { node: 7, term: u64::from(u32::MAX), from: 12, to: None },
            ],
            now: 1_234_567,
            nodes: 7,
            ..Series::default()
        };
        let heard = Series::heard(&series.told()).unwrap();
        assert_eq!((heard.writes(), heard.reigns()), (series.writes(), series.reigns()));
        assert_eq!((heard.now(), heard.nodes()), (series.now(), 7));
        for first in ["", "x", "1", "1 300", "x 3"] {
            assert!(Series::heard(first).is_none(), "{first}");
        }
        for line in ["a 1", "r 1 1 1", "a 1 x", "r 300 1 1 1"] {
            assert!(Series::heard(&format!("1 3\n{line}")).is_none(), "{line}");
        }
    }
}
