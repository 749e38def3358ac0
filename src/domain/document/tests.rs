//! The odd documents that people and programs write, and the faults of the old system.

use chrono::NaiveDate;

use super::*;
use crate::domain::ids::{FileName, TaskNumber};
use crate::domain::problem::{DOCUMENT_BYTES_MAX, Expected, Problem, ProblemKind};
use crate::domain::task::{SlotRef, Status, Task};

pub(super) fn file(name: &str) -> FileName {
    FileName::parse(name).unwrap()
}

pub(super) fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 10, day).unwrap()
}

pub(super) fn task_of(raw: &[u8]) -> Task {
    match read(&file("0042-Name.md"), raw) {
        Outcome::Task(task) => *task,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(raw)),
    }
}

fn problem_of(raw: &[u8]) -> Problem {
    match read(&file("0042-Name.md"), raw) {
        Outcome::Invalid(problem) => problem,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(raw)),
    }
}

/// A document with these lines after the required ones, which are lines 2 to 4 of the file.
pub(super) fn with(lines: &str) -> String {
    format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n{lines}---\n\n# Titel\n")
}

pub(super) fn edited(text: &str, changes: &Changes) -> String {
    let result = edit(&file("0042-Name.md"), text.as_bytes(), changes);
    String::from_utf8(result.unwrap_or_else(|error| panic!("{error:?}: {text:?}"))).unwrap()
}

fn slot(day: u32, zeit: &str) -> Option<SlotRef> {
    Some(SlotRef { datum: Some(date(day)), zeit: Some(zeit.to_owned()) })
}

fn done() -> Changes {
    Changes { status: Some(Status::Abgeschlossen), ..Changes::default() }
}

fn tagged(tags: &[&str]) -> Changes {
    Changes { tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()), ..Changes::default() }
}

fn fixed(day: u32, zeit: &str) -> Changes {
    Changes { fixed_slot: Some(Some((date(day), zeit.to_owned()))), ..Changes::default() }
}

fn completed(day: u32) -> Changes {
    Changes { abgeschlossen_am: Some(Some((date(day), "morgens".to_owned()))), ..done() }
}

#[test]
fn a_document_is_read() {
    let text = with(
        "tags: [finanzen, wichtig]\ndeadline: 31.10.2025\nfixedSlot:\n  datum: 15.10.2025\n  zeit: morgens\n\
         abgeschlossen_am: {datum: 2025-10-16, zeit: Abends}\n",
    );
    let task = task_of(text.as_bytes());
    assert_eq!(task.id(), "0042");
    assert_eq!((task.title.as_str(), task.kategorie.as_str(), task.status), ("Titel", "arbeit", Status::Offen));
    assert_eq!(task.tags, ["finanzen", "wichtig"]);
    assert_eq!(task.deadline, Some(date(31)));
    assert_eq!((task.fixed_slot, task.abgeschlossen_am), (slot(15, "morgens"), slot(16, "abends")));
    assert_eq!(body(text.as_bytes()), Some("# Titel\n"));
}

#[test]
fn words_are_read_in_any_case_and_quoted() {
    for (kategorie, expected) in [
        ("Arbeit", "arbeit"),
        ("\"PRIVAT\"", "privat"),
        ("Geschäftlich", "arbeit"),
        ("'GESCHÄFTLICH '", "arbeit"),
        ("gescha\u{308}ftlich", "arbeit"),
        ("\" Hobby \"", "Hobby"),
        ("12", "12"),
    ] {
        let text = format!("\u{feff}---\r\n\"typ\": Task\r\n'kategorie': {kategorie}\r\nstatus: OFFEN\r\n---");
        let task = task_of(text.as_bytes());
        assert_eq!((task.kategorie.as_str(), task.status), (expected, Status::Offen), "{kategorie}");
        assert_eq!((task.title.as_str(), body(text.as_bytes())), ("Name", Some("")));
    }
}

#[test]
fn tags_are_read_in_every_form() {
    let tags: [(&str, &[&str]); 8] = [
        ("tags:\n", &[]),
        ("tags: ~\n", &[]),
        ("tags: []\n", &[]),
        ("tags: finanzen\n", &["finanzen"]),
        ("tags:\n- 12\n- true\n- '12'\n-\n", &["12", "true", "12"]),
        ("tags:\n  - a # c\n\n  # c\n  - \"#b\"\n", &["a", "#b"]),
        ("tags: [a,\n  'null', 1.10, ''\n]\n", &["a", "null", "1.10", ""]),
        ("tags: >-\n  a b\n  c\n", &["a b c"]),
    ];
    for (lines, expected) in tags {
        assert_eq!(task_of(with(lines).as_bytes()).tags, expected, "{lines}");
    }
}

#[test]
fn fault_04_slots_are_read_in_every_form() {
    let without_date = Some(SlotRef { datum: None, zeit: Some("morgens".to_owned()) });
    let without_zeit = Some(SlotRef { datum: Some(date(5)), zeit: None });
    for (lines, expected) in [
        ("", None),
        ("fixedSlot:\n", None),
        ("fixedSlot: null\n", None),
        ("fixedSlot: ''\n", None),
        ("fixedSlot: {}\n", None),
        ("fixedSlot: {datum: ~, zeit: ''}\n", None),
        ("fixedSlot:\n  datum: 5.10.2025\n  zeit: Morgens\n", slot(5, "morgens")),
        ("fixedSlot:\n  - datum: 2025-10-05\n  - zeit: 'MORGENS'\n", slot(5, "morgens")),
        ("fixedSlot:\n- datum: 05.10.2025\n  zeit: morgens\n", slot(5, "morgens")),
        ("fixedSlot: [{zeit: morgens}, {datum: \"05.10.2025\"}]\n", slot(5, "morgens")),
        ("fixedSlot: {datum: 05.10.2025}\n", without_zeit),
        ("fixedSlot: {datum: 05.10.2025, zeit: 12}\n", slot(5, "12")),
        ("fixedSlot:\n  zeit: morgens\n", without_date),
    ] {
        assert_eq!(task_of(with(lines).as_bytes()).fixed_slot, expected, "{lines}");
    }
}

#[test]
fn fault_07_null_elements_of_a_slot_list_are_passed_over() {
    let text = with("fixedSlot: [null, {zeit: morgens}]\n");
    let expected = Some(SlotRef { datum: None, zeit: Some("morgens".to_owned()) });
    assert_eq!(task_of(text.as_bytes()).fixed_slot, expected);
    assert_eq!(task_of(with("fixedSlot:\n  -\n  -\n").as_bytes()).fixed_slot, None);
}

#[test]
fn fault_05_an_unknown_category_is_kept_as_it_is() {
    let text = with("").replace("arbeit", "Haustier");
    assert_eq!(task_of(text.as_bytes()).kategorie, "Haustier");
}

#[test]
fn fault_06_numbers_above_9999_are_numbers() {
    let Outcome::Task(task) = read(&file("10000-x.md"), with("").as_bytes()) else { panic!() };
    assert_eq!(task.key.number, TaskNumber::new(10_000));
}

#[test]
fn fault_21_values_that_cannot_be_are_problems_with_their_line() {
    let invalid = |field, value: &str, expected| ProblemKind::Invalid { field, value: value.to_owned(), expected };
    for (lines, line, kind) in [
        ("deadline: gestern\n", 5, invalid("deadline", "gestern", Expected::Date)),
        ("deadline: [1]\n", 5, invalid("deadline", "[1]", Expected::Date)),
        (
            "\n# c\nfixedSlot:\n  zeit: x\n  datum: 99.99.9999\n",
            9,
            invalid("fixedSlot.datum", "99.99.9999", Expected::Date),
        ),
        ("fixedSlot:\n  - datum: 31.02.2025\n", 6, invalid("fixedSlot.datum", "31.02.2025", Expected::Date)),
        ("fixedSlot: morgens\n", 5, invalid("fixedSlot", "morgens", Expected::Slot)),
        ("fixedSlot: [morgens]\n", 5, invalid("fixedSlot", "[morgens]", Expected::Slot)),
        ("fixedSlot: {zeit: [a]}\n", 5, invalid("fixedSlot.zeit", "[a]}", Expected::Word)),
        ("abgeschlossen_am: {datum: x}\n", 5, invalid("abgeschlossen_am.datum", "x", Expected::Date)),
        ("tags: [[Link]]\n", 5, invalid("tags", "[[Link]]", Expected::Tags)),
        ("tags: {a: b}\n", 5, invalid("tags", "{a: b}", Expected::Tags)),
    ] {
        assert_eq!(problem_of(with(lines).as_bytes()), Problem { line, kind }, "{lines}");
    }
    for (from, to, line, kind) in [
        ("offen", "x", 4, invalid("status", "x", Expected::Status)),
        ("status: offen\n", "", 1, ProblemKind::Missing { field: "status" }),
        ("offen", "", 4, ProblemKind::Missing { field: "status" }),
        ("kategorie: arbeit\n", "", 1, ProblemKind::Missing { field: "kategorie" }),
        ("arbeit", "' '", 3, ProblemKind::Missing { field: "kategorie" }),
        ("arbeit", "[a]", 3, invalid("kategorie", "[a]", Expected::Word)),
        ("typ: task\n", "", 1, ProblemKind::Missing { field: "typ" }),
        ("task", "notiz", 2, invalid("typ", "notiz", Expected::TypTask)),
    ] {
        assert_eq!(problem_of(with("").replace(from, to).as_bytes()), Problem { line, kind }, "{from} {to}");
    }
    let crlf = with("tags: [@home]\n").replace('\n', "\r\n");
    assert_eq!(problem_of(crlf.as_bytes()).line, 5);
}

#[test]
fn files_of_other_names_are_left_alone_unless_they_say_that_they_are_tasks() {
    let outcome = |text: &str| read(&file("README.md"), text.as_bytes());
    for text in ["", "# Hallo\n", "---\ntyp: notiz\n---\n", "---\ntags: [@x]\ntyp: task\n---\n", "---\ntyp: task\n"] {
        assert_eq!(outcome(text), Outcome::NotATask, "{text}");
    }
    let problem = Problem::new(3, ProblemKind::NotNumbered);
    assert_eq!(outcome("---\na: 1\ntyp: Task\n---\n"), Outcome::Invalid(problem));
}

#[test]
fn a_field_is_replaced_in_its_lines() {
    let slot_lines = "fixedSlot:\n  datum: 16.10.2025\n  zeit: abends\n";
    let fixed = fixed(16, "abends");
    let done_on = Changes { abgeschlossen_am: Some(Some((date(16), "abends".to_owned()))), ..Changes::default() };
    let not_done = Changes { abgeschlossen_am: Some(None), ..Changes::default() };
    let tagged = tagged(&["a", "#x"]);
    for (changes, before, after) in [
        (&fixed, "fixedSlot: ~\n", slot_lines),
        (&fixed, "fixedSlot:\n# c\nx: 1\n", &format!("{slot_lines}# c\nx: 1\n")),
        (
            &fixed,
            "fixedSlot:  # wann?\n  datum: 1.1.2025\n  # c\n",
            "fixedSlot:  # wann?\n  datum: 16.10.2025\n  zeit: abends\n  # c\n",
        ),
        (&fixed, "fixedSlot:\n- datum: 1.1.2025\n- zeit: x\n\n# c\n\nx: 1\n", &format!("{slot_lines}\n# c\n\nx: 1\n")),
        (
            &fixed,
            "fixedSlot: [{datum: 1.1.2025}, {zeit: x}] # c\n",
            "fixedSlot: # c\n  datum: 16.10.2025\n  zeit: abends\n",
        ),
        (
            &fixed,
            "fixedSlot:   {datum: 1.1.2025}  # c \nx: 1\n",
            "fixedSlot:   {datum: 16.10.2025, zeit: abends}  # c \nx: 1\n",
        ),
        (
            &fixed,
            "fixedSlot: {\n  datum: 1.1.2025 # d\n  # e\n  }\n# c\n",
            "fixedSlot: {datum: 16.10.2025, zeit: abends}\n# c\n",
        ),
        (&fixed, "x: 1\n\n", &format!("x: 1\n\n{slot_lines}")),
        (&done_on, "abgeschlossen_am: null\n", "abgeschlossen_am: {datum: 16.10.2025, zeit: abends}\n"),
        (
            &done_on,
            "abgeschlossen_am:\n    zeit: x\nx: 1\n",
            "abgeschlossen_am:\n  datum: 16.10.2025\n  zeit: abends\nx: 1\n",
        ),
        (&done_on, "", "abgeschlossen_am: {datum: 16.10.2025, zeit: abends}\n"),
        (&not_done, "abgeschlossen_am:\n  zeit: x\n\n# c\n", "abgeschlossen_am: null\n\n# c\n"),
        (&not_done, "x: 1\n", "x: 1\n"),
        (&tagged, "tags: [b,  c]   # c\n", "tags: [a, \"#x\"]   # c\n"),
        (&tagged, "tags: [b, # d\n  c,\n]   # c\nx: 1\n", "tags: [a, \"#x\"]\nx: 1\n"),
        (&tagged, "tags: \"b\n  # kein Kommentar\"\n# c\n", "tags: [a, \"#x\"]\n# c\n"),
        (&tagged, "tags: # c\n      - b\n", "tags: # c\n      - a\n      - \"#x\"\n"),
        (&tagged, "tags:\t[]\nx: |+\n  # a\n\n", "tags:\t[a, \"#x\"]\nx: |+\n  # a\n\n"),
        (&tagged, "? tags\n: - b\n  - c\n# c\nx: 1\n", "tags:\n  - a\n  - \"#x\"\n# c\nx: 1\n"),
    ] {
        for newline in ["\n", "\r\n"] {
            let before = with(before).replace('\n', newline);
            let text = edited(&before, changes);
            assert_eq!(text, with(after).replace('\n', newline));
            assert_eq!(edited(&text, changes), text, "the same again changes nothing");
        }
    }
}

#[test]
fn a_word_is_replaced_in_its_line() {
    for (before, after) in [
        ("status: offen", "status: abgeschlossen"),
        ("\"status\"  :   'offen'   # c  ", "\"status\"  :   abgeschlossen   # c  "),
        ("status: !!str Offen\t# c", "status: abgeschlossen\t# c"),
        ("status: >-\n  offen\n\n# c", "status: abgeschlossen\n\n# c"),
        ("status: |- # Kopf\n  offen\n  \n", "status: abgeschlossen\n  \n"),
        ("status:\n  offen # c\n  # d", "status: abgeschlossen\n  # d"),
        ("status: \"of\\\n  fen\" # c", "status: abgeschlossen"),
        ("? status\n: offen", "status: abgeschlossen"),
        ("#\nstatus: offen\n...", "#\nstatus: abgeschlossen\n..."),
    ] {
        for (head, tail) in [("---\n", "\n---\n"), ("\u{feff}--- \n# c\n", "\n--- \n\n  \nText "), ("---\n", "\n---")] {
            let text =
                |line: &str| format!("{head}typ: task\n kategorie: arbeit\n{line}{tail}").replace("\n kat", "\nkat");
            assert_eq!(edited(&text(before), &done()), text(after));
        }
    }
    let indented = "---\n  typ: task\n  kategorie: arbeit\n  status: offen\n---\n";
    let changes = Changes { deadline: Some(Some(date(1))), ..done() };
    assert_eq!(
        edited(indented, &changes),
        "---\n  typ: task\n  kategorie: arbeit\n  status: abgeschlossen\n  deadline: 01.10.2025\n---\n"
    );
}

#[test]
fn what_cannot_be_changed_alone_is_refused() {
    let file = file("0042.md");
    let refused = |text: &str, changes: &Changes| edit(&file, text.as_bytes(), changes).unwrap_err();
    let flow = "---\n{typ: task, kategorie: arbeit, status: offen}\n---\n";
    assert_eq!(refused(flow, &done()), EditError::Layout { line: 2 });
    let ended = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n...\n---\n";
    assert!(matches!(refused(ended, &fixed(1, "x")), EditError::Layout { .. }));
    let problem = Problem::new(1, ProblemKind::NoFrontmatter);
    assert_eq!(refused("# T\n", &done()), EditError::Unreadable(problem));
    let anchored = refused(&with("tags: &x [a]\n"), &done());
    assert!(matches!(anchored, EditError::Unreadable(Problem { line: 5, kind: ProblemKind::Yaml { .. } })));
    let far = Changes { deadline: Some(NaiveDate::from_ymd_opt(10_000, 1, 1)), ..Changes::default() };
    assert_eq!(refused(&with(""), &far), EditError::Value { field: "deadline" });
    let empty = Changes { kategorie: Some(" ".to_owned()), ..Changes::default() };
    assert_eq!(refused(&with(""), &empty), EditError::Value { field: "kategorie" });
    let large = Changes { body: Some("x".repeat(DOCUMENT_BYTES_MAX)), ..Changes::default() };
    assert_eq!(refused(&with(""), &large), EditError::TooLarge);
    let unnumbered = edit(&FileName::parse("x.md").unwrap(), b"# T", &done());
    assert_eq!(unnumbered, Err(EditError::NotATask));
}

#[test]
fn fault_15_nasty_tags_stay_what_they_are() {
    let nasty = ["#x", "@x", "*", "\"q", "'q", "x]", "a: b", "12", "true", "null", "~", "", " a ", "ü", "---", "\\n"];
    for before in ["tags: []\n", "tags:\n  - a\n", ""] {
        let text = edited(&with(before), &tagged(&nasty));
        assert_eq!(task_of(text.as_bytes()).tags, nasty);
    }
}

#[test]
fn fault_16_line_breaks_in_values_are_refused() {
    let evil = || "x\nstatus: abgeschlossen".to_owned();
    let changes = Changes::default;
    for (field, changes) in [
        ("tags", Changes { tags: Some(vec![evil()]), ..changes() }),
        ("kategorie", Changes { kategorie: Some(evil()), ..changes() }),
        ("fixedSlot", Changes { fixed_slot: Some(Some((date(1), evil()))), ..changes() }),
        ("abgeschlossen_am", Changes { abgeschlossen_am: Some(Some((date(1), evil()))), ..changes() }),
        ("title", Changes { title: Some(evil()), ..changes() }),
    ] {
        let result = edit(&file("0042.md"), with("").as_bytes(), &changes);
        assert_eq!(result, Err(EditError::ControlCharacter { field }));
    }
}

#[test]
fn fault_17_crlf_and_quoted_keys_can_be_completed() {
    let text = "---\r\ntyp: task\r\nkategorie: arbeit\r\n\"status\": offen\r\nx: 1\r\n---\r\n# T\r\n";
    assert_eq!(
        edited(text, &completed(5)),
        "---\r\ntyp: task\r\nkategorie: arbeit\r\n\"status\": abgeschlossen\r\nx: 1\r\n\
         abgeschlossen_am: {datum: 05.10.2025, zeit: morgens}\r\n---\r\n# T\r\n"
    );
}

#[test]
fn fault_18_completing_twice_keeps_one_key() {
    let once = edited(&with(""), &completed(5));
    assert_eq!(edited(&once, &completed(5)), once);
    let twice = edited(&once, &completed(6));
    assert_eq!(twice, once.replace("05.10.2025", "06.10.2025"));
}

#[test]
fn fault_19_fixed_slot_edit_keeps_following_lines() {
    let text = edited(&with("fixedSlot: null # noch offen\nx: 1\n\n# c\ny: 2\n"), &fixed(16, "abends"));
    let expected = "fixedSlot: # noch offen\n  datum: 16.10.2025\n  zeit: abends\nx: 1\n\n# c\ny: 2\n";
    assert_eq!(text, with(expected));
}

#[test]
fn fault_20_block_lists_of_tags_are_replaced_without_blank_lines() {
    let text = with("tags:\n- a\n# c\n- b\n\n# d\nx: 1\n");
    let once = edited(&text, &tagged(&["neu"]));
    assert_eq!(once, with("tags:\n- neu\n\n# d\nx: 1\n"));
    assert_eq!(edited(&once, &tagged(&[])), with("tags: []\n\n# d\nx: 1\n"));
    let titled =
        |text: &str, title: &str| edited(text, &Changes { title: Some(title.to_owned()), ..Changes::default() });
    assert_eq!(titled(&titled(&text, "Neu"), "Titel"), text);
}

#[test]
fn titles_and_bodies_are_replaced() {
    let head = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---";
    let change = |title: Option<&str>, body: Option<&str>| Changes {
        title: title.map(str::to_owned),
        body: body.map(str::to_owned),
        ..Changes::default()
    };
    for (rest, changes, expected) in [
        ("\n\n# Alt\n\nText\n", change(Some("Neu"), None), "\n\n# Neu\n\nText\n"),
        ("\nText\n", change(Some("Neu"), None), "\n\n# Neu\n\nText\n"),
        ("", change(Some("Neu"), None), "\n\n# Neu\n"),
        ("\n", change(Some("Name"), None), "\n"),
        ("\n\nText", change(Some("Text"), None), "\n\nText"),
        ("\n\n# Alt\n", change(None, Some("neu")), "\n\nneu"),
        ("\n# Alt\n", change(None, Some("\r\n")), "\n\n\r\n"),
        ("", change(None, Some("neu\r\n")), "\n\nneu\r\n"),
        ("\n \t\n# Alt\n", change(None, Some("")), "\n \t\n"),
        ("\n\n# Alt\n", change(Some("Neu"), Some("Text")), "\n\n# Neu\n\nText"),
        ("\n\n# Alt\n", change(Some("Neu"), Some("# Neu\nText")), "\n\n# Neu\nText"),
        ("\n\n# Alt\n", change(Some("Neu *x*"), Some("Z\n==\n")), "\n\n# Neu \\*x\\*\n\nZ\n==\n"),
    ] {
        let text = edited(&format!("{head}{rest}"), &changes);
        assert_eq!(text.strip_prefix(head), Some(expected), "{rest:?}");
    }
    let crlf = format!("{head}\nText\n").replace('\n', "\r\n");
    assert_eq!(edited(&crlf, &change(Some("Neu"), None)), crlf.replace("Text", "\r\n# Neu\r\n\r\nText"));
}
