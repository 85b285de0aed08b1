//! Predicates: the small language of `until`, `assert` and lessons' goals.
//!
//! A predicate is judged on the cluster and its events, never on text or on what a screen shows.
//! Numbers like "a quorum" come from the configured voters, never from those that can be reached.
//!
//! A statement either *holds* at a moment or *happens* at an event. Most are states: they happen at
//! every event after which they hold. A few are about something that takes no time (`write
//! acknowledged`, `client a failed`, `snapshot sent to n3`): these happen at the one event that
//! brings it about, and hold as each of them says. `while`, `then` and `since start` look for
//! events at which something happens and remember them; `and`, `or` and `not` only look at now.

mod complete;
mod display;
mod judge;
mod parse;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sim::Property;

pub use judge::Judge;

pub(crate) use complete::complete;
pub(crate) use parse::parse_at;

use crate::script::{ClientName, Cursor, Link, Micros, NodeRef, ScriptError, located, tokenize};

/// Parses a predicate.
///
/// # Errors
/// Says where it is wrong and what was expected; the line is 1 unless the text has several.
pub fn parse(text: &str) -> Result<Predicate, ScriptError> {
    let parsed = tokenize(text, 0, text.len()).and_then(|tokens| {
        let mut cursor = Cursor::new(&tokens, 0);
        let predicate = parse_at(&mut cursor)?;
        parse::expect_end(&cursor)?;
        Ok(predicate)
    });
    parsed.map_err(|fault| located(text, fault))
}

/// Something that is true or false of a run.
///
/// From loosest to tightest: `then`, `while`, `or`, `and`, `not`, `since start`. Equal ones group
/// to the left.
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

impl Predicate {
    /// Whether another says the same. Each has a text of its own, and comparing those is less of the
    /// page than comparing trees.
    pub(crate) fn says_as(&self, other: &Predicate) -> bool {
        self.to_string() == other.to_string()
    }

    /// Whether it asks about the past, so that it must be judged event by event from the start of
    /// the lesson or session, and not on the present cluster alone.
    pub fn needs_history(&self) -> bool {
        match self {
            Predicate::Atom(atom) => match atom {
                Atom::SnapshotSent(_) | Atom::WatchFired => true,
                Atom::Leader
                | Atom::LeaderIs(_)
                | Atom::NoLeader
                | Atom::Role { .. }
                | Atom::Number { .. }
                | Atom::Time { .. }
                | Atom::Key { .. }
                | Atom::Call { .. }
                | Atom::Running(_)
                | Atom::Crashed(_)
                | Atom::Paused(_)
                | Atom::Cut(_)
                | Atom::Clogged(_)
                | Atom::Isolated(_)
                | Atom::Voter(_)
                | Atom::Learner(_)
                | Atom::Partitioned
                | Atom::Agreed
                | Atom::QuorumLost
                | Atom::Violated(_)
                | Atom::Modified => false,
            },
            Predicate::Not(inner) => inner.needs_history(),
            Predicate::And(left, right) | Predicate::Or(left, right) => {
                left.needs_history() || right.needs_history()
            }
            Predicate::SinceStart(_) | Predicate::While(..) | Predicate::Then(..) => true,
        }
    }
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
    /// `voter n4`: it belongs to the cluster and votes.
    Voter(NodeRef),
    /// `learner n4`: it belongs to the cluster and has no vote.
    Learner(NodeRef),
    /// `partitioned`: cut links divide the nodes into groups.
    Partitioned,
    /// `agreed`: every node is up, all logs are equal and applied, and so are all stores.
    Agreed,
    /// `quorum lost`: no running voter has links open both ways to enough running voters.
    QuorumLost,
    /// `violated`, `violated election-safety`: a safety property broke.
    Violated(Option<Property>),
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
    /// `voters`: how many members vote.
    Voters,
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
