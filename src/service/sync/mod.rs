//! The sync: the repository that a user's files are in and the store, each changed at any time, brought together.
//!
//! One *link* stands for a remote: the server's own, which all users share, or one of a single user's. A link makes one
//! *round* at a time: fetch, take in what the remote changed (`take_in`), make commits of what was changed here
//! (`chain`, `commits`), push. The store is the truth and the outbox is its history: what was changed after the
//! generation that is known to be in the remote. The bare repository is a copy that can be thrown away at any moment.
//! Writes never wait for any of it.

mod chain;
mod commits;
mod failure;
mod follow;
mod incoming;
mod link;
mod own;
mod places;
mod push;
mod round;
mod standing;
mod status;
mod take_in;
mod tidy;
mod webhook;

use chrono::{DateTime, Utc};

use crate::domain::ids::{ObjectName, TaskNumber};
use crate::domain::lang::Sentence;

pub use follow::Following;
pub use link::{Links, SyncOptions, SyncSettings};
pub use own::RemoteFields;
pub use push::PushedState;
pub use status::{Activity, Notice, PastConflict, SyncProblem, SyncStatus};
pub use webhook::{WebhookOutcome, WebhookRefusal};

/// What a remote is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Both ways.
    Push,
    /// What the remote has is taken in; what is changed here stays here.
    PullOnly,
    /// Not at all.
    Off,
}

impl Mode {
    /// `None` for a word that is no mode, and for one that is not built yet.
    pub fn parse(word: &str) -> Option<Mode> {
        [Mode::Push, Mode::PullOnly, Mode::Off].into_iter().find(|mode| mode.name() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            Mode::Push => "push",
            Mode::PullOnly => "pull-only",
            Mode::Off => "off",
        }
    }
}

/// How much of the remote is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// What changed since the commit that was last merged.
    #[default]
    Diff,
    /// Everything.
    Full,
}

/// What somebody asks of a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncRequest {
    pub mode: SyncMode,
    /// The branch that it is to be with; another one than the remote's is refused.
    pub branch: Option<String>,
    /// Looks also at what changed since this commit.
    pub since: Option<ObjectName>,
    /// With [`SyncMode::Full`]: what the remote does not have is removed here, unless it was changed here since.
    pub clean: bool,
}

/// A file of the remote that is not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    pub file: String,
    pub reason: Sentence,
}

/// Files of the remote that are not taken, as many as are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedFiles {
    pub listed: Vec<SkippedFile>,
    /// How many more there are.
    pub more: usize,
}

/// Something that both sides changed, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictLine {
    pub file: String,
    pub what: Sentence,
}

/// What a sync did for one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    pub branch: String,
    pub head: Option<ObjectName>,
    pub is_own: bool,
    /// Files that are others here now, or new.
    pub changed: Vec<String>,
    /// Those of them that are new.
    pub added: Vec<String>,
    /// Of those the ones that had another name before, which is among those removed: that name and the new one.
    pub renamed: Vec<(String, String)>,
    pub removed: Vec<String>,
    pub skipped: SkippedFiles,
    /// Files that both sides had changed.
    pub merged: Vec<String>,
    pub conflicts: Vec<ConflictLine>,
    /// Commits that were made and pushed.
    pub pushed: usize,
    pub next_number: Option<TaskNumber>,
    pub generation: u64,
}

impl SkippedFiles {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.listed.len() + self.more
    }

    fn push(&mut self, file: impl Into<String>, reason: impl Into<Sentence>) {
        if self.listed.len() < standing::HELD_LISTED_MAX {
            self.listed.push(SkippedFile::new(file, reason));
        } else {
            self.more += 1;
        }
    }

    /// Adds those of a later look, which is nearer the truth where both looked.
    fn extend(&mut self, later: SkippedFiles) {
        let SkippedFiles { listed, more } = later;
        self.listed.retain(|known| listed.iter().all(|file| file.file != known.file));
        self.more = self.more.max(more);
        for SkippedFile { file, reason } in listed {
            self.push(file, reason);
        }
    }
}

impl SkippedFile {
    fn new(file: impl Into<String>, reason: impl Into<Sentence>) -> SkippedFile {
        SkippedFile { file: file.into(), reason: reason.into() }
    }
}

impl SyncReport {
    /// Adds what a later round did.
    fn extend(&mut self, later: SyncReport) {
        let SyncReport { branch, head, is_own, changed, added, renamed, removed, .. } = later;
        let SyncReport { skipped, merged, conflicts, pushed, .. } = later;
        (self.branch, self.head, self.is_own) = (branch, head, is_own);
        self.changed.extend(changed);
        self.added.extend(added);
        self.renamed.extend(renamed);
        self.removed.extend(removed);
        // The later one looked at what it had to look at only, so that both lists stand.
        self.skipped.extend(skipped);
        self.merged.extend(merged);
        self.conflicts.extend(conflicts);
        self.pushed += pushed;
        (self.next_number, self.generation) = (later.next_number, later.generation);
    }
}

/// A remote as it is shown: never with its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteView {
    pub address: String,
    pub branch: String,
    pub base_path: String,
    pub username: Option<String>,
    pub has_token: bool,
    pub mode: Mode,
    /// Whether it is the user's own, and not the one that the server has for all.
    pub is_own: bool,
}

impl RemoteView {
    /// Who the server is there; nobody where it has no token either.
    pub fn asked_as(&self) -> Option<&str> {
        let usual = self.has_token.then_some(link::USERNAME);
        self.username.as_deref().or(usual)
    }
}

/// An instant with what was known then.
type At = DateTime<Utc>;
