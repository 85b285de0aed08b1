//! From characters to words: quotes, backslashes, comments, `&` and redirections.

use crate::script::Ending;

use super::{Part, Quoting, ShellError, Word, begins_name, continues_name};

/// A line that was split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SplitLine {
    /// Its words, in order.
    pub(crate) words: Vec<SpannedWord>,
    /// Its redirection of standard input, and where that began (in bytes of the text).
    pub(crate) redirect: Option<(usize, Redirect)>,
    /// Where its `&` stands, if it ends with one.
    pub(crate) background: Option<usize>,
    /// Where the line ended: at its line feed or at the end of the text, in bytes.
    pub(crate) end: usize,
}

/// A word and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpannedWord {
    /// Its first byte in the text.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
    /// The word.
    pub(crate) word: Word,
}

/// Where standard input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// `<<EOF`, `<<'EOF'`, `<<-EOF`.
    HereDocument {
        /// The word that ends it.
        delimiter: String,
        /// Quoted: nothing in it is expanded.
        quoting: Quoting,
        /// `<<-`: tabs before its lines are taken away.
        tabs: Tabs,
    },
    /// `<<<'text'`.
    HereString(Word),
}

/// What becomes of tabs at the start of a here-document's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tabs {
    /// `<<`.
    Keep,
    /// `<<-`.
    Strip,
}

/// Whether a line feed may stand in quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Several,
}

impl Lines {
    /// What a quoted text is that the whole text does not close.
    fn ending(self) -> Ending {
        match self {
            Lines::One => Ending::Closed,
            Lines::Several => Ending::Open,
        }
    }
}

/// Splits the line of `text` that begins at byte `start`, up to its line feed. A line goes on
/// below after a backslash at its end, and in a quoted text after `<<<`.
pub(crate) fn split(text: &str, start: usize) -> Result<SplitLine, ShellError> {
    let mut line = SplitLine { words: Vec::new(), redirect: None, background: None, end: 0 };
    let mut scanner = Scanner { text, offset: start };
    loop {
        scanner.skip_blanks();
        let at = scanner.offset;
        match scanner.peek() {
            None | Some('\n') => break,
            Some('#') => {
                scanner.skip_to_line_end();
                break;
            }
            Some('&') => {
                scanner.next();
                scanner.expect_end_after_ampersand(at)?;
                line.background = Some(at);
            }
            Some('<') => {
                let redirect = scanner.redirect()?;
                if line.redirect.is_some() {
                    return Err(fault(at, "one `<<` or `<<<` is enough for a line"));
                }
                line.redirect = Some((at, redirect));
            }
            Some(_) => {
                let word = scanner.word(Lines::One)?;
                line.words.push(SpannedWord { start: at, end: scanner.offset, word });
            }
        }
    }
    line.end = scanner.offset;
    Ok(line)
}

/// Whether this is a variable's name: a letter or `_`, then letters, digits and `_`.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(begins_name) && text.chars().all(continues_name)
}

fn fault(offset: usize, message: impl Into<String>) -> ShellError {
    ShellError { offset, message: message.into(), ending: Ending::Closed }
}

struct Scanner<'a> {
    text: &'a str,
    offset: usize,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.offset..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        Some(next)
    }

    fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.offset += expected.len();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while self.take(" ") || self.take("\t") || self.take("\\\n") {}
    }

    fn skip_to_line_end(&mut self) {
        while self.peek().is_some_and(|character| character != '\n') {
            self.next();
        }
    }

    fn expect_end_after_ampersand(&mut self, at: usize) -> Result<(), ShellError> {
        if self.peek() == Some('&') {
            return Err(operator(at, "&&"));
        }
        self.skip_blanks();
        match self.peek() {
            None | Some('\n' | '#') => Ok(()),
            Some(_) => Err(fault(
                at,
                "`&` belongs at the end of a line; quote it if you mean the character",
            )),
        }
    }

    /// What follows `<`.
    fn redirect(&mut self) -> Result<Redirect, ShellError> {
        let at = self.offset;
        if self.take("<<<") {
            while self.take(" ") || self.take("\t") {}
            if matches!(self.peek(), None | Some('\n' | '#' | '&' | '<')) {
                return Err(fault(self.offset, "expected a text after `<<<`"));
            }
            return Ok(Redirect::HereString(self.word(Lines::Several)?));
        }
        if !self.take("<<") {
            return Err(fault(
                at,
                "there are no files in this lab; feed a command with a here-document (`<<EOF`), \
                 or quote `<` if you mean the character",
            ));
        }
        let tabs = if self.take("-") { Tabs::Strip } else { Tabs::Keep };
        while self.take(" ") || self.take("\t") {}
        let begin = self.offset;
        if matches!(self.peek(), None | Some('\n' | '#' | '&' | '<')) {
            return Err(fault(begin, "expected the word that ends the here-document, such as EOF"));
        }
        let word = self.word(Lines::One)?;
        let raw = self.text.get(begin..self.offset).unwrap_or("");
        let quoting = if raw.contains(['\'', '"', '\\']) { Quoting::Quoted } else { Quoting::Bare };
        match word.as_literal() {
            Some(delimiter)
                if quoting == Quoting::Quoted || super::quote(delimiter) == delimiter =>
            {
                Ok(Redirect::HereDocument { delimiter: delimiter.to_owned(), quoting, tabs })
            }
            _ => {
                Err(fault(begin, "expected a plain word that ends the here-document, such as EOF"))
            }
        }
    }

    /// A word; the caller saw that one begins here.
    fn word(&mut self, lines: Lines) -> Result<Word, ShellError> {
        let mut word = Word::default();
        loop {
            let at = self.offset;
            match self.peek() {
                None | Some(' ' | '\t' | '\n' | '&' | '<') => return Ok(word),
                Some('\'') => self.single_quoted(&mut word, lines)?,
                Some('"') => self.double_quoted(&mut word, lines)?,
                Some('\\') => {
                    self.next();
                    match self.next() {
                        None => {
                            let message = "expected a character after the backslash";
                            return Err(ShellError { ending: Ending::Open, ..fault(at, message) });
                        }
                        Some('\n') => {}
                        Some(character) => word.push_text(character.encode_utf8(&mut [0; 4])),
                    }
                }
                Some('$') => self.dollar(&mut word, Quoting::Bare)?,
                Some('`') => return Err(substitution(at)),
                Some(character @ ('|' | ';' | '(' | ')' | '>')) => {
                    let doubled = format!("{character}{character}");
                    let found = if self.rest().starts_with(&doubled) && character != '(' {
                        doubled
                    } else {
                        character.to_string()
                    };
                    return Err(operator(at, &found));
                }
                Some(character) => {
                    self.next();
                    word.push_text(character.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }

    fn single_quoted(&mut self, word: &mut Word, lines: Lines) -> Result<(), ShellError> {
        let open = self.offset;
        self.next();
        let begin = self.offset;
        loop {
            match self.next() {
                None => return Err(ShellError { ending: lines.ending(), ..unclosed(open, '\'') }),
                Some('\n') if lines == Lines::One => return Err(unclosed(open, '\'')),
                Some('\'') => {
                    let text = self.text.get(begin..self.offset - 1).unwrap_or("");
                    word.push_text(text);
                    return Ok(());
                }
                Some(_) => {}
            }
        }
    }

    fn double_quoted(&mut self, word: &mut Word, lines: Lines) -> Result<(), ShellError> {
        let open = self.offset;
        self.next();
        loop {
            let at = self.offset;
            match self.peek() {
                None => return Err(ShellError { ending: lines.ending(), ..unclosed(open, '"') }),
                Some('\n') if lines == Lines::One => return Err(unclosed(open, '"')),
                Some('"') => {
                    self.next();
                    return Ok(());
                }
                Some('\\') => {
                    self.next();
                    match self.peek() {
                        // Elsewhere in double quotes a backslash stands for itself (POSIX 2.2.3).
                        Some(character @ ('$' | '`' | '"' | '\\')) => {
                            self.next();
                            word.push_text(character.encode_utf8(&mut [0; 4]));
                        }
                        Some('\n') => {
                            self.next();
                        }
                        Some(_) | None => word.push_text("\\"),
                    }
                }
                Some('$') => self.dollar(word, Quoting::Quoted)?,
                Some('`') => return Err(substitution(at)),
                Some(character) => {
                    self.next();
                    word.push_text(character.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }

    /// `$name`, `${name}`, or a `$` that stands for itself.
    fn dollar(&mut self, word: &mut Word, quoting: Quoting) -> Result<(), ShellError> {
        let at = self.offset;
        match variable(self.rest()) {
            Dollar::Name { name, length } => {
                word.parts.push(Part::Variable { name: name.to_owned(), quoting });
                self.offset += length;
                Ok(())
            }
            Dollar::Itself => {
                self.next();
                word.push_text("$");
                Ok(())
            }
            Dollar::Special(special) => Err(fault(
                at,
                format!(
                    "`{special}` is not in this lab's shell; write '{special}' in single quotes \
                         if you mean the characters"
                ),
            )),
            Dollar::Substitution => Err(substitution(at)),
            Dollar::Unclosed => Err(fault(at, "expected a variable's name and `}` after `${`")),
        }
    }
}

/// What a `$` at the start of a text begins.
pub(super) enum Dollar<'a> {
    /// `$name` or `${name}`, with its length in bytes.
    Name { name: &'a str, length: usize },
    /// Nothing: it is a character like any other.
    Itself,
    /// `$1`, `$?` and the like.
    Special(&'a str),
    /// `$(…)`.
    Substitution,
    /// `${` without a name and `}`.
    Unclosed,
}

/// Looks at a text that begins with `$`.
pub(super) fn variable(text: &str) -> Dollar<'_> {
    let after = text.get(1..).unwrap_or("");
    match after.chars().next() {
        Some(character) if begins_name(character) => {
            let length = after.find(|next| !continues_name(next)).unwrap_or(after.len());
            Dollar::Name { name: after.get(..length).unwrap_or(""), length: length + 1 }
        }
        Some('{') => {
            let name = after.get(1..).and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
            match name {
                Some(name) if is_name(name) => Dollar::Name { name, length: name.len() + 3 },
                Some(_) | None => Dollar::Unclosed,
            }
        }
        Some('(') => Dollar::Substitution,
        Some(character) if character.is_ascii_digit() || "?!@*#$-".contains(character) => {
            Dollar::Special(text.get(..2).unwrap_or("$"))
        }
        Some(_) | None => Dollar::Itself,
    }
}

fn unclosed(open: usize, quote: char) -> ShellError {
    fault(open, format!("this {quote} is never closed: expected another {quote} on the same line"))
}

fn operator(at: usize, found: &str) -> ShellError {
    fault(at, format!("`{found}` is not in this lab's shell; quote it if you mean the characters"))
}

fn substitution(at: usize) -> ShellError {
    fault(at, "the output of a command cannot be used here; quote it if you mean the characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: words come out as a POSIX shell's; variables stay names.
    #[test]
    fn splits_as_a_shell() {
        let check = |line: &str, expected: &[&str]| {
            let words = split(line, 0).unwrap_or_else(|error| panic!("{line}: {error:?}")).words;
            let shown: Vec<String> = words
                .iter()
                .map(|spanned| spanned.word.expand(&|name| Some(format!("<{name}>"))))
                .collect();
            assert_eq!(shown, expected, "{line}");
        };
        check("a  b\tc", &["a", "b", "c"]);
        check("'a b' \"c d\" e\\ f", &["a b", "c d", "e f"]);
        check("a'b'\"c\"d", &["abcd"]);
        check("'' \"\"", &["", ""]);
        check("it\\'s 'don'\\''t'", &["it's", "don't"]);
        check("\"a\\\"b\\\\c\\$d\\e\"", &["a\"b\\c$d\\e"]);
        check("'$a \\n' \"$a\" $a ${a}b $", &["$a \\n", "<a>", "<a>", "<a>b", "$"]);
        check("a # b", &["a"]);
        check("a#b '#c' \\#d", &["a#b", "#c", "#d"]);
        check("a \\\n b", &["a", "b"]);
        check("a\\\nb", &["ab"]);
        check("* ? [a] {b,c} ~ ! ^ a=b", &["*", "?", "[a]", "{b,c}", "~", "!", "^", "a=b"]);
        check("<<EOF a", &["a"]);
        check("🦀 שלום '\u{202e}' \u{a0}", &["🦀", "שלום", "\u{202e}", "\u{a0}"]);
        check("", &[]);
    }

    /// Proves: the line ends at its line feed, and `&` and input are told apart from words.
    #[test]
    fn lines_and_input() {
        let line = split("x\na <<-'E F' b & # c\nd", 2).expect("good");
        assert_eq!(line.words.len(), 2);
        assert_eq!(line.end, 20);
        assert!(line.background.is_some());
        let (_, Redirect::HereDocument { delimiter, quoting, tabs }) =
            line.redirect.expect("input")
        else {
            panic!("a here-document");
        };
        assert_eq!((delimiter.as_str(), quoting, tabs), ("E F", Quoting::Quoted, Tabs::Strip));
    }

    /// Proves: what this shell has not is refused where it stands.
    #[test]
    fn refusals() {
        for (line, offset) in [
            ("a 'b", 2),
            ("a \"b", 2),
            ("a \"b\nc\"", 2),
            ("a b|c", 3),
            ("a; b", 1),
            ("a >b", 2),
            ("a <b", 2),
            ("a (b)", 2),
            ("a `b`", 2),
            ("a \"`b`\"", 3),
            ("a ${b", 2),
            ("a ${}", 2),
            ("a $(b)", 2),
            ("a $?", 2),
            ("a & b", 2),
            ("a && b", 2),
            ("a <<", 4),
            ("a <<\n", 4),
            ("a <<$b", 4),
            ("a <<E <<F", 6),
            ("a <<<", 5),
            ("a\\", 1),
        ] {
            let error = split(line, 0).expect_err(line);
            assert_eq!(error.offset, offset, "{line}: {error}");
        }
    }
}
