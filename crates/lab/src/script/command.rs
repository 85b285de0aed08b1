//! What a line of the lab's language says, typed: nothing behind the parser works with strings.

use serde::{Deserialize, Serialize};

use super::values::{MessageName, Micros, NodeId, Ppm, Rule};
use crate::predicate::Predicate;
use crate::shell::{Word, expand_text};

/// One line without its `@` prefix and client: what is to be done.
///
/// `Display` gives the canonical text of a command, and parsing that text gives the command back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A blank line.
    Blank,
    /// `# what it says`: the text behind the `#`.
    Comment(String),

    /// `etcdctl …`.
    Etcdctl(EtcdctlLine),
    /// `jobs`: lists the client's background jobs.
    Jobs,
    /// `kill %1`: ends a background job.
    Kill(JobId),
    /// `type TEXT`: a line of input for the foreground command; `type ^D`, none: the input ends.
    Type(Option<String>),
    /// `interrupt`: Ctrl-C for the foreground command.
    Interrupt,
    /// `NAME=value …`: variables of the shell alone.
    Assign(Vec<Assignment>),
    /// `export NAME=value …`: variables that its programs are given, too.
    Export(Vec<Assignment>),
    /// `unset NAME …`.
    Unset(Vec<String>),

    /// `nodes 5`: a new cluster of this many nodes (1–7).
    Nodes(u8),
    /// `seed 7`: a new cluster with this seed.
    Seed(u64),
    /// `set latency 40ms`.
    Set(Setting),

    /// `crash n2`: the process dies; what was not synced is lost.
    Crash(NodeRef),
    /// `tear n2`: the process dies and its last write is torn.
    Tear(NodeRef),
    /// `restart n2`; without a node: every node that is down.
    Restart(Option<NodeRef>),
    /// `pause n2`: the process freezes.
    Pause(NodeRef),
    /// `resume n2`; without a node: every node that is paused.
    Resume(Option<NodeRef>),
    /// `start n6`: a new process, after `etcdctl member add`.
    Start(NodeRef),
    /// `clock n2 1.2x`: how fast the node's clock runs, in parts per million of true time.
    Clock {
        /// Whose clock.
        node: NodeRef,
        /// 1,000,000 is true time.
        rate: Ppm,
    },

    /// `cut n1 n3`, `cut n1 -> n3`: nothing passes, and what is in flight is lost.
    Cut(Link),
    /// `heal n1 n3`; without a link: every link.
    Heal(Option<Link>),
    /// `isolate n1`: every link of the node is cut, both ways.
    Isolate(NodeRef),
    /// `partition n1 n2 | n3 n4 n5`: links between the groups are cut.
    Partition(Vec<Vec<NodeRef>>),
    /// `clog n1 -> n2`: what is sent waits, and nothing is lost.
    Clog(Link),
    /// `unclog n1 -> n2`: what waited goes on.
    Unclog(Link),
    /// `loss n1 -> n2 20%`.
    Loss {
        /// Which links.
        link: Link,
        /// Chance of a message to get lost.
        chance: Ppm,
    },
    /// `latency n1 n2 200ms`.
    Latency {
        /// Which links.
        link: Link,
        /// One-way latency.
        latency: Micros,
    },
    /// `jitter n1 n2 10ms`.
    Jitter {
        /// Which links.
        link: Link,
        /// What is added to the latency at most.
        jitter: Micros,
    },
    /// `duplicate n1 -> n2 5%`.
    DuplicateLink {
        /// Which links.
        link: Link,
        /// Chance of a message to arrive twice.
        chance: Ppm,
    },

    /// `drop m17`, `drop append n1 -> n2`.
    Drop(Flight),
    /// `delay m17 1s`, `delay append n1 -> n2 1s`.
    Delay {
        /// Which message.
        flight: Flight,
        /// How much later it arrives.
        by: Micros,
    },
    /// `duplicate m17`, `duplicate append n1 -> n2`.
    DuplicateMessage(Flight),

    /// `advance 500ms`: lets virtual time pass.
    Advance(Micros),
    /// `step`, `step 10`: lets this many events happen.
    Step(u32),
    /// `until PREDICATE [limit 10s]`.
    Until {
        /// What is waited for.
        predicate: Predicate,
        /// How long at most in virtual time; `None` is the usual limit (60 s).
        limit: Option<Micros>,
    },
    /// `assert PREDICATE`.
    Assert(Predicate),

    /// `transfer n3`: the leader hands over to this node.
    Transfer(NodeRef),
    /// `disable RULE`: leaves out a rule of Raft; the run is "modified Raft" from then on.
    Disable(Rule),
    /// `enable RULE`.
    Enable(Rule),

    /// `status`: the cluster in a small table.
    Status,
    /// `help`, `help cut`.
    Help(Option<String>),
}

/// A line for `etcdctl`, split into words as a POSIX shell would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdctlLine {
    /// `ETCDCTL_API=2 etcdctl …`: variables for this command alone.
    pub environment: Vec<Assignment>,
    /// The words after `etcdctl`, their variables not yet expanded.
    pub words: Vec<Word>,
    /// Where standard input comes from.
    pub input: Input,
    /// Whether the line ends with `&`.
    pub ground: Ground,
}

/// Where a command's standard input comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// Nothing: it is at its end from the start.
    Empty,
    /// `<<EOF`: the lines below; the text is in [`super::Line::here_document`].
    HereDocument(HereDocument),
    /// `<<<'text'`: this text and a newline.
    HereString(Word),
}

impl Input {
    /// What the command reads, given the line's here-document; `lookup` knows the variables.
    pub fn text(
        &self,
        here_document: Option<&str>,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> String {
        match self {
            Input::Empty => String::new(),
            Input::HereDocument(HereDocument { expansion: Expansion::None, .. }) => {
                here_document.unwrap_or("").to_owned()
            }
            Input::HereDocument(HereDocument { expansion: Expansion::Variables, .. }) => {
                expand_text(here_document.unwrap_or(""), lookup)
            }
            Input::HereString(word) => word.expand(lookup) + "\n",
        }
    }
}

/// The `<<'EOF'` of a line; its text stands in [`super::Line::here_document`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HereDocument {
    /// The word that ends it.
    pub delimiter: String,
    /// Whether variables in it are replaced.
    pub expansion: Expansion,
}

/// Whether `$name` in a here-document is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expansion {
    /// `<<EOF`: variables are replaced.
    Variables,
    /// `<<'EOF'`: every character stands for itself.
    None,
}

/// Whether a command keeps the prompt waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ground {
    /// The next line waits for its end.
    Foreground,
    /// It ends with `&` and becomes a job.
    Background,
}

/// `NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value, its variables not yet expanded.
    pub value: Word,
}

/// A background job, `%1` for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub u32);

/// A node as it is named in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NodeRef {
    /// `n1` to `n7`; the parser does not know how many nodes the cluster has.
    Node(NodeId),
    /// `leader`: the running node that leads in the highest term of any running node and has
    /// links open both ways to a quorum of running configured voters.
    Leader,
    /// `follower`: the lowest-numbered running node that is not `leader`.
    Follower,
}

/// One or both directions between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// One end; the sender if it is one-way.
    pub from: NodeRef,
    /// The other end; the receiver if it is one-way.
    pub to: NodeRef,
    /// `n1 -> n2` or `n1 n2`.
    pub ways: Ways,
}

/// How many directions of a link are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ways {
    /// `n1 -> n2`.
    OneWay,
    /// `n1 n2`.
    Both,
}

/// A single message in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Flight {
    /// `m17`.
    Id(u64),
    /// `append n1 -> n2`: the oldest of this kind on this link.
    Oldest {
        /// What it says.
        kind: MessageName,
        /// Its sender.
        from: NodeRef,
        /// Its receiver.
        to: NodeRef,
    },
}

/// `set NAME VALUE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Setting {
    /// `set heartbeat 100ms`.
    Heartbeat(Micros),
    /// `set election-timeout 1000ms`.
    ElectionTimeout(Micros),
    /// `set latency 40ms`: one-way, of every link.
    Latency(Micros),
    /// `set jitter 10ms`.
    Jitter(Micros),
    /// `set loss 1%`.
    Loss(Ppm),
    /// `set sync-latency 2ms`: how long a disk takes until a write is durable.
    SyncLatency(Micros),
    /// `set client-latency 1ms`: one-way, between clients and nodes.
    ClientLatency(Micros),
    /// `set pre-vote off`.
    PreVote(Switch),
    /// `set check-quorum off`.
    CheckQuorum(Switch),
    /// `set strict-reconfig-check off`: etcd's flag of that name.
    StrictReconfigCheck(Switch),
    /// `set snapshot-count 100`: applied entries between two snapshots.
    SnapshotCount(u64),
    /// `set quota-backend-bytes 65536`: etcd's flag of that name.
    QuotaBackendBytes(u64),
}

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Switch {
    /// `on`.
    On,
    /// `off`.
    Off,
}
