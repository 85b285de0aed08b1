//! What the language has: one table, from which `help`, completion and "did you mean" are made.

use std::fmt::Write;

/// A command of the language.
pub(super) struct Entry {
    /// Its first word.
    pub(super) name: &'static str,
    /// How it is written.
    pub(super) usage: &'static str,
    /// What it does, in few words.
    pub(super) says: &'static str,
    /// Under which heading it stands.
    pub(super) group: Group,
}

/// A heading of the help text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Client,
    Cluster,
    Nodes,
    Links,
    Time,
    Raft,
    Lab,
}

impl Group {
    const ALL: [Group; 7] = [
        Group::Client,
        Group::Nodes,
        Group::Links,
        Group::Time,
        Group::Cluster,
        Group::Raft,
        Group::Lab,
    ];

    fn title(self) -> &'static str {
        match self {
            Group::Client => "Talk to the cluster",
            Group::Cluster => "Shape it (these two begin anew, set changes it as it runs)",
            Group::Nodes => "Break and mend nodes",
            Group::Links => "Break and mend links",
            Group::Time => "Let time pass",
            Group::Raft => "Raft itself",
            Group::Lab => "Look around",
        }
    }
}

const fn entry(name: &'static str, usage: &'static str, says: &'static str, group: Group) -> Entry {
    Entry { name, usage, says, group }
}

/// Every command, in the order of the help text.
pub(super) const COMMANDS: [Entry; 40] = [
    entry(
        "etcdctl",
        "etcdctl put name john",
        "run etcd's own client; etcdctl help lists more",
        Group::Client,
    ),
    entry("client", "client b etcdctl get name", "the same as another client", Group::Client),
    entry("jobs", "jobs", "commands you sent to the background with &", Group::Client),
    entry("kill", "kill %1", "end one of them", Group::Client),
    entry("interrupt", "interrupt", "Ctrl-C for the command in front", Group::Client),
    entry("type", "type get name", "a line of input for the command in front", Group::Client),
    entry("export", "export ETCDCTL_ENDPOINTS=n1", "set a variable of the shell", Group::Client),
    entry("unset", "unset ETCDCTL_ENDPOINTS", "forget it again", Group::Client),
    entry("crash", "crash n2", "kill its process; unsynced writes are lost", Group::Nodes),
    entry("tear", "tear n2", "kill it in the middle of a disk write", Group::Nodes),
    entry(
        "restart",
        "restart n2",
        "start it again on its disk; alone: all that are down",
        Group::Nodes,
    ),
    entry("pause", "pause n2", "freeze its process", Group::Nodes),
    entry("resume", "resume n2", "let it go on; alone: all that are paused", Group::Nodes),
    entry("start", "start n6", "start a new node after etcdctl member add", Group::Nodes),
    entry("clock", "clock n2 1.2x", "make its clock run fast or slow", Group::Nodes),
    entry("cut", "cut n1 n3", "nothing passes; cut n1 -> n3 is one way only", Group::Links),
    entry("heal", "heal n1 n3", "mend a link; alone: all of them", Group::Links),
    entry("isolate", "isolate n1", "cut all links of a node", Group::Links),
    entry("partition", "partition n1 n2 | n3 n4 n5", "cut the cluster into groups", Group::Links),
    entry("clog", "clog n1 -> n2", "messages wait, none is lost", Group::Links),
    entry("unclog", "unclog n1 -> n2", "and now they go on", Group::Links),
    entry("loss", "loss n1 -> n2 20%", "some messages get lost", Group::Links),
    entry("latency", "latency n1 n2 200ms", "how long messages take, each way", Group::Links),
    entry("jitter", "jitter n1 n2 10ms", "and how much longer at most", Group::Links),
    entry(
        "duplicate",
        "duplicate n1 -> n2 5%",
        "some arrive twice; duplicate m17 is that one",
        Group::Links,
    ),
    entry("drop", "drop m17", "lose one message; or drop append n1 -> n2", Group::Links),
    entry("delay", "delay m17 1s", "hold one message back", Group::Links),
    entry("advance", "advance 500ms", "let virtual time pass", Group::Time),
    entry("step", "step", "let one event happen; step 10: ten", Group::Time),
    entry("until", "until leader", "go on until it is true; limit 10s gives up then", Group::Time),
    entry("assert", "assert term >= 2", "fail if it is not true now", Group::Time),
    entry("nodes", "nodes 5", "a new cluster of 1 to 7 nodes", Group::Cluster),
    entry("seed", "seed 7", "a new cluster with other chances", Group::Cluster),
    entry("set", "set latency 40ms", "a setting; help set lists them", Group::Cluster),
    entry("transfer", "transfer n3", "ask the leader to hand over", Group::Raft),
    entry(
        "disable",
        "disable persist-vote",
        "leave out a rule; help disable lists them",
        Group::Raft,
    ),
    entry("enable", "enable persist-vote", "keep it again", Group::Raft),
    entry("status", "status", "every node in a small table", Group::Lab),
    entry("help", "help", "this text; help cut tells about cut", Group::Lab),
    entry("#", "# a note", "a comment", Group::Lab),
];

/// A setting for `set`.
pub(super) struct SettingEntry {
    /// Its name.
    pub(super) name: &'static str,
    /// A value it can have, as an example.
    pub(super) example: &'static str,
    /// What it is.
    pub(super) says: &'static str,
}

const fn setting(name: &'static str, example: &'static str, says: &'static str) -> SettingEntry {
    SettingEntry { name, example, says }
}

/// Every setting, in the order of the help text.
pub(super) const SETTINGS: [SettingEntry; 12] = [
    setting("heartbeat", "100ms", "how often a leader shows that it lives"),
    setting(
        "election-timeout",
        "1000ms",
        "silence after which a follower stands, up to twice that",
    ),
    setting("latency", "40ms", "how long a message takes, on every link"),
    setting("jitter", "10ms", "how much longer it takes at most, by chance"),
    setting("loss", "1%", "how many messages get lost, on every link"),
    setting("sync-latency", "2ms", "how long a disk takes until a write is safe"),
    setting("client-latency", "1ms", "how long a message takes between a client and a node"),
    setting("pre-vote", "off", "ask whether one could win before standing"),
    setting("check-quorum", "off", "a leader that hears no majority steps down"),
    setting("strict-reconfig-check", "off", "servers change members in bad health too"),
    setting("snapshot-count", "100", "entries between two snapshots"),
    setting("quota-backend-bytes", "65536", "how large a node's store may get"),
];

/// What one can ask help on.
pub(super) fn topics() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|entry| entry.name).chain(["predicates", "node", "link"])
}

/// What `help` prints.
pub fn help() -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let _ = writeln!(text, "{}", group.title());
        for entry in COMMANDS.iter().filter(|entry| entry.group == group) {
            let _ = writeln!(text, "  {:<28}{}", entry.usage, entry.says);
        }
    }
    text.push_str(
        "Name nodes n1 to n7, or say leader or follower. Put @1204 or @12.48s before a line to\n\
         have it at that event or time. help predicates tells what until and assert understand.\n",
    );
    text
}

/// What `help TOPIC` prints; `None` if there is no such topic.
pub fn help_about(name: &str) -> Option<String> {
    match name {
        "predicates" => return Some(PREDICATES.to_owned()),
        "node" => return Some(NODE.to_owned()),
        "link" => return Some(LINK.to_owned()),
        _ => {}
    }
    let entry = COMMANDS.iter().find(|entry| entry.name == name)?;
    let mut text = format!("{:<30}{}\n", entry.usage, entry.says);
    match name {
        "set" => {
            for setting in &SETTINGS {
                let line = format!("set {} {}", setting.name, setting.example);
                let _ = writeln!(text, "{line:<30}{}", setting.says);
            }
        }
        "disable" | "enable" => {
            text.push_str("The rules of Raft that can be left out:\n");
            for rule in super::Rule::ALL {
                let _ = writeln!(text, "  {}", rule.name());
            }
        }
        "until" | "assert" => text.push_str(PREDICATES),
        "drop" | "delay" => {
            let kinds = super::MessageName::ALL.map(super::MessageName::name).join(" ");
            let _ =
                writeln!(text, "Instead of m17: a kind and a link, for the oldest such message.");
            let _ = writeln!(text, "Kinds: {kinds}");
        }
        _ => {}
    }
    Some(text)
}

const NODE: &str = "\
A node is n1 to n7, or one of two words that find it for you:
  leader      the running node that leads in the highest term and reaches a quorum
  follower    the lowest-numbered running node that is not the leader
";

const LINK: &str = "\
A link joins two nodes:
  n1 n3       both ways
  n1 -> n3    from n1 to n3 only
";

const PREDICATES: &str = "\
What can be true or false:
  leader                        there is a leader; also: no leader, leader is n2
  role n1 = candidate           follower, pre-candidate, candidate or leader
  term >= 3                     the highest term; term n1 >= 3 is one node's
  commit n2 >= 5                also applied, log, durable, revision
  key name = john on all nodes  on n3, on 2 nodes; key name missing on n3
  write acknowledged            the latest write; also failed, unknown, waiting
  client a failed               the latest call of a client; also ok, unknown, waiting
  down = 2                      also leaders, nodes, event; time >= 5s
  crashed n1                    also running, paused, isolated
  cut n1 -> n2                  also cut n1 n2, clogged n1 -> n2
  partitioned                   also quorum lost, violated, modified
  agreed                        all nodes are up, their logs and stores equal
Combine them with not, and, or and parentheses. P since start: it was so once. P while Q: once
both at a time. P then Q: first the one, later the other.
";
