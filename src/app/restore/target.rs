//! Where a backup is restored to: who has it, and whether another directory can take its place, all of it asked before
//! anything is written.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::Access;

use super::beside::{self, Place};
use super::{CONFIG_FILE, RestoreError};
use crate::app::DataDir;
use crate::app::data_dir::DATABASE_FILE;
use crate::service::backup::real_path;

/// Where to restore to. Nobody else has it as long as this is there.
pub struct Target {
    pub(super) place: Place,
    is_empty: bool,
    /// What a restore before this one replaced, and had no time to name.
    pub(super) settled: Vec<PathBuf>,
    /// Of the directory and its database, where there are any.
    _locks: Vec<File>,
}

impl Target {
    /// # Errors
    /// Somebody has it, it is not ours, nothing can take its place, or something is in it and it is not to `replace` that.
    pub async fn take(path: &Path, replace: bool, at: DateTime<Utc>) -> Result<Target, RestoreError> {
        let unusable = |error: io::Error| DataDir::at(path.to_owned()).unusable(error.to_string());
        let path = whole(path).map_err(unusable)?;
        let is_root = || unusable(io::Error::other("it is the root of the file system"));
        let place = Place::of(&path).ok_or_else(is_root)?;
        let data_dir = DataDir::at(path.clone());
        if path.exists() && !path.is_dir() {
            return Err(data_dir.unusable("it is a file".to_owned()).into());
        }
        data_dir.require_own()?;
        if is_mounted(&path, place.parent()) {
            return Err(RestoreError::Mounted { path: path.display().to_string() });
        }
        let home = present(place.parent());
        if let Err(error) = rustix::fs::access(home, Access::WRITE_OK | Access::EXEC_OK) {
            let (path, home, detail) = (path.display().to_string(), home.display().to_string(), io::Error::from(error));
            return Err(RestoreError::ParentClosed { path, parent: home, detail: detail.to_string() });
        }
        let settled = place.settle(at).map_err(unusable)?;
        let locks = locks(&data_dir).await?;
        let is_empty = match fs::read_dir(&path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(unusable(error).into()),
        };
        if !is_empty && !replace {
            return Err(RestoreError::NotEmpty { path: path.display().to_string() });
        }
        Ok(Target { place, is_empty, settled, _locks: locks })
    }

    /// A directory of the file system that the target is to be in.
    pub fn home(&self) -> &Path {
        present(self.place.parent())
    }

    pub(super) fn path(&self) -> &Path {
        self.place.path()
    }

    /// Makes the directory that the target is in, and clears away what was left by restores that were cut off. One that is at
    /// work has a lock on its directory.
    pub(super) fn clear(&self, at: DateTime<Utc>) -> Result<Cleared, RestoreError> {
        let parent = self.place.parent();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
        made.map_err(|error| not_written(parent, &error))?;
        let mut cleared = Cleared { removed: Vec::new(), kept: self.settled.clone() };
        for path in self.place.of_restores().map_err(|error| not_written(parent, &error))? {
            let failed = |error: io::Error| not_written(&path, &error);
            let lock = File::open(&path).map_err(failed)?;
            if lock.try_lock().is_err() {
                return Err(RestoreError::UnderWay { path: self.path().display().to_string() });
            }
            match self.place.clear(&path, at).map_err(failed)? {
                Some(kept) => cleared.kept.push(kept),
                None => cleared.removed.push(path),
            }
        }
        Ok(cleared)
    }

    /// Where this file is to be made now, if it is to be in the target; else where it is.
    pub(super) fn in_made(&self, made: &Path, file: &Path) -> PathBuf {
        match real_path(file).strip_prefix(self.path()) {
            Ok(within) => made.join(within),
            Err(_) => file.to_owned(),
        }
    }

    /// What else than a database and what belongs to it is in the directory, by name.
    pub(super) fn others(&self) -> Vec<String> {
        let is_ours = |name: &str| name.starts_with("codexmiroir.") || OURS.contains(&name);
        let entries = fs::read_dir(self.path()).into_iter().flatten().filter_map(Result::ok);
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut others: Vec<String> = names.filter(|name| !is_ours(name)).collect();
        others.sort();
        others
    }

    pub(super) fn config(&self) -> PathBuf {
        self.path().join(CONFIG_FILE)
    }

    /// Gives a directory that is whole the target's name; where the one that had it is now.
    pub(super) fn replace_by(self, made: Making, at: DateTime<Utc>) -> Result<Option<PathBuf>, RestoreError> {
        let path = self.path().display().to_string();
        let named = self.place.take(&made.path, self.is_empty, at);
        let before = named.map_err(|error| RestoreError::NotNamed { path: path.clone(), detail: error.to_string() })?;
        made.keep();
        self.place.finish().map_err(|error| {
            let before = before.iter().map(|before| format!("; what was there is {}", before.display())).collect();
            RestoreError::NotConfirmed { path, detail: error.to_string(), before }
        })?;
        Ok(before)
    }
}

/// Beside what is named after the program.
const OURS: [&str; 3] = ["git", "control.sock", "server.address"];

/// What was left by restores that were cut off.
pub(super) struct Cleared {
    pub(super) removed: Vec<PathBuf>,
    /// What one of them replaced, under the name that it has now.
    pub(super) kept: Vec<PathBuf>,
}

pub(super) fn not_written(path: &Path, error: &io::Error) -> RestoreError {
    RestoreError::NotWritten { path: path.display().to_string(), detail: error.to_string() }
}

/// The path without links. What leads nowhere is refused: a directory could be made where nobody meant it.
fn whole(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    if path.symlink_metadata().is_ok() {
        return Err(io::Error::other("it is a link to something that is not there"));
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(io::Error::other("it is not there and has .. in it; name it without"));
    }
    Ok(real_path(path))
}

/// The path, or the nearest above it that there is.
fn present(path: &Path) -> &Path {
    path.ancestors().find(|above| above.exists()).unwrap_or(path)
}

/// Whether another file system begins there, or the same a second time: such a directory cannot change its name.
fn is_mounted(path: &Path, parent: &Path) -> bool {
    let (Ok(own), Ok(above)) = (fs::metadata(path), fs::metadata(parent)) else { return false };
    is_mount_root(path).unwrap_or(own.dev() != above.dev())
}

/// What the system says of it, if it does: a part of a file system may have a number of its own without being mounted.
#[cfg(target_os = "linux")]
fn is_mount_root(path: &Path) -> Option<bool> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::BASIC_STATS).ok()?;
    let is_said = found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT);
    is_said.then(|| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
fn is_mount_root(_: &Path) -> Option<bool> {
    None
}

/// Locks a directory and its database, where they are there.
async fn locks(data_dir: &DataDir) -> Result<Vec<File>, RestoreError> {
    let unusable = |error: io::Error| data_dir.unusable(error.to_string());
    let mut locks = Vec::new();
    for taken in [data_dir.path().to_owned(), data_dir.path().join(DATABASE_FILE)] {
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
    Ok(locks)
}

/// A directory that is made: removed, unless it is kept.
pub(super) struct Making {
    pub(super) path: PathBuf,
    is_kept: bool,
    _lock: File,
}

impl Making {
    pub(super) fn beside(target: &Target) -> Result<Making, RestoreError> {
        let parent = target.place.parent();
        let (path, lock) = target.place.make().map_err(|error| not_written(parent, &error))?;
        Ok(Making { path, is_kept: false, _lock: lock })
    }

    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = beside::remove(&self.path);
        }
    }
}
