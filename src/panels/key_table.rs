//! Every node's store side by side: which cells differ, without a screen.

use lab::few::Few;
use lab::view::{KeyRow, NodeView};

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
    /// Whether most nodes have something else.
    pub(crate) differs: bool,
}

/// The rows of the table, in the order of the keys.
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
    keys.into_iter()
        .map(|(key, cells)| Row { key: key.to_owned(), cells: compare(&cells) })
        .collect()
}

fn compare(cells: &[Option<&KeyRow>]) -> Vec<Cell> {
    let face = |cell: Option<&KeyRow>| cell.map(|row| (row.value.clone(), row.mod_revision));
    let count =
        |of: &Option<&KeyRow>| cells.iter().filter(|cell| face(**cell) == face(*of)).count();
    let common = cells.iter().max_by_key(|cell| count(cell)).copied().flatten();
    cells
        .iter()
        .map(|cell| Cell { row: cell.cloned(), differs: face(*cell) != face(common) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &str) -> KeyRow {
        KeyRow {
            key: "name".to_owned(),
            value: value.to_owned(),
            create_revision: 2,
            mod_revision: 2,
            version: 1,
        }
    }

    #[test]
    fn what_most_nodes_do_not_have_is_marked() {
        let (joe, joan) = (row("joe"), row("joan"));
        let cells = compare(&[Some(&joe), Some(&joan), Some(&joan), None]);
        let differs: Vec<bool> = cells.iter().map(|cell| cell.differs).collect();
        assert_eq!(differs, [true, false, false, true]);
    }
}
