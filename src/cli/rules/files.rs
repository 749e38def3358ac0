//! What is done with files of rules, without a server and without a database.

use std::path::Path;

use clap::Subcommand;

use super::{check, new, test};
use crate::cli::CliError;
use crate::cli::output::print;
use crate::domain::lang::Lang;
use crate::service::rule_files::{self, RuleFile};
use crate::service::rulebook;

#[derive(Subcommand)]
pub enum FileRules {
    /// Compile scripts and try them on sample days and tasks
    Check(check::Check),
    /// Run the tests of scripts: files *.test.rhai beside them
    Test(test::Test),
    /// Write a script to begin with, and its tests
    New(new::New),
    /// Print all words that scripts can use, as Markdown
    Reference {
        /// In German, with the German names first
        #[arg(long)]
        german: bool,
    },
}

impl FileRules {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            FileRules::Check(check) => check.run(),
            FileRules::Test(test) => test.run(),
            FileRules::New(new) => new.run(),
            FileRules::Reference { german } => print(&rulebook::reference(if german { Lang::De } else { Lang::En })),
        }
    }
}

/// Reads a script; a name that is no file may be one that comes with the program.
pub(super) fn read(path: &Path) -> Result<RuleFile, CliError> {
    let read = rule_files::read_or_known(path);
    read.map_err(|error| rule_files::misspelt(path).map_or_else(|| unreadable(path, &error), CliError::Said))
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::Said(format!("cannot read the rules {}: {error}", path.display()))
}
