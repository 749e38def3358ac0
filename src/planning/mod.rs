//! From tasks, policy and an instant to a timeline: pure, synchronous and total.
//!
//! The same input gives the same timeline, and no task is ever lost from it (see the laws in `laws.rs`).

mod closed;
mod explain;
mod fill;
mod horizon;
#[cfg(test)]
mod laws;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::domain::policy::{Policy, Verdict};
use crate::domain::task::Task;
use crate::domain::timeline::{InvalidDocument, Placement, PlannedDay, Timeline, Unplaced};
use fill::{Board, Queue};

pub use explain::{explain, find_slot, line, pinned};
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
    let mut board = Board::new(policy, horizon);
    let queue = queue(tasks, policy);
    board.fill(&queue);
    let closed = closed::days(policy, horizon, &queue);
    Timeline { closed, ..board.into_timeline(invalid) }
}

/// The open tasks in the order of events.
fn queue<'a>(tasks: &'a [Arc<Task>], policy: &'a Policy) -> Queue<'a> {
    let mut open: Vec<&Arc<Task>> = tasks.iter().filter(|task| task.is_open()).collect();
    open.sort_by(|a, b| a.key.cmp(&b.key));
    let (fixed, free): (Vec<_>, Vec<_>) = open.into_iter().partition(|task| task.binding_slot().is_some());
    let mut free = with_verdicts(free, policy);
    // Whom a rule sends ahead chooses first; equals stay in the order of rank.
    free.sort_by_key(|(_, verdict)| Reverse(verdict.map_or(0, |verdict| verdict.ahead())));
    Queue { fixed, free }
}

/// Each task with what the policy says of it, if it does. Both are in the order of keys, so one walk finds them all.
fn with_verdicts<'a>(tasks: Vec<&'a Arc<Task>>, policy: &'a Policy) -> Vec<(&'a Arc<Task>, Option<&'a Arc<Verdict>>)> {
    let mut verdicts = policy.verdicts.iter().peekable();
    let verdict_of = |task: &'a Arc<Task>| {
        while verdicts.next_if(|(key, _)| **key < task.key).is_some() {}
        let verdict = verdicts.next_if(|(key, _)| **key == task.key).map(|(_, verdict)| verdict);
        (task, verdict)
    };
    tasks.into_iter().map(verdict_of).collect()
}

/// Assembles the timeline of a filled board: what is offered by day, and the slot that is running.
fn assemble(board: Board<'_>, mut invalid: Vec<InvalidDocument>) -> Timeline {
    invalid.sort_by(|a, b| a.file.cmp(&b.file));
    let Board { horizon, slots, outcome, .. } = board;
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
        closed: Vec::new(),
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
