//! Carrying out one request within a write transaction.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use redb::{ReadableTable, WriteTransaction};

use super::codec::{self, StoredAnswer, StoredChange};
use super::past::StoredLeft;
use super::schema::{IDEMPOTENCY, IDEMPOTENCY_BY_TIME, RULES_FILE, SETTINGS};
use super::tables::Tables;
use super::{rules, sync};
use crate::domain::ids::{DocKey, Generation, UserId};
use crate::store::{Change, Commit, Finished, Head, Left, Outcome, REMEMBER_MILLIS, Remembered};

/// Expired answers that one transaction forgets at most.
const FORGET_MAX: usize = 64;

pub(super) fn head_of(tables: &mut Tables<'_>, user: UserId) -> Result<Option<Head>, redb::Error> {
    let head = tables.heads()?.get(user.0)?;
    Ok(head.and_then(|bytes| codec::decode_head(bytes.value()).ok()))
}

pub(super) fn apply_commit(tables: &mut Tables<'_>, commit: &Commit) -> Result<Outcome, redb::Error> {
    // A user that was removed meanwhile stands nowhere: whoever decides again finds that out.
    let Some(head) = head_of(tables, commit.user)? else {
        return Ok(Outcome::Stale { generation: Generation(0) });
    };
    let generation = head.generation;
    if generation != commit.expected {
        return Ok(Outcome::Stale { generation });
    }
    if commit.is_confirmation() {
        return Ok(Outcome::Committed { generation });
    }
    for past in commit.brought.iter().flat_map(|brought| &brought.changes) {
        let row = (commit.user.0, past.generation.0, past.index);
        tables.history()?.insert(row, codec::encode_past(past).as_slice())?;
        tables.history_by_file()?.insert((row.0, &*codec::file_of(past), row.1, row.2), ())?;
    }
    for (index, change) in commit.changes.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let applied = apply_change(tables, commit, change)?;
        record(tables, commit, index, &applied)?;
    }
    if !commit.changes.is_empty() {
        tables.heads()?.insert(commit.user.0, codec::encode_head(&commit.head).as_slice())?;
    }
    if let Some(update) = &commit.sync {
        sync::put(tables.transaction(), commit.user, update)?;
    }
    if let Some(remembered) = &commit.remember {
        remember(tables.transaction(), commit.user, commit.head.committed_at, remembered)?;
    }
    Ok(Outcome::Committed { generation: commit.head.generation })
}

/// What a change did, as the history keeps it.
struct Applied<'c> {
    verb: &'c str,
    /// Empty for the settings, [`RULES_FILE`] for the rules.
    file: Cow<'c, str>,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
    /// Of a merge: whether it was a conflict.
    merged: Option<bool>,
}

fn apply_change<'c>(tables: &mut Tables<'_>, commit: &Commit, change: &'c Change) -> Result<Applied<'c>, redb::Error> {
    let user = commit.user;
    let row = |key: &'c DocKey| (user.0, codec::key_number(key), key.file.as_str());
    let (verb, file, before, after) = match change {
        Change::PutDocument { key, raw, reading, verb } => {
            tables.tasks()?.insert(row(key), codec::encode_reading(reading).as_slice())?;
            let before = tables.documents()?.insert(row(key), &raw[..])?.map(|raw| raw.value().to_vec());
            (&**verb, key.file.as_str(), before, Some(raw.to_vec()))
        }
        Change::RemoveDocument { key, verb } => {
            tables.tasks()?.remove(row(key))?;
            let before = tables.documents()?.remove(row(key))?.map(|raw| raw.value().to_vec());
            (&**verb, key.file.as_str(), before, None)
        }
        Change::PutSettings { settings, verb } => {
            let mut table = tables.transaction().open_table(SETTINGS)?;
            let after = codec::encode_settings(*settings);
            let before = table.insert(user.0, after.as_slice())?.map(|settings| settings.value().to_vec());
            (&**verb, "", before, Some(after))
        }
        Change::PutRules { entries, verb } => {
            let (before, after) = rules::put(tables.transaction(), commit, entries.as_ref())?;
            (&**verb, RULES_FILE, before, after)
        }
        Change::Merged { file, lost, kept, is_conflict, verb } => {
            let owned = |state: &Option<Arc<[u8]>>| state.as_deref().map(<[u8]>::to_vec);
            let merged = Some(*is_conflict);
            return Ok(Applied { verb, file: file.name(), before: owned(lost), after: owned(kept), merged });
        }
    };
    Ok(Applied { verb, file: file.into(), before, after, merged: None })
}

/// Appends a change to the history.
fn record(tables: &mut Tables<'_>, commit: &Commit, index: u32, applied: &Applied<'_>) -> Result<(), redb::Error> {
    let (user, generation) = (commit.user.0, commit.head.generation.0);
    let stored = StoredChange {
        at: commit.head.committed_at.timestamp_millis(),
        basis: commit.basis.0,
        actor: (&commit.origin.actor).into(),
        through: (&*commit.origin.through).into(),
        verb: applied.verb.into(),
        file: (&*applied.file).into(),
        before: applied.before.as_deref(),
        after: applied.after.as_deref(),
        merged: applied.merged,
        brought: false,
        left: (index == 0)
            .then(|| StoredLeft::of(&Left { next_number: commit.head.next_number, timeline: commit.mark })),
    };
    tables.history()?.insert((user, generation, index), codec::encode(&stored).as_slice())?;
    tables.history_by_file()?.insert((user, &*applied.file, generation, index), ())?;
    Ok(())
}

/// Stores the answer of an `Idempotency-Key`, and forgets some that have expired.
pub(super) fn remember(
    transaction: &WriteTransaction,
    user: UserId,
    at: DateTime<Utc>,
    remembered: &Remembered,
) -> Result<(), redb::Error> {
    let now = at.timestamp_millis();
    let mut by_key = transaction.open_table(IDEMPOTENCY)?;
    let mut by_time = transaction.open_table(IDEMPOTENCY_BY_TIME)?;
    let row = (user.0, &*remembered.route, remembered.key.as_str());
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
    tables: &mut Tables<'_>,
    timelines: &HashMap<UserId, Finished>,
) -> Result<(), redb::Error> {
    if timelines.is_empty() {
        return Ok(());
    }
    let table = tables.timelines()?;
    for (user, finished) in timelines {
        table.insert(user.0, codec::encode_timeline(finished).as_slice())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{FileName, UserName};
    use crate::domain::lang::Lang;
    use crate::domain::theme::Theme;
    use crate::domain::zone::Zone;
    use crate::store::redb::disk::Disk;
    use crate::store::{
        Administered, Administration, Basis, BroughtHistory, MergedFile, Origin, Past, PastState, Settings, Store,
        THROUGH_GIT,
    };

    const SETTINGS: Settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto };

    fn wait<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn past(generation: u64, index: u32, through: &str, what: PastState) -> Past {
        let at = DateTime::from_timestamp_millis(1_000 * i64::try_from(generation).unwrap() + 7).unwrap();
        let [actor, verb] = ["eva", "update"].map(str::to_owned);
        let (generation, basis) = (Generation(generation), Basis([3; 16]));
        Past {
            generation,
            index,
            at,
            basis,
            actor,
            through: through.to_owned(),
            verb,
            what,
            is_brought: true,
            left: None,
        }
    }

    #[test]
    fn a_history_that_is_brought_is_there_after_a_crash_and_apart_from_ones_own() {
        let disk = Disk::new();
        let store = Store::on(&disk).unwrap();
        let name = UserName::parse("lena").unwrap();
        let (settings, at) = (SETTINGS, DateTime::UNIX_EPOCH);
        let added =
            Administration::AddUser { name, admin: false, settings, credential: None, at, must_be_first: false };
        let Administered::UserAdded(user) = wait(store.administer(added)).unwrap() else { panic!() };
        let file = FileName::parse("0001.md").unwrap();
        let (before, after) = (None, Some(b"\xff\0".to_vec()));
        let merged = PastState::Merged {
            file: MergedFile::Rule("mine.rhai".to_owned()),
            lost: after.clone(),
            kept: None,
            is_conflict: true,
        };
        let changes = vec![
            past(2, 0, "token", PastState::Document { key: DocKey::of(file.clone()), before, after }),
            past(5, 0, THROUGH_GIT, merged),
            past(5, 1, "cli", PastState::Settings { before: SETTINGS, after: Settings { days: 9, ..SETTINGS } }),
            past(6, 0, "cli", PastState::Rules { before: None, after: Some([].into()) }),
        ];
        let head = Head { generation: Generation(9), committed_at: DateTime::UNIX_EPOCH, next_number: None };
        let ticket = store.submit(Commit {
            user,
            expected: Generation(0),
            head,
            changes: vec![Change::PutSettings { settings: SETTINGS, verb: "import".into() }],
            origin: Origin { actor: "lena".to_owned(), through: "cli".into() },
            basis: Basis([0; 16]),
            timeline: None,
            mark: None,
            remember: None,
            sync: None,
            brought: Some(Arc::new(BroughtHistory { generation: Generation(8), changes: changes.clone() })),
        });
        assert_eq!(wait(ticket.unwrap().outcome()).unwrap(), Outcome::Committed { generation: Generation(9) });
        disk.cut_power();
        drop(store);

        let store = Store::on(&disk).unwrap();
        let mut history = store.list_history(user, None, 99).unwrap();
        history.reverse();
        let own = history.pop().unwrap();
        assert_eq!((history, own.generation, own.is_brought), (changes.clone(), Generation(9), false));
        assert_eq!(store.list_history_of(user, &file, None, 9).unwrap(), changes[..1]);
        let outbox = store.list_outbox(user, Generation(0), 99).unwrap();
        assert_eq!(outbox.iter().map(|line| line.generation.0).collect::<Vec<_>>(), [9]);
        let last = |up_to| store.last_own_generation(user, Generation(up_to), 99).unwrap();
        assert_eq!((last(9), last(8)), (Some(Generation(9)), None));
    }
}
