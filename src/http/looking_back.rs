//! `/api/looking-back`: what somebody's weeks came to.

use axum::response::Response;

use super::errors::HttpError;
use super::extract::Asked;
use super::respond::json;
use crate::view::looking_back::LookingBackJson;

/// `GET /api/looking-back`
pub async fn show(asked: Asked) -> Result<Response, HttpError> {
    let back = asked.site.service.looking_back(asked.actor.user).await?;
    asked.site.counts.what_if.add(1);
    Ok(json(&LookingBackJson::of(&back), None))
}
