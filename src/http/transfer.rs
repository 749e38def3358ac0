//! `/api/export` and `/api/import`: everything a user owns, out and in.

use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::mpsc;

use super::body::{self, BodyError};
use super::errors::HttpError;
use super::extract::{Administering, Asked, NameInPath};
use super::negotiate::language;
use super::prefer::{PushedJson, Wait};
use super::query::Query;
use super::respond::json;
use super::rights::Rights;
use super::stream::attachment;
use crate::domain::ids::UserName;
use crate::domain::lang::{Lang, Phrase};
use crate::service::archive::ARCHIVE_BYTES_MAX;
use crate::service::error::{ExportRefusal, Refusal};
use crate::service::export::{Export, Form};
use crate::service::import::{Fate, Line, Packing, Report};
use crate::service::sync::PushedState;
use crate::view::{calendar, table};

const FORMATS: Phrase = Phrase { en: "markdown, json, csv or ics", de: "markdown, json, csv oder ics" };
const NO_HISTORY: Phrase = Phrase { en: "left out but with format=json", de: "nur bei format=json angegeben werden" };

/// How long an archive may take to arrive.
const ARCHIVE_TIME_MAX: Duration = Duration::from_secs(600);

/// Pieces of an archive that wait to be read.
const WAITING_MAX: usize = 4;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Import")]
#[serde(rename_all = "camelCase")]
pub struct ImportJson {
    ok: bool,
    dry_run: bool,
    generation: u64,
    next_available_id: Option<String>,
    files: Vec<FileJson>,
    #[serde(flatten)]
    git: PushedJson,
}

/// What became, or would become, of a file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "File")]
pub struct FileJson {
    file: String,
    fate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// In the asker's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub async fn export(asked: Asked, rights: Rights, query: Query) -> Result<Response, HttpError> {
    let form = wanted_form(&query)?;
    let export = asked.site.service.export(asked.actor.user, form).await?;
    attached(export, rights, form, &asked.actor.name)
}

/// Everything of the user who is named, before an account is removed, say.
pub async fn export_of(
    asked: Administering,
    rights: Rights,
    NameInPath(name): NameInPath,
    query: Query,
) -> Result<Response, HttpError> {
    let form = wanted_form(&query)?;
    let user = asked.site.service.require_user(&name)?;
    let export = asked.site.service.export(user.id, form).await?;
    tracing::info!(by = asked.by(), user = %user.name, id = user.id.0, "an account was exported");
    attached(export, rights, form, &user.name)
}

/// An export as a file that is named after its owner.
fn attached(export: Export, rights: Rights, form: Form, owner: &UserName) -> Result<Response, HttpError> {
    let (content_type, ending) = match form {
        Form::Markdown => ("application/x-tar", "tar"),
        Form::Json { .. } => ("application/json", "json"),
        Form::Csv => (table::MEDIA_TYPE, "csv"),
        Form::Calendar => (calendar::MEDIA_TYPE, "ics"),
    };
    attachment(export, rights, content_type, &format!("{owner}.{ending}"))
}

fn wanted_form(query: &Query) -> Result<Form, HttpError> {
    let history = query.flag("history")?;
    match query.text("format") {
        Some("json") => Ok(Form::Json { history }),
        Some("markdown" | "csv" | "ics") if history => {
            Err(HttpError::MalformedQuery { name: "history", expected: NO_HISTORY })
        }
        Some("markdown") => Ok(Form::Markdown),
        Some("csv") => Ok(Form::Csv),
        Some("ics") => Ok(Form::Calendar),
        _ => Err(HttpError::MalformedQuery { name: "format", expected: FORMATS }),
    }
}

pub async fn import(asked: Asked, rights: Rights, query: Query, request: Request) -> Result<Response, HttpError> {
    let dry_run = query.flag("dryRun")?;
    let (parts, content) = request.into_parts();
    let (packing, lang) = (packing(&parts.headers)?, language(&parts.headers));
    let (pieces, arriving) = mpsc::channel(WAITING_MAX);
    let idle = asked.site.limits.body_idle;
    let fed = body::feed(content, ARCHIVE_BYTES_MAX, idle, ARCHIVE_TIME_MAX, pieces);
    let (user, origin) = (asked.actor.user, asked.origin());
    let imported = asked.site.service.import_packed(user, origin, (packing, arriving), || rights.check(), dry_run);
    let (fed, imported) = tokio::join!(fed, imported);
    fed.map_err(|error| match error {
        BodyError::TooLarge { .. } => match packing {
            Packing::Archive => Refusal::ArchiveTooLarge.into(),
            Packing::Json => Refusal::Export(ExportRefusal::TooLarge).into(),
        },
        BodyError::IdleTimeout | BodyError::TotalTimeout | BodyError::Cut => HttpError::Body(error),
    })?;
    let (report, wait) = (imported?, Wait::of(&parts.headers));
    let git = match dry_run {
        true => PushedState::default().into(),
        false => asked.pushed(report.generation, wait).await,
    };
    Ok(wait.told(json(&import_json(report, dry_run, lang, git), None)))
}

/// A tar archive, or bytes that say nothing about themselves; else JSON.
fn packing(headers: &HeaderMap) -> Result<Packing, HttpError> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Packing::Archive) };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_one_of = |taken: &[&str]| taken.iter().any(|taken| media_type.eq_ignore_ascii_case(taken));
    if is_one_of(&["application/x-tar", "application/tar", "application/octet-stream"]) {
        return Ok(Packing::Archive);
    }
    if is_one_of(&["application/json"]) { Ok(Packing::Json) } else { Err(HttpError::NotTarOrJson) }
}

fn import_json(report: Report, dry_run: bool, lang: Lang, git: PushedJson) -> ImportJson {
    ImportJson {
        ok: true,
        dry_run,
        generation: report.generation,
        next_available_id: report.next_number.map(|next| next.to_string()),
        files: report.lines.into_iter().map(|line| file_json(line, lang)).collect(),
        git,
    }
}

fn file_json(Line { file, fate }: Line, lang: Lang) -> FileJson {
    let (fate, line, reason) = match fate {
        Fate::Added => ("added", None, None),
        Fate::Replaced => ("replaced", None, None),
        Fate::Unchanged => ("unchanged", None, None),
        Fate::Taken => ("taken", None, None),
        Fate::KeptUnreadable { line, reason } => ("unreadable", Some(line), Some(reason.text(lang).to_owned())),
        Fate::Skipped { reason } => ("skipped", None, Some(reason.text(lang).to_owned())),
    };
    FileJson { file, fate, line, reason }
}
