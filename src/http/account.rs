//! `/api/settings` and `/api/me`.

use axum::response::Response;
use serde_json::{Value, json};

use super::errors::HttpError;
use super::extract::{Asked, JsonObject};
use super::respond::{json, settings_json};
use super::wire::{self, WHOLE_NUMBER};
use crate::service::error::{Fault, Refusal};
use crate::service::settings::SettingsFields;
use crate::store::Settings;
use crate::view::settings::SettingsJson;

pub async fn settings(asked: Asked) -> Result<Response, HttpError> {
    let (settings, _) = asked.site.service.settings(asked.actor.user)?;
    Ok(json(&settings_json(settings), None))
}

pub async fn change_settings(asked: Asked, object: JsonObject) -> Result<Response, HttpError> {
    let mut fields = SettingsFields::default();
    for (name, value) in &object.fields {
        match name.as_str() {
            "timeZone" => fields.time_zone = wire::text("timeZone", value)?,
            "language" => fields.language = wire::text("language", value)?,
            "horizon" => {
                let wrong = Refusal::field("horizon", Fault::WrongType { expected: WHOLE_NUMBER });
                fields.horizon = Some(value.as_i64().ok_or(wrong)?);
            }
            _ => return Err(wire::nearest_of(name, &["timeZone", "language", "horizon"]).into()),
        }
    }
    let changed = asked.site.service.change_settings(asked.actor.user, asked.origin(), fields).await?;
    Ok(json(&with_generation(changed), None))
}

fn with_generation((settings, generation): (Settings, u64)) -> Value {
    let SettingsJson { time_zone, language, horizon } = settings_json(settings);
    json!({"ok": true, "timeZone": time_zone, "language": language, "horizon": horizon, "generation": generation})
}

pub async fn me(asked: Asked) -> Result<Response, HttpError> {
    let (settings, generation) = asked.site.service.settings(asked.actor.user)?;
    let SettingsJson { time_zone, language, horizon } = settings_json(settings);
    let me = json!({
        "name": asked.actor.name.as_str(),
        "scopes": asked.actor.scopes.names(),
        "timeZone": time_zone,
        "language": language,
        "horizon": horizon,
        "generation": generation,
    });
    Ok(json(&me, None))
}
