//! The rules of users: how a list is written, with all that came before it, and how they are read.

use std::sync::Arc;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::read::failed;
use super::schema::RULES;
use super::{Store, codec};
use crate::domain::ids::{Generation, UserId};
use crate::store::{Commit, EarlierRules, Entries, RULES_VERSIONS_MAX, RulesVersion, StoreError, UserRules};

/// A version of a user's rules.
#[derive(Serialize, Deserialize)]
struct StoredRules {
    /// `None` where they were removed.
    entries: Option<Vec<codec::StoredEntry>>,
    /// Versions that stand in when this one fails.
    earlier: Vec<u64>,
    at: i64,
    actor: String,
    through: String,
}

impl StoredRules {
    fn decode(bytes: &[u8]) -> Result<StoredRules, StoreError> {
        codec::decode(bytes, "rules")
    }

    fn entries(self) -> Option<Entries> {
        self.entries.map(codec::entries)
    }
}

/// Makes the table where a database has none: one of a version that knew no rules of users.
pub(super) fn complete_table(db: &Database) -> Result<(), redb::Error> {
    match db.begin_read()?.open_table(RULES) {
        Ok(_) => return Ok(()),
        Err(redb::TableError::TableDoesNotExist(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let transaction = db.begin_write()?;
    transaction.open_table(RULES)?;
    Ok(transaction.commit()?)
}

/// The list before and the one after, encoded as the history keeps them.
type BeforeAndAfter = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Adds the version that a commit makes, and drops the oldest of those that are too many.
pub(super) fn put(
    transaction: &WriteTransaction,
    commit: &Commit,
    rules: Option<&UserRules>,
) -> Result<BeforeAndAfter, redb::Error> {
    let (user, version) = (commit.user.0, commit.head.generation.0);
    let mut table = transaction.open_table(RULES)?;
    let before = match table.range((user, 0)..=(user, u64::MAX))?.next_back() {
        // One that cannot be read is not known to the history either.
        Some(row) => StoredRules::decode(row?.1.value()).ok().and_then(|stored| stored.entries),
        None => None,
    };
    let after = rules.map(|rules| codec::stored_entries(&rules.entries));
    let history = (before.map(|before| codec::encode(&before)), after.as_ref().map(codec::encode));
    let earlier: Vec<u64> =
        rules.map(|rules| rules.earlier.iter().map(|earlier| earlier.version.0).collect()).unwrap_or_default();
    let stored = StoredRules {
        entries: after,
        earlier,
        at: commit.head.committed_at.timestamp_millis(),
        actor: commit.origin.actor.clone(),
        through: commit.origin.through.to_owned(),
    };
    table.insert((user, version), codec::encode(&stored).as_slice())?;
    let mut versions = Vec::new();
    for row in table.range((user, 0)..=(user, u64::MAX))? {
        versions.push(row?.0.value().1);
    }
    let surplus = versions.len().saturating_sub(RULES_VERSIONS_MAX);
    let needed = |kept: &&u64| **kept != version && !stored.earlier.contains(kept);
    for old in versions.iter().filter(needed).take(surplus) {
        table.remove((user, *old))?;
    }
    Ok(history)
}

/// Every version of a user that is removed.
pub(super) fn remove_all(transaction: &WriteTransaction, user: u64) -> Result<(), redb::Error> {
    transaction.open_table(RULES)?.retain_in((user, 0)..=(user, u64::MAX), |_, _| false)?;
    Ok(())
}

/// The rules that a user has.
pub(super) fn get_rules(transaction: &ReadTransaction, user: UserId) -> Result<Option<Arc<UserRules>>, StoreError> {
    let table = transaction.open_table(RULES).map_err(failed)?;
    let Some(row) = table.range((user.0, 0)..=(user.0, u64::MAX)).map_err(failed)?.next_back() else { return Ok(None) };
    let (key, value) = row.map_err(failed)?;
    let stored = StoredRules::decode(value.value())?;
    let mut earlier = Vec::with_capacity(stored.earlier.len());
    for version in &stored.earlier {
        let found = table.get((user.0, *version)).map_err(failed)?.ok_or(StoreError::Damaged("rules"))?;
        let entries = StoredRules::decode(found.value())?.entries().ok_or(StoreError::Damaged("rules"))?;
        earlier.push(EarlierRules { version: Generation(*version), entries });
    }
    let version = Generation(key.value().1);
    Ok(stored.entries().map(|entries| Arc::new(UserRules { version, entries, earlier })))
}

impl Store {
    /// The versions of the user's rules that are kept, the latest first.
    pub fn list_rules(&self, user: UserId) -> Result<Vec<RulesVersion>, StoreError> {
        self.read(|transaction, _| {
            let table = transaction.open_table(RULES).map_err(failed)?;
            let rows = table.range((user.0, 0)..=(user.0, u64::MAX)).map_err(failed)?.rev();
            let versions = rows.map(|row| {
                let (key, value) = row.map_err(failed)?;
                version(key.value().1, StoredRules::decode(value.value())?)
            });
            versions.collect()
        })
    }

    /// One version of the user's rules, if it is kept.
    pub fn get_rules_version(&self, user: UserId, number: u64) -> Result<Option<RulesVersion>, StoreError> {
        self.read(|transaction, _| {
            let table = transaction.open_table(RULES).map_err(failed)?;
            let found = table.get((user.0, number)).map_err(failed)?;
            found.map(|value| version(number, StoredRules::decode(value.value())?)).transpose()
        })
    }
}

fn version(number: u64, stored: StoredRules) -> Result<RulesVersion, StoreError> {
    Ok(RulesVersion {
        version: Generation(number),
        at: codec::millis(stored.at, "rules")?,
        actor: stored.actor.clone(),
        through: stored.through.clone(),
        entries: stored.entries(),
    })
}
