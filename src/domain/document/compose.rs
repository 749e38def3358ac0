//! New documents and their names.

use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{name, title, write};
use crate::domain::date;
use crate::domain::ids::{FileName, TaskNumber};
use crate::domain::task::Status;

/// How long the part of a file name after the number may be: readable in a listing, far from the 255 bytes
/// that file systems allow.
const SLUG_CHARS_MAX: usize = 60;
const SLUG_BYTES_MAX: usize = 180;

/// What a new document is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    pub kategorie: String,
    pub status: Status,
    pub tags: Vec<String>,
    pub deadline: Option<NaiveDate>,
    pub fixed_slot: Option<(NaiveDate, String)>,
    pub abgeschlossen_am: Option<(NaiveDate, String)>,
    /// Becomes the heading.
    pub title: Option<String>,
    /// The text below the heading.
    pub body: Option<String>,
}

/// The document's bytes. Total: no value can break out of its line. Dates must be of the years 1 to 9999.
pub fn compose(new: &NewTask) -> Vec<u8> {
    let mut text = String::from("---\n");
    let mut field = |key: &str, value: &str| text.extend([key, ": ", value, "\n"]);
    field(name::TYP, "task");
    field(name::KATEGORIE, &write::scalar(new.kategorie.trim()));
    field(name::STATUS, new.status.as_str());
    field(name::TAGS, &write::flow_list(&new.tags));
    if let Some(deadline) = new.deadline {
        field(name::DEADLINE, &date::to_text(deadline));
    }
    match &new.fixed_slot {
        None => field(name::FIXED_SLOT, "null"),
        Some((datum, zeit)) => {
            let [first, second] = write::slot_lines(*datum, zeit);
            text.extend([name::FIXED_SLOT, ":\n  ", &first, "\n  ", &second, "\n"]);
        }
    }
    if let Some((datum, zeit)) = &new.abgeschlossen_am {
        text.extend([name::ABGESCHLOSSEN_AM, ": ", &write::flow_slot(*datum, zeit), "\n"]);
    }
    text.push_str("---\n");
    let body = titled_body(new);
    if !body.is_empty() {
        text.push('\n');
        text.push_str(&body);
        if !body.ends_with('\n') {
            text.push('\n');
        }
    }
    text.into_bytes()
}

/// The body under the title's heading, if there is a title.
fn titled_body(new: &NewTask) -> String {
    let body = new.body.as_deref().unwrap_or_default();
    let title = title::clean(new.title.as_deref().unwrap_or_default());
    if title.is_empty() { body.to_owned() } else { title::titled(body, &title, "\n") }
}

/// `NNNN-Slug.md`, or `NNNN.md` when the title has no letter and no digit. The name's number is the number.
pub fn file_name(number: TaskNumber, title: Option<&str>) -> FileName {
    let slug = slug(title.unwrap_or_default());
    let separator = if slug.is_empty() { "" } else { "-" };
    #[expect(clippy::expect_used, reason = "the parts can make no other name; see the test of all scripts")]
    FileName::parse(&format!("{number}{separator}{slug}.md")).expect("digits, letters and hyphens are a file name")
}

/// Letters and digits of any script, in the composed form that all systems agree on, joined by hyphens.
fn slug(title: &str) -> String {
    let mut slug = String::new();
    let mut chars = 0;
    let mut gap = false;
    for c in title.nfc() {
        let in_word = !gap && !slug.is_empty() && is_combining_mark(c);
        if !c.is_alphanumeric() && !in_word {
            gap = true;
            continue;
        }
        let hyphen = usize::from(gap && !slug.is_empty());
        if chars + hyphen + 1 > SLUG_CHARS_MAX || slug.len() + hyphen + c.len_utf8() > SLUG_BYTES_MAX {
            break;
        }
        slug.push_str(if hyphen == 1 { "-" } else { "" });
        slug.push(c);
        chars += hyphen + 1;
        gap = false;
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::{Outcome, read};

    fn new_task() -> NewTask {
        NewTask {
            kategorie: "arbeit".to_owned(),
            status: Status::Offen,
            tags: Vec::new(),
            deadline: None,
            fixed_slot: None,
            abgeschlossen_am: None,
            title: None,
            body: None,
        }
    }

    fn text(new: &NewTask) -> String {
        String::from_utf8(compose(new)).unwrap()
    }

    #[test]
    fn a_document_has_its_fields_in_order() {
        let date = NaiveDate::from_ymd_opt(2025, 10, 5).unwrap();
        let new = NewTask {
            tags: vec!["finanzen".to_owned(), "a: b".to_owned()],
            deadline: Some(date),
            fixed_slot: Some((date, "morgens".to_owned())),
            abgeschlossen_am: Some((date, "abends".to_owned())),
            title: Some(" Titel\n".to_owned()),
            body: Some("Text".to_owned()),
            ..new_task()
        };
        insta::assert_snapshot!(text(&new), @r#"
        ---
        typ: task
        kategorie: arbeit
        status: offen
        tags: [finanzen, "a: b"]
        deadline: 05.10.2025
        fixedSlot:
          datum: 05.10.2025
          zeit: morgens
        abgeschlossen_am: {datum: 05.10.2025, zeit: abends}
        ---

        # Titel

        Text
        "#);
    }

    #[test]
    fn heading_and_body_are_optional_and_the_heading_is_not_doubled() {
        let head = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\ntags: []\nfixedSlot: null\n---\n";
        let with = |title: Option<&str>, body: Option<&str>| {
            let new = NewTask { title: title.map(str::to_owned), body: body.map(str::to_owned), ..new_task() };
            text(&new).strip_prefix(head).unwrap().to_owned()
        };
        assert_eq!(with(None, None), "");
        assert_eq!(with(Some("T"), None), "\n# T\n");
        assert_eq!(with(None, Some("Text\n")), "\nText\n");
        assert_eq!(with(Some("T"), Some("\n## T\nText\n")), "\n\n## T\nText\n");
        assert_eq!(with(Some("T"), Some("# Anderes\n")), "\n# T\n\n# Anderes\n");
        assert_eq!(with(Some(" \u{7}"), Some("x")), "\nx\n");
    }

    #[test]
    fn fault_16_a_new_document_cannot_be_broken_out_of() {
        let date = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
        let evil = "x\n---\nstatus: abgeschlossen\r\n\u{2028}]}\"'".to_owned();
        let new = NewTask {
            kategorie: evil.clone(),
            tags: vec![evil.clone(), "a".to_owned()],
            fixed_slot: Some((date, evil.clone())),
            title: Some(evil.clone()),
            ..new_task()
        };
        let Outcome::Task(task) = read(&file_name(TaskNumber::FIRST, None), &compose(&new)) else { panic!() };
        assert_eq!((task.status, &task.kategorie, &task.tags), (Status::Offen, &evil, &new.tags));
        assert_eq!(task.fixed_slot.and_then(|slot| slot.zeit), Some(evil.clone()));
        assert_eq!(task.title, title::clean(&evil));
    }

    #[test]
    fn fault_28_titles_of_any_script_name_files() {
        let named = |title: &str| file_name(TaskNumber::FIRST, Some(title)).as_str().to_owned();
        for (title, expected) in [
            ("???", "0000.md"),
            ("", "0000.md"),
            ("日本語", "0000-日本語.md"),
            ("Café (neu): 2. Anlauf!", "0000-Café-neu-2-Anlauf.md"),
            ("Cafe\u{301}", "0000-Café.md"),
            ("हिन्दी", "0000-हिन्दी.md"),
            ("../../etc/passwd\n", "0000-etc-passwd.md"),
            ("-- #%\u{0}\\ --", "0000.md"),
        ] {
            assert_eq!(named(title), expected);
        }
        for long in ["ä".repeat(500), "語 ".repeat(500), "𝒳".repeat(500), format!("{} x", "a".repeat(59))] {
            let name = file_name(TaskNumber::MAX, Some(&long));
            assert_eq!(name.number(), Some(TaskNumber::MAX));
            assert!(name.as_str().len() <= 200 && !name.stem().ends_with('-'), "{name}");
        }
    }
}
