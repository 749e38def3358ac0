//! The door to Git: a bare repository per remote, read and written without a work tree, and brought together with the
//! remote over http(s) or a local path. No git executable is used, and neither a configuration nor the environment of
//! whoever runs the program has an effect.
//!
//! The repository is a copy: all of it comes back from the remote and the store. So nothing here waits for the disk; a
//! crash leaves a repository that [`Repository::open`] puts right, or one that says [`GitError::Damaged`] and is begun
//! anew. What comes from a remote is believed only after it was checked.
//!
//! All functions block: call them where that holds up nobody.

mod address;
mod error;
mod history;
mod merge;
mod pack;
mod path;
mod read;
mod remote;
mod repository;
mod room;
mod tidy;
mod write;

pub use address::{AddressError, Branch, BranchError, Credentials, Limits, Policy, Remote, RemoteAddress};
pub use error::{GitError, Large, PushError};
pub use merge::merge_lines;
pub use path::is_writable_name;
pub use read::{Content, Entry, Listing};
pub use remote::{fetch, push};
pub use repository::Repository;
pub use tidy::Tidied;
pub use write::{CommitText, Edit};

pub use crate::outgoing::AllowedHost;
