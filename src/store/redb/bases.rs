//! What plans were made with, and from when on: a row whenever that became another.

use redb::{Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::read::failed;
use super::schema::BASES;
use super::{Store, codec, sync};
use crate::store::{Administered, Basis, NotedBasis, StoreError};

/// Rows that are kept: those of the first versions and rules are forgotten when there are more.
const ROWS_MAX: u64 = 1_000;

#[derive(Serialize, Deserialize)]
struct StoredBasis {
    at: i64,
    #[serde(with = "serde_bytes")]
    basis: [u8; 16],
    #[serde(with = "serde_bytes")]
    parts: Vec<u8>,
}

impl StoredBasis {
    fn noted(bytes: &[u8]) -> Result<NotedBasis, StoreError> {
        let StoredBasis { at, basis, parts } = codec::decode(bytes, "bases")?;
        Ok(NotedBasis { basis: Basis(basis), at: codec::millis(at, "bases")?, parts })
    }
}

/// Reads a row.
pub(super) fn check(bytes: &[u8]) -> Result<(), StoreError> {
    StoredBasis::noted(bytes).map(drop)
}

/// Makes the table in a database of before there was one.
pub(super) fn make_table_where_missing(db: &Database) -> Result<(), redb::Error> {
    if sync::has_table(&db.begin_read()?, BASES)? {
        return Ok(());
    }
    let mut transaction = db.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.open_table(BASES)?;
    Ok(transaction.commit()?)
}

/// Notes what plans are made with from now on, unless that is what was noted last.
pub(super) fn note(transaction: &WriteTransaction, noted: &NotedBasis) -> Result<Administered, redb::Error> {
    let mut table = transaction.open_table(BASES)?;
    let last = table.last()?.map(|(number, bytes)| (number.value(), StoredBasis::noted(bytes.value()).ok()));
    if last.as_ref().and_then(|(_, last)| last.as_ref()).is_some_and(|last| last.basis == noted.basis) {
        return Ok(Administered::BasisNoted);
    }
    let number = last.map_or(0, |(number, _)| number.saturating_add(1));
    let NotedBasis { basis, at, parts } = noted;
    let stored = StoredBasis { at: at.timestamp_millis(), basis: basis.0, parts: parts.clone() };
    table.insert(number, codec::encode(&stored).as_slice())?;
    table.retain_in(..number.saturating_sub(ROWS_MAX - 1), |_, _| false)?;
    Ok(Administered::BasisNoted)
}

pub(super) fn list(transaction: &ReadTransaction) -> Result<Vec<NotedBasis>, StoreError> {
    let table = transaction.open_table(BASES).map_err(failed)?;
    let rows = table.iter().map_err(failed)?;
    rows.map(|row| StoredBasis::noted(row.map_err(failed)?.1.value())).collect()
}

impl Store {
    /// What plans were made with, in the order of time.
    pub fn list_bases(&self) -> Result<Vec<NotedBasis>, StoreError> {
        self.read(|transaction, _| list(transaction))
    }
}
