//! What is done to tasks by their ids: `done`, `cancel`, `reopen`, `pin`, `unpin`, `rm`.

use clap::Args;
use serde_json::Value;

use super::words::{Saved, Slot, whereabouts};
use crate::cli::CliError;
use crate::cli::client::{Ask, Client, segment};
use crate::cli::options::{SlotText, slot};
use crate::cli::output::{complain, print, print_json};

#[derive(Args)]
pub struct Ids {
    /// The tasks' numbers, or their files' names
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Print the answers as JSON, one on a line
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Done {
    #[command(flatten)]
    ids: Ids,
    /// The slot it was done in, such as "15.10.2025 morgens" [default: the running one, else the last
    /// that began today, else today's first]
    #[arg(long, short, value_name = "SLOT", value_parser = slot)]
    slot: Option<SlotText>,
}

#[derive(Args)]
pub struct Pin {
    /// The task's number, or its file's name
    id: String,
    /// Day and slot, such as 15.10.2025 morgens
    #[arg(required = true, num_args = 1..=2, value_name = "SLOT")]
    slot: Vec<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Something to be done to a task, and how it is said that it was.
#[derive(Clone, Copy)]
pub struct Verb {
    /// The last part of the route; none for the removal.
    route: Option<&'static str>,
    said: &'static str,
    /// Whether the task is planned afterwards, so that its place is worth saying.
    is_planned: bool,
}

pub const CANCEL: Verb = Verb { route: Some("cancel"), said: "cancelled", is_planned: false };
pub const REOPEN: Verb = Verb { route: Some("reopen"), said: "open", is_planned: true };
pub const UNPIN: Verb = Verb { route: Some("unpin"), said: "unpinned", is_planned: true };
pub const REMOVE: Verb = Verb { route: None, said: "removed; codexmiroir undo brings it back", is_planned: false };
const DONE: Verb = Verb { route: Some("complete"), said: "done", is_planned: false };
const PIN: Verb = Verb { route: Some("pin"), said: "pinned", is_planned: true };

impl Ids {
    pub async fn run(self, client: &mut Client, verb: Verb) -> Result<(), CliError> {
        self.each(client, verb, None).await
    }

    /// One after the other. A task that is refused does not hold up those after it.
    async fn each(self, client: &mut Client, verb: Verb, body: Option<Value>) -> Result<(), CliError> {
        let count = self.ids.len();
        let mut refused = 0;
        for id in &self.ids {
            match verb.apply(client, id, body.as_ref(), self.json).await {
                Err(error @ CliError::Refused { .. }) if count > 1 => {
                    complain(&error.to_string());
                    refused += 1;
                }
                done => done?,
            }
        }
        match refused {
            0 => Ok(()),
            refused => {
                Err(CliError::Said(format!("{refused} of {count} tasks stay as they were, for the reasons above")))
            }
        }
    }
}

impl Verb {
    async fn apply(self, client: &mut Client, id: &str, body: Option<&Value>, json: bool) -> Result<(), CliError> {
        let path = format!("/api/tasks/{}", segment(id)?);
        let ask = match self.route {
            // A task that is so already stays as it is, so the second of two requests changes nothing.
            Some(route) => Ask::post(&format!("{path}/{route}")).repeatable(),
            None => Ask::delete(&path),
        };
        let ask = match body {
            Some(body) => ask.json(body),
            None => ask,
        };
        let answer = client.send(ask).await?;
        if json {
            return print_json(&answer.text());
        }
        let saved = Saved::of(&answer)?;
        let place = match (&saved.completed_at, self.is_planned) {
            (Some(slot), _) => format!(" {}", Slot::words(slot)),
            (None, true) => whereabouts(client, &saved).await?,
            (None, false) => String::new(),
        };
        print(&format!("{}  {}{place}\n", saved.stem(), self.said))?;
        saved.warn();
        Ok(())
    }
}

impl Done {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let slot = self.slot.as_ref().map(SlotText::json);
        self.ids.each(client, DONE, slot).await
    }
}

impl Pin {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let text = self.slot.join(" ");
        let slot = slot(&text).map_err(|right| CliError::Usage(format!("“{text}” is no slot; {right}")))?;
        PIN.apply(client, &self.id, Some(&slot.json()), self.json).await
    }
}
