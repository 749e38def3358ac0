//! `codexmiroir rules`

mod check;
mod explain;
mod files;
mod named;
mod new;
mod preview;
mod set;
mod show;
mod shown;
mod test;

use clap::Subcommand;
use serde::Deserialize;

use super::CliError;
use super::client::{Ask, Client};
use super::output::{print, print_json};
use crate::domain::ids::{DocKey, FileName};
use crate::domain::script::RuleError;

pub use explain::Explain;
pub use files::FileRules;
pub use preview::Preview;

#[derive(Subcommand)]
pub enum RulesCommand {
    #[command(flatten)]
    Asking(AskingRules),
    #[command(flatten)]
    Files(FileRules),
    /// Show what would be different under other rules: exit code 0 is nothing, 1 something, 2 it could not be told
    Preview(Preview),
    /// Show why a task stands where it stands, slot by slot
    Explain(Explain),
}

/// What is asked of the data, wherever it is.
#[derive(Subcommand)]
pub enum AskingRules {
    /// Show the rules that apply, or the text of one script
    Show(show::Show),
    /// Set rules of one's own, in place of those that apply
    Set(set::Set),
    /// Remove the rules of one's own: the server's apply again
    Remove {
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the versions of the rules of one's own
    Versions {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Set an earlier version again
    Restore {
        /// Its number, as `rules versions` shows it
        #[arg(value_parser = version)]
        version: u64,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

const RULES: &str = "/api/rules";

fn version(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write the number of a version as codexmiroir rules versions shows it, like 12".to_owned())
}

/// A place in a list.
#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "use")]
    library: Option<String>,
    name: Option<String>,
    script: Option<String>,
    #[serde(default)]
    options: serde_json::Map<String, serde_json::Value>,
}

/// The rules that apply.
#[derive(Deserialize)]
struct Rules {
    source: String,
    rules: Vec<Rule>,
    version: Option<u64>,
    error: Option<Failure>,
}

/// Why rules fail.
#[derive(Clone, Deserialize)]
struct Failure {
    script: String,
    function: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    message: String,
    task: Option<String>,
}

#[derive(Deserialize)]
struct Changed {
    version: Option<u64>,
}

impl Failure {
    /// The sentence in which errors of rules are said everywhere.
    fn sentence(&self) -> String {
        let Failure { script, function, line, column, message, task } = self.clone();
        let task = task.and_then(|id| FileName::parse(&format!("{}.md", id.trim_end_matches(".md"))));
        let task = task.map(|file| Box::new(DocKey::of(file)));
        RuleError { script, function, line, column, message, timed_out: false, task }.to_string()
    }
}

impl Rule {
    fn name(&self) -> &str {
        self.library.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }
}

impl AskingRules {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        match self {
            AskingRules::Show(show) => show.run(client).await,
            AskingRules::Set(set) => set.run(client).await,
            AskingRules::Remove { json } => change(client, Ask::delete(RULES), json).await,
            AskingRules::Versions { json } => show::versions(client, json).await,
            AskingRules::Restore { version, json } => {
                let ask = Ask::post(&format!("{RULES}/versions/{version}/restore"));
                change(client, ask, json).await
            }
        }
    }
}

/// Changes the rules, and says which apply then.
async fn change(client: &mut Client, ask: Ask, json: bool) -> Result<(), CliError> {
    // What is so already is not changed again.
    let answer = client.send(ask.repeatable()).await?;
    if json {
        return print_json(&answer.text());
    }
    let Changed { version } = answer.read()?;
    let now: Rules = client.get(RULES).await?.read()?;
    let names: Vec<&str> = now.rules.iter().map(Rule::name).collect();
    let names = names.join(", ");
    match version {
        Some(version) => print(&format!("your rules are now: {names} (version {version})\n")),
        None => print(&format!("you have no rules of your own; these apply: {names} ({})\n", show::whose(&now.source))),
    }
}
