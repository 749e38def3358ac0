//! Slots as scripts write and change them.

use chrono::NaiveTime;

use crate::domain::policy::SlotSpec;
use crate::rules::engine::{Native, fail};
use crate::rules::vocabulary::Vocabulary;

const NAME_CHARS_MAX: usize = 32;

/// One slot of a day. Whether it fits in its day is checked when the whole list is known.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Slot(pub SlotSpec);

pub(super) fn register(words: &mut Vocabulary<'_>) {
    words.engine.register_type_with_name::<Slot>("slot");
    words
        .function("slot", made)
        .method("slot", "cutoff", |slot: Slot, time: &str| -> Native<Slot> {
            Ok(Slot(SlotSpec { cutoff: read_time(time)?, ..slot.0 }))
        })
        .method("slot", "manual", |slot: Slot| Slot(SlotSpec { auto: false, ..slot.0 }))
        .method("slot", "auto", |slot: Slot| Slot(SlotSpec { auto: true, ..slot.0 }))
        .method("slot", "to_string", |slot: &mut Slot| slot.0.zeit.clone())
        .operator("slot", "==", |a: Slot, b: Slot| a.0 == b.0)
        .operator("slot", "!=", |a: Slot, b: Slot| a.0 != b.0)
        .property("slot", "name", |slot: &mut Slot| slot.0.zeit.clone())
        .property("slot", "from", |slot: &mut Slot| show(slot.0.from))
        .property("slot", "to", |slot: &mut Slot| show(slot.0.to))
        .property("slot", "cutoff", |slot: &mut Slot| show(slot.0.cutoff))
        .property("slot", "auto", |slot: &mut Slot| slot.0.auto);
    words.engine.register_fn("to_debug", |slot: &mut Slot| slot.0.zeit.clone());
}

/// `slot("name", "09:00", "12:30")`
pub(in crate::rules) fn made(name: &str, from: &str, to: &str) -> Native<Slot> {
    let (zeit, from, to) = (read_name(name)?, read_time(from)?, read_time(to)?);
    if from >= to {
        return fail(format!("slot '{zeit}' must begin before it ends; none goes across midnight"));
    }
    Ok(Slot(SlotSpec { zeit, from, to, cutoff: from, auto: true }))
}

/// A slot's name in the form that it is compared in.
pub(super) fn read_name(name: &str) -> Native<String> {
    let zeit = name.trim().to_lowercase();
    let wordly = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    if zeit.is_empty() || zeit.chars().count() > NAME_CHARS_MAX || !zeit.chars().all(wordly) {
        return fail(format!("a slot's name is a word of at most {NAME_CHARS_MAX} letters and digits"));
    }
    Ok(zeit)
}

pub(in crate::rules) fn read_time(text: &str) -> Native<NaiveTime> {
    let time = text.trim().split_once(':').and_then(|(hour, minute)| {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let shape_ok = (1..=2).contains(&hour.len()) && minute.len() == 2 && digits(hour) && digits(minute);
        shape_ok.then(|| NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0))?
    });
    match time {
        Some(time) => Ok(time),
        None => fail(format!("'{text}' is not a time of the day; write it as 09:30")),
    }
}

fn show(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}
