//! How much of the disk a copy takes, and how much of it there is for what comes.

use std::fs;
use std::io::{self, Write};

use super::error::Large;
use super::repository::{files_in, folders_within};
use super::{GitError, Limits, Repository};

impl Repository {
    /// What its objects take on the disk.
    ///
    /// # Errors
    /// [`GitError::Io`].
    pub fn bytes(&self) -> Result<u64, GitError> {
        let counted = || {
            let mut bytes = 0;
            for folder in folders_within(&self.folder().join("objects"))? {
                for file in files_in(&folder)? {
                    match fs::symlink_metadata(&file) {
                        Ok(found) => bytes += found.len(),
                        // Removed meanwhile.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(bytes)
        };
        counted().map_err(GitError::of_disk)
    }

    /// The room for a pack beside what is here.
    pub(super) fn room(&self, limits: &Limits) -> Result<Room, GitError> {
        let left = limits.copy_bytes_max.saturating_sub(self.bytes()?);
        Ok(if left < limits.pack_bytes_max {
            Room { bytes: left, full: too_large_copy(limits) }
        } else {
            Room::of_pack(limits)
        })
    }

    /// Whether what is here takes no more than it may.
    pub(super) fn require_bounded(&self, limits: &Limits) -> Result<(), GitError> {
        if self.bytes()? > limits.copy_bytes_max { Err(too_large_copy(limits)) } else { Ok(()) }
    }
}

fn too_large_copy(limits: &Limits) -> GitError {
    GitError::TooLarge { what: Large::Copy, bytes_max: limits.copy_bytes_max }
}

/// The room for a pack, and what it is if that is not enough.
pub(super) struct Room {
    bytes: u64,
    full: GitError,
}

impl Room {
    /// What a pack may have wherever it goes.
    pub(super) fn of_pack(limits: &Limits) -> Room {
        let bytes = limits.pack_bytes_max;
        Room { bytes, full: GitError::TooLarge { what: Large::Pack, bytes_max: bytes } }
    }

    /// Writes a pack to a file by `writing`, and ends that where there is no more room.
    pub(super) fn fill(
        &self,
        file: &mut fs::File,
        writing: impl FnOnce(&mut dyn Write) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let mut bounded = Bounded { file, left: self.bytes, is_full: false };
        let written = writing(&mut bounded);
        if bounded.is_full { Err(self.full.clone()) } else { written }
    }
}

/// A file that takes no more than so many bytes.
struct Bounded<'a> {
    file: &'a mut fs::File,
    left: u64,
    is_full: bool,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.is_full = true;
            return Err(io::Error::other("there is no more room"));
        };
        let length = self.file.write(bytes)?;
        self.left = left + (bytes.len() - length) as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
