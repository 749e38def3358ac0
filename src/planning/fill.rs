//! The board of slots and the two passes that fill it: fixed tasks first, then the open ones in line.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::horizon::{Horizon, Window};
use crate::domain::policy::{Constraint, Policy, SlotSpec, Verdict};
use crate::domain::task::Task;
use crate::domain::timeline::{InvalidDocument, PlacedTask, Reason, Timeline, Unplaced};

pub(super) struct BoardSlot<'a> {
    pub(super) date: NaiveDate,
    pub(super) spec: &'a SlotSpec,
    pub(super) window: Window,
    pub(super) task: Option<PlacedTask>,
}

/// Every task that did not get a slot, by what became of it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) conflicts: Vec<Unplaced>,
    pub(super) overdue: Vec<Unplaced>,
    pub(super) later: Vec<Unplaced>,
    pub(super) unplaced: Vec<Unplaced>,
    pub(super) waiting: Vec<Arc<Task>>,
    pub(super) waiting_missed: Vec<Arc<Task>>,
}

/// The slots of the horizon in the order of time.
pub(super) struct Board<'a> {
    pub(super) horizon: &'a Horizon,
    pub(super) policy: &'a Policy,
    pub(super) slots: Vec<BoardSlot<'a>>,
    pub(super) outcome: Outcome,
}

/// The open tasks in the order of events: those that are fixed, then those that stand in line, each with what the policy
/// says of it, if it does.
pub(super) struct Queue<'a> {
    pub(super) fixed: Vec<&'a Arc<Task>>,
    pub(super) free: Vec<(&'a Arc<Task>, Option<&'a Arc<Verdict>>)>,
}

/// What becomes of a task when its turn has come.
pub(super) enum Turn {
    /// It gets this slot of the board.
    Slot(usize),
    /// It is simply in line.
    Waiting,
    Without(Reason),
}

/// What keeps an open task from a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// No longer offered.
    Passed,
    Forbidden,
    /// Not filled by itself.
    Manual,
    Taken,
}

/// How far the line has come for all tasks of one verdict: slots before `next` are taken or forbidden to
/// them, so that equal tasks are placed in order and none looks at a slot twice.
pub(super) struct Line {
    next: usize,
    any_allowed: bool,
}

impl BoardSlot<'_> {
    /// The first of what keeps a task with this constraint from the slot. What would do so on an empty board goes before
    /// that somebody else holds it.
    pub(super) fn hindrance(&self, constraint: &Constraint, now: DateTime<Utc>) -> Option<Hindrance> {
        if !self.window.is_offered(now) {
            return Some(Hindrance::Passed);
        }
        if !constraint.allows(self.date, &self.spec.zeit) {
            return Some(Hindrance::Forbidden);
        }
        if !self.spec.auto {
            return Some(Hindrance::Manual);
        }
        self.task.is_some().then_some(Hindrance::Taken)
    }
}

/// What the policy says of a task, where that is nothing: it may go anywhere.
pub(super) fn verdict_or_anywhere(verdict: Option<&Arc<Verdict>>) -> &Verdict {
    static ANYWHERE: Verdict = Verdict::Allowed(Constraint::ANYWHERE);
    verdict.map_or(&ANYWHERE, |verdict| verdict)
}

impl<'a> Board<'a> {
    pub(super) fn new(policy: &'a Policy, horizon: &'a Horizon) -> Board<'a> {
        let mut slots = Vec::new();
        for date in horizon.dates() {
            for spec in policy.days.get(&date).into_iter().flat_map(|specs| specs.iter()) {
                slots.push(BoardSlot { date, spec, window: horizon.window(date, spec), task: None });
            }
        }
        Board { horizon, policy, slots, outcome: Outcome::default() }
    }

    /// Places all of them in the order of events.
    pub(super) fn fill(&mut self, queue: &Queue<'_>) {
        for task in &queue.fixed {
            let turn = self.turn_of_fixed(task);
            self.take(task, turn);
        }
        let mut lines: HashMap<*const Verdict, Line> = HashMap::new();
        for (task, verdict) in &queue.free {
            let turn = match verdict_or_anywhere(*verdict) {
                Verdict::Allowed(constraint) => {
                    // The key is an identity only: verdicts live in the policy for as long as the lines do.
                    let line = lines.entry(std::ptr::from_ref(verdict_or_anywhere(*verdict)));
                    let line = line.or_insert_with(|| self.line(constraint));
                    self.turn_of_open(constraint, line, |_, _| ())
                }
                Verdict::Never { because } => Turn::Without(Reason::ExcludedByRule { because: because.clone() }),
            };
            self.take(task, turn);
        }
    }

    /// A fixed task goes into exactly its slot, or into none. The order of the tests is part of the contract: the first
    /// that applies names the reason.
    pub(super) fn turn_of_fixed(&self, task: &Task) -> Turn {
        let Some((date, zeit)) = task.binding_slot() else { return Turn::Waiting };
        let Some(zeit) = zeit else { return Turn::Without(Reason::IncompleteFixedSlot) };
        let specs = self.policy.days.get(&date);
        let Some(spec) = specs.and_then(|specs| specs.iter().find(|spec| spec.zeit == zeit)) else {
            return Turn::Without(Reason::NoSuchSlot);
        };
        if self.horizon.window(date, spec).has_ended(self.horizon.now) {
            return Turn::Without(Reason::SlotEnded);
        }
        match self.slots.iter().position(|slot| slot.date == date && slot.spec.zeit == zeit) {
            None => Turn::Without(Reason::AfterHorizon),
            Some(at) => match &self.slots[at].task {
                Some(holder) => Turn::Without(Reason::SlotTaken { by: holder.task.clone() }),
                None => Turn::Slot(at),
            },
        }
    }

    /// Where tasks with this constraint begin to look.
    pub(super) fn line(&self, constraint: &Constraint) -> Line {
        let is_allowed = |slot: &BoardSlot<'_>| slot.spec.auto && constraint.allows(slot.date, &slot.spec.zeit);
        Line { next: 0, any_allowed: self.slots.iter().any(is_allowed) }
    }

    /// An open task goes into the earliest slot that nothing keeps it from. `passed_over` is told of those before it.
    pub(super) fn turn_of_open(
        &self,
        constraint: &Constraint,
        line: &mut Line,
        mut passed_over: impl FnMut(&BoardSlot<'a>, Hindrance),
    ) -> Turn {
        while let Some(slot) = self.slots.get(line.next) {
            line.next += 1;
            match slot.hindrance(constraint, self.horizon.now) {
                None => return Turn::Slot(line.next - 1),
                Some(hindrance) => passed_over(slot, hindrance),
            }
        }
        match line.any_allowed {
            true => Turn::Waiting,
            false => Turn::Without(Reason::NoAllowedSlot { because: constraint.because.clone() }),
        }
    }

    fn take(&mut self, task: &Arc<Task>, turn: Turn) {
        match turn {
            Turn::Slot(at) => {
                if let Some(slot) = self.slots.get_mut(at) {
                    let is_fixed = task.binding_slot().is_some();
                    slot.task =
                        Some(PlacedTask { task: task.clone(), is_fixed, deadline_missed: is_late(task, slot.date) });
                }
            }
            Turn::Waiting => {
                if self.is_missed(task) {
                    self.outcome.waiting_missed.push(task.clone());
                }
                self.outcome.waiting.push(task.clone());
            }
            Turn::Without(reason) => self.unplace(task, reason),
        }
    }

    fn unplace(&mut self, task: &Arc<Task>, reason: Reason) {
        let deadline_missed = self.is_missed(task);
        let list = match reason {
            Reason::SlotTaken { .. } => &mut self.outcome.conflicts,
            Reason::SlotEnded => &mut self.outcome.overdue,
            Reason::AfterHorizon => &mut self.outcome.later,
            Reason::IncompleteFixedSlot
            | Reason::NoSuchSlot
            | Reason::NoAllowedSlot { .. }
            | Reason::ExcludedByRule { .. } => &mut self.outcome.unplaced,
        };
        list.push(Unplaced { task: task.clone(), reason, deadline_missed });
    }

    /// For a task without a slot: whether its deadline falls before the end of the horizon.
    fn is_missed(&self, task: &Task) -> bool {
        task.deadline.is_some_and(|deadline| deadline <= self.horizon.last_day())
    }

    pub(super) fn into_timeline(mut self, invalid: Vec<InvalidDocument>) -> Timeline {
        // Fixed and open tasks can both end up here; the list is in the order of rank.
        self.outcome.unplaced.sort_by(|a, b| a.task.key.cmp(&b.task.key));
        super::assemble(self, invalid)
    }
}

fn is_late(task: &Task, slot_date: NaiveDate) -> bool {
    task.deadline.is_some_and(|deadline| deadline < slot_date)
}
