//! `codexmiroir history`

use chrono::{DateTime, Local};
use clap::Args;
use serde::Deserialize;

use super::CliError;
use super::client::{Client, query, segment};
use super::output::{Table, print, print_json};

#[derive(Args)]
pub struct History {
    /// Of one task alone, by its number or its file's name
    id: Option<String>,
    /// So many entries at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=5_000))]
    limit: u16,
    /// Only what was before this generation
    #[arg(long, value_name = "GENERATION")]
    before: Option<String>,
    /// Print the entries, with the documents before and after, as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<Entry>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    generation: u64,
    at: String,
    actor: String,
    through: String,
    summary: String,
    #[serde(default)]
    conflict: bool,
    #[serde(default)]
    brought: bool,
}

impl History {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let path = match &self.id {
            Some(id) => format!("/api/tasks/{}/history", segment(id)?),
            None => "/api/history".to_owned(),
        };
        let path = query(&path, &[("limit", Some(self.limit.to_string())), ("before", self.before)]);
        let answer = client.get(&path).await?;
        if self.json {
            return print_json(&answer.text());
        }
        let page: Page = answer.read()?;
        if page.entries.is_empty() {
            return print("nothing was changed yet\n");
        }
        let mut table = Table::new(&["Generation", "When", "Who", "By", "What"], 4);
        for Entry { generation, at, actor, through, summary, conflict, brought } in page.entries {
            let what = if conflict { format!("CONFLICT: {summary}") } else { summary };
            let what = if brought { format!("{what} (brought by an import)") } else { what };
            table.row(vec![generation.to_string(), local(&at), actor, through, what]);
        }
        print(&table.draw())?;
        match page.next {
            Some(next) => print(&format!("more with --before {next}\n")),
            None => Ok(()),
        }
    }
}

/// An instant of the API on this machine's clock, to the minute.
pub fn local(instant: &str) -> String {
    let read = DateTime::parse_from_rfc3339(instant);
    read.map_or_else(|_| instant.to_owned(), |at| at.with_timezone(&Local).format("%d.%m.%Y %H:%M").to_string())
}
