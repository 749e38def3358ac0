//! `codexmiroir plan`

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, ValueEnum};

use super::client::{Client, query};
use super::output::{complain, print, print_json, width};
use super::{CliError, options};
use crate::app::system_settings;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::ids::UserName;
use crate::domain::zone::Zone;
use crate::planning::DAYS_DEFAULT;
use crate::service::folder::{Folder, read_folder};
use crate::service::plan_folder;
use crate::service::rulebook::RuleBook;
use crate::store::Settings;
use crate::view::{json, text};

#[derive(Args)]
pub struct Plan {
    /// The folder with the task files
    #[arg(value_name = "DIR", required_unless_present = "at")]
    folder: Option<PathBuf>,
    /// No folder, but what the user's timeline was at this generation: of the server, or of the data directory
    #[arg(long, value_name = "GENERATION", value_parser = options::generation)]
    #[arg(conflicts_with_all = ["folder", "time_zone", "rules"])]
    at: Option<u64>,
    /// With --at: also where it was planned by another version, other rules of the server or other time zones
    #[arg(long, requires = "at")]
    anyway: bool,
    /// The instant to plan for, as RFC 3339 [default: now; with --at that of the generation's commit]
    #[arg(long, value_name = "RFC3339", value_parser = options::instant)]
    now: Option<DateTime<Utc>>,
    /// The time zone to plan in [default: the system's]
    #[arg(long, value_name = "TZ", value_parser = options::zone)]
    time_zone: Option<Zone>,
    /// How many days to plan, today included [default: 7; with --at as many as it covered]
    #[arg(long, value_name = "N", value_parser = options::days)]
    days: Option<u16>,
    /// Placement rules instead of the configured or built-in ones; several apply in the order given
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// Draw the week, or print the timeline as JSON
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Plan {
    /// Whether it plans no folder, but asks for a past generation.
    pub fn asks(&self) -> bool {
        self.at.is_some()
    }

    /// Asks for the timeline of a past generation.
    pub async fn ask(self, client: &mut Client) -> Result<(), CliError> {
        let Plan { at, now, days, anyway, format, .. } = self;
        let mut parameters = vec![
            ("at", at.map(|generation| generation.to_string())),
            ("anyway", anyway.then(|| "true".to_owned())),
            ("now", now.map(|now| now.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
            ("days", days.map(|days| days.to_string())),
        ];
        match format {
            Format::Json => parameters.push(("format", Some("json".to_owned()))),
            Format::Text => {
                parameters.push(("format", Some("text".to_owned())));
                parameters.push(("width", Some(width().to_string())));
            }
        }
        let answer = client.get(&query("/codex", &parameters)).await?;
        if answer.headers.get("x-basis").is_some_and(|basis| basis == "other") {
            complain(
                "this is what the present program, rules and time zones make of that generation, not what was served",
            );
        }
        match format {
            Format::Text => print(&answer.text()),
            Format::Json => print_json(&answer.text()),
        }
    }

    /// Plans a folder.
    pub fn run(self, config: &Config) -> Result<(), CliError> {
        let Some(folder_path) = &self.folder else { return Ok(()) };
        let files = if self.rules.is_empty() { &config.rules } else { &self.rules };
        let rules = RuleBook::from_files(files)?;
        let (folder, owner) = read_tasks(folder_path)?;
        let Frame { settings, now } = Frame::of(self.time_zone, self.days, self.now);
        let answer = plan_folder(&folder, &rules, owner, settings, now);
        if let Some(error) = &answer.rules.error {
            return Err(CliError::Said(format!("the rules fail on these tasks: {error}")));
        }
        match self.format {
            Format::Text => print(&text::week(&answer, width())),
            Format::Json => print_json(&String::from_utf8_lossy(&json::timeline(&answer))),
        }
    }
}

/// What a folder is planned in and for.
pub struct Frame {
    pub settings: Settings,
    pub now: DateTime<Utc>,
}

impl Frame {
    /// What is not said is the system's, seven days and now.
    pub fn of(zone: Option<Zone>, days: Option<u16>, now: Option<DateTime<Utc>>) -> Frame {
        let system = system_settings();
        let settings = Settings { zone: zone.unwrap_or(system.zone), days: days.unwrap_or(DAYS_DEFAULT), ..system };
        Frame { settings, now: now.unwrap_or_else(|| Clock::System.now()) }
    }
}

/// The task files of a folder, and whose they are. A folder that has none is complained of.
pub fn read_tasks(path: &Path) -> Result<(Folder, UserName), CliError> {
    let folder = read_folder(path).map_err(CliError::Said)?;
    let owner = owner_of(path)?;
    if folder.files.is_empty() && folder.left_out.is_empty() {
        let path = path.display();
        complain(&format!("{path} has no task files; name a folder with files such as 0001-Title.md"));
    }
    Ok((folder, owner))
}

/// The user whose folder it is: `…/<user>/tasks`, else the folder's own name.
fn owner_of(folder: &Path) -> Result<UserName, CliError> {
    let folder =
        folder.canonicalize().map_err(|error| CliError::Said(format!("cannot read {}: {error}", folder.display())))?;
    let is_tasks = folder.file_name().is_some_and(|name| name == "tasks");
    let owner = if is_tasks { folder.parent().unwrap_or(&folder) } else { &folder };
    let name = owner.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    let fallback = || UserName::parse("local").ok_or_else(|| CliError::Said("the folder has no name".to_owned()));
    UserName::parse(&name).map_or_else(fallback, Ok)
}
