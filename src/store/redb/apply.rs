//! Carrying out one request within a write transaction.

use std::collections::HashMap;

use redb::{ReadableTable, WriteTransaction};

use super::codec::{self, StoredAnswer, StoredChange};
use super::schema::{
    CREDENTIALS, DOCUMENTS, HEADS, HISTORY, HISTORY_BY_FILE, IDEMPOTENCY, IDEMPOTENCY_BY_TIME, META, META_NEXT_USER,
    SETTINGS, TASKS, TIMELINES, TOKENS, USER_NAMES, USERS,
};
use crate::domain::ids::{DocKey, Generation, TaskNumber, UserId};
use crate::store::{
    Administered, Administration, Change, Commit, Finished, Head, Outcome, REMEMBER_MILLIS, Settings, User,
};

/// Expired answers that one transaction forgets at most.
const FORGET_MAX: usize = 64;

pub(super) fn head_of(transaction: &WriteTransaction, user: UserId) -> Result<Option<Head>, redb::Error> {
    let heads = transaction.open_table(HEADS)?;
    let head = heads.get(user.0)?;
    Ok(head.and_then(|bytes| codec::decode_head(bytes.value()).ok()))
}

pub(super) fn apply_commit(transaction: &mut WriteTransaction, commit: &Commit) -> Result<Outcome, redb::Error> {
    let generation = head_of(transaction, commit.user)?.map_or(Generation(0), |head| head.generation);
    if generation != commit.expected {
        return Ok(Outcome::Stale { generation });
    }
    if commit.changes.is_empty() {
        // Only asks whether the state that an answer was based on is the one that lasts.
        return Ok(Outcome::Committed { generation });
    }
    let user = commit.user.0;
    for (index, change) in commit.changes.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let applied = apply_change(transaction, commit.user, change)?;
        record(transaction, commit, index, applied)?;
    }
    transaction.open_table(HEADS)?.insert(user, codec::encode_head(&commit.head).as_slice())?;
    transaction.open_table(TIMELINES)?.remove(user)?;
    remember(transaction, commit)?;
    Ok(Outcome::Committed { generation: commit.head.generation })
}

/// What a change did, as the history keeps it.
struct Applied<'c> {
    verb: &'c str,
    /// Empty for the settings.
    file: &'c str,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
}

fn apply_change<'c>(
    transaction: &WriteTransaction,
    user: UserId,
    change: &'c Change,
) -> Result<Applied<'c>, redb::Error> {
    let row = |key: &'c DocKey| (user.0, codec::key_number(key), key.file.as_str());
    let (verb, file, before, after) = match change {
        Change::PutDocument { key, raw, reading, verb } => {
            let mut documents = transaction.open_table(DOCUMENTS)?;
            transaction.open_table(TASKS)?.insert(row(key), codec::encode_reading(reading).as_slice())?;
            let before = documents.insert(row(key), &raw[..])?.map(|raw| raw.value().to_vec());
            (*verb, key.file.as_str(), before, Some(raw.to_vec()))
        }
        Change::RemoveDocument { key, verb } => {
            let mut documents = transaction.open_table(DOCUMENTS)?;
            transaction.open_table(TASKS)?.remove(row(key))?;
            let before = documents.remove(row(key))?.map(|raw| raw.value().to_vec());
            (*verb, key.file.as_str(), before, None)
        }
        Change::PutSettings { settings, verb } => {
            let mut table = transaction.open_table(SETTINGS)?;
            let after = codec::encode_settings(*settings);
            let before = table.insert(user.0, after.as_slice())?.map(|settings| settings.value().to_vec());
            (*verb, "", before, Some(after))
        }
    };
    Ok(Applied { verb, file, before, after })
}

/// Appends a change to the history.
fn record(
    transaction: &WriteTransaction,
    commit: &Commit,
    index: u32,
    applied: Applied<'_>,
) -> Result<(), redb::Error> {
    let (user, generation) = (commit.user.0, commit.head.generation.0);
    let stored = StoredChange {
        at: commit.head.committed_at.timestamp_millis(),
        basis: commit.basis.0,
        actor: commit.origin.actor.clone(),
        through: commit.origin.through.to_owned(),
        verb: applied.verb.to_owned(),
        file: applied.file.to_owned(),
        before: applied.before,
        after: applied.after,
    };
    transaction.open_table(HISTORY)?.insert((user, generation, index), codec::encode(&stored).as_slice())?;
    transaction.open_table(HISTORY_BY_FILE)?.insert((user, applied.file, generation, index), ())?;
    Ok(())
}

/// Stores the answer of an `Idempotency-Key`, and forgets some that have expired.
fn remember(transaction: &WriteTransaction, commit: &Commit) -> Result<(), redb::Error> {
    let Some(remembered) = &commit.remember else { return Ok(()) };
    let now = commit.head.committed_at.timestamp_millis();
    let mut by_key = transaction.open_table(IDEMPOTENCY)?;
    let mut by_time = transaction.open_table(IDEMPOTENCY_BY_TIME)?;
    let row = (commit.user.0, remembered.route, remembered.key.as_str());
    let stored = StoredAnswer { fingerprint: remembered.fingerprint, at: now, answer: remembered.answer.clone() };
    by_key.insert(row, codec::encode(&stored).as_slice())?;
    by_time.insert((now, row.0, row.1, row.2), ())?;
    for _ in 0..FORGET_MAX {
        let Some((time, _)) = by_time.first()? else { break };
        let (at, user, route, key) = time.value();
        if at > now - REMEMBER_MILLIS {
            break;
        }
        // The key may have been used again since; then the later answer stays.
        let expired = by_key.get((user, route, key))?.is_some_and(|bytes| {
            codec::decode::<StoredAnswer>(bytes.value(), "idempotency").is_ok_and(|stored| stored.at == at)
        });
        if expired {
            by_key.remove((user, route, key))?;
        }
        let (route, key) = (route.to_owned(), key.to_owned());
        drop(time);
        by_time.remove((at, user, route.as_str(), key.as_str()))?;
    }
    Ok(())
}

pub(super) fn store_timelines(
    transaction: &mut WriteTransaction,
    timelines: &HashMap<UserId, Finished>,
) -> Result<(), redb::Error> {
    if timelines.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(TIMELINES)?;
    for (user, finished) in timelines {
        table.insert(user.0, codec::encode_timeline(finished).as_slice())?;
    }
    Ok(())
}

pub(super) fn apply_administration(
    transaction: &mut WriteTransaction,
    administration: Administration,
) -> Result<Administered, redb::Error> {
    match administration {
        Administration::AddUser { name, admin, settings, password_hash, at } => {
            if transaction.open_table(USER_NAMES)?.get(name.as_str())?.is_some() {
                return Ok(Administered::NameTaken);
            }
            let id = next_user(transaction)?;
            let user = User { id, name, admin, created_at: at };
            add_user(transaction, &user, settings, password_hash.as_deref())?;
            Ok(Administered::UserAdded(id))
        }
        Administration::AddToken { hash, grant } => {
            if transaction.open_table(USERS)?.get(grant.user.0)?.is_none() {
                return Ok(Administered::NoSuchUser);
            }
            transaction.open_table(TOKENS)?.insert(&hash, codec::encode_grant(&grant).as_slice())?;
            Ok(Administered::TokenAdded)
        }
    }
}

/// Takes the next user id; ids are never given twice.
fn next_user(transaction: &WriteTransaction) -> Result<UserId, redb::Error> {
    let mut meta = transaction.open_table(META)?;
    let stored = meta.get(META_NEXT_USER)?.and_then(|bytes| bytes.value().try_into().ok().map(u64::from_be_bytes));
    let id = stored.unwrap_or(1);
    meta.insert(META_NEXT_USER, (id + 1).to_be_bytes().as_slice())?;
    Ok(UserId(id))
}

fn add_user(
    transaction: &WriteTransaction,
    user: &User,
    settings: Settings,
    password_hash: Option<&str>,
) -> Result<(), redb::Error> {
    let id = user.id.0;
    transaction.open_table(USER_NAMES)?.insert(user.name.as_str(), id)?;
    transaction.open_table(USERS)?.insert(id, codec::encode_user(user).as_slice())?;
    transaction.open_table(SETTINGS)?.insert(id, codec::encode_settings(settings).as_slice())?;
    let head = Head { generation: Generation(0), committed_at: user.created_at, next_number: Some(TaskNumber::FIRST) };
    transaction.open_table(HEADS)?.insert(id, codec::encode_head(&head).as_slice())?;
    if let Some(hash) = password_hash {
        transaction.open_table(CREDENTIALS)?.insert(id, hash)?;
    }
    Ok(())
}
