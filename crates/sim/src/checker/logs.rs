//! What happens to each log: leaders only append, and logs that meet agree.

use member::raft_core::{Index, RoleKind};

use super::commits::Commits;
use super::log::LogView;
use super::{NodeView, Property, Verdict, broken};
use crate::trace::{Event, NodeState, SnapshotKind, SnapshotMark};

/// Takes over what the event says of a node's log, and looks whether that is allowed.
pub(super) fn check(
    nodes: &mut [NodeView],
    place: usize,
    state: &NodeState,
    event: &Event,
    commits: &Commits,
) -> Verdict {
    if event.appended.is_empty() && event.truncated_from.is_none() && event.snapshot.is_none() {
        return Ok(());
    }
    let died = event.kind.is_death();
    if !died {
        check_leader_appends(&nodes[place], state, event)?;
        check_committed_stays(&nodes[place], event)?;
    }
    if let Some(snapshot) = event.snapshot {
        match snapshot.kind {
            // Later: what is committed in this event may lie before the snapshot (`forget_taken`).
            SnapshotKind::Taken => {}
            SnapshotKind::Installed => {
                install(&mut nodes[place], snapshot, commits)?;
            }
        }
    }
    if let Some(from) = event.truncated_from {
        nodes[place].log.truncate_from(from);
    }
    for entry in &event.appended {
        if !nodes[place].log.append(entry) {
            let node = &nodes[place];
            let text = format!(
                "{} put an entry at index {} of its log, whose last one was {}",
                node.id,
                entry.index,
                node.log.last_index()
            );
            let (index, term) = (Some(entry.index), Some(entry.term));
            return broken(Property::LogMatching, &[node.id], index, term, text);
        }
        check_matching(nodes, place, entry.index)?;
    }
    Ok(())
}

/// Forgets the entries for which a snapshot stands that the node has taken. One event can append,
/// commit, apply, and take a snapshot of all that; so this comes when the event has been looked at.
pub(super) fn forget_taken(log: &mut LogView, event: &Event) {
    if let Some(SnapshotMark { kind: SnapshotKind::Taken, index, .. }) = event.snapshot {
        log.compact(index);
    }
}

/// A leader never overwrites or deletes entries of its log (Raft §5.3).
fn check_leader_appends(node: &NodeView, state: &NodeState, event: &Event) -> Verdict {
    let leads = |state: &NodeState| state.role == Some(RoleKind::Leader);
    let led_all_along = leads(&node.state) && leads(state) && node.state.term == state.term;
    let installed = event.snapshot.is_some_and(|mark| mark.kind == SnapshotKind::Installed);
    match event.truncated_from {
        Some(from) if led_all_along => {
            let text = format!(
                "{} leads term {} and deleted its own entries from index {from} on",
                node.id, state.term
            );
            broken(Property::LeaderAppendOnly, &[node.id], Some(from), Some(state.term), text)
        }
        None if led_all_along && installed => {
            let text = format!(
                "{} leads term {} and replaced its own log by a snapshot",
                node.id, state.term
            );
            broken(Property::LeaderAppendOnly, &[node.id], None, Some(state.term), text)
        }
        _ => Ok(()),
    }
}

/// What a server knows to be committed, it never deletes (Raft §5.4.3).
fn check_committed_stays(node: &NodeView, event: &Event) -> Verdict {
    match event.truncated_from {
        Some(from) if from <= node.state.commit => {
            let text = format!(
                "{} deleted its entries from index {from} on, though it knew them to be committed \
                 up to {}",
                node.id, node.state.commit
            );
            broken(Property::StateMachineSafety, &[node.id], Some(from), None, text)
        }
        _ => Ok(()),
    }
}

/// Logs that hold an entry of the same index and term are equal up to it (Raft §5.3).
fn check_matching(nodes: &[NodeView], place: usize, index: Index) -> Verdict {
    let node = &nodes[place];
    let Some(mine) = node.log.get(index) else { return Ok(()) };
    for other in nodes.iter().filter(|other| other.id != node.id) {
        let Some(theirs) = other.log.get(index) else { continue };
        if mine.term == theirs.term && mine.chain != theirs.chain {
            let text = format!(
                "{} and {} both have an entry of term {} at index {index}, but their logs up to it \
                 differ",
                node.id, other.id, mine.term
            );
            let nodes = [node.id, other.id];
            return broken(Property::LogMatching, &nodes, Some(index), Some(mine.term), text);
        }
    }
    Ok(())
}

/// A log begins anew behind a snapshot, which must stand for what was committed.
fn install(node: &mut NodeView, snapshot: SnapshotMark, commits: &Commits) -> Verdict {
    let committed = commits.link(snapshot.index);
    let Some(link) = committed.filter(|link| link.term == snapshot.term) else {
        let text = format!(
            "{} installed a snapshot that ends with an entry of term {} at index {}, which was \
             never committed",
            node.id, snapshot.term, snapshot.index
        );
        let (index, term) = (Some(snapshot.index), Some(snapshot.term));
        return broken(Property::StateMachineSafety, &[node.id], index, term, text);
    };
    node.log.install(snapshot.index, link);
    Ok(())
}
