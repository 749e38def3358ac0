//! What somebody's weeks came to: what was done in each, how much of what stood in it, and how old is what is still open.
//! Only counting; where the tasks of a past week come from is for others to know.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};

use super::ids::DocKey;
use super::task::{Status, Task};
use super::timeline::Timeline;

/// Weeks that what was done is counted in, the present one included.
pub const WEEKS: usize = 26;
/// Weeks that what stood in them is compared for, the present one included.
pub const PLANNED_WEEKS: usize = 8;
/// Categories that are counted apart; all others are counted together.
pub const CATEGORIES_MAX: usize = 3;

/// A week from Monday to Sunday, as ISO 8601 counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week {
    monday: NaiveDate,
}

impl Week {
    /// The week of a day.
    pub fn of(day: NaiveDate) -> Week {
        let past = Days::new(u64::from(day.weekday().num_days_from_monday()));
        Week { monday: day.checked_sub_days(past).unwrap_or(NaiveDate::MIN) }
    }

    pub fn monday(self) -> NaiveDate {
        self.monday
    }

    pub fn contains(self, day: NaiveDate) -> bool {
        Week::of(day) == self
    }

    /// Its number within its year, from 1 on.
    pub fn number(self) -> u32 {
        self.monday.iso_week().week()
    }

    /// `2025-W42`
    pub fn name(self) -> String {
        format!("{:04}-W{:02}", self.monday.iso_week().year(), self.number())
    }

    /// So many weeks, the last of which is this one.
    pub fn until(self, count: usize) -> Vec<Week> {
        let back = |weeks: usize| self.monday.checked_sub_days(Days::new(weeks as u64 * 7));
        (0..count).rev().filter_map(back).map(|monday| Week { monday }).collect()
    }
}

/// What somebody's weeks came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedBack {
    /// The week that it is now, where the user is.
    pub week: Week,
    pub completed: Completed,
    /// Up to the present week.
    pub planned: Vec<PlannedWeek>,
    /// Of open tasks.
    pub ages: Ages,
}

/// What was done, by week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The categories with the most tasks in these weeks, the first of them first.
    pub categories: Vec<String>,
    /// From the first of them to the present one.
    pub weeks: Vec<CompletedWeek>,
    /// Done before these weeks.
    pub earlier: usize,
    /// Done on a day after them, as somebody wrote it.
    pub later: usize,
    /// Done, but nobody wrote when.
    pub without_day: usize,
}

/// What was done in one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedWeek {
    pub week: Week,
    /// In the order of [`Completed::categories`].
    pub by_category: Vec<usize>,
    /// Of all other categories.
    pub others: usize,
}

impl CompletedWeek {
    pub fn total(&self) -> usize {
        self.by_category.iter().sum::<usize>() + self.others
    }
}

impl Completed {
    /// Of all of somebody's tasks.
    pub fn of<'t>(tasks: impl Iterator<Item = &'t Task>, today: NaiveDate) -> Completed {
        let weeks = Week::of(today).until(WEEKS);
        let mut counted: BTreeMap<(Week, &str), usize> = BTreeMap::new();
        let mut by_category: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut earlier, mut later, mut without_day) = (0, 0, 0);
        for (task, day) in tasks.filter(|task| task.status == Status::Abgeschlossen).map(|task| (task, done_on(task))) {
            let week = day.map(Week::of);
            match week {
                None => without_day += 1,
                Some(week) if weeks.first().is_none_or(|first| week < *first) => earlier += 1,
                Some(week) if weeks.last().is_some_and(|last| week > *last) => later += 1,
                Some(week) => {
                    *counted.entry((week, &task.kategorie)).or_default() += 1;
                    *by_category.entry(&task.kategorie).or_default() += 1;
                }
            }
        }
        let mut categories: Vec<(&str, usize)> = by_category.into_iter().collect();
        categories.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        categories.truncate(CATEGORIES_MAX);
        let categories: Vec<String> = categories.into_iter().map(|(category, _)| category.to_owned()).collect();
        let mut of_weeks: BTreeMap<Week, CompletedWeek> = weeks
            .into_iter()
            .map(|week| (week, CompletedWeek { week, by_category: vec![0; categories.len()], others: 0 }))
            .collect();
        for ((week, category), count) in counted {
            let Some(of_week) = of_weeks.get_mut(&week) else { continue };
            let place = categories.iter().position(|counted| counted == category);
            match place.and_then(|place| of_week.by_category.get_mut(place)) {
                Some(known) => *known += count,
                None => of_week.others += count,
            }
        }
        Completed { categories, weeks: of_weeks.into_values().collect(), earlier, later, without_day }
    }

    /// How many in these weeks.
    pub fn total(&self) -> usize {
        self.weeks.iter().map(CompletedWeek::total).sum()
    }
}

/// The day on which a task was done, if it was and somebody wrote when.
fn done_on(task: &Task) -> Option<NaiveDate> {
    let done = task.abgeschlossen_am.as_ref().filter(|_| task.status == Status::Abgeschlossen);
    done.and_then(|done| done.datum)
}

/// Tasks of some that were done in a week.
pub fn done_in<'t>(tasks: impl Iterator<Item = &'t Task>, week: Week) -> BTreeSet<DocKey> {
    tasks.filter(|task| done_on(task).is_some_and(|day| week.contains(day))).map(|task| task.key.clone()).collect()
}

/// Tasks that stand in slots of a week.
pub fn standing_in(timeline: &Timeline, week: Week) -> BTreeSet<DocKey> {
    let days = timeline.days.iter().filter(|day| week.contains(day.date));
    days.flat_map(|day| &day.slots).filter_map(|slot| Some(slot.task.as_ref()?.task.key.clone())).collect()
}

/// A week, and what became of what stood in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedWeek {
    pub week: Week,
    /// `None` where it is not known any more what stood in it.
    pub kept: Option<Kept>,
}

/// How much of a plan was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Tasks that stood in slots of the week as it began.
    pub planned: usize,
    /// Those of them that were done in it.
    pub done: usize,
    /// Whether what stood there was planned with something else then: the plan is that of now.
    pub is_of_other_basis: bool,
}

impl Kept {
    pub fn of(standing: &BTreeSet<DocKey>, done: &BTreeSet<DocKey>, is_of_other_basis: bool) -> Kept {
        Kept { planned: standing.len(), done: standing.intersection(done).count(), is_of_other_basis }
    }
}

/// How old something is at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Week,
    FourWeeks,
    ThreeMonths,
    Year,
    More,
}

impl Age {
    pub const ALL: [Age; 5] = [Age::Week, Age::FourWeeks, Age::ThreeMonths, Age::Year, Age::More];

    /// What begins only after `now`, because a clock went back, is as young as can be.
    fn of(begun: DateTime<Utc>, now: DateTime<Utc>) -> Age {
        let age = now - begun;
        let is_within = |days: i64| age <= TimeDelta::days(days);
        match () {
            () if is_within(7) => Age::Week,
            () if is_within(28) => Age::FourWeeks,
            () if is_within(91) => Age::ThreeMonths,
            () if is_within(365) => Age::Year,
            () => Age::More,
        }
    }

    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Age::Week => "week",
            Age::FourWeeks => "four_weeks",
            Age::ThreeMonths => "three_months",
            Age::Year => "year",
            Age::More => "more",
        }
    }
}

/// How many tasks are how old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    counts: [usize; Age::ALL.len()],
    /// Of which the history does not know since when they are there.
    pub unknown: usize,
}

impl Ages {
    /// Counts one that is there since then.
    pub fn add(&mut self, begun: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let age = begun.map(|begun| Age::of(begun, now) as usize);
        match age.and_then(|age| self.counts.get_mut(age)) {
            Some(count) => *count += 1,
            None => self.unknown += 1,
        }
    }

    /// The youngest first.
    pub fn counts(&self) -> impl Iterator<Item = (Age, usize)> {
        Age::ALL.into_iter().zip(self.counts)
    }

    pub fn total(&self) -> usize {
        self.counts.iter().sum::<usize>() + self.unknown
    }
}

#[cfg(test)]
mod tests;
