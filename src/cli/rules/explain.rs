//! `codexmiroir rules explain`

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Deserialize;

use super::super::client::{Client, query, segment};
use super::super::output::{print, print_json, width};
use super::super::plan::{Frame, read_tasks};
use super::super::{CliError, options};
use crate::config::Config;
use crate::domain::date;
use crate::domain::zone::Zone;
use crate::service::error::{Refusal, ServiceError};
use crate::service::explain::{SlotName, explain_folder, slot_of};
use crate::service::rulebook::RuleBook;
use crate::view::explanation::ExplanationJson;
use crate::view::text;

#[derive(Args)]
pub struct Explain {
    /// The task's number, or its file's name
    #[arg(value_name = "TASK")]
    id: String,
    /// What would be if it were pinned to this slot, such as 15.10.2025 morgens
    #[arg(long, short, num_args = 1..=2, value_name = "SLOT")]
    slot: Vec<String>,
    /// A folder of task files to plan, without a server and without a database [default: your own tasks]
    #[arg(long, value_name = "DIR")]
    tasks: Option<PathBuf>,
    /// With a folder: placement rules instead of the configured or built-in ones; several apply in the order given
    #[arg(long, value_name = "FILE", requires = "tasks")]
    rules: Vec<PathBuf>,
    /// With a folder: the time zone to plan in [default: the system's]
    #[arg(long, value_name = "TZ", value_parser = options::zone, requires = "tasks")]
    time_zone: Option<Zone>,
    /// The instant to plan for, as RFC 3339 [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = options::instant)]
    now: Option<DateTime<Utc>>,
    /// How many days to plan, today included [default: 7, or your horizon]
    #[arg(long, value_name = "N", value_parser = options::days)]
    days: Option<u16>,
    /// Print the explanation as JSON
    #[arg(long)]
    json: bool,
}

/// What is read of the API's answer.
#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl Explain {
    /// The folder that it is about, if it needs nobody's data.
    pub fn is_of_folder(&self) -> bool {
        self.tasks.is_some()
    }

    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let slot = self.slot()?.map(|(day, zeit)| format!("{}/{zeit}", date::to_text(day)));
        let width = Some(width().to_string()).filter(|_| !self.json);
        let days = self.days.map(|days| days.to_string());
        let now = self.now.map(|now| now.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let path = format!("/api/tasks/{}/explain", segment(&self.id)?);
        let asked = [("slot", slot), ("days", days), ("now", now), ("width", width)];
        let answer = client.get(&query(&path, &asked)).await?;
        match self.json {
            true => print_json(&answer.text()),
            false => print(&answer.read::<Answer>()?.text),
        }
    }

    /// As [`Explain::run`], on a folder.
    pub fn run_on_folder(self, config: &Config) -> Result<(), CliError> {
        let slot = self.slot()?;
        let rules = RuleBook::from_files(if self.rules.is_empty() { &config.rules } else { &self.rules })?;
        let path = self.tasks.as_deref().unwrap_or(".".as_ref());
        let (folder, owner) = read_tasks(path)?;
        let Frame { settings, now } = Frame::of(self.time_zone, self.days, self.now);
        let explained = explain_folder(&folder, &rules, owner, settings, now, (&self.id, slot));
        let explained = explained.map_err(|error| match error {
            ServiceError::Refused(Refusal::NoSuchTask { id }) => {
                CliError::Said(format!("there is no task “{id}” in {}; see the names of its files", path.display()))
            }
            error => error.into(),
        })?;
        if self.json {
            let json = serde_json::to_string(&ExplanationJson::of(&explained, None));
            return print_json(&json.map_err(|error| CliError::Said(error.to_string()))?);
        }
        print(&text::explanation(&explained, width()))
    }

    fn slot(&self) -> Result<Option<SlotName>, CliError> {
        let text = self.slot.join(" ");
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || CliError::Usage(format!("“{text}” is no slot; write day and name, like 15.10.2025 morgens"));
        slot_of(&text).ok_or_else(wrong).map(Some)
    }
}
