//! What is kept for the sync with repositories: where each user stands, what is not in the remote yet, and the remotes that
//! users have for themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::ids::{FileName, Generation, ObjectName};

/// The way of changes that a sync brought, as [`Origin::through`](super::Origin::through) has it. No other change has it.
pub const THROUGH_GIT: &str = "git";

/// Where a user stands with the repository that the user's files are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncState {
    /// Which remote, branch and folder this is about: a hash. For another one everything begins anew.
    pub remote: [u8; 16],
    /// The commit whose files were last merged; `None` as long as the branch had none.
    pub base: Option<ObjectName>,
    /// Changes of later generations may not be in the remote yet.
    pub outbox_from: Generation,
    /// Pushes whose outcome is not known, in their order: the remote may carry one out after it was given up.
    pub pushing: Vec<Pushing>,
}

/// What is known of single files beside where their user stands. It changes seldom and may be large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncFiles {
    /// Files of the remote that cannot be taken as they are, as many as are listed.
    pub held: BTreeMap<String, HeldFile>,
    /// How many more there are.
    pub held_more: u64,
    /// A commit whose files were merged before any of those was held.
    pub held_from: Option<ObjectName>,
    /// Files that differ from the remote's without a change in the outbox that says so.
    pub differing: BTreeSet<String>,
    /// Files that were changed here and are not pushed, because the remote's cannot be taken.
    pub held_back: BTreeSet<String>,
    /// Files of the remote whose names nobody may write.
    pub unreadable_names: u64,
}

/// Where a user stands after a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncUpdate {
    pub state: SyncState,
    /// `None`: as it was.
    pub files: Option<SyncFiles>,
}

/// A push that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushing {
    /// The commit that the branch stands at if it succeeded.
    pub tip: ObjectName,
    /// Changes up to this generation are in it.
    pub until: Generation,
}

/// A file of the remote that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFile {
    /// The content that was last merged; `None` where there was none.
    pub base: Option<ObjectName>,
    /// Why it is not taken, for whoever can mend it.
    pub reason: String,
}

/// A change of the history as it concerns a repository: without contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxLine {
    pub generation: Generation,
    /// The place of the change within its commit.
    pub index: u32,
    pub at: DateTime<Utc>,
    pub file: OutboxFile,
    pub verb: String,
    pub actor: String,
    pub through: String,
}

/// What a change of the outbox is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxFile {
    Document(FileName),
    Rules,
    Settings,
}

/// Documents of one generation, each as it is there; `None` for one that is not.
pub type DocumentsAt = (Generation, Vec<Option<Vec<u8>>>);

/// A remote that a user has for oneself.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnRemote {
    pub address: String,
    pub branch: String,
    /// The folder in the repository that everybody's folders are in; empty for its root.
    pub base_path: String,
    pub username: Option<String>,
    /// Sealed for its user; the store does not look into it.
    pub sealed_token: Option<String>,
    /// The word for what is done with it.
    pub mode: String,
}

impl fmt::Debug for OwnRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnRemote({} {} {})", self.address, self.branch, self.base_path)
    }
}
