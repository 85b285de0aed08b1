//! What etcdctl's command lines come to: one type a command.

use serde::{Deserialize, Serialize};

use crate::script::Micros;

/// A command line of etcdctl that was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// Flags that every command has.
    pub globals: Globals,
    /// What is to be done.
    pub command: Subcommand,
}

/// The flags that every command has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Globals {
    /// `--endpoints` or `ETCDCTL_ENDPOINTS`, one by one as written; empty: every node, in order.
    pub endpoints: Vec<String>,
    /// `--command-timeout`; 5 s unless said.
    pub command_timeout: Micros,
    /// `--dial-timeout`; 2 s unless said.
    pub dial_timeout: Micros,
    /// `-w`, `--write-out`.
    pub write_out: WriteOut,
    /// `--hex`: bytes as hexadecimal.
    pub hex: bool,
}

/// A format of etcdctl's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WriteOut {
    /// `simple`, the usual one.
    Simple,
    /// `json`.
    Json,
    /// `fields`.
    Fields,
    /// `table`.
    Table,
    /// `protobuf`.
    Protobuf,
}

/// What etcdctl is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subcommand {
    /// `put`.
    Put(Put),
    /// `get`.
    Get(Get),
    /// `del`.
    Del(Del),
    /// `member …`.
    Member(MemberCommand),
    /// `txn`: what it is to do stands on its standard input (see [`crate::etcdctl::txn`]).
    Txn {
        /// `-i`: it asks for the three parts.
        interactive: bool,
    },
    /// `watch key [range_end]`.
    Watch(Watch),
    /// `watch -i`: what to watch stands on its standard input (see [`crate::etcdctl::watch`]).
    WatchInteractive(WatchVariables),
    /// `compaction revision`.
    Compaction {
        /// The revision before which all is forgotten; not checked.
        revision: i64,
        /// `--physical`: the answer waits until the old revisions are gone from the disk.
        physical: bool,
    },
    /// `lease …`.
    Lease(LeaseCommand),
    /// `endpoint …`.
    Endpoint {
        /// `--cluster`: all members that the first endpoint to answer knows, not `--endpoints`.
        cluster: bool,
        /// What is asked of each.
        command: EndpointCommand,
    },
    /// `move-leader id`.
    MoveLeader(u64),
    /// `alarm …`.
    Alarm(AlarmCommand),
    /// `defrag`.
    Defrag {
        /// `--cluster`, as with `endpoint`.
        cluster: bool,
    },
    /// `snapshot …`.
    Snapshot(SnapshotCommand),
    /// `lock name [command …]`.
    Lock {
        /// The lock's name.
        name: String,
        /// `--ttl` of its lease, in seconds; 10 unless said, not checked.
        ttl: i64,
        /// What is run while the lock is held, word by word; nothing: it is held until Ctrl-C.
        command: Vec<String>,
    },
    /// `elect name [proposal]`.
    Elect {
        /// The election's name.
        name: String,
        /// The proposal; without one (`-l`), it is listened who leads.
        proposal: Option<String>,
    },
    /// `version`, `--version`.
    Version,
    /// A help text that was asked for: standard output, exit 0.
    Help(String),
    /// A command that real etcdctl has and this lab has not: its name.
    NotInThisLab(String),
}

impl Subcommand {
    /// Whether `--command-timeout` ends its waiting for an answer. Where it does not, the real program
    /// waits for as long as it takes.
    pub(crate) fn has_timeout(&self) -> bool {
        match self {
            Subcommand::Watch(_)
            | Subcommand::WatchInteractive(_)
            | Subcommand::Txn { .. }
            | Subcommand::Lock { .. }
            | Subcommand::Elect { .. }
            | Subcommand::Lease(
                LeaseCommand::List
                | LeaseCommand::TimeToLive { .. }
                | LeaseCommand::KeepAlive { .. },
            ) => false,
            Subcommand::Snapshot(SnapshotCommand::Save { has_timeout, .. }) => *has_timeout,
            Subcommand::Put(_)
            | Subcommand::Get(_)
            | Subcommand::Del(_)
            | Subcommand::Member(_)
            | Subcommand::Compaction { .. }
            | Subcommand::Lease(LeaseCommand::Grant(_) | LeaseCommand::Revoke(_))
            | Subcommand::Endpoint { .. }
            | Subcommand::MoveLeader(_)
            | Subcommand::Alarm(_)
            | Subcommand::Defrag { .. }
            | Subcommand::Snapshot(SnapshotCommand::Status(_))
            | Subcommand::Version
            | Subcommand::Help(_)
            | Subcommand::NotInThisLab(_) => true,
        }
    }
}

/// `watch key [range_end]`, and a line of `watch -i`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Which keys.
    pub range: KeyRange,
    /// `--rev`: from this revision on; 0 is from now on.
    pub revision: i64,
    /// `--prev-kv`.
    pub prev_kv: bool,
    /// `--progress-notify`.
    pub progress_notify: bool,
}

/// The variables that stand for the words of `watch`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchVariables {
    /// `ETCDCTL_WATCH_KEY`; empty if there is none.
    pub key: String,
    /// `ETCDCTL_WATCH_RANGE_END`; empty if there is none.
    pub range_end: String,
}

/// `lease grant`, `revoke`, `timetolive`, `list`, `keep-alive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaseCommand {
    /// `lease grant ttl`, in seconds; not checked.
    Grant(i64),
    /// `lease revoke id`.
    Revoke(i64),
    /// `lease timetolive id`.
    TimeToLive {
        /// The lease.
        id: i64,
        /// `--keys`: show the keys that hang on it.
        keys: bool,
    },
    /// `lease list`.
    List,
    /// `lease keep-alive id`.
    KeepAlive {
        /// The lease.
        id: i64,
        /// `--once`: renew it and end.
        once: bool,
    },
}

/// `endpoint status`, `health`, `hashkv`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndpointCommand {
    /// `endpoint status`.
    Status,
    /// `endpoint health`.
    Health,
    /// `endpoint hashkv`.
    HashKv {
        /// `--rev`: up to this revision; 0 is all. Not checked.
        revision: i64,
    },
}

/// `alarm list`, `disarm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmCommand {
    /// `alarm list`.
    List,
    /// `alarm disarm`.
    Disarm,
}

/// `snapshot save`, `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapshotCommand {
    /// `snapshot save file`.
    Save {
        /// The file's name.
        file: String,
        /// True if `--command-timeout` was given: only then it holds here.
        has_timeout: bool,
    },
    /// `snapshot status file`.
    Status(String),
}

/// `member add`, `remove`, `promote`, `update`, `list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberCommand {
    /// `member add name --peer-urls=…`.
    Add {
        /// The name that the new member is going to have.
        name: String,
        /// `--peer-urls`, one by one as written; at least one.
        peer_urls: Vec<String>,
        /// `--learner`.
        learner: bool,
    },
    /// `member remove id`.
    Remove(u64),
    /// `member promote id`.
    Promote(u64),
    /// `member update id --peer-urls=…`.
    Update {
        /// The member.
        id: u64,
        /// `--peer-urls`, one by one as written, not checked; at least one.
        peer_urls: Vec<String>,
    },
    /// `member list`.
    List,
}

/// `put key [value]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// The key.
    pub key: String,
    /// The value.
    pub value: PutValue,
    /// `--lease`, in hexadecimal on the line; 0 is none.
    pub lease: i64,
    /// `--prev-kv`.
    pub prev_kv: bool,
    /// `--ignore-lease`: the key keeps its lease.
    pub ignore_lease: bool,
}

/// Where a put takes its value from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PutValue {
    /// The second argument.
    Argument(String),
    /// Standard input, all of it; if there is nothing on it, see [`Put::without_value`].
    StandardInput,
    /// `--ignore-value`: the key keeps its value.
    Keep,
}

/// `get key [range_end]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Get {
    /// Which keys.
    pub range: KeyRange,
    /// `--consistency`.
    pub consistency: Consistency,
    /// `--order`; `None` if not said.
    pub order: Option<SortOrder>,
    /// `--sort-by`; `None` if not said.
    pub sort_by: Option<SortBy>,
    /// `--limit`; 0 is none.
    pub limit: i64,
    /// `--rev`; 0 is now.
    pub revision: i64,
    /// `--keys-only`.
    pub keys_only: bool,
    /// `--count-only`.
    pub count_only: bool,
    /// `--print-value-only`.
    pub print_value_only: bool,
}

/// `del key [range_end]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Del {
    /// Which keys.
    pub range: KeyRange,
    /// `--prev-kv`.
    pub prev_kv: bool,
}

/// The keys a command is about, before they become etcd's `range_end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyRange {
    /// One key.
    Key(String),
    /// `key range_end`: from the one up to, and without, the other.
    Interval(String, String),
    /// `--prefix`.
    Prefix(String),
    /// `--from-key`.
    FromKey(String),
}

/// `--consistency`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Consistency {
    /// `l`: confirmed with a quorum.
    Linearizable,
    /// `s`: from the node's own data, perhaps stale.
    Serializable,
}

/// `--order`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SortOrder {
    /// `ASCEND`.
    Ascend,
    /// `DESCEND`.
    Descend,
}

/// `--sort-by`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SortBy {
    /// `CREATE`.
    Create,
    /// `KEY`.
    Key,
    /// `MODIFY`.
    Modify,
    /// `VALUE`.
    Value,
    /// `VERSION`.
    Version,
}
