//! The store: what is kept, and the one way to change it.
//!
//! Business code never sees a transaction. It reads a [`Snapshot`], decides, and commits a list of
//! changes against the generation that it read. A commit is applied whole or not at all; if the user's
//! generation is no longer the one named, the outcome is [`Outcome::Stale`] and nothing happened. That is
//! the whole concurrency control.
//!
//! What is promised of [`Outcome::Committed`]: the change is on disk, and every read that begins after it
//! was reported sees it. When the disk fails, reading goes on and commits are refused until it takes them again.
//!
//! A journal beside the database makes commits durable; the database is made durable for many of them together. That
//! moves only the moment at which a commit is durable, and nothing of this contract.

mod account;
mod backup;
mod cells;
pub mod hot;
mod keyed;
mod metrics;
mod past;
mod published;
mod redb;
mod rules;
mod sync;
mod verify;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::domain::hex::hex;
use crate::domain::ids::{self, DocKey, FileName, Generation, TaskNumber, UserId, UserName};
use crate::domain::lang::Lang;
use crate::domain::problem::Problem;
use crate::domain::script::RuleEntry;
use crate::domain::task::Task;
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;

pub use self::redb::{CommitTicket, FileCheck, Moment, OpenError, Pages, Restoring, SCHEMA_VERSION, Store, Trouble};
pub use account::{
    Account, AccountChange, Administered, Administration, Grant, GrantKind, NewCredential, SESSIONS_OF_USER_MAX,
    Scopes, TOKENS_OF_USER_MAX, TokenGrant, User,
};
pub use backup::{AccountState, DocumentsPiece};
pub use keyed::{Keyed, KeyedLocks};
pub use past::{ChangedSince, Left, NotedBasis, TimelineMark};
pub use rules::{EARLIER_RULES_MAX, EarlierRules, Entries, KeptRules, RULES_VERSIONS_MAX, RulesVersion, UserRules};
pub use sync::{
    DocumentsAt, HeldFile, OutboxFile, OutboxLine, OwnRemote, Pushing, SyncFiles, SyncState, SyncUpdate, THROUGH_GIT,
};
pub use verify::{Flaw, FlawKind, Looked, Mend, Place};

#[cfg(test)]
pub(crate) use self::redb::disk;

/// What can change a plan without a commit (planner, rules of the server, time-zone database), hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis(pub [u8; 16]);

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0))
    }
}

/// What a store may keep in memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Of bodies in the hot map, with their overhead.
    pub hot_bytes: u64,
    /// Of the database's pages. A page takes a quarter more of the process's memory than it has bytes.
    pub cache_bytes: usize,
}

impl Memory {
    /// Pages of a server, which reads the same ones again and again.
    const SERVER_CACHE_BYTES: usize = 256 * 1024 * 1024;
    /// Pages of whoever goes through a database once: kept, most would never be asked for again.
    const COMMAND_CACHE_BYTES: usize = 32 * 1024 * 1024;

    pub fn of_server(hot_bytes: u64) -> Memory {
        Memory { hot_bytes, cache_bytes: Memory::SERVER_CACHE_BYTES }
    }

    /// What a command takes that works on the database itself.
    pub fn of_command(hot_bytes: u64) -> Memory {
        Memory { hot_bytes, cache_bytes: Memory::COMMAND_CACHE_BYTES }
    }
}

/// A random id of this database, new after a restore: answers of two incarnations never share an ETag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incarnation(pub [u8; 16]);

/// A document as it was understood: a task, or why it is none.
pub type Reading = Result<Arc<Task>, Problem>;

/// Where a user's ground state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub generation: Generation,
    /// When that generation was committed.
    pub committed_at: DateTime<Utc>,
    /// The number that the next new task gets; `None` when all are used up. Never goes down.
    pub next_number: Option<TaskNumber>,
}

/// What a user can set; a change raises the generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub zone: Zone,
    pub lang: Lang,
    /// How many days the user's timeline covers, today included.
    pub days: u16,
    /// What the pages look like.
    pub theme: Theme,
}

/// The ground state of one user at one generation: everything that planning needs.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub name: UserName,
    pub head: Head,
    pub settings: Settings,
    pub tasks: BTreeMap<DocKey, Reading>,
    /// `None` for a user who has no rules of one's own.
    pub rules: Option<Arc<UserRules>>,
    /// Whether this state is on disk for certain. After a fault of the disk it may be that of a commit that nobody
    /// was told of and that may go away again: nothing of it may be kept or published.
    pub is_durable: bool,
}

/// What a user has at one generation, without the documents' bytes.
#[derive(Clone, Debug)]
pub struct Outline {
    pub name: UserName,
    pub head: Head,
    pub settings: Settings,
    pub keys: Vec<DocKey>,
    pub rules: Option<Arc<UserRules>>,
}

/// A finished timeline: the bytes that are served, and for how long they are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub generation: Generation,
    pub basis: Basis,
    pub valid_from: DateTime<Utc>,
    pub valid_until: DateTime<Utc>,
    pub body: Bytes,
}

/// Why a finished timeline is not the answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// A change was committed since, and without its timeline, as imports are.
    Superseded,
    /// It was made with another planner, other rules or another time-zone database.
    OtherBasis,
    /// The clock crossed a slot boundary.
    BoundaryPassed,
    /// The clock was set back to before it was right.
    ClockSetBack,
}

impl Staleness {
    /// The stable word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Staleness::Superseded => "superseded",
            Staleness::OtherBasis => "other_basis",
            Staleness::BoundaryPassed => "boundary_passed",
            Staleness::ClockSetBack => "clock_set_back",
        }
    }
}

impl Finished {
    /// Whether these bytes are the answer for a user who stands at `generation`.
    pub fn is_current(&self, generation: Generation, basis: Basis, now: DateTime<Utc>) -> bool {
        self.staleness(generation, basis, now).is_none()
    }

    /// Why these bytes are not the answer for a user who stands at `generation`; `None` when they are. A later
    /// generation than asked for is right too: it was committed since.
    pub fn staleness(&self, generation: Generation, basis: Basis, now: DateTime<Utc>) -> Option<Staleness> {
        if self.generation < generation {
            Some(Staleness::Superseded)
        } else if self.basis != basis {
            Some(Staleness::OtherBasis)
        } else if now >= self.valid_until {
            Some(Staleness::BoundaryPassed)
        } else if now < self.valid_from {
            Some(Staleness::ClockSetBack)
        } else {
            None
        }
    }
}

/// A word of the program's own vocabulary; owned when it was read from the journal.
pub type Word = Cow<'static, str>;

/// One change of a user's ground state. `verb` says for the history what was done: `create`, `update` …
#[derive(Clone, Debug)]
pub enum Change {
    /// The document is there afterwards, whatever was there before.
    PutDocument {
        key: DocKey,
        raw: Arc<[u8]>,
        reading: Reading,
        verb: Word,
    },
    RemoveDocument {
        key: DocKey,
        verb: Word,
    },
    PutSettings {
        settings: Settings,
        verb: Word,
    },
    /// The user has this list of rules afterwards, or none of one's own.
    PutRules {
        entries: Option<Entries>,
        verb: Word,
    },
    /// Changes nothing, and keeps in the history what lost in a merge of two versions of a file, beside what was taken
    /// instead; `None` where a version had no such file.
    Merged {
        file: MergedFile,
        lost: Option<Arc<[u8]>>,
        kept: Option<Arc<[u8]>>,
        /// Whether both sides had changed the same, so that somebody should look at it.
        is_conflict: bool,
        verb: Word,
    },
}

/// What the name of a rule's file begins with in the history. No document has such a name.
pub const RULES_FOLDER: &str = "rules/";

/// A file that two versions of were merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergedFile {
    Document(DocKey),
    /// A file among the user's rules, by its name there.
    Rule(String),
}

impl MergedFile {
    /// What a merge was about, as the history names it: `None` for a name that is none.
    pub fn parse(name: &str) -> Option<MergedFile> {
        match name.strip_prefix(RULES_FOLDER) {
            Some(rule) => Some(MergedFile::Rule(rule.to_owned())),
            None => FileName::parse(name).map(|file| MergedFile::Document(DocKey::of(file))),
        }
    }

    /// Its name in the history: that of a rule begins with its folder.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            MergedFile::Document(key) => key.file.as_str().into(),
            MergedFile::Rule(name) => format!("{RULES_FOLDER}{name}").into(),
        }
    }
}

/// One change of a commit, as the history keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    pub generation: Generation,
    /// The place of the change within its commit.
    pub index: u32,
    pub at: DateTime<Utc>,
    pub basis: Basis,
    pub actor: String,
    pub through: String,
    pub verb: String,
    pub what: PastState,
    /// Whether it happened in another account and came here with an import. It never changed anything here.
    pub is_brought: bool,
    /// Of the first change of a commit; what was kept before this was noted has none.
    pub left: Option<Left>,
}

impl Past {
    /// Whether it is a merge of versions that had both changed the same.
    pub fn is_conflict(&self) -> bool {
        matches!(self.what, PastState::Merged { is_conflict: true, .. })
    }
}

/// What was changed, from what to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastState {
    /// A document's bytes; `None` where there was or is none.
    Document {
        key: DocKey,
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
    },
    Settings {
        before: Settings,
        after: Settings,
    },
    /// The user's rules; `None` where there were or are none.
    Rules {
        before: Option<Entries>,
        after: Option<Entries>,
    },
    /// Nothing: what lost in a merge, and what was taken instead. There is nothing to take back.
    Merged {
        file: MergedFile,
        lost: Option<Vec<u8>>,
        kept: Option<Vec<u8>>,
        is_conflict: bool,
    },
}

impl PastState {
    /// The file that it is about, as the history names it; `None` for the settings and the rules as a whole.
    pub fn file(&self) -> Option<Cow<'_, str>> {
        match self {
            PastState::Document { key, .. } => Some(key.file.as_str().into()),
            PastState::Merged { file, .. } => Some(file.name()),
            PastState::Settings { .. } | PastState::Rules { .. } => None,
        }
    }
}

/// The history of an account elsewhere, to stand before everything that happens in this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtHistory {
    /// Where the account stood; none of the changes is of a later generation.
    pub generation: Generation,
    /// In their order, the first one first.
    pub changes: Vec<Past>,
}

/// The bytes of a list's own scripts and their tests.
fn entries_bytes(entries: &[RuleEntry]) -> u64 {
    entries.iter().flat_map(|entry| [entry.source(), entry.tests()]).flatten().map(|text| text.len() as u64).sum()
}

impl BroughtHistory {
    /// Bytes of all states in it, about.
    fn bytes(&self) -> u64 {
        let length = |state: &Option<Vec<u8>>| state.as_ref().map_or(0, |state| state.len() as u64);
        let bytes = |past: &Past| match &past.what {
            PastState::Document { before, after, .. } => length(before) + length(after),
            PastState::Merged { lost, kept, .. } => length(lost) + length(kept),
            PastState::Rules { before, after } => {
                [before, after].into_iter().flatten().map(|entries| entries_bytes(entries)).sum()
            }
            PastState::Settings { .. } => 0,
        };
        self.changes.iter().map(bytes).sum()
    }
}

/// Who did it and by which way it came, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub actor: String,
    pub through: Word,
}

/// How long an answer to an `Idempotency-Key` is remembered, in milliseconds.
pub const REMEMBER_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// An answer to repeat when the same request comes again with its `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub route: Word,
    pub key: String,
    /// Hash of the request that the answer belongs to.
    pub fingerprint: [u8; 32],
    pub answer: Vec<u8>,
}

/// Changes of one user that happen together or not at all.
#[derive(Debug)]
pub struct Commit {
    pub user: UserId,
    /// The generation that the decision was based on.
    pub expected: Generation,
    /// The head after this commit.
    pub head: Head,
    pub changes: Vec<Change>,
    pub origin: Origin,
    /// The basis that the writer planned with, for the history.
    pub basis: Basis,
    /// The timeline of the new generation. Without it the next read rebuilds.
    pub timeline: Option<Arc<hot::Entry>>,
    /// What that timeline is known again by; of a commit that the journal had, which keeps no timeline, there is only this.
    pub mark: Option<TimelineMark>,
    pub remember: Option<Remembered>,
    /// Where the user stands with a repository afterwards. A commit of this alone raises no generation.
    pub sync: Option<SyncUpdate>,
    /// What comes before the changes in the history, of somebody who has none yet: the generation expected is the first
    /// of all, and the new one is later than that of the history.
    pub brought: Option<Arc<BroughtHistory>>,
}

impl Commit {
    /// Whether it only asks whether the state that an answer was based on is the one that lasts.
    pub fn is_confirmation(&self) -> bool {
        self.changes.is_empty() && self.sync.is_none()
    }
}

/// Timelines up to this size are stored in the transaction of their commit; a larger one would be most of what a
/// small change writes, so it follows its commit in a quiet moment.
pub const COMMITTED_TIMELINE_BYTES_MAX: usize = 4 * 1024;

/// What giving unused space back came to: bytes that the database's file takes of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    pub bytes_before: u64,
    pub bytes_after: u64,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// On disk and seen by every later read.
    Committed { generation: Generation },
    /// The user stands at another generation; nothing happened.
    Stale { generation: Generation },
}

/// The store cannot do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Reading failed.
    #[error("the database cannot be read: {0}")]
    Read(String),
    /// Nothing of the change is in the database.
    #[error("the database cannot be written: {0}")]
    NotWritten(String),
    /// The change may or may not be in the database: it must not be reported as "not saved".
    #[error("the database failed while it was saving: {0}")]
    Unknown(String),
    /// A stored value is not of the form that this version writes.
    #[error("the database holds a damaged value in {0}")]
    Damaged(&'static str),
    /// The disk has no room for a change this large; nothing of it was written.
    #[error(
        "the disk has {} MiB free and this may need {}; nothing was saved, free some space and try again",
        free_bytes >> 20, needed_bytes.div_ceil(1 << 20)
    )]
    NoRoom { needed_bytes: u64, free_bytes: u64 },
    /// Nothing of the change was handed over.
    #[error("the database is closing")]
    Closed,
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        reason = "without randomness no id or token may be made; the system has no other state"
    )]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_keyed_value_lives_as_long_as_somebody_holds_it() {
        let locks: KeyedLocks<u8, u32> = KeyedLocks::default();
        let first = locks.get(1);
        *first.lock().await += 1;
        let second = first.clone();
        drop(first);
        assert_eq!(*second.lock().await, 1);
        assert_eq!(*locks.get(2).lock().await, 0);
        drop(second);
        assert_eq!(*locks.get(1).lock().await, 0);
    }
}
