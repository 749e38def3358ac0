//! The explanation of every task is one of the plan that there is.

use std::collections::BTreeSet;

use super::*;
use crate::domain::difference::{self, Standing, stands};
use crate::domain::explanation::{Claim, Considered, Finding};
use crate::domain::timeline::Reason;
use crate::planning::{DAYS_MAX, explain, find_slot, line, needs_verdict, pinned};

impl Case {
    fn arcs(&self) -> Vec<Arc<Task>> {
        self.tasks.iter().map(|(task, _)| task.clone()).collect()
    }

    /// With these in the place of the tasks of the same names.
    fn with_tasks(&self, tasks: &[Arc<Task>]) -> Case {
        let tasks = tasks.iter().zip(&self.tasks).map(|(task, (_, verdict))| (task.clone(), *verdict)).collect();
        Case { tasks, ..self.clone() }
    }

    fn with_days(&self, days: u16) -> Case {
        Case { horizon: Horizon::new(self.horizon.zone, self.horizon.now, days), ..self.clone() }
    }

    /// All places that there are in these days, in the order of time: slots, and days without any.
    fn all_places(&self) -> Vec<(NaiveDate, Option<String>)> {
        let of_day = |date| {
            let slots = slots_of(date, self.closed);
            let named: Vec<_> = slots.iter().map(|slot| (date, Some(slot.zeit.clone()))).collect();
            if named.is_empty() { vec![(date, None)] } else { named }
        };
        self.horizon.dates().flat_map(of_day).collect()
    }
}

fn place_of(considered: &Considered) -> (NaiveDate, Option<String>) {
    (considered.date, considered.zeit.clone())
}

/// Whether the timeline offers a slot, and what stands in it.
fn offered<'t>(timeline: &'t Timeline, date: NaiveDate, zeit: &str) -> Option<&'t Placement> {
    let slots = timeline.days.iter().flat_map(|day| &day.slots);
    slots.into_iter().find(|slot| slot.date == date && slot.zeit == zeit)
}

/// What is said of a slot is true of the plan itself.
fn assert_true(considered: &Considered, task: &Task, case: &Case, timeline: &Timeline) -> Result<(), TestCaseError> {
    let policy = case.policy(&case.tasks);
    let slots = slots_of(considered.date, case.closed);
    let Some(zeit) = &considered.zeit else {
        prop_assert_eq!((slots.len(), &considered.finding), (0, &Finding::Closed { by: None }));
        return Ok(());
    };
    let spec = slots.iter().find(|spec| spec.zeit == *zeit);
    let verdict = policy.verdicts.get(&task.key);
    let there = offered(timeline, considered.date, zeit);
    match &considered.finding {
        Finding::Chosen => {
            prop_assert_eq!(timeline.placed(task.file().as_str()), Some((considered.date, zeit.as_str())));
        }
        Finding::Passed { is_over } => {
            prop_assert!(there.is_none());
            let end = case.horizon.zone.instant(considered.date, spec.unwrap().to);
            prop_assert_eq!(*is_over, end <= case.horizon.now);
        }
        Finding::Manual => prop_assert!(!there.unwrap().auto),
        Finding::Forbidden { by } => {
            prop_assert_eq!(by.iter().map(|by| &by.verdict).collect::<Vec<_>>(), [verdict.unwrap()]);
            match &*by[0].verdict {
                Verdict::Allowed(constraint) => prop_assert!(!constraint.allows(considered.date, zeit)),
                Verdict::Never { .. } => {}
            }
        }
        Finding::Taken { by, claim } => {
            prop_assert_eq!(timeline.placed(by.file().as_str()), Some((considered.date, zeit.as_str())));
            let ahead = |task: &Task| policy.verdicts.get(&task.key).map_or(0, |verdict| verdict.ahead());
            match claim {
                Claim::Fixed => prop_assert!(by.binding_slot().is_some()),
                Claim::Ahead(more) => prop_assert!(*more > 0 && ahead(by) == ahead(task) + more),
                Claim::Rank => prop_assert!(ahead(by) == ahead(task) && by.key < task.key),
            }
            prop_assert!(*claim == Claim::Fixed || by.binding_slot().is_none());
        }
        Finding::Free | Finding::Closed { .. } | Finding::NoSuchSlot { .. } | Finding::AfterHorizon => {
            prop_assert!(false, "{considered:?} was not looked at");
        }
    }
    Ok(())
}

/// Of an open task that the rules let in somewhere: the first slot that nothing kept it from, or none.
fn assert_first_free(
    considered: &[Considered],
    task: &Task,
    case: &Case,
    timeline: &Timeline,
) -> Result<(), TestCaseError> {
    for one in considered {
        assert_true(one, task, case, timeline)?;
    }
    let looked_at: Vec<_> = considered.iter().map(place_of).collect();
    let all = case.all_places();
    match timeline.placed(task.file().as_str()) {
        Some((date, zeit)) => {
            let chosen = (date, Some(zeit.to_owned()));
            let at = all.iter().position(|place| *place == chosen).unwrap();
            prop_assert_eq!(&looked_at[..], &all[..=at]);
            let chosen: Vec<_> = considered.iter().filter(|one| one.finding == Finding::Chosen).map(place_of).collect();
            prop_assert_eq!(chosen.as_slice(), &all[at..=at]);
        }
        None => {
            prop_assert_eq!(looked_at, all);
            prop_assert!(considered.iter().all(|one| one.finding != Finding::Chosen));
            let policy = case.policy(&case.tasks);
            let Verdict::Allowed(constraint) = &*policy.verdicts[&task.key] else { panic!("it was let in nowhere") };
            let mut offered = timeline.days.iter().flat_map(|day| &day.slots);
            let would_do =
                |slot: &Placement| slot.auto && slot.task.is_none() && constraint.allows(slot.date, &slot.zeit);
            prop_assert!(!offered.any(would_do), "a slot is free for it");
        }
    }
    Ok(())
}

/// Of a fixed task: its own slot and nothing else.
fn assert_fixed(
    considered: &[Considered],
    task: &Task,
    case: &Case,
    timeline: &Timeline,
    standing: &Standing,
) -> Result<(), TestCaseError> {
    let Some((date, zeit)) = task.binding_slot() else { panic!("it is not fixed") };
    let Some(zeit) = zeit else {
        prop_assert_eq!((considered.len(), standing), (0, &Standing::Without(Reason::IncompleteFixedSlot)));
        return Ok(());
    };
    prop_assert_eq!(considered.len(), 1);
    prop_assert_eq!(place_of(&considered[0]), (date, Some(zeit.to_owned())));
    let slots = slots_of(date, case.closed);
    let is_there = slots.iter().any(|slot| slot.zeit == zeit);
    match (&considered[0].finding, standing) {
        (Finding::Chosen, Standing::Slot { .. }) => {
            prop_assert_eq!(timeline.placed(task.file().as_str()), Some((date, zeit)));
        }
        (Finding::Passed { is_over: true }, Standing::Without(Reason::SlotEnded)) => prop_assert!(is_there),
        (Finding::AfterHorizon, Standing::Without(Reason::AfterHorizon)) => {
            prop_assert!(is_there && case.horizon.last_day() < date);
        }
        (Finding::NoSuchSlot { known, .. }, Standing::Without(Reason::NoSuchSlot)) => {
            let names: Vec<_> = slots.iter().map(|slot| slot.zeit.clone()).collect();
            prop_assert!(!is_there && *known == names);
        }
        (Finding::Closed { .. }, Standing::Without(Reason::NoSuchSlot)) => prop_assert!(slots.is_empty()),
        (Finding::Taken { by, claim: Claim::Rank }, Standing::Without(Reason::SlotTaken { by: named })) => {
            prop_assert!(by == named && by.key < task.key);
            prop_assert_eq!(timeline.placed(by.file().as_str()), Some((date, zeit)));
        }
        other => prop_assert!(false, "{other:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_explanation_is_of_the_plan_that_there_is(case in any_case()) {
        let (timeline, policy, arcs) = (case.plan_of(&case.tasks), case.policy(&case.tasks), case.arcs());
        let stands = stands(&timeline);
        for task in &arcs {
            let explanation = explain(&arcs, task, &policy, &case.horizon);
            prop_assert_eq!(&explanation.task, task);
            let standing = stands.get(&task.key).map(|stand| &stand.standing);
            prop_assert_eq!(explanation.standing.as_ref(), standing);
            let Some(standing) = standing else {
                prop_assert!(!task.is_open() && explanation.considered.is_empty());
                continue;
            };
            match standing {
                _ if !needs_verdict(task) => assert_fixed(&explanation.considered, task, &case, &timeline, standing)?,
                Standing::Without(Reason::ExcludedByRule { because }) => {
                    prop_assert!(explanation.considered.is_empty());
                    let never = Verdict::Never { because: because.clone() };
                    prop_assert_eq!(explanation.excluded_by.iter().map(|by| &*by.verdict).collect::<Vec<_>>(), [&never]);
                    continue;
                }
                _ => assert_first_free(&explanation.considered, task, &case, &timeline)?,
            }
            prop_assert!(explanation.excluded_by.is_empty());
        }
    }

    /// A task can be pinned to a slot exactly if it is said to be there and not over; where it stands already nobody moves.
    #[test]
    fn what_would_be_is_the_plan_with_the_pin(case in any_case(), index in any::<prop::sample::Index>(), day in -2_i64..12, slot in 0_usize..5) {
        prop_assume!(!case.tasks.is_empty());
        let arcs = case.arcs();
        let task = index.get(&arcs);
        prop_assume!(task.is_open());
        let date = case.horizon.today() + TimeDelta::days(day);
        let zeit = ["nachts", "morgens", "nachmittags", "abends", "mittags"][slot];
        let (after, unpinned) = pinned(&arcs, &task.key, (date, zeit));
        let case_after = case.with_tasks(&after);
        let holders: BTreeSet<_> = arcs.iter().filter(|other| other.key != task.key && other.is_open() && other.binding_slot() == Some((date, Some(zeit)))).map(|other| other.key.clone()).collect();
        prop_assert_eq!(&unpinned.iter().map(|task| task.key.clone()).collect::<BTreeSet<_>>(), &holders);
        for (was, is) in arcs.iter().zip(&after) {
            let expected = match () {
                () if was.key == task.key => Some((date, Some(zeit))),
                () if holders.contains(&was.key) => None,
                () => was.binding_slot(),
            };
            prop_assert_eq!(is.binding_slot(), expected);
        }
        // The slots of every day that is asked about are known to the policy.
        let mut policy = case.policy(&case.tasks);
        policy.days.insert(date, slots_of(date, case.closed));
        let Considered { finding, .. } = find_slot(&arcs, task, (date, zeit), &policy, &case.horizon);
        let (before, after) = (case.plan_of(&case.tasks), case_after.plan_of(&case_after.tasks));
        let would = stands(&after)[&task.key].standing.clone();
        let would = match would {
            Standing::Slot { date: at, zeit: of } if at == date && of == zeit => Ok(()),
            Standing::Without(reason) => Err(reason),
            other => panic!("{other:?}"),
        };
        match (&finding, would) {
            (Finding::Passed { is_over: true }, Err(Reason::SlotEnded)) | (Finding::AfterHorizon, Err(Reason::AfterHorizon)) => {}
            (Finding::NoSuchSlot { .. } | Finding::Closed { .. }, Err(Reason::NoSuchSlot)) => {}
            (Finding::Chosen, Ok(())) => prop_assert!(difference::between(&before, &after).moves.is_empty()),
            (Finding::Taken { by, claim: Claim::Fixed }, Ok(())) => prop_assert!(Some(&by.key) == holders.first()),
            (Finding::Free, Ok(())) => {
                let there = offered(&before, date, zeit).and_then(|slot| slot.task.as_ref());
                prop_assert!(there.is_none_or(|there| !there.is_fixed));
            }
            (_, Ok(())) => {
                let at = Considered { date, zeit: Some(zeit.to_owned()), finding: finding.clone() };
                assert_true(&at, task, &case, &before)?;
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A task has its turn in the slot that a longer plan gives it, and those are ahead of it who get theirs before that.
    #[test]
    fn the_line_is_what_a_longer_plan_makes_of_it(case in any_case()) {
        let long = case.with_days(DAYS_MAX);
        let (near, far, policy, arcs) = (case.plan_of(&case.tasks), long.plan_of(&long.tasks), long.policy(&long.tasks), case.arcs());
        let last_day = case.horizon.last_day();
        for task in &near.waiting {
            let line = line(&arcs, task, &policy, &long.horizon, last_day);
            prop_assert_eq!(line.days, DAYS_MAX);
            let turn = far.placed(task.file().as_str());
            prop_assert_eq!(line.turn.as_ref().map(|(date, zeit)| (*date, zeit.as_str())), turn);
            let Verdict::Allowed(constraint) = &*policy.verdicts[&task.key] else { panic!("it is excluded") };
            let slots = far.days.iter().flat_map(|day| &day.slots).filter(|slot| last_day < slot.date);
            let before = slots.take_while(|slot| turn != Some((slot.date, slot.zeit.as_str())));
            let may = before.filter(|slot| slot.auto && constraint.allows(slot.date, &slot.zeit));
            let expected: Vec<_> = may.filter_map(|slot| slot.task.as_ref()).filter(|there| !there.is_fixed).map(|there| there.task.clone()).collect();
            prop_assert_eq!(&line.ahead, &expected);
            prop_assert!(line.ahead.iter().all(|other| near.placed(other.file().as_str()).is_none()));
        }
    }
}
