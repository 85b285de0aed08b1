//! The generic judge: searches an order of all operations that explains every answer.
//!
//! Wing and Gong's search with Lowe's memo: an operation may come next if it was called before any
//! operation that is still left returned; a set of placed operations together with the state that
//! they lead to is tried once only. The search knows nothing of what operations mean: that is the
//! [`Model`]'s part.

use std::collections::BTreeSet;

/// What operations mean, one after the other.
pub trait Model {
    /// What is remembered between operations.
    type State: Clone + Ord;
    /// An operation with its answer, if it was answered.
    type Operation: PartialEq;

    /// The state before the first operation.
    fn begin(&self) -> Self::State;

    /// The state after an operation; none if it cannot have had its answer in this state.
    fn apply(&self, state: &Self::State, operation: &Self::Operation) -> Option<Self::State>;
}

/// An operation and when it took place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed<O> {
    /// When it was called, in any unit.
    pub called: u64,
    /// When it returned; none if its outcome is unknown: it may have happened at any time after its
    /// call, or never.
    pub returned: Option<u64>,
    /// What it was.
    pub operation: O,
}

/// What the search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// There is such an order.
    Linearizable,
    /// There is none.
    NotLinearizable,
    /// The budget was used up before.
    Undecided,
}

/// Looks for an order. Tries at most `budget` states.
pub fn search<M: Model>(model: &M, history: &[Timed<M::Operation>], budget: u64) -> Finding {
    let mut order: Vec<&Timed<M::Operation>> = history.iter().collect();
    order.sort_by_key(|timed| timed.called);
    let mut tried = BTreeSet::new();
    let begin = Node { placed: Placed::none(order.len()), state: model.begin() };
    let mut open = vec![begin];
    while let Some(node) = open.pop() {
        if tried.len() as u64 >= budget {
            return Finding::Undecided;
        }
        if !tried.insert((node.placed.clone(), node.state.clone())) {
            continue;
        }
        let Some(next) = candidates(&order, &node.placed) else { return Finding::Linearizable };
        // The last one pushed is tried first: what returned earliest is the likeliest to come
        // next, and what never returned the least likely.
        for place in next {
            if let Some(state) = model.apply(&node.state, &order[place].operation) {
                open.push(Node { placed: node.placed.with(place), state });
            }
        }
    }
    Finding::NotLinearizable
}

/// A beginning of an order.
struct Node<S> {
    placed: Placed,
    state: S,
}

/// Operations that may come next, the likeliest last. None if only unknown ones are left: these
/// need not have happened.
fn candidates<O: PartialEq>(order: &[&Timed<O>], placed: &Placed) -> Option<Vec<usize>> {
    let left = |place: &usize| !placed.has(*place);
    let mut first_return = u64::MAX;
    let mut next = Vec::new();
    let mut answered_left = false;
    for place in (placed.all_before..order.len()).filter(left) {
        if order[place].called > first_return {
            break;
        }
        if let Some(returned) = order[place].returned {
            answered_left = true;
            first_return = first_return.min(returned);
        }
        next.push(place);
    }
    next.retain(|place| order[*place].called < first_return);
    // Of unknown operations that are all the same, the first will do for any of them.
    let known: Vec<usize> = next.clone();
    let is_first = |place: &usize| {
        let mut before = known.iter().take_while(|other| *other < place).map(|at| order[*at]);
        !before.any(|o| o.returned.is_none() && o.operation == order[*place].operation)
    };
    next.retain(|place| order[*place].returned.is_some() || is_first(place));
    next.sort_by_key(|place| std::cmp::Reverse(order[*place].returned.unwrap_or(u64::MAX)));
    answered_left.then_some(next)
}

/// Which operations have been placed: all before a point, and some behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    all_before: usize,
    words: Vec<u64>,
}

impl Placed {
    fn none(length: usize) -> Placed {
        Placed { all_before: 0, words: vec![0; length.div_ceil(64)] }
    }

    fn has(&self, place: usize) -> bool {
        self.words[place / 64] & (1 << (place % 64)) != 0
    }

    fn with(&self, place: usize) -> Placed {
        let mut placed = self.clone();
        placed.words[place / 64] |= 1 << (place % 64);
        while placed.all_before < placed.words.len() * 64 && placed.has(placed.all_before) {
            placed.all_before += 1;
        }
        placed
    }
}
