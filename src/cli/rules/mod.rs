//! `codexmiroir rules`

mod check;
mod files;
mod new;
mod shown;
mod test;

use clap::Subcommand;

pub use files::FileRules;

#[derive(Subcommand)]
pub enum RulesCommand {
    #[command(flatten)]
    Files(FileRules),
}
