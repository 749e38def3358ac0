//! `codexmiroir timeline`

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;

use super::client::{Client, query};
use super::output::{print, print_json, width};
use super::{CliError, options};

#[derive(Args)]
pub struct TimelineOf {
    /// How many days, today included [default: the user's horizon]
    #[arg(long, value_name = "N", value_parser = options::days)]
    days: Option<u16>,
    /// The instant to plan for, as RFC 3339 [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = options::instant)]
    now: Option<DateTime<Utc>>,
    /// Print the timeline as JSON
    #[arg(long)]
    json: bool,
}

impl TimelineOf {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let days = self.days.map(|days| days.to_string());
        let now = self.now.map(|now| now.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let mut parameters = vec![("days", days), ("now", now)];
        if !self.json {
            parameters.push(("format", Some("text".to_owned())));
            parameters.push(("width", Some(width().to_string())));
        }
        let answer = client.get(&query("/codex", &parameters)).await?;
        if self.json { print_json(&answer.text()) } else { print(&answer.text()) }
    }
}
