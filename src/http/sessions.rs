//! `/api/sessions` and `/api/me/password`: where the asker is signed in, and how that ends.

use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::errors::HttpError;
use super::extract::{Administering, Asked, IdInPath, JsonObject, NameInPath, Visitor};
use super::respond::json;
use super::wire::{self, Known};
use crate::service::accounts::Actor;
use crate::service::error::ServiceError;
use crate::service::sessions::SignedIn;
use crate::service::sign_in::PasswordChange;
use crate::service::tokens::TokenGrant;
use crate::view::json::utc;

pub(super) const PASSWORD_FIELDS: [&str; 2] = ["current", "password"];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sessions")]
pub struct SessionsJson {
    sessions: Vec<SessionJson>,
}

/// Somewhere where one is signed in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
#[serde(rename_all = "camelCase")]
pub struct SessionJson {
    id: String,
    /// What the browser said that it is.
    browser: String,
    created_at: String,
    /// The first use of the last hour in which it was used.
    last_used_at: Option<String>,
    expires_at: Option<String>,
    /// Whether this is the session that asks.
    current: bool,
}

impl SessionJson {
    fn new(TokenGrant { id, grant }: &TokenGrant, actor: &Actor) -> SessionJson {
        SessionJson {
            id: id.to_string(),
            browser: grant.token_name.clone(),
            created_at: utc(grant.created_at),
            last_used_at: grant.last_used_at.map(utc),
            expires_at: grant.expires_at.map(utc),
            current: actor.session() == Some(*id),
        }
    }
}

/// Sessions that were ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EndedSessions")]
pub struct EndedJson {
    ok: bool,
}

/// A password that was changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedPassword")]
pub struct ChangedPasswordJson {
    ok: bool,
}

pub async fn list(asked: Asked) -> Result<Response, HttpError> {
    let sessions = asked.site.service.list_sessions(asked.actor.user).await?;
    let sessions = sessions.iter().map(|session| SessionJson::new(session, &asked.actor)).collect();
    Ok(json(&SessionsJson { sessions }, None))
}

pub async fn end(asked: Asked, IdInPath(id): IdInPath) -> Result<Response, HttpError> {
    end_one(&asked, &id).await?;
    Ok(json(&EndedJson { ok: true }, None))
}

pub async fn end_all(asked: Asked) -> Result<Response, HttpError> {
    end_every(&asked).await?;
    Ok(json(&EndedJson { ok: true }, None))
}

/// `DELETE /api/admin/users/{name}/sessions`
pub async fn end_all_of(asked: Administering, NameInPath(name): NameInPath) -> Result<Response, HttpError> {
    end_every_of(&asked, &name).await?;
    Ok(json(&EndedJson { ok: true }, None))
}

pub(super) async fn end_one(asked: &Asked, id: &str) -> Result<(), ServiceError> {
    asked.site.service.end_session(asked.actor.user, id).await?;
    tracing::info!(user = %asked.actor.name, session = id, "a session was ended");
    Ok(())
}

pub(super) async fn end_every(asked: &Asked) -> Result<(), ServiceError> {
    asked.site.service.end_sessions(asked.actor.user).await?;
    tracing::info!(user = %asked.actor.name, "all sessions were ended");
    Ok(())
}

pub(super) async fn end_every_of(asked: &Administering, name: &str) -> Result<(), ServiceError> {
    let user = asked.site.service.require_user(name)?;
    asked.site.service.end_sessions(user.id).await?;
    tracing::info!(by = asked.by(), user = name, "all sessions were ended");
    Ok(())
}

/// `PUT /api/me/password`
pub async fn change_password(asked: Asked, visitor: Visitor, object: JsonObject) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &PASSWORD_FIELDS)?;
    let present = known.text("current")?.ok_or(wire::missing("current"))?;
    let new = known.text("password")?.ok_or(wire::missing("password"))?;
    let session = set_password(&asked, &visitor, PasswordChange { present, new }).await?;
    Ok(visitor.keeps_new(session, json(&ChangedPasswordJson { ok: true }, None)))
}

/// Changes the password. A browser that did it is given a new session, so that it stays signed in.
pub(super) async fn set_password(
    asked: &Asked,
    visitor: &Visitor,
    change: PasswordChange,
) -> Result<Option<SignedIn>, ServiceError> {
    let session = asked.site.service.change_password(&asked.actor, change, &visitor.visit()?).await?;
    tracing::info!(user = %asked.actor.name, "the password was changed");
    Ok(session)
}

impl Visitor {
    /// The answer to somebody whose session was replaced, if it was one.
    pub(super) fn keeps_new(&self, session: Option<SignedIn>, response: Response) -> Response {
        match session {
            Some(session) => self.keeps(&session.secret, response),
            None => response,
        }
    }
}
