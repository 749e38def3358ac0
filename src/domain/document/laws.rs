//! What holds for every document, every value and every change.

use proptest::prelude::*;

use super::tests::{date, edited, file, task_of, with};
use super::*;
use crate::domain::ids::TaskNumber;
use crate::domain::task::Status;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~äÖß\u{a0}\u{2028}\u{feff}日]{0,12}",
        "[-#*_`\\[\\]{}()<>&!|:;,.?\"'\\\\~=+ 0-9a]{0,8}",
    ]
}

fn any_line() -> impl Strategy<Value = String> {
    any_text()
        .prop_map(|text| text.chars().filter(|c| !c.is_control() && *c != '\u{2028}' && *c != '\u{2029}').collect())
}

pub(super) fn any_changes() -> impl Strategy<Value = Changes> {
    let slot = || {
        proptest::option::of(proptest::option::of((1_u32..29, "[a-zü]{1,6}").prop_map(|(day, zeit)| (date(day), zeit))))
    };
    let status = proptest::option::of(proptest::sample::select(&Status::ALL[..]));
    let deadline = proptest::option::of(proptest::option::of((1_u32..29).prop_map(date)));
    let tags = proptest::option::of(proptest::collection::vec(any_line(), 0..4));
    (proptest::option::of("[a-z#]{1,5}"), status, tags, deadline, slot(), slot()).prop_map(
        |(kategorie, status, tags, deadline, fixed_slot, abgeschlossen_am)| Changes {
            kategorie,
            status,
            tags,
            deadline,
            fixed_slot,
            abgeschlossen_am,
            ..Changes::default()
        },
    )
}

/// One way of writing each field, between lines that belong to none.
pub(super) fn any_document() -> impl Strategy<Value = Vec<&'static str>> {
    let one_of = |forms: &'static [&'static str]| proptest::sample::select(forms);
    let filler = || {
        one_of(&[
            "",
            "\n",
            "# c\n",
            "x: 1 \n",
            "\"y\" : [a,\n b] # c\n",
            "# c\n\n  \nz: |+\n  text\n\n   # t\n\n",
            "w:\n- datum: 1\n",
        ])
    };
    let status =
        one_of(&["status: offen\n", "\"status\":   'Offen' # c \n", "status: >\n  offen\n\n", "? status\n: offen\n"]);
    let tags = one_of(&[
        "",
        "tags:\n",
        "tags: [a, 'b'] # c\n",
        "tags:\n- a\n# c\n- b\n",
        "tags:\n    - a # c\n",
        "tags: [a,\n # c\nb\n]\n",
        "tags: a\n",
    ]);
    let deadline = one_of(&["", "deadline: null # c\n", "deadline:\n", "deadline: '2025-10-31'  \n"]);
    let fixed = one_of(&[
        "",
        "fixedSlot: null\n",
        "fixedSlot: # c\n",
        "fixedSlot:\n  - datum: 1.10.2025\n  - zeit: x\n",
        "fixedSlot:\n  zeit: y\n  datum: 1.10.2025 # c\n",
        "fixedSlot: {datum: 1.10.2025}\n",
        "fixedSlot: [null,\n {zeit: x}] # c\n",
    ]);
    let closed =
        one_of(&["", "abgeschlossen_am: ~\n", "abgeschlossen_am: {zeit: x} # c\n", "abgeschlossen_am:\n  zeit: x\n"]);
    let fillers = proptest::array::uniform5(filler()).prop_filter("keys are unique", |all| {
        let keys: Vec<_> = all.iter().filter(|line| line.contains(':')).collect();
        keys.iter().enumerate().all(|(index, line)| !keys[..index].contains(line))
    });
    (status, tags, deadline, fixed, closed, fillers).prop_map(|(status, tags, deadline, fixed, closed, f)| {
        vec![
            "---\ntyp: task\nkategorie: arbeit # c\n",
            f[0],
            status,
            f[1],
            tags,
            f[2],
            deadline,
            f[3],
            fixed,
            f[4],
            closed,
            "---\n\n# T\n",
        ]
    })
}

/// Each field of the changes as a change of its own.
pub(super) fn one_by_one(changes: &Changes) -> Vec<Changes> {
    let none = Changes::default;
    let all = vec![
        Changes { kategorie: changes.kategorie.clone(), ..none() },
        Changes { status: changes.status, ..none() },
        Changes { tags: changes.tags.clone(), ..none() },
        Changes { deadline: changes.deadline, ..none() },
        Changes { fixed_slot: changes.fixed_slot.clone(), ..none() },
        Changes { abgeschlossen_am: changes.abgeschlossen_am.clone(), ..none() },
    ];
    all.into_iter().filter(|change| *change != none()).collect()
}

proptest! {
    #[test]
    fn any_text_survives_composing(tags in proptest::collection::vec(any_text(), 0..5), title in any_text(), text in any_text()) {
        let new = NewTask {
            kategorie: "privat".to_owned(),
            status: Status::Offen,
            tags: tags.clone(),
            deadline: None,
            fixed_slot: Some((date(5), "morgens".to_owned())),
            abgeschlossen_am: None,
            title: Some(title.clone()),
            body: Some(text.clone()),
        };
        let raw = compose(&new);
        let task = task_of(&raw);
        prop_assert_eq!(task.tags, tags);
        let clean = title::clean(&title);
        if !clean.is_empty() {
            prop_assert_eq!(task.title, title::shorten(&clean));
        }
        prop_assert!(body(&raw).unwrap().trim_end().ends_with(text.trim_end()));
        let name = file_name(TaskNumber::MAX, Some(&title));
        prop_assert_eq!(name.number(), Some(TaskNumber::MAX));
    }

    #[test]
    fn any_text_survives_editing(tags in proptest::collection::vec(any_line(), 0..5), title in any_line(), text in any_text(), crlf: bool) {
        let changes = Changes { tags: Some(tags.clone()), body: Some(text.clone()), ..Changes::default() };
        let newline = if crlf { "\r\n" } else { "\n" };
        let document = with("tags:\n  - x\ny: 1\n").replace('\n', newline);
        let edited = edit(&file("0042.md"), document.as_bytes(), &changes).unwrap();
        prop_assert_eq!(task_of(&edited).tags, tags);
        prop_assert_eq!(body(&edited), Some(text.as_str()));

        let changes = Changes { title: Some(title.clone()), ..Changes::default() };
        let clean = title::clean(&title);
        for document in [document.as_bytes(), &edited] {
            match edit(&file("0042.md"), document, &changes) {
                Ok(result) => prop_assert_eq!(task_of(&result).title, title::shorten(&clean)),
                Err(error) => prop_assert!(clean.is_empty(), "{:?}", error),
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(raw in proptest::collection::vec(any::<u8>(), 0..200), yaml in "[-a:\\[\\]{}\"'|>#&*!?, \r\n\t\u{feff}0.~ä]{0,60}", changes in any_changes()) {
        let framed = format!("---\ntyp: task\nkategorie: a\nstatus: offen\n{yaml}\n---\n");
        for raw in [raw.as_slice(), framed.as_bytes(), yaml.as_bytes()] {
            for name in ["0042.md", "notes.md"] {
                let outcome = read(&file(name), raw);
                let result = edit(&file(name), raw, &changes);
                prop_assert!(matches!(outcome, Outcome::Task(_)) || result.is_err());
                body(raw);
            }
        }
    }

    #[test]
    fn an_edit_keeps_every_other_line(segments in any_document(), changes in any_changes(), crlf: bool) {
        let newline = if crlf { "\r\n" } else { "\n" };
        let text = |segments: &[&str]| segments.concat().replace('\n', newline);
        let before = text(&segments);
        for change in one_by_one(&changes) {
            let after = edited(&before, &change);
            let key = match () {
                () if change.kategorie.is_some() => "kategorie",
                () if change.status.is_some() => "status",
                () if change.tags.is_some() => "tags",
                () if change.deadline.is_some() => "deadline",
                () if change.fixed_slot.is_some() => "fixedSlot",
                () => "abgeschlossen_am",
            };
            // A field that is not there is added before the closing line.
            let at = segments.iter().position(|segment| segment.contains(key)).unwrap_or(segments.len() - 1);
            let added = usize::from(!segments[at].contains(key));
            prop_assert!(after.starts_with(&text(&segments[..at])), "{after}");
            prop_assert!(after.ends_with(&text(&segments[at + 1 - added..])), "{after}");
            prop_assert_eq!(edited(&after, &change), after, "the same again changes nothing");
        }
    }

    #[test]
    fn edits_of_different_fields_commute(segments in any_document(), changes in any_changes()) {
        let text = segments.concat();
        let mut each = one_by_one(&changes);
        let forward = each.iter().fold(text.clone(), |text, change| edited(&text, change));
        each.reverse();
        let backward = each.iter().fold(text.clone(), |text, change| edited(&text, change));
        let at_once = edited(&text, &changes);
        prop_assert_eq!(task_of(forward.as_bytes()), task_of(backward.as_bytes()));
        prop_assert_eq!(&at_once, &forward);
        let sorted = |text: &str| { let mut lines: Vec<String> = text.lines().map(str::to_owned).collect(); lines.sort(); lines };
        prop_assert_eq!(sorted(&forward), sorted(&backward));
    }
}
