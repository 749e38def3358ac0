//! Users and tokens: who may ask.

use std::cell::RefCell;
use std::sync::Arc;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::Service;
use super::error::{Fault, Refusal, ServiceError, repeatable};
use crate::domain::ids::{UserId, UserName};
use crate::domain::lang::Phrase;
use crate::store::{Administered, Administration, Grant, Scopes, Settings, StoreError, User, random};

/// Who asks, and what that one may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub user: UserId,
    pub name: UserName,
    pub scopes: Scopes,
    /// By which way the requests come, for the history.
    pub through: &'static str,
    expires_at: Option<DateTime<Utc>>,
}

/// Tokens whose grants are kept in memory; the coldest make room.
const GRANTS_MAX: usize = 65_536;

/// Grants by the hash of their token.
pub(super) struct GrantCache(Cache<[u8; 32], Arc<Actor>>);

impl Default for GrantCache {
    fn default() -> Self {
        GrantCache(Cache::new(GRANTS_MAX))
    }
}

/// The shortest and the longest password, in characters.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=128;

/// The longest name of a token, in characters.
const TOKEN_NAME_CHARS_MAX: usize = 64;

impl Service {
    /// Whom a token stands for; `None` when it is not valid now. Blocks for microseconds at most.
    pub fn authenticate(&self, token: &str) -> Result<Option<Arc<Actor>>, StoreError> {
        if !token_is_well_formed(token) {
            return Ok(None);
        }
        let hash = hash_of(token);
        let actor = match self.grants.0.get(&hash) {
            Some(actor) => actor,
            None => {
                let Some(grant) = self.store.get_grant(&hash)? else { return Ok(None) };
                let Some(user) = self.store.get_user(grant.user)? else { return Ok(None) };
                let actor = Arc::new(Actor {
                    user: user.id,
                    name: user.name,
                    scopes: grant.scopes,
                    through: "token",
                    expires_at: grant.expires_at,
                });
                self.grants.0.insert(hash, actor.clone());
                actor
            }
        };
        Ok(Some(actor).filter(|actor| actor.expires_at.is_none_or(|at| self.clock.now() < at)))
    }

    /// An actor who needs no token: the owner of a demo.
    pub fn trusted_actor(&self, user: &User, through: &'static str) -> Arc<Actor> {
        let scopes = Scopes::READ.with(Scopes::WRITE);
        Arc::new(Actor { user: user.id, name: user.name.clone(), scopes, through, expires_at: None })
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
            Administered::UserAdded(id) => Ok(User { id, name: user_name, admin, created_at: at }),
            Administered::NameTaken => Err(Refusal::UserExists { name: name.to_owned() }.into()),
            Administered::TokenAdded | Administered::NoSuchUser => Err(StoreError::Damaged("users").into()),
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

    /// Makes a token. Only its hash is kept, so this is the one time that it is seen.
    pub async fn create_token(
        &self,
        user: &str,
        scopes: Scopes,
        token_name: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<String, ServiceError> {
        if token_name.chars().count() > TOKEN_NAME_CHARS_MAX {
            return Err(Refusal::field("name", Fault::TooLong { chars_max: TOKEN_NAME_CHARS_MAX }).into());
        }
        if token_name.chars().any(char::is_control) {
            return Err(Refusal::field("name", Fault::ControlCharacter).into());
        }
        let owner = self.require_user(user)?;
        let token = new_token();
        let grant = Grant {
            user: owner.id,
            token_name: token_name.to_owned(),
            scopes,
            created_at: self.clock.now(),
            expires_at,
        };
        let added = Administration::AddToken { hash: Sha256::digest(&token).into(), grant };
        match self.store.administer(added).await? {
            Administered::TokenAdded => Ok(token),
            Administered::NoSuchUser => Err(Refusal::NoSuchUser { name: user.to_owned() }.into()),
            Administered::UserAdded(_) | Administered::NameTaken => Err(StoreError::Damaged("tokens").into()),
        }
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

fn require_name(name: &str) -> Result<UserName, Refusal> {
    let expected = Phrase {
        en: "1 to 39 characters of a-z, 0-9, '.', '_', '-', beginning with a letter or digit",
        de: "1 bis 39 Zeichen aus a-z, 0-9, '.', '_', '-', am Anfang Buchstabe oder Ziffer",
    };
    UserName::parse(name).ok_or_else(|| Refusal::field("name", Fault::Malformed { expected }))
}

/// Hashes with Argon2id (RFC 9106), 19 MiB, 2 passes, 1 lane, on a thread where 25 ms hold nobody up.
async fn hash_password(password: String) -> Result<String, ServiceError> {
    check_password(&password)?;
    let hash = move || {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| error.to_string())?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = hasher.hash_password_with_salt(password.as_bytes(), &random::<16>());
        hash.map(|hash| hash.to_string()).map_err(|error| error.to_string())
    };
    let hashed = tokio::task::spawn_blocking(hash).await.map_err(|error| error.to_string()).and_then(|hash| hash);
    hashed.map_err(|detail| StoreError::NotWritten(detail).into())
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN_PREFIX: &str = "cmr_";
/// 32 bytes need 43 digits of base 62, a 32-bit checksum 6.
const SECRET_DIGITS: usize = 43;
const CHECKSUM_DIGITS: usize = 6;

/// `cmr_`, 32 random bytes in base 62, and a CRC-32 of those digits in base 62: a typing error is told
/// without asking the database, and a scanner for leaked secrets can be sure of what it found.
fn new_token() -> String {
    let secret = base62(&random::<32>(), SECRET_DIGITS);
    let checksum = checksum(&secret).map(char::from);
    [TOKEN_PREFIX, &secret].into_iter().flat_map(str::chars).chain(checksum).collect()
}

/// A token and its SHA-256.
type Hashed = (Box<str>, [u8; 32]);

thread_local! {
    /// The token that this thread hashed last, in each of a few places, with its hash.
    static HASHED: RefCell<[Option<Hashed>; HASHED_PLACES]> = const { RefCell::new([const { None }; HASHED_PLACES]) };
}

const HASHED_PLACES: usize = 128;

/// The SHA-256 of a well-formed token. Clients send the same one again and again, so each thread remembers some. Only
/// a hash is remembered, never what it grants: a token that is revoked is refused at once.
fn hash_of(token: &str) -> [u8; 32] {
    // The last digits of the checksum spread tokens evenly.
    let place = token.bytes().rev().take(3).fold(0, |place, digit| place * 31 + usize::from(digit)) % HASHED_PLACES;
    HASHED.with_borrow_mut(|hashed| match &hashed[place] {
        Some((known, hash)) if is_same_secret(known, token) => *hash,
        _ => {
            let hash = Sha256::digest(token).into();
            hashed[place] = Some((token.into(), hash));
            hash
        }
    })
}

/// Compares without telling by the time where the first difference is: the one known may be somebody else's.
fn is_same_secret(known: &str, token: &str) -> bool {
    let differences = known.bytes().zip(token.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
    known.len() == token.len() && differences == 0
}

fn checksum(secret: &str) -> [u8; CHECKSUM_DIGITS] {
    base62_of(crc32fast::hash(secret.as_bytes()))
}

/// As [`base62`], without an allocation: every request's token is looked at.
fn base62_of(number: u32) -> [u8; CHECKSUM_DIGITS] {
    let mut left = number as usize;
    let mut digits = [b'0'; CHECKSUM_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[left % 62];
        left /= 62;
    }
    digits
}

fn token_is_well_formed(token: &str) -> bool {
    let Some(digits) = token.strip_prefix(TOKEN_PREFIX) else { return false };
    let length_ok = digits.len() == SECRET_DIGITS + CHECKSUM_DIGITS && digits.is_ascii();
    length_ok && checksum(&digits[..SECRET_DIGITS]) == digits.as_bytes()[SECRET_DIGITS..]
}

/// The big-endian number in base 62, padded to `digits`.
fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = vec![b'0'; digits];
    for digit in text.iter_mut().rev() {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            // Below 256, because the remainder is below 62.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = BASE62[remainder as usize];
    }
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base62_is_positional() {
        assert_eq!(base62(&[0], 2), "00");
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[62], 2), "10");
        assert_eq!(base62(&[1, 0], 3), "048");
        assert_eq!(base62(&[255; 4], CHECKSUM_DIGITS).as_bytes(), base62_of(u32::MAX));
        // 62^43 > 2^256: the digits hold every secret.
        assert_ne!(base62(&[255; 32], SECRET_DIGITS).as_bytes()[0], b'z');
    }

    #[test]
    fn a_remembered_hash_is_the_tokens_own() {
        // More than there are places, so that they push one another out; and again, when they are known.
        let tokens: Vec<String> = (0..3 * HASHED_PLACES).map(|_| new_token()).collect();
        for token in tokens.iter().chain(&tokens).flat_map(|token| [token, token]) {
            assert_eq!(hash_of(token), <[u8; 32]>::from(Sha256::digest(token)));
        }
        assert!(is_same_secret("abc", "abc"));
        for other in ["abd", "xbc", "ab", "abcd", ""] {
            assert!(!is_same_secret("abc", other), "{other}");
        }
    }

    #[test]
    fn tokens_carry_their_checksum() {
        let token = new_token();
        assert_eq!(token.len(), 4 + 43 + 6);
        assert!(token_is_well_formed(&token));
        let mut wrong = token.clone().into_bytes();
        wrong[10] = if wrong[10] == b'a' { b'b' } else { b'a' };
        assert!(!token_is_well_formed(&String::from_utf8(wrong).unwrap()));
        for bad in ["", "cmr_", "cmr_ä", &token[4..], &token[..token.len() - 1]] {
            assert!(!token_is_well_formed(bad), "{bad}");
        }
    }
}
