//! From the fields of a request to values: every rule about what may be written, in one place.

use chrono::NaiveDate;

use super::{Fields, SlotFields};
use crate::domain::date;
use crate::domain::document::Changes;
use crate::domain::task::Status;
use crate::service::change::Situation;
use crate::service::error::{Fault, Refusal};

/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 200;
/// The longest tag, in characters.
const TAG_CHARS_MAX: usize = 64;
/// The most tags of one task.
const TAGS_MAX: usize = 32;
/// The longest body, in characters; the document's own limit is in bytes and is checked when it is written.
const BODY_CHARS_MAX: usize = 64 * 1024;

/// Slots that a task can always be marked as done in, whatever the rules gave the day.
const USUAL_SLOTS: [&str; 3] = ["morgens", "nachmittags", "abends"];

/// The changes that the fields ask for.
///
/// # Errors
/// The first field that cannot be written, in the order of the file format.
pub(super) fn changes(fields: &Fields, situation: &mut Situation<'_>) -> Result<Changes, Refusal> {
    Ok(Changes {
        kategorie: fields.kategorie.as_deref().map(|text| kategorie(text, situation)).transpose()?,
        status: fields.status.as_deref().map(status).transpose()?,
        tags: fields.tags.as_deref().map(tags).transpose()?,
        deadline: match &fields.deadline {
            Some(Some(text)) => Some(Some(datum("deadline", text)?)),
            Some(None) => Some(None),
            None => None,
        },
        fixed_slot: match &fields.fixed_slot {
            Some(Some(slot)) => Some(Some(fixed_slot(slot, situation)?)),
            Some(None) => Some(None),
            None => None,
        },
        abgeschlossen_am: None,
        title: fields.title.as_deref().map(title).transpose()?,
        body: fields.body.as_deref().map(body).transpose()?,
    })
}

fn kategorie(text: &str, situation: &mut Situation<'_>) -> Result<String, Refusal> {
    let lower = text.trim().to_lowercase();
    let word = if lower == "geschäftlich" { "arbeit" } else { &lower };
    let known = situation.categories();
    match known.iter().find(|category| category.to_lowercase() == word) {
        Some(category) => Ok(category.clone()),
        None => Err(unknown_word("kategorie", text, known)),
    }
}

fn status(text: &str) -> Result<Status, Refusal> {
    let known = || Status::ALL.map(|status| status.as_str().to_owned()).to_vec();
    Status::parse(text).ok_or_else(|| unknown_word("status", text, known()))
}

fn unknown_word(field: &'static str, value: &str, known: Vec<String>) -> Refusal {
    Refusal::field(field, Fault::UnknownWord { value: quoted(value), known })
}

/// A value of a request, short enough to be repeated in an error.
fn quoted(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(40).collect()
}

fn tags(tags: &[String]) -> Result<Vec<String>, Refusal> {
    if tags.len() > TAGS_MAX {
        return Err(Refusal::field("tags", Fault::TooMany { count_max: TAGS_MAX }));
    }
    tags.iter().map(|tag| line("tags", tag, TAG_CHARS_MAX)).collect()
}

fn title(text: &str) -> Result<String, Refusal> {
    line("title", text, TITLE_CHARS_MAX)
}

/// One line of text with something in it.
fn line(field: &'static str, text: &str, chars_max: usize) -> Result<String, Refusal> {
    let text = text.trim();
    let fault = if text.is_empty() {
        Fault::Empty
    } else if text.chars().any(is_line_breaking) {
        Fault::ControlCharacter
    } else if text.chars().count() > chars_max {
        Fault::TooLong { chars_max }
    } else {
        return Ok(text.to_owned());
    };
    Err(Refusal::field(field, fault))
}

/// Control characters, and the two separators that some readers take for the end of a line.
fn is_line_breaking(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn body(text: &str) -> Result<String, Refusal> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let fault = if text.chars().count() > BODY_CHARS_MAX {
        Fault::TooLong { chars_max: BODY_CHARS_MAX }
    } else if text.chars().any(control) {
        Fault::ControlCharacter
    } else {
        return Ok(text.to_owned());
    };
    Err(Refusal::field("body", fault))
}

fn datum(field: &'static str, text: &str) -> Result<NaiveDate, Refusal> {
    date::parse_request(text).ok_or_else(|| Refusal::field(field, Fault::NotADate { value: quoted(text) }))
}

/// A slot that a task can be fixed to: the rules give that day a slot of this name.
fn fixed_slot(slot: &SlotFields, situation: &mut Situation<'_>) -> Result<(NaiveDate, String), Refusal> {
    let day = required(slot.datum.as_deref(), "fixedSlot.datum").and_then(|text| datum("fixedSlot.datum", text))?;
    let zeit = required(slot.zeit.as_deref(), "fixedSlot.zeit")?;
    let known = situation.slots(day).iter().map(|slot| slot.zeit.clone()).collect();
    one_of_slots("fixedSlot.zeit", day, zeit, known).map(|zeit| (day, zeit))
}

/// A slot that a task was done in: one that the rules give that day, or one of the usual three.
pub(super) fn done_in(slot: &SlotFields, situation: &mut Situation<'_>) -> Result<(NaiveDate, String), Refusal> {
    let day = required(slot.datum.as_deref(), "datum").and_then(|text| datum("datum", text))?;
    let zeit = required(slot.zeit.as_deref(), "zeit")?;
    let mut known: Vec<String> = situation.slots(day).iter().map(|slot| slot.zeit.clone()).collect();
    known.extend(
        USUAL_SLOTS
            .iter()
            .filter(|usual| !known.iter().any(|zeit| zeit == *usual))
            .map(|usual| (*usual).to_owned())
            .collect::<Vec<_>>(),
    );
    one_of_slots("zeit", day, zeit, known).map(|zeit| (day, zeit))
}

fn one_of_slots(field: &'static str, datum: NaiveDate, zeit: &str, known: Vec<String>) -> Result<String, Refusal> {
    let wanted = zeit.trim().to_lowercase();
    if known.contains(&wanted) {
        return Ok(wanted);
    }
    Err(Refusal::field(field, Fault::NoSuchSlot { datum, zeit: quoted(zeit), known }))
}

fn required<'t>(text: Option<&'t str>, field: &'static str) -> Result<&'t str, Refusal> {
    text.ok_or_else(|| Refusal::field(field, Fault::Missing))
}
