//! What clients and faults do while it is measured.

use lab::session::{Opening, Progress, Session};
use lab::sim::member::kv_core::PutRequest;
use lab::sim::member::raft_core::NodeId;
use lab::sim::member::{Micros, Request};
use lab::sim::{Call, Cluster, Settings};

/// How many different keys are written.
const KEYS: u64 = 100;

/// A cluster with its leader elected.
pub(crate) fn cluster(nodes: u8) -> Cluster {
    let mut cluster = Cluster::new(Settings { nodes, ..Settings::default() });
    while cluster.leader().is_none() {
        cluster.step().expect("an election breaks nothing");
    }
    cluster
}

/// A client that writes every so often, straight into a cluster.
pub(crate) struct Writer {
    every: Micros,
    next: Micros,
    written: u64,
}

impl Writer {
    pub(crate) fn new(every: Micros) -> Writer {
        Writer { every, next: Micros(0), written: 0 }
    }

    /// Writes, if it is time.
    pub(crate) fn act(&mut self, cluster: &mut Cluster) {
        if cluster.now() < self.next {
            return;
        }
        self.next = cluster.now() + self.every;
        self.written += 1;
        let (key, value) = (format!("key-{}", self.written % KEYS), format!("{}", self.written));
        cluster.call(Call {
            client: "a".into(),
            endpoints: (1..=cluster.settings().nodes).map(NodeId).collect(),
            request: Request::Put(PutRequest::new(key, value)),
            timeout: Micros::from_secs(5),
            label: String::new(),
        });
    }
}

/// A session with its leader elected.
pub(crate) fn session(nodes: u8) -> Session {
    let setup = "until leader".to_owned();
    Session::new(Opening { nodes, setup, ..Opening::default() }).expect("a good set-up")
}

/// A learner who never rests: a line every second of virtual time, three writes to two reads; each
/// minute a node crashes and comes back, every five minutes two nodes are cut off for a while.
pub(crate) struct Learner {
    second: u64,
}

impl Learner {
    pub(crate) fn new(session: &Session) -> Learner {
        Learner { second: session.now_micros() / 1_000_000 + 1 }
    }

    /// Lets virtual time pass up to the next second, and issues that second's lines.
    pub(crate) fn act(&mut self, session: &mut Session) {
        let until = self.second * 1_000_000;
        while session.advance(until, 10_000) == Progress::Pending {}
        for line in lines(self.second) {
            session.act(&line).expect("a good line");
        }
        self.second += 1;
    }
}

fn lines(second: u64) -> Vec<String> {
    let key = second * 7 % KEYS;
    let mut lines = vec![match second % 5 {
        0 | 2 | 4 => format!("etcdctl put key-{key} value-{second} &"),
        _ => format!("etcdctl get key-{key} &"),
    }];
    match second % 60 {
        20 => lines.push("crash follower".to_owned()),
        30 => lines.push("restart".to_owned()),
        _ => {}
    }
    match second % 300 {
        150 => lines.push("partition n1 n2 | n3 n4 n5 n6 n7".to_owned()),
        165 => lines.push("heal".to_owned()),
        _ => {}
    }
    lines
}
