//! `codexmiroir inspect`

use std::fmt::Write as _;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::CliError;
use super::client::{Ask, Client, query, segment};
use super::output::{Table, print, print_json, width};
use crate::domain::date;
use crate::domain::zone::Zone;

#[derive(Args)]
pub struct Inspect {
    /// Whose timeline
    #[arg(value_name = "USER")]
    name: String,
    /// Print the timeline itself, too
    #[arg(long)]
    timeline: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    name: String,
    time_zone: String,
    generation: u64,
    committed_at: String,
    hot: Option<Kept>,
    materialized: Option<Kept>,
    served: Served,
    rebuilds: Vec<Rebuild>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    generation: u64,
    valid_until: String,
    bytes: u64,
    stale: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    layer: String,
    generation: u64,
    valid_until: String,
    bytes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rebuild {
    at: String,
    cause: String,
    generation: u64,
    took_us: u64,
    tasks: u64,
}

/// Rebuilds that are shown; all are in the JSON.
const REBUILDS_MAX: usize = 10;

impl Inspect {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let path = format!("/api/admin/cache/{}", segment(&self.name)?);
        let answer = client.send(Ask::get(&path).by_administrator()).await?;
        client.act_for(Some(self.name));
        if self.json {
            let mut whole: Value = answer.read()?;
            if let (true, Some(fields)) = (self.timeline, whole.as_object_mut()) {
                fields.insert("timeline".to_owned(), client.get("/codex").await?.read()?);
            }
            return print_json(&whole.to_string());
        }
        print(&as_text(answer.read()?))?;
        if self.timeline {
            let format = [("format", Some("text".to_owned())), ("width", Some(width().to_string()))];
            print(&format!("\n{}", client.get(&query("/codex", &format)).await?.text()))?;
        }
        Ok(())
    }
}

fn as_text(inspection: Inspection) -> String {
    let Inspection { name, time_zone, generation, committed_at, hot, materialized, served, rebuilds } = inspection;
    // A boundary means something by the user's clock, which need not be that of whoever inspects.
    let zone = Zone::parse(&time_zone);
    let at = |instant: &str| zone.map_or_else(|| instant.to_owned(), |zone| minute(instant, zone));
    let committed = at(&committed_at);
    let mut text = format!("{name}: generation {generation}, committed {committed}; all times in {time_zone}\n\n");
    let mut layers = Table::new(&["Kept in", "Generation", "Valid until", "Bytes", "Why not"], 4);
    for (place, kept) in [("memory", hot), ("database", materialized)] {
        layers.row(match kept {
            Some(Kept { generation, valid_until, bytes, stale }) => vec![
                place.to_owned(),
                generation.to_string(),
                at(&valid_until),
                bytes.to_string(),
                stale.unwrap_or_default().replace('_', " "),
            ],
            None => [place, "none"].map(str::to_owned).into_iter().chain([const { String::new() }; 3]).collect(),
        });
    }
    let Served { layer, generation, valid_until, bytes } = served;
    layers.row(vec![
        format!("served: {layer}"),
        generation.to_string(),
        at(&valid_until),
        bytes.to_string(),
        String::new(),
    ]);
    text.push_str(&layers.draw());
    if !rebuilds.is_empty() {
        let mut table = Table::new(&["Made anew", "Why", "Generation", "Tasks", "Took"], 1);
        for rebuild in rebuilds.iter().take(REBUILDS_MAX) {
            let (whole, part) = (rebuild.took_us / 1_000, rebuild.took_us % 1_000 / 100);
            table.row(vec![
                at(&rebuild.at),
                rebuild.cause.replace('_', " "),
                rebuild.generation.to_string(),
                rebuild.tasks.to_string(),
                format!("{whole}.{part} ms"),
            ]);
        }
        let _ = write!(text, "\n{}", table.draw());
    }
    text
}

/// An instant of the API by the clock of a zone, to the minute.
fn minute(instant: &str, zone: Zone) -> String {
    let read = date::parse_instant(instant);
    read.map_or_else(|| instant.to_owned(), |at| zone.local(at).format("%d.%m.%Y %H:%M").to_string())
}
