//! `codexmiroir rules check`

use std::path::PathBuf;

use clap::Args;

use super::files::read;
use super::shown;
use crate::app::system_settings;
use crate::cli::CliError;
use crate::cli::output::{print, print_json};
use crate::clock::Clock;
use crate::domain::script::Script;
use crate::planning::{DAYS_DEFAULT, Horizon};
use crate::service::folder::read_folder;
use crate::service::rule_check;
use crate::service::rule_files::{self, RuleFile};
use crate::service::rule_tests::RuleError;
use crate::view::rules::CheckedJson;

#[derive(Args)]
pub struct Check {
    /// The scripts, in the order in which they apply; the name of one that comes with the program may be among them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Try them on the task files of a folder, too
    #[arg(long, value_name = "DIR")]
    tasks: Option<PathBuf>,
    /// Print the errors as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub fn run(self) -> Result<(), CliError> {
        if let Some(tests) = self.files.iter().find(|path| rule_files::tested_by(path).is_some()) {
            let path = tests.display();
            return Err(CliError::Said(format!("{path} holds tests; run them by `codexmiroir rules test {path}`")));
        }
        let files = self.files.iter().map(|path| read(path)).collect::<Result<Vec<RuleFile>, CliError>>()?;
        let scripts: Vec<Script> = files.iter().map(|file| file.script.clone()).collect();
        let folder = self.tasks.as_deref().map(read_folder).transpose().map_err(CliError::Said)?;
        let horizon = Horizon::new(system_settings().zone, Clock::System.now(), DAYS_DEFAULT);
        let errors = rule_check::errors(&scripts, folder.as_ref().map(|folder| (folder, horizon)));
        if self.json {
            print_json(&in_json(&errors)?)?;
        } else {
            for error in &errors {
                print(&shown::error(error, files.iter().find(|file| file.script.name == error.script)))?;
            }
        }
        match errors.len() {
            0 if self.json => Ok(()),
            0 => {
                let names: Vec<&str> = scripts.iter().map(|script| script.name.as_str()).collect();
                print(&format!("{}: no errors\n", names.join(", ")))
            }
            1 => Err(CliError::Said("the rules have an error".to_owned())),
            count => Err(CliError::Said(format!("the rules have {count} errors"))),
        }
    }
}

fn in_json(errors: &[RuleError]) -> Result<String, CliError> {
    serde_json::to_string(&CheckedJson::of(errors, None)).map_err(|error| CliError::Said(error.to_string()))
}
