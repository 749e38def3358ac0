//! `codexmiroir backup`

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::client::{Ask, Client, EVERYTHING};
use super::output::print;
use super::passphrase::PassphraseFile;
use super::progress::Progress;
use super::{CliError, export::require_new};
use crate::clock::Clock;
use crate::service::backup::{Checked, FIRST_BYTE, FileError, NewFile, file_name};

const BACKUP: &str = "/api/admin/backup";

#[derive(Args)]
pub struct Backup {
    /// The file; - is standard output [default: codexmiroir-<time>.tar.zst here]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// With the tokens of users' own repositories, encrypted with a passphrase
    #[arg(long)]
    with_secrets: bool,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

impl Backup {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let passphrase = match self.with_secrets {
            true => Some(self.passphrase.new_one()?),
            false => self.passphrase.require_none("it is for --with-secrets")?,
        };
        let ask = || match &passphrase {
            Some(passphrase) => Ask::post(BACKUP).json(&json!({"passphrase": passphrase.as_str()})),
            None => Ask::get(BACKUP),
        };
        let ask = ask().by_administrator();
        match self.output {
            Some(path) if path == Path::new("-") => to_stdout(client, ask).await,
            path => {
                let path = path.unwrap_or_else(|| file_name(Clock::System.now()).into());
                into_file(client, ask, &path, passphrase.as_ref().map(|text| text.as_str())).await
            }
        }
    }
}

async fn to_stdout(client: &mut Client, ask: Ask) -> Result<(), CliError> {
    if io::stdout().is_terminal() {
        return Err(CliError::Usage(
            "a backup is nothing for a terminal; name a file with --output, or send it on with > or |".to_owned(),
        ));
    }
    let progress = Progress::of_bytes("backing up", None);
    let mut out = progress.writing(io::stdout());
    client.download_into(ask, EVERYTHING, FIRST_BYTE, &mut out).await.map_err(not_taken)?;
    out.flush().map_err(|error| not_taken(error.into()))?;
    progress.done();
    Ok(())
}

/// Of most output somebody may have seen enough. Of a backup nobody has.
fn not_taken(error: CliError) -> CliError {
    match error {
        CliError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => CliError::Said(
            "whatever the backup was sent to ended before it had all of it, so it is not whole; see to that, and send it again"
                .to_owned(),
        ),
        error => error,
    }
}

/// Writes it under another name, reads it to its end, and only then gives it its own: one that is there is whole.
async fn into_file(client: &mut Client, ask: Ask, path: &Path, passphrase: Option<&str>) -> Result<(), CliError> {
    let failed = |error: io::Error| CliError::Said(format!("cannot write {}: {error}", path.display()));
    require_new(path, "name another --output")?;
    let mut written = NewFile::at(path).map_err(failed)?;
    let progress = Progress::of_bytes("backing up", None);
    let mut sink = progress.writing(written.as_file_mut());
    client.download_into(ask, EVERYTHING, FIRST_BYTE, &mut sink).await?;
    progress.done();
    client.release().await;
    let progress = Progress::of_bytes("verifying", written.bytes().ok());
    let finished = written.finish(passphrase, |source| progress.reading(source));
    let checked = finished.map_err(|error| match error {
        FileError::Write(error) => failed(error),
        FileError::Refused(_) => CliError::Said(error.to_string()),
    })?;
    progress.done();
    print(&format!("wrote {}: {}\n{}", path.display(), contents(&checked), left_out(&checked)))
}

/// What is in it.
pub(super) fn contents(checked: &Checked) -> String {
    let count = |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let users = count(checked.users() as u64, "user");
    format!("{users}, {}, {}", count(checked.documents(), "task"), count(checked.changes(), "change"))
}

/// What is not in it, where somebody might miss it.
fn left_out(checked: &Checked) -> String {
    let mut said = String::new();
    if !checked.removed().is_empty() {
        said.push_str(&format!("left out, because they were removed meanwhile: {}\n", checked.removed().join(", ")));
    }
    said.push_str(&lost(checked));
    said
}

/// Secrets that have to be given anew after a restore.
pub(super) fn lost(checked: &Checked) -> String {
    let mut said = String::new();
    if !checked.passwords_lost().is_empty() {
        said.push_str(&format!(
            "without a password, because the key file was lost that it was sealed with: {}; give them new ones with \
             codexmiroir user passwd NAME\n",
            checked.passwords_lost().join(", ")
        ));
    }
    match checked.tokens_missing() {
        0 => {}
        1 => said.push_str("without the token of 1 user's own repository, who has to set it again\n"),
        count => said
            .push_str(&format!("without the tokens of {count} users' own repositories, who have to set them again\n")),
    }
    said
}
