//! Examples of merges: what people and programs do to the same file.

use super::lines::merge_lines;
use super::*;
use crate::domain::document::tests::{task_of, with};
use crate::domain::task::Status;

fn merged(base: &str, ours: &str, theirs: &str, newer: Side) -> (String, Vec<MergeConflict>) {
    let merged = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), newer, &merge_lines);
    (String::from_utf8(merged.document).unwrap(), merged.conflicts)
}

/// Merges lines behind the required ones, ours being newer.
fn merged_fields(base: &str, ours: &str, theirs: &str) -> (String, Vec<MergeConflict>) {
    let result = merged(&with(base), &with(ours), &with(theirs), Side::Ours);
    let fields = result.0.strip_prefix("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n").unwrap();
    (fields.strip_suffix("---\n\n# Titel\n").unwrap().to_owned(), result.1)
}

fn field(name: &str, winner: Side) -> MergeConflict {
    MergeConflict::Field { name: name.to_owned(), winner }
}

const BASE: &str = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\ntags: [a]\n---\n\n# Titel\n\neins\nzwei\ndrei\n";

#[test]
fn different_fields_and_different_lines_come_together() {
    let ours = BASE.replace("offen", "abgeschlossen").replace("eins\n", "Eins\n");
    let theirs = BASE.replace("tags: [a]", "tags:\n  - a\n  - b # neu").replace("drei\n", "drei\nvier\n");
    let expected = ours.replace("tags: [a]", "tags:\n  - a\n  - b # neu").replace("drei\n", "drei\nvier\n");
    for newer in [Side::Ours, Side::Theirs] {
        assert_eq!(merged(BASE, &ours, &theirs, newer), (expected.clone(), Vec::new()));
        assert_eq!(merged(BASE, &theirs, &ours, newer), (expected.clone(), Vec::new()));
    }
}

#[test]
fn a_field_that_both_changed_is_the_newer_ones() {
    let ours = BASE.replace("offen", "abgeschlossen").replace("[a]", "[a, b]");
    let theirs = BASE.replace("offen", "abgebrochen # doch nicht");
    for (newer, expected) in [(Side::Ours, ours.clone()), (Side::Theirs, theirs.replace("[a]", "[a, b]"))] {
        assert_eq!(merged(BASE, &ours, &theirs, newer), (expected, vec![field("status", newer)]));
    }
}

#[test]
fn what_both_changed_alike_is_no_conflict() {
    let ours = BASE.replace("offen", "abgeschlossen").replace("[a]", "[a, b]");
    let theirs = BASE.replace("offen", "\"Abgeschlossen\"").replace("[a]", "[a, c]");
    let (text, conflicts) = merged(BASE, &ours, &theirs, Side::Ours);
    assert_eq!((text, conflicts), (ours.clone(), vec![field("tags", Side::Ours)]));
    let commented = theirs.replace("\"Abgeschlossen\"", "abgeschlossen # am Montag");
    let (_, conflicts) = merged(BASE, &ours, &commented, Side::Ours);
    assert_eq!(conflicts, [field("status", Side::Ours), field("tags", Side::Ours)], "a comment got lost");
}

#[test]
fn who_writes_a_field_anew_without_changing_it_does_not_win_it() {
    let reformatted = BASE.replace("status: offen", "status: \"offen\"").replace("tags: [a]", "tags:\n  - a");
    let changed = BASE.replace("offen", "abgeschlossen");
    let expected = reformatted.replace("\"offen\"", "abgeschlossen");
    for newer in [Side::Ours, Side::Theirs] {
        assert_eq!(merged(BASE, &reformatted, &changed, newer), (expected.clone(), Vec::new()));
        assert_eq!(merged(BASE, &changed, &reformatted, newer), (expected.clone(), Vec::new()));
    }
}

#[test]
fn removals_and_additions() {
    for (base, ours, theirs, expected, conflicts) in [
        ("x: 1\ny: 2\n", "y: 2\n", "x: 1\ny: 2\nz: 3\n", "y: 2\nz: 3\n", vec![]),
        ("x: 1\n", "", "", "", vec![]),
        ("x: 1\n", "", "x: 2\n", "x: 2\n", vec![field("x", Side::Theirs)]),
        ("x: 1\n", "x: 2\n", "", "x: 2\n", vec![field("x", Side::Ours)]),
        ("", "x: 1\n", "y: 2\n", "y: 2\nx: 1\n", vec![]),
        ("", "x: 1\n", "x: 1\n", "x: 1\n", vec![]),
        ("", "x: 1\n", "x: 2\n", "x: 1\n", vec![field("x", Side::Ours)]),
        ("m: 1\nn: 2\n", "m: 1\nx: 3\nn: 2\n", "m: 1\nn: 2\ny: 4\nz: 5\n", "m: 1\nx: 3\nn: 2\ny: 4\nz: 5\n", vec![]),
        // Theirs removes the field that its addition follows.
        ("m: 1\nn: 2\n", "m: 1\nn: 2\nx: 3\n", "m: 1\ny: 4\n", "m: 1\ny: 4\nx: 3\n", vec![]),
        // Theirs moves a field, ours changes another.
        ("m: 1\nn: 2\n", "m: 3\nn: 2\nx: 1\n", "n: 2\nm: 1\n", "n: 2\nx: 1\nm: 3\n", vec![]),
    ] {
        assert_eq!(merged_fields(base, ours, theirs), (expected.to_owned(), conflicts), "{base:?} {ours:?} {theirs:?}");
    }
}

#[test]
fn comments_stay_with_the_field_below_them() {
    for (base, ours, theirs, expected) in [
        ("x: 1\n# m\n", "x: 1\n# o\n", "x: 1\n# t\n", "x: 1\n# o\n# t\n"),
        ("x: 1\n# y\ny: 2\n", "x: 1\n# y\ny: 3\n", "x: 1\n# why\ny: 2\n", "x: 1\n# why\ny: 3\n"),
        // Fields that both put between a comment and what it stood above do not double it.
        ("x: 1\n# m\n", "x: 1\n# m\no: 2\n", "x: 1\n# m\nt: 3\n", "x: 1\n# m\nt: 3\no: 2\n"),
        ("x: 1\ny: 2\n", "x: 1\no: 3\ny: 2\n", "x: 1\n# y\ny: 2\n", "x: 1\no: 3\n# y\ny: 2\n"),
        ("x: 1\n", "x: 1\no: 3\n", "x: 1\n# Ende\n", "x: 1\no: 3\n# Ende\n"),
        ("#\nx: 1\n#\ny: 2\n", "#\nx: 1\n#\ny: 3\n", "#\nx: 2\n#\ny: 2\n", "#\nx: 2\n#\ny: 3\n"),
        ("# x\nx: 1\ny: 2\n", "# x!\nx: 1\ny: 2\n", "# x\nx: 1\ny: 3\n", "# x!\nx: 1\ny: 3\n"),
        ("x: 1\n# y\ny: 2\n", "x: 1\n", "x: 3\n# y\ny: 2\n", "x: 3\n"),
        ("x: 1\n\n# y\n\ny: 2\n", "x: 4\n\n# y\n\ny: 2\n", "x: 1\n\n# yy\ny: 2\n", "x: 4\n\n# yy\ny: 2\n"),
        ("x: 1\n# Ende\n", "x: 2\n# Ende\n", "x: 1\n# Schluss\n", "x: 2\n# Schluss\n"),
        (
            "x: |+\n  # Text\n\n\ny: 1\n",
            "x: |+\n  # Text\n\n\ny: 2\n",
            "x: |+\n  # Text!\n\ny: 1\n",
            "x: |+\n  # Text!\n\ny: 2\n",
        ),
        (
            "x:\n  - a\n  # b\ny: 1\n",
            "x:\n  - a\n  # c\ny: 1\n",
            "x:\n  - a\n  # b\ny: 2\n",
            "x:\n  - a\n  # c\ny: 2\n",
        ),
        ("? x\n: 1\n12: a\n", "? x\n: 2\n12: a\n", "? x\n: 1\n12: b\n", "? x\n: 2\n12: b\n"),
    ] {
        assert_eq!(merged_fields(base, ours, theirs), (expected.to_owned(), vec![]), "{base:?} {ours:?} {theirs:?}");
    }
}

#[test]
fn fields_that_lines_do_not_tell_apart_are_one_sides() {
    let flow = "---\n{typ: task, kategorie: arbeit, status: offen}\n---\n\n# Titel\n\neins\n\nzwei\n";
    let ours = flow.replace("offen", "abgeschlossen").replace("eins", "1");
    let theirs = flow.replace("arbeit", "privat").replace("zwei", "2");
    let expected = theirs.replace("eins", "1");
    let whole = vec![MergeConflict::Whole { winner: Side::Theirs }];
    assert_eq!(merged(flow, &ours, &theirs, Side::Theirs), (expected, whole.clone()));
    // One that changed the text alone has not changed them.
    let text_only = flow.replace("zwei", "2");
    let expected = ours.replace("zwei", "2");
    assert_eq!(merged(flow, &ours, &text_only, Side::Theirs), (expected, vec![]));
    // A quoted text that looks like a comment and a key.
    let quoted = with("x: \"a\n# b: \"\ny: 1\n");
    let (ours, theirs) = (quoted.replace("y: 1", "y: 2"), quoted.replace("offen", "abgeschlossen"));
    assert_eq!(merged(&quoted, &ours, &theirs, Side::Theirs), (theirs, whole));
}

#[test]
fn fields_that_are_only_readable_apart_are_not_put_together() {
    let many = |key: &str| with(&format!("{key}: [{}]\n", "1, ".repeat(1_200)));
    let (result, conflicts) = merged(&with(""), &many("x"), &many("y"), Side::Theirs);
    assert_eq!((result, conflicts), (many("y"), vec![MergeConflict::Whole { winner: Side::Theirs }]));
}

#[test]
fn texts_that_both_changed_stay_between_marks_in_the_body() {
    let ours = BASE.replace("zwei", "ours").replace("offen", "abgeschlossen");
    let theirs = BASE.replace("zwei", "theirs").replace("[a]", "[b]");
    let (text, conflicts) = merged(BASE, &ours, &theirs, Side::Theirs);
    let marked = "eins\n<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\ndrei\n";
    assert_eq!(conflicts, [MergeConflict::Body]);
    assert!(text.ends_with(marked), "{text}");
    let task = task_of(text.as_bytes());
    assert_eq!((task.status, task.tags.as_slice()), (Status::Abgeschlossen, ["b".to_owned()].as_slice()));
}

#[test]
fn the_way_of_writing_is_merged_by_itself() {
    let ours = BASE.replace("offen", "abgeschlossen").replace("eins", "Eins").replace("drei\n", "drei\nvier\n");
    for (theirs, expected) in [
        (BASE.replace('\n', "\r\n"), ours.replace('\n', "\r\n")),
        (format!("\u{feff}{BASE}"), format!("\u{feff}{ours}")),
        (BASE.trim_end().to_owned(), ours.trim_end().to_owned()),
        (
            format!("\u{feff}{}", BASE.trim_end().replace('\n', "\r\n")),
            format!("\u{feff}{}", ours.trim_end().replace('\n', "\r\n")),
        ),
    ] {
        for newer in [Side::Ours, Side::Theirs] {
            assert_eq!(merged(BASE, &ours, &theirs, newer), (expected.clone(), vec![]));
            assert_eq!(merged(BASE, &theirs, &ours, newer), (expected.clone(), vec![]));
            // The other way: a base of that kind that theirs turned into the plain one.
            let odd_ours = &expected;
            assert_eq!(merged(&theirs, odd_ours, BASE, newer), (ours.clone(), vec![]));
            let both = expected.replace("Eins", "EINS");
            assert_eq!(
                merged(&theirs, &expected, &theirs.replace("[a]", "[b]"), newer).0,
                expected.replace("[a]", "[b]")
            );
            assert_eq!(merged(&theirs, &both, &theirs, newer).0, both);
        }
    }
}

#[test]
fn mixed_line_ends_stay_where_lines_can_be_merged_and_are_no_conflict_where_they_cannot() {
    let mixed = BASE.replace("eins\n", "eins\r\n");
    let (ours, theirs) = (mixed.replace("drei", "DREI"), mixed.replace("offen", "abgeschlossen"));
    let expected = ours.replace("offen", "abgeschlossen");
    assert_eq!(merged(&mixed, &ours, &theirs, Side::Ours), (expected, vec![]));
    // All of theirs but one line is turned; ours changed what is turned.
    let turned = BASE.replace('\n', "\r\n").replace("eins\r\n", "eins\n");
    let ours = BASE.replace("zwei", "2").replace("offen", "abgeschlossen");
    assert_eq!(merged(BASE, &ours, &turned, Side::Theirs), (ours, vec![]));
}

#[test]
fn texts_without_fields_are_merged_by_lines() {
    let (base, ours, theirs) = ("a\nb\nc\n", "a!\nb\nc\n", "a\nb\nc!\n");
    assert_eq!(merged(base, ours, theirs, Side::Ours), ("a!\nb\nc!\n".to_owned(), vec![]));
    let (text, conflicts) = merged("a\n", "b\n", "c\n", Side::Ours);
    assert_eq!(text, "<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n");
    assert_eq!(conflicts, [MergeConflict::Body]);
    // Marks in a file of fields would break it.
    let result = merged(BASE, &BASE.replace("offen", "abgeschlossen"), "status: nie\n", Side::Ours);
    assert_eq!(result, (BASE.replace("offen", "abgeschlossen"), vec![MergeConflict::Whole { winner: Side::Ours }]));
}

#[test]
fn two_that_have_no_common_base_are_compared() {
    let other = BASE.replace("offen", "abgeschlossen").replace("tags: [a]\n", "deadline: 31.10.2025\n");
    let (text, conflicts) = merged("", BASE, &other, Side::Ours);
    assert_eq!(text, BASE.replace("tags: [a]\n", "deadline: 31.10.2025\ntags: [a]\n"));
    assert_eq!(conflicts, [field("status", Side::Ours)]);
}

#[test]
fn bytes_that_are_no_text_are_one_sides() {
    let whole = |winner| vec![MergeConflict::Whole { winner }];
    for newer in [Side::Ours, Side::Theirs] {
        let result = merge(b"a\n", b"\xff\n", b"b\n", newer, &merge_lines);
        let winner: &[u8] = if newer == Side::Ours { b"\xff\n" } else { b"b\n" };
        assert_eq!((result.document.as_slice(), result.conflicts), (winner, whole(newer)));
    }
    let base: &[u8] = b"---\ntyp: task\n---\n\xff\n";
    let (ours, theirs) = ("---\ntyp: task\nx: 1\n---\nt\n", "---\ntyp: task\ny: 1\n---\nt\n");
    let result = merge(base, ours.as_bytes(), theirs.as_bytes(), Side::Ours, &merge_lines);
    let expected = "---\ntyp: task\ny: 1\nx: 1\n---\nt\n";
    assert_eq!((String::from_utf8(result.document).unwrap().as_str(), result.conflicts), (expected, vec![]));
}

#[test]
fn a_result_that_is_too_large_is_one_sides() {
    let (ours, theirs) = (BASE.replace("eins", &"o".repeat(40_000)), BASE.replace("drei", &"t".repeat(20_000)));
    let both = ours.replace("drei", &"t".repeat(20_000));
    assert_eq!(merged(BASE, &ours, &theirs, Side::Theirs), (both, vec![]));
    let theirs = BASE.replace("drei", &"t".repeat(30_000));
    let whole = vec![MergeConflict::Whole { winner: Side::Theirs }];
    assert_eq!(merged(BASE, &ours, &theirs, Side::Theirs), (theirs, whole));
}

#[test]
fn scripts_have_no_marks() {
    let text = |base: &str, ours: &str, theirs: &str, newer| {
        let merged = merge_text(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), newer, &merge_lines);
        (String::from_utf8(merged.document).unwrap(), merged.conflicts)
    };
    let (base, ours) = ("let a = 1;\nlet b = 2;\nlet c = 3;\n", "let a = 2;\nlet b = 2;\nlet c = 3;\n");
    let theirs = base.replace("c = 3", "c = 4").replace('\n', "\r\n");
    let both = ours.replace("c = 3", "c = 4").replace('\n', "\r\n");
    assert_eq!(text(base, ours, &theirs, Side::Ours), (both, vec![]));
    for (newer, expected) in [(Side::Ours, ours), (Side::Theirs, "let a = 3;\r\n")] {
        let whole = vec![MergeConflict::Whole { winner: newer }];
        assert_eq!(text(base, ours, "let a = 3;\r\n", newer), (expected.to_owned(), whole));
    }
}
