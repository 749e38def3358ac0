//! The laws of the difference between two plans: of other rules, at another instant, of other tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use proptest::prelude::*;

use super::{Case, Horizon, VERDICTS, ZONES, any_case};
use crate::domain::difference::{Difference, Standing, between, stands};
use crate::domain::ids::{DocKey, FileName};
use crate::domain::slot_changes::{Opening, slot_changes};
use crate::domain::task::{SlotRef, Status, Task};
use crate::domain::timeline::Timeline;
use crate::domain::zone::Zone;

/// What is another in a case.
#[derive(Clone, Debug)]
struct Other {
    closed: u32,
    /// How far the verdicts are moved on among the tasks.
    verdicts: usize,
    /// Of so many tasks one is left out.
    without: usize,
    hours: i64,
}

impl Other {
    fn of(&self, case: &Case) -> Timeline {
        let kept = case.tasks.iter().enumerate().filter(|(at, _)| self.without == 0 || at % (self.without + 1) != 0);
        let tasks = kept.map(|(_, (task, verdict))| (Arc::clone(task), (verdict + self.verdicts) % VERDICTS)).collect();
        let mut other = Case { tasks, closed: self.closed, ..case.clone() };
        other.horizon.now += TimeDelta::hours(self.hours);
        other.plan_of(&other.tasks)
    }
}

fn any_other() -> impl Strategy<Value = Other> {
    let (verdicts, without) = (prop_oneof![Just(0), 0..VERDICTS], prop_oneof![Just(0_usize), 0_usize..6]);
    let hours = prop_oneof![Just(0_i64), 0_i64..72];
    (0_u32..4, verdicts, without, hours).prop_map(|(closed, verdicts, without, hours)| Other {
        closed,
        verdicts,
        without,
        hours,
    })
}

/// Where a task stands, looked for list by list.
fn found(timeline: &Timeline, key: &DocKey) -> Option<Standing> {
    let slots = timeline.days.iter().flat_map(|day| &day.slots).chain(&timeline.current);
    let mut in_slots = slots.filter(|slot| slot.task.as_ref().is_some_and(|placed| placed.task.key == *key));
    let lists = [&timeline.conflicts, &timeline.overdue, &timeline.later, &timeline.unplaced];
    let mut listed = lists.into_iter().flatten().filter(|entry| entry.task.key == *key);
    match (in_slots.next(), listed.next()) {
        (Some(slot), None) => Some(Standing::Slot { date: slot.date, zeit: slot.zeit.clone() }),
        (None, Some(entry)) => Some(Standing::Without(entry.reason.clone())),
        (None, None) => timeline.waiting.iter().any(|task| task.key == *key).then_some(Standing::Waiting),
        (Some(_), Some(_)) => panic!("{key:?} stands in two places"),
    }
}

/// Who misses the deadline, looked for list by list.
fn late(timeline: &Timeline) -> BTreeSet<DocKey> {
    let placed = timeline.days.iter().flat_map(|day| &day.slots).chain(&timeline.current);
    let placed = placed.filter_map(|slot| slot.task.as_ref()).filter(|placed| placed.deadline_missed);
    placed.map(|placed| placed.task.key.clone()).chain(timeline.missed.iter().map(|task| task.key.clone())).collect()
}

type Ends = BTreeMap<DocKey, (Option<Standing>, Option<Standing>)>;

fn ends(difference: &Difference) -> Ends {
    let ends = difference.moves.iter().map(|moved| (moved.task.key.clone(), (moved.from.clone(), moved.to.clone())));
    ends.collect()
}

/// What becomes of each task over both.
fn composed(first: &Difference, second: &Difference) -> Ends {
    let mut all = ends(first);
    for (key, (from, to)) in ends(second) {
        let from = all.remove(&key).map_or(from, |(from, _)| from);
        all.insert(key, (from, to));
    }
    all.retain(|_, (from, to)| from != to);
    all
}

fn any_openings(timeline: &Timeline) -> BTreeMap<(NaiveDate, String), Opening> {
    let mut openings = BTreeMap::new();
    for (slot, is_offered) in timeline
        .current
        .iter()
        .map(|slot| (slot, false))
        .chain(timeline.days.iter().flat_map(|day| &day.slots).map(|slot| (slot, true)))
    {
        let opening = Opening { from: slot.from, to: slot.to, auto: slot.auto, is_offered };
        openings.insert((slot.date, slot.zeit.clone()), opening);
    }
    openings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Of equal plans there is none.
    #[test]
    fn a_plan_does_not_differ_from_itself(case in any_case(), other in any_other()) {
        let (timeline, again) = (other.of(&case), other.of(&case));
        prop_assert!(between(&timeline, &again).is_empty());
        prop_assert!(slot_changes(&timeline, &again).is_empty());
    }

    /// Every move is true of both plans, and every task that stands elsewhere is in one; the other way round as well.
    #[test]
    fn the_moves_are_all_and_true(case in any_case(), [one, two] in [any_other(), any_other()]) {
        let (before, after) = (one.of(&case), two.of(&case));
        let difference = between(&before, &after);
        let moved = ends(&difference);
        prop_assert_eq!(moved.len(), difference.moves.len(), "a task is in it twice");
        prop_assert!(difference.moves.is_sorted_by(|a, b| a.task.key < b.task.key));
        for (task, _) in &case.tasks {
            let stood = (found(&before, &task.key), found(&after, &task.key));
            match moved.get(&task.key) {
                Some(told) => prop_assert!(*told == stood && stood.0 != stood.1, "{:?}: {:?} and {:?}", task.key, told, stood),
                None => prop_assert_eq!(&stood.0, &stood.1, "{:?} is left out", task.key),
            }
        }
        let backwards = ends(&between(&after, &before));
        prop_assert_eq!(backwards.into_iter().map(|(key, (from, to))| (key, (to, from))).collect::<Ends>(), moved);
        let newly: BTreeSet<DocKey> = difference.newly_missed.iter().map(|task| task.key.clone()).collect();
        let expected: BTreeSet<DocKey> = late(&after).difference(&late(&before)).cloned().collect();
        prop_assert_eq!(newly, expected);
        let marked: BTreeSet<DocKey> = stands(&after).into_iter().filter(|(_, stand)| stand.deadline_missed).map(|(key, _)| key.clone()).collect();
        prop_assert_eq!(marked, late(&after));
    }

    /// Two differences in turn are the difference of the ends.
    #[test]
    fn differences_add_up(case in any_case(), [one, two, three] in [any_other(), any_other(), any_other()]) {
        let (first, second, third) = (one.of(&case), two.of(&case), three.of(&case));
        let stepwise = composed(&between(&first, &second), &between(&second, &third));
        prop_assert_eq!(stepwise, ends(&between(&first, &third)));
    }

    /// What is said of slots makes those of the one plan those of the other, and says nothing else.
    #[test]
    fn slots_are_told_of_likewise(case in any_case(), [one, two] in [any_other(), any_other()]) {
        let (before, after) = (one.of(&case), two.of(&case));
        let mut openings = any_openings(&before);
        let changes = slot_changes(&before, &after);
        for change in &changes {
            prop_assert!(change.before != change.after);
            let slot = (change.date, change.zeit.clone());
            prop_assert_eq!(openings.get(&slot).copied(), change.before);
            match change.after {
                Some(after) => openings.insert(slot, after),
                None => openings.remove(&slot),
            };
        }
        prop_assert_eq!(openings, any_openings(&after));
        prop_assert!(changes.is_sorted_by_key(|change| change.date));
    }
}

/// Another title of a task, or of the one that holds its slot, is no move.
#[test]
fn another_title_is_no_move() {
    let horizon = Horizon::new(Zone::parse(ZONES[0]).unwrap(), DateTime::from_timestamp(1_760_335_200, 0).unwrap(), 7);
    let of = |title: &str| {
        let task = |number: u32| {
            let slot = SlotRef { datum: Some(horizon.today() + Days::new(1)), zeit: Some("morgens".into()) };
            let key = DocKey::of(FileName::parse(&format!("{number:04}.md")).unwrap());
            let (title, kategorie, fixed_slot) = (title.to_owned(), "arbeit".to_owned(), Some(slot));
            let (tags, status) = (Vec::new(), Status::Offen);
            let task = Task { key, title, kategorie, status, tags, deadline: None, fixed_slot, abgeschlossen_am: None };
            (Arc::new(task), 0)
        };
        let case = Case { tasks: vec![task(1), task(2)], horizon, closed: 0 };
        case.plan_of(&case.tasks)
    };
    let (before, after) = (of("One"), of("Another"));
    assert_eq!(before.conflicts.len(), 1);
    assert!(before != after && between(&before, &after).is_empty());
}
