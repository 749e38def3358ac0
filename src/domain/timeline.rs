//! The timeline: the placements of a horizon, and every task that is not in it with the reason.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::problem::Problem;
use super::task::Task;

/// What the planner answers. Every candidate appears in it exactly once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    pub today: NaiveDate,
    /// The last instant at or before `now` at which the answer changed by the clock alone.
    pub valid_from: DateTime<Utc>,
    /// The next instant at which anything in the answer would change.
    pub valid_until: DateTime<Utc>,
    /// The slot that is running, whether or not it is still offered.
    pub current: Option<Placement>,
    /// Days with at least one offered slot, ascending.
    pub days: Vec<PlannedDay>,
    /// Days of the horizon that are kept free of tasks, ascending.
    pub closed: Vec<ClosedDay>,
    pub conflicts: Vec<Unplaced>,
    pub overdue: Vec<Unplaced>,
    pub later: Vec<Unplaced>,
    pub unplaced: Vec<Unplaced>,
    /// Open tasks that are simply in line.
    pub waiting: Vec<Arc<Task>>,
    /// Tasks that have no slot and whose deadline falls before the end of the horizon.
    pub missed: Vec<Arc<Task>>,
    pub invalid: Vec<InvalidDocument>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDay {
    pub date: NaiveDate,
    pub slots: Vec<Placement>,
}

/// A day that the rules give no slots, or on which they want none of the tasks that stand in line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    pub date: NaiveDate,
    /// The rules' own words, where they say why.
    pub because: Option<String>,
}

/// A slot of a day and the task in it, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub date: NaiveDate,
    pub zeit: String,
    pub from: NaiveTime,
    pub to: NaiveTime,
    pub auto: bool,
    pub task: Option<PlacedTask>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedTask {
    pub task: Arc<Task>,
    /// Fixed to this slot by its document, not put here by the rules.
    pub is_fixed: bool,
    pub deadline_missed: bool,
}

/// A task without a slot that needs somebody's attention, or that lies beyond the horizon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    pub task: Arc<Task>,
    pub reason: Reason,
    pub deadline_missed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The slot is held by an earlier fixed task.
    SlotTaken {
        by: Arc<Task>,
    },
    /// The slot it was fixed to has ended.
    SlotEnded,
    AfterHorizon,
    IncompleteFixedSlot,
    NoSuchSlot,
    /// No auto-filled slot of the whole horizon is allowed to it.
    NoAllowedSlot {
        because: Option<String>,
    },
    ExcludedByRule {
        because: String,
    },
}

impl Reason {
    /// The stable word that JSON carries.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::SlotTaken { .. } => "slot_taken",
            Reason::SlotEnded => "slot_ended",
            Reason::AfterHorizon => "after_horizon",
            Reason::IncompleteFixedSlot => "incomplete_fixed_slot",
            Reason::NoSuchSlot => "no_such_slot",
            Reason::NoAllowedSlot { .. } => "no_allowed_slot",
            Reason::ExcludedByRule { .. } => "excluded_by_rule",
        }
    }
}

/// A document that is kept but cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDocument {
    pub file: String,
    pub problem: Problem,
}

impl Timeline {
    /// Where a task of this file stands: its day and slot, if it has one.
    pub fn placed(&self, file: &str) -> Option<(NaiveDate, &str)> {
        let holds = |slot: &&Placement| slot.task.as_ref().is_some_and(|placed| placed.task.file().as_str() == file);
        let slots = self.days.iter().flat_map(|day| &day.slots);
        slots.chain(&self.current).find(holds).map(|slot| (slot.date, slot.zeit.as_str()))
    }
}
