//! Deriving rows anew: from what is in the database when it is done, whatever was found before.

use redb::{ReadableTable, WriteTransaction};

use super::codec::{self, StoredAnswer, StoredChange};
use super::schema::{
    DOCUMENTS, HISTORY, HISTORY_BY_FILE, IDEMPOTENCY, IDEMPOTENCY_BY_TIME, TASKS, TIMELINES, TOKENS, USER_NAMES,
    USER_TOKENS, USERS,
};
use crate::domain::document::{self, Outcome};
use crate::domain::ids::{FileName, UserId};
use crate::store::{Mend, Reading};

/// Derives a row anew; whether it is another one now.
pub(super) fn mend(transaction: &WriteTransaction, row: &Mend) -> Result<bool, redb::Error> {
    match row {
        Mend::Task { user, number, file } => mend_task(transaction, (user.0, *number, file)),
        Mend::ByFile { user, file, generation, index } => {
            let history = transaction.open_table(HISTORY)?;
            let change = history.get((user.0, *generation, *index))?;
            let is_of_file =
                |bytes: &[u8]| codec::decode::<StoredChange<'_>>(bytes, "history").map(|c| c.file == *file);
            // Where the change cannot be read, the row stays: it may be the one that leads to it.
            let belongs = change.map_or(Some(false), |bytes| is_of_file(bytes.value()).ok());
            let mut by_file = transaction.open_table(HISTORY_BY_FILE)?;
            let key = (user.0, file.as_str(), *generation, *index);
            Ok(match belongs {
                Some(true) => by_file.insert(key, ())?.is_none(),
                Some(false) => by_file.remove(key)?.is_some(),
                None => false,
            })
        }
        Mend::UserToken { user, hash } => {
            let tokens = transaction.open_table(TOKENS)?;
            let grant = tokens.get(hash)?.and_then(|grant| codec::decode_grant(grant.value()).ok());
            let mut index = transaction.open_table(USER_TOKENS)?;
            Ok(match grant.is_some_and(|grant| grant.user == *user) {
                true => index.insert((user.0, hash), ())?.is_none(),
                false => index.remove((user.0, hash))?.is_some(),
            })
        }
        Mend::UserName(name) => mend_name(transaction, name),
        Mend::ByTime { at, user, route, key } => {
            let by_key = transaction.open_table(IDEMPOTENCY)?;
            let answer = by_key.get((user.0, route.as_str(), key.as_str()))?;
            let given = |bytes: &[u8]| codec::decode::<StoredAnswer>(bytes, "idempotency").ok().map(|answer| answer.at);
            let given = answer.map(|bytes| given(bytes.value()));
            let mut by_time = transaction.open_table(IDEMPOTENCY_BY_TIME)?;
            let row = (*at, user.0, route.as_str(), key.as_str());
            Ok(match given {
                Some(given) if given == Some(*at) => by_time.insert(row, ())?.is_none(),
                // One that was given again is forgotten in its time.
                Some(_) => false,
                None => by_time.remove(row)?.is_some(),
            })
        }
        Mend::Timeline { user } => Ok(transaction.open_table(TIMELINES)?.remove(user.0)?.is_some()),
    }
}

fn mend_task(transaction: &WriteTransaction, row: (u64, u32, &str)) -> Result<bool, redb::Error> {
    let documents = transaction.open_table(DOCUMENTS)?;
    let mut tasks = transaction.open_table(TASKS)?;
    let raw = documents.get(row)?;
    let reading = raw.and_then(|raw| FileName::parse(row.2).map(|file| reading_of(&file, raw.value())));
    let is_other = match reading {
        Some(reading) => {
            let before = tasks.insert(row, reading.as_slice())?;
            before.is_none_or(|before| before.value() != reading)
        }
        None => tasks.remove(row)?.is_some(),
    };
    // It was planned from what was there before.
    transaction.open_table(TIMELINES)?.remove(row.0)?;
    Ok(is_other)
}

fn reading_of(file: &FileName, raw: &[u8]) -> Vec<u8> {
    let reading: Reading = match document::read(file, raw) {
        Outcome::Task(task) => Ok(task.into()),
        Outcome::Invalid(problem) => Err(problem),
        Outcome::NotATask => return codec::encode_no_task(),
    };
    codec::encode_reading(&reading)
}

/// A name leads to the account that has it; to the first where several do, of which the others cannot be found.
fn mend_name(transaction: &WriteTransaction, name: &str) -> Result<bool, redb::Error> {
    let mut found = None;
    for row in transaction.open_table(USERS)?.iter()? {
        let (id, bytes) = row?;
        let account = codec::decode_user(UserId(id.value()), bytes.value());
        if account.is_ok_and(|account| account.name.as_str() == name) {
            found = Some(id.value());
            break;
        }
    }
    let mut names = transaction.open_table(USER_NAMES)?;
    Ok(match found {
        Some(id) => names.insert(name, id)?.is_none_or(|before| before.value() != id),
        None => names.remove(name)?.is_some(),
    })
}
