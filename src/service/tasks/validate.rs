//! From the fields of a request to values: every rule about what may be written, in one place.

use super::Fields;
use super::slot::{datum, fixed_slot, quoted};
use crate::domain::document::Changes;
use crate::domain::task::Status;
use crate::service::change::Situation;
use crate::service::error::{Fault, Refusal, ServiceError};

/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 200;
/// The longest tag, in characters.
const TAG_CHARS_MAX: usize = 64;
/// The most tags of one task.
const TAGS_MAX: usize = 32;
/// The longest body, in characters; the document's own limit is in bytes and is checked when it is written.
const BODY_CHARS_MAX: usize = 64 * 1024;

/// The changes that the fields ask for.
///
/// # Errors
/// The first field that cannot be written, in the order of the file format.
pub(super) fn changes(fields: &Fields, situation: &mut Situation<'_>) -> Result<Changes, ServiceError> {
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
            Some(Some(slot)) => Some(Some(fixed_slot(slot, ["fixedSlot.datum", "fixedSlot.zeit"], situation)?)),
            Some(None) => Some(None),
            None => None,
        },
        abgeschlossen_am: None,
        title: fields.title.as_deref().map(title).transpose()?,
        body: fields.body.as_deref().map(body).transpose()?,
    })
}

fn kategorie(text: &str, situation: &mut Situation<'_>) -> Result<String, ServiceError> {
    let lower = text.trim().to_lowercase();
    let word = if lower == "geschäftlich" { "arbeit" } else { &lower };
    let known = situation.categories()?;
    match known.iter().find(|category| category.to_lowercase() == word) {
        Some(category) => Ok(category.clone()),
        None => Err(unknown_word("kategorie", text, known).into()),
    }
}

fn status(text: &str) -> Result<Status, Refusal> {
    let known = || Status::ALL.map(|status| status.as_str().to_owned()).to_vec();
    Status::parse(text).ok_or_else(|| unknown_word("status", text, known()))
}

fn unknown_word(field: &'static str, value: &str, known: Vec<String>) -> Refusal {
    Refusal::field(field, Fault::UnknownWord { value: quoted(value), known })
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
