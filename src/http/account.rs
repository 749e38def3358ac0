//! `/api/settings` and `/api/me`.

use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;

use super::errors::HttpError;
use super::extract::{Asked, JsonObject};
use super::respond::{json, settings_json};
use super::wire::{Known, WHOLE_NUMBER};
use crate::service::error::{Fault, Refusal};
use crate::service::settings::SettingsFields;
use crate::view::settings::SettingsJson;

/// The fields that can be set.
pub const FIELDS: [&str; 4] = ["timeZone", "language", "horizon", "theme"];

/// Settings that were changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedSettings")]
pub struct ChangedJson {
    /// Always true.
    ok: bool,
    #[serde(flatten)]
    settings: SettingsJson,
    /// The user's generation now.
    generation: u64,
}

/// Who asks.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Me")]
pub struct MeJson<'a> {
    name: &'a str,
    /// What the token allows: `read`, `write`, `feed`, `admin`.
    scopes: Vec<&'static str>,
    #[serde(flatten)]
    settings: SettingsJson,
    /// The user's generation.
    generation: u64,
}

pub async fn settings(asked: Asked) -> Result<Response, HttpError> {
    let (settings, _) = asked.site.service.settings(asked.actor.user)?;
    Ok(json(&settings_json(settings), None))
}

pub async fn change_settings(asked: Asked, object: JsonObject) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &FIELDS)?;
    let wrong = || Refusal::field("horizon", Fault::WrongType { expected: WHOLE_NUMBER });
    let horizon = known.value("horizon").map(|value| value.as_i64().ok_or_else(wrong)).transpose()?;
    let fields = SettingsFields {
        time_zone: known.text("timeZone")?,
        language: known.text("language")?,
        horizon,
        theme: known.text("theme")?,
    };
    let (settings, generation) = asked.site.service.change_settings(asked.actor.user, asked.origin(), fields).await?;
    Ok(json(&ChangedJson { ok: true, settings: settings_json(settings), generation }, None))
}

pub async fn me(asked: Asked) -> Result<Response, HttpError> {
    let (settings, generation) = asked.site.service.settings(asked.actor.user)?;
    let (name, scopes) = (asked.actor.name.as_str(), asked.actor.scopes.names());
    Ok(json(&MeJson { name, scopes, settings: settings_json(settings), generation }, None))
}
