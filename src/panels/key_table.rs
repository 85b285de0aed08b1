//! Every node's store side by side: which cells differ, without a screen.

use lab::few::Few;
use lab::view::{Condition, KeyRow, NodeView};

/// One key on all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    /// One for each node, in their order.
    pub(crate) cells: Vec<Cell>,
}

/// One key on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// What the node has, if it has the key.
    pub(crate) row: Option<KeyRow>,
    /// How it differs from what most nodes have, in a word.
    pub(crate) differs: Option<&'static str>,
}

/// The rows of the table, in the order of the keys. Of a node that does not run nothing is known.
pub(crate) fn rows(nodes: &[&NodeView]) -> Vec<Row> {
    let mut keys: Few<&str, Vec<Option<&KeyRow>>> = Few::new();
    for (place, node) in nodes.iter().enumerate() {
        for row in &node.keys {
            let cells = keys.or_insert_with(row.key.as_str(), || vec![None; nodes.len()]);
            if let Some(cell) = cells.get_mut(place) {
                *cell = Some(row);
            }
        }
    }
    let runs: Vec<bool> = nodes.iter().map(|node| is_up(node)).collect();
    keys.into_iter()
        .map(|(key, cells)| Row { key: key.to_owned(), cells: compare(&cells, &runs) })
        .collect()
}

fn is_up(node: &NodeView) -> bool {
    matches!(node.condition, Condition::Running | Condition::Paused)
}

fn compare(cells: &[Option<&KeyRow>], runs: &[bool]) -> Vec<Cell> {
    let face = |cell: Option<&KeyRow>| cell.map(|row| (row.value.clone(), row.mod_revision));
    let running = || cells.iter().zip(runs).filter(|(_, runs)| **runs).map(|(cell, _)| *cell);
    let count = |of: &Option<&KeyRow>| running().filter(|cell| face(*cell) == face(*of)).count();
    let common = running().max_by_key(count).flatten();
    let word = |cell: Option<&KeyRow>| match (cell, common) {
        _ if face(cell) == face(common) => None,
        (None, _) => Some("missing"),
        (Some(_), None) => Some("only here"),
        (Some(row), Some(common)) if row.mod_revision < common.mod_revision => Some("older"),
        (Some(row), Some(common)) if row.mod_revision > common.mod_revision => Some("newer"),
        (Some(_), Some(_)) => Some("differs"),
    };
    let cell = |(cell, runs): (&Option<&KeyRow>, &bool)| Cell {
        row: cell.cloned(),
        differs: if *runs { word(*cell) } else { Some("down") },
    };
    cells.iter().zip(runs).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &str, mod_revision: i64) -> KeyRow {
        KeyRow {
            key: "name".to_owned(),
            value: value.to_owned(),
            create_revision: 2,
            mod_revision,
            version: 1,
        }
    }

    #[test]
    fn what_most_nodes_do_not_have_is_marked_with_a_word() {
        let (joe, joan, jane) = (row("joe", 2), row("joan", 3), row("jane", 3));
        let words = |cells: &[Option<&KeyRow>]| -> Vec<Option<&str>> {
            let runs = vec![true; cells.len()];
            compare(cells, &runs).iter().map(|cell| cell.differs).collect()
        };
        let (joe, joan, jane) = (Some(&joe), Some(&joan), Some(&jane));
        assert_eq!(words(&[joe, joan, joan, None]), [Some("older"), None, None, Some("missing")]);
        assert_eq!(words(&[joe, joe, joan]), [None, None, Some("newer")]);
        assert_eq!(words(&[joan, joan, jane]), [None, None, Some("differs")]);
        assert_eq!(words(&[None, None, jane]), [None, None, Some("only here")]);
        let with_one_down = compare(&[joan, None, None], &[true, false, false]);
        let words: Vec<_> = with_one_down.iter().map(|cell| cell.differs).collect();
        assert_eq!(words, [None, Some("down"), Some("down")], "who is down does not count");
    }
}
