//! What a leader knows that its followers have, and what it sends them nevertheless.
//!
//! The checker knows what the leader was told: an acknowledgement counts when it is delivered, so
//! those in flight are remembered with what they say.

use member::raft_core::{Index, MessageKind, NodeId, RoleKind, Term};
use serde::{Deserialize, Serialize};

use super::{NodeView, Property, Verdict, broken};
use crate::trace::{Event, EventKind, MessageId, NodeState};

/// Acknowledgements in flight.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Acknowledgements {
    /// In the order of their numbers.
    flying: Vec<Acknowledgement>,
}

/// An AppendAccepted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Acknowledgement {
    id: MessageId,
    from: NodeId,
    term: Term,
    index: Index,
}

impl Acknowledgements {
    /// Notes which leave and which are lost. Gives the one that arrives, if one does.
    pub(super) fn note(&mut self, event: &Event) -> Option<Acknowledgement> {
        for sent in event.sent.iter().filter(|sent| sent.kind == MessageKind::AppendAccepted) {
            let original = || self.flying.iter().find(|it| Some(it.id) == sent.copy_of);
            let from = event.node.or_else(|| original().map(|it| it.from));
            let (Some(from), Some(index)) = (from, sent.index) else { continue };
            self.flying.push(Acknowledgement { id: sent.id, from, term: sent.term, index });
        }
        for lost in &event.dropped {
            self.take(*lost);
        }
        self.take(event.delivered?)
    }

    /// How many are in flight, as far as it knows.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.flying.len()
    }

    fn take(&mut self, id: MessageId) -> Option<Acknowledgement> {
        let place = self.flying.binary_search_by_key(&id, |it| it.id).ok()?;
        Some(self.flying.remove(place))
    }
}

/// What a leader was told of its followers' logs in its term and its present configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Matches(Vec<(NodeId, Index)>);

impl Matches {
    fn of(&self, node: NodeId) -> Index {
        self.0.iter().find(|(id, _)| *id == node).map(|(_, index)| *index).unwrap_or_default()
    }

    fn raise(&mut self, node: NodeId, index: Index) {
        match self.0.iter_mut().find(|(id, _)| *id == node) {
            Some((_, known)) => *known = index.max(*known),
            None => self.0.push((node, index)),
        }
    }
}

/// A leader's next index is above the match index: it never sends entries that begin at or below
/// what the follower has acknowledged to it (Raft Figure 2, §5.3).
///
/// Who is removed and added again may come with an empty disk, and one change can do both: so
/// whenever the membership changes, it is forgotten what was acknowledged.
pub(super) fn check(
    node: &mut NodeView,
    state: &NodeState,
    event: &Event,
    arrived: Option<Acknowledgement>,
) -> Verdict {
    if state.role != Some(RoleKind::Leader) {
        return Ok(());
    }
    let led = node.state.role == Some(RoleKind::Leader) && node.state.term == state.term;
    if !led || event.config.is_some() || event.kind == EventKind::Restart {
        node.matches.0.clear();
    } else if let Some(arrived) = arrived.filter(|arrived| arrived.term == state.term) {
        // Nobody can hold more of a leader's log than there is.
        node.matches.raise(arrived.from, arrived.index.min(node.state.last_index));
    }
    for sent in event.sent.iter().filter(|sent| sent.kind == MessageKind::AppendEntries) {
        let matched = node.matches.of(sent.to);
        let begins_behind = sent.index.unwrap_or_default();
        if sent.copy_of.is_none() && sent.term == state.term && begins_behind < matched {
            let text = format!(
                "{} sends {} entries from behind index {begins_behind} on, though that one has \
                 acknowledged all up to {matched} to it",
                node.id, sent.to
            );
            let nodes = [node.id, sent.to];
            let (index, term) = (Some(begins_behind), Some(sent.term));
            return broken(Property::NextAboveMatch, &nodes, index, term, text);
        }
    }
    Ok(())
}
