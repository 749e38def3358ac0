//! A task that is typed as one line: what it says, where it would stand, and adding it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::create::{compose, create};
use super::slot::fixed_slot;
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
    /// The slot that is taken instead of the one that the line names.
    pub slot: Option<SlotFields>,
}

/// What was understood of a line that cannot be added as it is.
#[derive(Clone, Debug)]
pub struct Understood {
    /// Without a slot where the one that is named cannot be had.
    pub fields: Fields,
    /// Free ones near that slot.
    pub offers: Vec<(String, String)>,
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

    /// What a line says that [`Service::add_line`] refuses. Nothing is changed.
    ///
    /// # Errors
    /// Rules that cannot say the slots of the days.
    pub async fn read_line(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        line: Line,
    ) -> Result<Understood, ServiceError> {
        let read = move |situation: &mut Situation<'_>| Ok(Decision::Keep(understood(situation, &line)?));
        self.change(user, origin, read).await
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
    let (fields, slot) = said(situation, line)?;
    let unknown = |NoDay| Refusal::field("fixedSlot", Fault::Malformed { expected: quick::DAY });
    let slot = match (&line.slot, slot) {
        (Some(slot), _) => Some(fixed_slot(slot, ["fixedSlot.datum", "fixedSlot.zeit"], situation)?),
        (None, Some(slot)) => Some(whole_slot(situation, slot.map_err(unknown)?)?),
        (None, None) => None,
    };
    if let Some((datum, zeit)) = &slot
        && let Some(by) = holder(situation, None, *datum, zeit)
    {
        return Err(Refusal::SlotTaken { datum: *datum, zeit: zeit.clone(), by }.into());
    }
    Ok(with_slot(fields, slot))
}

/// All that a line says but its slot, and which slot it names.
fn said(
    situation: &mut Situation<'_>,
    line: &Line,
) -> Result<(Fields, Option<Result<QuickSlot, NoDay>>), ServiceError> {
    let (today, categories) = (situation.today(), situation.categories()?);
    let slots = week_from(today).into_iter().map(|day| situation.slots(day)).collect::<Result<Vec<_>, _>>()?;
    let Quick { title, kategorie, tags, deadline, slot } = quick::read(&line.text, today, &names(&slots));
    let fields = Fields {
        kategorie: kategorie.or_else(|| line.kategorie.clone()).or_else(|| categories.into_iter().next()),
        status: None,
        tags: (!tags.is_empty()).then_some(tags),
        deadline: deadline.map(|day| Some(date::to_text(day))),
        fixed_slot: None,
        // An empty one is refused as every empty title is.
        title: Some(title),
        body: None,
    };
    Ok((fields, slot))
}

fn with_slot(fields: Fields, slot: Option<(NaiveDate, String)>) -> Fields {
    let slot = slot.map(|(datum, zeit)| SlotFields { datum: Some(date::to_text(datum)), zeit: Some(zeit) });
    Fields { fixed_slot: slot.map(Some), ..fields }
}

fn understood(situation: &mut Situation<'_>, line: &Line) -> Result<Understood, ServiceError> {
    let (fields, slot) = said(situation, line)?;
    let Some(Ok(named)) = slot.filter(|_| line.slot.is_none()) else {
        return Ok(Understood { fields, offers: Vec::new() });
    };
    match whole_slot(situation, named.clone()) {
        Ok((day, zeit)) if free_slots(situation, day)?.iter().any(|slot| slot.zeit == zeit) => {
            Ok(Understood { fields: with_slot(fields, Some((day, zeit))), offers: Vec::new() })
        }
        Ok(_) | Err(ServiceError::Refused(_)) => {
            let offers = offers(situation, &named)?.into_iter().map(|(day, zeit)| (date::to_text(day), zeit));
            Ok(Understood { fields, offers: offers.collect() })
        }
        Err(error) => Err(error),
    }
}

/// What is free near a slot that is not: on the same day, and so called on the next one.
fn offers(situation: &mut Situation<'_>, named: &QuickSlot) -> Result<Vec<(NaiveDate, String)>, ServiceError> {
    let Some(day) = named.datum else { return Ok(Vec::new()) };
    let mut offers = Vec::new();
    offers.extend(first_free(situation, day)?.map(|zeit| (day, zeit)));
    let next = next_free(situation, day.max(situation.today()), named.zeit.as_deref())?;
    offers.extend(next.filter(|next| !offers.contains(next)));
    Ok(offers)
}

/// The slot that is meant by a day alone, its first that is free, or by a slot alone, the next that is.
fn whole_slot(situation: &mut Situation<'_>, slot: QuickSlot) -> Result<(NaiveDate, String), ServiceError> {
    let found = match slot {
        QuickSlot { datum: Some(day), zeit: Some(zeit) } => Ok((day, zeit)),
        QuickSlot { datum: Some(day), zeit: None } => {
            first_free(situation, day)?.map(|zeit| (day, zeit)).ok_or_else(|| no_slot(day, ""))
        }
        QuickSlot { datum: None, zeit } => {
            let today = situation.today();
            let next = next_free(situation, today, zeit.as_deref())?;
            next.ok_or_else(|| no_slot(today, zeit.as_deref().unwrap_or_default()))
        }
    };
    Ok(found?)
}

/// The first free slot of a day, one that the rules fill before any other.
fn first_free(situation: &mut Situation<'_>, day: NaiveDate) -> Result<Option<String>, ServiceError> {
    let slots = free_slots(situation, day)?;
    Ok(slots.iter().find(|slot| slot.auto).or(slots.first()).map(|slot| slot.zeit.clone()))
}

/// The next free slot from a day on, of this name where one is wanted.
fn next_free(
    situation: &mut Situation<'_>,
    from: NaiveDate,
    zeit: Option<&str>,
) -> Result<Option<(NaiveDate, String)>, ServiceError> {
    for day in (0..DAYS_LOOKED_AT).filter_map(|days| from.checked_add_days(Days::new(days))) {
        let found = match zeit {
            Some(zeit) => free_slots(situation, day)?.into_iter().map(|slot| slot.zeit).find(|name| name == zeit),
            None => first_free(situation, day)?,
        };
        if let Some(zeit) = found {
            return Ok(Some((day, zeit)));
        }
    }
    Ok(None)
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
