//! Answers in JSON as etcdctl writes them (etcdctl `printer_json.go`): on one line, bytes in base64,
//! and what is empty left out where Go's `omitempty` says so.
//!
//! All texts here are base64, addresses and names of nodes: there is nothing to escape.

use sim::member::kv_core::{KeyValue, Revision};
use sim::member::raft_core::{NodeId, Term};
use sim::member::{MemberId, MemberRecord, Response, Seat};

use super::super::peer_url;
use super::{CLUSTER_ID, client_url, told};

/// An answer, and the newline after it.
pub(super) fn answer(node: NodeId, revision: Revision, term: Term, response: &Response) -> String {
    let mut text = Object::default();
    text.field("header", &header(node, revision, term));
    match response {
        Response::Range(range) => {
            text.full_list("kvs", range.kvs.iter().map(key_value).collect());
            text.truth("more", range.more);
            text.non_zero("count", range.count);
        }
        Response::Put(put) => {
            put.prev_kv.iter().for_each(|kv| text.field("prev_kv", &key_value(kv)));
        }
        Response::DeleteRange(deleted) => {
            text.non_zero("deleted", deleted.deleted);
            text.full_list("prev_kvs", deleted.prev_kvs.iter().map(key_value).collect());
        }
        Response::Members(response) => {
            response.added.iter().for_each(|added| text.field("member", &member(added)));
            text.list("members", response.members.iter().map(member).collect());
        }
        Response::Txn(_)
        | Response::Compact(_)
        | Response::Watch(_)
        | Response::Lease(_)
        | Response::Maintenance(_) => {}
    }
    text.close() + "\n"
}

/// The header of every answer (etcdserverpb `ResponseHeader`).
fn header(node: NodeId, revision: Revision, term: Term) -> String {
    let mut text = Object::default();
    text.field("cluster_id", &CLUSTER_ID.to_string());
    text.field("member_id", &MemberId::of(node).0.to_string());
    text.non_zero("revision", revision.0);
    text.field("raft_term", &term.0.to_string());
    text.close()
}

fn key_value(kv: &KeyValue) -> String {
    let mut text = Object::default();
    text.full_text("key", &base64(kv.key.as_slice()));
    text.field("create_revision", &kv.create_revision.0.to_string());
    text.field("mod_revision", &kv.mod_revision.0.to_string());
    text.field("version", &kv.version.to_string());
    text.full_text("value", &base64(kv.value.as_slice()));
    text.non_zero("lease", kv.lease.0);
    text.close()
}

fn member(member: &MemberRecord) -> String {
    let mut text = Object::default();
    text.field("ID", &MemberId::of(member.node).0.to_string());
    text.full_text("name", &told(member));
    text.list("peerURLs", vec![quoted(&peer_url(member.node))]);
    text.full_list("clientURLs", client_url(member).iter().map(|url| quoted(url)).collect());
    text.truth("isLearner", member.seat == Seat::Learner);
    text.close()
}

fn quoted(text: &str) -> String {
    ["\"", text, "\""].concat()
}

/// An object that is being written.
#[derive(Default)]
struct Object(String);

impl Object {
    /// A field and its value, which is JSON already.
    fn field(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0 += &quoted(name);
        self.0.push(':');
        self.0 += value;
    }

    /// A number, unless it is 0.
    fn non_zero(&mut self, name: &str, number: i64) {
        if number != 0 {
            self.field(name, &number.to_string());
        }
    }

    /// `true`, or nothing.
    fn truth(&mut self, name: &str, value: bool) {
        if value {
            self.field(name, "true");
        }
    }

    /// A text, unless it is empty.
    fn full_text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.field(name, &quoted(text));
        }
    }

    fn list(&mut self, name: &str, values: Vec<String>) {
        self.field(name, &["[", &values.join(","), "]"].concat());
    }

    /// A list, unless it is empty.
    fn full_list(&mut self, name: &str, values: Vec<String>) {
        if !values.is_empty() {
            self.list(name, values);
        }
    }

    fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
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
