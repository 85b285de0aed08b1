//! From words with variables to the arguments a program gets.

use super::split::{Dollar, variable};
use super::{Part, Quoting, Word};

impl Word {
    /// The word as one text, its variables replaced; what `lookup` does not know is empty.
    pub fn expand(&self, lookup: &dyn Fn(&str) -> Option<String>) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable { name, .. } => lookup(name).unwrap_or_default(),
            })
            .collect()
    }
}

/// The arguments that these words become: variables replaced by what `lookup` says, the values of
/// bare ones split at white space, words that nothing is left of gone (POSIX 2.6.5).
pub fn expand_words(words: &[Word], lookup: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut arguments = Vec::new();
    for word in words {
        // `Some` once there is something that makes this an argument, if an empty one.
        let mut argument = word.parts.is_empty().then(String::new);
        for part in &word.parts {
            match part {
                Part::Text(text) => argument.get_or_insert_default().push_str(text),
                Part::Variable { name, quoting: Quoting::Quoted } => {
                    argument.get_or_insert_default().push_str(&lookup(name).unwrap_or_default());
                }
                Part::Variable { name, quoting: Quoting::Bare } => {
                    let value = lookup(name).unwrap_or_default();
                    split_fields(&value, &mut argument, &mut arguments);
                }
            }
        }
        arguments.extend(argument);
    }
    arguments
}

/// Appends a bare variable's value to the argument under way; white space in it ends arguments.
fn split_fields(value: &str, argument: &mut Option<String>, arguments: &mut Vec<String>) {
    let blank = |character: char| matches!(character, ' ' | '\t' | '\n');
    if value.starts_with(blank) {
        arguments.extend(argument.take());
    }
    for (index, field) in value.split(blank).filter(|field| !field.is_empty()).enumerate() {
        if index > 0 {
            arguments.extend(argument.take());
        }
        argument.get_or_insert_default().push_str(field);
    }
    if value.ends_with(blank) {
        arguments.extend(argument.take());
    }
}

/// A here-document's text with its variables replaced, as after `<<EOF`: a backslash takes the
/// meaning from `$`, `` ` `` and itself, and joins two lines (POSIX 2.7.4).
pub fn expand_text(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '\\' => match rest.chars().nth(1) {
                Some(escaped @ ('$' | '`' | '\\')) => {
                    expanded.push(escaped);
                    length = 2;
                }
                Some('\n') => length = 2,
                Some(_) | None => expanded.push('\\'),
            },
            '$' => match variable(rest) {
                Dollar::Name { name, length: whole } => {
                    expanded.push_str(&lookup(name).unwrap_or_default());
                    length = whole;
                }
                Dollar::Itself | Dollar::Special(_) | Dollar::Substitution | Dollar::Unclosed => {
                    expanded.push('$');
                }
            },
            _ => expanded.push(next),
        }
        rest = rest.get(length..).unwrap_or("");
    }
    expanded
}

#[cfg(test)]
mod tests {
    use super::super::split;
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "lease1" => Some("694d".to_owned()),
            "two" => Some("a b".to_owned()),
            "spaced" => Some(" x ".to_owned()),
            _ => None,
        }
    }

    /// Proves: arguments come out as POSIX's parameter expansion and field splitting have them.
    #[test]
    fn expands_as_a_shell() {
        let check = |line: &str, expected: &[&str]| {
            let words: Vec<Word> =
                split(line, 0).expect(line).words.into_iter().map(|word| word.word).collect();
            assert_eq!(expand_words(&words, &lookup), expected, "{line}");
        };
        check("put --lease=$lease1 k v", &["put", "--lease=694d", "k", "v"]);
        check("put k $two", &["put", "k", "a", "b"]);
        check("put k \"$two\"", &["put", "k", "a b"]);
        check("put k x${two}y", &["put", "k", "xa", "by"]);
        check("put k x${spaced}y", &["put", "k", "x", "x", "y"]);
        check("put $nothing k", &["put", "k"]);
        check("put \"$nothing\" '' k", &["put", "", "", "k"]);
        check("put '$two' \\$two \"\\$two\"", &["put", "$two", "$two", "$two"]);
        check("put $ a$ 5$", &["put", "$", "a$", "5$"]);
    }

    /// Proves: a here-document's variables are replaced, and a backslash keeps one from it.
    #[test]
    fn expands_here_documents() {
        let check = |text: &str, expected: &str| assert_eq!(expand_text(text, &lookup), expected);
        check("put a $lease1\n", "put a 694d\n");
        check("${two}! \\$two $5 $( \\n\\\\ \\\nend", "a b! $two $5 $( \\n\\ end");
        check("it's \"fine\" 🦀 $", "it's \"fine\" 🦀 $");
    }
}
