//! Looking at everything that is kept, in pieces: each in one short transaction, which sees one state, so that what is
//! written meanwhile is no flaw.
//!
//! A piece looks at rows of one table, and for each at what it has to agree with in others. What is derived is compared
//! with what it follows from; what somebody wrote, with the history, which has it a second time.

mod accounts;
mod documents;
mod history;
mod kept;
mod walk;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use redb::{ReadTransaction, ReadableTable, TableHandle};

use self::walk::{Next, Walk};
use super::read::failed;
use super::schema::{self, META, META_NEXT_USER, USERS};
use super::volume::Volume;
use super::{Store, open};
use crate::store::{FlawKind, Looked, Place, StoreError};

type Look = fn(&mut Walk<'_>, &[u8]) -> Result<Next, StoreError>;

/// What is looked at, in this order.
const PARTS: [(&str, Look); 20] = [
    ("meta", meta),
    ("users", accounts::users),
    ("user_names", accounts::user_names),
    ("credentials", accounts::credentials),
    ("tokens", accounts::tokens),
    ("user_tokens", accounts::user_tokens),
    ("heads", accounts::heads),
    ("settings", accounts::settings),
    ("documents", documents::documents),
    ("tasks", documents::tasks),
    ("history", history::history),
    ("history_by_file", history::history_by_file),
    ("rules", kept::rules),
    ("sync", kept::sync),
    ("sync_files", kept::sync_files),
    ("remotes", kept::remotes),
    ("idempotency", kept::idempotency),
    ("idempotency_by_time", kept::idempotency_by_time),
    ("timelines", kept::timelines),
    ("bases", kept::bases),
];

/// A larger file is not checked page by page beside a server: commits wait meanwhile.
const PAGES_CHECKED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What became of a check of the file's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pages {
    Whole,
    /// What is wrong, in the database's words.
    Damaged(String),
    /// Not checked, for the file is larger than is checked beside others' work.
    TooLarge {
        bytes: u64,
    },
}

/// What became of a check of the database's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCheck {
    pub pages: Pages,
    /// Whether a start after a crash would find the journal that is written.
    pub has_journal: bool,
}

impl Store {
    /// Looks at some rows from a place on; `None` for a place that is none.
    ///
    /// # Errors
    /// The database cannot be read at all at present.
    pub fn look(&self, place: &Place) -> Result<Option<Looked>, StoreError> {
        match self.read(|transaction, _| look_in(transaction, place, false)) {
            // Another opening of the database does not help either.
            Err(StoreError::Read(_)) => self.read(|transaction, _| look_in(transaction, place, true)),
            looked => looked,
        }
    }

    /// Has the database check every page of its file against its checksum, and what it knows of free ones. What it would
    /// repair it repairs in memory: the file stays as it is. Commits wait meanwhile, so that a large file is only
    /// checked where there is nobody else (`is_alone`). For threads that may wait for the disk.
    ///
    /// # Errors
    /// The database cannot be written at present, so that its file is not at rest.
    pub fn check_files(&self, is_alone: bool) -> Result<FileCheck, StoreError> {
        let bytes = self.file_bytes()?;
        self.seat.alone(|writer| {
            let pages = match bytes > PAGES_CHECKED_BYTES_MAX && !is_alone {
                true => Pages::TooLarge { bytes },
                false => check_pages(&writer.volume),
            };
            Ok(FileCheck { pages, has_journal: !writer.journal.is_lost() })
        })
    }
}

fn check_pages(volume: &Arc<Volume>) -> Pages {
    let check = || {
        let frozen = volume.at_rest().map_err(redb::Error::Io)?;
        let mut db = open::builder(volume.cache_bytes()).create_with_backend(frozen)?;
        Ok::<_, redb::Error>(db.check_integrity()?)
    };
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(Ok(true)) => Pages::Whole,
        Ok(Ok(false)) => Pages::Damaged("it has to be repaired".to_owned()),
        Ok(Err(error)) => Pages::Damaged(error.to_string()),
        Err(_) => Pages::Damaged(NOT_UNDERSTOOD.to_owned()),
    }
}

/// What is told where redb stops at what it finds in a page.
const NOT_UNDERSTOOD: &str = "a page cannot be understood";

/// Looks at a piece. What comes behind a page that cannot be read is not looked at, which is a flaw to whom `is_told`.
fn look_in(transaction: &ReadTransaction, place: &Place, is_told: bool) -> Result<Option<Looked>, StoreError> {
    let Some((part, look)) = PARTS.get(place.part) else { return Ok(None) };
    let mut walk = Walk::of(transaction);
    let looked = catch_unwind(AssertUnwindSafe(|| look(&mut walk, &place.after)));
    let after = match looked.unwrap_or_else(|_| Err(StoreError::Read(NOT_UNDERSTOOD.to_owned()))) {
        Ok(Next::After(after)) => Some(after),
        Ok(Next::Done) => None,
        Ok(Next::Nowhere) => return Ok(None),
        Err(StoreError::Read(detail)) if is_told => {
            walk.failed(part, detail);
            None
        }
        Err(error) => return Err(error),
    };
    let next = match after {
        Some(after) => Some(Place { part: place.part, after }),
        None => (place.part + 1 < PARTS.len()).then(|| Place { part: place.part + 1, after: Vec::new() }),
    };
    Ok(Some(Looked { part, rows: walk.rows, flaws: walk.flaws, next }))
}

/// Which tables there are, and that no id of a user's is given again.
fn meta(walk: &mut Walk<'_>, _: &[u8]) -> Result<Next, StoreError> {
    let known = schema::tables();
    let present: Vec<String> =
        walk.transaction.list_tables().map_err(failed)?.map(|table| table.name().to_owned()).collect();
    for table in known.iter().filter(|known| !present.iter().any(|name| name == *known)) {
        walk.flaw("meta", None, (*table).to_owned(), FlawKind::Table);
    }
    for table in present.iter().filter(|name| !known.contains(&name.as_str())) {
        walk.flaw("meta", None, table.clone(), FlawKind::Table);
    }
    let meta = walk.transaction.open_table(META).map_err(failed)?;
    let next = meta.get(META_NEXT_USER).map_err(failed)?;
    let next = next.and_then(|bytes| bytes.value().try_into().ok().map(u64::from_be_bytes));
    let users = walk.transaction.open_table(USERS).map_err(failed)?;
    let last = users.last().map_err(failed)?.map_or(0, |(id, _)| id.value());
    walk.rows += 1;
    if next.is_none_or(|next| next <= last) {
        walk.flaw("meta", None, META_NEXT_USER.to_owned(), FlawKind::NumberFree);
    }
    Ok(Next::Done)
}
