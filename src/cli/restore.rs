//! `codexmiroir restore`

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::backup::{contents, lost};
use super::output::print;
use super::passphrase::PassphraseFile;
use super::progress::Progress;
use super::settings::sync_settings;
use crate::app::{self, RestoreError, RestoreOptions, RestoreReport, Target};
use crate::clock::Clock;
use crate::config::Config;
use crate::service::backup::{BackupError, Checked, FIRST_BYTE, check};
use crate::service::rulebook::RuleBook;
use crate::view::text::printable;

/// Names that are told of what was not taken over.
const NAMES_MAX: usize = 20;

#[derive(Args)]
pub struct Restore {
    /// The backup; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take the place of a data directory that is not empty, which is kept beside it
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

impl Restore {
    pub async fn run(self, data_dir: &Path, config: Config) -> Result<(), CliError> {
        let mut git = config.git.clone();
        git.read_files()?;
        let options = RestoreOptions {
            key_file: config.key_file.clone(),
            rules: RuleBook::from_files(&config.rules)?,
            workers: app::WorkerOptions::of_this_program(),
            hot_bytes_max: config.hot_map,
            clock: Clock::System,
            sync: sync_settings(git),
        };
        let target = Target::take(data_dir, self.replace, options.clock.now()).await?;
        let name = self.file.display().to_string();
        let mut file = self.source(&name, target.home())?;
        let checked = self.check(&name, &mut file)?;
        file.rewind().map_err(|error| refused(&name, &error))?;
        let progress = Progress::of_bytes("restoring", file.metadata().ok().map(|found| found.len()));
        let restored = app::restore(target, progress.reading(BufReader::new(file)), checked, options).await;
        progress.done();
        let report = restored.map_err(|error| match error {
            RestoreError::Backup(error) => refused(&name, &error),
            error => error.into(),
        })?;
        print(&told(&name, data_dir, &report))?;
        let failed =
            |error| CliError::Said(format!("it is restored, but its timelines could not be compared: {error}"));
        report.timelines.map(drop).map_err(failed)
    }

    /// The backup as a file, which can be read twice.
    fn source(&self, name: &str, folder: &Path) -> Result<File, CliError> {
        if self.file == Path::new("-") {
            return spooled(name, io::stdin().lock(), folder);
        }
        let file = File::open(&self.file).map_err(|error| refused(name, &error))?;
        let kind = file.metadata().map_err(|error| refused(name, &error))?.file_type();
        match kind {
            kind if kind.is_dir() => Err(refused(name, &"it is a folder; name the file that codexmiroir backup wrote")),
            kind if kind.is_file() => Ok(file),
            // A pipe, say.
            _ => spooled(name, file, folder),
        }
    }

    /// Reads all of it before anything is written.
    fn check(&self, name: &str, file: &mut File) -> Result<Checked, CliError> {
        let bytes = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|found| found.len());
        let mut verify = |passphrase: Option<&str>| {
            file.rewind().map_err(|error| refused(name, &error))?;
            let progress = Progress::of_bytes("verifying", bytes);
            check(progress.reading(BufReader::new(&*file)), passphrase).map_err(|error| refused(name, &error))
        };
        let given = self.passphrase.given()?;
        let checked = verify(given.as_ref().map(|passphrase| passphrase.as_str()))?;
        if !checked.has_secrets() && self.passphrase.is_named() {
            let sentence = "it has no tokens that a passphrase could open; leave out --passphrase-file";
            return Err(refused(name, &sentence));
        }
        if given.is_some() || !checked.has_secrets() {
            return Ok(checked);
        }
        match self.passphrase.present_one()? {
            Some(passphrase) => verify(Some(&passphrase)),
            None => Ok(checked),
        }
    }
}

/// What is wrong with the backup.
fn refused(name: &str, error: &dyn std::fmt::Display) -> CliError {
    CliError::Said(format!("cannot restore {name}: {error}"))
}

/// All that comes, in a file without a name in the file system of the target: it is read twice.
fn spooled(name: &str, source: impl Read, folder: &Path) -> Result<File, CliError> {
    let failed = |error: io::Error| CliError::Said(format!("cannot keep what comes in {}: {error}", folder.display()));
    let mut source = BufReader::new(source);
    // What never ends is none.
    if source.fill_buf().map_err(|error| refused(name, &error))?.first() != Some(&FIRST_BYTE) {
        return Err(refused(name, &BackupError::Foreign));
    }
    let mut file = tempfile::tempfile_in(folder).map_err(failed)?;
    let progress = Progress::of_bytes("reading", None);
    io::copy(&mut progress.reading(source), &mut file).map_err(failed)?;
    Ok(file)
}

/// What was restored, and what was not.
fn told(name: &str, data_dir: &Path, report: &RestoreReport) -> String {
    let checked = &report.checked;
    let mut said = String::new();
    for leftover in &report.leftovers {
        said.push_str(&format!("removed {}, which an interrupted restore left\n", leftover.display()));
    }
    for kept in &report.kept {
        said.push_str(&format!("what an interrupted restore replaced is kept as {}\n", kept.display()));
    }
    if let Some(before) = &report.before {
        said.push_str(&format!("what was there is kept as {}\n", before.display()));
    }
    if !report.left_there.is_empty() {
        let (more, shown) =
            (report.left_there.len().saturating_sub(NAMES_MAX), report.left_there.iter().take(NAMES_MAX));
        let names = shown.map(|name| printable(name)).collect::<Vec<_>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        said.push_str(&format!("what else was there was not taken over: {names}{more}\n"));
    }
    let (created_at, program) = checked.made();
    said.push_str(&format!("restored {name} into {}: {}\n", data_dir.display(), contents(checked)));
    said.push_str(&format!("it was made at {created_at} by version {program}\n"));
    if !checked.removed().is_empty() {
        said.push_str(&format!(
            "left out, because they were removed while it was made: {}\n",
            checked.removed().join(", ")
        ));
    }
    said.push_str(&lost(checked));
    if let Ok(timelines) = &report.timelines {
        match timelines.same {
            1 => said.push_str("1 timeline is what it was\n"),
            same => said.push_str(&format!("{same} timelines are what they were\n")),
        }
        for (user, reason) in &timelines.differing {
            said.push_str(&format!("the timeline of {user} is another one: {reason}\n"));
        }
    }
    said.push_str("not in a backup: sessions in browsers, the configuration, and copies of Git repositories, which are fetched again\n");
    said
}
