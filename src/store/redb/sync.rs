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
use super::schema::{DOCUMENTS, HISTORY, REMOTES, RULES_FILE, SYNC};
use crate::domain::ids::{DocKey, FileName, Generation, ObjectName, UserId};
use crate::store::{
    Administered, DocumentsAt, HeldFile, OutboxFile, OutboxLine, OwnRemote, Pushing, StoreError, SyncState, THROUGH_GIT,
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
    /// By file: the content that was last merged, and the reason.
    held: BTreeMap<String, (Option<StoredName>, String)>,
    differing: BTreeSet<String>,
}

impl StoredSync {
    pub(super) fn of(state: &SyncState) -> StoredSync {
        let held =
            |(file, held): (&String, &HeldFile)| (file.clone(), (held.base.map(StoredName::of), held.reason.clone()));
        StoredSync {
            remote: state.remote,
            base: state.base.map(StoredName::of),
            outbox_from: state.outbox_from.0,
            pushing: state.pushing.iter().map(|pushing| (StoredName::of(pushing.tip), pushing.until.0)).collect(),
            held: state.held.iter().map(held).collect(),
            differing: state.differing.clone(),
        }
    }

    pub(super) fn state(self) -> SyncState {
        let held = |(file, (base, reason)): (String, (Option<StoredName>, String))| {
            (file, HeldFile { base: base.map(StoredName::name), reason })
        };
        let pushing = |(tip, until): (StoredName, u64)| Pushing { tip: tip.name(), until: Generation(until) };
        SyncState {
            remote: self.remote,
            base: self.base.map(StoredName::name),
            outbox_from: Generation(self.outbox_from),
            pushing: self.pushing.into_iter().map(pushing).collect(),
            held: self.held.into_iter().map(held).collect(),
            differing: self.differing,
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
    transaction.open_table(SYNC)?;
    transaction.open_table(REMOTES)?;
    Ok(())
}

/// Makes the tables in a database of before there was a sync.
pub(super) fn make_tables_where_missing(db: &Database) -> Result<(), redb::Error> {
    let transaction = db.begin_read()?;
    if has_table(&transaction, SYNC)? && has_table(&transaction, REMOTES)? {
        return Ok(());
    }
    drop(transaction);
    let mut transaction = db.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    make_tables(&transaction)?;
    Ok(transaction.commit()?)
}

fn has_table(transaction: &ReadTransaction, table: TableDefinition<'_, u64, &[u8]>) -> Result<bool, redb::Error> {
    match transaction.open_table(table) {
        Ok(_) => Ok(true),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn put_state(transaction: &WriteTransaction, user: UserId, state: &SyncState) -> Result<(), redb::Error> {
    transaction.open_table(SYNC)?.insert(user.0, codec::encode(&StoredSync::of(state)).as_slice())?;
    Ok(())
}

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
    transaction.open_table(SYNC)?.remove(user)?;
    transaction.open_table(REMOTES)?.remove(user)?;
    Ok(())
}

impl Store {
    /// Where the user stands with a repository; `None` for somebody who was never synced. After a fault of the disk it may be
    /// one that goes away again: what is done outside on its account needs a commit first.
    pub fn sync_state(&self, user: UserId) -> Result<Option<SyncState>, StoreError> {
        self.read(|transaction, _| {
            let states = transaction.open_table(SYNC).map_err(failed)?;
            let state = states.get(user.0).map_err(failed)?;
            state.map(|bytes| codec::decode(bytes.value(), "sync").map(StoredSync::state)).transpose()
        })
    }

    /// The remote that the user has for oneself.
    pub fn own_remote(&self, user: UserId) -> Result<Option<OwnRemote>, StoreError> {
        self.read(|transaction, _| {
            let remotes = transaction.open_table(REMOTES).map_err(failed)?;
            let remote = remotes.get(user.0).map_err(failed)?;
            remote.map(|bytes| StoredRemote::decode(bytes.value())).transpose()
        })
    }

    /// Everybody's own remotes.
    pub fn list_own_remotes(&self) -> Result<Vec<(UserId, OwnRemote)>, StoreError> {
        self.read(|transaction, _| {
            let remotes = transaction.open_table(REMOTES).map_err(failed)?;
            let rows = remotes.iter().map_err(failed)?.map(|row| {
                let (user, bytes) = row.map_err(failed)?;
                Ok((UserId(user.value()), StoredRemote::decode(bytes.value())?))
            });
            rows.collect()
        })
    }

    /// What was changed after a generation, in its order and without contents: about `count` changes, and always all of a
    /// commit. What only says what lost in a merge is left out.
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

    /// The last generation up to this one whose changes did not come by a sync, among the last `count` changes.
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
                if codec::decode::<StoredChange<'_>>(value.value(), "history")?.through != THROUGH_GIT {
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

fn outbox_line(generation: u64, index: u32, bytes: &[u8]) -> Result<Option<OutboxLine>, StoreError> {
    let stored: StoredChange<'_> = codec::decode(bytes, "history")?;
    if stored.merged.is_some() {
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
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::domain::document::{self, Outcome as Read};
    use crate::domain::ids::UserName;
    use crate::domain::lang::Lang;
    use crate::domain::zone::Zone;
    use crate::store::redb::disk::Disk;
    use crate::store::redb::open::builder;
    use crate::store::{
        Administration, Basis, Change, Commit, Head, MergedFile, Origin, Outcome, Settings, hot::Entry, hot::Published,
    };

    const SETTINGS: Settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7 };

    fn wait<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn administer(store: &Store, asked: Administration) -> Administered {
        wait(store.administer(asked)).unwrap()
    }

    fn add_user(store: &Store) -> UserId {
        let name = UserName::parse("lena").unwrap();
        let (settings, at) = (SETTINGS, DateTime::UNIX_EPOCH);
        let add = Administration::AddUser { name, admin: false, settings, credential: None, at, must_be_first: false };
        let Administered::UserAdded(user) = administer(store, add) else { panic!() };
        user
    }

    fn key(file: &str) -> DocKey {
        DocKey::of(FileName::parse(file).unwrap())
    }

    fn put(file: &str, word: &str) -> Change {
        let raw = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n{word}\n").into_bytes();
        let Read::Task(task) = document::read(&key(file).file, &raw) else { panic!() };
        Change::PutDocument { key: key(file), raw: raw.into(), reading: Ok(task.into()), verb: "update".into() }
    }

    fn merged() -> Change {
        let lost = Some(Arc::from(&b"lost"[..]));
        let file = MergedFile::Document(key("0001.md"));
        Change::Merged { file, lost, kept: None, is_conflict: true, verb: "merge".into() }
    }

    fn state(outbox_from: u64) -> SyncState {
        SyncState {
            remote: [1; 16],
            base: None,
            outbox_from: Generation(outbox_from),
            pushing: Vec::new(),
            held: BTreeMap::new(),
            differing: BTreeSet::new(),
        }
    }

    /// Commits at this generation; the generation afterwards.
    fn commit(
        store: &Store,
        user: UserId,
        expected: u64,
        changes: Vec<Change>,
        through: &'static str,
        sync: Option<SyncState>,
    ) -> u64 {
        let generation = Generation(expected + u64::from(!changes.is_empty()));
        let ticket = store.submit(Commit {
            user,
            expected: Generation(expected),
            head: Head { generation, committed_at: DateTime::UNIX_EPOCH, next_number: None },
            changes,
            origin: Origin { actor: "lena".to_owned(), through: through.into() },
            basis: Basis([0; 16]),
            timeline: None,
            remember: None,
            sync,
        });
        match wait(ticket.unwrap().outcome()).unwrap() {
            Outcome::Committed { generation } => generation.0,
            Outcome::Stale { generation } => panic!("{generation}"),
        }
    }

    fn hot(published: &Published, user: UserId) -> Option<Arc<Entry>> {
        published.get(user, Basis([0; 16]), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_state_alone_makes_no_generation_and_leaves_the_timeline() {
        let disk = Disk::new();
        let store = Store::on(&disk).unwrap();
        let user = add_user(&store);
        assert_eq!(commit(&store, user, 0, vec![put("0001.md", "a")], "token", None), 1);
        let finished = crate::store::Finished {
            generation: Generation(1),
            basis: Basis([0; 16]),
            valid_from: DateTime::UNIX_EPOCH,
            valid_until: DateTime::from_timestamp(1, 0).unwrap(),
            body: "kept".into(),
        };
        store.published().put(user, Arc::new(Entry::new(finished.clone(), "t")));
        store.put_timeline(user, finished.clone());
        assert_eq!(commit(&store, user, 1, Vec::new(), "git", Some(state(1))), 1);
        assert_eq!(store.sync_state(user).unwrap(), Some(state(1)));
        assert!(hot(store.published(), user).is_some());
        let head = store.get_timeline(user).unwrap().unwrap().0;
        assert_eq!((head.generation, store.list_history(user, None, 9).unwrap().len()), (Generation(1), 1));
        // What the journal has of it, it has after a crash, and the timeline that was stored is right still.
        drop(store);
        let store = Store::on(&disk).unwrap();
        assert_eq!(store.sync_state(user).unwrap(), Some(state(1)));
        assert_eq!(store.get_timeline(user).unwrap().unwrap().1, Some(finished));
        assert_eq!(commit(&store, user, 1, vec![put("0001.md", "b")], "git", Some(state(2))), 2);
        assert_eq!(store.sync_state(user).unwrap(), Some(state(2)));
    }

    #[test]
    fn the_outbox_is_what_was_changed_since_in_order_and_without_contents() {
        let store = Store::on(&Disk::new()).unwrap();
        let user = add_user(&store);
        let settings = Change::PutSettings { settings: SETTINGS, verb: "settings".into() };
        let rules = Change::PutRules { entries: None, verb: "remove_rules".into() };
        let commits = [
            (vec![put("0001.md", "a"), put("0003.md", "a")], "token"),
            (vec![put("0001.md", "b"), merged()], THROUGH_GIT),
            (vec![merged()], THROUGH_GIT),
            (vec![settings, rules], "web"),
        ];
        for (expected, (changes, through)) in (0..).zip(commits) {
            commit(&store, user, expected, changes, through, None);
        }
        let of = |after, count| store.list_outbox(user, Generation(after), count).unwrap();
        let short = |lines: &[OutboxLine]| -> Vec<(u64, u32)> {
            lines.iter().map(|line| (line.generation.0, line.index)).collect()
        };
        let all = of(0, 100);
        assert_eq!(short(&all), [(1, 0), (1, 1), (2, 0), (4, 0), (4, 1)]);
        let files: Vec<_> = all.iter().map(|line| line.file.clone()).collect();
        let document = |name: &str| OutboxFile::Document(key(name).file);
        let expected =
            [document("0001.md"), document("0003.md"), document("0001.md"), OutboxFile::Settings, OutboxFile::Rules];
        assert_eq!(files, expected);
        assert_eq!((all[2].through.as_str(), all[2].verb.as_str(), all[3].actor.as_str()), ("git", "update", "lena"));
        assert_eq!(short(&of(0, 1)), [(1, 0), (1, 1)], "always all of a commit");
        assert_eq!(short(&of(1, 1)), [(2, 0)]);
        assert_eq!(short(&of(2, 1)), [(4, 0), (4, 1)]);
        assert!(of(4, 9).is_empty() && of(u64::MAX, 9).is_empty());
        let own = |up_to, count| store.last_own_generation(user, Generation(up_to), count).unwrap();
        assert_eq!(
            (own(4, 9), own(3, 9), own(3, 3), own(0, 9)),
            (Some(Generation(4)), Some(Generation(1)), None, None)
        );
        let past = store.list_changes(user, Generation(2)).unwrap();
        assert!(!past[0].is_conflict() && past[1].is_conflict());
        // What only tells of a merge is in the history of the file, and does not hide how the file was before.
        let file = key("0001.md");
        assert_eq!(store.list_history_of(user, &file.file, None, 9).unwrap().len(), 4);
        let present = store.get_document(user, &file).unwrap().unwrap();
        let then = store.list_documents_at(user, Generation(2), std::slice::from_ref(&file), 1).unwrap();
        assert_eq!(then, std::slice::from_ref(&present));
        let (generation, read) = store.read_documents(user, &[key("0002.md"), file]).unwrap();
        assert_eq!((generation, read), (Generation(4), vec![None, Some(present)]));
        assert!(store.read_documents(UserId(user.0 + 1), &[]).is_err());
    }

    fn remote(name: &str) -> OwnRemote {
        OwnRemote {
            address: format!("https://git.example.org/{name}.git"),
            branch: "main".to_owned(),
            base_path: String::new(),
            username: Some(name.to_owned()),
            sealed_token: Some("sealed".to_owned()),
            mode: "push".to_owned(),
        }
    }

    #[test]
    fn a_remote_of_ones_own_is_kept_replaced_and_removed() {
        let disk = Disk::new();
        let mut store = Store::on(&disk).unwrap();
        let user = add_user(&store);
        let nobody = Administration::PutRemote { user: UserId(user.0 + 1), remote: Some(remote("a")) };
        assert_eq!(administer(&store, nobody), Administered::NoSuchUser);
        for wanted in [Some(remote("a")), Some(remote("b")), None, Some(remote("c"))] {
            let done = administer(&store, Administration::PutRemote { user, remote: wanted.clone() });
            assert_eq!(done, Administered::RemoteChanged);
            drop(store);
            store = Store::on(&disk).unwrap();
            assert_eq!(store.own_remote(user).unwrap(), wanted);
            let all: Vec<_> = wanted.into_iter().map(|remote| (user, remote)).collect();
            assert_eq!(store.list_own_remotes().unwrap(), all);
        }
        commit(&store, user, 0, Vec::new(), "git", Some(state(0)));
        let removed = administer(&store, Administration::RemoveUser { id: user });
        assert_eq!(removed, Administered::UserRemoved);
        assert_eq!((store.own_remote(user).unwrap(), store.sync_state(user).unwrap()), (None, None));
    }

    #[test]
    fn a_database_of_before_gets_the_tables_when_it_is_opened() {
        let disk = Disk::new();
        let store = Store::on(&disk).unwrap();
        let user = add_user(&store);
        drop(store);
        let db = builder().create_with_backend(disk.clone()).unwrap();
        let transaction = db.begin_write().unwrap();
        assert!(transaction.delete_table(SYNC).unwrap() && transaction.delete_table(REMOTES).unwrap());
        transaction.commit().unwrap();
        drop(db);
        let store = Store::on(&disk).unwrap();
        assert_eq!((store.own_remote(user).unwrap(), store.sync_state(user).unwrap()), (None, None));
    }
}
