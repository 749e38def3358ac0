//! Users: who may ask.

use std::sync::Arc;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use super::Service;
use super::error::{Fault, Refusal, ServiceError, repeatable};
use super::tokens::Shown;
use crate::domain::ids::{UserId, UserName};
use crate::domain::lang::Phrase;
use crate::store::{Administered, Administration, Scopes, Settings, StoreError, User, random};

/// Who asks, and what that one may do.
#[derive(Debug)]
pub struct Actor {
    pub user: UserId,
    pub name: UserName,
    pub scopes: Scopes,
    /// By which way the requests come, for the history.
    pub through: &'static str,
    pub(super) expires_at: Option<DateTime<Utc>>,
    /// The token that was shown, if it was one.
    pub(super) shown: Option<Shown>,
}

impl Actor {
    /// When the right to ask ends by itself.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }
}

/// The shortest and the longest password, in characters.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=128;

impl Service {
    /// An actor who needs no token: the owner of a demo.
    pub fn trusted_actor(&self, user: &User, through: &'static str) -> Arc<Actor> {
        let scopes = Scopes::READ.with(Scopes::WRITE);
        Arc::new(Actor { user: user.id, name: user.name.clone(), scopes, through, expires_at: None, shown: None })
    }

    /// The administrator of this machine, acting for a user: whoever has the data directory may do everything
    /// that is in it.
    pub fn acting_for(&self, name: &str) -> Result<Arc<Actor>, ServiceError> {
        let user = self.require_user(name)?;
        let scopes = Scopes::READ.with(Scopes::WRITE).with(Scopes::ADMIN);
        Ok(Arc::new(Actor { user: user.id, name: user.name, scopes, through: "cli", expires_at: None, shown: None }))
    }

    /// Adds an account.
    ///
    /// # Errors
    /// A name that is none or is taken, a password that is too short or too long.
    pub async fn add_user(
        &self,
        name: &str,
        admin: bool,
        settings: Settings,
        password: Option<String>,
    ) -> Result<User, ServiceError> {
        let user_name = require_name(name)?;
        let password_hash = match password {
            Some(password) => Some(hash_password(password).await?),
            None => None,
        };
        let at = self.clock.now();
        let added = Administration::AddUser { name: user_name.clone(), admin, settings, password_hash, at };
        match self.store.administer(added).await? {
            Administered::UserAdded(id) => Ok(User { id, name: user_name, admin, disabled: false, created_at: at }),
            refused => Err(refusal(refused, name, "")),
        }
    }

    /// The account of this name.
    pub fn require_user(&self, name: &str) -> Result<User, ServiceError> {
        let missing = || Refusal::NoSuchUser { name: repeatable(name, 80) };
        let user = match UserName::parse(name) {
            Some(name) => self.store.get_user_by_name(&name)?,
            None => None,
        };
        Ok(user.ok_or_else(missing)?)
    }
}

/// Why a change of accounts was refused; `name` is the user's, `token` what was said to be the id of one.
pub(super) fn refusal(administered: Administered, name: &str, token: &str) -> ServiceError {
    let name = name.to_owned();
    match administered {
        Administered::NameTaken => Refusal::UserExists { name }.into(),
        Administered::LastAdmin => Refusal::LastAdmin { name }.into(),
        Administered::TooManyTokens => Refusal::TooManyTokens.into(),
        Administered::NoSuchUser => Refusal::NoSuchUser { name }.into(),
        Administered::NoSuchToken => Refusal::NoSuchToken { id: token.to_owned() }.into(),
        Administered::UserAdded(_)
        | Administered::UserChanged
        | Administered::UserRemoved
        | Administered::TokenAdded
        | Administered::TokenRemoved => StoreError::Damaged("users").into(),
    }
}

/// Whether an account can have this name and this password, apart from the name being taken.
pub fn check_new_user(name: &str, password: Option<&str>) -> Result<(), Refusal> {
    require_name(name)?;
    password.map_or(Ok(()), check_password)
}

fn check_password(password: &str) -> Result<(), Refusal> {
    let expected = Phrase { en: "12 to 128 characters long", de: "12 bis 128 Zeichen" };
    let is_good = PASSWORD_CHARS.contains(&password.chars().count());
    if is_good { Ok(()) } else { Err(Refusal::field("password", Fault::Malformed { expected })) }
}

pub(super) fn require_name(name: &str) -> Result<UserName, Refusal> {
    let expected = Phrase {
        en: "1 to 39 characters of a-z, 0-9, '.', '_', '-', beginning with a letter or digit",
        de: "1 bis 39 Zeichen aus a-z, 0-9, '.', '_', '-', am Anfang Buchstabe oder Ziffer",
    };
    UserName::parse(name).ok_or_else(|| Refusal::field("name", Fault::Malformed { expected }))
}

/// Hashes that are made at the same time: each takes 19 MiB and a core.
static HASHING: Semaphore = Semaphore::const_new(4);

/// Hashes with Argon2id (RFC 9106), 19 MiB, 2 passes, 1 lane, on a thread where 25 ms hold nobody up.
pub(super) async fn hash_password(password: String) -> Result<String, ServiceError> {
    check_password(&password)?;
    // Nobody closes it.
    let _turn = HASHING.acquire().await;
    let hash = move || {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| error.to_string())?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = hasher.hash_password_with_salt(password.as_bytes(), &random::<16>());
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    };
    let hashed = tokio::task::spawn_blocking(hash).await.map_err(|error| error.to_string()).and_then(|hash| hash);
    hashed.map_err(|detail| StoreError::NotWritten(detail).into())
}
