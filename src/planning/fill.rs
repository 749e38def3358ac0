//! The board of slots and the two passes that fill it: fixed tasks first, then the open ones in line.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

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
    policy: &'a Policy,
    pub(super) slots: Vec<BoardSlot<'a>>,
    pub(super) outcome: Outcome,
}

/// How far the line has come for all tasks of one verdict: slots before `next` are taken or forbidden to
/// them, so that equal tasks are placed in order and none looks at a slot twice.
struct Line {
    next: usize,
    any_allowed: bool,
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

    /// Puts a fixed task into exactly its slot, or says why not. The order of the tests is part of the
    /// contract: the first that applies names the reason.
    pub(super) fn place_fixed(&mut self, task: &Arc<Task>) {
        let Some((date, zeit)) = task.binding_slot() else { return };
        let now = self.horizon.now;
        let Some(zeit) = zeit else { return self.unplace(task, Reason::IncompleteFixedSlot) };
        let specs = self.policy.days.get(&date);
        let Some(spec) = specs.and_then(|specs| specs.iter().find(|spec| spec.zeit == zeit)) else {
            return self.unplace(task, Reason::NoSuchSlot);
        };
        if self.horizon.window(date, spec).has_ended(now) {
            return self.unplace(task, Reason::SlotEnded);
        }
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.date == date && slot.spec.zeit == zeit) else {
            return self.unplace(task, Reason::AfterHorizon);
        };
        if let Some(holder) = &slot.task {
            let by = holder.task.clone();
            return self.unplace(task, Reason::SlotTaken { by });
        }
        slot.task = Some(PlacedTask { task: task.clone(), is_fixed: true, deadline_missed: is_late(task, date) });
    }

    /// Puts each open task, in order, into the earliest offered free slot that is auto-filled and allowed.
    pub(super) fn place_open(&mut self, tasks: &[(&Arc<Task>, Option<&Arc<Verdict>>)]) {
        let anywhere = Arc::new(Verdict::Allowed(Constraint::ANYWHERE));
        let mut lines: HashMap<*const Verdict, Line> = HashMap::new();
        for (task, verdict) in tasks {
            let verdict = verdict.unwrap_or(&anywhere);
            let constraint = match &**verdict {
                Verdict::Allowed(constraint) => constraint,
                Verdict::Never { because } => {
                    self.unplace(task, Reason::ExcludedByRule { because: because.clone() });
                    continue;
                }
            };
            // The key is an identity only: verdicts live in the policy for as long as the lines do.
            let line = lines.entry(Arc::as_ptr(verdict)).or_insert_with(|| Line {
                next: 0,
                any_allowed: self
                    .slots
                    .iter()
                    .any(|slot| slot.spec.auto && constraint.allows(slot.date, &slot.spec.zeit)),
            });
            self.place_next(task, constraint, line);
        }
    }

    fn place_next(&mut self, task: &Arc<Task>, constraint: &Constraint, line: &mut Line) {
        let now = self.horizon.now;
        while let Some(slot) = self.slots.get_mut(line.next) {
            line.next += 1;
            let free = slot.task.is_none() && slot.spec.auto && slot.window.is_offered(now);
            if free && constraint.allows(slot.date, &slot.spec.zeit) {
                let deadline_missed = is_late(task, slot.date);
                slot.task = Some(PlacedTask { task: task.clone(), is_fixed: false, deadline_missed });
                return;
            }
        }
        if !line.any_allowed {
            return self.unplace(task, Reason::NoAllowedSlot { because: constraint.because.clone() });
        }
        if self.is_missed(task) {
            self.outcome.waiting_missed.push(task.clone());
        }
        self.outcome.waiting.push(task.clone());
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
