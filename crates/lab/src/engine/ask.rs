//! Asks a server itself, through etcd's JSON gateway: starting `etcdctl` for every look of an
//! `until` would take longer than what is looked for.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// How long a server may take to answer a look.
pub(super) const PATIENCE: Duration = Duration::from_millis(1_000);

/// What a server says of itself (`endpoint status`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) id: u64,
    /// Whom it takes for the leader; 0 is nobody.
    pub(super) leader: u64,
    pub(super) term: u64,
    pub(super) commit: u64,
    pub(super) applied: u64,
    pub(super) revision: u64,
}

/// A member as a server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberRow {
    pub(super) id: u64,
    /// Empty before its first start.
    pub(super) name: String,
    pub(super) peer_urls: Vec<String>,
    pub(super) learner: bool,
}

/// The status of the server at this port, if it answers.
pub(super) fn status(port: u16) -> Option<Status> {
    status_of(&post(port, "/v3/maintenance/status", &json!({}), PATIENCE)?)
}

fn status_of(answer: &Value) -> Option<Status> {
    let header = answer.get("header")?;
    Some(Status {
        id: number(header, "member_id"),
        leader: number(answer, "leader"),
        term: number(answer, "raftTerm"),
        commit: number(answer, "raftIndex"),
        applied: number(answer, "raftAppliedIndex"),
        revision: number(header, "revision"),
    })
}

/// The members that the server at this port knows.
pub(super) fn members(port: u16) -> Option<Vec<MemberRow>> {
    let asked = json!({ "linearizable": false });
    let answer = post(port, "/v3/cluster/member/list", &asked, PATIENCE)?;
    let row = |member: &Value| MemberRow {
        id: number(member, "ID"),
        name: member.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        peer_urls: texts(member.get("peerURLs")),
        learner: member.get("isLearner").and_then(Value::as_bool).unwrap_or(false),
    };
    Some(answer.get("members")?.as_array()?.iter().map(row).collect())
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The value that a server's own store has for a key: `None` if it does not answer, `Some(None)` if
/// there is no such key.
pub(super) fn value(port: u16, key: &str) -> Option<Option<Vec<u8>>> {
    let asked = json!({ "key": BASE64.encode(key), "serializable": true });
    let answer = post(port, "/v3/kv/range", &asked, PATIENCE)?;
    answer.get("header")?;
    let Some(pair) = answer.get("kvs").and_then(|kvs| kvs.get(0)) else { return Some(None) };
    // An empty value is left out.
    let value = pair.get("value").and_then(Value::as_str).unwrap_or_default();
    BASE64.decode(value).ok().map(Some)
}

/// A hash over a server's store.
pub(super) fn hash(port: u16) -> Option<u64> {
    let answer = post(port, "/v3/maintenance/hash", &json!({ "revision": 0 }), PATIENCE)?;
    answer.get("hash").and_then(Value::as_u64)
}

/// Asks the leader at this port to hand over; what it refuses it says in words.
pub(super) fn hand_over(port: u16, to: u64) -> Result<(), String> {
    let asked = json!({ "targetID": to.to_string() });
    let patience = Duration::from_secs(10);
    let answer = post(port, "/v3/maintenance/transfer-leadership", &asked, patience)
        .ok_or_else(|| "the leader did not answer".to_owned())?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(()),
    }
}

/// A number of protobuf in JSON: big ones stand in quotes, and 0 is left out.
fn number(object: &Value, name: &str) -> u64 {
    match object.get(name) {
        Some(Value::String(digits)) => digits.parse().unwrap_or(0),
        Some(value) => value.as_u64().unwrap_or(0),
        None => 0,
    }
}

/// A request of HTTP/1.0, whose answer ends with the connection.
fn post(port: u16, path: &str, body: &Value, patience: Duration) -> Option<Value> {
    let end = Instant::now() + patience;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience).ok()?;
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.set_write_timeout(Some(patience)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left).filter(|left| !left.is_zero())).ok()?;
        if left.is_zero() {
            return None;
        }
        match stream.read(&mut buffer).ok()? {
            0 => break,
            read => answer.extend_from_slice(buffer.get(..read)?),
        }
    }
    body_of(&answer)
}

fn body_of(answer: &[u8]) -> Option<Value> {
    let gap = b"\r\n\r\n";
    let start = answer.windows(gap.len()).position(|window| window == gap)? + gap.len();
    serde_json::from_slice(answer.get(start..)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: a status of etcd 3.5.1 is read, and a node without a leader has none.
    #[test]
    fn reads_a_status() {
        let answer = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n\
            {\"header\":{\"cluster_id\":\"1\",\"member_id\":\"9372538179322589801\",\
            \"revision\":\"3\",\"raft_term\":\"2\"},\"version\":\"3.5.1\",\"dbSize\":\"20480\",\
            \"raftIndex\":\"8\",\"raftTerm\":\"2\",\"raftAppliedIndex\":\"7\"}";
        let expected = Status {
            id: 9_372_538_179_322_589_801,
            leader: 0,
            term: 2,
            commit: 8,
            applied: 7,
            revision: 3,
        };
        assert_eq!(body_of(answer).as_ref().and_then(status_of), Some(expected));
        assert_eq!(body_of(b"HTTP/1.0 503 Busy\r\n\r\n"), None);
    }

    /// Proves: where nobody listens, nobody answers, at once.
    #[test]
    fn nobody_answers() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|door| door.local_addr());
        assert_eq!(status(port.expect("a port").port()), None);
    }
}
