//! A preview as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Fate, Place, Preview};
use crate::domain::date;
use crate::domain::difference::Standing;
use crate::domain::lang::Lang;
use crate::domain::script::RuleError;
use crate::domain::slot_changes::{Opening, SlotChange};
use crate::domain::task::Task;
use crate::view::json::{MissedJson, RulesJson, clock_text, told};
use crate::view::rules::RuleErrorJson;

/// The plan under a list of rules beside the present one. Of a list that could not be set only the errors are there.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PreviewOfRules")]
pub struct PreviewJson<'a> {
    /// Whether the list could be set.
    ok: bool,
    /// What keeps it from that: the first error of each script.
    errors: Vec<RuleErrorJson<'a>>,
    #[serde(flatten)]
    difference: Option<DifferenceJson<'a>>,
}

/// What would be different. Lists are by rank, those of slots in the order of time.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DifferenceOfPlans")]
struct DifferenceJson<'a> {
    /// Whether anything would: false exactly if all of the lists are empty.
    changed: bool,
    /// The generation of the tasks that were planned.
    generation: u64,
    /// The rules of the present plan.
    present: RulesJson<'a>,
    /// The names of the scripts in the list, as `name` of a timeline's rules has them.
    candidate: &'a str,
    /// Tasks that go from one slot to another.
    moved: Vec<MovedJson<'a>>,
    /// Tasks that come into a slot and are in none at present.
    placed: Vec<NewlyPlacedJson<'a>>,
    /// Tasks that lose their slot, and those that are in line and would not be any more.
    dropped: Vec<DroppedJson<'a>>,
    /// Tasks that are in no slot and not in line, and would come into none, but for another reason.
    reasons: Vec<OtherReasonJson<'a>>,
    /// Tasks that would miss their deadline and do not at present, wherever they stand.
    missed: Vec<MissedJson<'a>>,
    /// Tasks that miss their deadline at present and would not any more.
    met: Vec<MissedJson<'a>>,
    /// Slots that would open, close, or be of another kind.
    slots: Vec<SlotChangeJson<'a>>,
    /// All of it drawn for a terminal, where a width was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "MovedTask")]
struct MovedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    from: PlaceJson<'a>,
    to: PlaceJson<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewlyPlacedTask")]
struct NewlyPlacedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    to: PlaceJson<'a>,
    /// Why it is in none at present.
    was: WithoutSlotJson<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DroppedTask")]
struct DroppedJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    /// The slot that it loses; null for one that is in line.
    from: Option<PlaceJson<'a>>,
    #[serde(flatten)]
    now: WithoutSlotJson<'a>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OtherReason")]
struct OtherReasonJson<'a> {
    id: String,
    file: &'a str,
    title: &'a str,
    /// The present reason.
    was: WithoutSlotJson<'a>,
    #[serde(flatten)]
    now: WithoutSlotJson<'a>,
}

/// Why a task is in no slot.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WithoutSlot")]
pub(in crate::view) struct WithoutSlotJson<'a> {
    /// `waiting` where it is simply in line; else a reason as the timeline has it.
    reason: &'static str,
    /// With `slot_taken`: the id of the task that holds the slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// What the rule says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
}

/// A slot of a day.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PlaceInPlan")]
pub(in crate::view) struct PlaceJson<'a> {
    /// `DD.MM.YYYY`
    datum: String,
    zeit: &'a str,
}

/// A slot that would not be as it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SlotChange")]
struct SlotChangeJson<'a> {
    #[serde(flatten)]
    place: PlaceJson<'a>,
    /// As it is; null for one that would open.
    from: Option<OpeningJson>,
    /// As it would be; null for one that would close.
    to: Option<OpeningJson>,
}

/// A slot without what is in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SlotItself")]
struct OpeningJson {
    /// When it begins, `HH:MM` in the user's time zone.
    von: String,
    /// When it ends.
    bis: String,
    /// Whether tasks that are fixed to no slot are put here.
    auto: bool,
    /// Whether tasks may still be put here; the slot that is running may not offer that any more.
    offered: bool,
}

impl<'a> PreviewJson<'a> {
    /// Of a list that could be set; drawn as well, where it is to be of some width.
    pub fn of(preview: &'a Preview, width: Option<usize>) -> PreviewJson<'a> {
        let text = width.map(|width| crate::view::text::preview(preview, width));
        PreviewJson { ok: true, errors: Vec::new(), difference: Some(DifferenceJson::of(preview, text)) }
    }

    /// Of a list that could not. `lang` is the asker's, where there is one.
    pub fn refused(errors: &'a [RuleError], lang: Option<Lang>) -> PreviewJson<'a> {
        PreviewJson { ok: false, errors: RuleErrorJson::list(errors, lang), difference: None }
    }
}

impl<'a> DifferenceJson<'a> {
    fn of(preview: &'a Preview, text: Option<String>) -> DifferenceJson<'a> {
        let (mut moved, mut placed, mut dropped, mut reasons) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (task, fate) in preview.fates() {
            let (id, file, title) = (task.id(), task.file().as_str(), task.title.as_str());
            match fate {
                Fate::Moved { from, to } => moved.push(MovedJson { id, file, title, from: from.into(), to: to.into() }),
                Fate::Placed { was, to } => {
                    placed.push(NewlyPlacedJson { id, file, title, to: to.into(), was: was.into() });
                }
                Fate::Dropped { from, now } => {
                    dropped.push(DroppedJson { id, file, title, from: from.map(PlaceJson::from), now: now.into() });
                }
                Fate::Explained { was, now } => {
                    reasons.push(OtherReasonJson { id, file, title, was: was.into(), now: now.into() });
                }
            }
        }
        DifferenceJson {
            changed: !preview.is_empty(),
            generation: preview.present.generation.0,
            present: RulesJson::of(&preview.present.rules),
            candidate: &preview.candidate.rules.name,
            moved,
            placed,
            dropped,
            reasons,
            missed: missed(preview.difference.newly_missed.iter().map(|task| &**task)),
            met: missed(preview.met.iter().map(|task| &**task)),
            slots: preview.slots.iter().map(SlotChangeJson::of).collect(),
            text,
        }
    }
}

fn missed<'a>(tasks: impl Iterator<Item = &'a Task>) -> Vec<MissedJson<'a>> {
    tasks.map(MissedJson::of).collect()
}

impl<'a> From<&'a Standing> for WithoutSlotJson<'a> {
    fn from(standing: &'a Standing) -> WithoutSlotJson<'a> {
        let Standing::Without(reason) = standing else {
            return WithoutSlotJson { reason: "waiting", by: None, because: None };
        };
        let (by, because) = told(reason);
        WithoutSlotJson { reason: reason.code(), by, because }
    }
}

impl<'a> From<Place<'a>> for PlaceJson<'a> {
    fn from((date, zeit): Place<'a>) -> PlaceJson<'a> {
        PlaceJson { datum: date::to_text(date), zeit }
    }
}

impl<'a> SlotChangeJson<'a> {
    fn of(change: &'a SlotChange) -> SlotChangeJson<'a> {
        let opening = |opening: &Opening| OpeningJson {
            von: clock_text(opening.from),
            bis: clock_text(opening.to),
            auto: opening.auto,
            offered: opening.is_offered,
        };
        SlotChangeJson {
            place: (change.date, change.zeit.as_str()).into(),
            from: change.before.as_ref().map(opening),
            to: change.after.as_ref().map(opening),
        }
    }
}
