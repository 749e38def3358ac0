//! The sample tasks of `serve --demo`, moved to the present week.

use chrono::{Days, NaiveDate};
use include_dir::{Dir, include_dir};

use super::folder::Folder;
use crate::domain::date;

/// The sample tasks, part of the program so that the demo needs no files.
static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/vault/codex-miroir/tom/tasks");

/// The Monday that the sample tasks were written for.
const WRITTEN_FOR: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();

/// The name of the demo's user.
pub const USER: &str = "demo";

/// The sample tasks with every date moved by whole weeks, so that their Monday is this week's. What is fixed
/// to a day of this week that has passed moves on by a week, so that there is always something ahead.
pub fn samples(today: NaiveDate) -> Folder {
    let monday = today.week(chrono::Weekday::Mon).first_day();
    let shift = monday - WRITTEN_FOR;
    let files = SAMPLES.files().filter_map(|file| {
        let name = file.path().file_name()?.to_str()?;
        let text = file.contents_utf8()?;
        let is_open = text.lines().any(|line| line == "status: offen");
        let moved = move_dates(text, |date| {
            let date = date + shift;
            let is_past = is_open && monday <= date && date < today;
            if is_past { date + Days::new(7) } else { date }
        });
        Some((name.to_owned(), moved.into_bytes()))
    });
    Folder { files: files.collect(), ..Folder::default() }
}

/// The text with every `dd.mm.yyyy` in it replaced.
fn move_dates(text: &str, new: impl Fn(NaiveDate) -> NaiveDate) -> String {
    const LENGTH: usize = "dd.mm.yyyy".len();
    let mut moved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let found = rest.get(..LENGTH).filter(|candidate| is_padded(candidate)).and_then(date::parse_lenient);
        match found {
            Some(date) => {
                moved.push_str(&date::to_text(new(date)));
                rest = &rest[LENGTH..];
            }
            None => {
                moved.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    moved
}

fn is_padded(candidate: &str) -> bool {
    let bytes = candidate.as_bytes();
    bytes.iter().enumerate().all(|(index, byte)| match index {
        2 | 5 => *byte == b'.',
        _ => byte.is_ascii_digit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_move_and_nothing_else_does() {
        let next_week = |date: NaiveDate| date + Days::new(7);
        assert_eq!(move_dates("ä 13.10.2025, 1.1.2025, 99.99.9999", next_week), "ä 20.10.2025, 1.1.2025, 99.99.9999");
    }

    #[test]
    fn every_day_has_samples_ahead() {
        for offset in 0..7 {
            let today = NaiveDate::from_ymd_opt(2027, 3, 1).unwrap() + Days::new(offset);
            let samples = samples(today).files;
            assert!(samples.len() > 30);
            let text: String = samples.iter().map(|(_, raw)| String::from_utf8_lossy(raw).into_owned()).collect();
            let ahead =
                (0..7).filter(|days| text.contains(&format!("datum: {}", date::to_text(today + Days::new(*days)))));
            assert!(ahead.count() >= 5, "{today}");
        }
    }
}
