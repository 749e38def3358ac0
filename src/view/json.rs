//! The timeline as JSON: the old system's fields keep names and meaning, the rest is added.

use chrono::{DateTime, Datelike, NaiveTime, SecondsFormat, Timelike, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::rules::RuleErrorJson;
use super::{Answer, RulesState};
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::domain::task::Task;
use crate::domain::timeline::{InvalidDocument, PlacedTask, Placement, PlannedDay, Reason, Unplaced};

/// The week as it is planned: what stands in which slot, and every open task that stands in none, with the reason.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Timeline")]
pub struct TimelineJson<'a> {
    /// The name of the user whose timeline it is.
    user_id: &'a str,
    /// The instant (RFC 3339) from which this timeline is valid: the last change or the last boundary.
    generated_at: String,
    /// The same as `generatedAt`.
    cache_created_at: String,
    /// The number that the next new task gets; null when all are used up.
    next_available_id: Option<String>,
    /// The first day, `DD.MM.YYYY`: today.
    week_start: String,
    /// Counts the user's changes; it never goes back.
    generation: u64,
    /// The instant (RFC 3339) at which the clock alone makes another timeline.
    valid_until: String,
    /// The user's time zone by its IANA name.
    time_zone: &'a str,
    rules: RulesJson<'a>,
    /// The slot that is running, whether or not it is still offered.
    current: Option<SlotOfDayJson<'a>>,
    /// The days with at least one slot, ascending.
    timeline: Vec<DayJson<'a>>,
    /// Tasks whose slot an earlier fixed task holds.
    conflicts: Vec<UnplacedJson<'a>>,
    /// Tasks whose slot has ended.
    overdue: Vec<UnplacedJson<'a>>,
    /// Tasks that are fixed to a day beyond these.
    later: Vec<UnplacedJson<'a>>,
    /// Tasks that no slot is allowed to, or whose slot does not exist.
    unplaced: Vec<UnplacedJson<'a>>,
    /// The files of the tasks that are simply in line.
    waiting: Vec<&'a str>,
    /// Tasks without a slot whose deadline falls into these days.
    missed: Vec<MissedJson<'a>>,
    /// Documents that cannot be read as tasks.
    invalid: Vec<InvalidJson<'a>>,
}

/// The rules that a timeline was planned with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Rules")]
pub(super) struct RulesJson<'a> {
    /// The names of their scripts in their order, joined by ` + `; more than three are cut after the third.
    name: &'a str,
    /// `user` for the user's own, `server` for those that the server was started with, or `builtin`.
    source: &'static str,
    /// Of the user's own: which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// Whether the rules that should apply did.
    ok: bool,
    /// Why they did not; those named here took their place.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RuleErrorJson<'a>>,
}

/// A day and its slots.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Day")]
struct DayJson<'a> {
    /// `DD.MM.YYYY`
    datum: String,
    /// 0 is Sunday.
    day_of_week: u32,
    slots: Vec<SlotJson<'a>>,
}

/// A stretch of a day that holds at most one task.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Slot")]
struct SlotJson<'a> {
    /// The slot's name; the built-in rules know `morgens`, `nachmittags` and `abends`.
    zeit: &'a str,
    /// When it begins, `HH:MM` in the user's time zone.
    von: String,
    /// When it ends.
    bis: String,
    /// Whether tasks that are fixed to no slot are put here.
    auto: bool,
    /// The task in it; null when it is free.
    task: Option<PlacedJson<'a>>,
}

/// A slot with its day.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SlotOfDay")]
struct SlotOfDayJson<'a> {
    /// `DD.MM.YYYY`
    datum: String,
    #[serde(flatten)]
    slot: SlotJson<'a>,
}

/// A task in a slot.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PlacedTask")]
struct PlacedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    kategorie: &'a str,
    status: &'static str,
    tags: &'a [String],
    /// `DD.MM.YYYY`
    deadline: Option<String>,
    /// Whether the slot comes after the deadline.
    deadline_missed: bool,
    /// Whether its document fixes it to this slot.
    is_fixed: bool,
}

/// A task without a slot, and why.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UnplacedTask")]
struct UnplacedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    /// `slot_taken`, `slot_ended`, `after_horizon`, `incomplete_fixed_slot`, `no_such_slot`, `no_allowed_slot` or
    /// `excluded_by_rule`.
    reason: &'static str,
    /// With `slot_taken`: the id of the task that holds the slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// What the rule says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    /// The slot that it is fixed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_slot: Option<SlotRefJson>,
    deadline_missed: bool,
}

/// A task whose deadline is missed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MissedTask")]
pub(super) struct MissedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    /// `DD.MM.YYYY`
    deadline: Option<String>,
}

/// A document that cannot be read as a task, and why.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnreadableDocument")]
struct InvalidJson<'a> {
    file: &'a str,
    /// The line that it fails at, from 1 on.
    line: u32,
    /// One sentence in the user's language.
    reason: String,
}

/// A slot of a day: `datum` as `DD.MM.YYYY`, and the slot's name. What a document leaves out is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SlotRef")]
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
        rules: RulesJson::of(rules),
        current: timeline.current.as_ref().map(slot_of_day),
        timeline: timeline.days.iter().map(day).collect(),
        conflicts: unplaced(&timeline.conflicts),
        overdue: unplaced(&timeline.overdue),
        later: unplaced(&timeline.later),
        unplaced: unplaced(&timeline.unplaced),
        waiting: timeline.waiting.iter().map(|task| task.file().as_str()).collect(),
        missed: timeline.missed.iter().map(|task| MissedJson::of(task)).collect(),
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
        von: clock_text(slot.from),
        bis: clock_text(slot.to),
        auto: slot.auto,
        task: slot.task.as_ref().map(placed),
    }
}

impl<'a> RulesJson<'a> {
    pub(super) fn of(rules: &'a RulesState) -> RulesJson<'a> {
        RulesJson {
            name: &rules.name,
            source: rules.source.as_str(),
            version: rules.version.map(|version| version.0),
            ok: rules.error.is_none(),
            error: rules.error.as_ref().map(|error| RuleErrorJson::of(error, None)),
        }
    }
}

pub(super) fn clock_text(time: NaiveTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
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

/// What is said of a reason beside its code: the id of the task that holds the slot, and the rule's own words.
pub(super) fn told(reason: &Reason) -> (Option<String>, Option<&str>) {
    match reason {
        Reason::SlotTaken { by } => (Some(by.id()), None),
        Reason::ExcludedByRule { because } => (None, Some(because.as_str())),
        Reason::NoAllowedSlot { because } => (None, because.as_deref()),
        Reason::SlotEnded | Reason::AfterHorizon | Reason::IncompleteFixedSlot | Reason::NoSuchSlot => (None, None),
    }
}

fn unplaced_one(entry: &Unplaced) -> UnplacedJson<'_> {
    let (by, because) = told(&entry.reason);
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

impl<'a> MissedJson<'a> {
    pub(super) fn of(task: &'a Task) -> MissedJson<'a> {
        MissedJson {
            id: task.id(),
            file: task.file().as_str(),
            title: &task.title,
            deadline: task.deadline.map(date::to_text),
        }
    }
}

fn invalid(document: &InvalidDocument, lang: Lang) -> InvalidJson<'_> {
    InvalidJson { file: &document.file, line: document.problem.line, reason: document.problem.text(lang) }
}
