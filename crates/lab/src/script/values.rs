//! The small values of the language: times, shares, rates and names, how they are read and
//! written. All of them are whole numbers behind this file: a run must not depend on rounding.

use serde::{Deserialize, Serialize};

pub use sim::member::Micros;
pub(super) use sim::member::raft_core::MessageKind;
pub use sim::member::raft_core::{NodeId, Rule};

/// Parts per million: 1,000,000 is all of it, or a true clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ppm(pub u32);

/// The longest span of time a line can name: 1000 hours.
const MICROS_MAX: u64 = 1000 * 3600 * 1_000_000;

/// Units of time with their length in microseconds.
const UNITS: [(&str, u64); 5] =
    [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];

/// A kind of message as lines name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageName {
    /// `pre-vote`.
    PreVote,
    /// `pre-vote-reply`.
    PreVoteReply,
    /// `vote`: RequestVote.
    RequestVote,
    /// `vote-reply`.
    RequestVoteReply,
    /// `append`: AppendEntries.
    AppendEntries,
    /// `append-reply`: accepted or rejected.
    AppendReply,
    /// `heartbeat`.
    Heartbeat,
    /// `heartbeat-reply`.
    HeartbeatReply,
    /// `snapshot`: InstallSnapshot.
    InstallSnapshot,
    /// `timeout-now`.
    TimeoutNow,
    /// `propose`: a follower forwards a write.
    Propose,
    /// `read-index`.
    ReadIndex,
    /// `read-index-reply`.
    ReadIndexReply,
}

impl MessageName {
    /// All of them.
    pub const ALL: [MessageName; 13] = [
        MessageName::PreVote,
        MessageName::PreVoteReply,
        MessageName::RequestVote,
        MessageName::RequestVoteReply,
        MessageName::AppendEntries,
        MessageName::AppendReply,
        MessageName::Heartbeat,
        MessageName::HeartbeatReply,
        MessageName::InstallSnapshot,
        MessageName::TimeoutNow,
        MessageName::Propose,
        MessageName::ReadIndex,
        MessageName::ReadIndexReply,
    ];

    /// As lines write it.
    pub fn name(self) -> &'static str {
        match self {
            MessageName::PreVote => "pre-vote",
            MessageName::PreVoteReply => "pre-vote-reply",
            MessageName::RequestVote => "vote",
            MessageName::RequestVoteReply => "vote-reply",
            MessageName::AppendEntries => "append",
            MessageName::AppendReply => "append-reply",
            MessageName::Heartbeat => "heartbeat",
            MessageName::HeartbeatReply => "heartbeat-reply",
            MessageName::InstallSnapshot => "snapshot",
            MessageName::TimeoutNow => "timeout-now",
            MessageName::Propose => "propose",
            MessageName::ReadIndex => "read-index",
            MessageName::ReadIndexReply => "read-index-reply",
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<MessageName> {
        MessageName::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of a message of this kind; both answers to an append have one.
    pub fn of(kind: MessageKind) -> MessageName {
        match kind {
            MessageKind::PreVote => MessageName::PreVote,
            MessageKind::PreVoteReply => MessageName::PreVoteReply,
            MessageKind::RequestVote => MessageName::RequestVote,
            MessageKind::RequestVoteReply => MessageName::RequestVoteReply,
            MessageKind::AppendEntries => MessageName::AppendEntries,
            MessageKind::AppendAccepted | MessageKind::AppendRejected => MessageName::AppendReply,
            MessageKind::Heartbeat => MessageName::Heartbeat,
            MessageKind::HeartbeatReply => MessageName::HeartbeatReply,
            MessageKind::InstallSnapshot => MessageName::InstallSnapshot,
            MessageKind::TimeoutNow => MessageName::TimeoutNow,
            MessageKind::Propose => MessageName::Propose,
            MessageKind::ReadIndex => MessageName::ReadIndex,
            MessageKind::ReadIndexReply => MessageName::ReadIndexReply,
        }
    }
}

/// Reads `100ms`, `1.5s`, `20us`, `2m`, `1h`.
pub(crate) fn parse_duration(text: &str) -> Result<Micros, String> {
    let expected = || format!("expected a time such as 100ms, 1.5s or 2m, not `{text}`");
    let split = text.find(|next: char| next.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    if unit.is_empty() && parse_decimal(number, 1).is_ok() {
        return Err(format!("the time `{text}` has no unit: write {text}ms or {text}s"));
    }
    let (_, micros) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(expected)?;
    match parse_decimal(number, micros) {
        Ok(micros) if micros <= MICROS_MAX => Ok(Micros(micros)),
        Ok(_) | Err(DecimalError::TooLarge) => {
            Err(format!("the time `{text}` is too long: 1000h is the longest"))
        }
        Err(DecimalError::TooFine) => Err(format!("the time `{text}` is finer than 1us")),
        Err(DecimalError::NoNumber) => Err(expected()),
    }
}

/// Writes a time in the unit that reads best: `100ms`, `1s`, `12.48s`, `250us`.
pub fn duration_text(Micros(micros): Micros) -> String {
    if micros >= 1_000_000 || micros == 0 {
        format!("{}s", decimal_text(micros, 1_000_000))
    } else if micros >= 1_000 {
        format!("{}ms", decimal_text(micros, 1_000))
    } else {
        format!("{micros}us")
    }
}

/// Reads `20%`, `0.5%`: a share from nothing to all.
pub(crate) fn parse_percentage(text: &str) -> Result<Ppm, String> {
    let expected = || format!("expected a percentage such as 20%, not `{text}`");
    let number = text.strip_suffix('%').ok_or_else(expected)?;
    match parse_decimal(number, 10_000) {
        Ok(ppm @ 0..=1_000_000) => Ok(Ppm(u32::try_from(ppm).unwrap_or(u32::MAX))),
        Ok(_) | Err(DecimalError::TooLarge) => Err(format!("`{text}` is more than 100%")),
        Err(DecimalError::TooFine) => {
            Err(format!("`{text}` is too fine: four digits after the point are the most"))
        }
        Err(DecimalError::NoNumber) => Err(expected()),
    }
}

/// Writes a share: `20%`, `0.5%`.
pub fn percentage_text(Ppm(ppm): Ppm) -> String {
    format!("{}%", decimal_text(u64::from(ppm), 10_000))
}

/// Reads `1.2x`: how fast a clock runs, from 0.1 to 10 times true time.
pub(crate) fn parse_rate(text: &str) -> Result<Ppm, String> {
    let expected = || format!("expected a speed such as 1.2x, not `{text}`");
    let number = text.strip_suffix('x').ok_or_else(expected)?;
    match parse_decimal(number, 1_000_000) {
        Ok(ppm @ 100_000..=10_000_000) => Ok(Ppm(u32::try_from(ppm).unwrap_or(u32::MAX))),
        Ok(_) | Err(DecimalError::TooLarge) => {
            Err(format!("a clock runs at 0.1x to 10x of true time, not at `{text}`"))
        }
        Err(DecimalError::TooFine) => {
            Err(format!("`{text}` is too fine: six digits after the point are the most"))
        }
        Err(DecimalError::NoNumber) => Err(expected()),
    }
}

/// Writes a clock's speed: `1.2x`.
pub fn rate_text(Ppm(ppm): Ppm) -> String {
    format!("{}x", decimal_text(u64::from(ppm), 1_000_000))
}

enum DecimalError {
    NoNumber,
    TooFine,
    TooLarge,
}

/// `number` times `scale`, where the product must be whole. `scale` is a power of ten times a
/// small factor, so that a finite decimal either fits exactly or is too fine.
fn parse_decimal(number: &str, scale: u64) -> Result<u64, DecimalError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(DecimalError::NoNumber);
    }
    let whole: u64 = whole.parse().map_err(|_| DecimalError::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    let mut total = whole.checked_mul(scale).ok_or(DecimalError::TooLarge)?;
    let (mut digit_scale, mut divisor_left) = (scale, true);
    for digit in fraction.bytes() {
        divisor_left &= digit_scale % 10 == 0;
        if !divisor_left {
            return Err(DecimalError::TooFine);
        }
        digit_scale /= 10;
        let part = u64::from(digit - b'0') * digit_scale;
        total = total.checked_add(part).ok_or(DecimalError::TooLarge)?;
    }
    Ok(total)
}

/// `value / scale` with as many digits after the point as it needs.
pub(crate) fn decimal_text(value: u64, scale: u64) -> String {
    let (whole, mut rest) = (value / scale, value % scale);
    let mut text = whole.to_string();
    let mut digit_scale = scale;
    if rest > 0 {
        text.push('.');
    }
    while rest > 0 {
        digit_scale /= 10;
        text.push_str(&(rest / digit_scale).to_string());
        rest %= digit_scale;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: times are exact, have a unit, and read back as they were written.
    #[test]
    fn times() {
        let check = |text: &str, micros: u64, canonical: &str| {
            assert_eq!(parse_duration(text), Ok(Micros(micros)), "{text}");
            assert_eq!(duration_text(Micros(micros)), canonical);
            assert_eq!(parse_duration(canonical), Ok(Micros(micros)), "{canonical}");
        };
        check("100ms", 100_000, "100ms");
        check("1000ms", 1_000_000, "1s");
        check("12.48s", 12_480_000, "12.48s");
        check("1.5m", 90_000_000, "90s");
        check("0.25ms", 250, "250us");
        check("1.25ms", 1_250, "1.25ms");
        check("1h", 3_600_000_000, "3600s");
        check("0ms", 0, "0s");
        check("0.000001s", 1, "1us");
        check("1.50s", 1_500_000, "1.5s");
        for bad in ["", "s", "1", "1.5", "1 s", "-1s", "1.s", ".5s", "1x", "1sec", "١s", "1e3s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_duration("0.5us"), Err("the time `0.5us` is finer than 1us".to_owned()));
        for long in ["1001h", "99999999999999999999s", "18446744073709551615h"] {
            assert!(parse_duration(long).is_err_and(|error| error.contains("too long")), "{long}");
        }
    }

    /// Proves: percentages and speeds are exact and stay within their bounds.
    #[test]
    fn shares_and_speeds() {
        for (text, ppm) in [("20%", 200_000), ("0.5%", 5_000), ("100%", 1_000_000), ("0%", 0)] {
            assert_eq!(parse_percentage(text), Ok(Ppm(ppm)));
            assert_eq!(percentage_text(Ppm(ppm)), text);
        }
        for bad in ["20", "%", "101%", "-1%", "1.00001%", "a%", "100.0001%"] {
            assert!(parse_percentage(bad).is_err(), "{bad}");
        }
        for (text, ppm) in [("1.2x", 1_200_000), ("1x", 1_000_000), ("0.1x", 100_000)] {
            assert_eq!(parse_rate(text), Ok(Ppm(ppm)));
            assert_eq!(rate_text(Ppm(ppm)), text);
        }
        for bad in ["1.2", "x", "0x", "11x", "1.0000001x"] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }

    /// Proves: every kind of message has a name of its own that is read back.
    #[test]
    fn message_names() {
        for name in MessageName::ALL {
            assert_eq!(MessageName::named(name.name()), Some(name));
        }
        for kind in MessageKind::ALL {
            assert!(MessageName::ALL.contains(&MessageName::of(kind)));
        }
    }
}
