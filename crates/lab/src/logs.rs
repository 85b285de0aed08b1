//! The logs of all nodes as nodes × index, a window of them at a time: a log may have thousands of
//! entries.

use sim::member::kv_core::{Bytes, RequestOp, TxnRequest};
use sim::member::raft_core::{Data, Entry, Index, Payload, RoleKind};
use sim::member::{Command, MemberChange, Proposal, Seat};
use sim::{Cluster, Node};

use crate::stage::{others, readable};
use crate::view::{LogEntryView, LogRowView, LogsView};
use crate::words::in_words;

/// Characters of a key or value that are shown.
const TEXT_CHARS: usize = 60;

/// So many indexes of the logs from one on; without one, their end.
pub(crate) fn logs(cluster: &Cluster, from: Option<u64>, columns: u64) -> LogsView {
    let nodes: Vec<&Node> = cluster.nodes().filter(|node| node.starts() > 0).collect();
    let newest = nodes.iter().map(|node| last_index(node)).max().unwrap_or(0);
    let end = (newest + 1).saturating_sub(columns).max(1);
    let first = from.map_or(end, |from| from.clamp(1, end));
    let last = (first + columns - 1).min(newest);
    let mut rows: Vec<LogRowView> = nodes.iter().map(|node| row(node, first, last)).collect();
    mark_conflicts(&mut rows);
    LogsView { first, last, newest, columns, rows }
}

fn last_index(node: &Node) -> u64 {
    match node.member() {
        Some(member) => member.raft().last_index().0,
        None => node.disk().durable_index().0,
    }
}

fn row(node: &Node, first: u64, last: u64) -> LogRowView {
    let raft = node.member().map(|member| member.raft());
    let stored = node.disk().stored();
    let (commit, applied, begins) = match raft {
        Some(raft) => (raft.commit(), raft.last_applied(), Some(raft.log().first_index())),
        // Only its disk is left: it will have to apply everything anew.
        None => (stored.hard_state.commit, Index(0), stored.log.front().map(|entry| entry.index)),
    };
    let durable = node.disk().durable_index();
    let entry = |index: u64| match raft {
        Some(raft) => raft.log().get(Index(index)),
        None => {
            let place = index.checked_sub(stored.log.front()?.index.0)?;
            stored.log.get(usize::try_from(place).ok()?)
        }
    };
    let cell = |index: u64| {
        let entry = entry(index)?;
        Some(LogEntryView {
            index,
            term: entry.term.0,
            committed: entry.index <= commit,
            applied: entry.index <= applied,
            durable: entry.index <= durable,
            conflicts: false,
            text: says(entry),
        })
    };
    let leads = raft.is_some_and(|raft| raft.role_kind() == RoleKind::Leader);
    LogRowView {
        node: node.id().0,
        runs: node.member().is_some(),
        leads,
        term: raft.map_or(stored.hard_state.term, |raft| raft.term()).0,
        compacted: begins.map_or(0, |index| index.0.saturating_sub(1)),
        commit: commit.0,
        applied: applied.0,
        durable: durable.0,
        last: last_index(node),
        cells: (first..=last).map(cell).collect(),
        progress: raft.filter(|_| leads).map(others).unwrap_or_default(),
    }
}

/// Two nodes that have entries of different terms at an index disagree: one will lose its own. What
/// a node knows to be committed is not what will be lost.
fn mark_conflicts(rows: &mut [LogRowView]) {
    let columns = rows.first().map_or(0, |row| row.cells.len());
    for place in 0..columns {
        let term = |row: &LogRowView| row.cells.get(place)?.as_ref().map(|cell| cell.term);
        let mut terms = rows.iter().filter_map(term);
        let first = terms.next();
        if terms.all(|term| Some(term) == first) {
            continue;
        }
        for row in rows.iter_mut() {
            if let Some(Some(cell)) = row.cells.get_mut(place) {
                cell.conflicts = !cell.committed;
            }
        }
    }
}

/// What an entry says, in the words of `etcdctl`.
pub(crate) fn says(entry: &Entry) -> String {
    match &entry.payload {
        Payload::Empty => "nothing: how a leader begins its term".to_owned(),
        Payload::Normal(data) => proposal(data),
        Payload::Config(change) => proposal(&change.context),
    }
}

/// The one entry that nobody proposed is the leader's own: the second half of a joint change.
fn proposal(data: &Data) -> String {
    match Proposal::decode(data) {
        Some(proposal) => command(&proposal.command),
        None => "leave joint consensus".to_owned(),
    }
}

/// A change of the store or of the members, as one would type it.
pub(crate) fn command(command: &Command) -> String {
    match command {
        Command::Put(put) => format!("put {} {}", text(&put.key), text(&put.value)),
        Command::DeleteRange(range) => match &range.range_end {
            None => format!("del {}", text(&range.key)),
            Some(end) => format!("del {} up to {}", text(&range.key), text(end)),
        },
        Command::Member(change) => match change {
            MemberChange::Add(node, Seat::Voter) => format!("member add {node}"),
            MemberChange::Add(node, Seat::Learner) => format!("member add {node} --learner"),
            MemberChange::Promote(node) => format!("member promote {node}"),
            MemberChange::Remove(node) => format!("member remove {node}"),
            MemberChange::Publish(node) => format!("{node} tells its name"),
            MemberChange::Update(node) => format!("member update {node}"),
        },
        Command::Txn(txn) => transaction(txn),
        Command::Compact(revision) => format!("compaction {}", revision.0),
        Command::LeaseGrant(grant) => format!("lease grant {} ({:x})", grant.ttl, grant.id.0),
        Command::LeaseRevoke(id) => format!("lease revoke {:x}", id.0),
        Command::Alarm(node) => format!("alarm: {node} is full"),
        Command::Disarm(node) => format!("alarm disarm {node}"),
        Command::Alarms => "alarm list".to_owned(),
    }
}

/// `txn 1 compare: put a 1; get b | del c`.
fn transaction(txn: &TxnRequest) -> String {
    let branch = |ops: &[RequestOp]| {
        let ops: Vec<String> = ops.iter().map(operation).collect();
        ops.join("; ")
    };
    let (success, failure) = (branch(&txn.success), branch(&txn.failure));
    let otherwise = if failure.is_empty() { String::new() } else { [" | ", &failure].concat() };
    let compares = in_words(txn.compare.len() as u64, "compare");
    format!("txn {compares}: {success}{otherwise}")
}

fn operation(op: &RequestOp) -> String {
    match op {
        RequestOp::Put(put) => command(&Command::Put(put.clone())),
        RequestOp::DeleteRange(range) => command(&Command::DeleteRange(range.clone())),
        RequestOp::Range(range) => ["get ", &text(&range.key)].concat(),
        RequestOp::Txn(txn) => transaction(txn),
    }
}

/// Bytes as text, cut where they are many.
pub(crate) fn text(bytes: &Bytes) -> String {
    readable(bytes, TEXT_CHARS)
}

#[cfg(test)]
mod tests {
    use crate::session::{Opening, Session};

    fn session(setup: &str) -> Session {
        Session::new(Opening { setup: setup.to_owned(), ..Opening::default() }).expect("good")
    }

    /// Proves: the end of the logs is shown, or any window of them; entries say what they do, and
    /// what is committed, applied and on disk.
    #[test]
    fn a_window_of_the_logs_says_what_entries_do() {
        let mut session = session("until leader\netcdctl put name john\nadvance 1s");
        let logs = session.logs(None, 20);
        assert_eq!((logs.first, logs.last, logs.newest), (1, 2, 2));
        for row in &logs.rows {
            let cells: Vec<_> = row.cells.iter().flatten().collect();
            assert_eq!(cells[0].text, "nothing: how a leader begins its term");
            assert_eq!(cells[1].text, "put name john");
            assert!(cells.iter().all(|cell| cell.committed && cell.applied && cell.durable));
            assert_eq!(row.progress.len(), if row.leads { 2 } else { 0 });
        }
        for key in 0..40 {
            session.apply(&format!("etcdctl put k{key} v")).expect("a line");
            while session.busy() {
                session.step();
            }
        }
        let newest = session.logs(None, 20);
        assert_eq!((newest.last, newest.rows[0].cells.len()), (newest.newest, 20));
        let window = session.logs(Some(3), 20);
        assert_eq!((window.first, window.last), (3, 22));
        assert_eq!(
            window.rows[0].cells[0].as_ref().map(|cell| cell.text.as_str()),
            Some("put k0 v")
        );
        assert_eq!(session.logs(Some(9_999), 20).first, newest.first);
    }

    /// Proves: what was compacted is told apart from what never was there, and entries on which
    /// nodes disagree are marked, but not those known to be committed.
    #[test]
    fn compaction_and_conflicts_are_seen() {
        let puts = |count: u32, endpoint: &str| -> String {
            let put = |key| format!("etcdctl {endpoint} put k{key} v\n");
            (0..count).map(put).collect()
        };
        let script =
            format!("set snapshot-count 5\nnodes 3\nuntil leader\n{}advance 1s", puts(12, ""));
        let compacted = session(&script);
        let row = &compacted.logs(Some(1), 20).rows[0];
        assert!(row.compacted > 0, "{row:?}");
        let script = "until leader\ntransfer n1\nuntil leader is n1\npartition n1 | n2 n3\n\
                      etcdctl --endpoints=n1 --command-timeout=200ms put a 1\nuntil leader is n2 or leader is n3\n\
                      etcdctl --endpoints=n2 put a 2";
        let logs = session(script).logs(None, 20);
        let conflicts = |node: usize| -> Vec<u64> {
            let cells = logs.rows[node].cells.iter().flatten();
            cells.filter(|cell| cell.conflicts).map(|cell| cell.index).collect()
        };
        assert!(!conflicts(0).is_empty(), "{logs:#?}");
        assert!(logs.rows.iter().all(|row| {
            row.cells.iter().flatten().all(|cell| !(cell.conflicts && cell.committed))
        }));
    }
}
