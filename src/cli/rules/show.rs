//! `codexmiroir rules show` and `versions`

use std::fmt::Write as _;

use clap::Args;
use serde::Deserialize;

use super::super::CliError;
use super::super::client::Client;
use super::super::history::local;
use super::super::output::{Table, print, print_json};
use super::{RULES, Rule, Rules};
use crate::service::rulebook;

#[derive(Args)]
pub struct Show {
    /// The script whose text to print; of those that apply or come with the program
    name: Option<String>,
    /// Of a version of one's own, as `rules versions` shows it, instead of those that apply
    #[arg(long, value_name = "N", value_parser = super::version)]
    version: Option<u64>,
    /// Print the rules, with all texts, as JSON
    #[arg(long, conflicts_with = "name")]
    json: bool,
}

/// A version of before; without rules where they were removed.
#[derive(Deserialize)]
struct OldRules {
    rules: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
struct Versions {
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: u64,
    at: String,
    actor: String,
    through: String,
    rules: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Timeline {
    rules: StandsIn,
}

/// The rules that a timeline was planned with.
#[derive(Deserialize)]
struct StandsIn {
    source: String,
    version: Option<u64>,
}

/// Whose rules they are, in words.
pub fn whose(source: &str) -> &str {
    match source {
        "user" => "your own",
        "server" => "the server's",
        "builtin" => "built in",
        other => other,
    }
}

impl Show {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let path = self.version.map_or(RULES.to_owned(), |version| format!("{RULES}/versions/{version}"));
        let answer = client.get(&path).await?;
        if self.json {
            return print_json(&answer.text());
        }
        if let Some(version) = self.version {
            let OldRules { rules } = answer.read()?;
            let removed = || CliError::Said(format!("with version {version} your rules were removed"));
            let (rules, source) = (rules.ok_or_else(removed)?, "user".to_owned());
            let rules = Rules { source, rules, version: Some(version), error: None };
            return print(&self.name.as_ref().map_or_else(|| Ok(as_text(&rules, None)), |name| text_of(&rules, name))?);
        }
        let rules: Rules = answer.read()?;
        if let Some(name) = &self.name {
            return print(&text_of(&rules, name)?);
        }
        let stands_in = match &rules.error {
            Some(_) => Some(client.get("/codex").await?.read::<Timeline>()?.rules),
            None => None,
        };
        print(&as_text(&rules, stands_in))
    }
}

fn text_of(rules: &Rules, name: &str) -> Result<String, CliError> {
    let found = rules.rules.iter().find(|rule| rule.name() == name).and_then(|rule| rule.script.clone());
    match found.or_else(|| rulebook::library(name).map(|script| script.source)) {
        Some(script) => Ok(format!("{}\n", script.trim_end_matches('\n'))),
        None => {
            let names: Vec<&str> = rules.rules.iter().map(Rule::name).collect();
            let names = names.join(", ");
            Err(CliError::Said(format!("no script of the rules that apply is called “{name}”; they are: {names}")))
        }
    }
}

fn as_text(rules: &Rules, stands_in: Option<StandsIn>) -> String {
    let version = rules.version.map(|version| format!(", version {version}")).unwrap_or_default();
    let mut text = format!("{}{version}\n", whose(&rules.source));
    for rule in &rules.rules {
        let origin = rule.script.as_ref().map_or("from the library".to_owned(), |script| {
            let lines = script.lines().count();
            format!("{lines} line{}", if lines == 1 { "" } else { "s" })
        });
        let _ = write!(text, "  {} ({origin})", rule.name());
        for (name, value) in &rule.options {
            let _ = write!(text, " {name}={value}");
        }
        text.push('\n');
    }
    if let Some(error) = &rules.error {
        let _ = writeln!(text, "they fail: {}", error.sentence());
    }
    if let Some(StandsIn { source, version }) = stands_in {
        let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
        let _ = writeln!(text, "what stands in for them: {}{version}", whose(&source));
    }
    text
}

/// The versions as a table, the latest first.
pub async fn versions(client: &mut Client, json: bool) -> Result<(), CliError> {
    let answer = client.get(&format!("{RULES}/versions")).await?;
    if json {
        return print_json(&answer.text());
    }
    let Versions { versions } = answer.read()?;
    if versions.is_empty() {
        return print("you never had rules of your own\n");
    }
    let mut table = Table::new(&["Version", "When", "Who", "By", "Rules"], 4);
    for Version { version, at, actor, through, rules } in versions {
        let rules = rules.map_or("removed".to_owned(), |rules| rules.join(", "));
        table.row(vec![version.to_string(), local(&at), actor, through, rules]);
    }
    print(&table.draw())
}
