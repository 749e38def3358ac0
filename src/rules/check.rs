//! The trial run before a rule set is accepted: days and tasks on which rules tend to fail.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::error::RuleError;
use super::evaluate::{Question, RuleSet};
use crate::domain::ids::{DocKey, FileName};
use crate::domain::task::{Status, Task};

/// A Monday.
const WEEK_BEGIN: Option<NaiveDate> = NaiveDate::from_ymd_opt(2025, 10, 13);

/// Days that differ from others: a leap day, holidays, the turn of the year, both changes of the clock.
const SPECIAL_DAYS: [Option<NaiveDate>; 7] = [
    NaiveDate::from_ymd_opt(2028, 2, 29),
    NaiveDate::from_ymd_opt(2025, 12, 24),
    NaiveDate::from_ymd_opt(2025, 12, 31),
    NaiveDate::from_ymd_opt(2026, 1, 1),
    NaiveDate::from_ymd_opt(2026, 3, 29),
    NaiveDate::from_ymd_opt(2026, 4, 5),
    NaiveDate::from_ymd_opt(2026, 10, 25),
];

/// Asks every hook about every sample.
///
/// # Errors
/// The first that a hook gives.
pub(super) fn run(rules: &RuleSet) -> Result<(), RuleError> {
    rules.about()?;
    let days = sample_days();
    let mut names = BTreeSet::new();
    for day in &days {
        for today in [*day, days.first().copied().unwrap_or(*day)] {
            names.extend(rules.slots(*day, today)?.iter().map(|slot| slot.zeit.clone()));
        }
    }
    let tasks = sample_tasks(&rules.categories()?);
    let names: Vec<String> = names.into_iter().collect();
    rules.surroundings.known_slots.replace(Some(names.clone()));
    let asked = rules.ask_all(&tasks, &days);
    rules.surroundings.known_slots.replace(None);
    // The task was a sample, which nobody would find among their own.
    let asked = asked.map_err(|error| RuleError { task: None, ..error });
    // What an answer says of a word is more than what its spelling tells: so this comes last.
    asked.and_then(|()| rules.check_spelling(&names))
}

fn sample_days() -> Vec<NaiveDate> {
    let week =
        WEEK_BEGIN.into_iter().flat_map(|monday| (0..7).filter_map(move |n| monday.checked_add_days(Days::new(n))));
    week.chain(SPECIAL_DAYS.into_iter().flatten()).collect()
}

/// One task of each category and of one that no rule knows, each bare and with everything.
fn sample_tasks(categories: &[String]) -> Vec<Question> {
    let unknown = ["unbekannt"];
    let categories = categories.iter().map(String::as_str).chain(unknown);
    let deadlines = [None, NaiveDate::from_ymd_opt(2025, 10, 15), NaiveDate::from_ymd_opt(2027, 1, 1)];
    categories.flat_map(|kategorie| deadlines.map(|deadline| sample_task(kategorie, deadline))).flatten().collect()
}

fn sample_task(kategorie: &str, deadline: Option<NaiveDate>) -> Option<Question> {
    let full = deadline.is_some();
    let tags = if full { vec!["wichtig".to_owned(), "sport".to_owned()] } else { Vec::new() };
    let task = Task {
        key: DocKey::of(FileName::parse("0042-Beispiel.md")?),
        title: "Beispiel".to_owned(),
        kategorie: kategorie.to_owned(),
        status: Status::Offen,
        tags,
        deadline,
        fixed_slot: None,
        abgeschlossen_am: None,
    };
    Some(Question { task: Arc::new(task), body: full.then(|| Arc::from("# Beispiel\n\nEin Text.\n")) })
}
