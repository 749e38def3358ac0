//! `codexmiroir settings`

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::{Ask, Client};
use super::output::{print, print_json};
use super::{CliError, options};
use crate::domain::zone::Zone;

#[derive(Args)]
pub struct SettingsOf {
    /// The time zone of the days, such as Europe/Berlin
    #[arg(long, value_name = "TZ", value_parser = options::zone)]
    time_zone: Option<Zone>,
    /// The language of the timeline
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Days that the timeline covers, today included
    #[arg(long, value_name = "DAYS", value_parser = options::days)]
    horizon: Option<u16>,
    /// What the pages look like; auto is as the reader's system is
    #[arg(long, value_name = "THEME")]
    theme: Option<PagesTheme>,
    /// Print the settings as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Language {
    En,
    De,
}

impl Language {
    pub fn word(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::De => "de",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum PagesTheme {
    Auto,
    Light,
    Dark,
}

impl PagesTheme {
    fn word(self) -> &'static str {
        match self {
            PagesTheme::Auto => "auto",
            PagesTheme::Light => "light",
            PagesTheme::Dark => "dark",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    time_zone: String,
    language: String,
    horizon: u16,
    theme: String,
}

impl SettingsOf {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let given = [
            ("timeZone", self.time_zone.map(|zone| zone.name().into())),
            ("language", self.language.map(|language| language.word().into())),
            ("horizon", self.horizon.map(Value::from)),
            ("theme", self.theme.map(|theme| theme.word().into())),
        ];
        let fields: Map<_, _> = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let answer = match fields.is_empty() {
            true => client.get("/api/settings").await?,
            false => client.send(Ask::patch("/api/settings").json(&Value::Object(fields)).repeatable()).await?,
        };
        if self.json {
            return print_json(&answer.text());
        }
        let Settings { time_zone, language, horizon, theme } = answer.read()?;
        print(&format!(
            "time zone  {time_zone}\nlanguage   {language}\nhorizon    {horizon} days\ntheme      {theme}\n"
        ))
    }
}
