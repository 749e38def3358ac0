//! Accounts, what they are found by, and what is granted to them.

use redb::{TableDefinition, TableHandle, Value};

use super::walk::{Next, Walk};
use crate::domain::ids::{TokenId, UserId};
use crate::store::redb::codec;
use crate::store::redb::read::failed;
use crate::store::redb::schema::{CREDENTIALS, HEADS, SETTINGS, TOKENS, USER_NAMES, USER_TOKENS, USERS};
use crate::store::{FlawKind, Mend, StoreError};

pub(super) fn users(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let names = walk.transaction.open_table(USER_NAMES).map_err(failed)?;
    let heads = walk.transaction.open_table(HEADS).map_err(failed)?;
    let settings = walk.transaction.open_table(SETTINGS).map_err(failed)?;
    walk.rows(USERS, after, |walk, id, bytes| {
        let user = Some(id);
        let Ok(account) = codec::decode_user(UserId(id), bytes) else {
            walk.flaw("users", user, String::new(), FlawKind::Unreadable);
            return Ok(());
        };
        let name = account.name.as_str();
        if names.get(name).map_err(failed)?.is_none_or(|found| found.value() != id) {
            let mend = Mend::UserName(name.to_owned());
            walk.mendable("user_names", user, (name.to_owned(), FlawKind::NotIndexed), mend);
        }
        if heads.get(id).map_err(failed)?.is_none() {
            walk.flaw("users", user, name.to_owned(), FlawKind::Lacks("heads"));
        }
        if settings.get(id).map_err(failed)?.is_none() {
            walk.flaw("users", user, name.to_owned(), FlawKind::Lacks("settings"));
        }
        Ok(())
    })
}

pub(super) fn user_names(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let users = walk.transaction.open_table(USERS).map_err(failed)?;
    walk.rows(USER_NAMES, after, |walk, name, id| {
        let account = users.get(id).map_err(failed)?.map(|bytes| codec::decode_user(UserId(id), bytes.value()));
        // Of an account that cannot be read, nobody knows the name better.
        if account.is_none_or(|account| account.is_ok_and(|account| account.name.as_str() != name)) {
            let mend = Mend::UserName(name.to_owned());
            walk.mendable("user_names", None, (name.to_owned(), FlawKind::LeadsNowhere), mend);
        }
        Ok(())
    })
}

pub(super) fn credentials(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    // Whether they open is for whoever has the key.
    walk.of_users(CREDENTIALS, after, |_| Ok(()))
}

pub(super) fn tokens(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let index = walk.transaction.open_table(USER_TOKENS).map_err(failed)?;
    walk.rows(TOKENS, after, |walk, hash, bytes| {
        let row = TokenId::of(hash).to_string();
        let Ok(grant) = codec::decode_grant(bytes) else {
            walk.flaw("tokens", None, row, FlawKind::Unreadable);
            return Ok(());
        };
        let user = grant.user.0;
        if !walk.owner(user)?.is_there {
            walk.flaw("tokens", Some(user), row.clone(), FlawKind::NoUser);
        }
        if index.get((user, hash)).map_err(failed)?.is_none() {
            let mend = Mend::UserToken { user: grant.user, hash: *hash };
            walk.mendable("user_tokens", Some(user), (row, FlawKind::NotIndexed), mend);
        }
        Ok(())
    })
}

pub(super) fn user_tokens(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    let tokens = walk.transaction.open_table(TOKENS).map_err(failed)?;
    walk.rows(USER_TOKENS, after, |walk, (user, hash), ()| {
        let grant = tokens.get(hash).map_err(failed)?;
        let grant = grant.and_then(|grant| codec::decode_grant(grant.value()).ok());
        if grant.is_none_or(|grant| grant.user.0 != user) {
            let mend = Mend::UserToken { user: UserId(user), hash: *hash };
            let row = TokenId::of(hash).to_string();
            walk.mendable("user_tokens", Some(user), (row, FlawKind::LeadsNowhere), mend);
        }
        Ok(())
    })
}

pub(super) fn heads(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    walk.of_users(HEADS, after, |bytes| codec::decode_head(bytes).map(drop))
}

pub(super) fn settings(walk: &mut Walk<'_>, after: &[u8]) -> Result<Next, StoreError> {
    walk.of_users(SETTINGS, after, |bytes| codec::decode_settings(bytes).map(drop))
}

impl Walk<'_> {
    /// Looks at a table that has a row for each user at most.
    pub(super) fn of_users<V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, u64, V>,
        after: &[u8],
        read: impl Fn(V::SelfType<'_>) -> Result<(), StoreError>,
    ) -> Result<Next, StoreError> {
        let table = name_of(&definition);
        self.rows(definition, after, |walk, user, value| {
            if !walk.owner(user)?.is_there {
                walk.flaw(table, Some(user), String::new(), FlawKind::NoUser);
            }
            if read(value).is_err() {
                walk.flaw(table, Some(user), String::new(), FlawKind::Unreadable);
            }
            Ok(())
        })
    }
}

/// The name of a table, for as long as the program runs.
fn name_of<V: Value + 'static>(definition: &TableDefinition<'static, u64, V>) -> &'static str {
    crate::store::redb::schema::tables().into_iter().find(|name| *name == definition.name()).unwrap_or_default()
}
