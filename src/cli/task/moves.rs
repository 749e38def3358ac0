//! `codexmiroir task moves`

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::CliError;
use crate::cli::client::{Client, query, segment};
use crate::cli::history::local;
use crate::cli::output::{Table, print, print_json};

#[derive(Args)]
pub struct Moves {
    /// The task's number, or its file's name
    id: String,
    /// So many moves at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Go on from here, as the end of an earlier answer says
    #[arg(long, value_name = "PLACE")]
    before: Option<String>,
    /// Print the moves as JSON
    #[arg(long)]
    json: bool,
}

/// Pages without a single move that are asked for: each looks at some hundred plans.
const EMPTY_PAGES_MAX: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    id: String,
    file: String,
    standing: Option<Standing>,
    since: Option<String>,
    moves: Vec<Move>,
    looked_back_to: Place,
    next: Option<String>,
    bases: Vec<Basis>,
}

#[derive(Deserialize)]
struct Standing {
    text: String,
}

#[derive(Deserialize)]
struct Place {
    generation: u64,
    at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Move {
    at: String,
    generation: u64,
    from: Option<Standing>,
    to: Option<Standing>,
    cause: Cause,
    #[serde(default)]
    other_basis: bool,
}

#[derive(Deserialize)]
struct Cause {
    kind: String,
    summary: String,
    actor: Option<String>,
    through: Option<String>,
}

#[derive(Deserialize)]
struct Basis {
    at: String,
    differing: Vec<String>,
}

impl Moves {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let path = format!("/api/tasks/{}/moves", segment(&self.id)?);
        let limit = Some(self.limit.to_string());
        let mut first: Option<Value> = None;
        let mut before = self.before.clone();
        // A task may stand for long: pages without a move are gone over.
        for _ in 0..EMPTY_PAGES_MAX {
            let page: Value =
                client.get(&query(&path, &[("limit", limit.clone()), ("before", before)])).await?.read()?;
            before = page["next"].as_str().map(str::to_owned);
            first = Some(match first {
                None => page,
                Some(first) => gone_on(&first, page, self.before.is_none()),
            });
            let has_moves =
                first.as_ref().and_then(|page| page["moves"].as_array()).is_some_and(|moves| !moves.is_empty());
            if has_moves || before.is_none() {
                break;
            }
        }
        let whole = first.unwrap_or_default();
        match self.json {
            true => print_json(&whole.to_string()),
            false => print(&as_text(crate::cli::client::read(whole)?)),
        }
    }
}

/// What two pages are together, the first of which has no move.
fn gone_on(first: &Value, mut next: Value, is_since_now: bool) -> Value {
    let since = next["moves"].get(0).map_or(Value::Null, |last| last["at"].clone());
    let bases = [&next["bases"], &first["bases"]].into_iter().filter_map(Value::as_array).flatten().cloned().collect();
    if let Some(fields) = next.as_object_mut() {
        fields.insert("standing".to_owned(), first["standing"].clone());
        fields.insert("since".to_owned(), if is_since_now { since } else { json!(null) });
        fields.insert("bases".to_owned(), Value::Array(bases));
    }
    next
}

fn as_text(page: Page) -> String {
    const NOWHERE: &str = "not open";
    let place = |standing: &Option<Standing>| standing.as_ref().map_or(NOWHERE, |standing| &standing.text).to_owned();
    let since = page.since.as_deref().map(|since| format!(", since {}", local(since))).unwrap_or_default();
    let mut text = format!("{}  {}: {}{since}\n", page.id, page.file, place(&page.standing));
    if !page.moves.is_empty() {
        let mut table = Table::new(&["When", "Generation", "From", "To", "Why", "By"], 4);
        for Move { at, generation, from, to, cause, other_basis } in page.moves {
            let by = [cause.actor, cause.through].into_iter().flatten().collect::<Vec<_>>().join(", ");
            let summary = if cause.kind == "sync" { format!("sync: {}", cause.summary) } else { cause.summary };
            let why = if other_basis { format!("{summary} (as planned now)") } else { summary };
            table.row(vec![local(&at), generation.to_string(), place(&from), place(&to), why, by]);
        }
        text.push_str(&format!("\n{}", table.draw()));
    }
    for Basis { at, differing } in page.bases {
        text.push_str(&format!("since {}: {}; what that moved is not listed\n", local(&at), differing.join(", ")));
    }
    let Place { generation, at } = page.looked_back_to;
    match page.next {
        Some(next) => text
            .push_str(&format!("looked back to generation {generation}, {}; more with --before {next}\n", local(&at))),
        None => text.push_str("looked back to the beginning\n"),
    }
    text
}
