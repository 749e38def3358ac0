//! Documents, and what planning knows of them.

use redb::ReadOnlyTable;

use super::history::last_of;
use super::walk::{Next, Walk};
use crate::domain::document::{self, Outcome};
use crate::domain::ids::{DocKey, UserId};
use crate::store::redb::codec;
use crate::store::redb::read::failed;
use crate::store::redb::schema::{DOCUMENTS, DocumentKey, TASKS};
use crate::store::{FlawKind, Mend, StoreError};

type Row<'a> = (u64, u32, &'a str);

pub(super) fn documents(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let tasks = walk.transaction.open_table(TASKS).map_err(failed)?;
    walk.rows(DOCUMENTS, after, |walk, row, raw| {
        let (user, number, file) = row;
        let named = |kind| ("documents", Some(user), file.to_owned(), kind);
        let owner = walk.owner(user)?;
        let mut wrong = Vec::new();
        if !owner.is_there {
            wrong.push(named(FlawKind::NoUser));
        }
        match codec::decode_key(number, file) {
            Ok(key) if DocKey::of(key.file.clone()) == key => {
                let is_free =
                    |number| owner.head.is_some_and(|head| head.next_number.is_some_and(|next| next <= number));
                if key.number.is_some_and(is_free) {
                    wrong.push(named(FlawKind::NumberFree));
                }
                if let Some(kind) = wrong_reading(&tasks, row, &key, raw)? {
                    let mend = Mend::Task { user: UserId(user), number, file: file.to_owned() };
                    walk.mendable("tasks", Some(user), (file.to_owned(), kind), mend);
                }
            }
            _ => wrong.push(named(FlawKind::Misplaced)),
        }
        let last = last_of(walk.transaction, user, file)?;
        if last.is_some_and(|last| last.as_deref() != Some(raw)) {
            wrong.push(named(FlawKind::NotAsHistory));
        }
        wrong.into_iter().for_each(|(table, user, row, kind)| walk.flaw(table, user, row, kind));
        Ok(())
    })
}

/// What is wrong with what planning knows of a document, if something is. What an earlier version of the reader
/// understood is read anew by whoever plans.
fn wrong_reading(
    tasks: &ReadOnlyTable<DocumentKey, &'static [u8]>,
    row: Row<'_>,
    key: &DocKey,
    raw: &[u8],
) -> Result<Option<FlawKind>, StoreError> {
    let Some(stored) = tasks.get(row).map_err(failed)? else { return Ok(Some(FlawKind::NotIndexed)) };
    let read = match document::read(&key.file, raw) {
        Outcome::Task(task) => Some(*task),
        Outcome::Invalid(_) | Outcome::NotATask => None,
    };
    Ok(match codec::decode_reading(key, stored.value()) {
        Err(_) => Some(FlawKind::Unreadable),
        Ok(Some(known)) if read.as_ref() != Some(&*known) => Some(FlawKind::Differs),
        Ok(_) => None,
    })
}

pub(super) fn tasks(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let documents = walk.transaction.open_table(DOCUMENTS).map_err(failed)?;
    walk.rows(TASKS, after, |walk, row, _| {
        let (user, number, file) = row;
        if documents.get(row).map_err(failed)?.is_none() {
            let mend = Mend::Task { user: UserId(user), number, file: file.to_owned() };
            walk.mendable("tasks", Some(user), (file.to_owned(), FlawKind::LeadsNowhere), mend);
        }
        Ok(())
    })
}
