//! Where tasks stand, read back from the bytes of a timeline: that is less work than planning once more.

use std::collections::HashMap;

use serde::Deserialize;

use super::text::{printable, weekday};
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::domain::task::Task;

/// What a timeline says of each task, by its file.
#[derive(Default)]
pub struct Placements {
    placed: HashMap<String, (String, String)>,
    without: HashMap<String, Without>,
}

/// Why a task has no slot, as a timeline says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Without {
    file: String,
    reason: String,
    by: Option<String>,
    because: Option<String>,
}

impl Placements {
    /// Reads what [`super::json::timeline`] wrote; nothing from bytes that it did not write.
    pub fn of(timeline: &[u8]) -> Placements {
        let Ok(read) = serde_json::from_slice::<ReadTimeline>(timeline) else { return Placements::default() };
        let days = read.timeline.into_iter().flat_map(|day| {
            let datum = day.datum;
            day.slots.into_iter().map(move |slot| (datum.clone(), slot))
        });
        let slots = days.chain(read.current.map(|current| (current.datum, current.slot)));
        let placed = slots.filter_map(|(datum, slot)| Some((slot.task?.file, (datum, slot.zeit)))).collect();
        let lists = [read.conflicts, read.overdue, read.later, read.unplaced];
        let without = lists.into_iter().flatten().map(|without| (without.file.clone(), without)).collect();
        Placements { placed, without }
    }

    /// Day and slot of a task that stands in one.
    pub fn placed(&self, file: &str) -> Option<&(String, String)> {
        self.placed.get(file)
    }

    /// Why a task stands in none; nothing for one that is simply in line.
    pub fn without(&self, file: &str) -> Option<&Without> {
        self.without.get(file)
    }
}

impl Without {
    /// Whether it will have its slot, on a day after these.
    pub fn is_later(&self) -> bool {
        self.reason == "after_horizon"
    }

    /// The same in words: which slot it is fixed to, and why it did not get that.
    pub fn text(&self, task: &Task, lang: Lang) -> String {
        let because = self.because.as_deref().map(printable).unwrap_or_default();
        let why = match self.reason.as_str() {
            "slot_taken" => {
                let by = self.by.as_deref().map(printable).unwrap_or_default();
                lang.pick(format!("{by} stands there"), format!("dort steht {by}"))
            }
            "slot_ended" => lang.pick("it has ended", "er ist vorbei").to_owned(),
            "after_horizon" => {
                lang.pick("these days do not reach there", "die Tage hier reichen nicht bis dahin").to_owned()
            }
            "incomplete_fixed_slot" => {
                lang.pick("no slot of that day is named", "kein Slot des Tages ist genannt").to_owned()
            }
            "no_such_slot" => lang.pick("there is no such slot", "den Slot gibt es nicht").to_owned(),
            "no_allowed_slot" if because.is_empty() => lang
                .pick("the rules allow no slot of these days", "die Regeln erlauben keinen Slot dieser Tage")
                .to_owned(),
            _ => because,
        };
        let Some((day, zeit)) = task.binding_slot() else { return why };
        let slot = [weekday(day, lang), &date::to_text(day), &zeit.map(printable).unwrap_or_default()].join(" ");
        let slot = slot.trim_end();
        if self.is_later() {
            return lang.pick(format!("fixed to {slot}: {why}"), format!("fest am {slot}: {why}"));
        }
        lang.pick(
            format!("fixed to {slot}, which it did not get: {why}"),
            format!("fest am {slot}, hat den Slot aber nicht: {why}"),
        )
    }
}

#[derive(Deserialize)]
struct ReadTimeline {
    current: Option<ReadSlotOfDay>,
    timeline: Vec<ReadDay>,
    conflicts: Vec<Without>,
    overdue: Vec<Without>,
    later: Vec<Without>,
    unplaced: Vec<Without>,
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
