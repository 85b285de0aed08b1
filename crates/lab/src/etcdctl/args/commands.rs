//! Every command of etcdctl 3.5 as a row, and what the built ones make of their words.

use super::flags::{Flag, Given, Kind, Value};
use super::{
    Consistency, Del, EXIT_BAD_ARGS, EXIT_BAD_FEATURE, EXIT_ERROR, Get, KeyRange, MemberCommand,
    Put, PutValue, SortBy, SortOrder, Subcommand, UsageError, go,
};

/// A command: a row of the table.
pub(super) struct Spec {
    /// Its word.
    pub(super) name: &'static str,
    /// What follows the word, as the help text shows it.
    pub(super) usage: &'static str,
    /// What it does, in our words.
    pub(super) says: &'static str,
    /// Flags of its own.
    pub(super) flags: &'static [Flag],
    /// What it comes to.
    pub(super) body: Body,
}

/// What a row comes to.
pub(super) enum Body {
    /// It is one of these.
    Group(&'static [Spec]),
    /// It is run by this lab.
    Built {
        /// Checks the words and makes a command of them.
        build: fn(&Given) -> Result<Subcommand, UsageError>,
        /// Whether it talks to the cluster, so that endpoints and formats matter.
        reach: Reach,
    },
    /// Real etcdctl has it, this lab has not.
    NotBuilt,
    /// `help`.
    Help,
}

/// Whether a command talks to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It does.
    Cluster,
    /// It does not.
    Nothing,
}

const fn group(name: &'static str, says: &'static str, specs: &'static [Spec]) -> Spec {
    Spec { name, usage: "<subcommand>", says, flags: &[], body: Body::Group(specs) }
}

const fn not_built(name: &'static str, says: &'static str) -> Spec {
    Spec { name, usage: "", says, flags: &[], body: Body::NotBuilt }
}

/// The commands, in the order in which the real program has them: its suggestions follow it.
pub(super) const COMMANDS: &[Spec] = &[
    Spec {
        name: "get",
        usage: "[options] <key> [range_end]",
        says: "Read a key or a range of keys",
        flags: GET_FLAGS,
        body: Body::Built { build: get, reach: Reach::Cluster },
    },
    Spec {
        name: "put",
        usage: "[options] <key> <value> (or the value on standard input)",
        says: "Write a key. A value that begins with - goes after --",
        flags: PUT_FLAGS,
        body: Body::Built { build: put, reach: Reach::Cluster },
    },
    Spec {
        name: "del",
        usage: "[options] <key> [range_end]",
        says: "Delete a key or a range of keys",
        flags: DEL_FLAGS,
        body: Body::Built { build: del, reach: Reach::Cluster },
    },
    not_built("txn", "Compare and write in one step"),
    not_built("compaction", "Forget old revisions"),
    group(
        "alarm",
        "The cluster's alarms",
        &[not_built("disarm", "Switch alarms off"), not_built("list", "Show alarms")],
    ),
    not_built("defrag", "Tidy up the members' files"),
    group(
        "endpoint",
        "The members, one by one",
        &[
            not_built("health", "Ask whether they work"),
            not_built("status", "Show how they stand"),
            not_built("hashkv", "Show a hash of their stores"),
        ],
    ),
    not_built("move-leader", "Hand leadership to another member"),
    not_built("watch", "Follow changes of keys"),
    Spec {
        name: "version",
        usage: "",
        says: "Show the version of etcdctl",
        flags: &[],
        body: Body::Built { build: version, reach: Reach::Nothing },
    },
    group(
        "lease",
        "Leases: keys that expire",
        &[
            not_built("grant", "Make a lease"),
            not_built("revoke", "End a lease and its keys"),
            not_built("timetolive", "Show how long a lease has left"),
            not_built("list", "Show all leases"),
            not_built("keep-alive", "Renew a lease again and again"),
        ],
    ),
    group(
        "member",
        "Who belongs to the cluster",
        &[
            Spec {
                name: "add",
                usage: "<name> --peer-urls=<url> [options]",
                says: "Add a member, which is started afterwards",
                flags: MEMBER_ADD_FLAGS,
                body: Body::Built { build: member_add, reach: Reach::Cluster },
            },
            Spec {
                name: "remove",
                usage: "<id>",
                says: "Remove a member",
                flags: &[],
                body: Body::Built { build: member_remove, reach: Reach::Cluster },
            },
            not_built("update", "Change a member's addresses"),
            Spec {
                name: "list",
                usage: "",
                says: "Show the members",
                flags: &[],
                body: Body::Built { build: member_list, reach: Reach::Cluster },
            },
            Spec {
                name: "promote",
                usage: "<id>",
                says: "Let a learner vote",
                flags: &[],
                body: Body::Built { build: member_promote, reach: Reach::Cluster },
            },
        ],
    ),
    group(
        "snapshot",
        "A member's store as a file",
        &[
            not_built("save", "Write it to a file"),
            not_built("restore", "Make a data directory of it"),
            not_built("status", "Show what a file holds"),
        ],
    ),
    not_built("make-mirror", "Copy keys to another cluster, and go on"),
    not_built("lock", "Hold a lock by name"),
    not_built("elect", "Take part in an election, or watch it"),
    group(
        "auth",
        "Users and passwords",
        &[
            not_built("enable", "Ask for passwords"),
            not_built("disable", "Ask for none"),
            not_built("status", "Show whether they are asked for"),
        ],
    ),
    group(
        "user",
        "Users",
        &[
            not_built("add", "Add a user"),
            not_built("delete", "Delete a user"),
            not_built("get", "Show a user"),
            not_built("list", "Show all users"),
            not_built("passwd", "Change a password"),
            not_built("grant-role", "Give a user a role"),
            not_built("revoke-role", "Take a role from a user"),
        ],
    ),
    group(
        "role",
        "Roles and what they may do",
        &[
            not_built("add", "Add a role"),
            not_built("delete", "Delete a role"),
            not_built("get", "Show a role"),
            not_built("list", "Show all roles"),
            not_built("grant-permission", "Let a role read or write keys"),
            not_built("revoke-permission", "Let it no longer"),
        ],
    ),
    group(
        "check",
        "Measure a cluster",
        &[
            not_built("perf", "How fast it writes"),
            not_built("datascale", "How much memory keys take"),
        ],
    ),
    Spec {
        name: "help",
        usage: "[command]",
        says: "Show what a command does and which flags it has",
        flags: &[],
        body: Body::Help,
    },
];

/// `-h`, `--help`, which every command has.
pub(super) const HELP_FLAG: Flag =
    Flag::new("help", Kind::Bool, "[=false]", "show this text").short(b'h');

/// The flags that every command has, in the order of their names.
pub(super) const GLOBAL_FLAGS: &[Flag] = &[
    Flag::new("cacert", Kind::Text, "=\"\"", "not in this lab: connections are not encrypted"),
    Flag::new("cert", Kind::Text, "=\"\"", "not in this lab: connections are not encrypted"),
    Flag::new("command-timeout", Kind::Duration, "=5s", "how long to wait for an answer"),
    Flag::new("debug", Kind::Bool, "[=false]", "log what the client does (nothing more here)"),
    Flag::new("dial-timeout", Kind::Duration, "=2s", "how long to try to connect"),
    Flag::new("discovery-srv", Kind::Text, "=\"\"", "not in this lab: there is no DNS").short(b'd'),
    Flag::new("discovery-srv-name", Kind::Text, "=\"\"", "not in this lab: there is no DNS"),
    Flag::new("endpoints", Kind::List, "=[n1,n2,…]", "which nodes to ask, tried in this order"),
    Flag::new("hex", Kind::Bool, "[=false]", "print bytes as hexadecimal"),
    Flag::new("insecure-discovery", Kind::Bool, "[=true]", "changes nothing here"),
    Flag::new("insecure-skip-tls-verify", Kind::Bool, "[=false]", "changes nothing here"),
    Flag::new("insecure-transport", Kind::Bool, "[=true]", "changes nothing here"),
    Flag::new("keepalive-time", Kind::Duration, "=2s", "changes nothing here"),
    Flag::new("keepalive-timeout", Kind::Duration, "=6s", "changes nothing here"),
    Flag::new("key", Kind::Text, "=\"\"", "not in this lab: connections are not encrypted"),
    Flag::new("password", Kind::Text, "=\"\"", "not in this lab: there are no users"),
    Flag::new("user", Kind::Text, "=\"\"", "not in this lab: there are no users"),
    Flag::new(
        "write-out",
        Kind::Text,
        "=\"simple\"",
        "format: fields, json, protobuf, simple, table",
    )
    .short(b'w'),
];

const GET_FLAGS: &[Flag] = &[
    Flag::new("consistency", Kind::Text, "=\"l\"", "l asks a quorum first, s trusts the one node"),
    Flag::new("count-only", Kind::Bool, "[=false]", "only how many there are (with -w fields)"),
    Flag::new("from-key", Kind::Bool, "[=false]", "this key and all that sort after it"),
    Flag::new("keys-only", Kind::Bool, "[=false]", "keys without their values"),
    Flag::new("limit", Kind::Int, "=0", "at most so many; 0 is all"),
    Flag::new("order", Kind::Text, "=\"\"", "ASCEND or DESCEND"),
    Flag::new("prefix", Kind::Bool, "[=false]", "all keys that begin so"),
    Flag::new("print-value-only", Kind::Bool, "[=false]", "values without their keys"),
    Flag::new("rev", Kind::Int, "=0", "as it was at this revision; 0 is now"),
    Flag::new("sort-by", Kind::Text, "=\"\"", "CREATE, KEY, MODIFY, VALUE or VERSION"),
];

const PUT_FLAGS: &[Flag] = &[
    Flag::new("ignore-lease", Kind::Bool, "[=false]", "the key keeps the lease it has"),
    Flag::new("ignore-value", Kind::Bool, "[=false]", "the key keeps the value it has"),
    Flag::new("lease", Kind::Text, "=\"0\"", "the lease it belongs to, in hexadecimal"),
    Flag::new("prev-kv", Kind::Bool, "[=false]", "show what was there before"),
];

const DEL_FLAGS: &[Flag] = &[
    Flag::new("from-key", Kind::Bool, "[=false]", "this key and all that sort after it"),
    Flag::new("prefix", Kind::Bool, "[=false]", "all keys that begin so"),
    Flag::new("prev-kv", Kind::Bool, "[=false]", "show what was there before"),
];

const MEMBER_ADD_FLAGS: &[Flag] = &[
    Flag::new("learner", Kind::Bool, "[=false]", "it receives the log and has no vote"),
    Flag::new("peer-urls", Kind::Text, "=\"\"", "its addresses for the others, commas between"),
];

/// Flags of features that the lab leaves out: what was asked for would silently not happen.
pub(super) const REFUSED_FLAGS: [&str; 7] =
    ["cacert", "cert", "discovery-srv", "discovery-srv-name", "key", "password", "user"];

/// `version`.
fn version(_: &Given) -> Result<Subcommand, UsageError> {
    Ok(Subcommand::Version)
}

/// `put` (etcdctl `getPutOp`).
fn put(given: &Given) -> Result<Subcommand, UsageError> {
    let Some(key) = given.positional.first() else { return Err(Put::without_value()) };
    let value = match (given.bool("ignore-value"), given.positional.get(1)) {
        (true, Some(_)) => {
            return Err(bad_args("put command needs only 1 argument when 'ignore-value' is set"));
        }
        (true, None) => PutValue::Keep,
        (false, Some(value)) => PutValue::Argument(value.clone()),
        (false, None) => PutValue::StandardInput,
    };
    let lease = go::parse_int(given.text("lease").unwrap_or("0"), 16)
        .map_err(|error| bad_args(format!("bad lease ID ({error}), expecting ID in Hex")))?;
    Ok(Subcommand::Put(Put {
        key: key.clone(),
        value,
        lease,
        prev_kv: given.bool("prev-kv"),
        ignore_lease: given.bool("ignore-lease"),
    }))
}

/// `get` (etcdctl `getGetOp`, checks in its order).
fn get(given: &Given) -> Result<Subcommand, UsageError> {
    let Some(key) = given.positional.first() else {
        return Err(bad_args(
            "get command needs one argument as key and an optional argument as range_end",
        ));
    };
    refuse_both(given, "prefix", "from-key")?;
    refuse_both(given, "keys-only", "count-only")?;
    let consistency = match given.text("consistency").unwrap_or("l") {
        "l" => Consistency::Linearizable,
        "s" => Consistency::Serializable,
        other => {
            return Err(UsageError::error(
                format!("unknown consistency flag {}", go::quote(other)),
                EXIT_BAD_FEATURE,
            ));
        }
    };
    let range = key_range(given, key)?;
    let named = |flag: &str| given.text(flag).unwrap_or("").to_ascii_uppercase();
    let bad = |what: &str, flag: &str| {
        let text = given.text(flag).unwrap_or("");
        UsageError::error(format!("bad sort {what} {text}"), EXIT_BAD_FEATURE)
    };
    let order = match named("order").as_str() {
        "" => None,
        "ASCEND" => Some(SortOrder::Ascend),
        "DESCEND" => Some(SortOrder::Descend),
        _ => return Err(bad("order", "order")),
    };
    let sort_by = match named("sort-by").as_str() {
        "" => None,
        "CREATE" => Some(SortBy::Create),
        "KEY" => Some(SortBy::Key),
        "MODIFY" => Some(SortBy::Modify),
        "VALUE" => Some(SortBy::Value),
        "VERSION" => Some(SortBy::Version),
        _ => return Err(bad("target", "sort-by")),
    };
    Ok(Subcommand::Get(Get {
        range,
        consistency,
        order,
        sort_by,
        limit: given.int("limit"),
        revision: given.int("rev").max(0),
        keys_only: given.bool("keys-only"),
        count_only: given.bool("count-only"),
        print_value_only: given.bool("print-value-only"),
    }))
}

/// `del` (etcdctl `getDelOp`).
fn del(given: &Given) -> Result<Subcommand, UsageError> {
    let (Some(key), 1 | 2) = (given.positional.first(), given.positional.len()) else {
        return Err(bad_args(
            "del command needs one argument as key and an optional argument as range_end",
        ));
    };
    refuse_both(given, "prefix", "from-key")?;
    let range = key_range(given, key)?;
    Ok(Subcommand::Del(Del { range, prev_kv: given.bool("prev-kv") }))
}

/// `member add` (etcdctl `memberAddCommandFunc`, checks in its order).
fn member_add(given: &Given) -> Result<Subcommand, UsageError> {
    let Some(name) = given.positional.first() else {
        return Err(bad_args("member name not provided"));
    };
    if given.positional.len() > 1 {
        let mut message = "too many arguments".to_owned();
        let is_url = |word: &&String| word.to_ascii_lowercase().starts_with("http");
        for url in given.positional.iter().filter(is_url) {
            message += ", did you mean --peer-urls=";
            message += url;
        }
        return Err(bad_args(message));
    }
    let urls = given.text("peer-urls").unwrap_or("");
    if urls.is_empty() {
        return Err(bad_args("member peer urls not provided"));
    }
    let peer_urls: Vec<String> = urls.split(',').map(str::to_owned).collect();
    if let Some(url) = peer_urls.iter().find(|url| !has_scheme(url)) {
        let message = format!("URL scheme must be http, https, unix, or unixs: {url}");
        return Err(UsageError::error(message, EXIT_ERROR));
    }
    let (name, learner) = (name.clone(), given.bool("learner"));
    Ok(Subcommand::Member(MemberCommand::Add { name, peer_urls, learner }))
}

fn has_scheme(url: &str) -> bool {
    ["http://", "https://", "unix://", "unixs://"].iter().any(|scheme| url.starts_with(scheme))
}

/// `member remove`.
fn member_remove(given: &Given) -> Result<Subcommand, UsageError> {
    Ok(Subcommand::Member(MemberCommand::Remove(member_id(given)?)))
}

/// `member promote`.
fn member_promote(given: &Given) -> Result<Subcommand, UsageError> {
    Ok(Subcommand::Member(MemberCommand::Promote(member_id(given)?)))
}

/// `member list`, which does not mind more words.
fn member_list(_: &Given) -> Result<Subcommand, UsageError> {
    Ok(Subcommand::Member(MemberCommand::List))
}

fn member_id(given: &Given) -> Result<u64, UsageError> {
    let [id] = given.positional.as_slice() else {
        return Err(bad_args("member ID is not provided"));
    };
    go::parse_hex(id)
        .map_err(|error| bad_args(format!("bad member ID arg ({error}), expecting ID in Hex")))
}

fn refuse_both(given: &Given, one: &str, other: &str) -> Result<(), UsageError> {
    if given.bool(one) && given.bool(other) {
        let message =
            format!("`--{one}` and `--{other}` cannot be set at the same time, choose one");
        return Err(bad_args(message));
    }
    Ok(())
}

fn key_range(given: &Given, key: &str) -> Result<KeyRange, UsageError> {
    let key = key.to_owned();
    let (prefix, from_key) = (given.bool("prefix"), given.bool("from-key"));
    match given.positional.get(1) {
        Some(_) if prefix || from_key => Err(bad_args(
            "too many arguments, only accept one argument when `--prefix` or `--from-key` is set",
        )),
        Some(end) => Ok(KeyRange::Interval(key, end.clone())),
        None if prefix => Ok(KeyRange::Prefix(key)),
        None if from_key => Ok(KeyRange::FromKey(key)),
        None => Ok(KeyRange::Key(key)),
    }
}

impl Put {
    /// What the real program answers to a put that has no value: neither an argument nor anything
    /// on standard input. [`PutValue::StandardInput`] with nothing on it is such a put.
    pub fn without_value() -> UsageError {
        bad_args("put command needs 1 argument and input from stdin or 2 arguments")
    }
}

fn bad_args(message: impl Into<String>) -> UsageError {
    UsageError::error(message, EXIT_BAD_ARGS)
}

/// The endpoints that were given; `None` if none were.
pub(super) fn endpoints(given: &Given) -> Option<&Vec<String>> {
    match given.flags.get("endpoints") {
        Some(Value::List(list)) => Some(list),
        Some(_) | None => None,
    }
}

/// A duration flag in microseconds; what is below nothing is nothing.
pub(super) fn micros(given: &Given, name: &str, unless_given: u64) -> u64 {
    match given.flags.get(name) {
        Some(Value::Duration(nanos)) => u64::try_from(*nanos).unwrap_or(0) / 1_000,
        Some(_) | None => unless_given,
    }
}
