//! Reads: each in one short transaction, so each sees one state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redb::{AccessGuard, ReadTransaction, ReadableTable};

use super::group::Request;
use super::schema::{
    DOCUMENTS, HEADS, HISTORY, HISTORY_BY_FILE, IDEMPOTENCY, SETTINGS, TASKS, TIMELINES, TOKENS, USER_NAMES, USERS,
};
use super::views::View;
use super::{Store, codec, rules};
use crate::domain::document::{self, Outcome as Read};
use crate::domain::ids::{DocKey, FileName, Generation, TaskNumber, UserId, UserName};
use crate::store::{Finished, Grant, Head, Past, Reading, Settings, Snapshot, StoreError, User, UserRules};

/// An answer that was given to an `Idempotency-Key`, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    pub fingerprint: [u8; 32],
    pub at_millis: i64,
    pub answer: Vec<u8>,
    /// Whether it is on disk for certain, as for a snapshot.
    pub is_durable: bool,
}

/// A place in a user's history: a generation, and a change within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64, pub u32);

/// What a user set, and the rules of one's own, if there are any.
type SettingsAndRules = (Settings, Option<Arc<UserRules>>);

pub(super) type HistoryRow<'a> = (AccessGuard<'a, (u64, u64, u32)>, AccessGuard<'a, &'static [u8]>);

pub(super) fn past(row: Result<HistoryRow<'_>, redb::StorageError>) -> Result<Past, StoreError> {
    let (key, value) = row.map_err(failed)?;
    let (_, generation, index) = key.value();
    codec::decode_past(generation, index, value.value())
}

pub(super) fn failed(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Read(error.into().to_string())
}

impl Store {
    /// Reads in one transaction. When the database fails, once more in the one that replaces it.
    pub(super) fn read<T>(
        &self,
        work: impl Fn(&ReadTransaction, &View) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let attempt = || {
            let (view, transaction) = self.views.begin();
            let done = transaction.map_err(failed).and_then(|transaction| work(&transaction, &view));
            (view, done)
        };
        let (view, done) = attempt();
        match done {
            Err(error @ StoreError::Read(_)) => {
                // A full queue means that the writer is about to see for itself.
                let ask = || {
                    let _ = self.requests.try_send(Request::Look);
                    self.seat.ring();
                };
                if self.views.after(&view, ask) { attempt().1 } else { Err(error) }
            }
            done => done,
        }
    }

    /// The account of this name, if there is one.
    pub fn get_user_by_name(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        self.read(|transaction, _| {
            let names = transaction.open_table(USER_NAMES).map_err(failed)?;
            let Some(id) = names.get(name.as_str()).map_err(failed)?.map(|id| id.value()) else { return Ok(None) };
            get_user(transaction, UserId(id))
        })
    }

    pub fn get_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|transaction, _| get_user(transaction, id))
    }

    /// Everybody, without what is counted of them.
    pub fn list_users(&self) -> Result<Vec<User>, StoreError> {
        self.read(|transaction, _| {
            let users = transaction.open_table(USERS).map_err(failed)?;
            let rows = users.iter().map_err(failed)?.map(|row| {
                let (id, bytes) = row.map_err(failed)?;
                codec::decode_user(UserId(id.value()), bytes.value())
            });
            rows.collect()
        })
    }

    /// Whether there is any account.
    pub fn has_users(&self) -> Result<bool, StoreError> {
        self.read(|transaction, _| {
            let users = transaction.open_table(USERS).map_err(failed)?;
            let first = users.first().map_err(failed)?;
            Ok(first.is_some())
        })
    }

    /// What the token with this SHA-256 grants.
    pub fn get_grant(&self, hash: &[u8; 32]) -> Result<Option<Grant>, StoreError> {
        self.read(|transaction, _| {
            let tokens = transaction.open_table(TOKENS).map_err(failed)?;
            let grant = tokens.get(hash).map_err(failed)?;
            grant.map(|grant| codec::decode_grant(grant.value())).transpose()
        })
    }

    /// The user's head and the materialized timeline, if one is kept and stays.
    pub fn get_timeline(&self, user: UserId) -> Result<Option<(Head, Option<Finished>)>, StoreError> {
        self.read(|transaction, view| {
            let Some(head) = get_head(transaction, user)? else { return Ok(None) };
            if !view.is_durable(user, head.generation) {
                return Ok(Some((head, None)));
            }
            let timelines = transaction.open_table(TIMELINES).map_err(failed)?;
            let stored = timelines.get(user.0).map_err(failed)?;
            Ok(Some((head, stored.and_then(|bytes| codec::decode_timeline(bytes.value())))))
        })
    }

    /// The user's settings and where the user stands; `None` when there is no such user.
    pub fn get_settings(&self, user: UserId) -> Result<Option<(Settings, Head)>, StoreError> {
        self.read(|transaction, _| Ok(get_settings(transaction, user)?.zip(get_head(transaction, user)?)))
    }

    /// The user's settings and own rules, of one state; `None` when there is no such user.
    pub fn get_settings_and_rules(&self, user: UserId) -> Result<Option<SettingsAndRules>, StoreError> {
        self.read(|transaction, _| {
            let Some(settings) = get_settings(transaction, user)? else { return Ok(None) };
            Ok(Some((settings, rules::get_rules(transaction, user)?)))
        })
    }

    /// The ground state of a user; `None` when there is no such user.
    pub fn snapshot(&self, user: UserId) -> Result<Option<Snapshot>, StoreError> {
        self.read(|transaction, view| get_snapshot(transaction, view, user))
    }

    /// A document, byte for byte.
    pub fn get_document(&self, user: UserId, key: &DocKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|transaction, _| {
            let documents = transaction.open_table(DOCUMENTS).map_err(failed)?;
            let raw = documents.get((user.0, codec::key_number(key), key.file.as_str())).map_err(failed)?;
            Ok(raw.map(|raw| raw.value().to_vec()))
        })
    }

    /// The documents of a number, in the order of their names.
    pub fn list_documents_of(&self, user: UserId, number: TaskNumber) -> Result<Vec<DocKey>, StoreError> {
        self.read(|transaction, _| {
            let tasks = transaction.open_table(TASKS).map_err(failed)?;
            let (user, number) = (user.0, number.get());
            let rows = tasks.range((user, number, "")..(user, number + 1, "")).map_err(failed)?;
            rows.map(|row| codec::decode_key(number, row.map_err(failed)?.0.value().2)).collect()
        })
    }

    /// The documents that have this text somewhere, in any case.
    pub fn list_documents_with(&self, user: UserId, text: &str) -> Result<BTreeSet<DocKey>, StoreError> {
        self.read(|transaction, _| {
            let documents = transaction.open_table(DOCUMENTS).map_err(failed)?;
            let needle = text.to_lowercase();
            let mut found = BTreeSet::new();
            for row in documents.range((user.0, 0, "")..(user.0 + 1, 0, "")).map_err(failed)? {
                let (key, raw) = row.map_err(failed)?;
                let (_, number, file) = key.value();
                let body = String::from_utf8_lossy(raw.value()).to_lowercase();
                if body.contains(&needle) || file.to_lowercase().contains(&needle) {
                    found.insert(codec::decode_key(number, file)?);
                }
            }
            Ok(found)
        })
    }

    /// What changed, the latest first: at most `count` changes that come before `before`.
    pub fn list_history(&self, user: UserId, before: Option<Moment>, count: usize) -> Result<Vec<Past>, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let end = before.map_or((user.0 + 1, 0, 0), |Moment(generation, index)| (user.0, generation, index));
            let rows = history.range((user.0, 0, 0)..end).map_err(failed)?.rev().take(count);
            rows.map(past).collect()
        })
    }

    /// As [`Store::list_history`], of one document.
    pub fn list_history_of(
        &self,
        user: UserId,
        file: &FileName,
        before: Option<Moment>,
        count: usize,
    ) -> Result<Vec<Past>, StoreError> {
        self.read(|transaction, _| {
            let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let Moment(generation, index) = before.unwrap_or(Moment(u64::MAX, u32::MAX));
            let (user, file) = (user.0, file.as_str());
            let rows = by_file.range((user, file, 0, 0)..(user, file, generation, index)).map_err(failed)?;
            let changes = rows.rev().take(count).map(|row| {
                let (_, _, generation, index) = row.map_err(failed)?.0.value();
                let value = history.get((user, generation, index)).map_err(failed)?;
                codec::decode_past(generation, index, value.ok_or(StoreError::Damaged("history"))?.value())
            });
            changes.collect()
        })
    }

    /// The names of all documents that the user has or had.
    pub fn list_documents_of_history(&self, user: UserId) -> Result<Vec<FileName>, StoreError> {
        self.read(|transaction, _| {
            let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
            let mut files: Vec<FileName> = Vec::new();
            for row in by_file.range((user.0, "", 0, 0)..(user.0 + 1, "", 0, 0)).map_err(failed)? {
                let key = row.map_err(failed)?.0;
                let file = key.value().1;
                if files.last().is_none_or(|last| last.as_str() != file) {
                    files.extend(FileName::parse(file));
                }
            }
            Ok(files)
        })
    }

    /// Everything that one commit changed, in its order; empty when that generation is not kept.
    pub fn list_changes(&self, user: UserId, generation: Generation) -> Result<Vec<Past>, StoreError> {
        self.read(|transaction, _| {
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let (user, generation) = (user.0, generation.0);
            let Some(next) = generation.checked_add(1) else { return Ok(Vec::new()) };
            history.range((user, generation, 0)..(user, next, 0)).map_err(failed)?.map(past).collect()
        })
    }

    /// The answer that this key was given on this route, if it is remembered.
    pub fn get_repeated(&self, user: UserId, route: &str, key: &str) -> Result<Option<Repeated>, StoreError> {
        self.read(|transaction, view| {
            let remembered = transaction.open_table(IDEMPOTENCY).map_err(failed)?;
            let Some(bytes) = remembered.get((user.0, route, key)).map_err(failed)? else { return Ok(None) };
            let stored: codec::StoredAnswer = codec::decode(bytes.value(), "idempotency")?;
            let generation = get_head(transaction, user)?.map(|head| head.generation).unwrap_or_default();
            let is_durable = view.is_durable(user, generation);
            Ok(Some(Repeated {
                fingerprint: stored.fingerprint,
                at_millis: stored.at,
                answer: stored.answer,
                is_durable,
            }))
        })
    }
}

pub(super) fn get_snapshot(
    transaction: &ReadTransaction,
    view: &View,
    user: UserId,
) -> Result<Option<Snapshot>, StoreError> {
    let Some(account) = get_user(transaction, user)? else { return Ok(None) };
    let head = get_head(transaction, user)?.ok_or(StoreError::Damaged("heads"))?;
    let settings = get_settings(transaction, user)?.ok_or(StoreError::Damaged("settings"))?;
    let tasks = readings(transaction, user)?;
    let is_durable = view.is_durable(user, head.generation);
    let rules = rules::get_rules(transaction, user)?;
    Ok(Some(Snapshot { name: account.name, head, settings, tasks, rules, is_durable }))
}

pub(super) fn get_user(transaction: &ReadTransaction, id: UserId) -> Result<Option<User>, StoreError> {
    let users = transaction.open_table(USERS).map_err(failed)?;
    let user = users.get(id.0).map_err(failed)?;
    user.map(|bytes| codec::decode_user(id, bytes.value())).transpose()
}

pub(super) fn get_head(transaction: &ReadTransaction, user: UserId) -> Result<Option<Head>, StoreError> {
    let heads = transaction.open_table(HEADS).map_err(failed)?;
    let head = heads.get(user.0).map_err(failed)?;
    head.map(|bytes| codec::decode_head(bytes.value())).transpose()
}

pub(super) fn get_settings(transaction: &ReadTransaction, user: UserId) -> Result<Option<Settings>, StoreError> {
    let settings = transaction.open_table(SETTINGS).map_err(failed)?;
    let settings = settings.get(user.0).map_err(failed)?;
    settings.map(|bytes| codec::decode_settings(bytes.value())).transpose()
}

/// Every document of the user as it was understood. Those that are no task, and those that an earlier
/// version of the reader understood, are read again from their bytes.
fn readings(transaction: &ReadTransaction, user: UserId) -> Result<BTreeMap<DocKey, Reading>, StoreError> {
    let tasks = transaction.open_table(TASKS).map_err(failed)?;
    let documents = transaction.open_table(DOCUMENTS).map_err(failed)?;
    let mut readings = Vec::new();
    for row in tasks.range((user.0, 0, "")..(user.0 + 1, 0, "")).map_err(failed)? {
        let (key, value) = row.map_err(failed)?;
        let (_, number, file) = key.value();
        let key = codec::decode_key(number, file)?;
        let reading = match codec::decode_reading(&key, value.value())? {
            Some(task) => Ok(task),
            None => {
                let raw = documents.get((user.0, number, file)).map_err(failed)?;
                match document::read(&key.file, raw.ok_or(StoreError::Damaged("documents"))?.value()) {
                    Read::Task(task) => Ok(task.into()),
                    Read::Invalid(problem) => Err(problem),
                    Read::NotATask => continue,
                }
            }
        };
        readings.push((key, reading));
    }
    // The rows come in the order of the keys, which a map built from a sorted list uses.
    Ok(readings.into_iter().collect())
}
