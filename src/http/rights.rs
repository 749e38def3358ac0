//! What a request was let in with, asked again where it takes long. The gate judges a head; by the time that a body has
//! come, or an answer has gone, the right may have ended.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use hyper::http::request::Parts;

use super::errors::HttpError;
use super::gate::check_scope;
use super::site::{Asker, Site};
use crate::service::accounts::Actor;
use crate::service::error::Refusal;
use crate::store::{GrantKind, Scopes};

/// What a request needs of whoever asks; nothing, where everybody may. The gate puts it beside the asker.
#[derive(Clone, Copy, Debug)]
pub struct Needed(pub Option<Scopes>);

/// The right by which a request is under way.
pub struct Rights {
    site: Arc<Site>,
    /// Whose right it is and what has to be in it, where it is one that can end.
    granted: Option<(Arc<Actor>, Scopes)>,
}

impl FromRequestParts<Arc<Site>> for Rights {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Rights, HttpError> {
        Rights::of(parts, site)
    }
}

impl Rights {
    /// # Errors
    /// The request did not come through the gate.
    pub fn of(parts: &Parts, site: &Arc<Site>) -> Result<Rights, HttpError> {
        let granted = match (parts.extensions.get(), parts.extensions.get()) {
            (Some(Asker::User(actor)), Some(Needed(Some(needed)))) => Some((actor.clone(), *needed)),
            (Some(Asker::Administrator), Some(Needed(_))) | (Some(_), Some(Needed(None))) => None,
            (Some(Asker::Anonymous) | None, _) | (_, None) => return Err(HttpError::SignInNeeded),
        };
        Ok(Rights { site: site.clone(), granted })
    }

    /// Whether it holds at present.
    ///
    /// # Errors
    /// What the gate would say by now.
    pub fn check(&self) -> Result<(), HttpError> {
        let Some((actor, needed)) = &self.granted else { return Ok(()) };
        let left = self.site.service.rights_left(actor)?;
        let left = left.ok_or_else(|| match actor.came_with() {
            Some(GrantKind::Session) => HttpError::SignInNeeded,
            Some(GrantKind::Token) => HttpError::InvalidToken,
            None => Refusal::NoSuchUser { name: actor.name.as_str().to_owned() }.into(),
        })?;
        check_scope(actor, left, *needed)
    }

    /// Ready as soon as it does not hold any more.
    pub async fn end(&self) {
        let Some((actor, _)) = &self.granted else { return std::future::pending().await };
        let service = &self.site.service;
        let mut seen = service.rights_seen();
        let expired = async {
            match actor.expires_at() {
                Some(at) => service.clock().wait_until(at).await,
                None => std::future::pending().await,
            }
        };
        let revoked = async {
            // Looked at once the changes are listened to: none is missed between the two.
            while self.check().is_ok() {
                service.rights_change(&mut seen).await;
            }
        };
        tokio::select! {
            () = expired => {}
            () = revoked => {}
        }
    }
}
