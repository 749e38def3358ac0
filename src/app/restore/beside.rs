//! What restores have beside a data directory, and how one directory takes the place of another. At whatever moment a
//! restore is cut off, what is there tells what it is:
//!
//! - `DIR.restoring-…`, empty or with the file `codexmiroir.restoring` in it, is a directory that was being made. It is of no
//!   use to anybody, and removed.
//! - `DIR.restoring-…` without that file is what was in `DIR` before a restore that got to change places with it and no
//!   further. It is kept, as `DIR.before-TIME`.
//! - `DIR` with that file is a restored directory, whole.
//! - `DIR.before-TIME` without a `DIR` is left where the system cannot exchange two names in one step. Nothing is made in
//!   the place of `DIR` then, until somebody puts it back or restores.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::domain::hex::hex;
use chrono::{DateTime, Utc};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// What stands behind the name of the directory while another is made for it.
const MAKING: &str = ".restoring-";
/// What stands behind it, before the time, where it was replaced.
const BEFORE: &str = ".before-";
/// In a directory that was made, until all is done.
const MARK: &str = "codexmiroir.restoring";

/// The place of a data directory, with what is beside it.
#[derive(Clone, Debug)]
pub struct Place {
    path: PathBuf,
    parent: PathBuf,
    name: OsString,
}

impl Place {
    /// `None` where nothing can be beside it: at the root of the file system.
    pub fn of(path: &Path) -> Option<Place> {
        Some(Place { path: path.to_owned(), parent: path.parent()?.to_owned(), name: path.file_name()?.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn parent(&self) -> &Path {
        &self.parent
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.name.clone();
        name.push(ending);
        self.parent.join(name)
    }

    /// Names of what is beside it that begin with its own and this, with what follows.
    fn named(&self, ending: &str) -> io::Result<Vec<(PathBuf, String)>> {
        let mut prefix = self.name.clone();
        prefix.push(ending);
        let mut named = Vec::new();
        for entry in fs::read_dir(&self.parent)? {
            let entry = entry?;
            let name = entry.file_name();
            let rest = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
            let rest = rest.and_then(|rest| std::str::from_utf8(rest).ok());
            // Somebody may have been faster: then there is nothing to find.
            if let Some(rest) = rest.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
                named.push((entry.path(), rest.to_owned()));
            }
        }
        named.sort();
        Ok(named)
    }

    /// Directories of restores that are at work, or were cut off.
    pub fn of_restores(&self) -> io::Result<Vec<PathBuf>> {
        let is_ours = |random: &str| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok(self.named(MAKING)?.into_iter().filter(|(_, random)| is_ours(random)).map(|(path, _)| path).collect())
    }

    /// Makes a directory for its owner alone, which is told from everybody else's data from its beginning. As long as it is
    /// locked, somebody is at work on it.
    pub fn make(&self) -> io::Result<(PathBuf, File)> {
        let random = hex(crate::store::random::<8>());
        let path = self.beside(&format!("{MAKING}{random}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::open(&path)?;
        lock.try_lock()?;
        File::create_new(path.join(MARK)).and_then(|mark| mark.sync_all()).and_then(|()| lock.sync_all())?;
        Ok((path, lock))
    }

    /// A name that is free, for what was replaced at this time.
    fn free(&self, at: DateTime<Utc>) -> PathBuf {
        let first = self.beside(&format!("{BEFORE}{}", at.format("%Y%m%dT%H%M%SZ")));
        let mut free = first.clone();
        for number in 2_u32.. {
            if free.symlink_metadata().is_err() {
                break;
            }
            let mut name = first.clone().into_os_string();
            name.push(format!("-{number}"));
            free = name.into();
        }
        free
    }

    /// Gives what was there before a restore its name; the name that it has then.
    fn keep(&self, old: &Path, at: DateTime<Utc>) -> io::Result<PathBuf> {
        let kept = self.free(at);
        fs::rename(old, &kept).map(|()| kept)
    }

    /// Puts a directory that was made and is whole into the place; where that is now which was there. `is_free` says that
    /// nothing is there, or nothing in it.
    ///
    /// # Errors
    /// Then the place is what it was.
    pub fn take(&self, made: &Path, is_free: bool, at: DateTime<Utc>) -> io::Result<Option<PathBuf>> {
        if is_free {
            fs::rename(made, &self.path)?;
            return Ok(None);
        }
        match renameat_with(CWD, made, CWD, &self.path, RenameFlags::EXCHANGE) {
            Ok(()) => {
                // Now that name stands for what was there. A name that it cannot be given is no reason to say that
                // nothing was restored.
                let _ = sync(&self.parent);
                Ok(Some(self.keep(made, at).unwrap_or_else(|_| made.to_owned())))
            }
            // Not every file system can do that.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => self.take_in_two_steps(made, at).map(Some),
            Err(error) => Err(error.into()),
        }
    }

    fn take_in_two_steps(&self, made: &Path, at: DateTime<Utc>) -> io::Result<PathBuf> {
        let kept = self.free(at);
        fs::rename(&self.path, &kept)?;
        if let Err(error) = fs::rename(made, &self.path) {
            // What was there is to be there.
            let back = fs::rename(&kept, &self.path);
            let stays = |back| io::Error::other(format!("{error}; what was there is {} ({back})", kept.display()));
            return back.map_err(stays).and(Err(error));
        }
        Ok(kept)
    }

    /// Makes the new names last, and says of the directory in the place that it is nobody's half-made one.
    pub fn finish(&self) -> io::Result<()> {
        sync(&self.parent)?;
        match fs::remove_file(self.path.join(MARK)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => sync(&self.path),
        }
    }

    /// Does what a restore into the place left to do that was cut off once it had taken it; where what was there before is
    /// kept, if it was not yet said.
    ///
    /// # Errors
    /// It is as it was.
    pub fn settle(&self, at: DateTime<Utc>) -> io::Result<Vec<PathBuf>> {
        if self.path.join(MARK).symlink_metadata().is_err() {
            return Ok(Vec::new());
        }
        // Its restore may still be at work.
        let lock = File::open(&self.path)?;
        if lock.try_lock().is_err() {
            return Ok(Vec::new());
        }
        let mut kept = Vec::new();
        for left in self.of_restores()? {
            if !is_made(&left)? {
                kept.push(self.keep(&left, at)?);
            }
        }
        self.finish()?;
        Ok(kept)
    }

    /// Does away with what was left by a restore that was cut off: where it is now, if it was what there was before.
    pub fn clear(&self, left: &Path, at: DateTime<Utc>) -> io::Result<Option<PathBuf>> {
        if is_made(left)? {
            return remove(left).map(|()| None);
        }
        let kept = self.keep(left, at)?;
        sync(&self.parent).map(|()| Some(kept))
    }

    /// What was there before a restore that was cut off between two names, so that now nothing is there.
    pub fn stranded(&self) -> Option<PathBuf> {
        let is_free = fs::read_dir(&self.path)
            .map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |mut entries| entries.next().is_none());
        if !is_free || self.of_restores().ok()?.is_empty() {
            return None;
        }
        // Names sort as their times.
        self.named(BEFORE).ok()?.pop().map(|(path, _)| path)
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether it is a directory that a restore made, whole or not, and no other's data.
fn is_made(path: &Path) -> io::Result<bool> {
    Ok(path.join(MARK).symlink_metadata().is_ok() || fs::read_dir(path)?.next().is_none())
}

/// Removes a directory that a restore made. To its end it says what it is.
pub fn remove(made: &Path) -> io::Result<()> {
    for entry in fs::read_dir(made)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false if entry.file_name() == MARK => {}
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_dir_all(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_335_200, 0).unwrap()
    }

    /// A place with an old directory in it, and a made one beside it.
    fn place(folder: &Path) -> (Place, PathBuf) {
        let place = Place::of(&folder.join("data")).unwrap();
        fs::create_dir(place.path()).unwrap();
        fs::write(place.path().join("content"), "old").unwrap();
        let (made, _lock) = place.make().unwrap();
        fs::write(made.join("content"), "new").unwrap();
        (place, made)
    }

    fn content(folder: &Path) -> String {
        fs::read_to_string(folder.join("content")).unwrap()
    }

    #[test]
    fn one_takes_the_place_of_the_other_in_one_step_or_in_two() {
        for in_two_steps in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (place, made) = place(folder.path());
            fs::create_dir(folder.path().join("data.before-20251013T060000Z")).unwrap();
            let kept = match in_two_steps {
                true => place.take_in_two_steps(&made, at()).unwrap(),
                false => place.take(&made, false, at()).unwrap().unwrap(),
            };
            place.finish().unwrap();
            assert_eq!(kept, folder.path().join("data.before-20251013T060000Z-2"), "no name is taken twice");
            assert_eq!((content(place.path()), content(&kept)), ("new".to_owned(), "old".to_owned()));
            assert!(!made.exists() && !place.path().join(MARK).exists());
        }
    }

    #[test]
    fn where_the_second_step_fails_the_first_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let (place, made) = place(folder.path());
        remove(&made).unwrap();
        assert!(place.take_in_two_steps(&made, at()).is_err());
        assert_eq!(content(place.path()), "old");
        assert_eq!(place.named(BEFORE).unwrap(), []);
    }

    #[test]
    fn cut_off_between_two_steps_nothing_takes_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let (place, made) = place(folder.path());
        assert_eq!(place.stranded(), None);
        let kept = place.free(at());
        fs::rename(place.path(), &kept).unwrap();
        assert_eq!(place.stranded(), Some(kept.clone()));
        // The next restore makes the same end of it.
        assert_eq!(place.clear(&made, at()).unwrap(), None);
        assert!(!made.exists() && content(&kept) == "old");
        assert_eq!(place.stranded(), None);
    }
}
