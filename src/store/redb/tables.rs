//! The tables that most commits change, opened when they are first needed and kept open for a whole group: opening
//! one looks its name up and closing it writes its root, which every commit of a group would do anew.

use redb::{Key, Table, TableDefinition, Value, WriteTransaction};

use super::schema::{DOCUMENTS, DocumentKey, HEADS, HISTORY, HISTORY_BY_FILE, TASKS, TIMELINES};

type Opened<'t, K, V> = Option<Table<'t, K, V>>;
type Reached<'a, 't, K, V> = Result<&'a mut Table<'t, K, V>, redb::Error>;

pub(super) struct Tables<'t> {
    transaction: &'t WriteTransaction,
    heads: Opened<'t, u64, &'static [u8]>,
    documents: Opened<'t, DocumentKey, &'static [u8]>,
    tasks: Opened<'t, DocumentKey, &'static [u8]>,
    timelines: Opened<'t, u64, &'static [u8]>,
    history: Opened<'t, (u64, u64, u32), &'static [u8]>,
    history_by_file: Opened<'t, (u64, &'static str, u64, u32), ()>,
}

impl<'t> Tables<'t> {
    pub(super) fn of(transaction: &'t WriteTransaction) -> Tables<'t> {
        Tables {
            transaction,
            heads: None,
            documents: None,
            tasks: None,
            timelines: None,
            history: None,
            history_by_file: None,
        }
    }

    /// The transaction, for its other tables.
    pub(super) fn transaction(&self) -> &'t WriteTransaction {
        self.transaction
    }

    /// The transaction with none of its tables open: redb has a table open once at a time.
    pub(super) fn close(&mut self) -> &'t WriteTransaction {
        *self = Tables::of(self.transaction);
        self.transaction
    }

    pub(super) fn heads(&mut self) -> Result<&mut Table<'t, u64, &'static [u8]>, redb::Error> {
        open(&mut self.heads, self.transaction, HEADS)
    }

    pub(super) fn documents(&mut self) -> Result<&mut Table<'t, DocumentKey, &'static [u8]>, redb::Error> {
        open(&mut self.documents, self.transaction, DOCUMENTS)
    }

    pub(super) fn tasks(&mut self) -> Result<&mut Table<'t, DocumentKey, &'static [u8]>, redb::Error> {
        open(&mut self.tasks, self.transaction, TASKS)
    }

    pub(super) fn timelines(&mut self) -> Result<&mut Table<'t, u64, &'static [u8]>, redb::Error> {
        open(&mut self.timelines, self.transaction, TIMELINES)
    }

    pub(super) fn history(&mut self) -> Reached<'_, 't, (u64, u64, u32), &'static [u8]> {
        open(&mut self.history, self.transaction, HISTORY)
    }

    pub(super) fn history_by_file(&mut self) -> Reached<'_, 't, (u64, &'static str, u64, u32), ()> {
        open(&mut self.history_by_file, self.transaction, HISTORY_BY_FILE)
    }
}

fn open<'a, 't, K: Key + 'static, V: Value + 'static>(
    opened: &'a mut Opened<'t, K, V>,
    transaction: &'t WriteTransaction,
    definition: TableDefinition<'_, K, V>,
) -> Result<&'a mut Table<'t, K, V>, redb::Error> {
    match opened {
        Some(table) => Ok(table),
        None => Ok(opened.insert(transaction.open_table(definition)?)),
    }
}
