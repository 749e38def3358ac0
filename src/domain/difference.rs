//! What becomes of each task between one timeline and another.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::ids::DocKey;
use super::task::Task;
use super::timeline::{Reason, Timeline};

/// Where a task stands in a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In a slot, be it the running one.
    Slot { date: NaiveDate, zeit: String },
    /// Simply in line.
    Waiting,
    /// Without a slot, for this reason.
    Without(Reason),
}

impl Standing {
    pub fn slot(&self) -> Option<(NaiveDate, &str)> {
        match self {
            Standing::Slot { date, zeit } => Some((*date, zeit)),
            Standing::Waiting | Standing::Without(_) => None,
        }
    }

    /// Whether a reader is told the same of both: another title of the task that holds a slot is no other reason.
    pub fn is_same(&self, other: &Standing) -> bool {
        match (self, other) {
            (Standing::Without(Reason::SlotTaken { by: one }), Standing::Without(Reason::SlotTaken { by: other })) => {
                one.key == other.key
            }
            (one, other) => one == other,
        }
    }
}

/// A task, where it stands, and whether its deadline is missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    pub task: Arc<Task>,
    pub standing: Standing,
    pub deadline_missed: bool,
}

/// A task that stands elsewhere in the second timeline than in the first; `None` where it is not open or not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// As the second timeline has it, if it does.
    pub task: Arc<Task>,
    pub from: Option<Standing>,
    pub to: Option<Standing>,
}

/// What is different between two timelines, by rank. Nothing is in it exactly if every task stands where it stood and
/// misses no deadline that it did not miss.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub moves: Vec<Move>,
    /// Tasks that miss their deadline in the second timeline and did not in the first.
    pub newly_missed: Vec<Arc<Task>>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.newly_missed.is_empty()
    }
}

/// Where every task of a timeline stands.
pub fn stands(timeline: &Timeline) -> BTreeMap<&DocKey, Stand> {
    let placements = timeline.days.iter().flat_map(|day| &day.slots).chain(&timeline.current);
    let placed = placements.filter_map(|placement| {
        let placed = placement.task.as_ref()?;
        let standing = Standing::Slot { date: placement.date, zeit: placement.zeit.clone() };
        Some((&placed.task, standing, placed.deadline_missed))
    });
    let lists = [&timeline.conflicts, &timeline.overdue, &timeline.later, &timeline.unplaced];
    let listed = lists.into_iter().flatten();
    let listed = listed.map(|entry| (&entry.task, Standing::Without(entry.reason.clone()), entry.deadline_missed));
    let waiting = timeline.waiting.iter().map(|task| (task, Standing::Waiting, false));
    let stand = |(task, standing, deadline_missed): (_, _, _)| {
        let task: &Arc<Task> = task;
        (&task.key, Stand { task: Arc::clone(task), standing, deadline_missed })
    };
    let mut stands: BTreeMap<&DocKey, Stand> = placed.chain(listed).chain(waiting).map(stand).collect();
    for task in &timeline.missed {
        if let Some(stand) = stands.get_mut(&task.key) {
            stand.deadline_missed = true;
        }
    }
    stands
}

/// Where one task stands in a timeline, if it is in it.
pub fn stand_of(timeline: &Timeline, key: &DocKey) -> Option<Stand> {
    let slots = timeline.days.iter().flat_map(|day| &day.slots).chain(&timeline.current);
    let placed = slots.filter_map(|slot| Some((slot, slot.task.as_ref()?))).find(|(_, placed)| placed.task.key == *key);
    if let Some((slot, placed)) = placed {
        let standing = Standing::Slot { date: slot.date, zeit: slot.zeit.clone() };
        return Some(Stand { task: Arc::clone(&placed.task), standing, deadline_missed: placed.deadline_missed });
    }
    let lists = [&timeline.conflicts, &timeline.overdue, &timeline.later, &timeline.unplaced];
    let listed = lists.into_iter().flatten().find(|entry| entry.task.key == *key);
    let listed = listed.map(|entry| (&entry.task, Standing::Without(entry.reason.clone())));
    let waiting = || timeline.waiting.iter().find(|task| task.key == *key).map(|task| (task, Standing::Waiting));
    let (task, standing) = listed.or_else(waiting)?;
    let deadline_missed = timeline.missed.iter().any(|task| task.key == *key);
    Some(Stand { task: Arc::clone(task), standing, deadline_missed })
}

/// What is different in `after`.
pub fn between(before: &Timeline, after: &Timeline) -> Difference {
    let (mut before, after) = (stands(before), stands(after));
    let mut moves: BTreeMap<&DocKey, Move> = BTreeMap::new();
    let mut newly_missed = Vec::new();
    for (key, now) in after {
        let was = before.remove(key);
        if now.deadline_missed && !was.as_ref().is_some_and(|was| was.deadline_missed) {
            newly_missed.push(Arc::clone(&now.task));
        }
        let from = was.map(|was| was.standing);
        if from.as_ref().is_none_or(|from| !from.is_same(&now.standing)) {
            moves.insert(key, Move { task: now.task, from, to: Some(now.standing) });
        }
    }
    let gone = before.into_iter().map(|(key, was)| (key, Move { task: was.task, from: Some(was.standing), to: None }));
    moves.extend(gone);
    Difference { moves: moves.into_values().collect(), newly_missed }
}
