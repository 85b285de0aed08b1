//! Values as documents: JSON with every member on a line of its own, keys under their folders.

/// A value that looks like JSON, laid out anew; `None` if it is no JSON object or array.
///
/// Only brackets, commas, colons and strings are looked at: what stands between them is left as it
/// is, so that nothing of a value is ever changed but space between its words.
pub fn document(value: &str) -> Option<String> {
    let value = value.trim();
    if !value.starts_with(['{', '[']) {
        return None;
    }
    let mut text = String::new();
    let mut open: Vec<char> = Vec::new();
    let mut letters = value.chars().peekable();
    let mut in_string = false;
    while let Some(letter) = letters.next() {
        match letter {
            _ if in_string => {
                text.push(letter);
                match letter {
                    '\\' => text.extend(letters.next()),
                    '"' => in_string = false,
                    _ => {}
                }
            }
            '"' => {
                in_string = true;
                text.push(letter);
            }
            '{' | '[' => {
                text.push(letter);
                while letters.next_if(|next| next.is_whitespace()).is_some() {}
                if let Some(close) = letters.next_if(|next| Some(*next) == partner(letter)) {
                    text.push(close);
                } else {
                    open.push(letter);
                    new_line(&mut text, open.len());
                }
            }
            '}' | ']' => {
                if open.pop().and_then(partner) != Some(letter) {
                    return None;
                }
                new_line(&mut text, open.len());
                text.push(letter);
            }
            ',' => {
                text.push(letter);
                new_line(&mut text, open.len());
            }
            ':' => text.push_str(": "),
            _ if letter.is_whitespace() => {
                let is_word = |letter: char| letter.is_alphanumeric() || letter == '"';
                if text.ends_with(is_word) && letters.peek().is_some_and(|next| is_word(*next)) {
                    text.push(' ');
                }
            }
            _ => text.push(letter),
        }
        if open.is_empty() && letters.peek().is_some() && !in_string {
            return None;
        }
    }
    (open.is_empty() && !in_string).then_some(text)
}

fn partner(bracket: char) -> Option<char> {
    match bracket {
        '{' => Some('}'),
        '[' => Some(']'),
        _ => None,
    }
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// A key's folder and its name there: `/app/` and `port` of `/app/port`.
pub fn folder_and_name(key: &str) -> (&str, &str) {
    let inside = key.trim_end_matches('/');
    key.split_at(inside.rfind('/').map_or(0, |slash| slash + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_and_nothing_else_is() {
        let laid_out = document(r#"{"a":[1,2],"b":{},"c":"x, {\"y\"}: z","d":true}"#);
        let expected = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": \"x, {\\\"y\\\"}: z\",\n  \"d\": true\n}";
        assert_eq!(laid_out.as_deref(), Some(expected));
        assert_eq!(document(expected).as_deref(), Some(expected), "twice is once");
        assert_eq!(document("[1 2]").as_deref(), Some("[\n  1 2\n]"), "words stay apart");
        for other in ["john", "", "{", "{]", "[1] and more", "{\"a", "[1]]"] {
            assert_eq!(document(other), None, "{other}");
        }
    }

    #[test]
    fn keys_are_split_at_their_last_folder() {
        assert_eq!(folder_and_name("/app/db/port"), ("/app/db/", "port"));
        assert_eq!(folder_and_name("/app/"), ("/", "app/"));
        assert_eq!(folder_and_name("name"), ("", "name"));
        assert_eq!(folder_and_name("/"), ("", "/"));
    }
}
