//! Days and slots that requests name, or leave for us to name.

use chrono::{NaiveDate, Timelike};

use super::SlotFields;
use crate::domain::date;
use crate::service::change::Situation;
use crate::service::error::{Fault, Refusal, ServiceError, repeatable};

/// Slots that a task can always be marked as done in, whatever the rules gave the day.
const USUAL_SLOTS: [&str; 3] = ["morgens", "nachmittags", "abends"];

/// A slot that a task can be fixed to: the rules give that day a slot of this name. `fields` are the names
/// of day and slot in the request.
pub(super) fn fixed_slot(
    slot: &SlotFields,
    fields: [&'static str; 2],
    situation: &mut Situation<'_>,
) -> Result<(NaiveDate, String), ServiceError> {
    let day = required(slot.datum.as_deref(), fields[0]).and_then(|text| datum(fields[0], text))?;
    let zeit = required(slot.zeit.as_deref(), fields[1])?;
    let known = situation.slots(day)?.iter().map(|slot| slot.zeit.clone()).collect();
    Ok((day, one_of_slots(fields[1], day, zeit, known)?))
}

/// A slot that a task was done in: one that the rules give that day, or one of the usual three.
pub(super) fn done_in(slot: &SlotFields, situation: &mut Situation<'_>) -> Result<(NaiveDate, String), ServiceError> {
    let day = required(slot.datum.as_deref(), "datum").and_then(|text| datum("datum", text))?;
    let zeit = required(slot.zeit.as_deref(), "zeit")?;
    let mut known: Vec<String> = situation.slots(day)?.iter().map(|slot| slot.zeit.clone()).collect();
    known.extend(
        USUAL_SLOTS
            .iter()
            .filter(|usual| !known.iter().any(|zeit| zeit == *usual))
            .map(|usual| (*usual).to_owned())
            .collect::<Vec<_>>(),
    );
    Ok((day, one_of_slots("zeit", day, zeit, known)?))
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

/// The slot that somebody who names none means: the running one, else the last that began today, else
/// today's first; on a day without slots, the usual name of this time of day.
pub(super) fn usual_slot(situation: &mut Situation<'_>) -> Result<(NaiveDate, String), ServiceError> {
    let now = situation.snapshot.settings.zone.local(situation.now);
    let today = now.date_naive();
    let slots = situation.slots(today)?;
    let begun = slots.iter().rev().find(|slot| slot.from <= now.time());
    let zeit = match begun.or(slots.first()) {
        Some(slot) => slot.zeit.clone(),
        None if now.hour() < 13 => "morgens".to_owned(),
        None if now.hour() < 18 => "nachmittags".to_owned(),
        None => "abends".to_owned(),
    };
    Ok((today, zeit))
}

/// A date of the calendar that can be planned.
pub(super) fn datum(field: &'static str, text: &str) -> Result<NaiveDate, Refusal> {
    date::parse_request(text).ok_or_else(|| Refusal::field(field, Fault::NotADate { value: quoted(text) }))
}

/// Characters of a value that an error repeats.
const VALUE_CHARS_MAX: usize = 40;

/// A value of a request, short enough to be repeated in an error.
pub(super) fn quoted(value: &str) -> String {
    repeatable(value, VALUE_CHARS_MAX)
}
