//! The passphrase of a backup with secrets: from a file, the environment, or whoever sits at the terminal.

use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use super::{CliError, prompt};

/// The passphrase itself; with `_FILE` behind it a file that has it.
const VARIABLE: &str = "CODEXMIROIR_BACKUP_PASSPHRASE";

#[derive(Args)]
pub struct PassphraseFile {
    /// The file whose first line is the passphrase for the tokens [env: CODEXMIROIR_BACKUP_PASSPHRASE itself, or
    /// CODEXMIROIR_BACKUP_PASSPHRASE_FILE] [default: asked for at the terminal]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseFile {
    /// A new one, which somebody at the terminal types twice.
    pub fn new_one(&self) -> Result<Zeroizing<String>, CliError> {
        match self.given()? {
            Some(passphrase) => Ok(passphrase),
            None => prompt::new_secret("Passphrase for the tokens: ", FLAG, "passphrases").map(Zeroizing::new),
        }
    }

    /// The one that something was encrypted with. Somebody at the terminal may have none.
    pub fn present_one(&self) -> Result<Option<Zeroizing<String>>, CliError> {
        match self.given()? {
            None if prompt::is_possible() => {
                let asked = prompt::secret("Passphrase for the tokens (empty to restore without them): ", FLAG)?;
                Ok(Some(Zeroizing::new(asked)).filter(|passphrase| !passphrase.is_empty()))
            }
            given => Ok(given),
        }
    }

    /// Whether the flag was given.
    pub fn is_named(&self) -> bool {
        self.passphrase_file.is_some()
    }

    /// Refuses the flag where it means nothing.
    pub fn require_none(&self, reason: &str) -> Result<Option<Zeroizing<String>>, CliError> {
        match self.is_named() {
            true => Err(CliError::Usage(format!("{FLAG} is of no use here; {reason}"))),
            false => Ok(None),
        }
    }

    /// Without a question: of the flag and the environment the flag goes first.
    pub fn given(&self) -> Result<Option<Zeroizing<String>>, CliError> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let of_environment = variable(&format!("{VARIABLE}_FILE")).map(PathBuf::from);
        let file = match (self.passphrase_file.clone(), variable(VARIABLE), of_environment) {
            (Some(file), ..) | (None, None, Some(file)) => file,
            (None, Some(_), Some(_)) => {
                return Err(CliError::Said(format!("{VARIABLE} and {VARIABLE}_FILE are both set; leave one out")));
            }
            (None, Some(text), None) => return Ok(Some(Zeroizing::new(text.to_string_lossy().into_owned()))),
            (None, None, None) => return Ok(None),
        };
        let failed = |error| CliError::Said(format!("cannot read the passphrase in {}: {error}", file.display()));
        let text = Zeroizing::new(std::fs::read_to_string(&file).map_err(failed)?);
        Ok(Some(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())))
    }
}

const FLAG: &str = "--passphrase-file";
