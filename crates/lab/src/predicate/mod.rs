//! Predicates: the small language of `until`, `assert` and lessons' goals.
//!
//! A predicate is judged on the cluster and its events, never on text or on what a screen shows.
//! Numbers like "a quorum" come from the configured voters, never from those that can be reached.

use serde::{Deserialize, Serialize};

use crate::script::{ClientName, Link, Micros, NodeRef};

/// Something that is true or false of a run.
///
/// From loosest to tightest: `then`, `while`, `or`, `and`, `not`, `since start`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Predicate {
    /// A plain statement.
    Atom(Atom),
    /// `not P`.
    Not(Box<Predicate>),
    /// `P and Q`: both hold now.
    And(Box<Predicate>, Box<Predicate>),
    /// `P or Q`: one holds now, or both do.
    Or(Box<Predicate>, Box<Predicate>),
    /// `P since start`: at some event so far, P happened.
    SinceStart(Box<Predicate>),
    /// `P while Q`: at some event so far, P happened and Q held.
    While(Box<Predicate>, Box<Predicate>),
    /// `P then Q`: at some event so far, P happened, and at a later one Q did.
    Then(Box<Predicate>, Box<Predicate>),
}

/// A plain statement about the cluster, or about what just happened in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Atom {
    /// `leader`: there is one, as the language's word `leader` means it.
    Leader,
    /// `leader is n2`.
    LeaderIs(NodeRef),
    /// `no leader`.
    NoLeader,
    /// `role n1 = follower`.
    Role {
        /// Whose.
        node: NodeRef,
        /// What it should be, or not be.
        is: Equality,
        /// The role.
        role: RoleName,
    },
    /// `term >= 3`, `commit n2 >= 5`, `down = 2`.
    Number {
        /// What is counted or measured.
        quantity: Quantity,
        /// How it is compared.
        comparison: Comparison,
        /// With what.
        number: u64,
    },
    /// `time >= 5s`.
    Time {
        /// How it is compared.
        comparison: Comparison,
        /// With what.
        time: Micros,
    },
    /// `key name = john on all nodes`, `key name missing on n3`.
    Key {
        /// The key.
        key: String,
        /// What its value should be.
        value: KeyState,
        /// Where.
        place: Place,
    },
    /// `write acknowledged`, `client a failed`: how the call that was begun last stands.
    Call {
        /// Whose or which call.
        caller: Caller,
        /// How it stands.
        fate: Fate,
    },
    /// `running n1`.
    Running(NodeRef),
    /// `crashed n1`.
    Crashed(NodeRef),
    /// `paused n1`.
    Paused(NodeRef),
    /// `cut n1 -> n2`: cut this way; `cut n1 n2`: cut both ways.
    Cut(Link),
    /// `clogged n1 -> n2`.
    Clogged(Link),
    /// `isolated n1`: all its links are cut, both ways.
    Isolated(NodeRef),
    /// `partitioned`: cut links divide the nodes into groups.
    Partitioned,
    /// `quorum lost`: no running voter has links open both ways to enough running voters.
    QuorumLost,
    /// `violated`, `violated election-safety`: a safety property broke.
    Violated(Option<PropertyName>),
    /// `modified`: a rule of Raft is switched off.
    Modified,
    /// `snapshot sent to n3`.
    SnapshotSent(NodeRef),
    /// `watch fired`.
    WatchFired,
}

/// `=` or `!=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Equality {
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `=`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

/// A role as predicates name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RoleName {
    /// `follower`.
    Follower,
    /// `pre-candidate`.
    PreCandidate,
    /// `candidate`.
    Candidate,
    /// `leader`: the node's own belief, even when others have moved on.
    Leader,
}

/// Something with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Quantity {
    /// `term`: the highest term of any node.
    HighestTerm,
    /// `term n1`.
    Term(NodeRef),
    /// `commit n1`: highest index it knows to be committed.
    Commit(NodeRef),
    /// `applied n1`: highest index applied to its store.
    Applied(NodeRef),
    /// `log n1`: last index of its log.
    Log(NodeRef),
    /// `durable n1`: last index on its disk.
    Durable(NodeRef),
    /// `revision n1`: the revision of its store.
    Revision(NodeRef),
    /// `leaders`: running nodes that believe to lead, in whatever term.
    Leaders,
    /// `down`: crashed nodes.
    Down,
    /// `nodes`: nodes of the cluster.
    Nodes,
    /// `event`: the number of the last event.
    Event,
}

/// What a key should be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyState {
    /// `= john`.
    Is(String),
    /// `!= john`: another value, or none.
    IsNot(String),
    /// `missing`.
    Missing,
}

/// On which nodes; a node that is down has no store and counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Place {
    /// `on all nodes`: every node of the cluster, those that are down included.
    AllNodes,
    /// `on n3`.
    Node(NodeRef),
    /// `on 2 nodes`: at least so many.
    AtLeast(u8),
}

/// Whose or which call is meant: always the one that was begun last.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Caller {
    /// `client a …`.
    Client(ClientName),
    /// `write …`: by whichever client.
    AnyWrite,
    /// `read …`: by whichever client.
    AnyRead,
}

/// How a call stands in its client's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fate {
    /// `waiting`: no answer yet.
    Waiting,
    /// `ok`; `acknowledged` for writes, `answered` for reads.
    Ok,
    /// `failed`: it surely was not done.
    Failed,
    /// `unknown`: it may have been done, or may still be.
    Unknown,
}

/// A safety property's name, in kebab-case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PropertyName(pub String);
