//! Rows under a heading, as etcdctl's tables have them: frames, headings in the middle, cells to the
//! right, long texts on several lines.

use crate::etcdctl::args::WriteOut;

/// The longest cell that is not broken.
const WIDTH_MAX: usize = 30;

/// What `-w table` shows, and by its rows the simple format too.
pub(super) struct Table {
    /// The names of the columns, with commas between them.
    pub(super) heading: &'static str,
    /// A cell for each name.
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// In the format of tables, or in the simple one.
    pub(super) fn written(&self, format: WriteOut) -> String {
        if format == WriteOut::Table { self.framed() } else { self.simple() }
    }

    /// One row a line, without the heading.
    fn simple(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            text.push_str(&row.join(", "));
            text.push('\n');
        }
        text
    }

    /// With frames.
    fn framed(&self) -> String {
        let heading: Vec<&str> = self.heading.split(',').collect();
        let mut widths: Vec<usize> = heading.iter().map(|name| name.len()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                let longest_word = cell.split(' ').map(length).max().unwrap_or(0);
                *width = (*width).max(length(cell).min(WIDTH_MAX)).max(longest_word);
            }
        }
        let mut frame = String::from("+");
        for width in &widths {
            frame.push_str(&"-".repeat(width + 2));
            frame.push('+');
        }
        frame.push('\n');
        let mut text = frame.clone();
        push_line(&mut text, &widths, &heading, |free| free / 2);
        text.push_str(&frame);
        for row in &self.rows {
            let cells: Vec<Vec<String>> = row.iter().map(|cell| broken(cell)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for place in 0..height {
                let line = |cell: &Vec<String>| cell.get(place).cloned().unwrap_or_default();
                let lines: Vec<String> = cells.iter().map(line).collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                push_line(&mut text, &widths, &lines, |free| free);
            }
        }
        text.push_str(&frame);
        text
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// One line of a table; `before` says how much of a cell's free room is before its text.
fn push_line(text: &mut String, widths: &[usize], cells: &[&str], before: fn(usize) -> usize) {
    text.push('|');
    for (width, cell) in widths.iter().zip(cells) {
        let free = width.saturating_sub(length(cell));
        let left = before(free);
        text.push_str(&" ".repeat(left + 1));
        text.push_str(cell);
        text.push_str(&" ".repeat(free - left + 1));
        text.push('|');
    }
    text.push('\n');
}

/// A cell's lines: broken at blanks so that the free room at their ends, squared, is least; the last
/// line counts nothing.
fn broken(cell: &str) -> Vec<String> {
    let words: Vec<&str> = cell.split(' ').collect();
    let longest_word = words.iter().map(|word| length(word)).max().unwrap_or(0);
    let limit = WIDTH_MAX.max(longest_word);
    // From the last word back: what the lines from each word on cost, and where the first one ends.
    let mut best: Vec<(usize, usize)> = vec![(0, words.len()); words.len() + 1];
    for from in (0..words.len()).rev() {
        if length(&words[from..].join(" ")) <= limit {
            continue;
        }
        best[from].0 = usize::MAX;
        for to in from + 1..words.len() {
            let line = length(&words[from..to].join(" "));
            if line <= limit {
                let cost = (limit - line).pow(2).saturating_add(best[to].0);
                if cost < best[from].0 {
                    best[from] = (cost, to);
                }
            }
        }
    }
    let mut lines = Vec::new();
    let mut from = 0;
    while from < words.len() {
        let to = best[from].1;
        lines.push(words[from..to].join(" "));
        from = to;
    }
    lines
}
