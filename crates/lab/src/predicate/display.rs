//! Predicates as text: canonical, with no more parentheses than needed, and parsed back to the
//! same predicate.

use std::fmt::{self, Display, Formatter};

use super::{
    Atom, Caller, Comparison, Equality, Fate, KeyState, Place, Predicate, Quantity, RoleName,
};
use crate::script::{duration_text, quote_word};

/// How tightly a predicate binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Then,
    While,
    Or,
    And,
    Not,
    Since,
    Atom,
}

impl Predicate {
    fn binding(&self) -> Binding {
        match self {
            Predicate::Then(..) => Binding::Then,
            Predicate::While(..) => Binding::While,
            Predicate::Or(..) => Binding::Or,
            Predicate::And(..) => Binding::And,
            Predicate::Not(_) => Binding::Not,
            Predicate::SinceStart(_) => Binding::Since,
            Predicate::Atom(_) => Binding::Atom,
        }
    }

    /// Itself, in parentheses if it binds looser than `least`.
    fn within(&self, least: Binding, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.binding() < least {
            write!(formatter, "({self})")
        } else {
            write!(formatter, "{self}")
        }
    }
}

fn joined(
    left: &Predicate,
    word: &str,
    right: &Predicate,
    (own, tighter): (Binding, Binding),
    formatter: &mut Formatter<'_>,
) -> fmt::Result {
    left.within(own, formatter)?;
    write!(formatter, " {word} ")?;
    right.within(tighter, formatter)
}

impl Display for Predicate {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        use Binding::{And, Not, Or, Since, Then, While};
        match self {
            Predicate::Atom(atom) => write!(formatter, "{atom}"),
            Predicate::Not(inner) => {
                formatter.write_str("not ")?;
                inner.within(Not, formatter)
            }
            Predicate::SinceStart(inner) => {
                inner.within(Since, formatter)?;
                formatter.write_str(" since start")
            }
            Predicate::And(left, right) => joined(left, "and", right, (And, Not), formatter),
            Predicate::Or(left, right) => joined(left, "or", right, (Or, And), formatter),
            Predicate::While(left, right) => joined(left, "while", right, (While, Or), formatter),
            Predicate::Then(left, right) => joined(left, "then", right, (Then, While), formatter),
        }
    }
}

impl Display for Atom {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Leader => formatter.write_str("leader"),
            Atom::LeaderIs(node) => write!(formatter, "leader is {node}"),
            Atom::NoLeader => formatter.write_str("no leader"),
            Atom::Role { node, is, role } => write!(formatter, "role {node} {is} {role}"),
            Atom::Number { quantity, comparison, number } => {
                write!(formatter, "{quantity} {comparison} {number}")
            }
            Atom::Time { comparison, time } => {
                write!(formatter, "time {comparison} {}", duration_text(*time))
            }
            Atom::Key { key, value, place } => {
                write!(formatter, "key {} {value} on {place}", quote_word(key))
            }
            Atom::Call { caller, fate } => {
                let fate = match (fate, caller) {
                    (Fate::Ok, Caller::Client(_)) => "ok",
                    (Fate::Ok, Caller::AnyWrite) => "acknowledged",
                    (Fate::Ok, Caller::AnyRead) => "answered",
                    (Fate::Failed, _) => "failed",
                    (Fate::Unknown, _) => "unknown",
                    (Fate::Waiting, _) => "waiting",
                };
                match caller {
                    Caller::Client(name) => write!(formatter, "client {name} {fate}"),
                    Caller::AnyWrite => write!(formatter, "write {fate}"),
                    Caller::AnyRead => write!(formatter, "read {fate}"),
                }
            }
            Atom::Running(node) => write!(formatter, "running {node}"),
            Atom::Crashed(node) => write!(formatter, "crashed {node}"),
            Atom::Paused(node) => write!(formatter, "paused {node}"),
            Atom::Cut(link) => write!(formatter, "cut {link}"),
            Atom::Clogged(link) => write!(formatter, "clogged {link}"),
            Atom::Isolated(node) => write!(formatter, "isolated {node}"),
            Atom::Voter(node) => write!(formatter, "voter {node}"),
            Atom::Learner(node) => write!(formatter, "learner {node}"),
            Atom::Partitioned => formatter.write_str("partitioned"),
            Atom::Agreed => formatter.write_str("agreed"),
            Atom::QuorumLost => formatter.write_str("quorum lost"),
            Atom::Violated(None) => formatter.write_str("violated"),
            Atom::Violated(Some(property)) => write!(formatter, "violated {}", property.name()),
            Atom::Modified => formatter.write_str("modified"),
            Atom::SnapshotSent(node) => write!(formatter, "snapshot sent to {node}"),
            Atom::WatchFired => formatter.write_str("watch fired"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Equality {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Equality::Equal => "=",
            Equality::NotEqual => "!=",
        })
    }
}

impl RoleName {
    /// All of them.
    pub(super) const ALL: [RoleName; 4] =
        [RoleName::Follower, RoleName::PreCandidate, RoleName::Candidate, RoleName::Leader];

    /// As predicates write it.
    pub fn name(self) -> &'static str {
        match self {
            RoleName::Follower => "follower",
            RoleName::PreCandidate => "pre-candidate",
            RoleName::Candidate => "candidate",
            RoleName::Leader => "leader",
        }
    }

    /// The role of that name.
    pub(super) fn named(name: &str) -> Option<RoleName> {
        RoleName::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl Display for RoleName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Display for Quantity {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Quantity::HighestTerm => formatter.write_str("term"),
            Quantity::Term(node) => write!(formatter, "term {node}"),
            Quantity::Commit(node) => write!(formatter, "commit {node}"),
            Quantity::Applied(node) => write!(formatter, "applied {node}"),
            Quantity::Log(node) => write!(formatter, "log {node}"),
            Quantity::Durable(node) => write!(formatter, "durable {node}"),
            Quantity::Revision(node) => write!(formatter, "revision {node}"),
            Quantity::Leaders => formatter.write_str("leaders"),
            Quantity::Down => formatter.write_str("down"),
            Quantity::Nodes => formatter.write_str("nodes"),
            Quantity::Voters => formatter.write_str("voters"),
            Quantity::Event => formatter.write_str("event"),
        }
    }
}

impl Display for KeyState {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            KeyState::Is(value) => write!(formatter, "= {}", quote_word(value)),
            KeyState::IsNot(value) => write!(formatter, "!= {}", quote_word(value)),
            KeyState::Missing => formatter.write_str("missing"),
        }
    }
}

impl Display for Place {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Place::AllNodes => formatter.write_str("all nodes"),
            Place::Node(node) => write!(formatter, "{node}"),
            Place::AtLeast(1) => formatter.write_str("1 node"),
            Place::AtLeast(count) => write!(formatter, "{count} nodes"),
        }
    }
}
