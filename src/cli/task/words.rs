//! What answers of the API say, in words.

use serde::Deserialize;

use crate::cli::CliError;
use crate::cli::client::{Answer, Client, query};
use crate::cli::output::complain;
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::view::text::weekday;
use chrono::Datelike;

/// A slot as the API names it.
#[derive(Deserialize)]
pub struct Slot {
    datum: Option<String>,
    zeit: Option<String>,
}

impl Slot {
    /// `Wed 15.10. morgens`
    pub fn words(&self) -> String {
        let day = self.datum.as_deref().map(|datum| match date::parse_lenient(datum) {
            Some(day) => format!("{} {:02}.{:02}.", weekday(day, Lang::En), day.day(), day.month()),
            None => datum.to_owned(),
        });
        [day, self.zeit.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// `15.10.2025 morgens`
    pub fn exact(&self) -> String {
        [self.datum.as_deref(), self.zeit.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// A task as the API lists and shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub id: String,
    pub file: String,
    pub title: Option<String>,
    pub kategorie: Option<String>,
    pub status: Option<String>,
    pub tags: Vec<String>,
    pub deadline: Option<String>,
    pub fixed_slot: Option<Slot>,
    pub placed: Option<Slot>,
    invalid: Option<Invalid>,
}

#[derive(Deserialize)]
struct Invalid {
    line: u32,
    reason: String,
}

impl Task {
    /// Of a document that is no task: which it is, and why.
    pub fn fault(&self) -> Option<String> {
        let Invalid { line, reason } = self.invalid.as_ref()?;
        Some(format!("{} cannot be read: line {line}: {reason}", self.file))
    }
}

/// What is said of a task that was changed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saved {
    pub id: String,
    pub filename: String,
    pub placed: Option<Slot>,
    pub completed_at: Option<Slot>,
    pub rules_ok: Option<bool>,
}

impl Saved {
    pub fn of(answer: &Answer) -> Result<Saved, CliError> {
        answer.read()
    }

    /// Says on the terminal what the user would not notice otherwise.
    pub fn warn(&self) {
        if self.rules_ok == Some(false) {
            complain("the rules fail on these tasks, and others stand in for them; see: codexmiroir rules show");
        }
    }

    pub fn stem(&self) -> &str {
        self.filename.trim_end_matches(".md")
    }
}

/// The lists of a timeline that tasks without a slot are in.
#[derive(Deserialize)]
struct Lists {
    conflicts: Vec<Unplaced>,
    overdue: Vec<Unplaced>,
    later: Vec<Unplaced>,
    unplaced: Vec<Unplaced>,
    waiting: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unplaced {
    file: String,
    by: Option<String>,
    because: Option<String>,
    fixed_slot: Option<Slot>,
}

/// ` → ` and the slot that a task stands in, or why it stands in none; nothing for a task that is not planned.
pub async fn whereabouts(client: &mut Client, saved: &Saved) -> Result<String, CliError> {
    if let Some(placed) = &saved.placed {
        return Ok(format!(" → {}", placed.words()));
    }
    let lists: Lists = client.get(&query("/codex", &[])).await?.read()?;
    let found = |list: &[Unplaced]| list.iter().position(|entry| entry.file == saved.filename);
    let slot = |entry: &Unplaced| entry.fixed_slot.as_ref().map(Slot::exact).unwrap_or_default();
    let because = |entry: &Unplaced| match (&entry.because, &entry.by) {
        (Some(because), _) => format!(": {because}"),
        (None, Some(by)) => format!(" by {by}"),
        (None, None) => String::new(),
    };
    let said = if lists.waiting.contains(&saved.filename) {
        "in line".to_owned()
    } else if let Some(at) = found(&lists.later) {
        format!("later, {}", slot(&lists.later[at]))
    } else if let Some(at) = found(&lists.conflicts) {
        format!("no slot, {} is taken{}", slot(&lists.conflicts[at]), because(&lists.conflicts[at]))
    } else if let Some(at) = found(&lists.overdue) {
        format!("overdue, was fixed to {}", slot(&lists.overdue[at]))
    } else if let Some(at) = found(&lists.unplaced) {
        format!("no slot that the rules allow{}", because(&lists.unplaced[at]))
    } else {
        return Ok(String::new());
    };
    Ok(format!(" → {said}"))
}
