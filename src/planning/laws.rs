//! The laws of placement as property tests, over random tasks, policies and instants.

mod difference;
mod explain;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{Horizon, days_asked, plan};
use crate::domain::days::NamedDays;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::policy::{Constraint, Policy, SlotSpec, Verdict, Weekdays, validate_slots};
use crate::domain::task::{SlotRef, Status, Task};
use crate::domain::timeline::{Placement, Timeline};
use crate::domain::zone::Zone;

const ZONES: [&str; 4] = ["Europe/Berlin", "America/Santiago", "Pacific/Apia", "Australia/Lord_Howe"];

fn time(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
}

fn slots_of(date: NaiveDate, closed: u32) -> Arc<[SlotSpec]> {
    use chrono::Datelike;
    if closed > 0 && date.day().is_multiple_of(closed) {
        return Arc::from([]);
    }
    let slot = |zeit: &str, from, to, cutoff, auto| SlotSpec { zeit: zeit.into(), from, to, cutoff, auto };
    let slots = vec![
        slot("nachts", time(0, 0), time(3, 0), time(2, 30), true),
        slot("morgens", time(9, 0), time(12, 30), time(9, 0), true),
        slot("nachmittags", time(13, 30), time(17, 0), time(14, 0), true),
        slot("abends", time(18, 0), time(21, 30), time(19, 0), false),
    ];
    validate_slots(slots).unwrap().into()
}

const VERDICTS: usize = 9;

/// The verdicts that tasks draw from; tasks of one index have equal policy.
fn verdicts(base: NaiveDate) -> [Arc<Verdict>; VERDICTS] {
    let constraint = |weekdays, zeiten: Option<&[&str]>, from: Option<u64>, up_to: Option<u64>, ahead| {
        Arc::new(Verdict::Allowed(Constraint {
            weekdays,
            zeiten: zeiten.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            from: from.map(|days| base + Days::new(days)),
            up_to: up_to.map(|days| base + Days::new(days)),
            ahead,
            ..Constraint::ANYWHERE
        }))
    };
    [
        constraint(Weekdays::WORKING, None, None, None, 0),
        constraint(Weekdays::WEEKEND, None, None, None, 0),
        constraint(Weekdays::ALL, Some(&["morgens"]), None, None, 0),
        constraint(Weekdays::ALL, None, Some(2), Some(3), 1),
        constraint(Weekdays::NONE, None, None, None, 2),
        constraint(Weekdays::ALL, Some(&["abends"]), None, None, 0),
        Arc::new(Verdict::Never { because: "so".into() }),
        constraint(Weekdays::WORKING, None, None, None, 7),
        Arc::new(Verdict::Allowed(Constraint {
            also: NamedDays::of_stretch(base, base + Days::new(3)),
            except: NamedDays::of_stretch(base + Days::new(2), base + Days::new(2)),
            not_zeiten: vec!["nachmittags".to_owned()],
            weekdays: Weekdays::WEEKEND,
            ..Constraint::ANYWHERE
        })),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    tasks: Vec<(Arc<Task>, usize)>,
    horizon: Horizon,
    closed: u32,
}

impl Case {
    fn policy(&self, tasks: &[(Arc<Task>, usize)]) -> Policy {
        let arcs: Vec<_> = tasks.iter().map(|(task, _)| task.clone()).collect();
        let verdicts = verdicts(self.horizon.today());
        let days =
            days_asked(&arcs, &self.horizon).into_iter().map(|date| (date, slots_of(date, self.closed))).collect();
        let of_tasks: BTreeMap<DocKey, Arc<Verdict>> =
            tasks.iter().map(|(task, verdict)| (task.key.clone(), verdicts[*verdict].clone())).collect();
        Policy { days, verdicts: of_tasks }
    }

    fn plan_of(&self, tasks: &[(Arc<Task>, usize)]) -> Timeline {
        let arcs: Vec<_> = tasks.iter().map(|(task, _)| task.clone()).collect();
        plan(&arcs, Vec::new(), &self.policy(tasks), &self.horizon)
    }
}

prop_compose! {
    fn any_task(base: NaiveDate)(
        number in prop_oneof![0_u32..60, 9_990_u32..10_010],
        twin in 0_u8..2,
        status in prop_oneof![8 => Just(Status::Offen), 1 => Just(Status::Abgeschlossen), 1 => Just(Status::Abgebrochen)],
        fixed in proptest::option::weighted(0.4, (proptest::option::weighted(0.9, -9_i64..16), proptest::option::weighted(0.9, 0_usize..5))),
        deadline in proptest::option::of(-5_i64..20),
        verdict in 0..VERDICTS,
    ) -> (Arc<Task>, usize) {
        let date = |offset: i64| base + TimeDelta::days(offset);
        let zeit = |index: usize| ["nachts", "morgens", "nachmittags", "abends", "mittags"][index].to_owned();
        let task = Task {
            key: DocKey::of(FileName::parse(&format!("{number:04}-{twin}.md")).unwrap()),
            title: format!("Task {number}"),
            kategorie: "arbeit".into(),
            status,
            tags: Vec::new(),
            deadline: deadline.map(date),
            fixed_slot: fixed.map(|(offset, index)| SlotRef { datum: offset.map(date), zeit: index.map(zeit) }),
            abgeschlossen_am: None,
        };
        (Arc::new(task), verdict)
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    let instant = (1_735_689_600_i64..1_767_225_600).prop_map(|second| DateTime::from_timestamp(second, 0).unwrap());
    let frame = (instant, 0_usize..ZONES.len(), prop_oneof![Just(7_u16), 1_u16..10], 0_u32..4);
    frame.prop_flat_map(|(now, zone, days, closed)| {
        let horizon = Horizon::new(Zone::parse(ZONES[zone]).unwrap(), now, days);
        let tasks = proptest::collection::vec(any_task(horizon.today()), 0..40);
        tasks.prop_map(move |mut tasks| {
            tasks.sort_by(|a, b| a.0.key.cmp(&b.0.key));
            tasks.dedup_by(|a, b| a.0.key == b.0.key);
            Case { tasks, horizon, closed }
        })
    })
}

/// Every place of the timeline a task stands in, as (file, place).
fn places(timeline: &Timeline, now: DateTime<Utc>, zone: Zone) -> Vec<(String, String)> {
    let mut places = Vec::new();
    let mut put = |task: &Task, place: String| places.push((task.file().as_str().to_owned(), place));
    let name = |slot: &Placement| format!("{} {}", slot.date, slot.zeit);
    for slot in timeline.days.iter().flat_map(|day| &day.slots) {
        if let Some(placed) = &slot.task {
            put(&placed.task, name(slot));
        }
    }
    if let Some(slot) = &timeline.current {
        let spec = slots_of(slot.date, 0);
        let cutoff = spec.iter().find(|spec| spec.zeit == slot.zeit).map(|spec| zone.instant(slot.date, spec.cutoff));
        if let Some(placed) = &slot.task
            && cutoff.is_some_and(|cutoff| cutoff <= now)
        {
            put(&placed.task, name(slot));
        }
    }
    for (list, entries) in [
        ("conflicts", &timeline.conflicts),
        ("overdue", &timeline.overdue),
        ("later", &timeline.later),
        ("unplaced", &timeline.unplaced),
    ] {
        for entry in entries {
            put(&entry.task, list.to_owned());
        }
    }
    for task in &timeline.waiting {
        put(task, "waiting".to_owned());
    }
    places.sort();
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Every candidate appears exactly once, nothing else appears.
    #[test]
    fn no_task_is_lost_or_doubled(case in any_case()) {
        let timeline = case.plan_of(&case.tasks);
        let files: Vec<String> = places(&timeline, case.horizon.now, case.horizon.zone).into_iter().map(|(file, _)| file).collect();
        let mut open: Vec<String> = case.tasks.iter().filter(|(task, _)| task.is_open()).map(|(task, _)| task.file().as_str().to_owned()).collect();
        open.sort();
        prop_assert_eq!(files, open);
    }

    /// A fixed task is in its own slot or in none; an open one only where it may be.
    #[test]
    fn every_slot_is_a_right_one(case in any_case()) {
        let timeline = case.plan_of(&case.tasks);
        let policy = case.policy(&case.tasks);
        for slot in timeline.days.iter().flat_map(|day| &day.slots).chain(&timeline.current) {
            let Some(placed) = &slot.task else { continue };
            match placed.task.binding_slot() {
                Some((date, zeit)) => {
                    prop_assert!(placed.is_fixed);
                    prop_assert_eq!((date, zeit), (slot.date, Some(slot.zeit.as_str())));
                }
                None => {
                    prop_assert!(!placed.is_fixed && slot.auto);
                    match &*policy.verdicts[&placed.task.key] {
                        Verdict::Allowed(constraint) => prop_assert!(constraint.allows(slot.date, &slot.zeit)),
                        Verdict::Never { .. } => prop_assert!(false, "a refused task was placed"),
                    }
                }
            }
        }
    }

    /// Of two open tasks with equal policy, the lower number sits earlier.
    #[test]
    fn equal_policy_keeps_the_line(case in any_case()) {
        let timeline = case.plan_of(&case.tasks);
        for verdict in 0..VERDICTS {
            let line = case.tasks.iter().filter(|(task, of)| *of == verdict && super::needs_verdict(task));
            let at: Vec<_> = line.map(|(task, _)| timeline.placed(task.file().as_str())).collect();
            let placed: Vec<_> = at.iter().map_while(|place| *place).map(|(date, zeit)| {
                let rank = slots_of(date, 0).iter().position(|spec| spec.zeit == zeit);
                (date, rank)
            }).collect();
            prop_assert!(placed.is_sorted());
            prop_assert!(at[placed.len()..].iter().all(Option::is_none), "a later task overtook an earlier one");
        }
    }

    /// Of two open tasks to whom the same slots are allowed, the one that a rule sends further ahead sits earlier.
    #[test]
    fn who_is_ahead_of_line_sits_earlier(case in any_case()) {
        let timeline = case.plan_of(&case.tasks);
        let of = |wanted: usize| case.tasks.iter().filter(move |(task, of)| *of == wanted && super::needs_verdict(task));
        let at = |task: &Task| timeline.placed(task.file().as_str()).map(|(date, zeit)| {
            (date, slots_of(date, 0).iter().position(|spec| spec.zeit == zeit))
        });
        for (ahead, _) in of(7) {
            for (behind, _) in of(0) {
                if let Some(behind) = at(behind) {
                    prop_assert!(at(ahead).is_some_and(|ahead| ahead < behind));
                }
            }
        }
    }

    /// Adding or removing a task never moves one that comes before it in the order of events.
    #[test]
    fn a_task_moves_only_what_comes_after(case in any_case(), index in any::<prop::sample::Index>()) {
        prop_assume!(!case.tasks.is_empty());
        let index = index.index(case.tasks.len());
        let mut without = case.tasks.clone();
        let (removed, _) = without.remove(index);
        let before = case.plan_of(&without);
        let after = case.plan_of(&case.tasks);
        let policy = case.policy(&case.tasks);
        let ahead = |task: &Task| policy.verdicts.get(&task.key).map_or(0, |verdict| verdict.ahead());
        let order = |task: &Task| match task.binding_slot() {
            Some(_) => (false, Reverse(0), task.key.clone()),
            None => (true, Reverse(ahead(task)), task.key.clone()),
        };
        let of = |timeline: &Timeline, file: &str| places(timeline, case.horizon.now, case.horizon.zone).into_iter().find(|(name, _)| name == file);
        for (task, _) in without.iter().filter(|(task, _)| order(task) < order(&removed)) {
            let file = task.file().as_str();
            prop_assert_eq!(of(&before, file), of(&after, file));
        }
    }

    /// The order of the input does not matter, and the same input gives the same timeline.
    #[test]
    fn input_order_does_not_matter(case in any_case()) {
        let mut reversed = case.tasks.clone();
        reversed.reverse();
        prop_assert_eq!(case.plan_of(&case.tasks), case.plan_of(&reversed));
    }

    /// Between two boundaries nothing but the boundary's distance changes, and at the next one something may.
    #[test]
    fn valid_until_is_exact(case in any_case(), fraction in 0.0_f64..1.0) {
        let timeline = case.plan_of(&case.tasks);
        prop_assert!(timeline.valid_from <= case.horizon.now && case.horizon.now < timeline.valid_until);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any instant in between will do")]
        let step = ((timeline.valid_until - timeline.valid_from).num_seconds() as f64 * fraction) as i64;
        let mut moved = case.clone();
        moved.horizon.now = (timeline.valid_from + TimeDelta::seconds(step)).max(timeline.valid_from);
        prop_assert_eq!(moved.plan_of(&case.tasks), timeline);
    }
}
