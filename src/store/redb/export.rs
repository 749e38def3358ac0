//! Reading everything of one user at one generation, piece by piece: each piece in a transaction of its own, so that
//! a slow reader makes nobody's file grow. What was changed since is taken from the history.

use redb::ReadTransaction;

use super::read::{failed, get_head, get_settings, get_user};
use super::schema::{DOCUMENTS, HISTORY, HISTORY_BY_FILE};
use super::{Store, codec, rules};
use crate::domain::ids::{DocKey, Generation, UserId};
use crate::store::{Outline, Past, PastState, StoreError};

impl Store {
    /// What a user has at present, without the documents' bytes; `None` when there is no such user.
    pub fn outline(&self, user: UserId) -> Result<Option<Outline>, StoreError> {
        self.read(|transaction, _| {
            let Some(account) = get_user(transaction, user)? else { return Ok(None) };
            let head = get_head(transaction, user)?.ok_or(StoreError::Damaged("heads"))?;
            let settings = get_settings(transaction, user)?.ok_or(StoreError::Damaged("settings"))?;
            let documents = transaction.open_table(DOCUMENTS).map_err(failed)?;
            let rows = documents.range((user.0, 0, "")..(user.0 + 1, 0, "")).map_err(failed)?;
            let keys = rows.map(|row| {
                let key = row.map_err(failed)?.0;
                let (_, number, file) = key.value();
                codec::decode_key(number, file)
            });
            let (keys, rules) = (keys.collect::<Result<_, _>>()?, rules::get_rules(transaction, user)?);
            Ok(Some(Outline { name: account.name, head, settings, keys, rules }))
        })
    }

    /// The documents of the first of these keys as they were at that generation, byte for byte: as many as come to
    /// `bytes_max` bytes, and one at least.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also when the user is not there any more.
    pub fn list_documents_at(
        &self,
        user: UserId,
        generation: Generation,
        keys: &[DocKey],
        bytes_max: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|transaction, _| {
            let mut bytes = 0;
            let mut documents = Vec::new();
            for key in keys {
                let document = document_at(transaction, user, generation, key)?;
                let document = document.ok_or(StoreError::Damaged("documents"))?;
                bytes += document.len();
                documents.push(document);
                if bytes >= bytes_max {
                    break;
                }
            }
            Ok(documents)
        })
    }
}

/// The document as it was at that generation; `None` where there was none.
pub(super) fn document_at(
    transaction: &ReadTransaction,
    user: UserId,
    generation: Generation,
    key: &DocKey,
) -> Result<Option<Vec<u8>>, StoreError> {
    if let Some(before) = changed_after(transaction, user, generation, key.file.as_str())? {
        return Ok(before);
    }
    let documents = transaction.open_table(DOCUMENTS).map_err(failed)?;
    let raw = documents.get((user.0, codec::key_number(key), key.file.as_str())).map_err(failed)?;
    Ok(raw.map(|raw| raw.value().to_vec()))
}

/// What a document was before the first change of it after that generation; `None` where there is no such change.
pub(super) fn changed_after(
    transaction: &ReadTransaction,
    user: UserId,
    generation: Generation,
    file: &str,
) -> Result<Option<Option<Vec<u8>>>, StoreError> {
    let (id, next) = (user.0, generation.0.saturating_add(1));
    let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
    let history = transaction.open_table(HISTORY).map_err(failed)?;
    for later in by_file.range((id, file, next, 0)..(id, file, u64::MAX, u32::MAX)).map_err(failed)? {
        let later = later.map_err(failed)?.0;
        let (_, _, generation, index) = later.value();
        let change = history.get((id, generation, index)).map_err(failed)?.ok_or(StoreError::Damaged("history"))?;
        match codec::decode_past(generation, index, change.value())? {
            // It happened elsewhere.
            Past { is_brought: true, .. } => {}
            Past { what: PastState::Document { before, .. }, .. } => return Ok(Some(before)),
            // It changed nothing.
            Past { what: PastState::Merged { .. }, .. } => {}
            Past { what: PastState::Settings { .. } | PastState::Rules { .. }, .. } => {
                return Err(StoreError::Damaged("history"));
            }
        }
    }
    Ok(None)
}
