//! What is kept for the sync with repositories, and the history as a sync reads it.

use std::collections::{BTreeMap, BTreeSet};

use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    WriteTransaction,
};
use serde::{Deserialize, Serialize};

use super::Store;
use super::codec::{self, StoredChange};
use super::read::{failed, get_head};
use super::schema::{DOCUMENTS, HISTORY, REMOTES, RULES_FILE, SYNC, SYNC_FILES};
use crate::domain::ids::{DocKey, FileName, Generation, ObjectName, UserId};
use crate::store::{
    Administered, DocumentsAt, HeldFile, OutboxFile, OutboxLine, OwnRemote, Pushing, StoreError, SyncFiles, SyncState,
    SyncUpdate, THROUGH_GIT,
};

#[derive(Serialize, Deserialize)]
struct StoredName(#[serde(with = "serde_bytes")] [u8; 20]);

impl StoredName {
    fn of(name: ObjectName) -> StoredName {
        StoredName(name.0)
    }

    fn name(self) -> ObjectName {
        ObjectName(self.0)
    }
}

/// Where a user stands with a repository.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSync {
    #[serde(with = "serde_bytes")]
    remote: [u8; 16],
    base: Option<StoredName>,
    outbox_from: u64,
    pushing: Vec<(StoredName, u64)>,
    /// These two are empty since files have a row of their own.
    held: StoredHeld,
    differing: BTreeSet<String>,
    /// Whether they have.
    #[serde(default)]
    is_apart: bool,
}

/// By file: the content that was last merged, and the reason.
type StoredHeld = BTreeMap<String, (Option<StoredName>, String)>;

impl StoredSync {
    pub(super) fn of(state: &SyncState) -> StoredSync {
        StoredSync {
            remote: state.remote,
            base: state.base.map(StoredName::of),
            outbox_from: state.outbox_from.0,
            pushing: state.pushing.iter().map(|pushing| (StoredName::of(pushing.tip), pushing.until.0)).collect(),
            held: BTreeMap::new(),
            differing: BTreeSet::new(),
            is_apart: true,
        }
    }

    /// The state with the files that came with it, or that it has itself when it is of before.
    pub(super) fn update(self, files: Option<StoredFiles>) -> SyncUpdate {
        let pushing = |(tip, until): (StoredName, u64)| Pushing { tip: tip.name(), until: Generation(until) };
        let state = SyncState {
            remote: self.remote,
            base: self.base.map(StoredName::name),
            outbox_from: Generation(self.outbox_from),
            pushing: self.pushing.into_iter().map(pushing).collect(),
        };
        let of_before = StoredFiles { held: self.held, differing: self.differing, ..StoredFiles::default() };
        let files = files.or((!self.is_apart).then_some(of_before));
        SyncUpdate { state, files: files.map(StoredFiles::files) }
    }
}

/// What is known of single files.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct StoredFiles {
    held: StoredHeld,
    held_more: u64,
    held_from: Option<StoredName>,
    differing: BTreeSet<String>,
    held_back: BTreeSet<String>,
    unreadable_names: u64,
}

impl StoredFiles {
    pub(super) fn of(files: &SyncFiles) -> StoredFiles {
        let held =
            |(file, held): (&String, &HeldFile)| (file.clone(), (held.base.map(StoredName::of), held.reason.clone()));
        StoredFiles {
            held: files.held.iter().map(held).collect(),
            held_more: files.held_more,
            held_from: files.held_from.map(StoredName::of),
            differing: files.differing.clone(),
            held_back: files.held_back.clone(),
            unreadable_names: files.unreadable_names,
        }
    }

    fn files(self) -> SyncFiles {
        let held = |(file, (base, reason)): (String, (Option<StoredName>, String))| {
            (file, HeldFile { base: base.map(StoredName::name), reason })
        };
        SyncFiles {
            held: self.held.into_iter().map(held).collect(),
            held_more: self.held_more,
            held_from: self.held_from.map(StoredName::name),
            differing: self.differing,
            held_back: self.held_back,
            unreadable_names: self.unreadable_names,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredRemote {
    address: String,
    branch: String,
    base_path: String,
    username: Option<String>,
    sealed_token: Option<String>,
    mode: String,
}

impl StoredRemote {
    fn of(remote: &OwnRemote) -> StoredRemote {
        let OwnRemote { address, branch, base_path, username, sealed_token, mode } = remote.clone();
        StoredRemote { address, branch, base_path, username, sealed_token, mode }
    }

    fn decode(bytes: &[u8]) -> Result<OwnRemote, StoreError> {
        let StoredRemote { address, branch, base_path, username, sealed_token, mode } =
            codec::decode(bytes, "remotes")?;
        Ok(OwnRemote { address, branch, base_path, username, sealed_token, mode })
    }
}

/// Makes the tables in a database that has none of them.
pub(super) fn make_tables(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    for table in TABLES {
        transaction.open_table(table)?;
    }
    Ok(())
}

const TABLES: [TableDefinition<'_, u64, &[u8]>; 3] = [SYNC, SYNC_FILES, REMOTES];

/// Makes the tables in a database of before there was a sync, or before it had all of them.
pub(super) fn make_tables_where_missing(db: &Database) -> Result<(), redb::Error> {
    let transaction = db.begin_read()?;
    let mut is_missing = false;
    for table in TABLES {
        is_missing |= !has_table(&transaction, table)?;
    }
    drop(transaction);
    if !is_missing {
        return Ok(());
    }
    let mut transaction = db.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    make_tables(&transaction)?;
    Ok(transaction.commit()?)
}

pub(super) fn has_table(
    transaction: &ReadTransaction,
    table: TableDefinition<'_, u64, &[u8]>,
) -> Result<bool, redb::Error> {
    match transaction.open_table(table) {
        Ok(_) => Ok(true),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn put(transaction: &WriteTransaction, user: UserId, update: &SyncUpdate) -> Result<(), redb::Error> {
    let mut states = transaction.open_table(SYNC)?;
    let mut files = transaction.open_table(SYNC_FILES)?;
    // A row of before has the files itself, and is about to be without.
    let of_before = match update.files {
        Some(_) => None,
        None => states.get(user.0)?.and_then(|bytes| codec::decode::<StoredSync>(bytes.value(), STATES).ok()),
    };
    let of_before = of_before.and_then(|stored| stored.update(None).files);
    if let Some(put) = update.files.as_ref().or(of_before.as_ref()) {
        files.insert(user.0, codec::encode(&StoredFiles::of(put)).as_slice())?;
    }
    states.insert(user.0, codec::encode(&StoredSync::of(&update.state)).as_slice())?;
    Ok(())
}

/// The last generation that a stored state knows of.
pub(super) fn last_generation(bytes: &[u8]) -> Result<u64, StoreError> {
    let stored: StoredSync = codec::decode(bytes, STATES)?;
    Ok(stored.pushing.iter().map(|(_, until)| *until).fold(stored.outbox_from, u64::max))
}

/// Reads what is stored of single files.
pub(super) fn check_files(bytes: &[u8]) -> Result<(), StoreError> {
    codec::decode::<StoredFiles>(bytes, "sync_files").map(drop)
}

/// Reads a stored remote.
pub(super) fn check_remote(bytes: &[u8]) -> Result<(), StoreError> {
    StoredRemote::decode(bytes).map(drop)
}

/// The table of states, where it is named to people.
const STATES: &str = "sync";

/// Puts or removes the remote of a user who is there.
pub(super) fn put_remote(
    transaction: &WriteTransaction,
    user: UserId,
    remote: Option<&OwnRemote>,
) -> Result<Administered, redb::Error> {
    let mut remotes = transaction.open_table(REMOTES)?;
    match remote {
        Some(remote) => drop(remotes.insert(user.0, codec::encode(&StoredRemote::of(remote)).as_slice())?),
        None => drop(remotes.remove(user.0)?),
    }
    Ok(Administered::RemoteChanged)
}

/// Everything of a user who is removed.
pub(super) fn remove_all(transaction: &WriteTransaction, user: u64) -> Result<(), redb::Error> {
    for table in TABLES {
        transaction.open_table(table)?.remove(user)?;
    }
    Ok(())
}

fn get_stored(transaction: &ReadTransaction, user: UserId) -> Result<Option<StoredSync>, StoreError> {
    let states = transaction.open_table(SYNC).map_err(failed)?;
    states.get(user.0).map_err(failed)?.map(|bytes| codec::decode(bytes.value(), STATES)).transpose()
}

fn get_files(transaction: &ReadTransaction, user: UserId) -> Result<SyncFiles, StoreError> {
    let files = transaction.open_table(SYNC_FILES).map_err(failed)?;
    if let Some(bytes) = files.get(user.0).map_err(failed)? {
        return codec::decode(bytes.value(), "sync_files").map(StoredFiles::files);
    }
    let of_before = get_stored(transaction, user)?.and_then(|stored| stored.update(None).files);
    Ok(of_before.unwrap_or_default())
}

/// Where the user stands with a repository, with all that is known of single files.
pub(super) fn get(transaction: &ReadTransaction, user: UserId) -> Result<Option<SyncUpdate>, StoreError> {
    let Some(stored) = get_stored(transaction, user)? else { return Ok(None) };
    let files = Some(get_files(transaction, user)?);
    Ok(Some(SyncUpdate { state: stored.update(None).state, files }))
}

impl Store {
    /// Where the user stands with a repository; `None` for somebody who was never synced. After a fault of the disk it may be
    /// one that goes away again: what is done outside on its account needs a commit first.
    pub fn sync_state(&self, user: UserId) -> Result<Option<SyncState>, StoreError> {
        self.read(|transaction, _| Ok(get_stored(transaction, user)?.map(|stored| stored.update(None).state)))
    }

    /// What is known of single files of the user's in the repository, beside [`Store::sync_state`].
    pub fn sync_files(&self, user: UserId) -> Result<SyncFiles, StoreError> {
        self.read(|transaction, _| get_files(transaction, user))
    }

    /// The remote that the user has for oneself.
    pub fn own_remote(&self, user: UserId) -> Result<Option<OwnRemote>, StoreError> {
        self.read(|transaction, _| get_remote(transaction, user))
    }

    /// Everybody's own remotes that can be read: one that cannot is told of, and in nobody else's way.
    pub fn list_own_remotes(&self) -> Result<Vec<(UserId, OwnRemote)>, StoreError> {
        self.read(|transaction, _| {
            let remotes = transaction.open_table(REMOTES).map_err(failed)?;
            let mut listed = Vec::new();
            for row in remotes.iter().map_err(failed)? {
                let (user, bytes) = row.map_err(failed)?;
                match StoredRemote::decode(bytes.value()) {
                    Ok(remote) => listed.push((UserId(user.value()), remote)),
                    Err(error) => {
                        tracing::error!(user = user.value(), %error, "a remote of a user's own is left aside");
                    }
                }
            }
            Ok(listed)
        })
    }

    /// What was changed after a generation, in its order and without contents: about `count` changes, and always all of a
    /// commit. What only says what lost in a merge is left out, and so is what happened in another account.
    pub fn list_outbox(&self, user: UserId, after: Generation, count: usize) -> Result<Vec<OutboxLine>, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let mut lines: Vec<OutboxLine> = Vec::new();
            for row in history.range((user.0, after.0.saturating_add(1), 0)..(user.0 + 1, 0, 0)).map_err(failed)? {
                let (key, value) = row.map_err(failed)?;
                let (_, generation, index) = key.value();
                if lines.len() >= count && lines.last().is_some_and(|last| last.generation.0 < generation) {
                    break;
                }
                lines.extend(outbox_line(generation, index, value.value())?);
            }
            Ok(lines)
        })
    }

    /// The last generation up to this one whose changes neither came by a sync nor happened in another account, among the
    /// last `count` changes.
    pub fn last_own_generation(
        &self,
        user: UserId,
        up_to: Generation,
        count: usize,
    ) -> Result<Option<Generation>, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            for row in history.range((user.0, 0, 0)..=(user.0, up_to.0, u32::MAX)).map_err(failed)?.rev().take(count) {
                let (key, value) = row.map_err(failed)?;
                let stored: StoredChange<'_> = codec::decode(value.value(), "history")?;
                if stored.through != THROUGH_GIT && !stored.brought {
                    return Ok(Some(Generation(key.value().1)));
                }
            }
            Ok(None)
        })
    }

    /// These documents as they are at present, and the generation that they are of; `None` for one that is not there.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also when the user is not there any more.
    pub fn read_documents(&self, user: UserId, keys: &[DocKey]) -> Result<DocumentsAt, StoreError> {
        self.read(|transaction, _| {
            let head = get_head(transaction, user)?.ok_or(StoreError::Damaged("heads"))?;
            let table = transaction.open_table(DOCUMENTS).map_err(failed)?;
            let documents = keys.iter().map(|key| {
                let raw = table.get((user.0, codec::key_number(key), key.file.as_str())).map_err(failed)?;
                Ok(raw.map(|raw| raw.value().to_vec()))
            });
            Ok((head.generation, documents.collect::<Result<_, StoreError>>()?))
        })
    }
}

pub(super) fn get_remote(transaction: &ReadTransaction, user: UserId) -> Result<Option<OwnRemote>, StoreError> {
    let remotes = transaction.open_table(REMOTES).map_err(failed)?;
    let remote = remotes.get(user.0).map_err(failed)?;
    remote.map(|bytes| StoredRemote::decode(bytes.value())).transpose()
}

fn outbox_line(generation: u64, index: u32, bytes: &[u8]) -> Result<Option<OutboxLine>, StoreError> {
    let stored: StoredChange<'_> = codec::decode(bytes, "history")?;
    if stored.merged.is_some() || stored.brought {
        return Ok(None);
    }
    let file = match &*stored.file {
        "" => OutboxFile::Settings,
        RULES_FILE => OutboxFile::Rules,
        file => OutboxFile::Document(FileName::parse(file).ok_or(StoreError::Damaged("history"))?),
    };
    Ok(Some(OutboxLine {
        generation: Generation(generation),
        index,
        at: codec::millis(stored.at, "history")?,
        file,
        verb: stored.verb.into_owned(),
        actor: stored.actor.into_owned(),
        through: stored.through.into_owned(),
    }))
}

#[cfg(test)]
mod tests;
