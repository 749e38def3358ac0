//! What is printed: clean, within the terminal, and a closed pipe is no panic.

use std::io::{IsTerminal, Write};

use super::CliError;
use crate::view::text::{columns_of, pad, printable, shorten, steers};

/// Prints to stdout, so that a closed pipe is an error and not a panic. What steers a terminal is left out, other than
/// tabs and the ends of lines: documents, rules and file names are other people's.
pub fn print(text: &str) -> Result<(), CliError> {
    let clean: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !steers(*c)).collect();
    write(clean.as_bytes())
}

/// Prints JSON on one line. What steers a terminal is written as an escape, so that nothing is lost.
pub fn print_json(json: &str) -> Result<(), CliError> {
    let mut clean = String::with_capacity(json.len() + 1);
    for c in json.trim_end().chars() {
        match c {
            // In JSON they stand between its words alone.
            '\n' | '\r' | '\t' => {}
            c if steers(c) => clean.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => clean.push(c),
        }
    }
    clean.push('\n');
    write(clean.as_bytes())
}

/// Writes bytes to stdout as they are.
pub fn write(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Says something on stderr.
pub fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "codexmiroir: {}", printable(sentence));
}

/// Columns of the terminal, or of a page where there is none.
pub fn width() -> usize {
    width_or(120)
}

fn width_or(of_page: usize) -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let width = columns.or_else(|| of_terminal().map(|(width, _)| usize::from(width.0)));
    width.map_or(of_page, |width: usize| width.clamp(20, 300))
}

/// A list with a head, its columns aligned.
pub struct Table {
    /// The column that gives way where the terminal is narrow.
    flexible: usize,
    rows: Vec<Vec<String>>,
}

/// Between two columns.
const GAP: &str = "  ";
/// The least that the flexible column is cut to.
const FLEXIBLE_MIN: usize = 12;

impl Table {
    pub fn new(head: &[&str], flexible: usize) -> Table {
        Table { flexible, rows: vec![head.iter().map(|name| (*name).to_owned()).collect()] }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    /// The lines, within the terminal; whole where the output is no terminal, for the next program. Columns in which
    /// no row has anything are left out.
    pub fn draw(self) -> String {
        self.draw_within(width_or(usize::MAX))
    }

    fn draw_within(mut self, columns_max: usize) -> String {
        let widest = |rows: &[Vec<String>], column: usize| {
            rows.iter().map(|row| row.get(column).map_or(0, |cell| columns_of(cell))).max().unwrap_or(0)
        };
        let count = self.rows.first().map_or(0, Vec::len);
        let body = self.rows.get(1..).unwrap_or_default();
        let kept: Vec<usize> = (0..count).filter(|column| widest(body, *column) > 0).collect();
        let mut widths: Vec<usize> = (0..count).map(|column| widest(&self.rows, column)).collect();
        let total: usize =
            kept.iter().map(|column| widths[*column] + GAP.len()).sum::<usize>().saturating_sub(GAP.len());
        if let Some(width) = widths.get_mut(self.flexible) {
            *width = width.saturating_sub(total.saturating_sub(columns_max)).max(FLEXIBLE_MIN.min(*width));
        }
        let mut text = String::new();
        for row in &mut self.rows {
            let cells = kept.iter().map(|column| pad(&shorten(&row[*column], widths[*column]), widths[*column]));
            let line = cells.collect::<Vec<_>>().join(GAP);
            text.push_str(&shorten(line.trim_end(), columns_max));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_its_terminal() {
        let table = || {
            let mut table = Table::new(&["ID", "Title", "None", "Place"], 1);
            table.row(["0001", "A title that is rather long", "", "Mon"].map(str::to_owned).to_vec());
            table.row(["0002", "日本語\u{1b}[2J", "", ""].map(str::to_owned).to_vec());
            table
        };
        let whole = table().draw_within(usize::MAX);
        assert_eq!(
            whole,
            "ID    Title                        Place\n0001  A title that is rather long  Mon\n0002  日本語[2J\n"
        );
        let narrow = table().draw_within(30);
        assert_eq!(narrow, "ID    Title              Place\n0001  A title that is …  Mon\n0002  日本語[2J\n");
        for width in [5, 20, 25, 40] {
            assert!(table().draw_within(width).lines().all(|line| columns_of(line) <= width), "{width}");
        }
    }
}
