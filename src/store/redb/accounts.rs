//! Accounts and tokens: what the writer does to them, and how they are read.

use chrono::{DateTime, Utc};
use redb::{AccessGuard, ReadTransaction, ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::read::failed;
use super::schema::{
    CREDENTIALS, DOCUMENTS, HEADS, HISTORY, HISTORY_BY_FILE, IDEMPOTENCY, IDEMPOTENCY_BY_TIME, META, META_NEXT_USER,
    META_REMOVED, SETTINGS, TASKS, TIMELINES, TOKENS, USER_NAMES, USER_TOKENS, USERS,
};
use super::{Store, apply as changes, bases, codec, mend, rules, sync};
use crate::domain::ids::{Generation, TaskNumber, TokenId, UserId, UserName};
use crate::store::{
    Account, AccountChange, Administered, Administration, Grant, GrantKind, Head, NewCredential, SESSIONS_OF_USER_MAX,
    Settings, StoreError, TOKENS_OF_USER_MAX, TokenGrant, User,
};

impl Store {
    /// Accounts in the order of their names, at most `count` of those after `after`.
    pub fn list_accounts(&self, after: Option<&UserName>, count: usize) -> Result<Vec<Account>, StoreError> {
        self.read(|transaction, _| {
            let names = transaction.open_table(USER_NAMES).map_err(failed)?;
            let first = after.map_or("", UserName::as_str);
            let rows = names.range(first..).map_err(failed)?;
            let mut accounts = Vec::new();
            for row in rows {
                let (name, id) = row.map_err(failed)?;
                if accounts.len() == count {
                    break;
                }
                if after.is_some_and(|after| after.as_str() == name.value()) {
                    continue;
                }
                accounts.extend(get_account(transaction, UserId(id.value()))?);
            }
            Ok(accounts)
        })
    }

    /// The account of this name, with what is told of it.
    pub fn get_account(&self, name: &UserName) -> Result<Option<Account>, StoreError> {
        self.read(|transaction, _| {
            let names = transaction.open_table(USER_NAMES).map_err(failed)?;
            let Some(id) = names.get(name.as_str()).map_err(failed)?.map(|id| id.value()) else { return Ok(None) };
            get_account(transaction, UserId(id))
        })
    }

    /// What is kept of the user's password, if there is one.
    pub fn get_credential(&self, user: UserId) -> Result<Option<String>, StoreError> {
        self.read(|transaction, _| get_credential(transaction, user))
    }

    /// What is kept of everybody's password.
    pub fn list_credentials(&self) -> Result<Vec<(UserId, String)>, StoreError> {
        self.read(|transaction, _| {
            let credentials = transaction.open_table(CREDENTIALS).map_err(failed)?;
            let rows = credentials.iter().map_err(failed)?;
            let row = |row: Result<(AccessGuard<'_, u64>, AccessGuard<'_, &str>), _>| {
                let (id, kept) = row.map_err(failed)?;
                Ok((UserId(id.value()), kept.value().to_owned()))
            };
            rows.map(row).collect()
        })
    }

    /// The user's tokens and sessions, the oldest first.
    pub fn list_tokens(&self, user: UserId) -> Result<Vec<TokenGrant>, StoreError> {
        self.read(|transaction, _| {
            let grants = list_grants(transaction, user)?.into_iter();
            let mut listed: Vec<_> = grants.map(|(hash, grant)| TokenGrant { id: TokenId::of(&hash), grant }).collect();
            listed.sort_by_key(|token| (token.grant.created_at, token.id));
            Ok(listed)
        })
    }
}

pub(super) fn get_credential(transaction: &ReadTransaction, user: UserId) -> Result<Option<String>, StoreError> {
    let credentials = transaction.open_table(CREDENTIALS).map_err(failed)?;
    Ok(credentials.get(user.0).map_err(failed)?.map(|kept| kept.value().to_owned()))
}

/// What is granted to the user's tokens and sessions, with their hashes.
pub(super) fn list_grants(transaction: &ReadTransaction, user: UserId) -> Result<Vec<([u8; 32], Grant)>, StoreError> {
    let of_user = transaction.open_table(USER_TOKENS).map_err(failed)?;
    let tokens = transaction.open_table(TOKENS).map_err(failed)?;
    let mut grants = Vec::new();
    for row in of_user.range((user.0, &ALL.0)..=(user.0, &ALL.1)).map_err(failed)? {
        let key = row.map_err(failed)?.0;
        let hash = key.value().1;
        let grant = tokens.get(hash).map_err(failed)?.ok_or(StoreError::Damaged("tokens"))?;
        grants.push((*hash, codec::decode_grant(grant.value())?));
    }
    Ok(grants)
}

fn get_account(transaction: &ReadTransaction, id: UserId) -> Result<Option<Account>, StoreError> {
    let users = transaction.open_table(USERS).map_err(failed)?;
    let Some(user) = users.get(id.0).map_err(failed)? else { return Ok(None) };
    let user = codec::decode_user(id, user.value())?;
    let heads = transaction.open_table(HEADS).map_err(failed)?;
    let head = heads.get(id.0).map_err(failed)?.ok_or(StoreError::Damaged("heads"))?;
    let settings = transaction.open_table(SETTINGS).map_err(failed)?;
    let settings = settings.get(id.0).map_err(failed)?.ok_or(StoreError::Damaged("settings"))?;
    let tasks = transaction.open_table(TASKS).map_err(failed)?;
    let count = tasks.range((id.0, 0, "")..(id.0 + 1, 0, "")).map_err(failed)?.count();
    Ok(Some(Account {
        user,
        settings: codec::decode_settings(settings.value())?,
        generation: codec::decode_head(head.value())?.generation,
        tasks: count,
    }))
}

/// Makes the index of tokens by user, which a database of the first form may lack or have in part.
pub(super) fn index_tokens(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    let mut index = transaction.open_table(USER_TOKENS)?;
    index.retain(|_, ()| false)?;
    for row in transaction.open_table(TOKENS)?.iter()? {
        let (hash, grant) = row?;
        // One that cannot be read lets nobody in, and is nobody's.
        if let Ok(grant) = codec::decode_grant(grant.value()) {
            index.insert((grant.user.0, hash.value()), ())?;
        }
    }
    Ok(())
}

/// Carries out a change of accounts; what it refuses changes nothing.
pub(super) fn apply(
    transaction: &WriteTransaction,
    administration: Administration,
) -> Result<Administered, redb::Error> {
    match administration {
        Administration::AddUser { name, admin, settings, credential, at, must_be_first } => {
            if must_be_first && !transaction.open_table(USERS)?.is_empty()? {
                return Ok(Administered::NotTheFirst);
            }
            if transaction.open_table(USER_NAMES)?.get(name.as_str())?.is_some() {
                return Ok(Administered::NameTaken);
            }
            let id = next_user(transaction)?;
            let user = User { id, name, admin, disabled: false, created_at: at };
            add_user(transaction, &user, settings)?;
            if let Some(NewCredential(of)) = credential {
                transaction.open_table(CREDENTIALS)?.insert(id.0, of(id).as_str())?;
            }
            Ok(Administered::UserAdded(id))
        }
        Administration::ChangeUser { id, change } => change_user(transaction, id, &change),
        Administration::ReplaceCredential { id, before, after } => {
            let mut credentials = transaction.open_table(CREDENTIALS)?;
            if credentials.get(id.0)?.is_none_or(|kept| kept.value() != before) {
                return Ok(Administered::CredentialChanged);
            }
            credentials.insert(id.0, after.as_str())?;
            Ok(Administered::UserChanged)
        }
        Administration::RemoveUser { id } => {
            let Some(user) = user_of(transaction, id)? else { return Ok(Administered::NoSuchUser) };
            if user.is_enabled_admin() && is_last_admin(transaction, id)? {
                return Ok(Administered::LastAdmin);
            }
            remove_user(transaction, &user)?;
            transaction.open_table(META)?.insert(META_REMOVED, [].as_slice())?;
            Ok(Administered::UserRemoved)
        }
        Administration::AddToken { hash, grant, remember, by_credential } => {
            let added = add_token(transaction, &hash, &grant, by_credential.as_deref())?;
            if let (Administered::TokenAdded, Some(remembered)) = (added, remember) {
                changes::remember(transaction, grant.user, grant.created_at, &remembered)?;
            }
            Ok(added)
        }
        Administration::RemoveToken { user, id, kind } => remove_token(transaction, user, id, kind),
        Administration::RemoveSessions { user } => {
            remove_grants(transaction, user, GrantKind::Session)?;
            Ok(Administered::SessionsRemoved)
        }
        Administration::PutRemote { user, remote } => match user_of(transaction, user)? {
            Some(_) => sync::put_remote(transaction, user, remote.as_ref()),
            None => Ok(Administered::NoSuchUser),
        },
        Administration::NoteBasis(noted) => bases::note(transaction, &noted),
        Administration::Mend(rows) => {
            let mut mended = 0;
            for row in &rows {
                mended += usize::from(mend::mend(transaction, row)?);
            }
            Ok(Administered::Mended(mended))
        }
    }
}

fn user_of(transaction: &WriteTransaction, id: UserId) -> Result<Option<User>, redb::Error> {
    let users = transaction.open_table(USERS)?;
    let user = users.get(id.0)?;
    Ok(user.and_then(|bytes| codec::decode_user(id, bytes.value()).ok()))
}

fn change_user(
    transaction: &WriteTransaction,
    id: UserId,
    change: &AccountChange,
) -> Result<Administered, redb::Error> {
    let Some(before) = user_of(transaction, id)? else { return Ok(Administered::NoSuchUser) };
    if let Some(checked) = &change.by_credential
        && transaction.open_table(CREDENTIALS)?.get(id.0)?.is_none_or(|kept| kept.value() != checked)
    {
        return Ok(Administered::CredentialChanged);
    }
    let admin = change.admin.unwrap_or(before.admin);
    let disabled = change.disabled.unwrap_or(before.disabled);
    let after = User { admin, disabled, ..before.clone() };
    if before.is_enabled_admin() && !after.is_enabled_admin() && is_last_admin(transaction, id)? {
        return Ok(Administered::LastAdmin);
    }
    transaction.open_table(USERS)?.insert(id.0, codec::encode_user(&after).as_slice())?;
    if let Some(credential) = &change.credential {
        transaction.open_table(CREDENTIALS)?.insert(id.0, credential.as_str())?;
    }
    if change.credential.is_some() || disabled {
        remove_grants(transaction, id, GrantKind::Session)?;
    }
    if disabled {
        remove_grants(transaction, id, GrantKind::Token)?;
    }
    Ok(Administered::UserChanged)
}

/// Whether there are other users, but no other of them could administer anything.
fn is_last_admin(transaction: &WriteTransaction, id: UserId) -> Result<bool, redb::Error> {
    let mut has_others = false;
    for row in transaction.open_table(USERS)?.iter()? {
        let (other, bytes) = row?;
        let other = UserId(other.value());
        if other == id {
            continue;
        }
        has_others = true;
        if codec::decode_user(other, bytes.value()).is_ok_and(|user| user.is_enabled_admin()) {
            return Ok(false);
        }
    }
    Ok(has_others)
}

/// Takes the next user id; ids are never given twice.
fn next_user(transaction: &WriteTransaction) -> Result<UserId, redb::Error> {
    let mut meta = transaction.open_table(META)?;
    let stored = meta.get(META_NEXT_USER)?.and_then(|bytes| bytes.value().try_into().ok().map(u64::from_be_bytes));
    let id = stored.unwrap_or(1);
    meta.insert(META_NEXT_USER, (id + 1).to_be_bytes().as_slice())?;
    Ok(UserId(id))
}

fn add_user(transaction: &WriteTransaction, user: &User, settings: Settings) -> Result<(), redb::Error> {
    let head = Head { generation: Generation(0), committed_at: user.created_at, next_number: Some(TaskNumber::FIRST) };
    put_user(transaction, user, settings, &head)
}

pub(super) fn put_user(
    transaction: &WriteTransaction,
    user: &User,
    settings: Settings,
    head: &Head,
) -> Result<(), redb::Error> {
    let id = user.id.0;
    transaction.open_table(USER_NAMES)?.insert(user.name.as_str(), id)?;
    transaction.open_table(USERS)?.insert(id, codec::encode_user(user).as_slice())?;
    transaction.open_table(SETTINGS)?.insert(id, codec::encode_settings(settings).as_slice())?;
    transaction.open_table(HEADS)?.insert(id, codec::encode_head(head).as_slice())?;
    Ok(())
}

/// Every row of the user's in every table. A new table with rows by user belongs here.
fn remove_user(transaction: &WriteTransaction, user: &User) -> Result<(), redb::Error> {
    let id = user.id.0;
    transaction.open_table(USER_NAMES)?.remove(user.name.as_str())?;
    transaction.open_table(USERS)?.remove(id)?;
    transaction.open_table(CREDENTIALS)?.remove(id)?;
    transaction.open_table(HEADS)?.remove(id)?;
    transaction.open_table(SETTINGS)?.remove(id)?;
    transaction.open_table(TIMELINES)?.remove(id)?;
    transaction.open_table(DOCUMENTS)?.retain_in((id, 0, "")..(id + 1, 0, ""), |_, _| false)?;
    transaction.open_table(TASKS)?.retain_in((id, 0, "")..(id + 1, 0, ""), |_, _| false)?;
    rules::remove_all(transaction, id)?;
    sync::remove_all(transaction, id)?;
    transaction.open_table(HISTORY)?.retain_in((id, 0, 0)..(id + 1, 0, 0), |_, _| false)?;
    transaction.open_table(HISTORY_BY_FILE)?.retain_in((id, "", 0, 0)..(id + 1, "", 0, 0), |_, ()| false)?;
    transaction.open_table(IDEMPOTENCY)?.retain_in((id, "", "")..(id + 1, "", ""), |_, _| false)?;
    // In the order of time, so all of it; it holds one day.
    transaction.open_table(IDEMPOTENCY_BY_TIME)?.retain(|(_, owner, _, _), ()| owner != id)?;
    let mut index = transaction.open_table(USER_TOKENS)?;
    let mut tokens = transaction.open_table(TOKENS)?;
    for row in index.range((id, &[0; 32])..=(id, &[u8::MAX; 32]))? {
        tokens.remove(row?.0.value().1)?;
    }
    index.retain_in((id, &[0; 32])..=(id, &[u8::MAX; 32]), |_, ()| false)?;
    Ok(())
}

fn add_token(
    transaction: &WriteTransaction,
    hash: &[u8; 32],
    grant: &Grant,
    by_credential: Option<&str>,
) -> Result<Administered, redb::Error> {
    let is_session = grant.kind == GrantKind::Session;
    // Whoever is disabled has no session: none is to wait for the account to be opened again.
    if user_of(transaction, grant.user)?.is_none_or(|user| is_session && user.disabled) {
        return Ok(Administered::NoSuchUser);
    }
    if let Some(checked) = by_credential
        && transaction.open_table(CREDENTIALS)?.get(grant.user.0)?.is_none_or(|kept| kept.value() != checked)
    {
        return Ok(Administered::CredentialChanged);
    }
    let present = grants_of(transaction, grant.user, ALL, grant.kind)?;
    let mut has_ended = false;
    match grant.kind {
        GrantKind::Token if present.len() >= TOKENS_OF_USER_MAX => return Ok(Administered::TooManyTokens),
        GrantKind::Token => {}
        GrantKind::Session => has_ended = make_room(transaction, grant.user, present, grant.created_at)?,
    }
    put_grant(transaction, hash, grant)?;
    Ok(if has_ended { Administered::SessionReplacedAnother } else { Administered::TokenAdded })
}

pub(super) fn put_grant(transaction: &WriteTransaction, hash: &[u8; 32], grant: &Grant) -> Result<(), redb::Error> {
    transaction.open_table(USER_TOKENS)?.insert((grant.user.0, hash), ())?;
    transaction.open_table(TOKENS)?.insert(hash, codec::encode_grant(grant).as_slice())?;
    Ok(())
}

const ALL: ([u8; 32], [u8; 32]) = ([0; 32], [u8::MAX; 32]);

/// The user's tokens, or sessions, whose hashes are between two, with their hashes.
fn grants_of(
    transaction: &WriteTransaction,
    user: UserId,
    (first, last): ([u8; 32], [u8; 32]),
    kind: GrantKind,
) -> Result<Vec<([u8; 32], Grant)>, redb::Error> {
    let index = transaction.open_table(USER_TOKENS)?;
    let tokens = transaction.open_table(TOKENS)?;
    let mut grants = Vec::new();
    for row in index.range((user.0, &first)..=(user.0, &last))? {
        let hash = *row?.0.value().1;
        let grant = tokens.get(&hash)?.and_then(|bytes| codec::decode_grant(bytes.value()).ok());
        grants.extend(grant.filter(|grant| grant.kind == kind).map(|grant| (hash, grant)));
    }
    Ok(grants)
}

/// Removes sessions that ended by themselves, and as many as leave a place for one more; whether one that had not ended is
/// among them.
fn make_room(
    transaction: &WriteTransaction,
    user: UserId,
    mut sessions: Vec<([u8; 32], Grant)>,
    now: DateTime<Utc>,
) -> Result<bool, redb::Error> {
    let has_ended = |grant: &Grant| grant.expires_at.is_some_and(|at| at <= now);
    sessions.sort_by_key(|(_, grant)| (!has_ended(grant), grant.last_used_at));
    let ended = sessions.iter().filter(|(_, grant)| has_ended(grant)).count();
    let too_many = (sessions.len() + 1).saturating_sub(SESSIONS_OF_USER_MAX);
    for (hash, _) in &sessions[..ended.max(too_many)] {
        forget_grant(transaction, user, hash)?;
    }
    Ok(too_many > ended)
}

fn forget_grant(transaction: &WriteTransaction, user: UserId, hash: &[u8; 32]) -> Result<(), redb::Error> {
    transaction.open_table(USER_TOKENS)?.remove((user.0, hash))?;
    transaction.open_table(TOKENS)?.remove(hash)?;
    Ok(())
}

fn remove_grants(transaction: &WriteTransaction, user: UserId, kind: GrantKind) -> Result<(), redb::Error> {
    for (hash, _) in grants_of(transaction, user, ALL, kind)? {
        forget_grant(transaction, user, &hash)?;
    }
    Ok(())
}

fn remove_token(
    transaction: &WriteTransaction,
    user: UserId,
    id: TokenId,
    kind: GrantKind,
) -> Result<Administered, redb::Error> {
    let found = grants_of(transaction, user, id.hashes(), kind)?;
    let Some((hash, _)) = found.first() else { return Ok(Administered::NoSuchToken) };
    forget_grant(transaction, user, hash)?;
    Ok(Administered::TokenRemoved)
}

/// Notes when a token was last used, if it is still there.
pub(super) fn note_use(transaction: &WriteTransaction, hash: &[u8; 32], at_millis: i64) -> Result<(), redb::Error> {
    let mut tokens = transaction.open_table(TOKENS)?;
    let grant = tokens.get(hash)?.and_then(|bytes| codec::decode_grant(bytes.value()).ok());
    let Some(grant) = grant else { return Ok(()) };
    let used = DateTime::from_timestamp_millis(at_millis).or(grant.last_used_at);
    tokens.insert(hash, codec::encode_grant(&Grant { last_used_at: used, ..grant }).as_slice())?;
    Ok(())
}
