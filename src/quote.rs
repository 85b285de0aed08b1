//! What a learner types into a form, as words of an `etcdctl` line.

/// `text` as one word of a shell line: as it is where it may stand so, in quotes elsewhere.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,=@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The line that does `verb` on these words, on one node or on any.
pub(crate) fn etcdctl(node: Option<u8>, verb: &str, words: &[&str]) -> String {
    let mut line = String::from("etcdctl");
    if let Some(id) = node {
        line.push_str(&format!(" --endpoints=n{id}"));
    }
    line.push(' ');
    line.push_str(verb);
    // After `--` nothing is taken for a flag.
    if words.iter().any(|text| text.starts_with('-')) {
        line.push_str(" --");
    }
    for text in words {
        line.push(' ');
        line.push_str(&word(text));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(etcdctl(None, "put", &["name", "john"]), "etcdctl put name john");
        assert_eq!(
            etcdctl(Some(2), "put", &["a b", "it's <b>"]),
            r"etcdctl --endpoints=n2 put 'a b' 'it'\''s <b>'"
        );
        assert_eq!(etcdctl(None, "get", &["-x"]), "etcdctl get -- -x");
        assert_eq!(word(""), "''");
    }
}
