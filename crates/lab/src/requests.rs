//! What clients asked, how each request ended for them, and what the lab can see that they cannot.

use sim::member::raft_core::{Index, NodeId, Payload, Term};
use sim::member::{Command, Proposal, Request};
use sim::{CallId, Chunks, Cluster, Event, HistoryRecord, Outcome};

use crate::view::{Knows, RequestView};

/// Entries of a log that are looked through for a write whose client does not know its fate.
const SEARCHED_MAX: usize = 5_000;

/// A call of a client.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) call: CallId,
    pub(crate) client: String,
    /// What it asked, as typed.
    pub(crate) request: String,
    pub(crate) seq: u64,
    pub(crate) at_micros: u64,
    /// The event and time of its end.
    pub(crate) ended: Option<(u64, u64)>,
}

impl Asked {
    pub(crate) fn new(call: CallId, client: &str, request: String, event: &Event) -> Asked {
        let (seq, at_micros) = (event.seq.0, event.at.0);
        Asked { call, client: client.to_owned(), request, seq, at_micros, ended: None }
    }
}

/// What a client knows of a call, in few words, and who answered.
pub(crate) fn known(cluster: &Cluster, call: CallId) -> (Knows, String, Option<NodeId>) {
    match cluster.outcome(call) {
        None => {
            let under_way = cluster.live_calls().find(|live| live.id == call);
            (Knows::Waiting, String::new(), under_way.and_then(sim::LiveCall::node))
        }
        Some(Outcome::Ok { node, .. }) => (Knows::Acknowledged, "OK".to_owned(), Some(*node)),
        Some(Outcome::Failed(error)) => (Knows::Failed, error.to_string(), None),
        Some(Outcome::Unknown(error)) => (Knows::Unknown, error.to_string(), None),
    }
}

/// The calls of clients, the newest first, at most so many; all, or those alone of which the client
/// does not know whether they were done.
pub(crate) fn requests(
    cluster: &Cluster,
    calls: &Chunks<Asked>,
    most: usize,
    only_unknown: bool,
) -> Vec<RequestView> {
    let mut logs: Option<Vec<Seen>> = None;
    let mut views = Vec::new();
    for place in (0..calls.len()).rev() {
        let Some(asked) = calls.get(place).filter(|_| views.len() < most) else { break };
        let (knows, answer, node) = known(cluster, asked.call);
        if only_unknown && knows != Knows::Unknown {
            continue;
        }
        let seen = (knows == Knows::Unknown).then(|| {
            let logs = logs.get_or_insert_with(|| look_through(cluster));
            fate(cluster, asked.call, logs)
        });
        views.push(RequestView {
            call: asked.call.0,
            client: asked.client.clone(),
            request: asked.request.clone(),
            node: node.map(|node| node.0),
            knows,
            answer,
            at_micros: asked.at_micros,
            seq: asked.seq,
            ended: asked.ended,
            revision: revision(cluster, asked.call),
            seen: seen.unwrap_or_default(),
        });
    }
    views
}

fn revision(cluster: &Cluster, call: CallId) -> Option<i64> {
    match cluster.outcome(call) {
        Some(Outcome::Ok { revision, .. }) => Some(revision.0).filter(|revision| *revision > 0),
        _ => None,
    }
}

/// A change that stands in a log.
#[derive(Clone, Debug)]
struct Seen {
    command: Command,
    index: Index,
    term: Term,
    node: NodeId,
    committed: bool,
}

/// The changes in all logs, each once, and whether anybody knows it to be committed.
fn look_through(cluster: &Cluster) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for node in cluster.nodes() {
        let Some(raft) = node.member().map(|member| member.raft()) else { continue };
        for entry in raft.log().entries().iter().rev().take(SEARCHED_MAX) {
            let committed = entry.index <= raft.commit();
            let place =
                all.partition_point(|seen| (seen.index, seen.term) < (entry.index, entry.term));
            match all.get_mut(place) {
                Some(seen) if (seen.index, seen.term) == (entry.index, entry.term) => {
                    seen.committed |= committed;
                }
                Some(_) | None => {
                    let Payload::Normal(data) = &entry.payload else { continue };
                    let Some(Proposal { command, .. }) = Proposal::decode(data) else { continue };
                    let (index, term, node) = (entry.index, entry.term, node.id());
                    all.insert(place, Seen { command, index, term, node, committed });
                }
            }
        }
    }
    all
}

/// What the lab can see of a write whose client was never told. An entry does not say for which
/// call it was made: so like calls are counted against like entries, and what that does not settle
/// is not said.
fn fate(cluster: &Cluster, call: CallId, logs: &[Seen]) -> String {
    let calls = || {
        cluster.history().iter().filter_map(|record| match record {
            HistoryRecord::Call { call, request, .. } => Some((*call, &**request)),
            HistoryRecord::Told { .. } | HistoryRecord::Return { .. } => None,
        })
    };
    let Some((_, asked)) = calls().find(|(id, _)| *id == call) else { return String::new() };
    let is_it = |command: &Command| match (asked, command) {
        (Request::Put(asked), Command::Put(put)) => asked == put,
        (Request::DeleteRange(asked), Command::DeleteRange(range)) => asked == range,
        (Request::Txn(asked), Command::Txn(txn)) => asked == txn,
        _ => false,
    };
    let like = || calls().filter(|(_, request)| *request == asked);
    let acknowledged =
        like().filter(|(id, _)| matches!(cluster.outcome(*id), Some(Outcome::Ok { .. }))).count();
    let unsettled = like().count() - acknowledged;
    let found: Vec<&Seen> = logs.iter().filter(|seen| is_it(&seen.command)).collect();
    let committed: Vec<&&Seen> = found.iter().filter(|seen| seen.committed).collect();
    let compacted = cluster.nodes().any(|node| node.disk().stored().snapshot.is_some());
    match (committed.last(), found.last()) {
        (Some(seen), _) if committed.len() >= acknowledged + unsettled => match unsettled {
            1 if acknowledged == 0 => format!("it was done: entry {} is committed", seen.index),
            _ => "it was done, and so was every request like it".to_owned(),
        },
        (Some(_), _) if committed.len() > acknowledged => {
            "of the requests like it, some were done and some were not, so far".to_owned()
        }
        (_, Some(seen)) if !seen.committed => {
            format!("not done so far: entry {} of {} is not committed", seen.index, seen.node)
        }
        _ if compacted
            || !matches!(asked, Request::Put(_) | Request::DeleteRange(_) | Request::Txn(_)) =>
        {
            String::new()
        }
        _ => "not done so far: it is in no log of a node that runs".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::session::{Opening, Session};
    use crate::view::Knows;

    fn session(setup: &str) -> Session {
        Session::new(Opening { setup: setup.to_owned(), ..Opening::default() }).expect("good")
    }

    /// Proves: every request is listed with what its client knows, the newest first, with its events.
    #[test]
    fn requests_are_listed_with_their_outcomes() {
        let script = "until leader\netcdctl put a 1\nclient b etcdctl get a\n\
                      etcdctl --endpoints=n3 get a --rev=99\netcdctl put c 3 &";
        let requests = session(script).requests(10, false);
        let seen: Vec<_> = requests
            .iter()
            .map(|view| (view.client.as_str(), view.request.as_str(), view.knows))
            .collect();
        let expected = [
            ("a", "put c 3", Knows::Waiting),
            ("a", "get a --rev=99", Knows::Failed),
            ("b", "get a", Knows::Acknowledged),
            ("a", "put a 1", Knows::Acknowledged),
        ];
        assert_eq!(seen, expected);
        let put = &requests[3];
        let (seq, at) = put.ended.expect("it has ended");
        assert!(seq > put.seq && at > put.at_micros);
        assert_eq!((put.revision, requests[0].ended), (Some(2), None));
        assert_eq!(session(script).requests(2, false).len(), 2);
    }

    /// Proves: of a write that its client does not know the fate of, the lab says what it sees: that it
    /// is not committed, that it was done after all, or that it is gone.
    #[test]
    fn the_fate_of_unknown_writes_is_seen() {
        let cut = "until leader\ntransfer n1\nuntil leader is n1\npartition n1 | n2 n3\n\
                   etcdctl --endpoints=n1 --command-timeout=200ms put a 1\n";
        let fate = |script: &str| {
            let unknown = session(script).requests(10, true);
            assert_eq!(unknown.len(), 1, "{script}");
            unknown[0].seen.clone()
        };
        assert!(fate(cut).starts_with("not done so far: entry "), "{}", fate(cut));
        let healed = fate(&format!("{cut}heal\nadvance 3s"));
        assert!(healed.starts_with("it was done: entry "), "{healed}");
        let overruled =
            format!("{cut}until leader is n2 or leader is n3\nadvance 1s\nheal\nadvance 3s");
        assert_eq!(fate(&overruled), "not done so far: it is in no log of a node that runs");
    }
}
