//! `codexmiroir rules preview`

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::super::client::{Ask, Client, query};
use super::super::output::{print, print_json, width};
use super::super::plan::{Frame, read_tasks};
use super::super::{CliError, options};
use super::named::Beside;
use super::{Failure, RULES};
use crate::config::Config;
use crate::domain::script::RuleError;
use crate::domain::zone::Zone;
use crate::service::preview::{Previewed, preview_folder};
use crate::service::rulebook::RuleBook;
use crate::view::preview::PreviewJson;
use crate::view::rules::RuleJson;
use crate::view::text;

#[derive(Args)]
pub struct Preview {
    /// A folder of task files to plan, without a server and without a database [default: your own tasks]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A script file, or the name of rules that come with the program; several apply in the order given. The tests beside
    /// them have to pass
    #[arg(long = "rules", value_name = "FILE", required_unless_present = "library")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    beside: Beside,
    /// With a folder: the rules to compare with, instead of the configured or built-in ones
    #[arg(long, value_name = "FILE", requires = "folder")]
    against: Vec<PathBuf>,
    /// The instant to plan for, as RFC 3339 [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = options::instant)]
    now: Option<DateTime<Utc>>,
    /// With a folder: the time zone to plan in [default: the system's]
    #[arg(long, value_name = "TZ", value_parser = options::zone, requires = "folder")]
    time_zone: Option<Zone>,
    /// How many days to plan, today included [default: 7, or your horizon]
    #[arg(long, value_name = "N", value_parser = options::days)]
    days: Option<u16>,
    /// Print what would be different as JSON
    #[arg(long)]
    json: bool,
}

/// What is read of the API's answer.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    errors: Vec<Failure>,
    #[serde(default)]
    changed: bool,
    #[serde(default)]
    text: String,
}

impl Preview {
    /// Whether it needs nobody's data.
    pub fn is_of_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// # Errors
    /// [`CliError::Differs`] where something would change.
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let list = self.beside.list(&self.files, client).await?;
        let width = Some(width().to_string()).filter(|_| !self.json);
        let days = self.days.map(|days| days.to_string());
        let now = self.now.map(|now| now.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let path = query(&format!("{RULES}/preview"), &[("days", days), ("now", now), ("width", width)]);
        let ask = Ask::post(&path).json(&json!({"rules": RuleJson::list(&list)}));
        let answer = client.send(ask.repeatable()).await?;
        let Answer { ok, errors, changed, text } = answer.read()?;
        if !ok {
            let errors: Vec<String> = errors.iter().map(Failure::sentence).collect();
            return self.refused(&answer.text(), &errors);
        }
        self.shown(&answer.text(), &text, changed)
    }

    /// As [`Preview::run`], on a folder.
    ///
    /// # Errors
    /// [`CliError::Differs`] where something would change.
    pub fn run_on_folder(self, config: &Config) -> Result<(), CliError> {
        let path = self.folder.as_deref().unwrap_or(Path::new("."));
        if path.is_file() {
            let path = path.display();
            return Err(CliError::Usage(format!("{path} is not a folder of task files; name rules as --rules {path}")));
        }
        let list = self.beside.list_of_nobody(&self.files)?;
        let present = RuleBook::from_files(if self.against.is_empty() { &config.rules } else { &self.against })?;
        let (folder, owner) = read_tasks(path)?;
        // A wrong path in a repository's CI must not look as if nothing changed.
        if folder.files.is_empty() {
            return Err(CliError::Said("there is nothing to preview the rules with".to_owned()));
        }
        let Frame { settings, now } = Frame::of(self.time_zone, self.days, self.now);
        match preview_folder(&folder, &present, &list, &owner, settings, now) {
            Previewed::Refused(errors) => {
                let sentences: Vec<String> = errors.iter().map(RuleError::to_string).collect();
                self.refused(&in_json(&PreviewJson::refused(&errors, None))?, &sentences)
            }
            Previewed::Planned(preview) => {
                if let Some(error) = &preview.present.rules.error {
                    return Err(CliError::Said(format!("the rules to compare with fail on these tasks: {error}")));
                }
                let json = in_json(&PreviewJson::of(&preview, None))?;
                self.shown(&json, &text::preview(&preview, width()), !preview.is_empty())
            }
        }
    }

    /// Prints what would be different, and answers whether anything would.
    fn shown(&self, json: &str, text: &str, is_different: bool) -> Result<(), CliError> {
        let printed = if self.json { print_json(json) } else { print(text) };
        match printed {
            // Whoever reads it has seen enough; the answer is the same.
            Err(CliError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {}
            printed => printed?,
        }
        if is_different { Err(CliError::Differs) } else { Ok(()) }
    }

    fn refused(&self, json: &str, errors: &[String]) -> Result<(), CliError> {
        if self.json {
            print_json(json)?;
        }
        let first = errors.first().map_or("", String::as_str);
        let more = match errors.len().saturating_sub(1) {
            0 => String::new(),
            1 => "; there is one more error, which rules check shows".to_owned(),
            more => format!("; there are {more} more errors, which rules check shows"),
        };
        Err(CliError::Said(format!("the rules could not be set, and nothing was planned with them: {first}{more}")))
    }
}

fn in_json(preview: &PreviewJson<'_>) -> Result<String, CliError> {
    serde_json::to_string(preview).map_err(|error| CliError::Said(error.to_string()))
}
