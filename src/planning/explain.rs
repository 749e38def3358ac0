//! Why a task stands where it stands: the board is filled with those who come before it, and its own turn is taken with
//! somebody watching.

use std::sync::Arc;

use chrono::NaiveDate;

use super::fill::{Board, BoardSlot, Hindrance, Queue, Turn, verdict_or_anywhere};
use super::horizon::Horizon;
use super::queue;
use crate::domain::difference::Standing;
use crate::domain::explanation::{Claim, Considered, Explanation, Finding, Line, Prohibition};
use crate::domain::ids::DocKey;
use crate::domain::policy::{Policy, Verdict};
use crate::domain::task::{SlotRef, Task};
use crate::domain::timeline::Reason;

/// Why `task`, one of `tasks`, stands where [`super::plan`] of the same puts it. Which script said what is not known
/// here, and nothing of its line either.
pub fn explain(tasks: &[Arc<Task>], task: &Arc<Task>, policy: &Policy, horizon: &Horizon) -> Explanation {
    let (standing, considered) = match task.is_open() {
        true => turn(&board_before(tasks, task, policy, horizon), task),
        false => (None, Vec::new()),
    };
    let excluded_by = match &standing {
        Some(Standing::Without(Reason::ExcludedByRule { .. })) => refused_by(policy, task),
        _ => Vec::new(),
    };
    Explanation { task: task.clone(), standing, considered, excluded_by, line: None, counterfactual: None }
}

/// When a task has its turn that has no slot up to `last_day`. `horizon` is a longer one, and `policy` of all its days.
pub fn line(tasks: &[Arc<Task>], task: &Arc<Task>, policy: &Policy, horizon: &Horizon, last_day: NaiveDate) -> Line {
    let (standing, considered) = turn(&board_before(tasks, task, policy, horizon), task);
    let ahead = considered.into_iter().filter(|considered| last_day < considered.date);
    let ahead = ahead.filter_map(|considered| match considered.finding {
        Finding::Taken { by, claim: Claim::Ahead(_) | Claim::Rank } => Some(by),
        _ => None,
    });
    let turn = standing.as_ref().and_then(Standing::slot).map(|(date, zeit)| (date, zeit.to_owned()));
    Line { ahead: ahead.collect(), turn, days: horizon.days() }
}

/// What is found at any slot when the task has its turn, whether or not it looks there. `policy` must know the day.
pub fn find_slot(
    tasks: &[Arc<Task>],
    task: &Arc<Task>,
    (date, zeit): (NaiveDate, &str),
    policy: &Policy,
    horizon: &Horizon,
) -> Considered {
    let board = board_before(tasks, task, policy, horizon);
    let to_it = pinned_to(task, date, zeit);
    let finding = match board.turn_of_fixed(&to_it) {
        Turn::Without(Reason::SlotEnded) => Finding::Passed { is_over: true },
        Turn::Without(Reason::AfterHorizon) => Finding::AfterHorizon,
        Turn::Without(Reason::NoSuchSlot) => no_such_slot(policy, date),
        _ => at_own_turn(&board, tasks, task, (date, zeit)),
    };
    Considered { date, zeit: Some(zeit.to_owned()), finding }
}

/// What `pin` makes of the tasks, and which of them have to be unpinned for it, because they are fixed to the same slot.
pub fn pinned(tasks: &[Arc<Task>], key: &DocKey, (date, zeit): (NaiveDate, &str)) -> (Vec<Arc<Task>>, Vec<Arc<Task>>) {
    let mut unpinned = Vec::new();
    let with_pin = |task: &Arc<Task>| {
        if task.key == *key {
            return Arc::new(pinned_to(task, date, zeit));
        }
        if !holds(task, date, zeit) {
            return task.clone();
        }
        unpinned.push(task.clone());
        Arc::new(Task { fixed_slot: None, ..Task::clone(task) })
    };
    let tasks = tasks.iter().map(with_pin).collect();
    (tasks, unpinned)
}

fn pinned_to(task: &Task, date: NaiveDate, zeit: &str) -> Task {
    Task { fixed_slot: Some(SlotRef { datum: Some(date), zeit: Some(zeit.to_owned()) }), ..task.clone() }
}

fn holds(task: &Task, date: NaiveDate, zeit: &str) -> bool {
    task.is_open() && task.binding_slot() == Some((date, Some(zeit)))
}

/// The board as it is when the task has its turn.
fn board_before<'a>(tasks: &'a [Arc<Task>], task: &Task, policy: &'a Policy, horizon: &'a Horizon) -> Board<'a> {
    let Queue { mut fixed, mut free } = queue(tasks, policy);
    match fixed.iter().position(|other| other.key == task.key) {
        Some(at) => {
            fixed.truncate(at);
            free.clear();
        }
        None => {
            let at = free.iter().position(|(other, _)| other.key == task.key);
            free.truncate(at.unwrap_or(free.len()));
        }
    }
    let mut board = Board::new(policy, horizon);
    board.fill(&Queue { fixed, free });
    board
}

/// The turn of an open task, and what was found on the way.
fn turn(board: &Board<'_>, task: &Arc<Task>) -> (Option<Standing>, Vec<Considered>) {
    if task.binding_slot().is_some() {
        return turn_of_fixed(board, task);
    }
    let constraint = match verdict_of(board, task) {
        Verdict::Allowed(constraint) => constraint,
        Verdict::Never { because } => {
            return (Some(Standing::Without(Reason::ExcludedByRule { because: because.clone() })), Vec::new());
        }
    };
    let mut considered = Vec::new();
    let turn = board.turn_of_open(constraint, &mut board.line(constraint), |slot, hindrance| {
        considered.push(found(slot, passed_over(board, task, slot, hindrance)));
    });
    let standing = standing(board, turn);
    let last_day = standing.slot().map_or(board.horizon.last_day(), |(date, _)| date);
    if let Some((date, zeit)) = standing.slot() {
        considered.push(Considered { date, zeit: Some(zeit.to_owned()), finding: Finding::Chosen });
    }
    let is_closed = |date: &NaiveDate| board.policy.days.get(date).is_none_or(|slots| slots.is_empty());
    let closed = board.horizon.dates().take_while(|date| *date <= last_day).filter(is_closed);
    considered.extend(closed.map(|date| Considered { date, zeit: None, finding: Finding::Closed { by: None } }));
    considered.sort_by_key(|considered| considered.date);
    (Some(standing), considered)
}

fn turn_of_fixed(board: &Board<'_>, task: &Task) -> (Option<Standing>, Vec<Considered>) {
    let standing = standing(board, board.turn_of_fixed(task));
    let Some((date, Some(zeit))) = task.binding_slot() else { return (Some(standing), Vec::new()) };
    let finding = match &standing {
        Standing::Without(Reason::NoSuchSlot) => no_such_slot(board.policy, date),
        Standing::Without(Reason::SlotEnded) => Finding::Passed { is_over: true },
        Standing::Without(Reason::AfterHorizon) => Finding::AfterHorizon,
        Standing::Without(Reason::SlotTaken { by }) => Finding::Taken { by: by.clone(), claim: Claim::Rank },
        _ => Finding::Chosen,
    };
    (Some(standing), vec![Considered { date, zeit: Some(zeit.to_owned()), finding }])
}

/// What is found at a slot of the board that has not ended.
fn at_own_turn(board: &Board<'_>, tasks: &[Arc<Task>], task: &Arc<Task>, (date, zeit): (NaiveDate, &str)) -> Finding {
    let (standing, _) = turn(board, task);
    if standing.as_ref().and_then(Standing::slot) == Some((date, zeit)) {
        return Finding::Chosen;
    }
    // A task that is fixed keeps the others from it, also from being pinned to it, whichever number it has.
    let holder = tasks.iter().filter(|other| other.key != task.key && holds(other, date, zeit));
    let holder = holder.min_by(|one, other| one.key.cmp(&other.key));
    let is_there = |slot: &&BoardSlot<'_>| slot.date == date && slot.spec.zeit == zeit;
    match (holder, board.slots.iter().find(is_there)) {
        (Some(by), _) => Finding::Taken { by: by.clone(), claim: Claim::Fixed },
        (None, Some(slot)) if task.binding_slot().is_none() => match verdict_of(board, task) {
            Verdict::Allowed(constraint) => {
                let hindrance = slot.hindrance(constraint, board.horizon.now);
                hindrance.map_or(Finding::Free, |hindrance| passed_over(board, task, slot, hindrance))
            }
            Verdict::Never { .. } => Finding::Forbidden { by: refused_by(board.policy, task) },
        },
        (None, _) => Finding::Free,
    }
}

fn standing(board: &Board<'_>, turn: Turn) -> Standing {
    match turn {
        Turn::Slot(at) => board
            .slots
            .get(at)
            .map_or(Standing::Waiting, |slot| Standing::Slot { date: slot.date, zeit: slot.spec.zeit.clone() }),
        Turn::Waiting => Standing::Waiting,
        Turn::Without(reason) => Standing::Without(reason),
    }
}

fn found(slot: &BoardSlot<'_>, finding: Finding) -> Considered {
    Considered { date: slot.date, zeit: Some(slot.spec.zeit.clone()), finding }
}

fn verdict_of<'a>(board: &Board<'a>, task: &Task) -> &'a Verdict {
    verdict_or_anywhere(board.policy.verdicts.get(&task.key))
}

/// Why a slot was passed over.
fn passed_over(board: &Board<'_>, task: &Task, slot: &BoardSlot<'_>, hindrance: Hindrance) -> Finding {
    match (hindrance, &slot.task) {
        (Hindrance::Passed, _) => Finding::Passed { is_over: slot.window.has_ended(board.horizon.now) },
        (Hindrance::Forbidden, _) => Finding::Forbidden { by: refused_by(board.policy, task) },
        (Hindrance::Manual, _) => Finding::Manual,
        (Hindrance::Taken, None) => Finding::Free,
        (Hindrance::Taken, Some(holder)) => {
            let ahead = verdict_of(board, &holder.task).ahead();
            let claim = match ahead.checked_sub(verdict_of(board, task).ahead()) {
                _ if holder.is_fixed => Claim::Fixed,
                Some(by) if by > 0 => Claim::Ahead(by),
                _ => Claim::Rank,
            };
            Finding::Taken { by: holder.task.clone(), claim }
        }
    }
}

/// By all scripts together, until it is known by which.
fn refused_by(policy: &Policy, task: &Task) -> Vec<Prohibition> {
    let verdict = policy.verdicts.get(&task.key);
    verdict.map(|verdict| Prohibition { script: None, verdict: verdict.clone() }).into_iter().collect()
}

fn no_such_slot(policy: &Policy, date: NaiveDate) -> Finding {
    let slots = policy.days.get(&date).into_iter().flat_map(|slots| slots.iter());
    let known: Vec<String> = slots.map(|slot| slot.zeit.clone()).collect();
    match known.is_empty() {
        true => Finding::Closed { by: None },
        false => Finding::NoSuchSlot { known, removed_by: None },
    }
}
