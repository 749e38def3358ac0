//! Reading every account, each at one generation and in pieces of a bounded size. As in `export`, each piece is read in a
//! transaction of its own, and what was changed since that generation is taken from the history. No list of a user's
//! documents is held: their names are found one after the other in the history, where each of them is.

use redb::{ReadOnlyTable, ReadTransaction};

use super::export::document_at;
use super::read::{failed, get_head, get_settings, get_snapshot, get_user};
use super::schema::{HISTORY, HISTORY_BY_FILE, META, META_NEXT_USER, TIMELINES, USERS};
use super::views::View;
use super::{Moment, Store, accounts, codec, rules, sync};
use crate::domain::ids::{DocKey, FileName, Generation, UserId};
use crate::store::{AccountState, DocumentsPiece, Past, Snapshot, StoreError};

/// Names that one piece looks at: most may be of documents that were removed.
pub(super) const NAMES_MAX: usize = 10_000;

impl Store {
    /// The user whose id comes next; the first one without `after`.
    pub fn next_user(&self, after: Option<UserId>) -> Result<Option<UserId>, StoreError> {
        self.read(|transaction, _| {
            let users = transaction.open_table(USERS).map_err(failed)?;
            let first = after.map_or(0, |after| after.0.saturating_add(1));
            let row = users.range(first..).map_err(failed)?.next().transpose().map_err(failed)?;
            Ok(row.map(|(id, _)| UserId(id.value())))
        })
    }

    /// The id that the next new user gets.
    pub fn next_user_id(&self) -> Result<UserId, StoreError> {
        self.read(|transaction, _| {
            let meta = transaction.open_table(META).map_err(failed)?;
            let next = meta.get(META_NEXT_USER).map_err(failed)?;
            let next = next.and_then(|bytes| bytes.value().try_into().ok().map(u64::from_be_bytes));
            Ok(UserId(next.unwrap_or(1)))
        })
    }

    /// The account as it is at present; `None` when there is no such user.
    pub fn account_state(&self, user: UserId) -> Result<Option<AccountState>, StoreError> {
        self.read(|transaction, view| get_account_state(transaction, view, user))
    }

    /// As [`Store::account_state`], with the ground state of the same moment.
    pub fn account_state_and_snapshot(&self, user: UserId) -> Result<Option<(AccountState, Snapshot)>, StoreError> {
        self.read(|transaction, view| {
            let state = get_account_state(transaction, view, user)?;
            Ok(state.zip(get_snapshot(transaction, view, user)?))
        })
    }

    /// The document as it was at that generation; `None` where there was none.
    pub fn get_document_at(
        &self,
        user: UserId,
        generation: Generation,
        key: &DocKey,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|transaction, _| document_at(transaction, user, generation, key))
    }

    /// The documents of that generation whose names come after `after`: as many as come to `bytes_max` bytes, and perhaps
    /// none although there is a next piece. `None` when the user is not there any more.
    pub fn list_documents_from(
        &self,
        user: UserId,
        generation: Generation,
        after: Option<&FileName>,
        bytes_max: usize,
    ) -> Result<Option<DocumentsPiece>, StoreError> {
        self.read(|transaction, _| {
            if get_user(transaction, user)?.is_none() {
                return Ok(None);
            }
            let by_file = transaction.open_table(HISTORY_BY_FILE).map_err(failed)?;
            let mut name = after.map_or_else(String::new, |after| after.as_str().to_owned());
            let (mut bytes, mut piece) = (0, DocumentsPiece::default());
            for _ in 0..NAMES_MAX {
                let Some(next) = next_name(&by_file, user, &name)? else { return Ok(Some(piece)) };
                name = next;
                // The settings and the rules have names there that no document has.
                let Some(file) = FileName::parse(&name) else { continue };
                let key = DocKey::of(file);
                if let Some(document) = document_at(transaction, user, generation, &key)? {
                    bytes += document.len();
                    piece.documents.push((key.file.clone(), document));
                }
                piece.next = Some(key.file);
                if bytes >= bytes_max {
                    break;
                }
            }
            Ok(Some(piece))
        })
    }

    /// Changes up to that generation that come after `after`, in their order: as many as come to about `bytes_max` bytes,
    /// and one at least. Empty when there is no other, `None` when the user is not there any more.
    pub fn list_history_from(
        &self,
        user: UserId,
        generation: Generation,
        after: Option<Moment>,
        bytes_max: usize,
    ) -> Result<Option<Vec<Past>>, StoreError> {
        self.read(|transaction, _| {
            if get_user(transaction, user)?.is_none() {
                return Ok(None);
            }
            let history = transaction.open_table(HISTORY).map_err(failed)?;
            let first = match after {
                None => (user.0, 0, 0),
                Some(Moment(generation, u32::MAX)) => (user.0, generation + 1, 0),
                Some(Moment(generation, index)) => (user.0, generation, index + 1),
            };
            let (mut bytes, mut changes) = (0, Vec::new());
            for row in history.range(first..=(user.0, generation.0, u32::MAX)).map_err(failed)? {
                let (key, value) = row.map_err(failed)?;
                let (_, generation, index) = key.value();
                bytes += value.value().len();
                changes.push(codec::decode_past(generation, index, value.value())?);
                if bytes >= bytes_max {
                    break;
                }
            }
            Ok(Some(changes))
        })
    }
}

/// The first name after this one in the user's history.
pub(super) fn next_name(
    by_file: &ReadOnlyTable<(u64, &'static str, u64, u32), ()>,
    user: UserId,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let after = (user.0, name, u64::MAX, u32::MAX);
    let row = by_file.range(after..(user.0 + 1, "", 0, 0)).map_err(failed)?.next().transpose().map_err(failed)?;
    Ok(row.map(|(key, _)| key.value().1.to_owned()))
}

fn get_account_state(
    transaction: &ReadTransaction,
    view: &View,
    user: UserId,
) -> Result<Option<AccountState>, StoreError> {
    let Some(account) = get_user(transaction, user)? else { return Ok(None) };
    let head = get_head(transaction, user)?.ok_or(StoreError::Damaged("heads"))?;
    let settings = get_settings(transaction, user)?.ok_or(StoreError::Damaged("settings"))?;
    let timelines = transaction.open_table(TIMELINES).map_err(failed)?;
    let timeline = timelines.get(user.0).map_err(failed)?.and_then(|bytes| codec::decode_timeline(bytes.value()));
    Ok(Some(AccountState {
        user: account,
        head,
        settings,
        credential: accounts::get_credential(transaction, user)?,
        grants: accounts::list_grants(transaction, user)?,
        rules: rules::list_kept(transaction, user)?,
        remote: sync::get_remote(transaction, user)?,
        sync: sync::get(transaction, user)?,
        timeline: timeline.filter(|finished| finished.generation == head.generation),
        is_durable: view.is_durable(user, head.generation),
    }))
}
