//! Writing a database anew into another file, which then takes its place: what was changed long ago stays readable in
//! pages of a file that are free, and is gone with the file.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::{
    Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableHandle, Value,
    WriteTransaction,
};

use super::Store;
use super::open::{NEW, OpenError, create_file, open_database, open_volume, sync_folder};
use super::read::failed;
use super::schema::{
    BASES, CREDENTIALS, DOCUMENTS, HEADS, HISTORY, HISTORY_BY_FILE, IDEMPOTENCY, IDEMPOTENCY_BY_TIME, META,
    META_REMOVED, REMOTES, RULES, SETTINGS, SYNC, SYNC_FILES, TASKS, TIMELINES, TOKENS, USER_NAMES, USER_TOKENS, USERS,
};
use super::volume::{Session, Volume};
use crate::domain::ids::UserId;
use crate::store::{Memory, StoreError};

impl Store {
    /// Whether what was removed, with an account, may be readable in free pages of the file.
    pub fn has_remains(&self) -> Result<bool, StoreError> {
        self.read(|transaction, _| {
            let meta = transaction.open_table(META).map_err(failed)?;
            Ok(meta.get(META_REMOVED).map_err(failed)?.is_some())
        })
    }

    /// Writes the database of this file anew, which nobody may have open, with other things kept of passwords where
    /// `instead` has some. The name stands for the one or the other at every moment, whole.
    ///
    /// # Errors
    /// It could not be written; the database is as it was.
    pub fn rewrite(path: &Path, instead: impl Fn(UserId, &str) -> Option<String>) -> Result<(), OpenError> {
        let name = path.display().to_string();
        let new = path.with_extension(NEW);
        let not_sealed =
            |detail: redb::Error| OpenError::NotRewritten { path: name.clone(), detail: detail.to_string() };
        let opened = || open_volume(path, Memory::COMMAND_CACHE_BYTES).map_err(|error| not_sealed(error.into()));
        let db = open_database(&opened()?.session(), &name)?;
        let written = Copy::write(&db, &new, Memory::COMMAND_CACHE_BYTES, &name, instead)
            .and_then(|_| Ok(fs::rename(&new, path).and_then(|()| sync_folder(path))?));
        if written.is_err() {
            // It is of no use to anybody; one that stays is replaced by the next.
            let _ = fs::remove_file(&new);
        }
        written.map_err(not_sealed)
    }
}

/// A database with the content of another, in a file of its own, open.
pub(super) struct Copy {
    pub(super) volume: Arc<Volume>,
    pub(super) session: Session,
    pub(super) db: Database,
}

impl Copy {
    /// Writes what a database has into a new file, which is whole and on disk when this returns. `cache_bytes` is what is kept in memory
    /// of its pages, `name` is for errors.
    pub(super) fn write(
        from: &Database,
        path: &Path,
        cache_bytes: usize,
        name: &str,
        instead: impl Fn(UserId, &str) -> Option<String>,
    ) -> Result<Copy, redb::Error> {
        create_file(path)?;
        let volume = open_volume(path, cache_bytes)?;
        let session = volume.session();
        let mut db = open_database(&session, name).map_err(io::Error::other)?;
        copy_tables(from, &db, instead)?;
        // What was written in one transaction leaves pages behind that it wrote twice.
        db.compact().map_err(io::Error::other)?;
        Ok(Copy { volume, session, db })
    }
}

fn copy_tables(
    db: &Database,
    copy: &Database,
    instead: impl Fn(UserId, &str) -> Option<String>,
) -> Result<(), redb::Error> {
    let (from, mut to) = (db.begin_read()?, copy.begin_write()?);
    to.set_durability(Durability::Immediate)?;
    let mut copied = BTreeSet::new();
    macro_rules! copy {
        ($($table:expr),*) => { $(copy_table(&from, &to, $table)?; copied.insert($table.name().to_owned());)* };
    }
    copy!(META, USERS, USER_NAMES, TOKENS, USER_TOKENS, HEADS, SETTINGS, DOCUMENTS, TASKS, TIMELINES, RULES, HISTORY);
    copy!(HISTORY_BY_FILE, IDEMPOTENCY, IDEMPOTENCY_BY_TIME, SYNC, SYNC_FILES, REMOTES, BASES);
    let mut credentials = to.open_table(CREDENTIALS)?;
    for row in from.open_table(CREDENTIALS)?.iter()? {
        let (id, kept) = row?;
        let replaced = instead(UserId(id.value()), kept.value());
        credentials.insert(id.value(), replaced.as_deref().unwrap_or(kept.value()))?;
    }
    drop(credentials);
    to.open_table(META)?.remove(META_REMOVED)?;
    copied.insert(CREDENTIALS.name().to_owned());
    if let Some(other) = from.list_tables()?.find(|table| !copied.contains(table.name())) {
        return Err(redb::Error::Io(io::Error::other(format!("nobody knows how to copy its table {}", other.name()))));
    }
    Ok(to.commit()?)
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    definition: TableDefinition<'_, K, V>,
) -> Result<(), redb::Error> {
    let mut copy = to.open_table(definition)?;
    for row in from.open_table(definition)?.iter()? {
        let (key, value) = row?;
        copy.insert(key.value(), value.value())?;
    }
    Ok(())
}
