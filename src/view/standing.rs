//! Where a task stands, as people and programs read it.

use schemars::JsonSchema;
use serde::Serialize;

use super::text::{printable, reason, weekday};
use crate::domain::date;
use crate::domain::difference::{Stand, Standing};
use crate::domain::lang::Lang;
use crate::domain::timeline::{Reason, Unplaced};

/// Where a task stands in a timeline.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Standing")]
pub struct StandingJson<'a> {
    /// `slot`; `waiting` for a task that is simply in line; else why it has no slot, as in the timeline: `slot_taken`, `no_allowed_slot` …
    state: &'static str,
    /// With `slot`: the day, `DD.MM.YYYY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    datum: Option<String>,
    /// With `slot`: the slot's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    zeit: Option<&'a str>,
    /// The same in words, in the asker's language.
    text: String,
}

impl<'a> StandingJson<'a> {
    pub fn of(stand: &'a Stand, lang: Lang) -> StandingJson<'a> {
        let state = match &stand.standing {
            Standing::Slot { .. } => "slot",
            Standing::Waiting => "waiting",
            Standing::Without(reason) => reason.code(),
        };
        let slot = stand.standing.slot();
        let (datum, zeit) = (slot.map(|(date, _)| date::to_text(date)), slot.map(|(_, zeit)| zeit));
        StandingJson { state, datum, zeit, text: text(stand, lang) }
    }
}

/// Where a task stands, in words.
pub fn text(stand: &Stand, lang: Lang) -> String {
    match &stand.standing {
        Standing::Slot { date, zeit } => {
            format!("{} {} {}", weekday(*date, lang), date::to_text(*date), printable(zeit))
        }
        Standing::Waiting => lang.pick("in line", "in der Reihe").to_owned(),
        Standing::Without(why) => {
            let entry =
                Unplaced { task: stand.task.clone(), reason: why.clone(), deadline_missed: stand.deadline_missed };
            let words = reason(&entry, lang);
            match why {
                Reason::AfterHorizon => lang.pick(format!("later: {words}"), format!("später: {words}")),
                _ => words,
            }
        }
    }
}
