//! An answer as a tree, which the writers of JSON and of fields walk.
//!
//! etcdctl leaves both to Go: JSON follows the tags of the API's types, `fields` prints their names.
//! A [`Field`] has both names, so that each answer is described once ([`super::describe`]).

use sim::member::kv_core::Bytes;

use crate::etcdctl::args::go::quote_bytes;

/// A value of the API.
pub(super) enum Value {
    /// JSON's `null`; among the fields an empty line, or nothing if it has a name.
    Nothing,
    /// Written as it stands: a number, `true`, the name of a kind.
    Bare(String),
    /// A text.
    Text(String),
    /// A text to people, in base64 in JSON.
    Bytes(Bytes),
    /// A message of the protocol: JSON leaves out what is empty, 0 or false.
    Message(Vec<Field>),
    /// A structure of the client: JSON has all of it.
    Struct(Vec<Field>),
    /// Values of one kind; each is a field of the same name.
    List(Vec<Value>),
}

/// A name in JSON, a name in `fields`, and what they name. The name `-` is left out; what has an
/// empty one stands among the fields of its parent.
pub(super) type Field = (&'static str, &'static str, Value);

impl Value {
    pub(super) fn signed(number: i64) -> Value {
        Value::Bare(number.to_string())
    }

    pub(super) fn unsigned(number: u64) -> Value {
        Value::Bare(number.to_string())
    }

    pub(super) fn truth(truth: bool) -> Value {
        Value::Bare(if truth { "true" } else { "false" }.to_owned())
    }

    pub(super) fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// Whether a message leaves it out.
    fn is_empty(&self) -> bool {
        match self {
            Value::Bare(text) => text == "0" || text == "false",
            Value::Text(text) => text.is_empty(),
            Value::Bytes(bytes) => bytes.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Nothing | Value::Message(_) | Value::Struct(_) => false,
        }
    }

    /// In JSON, on one line (etcdctl `printer_json.go`).
    pub(super) fn json(&self) -> String {
        let mut text = String::new();
        self.push_json(&mut text);
        text.push('\n');
        text
    }

    fn push_json(&self, text: &mut String) {
        match self {
            Value::Nothing => text.push_str("null"),
            Value::Bare(bare) => text.push_str(bare),
            Value::Text(inner) => push_quoted(text, inner),
            Value::Bytes(bytes) => push_quoted(text, &base64(bytes.as_slice())),
            Value::Message(_) | Value::Struct(_) => {
                text.push('{');
                self.push_json_fields(text);
                text.push('}');
            }
            Value::List(list) => {
                text.push('[');
                for (place, value) in list.iter().enumerate() {
                    if place > 0 {
                        text.push(',');
                    }
                    value.push_json(text);
                }
                text.push(']');
            }
        }
    }

    fn push_json_fields(&self, text: &mut String) {
        let (fields, leaves_out) = match self {
            Value::Message(fields) => (fields, true),
            Value::Struct(fields) => (fields, false),
            _ => return,
        };
        for (name, _, value) in fields {
            if *name == "-" || (leaves_out && value.is_empty()) {
                continue;
            }
            if name.is_empty() {
                value.push_json_fields(text);
                continue;
            }
            if !text.ends_with('{') {
                text.push(',');
            }
            push_quoted(text, name);
            text.push(':');
            value.push_json(text);
        }
    }

    /// One field a line (etcdctl `printer_fields.go`).
    pub(super) fn fields(&self) -> String {
        let mut text = String::new();
        self.push_fields(&mut text, "", "");
        text
    }

    /// The fields of a pair as it was before are named `Prev…`, after the field that holds it.
    fn push_fields(&self, text: &mut String, before: &str, name: &str) {
        let value = match self {
            Value::Nothing => {
                if name.is_empty() {
                    text.push('\n');
                }
                return;
            }
            Value::Message(fields) | Value::Struct(fields) => {
                for (_, inner, value) in fields.iter().filter(|(_, name, _)| *name != "-") {
                    value.push_fields(text, name, inner);
                }
                return;
            }
            Value::List(list) => {
                list.iter().for_each(|value| value.push_fields(text, before, name));
                return;
            }
            Value::Bare(bare) => bare.clone(),
            Value::Text(inner) => quote_bytes(inner.as_bytes()),
            Value::Bytes(bytes) => quote_bytes(bytes.as_slice()),
        };
        for piece in ["\"", before, name, "\" : ", &value, "\n"] {
            text.push_str(piece);
        }
    }
}

/// A text in JSON. Names, addresses and errors are all that is told as text.
fn push_quoted(text: &mut String, inner: &str) {
    text.push('"');
    for next in inner.chars() {
        if matches!(next, '"' | '\\') {
            text.push('\\');
        }
        text.push(next);
    }
    text.push('"');
}

/// Bytes in base64 with padding (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |place: usize| three.get(place).map_or(0, |byte| u32::from(*byte));
        let bits = (at(0) << 16) | (at(1) << 8) | at(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit > three.len() { '=' } else { DIGITS[value as usize].into() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648 §10, and bytes that use the last digits.
    #[test]
    fn bytes_in_base64() {
        for (bytes, expected) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"fooba", "Zm9vYmE="),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff, 0xfe], "+//+"),
        ] {
            assert_eq!(base64(bytes), expected, "{bytes:?}");
        }
    }
}
