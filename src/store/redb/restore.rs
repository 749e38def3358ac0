//! A new database, filled with what a backup has. Nobody reads it before it is whole.

use std::path::{Path, PathBuf};

use redb::{Database, Durability, WriteTransaction};

use super::codec::{self, key_number};
use super::open::{OpenError, create_file, lay_out, open_database, open_volume, sync_folder};
use super::schema::{CREDENTIALS, DOCUMENTS, HISTORY, HISTORY_BY_FILE, META, META_NEXT_USER, TASKS};
use super::{accounts, bases, rules, sync};
use crate::domain::document::{self, Outcome as Read};
use crate::domain::ids::{DocKey, FileName, UserId};
use crate::store::{AccountState, Memory, NotedBasis, Past, StoreError};

/// Bytes of rows that one transaction has: what it changes is held in memory until it ends.
const TRANSACTION_BYTES: usize = 16 * 1024 * 1024;

/// A database under way.
pub struct Restoring {
    db: Database,
    path: PathBuf,
    open: Option<WriteTransaction>,
    /// Bytes that the open transaction has so far.
    bytes: usize,
}

fn failed(error: impl Into<redb::Error>) -> StoreError {
    StoreError::NotWritten(error.into().to_string())
}

impl Restoring {
    /// Makes an empty database of a new incarnation, in a directory that is made for it.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path) -> Result<Restoring, OpenError> {
        let name = path.display().to_string();
        let io = |detail: String| OpenError::Io { path: name.clone(), detail };
        create_file(path).map_err(|error| io(error.to_string()))?;
        let volume = open_volume(path, Memory::COMMAND_CACHE_BYTES).map_err(|error| io(error.to_string()))?;
        let db = open_database(&volume.session(), &name)?;
        lay_out(&db).map_err(|error| io(error.to_string()))?;
        Ok(Restoring { db, path: path.to_owned(), open: None, bytes: 0 })
    }

    /// Puts an account, without its documents and its history.
    pub fn put_account(&mut self, state: &AccountState) -> Result<(), StoreError> {
        let user = state.user.id;
        let put = |transaction: &WriteTransaction| -> Result<(), redb::Error> {
            accounts::put_user(transaction, &state.user, state.settings, &state.head)?;
            if let Some(credential) = &state.credential {
                transaction.open_table(CREDENTIALS)?.insert(user.0, credential.as_str())?;
            }
            for (hash, grant) in &state.grants {
                accounts::put_grant(transaction, hash, grant)?;
            }
            for kept in &state.rules {
                rules::put_kept(transaction, user, kept)?;
            }
            if state.remote.is_some() {
                sync::put_remote(transaction, user, state.remote.as_ref())?;
            }
            if let Some(update) = &state.sync {
                sync::put(transaction, user, update)?;
            }
            Ok(())
        };
        self.write(ACCOUNT_BYTES, put)
    }

    /// Puts documents of a user, as they are read by this version.
    pub fn put_documents(&mut self, user: UserId, put: Vec<(FileName, Vec<u8>)>) -> Result<(), StoreError> {
        let bytes = put.iter().map(|(_, raw)| raw.len() + ROW_BYTES).sum();
        self.write(bytes, |transaction| {
            let mut documents = transaction.open_table(DOCUMENTS)?;
            let mut tasks = transaction.open_table(TASKS)?;
            for (file, raw) in put {
                let key = DocKey::of(file);
                let row = (user.0, key_number(&key), key.file.as_str());
                let task = match document::read(&key.file, &raw) {
                    Read::Task(task) => codec::encode_task(Some(&task)),
                    Read::Invalid(_) | Read::NotATask => codec::encode_task(None),
                };
                tasks.insert(row, task.as_slice())?;
                documents.insert(row, raw.as_slice())?;
            }
            Ok(())
        })
    }

    /// Puts changes into a user's history.
    pub fn put_history(&mut self, user: UserId, changes: &[Past]) -> Result<(), StoreError> {
        let rows: Vec<_> = changes.iter().map(|past| (past, codec::encode_past(past))).collect();
        let bytes = rows.iter().map(|(_, encoded)| encoded.len() + ROW_BYTES).sum();
        self.write(bytes, |transaction| {
            let mut history = transaction.open_table(HISTORY)?;
            let mut by_file = transaction.open_table(HISTORY_BY_FILE)?;
            for (past, encoded) in &rows {
                let (file, generation, index) = (codec::file_of(past), past.generation.0, past.index);
                history.insert((user.0, generation, index), encoded.as_slice())?;
                by_file.insert((user.0, &*file, generation, index), ())?;
            }
            Ok(())
        })
    }

    /// Puts what plans were made with, in the order of time.
    pub fn put_bases(&mut self, noted: &[NotedBasis]) -> Result<(), StoreError> {
        self.write(noted.len() * ROW_BYTES, |transaction| {
            noted.iter().try_for_each(|noted| bases::note(transaction, noted).map(drop))
        })
    }

    /// Makes all of it durable; the next new user gets this id.
    pub fn finish(mut self, next_user: UserId) -> Result<(), StoreError> {
        self.write(0, |transaction| {
            transaction.open_table(META)?.insert(META_NEXT_USER, next_user.0.to_be_bytes().as_slice())?;
            Ok(())
        })?;
        self.commit()?;
        let Restoring { db, path, .. } = self;
        drop(db);
        let synced = std::fs::File::open(&path).and_then(|file| file.sync_all()).and_then(|()| sync_folder(&path));
        synced.map_err(failed)
    }

    fn write(
        &mut self,
        bytes: usize,
        put: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let transaction = match &self.open {
            Some(open) => open,
            None => {
                let mut begun = self.db.begin_write().map_err(failed)?;
                begun.set_durability(Durability::Immediate).map_err(failed)?;
                self.open.insert(begun)
            }
        };
        put(transaction).map_err(failed)?;
        self.bytes += bytes;
        if self.bytes >= TRANSACTION_BYTES { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        self.open.take().map_or(Ok(()), |open| open.commit().map_err(failed))
    }
}

/// About what a row takes beside what is in it.
const ROW_BYTES: usize = 100;
/// About what an account takes without its rules.
const ACCOUNT_BYTES: usize = 4_096;
