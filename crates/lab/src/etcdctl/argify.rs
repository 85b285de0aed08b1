//! How etcdctl cuts a line of its standard input into words, and reads Go's quoted strings there.
//!
//! It is no shell: `a"b c"` is `a"b` and `c`, and an opening quote that is never closed is skipped
//! (etcdctl `argify`). Text in single quotes is cut short by a slip of the real program 3.5.1,
//! which takes its end from the number of words: `put 'hello' 1`, three words, writes the key `h`.
//! That is done here, too; only where the slip would end the program, the quotes just quote.

use super::Output;
use super::txn::EXIT_INVALID_INPUT;

/// The words of a line.
pub(super) fn words(line: &str) -> Result<Vec<String>, Output> {
    let pieces = pieces(line);
    let count = pieces.len();
    pieces.into_iter().map(|piece| word(piece, count)).collect()
}

/// What the real program's pattern `"(?:[^"\\]|\\.)*"|'[^']*'|[^'"\s]\S*[^'"\s]?` finds.
fn pieces(line: &str) -> Vec<&str> {
    let is_blank = |next: char| matches!(next, ' ' | '\t' | '\n' | '\u{c}' | '\r');
    let (mut pieces, mut rest) = (Vec::new(), line);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => double_quoted(rest),
            '\'' => rest.get(1..).and_then(|inside| inside.find('\'')).map(|end| end + 2),
            _ if is_blank(first) => None,
            _ => Some(rest.find(is_blank).unwrap_or(rest.len())),
        };
        // What begins no word is passed over.
        let (piece, after) = rest.split_at(length.unwrap_or(first.len_utf8()));
        if length.is_some() {
            pieces.push(piece);
        }
        rest = after;
    }
    pieces
}

/// How long the text in double quotes is with which this begins; `None` if they are not closed.
fn double_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some(end + 2)
}

fn word(piece: &str, count: usize) -> Result<String, Output> {
    if piece.starts_with('"') {
        let (bytes, _) =
            quoted(piece).ok_or_else(|| Output::error("invalid syntax", EXIT_INVALID_INPUT))?;
        return String::from_utf8(bytes).map_err(|_| {
            let message = "words that are not UTF-8 are not in this lab; see docs/etcd.md";
            Output::error(message, EXIT_INVALID_INPUT)
        });
    }
    if piece.starts_with('\'') {
        let whole = piece.get(1..piece.len() - 1);
        return Ok(piece.get(1..count - 1).or(whole).unwrap_or(piece).to_owned());
    }
    Ok(piece.to_owned())
}

/// A string in Go's double or back quotes with which a text begins, and what follows it (Go
/// `fmt.Sscanf` with `%q`). `None` if there is none.
pub(super) fn quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    if let Some(inside) = text.strip_prefix('`') {
        let (inside, after) = inside.split_once('`')?;
        return Some((inside.as_bytes().to_vec(), after));
    }
    let mut rest = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    loop {
        let next = rest.chars().next()?;
        rest = rest.get(next.len_utf8()..)?;
        match next {
            '"' => return Some((bytes, rest)),
            '\\' => rest = escape(rest, &mut bytes)?,
            _ => push(&mut bytes, next),
        }
    }
}

/// Reads what follows a backslash (Go `strconv.UnquoteChar`); gives what follows that.
fn escape<'l>(text: &'l str, bytes: &mut Vec<u8>) -> Option<&'l str> {
    let kind = text.chars().next()?;
    let after = text.get(kind.len_utf8()..)?;
    let mut number = |digits: &str, radix: u32| {
        let are_digits = digits.chars().all(|digit| digit.is_digit(radix));
        let value = u32::from_str_radix(digits, radix).ok().filter(|_| are_digits)?;
        match (kind, u8::try_from(value)) {
            ('u' | 'U', _) if value <= u32::from(char::MAX) => {
                // A half of a surrogate pair is no character.
                push(bytes, char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            ('x' | '0'..='7', Ok(byte)) => bytes.push(byte),
            _ => return None,
        }
        Some(())
    };
    let length = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        '0'..='7' => {
            number(text.get(..3)?, 8)?;
            return text.get(3..);
        }
        _ => {
            let plain = match kind {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                '\\' => b'\\',
                '"' => b'"',
                _ => return None,
            };
            bytes.push(plain);
            return Some(after);
        }
    };
    number(after.get(..length)?, 16)?;
    after.get(length..)
}

fn push(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: words are those that etcdctl 3.5.1 was seen to take, slips included.
    #[test]
    fn as_the_real_program_cuts() {
        for (line, expected) in [
            ("put x 1", &["put", "x", "1"][..]),
            ("  put   x\t1 ", &["put", "x", "1"]),
            ("put 'x y' 1", &["put", "x", "1"]),
            ("put 'hello' 1", &["put", "h", "1"]),
            ("put x 'long value'", &["put", "x", "l"]),
            ("put x ''", &["put", "x", "'"]),
            ("get 'a'", &["get", ""]),
            ("put 'a' 1 2 3 4", &["put", "a", "1", "2", "3", "4"]),
            ("put x 'a", &["put", "x", "a"]),
            ("put x \"a", &["put", "x", "a"]),
            ("put x a\"b", &["put", "x", "a\"b"]),
            ("put x a'b c'd", &["put", "x", "a'b", "c'd"]),
            ("put \"a\"b 1", &["put", "a", "b", "1"]),
            ("put x \"a b\"c", &["put", "x", "a b", "c"]),
            ("put x 'a'b", &["put", "x", "a'", "b"]),
            ("put x \"a\\\"b\"", &["put", "x", "a\"b"]),
            ("put x \"\\u00e9\\101\"", &["put", "x", "éA"]),
            ("put x a\\ b", &["put", "x", "a\\", "b"]),
            ("put x \"a'b`c\"", &["put", "x", "a'b`c"]),
            ("put `a` \"\"", &["put", "`a`", ""]),
            ("put x a\u{2003}b\u{b}c", &["put", "x", "a\u{2003}b\u{b}c"]),
            ("put é 'é'", &["put", "é", "é"]),
            ("", &[]),
            ("'", &[]),
            ("\"a\\", &["a\\"]),
        ] {
            assert_eq!(words(line).expect(line), expected, "{line}");
        }
        for line in [r#"put "a\q" 1"#, r#"put x "\400""#, r#"put x "a\'b""#, r#"put x "\xg0""#] {
            let refused = words(line).expect_err(line);
            assert_eq!((refused.stderr.as_str(), refused.exit), ("Error: invalid syntax\n", 3));
        }
        assert!(words(r#"put "\xff" 1"#).is_err());
    }

    /// Proves: every escape of Go is read, and what is none is no string.
    #[test]
    fn quoted_strings() {
        let read = |text: &str| quoted(text).map(|(bytes, after)| (bytes, after.to_owned()));
        let expected = b"\x07\x08\x0c\n\r\t\x0b\\\"\xff\x00\xc3\xa9\xf0\x9f\xa6\x80".to_vec();
        let text = r#""\a\b\f\n\r\t\v\\\"\xff\000\u00e9\U0001f980") = "#;
        assert_eq!(read(text), Some((expected, ") = ".to_owned())));
        assert_eq!(read(r"`a\n`b"), Some((br"a\n".to_vec(), "b".to_owned())));
        assert_eq!(read(r#""\ud800""#), Some(("\u{fffd}".as_bytes().to_vec(), String::new())));
        for none in [
            "",
            "a",
            "\"",
            "\"a",
            "`a",
            r#""\"#,
            r#""\x1"#,
            r#""\+11""#,
            r#""\x+1""#,
            r#""\U00110000""#,
            r#""\u+123""#,
            r#""\777""#,
            r#""\8""#,
            r#""\é""#,
            "'a'",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
