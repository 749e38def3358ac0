//! Tokens: whom one stands for, what it allows, and how that ends at once. Sessions are let in here as well.

mod secret;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

pub(super) use self::secret::base62_code;
use self::secret::{hash_of, new_secret};
use super::accounts::Actor;
use super::error::{Fault, Refusal, ServiceError, repeatable};
use super::idempotency::{IdempotencyKey, KeyGuard};
use super::{Service, read};
use crate::domain::ids::{TokenId, UserId};
use crate::domain::lang::Phrase;
use crate::domain::{date, span};
use crate::store::{Administered, Administration, Grant, GrantKind, Remembered, Scopes, StoreError, User};

pub use crate::store::TokenGrant;

/// Tokens whose grants are kept in memory; the coldest make room.
const GRANTS_MAX: usize = 65_536;

/// The longest name of a token, in characters.
const TOKEN_NAME_CHARS_MAX: usize = 64;

/// A use is written down when it is the first of its hour.
const HOUR_MILLIS: i64 = 60 * 60 * 1_000;

/// A session that was not used for this long has ended: its browser is gone, or somebody else's by now.
const IDLE_HOURS_MAX: i64 = 30 * 24;

/// The token or session that an actor came with.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) kind: GrantKind,
    pub(super) hash: [u8; 32],
    /// The state of all accounts that the grant was read at.
    epoch: u64,
    /// The hour of the last use that was written down, counted from 1970.
    used_hour: AtomicI64,
}

/// Grants by the hash of their token.
///
/// Whatever takes rights away raises the epoch once it is durable and before anybody is told. A grant counts only
/// in the epoch that its reading began in, so none that was read before outlives the change, however late it is
/// put into the map. A database that is opened anew after a fault of the disk raises it too: what was read of the one
/// before may have gone away.
pub(super) struct GrantCache {
    actors: Cache<[u8; 32], Arc<Actor>>,
    epoch: AtomicU64,
    /// The same number, for those that wait for it to change.
    changed: watch::Sender<u64>,
}

impl Default for GrantCache {
    fn default() -> Self {
        GrantCache { actors: Cache::new(GRANTS_MAX), epoch: AtomicU64::new(0), changed: watch::Sender::new(0) }
    }
}

impl GrantCache {
    /// From now on every grant is read again.
    pub(super) fn forget(&self) {
        let epoch = self.epoch.fetch_add(1, Ordering::AcqRel) + 1;
        self.changed.send_modify(|known| *known = epoch.max(*known));
    }
}

/// The state of all rights that somebody has looked at.
pub struct RightsSeen {
    changed: watch::Receiver<u64>,
    opened: watch::Receiver<u64>,
}

/// What is asked of a new token; what is left out is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFields {
    pub name: Option<String>,
    pub scopes: Option<Vec<String>>,
    /// From now: `90d`.
    pub expires: Option<String>,
    /// RFC 3339.
    pub expires_at: Option<String>,
}

/// A token that was made.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Shown this once: only its hash is kept.
    pub token: String,
    pub id: TokenId,
    pub grant: Grant,
}

impl Service {
    /// Whom a token stands for; `None` when it is not valid now.
    pub fn authenticate(&self, token: &str) -> Result<Option<Arc<Actor>>, StoreError> {
        self.authenticate_at(GrantKind::Token, token.as_bytes(), self.clock.now())
    }

    /// Whom a token or a session stands for; `None` when it is not a valid one of this kind now. Blocks for microseconds
    /// at most.
    pub fn authenticate_at(
        &self,
        kind: GrantKind,
        secret: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<Arc<Actor>>, StoreError> {
        let Some(hash) = hash_of(kind, secret) else { return Ok(None) };
        let epoch = self.epoch_of_grants();
        let known = self.grants.actors.get(&hash);
        let known = known.filter(|actor| actor.shown.as_ref().is_some_and(|shown| shown.epoch == epoch));
        let actor = match known {
            Some(actor) => actor,
            None => {
                let Some(actor) = self.granted(hash, epoch)?.map(Arc::new) else { return Ok(None) };
                self.grants.actors.insert(hash, actor.clone());
                actor
            }
        };
        if !actor.is_valid_at(now) {
            return Ok(None);
        }
        self.note_use(&actor, now);
        Ok(Some(actor))
    }

    /// Whose feed a token opens. One that would open more has no place in an address.
    pub fn authenticate_feed(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Arc<Actor>>, StoreError> {
        let actor = self.authenticate_at(GrantKind::Token, token.as_bytes(), now)?;
        Ok(actor.filter(|actor| actor.scopes == Scopes::FEED))
    }

    /// Both go up only, so their sum is another as soon as one of them is.
    fn epoch_of_grants(&self) -> u64 {
        self.grants.epoch.load(Ordering::Acquire) + self.store.opening()
    }

    /// What the database says that a token grants at present.
    fn granted(&self, hash: [u8; 32], epoch: u64) -> Result<Option<Actor>, StoreError> {
        let Some(grant) = self.store.get_grant(&hash)? else { return Ok(None) };
        let Some(user) = self.store.get_user(grant.user)?.filter(|user| !user.disabled) else { return Ok(None) };
        let used_hour = used_hour(&grant);
        let through = match grant.kind {
            GrantKind::Token => "token",
            GrantKind::Session => "web",
        };
        Ok(Some(Actor {
            user: user.id,
            name: user.name,
            // Somebody who is no administrator any more has no token that is one.
            scopes: if user.admin { grant.scopes } else { grant.scopes.without(Scopes::ADMIN) },
            through,
            expires_at: grant.expires_at,
            shown: Some(Shown { kind: grant.kind, hash, epoch, used_hour: AtomicI64::new(used_hour) }),
        }))
    }

    /// Notes the first use of each hour, without waiting for it to be written.
    fn note_use(&self, actor: &Actor, now: DateTime<Utc>) {
        let Some(shown) = &actor.shown else { return };
        let hour = hour_of(now);
        if shown.used_hour.load(Ordering::Relaxed) != hour && shown.used_hour.swap(hour, Ordering::Relaxed) != hour {
            self.store.note_use(shown.hash, now);
        }
    }

    /// What an actor who was let in may do by now, for requests that take long; `None` when that is nothing any more.
    pub fn rights_left(&self, actor: &Actor) -> Result<Option<Scopes>, StoreError> {
        let Some(shown) = &actor.shown else {
            return Ok(self.store.get_user(actor.user)?.map(|_| actor.scopes));
        };
        let (now, epoch) = (self.clock.now(), self.epoch_of_grants());
        if shown.epoch == epoch {
            return Ok(actor.is_valid_at(now).then_some(actor.scopes));
        }
        let granted = self.granted(shown.hash, epoch)?.filter(|granted| granted.is_valid_at(now));
        Ok(granted.map(|granted| granted.scopes))
    }

    /// Ready whenever rights may have ended since `seen`, which [`Service::rights_seen`] began with.
    pub async fn rights_change(&self, seen: &mut RightsSeen) {
        // A sender that is gone ends with the service, and there is no more to be told.
        tokio::select! {
            _ = seen.changed.changed() => {}
            _ = seen.opened.changed() => {}
        }
    }

    pub fn rights_seen(&self) -> RightsSeen {
        RightsSeen { changed: self.grants.changed.subscribe(), opened: self.store.openings() }
    }

    /// Makes a token. Only its hash is kept, so this is the one time that it is seen.
    pub async fn create_token(
        &self,
        user: &str,
        scopes: Scopes,
        token_name: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<String, ServiceError> {
        let owner = self.require_user(user)?.id;
        check_token_name(token_name)?;
        let now = self.clock.now();
        let grant = token_grant(owner, scopes, token_name.to_owned(), expires_at, now);
        Ok(self.add_grant(grant, None, None).await?.token)
    }

    /// Makes a token for the one who asks, who can give nothing that he does not have. One that this key made before
    /// is not made a second time, and cannot be shown again.
    ///
    /// # Errors
    /// A scope that the asker's own token lacks, a longer life than its own, and fields that are not right;
    /// [`Refusal::TokenIssuedBefore`], and those of any request with a key.
    pub async fn issue_token(
        self: &Arc<Self>,
        by: &Actor,
        fields: TokenFields,
        key: Option<IdempotencyKey>,
    ) -> Result<Issued, ServiceError> {
        let guard = key.map(|key| KeyGuard::take(self, by.user, key)).transpose()?;
        if let Some(guard) = &guard
            && let Some(id) = self.repeated_beside(by.user, guard.key())?
        {
            return Err(Refusal::TokenIssuedBefore { id }.into());
        }
        let scopes = match &fields.scopes {
            Some(words) => scopes_of(words)?,
            None => by.scopes.only(Scopes::READ.with(Scopes::WRITE)),
        };
        let missing = scopes.without(givable(by.scopes));
        if let Some(scope) = missing.names().first() {
            return Err(Refusal::ScopeNotHeld { scope }.into());
        }
        let expires_at = self.expiry(by, &fields)?;
        let name = fields.name.unwrap_or_default();
        check_token_name(&name)?;
        let grant = token_grant(by.user, scopes, name, expires_at, self.clock.now());
        let service = self.clone();
        // It goes on when its asker goes away, and holds the key until it is known what became of it.
        let work = async move { service.add_grant(grant, guard.as_ref(), None).await };
        let cut = |_| Err(StoreError::Unknown("the change was interrupted".to_owned()).into());
        tokio::spawn(work).await.unwrap_or_else(cut)
    }

    /// When a new token ends: as asked, and never after the asker's own.
    fn expiry(&self, by: &Actor, fields: &TokenFields) -> Result<Option<DateTime<Utc>>, Refusal> {
        let now = self.clock.now();
        let wanted = match (&fields.expires, &fields.expires_at) {
            (Some(_), Some(_)) => {
                return Err(Refusal::field("expires", Fault::NotTogetherWith { other: "expiresAt" }));
            }
            (Some(text), None) => Some(
                span::parse(text)
                    .map(|span| now + span)
                    .ok_or(Refusal::field("expires", Fault::Malformed { expected: SPAN }))?,
            ),
            (None, Some(text)) => Some(
                date::parse_instant(text)
                    .filter(|at| *at > now)
                    .ok_or(Refusal::field("expiresAt", Fault::Malformed { expected: INSTANT }))?,
            ),
            (None, None) => None,
        };
        // A session stands for the person, whose tokens go on when the browser is signed out.
        let own = by.expires_at.filter(|_| by.session().is_none());
        match (wanted, own) {
            (Some(wanted), Some(own)) if wanted > own => Err(Refusal::OutlivesToken),
            (wanted, own) => Ok(wanted.or(own)),
        }
    }

    /// Makes a secret that grants this; one of somebody who came in with a password, only while that is the password.
    pub(super) async fn add_grant(
        &self,
        grant: Grant,
        key: Option<&KeyGuard>,
        by_credential: Option<String>,
    ) -> Result<Issued, ServiceError> {
        let missing = || Refusal::NoSuchUser { name: grant.user.0.to_string() };
        let owner: User = self.store.get_user(grant.user)?.ok_or_else(missing)?;
        let administers = grant.kind == GrantKind::Token && grant.scopes.allow(Scopes::ADMIN);
        if administers && !owner.admin {
            return Err(Refusal::NotAnAdministrator { name: owner.name.as_str().to_owned() }.into());
        }
        let token = new_secret(grant.kind);
        let hash: [u8; 32] = Sha256::digest(&token).into();
        let id = TokenId::of(&hash);
        // Which token it was, and never the token.
        let remember: Option<Remembered> = key.map(|key| key.key().remember(&id.to_string()));
        let added = Administration::AddToken { hash, grant: grant.clone(), remember, by_credential };
        match self.store.administer(added).await? {
            Administered::TokenAdded => Ok(Issued { token, id, grant }),
            Administered::SessionReplacedAnother => {
                self.grants.forget();
                Ok(Issued { token, id, grant })
            }
            refused => Err(super::accounts::refusal(refused, owner.name.as_str(), "")),
        }
    }

    /// The user's tokens, the oldest first.
    pub async fn list_tokens(self: &Arc<Self>, user: UserId) -> Result<Vec<TokenGrant>, ServiceError> {
        let service = self.clone();
        read(move || service.list_grants(user, GrantKind::Token)).await
    }

    /// The user's tokens, or sessions, the oldest first.
    pub(super) fn list_grants(&self, user: UserId, kind: GrantKind) -> Result<Vec<TokenGrant>, ServiceError> {
        let mut grants = self.store.list_tokens(user)?;
        grants.retain(|listed| listed.grant.kind == kind);
        Ok(grants)
    }

    /// Ends one of the user's tokens: it is refused from the moment that this returns.
    pub async fn revoke_token(self: &Arc<Self>, user: UserId, id: &str) -> Result<(), ServiceError> {
        self.end_grant(user, id, GrantKind::Token).await
    }

    /// Ends one of the user's tokens or sessions.
    pub(super) async fn end_grant(
        self: &Arc<Self>,
        user: UserId,
        id: &str,
        kind: GrantKind,
    ) -> Result<(), ServiceError> {
        let missing = || Refusal::NoSuchToken { id: repeatable(id, 40) };
        let token = TokenId::parse(id).ok_or_else(missing)?;
        match self.change_rights(Administration::RemoveToken { user, id: token, kind }).await? {
            Administered::TokenRemoved => Ok(()),
            refused => Err(super::accounts::refusal(refused, "", &repeatable(id, 40))),
        }
    }

    /// Carries out what may take rights away. It goes on to its end even when the asker goes away: else the change
    /// would be on disk, and what was known of the rights before would still count.
    pub(super) async fn change_rights(self: &Arc<Self>, what: Administration) -> Result<Administered, ServiceError> {
        let service = self.clone();
        let work = async move {
            let administered = service.store.administer(what).await;
            // Whatever came of it: a change that failed may be on disk as well.
            service.grants.forget();
            administered
        };
        let cut = |_| Err(StoreError::Unknown("the change was interrupted".to_owned()));
        Ok(tokio::spawn(work).await.unwrap_or_else(cut)?)
    }
}

const SPAN: Phrase = Phrase {
    en: "a number and d, h or m, such as 90d, at most 3650d",
    de: "eine Zahl und d, h oder m, etwa 90d, höchstens 3650d",
};
const INSTANT: Phrase = Phrase {
    en: "an RFC 3339 instant that is still to come, such as 2031-01-01T00:00:00Z",
    de: "ein künftiger Zeitpunkt nach RFC 3339, etwa 2031-01-01T00:00:00Z",
};

impl Actor {
    /// Whether it was a token or a session that the actor was let in with; none for whoever has the data directory.
    pub fn came_with(&self) -> Option<GrantKind> {
        self.shown.as_ref().map(|shown| shown.kind)
    }

    /// Whether what the actor came with did not end by itself.
    fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        let is_idle = |shown: &Shown| is_idle(shown.kind, shown.used_hour.load(Ordering::Relaxed), now);
        self.expires_at.is_none_or(|at| now < at) && !self.shown.as_ref().is_some_and(is_idle)
    }
}

impl Grant {
    /// Whether it did not end by itself.
    pub(super) fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|at| now < at) && !is_idle(self.kind, used_hour(self), now)
    }
}

fn used_hour(grant: &Grant) -> i64 {
    grant.last_used_at.map_or(i64::MIN, hour_of)
}

fn is_idle(kind: GrantKind, used_hour: i64, now: DateTime<Utc>) -> bool {
    kind == GrantKind::Session && hour_of(now).saturating_sub(used_hour) > IDLE_HOURS_MAX
}

fn token_grant(
    user: UserId,
    scopes: Scopes,
    token_name: String,
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
) -> Grant {
    Grant { user, kind: GrantKind::Token, token_name, scopes, created_at, expires_at, last_used_at: None }
}

fn hour_of(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis().div_euclid(HOUR_MILLIS)
}

/// What somebody with these scopes may give: a feed shows less than reading does.
fn givable(held: Scopes) -> Scopes {
    if held.allow(Scopes::READ) { held.with(Scopes::FEED) } else { held }
}

fn scopes_of(words: &[String]) -> Result<Scopes, Refusal> {
    let all = Scopes::READ.with(Scopes::WRITE).with(Scopes::FEED).with(Scopes::ADMIN);
    let scopes = words.iter().map(|word| {
        let unknown = || {
            let known = all.names().into_iter().map(str::to_owned).collect();
            Refusal::field("scopes", Fault::UnknownWord { value: repeatable(word, 40), known })
        };
        Scopes::parse(word).ok_or_else(unknown)
    });
    let scopes = scopes.collect::<Result<Vec<_>, _>>()?.into_iter().reduce(Scopes::with);
    scopes.ok_or(Refusal::field("scopes", Fault::Empty))
}

fn check_token_name(name: &str) -> Result<(), Refusal> {
    if name.chars().count() > TOKEN_NAME_CHARS_MAX {
        return Err(Refusal::field("name", Fault::TooLong { chars_max: TOKEN_NAME_CHARS_MAX }));
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::field("name", Fault::ControlCharacter));
    }
    Ok(())
}
