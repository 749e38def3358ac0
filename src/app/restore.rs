//! From a backup to a data directory: a new one is made beside the target and takes its name once it is whole. Whatever
//! happens on the way, the target is what it was, or it is complete.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::data_dir::DATABASE_FILE;
use super::{DataDir, StartError, SyncSettings, sync_options};
use crate::clock::Clock;
use crate::secrets::{KEY_FILE, Key, KeyFile, KeyFileError};
use crate::service::Service;
use crate::service::backup::{BackupError, Checked, Expected, Restored, restore_into};
use crate::service::error::ServiceError;
use crate::service::rulebook::RuleBook;
use crate::store::{OpenError, Restoring};
use crate::worker::Options as WorkerOptions;

/// The configuration of a data directory: the one file that a new one takes over from the one that it replaces.
const CONFIG_FILE: &str = "codexmiroir.toml";

/// What stands behind the target's name while its directory is made.
const MAKING: &str = ".restoring-";

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
    #[error("cannot give the restored data its name {path}: {detail}; nothing was restored{hint}")]
    NotNamed { path: String, detail: String, hint: &'static str },
    #[error("nothing was restored: {0}")]
    Backup(BackupError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("it is restored, but its timelines could not be compared: {0}")]
    NotCompared(#[from] ServiceError),
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

/// Where to restore to. Nobody else has it as long as this is there.
pub struct Target {
    path: PathBuf,
    parent: PathBuf,
    is_empty: bool,
    /// Of the directory and its database, where there are any.
    _locks: Vec<File>,
}

/// What was done.
pub struct Report {
    pub checked: Checked,
    /// Where the directory is that was replaced.
    pub before: Option<PathBuf>,
    /// What was left by restores that were cut off, and is removed.
    pub leftovers: Vec<PathBuf>,
    pub timelines: Restored,
}

impl Target {
    /// # Errors
    /// Somebody has it, it is not ours, or something is in it and it is not to `replace` that.
    pub async fn take(path: &Path, replace: bool) -> Result<Target, RestoreError> {
        let unusable = |error: io::Error| DataDir::at(path.to_owned()).unusable(error.to_string());
        let path = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path).map_err(unusable)?,
            Err(error) => return Err(unusable(error).into()),
        };
        let Some(parent) = path.parent().map(Path::to_owned) else {
            return Err(unusable(io::Error::other("it is the root of the file system")).into());
        };
        let data_dir = DataDir::at(path.clone());
        if path.exists() && !path.is_dir() {
            return Err(data_dir.unusable("it is a file".to_owned()).into());
        }
        data_dir.require_own()?;
        DirBuilder::new().recursive(true).mode(0o700).create(&parent).map_err(unusable)?;
        let mut locks = Vec::new();
        for taken in [path.clone(), path.join(DATABASE_FILE)] {
            let file = match File::open(&taken) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unusable(error).into()),
            };
            match file.try_lock() {
                Ok(()) => locks.push(file),
                Err(TryLockError::WouldBlock) => return Err(data_dir.who_has_it().await.into()),
                Err(TryLockError::Error(error)) => return Err(unusable(error).into()),
            }
        }
        let is_empty = match fs::read_dir(&path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(unusable(error).into()),
        };
        if !is_empty && !replace {
            return Err(RestoreError::NotEmpty { path: path.display().to_string() });
        }
        Ok(Target { path, parent, is_empty, _locks: locks })
    }

    /// The directory that the target is in.
    pub fn parent(&self) -> &Path {
        &self.parent
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or(OsStr::new("codexmiroir")).to_owned();
        name.push(ending);
        self.parent.join(name)
    }

    /// Removes what restores left that were cut off. One that is at work has a lock on its directory.
    fn remove_leftovers(&self) -> Result<Vec<PathBuf>, RestoreError> {
        let failed = |path: &Path, error: io::Error| self.not_written(path, &error);
        let prefix: OsString = self.beside(MAKING).file_name().unwrap_or_default().to_owned();
        let mut removed = Vec::new();
        for entry in fs::read_dir(&self.parent).map_err(|error| failed(&self.parent, error))? {
            let entry = entry.map_err(|error| failed(&self.parent, error))?;
            let name = entry.file_name();
            let random = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
            let is_one = random.is_some_and(|random| random.len() == 16 && random.iter().all(u8::is_ascii_hexdigit));
            if !is_one || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let path = entry.path();
            let lock = File::open(&path).map_err(|error| failed(&path, error))?;
            if lock.try_lock().is_err() {
                return Err(RestoreError::UnderWay { path: self.path.display().to_string() });
            }
            fs::remove_dir_all(&path).map_err(|error| failed(&path, error))?;
            removed.push(path);
        }
        removed.sort();
        Ok(removed)
    }

    fn not_written(&self, path: &Path, error: &io::Error) -> RestoreError {
        RestoreError::NotWritten { path: path.display().to_string(), detail: error.to_string() }
    }

    /// Gives a directory that is whole the target's name; where the one that had it is now.
    fn replace_by(self, made: &Path, at: DateTime<Utc>) -> Result<Option<PathBuf>, RestoreError> {
        let path = self.path.display().to_string();
        let refused = |error: &io::Error| {
            let is_mount = matches!(error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices);
            let hint = if is_mount {
                "; it is a file system of its own, so name a folder in it with --data-dir, here and for the server"
            } else {
                ""
            };
            RestoreError::NotNamed { path: path.clone(), detail: error.to_string(), hint }
        };
        let before = self.beside(&format!(".before-{}", at.format("%Y%m%dT%H%M%SZ")));
        if !self.is_empty {
            if before.symlink_metadata().is_ok() {
                return Err(refused(&io::Error::other(format!("{} is there already", before.display()))));
            }
            fs::rename(&self.path, &before).map_err(|error| refused(&error))?;
        }
        if let Err(error) = fs::rename(made, &self.path) {
            if !self.is_empty {
                // What was there is to be there.
                fs::rename(&before, &self.path).map_err(|error| refused(&error))?;
            }
            return Err(refused(&error));
        }
        File::open(&self.parent).and_then(|parent| parent.sync_all()).map_err(|error| refused(&error))?;
        Ok((!self.is_empty).then_some(before))
    }
}

/// A directory that is made: removed, unless it got its name.
struct Making {
    path: PathBuf,
    lock: Option<File>,
}

impl Making {
    fn beside(target: &Target) -> Result<Making, RestoreError> {
        let random = crate::store::random::<8>().map(|byte| format!("{byte:02x}")).concat();
        let path = target.beside(&format!("{MAKING}{random}"));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| target.not_written(&path, &error))?;
        let mut making = Making { path, lock: None };
        let lock = File::open(&making.path).and_then(|lock| lock.try_lock().map(|()| lock).map_err(io::Error::from));
        making.lock = Some(lock.map_err(|error| target.not_written(&making.path, &error))?);
        Ok(making)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if self.lock.is_some() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes a backup that was checked to the target, and then makes its timelines anew and compares. `source` gives the
/// bytes that were checked.
///
/// # Errors
/// See [`RestoreError`]: nothing was restored, but for the last.
pub async fn restore(
    target: Target,
    source: impl io::Read + Send + 'static,
    checked: Checked,
    options: RestoreOptions,
) -> Result<Report, RestoreError> {
    let path = target.path.clone();
    let (key_file, at) = (options.key_file.clone(), options.clock.now());
    let write = move || {
        let leftovers = target.remove_leftovers()?;
        let (expected, before) = write(target, source, &checked, key_file, at)?;
        Ok::<_, RestoreError>((leftovers, expected, before, checked))
    };
    let written = tokio::task::spawn_blocking(write).await;
    let interrupted = |error: tokio::task::JoinError| DataDir::at(path.clone()).unusable(error.to_string());
    let (leftovers, expected, before, checked) = written.map_err(interrupted)??;
    let timelines = compare(&path, &checked, expected, options).await?;
    Ok(Report { checked, before, leftovers, timelines })
}

fn write(
    target: Target,
    source: impl io::Read,
    checked: &Checked,
    key_file: Option<PathBuf>,
    at: DateTime<Utc>,
) -> Result<(Vec<Expected>, Option<PathBuf>), RestoreError> {
    let mut making = Making::beside(&target)?;
    let key = key_for(&KeyFile::at(key_file.unwrap_or_else(|| making.path.join(KEY_FILE))))?;
    let database = Restoring::create(&making.path.join(DATABASE_FILE))?;
    let expected = restore_into(source, checked, database, &key).map_err(RestoreError::Backup)?;
    take_over_config(&target, &making.path)?;
    let synced = File::open(&making.path).and_then(|folder| folder.sync_all());
    synced.map_err(|error| target.not_written(&making.path, &error))?;
    let before = target.replace_by(&making.path, at)?;
    making.lock = None;
    Ok((expected, before))
}

/// The key that the server will have: where its file is elsewhere, it may be there already.
fn key_for(file: &KeyFile) -> Result<Key, KeyFileError> {
    if let Some(key) = file.read()? {
        return Ok(key);
    }
    let key = Key::generate();
    file.write(&key)?;
    Ok(key)
}

fn take_over_config(target: &Target, made: &Path) -> Result<(), RestoreError> {
    let (from, to) = (target.path.join(CONFIG_FILE), made.join(CONFIG_FILE));
    let copied = match fs::copy(&from, &to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        copied => copied.and_then(|_| File::open(&to)?.sync_all()),
    };
    copied.map_err(|error| target.not_written(&to, &error))
}

async fn compare(
    path: &Path,
    checked: &Checked,
    expected: Vec<Expected>,
    options: RestoreOptions,
) -> Result<Restored, RestoreError> {
    let data_dir = DataDir::at(path.to_owned());
    let store = data_dir.open_in_turn(false, options.hot_bytes_max).await?;
    let (store, keyring) = data_dir.with_keyring(store, options.key_file, options.hot_bytes_max).await?;
    let sync = sync_options(options.sync, path)?;
    let service = Service::new(store, options.clock, options.rules, options.workers, keyring, sync);
    let compared = service.compare_timelines(checked, expected).await;
    // Closing waits for the writer, which is no work for an async thread.
    let _ = tokio::task::spawn_blocking(move || drop(service)).await;
    Ok(compared?)
}
