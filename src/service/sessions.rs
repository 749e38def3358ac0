//! Sessions: how somebody who signed in stays signed in, and how that ends.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::TimeDelta;

use super::accounts::Actor;
use super::error::{AccessRefusal, Refusal, ServiceError};
use super::tokens::TokenGrant;
use super::{Service, read};
use crate::domain::ids::{TokenId, UserId};
use crate::store::{Administered, Administration, Grant, GrantKind, Scopes, StoreError, User};

/// How long a session may last. It ends earlier when it is not used, see `tokens`.
pub const SESSION_LASTS: TimeDelta = TimeDelta::days(180);

/// What is kept of what a browser says that it is, in characters.
const BROWSER_CHARS_MAX: usize = 256;

/// Somebody at the door, before it is known who.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    /// Where the visitor's own connection comes from; none on the control socket.
    pub address: Option<IpAddr>,
    /// What the browser says that it is.
    pub browser: String,
    /// The sessions that the browser has already.
    pub present: Vec<Arc<Actor>>,
}

/// Somebody who was let in.
#[derive(Debug)]
pub struct SignedIn {
    pub user: User,
    /// What the browser shows from now on. Only its hash is kept.
    pub secret: String,
}

impl Actor {
    /// The session that the actor came with, if it was one.
    pub fn session(&self) -> Option<TokenId> {
        let shown = self.shown.as_ref().filter(|shown| shown.kind == GrantKind::Session);
        shown.map(|shown| TokenId::of(&shown.hash))
    }
}

impl Service {
    /// Begins a session of the user's. Whatever way of signing in there is ends here. Those that the browser had are ended:
    /// what was known of them before is worth nothing afterwards. Whoever came with a password has to have come with the
    /// present one: `by_credential` is what was kept of it when it was checked.
    pub(super) async fn begin_session(
        self: &Arc<Self>,
        user: User,
        by_credential: Option<String>,
        visit: &Visit,
    ) -> Result<SignedIn, ServiceError> {
        let now = self.clock.now();
        let grant = Grant {
            user: user.id,
            kind: GrantKind::Session,
            token_name: visit.browser.chars().filter(|c| !c.is_control()).take(BROWSER_CHARS_MAX).collect(),
            // An administrator's; somebody who is none has it without that one.
            scopes: Scopes::READ.with(Scopes::WRITE).with(Scopes::ADMIN),
            created_at: now,
            expires_at: Some(now + SESSION_LASTS),
            last_used_at: Some(now),
        };
        let issued = match self.add_grant(grant, None, by_credential).await {
            // Closed, removed or with another password since it was checked: that is no more told than before.
            Err(ServiceError::Refused(Refusal::NoSuchUser { .. } | Refusal::Access(AccessRefusal::WrongPassword))) => {
                return Err(AccessRefusal::SignInFailed.into());
            }
            issued => issued?,
        };
        for present in &visit.present {
            self.end_own_session(present).await?;
        }
        Ok(SignedIn { user, secret: issued.token })
    }

    /// The sessions that these secrets are of, each once.
    pub fn sessions_among<'s>(&self, secrets: impl Iterator<Item = &'s [u8]>) -> Result<Vec<Arc<Actor>>, StoreError> {
        let now = self.clock.now();
        let mut sessions: Vec<Arc<Actor>> = Vec::new();
        for secret in secrets {
            if let Some(actor) = self.authenticate_at(GrantKind::Session, secret, now)?
                && sessions.iter().all(|known| known.session() != actor.session())
            {
                sessions.push(actor);
            }
        }
        Ok(sessions)
    }

    /// The user's sessions, the oldest first; those that ended by themselves are left out.
    pub async fn list_sessions(self: &Arc<Self>, user: UserId) -> Result<Vec<TokenGrant>, ServiceError> {
        let service = self.clone();
        let list = move || {
            let now = service.clock.now();
            let mut sessions = service.list_grants(user, GrantKind::Session)?;
            sessions.retain(|session| session.grant.is_valid_at(now));
            Ok(sessions)
        };
        read(list).await
    }

    /// Ends one of the user's sessions: it is refused from the moment that this returns.
    pub async fn end_session(self: &Arc<Self>, user: UserId, id: &str) -> Result<(), ServiceError> {
        self.end_grant(user, id, GrantKind::Session).await
    }

    /// Ends the session that the actor came with, if it was one.
    pub async fn end_own_session(self: &Arc<Self>, actor: &Actor) -> Result<(), ServiceError> {
        let Some(id) = actor.session() else { return Ok(()) };
        let ended = Administration::RemoveToken { user: actor.user, id, kind: GrantKind::Session };
        // One that is not there any more has ended as well.
        self.change_rights(ended).await.map(drop)
    }

    /// Ends every session of the user's.
    pub async fn end_sessions(self: &Arc<Self>, user: UserId) -> Result<(), ServiceError> {
        match self.change_rights(Administration::RemoveSessions { user }).await? {
            Administered::SessionsRemoved => Ok(()),
            _ => Err(StoreError::Damaged("tokens").into()),
        }
    }
}
