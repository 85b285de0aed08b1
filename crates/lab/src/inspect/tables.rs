//! What a node has more than one of: followers, entries, keys.

use sim::member::kv_core::{KeyValue, RangeRequest};
use sim::member::raft_core::{Entry, Index, NodeId, Payload, Progress, ProgressState};
use sim::member::{Command, Member, MemberChange, Proposal, Seat};

use super::{Row, Table};
use crate::words::in_words;

/// Entries of a log that are listed: the last ones.
const ENTRIES_MAX: usize = 40;
/// Keys of a store that are listed: the first ones.
const KEYS_MAX: i64 = 20;
/// Characters of a key or value that are shown.
const TEXT_MAX: usize = 48;

/// A leader's view of the others (Raft Figure 2, etcd's tracker).
pub(super) fn progress(member: &Member) -> Table {
    let raft = member.raft();
    let row = |(id, progress): (NodeId, &Progress)| {
        let own = id == raft.id();
        let state = match progress.state {
            _ if own => "itself".to_owned(),
            ProgressState::Probe { sent: true } => "probe, waits".to_owned(),
            ProgressState::Probe { sent: false } => "probe".to_owned(),
            ProgressState::Replicate if progress.is_paused() => "replicate, full".to_owned(),
            ProgressState::Replicate => "replicate".to_owned(),
            ProgressState::Snapshot { pending } => format!("snapshot to {pending}"),
        };
        let heard = if own || progress.recent_active { "yes" } else { "no" };
        let next = progress.next_index.to_string();
        let cells = vec![
            id.to_string(),
            progress.match_index.to_string(),
            if own { "–".to_owned() } else { next },
            state,
            progress.in_flight().to_string(),
            heard.to_owned(),
        ];
        Row { term: 0, cells }
    };
    Table {
        name: "Progress of its followers".to_owned(),
        columns: &[
            ("node", ""),
            ("matchIndex", "known to be on its disk, equal to the leader's up to there"),
            ("nextIndex", "a guess: what it is sent next begins there"),
            (
                "state",
                "probe: looks for where the logs meet, one append at a time; replicate: they meet, \
                 it streams; snapshot: what it lacks is compacted away",
            ),
            ("in flight", "appends that are not answered yet"),
            ("heard", "since the last quorum check"),
        ],
        rows: raft.progress().map(row).collect(),
    }
}

/// How far a log has come.
pub(super) struct Marks {
    pub(super) commit: Index,
    pub(super) applied: Index,
    pub(super) durable: Index,
}

/// The entries that are held, with what is known of each.
pub(super) fn log<'a>(
    entries: impl DoubleEndedIterator<Item = &'a Entry> + ExactSizeIterator,
    marks: &Marks,
) -> Table {
    let held = entries.len();
    let row = |entry: &Entry| {
        let (kind, says) = says(entry);
        let index = entry.index;
        let mut state = if index <= marks.applied {
            "applied"
        } else if index <= marks.commit {
            "committed"
        } else {
            "not committed"
        }
        .to_owned();
        if index > marks.durable {
            state.push_str(", not on disk");
        }
        let cells = vec![index.to_string(), entry.term.to_string(), kind.to_owned(), says, state];
        Row { term: entry.term.0, cells }
    };
    let name = match held {
        0 => "Log: no entries held".to_owned(),
        1..=ENTRIES_MAX => format!("Log, the newest first: {}", in_words(held as u64, "entry")),
        _ => format!("Log, the newest first: {ENTRIES_MAX} of {held} entries"),
    };
    Table {
        name,
        columns: &[
            ("index", ""),
            ("term", "of the leader that took it in"),
            ("kind", ""),
            ("says", ""),
            ("state", "as far as this node knows"),
        ],
        rows: entries.rev().take(ENTRIES_MAX).map(row).collect(),
    }
}

/// The first keys of the store.
pub(super) fn keys(member: &Member) -> Table {
    let range = RangeRequest::all().limit(KEYS_MAX);
    let found = member.store().range(&range);
    let (count, kvs) = found.map(|found| (found.count, found.kvs)).unwrap_or_default();
    let row = |kv: &KeyValue| {
        let cells = vec![
            cut(kv.key.to_text_lossy()),
            cut(kv.value.to_text_lossy()),
            kv.mod_revision.0.to_string(),
            kv.version.to_string(),
        ];
        Row { term: 0, cells }
    };
    let name = match count {
        0 => "Store: no keys".to_owned(),
        count if count > KEYS_MAX => format!("Store: the first {KEYS_MAX} of {count} keys"),
        count => format!("Store: {}", in_words(count.unsigned_abs(), "key")),
    };
    Table {
        name,
        columns: &[
            ("key", ""),
            ("value", ""),
            ("mod_revision", "the revision of its last change"),
            ("version", "changes since it was created"),
        ],
        rows: kvs.iter().map(row).collect(),
    }
}

/// What kind of entry it is, and what it says.
pub(crate) fn says(entry: &Entry) -> (&'static str, String) {
    let (kind, data) = match &entry.payload {
        Payload::Empty => return ("empty", "a new leader's first entry".to_owned()),
        Payload::Normal(data) => ("write", data),
        Payload::Config(change) if change.changes.is_empty() => {
            return ("members", "leave joint consensus".to_owned());
        }
        Payload::Config(change) => ("members", &change.context),
    };
    let says = match Proposal::decode(data).map(|proposal| proposal.command) {
        Some(Command::Put(put)) => {
            format!("put {} {}", cut(put.key.to_text_lossy()), cut(put.value.to_text_lossy()))
        }
        Some(Command::DeleteRange(delete)) => {
            let many = if delete.range_end.is_some() { " and on" } else { "" };
            format!("del {}{many}", cut(delete.key.to_text_lossy()))
        }
        Some(Command::Member(change)) => match change {
            MemberChange::Add(id, Seat::Voter) => format!("add {id}"),
            MemberChange::Add(id, Seat::Learner) => format!("add {id} as a learner"),
            MemberChange::Promote(id) => format!("{id} votes from now on"),
            MemberChange::Remove(id) => format!("remove {id}"),
            MemberChange::Publish(id) => format!("{id} has started"),
        },
        None => String::new(),
    };
    (kind, says)
}

fn cut(text: String) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
