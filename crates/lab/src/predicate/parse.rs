//! From tokens to a [`Predicate`]: one function for each level of binding, loosest first.

use sim::Property;

use super::{
    Atom, Caller, Comparison, Equality, Fate, KeyState, Place, Predicate, Quantity, RoleName,
};
use crate::script::{
    ClientName, Cursor, Fault, NodeRef, Token, duration, hint, link, node, number,
    starts_with_node, unknown,
};

/// How deep parentheses and `not` may go: far beyond sense, far before the stack ends.
const DEPTH_MAX: u32 = 64;

/// How many statements one predicate may have; `and` and `or` nest as well.
const ATOMS_MAX: u32 = 200;

/// Parses a predicate as far as it goes; what follows is the caller's.
pub(crate) fn parse_at(cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
    let mut parser = Parser { depth: 0, atoms: 0 };
    parser.then(cursor)
}

/// Nothing may follow a predicate.
pub(super) fn expect_end(cursor: &Cursor<'_>) -> Result<(), Fault> {
    match cursor.peek() {
        None => Ok(()),
        Some(_) => Err(cursor.expected("`and`, `or`, `while`, `then`, `since start` or the end")),
    }
}

struct Parser {
    depth: u32,
    atoms: u32,
}

impl Parser {
    fn then(&mut self, cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
        let mut left = self.during(cursor)?;
        while cursor.take_keyword("then") {
            left = Predicate::Then(Box::new(left), Box::new(self.during(cursor)?));
        }
        Ok(left)
    }

    fn during(&mut self, cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
        let mut left = self.or(cursor)?;
        while cursor.take_keyword("while") {
            left = Predicate::While(Box::new(left), Box::new(self.or(cursor)?));
        }
        Ok(left)
    }

    fn or(&mut self, cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
        let mut left = self.and(cursor)?;
        while cursor.take_keyword("or") {
            left = Predicate::Or(Box::new(left), Box::new(self.and(cursor)?));
        }
        Ok(left)
    }

    fn and(&mut self, cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
        let mut left = self.not(cursor)?;
        while cursor.take_keyword("and") {
            left = Predicate::And(Box::new(left), Box::new(self.not(cursor)?));
        }
        Ok(left)
    }

    fn not(&mut self, cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
        let at = cursor.offset();
        if !cursor.take_keyword("not") {
            return self.since(cursor);
        }
        self.deeper(at)?;
        let inner = self.not(cursor)?;
        self.depth -= 1;
        Ok(Predicate::Not(Box::new(inner)))
    }

    fn since(&mut self, cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
        let mut inner = self.primary(cursor)?;
        while cursor.take_keyword("since") {
            cursor.expect_keyword("start")?;
            // "It was so once that it was so once" says no more.
            if !matches!(inner, Predicate::SinceStart(_)) {
                inner = Predicate::SinceStart(Box::new(inner));
            }
        }
        Ok(inner)
    }

    fn primary(&mut self, cursor: &mut Cursor<'_>) -> Result<Predicate, Fault> {
        let at = cursor.offset();
        if cursor.take(&Token::Open) {
            self.deeper(at)?;
            let inner = self.then(cursor)?;
            if !cursor.take(&Token::Close) {
                return Err(cursor.expected("`)`"));
            }
            self.depth -= 1;
            return Ok(inner);
        }
        self.atoms += 1;
        if self.atoms > ATOMS_MAX {
            return Err(Fault::new(at, format!("a predicate has at most {ATOMS_MAX} statements")));
        }
        atom(cursor).map(Predicate::Atom)
    }

    fn deeper(&mut self, at: usize) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::new(at, format!("more than {DEPTH_MAX} levels are too deep")));
        }
        Ok(())
    }
}

fn atom(cursor: &mut Cursor<'_>) -> Result<Atom, Fault> {
    let at = cursor.offset();
    let Some(word) = cursor.peek_word() else {
        return Err(cursor.expected("what should be true, such as leader or key name = john on n3"));
    };
    cursor.advance();
    match word {
        "leader" if cursor.take_keyword("is") => of_node(cursor, Atom::LeaderIs),
        "leader" => Ok(Atom::Leader),
        "no" => after(cursor, "leader", Atom::NoLeader),
        "role" => role(cursor),
        "term" if starts_with_node(cursor) => measured(cursor, Quantity::Term),
        "term" => counted(cursor, Quantity::HighestTerm),
        "commit" => measured(cursor, Quantity::Commit),
        "applied" => measured(cursor, Quantity::Applied),
        "log" => measured(cursor, Quantity::Log),
        "durable" => measured(cursor, Quantity::Durable),
        "revision" => measured(cursor, Quantity::Revision),
        "leaders" => counted(cursor, Quantity::Leaders),
        "down" => counted(cursor, Quantity::Down),
        "nodes" => counted(cursor, Quantity::Nodes),
        "voters" => counted(cursor, Quantity::Voters),
        "event" => counted(cursor, Quantity::Event),
        "time" => time(cursor),
        "key" => key(cursor),
        "write" => call(cursor, Caller::AnyWrite, "acknowledged"),
        "read" => call(cursor, Caller::AnyRead, "answered"),
        "client" => {
            let caller = client(cursor)?;
            call(cursor, caller, "ok")
        }
        "running" => of_node(cursor, Atom::Running),
        "crashed" => of_node(cursor, Atom::Crashed),
        "paused" => of_node(cursor, Atom::Paused),
        "cut" => link(cursor).map(Atom::Cut),
        "clogged" => link(cursor).map(Atom::Clogged),
        "isolated" => of_node(cursor, Atom::Isolated),
        "voter" => of_node(cursor, Atom::Voter),
        "learner" => of_node(cursor, Atom::Learner),
        "partitioned" => Ok(Atom::Partitioned),
        "agreed" => Ok(Atom::Agreed),
        "quorum" => after(cursor, "lost", Atom::QuorumLost),
        "violated" => property(cursor).map(Atom::Violated),
        "modified" => Ok(Atom::Modified),
        "snapshot" => {
            cursor.expect_keyword("sent")?;
            cursor.expect_keyword("to")?;
            of_node(cursor, Atom::SnapshotSent)
        }
        "watch" => after(cursor, "fired", Atom::WatchFired),
        _ => Err(unknown_statement(at, word)),
    }
}

/// A statement about a node; `make` is what to make of it.
#[inline(never)]
fn of_node(cursor: &mut Cursor<'_>, make: fn(NodeRef) -> Atom) -> Result<Atom, Fault> {
    node(cursor).map(make)
}

/// A statement whose second word is always the same.
#[inline(never)]
fn after(cursor: &mut Cursor<'_>, word: &str, atom: Atom) -> Result<Atom, Fault> {
    cursor.expect_keyword(word).map(|()| atom)
}

fn time(cursor: &mut Cursor<'_>) -> Result<Atom, Fault> {
    Ok(Atom::Time { comparison: comparison(cursor)?, time: duration(cursor)? })
}

#[inline(never)]
fn call(cursor: &mut Cursor<'_>, caller: Caller, good: &str) -> Result<Atom, Fault> {
    Ok(Atom::Call { caller, fate: fate(cursor, good)? })
}

/// The words that begin a statement.
pub(super) const ATOMS: [&str; 35] = [
    "leader",
    "no",
    "role",
    "term",
    "commit",
    "applied",
    "log",
    "durable",
    "revision",
    "leaders",
    "down",
    "nodes",
    "voters",
    "event",
    "time",
    "key",
    "write",
    "read",
    "client",
    "running",
    "crashed",
    "paused",
    "cut",
    "clogged",
    "isolated",
    "voter",
    "learner",
    "partitioned",
    "agreed",
    "quorum",
    "violated",
    "modified",
    "snapshot",
    "watch",
    "not",
];

fn unknown_statement(at: usize, word: &str) -> Fault {
    let hint = hint(word, &ATOMS, "; `help predicates` lists what there is");
    Fault::new(at, format!("unknown statement `{word}`{hint}"))
}

fn role(cursor: &mut Cursor<'_>) -> Result<Atom, Fault> {
    let node = node(cursor)?;
    let is = equality(cursor)?;
    let at = cursor.offset();
    let missing = cursor.expected("follower, pre-candidate, candidate or leader");
    let Some(word) = cursor.peek_word() else { return Err(missing) };
    let role = RoleName::named(word).ok_or_else(|| {
        let hint = hint(word, &RoleName::ALL.map(RoleName::name), "");
        Fault::new(at, format!("{}{hint}", missing.message))
    })?;
    cursor.advance();
    Ok(Atom::Role { node, is, role })
}

fn equality(cursor: &mut Cursor<'_>) -> Result<Equality, Fault> {
    if cursor.take(&Token::Compare(Comparison::Equal)) {
        Ok(Equality::Equal)
    } else if cursor.take(&Token::Compare(Comparison::NotEqual)) {
        Ok(Equality::NotEqual)
    } else {
        Err(cursor.expected("`=` or `!=`"))
    }
}

fn comparison(cursor: &mut Cursor<'_>) -> Result<Comparison, Fault> {
    match cursor.peek() {
        Some(Token::Compare(comparison)) => {
            cursor.advance();
            Ok(*comparison)
        }
        Some(_) | None => Err(cursor.expected("`=`, `!=`, `<`, `<=`, `>` or `>=`")),
    }
}

#[inline(never)]
fn counted(cursor: &mut Cursor<'_>, quantity: Quantity) -> Result<Atom, Fault> {
    let comparison = comparison(cursor)?;
    Ok(Atom::Number { quantity, comparison, number: number(cursor, "a whole number")? })
}

#[inline(never)]
fn measured(cursor: &mut Cursor<'_>, quantity: fn(NodeRef) -> Quantity) -> Result<Atom, Fault> {
    let quantity = quantity(node(cursor)?);
    counted(cursor, quantity)
}

fn key(cursor: &mut Cursor<'_>) -> Result<Atom, Fault> {
    let key = cursor.expect_word("a key")?.to_owned();
    let what = "a value, in quotes if it is more than one word";
    let value = if cursor.take(&Token::Compare(Comparison::Equal)) {
        KeyState::Is(cursor.expect_word(what)?.to_owned())
    } else if cursor.take(&Token::Compare(Comparison::NotEqual)) {
        KeyState::IsNot(cursor.expect_word(what)?.to_owned())
    } else if cursor.take_keyword("missing") {
        KeyState::Missing
    } else {
        return Err(cursor.expected("`=`, `!=` or `missing` after the key"));
    };
    if !cursor.take_keyword("on") {
        return Err(cursor.expected("`on` and where: on all nodes, on n3 or on 2 nodes"));
    }
    Ok(Atom::Key { key, value, place: place(cursor)? })
}

fn place(cursor: &mut Cursor<'_>) -> Result<Place, Fault> {
    if cursor.take_keyword("all") {
        cursor.expect_keyword("nodes")?;
        return Ok(Place::AllNodes);
    }
    let at = cursor.offset();
    let is_number = cursor
        .peek_word()
        .is_some_and(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    if !is_number {
        return match node(cursor) {
            Ok(node) => Ok(Place::Node(node)),
            Err(fault) if fault.message.starts_with("there is no") => Err(fault),
            Err(_) => Err(cursor.expected("`all nodes`, a node, or a number of nodes")),
        };
    }
    let count = number(cursor, "a number of nodes")?;
    if !cursor.take_keyword("nodes") && !cursor.take_keyword("node") {
        return Err(cursor.expected("`nodes`"));
    }
    match u8::try_from(count) {
        Ok(count @ 1..=7) => Ok(Place::AtLeast(count)),
        Ok(_) | Err(_) => Err(Fault::new(at, format!("a cluster has 1 to 7 nodes, not {count}"))),
    }
}

fn client(cursor: &mut Cursor<'_>) -> Result<Caller, Fault> {
    let at = cursor.offset();
    let name = cursor.expect_word("a client's name, such as a")?;
    ClientName::new(name)
        .map(Caller::Client)
        .ok_or_else(|| Fault::new(at, format!("expected a client's name, such as a, not `{name}`")))
}

/// How a call stands; `good` is the caller's word for having been answered.
fn fate(cursor: &mut Cursor<'_>, good: &str) -> Result<Fate, Fault> {
    let expected = format!("{good}, failed, unknown or waiting");
    let Some(word) = cursor.peek_word() else { return Err(cursor.expected(&expected)) };
    let fate = match word {
        "ok" => Fate::Ok,
        _ if word == good => Fate::Ok,
        "failed" => Fate::Failed,
        "unknown" => Fate::Unknown,
        "waiting" => Fate::Waiting,
        _ => return Err(cursor.expected(&expected)),
    };
    cursor.advance();
    Ok(fate)
}

fn property(cursor: &mut Cursor<'_>) -> Result<Option<Property>, Fault> {
    let ends = ["and", "or", "while", "then", "since", "limit"];
    let Some(word) = cursor.peek_word().filter(|word| !ends.contains(word)) else {
        return Ok(None);
    };
    let at = cursor.offset();
    let names = Property::ALL.map(Property::name);
    let property = Property::named(word).ok_or_else(|| unknown(at, "property", word, &names))?;
    cursor.advance();
    Ok(Some(property))
}
