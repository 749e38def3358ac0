//! `/api/admin/backups`: the backups that the server makes by itself. The gate lets only administrators come here.

use axum::response::Response;
use hyper::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::errors::HttpError;
use super::extract::Administering;
use super::negotiate::language;
use super::respond::json;
use crate::domain::lang::Lang;
use crate::service::backup::{Kept, Schedule, Standing};
use crate::view::json::utc;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Backups")]
#[serde(rename_all = "camelCase")]
pub struct BackupsJson {
    /// The plan; null where the server makes none by itself.
    schedule: Option<ScheduleJson>,
    /// What became of the last; null before the first.
    last: Option<BackupResultJson>,
    /// When the next is due.
    next: Option<String>,
    /// The backups in the folder, the oldest first; null where there is no plan or the folder cannot be read.
    files: Option<Vec<BackupFileJson>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupSchedule")]
#[serde(rename_all = "camelCase")]
pub struct ScheduleJson {
    /// Seconds from the beginning of one to that of the next.
    every_seconds: u64,
    /// How many stay.
    keep: usize,
    dir: String,
}

/// A backup that was made, or was not.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupResult")]
#[serde(rename_all = "camelCase")]
pub struct BackupResultJson {
    ok: bool,
    /// When it was begun.
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Milliseconds; not there for one that was made before the server was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<u64>,
    /// Why it was not made and what to do, in the asker's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BackupFile")]
pub struct BackupFileJson {
    name: String,
    at: String,
    bytes: u64,
}

pub async fn list(asked: Administering, headers: HeaderMap) -> Result<Response, HttpError> {
    let Some(schedule) = &asked.site.backups else {
        return Ok(json(&BackupsJson { schedule: None, last: None, next: None, files: None }, None));
    };
    let standing = schedule.standing();
    let options = schedule.options();
    let plan = ScheduleJson {
        every_seconds: options.every.as_secs(),
        keep: options.keep.get(),
        dir: options.dir.display().to_string(),
    };
    let files = schedule.files().await.map(|files| files.iter().map(BackupFileJson::new).collect());
    let last = BackupResultJson::of(&standing, language(&headers));
    Ok(json(&BackupsJson { schedule: Some(plan), last, next: standing.next_at.map(utc), files }, None))
}

/// What became of the last backup, if there was one.
pub(super) fn last(schedule: &Schedule, headers: &HeaderMap) -> Option<BackupResultJson> {
    BackupResultJson::of(&schedule.standing(), language(headers))
}

impl BackupResultJson {
    fn of(standing: &Standing, lang: Lang) -> Option<BackupResultJson> {
        if let Some(failed) = &standing.failed {
            let error = Some(failed.sentence.text(lang).to_owned());
            return Some(BackupResultJson { ok: false, at: utc(failed.at), bytes: None, took_ms: None, error });
        }
        standing.made.as_ref().map(|made| BackupResultJson {
            ok: true,
            at: utc(made.at),
            bytes: Some(made.bytes),
            took_ms: made.took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            error: None,
        })
    }
}

impl BackupFileJson {
    fn new(kept: &Kept) -> BackupFileJson {
        BackupFileJson { name: kept.name.clone(), at: utc(kept.at), bytes: kept.bytes }
    }
}
