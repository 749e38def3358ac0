use proptest::prelude::*;

use super::*;
use crate::domain::ids::FileName;
use crate::domain::task::SlotRef;

/// A Wednesday.
const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 15).unwrap();

fn day(offset: i64) -> NaiveDate {
    TODAY + TimeDelta::days(offset)
}

fn task(number: usize, kategorie: &str, status: Status, datum: Option<NaiveDate>) -> Task {
    Task {
        key: DocKey::of(FileName::parse(&format!("{number:04}-x.md")).unwrap()),
        title: "x".to_owned(),
        kategorie: kategorie.to_owned(),
        status,
        tags: Vec::new(),
        deadline: None,
        fixed_slot: None,
        abgeschlossen_am: datum.map(|datum| SlotRef { datum: Some(datum), zeit: None }),
    }
}

fn done(number: usize, kategorie: &str, offset: i64) -> Task {
    task(number, kategorie, Status::Abgeschlossen, Some(day(offset)))
}

#[test]
fn weeks_begin_on_mondays_and_are_numbered_as_the_calendar_does() {
    assert_eq!(Week::of(TODAY).monday(), day(-2));
    assert_eq!((Week::of(TODAY).number(), Week::of(TODAY).name()), (42, "2025-W42".to_owned()));
    // The first days of a year may lie in the last week of the year before, and the other way round.
    assert_eq!(Week::of(NaiveDate::from_ymd_opt(2027, 1, 3).unwrap()).name(), "2026-W53");
    assert_eq!(Week::of(NaiveDate::from_ymd_opt(2025, 12, 29).unwrap()).name(), "2026-W01");
    assert!(
        Week::of(TODAY).contains(day(4)) && !Week::of(TODAY).contains(day(5)) && !Week::of(TODAY).contains(day(-3))
    );
    let weeks = Week::of(TODAY).until(3);
    assert_eq!(weeks.iter().map(|week| week.number()).collect::<Vec<_>>(), [40, 41, 42]);
    // At the calendar's beginning there are fewer.
    assert_eq!(Week::of(NaiveDate::MIN).until(3).len(), 1);
}

#[test]
fn what_was_done_is_counted_by_week_and_category() {
    let tasks = [
        done(1, "arbeit", 0),
        done(2, "arbeit", -2),
        done(3, "privat", -3),
        done(4, "sport", -3),
        done(5, "garten", -10),
        done(6, "arbeit", -7 * 26),
        done(7, "arbeit", 5),
        task(8, "arbeit", Status::Abgeschlossen, None),
        // What was cancelled or is open is not done, whatever else it says.
        task(9, "arbeit", Status::Abgebrochen, Some(TODAY)),
        task(10, "arbeit", Status::Offen, Some(TODAY)),
    ];
    let completed = Completed::of(tasks.iter(), TODAY);
    assert_eq!(completed.categories, ["arbeit", "garten", "privat"]);
    assert_eq!((completed.earlier, completed.later, completed.without_day, completed.total()), (1, 1, 1, 5));
    let last = &completed.weeks[WEEKS - 2..];
    assert_eq!((&last[1].by_category[..], last[1].others), (&[2, 0, 0][..], 0));
    assert_eq!((&last[0].by_category[..], last[0].others), (&[0, 0, 1][..], 1));
}

#[test]
fn only_what_stood_in_the_week_and_was_done_in_it_counts_as_kept() {
    let tasks = [done(1, "arbeit", 0), done(2, "arbeit", -3), task(3, "arbeit", Status::Offen, None)];
    let done = done_in(tasks.iter(), Week::of(TODAY));
    let standing = tasks.iter().map(|task| task.key.clone()).collect();
    assert_eq!(Kept::of(&standing, &done, false), Kept { planned: 3, done: 1, is_of_other_basis: false });
    assert_eq!(Kept::of(&BTreeSet::new(), &done, true), Kept { planned: 0, done: 0, is_of_other_basis: true });
}

#[test]
fn ages_end_with_their_last_moment() {
    let now = DateTime::from_timestamp(1_760_335_200, 0).unwrap();
    for (days, age) in [(7, Age::Week), (28, Age::FourWeeks), (91, Age::ThreeMonths), (365, Age::Year)] {
        let begun = now - TimeDelta::days(days);
        assert_eq!(Age::of(begun, now), age);
        assert_ne!(Age::of(begun - TimeDelta::milliseconds(1), now), age);
    }
    assert_eq!(Age::of(now + TimeDelta::days(400), now), Age::Week);
    assert_eq!(Age::of(DateTime::<Utc>::MIN_UTC, now), Age::More);
}

fn any_task() -> impl Strategy<Value = Task> {
    let datum = prop_oneof![
        Just(None),
        (-300_i64..60).prop_map(|offset| Some(day(offset))),
        Just(Some(NaiveDate::MIN)),
        Just(Some(NaiveDate::MAX)),
    ];
    (0_usize..2_000, "[a-f]", 0_usize..3, datum)
        .prop_map(|(number, kategorie, status, datum)| task(number, &kategorie, Status::ALL[status], datum))
}

proptest! {
    #[test]
    fn every_task_that_is_done_is_counted_once(tasks in proptest::collection::vec(any_task(), 0..80)) {
        let completed = Completed::of(tasks.iter(), TODAY);
        let is_done = |task: &&Task| task.status == Status::Abgeschlossen;
        let counted = completed.total() + completed.earlier + completed.later + completed.without_day;
        prop_assert_eq!(counted, tasks.iter().filter(is_done).count());
        prop_assert_eq!(completed.weeks.len(), WEEKS);
        prop_assert!(completed.weeks.windows(2).all(|two| two[0].week.monday() + Days::new(7) == two[1].week.monday()));
        for CompletedWeek { week, by_category, others } in &completed.weeks {
            let here: Vec<&Task> = tasks.iter().filter(|task| done_on(task).is_some_and(|day| week.contains(day))).collect();
            prop_assert_eq!(by_category.len(), completed.categories.len());
            for (category, count) in completed.categories.iter().zip(by_category) {
                prop_assert_eq!(*count, here.iter().filter(|task| task.kategorie == *category).count());
            }
            prop_assert_eq!(*others, here.iter().filter(|task| !completed.categories.contains(&task.kategorie)).count());
        }
        // No category that is counted with the others has more than one that is counted apart.
        let of = |category: &str| tasks.iter().filter(|task| {
            let week = done_on(task).map(Week::of);
            task.kategorie == category && week.is_some_and(|week| completed.weeks.iter().any(|counted| counted.week == week))
        }).count();
        let least = completed.categories.iter().map(|category| of(category)).min().unwrap_or(0);
        for task in tasks.iter().filter(|task| !completed.categories.contains(&task.kategorie)) {
            prop_assert!(of(&task.kategorie) <= least);
        }
    }

    #[test]
    fn every_age_is_counted_once(ages in proptest::collection::vec(proptest::option::of(-900_i64..20), 0..50)) {
        let now = DateTime::from_timestamp(1_760_335_200, 0).unwrap();
        let mut counted = Ages::default();
        for age in &ages {
            counted.add(age.map(|days| now + TimeDelta::days(days)), now);
        }
        prop_assert_eq!(counted.total(), ages.len());
        prop_assert_eq!(counted.unknown, ages.iter().filter(|age| age.is_none()).count());
    }
}
