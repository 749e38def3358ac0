//! `/api/tokens`: the asker's own.

use axum::Extension;
use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::errors::HttpError;
use super::extract::{Asked, JsonObject, TokenIdInPath, idempotency_key};
use super::feed;
use super::respond::json;
use super::site::Arrival;
use super::wire::Known;
use crate::domain::ids::TokenId;
use crate::service::error::ServiceError;
use crate::service::tasks::IdempotencyKey;
use crate::service::tokens::{Issued, TokenFields, TokenGrant};
use crate::store::Grant;
use crate::view::json::utc;

pub(super) const FIELDS: [&str; 4] = ["name", "scopes", "expires", "expiresAt"];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tokens")]
pub struct TokensJson {
    tokens: Vec<TokenJson>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
#[serde(rename_all = "camelCase")]
pub struct TokenJson {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created_at: String,
    expires_at: Option<String>,
    /// The first use of the last hour in which it was used.
    last_used_at: Option<String>,
}

impl TokenJson {
    fn new(id: TokenId, grant: &Grant) -> TokenJson {
        TokenJson {
            id: id.to_string(),
            name: grant.token_name.clone(),
            scopes: grant.scopes.names(),
            created_at: utc(grant.created_at),
            expires_at: grant.expires_at.map(utc),
            last_used_at: grant.last_used_at.map(utc),
        }
    }
}

/// The one answer that a token is in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Issued")]
pub struct IssuedJson {
    ok: bool,
    token: String,
    /// Of a token whose one scope is `feed`: the address of the calendar that it opens; its path alone where the server
    /// does not know its own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    feed: Option<String>,
    #[serde(flatten)]
    about: TokenJson,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revoked")]
pub struct RevokedJson {
    ok: bool,
    id: String,
}

pub async fn list(asked: Asked) -> Result<Response, HttpError> {
    let tokens = asked.site.service.list_tokens(asked.actor.user).await?;
    let tokens = tokens.iter().map(|TokenGrant { id, grant }| TokenJson::new(*id, grant)).collect();
    Ok(json(&TokensJson { tokens }, None))
}

pub async fn create(
    asked: Asked,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
    object: JsonObject,
) -> Result<Response, HttpError> {
    let key = idempotency_key(&headers, "POST /api/tokens", "", Some(&object))?;
    let issued = issue(&asked, token_fields(&object.fields)?, key).await?;
    let (about, feed) = (TokenJson::new(issued.id, &issued.grant), feed::address(&asked.site, &arrival, &issued));
    let answer = IssuedJson { ok: true, about, feed, token: issued.token };
    let mut response = json(&answer, None);
    // A secret is kept by nobody on the way.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub async fn revoke(asked: Asked, TokenIdInPath(id): TokenIdInPath) -> Result<Response, HttpError> {
    revoke_one(&asked, &id).await?;
    Ok(json(&RevokedJson { ok: true, id }, None))
}

pub(super) async fn issue(
    asked: &Asked,
    fields: TokenFields,
    key: Option<IdempotencyKey>,
) -> Result<Issued, ServiceError> {
    let issued = asked.site.service.issue_token(&asked.actor, fields, key).await?;
    let (user, token) = (&asked.actor.name, issued.id);
    tracing::info!(%user, %token, scopes = ?issued.grant.scopes.names(), "a token was made");
    Ok(issued)
}

pub(super) async fn revoke_one(asked: &Asked, id: &str) -> Result<(), ServiceError> {
    asked.site.service.revoke_token(asked.actor.user, id).await?;
    tracing::info!(user = %asked.actor.name, token = id, "a token was revoked");
    Ok(())
}

fn token_fields(object: &Map<String, Value>) -> Result<TokenFields, HttpError> {
    let known = Known::of(object, &FIELDS)?;
    Ok(TokenFields {
        name: known.text("name")?,
        scopes: known.texts("scopes")?,
        expires: known.text("expires")?,
        expires_at: known.text("expiresAt")?,
    })
}
