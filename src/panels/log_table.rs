//! Places in the logs, nodes × index, without a screen.

/// Width of a column, and of what stands before the first, in pixels.
const COLUMN_PX: u32 = 38;
const HEAD_PX: u32 = 84;

/// One place of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) node: u8,
    pub(crate) index: u64,
}

impl Place {
    /// As it stands in the page: `3:17`.
    pub(crate) fn written(self) -> String {
        format!("{}:{}", self.node, self.index)
    }

    /// Reads what [`Place::written`] wrote.
    pub(crate) fn read(text: &str) -> Option<Place> {
        let (node, index) = text.split_once(':')?;
        Some(Place { node: node.parse().ok()?, index: index.parse().ok()? })
    }

    /// The id of its element.
    pub(crate) fn id(self) -> String {
        format!("log-{}-{}", self.node, self.index)
    }
}

/// How many columns have room in so many pixels.
pub(crate) fn columns_in(width_px: u32) -> u64 {
    u64::from((width_px.saturating_sub(HEAD_PX) / COLUMN_PX).clamp(4, 40))
}

/// Where an arrow key leads to.
pub(crate) fn step(at: Place, key: &str, nodes: &[u8]) -> Option<Place> {
    let row = nodes.iter().position(|node| *node == at.node)?;
    let other = |row: usize| Some(Place { node: *nodes.get(row)?, ..at });
    match key {
        "ArrowLeft" => Some(Place { index: at.index.checked_sub(1)?, ..at }),
        "ArrowRight" => Some(Place { index: at.index + 1, ..at }),
        "ArrowUp" => other(row.checked_sub(1)?),
        "ArrowDown" => other(row + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_and_read_and_walked() {
        let at = Place { node: 3, index: 17 };
        assert_eq!(Place::read(&at.written()), Some(at));
        assert_eq!(Place::read("3:"), None);
        assert_eq!(step(at, "ArrowUp", &[1, 3, 4]), Some(Place { node: 1, ..at }));
        assert_eq!(step(at, "ArrowDown", &[1, 3]), None);
        assert_eq!(step(at, "ArrowLeft", &[3]), Some(Place { index: 16, ..at }));
        assert_eq!(step(at, "a", &[3]), None);
    }

    #[test]
    fn as_many_columns_as_have_room() {
        assert_eq!([0, 300, 400, 9_000].map(columns_in), [4, 5, 8, 40]);
    }
}
