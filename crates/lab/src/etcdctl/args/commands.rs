//! Every command of etcdctl 3.5 as a row.

use super::build::{self, Refusal};
use super::flags::{Flag, Given, Kind};
use super::{AlarmCommand, EndpointCommand, LeaseCommand, MemberCommand, Subcommand};

/// A command: a row of the table.
pub(super) struct Spec {
    /// Its word.
    pub(super) name: &'static str,
    /// What follows the word, as the help text shows it.
    pub(super) usage: &'static str,
    /// What it does, in our words.
    pub(super) says: &'static str,
    /// Flags of its own; a group's are those of its commands, too.
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
        /// How many words it wants.
        takes: Takes,
        /// Checks the words and makes a command of them.
        build: fn(&Given) -> Result<Subcommand, Refusal>,
        /// Whether it talks to the cluster, so that endpoints and formats matter.
        reach: Reach,
    },
    /// Real etcdctl has it, this lab has not.
    NotBuilt,
    /// `help`.
    Help,
}

/// How many words a command wants besides its flags.
pub(super) struct Takes {
    /// At least.
    pub(super) least: usize,
    /// At most.
    pub(super) most: usize,
    /// What is said to another number.
    pub(super) otherwise: &'static str,
}

/// Whether a command talks to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It does.
    Cluster,
    /// It reads a file: of the flags that all have, only the format matters. Real etcdctl says
    /// first that another program should do this.
    File,
    /// It does not.
    Nothing,
}

/// Any number of words.
const ANY: Takes = from(0, "");

const fn from(least: usize, otherwise: &'static str) -> Takes {
    Takes { least, most: usize::MAX, otherwise }
}

const fn exactly(count: usize, otherwise: &'static str) -> Takes {
    Takes { least: count, most: count, otherwise }
}

const fn group(
    name: &'static str,
    says: &'static str,
    flags: &'static [Flag],
    specs: &'static [Spec],
) -> Spec {
    Spec { name, usage: "<subcommand>", says, flags, body: Body::Group(specs) }
}

const fn built(
    name: &'static str,
    usage: &'static str,
    says: &'static str,
    flags: &'static [Flag],
    takes: Takes,
    build: fn(&Given) -> Result<Subcommand, Refusal>,
) -> Spec {
    Spec { name, usage, says, flags, body: Body::Built { takes, build, reach: Reach::Cluster } }
}

const fn not_built(name: &'static str, says: &'static str) -> Spec {
    Spec { name, usage: "", says, flags: &[], body: Body::NotBuilt }
}

/// The commands, in the order in which the real program has them: its suggestions follow it.
pub(super) const COMMANDS: &[Spec] = &[
    built(
        "get",
        "[options] <key> [range_end]",
        "Read a key or a range of keys",
        GET_FLAGS,
        from(1, "get command needs one argument as key and an optional argument as range_end"),
        build::get,
    ),
    built(
        "put",
        "[options] <key> <value> (or the value on standard input)",
        "Write a key. A value that begins with - goes after --",
        PUT_FLAGS,
        from(1, build::NO_VALUE),
        build::put,
    ),
    built(
        "del",
        "[options] <key> [range_end]",
        "Delete a key or a range of keys",
        DEL_FLAGS,
        Takes {
            most: 2,
            ..from(1, "del command needs one argument as key and an optional argument as range_end")
        },
        build::del,
    ),
    built(
        "txn",
        "[options] (compares, requests, and what else to do on standard input)",
        "Compare and write in one step",
        TXN_FLAGS,
        exactly(0, "txn command does not accept argument"),
        build::txn,
    ),
    built(
        "compaction",
        "[options] <revision>",
        "Forget what was before a revision",
        COMPACTION_FLAGS,
        exactly(1, "compaction command needs 1 argument"),
        build::compaction,
    ),
    group(
        "alarm",
        "The cluster's alarms",
        &[],
        &[
            built(
                "disarm",
                "",
                "Switch all alarms off",
                &[],
                exactly(0, "alarm disarm command accepts no arguments"),
                |_| Ok(Subcommand::Alarm(AlarmCommand::Disarm)),
            ),
            built(
                "list",
                "",
                "Show the alarms",
                &[],
                exactly(0, "alarm list command accepts no arguments"),
                |_| Ok(Subcommand::Alarm(AlarmCommand::List)),
            ),
        ],
    ),
    built("defrag", "", "Tidy up the members' files", DEFRAG_FLAGS, ANY, build::defrag),
    group(
        "endpoint",
        "The members, one by one",
        &[CLUSTER_FLAG],
        &[
            built("health", "", "Ask each node whether it can write", &[], ANY, |given| {
                build::endpoint(given, EndpointCommand::Health)
            }),
            built("status", "", "Show how each node stands", &[], ANY, |given| {
                build::endpoint(given, EndpointCommand::Status)
            }),
            built("hashkv", "", "Show a hash of each node's store", HASHKV_FLAGS, ANY, |given| {
                build::endpoint(given, EndpointCommand::HashKv { revision: given.int("rev") })
            }),
        ],
    ),
    built(
        "move-leader",
        "<id of another member>",
        "Hand leadership to another member; ask the leader for it",
        &[],
        exactly(1, "move-leader command needs 1 argument"),
        build::move_leader,
    ),
    built(
        "watch",
        "[options] [key or prefix] [range_end]",
        "Follow the changes of a key or of a range of keys",
        WATCH_FLAGS,
        ANY,
        build::watch,
    ),
    Spec {
        name: "version",
        usage: "",
        says: "Show the version of etcdctl",
        flags: &[],
        body: Body::Built { takes: ANY, build: |_| Ok(Subcommand::Version), reach: Reach::Nothing },
    },
    group(
        "lease",
        "Leases: keys that expire",
        &[],
        &[
            built(
                "grant",
                "<seconds to live>",
                "Make a lease",
                &[],
                exactly(1, "lease grant command needs TTL argument"),
                build::lease_grant,
            ),
            built(
                "revoke",
                "<id>",
                "End a lease and delete its keys",
                &[],
                exactly(1, "lease revoke command needs 1 argument"),
                |given| Ok(Subcommand::Lease(LeaseCommand::Revoke(build::lease_id(given)?))),
            ),
            built(
                "timetolive",
                "<id> [options]",
                "Show how long a lease has left",
                TIME_TO_LIVE_FLAGS,
                exactly(1, "lease timetolive command needs lease ID as argument"),
                build::lease_time_to_live,
            ),
            built("list", "", "Show all leases", &[], ANY, |_| {
                Ok(Subcommand::Lease(LeaseCommand::List))
            }),
            built(
                "keep-alive",
                "[options] <id>",
                "Renew a lease again and again",
                KEEP_ALIVE_FLAGS,
                exactly(1, "lease keep-alive command needs lease ID as argument"),
                build::lease_keep_alive,
            ),
        ],
    ),
    group(
        "member",
        "Who belongs to the cluster",
        &[],
        &[
            built(
                "add",
                "<name> --peer-urls=<url> [options]",
                "Add a member, which is started afterwards",
                MEMBER_ADD_FLAGS,
                from(1, "member name not provided"),
                build::member_add,
            ),
            built(
                "remove",
                "<id>",
                "Remove a member",
                &[],
                exactly(1, build::NO_MEMBER_ID),
                |given| Ok(Subcommand::Member(MemberCommand::Remove(build::member_id(given)?))),
            ),
            built(
                "update",
                "<id> --peer-urls=<url>",
                "Change a member's addresses",
                MEMBER_UPDATE_FLAGS,
                exactly(1, build::NO_MEMBER_ID),
                build::member_update,
            ),
            built("list", "", "Show the members", &[], ANY, |_| {
                Ok(Subcommand::Member(MemberCommand::List))
            }),
            built(
                "promote",
                "<id>",
                "Let a learner vote",
                &[],
                exactly(1, build::NO_MEMBER_ID),
                |given| Ok(Subcommand::Member(MemberCommand::Promote(build::member_id(given)?))),
            ),
        ],
    ),
    group(
        "snapshot",
        "A member's store as a file",
        &[],
        &[
            built(
                "save",
                "<file>",
                "Write one node's store to a file",
                &[],
                exactly(1, "snapshot save expects one argument"),
                build::snapshot_save,
            ),
            not_built("restore", "Make a data directory of it"),
            Spec {
                name: "status",
                usage: "<file>",
                says: "Show what a file holds",
                flags: &[],
                body: Body::Built {
                    takes: exactly(1, "snapshot status requires exactly one argument"),
                    build: build::snapshot_status,
                    reach: Reach::File,
                },
            },
        ],
    ),
    not_built("make-mirror", "Copy keys to another cluster, and go on"),
    built(
        "lock",
        "<name> [command and its words]",
        "Hold a lock until Ctrl-C, or as long as a command runs",
        LOCK_FLAGS,
        from(1, "lock takes a lock name argument and an optional command to execute"),
        build::lock,
    ),
    built(
        "elect",
        "<name> [proposal]",
        "Take part in an election, or watch who wins it",
        ELECT_FLAGS,
        Takes {
            most: 2,
            ..from(1, "elect takes one election name argument and an optional proposal argument")
        },
        build::elect,
    ),
    group(
        "auth",
        "Users and passwords",
        &[],
        &[
            not_built("enable", "Ask for passwords"),
            not_built("disable", "Ask for none"),
            not_built("status", "Show whether they are asked for"),
        ],
    ),
    group(
        "user",
        "Users",
        &[],
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
        &[],
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
        &[],
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

/// Those that may stand in a `txn`'s blocks: `get`, `put`, `del`.
pub(super) const TXN_REQUESTS: &[Spec] = COMMANDS.split_at(3).0;

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

/// `--cluster`, which all of `endpoint` have from their group.
const CLUSTER_FLAG: Flag =
    Flag::new("cluster", Kind::Bool, "[=false]", "all members of the cluster, not --endpoints");
const PEER_URLS_FLAG: Flag =
    Flag::new("peer-urls", Kind::Text, "=\"\"", "its addresses for the others, commas between");

const TXN_FLAGS: &[Flag] =
    &[Flag::new("interactive", Kind::Bool, "[=false]", "ask for the parts").short(b'i')];

/// Those of a line of `watch -i`, too.
pub(super) const WATCH_FLAGS: &[Flag] = &[
    Flag::new("interactive", Kind::Bool, "[=false]", "read what to watch line by line").short(b'i'),
    Flag::new("prefix", Kind::Bool, "[=false]", "all keys that begin so"),
    Flag::new("prev-kv", Kind::Bool, "[=false]", "show what was there before"),
    Flag::new("progress-notify", Kind::Bool, "[=false]", "be told now and then how far it is"),
    Flag::new("rev", Kind::Int, "=0", "from this revision on; 0 is from now on"),
];

const COMPACTION_FLAGS: &[Flag] = &[Flag::new(
    "physical",
    Kind::Bool,
    "[=false]",
    "wait until the old revisions are gone from the disk",
)];

const DEFRAG_FLAGS: &[Flag] =
    &[CLUSTER_FLAG, Flag::new("data-dir", Kind::Text, "=\"\"", "not in this lab: no directories")];

const HASHKV_FLAGS: &[Flag] =
    &[Flag::new("rev", Kind::Int, "=0", "only up to this revision; 0 is all")];

const TIME_TO_LIVE_FLAGS: &[Flag] =
    &[Flag::new("keys", Kind::Bool, "[=false]", "show the keys that hang on it")];

const KEEP_ALIVE_FLAGS: &[Flag] =
    &[Flag::new("once", Kind::Bool, "[=false]", "renew it once and end")];

const MEMBER_ADD_FLAGS: &[Flag] = &[
    Flag::new("learner", Kind::Bool, "[=false]", "it receives the log and has no vote"),
    PEER_URLS_FLAG,
];

const MEMBER_UPDATE_FLAGS: &[Flag] = &[PEER_URLS_FLAG];

const LOCK_FLAGS: &[Flag] =
    &[Flag::new("ttl", Kind::Int, "=10", "seconds after which it is free if its holder is gone")];

const ELECT_FLAGS: &[Flag] =
    &[Flag::new("listen", Kind::Bool, "[=false]", "only watch who wins").short(b'l')];

/// Flags of features that the lab leaves out: what was asked for would silently not happen.
pub(super) const REFUSED_FLAGS: [&str; 7] =
    ["cacert", "cert", "discovery-srv", "discovery-srv-name", "key", "password", "user"];
