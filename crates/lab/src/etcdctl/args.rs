//! etcdctl's arguments, parsed as the real program's cobra and pflag parse them.

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
    /// `--endpoints`, one by one as written; empty: every node, in order.
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
    /// `version`, `--version`.
    Version,
    /// A help text that was asked for: standard output, exit 0.
    Help(String),
    /// A command that real etcdctl has and this lab has not: its name.
    NotInThisLab(String),
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
    /// Standard input, all of it.
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

/// A command line that real etcdctl refuses by itself, and what it writes then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageError {
    /// To standard output (cobra's usage).
    pub stdout: String,
    /// To standard error.
    pub stderr: String,
    /// Exit status.
    pub exit_code: i32,
}
