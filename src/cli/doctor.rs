//! `codexmiroir doctor`

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::CliError;
use super::client::{ACCOUNT, Ask, Client, query, read};
use super::output::{print, print_json};
use crate::config::{Config, Effective, GitConfig};
use crate::service::rulebook::RuleBook;

#[derive(Args)]
pub struct Doctor {
    /// Derive anew what is derived and not right; what somebody wrote is never touched
    #[arg(long)]
    repair: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Examined {
    version: String,
    schema: u32,
    part: String,
    looked_at: u64,
    findings: Vec<Value>,
    next: Option<String>,
}

#[derive(Deserialize)]
pub struct Finding {
    code: String,
    part: String,
    user: Option<String>,
    row: Option<String>,
    what: String,
    remedy: String,
    state: String,
}

/// Findings of one kind that are shown one by one; in the JSON there are more.
const SHOWN_MAX: usize = 20;
/// And in the JSON, where the rest is counted too.
const LISTED_MAX: usize = 10_000;

/// What was found from the first piece to the last.
#[derive(Default)]
struct Found {
    version: String,
    schema: u32,
    /// By part, in their order.
    looked_at: Vec<(String, u64)>,
    listed: Vec<Value>,
    shown: BTreeMap<(String, String, String), usize>,
    wrong: usize,
    mendable: usize,
    mended: usize,
}

/// The configuration as far as it can be used, and what of it cannot be. What is left out is as if it were not set.
pub fn usable(loaded: Result<Effective, CliError>) -> (Config, Vec<String>) {
    let mut config = match loaded {
        Ok(effective) => effective.config,
        Err(error) => return (Config::default(), vec![error.to_string()]),
    };
    let mut wrong = Vec::new();
    if let Err(error) = RuleBook::from_files(&config.rules) {
        config.rules.clear();
        wrong.push(error.to_string());
    }
    if let Err(error) = config.git.clone().read_files() {
        config.git = GitConfig::default();
        wrong.push(error.to_string());
    }
    (config, wrong)
}

/// What is to be done about a setting that cannot be used.
const MEND_SETTINGS: &str = "Mend that: no server starts with it, and the rest was looked at without those settings.";

impl Doctor {
    /// Asks for everything. `wrong` is what of the configuration cannot be used, where there is one here.
    pub async fn run(self, client: &mut Client, wrong: Option<Vec<String>>) -> Result<(), CliError> {
        let found = self.ask(client, wrong).await.map_err(|error| match error {
            CliError::Output(error) => CliError::Output(error),
            error => CliError::NotTold(Box::new(error)),
        })?;
        let left = found.wrong + found.mendable;
        match self.json {
            true => print_json(&found.json().to_string())?,
            false => print(&found.conclusion())?,
        }
        match left {
            0 => Ok(()),
            1 => Err(CliError::Said("one thing is not in order".to_owned())),
            left => Err(CliError::Said(format!("{left} things are not in order"))),
        }
    }

    /// Asks for piece after piece, and shows what each finds.
    async fn ask(&self, client: &mut Client, wrong: Option<Vec<String>>) -> Result<Found, CliError> {
        let mut found = Found::default();
        let said = wrong.map_or(Ok(String::new()), |wrong| found.add(of_configuration(wrong)))?;
        if !self.json && !said.is_empty() {
            print(&said)?;
        }
        let mut progress = Progress::begin(self.json);
        let mut next = Some(String::new());
        while let Some(place) = next {
            let is_alone = client.has_database_alone().await?;
            let parameters = [("place", Some(place)), ("alone", is_alone.then(|| "true".to_owned()))];
            let path = query("/api/admin/doctor", &parameters);
            let ask = if self.repair { Ask::post(&path) } else { Ask::get(&path) };
            let examined: Examined = client.send_within(ask.by_administrator(), ACCOUNT).await?.read()?;
            next = examined.next.clone();
            let said = found.add(examined)?;
            if !self.json && !said.is_empty() {
                progress.clear();
                print(&said)?;
            }
            progress.show(&found);
        }
        progress.clear();
        Ok(found)
    }
}

/// What of the configuration cannot be used, as the API would say it.
fn of_configuration(wrong: Vec<String>) -> Examined {
    let finding = |what: String| {
        let what = format!("{}.", what.trim_end_matches('.'));
        json!({"code": "configuration_unusable", "part": "configuration", "user": null, "row": null, "what": what,
            "remedy": MEND_SETTINGS, "state": "wrong"})
    };
    let findings = wrong.into_iter().map(finding).collect();
    Examined { part: "configuration".to_owned(), looked_at: 1, findings, ..Examined::default() }
}

impl Found {
    /// Takes what a piece found; what is to be said of it.
    fn add(&mut self, examined: Examined) -> Result<String, CliError> {
        let Examined { version, schema, part, looked_at, findings, .. } = examined;
        (self.version, self.schema) = (version, schema);
        match self.looked_at.last_mut().filter(|(last, _)| *last == part) {
            Some((_, count)) => *count += looked_at,
            None => self.looked_at.push((part, looked_at)),
        }
        let mut said = String::new();
        for value in findings {
            if self.listed.len() < LISTED_MAX {
                self.listed.push(value.clone());
            }
            let finding: Finding = read(value)?;
            match finding.state.as_str() {
                "note" => {}
                "mendable" => self.mendable += 1,
                "mended" => self.mended += 1,
                _ => self.wrong += 1,
            }
            let kind = (finding.part.clone(), finding.code.clone(), finding.state.clone());
            let shown = self.shown.entry(kind).or_default();
            *shown += 1;
            if *shown <= SHOWN_MAX {
                said.push_str(&finding.text());
            }
        }
        Ok(said)
    }

    fn rows(&self) -> u64 {
        self.looked_at.iter().map(|(_, count)| count).sum()
    }

    fn conclusion(&self) -> String {
        let mut text = String::new();
        for ((part, code, _), count) in self.shown.iter().filter(|(_, count)| **count > SHOWN_MAX) {
            text.push_str(&format!("{part}: {} more of {code}\n", count - SHOWN_MAX));
        }
        let (rows, Found { wrong, mendable, mended, version, schema, .. }) = (self.rows(), self);
        let result = match (wrong + mendable, mended) {
            (0, 0) => "all well".to_owned(),
            (0, mended) => format!("{mended} mended, all well now"),
            (_, mended) => {
                let left = format!("{wrong} wrong, {mendable} to be mended with --repair");
                if *mended > 0 { format!("{left}, {mended} mended") } else { left }
            }
        };
        text.push_str(&format!("{rows} rows looked at (version {version}, schema {schema}): {result}\n"));
        text
    }

    fn json(&self) -> Value {
        let looked_at: Vec<Value> =
            self.looked_at.iter().map(|(part, count)| json!({"part": part, "lookedAt": count})).collect();
        json!({
            "version": self.version,
            "schema": self.schema,
            "lookedAt": looked_at,
            "wrong": self.wrong,
            "mendable": self.mendable,
            "mended": self.mended,
            "findings": self.listed,
        })
    }
}

impl Finding {
    /// One line: where, what is wrong, what to do.
    pub fn text(&self) -> String {
        let mut place = self.part.clone();
        if let Some(user) = &self.user {
            place.push_str(&format!(" of {user}"));
        }
        if let Some(row) = &self.row {
            place.push_str(&format!(", {row}"));
        }
        format!("{place}: {} {}\n", self.what, self.remedy)
    }
}

/// A line on the terminal that says how far it is.
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn begin(is_json: bool) -> Progress {
        Progress { is_shown: !is_json && std::io::stderr().is_terminal() }
    }

    fn show(&self, found: &Found) {
        if let (true, Some((part, _))) = (self.is_shown, found.looked_at.last()) {
            let _ = write!(std::io::stderr(), "\r\x1b[K{} rows, {part} …", found.rows());
        }
    }

    fn clear(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
