//! Whatever the document and the change: the result says what was meant and all that it said before, a second time
//! changes nothing, and what is refused has a reason.
//!
//! The input is the change, a byte 0, and the document. The change is lines such as `tags=a,b`; a `^` in it stands
//! for a line break.

use std::collections::BTreeMap;

use codexmiroir::domain::date;
use codexmiroir::domain::document::{self, Changes, Outcome};
use codexmiroir::domain::ids::FileName;
use codexmiroir::domain::task::{SlotRef, Status, Task};
use serde_json::Value;

pub fn holds(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|byte| *byte == 0) else { return };
    let (change, raw) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 1..]);
    let file = FileName::parse("0042-Ein-Titel.md").expect("a file name");
    let changes = changes(&change);
    let Outcome::Task(before) = document::read(&file, raw) else {
        assert!(document::edit(&file, raw, &changes).is_err(), "what is no task has no field to change");
        return;
    };
    let nothing = document::edit(&file, raw, &Changes::default());
    assert_eq!(nothing.as_deref(), Ok(raw), "no change changes nothing");
    let Ok(edited) = document::edit(&file, raw, &changes) else { return };
    let Outcome::Task(after) = document::read(&file, &edited) else { panic!("the result is no task") };
    says_what_was_meant(&before, &after, &changes, &edited);
    assert_eq!(document::edit(&file, &edited, &changes), Ok(edited.clone()), "the same again changes nothing");
    keeps_the_rest(raw, &edited, &changes);
}

fn changes(text: &str) -> Changes {
    let mut changes = Changes::default();
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let text = value.replace('^', "\n");
        let day = |value: &str| date::parse_lenient(value);
        let slot = || value.split_once(' ').and_then(|(datum, zeit)| Some((day(datum)?, zeit.replace('^', "\n"))));
        match name {
            "kategorie" => changes.kategorie = Some(text),
            "status" => changes.status = Status::parse(value),
            "tags" => changes.tags = Some(text.split(',').map(str::to_owned).collect()),
            "deadline" => changes.deadline = Some(day(value)),
            "fixedSlot" => changes.fixed_slot = Some(slot()),
            "abgeschlossen_am" => changes.abgeschlossen_am = Some(slot()),
            "title" => changes.title = Some(text),
            "body" => changes.body = Some(text),
            _ => {}
        }
    }
    changes
}

fn says_what_was_meant(before: &Task, after: &Task, changes: &Changes, edited: &[u8]) {
    let slot = |change: &Option<Option<(chrono::NaiveDate, String)>>, old: &Option<SlotRef>| match change {
        Some(new) => {
            new.as_ref().map(|(datum, zeit)| SlotRef { datum: Some(*datum), zeit: Some(zeit.trim().to_lowercase()) })
        }
        None => old.clone(),
    };
    assert_eq!(after.status, changes.status.unwrap_or(before.status));
    assert_eq!(after.tags, *changes.tags.as_ref().unwrap_or(&before.tags));
    assert_eq!(after.deadline, changes.deadline.unwrap_or(before.deadline));
    assert_eq!(after.fixed_slot, slot(&changes.fixed_slot, &before.fixed_slot));
    assert_eq!(after.abgeschlossen_am, slot(&changes.abgeschlossen_am, &before.abgeschlossen_am));
    if changes.kategorie.is_none() {
        assert_eq!(after.kategorie, before.kategorie);
    }
    let body = document::body(edited).expect("a body");
    match (&changes.title, &changes.body) {
        (None, None) => assert_eq!(after.title, before.title),
        (None, Some(new)) => assert_eq!(body, new),
        (Some(_), Some(new)) => assert!(body.ends_with(new.as_str())),
        (Some(title), None) => assert!(title.trim().starts_with(&after.title) || title.contains(['\t', '\u{7f}'])),
    }
}

const FIELDS: [&str; 6] = ["kategorie", "status", "tags", "deadline", "fixedSlot", "abgeschlossen_am"];

/// Fields keep the body, the body keeps the fields, and where one field alone changes, the lines that both documents
/// have say by themselves all that was not to change.
fn keeps_the_rest(raw: &[u8], edited: &[u8], changes: &Changes) {
    let parts = |raw: &'_ [u8]| {
        let text = String::from_utf8(raw.to_vec()).expect("a document is text");
        let body = document::body(raw).expect("a document has a body").len();
        let head = text.len() - body;
        (text[..head].to_owned(), text[head..].to_owned())
    };
    let ((head, body), (new_head, new_body)) = (parts(raw), parts(edited));
    let only_text = Changes { title: changes.title.clone(), body: changes.body.clone(), ..Changes::default() };
    if changes.title.is_none() && changes.body.is_none() {
        assert_eq!(new_body, body);
    }
    if *changes == only_text {
        assert_eq!(new_head.trim_end(), head.trim_end());
        return;
    }
    let Some(old) = fields(&head) else { return };
    let new = fields(&new_head).expect("the result is YAML as the document was");
    let others = |fields: &BTreeMap<String, Value>| {
        let mut others = fields.clone();
        others.retain(|name, _| !is_changed(name, changes));
        others
    };
    assert_eq!(others(&new), others(&old), "the other fields");
    let is_one_field = FIELDS.iter().filter(|name| is_changed(name, changes)).count() == 1;
    if is_one_field && let Some(common) = fields(&common_lines(&head, &new_head)) {
        assert_eq!(others(&common), others(&old), "lines of other fields were touched: {head}\n{new_head}");
    }
}

fn is_changed(name: &str, changes: &Changes) -> bool {
    match name {
        "kategorie" => changes.kategorie.is_some(),
        "status" => changes.status.is_some(),
        "tags" => changes.tags.is_some(),
        "deadline" => changes.deadline.is_some(),
        "fixedSlot" => changes.fixed_slot.is_some(),
        "abgeschlossen_am" => changes.abgeschlossen_am.is_some(),
        _ => false,
    }
}

/// The frontmatter by another reader than the program's: every field with its value. `None` where that reader
/// knows no such map.
fn fields(head: &str) -> Option<BTreeMap<String, Value>> {
    let head = head.trim_start_matches('\u{feff}');
    let inner = head.split_once('\n')?.1;
    let end = inner.trim_end().strip_suffix("---")?;
    serde_saphyr::from_str(end).ok()
}

/// Lines at the beginning that both have, and lines at the end.
fn common_lines(a: &str, b: &str) -> String {
    let lines = |text: &'_ str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (lines(a), lines(b));
    let first = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a_rest, b_rest) = (&a[first..], &b[first..]);
    let last = a_rest.iter().rev().zip(b_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    [a[..first].concat(), a_rest[a_rest.len() - last..].concat()].concat()
}
