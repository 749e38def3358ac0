//! What somebody's weeks came to, as programs read it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::date;
use crate::domain::looking_back::{Completed, CompletedWeek, LookedBack, PlannedWeek};

/// What was done in each week, how much of what stood in it, and how old is what is still open.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LookingBack")]
pub struct LookingBackJson<'a> {
    /// The present week by ISO 8601, such as `2025-W42`, in the user's time zone.
    week: String,
    completed: CompletedJson<'a>,
    /// Of each of the last weeks, the present one included: what stood in its slots as it began.
    planned: Vec<PlannedWeekJson>,
    /// Of all open tasks: since when they are there.
    ages: Vec<AgeJson>,
    /// Open tasks of which the history does not know since when they are there.
    age_unknown: usize,
}

/// Tasks that are done, by the week of the day that they were done on.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CompletedTasks")]
struct CompletedJson<'a> {
    /// The last weeks, the present one at the end.
    weeks: Vec<CompletedWeekJson<'a>>,
    /// Done before these weeks.
    earlier: usize,
    /// Done on a day after them, as the files say.
    later: usize,
    /// Done on a day that the files do not say.
    without_day: usize,
}

/// What was done in a week.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CompletedWeek")]
struct CompletedWeekJson<'a> {
    /// Such as `2025-W42`.
    week: String,
    /// The Monday that it begins with, `DD.MM.YYYY`.
    monday: String,
    total: usize,
    /// The commonest categories of all these weeks, in the same order in each.
    by_category: Vec<OfCategoryJson<'a>>,
    /// Of all other categories together.
    others: usize,
}

/// Tasks of a category.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CompletedOfCategory")]
struct OfCategoryJson<'a> {
    kategorie: &'a str,
    count: usize,
}

/// A week, and what became of what stood in it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PlannedWeek")]
struct PlannedWeekJson {
    week: String,
    monday: String,
    /// Tasks that stood in its slots as it began; null where that is not known, because the history does not reach there.
    planned: Option<usize>,
    /// Those of them that were done in it.
    done: Option<usize>,
    /// Whether it was planned with something else then: what stood there is what would stand there now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    other_basis: bool,
}

/// How many open tasks are so old.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TasksOfAge")]
struct AgeJson {
    /// At most a `week`, `four_weeks`, `three_months`, a `year`, or `more`.
    #[schemars(regex(pattern = "^(week|four_weeks|three_months|year|more)$"))]
    age: &'static str,
    count: usize,
}

impl<'a> LookingBackJson<'a> {
    pub fn of(back: &'a LookedBack) -> LookingBackJson<'a> {
        let Completed { categories, weeks, earlier, later, without_day } = &back.completed;
        let completed = CompletedJson {
            weeks: weeks.iter().map(|week| completed_week(week, categories)).collect(),
            earlier: *earlier,
            later: *later,
            without_day: *without_day,
        };
        LookingBackJson {
            week: back.week.name(),
            completed,
            planned: back.planned.iter().map(planned_week).collect(),
            ages: back.ages.counts().map(|(age, count)| AgeJson { age: age.as_str(), count }).collect(),
            age_unknown: back.ages.unknown,
        }
    }
}

fn completed_week<'a>(done: &CompletedWeek, categories: &'a [String]) -> CompletedWeekJson<'a> {
    let of_category = |(kategorie, count): (&'a String, &usize)| OfCategoryJson { kategorie, count: *count };
    CompletedWeekJson {
        week: done.week.name(),
        monday: date::to_text(done.week.monday()),
        total: done.total(),
        by_category: categories.iter().zip(&done.by_category).map(of_category).collect(),
        others: done.others,
    }
}

fn planned_week(PlannedWeek { week, kept }: &PlannedWeek) -> PlannedWeekJson {
    PlannedWeekJson {
        week: week.name(),
        monday: date::to_text(week.monday()),
        planned: kept.map(|kept| kept.planned),
        done: kept.map(|kept| kept.done),
        other_basis: kept.is_some_and(|kept| kept.is_of_other_basis),
    }
}
