//! A backup as a file: it has its name once it is whole.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{BackupError, Checked, check};

/// Stands between the name and what makes it another one while somebody writes the file.
const PART: &str = ".part-";

/// A file that a backup is written to, under another name until it is whole. Dropped before, it is removed.
pub struct NewFile {
    written: NamedTempFile,
    path: PathBuf,
    folder: PathBuf,
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error(transparent)]
    Write(#[from] io::Error),
    /// What was written does not read back.
    #[error("the backup that was written is not kept: {0}")]
    Refused(BackupError),
}

impl NewFile {
    /// Begins one, whose owner alone can read it.
    ///
    /// # Errors
    /// Its folder is not there, or takes no file.
    pub fn at(path: &Path) -> io::Result<NewFile> {
        NewFile::marked(path, PART)
    }

    /// As [`NewFile::at`]; the mark tells whose file it is if its writer is killed.
    pub(super) fn marked(path: &Path, mark: &str) -> io::Result<NewFile> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or_else(|| io::Error::other("it has no file name"))?.to_string_lossy();
        let written = tempfile::Builder::new().prefix(&format!(".{name}{mark}")).tempfile_in(folder)?;
        Ok(NewFile { written, path: path.to_owned(), folder: folder.to_owned() })
    }

    pub fn as_file_mut(&mut self) -> &mut File {
        self.written.as_file_mut()
    }

    /// Bytes that were written so far.
    ///
    /// # Errors
    /// Those of the system.
    pub fn bytes(&self) -> io::Result<u64> {
        Ok(self.written.as_file().metadata()?.len())
    }

    /// Makes it durable, reads it to its end as a restore would, through what `reading` makes of it, and gives it its name.
    ///
    /// # Errors
    /// It is not whole, its name is taken, or the disk fails. Then there is no file.
    pub fn finish<R: Read>(
        self,
        passphrase: Option<&str>,
        reading: impl FnOnce(BufReader<File>) -> R,
    ) -> Result<Checked, FileError> {
        self.written.as_file().sync_all()?;
        let source = reading(BufReader::new(self.written.reopen()?));
        let checked = check(source, passphrase).map_err(FileError::Refused)?;
        self.written.persist_noclobber(&self.path).map_err(|error| error.error)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all())?;
        Ok(checked)
    }
}
