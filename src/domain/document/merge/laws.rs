//! What holds for every merge.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::lines::merge_lines;
use super::units::{Key, Units};
use super::*;
use crate::domain::document::laws::{any_changes, any_document, one_by_one};
use crate::domain::document::tests::{edited, task_of};
use crate::domain::document::{Changes, Outcome, body, read};
use crate::domain::ids::FileName;

/// A change of one side, every one with a word that nobody else writes.
#[derive(Clone, Copy, Debug)]
enum Edit {
    /// Puts a field, known or not, at some place.
    Add(usize),
    /// Writes another value for a field, in its place.
    Set(usize),
    Remove(usize),
    /// Puts comments above a field.
    Comment(usize),
    /// Puts lines into the body, or changes or removes some of it.
    InsertText(usize),
    ReplaceText(usize),
    RemoveText(usize),
}

fn any_edits() -> impl Strategy<Value = Vec<Edit>> {
    // Few places and many values, so that both sides meet.
    let edit = (0_usize..9, 0_usize..8).prop_map(|(kind, at)| match kind {
        0 => Edit::Add(at),
        1..=3 => Edit::Set(at),
        4 => Edit::Remove(at),
        5 => Edit::Comment(at),
        6 => Edit::InsertText(at),
        7 => Edit::ReplaceText(at),
        _ => Edit::RemoveText(at),
    });
    proptest::collection::vec(edit, 0..5)
}

/// How a version is written: line ends, byte order mark, the last line's end.
fn any_writing() -> impl Strategy<Value = [bool; 3]> {
    prop_oneof![3 => Just([false; 3]), 1 => any::<[bool; 3]>()]
}

fn written(text: &str, [crlf, bom, open]: [bool; 3]) -> String {
    let text = if open { text.trim_end() } else { text };
    let text = if crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
    if bom { format!("\u{feff}{text}") } else { text }
}

const REQUIRED: &str = "typ: task\nkategorie: arbeit\nstatus: offen\n";
const FIELDS: [&str; 8] = [
    "x: 1\n",
    "# c\ny: 2 # d\n",
    "tags: [a]\n",
    "z: |+\n  text\n\n",
    "\n",
    "w:\n  - a\n  # b\n",
    "# e\n\n",
    "v: 'a\n\n  b'\n",
];
const LINES: [&str; 6] = ["# Titel\n", "\n", "eins\n", "- zwei\n", "drei\n", "\n"];

/// A version: the segments of its fields and the lines of its body.
#[derive(Clone)]
struct Version {
    fields: Vec<String>,
    body: Vec<String>,
}

impl Version {
    fn base() -> Version {
        Version { fields: FIELDS.map(str::to_owned).to_vec(), body: LINES.map(str::to_owned).to_vec() }
    }

    fn with(mut self, edits: &[Edit], side: &str) -> Version {
        for (index, edit) in edits.iter().enumerate() {
            let word = format!("{side}{index}");
            let (fields, lines) = (self.fields.len(), self.body.len());
            match *edit {
                Edit::Add(at) => self.fields.insert(at.min(fields), format!("{word}: {word}\n")),
                Edit::Set(at) if at < fields && self.fields[at].contains(": ") => {
                    let key = self.fields[at].split(':').next().unwrap().to_owned();
                    self.fields[at] = format!("{key}: [{word}]\n");
                }
                Edit::Remove(at) if at < fields => drop(self.fields.remove(at)),
                Edit::Comment(at) => self.fields.insert(at.min(fields), format!("# {word}\n")),
                Edit::InsertText(at) => self.body.insert(at.min(lines), format!("{word}\n")),
                Edit::ReplaceText(at) if at < lines => self.body[at] = format!("{word}\n"),
                Edit::RemoveText(at) if at < lines => drop(self.body.remove(at)),
                Edit::Set(_) | Edit::Remove(_) | Edit::ReplaceText(_) | Edit::RemoveText(_) => {}
            }
        }
        self
    }

    fn text(&self) -> String {
        format!("---\n{REQUIRED}{}---\n\n{}", self.fields.concat(), self.body.concat())
    }
}

/// Base, ours, theirs.
fn any_versions() -> impl Strategy<Value = [String; 3]> {
    let writing = (any_writing(), any_writing(), any_writing());
    (any_edits(), any_edits(), any_edits(), writing).prop_map(|(base, ours, theirs, writing)| {
        let base = Version::base().with(&base, "b");
        let (ours, theirs) = (base.clone().with(&ours, "o"), base.clone().with(&theirs, "t"));
        [written(&base.text(), writing.0), written(&ours.text(), writing.1), written(&theirs.text(), writing.2)]
    })
}

fn merged(base: &str, ours: &str, theirs: &str, newer: Side) -> (String, Vec<MergeConflict>) {
    let merged = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), newer, &merge_lines);
    (String::from_utf8(merged.document).unwrap(), merged.conflicts)
}

fn is_task(raw: &[u8]) -> bool {
    matches!(read(&FileName::parse("0042.md").unwrap(), raw), Outcome::Task(_))
}

fn name_of(key: &Key<'_>) -> Option<String> {
    match key {
        Key::Field(name) => Some(name.to_string()),
        Key::Comment { .. } => None,
    }
}

/// The lines as a bag, whatever way they end.
fn sorted_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    lines.sort_unstable();
    lines
}

/// The lines of `text` that the base has not: those with a word of the side.
fn own_lines<'t>(text: &'t str, base: &str) -> BTreeSet<&'t str> {
    let base: BTreeSet<&str> = base.trim_start_matches('\u{feff}').lines().collect();
    text.trim_start_matches('\u{feff}').lines().filter(|line| !base.contains(line)).collect()
}

/// Whether a conflict says that something of this side is not in the result.
fn tells_of(conflicts: &[MergeConflict], lost: Side) -> bool {
    conflicts.iter().any(|conflict| match conflict {
        MergeConflict::Field { winner, .. } | MergeConflict::Whole { winner } => *winner == lost.other(),
        MergeConflict::Body => false,
    })
}

proptest! {
    #[test]
    fn a_side_that_changed_nothing_leaves_the_others_bytes(base in any::<Vec<u8>>(), other in any::<Vec<u8>>()) {
        let no_lines = |_: &[u8], _: &[u8], _: &[u8]| -> (Vec<u8>, bool) { unreachable!("there is nothing to merge") };
        for newer in [Side::Ours, Side::Theirs] {
            for (base, ours, theirs) in [(&base, &base, &other), (&base, &other, &base), (&base, &other, &other)] {
                let expected = Merged { document: other.clone(), conflicts: Vec::new() };
                prop_assert_eq!(merge(base, ours, theirs, newer, &no_lines), expected.clone());
                prop_assert_eq!(merge_text(base, ours, theirs, newer, &no_lines), expected);
            }
        }
    }

    #[test]
    fn any_bytes_are_merged(raw in proptest::array::uniform3(proptest::collection::vec(any::<u8>(), 0..60)), yaml in proptest::array::uniform3("[-a:\\[\\]{}\"'|>#&*!?, \r\n\t\u{feff}0.~ä]{0,40}")) {
        let framed = yaml.each_ref().map(|yaml| format!("---\n{REQUIRED}{yaml}\n---\n{yaml}").into_bytes());
        for [base, ours, theirs] in [&raw, &framed] {
            for newer in [Side::Ours, Side::Theirs] {
                let merged = merge(base, ours, theirs, newer, &merge_lines);
                prop_assert!(is_task(&merged.document) || !(is_task(ours) && is_task(theirs)), "{}", String::from_utf8_lossy(&merged.document));
                merge_text(base, ours, theirs, newer, &merge_lines);
            }
        }
    }

    #[test]
    fn changes_of_different_fields_come_together(segments in any_document(), changes in any_changes(), split in 0_usize..7, line in "[a-z]{1,5}") {
        let base = segments.concat();
        let each = one_by_one(&changes);
        let (for_ours, for_theirs) = each.split_at(split.min(each.len()));
        let apply = |changes: &[Changes]| changes.iter().fold(base.clone(), |text, change| edited(&text, change));
        let (ours, theirs) = (apply(for_ours), apply(for_theirs) + line.as_str() + "\n");
        let both = apply(&each) + line.as_str() + "\n";
        for newer in [Side::Ours, Side::Theirs] {
            for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
                let (text, conflicts) = merged(&base, ours, theirs, newer);
                prop_assert_eq!(conflicts, Vec::new());
                prop_assert_eq!(task_of(text.as_bytes()), task_of(both.as_bytes()));
                prop_assert_eq!(sorted_lines(&text), sorted_lines(&both));
                prop_assert_eq!(body(text.as_bytes()), body(both.as_bytes()));
            }
        }
    }

    #[test]
    fn nothing_gets_lost_that_no_conflict_tells_of([base, ours, theirs] in any_versions(), newer in prop_oneof![Just(Side::Ours), Just(Side::Theirs)]) {
        let (text, conflicts) = merged(&base, &ours, &theirs, newer);
        let lines: BTreeSet<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        for (side, version) in [(Side::Ours, &ours), (Side::Theirs, &theirs)] {
            let lost: Vec<_> = own_lines(version, &base).into_iter().filter(|line| !lines.contains(line)).collect();
            prop_assert!(lost.is_empty() || tells_of(&conflicts, side), "{lost:?} {conflicts:?}\n{text}");
        }
        // And nothing came of itself.
        let known: BTreeSet<&str> = [&base, &ours, &theirs].into_iter().flat_map(|text| text.trim_start_matches('\u{feff}').lines()).collect();
        let marks = conflicts.contains(&MergeConflict::Body);
        for line in lines {
            prop_assert!(known.contains(line) || marks && ["<<<<<<< ours", "=======", ">>>>>>> theirs"].contains(&line), "{line}\n{text}");
        }
    }

    #[test]
    fn the_result_is_a_document_with_each_field_once([base, ours, theirs] in any_versions()) {
        let (text, conflicts) = merged(&base, &ours, &theirs, Side::Theirs);
        prop_assert!(is_task(text.as_bytes()), "{text}");
        let keys = |text: &str| {
            let parts = split_any_size(text.as_bytes()).unwrap();
            Units::cut(&parts).unwrap().keys().filter_map(name_of).collect::<Vec<_>>()
        };
        let [base_keys, our_keys, their_keys] = [&base, &ours, &theirs].map(|text| BTreeSet::from_iter(keys(text)));
        let found = keys(&text);
        let set = BTreeSet::from_iter(found.clone());
        prop_assert_eq!(found.len(), set.len());
        // What both have is there, what is new of one is there, what one removed is gone if the other left it alone.
        for key in our_keys.union(&their_keys) {
            let stays = our_keys.contains(key) && their_keys.contains(key) || !base_keys.contains(key);
            let changed = conflicts.iter().any(|conflict| matches!(conflict, MergeConflict::Field { name, .. } if name == key));
            let whole = conflicts.iter().any(|conflict| matches!(conflict, MergeConflict::Whole { .. }));
            prop_assert!(whole || set.contains(key) == (stays || changed), "{key} {conflicts:?}\n{text}");
        }
    }

    #[test]
    fn who_is_called_ours_does_not_matter([base, ours, theirs] in any_versions(), newer in prop_oneof![Just(Side::Ours), Just(Side::Theirs)]) {
        let (one, conflicts) = merged(&base, &ours, &theirs, newer);
        let (other, mut turned) = merged(&base, &theirs, &ours, newer.other());
        for conflict in &mut turned {
            match conflict {
                MergeConflict::Field { winner, .. } | MergeConflict::Whole { winner } => *winner = winner.other(),
                MergeConflict::Body => {}
            }
        }
        let name = |conflict: &MergeConflict| format!("{conflict:?}");
        let (mut conflicts, mut turned): (Vec<_>, Vec<_>) = (conflicts.iter().map(name).collect(), turned.iter().map(name).collect());
        conflicts.sort();
        turned.sort();
        prop_assert_eq!(conflicts, turned);
        prop_assert_eq!(sorted_lines(&one), sorted_lines(&other));
    }

    #[test]
    fn without_a_conflict_the_sides_differ_from_the_result_by_the_others_lines([base, ours, theirs] in any_versions()) {
        let (text, conflicts) = merged(&base, &ours, &theirs, Side::Ours);
        prop_assume!(conflicts.is_empty());
        for (side, other) in [(&ours, &theirs), (&theirs, &ours)] {
            let [base, side, other, text] = [&base, side, other, &text].map(|text| sorted_lines(text));
            let difference = |a: &[&str], b: &[&str]| {
                let mut rest = a.to_vec();
                for line in b {
                    if let Some(at) = rest.iter().position(|found| found == line) {
                        rest.remove(at);
                    }
                }
                rest.into_iter().map(str::to_owned).collect::<Vec<_>>()
            };
            // As bags of lines: result - side = other - base, but for what both did. Blank lines are the field's above them,
        // so that a field that is added between them takes some along.
            for (came, by_other) in [(difference(&text, &side), difference(&other, &base)), (difference(&side, &text), difference(&base, &other))] {
                for line in came.iter().filter(|line| !line.trim().is_empty()) {
                    prop_assert!(by_other.contains(line), "{line}");
                }
            }
        }
    }
}
