//! Draws a table anew, whose columns have become wider or narrower.

/// The text, its tables with columns as wide as what stands in them now. A table is what etcdctl
/// draws with `-w table`: a heading in the middle of its columns, cells at their right.
pub(super) fn redraw(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let same_kind = |one: &&str, next: &&str| is_table(one) == is_table(next);
    let pieces = lines.chunk_by(same_kind);
    pieces.map(|lines| table(lines).unwrap_or_else(|| lines.concat())).collect()
}

fn is_table(line: &str) -> bool {
    line.starts_with("+-") || (line.starts_with("| ") && line.trim_end().ends_with(" |"))
}

/// `None` if these lines are no table after all.
fn table(lines: &[&str]) -> Option<String> {
    let rows: Vec<Option<Vec<&str>>> = lines.iter().map(|line| cells(line)).collect();
    let columns = rows.iter().flatten().next()?.len();
    if !is_table(lines.first()?) || rows.iter().flatten().any(|row| row.len() != columns) {
        return None;
    }
    let width = |column: usize| {
        let cells = rows.iter().flatten().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut drawn = String::new();
    let mut is_heading = true;
    for row in &rows {
        match row {
            None => {
                widths.iter().for_each(|width| drawn += &format!("+{}", "-".repeat(width + 2)));
                drawn += "+\n";
            }
            Some(row) => {
                for (cell, width) in row.iter().zip(&widths) {
                    drawn += &match is_heading {
                        true => format!("| {} ", middle(cell, *width)),
                        false => format!("| {cell:>width$} "),
                    };
                }
                drawn += "|\n";
                is_heading = false;
            }
        }
    }
    Some(drawn)
}

/// The cells of a row; `None` for a rule between rows.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.trim_end().strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(str::trim).collect())
}

/// In the middle, or half a place to the left of it.
fn middle(cell: &str, width: usize) -> String {
    let gap = width.saturating_sub(cell.chars().count());
    format!("{}{cell}{}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves: a table of etcdctl 3.5.1 whose endpoint became shorter is drawn as it would have been.
    #[test]
    fn columns_become_narrower() {
        let wide = "\
before\n\
+-----------------+--------+------------+-------+\n\
|    ENDPOINT     | HEALTH |    TOOK    | ERROR |\n\
+-----------------+--------+------------+-------+\n\
| n1:2379 |   true | 3.013304ms |       |\n\
+-----------------+--------+------------+-------+\n";
        let narrow = "\
before\n\
+----------+--------+------------+-------+\n\
| ENDPOINT | HEALTH |    TOOK    | ERROR |\n\
+----------+--------+------------+-------+\n\
|  n1:2379 |   true | 3.013304ms |       |\n\
+----------+--------+------------+-------+\n";
        assert_eq!(redraw(wide), narrow);
        assert_eq!(redraw(narrow), narrow);
    }

    /// Proves: what is no table stays to the letter.
    #[test]
    fn other_text_stays() {
        for text in ["", "a | b\n", "a|b", "| a |\n| b | c |\n", "+-\n", "|\n"] {
            assert_eq!(redraw(text), text);
        }
    }
}
