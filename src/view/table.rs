//! Tasks as a table (RFC 4180, in UTF-8): a row of names, then a row for each task.

use std::borrow::Cow;
use std::collections::HashMap;

use csv::{Terminator, Writer, WriterBuilder};

use crate::domain::date;
use crate::domain::ids::DocKey;
use crate::domain::lang::Lang;
use crate::domain::problem::Problem;
use crate::domain::task::{SlotRef, Task};
use crate::domain::timeline::{Placement, Timeline, Unplaced};

/// The media type of a table whose first row has names.
pub const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// The names of the fields, as JSON has them; a part of a field stands behind a dot.
const NAMES: [&str; 19] = [
    "id",
    "file",
    "title",
    "kategorie",
    "status",
    "tags",
    "deadline",
    "deadlineMissed",
    "fixedSlot.datum",
    "fixedSlot.zeit",
    "abgeschlossen_am.datum",
    "abgeschlossen_am.zeit",
    "placed.datum",
    "placed.zeit",
    "placed.von",
    "placed.bis",
    // Why an open task has no slot; `waiting` for one that is simply in line.
    "reason",
    // Why the file cannot be read as a task.
    "invalid",
    "body",
];

/// Where a task stands.
#[derive(Clone, Debug, Default)]
struct Place {
    /// Day, slot, begin and end.
    slot: [String; 4],
    reason: &'static str,
    deadline_missed: bool,
}

/// Where the open tasks of a timeline stand, by file.
#[derive(Default)]
pub struct Places(HashMap<String, Place>);

impl Places {
    pub fn of(timeline: &Timeline) -> Places {
        let mut places = HashMap::new();
        for task in &timeline.waiting {
            places.insert(task.file().as_str().to_owned(), Place { reason: "waiting", ..Place::default() });
        }
        for task in &timeline.missed {
            places.entry(task.file().as_str().to_owned()).or_default().deadline_missed = true;
        }
        for list in [&timeline.conflicts, &timeline.overdue, &timeline.later, &timeline.unplaced] {
            for Unplaced { task, reason, deadline_missed } in list {
                let deadline_missed = *deadline_missed;
                let place = Place { reason: reason.code(), deadline_missed, ..Place::default() };
                places.insert(task.file().as_str().to_owned(), place);
            }
        }
        for Placement { date, zeit, from, to, task, .. } in
            timeline.current.iter().chain(timeline.days.iter().flat_map(|day| &day.slots))
        {
            let Some(placed) = task else { continue };
            let [from, to] = [from, to].map(|time| time.format("%H:%M").to_string());
            let slot = [date::to_text(*date), zeit.clone(), from, to];
            let place = Place { slot, reason: "", deadline_missed: placed.deadline_missed };
            places.insert(placed.task.file().as_str().to_owned(), place);
        }
        Places(places)
    }
}

/// A table as it is written, some rows at a time.
pub struct Table {
    rows: Writer<Vec<u8>>,
    lang: Lang,
}

impl Table {
    /// `lang` is the language of why a file cannot be read.
    pub fn new(lang: Lang) -> Table {
        Table { rows: writer(), lang }
    }

    /// The row of names.
    pub fn names(&mut self) {
        self.row(NAMES);
    }

    pub fn task(&mut self, key: &DocKey, reading: Result<&Task, &Problem>, body: &str, places: &Places) {
        let (id, file) = (key.id(), key.file.as_str());
        let problem = reading.err().map(|problem| {
            let (line, reason) = (problem.line, problem.text(self.lang));
            self.lang.pick(format!("line {line}: {reason}"), format!("Zeile {line}: {reason}"))
        });
        let invalid = problem.unwrap_or_default();
        let Ok(task) = reading else {
            let mut row = [""; NAMES.len()];
            (row[0], row[1], row[17], row[18]) = (&id, file, &invalid, body);
            return self.row(row);
        };
        let none = Place::default();
        let place = places.0.get(file);
        let missed = place.map_or("", |place| if place.deadline_missed { "true" } else { "false" });
        let Place { slot: [datum, zeit, from, to], reason, .. } = place.unwrap_or(&none);
        let deadline = task.deadline.map(date::to_text).unwrap_or_default();
        let (fixed, done) = (parts(task.fixed_slot.as_ref()), parts(task.abgeschlossen_am.as_ref()));
        self.row([
            &id,
            file,
            &task.title,
            &task.kategorie,
            task.status.as_str(),
            &list(&task.tags),
            &deadline,
            missed,
            &fixed[0],
            &fixed[1],
            &done[0],
            &done[1],
            datum,
            zeit,
            from,
            to,
            reason,
            &invalid,
            body,
        ]);
    }

    fn row<const N: usize>(&mut self, fields: [&str; N]) {
        // Writing into memory does not fail, and all rows are as long as the first.
        let _ = self.rows.write_record(fields.map(guarded).each_ref().map(|field| field.as_bytes()));
    }

    /// What was written since this was last asked.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.rows, writer()).into_inner().unwrap_or_default()
    }
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new())
}

/// Day and slot, each empty where it is left out.
fn parts(slot: Option<&SlotRef>) -> [String; 2] {
    let datum = slot.and_then(|slot| slot.datum).map(date::to_text);
    [datum.unwrap_or_default(), slot.and_then(|slot| slot.zeit.clone()).unwrap_or_default()]
}

/// A list in one field: a row of its own, so that a comma within a tag parts nothing.
fn list(tags: &[String]) -> String {
    let mut row = writer();
    let _ = if tags.is_empty() { Ok(()) } else { row.write_record(tags) };
    let line = String::from_utf8(row.into_inner().unwrap_or_default()).unwrap_or_default();
    line.trim_end_matches("\r\n").to_owned()
}

/// What a spreadsheet takes for the begin of a formula, some in full width.
const FORMULAS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A field that no spreadsheet calculates: in front of what would begin a formula stands an apostrophe. One that begins
/// with an apostrophe gets another, so whoever takes one off has the text again.
fn guarded(field: &str) -> Cow<'_, str> {
    let begins = |c: char| c == '\'' || FORMULAS.contains(&c);
    if field.starts_with(begins) { format!("'{field}").into() } else { field.into() }
}
