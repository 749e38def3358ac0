//! The plan under other rules beside the present one: what would be different.

mod json;

use std::sync::Arc;

use chrono::NaiveDate;

use super::Answer;
use crate::domain::difference::{Difference, Standing, between};
use crate::domain::slot_changes::{SlotChange, slot_changes};
use crate::domain::task::Task;

pub use json::PreviewJson;
pub(super) use json::{PlaceJson, WithoutSlotJson};

/// Two plans of the same tasks at the same instant, and everything in which they differ.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What is served now, also where its rules took the place of others that fail.
    pub present: Answer,
    pub candidate: Answer,
    pub difference: Difference,
    /// Tasks that miss their deadline at present and would not, by rank.
    pub met: Vec<Arc<Task>>,
    pub slots: Vec<SlotChange>,
}

/// A slot of a day.
pub type Place<'p> = (NaiveDate, &'p str);

/// What becomes of a task that would not stand where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate<'p> {
    Moved {
        from: Place<'p>,
        to: Place<'p>,
    },
    /// It comes into a slot and was in none.
    Placed {
        was: &'p Standing,
        to: Place<'p>,
    },
    /// It loses its slot, or was in line without one and is not any more.
    Dropped {
        from: Option<Place<'p>>,
        now: &'p Standing,
    },
    /// Without a slot before and after, for another reason.
    Explained {
        was: &'p Standing,
        now: &'p Standing,
    },
}

impl Preview {
    /// Both must be plans of the same tasks.
    pub fn of(present: Answer, candidate: Answer) -> Preview {
        let difference = between(&present.timeline, &candidate.timeline);
        let met = between(&candidate.timeline, &present.timeline).newly_missed;
        let slots = slot_changes(&present.timeline, &candidate.timeline);
        Preview { present, candidate, difference, met, slots }
    }

    /// Whether nothing would change: no place, no reason, no deadline, no slot.
    pub fn is_empty(&self) -> bool {
        // A task whose deadline is met again stands elsewhere.
        self.difference.is_empty() && self.slots.is_empty()
    }

    /// Every task that would not stand where it does, by rank.
    pub fn fates(&self) -> impl Iterator<Item = (&Task, Fate<'_>)> {
        self.difference.moves.iter().filter_map(|moved| {
            // Of the same tasks each stands somewhere in both.
            let (was, now) = (moved.from.as_ref()?, moved.to.as_ref()?);
            let fate = match (was.slot(), now.slot()) {
                (Some(from), Some(to)) => Fate::Moved { from, to },
                (None, Some(to)) => Fate::Placed { was, to },
                (Some(from), None) => Fate::Dropped { from: Some(from), now },
                (None, None) if *was == Standing::Waiting => Fate::Dropped { from: None, now },
                (None, None) => Fate::Explained { was, now },
            };
            Some((&*moved.task, fate))
        })
    }
}
