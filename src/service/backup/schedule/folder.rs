//! The folder of the scheduled backups. What has not exactly the form of their names is never touched.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::service::backup::make::NAME_FORMAT;
use crate::service::backup::{NewFile, file_name};

/// Tells a file that the server did not finish from those that commands are writing.
const MARK: &str = ".scheduled-";

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

/// Removes the oldest, so that only so many stay.
pub(super) fn thin(folder: &Path, keep: usize) -> io::Result<()> {
    let kept = kept(folder)?;
    for file in kept.iter().take(kept.len().saturating_sub(keep)) {
        fs::remove_file(folder.join(&file.name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_backups_are_taken_for_some() {
        let good = "codexmiroir-20251013T060000Z.tar.zst";
        assert_eq!(instant_in(good).map(|at| at.to_rfc3339()).as_deref(), Some("2025-10-13T06:00:00+00:00"));
        for other in [
            "codexmiroir-20251013T060000Z.tar.zst.old",
            "xcodexmiroir-20251013T060000Z.tar.zst",
            "codexmiroir-20251013T060000.tar.zst",
            "codexmiroir-20251313T060000Z.tar.zst",
            "codexmiroir-2025101 T060000Z.tar.zst",
            "codexmiroir-+20251013T060000Z.tar.zst",
            "codexmiroir-20251013T06000Z.tar.zst",
            "Codexmiroir-20251013T060000Z.tar.zst",
            "codexmiroir-20251013T060000Z.tar",
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
