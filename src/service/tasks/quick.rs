//! A task that is typed as one line: what it says, where it would stand, and adding it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::create::{compose, create};
use super::verbs::holder;
use super::{Fields, IdempotencyKey, Saved, SlotFields, reusable};
use crate::domain::date;
use crate::domain::difference::{Difference, between};
use crate::domain::ids::UserId;
use crate::domain::policy::SlotSpec;
use crate::domain::quick::{self, NoDay, Quick, QuickSlot};
use crate::service::Service;
use crate::service::change::{Decision, Situation};
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::store::Origin;

/// Days that are looked at for a slot whose day is left open.
const DAYS_LOOKED_AT: u64 = 14;

/// A line as it came.
#[derive(Clone, Debug)]
pub struct Line {
    pub text: String,
    /// The category where the line names none; else the first that the rules know.
    pub kategorie: Option<String>,
}

/// What a line was understood to say, and what adding it would come to.
#[derive(Clone, Debug)]
pub struct Looked {
    pub fields: Fields,
    pub id: String,
    /// Where the task would stand; `None` when it would have no slot.
    pub placed: Option<(String, String)>,
    /// What it would change, its own place included.
    pub difference: Difference,
}

impl Service {
    /// Adds the task that a line says. The same key with the same request gives the first one's answer, also while that one
    /// is under way: whoever clicks twice sees what came of it, and no error.
    ///
    /// # Errors
    /// A line that says nothing, or names a day, a slot or a category that there is not.
    pub async fn add_line(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        line: Line,
        key: Option<IdempotencyKey>,
    ) -> Result<Saved, ServiceError> {
        self.meet_remote(user).await?;
        let add = move |situation: &mut Situation<'_>| {
            let fields = fields(situation, &line)?;
            create(situation, &fields)
        };
        Ok(reusable(self.change_once_in_turn(user, origin, key, add).await?))
    }

    /// What [`Service::add_line`] would add. Nothing is changed.
    pub async fn look_at_line(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        line: Line,
    ) -> Result<Looked, ServiceError> {
        let look = move |situation: &mut Situation<'_>| {
            let fields = fields(situation, &line)?;
            let composed = compose(situation, &fields)?;
            let before = situation.plan();
            let after = situation.plan_after(&[composed.change]);
            let placed = after.answer.timeline.placed(composed.key.file.as_str());
            let placed = placed.map(|(day, zeit)| (date::to_text(day), zeit.to_owned()));
            let difference = between(&before.answer.timeline, &after.answer.timeline);
            Ok(Decision::Keep(Looked { fields, id: composed.key.id(), placed, difference }))
        };
        self.change(user, origin, look).await
    }
}

pub(super) fn week_from(today: NaiveDate) -> BTreeSet<NaiveDate> {
    today.iter_days().take(7).collect()
}

/// The names of all these slots, each once.
pub(super) fn names(days: &[Arc<[SlotSpec]>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for slot in days.iter().flat_map(|slots| slots.iter()) {
        if !names.contains(&slot.zeit) {
            names.push(slot.zeit.clone());
        }
    }
    names
}

/// The fields of the task that a line says.
fn fields(situation: &mut Situation<'_>, line: &Line) -> Result<Fields, ServiceError> {
    let (today, categories) = (situation.today(), situation.categories()?);
    let slots = week_from(today).into_iter().map(|day| situation.slots(day)).collect::<Result<Vec<_>, _>>()?;
    let slots = names(&slots);
    let unknown = |NoDay| Refusal::field("fixedSlot", Fault::Malformed { expected: quick::DAY });
    let Quick { title, kategorie, tags, deadline, slot } = quick::read(&line.text, today, &slots).map_err(unknown)?;
    let kategorie = kategorie.or_else(|| line.kategorie.clone()).or_else(|| categories.into_iter().next());
    let fixed_slot = slot.map(|slot| whole_slot(situation, slot)).transpose()?;
    if let Some((datum, zeit)) = &fixed_slot
        && let Some(by) = holder(situation, None, *datum, zeit)
    {
        return Err(Refusal::SlotTaken { datum: *datum, zeit: zeit.clone(), by }.into());
    }
    let fixed_slot = fixed_slot.map(|(datum, zeit)| SlotFields { datum: Some(date::to_text(datum)), zeit: Some(zeit) });
    Ok(Fields {
        kategorie,
        status: None,
        tags: (!tags.is_empty()).then_some(tags),
        deadline: deadline.map(|day| Some(date::to_text(day))),
        fixed_slot: fixed_slot.map(Some),
        // An empty one is refused as every empty title is.
        title: Some(title),
        body: None,
    })
}

/// The slot that is meant by a day alone, its first that is free, or by a slot alone, the next that is.
fn whole_slot(situation: &mut Situation<'_>, slot: QuickSlot) -> Result<(NaiveDate, String), ServiceError> {
    Ok(match slot {
        QuickSlot { datum: Some(day), zeit: Some(zeit) } => (day, zeit),
        QuickSlot { datum: Some(day), zeit: None } => {
            let slots = free_slots(situation, day)?;
            let first = slots.iter().find(|slot| slot.auto).or(slots.first());
            let Some(slot) = first else { return Err(no_slot(day, "").into()) };
            (day, slot.zeit.clone())
        }
        QuickSlot { datum: None, zeit } => {
            let (today, zeit) = (situation.today(), zeit.unwrap_or_default());
            let mut days = (0..DAYS_LOOKED_AT).filter_map(|days| today.checked_add_days(Days::new(days)));
            let day = days.find_map(|day| match free_slots(situation, day) {
                Ok(slots) if slots.iter().any(|slot| slot.zeit == zeit) => Some(Ok(day)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            });
            let Some(day) = day.transpose()? else { return Err(no_slot(today, &zeit).into()) };
            (day, zeit)
        }
    })
}

fn no_slot(datum: NaiveDate, zeit: &str) -> Refusal {
    Refusal::field("fixedSlot.zeit", Fault::NoSuchSlot { datum, zeit: zeit.to_owned(), known: Vec::new() })
}

/// The slots of a day that have not ended and that no open task is fixed to.
fn free_slots(situation: &mut Situation<'_>, day: NaiveDate) -> Result<Vec<SlotSpec>, ServiceError> {
    let now = situation.snapshot.settings.zone.local(situation.now);
    let is_over = |slot: &SlotSpec| day < now.date_naive() || (day == now.date_naive() && slot.to <= now.time());
    let slots = situation.slots(day)?;
    let is_free = |slot: &&SlotSpec| !is_over(slot) && holder(situation, None, day, &slot.zeit).is_none();
    Ok(slots.iter().filter(is_free).cloned().collect())
}
