//! `codexmiroir config`

use clap::Args;

use super::output::print;
use super::settings::SettingFlags;
use super::{CliError, Place};
use crate::config::default_file;

#[derive(Args)]
pub struct ConfigOf {
    /// Print a file with every key, what it means, and its default
    #[arg(long)]
    default: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

impl ConfigOf {
    pub fn run(self, place: &Place) -> Result<(), CliError> {
        if self.default {
            return print(&default_file());
        }
        print(&place.load(&self.settings)?.to_toml())
    }
}
