//! `codexmiroir task list`

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::words::Task;
use crate::cli::client::{Client, query, read};
use crate::cli::output::{Table, print, print_json};
use crate::cli::{CliError, options};

#[derive(Args)]
pub struct List {
    /// Of one status: offen, abgeschlossen or abgebrochen
    #[arg(long, short, value_name = "STATUS", conflicts_with = "all")]
    status: Option<String>,
    /// Those that are done or cancelled too
    #[arg(long, short)]
    all: bool,
    /// Of one category
    #[arg(long, short, value_name = "KATEGORIE")]
    kategorie: Option<String>,
    /// With this tag
    #[arg(long, short, value_name = "TAG")]
    tag: Option<String>,
    /// With these words somewhere in the document
    #[arg(long, short = 'q', value_name = "TEXT")]
    search: Option<String>,
    /// From this number on
    #[arg(long, value_name = "NUMBER")]
    from: Option<u32>,
    /// So many at most
    #[arg(long, value_name = "N", value_parser = options::count)]
    limit: Option<usize>,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tasks: Vec<Value>,
    next_cursor: Option<String>,
}

impl List {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let tasks = self.collect(client).await?;
        if self.json {
            return print_json(&json!({"tasks": tasks}).to_string());
        }
        if tasks.is_empty() {
            let what = if self.shows_closed() { "tasks" } else { "open tasks" };
            return print(&format!("no {what}\n"));
        }
        let mut table = Table::new(&["ID", "Title", "Kategorie", "Status", "Deadline", "Tags", "Slot"], 1);
        for task in tasks {
            table.row(cells(read(task)?));
        }
        print(&table.draw())
    }

    fn shows_closed(&self) -> bool {
        self.all || self.status.is_some()
    }

    /// The tasks of all pages.
    async fn collect(&self, client: &mut Client) -> Result<Vec<Value>, CliError> {
        let limit = self.limit.unwrap_or(usize::MAX);
        let (mut tasks, mut cursor) = (Vec::new(), None);
        loop {
            let path = query(
                "/api/tasks",
                &[
                    ("status", self.status.clone()),
                    ("kategorie", self.kategorie.clone()),
                    ("tag", self.tag.clone()),
                    ("q", self.search.clone()),
                    ("from", self.from.map(|from| from.to_string())),
                    ("cursor", cursor),
                ],
            );
            let page: Page = client.get(&path).await?.read()?;
            // A document that cannot be read has no status, and must not go unseen for that.
            let is_closed = |task: &Value| matches!(task["status"].as_str(), Some("abgeschlossen" | "abgebrochen"));
            let shown = page.tasks.into_iter().filter(|task| self.shows_closed() || !is_closed(task));
            tasks.extend(shown);
            cursor = page.next_cursor;
            if cursor.is_none() || tasks.len() >= limit {
                tasks.truncate(limit);
                return Ok(tasks);
            }
        }
    }
}

fn cells(task: Task) -> Vec<String> {
    let title = task.fault().or(task.title).unwrap_or_default();
    let status = task.status.filter(|status| status != "offen");
    let slot = match (task.placed, task.fixed_slot) {
        (Some(placed), Some(_)) => format!("▪ {}", placed.words()),
        (Some(placed), None) => placed.words(),
        (None, Some(fixed)) => format!("▪ {}", fixed.exact()),
        (None, None) => String::new(),
    };
    vec![
        task.id,
        title,
        task.kategorie.unwrap_or_default(),
        status.unwrap_or_default(),
        task.deadline.unwrap_or_default(),
        task.tags.join(", "),
        slot,
    ]
}
