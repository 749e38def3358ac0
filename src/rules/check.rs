//! The trial run before a rule set is accepted: days and tasks on which rules tend to fail.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use super::error::RuleError;
use super::evaluate::{Question, RuleSet};
use super::spelling::Known;
use crate::domain::ids::{DocKey, FileName};
use crate::domain::task::{Status, Task};

/// A Monday.
const WEEK_BEGIN: Option<NaiveDate> = NaiveDate::from_ymd_opt(2025, 10, 13);

/// So many days, of all weekdays and 37 days apart, are twenty years.
const YEARS_DAYS: u64 = 200;

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

/// All that is wrong: what an answer fails of, and every misspelt word.
pub(super) fn all(rules: &RuleSet) -> Vec<RuleError> {
    let mut known = Known::default();
    let mut errors: Vec<_> = ask(rules, &mut known).err().into_iter().collect();
    for misspelt in rules.misspelt(&known) {
        if !errors.iter().any(|error| error.is_at_place_of(&misspelt)) {
            errors.push(misspelt);
        }
    }
    if errors.is_empty() && has_no_slot(rules, &known) {
        errors.push(rules.without_slots());
    }
    errors
}

/// Asks every hook about every sample, then looks at what is written.
///
/// # Errors
/// The first that a hook gives, else the first word that is misspelt, else that no day has a slot.
pub(super) fn run(rules: &RuleSet) -> Result<(), RuleError> {
    let mut known = Known::default();
    ask(rules, &mut known)?;
    // What an answer says of a word is more than what its spelling tells: so this comes last.
    if let Some(misspelt) = rules.misspelt(&known).into_iter().next() {
        return Err(misspelt);
    }
    if has_no_slot(rules, &known) { Err(rules.without_slots()) } else { Ok(()) }
}

/// Asks every hook about every sample, and finds out what names there are.
fn ask(rules: &RuleSet, known: &mut Known) -> Result<(), RuleError> {
    rules.about()?;
    let days = sample_days();
    let mut names = BTreeSet::new();
    for day in &days {
        for today in [*day, days.first().copied().unwrap_or(*day)] {
            names.extend(rules.slots(*day, today)?.iter().map(|slot| slot.zeit.clone()));
        }
    }
    known.slots = names.into_iter().collect();
    known.categories = rules.categories()?;
    rules.surroundings.known_slots.replace(Some(known.slots.clone()));
    let asked = rules.ask_all(&sample_tasks(&known.categories), &days);
    rules.surroundings.known_slots.replace(None);
    // The task was a sample, which nobody would find among their own.
    asked.map_err(|error| RuleError { task: None, ..error })
}

/// Whether no day has a slot: neither the samples nor, as rules may begin or end some time, days of many years.
fn has_no_slot(rules: &RuleSet, known: &Known) -> bool {
    let mut days = (0..YEARS_DAYS).filter_map(|n| WEEK_BEGIN?.checked_add_days(Days::new(n * 37)));
    known.slots.is_empty() && days.all(|day| rules.slots(day, day).is_ok_and(|slots| slots.is_empty()))
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
