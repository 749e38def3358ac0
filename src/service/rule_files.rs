//! Scripts of rules on disk: `mine.rhai`, and `mine.test.rhai` beside it with its tests.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::domain::script::Script;
use crate::rules::{SOURCE_BYTES_MAX, library, nearest_library_name};

const EXTENSION: &str = "rhai";
const TESTS: &str = ".test";
/// The most entries of a folder that are looked at.
const ENTRIES_MAX: usize = 1_000;

/// A script and the file it was read from. It is named as its file without the extension.
#[derive(Clone, Debug)]
pub struct RuleFile {
    pub path: PathBuf,
    pub script: Script,
}

/// Reads a script; no more of it than a script may have and one byte, and no pipe or device.
///
/// # Errors
/// What the system says, or that it is no file or no text.
pub fn read(path: &Path) -> io::Result<RuleFile> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut source = Vec::new();
    File::open(path)?.take(SOURCE_BYTES_MAX as u64 + 1).read_to_end(&mut source)?;
    let source = match String::from_utf8(source) {
        Ok(source) => source,
        // A character that the limit cut: the script is too large whatever its end is.
        Err(error) if error.as_bytes().len() > SOURCE_BYTES_MAX => {
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
        Err(_) => return Err(io::Error::other("it is no UTF-8 text")),
    };
    Ok(RuleFile { path: path.to_owned(), script: Script::new(stem(path), source) })
}

/// Reads a script; a name that is no file may be that of one that comes with the program.
///
/// # Errors
/// Those of [`read`].
pub fn read_or_known(path: &Path) -> io::Result<RuleFile> {
    let known = path.file_name().and_then(|name| name.to_str()).and_then(library);
    match known.filter(|_| path.symlink_metadata().is_err()) {
        Some(script) => Ok(RuleFile { path: PathBuf::from(format!("<{}>", script.name)), script }),
        None => read(path),
    }
}

/// What to say of a file that is not there where its name is near to that of rules that come with the program.
pub fn misspelt(path: &Path) -> Option<String> {
    let name = path.to_str()?;
    if path.symlink_metadata().is_ok() || library(name).is_some() {
        return None;
    }
    let near = nearest_library_name(name)?;
    Some(format!("there is no file {name}, and no rules of that name come with the program; did you mean {near}?"))
}

/// The tests beside a script, if it brings any, named as the script.
///
/// # Errors
/// A file of tests that cannot be read.
pub fn read_tests_of(path: &Path) -> io::Result<Option<RuleFile>> {
    let tests = path.with_file_name(format!("{}{TESTS}.{EXTENSION}", stem(path)));
    if is_tests(path) || !tests.exists() {
        return Ok(None);
    }
    let file = read(&tests)?;
    Ok(Some(RuleFile { script: Script { name: stem(path), ..file.script }, ..file }))
}

/// The scripts of a folder that can be read, without their tests, by name.
///
/// # Errors
/// A folder that cannot be listed.
pub fn read_folder(folder: &Path) -> io::Result<Vec<RuleFile>> {
    let paths = list(folder)?.into_iter().filter(|path| !is_tests(path));
    Ok(paths.filter_map(|path| read(&path).ok()).collect())
}

/// The files of tests in a folder, by name.
///
/// # Errors
/// A folder that cannot be listed.
pub fn list_tests(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(list(folder)?.into_iter().filter(|path| is_tests(path)).collect())
}

/// The script that a file of tests belongs to.
pub fn tested_by(tests: &Path) -> Option<PathBuf> {
    let name = stem(tests);
    let script = name.strip_suffix(TESTS).filter(|name| !name.is_empty())?;
    Some(tests.with_file_name(format!("{script}.{EXTENSION}")))
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder)?.take(ENTRIES_MAX).collect::<io::Result<Vec<_>>>()?;
    let is_script = |path: &PathBuf| path.extension().is_some_and(|extension| extension == EXTENSION);
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(is_script).collect();
    paths.sort();
    Ok(paths)
}

fn is_tests(path: &Path) -> bool {
    tested_by(path).is_some()
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
