//! Whatever the three versions: a merge of two tasks is a task, each of its fields is as the side says that changed
//! it, what is not in it is told, and it does not matter which side is called ours.
//!
//! The input is the base, a byte 0, ours, a byte 0, and theirs.

use std::collections::BTreeMap;

use codexmiroir::domain::document::{self, MergeConflict, Merged, Outcome, Side};
use codexmiroir::domain::ids::FileName;
use codexmiroir::domain::problem::DOCUMENT_BYTES_MAX;
use serde_json::Value;

pub fn holds(bytes: &[u8]) {
    let mut versions = bytes.splitn(3, |byte| *byte == 0);
    let (Some(base), Some(ours), Some(theirs)) = (versions.next(), versions.next(), versions.next()) else { return };
    for (newer, other) in [(Side::Ours, Side::Theirs), (Side::Theirs, Side::Ours)] {
        let merged = document::merge(base, ours, theirs, newer, &merge_lines);
        let sides = [ours, theirs];
        assert!(is_task(&merged.document) || !sides.into_iter().all(is_task), "the result is no task");
        let is_a_side = sides.contains(&merged.document.as_slice());
        assert!(merged.document.len() <= DOCUMENT_BYTES_MAX || is_a_side, "the result is too large");
        fields_are_the_sides(base, sides, &merged);
        let turned = document::merge(base, theirs, ours, other, &merge_lines);
        assert_eq!(told(&turned, true), told(&merged, false), "who is called ours matters");
        document::merge_text(base, ours, theirs, newer, &merge_lines);
    }
    let alone = Merged { document: theirs.to_vec(), conflicts: Vec::new() };
    assert_eq!(document::merge(ours, ours, theirs, Side::Ours, &merge_lines), alone, "one side changed nothing");
}

/// Where both texts changed, they changed all of it.
fn merge_lines(_: &[u8], ours: &[u8], theirs: &[u8]) -> (Vec<u8>, bool) {
    ([b"<<<<<<<\n", ours, b"=======\n", theirs, b">>>>>>>\n"].concat(), true)
}

fn is_task(raw: &[u8]) -> bool {
    matches!(document::read(&file(), raw), Outcome::Task(_))
}

fn file() -> FileName {
    FileName::parse("0042-Ein-Titel.md").expect("a file name")
}

/// The conflicts, their sides turned round or not.
fn told(merged: &Merged, is_turned: bool) -> Vec<String> {
    let turn = |side: Side| if is_turned { side.other() } else { side };
    let mut told: Vec<String> = merged
        .conflicts
        .iter()
        .map(|conflict| match conflict {
            MergeConflict::Field { name, winner } => format!("{name}: {:?}", turn(*winner)),
            MergeConflict::Body => "body".to_owned(),
            MergeConflict::Whole { winner } => format!("whole: {:?}", turn(*winner)),
        })
        .collect();
    told.sort();
    told
}

/// By another reader of the fields than the program's.
fn fields_are_the_sides(base: &[u8], sides: [&[u8]; 2], merged: &Merged) {
    let (Some(result), [Some(ours), Some(theirs)]) = (fields(&merged.document), sides.map(fields)) else { return };
    if merged.conflicts.iter().any(|conflict| matches!(conflict, MergeConflict::Whole { .. })) {
        assert!(result == ours || result == theirs, "the fields are neither side's");
        return;
    }
    let base = match document::body(base) {
        None => BTreeMap::new(),
        Some(_) => match fields(base) {
            Some(fields) => fields,
            None => return,
        },
    };
    let is_told = |key: &str| {
        let names = |conflict: &MergeConflict| matches!(conflict, MergeConflict::Field { name, .. } if name == key);
        merged.conflicts.iter().any(names)
    };
    for key in result.keys().chain(ours.keys()).chain(theirs.keys()) {
        let [result, base, ours, theirs] = [&result, &base, &ours, &theirs].map(|fields| fields.get(key));
        if [result, base, ours, theirs].contains(&Some(&Value::Null)) {
            continue;
        }
        let expected = if ours == theirs || theirs == base { ours } else { theirs };
        let is_settled = ours == theirs || ours == base || theirs == base;
        assert!(result == ours || result == theirs, "{key} is neither side's");
        assert!(is_told(key) || result == expected || !is_settled, "{key} is not as the side says that changed it");
    }
}

/// Every field with its value, the known ones as the program reads them: they can be written in more than one way.
/// Those of a document that is no task say nothing. `None` where the other reader knows no such map.
fn fields(raw: &[u8]) -> Option<BTreeMap<String, Value>> {
    let text = str::from_utf8(raw).ok()?;
    let head = text.get(..text.len() - document::body(raw)?.len())?.trim_start_matches('\u{feff}');
    let inner = head.split_once('\n')?.1;
    let mut fields: BTreeMap<String, Value> = serde_saphyr::from_str(inner.trim_end().strip_suffix("---")?).ok()?;
    let Outcome::Task(task) = document::read(&file(), raw) else {
        for name in KNOWN {
            fields.entry(name.to_owned()).and_modify(|value| *value = Value::Null);
        }
        return Some(fields);
    };
    let read = [
        String::new(),
        task.kategorie,
        task.status.as_str().to_owned(),
        format!("{:?}", task.tags),
        format!("{:?}", task.deadline),
        format!("{:?}", task.fixed_slot),
        format!("{:?}", task.abgeschlossen_am),
    ];
    for (name, value) in KNOWN.into_iter().zip(read) {
        fields.entry(name.to_owned()).and_modify(|found| *found = Value::String(value));
    }
    Some(fields)
}

const KNOWN: [&str; 7] = ["typ", "kategorie", "status", "tags", "deadline", "fixedSlot", "abgeschlossen_am"];
