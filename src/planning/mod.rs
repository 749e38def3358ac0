//! From tasks, policy and an instant to a timeline: pure, synchronous and total.
//!
//! The same input gives the same timeline, and no task is ever lost from it (see the laws in `laws.rs`).

mod fill;
mod horizon;
#[cfg(test)]
mod laws;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::policy::Policy;
use crate::domain::task::Task;
use crate::domain::timeline::{InvalidDocument, Placement, PlannedDay, Timeline, Unplaced};

pub use horizon::{DAYS_DEFAULT, DAYS_MAX, Horizon};

/// The version of the planner. Raise it whenever the same input may give another timeline or other
/// bytes: stored timelines of an earlier version are then rebuilt.
pub const PLANNER_VERSION: u32 = 1;

/// The days whose slots the planner will ask the policy for: the horizon and every day that an open
/// task is fixed to.
pub fn days_asked(tasks: &[Arc<Task>], horizon: &Horizon) -> BTreeSet<NaiveDate> {
    let fixed = tasks.iter().filter(|task| task.is_open()).filter_map(|task| task.binding_slot());
    horizon.dates().chain(fixed.map(|(date, _)| date)).collect()
}

/// Whether the policy has to say where this task may go: it is open and not fixed.
pub fn needs_verdict(task: &Task) -> bool {
    task.is_open() && task.binding_slot().is_none()
}

/// Places the tasks. Those that are not open are left out; the order of `tasks` does not matter.
///
/// `policy` must hold the slots of [`days_asked`] and a verdict for each task that [`needs_verdict`];
/// a day that it does not hold has no slots, a task without a verdict may go anywhere.
pub fn plan(tasks: &[Arc<Task>], invalid: Vec<InvalidDocument>, policy: &Policy, horizon: &Horizon) -> Timeline {
    let mut open: Vec<&Arc<Task>> = tasks.iter().filter(|task| task.is_open()).collect();
    open.sort_by(|a, b| a.key.cmp(&b.key));
    let (fixed, mut free): (Vec<_>, Vec<_>) = open.into_iter().partition(|task| task.binding_slot().is_some());

    let mut board = fill::Board::new(policy, horizon);
    for task in fixed {
        board.place_fixed(task);
    }
    // Whom a rule sends ahead chooses first; equals stay in the order of rank.
    free.sort_by_cached_key(|task| Reverse(policy.verdicts.get(&task.key).map_or(0, |verdict| verdict.ahead())));
    board.place_open(&free);
    board.into_timeline(invalid)
}

/// Assembles the timeline of a filled board: what is offered by day, and the slot that is running.
fn assemble(board: fill::Board<'_>, mut invalid: Vec<InvalidDocument>) -> Timeline {
    invalid.sort_by(|a, b| a.file.cmp(&b.file));
    let fill::Board { horizon, slots, outcome, .. } = board;
    let (valid_from, valid_until) = horizon.validity(slots.iter().map(|slot| &slot.window));
    let mut days: Vec<PlannedDay> = Vec::new();
    let mut current = None;
    for slot in slots {
        let placement = Placement {
            date: slot.date,
            zeit: slot.spec.zeit.clone(),
            from: slot.spec.from,
            to: slot.spec.to,
            auto: slot.spec.auto,
            task: slot.task,
        };
        if slot.window.is_running(horizon.now) {
            current = Some(placement.clone());
        }
        if slot.window.is_offered(horizon.now) {
            match days.last_mut() {
                Some(day) if day.date == slot.date => day.slots.push(placement),
                _ => days.push(PlannedDay { date: slot.date, slots: vec![placement] }),
            }
        }
    }
    let missed = missed(&outcome);
    let fill::Outcome { conflicts, overdue, later, unplaced, waiting, .. } = outcome;
    Timeline {
        today: horizon.today(),
        valid_from,
        valid_until,
        current,
        days,
        conflicts,
        overdue,
        later,
        unplaced,
        waiting,
        missed,
        invalid,
    }
}

/// The tasks without a slot whose deadline falls before the end of the horizon, by rank.
fn missed(outcome: &fill::Outcome) -> Vec<Arc<Task>> {
    let lists = [&outcome.conflicts, &outcome.overdue, &outcome.later, &outcome.unplaced];
    let listed = lists.into_iter().flatten().filter(|entry| entry.deadline_missed).map(|entry: &Unplaced| &entry.task);
    let mut missed: Vec<Arc<Task>> = listed.chain(&outcome.waiting_missed).cloned().collect();
    missed.sort_by(|a, b| a.key.cmp(&b.key));
    missed
}
