//! Leaders of different terms at the same time: only the newest can still commit.

use member::raft_core::{RoleKind, Term};

use super::members::{self, Nodes};
use super::{NodeView, Property, Verdict, broken};
use crate::trace::{Event, NodeState};

/// When a node begins to lead, or a leader's configuration has changed: of two that lead, the older
/// has no quorum left among the voters of its own configuration that have not promised a higher
/// term (Raft §5.1, §5.2). What was acknowledged to it before may still arrive: that is on disks,
/// and every later leader has it.
pub(super) fn check(nodes: &[NodeView], place: usize, state: &NodeState, event: &Event) -> Verdict {
    let leads = |state: &NodeState| state.role == Some(RoleKind::Leader);
    let node = &nodes[place];
    let led = leads(&node.state) && node.state.term == state.term;
    if !leads(state) || (led && event.config.is_none()) {
        return Ok(());
    }
    for other in nodes.iter().filter(|other| other.id != node.id && leads(&other.state)) {
        let (own, others) = ((node, state.term), (other, other.state.term));
        let ((older, term), (newer, newer_term)) =
            if others.1 < own.1 { (others, own) } else { (own, others) };
        if term == newer_term {
            continue;
        }
        let free = older.config.voters() & !promised(nodes, term) & !members::bit(newer.id);
        if older.config.is_quorum(free) {
            let text = format!(
                "{} leads term {newer_term}, and {} leads term {term} and can still commit: so many \
                 of its voters have not promised a later term: {}",
                newer.id,
                older.id,
                members::names(free)
            );
            let nodes = [node.id, other.id];
            return broken(Property::OneLeaderCommits, &nodes, None, Some(term), text);
        }
    }
    Ok(())
}

/// Those who take nothing any more from a leader of this term.
fn promised(nodes: &[NodeView], term: Term) -> Nodes {
    let promised = nodes.iter().filter(|node| node.ballots.promised() > term);
    promised.fold(0, |set, node| set | members::bit(node.id))
}
