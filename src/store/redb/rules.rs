//! The rules of users: how a list is written, with all that came before it, and how they are read.

use std::sync::Arc;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::read::failed;
use super::schema::RULES;
use super::{Store, codec};
use crate::domain::ids::{Generation, UserId};
use crate::store::{Commit, EarlierRules, Entries, KeptRules, RULES_VERSIONS_MAX, RulesVersion, StoreError, UserRules};

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

/// The versions that stand in for a stored one, all of which has to be read for it.
pub(super) fn stand_ins(bytes: &[u8]) -> Result<Vec<u64>, StoreError> {
    let stored = StoredRules::decode(bytes)?;
    codec::millis(stored.at, "rules")?;
    Ok(stored.earlier)
}

/// Makes the table where a database has none: one of a version that knew no rules of users.
pub(super) fn make_table(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(RULES)?;
    Ok(())
}

/// The list before and the one after, encoded as the history keeps them.
type BeforeAndAfter = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Adds the version that a commit makes, and drops the oldest of those that are too many.
pub(super) fn put(
    transaction: &WriteTransaction,
    commit: &Commit,
    entries: Option<&Entries>,
) -> Result<BeforeAndAfter, redb::Error> {
    let (user, version) = (commit.user.0, commit.head.generation.0);
    let mut table = transaction.open_table(RULES)?;
    // What cannot be read stands in for nothing, and is not known to the history either.
    let before = user_rules(&last_rows(&table, user)?).ok().flatten();
    let after = entries.map(|entries| UserRules::following(before.as_ref(), commit.head.generation, entries.clone()));
    let encoded = |rules: &UserRules| codec::encode(&codec::stored_entries(&rules.entries));
    let history = (before.as_ref().map(encoded), after.as_ref().map(encoded));
    let earlier = after.iter().flat_map(|after| &after.earlier).map(|earlier| earlier.version.0).collect();
    let stored = StoredRules {
        entries: after.map(|after| codec::stored_entries(&after.entries)),
        earlier,
        at: commit.head.committed_at.timestamp_millis(),
        actor: commit.origin.actor.clone(),
        through: commit.origin.through.clone().into_owned(),
    };
    table.insert((user, version), codec::encode(&stored).as_slice())?;
    let mut versions = Vec::new();
    for row in table.range((user, 0)..=(user, u64::MAX))? {
        versions.push(row?.0.value().1);
    }
    let surplus = versions.len().saturating_sub(RULES_VERSIONS_MAX);
    let is_needless = |kept: &&u64| **kept != version && !stored.earlier.contains(kept);
    for old in versions.iter().filter(is_needless).take(surplus) {
        table.remove((user, *old))?;
    }
    Ok(history)
}

/// The bytes of the user's last version, and of those that stand in for it, with their numbers.
fn last_rows(
    table: &impl ReadableTable<(u64, u64), &'static [u8]>,
    user: u64,
) -> Result<Vec<(u64, Vec<u8>)>, redb::StorageError> {
    let Some(row) = table.range((user, 0)..=(user, u64::MAX))?.next_back() else { return Ok(Vec::new()) };
    let (key, value) = row?;
    let mut rows = vec![(key.value().1, value.value().to_vec())];
    for version in StoredRules::decode(value.value()).map(|stored| stored.earlier).unwrap_or_default() {
        rows.extend(table.get((user, version))?.map(|value| (version, value.value().to_vec())));
    }
    Ok(rows)
}

/// What [`last_rows`] say.
fn user_rules(rows: &[(u64, Vec<u8>)]) -> Result<Option<UserRules>, StoreError> {
    let Some(((version, bytes), earlier)) = rows.split_first() else { return Ok(None) };
    let last = StoredRules::decode(bytes)?;
    if last.earlier.len() != earlier.len() {
        return Err(StoreError::Damaged("rules"));
    }
    let earlier = earlier.iter().map(|(version, bytes)| {
        let entries = StoredRules::decode(bytes)?.entries().ok_or(StoreError::Damaged("rules"))?;
        Ok(EarlierRules { version: Generation(*version), entries })
    });
    let earlier = earlier.collect::<Result<_, StoreError>>()?;
    Ok(last.entries().map(|entries| UserRules { version: Generation(*version), entries, earlier }))
}

/// Every version of a user that is removed.
pub(super) fn remove_all(transaction: &WriteTransaction, user: u64) -> Result<(), redb::Error> {
    transaction.open_table(RULES)?.retain_in((user, 0)..=(user, u64::MAX), |_, _| false)?;
    Ok(())
}

/// The rules that a user has.
pub(super) fn get_rules(transaction: &ReadTransaction, user: UserId) -> Result<Option<Arc<UserRules>>, StoreError> {
    let table = transaction.open_table(RULES).map_err(failed)?;
    let rows = last_rows(&table, user.0).map_err(failed)?;
    Ok(user_rules(&rows)?.map(Arc::new))
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

/// Every version of the user's rules that is kept, in their order, with those that stand in for each.
pub(super) fn list_kept(transaction: &ReadTransaction, user: UserId) -> Result<Vec<KeptRules>, StoreError> {
    let table = transaction.open_table(RULES).map_err(failed)?;
    let rows = table.range((user.0, 0)..=(user.0, u64::MAX)).map_err(failed)?.map(|row| {
        let (key, value) = row.map_err(failed)?;
        let stored = StoredRules::decode(value.value())?;
        let earlier = stored.earlier.iter().copied().map(Generation).collect();
        Ok(KeptRules { earlier, version: version(key.value().1, stored)? })
    });
    rows.collect()
}

/// Puts a version as it was kept.
pub(super) fn put_kept(transaction: &WriteTransaction, user: UserId, kept: &KeptRules) -> Result<(), redb::Error> {
    let RulesVersion { version, at, actor, through, entries } = &kept.version;
    let stored = StoredRules {
        entries: entries.as_deref().map(codec::stored_entries),
        earlier: kept.earlier.iter().map(|earlier| earlier.0).collect(),
        at: at.timestamp_millis(),
        actor: actor.clone(),
        through: through.clone(),
    };
    transaction.open_table(RULES)?.insert((user.0, version.0), codec::encode(&stored).as_slice())?;
    Ok(())
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
