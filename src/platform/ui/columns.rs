//! Tables for people: headings, aligned columns, and no line wider than a small terminal.

use anstyle::Style;

use crate::domain::model::terminal::printable;
use crate::platform::ui::out::DIM;
use crate::platform::ui::styled_text::StyledText;

/// As wide as a terminal is at least.
const WIDTH: usize = 80;

/// The last column has so much, however wide the others are.
const LAST_MIN: usize = 20;

/// The side of its column that a text stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// What stands in one place of a table.
pub struct Cell {
    style: Style,
    text: String,
}

impl Cell {
    /// A text in a style.
    pub fn styled(style: Style, text: &str) -> Self {
        Self { style, text: printable(text) }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(Style::new(), text.as_ref())
    }
}

/// The rows below their headings, two spaces between columns. What does not fit into the last column
/// goes on below it.
pub fn table<const N: usize>(headings: [(&str, Side); N], rows: &[[Cell; N]]) -> StyledText {
    let sides = headings.map(|(_, side)| side);
    let titles = headings.map(|(title, _)| Cell::styled(DIM, title));
    let all = || std::iter::once(&titles).chain(rows);
    let widest = |at: usize| all().map(|row| row[at].text.chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(widest);
    let before: usize = widths.iter().take(N.saturating_sub(1)).map(|width| width + 2).sum();
    let room = WIDTH.saturating_sub(before).max(LAST_MIN);
    let mut lines = Vec::new();
    for row in all() {
        let mut line = StyledText::default();
        for (at, cell) in row.iter().enumerate().take(N.saturating_sub(1)) {
            let pad = " ".repeat(widths[at].saturating_sub(cell.text.chars().count()));
            line = match sides[at] {
                Side::Left => line.styled(cell.style, &cell.text).text(pad),
                Side::Right => line.text(pad).styled(cell.style, &cell.text),
            };
            line = line.text("  ");
        }
        let Some(last) = row.last() else { continue };
        for (number, part) in wrapped(&last.text, room).into_iter().enumerate() {
            if number > 0 {
                lines.push(std::mem::take(&mut line));
                line = line.text(" ".repeat(before));
            }
            let short = widths[N - 1].min(room).saturating_sub(part.chars().count());
            let pad = if sides[N - 1] == Side::Right { " ".repeat(short) } else { String::new() };
            line = line.text(pad).styled(last.style, part);
        }
        lines.push(line);
    }
    StyledText::lines(lines)
}

/// The text in lines of at most that many characters, broken at spaces where there are any; at least
/// one line.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let long = word.chars().count();
        if used > 0 && used + 1 + long > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += long;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Side, table, wrapped};

    #[test]
    fn columns_stand_below_their_headings_and_lines_are_no_wider_than_a_terminal() {
        let words = "word ".repeat(30);
        let rows = [
            ["a".into(), "1".into(), "short".into()],
            ["longer".into(), "1000".into(), words.trim().into()],
        ];
        let text = table([("ID", Side::Left), ("N", Side::Right), ("TEXT", Side::Left)], &rows);
        let text = text.plain();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ID         N  TEXT");
        assert_eq!(lines[1], "a          1  short");
        assert!(lines[2].starts_with("longer  1000  word word"), "{text}");
        assert!(lines[3].starts_with("              word"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn no_word_is_lost_where_lines_are_broken() {
        for text in ["", "a", "a  b", &"x".repeat(100), "one two three four five"] {
            assert_eq!(wrapped(text, 9).join(" ").replace(' ', ""), text.replace(' ', ""));
        }
    }
}
