//! Packs: which objects somebody lacks, and how they are written down for them.

mod delta;
mod plan;
mod write;

pub(super) use plan::{Planned, newest_first, plan};
pub(super) use write::{Bases, index, write};

/// Whether it is to be stopped, asked now and then.
pub(super) type Stop<'a> = &'a dyn Fn() -> bool;

/// Why a pack did not come about.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error("interrupted")]
    Stopped,
    #[error("the folder has more than {0} files")]
    TooManyFiles(usize),
    #[error(transparent)]
    Objects(#[from] gix::Error),
}
