//! The timeline as JSON: the old system's fields keep names and meaning, the rest is added.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::domain::task::Task;
use crate::domain::timeline::{InvalidDocument, PlacedTask, Placement, PlannedDay, Reason, Unplaced};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimelineJson<'a> {
    user_id: &'a str,
    generated_at: String,
    cache_created_at: String,
    next_available_id: Option<String>,
    week_start: String,
    generation: u64,
    valid_until: String,
    time_zone: &'a str,
    rules: RulesJson<'a>,
    current: Option<SlotOfDayJson<'a>>,
    timeline: Vec<DayJson<'a>>,
    conflicts: Vec<UnplacedJson<'a>>,
    overdue: Vec<UnplacedJson<'a>>,
    later: Vec<UnplacedJson<'a>>,
    unplaced: Vec<UnplacedJson<'a>>,
    waiting: Vec<&'a str>,
    missed: Vec<MissedJson<'a>>,
    invalid: Vec<InvalidJson<'a>>,
}

#[derive(Serialize)]
struct RulesJson<'a> {
    name: &'a str,
    source: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DayJson<'a> {
    datum: String,
    /// 0 = Sunday.
    day_of_week: u32,
    slots: Vec<SlotJson<'a>>,
}

#[derive(Serialize)]
struct SlotJson<'a> {
    zeit: &'a str,
    von: String,
    bis: String,
    auto: bool,
    task: Option<PlacedJson<'a>>,
}

#[derive(Serialize)]
struct SlotOfDayJson<'a> {
    datum: String,
    #[serde(flatten)]
    slot: SlotJson<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    kategorie: &'a str,
    status: &'static str,
    tags: &'a [String],
    deadline: Option<String>,
    deadline_missed: bool,
    is_fixed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnplacedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_slot: Option<SlotRefJson>,
    deadline_missed: bool,
}

#[derive(Serialize)]
struct MissedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    deadline: Option<String>,
}

#[derive(Serialize)]
struct InvalidJson<'a> {
    file: &'a str,
    line: u32,
    reason: String,
}

/// `{datum, zeit}`: a reference to a slot as every JSON answer writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlotRefJson {
    pub datum: Option<String>,
    pub zeit: Option<String>,
}

impl From<&crate::domain::task::SlotRef> for SlotRefJson {
    fn from(slot: &crate::domain::task::SlotRef) -> Self {
        SlotRefJson { datum: slot.datum.map(date::to_text), zeit: slot.zeit.clone() }
    }
}

/// The bytes that `/codex` serves, and `plan --format json` prints. The same answer gives the same bytes.
pub fn timeline(answer: &Answer) -> Vec<u8> {
    let Answer { timeline, rules, .. } = answer;
    let generated_at = utc(answer.generated_at());
    let json = TimelineJson {
        user_id: answer.user.as_str(),
        cache_created_at: generated_at.clone(),
        generated_at,
        next_available_id: answer.next_number.map(|number| number.to_string()),
        week_start: date::to_text(timeline.today),
        generation: answer.generation.0,
        valid_until: answer.zone.local(timeline.valid_until).to_rfc3339_opts(SecondsFormat::AutoSi, false),
        time_zone: answer.zone.name(),
        rules: RulesJson {
            name: &rules.name,
            source: rules.source.as_str(),
            ok: rules.error.is_none(),
            error: rules.error.as_deref(),
        },
        current: timeline.current.as_ref().map(slot_of_day),
        timeline: timeline.days.iter().map(day).collect(),
        conflicts: unplaced(&timeline.conflicts),
        overdue: unplaced(&timeline.overdue),
        later: unplaced(&timeline.later),
        unplaced: unplaced(&timeline.unplaced),
        waiting: timeline.waiting.iter().map(|task| task.file().as_str()).collect(),
        missed: timeline.missed.iter().map(|task| missed(task)).collect(),
        invalid: timeline.invalid.iter().map(|document| invalid(document, answer.lang)).collect(),
    };
    // Strings, numbers and lists only: there is nothing in it that could fail to serialize.
    serde_json::to_vec(&json).unwrap_or_default()
}

/// An instant in UTC, to the millisecond when there are any.
pub fn utc(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn day(day: &PlannedDay) -> DayJson<'_> {
    DayJson {
        datum: date::to_text(day.date),
        day_of_week: day.date.weekday().num_days_from_sunday(),
        slots: day.slots.iter().map(slot).collect(),
    }
}

fn slot(slot: &Placement) -> SlotJson<'_> {
    SlotJson {
        zeit: &slot.zeit,
        von: slot.from.format("%H:%M").to_string(),
        bis: slot.to.format("%H:%M").to_string(),
        auto: slot.auto,
        task: slot.task.as_ref().map(placed),
    }
}

fn slot_of_day(placement: &Placement) -> SlotOfDayJson<'_> {
    SlotOfDayJson { datum: date::to_text(placement.date), slot: slot(placement) }
}

fn placed(placed: &PlacedTask) -> PlacedJson<'_> {
    let task = &*placed.task;
    PlacedJson {
        id: task.id(),
        file: task.file().as_str(),
        title: &task.title,
        kategorie: &task.kategorie,
        status: task.status.as_str(),
        tags: &task.tags,
        deadline: task.deadline.map(date::to_text),
        deadline_missed: placed.deadline_missed,
        is_fixed: placed.is_fixed,
    }
}

fn unplaced(entries: &[Unplaced]) -> Vec<UnplacedJson<'_>> {
    entries.iter().map(unplaced_one).collect()
}

fn unplaced_one(entry: &Unplaced) -> UnplacedJson<'_> {
    let (by, because) = match &entry.reason {
        Reason::SlotTaken { by } => (Some(by.id()), None),
        Reason::ExcludedByRule { because } => (None, Some(because.as_str())),
        Reason::NoAllowedSlot { because } => (None, because.as_deref()),
        Reason::SlotEnded | Reason::AfterHorizon | Reason::IncompleteFixedSlot | Reason::NoSuchSlot => (None, None),
    };
    UnplacedJson {
        id: entry.task.id(),
        file: entry.task.file().as_str(),
        title: &entry.task.title,
        reason: entry.reason.code(),
        by,
        because,
        fixed_slot: entry.task.fixed_slot.as_ref().map(SlotRefJson::from),
        deadline_missed: entry.deadline_missed,
    }
}

fn missed(task: &Task) -> MissedJson<'_> {
    MissedJson {
        id: task.id(),
        file: task.file().as_str(),
        title: &task.title,
        deadline: task.deadline.map(date::to_text),
    }
}

fn invalid(document: &InvalidDocument, lang: Lang) -> InvalidJson<'_> {
    InvalidJson { file: &document.file, line: document.problem.line, reason: document.problem.text(lang) }
}

/// Where each placed task of a timeline stands: file name → day and slot.
pub type Placements = HashMap<String, (String, String)>;

/// Reads the places back from what [`timeline`] wrote; nothing from bytes that it did not write.
pub fn placements(timeline: &[u8]) -> Placements {
    let Ok(read) = serde_json::from_slice::<ReadTimeline>(timeline) else { return Placements::new() };
    let days = read.timeline.into_iter().flat_map(|day| {
        let datum = day.datum;
        day.slots.into_iter().map(move |slot| (datum.clone(), slot))
    });
    let slots = days.chain(read.current.map(|current| (current.datum, current.slot)));
    slots.filter_map(|(datum, slot)| Some((slot.task?.file, (datum, slot.zeit)))).collect()
}

#[derive(Deserialize)]
struct ReadTimeline {
    current: Option<ReadSlotOfDay>,
    timeline: Vec<ReadDay>,
}

#[derive(Deserialize)]
struct ReadSlotOfDay {
    datum: String,
    #[serde(flatten)]
    slot: ReadSlot,
}

#[derive(Deserialize)]
struct ReadDay {
    datum: String,
    slots: Vec<ReadSlot>,
}

#[derive(Deserialize)]
struct ReadSlot {
    zeit: String,
    task: Option<ReadTask>,
}

#[derive(Deserialize)]
struct ReadTask {
    file: String,
}
