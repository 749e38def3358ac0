//! What a look at everything that is kept finds: rows that cannot be read, or that do not belong together.

use crate::domain::ids::UserId;

/// Something of the database that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub table: &'static str,
    /// Whose row it is, where it is somebody's.
    pub user: Option<UserId>,
    /// The row, for a person: a file, a name, a generation.
    pub row: String,
    pub kind: FlawKind,
    /// What derives the row anew, where it can be derived.
    pub mend: Option<Mend>,
}

/// In which way a row is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlawKind {
    /// The bytes of the value are not of the form that is written.
    Unreadable,
    /// It belongs to a user who is not there.
    NoUser,
    /// A row that has to be beside it is not there, in that table.
    Lacks(&'static str),
    /// It is derived from a document, and says something else.
    Differs,
    /// What it is to be found by does not lead to it.
    NotIndexed,
    /// It leads to something that is not there.
    LeadsNowhere,
    /// It is not what the history says was last written there.
    NotAsHistory,
    /// It is of a generation that its user has not reached.
    Beyond,
    /// Its number may be given again.
    NumberFree,
    /// It does not stand where its name belongs.
    Misplaced,
    /// The table is not there, or nobody knows it.
    Table,
    /// The file cannot be read here; the text is the database's.
    Failed(String),
}

/// A row that is derived, to be derived anew from what it follows from as that is when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// What planning needs of a document.
    Task { user: UserId, number: u32, file: String },
    /// Where a file's history is found.
    ByFile { user: UserId, file: String, generation: u64, index: u32 },
    /// Where a user's token is found.
    UserToken { user: UserId, hash: [u8; 32] },
    /// Who has a name.
    UserName(String),
    /// When an answer that is remembered was given.
    ByTime { at: i64, user: UserId, route: String, key: String },
    /// The timeline that is kept.
    Timeline { user: UserId },
}

impl Mend {
    /// Whose plan comes out of the row.
    pub fn planned_for(&self) -> Option<UserId> {
        match self {
            Mend::Task { user, .. } | Mend::Timeline { user } => Some(*user),
            Mend::ByFile { .. } | Mend::UserToken { .. } | Mend::UserName(_) | Mend::ByTime { .. } => None,
        }
    }
}

/// What one look at a part of the database found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The table, or what else was looked at.
    pub part: &'static str,
    pub rows: u64,
    pub flaws: Vec<Flaw>,
    /// Where to look next; `None` at the end.
    pub next: Option<Place>,
}

/// Where to go on looking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which part.
    pub part: usize,
    /// The key that was looked at last; empty at the beginning.
    pub after: Vec<u8>,
}
