//! From characters to tokens, for the lines that steer the cluster and for predicates.
//!
//! Lines of `etcdctl` are split as a shell does instead ([`crate::shell`]): there `|` and `>` are
//! a shell's, here they are ours.

use crate::predicate::Comparison;

/// What went wrong where; becomes a [`super::ScriptError`] once lines are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes from the start of the text.
    pub(crate) offset: usize,
    /// What was expected instead.
    pub(crate) message: String,
    /// Whether more text below could mend it.
    pub(crate) ending: Ending,
}

/// Whether a bad text is only unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// More lines could make it a good one.
    Open,
    /// Nothing below can.
    Closed,
}

impl Fault {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Fault {
        Fault { offset, message: message.into(), ending: Ending::Closed }
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A bare or quoted word.
    Word(String),
    /// `->`.
    Arrow,
    /// `|`.
    Bar,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`.
    Compare(Comparison),
}

impl Token {
    fn is_word(&self, expected: &str) -> bool {
        match self {
            Token::Word(word) => word == expected,
            Token::Arrow | Token::Bar | Token::Open | Token::Close | Token::Compare(_) => false,
        }
    }
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spanned {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
    /// The token.
    pub(crate) token: Token,
    /// Whether it stood in quotes: a quoted word is never a keyword.
    pub(crate) quoted: bool,
}

/// Cuts `text[start..end]` (one line without its end) into tokens; a comment ends it.
pub(crate) fn tokenize(text: &str, start: usize, end: usize) -> Result<Vec<Spanned>, Fault> {
    let mut tokens = Vec::new();
    let mut offset = start;
    let rest_of = |offset: usize| text.get(offset..end).unwrap_or("");
    while let Some(next) = rest_of(offset).chars().next() {
        if next.is_whitespace() {
            offset += next.len_utf8();
            continue;
        }
        if next == '#' {
            break;
        }
        let (token, length, quoted) = match symbol(rest_of(offset)) {
            Some((token, length)) => (token, length, false),
            None => word(rest_of(offset))
                .map_err(|fault| Fault::new(offset + fault.offset, fault.message))?,
        };
        tokens.push(Spanned { start: offset, end: offset + length, token, quoted });
        offset += length;
    }
    Ok(tokens)
}

/// The symbol a text begins with, and its length.
fn symbol(text: &str) -> Option<(Token, usize)> {
    let symbols = [
        ("->", Token::Arrow),
        ("|", Token::Bar),
        ("(", Token::Open),
        (")", Token::Close),
        ("!=", Token::Compare(Comparison::NotEqual)),
        ("<=", Token::Compare(Comparison::LessOrEqual)),
        (">=", Token::Compare(Comparison::GreaterOrEqual)),
        ("==", Token::Compare(Comparison::Equal)),
        ("=", Token::Compare(Comparison::Equal)),
        ("<", Token::Compare(Comparison::Less)),
        (">", Token::Compare(Comparison::Greater)),
    ];
    symbols
        .into_iter()
        .find(|(symbol, _)| text.starts_with(symbol))
        .map(|(symbol, token)| (token, symbol.len()))
}

/// The word a text begins with, its length, and whether any of it is quoted.
fn word(text: &str) -> Result<(Token, usize, bool), Fault> {
    let mut word = String::new();
    let mut quoted = false;
    let mut offset = 0;
    loop {
        let rest = text.get(offset..).unwrap_or("");
        let Some(next) = rest.chars().next() else { break };
        match next {
            '\'' | '"' => {
                let (inside, length) =
                    quoted_text(rest, next).ok_or_else(|| Fault::new(offset, unclosed(next)))?;
                word.push_str(&inside);
                quoted = true;
                offset += length;
            }
            _ if next.is_whitespace() || symbol(rest).is_some() => break,
            _ => {
                word.push(next);
                offset += next.len_utf8();
            }
        }
    }
    Ok((Token::Word(word), offset, quoted))
}

/// The text between two quotes and the length of it all. In double quotes a backslash takes the
/// meaning from `"` and itself.
fn quoted_text(text: &str, quote: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((offset, next)) = characters.next() {
        if next == quote {
            return Some((inside, offset + next.len_utf8()));
        }
        let escaped = characters.peek().map(|(_, escaped)| *escaped);
        match (quote, next, escaped) {
            ('"', '\\', Some(escaped @ ('"' | '\\'))) => {
                inside.push(escaped);
                characters.next();
            }
            _ => inside.push(next),
        }
    }
    None
}

fn unclosed(quote: char) -> String {
    format!("this {quote} is never closed: expected another {quote} on the same line")
}

/// A word as [`tokenize`] reads it back: in quotes where it would not be one plain word.
pub(crate) fn quote_word(text: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "_@%+:,./-".contains(character);
    if !text.is_empty() && text.chars().all(plain) && !text.contains("->") {
        text.to_owned()
    } else if text.contains('\'') {
        format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
    } else {
        format!("'{text}'")
    }
}

/// Goes through the tokens of a line.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    tokens: &'a [Spanned],
    next: usize,
    /// Where the line ends: the place of what is missing.
    end: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(tokens: &'a [Spanned], start: usize) -> Cursor<'a> {
        let end = tokens.last().map_or(start, |last| last.end);
        Cursor { tokens, next: 0, end }
    }

    /// The next token, without taking it.
    pub(crate) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next).map(|spanned| &spanned.token)
    }

    /// The next token, if it is a word without quotes.
    pub(crate) fn peek_word(&self) -> Option<&'a str> {
        match self.tokens.get(self.next) {
            Some(Spanned { token: Token::Word(word), quoted: false, .. }) => Some(word),
            Some(_) | None => None,
        }
    }

    /// Whether this unquoted word comes `ahead` tokens after the next one.
    pub(crate) fn is_keyword_at(&self, ahead: usize, keyword: &str) -> bool {
        self.tokens
            .get(self.next + ahead)
            .is_some_and(|spanned| !spanned.quoted && spanned.token.is_word(keyword))
    }

    /// Where the next token begins; where the line ends if there is none.
    pub(crate) fn offset(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |spanned| spanned.start)
    }

    /// Takes the next token.
    pub(crate) fn advance(&mut self) -> Option<&'a Token> {
        let token = self.peek();
        self.next += usize::from(token.is_some());
        token
    }

    /// Takes the next token if it is this unquoted word.
    pub(crate) fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword_at(0, keyword);
        self.next += usize::from(found);
        found
    }

    /// Takes the next token if it is this one.
    pub(crate) fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    /// Takes the next token if it is this unquoted word, else says that it was expected.
    pub(crate) fn expect_keyword(&mut self, keyword: &str) -> Result<(), Fault> {
        if self.take_keyword(keyword) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{keyword}`")))
        }
    }

    /// Takes a word, quoted or not; `what` says what was expected.
    pub(crate) fn expect_word(&mut self, what: &str) -> Result<&'a str, Fault> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word)
            }
            Some(_) | None => Err(self.expected(what)),
        }
    }

    /// "expected WHAT, not THIS" at the next token.
    pub(crate) fn expected(&self, what: &str) -> Fault {
        let found = match self.tokens.get(self.next) {
            None => String::new(),
            Some(Spanned { token: Token::Word(word), .. }) => format!(", not `{word}`"),
            Some(Spanned { token: Token::Arrow, .. }) => ", not `->`".to_owned(),
            Some(Spanned { token: Token::Bar, .. }) => ", not `|`".to_owned(),
            Some(Spanned { token: Token::Open, .. }) => ", not `(`".to_owned(),
            Some(Spanned { token: Token::Close, .. }) => ", not `)`".to_owned(),
            Some(Spanned { token: Token::Compare(comparison), .. }) => {
                format!(", not `{comparison}`")
            }
        };
        Fault::new(self.offset(), format!("expected {what}{found}"))
    }

    /// Nothing may be left; `after` says what is complete.
    pub(crate) fn expect_end(&self, after: &str) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected(&format!("nothing more after {after}"))),
        }
    }
}

/// What to say after an unknown word: the one of `words` that is near it, else `otherwise`.
pub(crate) fn hint(written: &str, words: &[&str], otherwise: &str) -> String {
    match did_you_mean(written, words) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => otherwise.to_owned(),
    }
}

/// There is no `what` of that name, but others.
pub(crate) fn unknown(at: usize, what: &str, written: &str, words: &[&str]) -> Fault {
    let hint = hint(written, words, &format!("; there are {}", words.join(", ")));
    Fault::new(at, format!("unknown {what} `{written}`{hint}"))
}

/// The first of the words that are nearest to what was written, if any is near. (A slice, not any
/// iterator: every other kind would be a copy of this in the page.)
pub(crate) fn did_you_mean<'a>(written: &str, words: &[&'a str]) -> Option<&'a str> {
    let lower = written.to_ascii_lowercase();
    let length = u32::try_from(lower.chars().count()).unwrap_or(u32::MAX);
    if length > 40 {
        return None;
    }
    let (mut nearest, mut nearer_than) = (None, (1 + length / 4).min(3) + 1);
    for word in words {
        let distance = distance(&lower, word);
        if distance < nearer_than && u64::from(distance) < word.len() as u64 {
            (nearest, nearer_than) = (Some(*word), distance);
        }
    }
    nearest
}

/// How many characters must be inserted, deleted, replaced or swapped with their neighbour.
fn distance(left: &str, right: &str) -> u32 {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let width = right.len() + 1;
    let mut before_last: Vec<u32> = vec![0; width];
    let mut last: Vec<u32> = (0..).take(width).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![last[0] + 1; width];
        for (column, b) in right.iter().enumerate() {
            let replaced = last[column] + u32::from(a != b);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b {
                best = best.min(before_last[column - 1] + 1);
            }
            current[column + 1] = best;
        }
        before_last = last;
        last = current;
    }
    last[width - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Token> {
        tokenize(text, 0, text.len()).expect(text).into_iter().map(|token| token.token).collect()
    }

    /// Proves: symbols need no blanks around them, quotes keep them in a word, comments end a line.
    #[test]
    fn tokens() {
        let word = |text: &str| Token::Word(text.to_owned());
        assert_eq!(
            words("n1->n2|n3"),
            [word("n1"), Token::Arrow, word("n2"), Token::Bar, word("n3")]
        );
        assert_eq!(words("a-b # c -> d"), [word("a-b")]);
        assert_eq!(words("a#b"), [word("a#b")]);
        assert_eq!(
            words("x>=3"),
            [word("x"), Token::Compare(Comparison::GreaterOrEqual), word("3")]
        );
        assert_eq!(words(r#"'a -> b'"c \" d"'' e"#), [word("a -> bc \" d"), word("e")]);
        assert_eq!(words("🦀=שלום"), [word("🦀"), Token::Compare(Comparison::Equal), word("שלום")]);
        let fault = tokenize("é 'x", 0, "é 'x".len()).expect_err("unclosed");
        assert_eq!(fault.offset, 3);
    }

    /// Proves: a quoted word is read back as it was, whatever is in it.
    #[test]
    fn quoting() {
        for text in [
            "",
            "a",
            "a b",
            "it's",
            "\"",
            "a\\",
            "it's \\ \"",
            "->",
            "a->b",
            "#",
            "<img src=x>",
            "🦀",
        ] {
            assert_eq!(words(&quote_word(text)), [Token::Word(text.to_owned())], "{text}");
        }
    }

    /// Proves: near words are found, far ones are not.
    #[test]
    fn suggestions() {
        let words = ["crash", "cut", "clog", "restart", "pause"];
        assert_eq!(did_you_mean("crahs", &words), Some("crash"));
        assert_eq!(did_you_mean("Crash", &words), Some("crash"));
        assert_eq!(did_you_mean("restat", &words), Some("restart"));
        assert_eq!(did_you_mean("cu", &words), Some("cut"));
        assert_eq!(did_you_mean("banana", &words), None);
        assert_eq!(did_you_mean("", &words), None);
    }
}
