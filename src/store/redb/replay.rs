//! Carrying out again what the journal has and a database lacks.

use redb::{Database, ReadableTable};

use super::apply::apply_commit;
use super::entry;
use super::journal::Journal;
use super::schema::{META, META_JOURNAL};
use super::tables::Tables;
use super::writer::commit_durably;
use crate::store::Outcome;

/// The number of the last record that is in the database.
pub(super) fn number_in(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<u64, redb::StorageError> {
    let number = meta.get(META_JOURNAL)?;
    Ok(number.and_then(|bytes| bytes.value().try_into().ok().map(u64::from_be_bytes)).unwrap_or(0))
}

/// Makes the database durable with everything that the journal has.
///
/// # Errors
/// Those of the database, and a record that does not follow from what is in it.
pub(super) fn replay(db: &Database, journal: &Journal) -> Result<(), redb::Error> {
    let transaction = db.begin_write()?;
    let number = number_in(&transaction.open_table(META)?)?;
    let mut tables = Tables::of(&transaction);
    for record in journal.waiting().iter().filter(|record| record.number > number) {
        carry_out(&mut tables, &record.content)?;
    }
    drop(tables);
    commit_durably(transaction, journal)
}

fn carry_out(tables: &mut Tables<'_>, content: &[u8]) -> Result<(), redb::Error> {
    let unfit = |detail: String| redb::Error::Corrupted(format!("the journal does not fit the database: {detail}"));
    for commit in entry::decode(content).map_err(|error| unfit(error.to_string()))? {
        if let Outcome::Stale { generation } = apply_commit(tables, &commit)? {
            let detail = format!("user {} is at {generation} instead of {}", commit.user.0, commit.expected);
            return Err(unfit(detail));
        }
        if !commit.changes.is_empty() {
            // The one that was made with it is not in the journal, and one of an earlier state is of no use.
            tables.timelines()?.remove(commit.user.0)?;
        }
    }
    Ok(())
}
