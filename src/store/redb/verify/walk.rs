//! Going through a table in pieces.

use std::ops::Bound;

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, Value};

use crate::domain::ids::UserId;
use crate::store::redb::codec;
use crate::store::redb::read::{failed, get_head};
use crate::store::redb::schema::{DocumentKey, USERS};
use crate::store::{Flaw, FlawKind, Head, Mend, StoreError};

/// Rows that one piece looks at, at most, and the bytes of their values: together some tens of milliseconds.
const ROWS_MAX: u64 = 2_000;
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Flaws that one piece tells of: then the next begins.
const FLAWS_MAX: usize = 200;

/// What comes after a piece of a table.
pub(super) enum Next {
    /// The rows after this key.
    After(Vec<u8>),
    Done,
    /// The piece was to begin where no key is.
    Nowhere,
}

/// One piece: what is read in its transaction, and what it has found so far.
pub(super) struct Walk<'t> {
    pub(super) transaction: &'t ReadTransaction,
    pub(super) rows: u64,
    pub(super) flaws: Vec<Flaw>,
    /// Whose rows are looked at: rows of one user stand together.
    owner: Option<(u64, Owner)>,
}

/// What is known of whoever a row belongs to.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) is_there: bool,
    /// Where the user stands, if that can be read.
    pub(super) head: Option<Head>,
}

impl<'t> Walk<'t> {
    pub(super) fn of(transaction: &'t ReadTransaction) -> Walk<'t> {
        Walk { transaction, rows: 0, flaws: Vec::new(), owner: None }
    }

    pub(super) fn flaw(&mut self, table: &'static str, user: Option<u64>, row: String, kind: FlawKind) {
        self.flaws.push(Flaw { table, user: user.map(UserId), row, kind, mend: None });
    }

    /// As [`Walk::flaw`], of a row that is derived.
    pub(super) fn mendable(
        &mut self,
        table: &'static str,
        user: Option<u64>,
        (row, kind): (String, FlawKind),
        mend: Mend,
    ) {
        self.flaws.push(Flaw { table, user: user.map(UserId), row, kind, mend: Some(mend) });
    }

    /// The part could not be read.
    pub(super) fn failed(&mut self, part: &'static str, detail: String) {
        self.flaw(part, None, String::new(), FlawKind::Failed(detail));
    }

    pub(super) fn owner(&mut self, user: u64) -> Result<Owner, StoreError> {
        if let Some((known, owner)) = self.owner
            && known == user
        {
            return Ok(owner);
        }
        let users = self.transaction.open_table(USERS).map_err(failed)?;
        let is_there = users.get(user).map_err(failed)?.is_some();
        let head = match get_head(self.transaction, UserId(user)) {
            // Said where heads are looked at.
            Err(StoreError::Damaged(_)) => None,
            head => head?,
        };
        let owner = Owner { is_there, head };
        self.owner = Some((user, owner));
        Ok(owner)
    }

    /// Looks at the rows of a table after a key, as many as one piece looks at.
    pub(super) fn rows<K, V>(
        &mut self,
        definition: TableDefinition<'_, K, V>,
        after: &[u8],
        mut look: impl FnMut(&mut Self, K::SelfType<'_>, V::SelfType<'_>) -> Result<(), StoreError>,
    ) -> Result<Next, StoreError>
    where
        K: Position + 'static,
        V: Value + 'static,
    {
        let table = self.transaction.open_table(definition).map_err(failed)?;
        let rows = match after {
            [] => table.iter().map_err(failed)?,
            after => {
                let Some(after) = K::read(after) else { return Ok(Next::Nowhere) };
                let range = (Bound::Excluded(after), Bound::Unbounded);
                table.range::<K::SelfType<'_>>(range).map_err(failed)?
            }
        };
        let (mut bytes, begun) = (0, self.rows);
        for row in rows {
            let (key, value) = row.map_err(failed)?;
            self.rows += 1;
            bytes += V::as_bytes(&value.value()).as_ref().len();
            let position = K::write(&key.value());
            look(self, key.value(), value.value())?;
            if self.rows - begun >= ROWS_MAX || bytes >= BYTES_MAX || self.flaws.len() >= FLAWS_MAX {
                return Ok(Next::After(position));
            }
        }
        Ok(Next::Done)
    }
}

/// Keys as bytes from outside, which may be none.
pub(super) trait Position: Key {
    fn write(key: &Self::SelfType<'_>) -> Vec<u8>;
    fn read(bytes: &[u8]) -> Option<Self::SelfType<'_>>;
}

macro_rules! positions {
    ($($key:ty),*) => {
        $(impl Position for $key {
            fn write(key: &Self::SelfType<'_>) -> Vec<u8> {
                codec::encode(key)
            }

            fn read(bytes: &[u8]) -> Option<Self::SelfType<'_>> {
                codec::decode(bytes, "").ok()
            }
        })*
    };
}

positions!(u64, &'static str, DocumentKey, (u64, u64), (u64, u64, u32), (u64, &'static str, u64, u32));
positions!((u64, &'static str, &'static str), (i64, u64, &'static str, &'static str));

impl Position for &'static [u8; 32] {
    fn write(key: &Self::SelfType<'_>) -> Vec<u8> {
        key.to_vec()
    }

    fn read(bytes: &[u8]) -> Option<Self::SelfType<'_>> {
        bytes.try_into().ok()
    }
}

impl Position for (u64, &'static [u8; 32]) {
    fn write((user, hash): &Self::SelfType<'_>) -> Vec<u8> {
        [&user.to_be_bytes()[..], &hash[..]].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self::SelfType<'_>> {
        let (user, hash) = bytes.split_first_chunk()?;
        Some((u64::from_be_bytes(*user), hash.try_into().ok()?))
    }
}
