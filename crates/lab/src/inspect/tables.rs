//! What a node has more than one of: followers, entries, keys.

use std::fmt;

use sim::member::Member;
use sim::member::kv_core::RangeRequest;
use sim::member::raft_core::{Entry, Index, Payload, ProgressState, Raft};

use super::{Row, Table};
use crate::logs::{says, text};
use crate::words::in_words;

/// Entries of a log that are listed: the last ones.
const ENTRIES_MAX: u64 = 40;
/// Keys of a store that are listed: the first ones.
const KEYS_MAX: i64 = 20;

impl Table {
    fn new(name: String, columns: &'static [(&'static str, &'static str)]) -> Table {
        Table { name, columns, rows: Vec::new() }
    }

    /// One more row, its cells parted by NUL, which no cell has in it.
    #[inline(never)]
    fn row(&mut self, term: u64, cells: fmt::Arguments<'_>) {
        let cells = fmt::format(cells).split('\0').map(str::to_owned).collect();
        self.rows.push(Row { term, cells });
    }
}

/// A leader's view of the others (Raft Figure 2, etcd's tracker).
pub(super) fn progress(raft: &Raft) -> Table {
    let name = "Progress of its followers".to_owned();
    let mut table = Table::new(
        name,
        &[
            ("node", ""),
            ("matchIndex", "known to be on its disk, equal to the leader's up to there"),
            ("nextIndex", "a guess: what it is sent next begins there"),
            (
                "state",
                "probe: looks for where the logs meet, one append at a time; replicate: they meet, it \
             streams; snapshot: what it lacks is compacted away",
            ),
            ("in flight", "appends that are not answered yet"),
            ("heard", "since the last quorum check"),
        ],
    );
    for (id, progress) in raft.progress() {
        let matches = progress.match_index;
        if id == raft.id() {
            table.row(0, format_args!("{id}\0{matches}\0–\0itself\00\0yes"));
            continue;
        }
        let state = match progress.state {
            ProgressState::Probe { sent: true } => "probe, waits",
            ProgressState::Probe { sent: false } => "probe",
            ProgressState::Replicate if progress.is_paused() => "replicate, full",
            ProgressState::Replicate => "replicate",
            ProgressState::Snapshot { .. } => "snapshot",
        };
        let heard = if progress.recent_active { "yes" } else { "no" };
        let (next, in_flight) = (progress.next_index, progress.in_flight());
        table.row(0, format_args!("{id}\0{matches}\0{next}\0{state}\0{in_flight}\0{heard}"));
    }
    table
}

/// How far a log has come.
pub(super) struct Marks {
    pub(super) commit: Index,
    pub(super) applied: Index,
    pub(super) durable: Index,
}

/// The entries that are held, the newest first, with what is known of each.
pub(super) fn log(entries: &mut dyn Iterator<Item = &Entry>, held: u64, marks: &Marks) -> Table {
    let name = match held {
        0 => "Log: no entries held".to_owned(),
        1..=ENTRIES_MAX => format!("Log, the newest first: {}", in_words(held, "entry")),
        _ => format!("Log, the newest first: {ENTRIES_MAX} of {held} entries"),
    };
    let mut table = Table::new(
        name,
        &[
            ("index", ""),
            ("term", "of the leader that took it in"),
            ("kind", ""),
            ("says", ""),
            ("state", "as far as this node knows"),
        ],
    );
    for _ in 0..ENTRIES_MAX {
        let Some(entry) = entries.next() else { break };
        let (index, term, says) = (entry.index, entry.term, says(entry));
        let kind = match &entry.payload {
            Payload::Empty => "empty",
            Payload::Normal(_) => "write",
            Payload::Config(_) => "members",
        };
        let state = if index <= marks.applied {
            "applied"
        } else if index <= marks.commit {
            "committed"
        } else {
            "not committed"
        };
        let lacks = if index > marks.durable { ", not on disk" } else { "" };
        table.row(term.0, format_args!("{index}\0{term}\0{kind}\0{says}\0{state}{lacks}"));
    }
    table
}

/// The first keys of the store.
pub(super) fn keys(member: &Member) -> Table {
    let range = RangeRequest::all().limit(KEYS_MAX);
    let found = member.store().range(&range);
    let (count, kvs) = found.map(|found| (found.count, found.kvs)).unwrap_or_default();
    let name = match count {
        0 => "Store: no keys".to_owned(),
        count if count > KEYS_MAX => format!("Store: the first {KEYS_MAX} of {count} keys"),
        count => format!("Store: {}", in_words(count.unsigned_abs(), "key")),
    };
    let mut table = Table::new(
        name,
        &[
            ("key", ""),
            ("value", ""),
            ("mod_revision", "the revision of its last change"),
            ("version", "changes since it was created"),
        ],
    );
    for kv in &kvs {
        let (key, value) = (text(&kv.key), text(&kv.value));
        let (revision, version) = (kv.mod_revision.0, kv.version);
        table.row(0, format_args!("{key}\0{value}\0{revision}\0{version}"));
    }
    table
}
