//! Everything of everybody in one file, and back.
//!
//! A backup is made while the server works. Each user is in it as of one generation: what is changed while it is made is
//! left out by way of the history, so no transaction stays open. The file is a tar archive in zstd (`container`) of
//!
//! - `codexmiroir-backup.json`: format, version, and what timelines were planned with;
//! - of each user, in the order of their ids, `users/ID/account`, `users/ID/timeline.json`, `users/ID/documents/N` and
//!   `users/ID/history/N`, in pieces of about a mebibyte (`rows`);
//! - `secrets.age`, if it was asked for: tokens of users' own repositories, encrypted with a passphrase;
//! - `manifest.json`: who and how much is in it, and the SHA-256 of each member; `manifest.sha256`, the hash of that.
//!
//! Not in it are sessions, answers that are remembered for an `Idempotency-Key`, where users stand with a repository, and
//! what is beside the database: configuration, key file, and copies of repositories.

mod container;
mod file;
mod make;
mod manifest;
mod read;
mod restore;
mod rows;
mod schedule;

use std::io;

pub use container::FIRST_BYTE;
pub use file::{FileError, NewFile};
pub use make::{Backup, file_name};
pub use restore::{Checked, Expected, Restored, check, restore_into};
pub use schedule::{BackupOptions, Failed, Kept, Made, Schedule, Scheduled, Standing, real_path};

/// Bytes of rows that are read at a time, and that a member has.
const PIECE_BYTES: usize = 1024 * 1024;

/// Why a file cannot be restored, or not any further. Each is one sentence for the person at the terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    #[error("it is no backup of CodexMiroir")]
    Foreign,
    #[error(
        "it was made by a newer version (format {found}; this one knows {}); take that version or a newer one",
        manifest::VERSION
    )]
    Newer { found: u64 },
    #[error("it ends too early: its transfer or its disk cut it short; take another backup")]
    Cut,
    #[error("it is damaged in {place}; take another backup")]
    Damaged { place: String },
    #[error("it cannot be read: {detail}")]
    Unreadable { detail: String },
    #[error(
        "the passphrase is not the one that its tokens were encrypted with; take that one, or leave it out to restore without tokens"
    )]
    WrongPassphrase,
    #[error("it was changed while it was restored; restore it again")]
    Changed,
    #[error("{0}")]
    Store(String),
}

impl BackupError {
    /// What is wrong with the file where reading it failed.
    fn of(error: io::Error) -> BackupError {
        let kind = error.kind();
        let detail = error.to_string();
        match error.downcast::<BackupError>() {
            Ok(own) => own,
            Err(_) if kind == io::ErrorKind::UnexpectedEof => BackupError::Cut,
            // What the system did not say, zstd did.
            Err(error) if error.raw_os_error().is_none() => {
                BackupError::Damaged { place: "what is compressed".to_owned() }
            }
            Err(_) => BackupError::Unreadable { detail },
        }
    }
}

/// The members of a user.
fn member_of(user: u64, rest: &str) -> String {
    format!("users/{user:010}/{rest}")
}

/// A member with a part of a user's rows.
fn piece_of(user: u64, what: &str, number: u64) -> String {
    member_of(user, &format!("{what}/{number:06}"))
}
