//! The history, and where it is found by file.

use redb::ReadTransaction;

use super::walk::{Next, Walk};
use crate::domain::ids::{DocKey, FileName, UserId};
use crate::store::redb::codec::{self, StoredChange};
use crate::store::redb::read::failed;
use crate::store::redb::schema::{DOCUMENTS, HISTORY, HISTORY_BY_FILE};
use crate::store::{FlawKind, Mend, StoreError};

pub(super) fn history(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let by_file = walk.transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
    walk.rows(HISTORY, after, |walk, (user, generation, index), bytes| {
        let row = || format!("{generation}/{index}");
        let owner = walk.owner(user)?;
        if !owner.is_there {
            walk.flaw("history", Some(user), row(), FlawKind::NoUser);
        }
        if owner.head.is_some_and(|head| generation > head.generation.0) {
            walk.flaw("history", Some(user), row(), FlawKind::Beyond);
        }
        let stored = codec::decode_past(generation, index, bytes);
        let stored = stored.and_then(|_| codec::decode::<StoredChange<'_>>(bytes, "history"));
        let Ok(stored) = stored else {
            walk.flaw("history", Some(user), row(), FlawKind::Unreadable);
            return Ok(());
        };
        if by_file.get((user, &*stored.file, generation, index)).map_err(failed)?.is_none() {
            let file = stored.file.into_owned();
            let mend = Mend::ByFile { user: UserId(user), file, generation, index };
            walk.mendable("history_by_file", Some(user), (row(), FlawKind::NotIndexed), mend);
        }
        Ok(())
    })
}

pub(super) fn history_by_file(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let history = walk.transaction.open_table(HISTORY).map_err(failed)?;
    let by_file = walk.transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
    let documents = walk.transaction.open_table(DOCUMENTS).map_err(failed)?;
    walk.rows(HISTORY_BY_FILE, after, |walk, (user, file, generation, index), ()| {
        let change = history.get((user, generation, index)).map_err(failed)?;
        let leads = match &change {
            None => false,
            // What cannot be read may be of this file.
            Some(bytes) => codec::decode::<StoredChange<'_>>(bytes.value(), "history").map_or(true, |c| c.file == file),
        };
        if !leads {
            let mend = Mend::ByFile { user: UserId(user), file: file.to_owned(), generation, index };
            let row = format!("{file} {generation}/{index}");
            walk.mendable("history_by_file", Some(user), (row, FlawKind::LeadsNowhere), mend);
            return Ok(());
        }
        let last = (user, file, u64::MAX, u32::MAX);
        let later = by_file.range((user, file, generation, index)..=last).map_err(failed)?.nth(1);
        // Once for each document: whether one that was written last is there.
        if later.is_none()
            && let Some(name) = FileName::parse(file)
            && matches!(last_of(walk.transaction, user, file)?, Some(Some(_)))
        {
            let number = codec::key_number(&DocKey::of(name));
            if documents.get((user, number, file)).map_err(failed)?.is_none() {
                walk.flaw("history", Some(user), file.to_owned(), FlawKind::Lacks("documents"));
            }
        }
        Ok(())
    })
}

/// What a document was after the last change of it in the history; `None` where there is none that can be read, or it
/// only says what was merged.
pub(super) fn last_of(
    transaction: &ReadTransaction,
    user: u64,
    file: &str,
) -> Result<Option<Option<Vec<u8>>>, StoreError> {
    let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
    let history = transaction.open_table(HISTORY).map_err(failed)?;
    for row in by_file.range((user, file, 0, 0)..=(user, file, u64::MAX, u32::MAX)).map_err(failed)?.rev() {
        let (_, _, generation, index) = row.map_err(failed)?.0.value();
        let Some(bytes) = history.get((user, generation, index)).map_err(failed)? else { return Ok(None) };
        let Ok(stored) = codec::decode::<StoredChange<'_>>(bytes.value(), "history") else { return Ok(None) };
        if stored.file != file {
            return Ok(None);
        }
        if stored.merged.is_none() {
            return Ok(Some(stored.after.map(<[u8]>::to_vec)));
        }
    }
    Ok(None)
}
