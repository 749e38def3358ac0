//! A folder of task files on disk, and of rules in it, as `plan` and `import` read it.

use std::ffi::OsStr;
use std::fs::{File, FileType};
use std::io::Read;
use std::path::Path;

use super::rules::files::{self, RuleFiles};
use crate::domain::lang::Phrase;
use crate::domain::problem::DOCUMENT_BYTES_MAX;

pub(super) const NOT_UTF_8: Phrase = Phrase { en: "its name is not UTF-8", de: "ihr Name ist nicht UTF-8" };
pub(super) const NOT_LOWER_CASE: Phrase =
    Phrase { en: "its name does not end in .md in lower case", de: "ihr Name endet nicht auf .md in Kleinbuchstaben" };
pub(super) const A_LINK: Phrase = Phrase { en: "it is a symbolic link", de: "sie ist ein symbolischer Link" };
pub(super) const NOT_A_FILE: Phrase = Phrase { en: "it is not a file", de: "sie ist keine Datei" };

/// The Markdown files of a folder, without the folders in it but the one of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Names and bytes, in the order of the names. A file that is too large for a document is cut one byte
    /// after what a document may have, which is enough to tell.
    pub files: Vec<(String, Vec<u8>)>,
    /// Entries that look like task files and are none that can be read, each with the reason.
    pub left_out: Vec<(String, Phrase)>,
    /// Files of the folder `rules`.
    pub rules: RuleFiles,
    /// What the old system's file with the number of the next new task has in it.
    pub next_number: Option<Vec<u8>>,
}

/// Reads a folder. Links are not followed: whoever may write the folder could otherwise have any file read
/// that the reader may read.
///
/// # Errors
/// A sentence that names the folder or the file that could not be read.
pub fn read_folder(path: &Path) -> Result<Folder, String> {
    let unlisted = |error| format!("{}; name a folder with task files, such as 0001-Title.md", failed(path, error));
    let mut folder = Folder::default();
    for entry in std::fs::read_dir(path).map_err(unlisted)? {
        let entry = entry.map_err(|error| failed(path, error))?;
        let name = entry.file_name();
        let shown = name.to_string_lossy().into_owned();
        if !shown.to_lowercase().ends_with(".md") {
            continue;
        }
        // The type of the entry itself, not of what a link points to.
        let file_type = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
        match fault_of_name(&name, file_type) {
            Some(reason) => folder.left_out.push((shown, reason)),
            None => {
                folder.files.push((shown, read_bounded(&entry.path()).map_err(|error| failed(&entry.path(), error))?));
            }
        }
    }
    read_rules(&path.join(files::FOLDER), &mut folder)?;
    folder.files.sort();
    folder.left_out.sort();
    Ok(folder)
}

/// Reads the folder of the rules, if it is there and no link.
fn read_rules(path: &Path, folder: &mut Folder) -> Result<(), String> {
    if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(|error| failed(path, error))? {
        let entry = entry.map_err(|error| failed(path, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(named) = files::considered(&name) else { continue };
        let file_type = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
        match named.and_then(|()| if file_type.is_file() { Ok(()) } else { Err(NOT_A_FILE) }) {
            Ok(()) => {
                let raw = read_bounded(&entry.path()).map_err(|error| failed(&entry.path(), error))?;
                folder.rules.insert(name, raw);
            }
            Err(reason) => folder.left_out.push((format!("{}/{name}", files::FOLDER), reason)),
        }
    }
    Ok(())
}

/// Why an entry that looks like a task file cannot be read as one, by its name and kind.
pub(super) fn fault_of_name(name: &OsStr, file_type: FileType) -> Option<Phrase> {
    match name.to_str() {
        None => Some(NOT_UTF_8),
        Some(name) if name.to_lowercase().ends_with(".md") && !name.ends_with(".md") => Some(NOT_LOWER_CASE),
        Some(_) if file_type.is_symlink() => Some(A_LINK),
        Some(_) if !file_type.is_file() => Some(NOT_A_FILE),
        Some(_) => None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
pub(super) fn failed(path: &Path, error: std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// The bytes of a file; of one that is too large for a document, one byte more than that.
pub(super) fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    File::open(path)?.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut raw)?;
    Ok(raw)
}
