//! The folder of the scheduled backups. What has not exactly the form of their names is never touched, nor counted: not even a
//! backup that a command wrote into it, which has another name.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::service::backup::NewFile;

/// How the name of a file has its instant, as chrono writes and reads it.
const NAME_FORMAT: &str = "codexmiroir-scheduled-%Y%m%dT%H%M%SZ.tar.zst";
/// Tells a file that the server did not finish from those that commands are writing.
const MARK: &str = ".scheduled-";

/// The name of a scheduled backup of this instant.
pub(super) fn file_name(at: DateTime<Utc>) -> String {
    at.format(NAME_FORMAT).to_string()
}

/// A backup in the folder.
#[derive(Clone, Debug)]
pub struct Kept {
    pub name: String,
    /// When it was begun, by its name.
    pub at: DateTime<Utc>,
    pub bytes: u64,
}

/// The instant in the name of a backup; `None` for every other name.
fn instant_in(name: &str) -> Option<DateTime<Utc>> {
    let at = NaiveDateTime::parse_from_str(name, NAME_FORMAT).ok()?.and_utc();
    (file_name(at) == name).then_some(at)
}

/// Whether it is what a server that was killed left of a backup.
fn is_leftover(name: &str) -> bool {
    let parts = name.strip_prefix('.').and_then(|name| name.split_once(MARK));
    parts.is_some_and(|(name, random)| {
        instant_in(name).is_some() && !random.is_empty() && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Names and lengths of the files in a folder.
fn files(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        match entry.metadata() {
            Ok(found) if found.is_file() => files.push((name, found.len())),
            Ok(_) => {}
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

/// The backups in it, the oldest first.
pub(super) fn kept(folder: &Path) -> io::Result<Vec<Kept>> {
    let kept = |(name, bytes): (String, u64)| instant_in(&name).map(|at| Kept { name, at, bytes });
    let mut kept: Vec<_> = files(folder)?.into_iter().filter_map(kept).collect();
    kept.sort_by_key(|file| file.at);
    Ok(kept)
}

/// Begins a file, after what was left of others is gone.
pub(super) fn begin(path: &Path) -> io::Result<NewFile> {
    let folder = path.parent().unwrap_or(path);
    for (name, _) in files(folder)?.into_iter().filter(|(name, _)| is_leftover(name)) {
        fs::remove_file(folder.join(name))?;
    }
    NewFile::marked(path, MARK)
}

/// Removes the oldest, so that only so many stay. Those that seem to be younger than the one that was made now are of a clock
/// that was wrong, and go first: they would take the place of all that are made from here on.
pub(super) fn thin(folder: &Path, keep: usize, made: DateTime<Utc>) -> io::Result<()> {
    let mut kept = kept(folder)?;
    // Names have whole seconds.
    kept.sort_by_key(|file| (file.at <= made, file.at));
    for file in kept.iter().take(kept.len().saturating_sub(keep)) {
        fs::remove_file(folder.join(&file.name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_wrong_crowds_nothing_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |hour: i64| DateTime::from_timestamp(1_760_313_600 + hour * 3_600, 0).unwrap();
        for hour in [1, 2, 3, 900_000, 900_001, 900_002] {
            fs::write(folder.path().join(file_name(at(hour))), "x").unwrap();
        }
        let left = |keep| {
            thin(folder.path(), keep, at(3)).unwrap();
            kept(folder.path()).unwrap().iter().map(|file| file.at).collect::<Vec<_>>()
        };
        assert_eq!(left(4), [1, 2, 3, 900_002].map(at));
        assert_eq!(left(3), [1, 2, 3].map(at));
        assert_eq!(left(1), [at(3)]);
    }

    #[test]
    fn only_names_of_backups_are_taken_for_some() {
        let good = "codexmiroir-scheduled-20251013T060000Z.tar.zst";
        assert_eq!(instant_in(good).map(|at| at.to_rfc3339()).as_deref(), Some("2025-10-13T06:00:00+00:00"));
        for other in [
            "codexmiroir-scheduled-20251013T060000Z.tar.zst.old",
            "xcodexmiroir-scheduled-20251013T060000Z.tar.zst",
            "codexmiroir-scheduled-20251013T060000.tar.zst",
            "codexmiroir-scheduled-20251313T060000Z.tar.zst",
            "codexmiroir-scheduled-2025101 T060000Z.tar.zst",
            "codexmiroir-scheduled-+20251013T060000Z.tar.zst",
            "codexmiroir-scheduled-20251013T06000Z.tar.zst",
            "Codexmiroir-scheduled-20251013T060000Z.tar.zst",
            "codexmiroir-scheduled-20251013T060000Z.tar",
            "codexmiroir-20251013T060000Z.tar.zst",
            "codexmiroir-scheduled-codexmiroir-20251013T060000Z.tar.zst",
            "notes.txt",
            "",
        ] {
            assert_eq!(instant_in(other), None, "{other}");
            assert!(!is_leftover(&format!(".{other}.scheduled-abc123")), "{other}");
        }
        assert!(is_leftover(&format!(".{good}.scheduled-aB3xyz")));
        for other in [".part-aB3xyz", ".scheduled-", ".scheduled-a.b", ""] {
            assert!(!is_leftover(&format!(".{good}{other}")), "{other}");
        }
        assert!(!is_leftover(&format!("{good}.scheduled-aB3xyz")));
    }
}
