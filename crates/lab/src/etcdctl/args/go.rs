//! Go's ways with text, as far as its error messages show them: `%q`, `strconv`, `time`.

/// Go's `%q` of a string: `"a\nb"`.
pub(super) fn quote(text: &str) -> String {
    quote_bytes(text.as_bytes())
}

/// Go's `%q` of any bytes: those that are not UTF-8 are `\xff`.
pub(in crate::etcdctl) fn quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut quoted, character, '"');
        }
        for byte in chunk.invalid() {
            quoted.push_str(&format!("\\x{byte:02x}"));
        }
    }
    quoted.push('"');
    quoted
}

/// Go's `%q` of a single character: `'z'`.
pub(super) fn quote_character(character: char) -> String {
    let mut quoted = String::from("'");
    push_escaped(&mut quoted, character, '\'');
    quoted.push('\'');
    quoted
}

fn push_escaped(text: &mut String, character: char, quote: char) {
    match character {
        '\u{7}' => text.push_str("\\a"),
        '\u{8}' => text.push_str("\\b"),
        '\u{c}' => text.push_str("\\f"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '\u{b}' => text.push_str("\\v"),
        '\\' => text.push_str("\\\\"),
        _ if character == quote => {
            text.push('\\');
            text.push(quote);
        }
        _ if is_printable(character) => text.push(character),
        _ if u32::from(character) < 0x80 => {
            text.push_str(&format!("\\x{:02x}", u32::from(character)));
        }
        _ if u32::from(character) < 0x1_0000 => {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        }
        _ => text.push_str(&format!("\\U{:08x}", u32::from(character))),
    }
}

/// As far as we need Go's `unicode.IsPrint`: no controls, no blanks but the space, none of the
/// invisible characters that change how a text runs.
fn is_printable(character: char) -> bool {
    let invisible = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{10ffff}'
    );
    character == ' ' || (!character.is_whitespace() && !character.is_control() && !invisible)
}

/// `strconv.ParseUint(text, 16, 64)`.
pub(super) fn parse_hex(text: &str) -> Result<u64, String> {
    let failed = |why: &str| format!("strconv.ParseUint: parsing {}: {why}", quote(text));
    if text.is_empty() || !text.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(failed("invalid syntax"));
    }
    u64::from_str_radix(text, 16).map_err(|_| failed("value out of range"))
}

/// `strconv.ParseInt(text, base, 64)`; base 0 takes `0x`, `0o`, `0b`, `0` and `_` as Go does.
pub(in crate::etcdctl) fn parse_int(text: &str, base: u32) -> Result<i64, String> {
    let failed = |why: &str| format!("strconv.ParseInt: parsing {}: {why}", quote(text));
    let syntax = || failed("invalid syntax");
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or("")),
        Some(b'+') => (false, text.get(1..).unwrap_or("")),
        Some(_) | None => (false, text),
    };
    let (digits, radix) = if base == 0 { prefixed(digits) } else { (digits.to_owned(), base) };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(syntax());
    }
    let magnitude =
        u128::from_str_radix(digits.get(..digits.len().min(70)).unwrap_or(""), radix).ok();
    let fits = digits.trim_start_matches('0').len() <= 64;
    let limit = if negative { 1 << 63 } else { (1 << 63) - 1 };
    match magnitude {
        Some(magnitude) if fits && magnitude <= limit => {
            let magnitude = i128::try_from(magnitude).unwrap_or(0);
            let value = if negative { -magnitude } else { magnitude };
            i64::try_from(value).map_err(|_| failed("value out of range"))
        }
        Some(_) | None => Err(failed("value out of range")),
    }
}

/// The digits and radix of a number whose prefix tells its base; no digits if it is none.
fn prefixed(text: &str) -> (String, u32) {
    let lower = text.to_ascii_lowercase();
    let (digits, radix, after_prefix) = if let Some(hex) = lower.strip_prefix("0x") {
        (hex, 16, true)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (binary, 2, true)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        (octal, 8, true)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (lower.get(1..).unwrap_or(""), 8, true)
    } else {
        (lower.as_str(), 10, false)
    };
    let bad_underscore = digits.ends_with('_')
        || digits.contains("__")
        || (!after_prefix && digits.starts_with('_'));
    let digits = if bad_underscore { String::new() } else { digits.replace('_', "") };
    (digits, radix)
}

/// `strconv.ParseBool`.
pub(super) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text))),
    }
}

/// `time.ParseDuration`, in nanoseconds: `1m30s`, `1.5h`, `-2ms`, `0`.
pub(super) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or("")),
        Some(b'+') => (false, text.get(1..).unwrap_or("")),
        Some(_) | None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let number_end =
            rest.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(invalid());
        }
        let unit_end =
            after.find(|next: char| next.is_ascii_digit() || next == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let scale = match unit {
            "" => return Err(format!("time: missing unit in duration {}", quote(text))),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => {
                let (unit, text) = (quote(unit), quote(text));
                return Err(format!("time: unknown unit {unit} in duration {text}"));
            }
        };
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        total = whole
            .checked_mul(scale)
            .and_then(|part| part.checked_add(fraction_of(fraction, scale)))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(invalid)?;
        rest = after;
    }
    let nanos = i64::try_from(total).map_err(|_| invalid())?;
    Ok(if negative { -nanos } else { nanos })
}

/// The digits after the point, times a scale, cut to whole nanoseconds.
fn fraction_of(digits: &str, scale: u64) -> u64 {
    let (mut part, mut digit_scale) = (0, u128::from(scale) * 1_000_000);
    for digit in digits.bytes().filter(u8::is_ascii_digit) {
        digit_scale /= 10;
        part += u128::from(digit - b'0') * digit_scale;
    }
    u64::try_from(part / 1_000_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: numbers are read as Go reads them, and refused in its words.
    #[test]
    fn numbers() {
        for (text, base, value) in [
            ("12", 0, 12),
            ("-0x1f", 0, -31),
            ("010", 0, 8),
            ("0b11", 0, 3),
            ("1_000", 0, 1000),
            ("0x_ff", 0, 255),
            ("+7", 0, 7),
            ("0", 0, 0),
            ("694d", 16, 0x694d),
            ("-8000000000000000", 16, i64::MIN),
            ("0000000000000000000000000000001", 16, 1),
        ] {
            assert_eq!(parse_int(text, base), Ok(value), "{text}");
        }
        for text in ["", "x", "1.5", "0x", "_1", "1_", "1__0", "-", "--1", "١", "08", " 1"] {
            let expected = format!("strconv.ParseInt: parsing {}: invalid syntax", quote(text));
            assert_eq!(parse_int(text, 0), Err(expected));
        }
        for text in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999999"] {
            let expected = format!("strconv.ParseInt: parsing \"{text}\": value out of range");
            assert_eq!(parse_int(text, 0), Err(expected));
        }
        let long = "1".repeat(300);
        assert!(parse_int(&long, 16).is_err_and(|error| error.ends_with("value out of range")));
    }

    /// Proves: durations are read as Go reads them, and refused in its words.
    #[test]
    fn durations() {
        for (text, nanos) in [
            ("5s", 5_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("-2ms", -2_000_000),
            ("0", 0),
            ("+0", 0),
            ("100µs", 100_000),
            ("0.3333333333333333333s", 333_333_333),
        ] {
            assert_eq!(parse_duration(text), Ok(nanos), "{text}");
        }
        for (text, error) in [
            ("", "time: invalid duration \"\""),
            ("x", "time: invalid duration \"x\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5x", "time: unknown unit \"x\" in duration \"5x\""),
            (".s", "time: invalid duration \".s\""),
            ("1..5s", "time: invalid duration \"1..5s\""),
            ("9999999h", "time: invalid duration \"9999999h\""),
            ("5 s", "time: unknown unit \" s\" in duration \"5 s\""),
        ] {
            assert_eq!(parse_duration(text), Err(error.to_owned()));
        }
    }

    /// Proves: what cannot be seen is escaped as Go escapes it.
    #[test]
    fn quoting() {
        assert_eq!(quote("a\"b\\\n\u{1}🦀\u{202e}é"), "\"a\\\"b\\\\\\n\\x01🦀\\u202eé\"");
        assert_eq!(quote_character('z'), "'z'");
        assert_eq!(quote_character('\''), "'\\''");
    }
}
