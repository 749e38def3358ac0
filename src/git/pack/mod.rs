//! Packs: which objects somebody lacks, and how they are written down for them.

mod delta;
mod inspect;
mod plan;
mod work;
mod write;

use std::io;

use super::error::{Large, of_remote};
use super::{GitError, Limits};

pub(super) use inspect::inspect;
pub(super) use plan::{Planned, newest_first, plan};
pub(super) use write::{Bases, Indexed, index, write};

/// Whether it is to be stopped, asked now and then.
pub(super) type Stop<'a> = &'a dyn Fn() -> bool;

/// Why a pack did not come about, or is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error("interrupted")]
    Stopped,
    #[error("a folder has more than {0} files")]
    TooManyFiles(usize),
    #[error("it has more than {0} objects")]
    TooManyObjects(u32),
    #[error("an object is too large")]
    TooLargeObject,
    #[error("too much of it has to be in memory at once")]
    TooLargeAtOnce,
    #[error("it takes too long to be taken apart")]
    TooMuchWork,
    #[error("it is not whole")]
    Broken,
    #[error(transparent)]
    Disk(io::Error),
    #[error(transparent)]
    Objects(#[from] gix::Error),
}

impl PackError {
    /// What it is where the objects are the own copy's.
    pub(super) fn of_own_copy(self) -> GitError {
        match self {
            PackError::Objects(error) => GitError::of_own_copy(error),
            other => other.of_remote(&Limits::default()),
        }
    }

    /// What it is where the objects are a remote's.
    pub(super) fn of_remote(self, limits: &Limits) -> GitError {
        match self {
            PackError::Stopped => GitError::Interrupted,
            PackError::TooManyFiles(files_max) => GitError::TooManyFiles { folder: String::new(), files_max },
            PackError::TooManyObjects(_) | PackError::TooLargeAtOnce => {
                GitError::TooLarge { what: Large::Pack, bytes_max: limits.pack_bytes_max }
            }
            PackError::TooLargeObject => GitError::TooLarge { what: Large::Object, bytes_max: limits.object_bytes_max },
            PackError::TooMuchWork => GitError::TooMuchWork,
            PackError::Broken => GitError::not_git(&self.to_string()),
            PackError::Disk(error) => GitError::of_disk(error),
            PackError::Objects(error) => of_remote(&error, limits),
        }
    }
}
