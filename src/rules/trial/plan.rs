//! A plan as tests look at it.

use std::rc::Rc;

use chrono::NaiveDate;
use rhai::{Array, Dynamic};

use crate::domain::date;
use crate::domain::task::Task;
use crate::domain::timeline::{Placement, Reason, Timeline, Unplaced};
use crate::rules::api::calendar::{Date, read_date};
use crate::rules::engine::{Native, fail, shortened};
use crate::rules::names;
use crate::rules::vocabulary::Vocabulary;

/// What the planner made of a test's tasks.
#[derive(Clone, Debug)]
pub(super) struct Plan(pub Rc<Timeline>);

/// Where a task is.
enum Stand<'a> {
    Slot(&'a Placement),
    Waiting,
    Without(&'static str, &'a Reason),
}

pub(super) fn register(words: &mut Vocabulary<'_>) {
    words.engine.register_type_with_name::<Plan>("plan");
    words
        .method("plan", "slot_of", |plan: Plan, id: &str| plan.slot_of(id))
        .method("plan", "slot_of", |plan: Plan, number: i64| plan.slot_of(&id_of(number)))
        .method("plan", "state_of", |plan: Plan, id: &str| plan.state_of(id))
        .method("plan", "state_of", |plan: Plan, number: i64| plan.state_of(&id_of(number)))
        .method("plan", "reason_of", |plan: Plan, id: &str| plan.reason_of(id))
        .method("plan", "reason_of", |plan: Plan, number: i64| plan.reason_of(&id_of(number)))
        .method("plan", "at", |plan: Plan, day: &str, zeit: &str| plan.at(read_date(day)?.0, zeit))
        .method("plan", "at", |plan: Plan, day: Date, zeit: &str| plan.at(day.0, zeit))
        .method("plan", "slots_on", |plan: Plan, day: &str| -> Native<Array> { Ok(plan.slots_on(read_date(day)?.0)) })
        .method("plan", "slots_on", |plan: Plan, day: Date| plan.slots_on(day.0))
        .property("plan", "waiting", |plan: &mut Plan| -> Array {
            plan.0.waiting.iter().map(|task| Dynamic::from(task.id())).collect()
        });
}

/// A number as people say it.
fn id_of(number: i64) -> String {
    format!("{number:04}")
}

impl Plan {
    /// `13.10.2025 morgens`; nothing for a task that has no slot.
    fn slot_of(&self, id: &str) -> Native<Dynamic> {
        Ok(match self.stand(id)? {
            Stand::Slot(slot) => Dynamic::from(format!("{} {}", date::to_text(slot.date), slot.zeit)),
            Stand::Waiting | Stand::Without(..) => Dynamic::UNIT,
        })
    }

    fn state_of(&self, id: &str) -> Native<String> {
        Ok(match self.stand(id)? {
            Stand::Slot(_) => "placed",
            Stand::Waiting => "waiting",
            Stand::Without(state, _) => state,
        }
        .to_owned())
    }

    /// The rule's own words where it has any; nothing for a task that has a slot or waits for one.
    fn reason_of(&self, id: &str) -> Native<Dynamic> {
        Ok(match self.stand(id)? {
            Stand::Slot(_) | Stand::Waiting => Dynamic::UNIT,
            Stand::Without(
                _,
                Reason::ExcludedByRule { because } | Reason::NoAllowedSlot { because: Some(because) },
            ) => Dynamic::from(because.clone()),
            Stand::Without(_, reason) => Dynamic::from(reason.code().to_owned()),
        })
    }

    /// The id of the task in a slot; nothing where the slot is free.
    fn at(&self, day: NaiveDate, zeit: &str) -> Native<Dynamic> {
        let zeit = zeit.trim().to_lowercase();
        let Some(slot) = self.slots().find(|slot| slot.date == day && slot.zeit == zeit) else {
            let sentence = format!("no slot '{}' is offered on {}", shortened(&zeit), date::to_text(day));
            let near = self.slots().filter(|slot| slot.date == day).map(|slot| slot.zeit.as_str());
            return fail(names::suggest(sentence, &zeit, near));
        };
        Ok(slot.task.as_ref().map_or(Dynamic::UNIT, |placed| Dynamic::from(placed.task.id())))
    }

    /// The names of the slots that are offered on a day; none on a closed one.
    fn slots_on(&self, day: NaiveDate) -> Array {
        let days = self.0.days.iter().filter(|planned| planned.date == day);
        days.flat_map(|day| &day.slots).map(|slot| Dynamic::from(slot.zeit.clone())).collect()
    }

    fn slots(&self) -> impl Iterator<Item = &Placement> {
        self.0.days.iter().flat_map(|day| &day.slots).chain(&self.0.current)
    }

    fn stand(&self, id: &str) -> Native<Stand<'_>> {
        let holds = |slot: &&Placement| slot.task.as_ref().is_some_and(|placed| placed.task.id() == id);
        if let Some(slot) = self.slots().find(holds) {
            return Ok(Stand::Slot(slot));
        }
        if self.0.waiting.iter().any(|task| task.id() == id) {
            return Ok(Stand::Waiting);
        }
        let without = self.without().find(|(_, entry)| entry.task.id() == id);
        match without {
            Some((state, entry)) => Ok(Stand::Without(state, &entry.reason)),
            None => fail(self.unknown(id)),
        }
    }

    /// The lists of tasks without a slot, each by its word.
    fn without(&self) -> impl Iterator<Item = (&'static str, &Unplaced)> {
        let lists = [
            ("conflict", &self.0.conflicts),
            ("overdue", &self.0.overdue),
            ("later", &self.0.later),
            ("unplaced", &self.0.unplaced),
        ];
        lists.into_iter().flat_map(|(state, list)| list.iter().map(move |entry| (state, entry)))
    }

    fn unknown(&self, id: &str) -> String {
        let placed = self.slots().filter_map(|slot| slot.task.as_ref().map(|placed| &placed.task));
        let without = self.without().map(|(_, entry)| &entry.task);
        let tasks = placed.chain(without).chain(&self.0.waiting);
        let ids: Vec<String> = tasks.map(|task: &std::sync::Arc<Task>| task.id()).collect();
        let sentence = format!("the plan has no open task '{}'", shortened(id));
        names::suggest(sentence, id, ids.iter().map(String::as_str))
    }
}
