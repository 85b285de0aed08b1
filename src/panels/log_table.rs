//! Logs as nodes × index, without a screen.

use lab::view::{LogCell, NodeView};

/// How many indexes are shown: the last ones.
const COLUMNS: u64 = 24;

/// The columns: which indexes are shown.
pub(crate) fn columns(nodes: &[NodeView]) -> Vec<u64> {
    let cells = || nodes.iter().flat_map(|node| node.log.iter().map(|cell| cell.index));
    let last = nodes.iter().map(|node| node.last_index).max().unwrap_or(0);
    let first = cells().min().unwrap_or(1).max((last + 1).saturating_sub(COLUMNS)).max(1);
    (first..=last).collect()
}

/// The entry of a node at an index, if it has one.
pub(crate) fn cell(node: &NodeView, index: u64) -> Option<LogCell> {
    node.log.iter().find(|cell| cell.index == index).copied()
}
