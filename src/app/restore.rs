//! From a backup to a data directory: a new one is made beside the target and takes its name once it is whole. Whatever
//! happens on the way, the target is what it was, or it is complete.

mod beside;
mod target;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use self::target::{Cleared, Making, not_written};
use super::data_dir::DATABASE_FILE;
use super::{DataDir, StartError, SyncSettings, sync_options};
use crate::clock::Clock;
use crate::secrets::{KEY_FILE, Key, KeyFile, KeyFileError};
use crate::service::Service;
use crate::service::backup::{BackupError, Checked, Expected, Restored, restore_into};
use crate::service::error::ServiceError;
use crate::service::rulebook::RuleBook;
use crate::store::{Memory, OpenError, Restoring};
use crate::worker::Options as WorkerOptions;

pub use self::beside::Place;
pub use self::target::Target;

/// The configuration of a data directory: the one file that a new one takes over from the one that it replaces.
const CONFIG_FILE: &str = "codexmiroir.toml";

/// Why nothing was restored. Each is one sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(
        "{path} has something in it already; restore into another --data-dir, or add --replace, which keeps what is there \
         beside it"
    )]
    NotEmpty { path: String },
    #[error("another restore into {path} is under way; wait for its end")]
    UnderWay { path: String },
    #[error("cannot write {path}: {detail}; nothing was restored")]
    NotWritten { path: String, detail: String },
    #[error(
        "{path} is where a file system is mounted, and nothing can take the place of that; restore into a folder in it, with \
         --data-dir {path}/codexmiroir here and for the server"
    )]
    Mounted { path: String },
    #[error(
        "cannot write in {parent}, where the new directory is made that becomes {path}: {detail}; see to that, or restore into \
         another --data-dir"
    )]
    ParentClosed { path: String, parent: String, detail: String },
    #[error("cannot give the restored data its name {path}: {detail}; nothing was restored")]
    NotNamed { path: String, detail: String },
    #[error(
        "it is restored into {path}, but the disk did not confirm it: {detail}; check the disk before it is used{before}"
    )]
    NotConfirmed { path: String, detail: String, before: String },
    #[error("nothing was restored: {0}")]
    Backup(BackupError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// What a backup is restored with.
pub struct RestoreOptions {
    /// That of the server that will have it; in the data directory unless told otherwise.
    pub key_file: Option<PathBuf>,
    pub rules: RuleBook,
    pub workers: WorkerOptions,
    pub hot_bytes_max: u64,
    pub clock: Clock,
    pub sync: SyncSettings,
}

/// What was done.
pub struct Report {
    pub checked: Checked,
    /// Where the directory is that was replaced.
    pub before: Option<PathBuf>,
    /// What else than the database is in that directory, and is not in the new one.
    pub left_there: Vec<String>,
    /// What was left by restores that were cut off, and is removed.
    pub leftovers: Vec<PathBuf>,
    /// What such restores replaced, and had no time to name.
    pub kept: Vec<PathBuf>,
    /// Why the timelines could not be compared, where they could not.
    pub timelines: Result<Restored, NotCompared>,
}

/// Why timelines could not be made anew after everything was restored.
#[derive(Debug, thiserror::Error)]
pub enum NotCompared {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// What was written, and what was found on the way.
struct Written {
    expected: Vec<Expected>,
    before: Option<PathBuf>,
    left_there: Vec<String>,
    cleared: Cleared,
}

/// Writes a backup that was checked to the target, and then makes its timelines anew and compares. `source` gives the
/// bytes that were checked.
///
/// # Errors
/// See [`RestoreError`]: nothing was restored, unless it says so.
pub async fn restore(
    target: Target,
    source: impl io::Read + Send + 'static,
    checked: Checked,
    options: RestoreOptions,
) -> Result<Report, RestoreError> {
    let path = target.path().to_owned();
    let (key_file, at) = (options.key_file.clone(), options.clock.now());
    let write = move || write(target, source, &checked, key_file, at).map(|written| (written, checked));
    let written = tokio::task::spawn_blocking(write).await;
    let interrupted = |error: tokio::task::JoinError| DataDir::at(path.clone()).unusable(error.to_string());
    let (written, checked) = written.map_err(interrupted)??;
    let Written { expected, before, left_there, cleared: Cleared { removed, kept } } = written;
    let timelines = compare(&path, &checked, expected, options).await;
    Ok(Report { checked, before, left_there, leftovers: removed, kept, timelines })
}

fn write(
    target: Target,
    source: impl io::Read,
    checked: &Checked,
    key_file: Option<PathBuf>,
    at: DateTime<Utc>,
) -> Result<Written, RestoreError> {
    let cleared = target.clear(at)?;
    let making = Making::beside(&target)?;
    let key_file = target.in_made(&making.path, &key_file.unwrap_or_else(|| target.path().join(KEY_FILE)));
    let key = key_for(&making.path, key_file)?;
    let database = Restoring::create(&making.path.join(DATABASE_FILE))?;
    let expected = restore_into(source, checked, database, &key).map_err(RestoreError::Backup)?;
    take_over_config(&target, &making.path)?;
    let synced = File::open(&making.path).and_then(|folder| folder.sync_all());
    synced.map_err(|error| not_written(&making.path, &error))?;
    let left_there = target.others();
    let before = target.replace_by(making, at)?;
    Ok(Written { expected, before, left_there, cleared })
}

/// The key that the server will have: where its file is elsewhere, it may be there already.
fn key_for(made: &Path, path: PathBuf) -> Result<Key, RestoreError> {
    if let Some(folder) = path.parent().filter(|folder| folder.starts_with(made)) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| not_written(folder, &error))?;
    }
    let file = KeyFile::at(path);
    if let Some(key) = file.read()? {
        return Ok(key);
    }
    let key = Key::generate();
    file.write(&key)?;
    Ok(key)
}

fn take_over_config(target: &Target, made: &Path) -> Result<(), RestoreError> {
    let (from, to) = (target.config(), made.join(CONFIG_FILE));
    let copied = match fs::copy(&from, &to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        copied => copied.and_then(|_| File::open(&to)?.sync_all()),
    };
    copied.map_err(|error| not_written(&to, &error))
}

async fn compare(
    path: &Path,
    checked: &Checked,
    expected: Vec<Expected>,
    options: RestoreOptions,
) -> Result<Restored, NotCompared> {
    let data_dir = DataDir::at(path.to_owned());
    let memory = Memory::of_command(options.hot_bytes_max);
    let store = data_dir.open_in_turn(false, memory).await?;
    let (store, keyring) = data_dir.with_keyring(store, options.key_file, memory).await?;
    let sync = sync_options(options.sync, path)?;
    let service = Service::new(store, options.clock, options.rules, options.workers, keyring, sync);
    let compared = service.compare_timelines(checked, expected).await;
    // Closing waits for the writer, which is no work for an async thread.
    let _ = tokio::task::spawn_blocking(move || drop(service)).await;
    Ok(compared?)
}
