//! `codexmiroir user`

use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, open_or_create, options, print};
use crate::app::system_settings;
use crate::config::Config;
use crate::domain::zone::Zone;
use crate::service::accounts::check_new_user;
use crate::service::error::ServiceError;
use crate::store::Settings;

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add an account
    Add {
        /// a-z, 0-9, '.', '_', '-'; at most 39 characters
        name: String,
        /// May manage other accounts
        #[arg(long)]
        admin: bool,
        /// The time zone of the user's days [default: the system's]
        #[arg(long, value_name = "TZ", value_parser = options::zone)]
        time_zone: Option<Zone>,
        /// Read a password of 12 to 128 characters from standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

/// More than any password has, so that a wrong file is not read into memory.
const PASSWORD_BYTES_MAX: u64 = 4_096;

impl UserCommand {
    pub async fn run(self, data_dir: Option<PathBuf>, config: &Config) -> Result<(), CliError> {
        let UserCommand::Add { name, admin, time_zone, password_stdin } = self;
        let password = if password_stdin { Some(read_password()?) } else { None };
        let system = system_settings();
        let settings = Settings { zone: time_zone.unwrap_or(system.zone), ..system };
        // Before the database, so that a refused first user leaves no database behind.
        check_new_user(&name, password.as_deref()).map_err(ServiceError::from)?;
        let service = open_or_create(data_dir, config)?;
        let user = service.add_user(&name, admin, settings, password).await?;
        print(&format!("added {} ({})\n", user.name, settings.zone.name()))
    }
}

/// The first line of standard input.
fn read_password() -> Result<String, CliError> {
    let mut text = String::new();
    let read = std::io::stdin().take(PASSWORD_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| CliError::Said(format!("cannot read the password from standard input: {error}")))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
