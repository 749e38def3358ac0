//! Days beside their slots, as wide as there is room: what a week is drawn on.

use chrono::{Datelike, NaiveDate};
use unicode_width::UnicodeWidthStr;

use super::{line, pad, shorten, times, weekday};
use crate::domain::lang::Lang;
use crate::domain::timeline::Placement;

/// The width of the first column: a weekday and a date.
const DAY_WIDTH: usize = 12;
/// Narrower than this, a column shows no titles worth reading; the days are then listed instead.
const COLUMN_WIDTH_MIN: usize = 14;
const COLUMN_WIDTH_MAX: usize = 44;
/// The width of a slot's name in a list.
const NAME_WIDTH: usize = 11;

/// What stands in each slot of some days.
pub(super) struct Board<'a> {
    /// The slots' names in the order of the day, with the times of the first that is called so.
    columns: Vec<(&'a str, String)>,
    days: Vec<Day<'a>>,
}

struct Day<'a> {
    name: String,
    /// What is written into each slot, in lines; a day has not every slot.
    cells: Vec<(&'a str, Vec<String>)>,
}

impl<'a> Board<'a> {
    /// A board for these slots, without days as yet.
    pub(super) fn of(slots: &[&'a Placement]) -> Board<'a> {
        let mut sorted = slots.to_vec();
        sorted.sort_by_key(|slot| slot.from);
        let mut columns: Vec<(&str, String)> = Vec::new();
        for slot in sorted {
            if !columns.iter().any(|(name, _)| *name == slot.zeit) {
                let first = slots.iter().find(|other| other.zeit == slot.zeit).unwrap_or(&slot);
                columns.push((&slot.zeit, times(first)));
            }
        }
        Board { columns, days: Vec::new() }
    }

    pub(super) fn add_day(&mut self, day: NaiveDate, lang: Lang, cells: Vec<(&'a str, Vec<String>)>) {
        self.days.push(Day { name: short_day(day, lang), cells });
    }

    /// At most `width` columns wide.
    pub(super) fn draw(&self, text: &mut String, width: usize) {
        let column_width = (width.saturating_sub(DAY_WIDTH) / self.columns.len().max(1)).min(COLUMN_WIDTH_MAX);
        if column_width >= COLUMN_WIDTH_MIN {
            self.table(text, column_width);
        } else {
            self.list(text, width);
        }
        text.push('\n');
    }

    fn table(&self, text: &mut String, width: usize) {
        let mut head = pad("", DAY_WIDTH);
        let mut rule = "─".repeat(DAY_WIDTH);
        for (name, times) in &self.columns {
            let full = format!("{name} {times}");
            head.push_str(&pad(if full.width() < width { &full } else { name }, width));
            rule.push_str(&"─".repeat(width));
        }
        line(text, &head);
        line(text, &rule);
        for day in &self.days {
            let height = day.cells.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0).max(1);
            for at in 0..height {
                let mut row = pad(if at == 0 { &day.name } else { "" }, DAY_WIDTH);
                for (name, _) in &self.columns {
                    let cell = day.cells.iter().find(|(zeit, _)| zeit == name);
                    let written = cell.and_then(|(_, lines)| lines.get(at)).map_or("", String::as_str);
                    row.push_str(&pad(&shorten(written, width - 2), width));
                }
                line(text, &row);
            }
        }
    }

    fn list(&self, text: &mut String, width: usize) {
        for day in &self.days {
            line(text, &day.name);
            for (zeit, lines) in &day.cells {
                for (at, written) in lines.iter().enumerate() {
                    let name = pad(if at == 0 { zeit } else { "" }, NAME_WIDTH);
                    line(text, &shorten(&format!("  {name} {written}"), width));
                }
            }
        }
    }
}

/// `Mon 13.10.`
pub(super) fn short_day(day: NaiveDate, lang: Lang) -> String {
    format!("{} {:02}.{:02}.", weekday(day, lang), day.day(), day.month())
}
