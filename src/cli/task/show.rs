//! `codexmiroir task show`

use std::fmt::Write as _;

use clap::Args;
use serde::Deserialize;

use super::words::{Saved, Slot, Task, whereabouts};
use crate::cli::CliError;
use crate::cli::client::{Client, segment};
use crate::cli::output::{print, print_json};

#[derive(Args)]
pub struct Show {
    /// The task's number, or its file's name
    id: String,
    /// Print the answer, with the whole document, as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Whole {
    #[serde(flatten)]
    task: Task,
    abgeschlossen_am: Option<Slot>,
    body: String,
    document: String,
}

impl Show {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let answer = client.get(&format!("/api/tasks/{}", segment(&self.id)?)).await?;
        if self.json {
            return print_json(&answer.text());
        }
        let Whole { task, abgeschlossen_am, body, document } = answer.read()?;
        if let Some(fault) = task.fault() {
            return print(&format!("{fault}\n\n{document}"));
        }
        let is_open = task.status.as_deref() == Some("offen");
        let saved = Saved { id: task.id, filename: task.file, placed: task.placed, completed_at: None, rules_ok: None };
        let place = if is_open { whereabouts(client, &saved).await? } else { String::new() };
        let title = task.title.unwrap_or_default();
        // The heading that the title was read from is not said twice.
        let heading = format!("# {title}");
        let body = body.trim_start_matches(['\r', '\n']);
        let body = body
            .strip_prefix(&heading)
            .filter(|rest| rest.is_empty() || rest.starts_with(['\r', '\n']))
            .unwrap_or(body);
        let body = body.trim_matches(['\r', '\n']).trim_end();
        let mut text = format!("{}  {title}{place}\n", saved.id);
        let mut facts = vec![task.kategorie.unwrap_or_default(), task.status.unwrap_or_default()];
        let fact = |name: &str, value: String| (!value.is_empty()).then(|| format!("{name} {value}"));
        let exact = |slot: &Option<Slot>| slot.as_ref().map(Slot::exact).unwrap_or_default();
        facts.extend(fact("deadline", task.deadline.unwrap_or_default()));
        facts.extend(fact("fixed to", exact(&task.fixed_slot)));
        facts.extend(fact("done", exact(&abgeschlossen_am)));
        facts.extend(fact("tags", task.tags.join(", ")));
        facts.push(saved.filename);
        let _ = writeln!(text, "{}", facts.join(" · "));
        if !body.is_empty() {
            let _ = writeln!(text, "\n{body}");
        }
        print(&text)
    }
}
