//! `/github/webhook`: a forge tells that somebody pushed. It is known by what it signs with, and believed nothing but
//! that there is something to fetch.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::body;
use super::errors::HttpError;
use super::extract::json_object;
use super::respond::json;
use super::site::Site;
use super::wire;
use crate::domain::ids::{ObjectName, TaskNumber, UserName};
use crate::service::sync::{SyncReport, WebhookOutcome, WebhookRefusal};

const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");
const EVENT: HeaderName = HeaderName::from_static("x-github-event");

/// The largest event, in bytes. GitHub sends up to 25 MB, of pushes with thousands of commits; the next poll finds those.
const EVENT_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Events of strangers that may be in memory at the same time.
pub const EVENTS_MAX: usize = 16;

/// What an event led to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookDone")]
#[serde(rename_all = "camelCase")]
pub struct DoneJson {
    /// Always true.
    ok: bool,
    /// The branch's commit that was fetched.
    head: Option<String>,
    /// How many users it is about.
    users_affected: usize,
    /// Those of them alone.
    results: Vec<ResultJson>,
}

/// What became of a user's files.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookResult")]
#[serde(rename_all = "camelCase")]
struct ResultJson {
    /// The user's name.
    user_id: String,
    /// `changed` and `deleted` together.
    files_changed: usize,
    changed: usize,
    deleted: usize,
    skipped: usize,
    /// The number of the user's next task; null when none is left.
    next_id: Option<u32>,
    cache_invalidation: InvalidationJson,
}

/// Nothing is kept that a sync would have to clear.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CacheInvalidation")]
#[serde(rename_all = "camelCase")]
struct InvalidationJson {
    /// Always 0.
    cache_cleared: u8,
}

/// An event after which nothing was fetched, or not yet.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookTaken")]
pub struct TakenJson {
    /// Always true.
    ok: bool,
    /// What of the event is none of this server's: `event` for one that is no push, `branch` for one of another branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<&'static str>,
    /// There, and true, when the sync goes on behind this answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pending: bool,
}

/// `POST /github/webhook`
pub async fn github(State(site): State<Arc<Site>>, request: Request) -> Result<Response, HttpError> {
    let (parts, content) = request.into_parts();
    let event = read_signed(&site, &parts.headers, content).await?;
    if only(&parts.headers, &EVENT) != Some("push") {
        return Ok(taken(Some("event"), false));
    }
    let reference = reference(&parts.headers, event)?;
    Ok(match site.service.webhook_push(&reference).await? {
        WebhookOutcome::Ignored => taken(Some("branch"), false),
        WebhookOutcome::UnderWay => taken(None, true),
        WebhookOutcome::Done { head, results } => json(&done(head, &results), None),
    })
}

/// The bytes of an event that is signed. What is not is told nothing of what stands in it.
async fn read_signed(site: &Site, headers: &HeaderMap, content: axum::body::Body) -> Result<Bytes, HttpError> {
    let signature = only(headers, &SIGNATURE);
    // Who signs nothing is not read; whether there is a secret at all shows here.
    if signature.is_none() {
        site.service.check_webhook(&[], None).map_err(refused)?;
    }
    let _place = site.events.try_acquire().map_err(|_| HttpError::Busy)?;
    let (idle, total) = (site.limits.body_idle, site.limits.body_total);
    let event = body::read(content, EVENT_BYTES_MAX, idle, total).await.map_err(HttpError::Body)?;
    site.service.check_webhook(&event, signature).map_err(refused)?;
    Ok(event)
}

/// What was pushed to, such as `refs/heads/main`. The rest of the event is let go: what is new, Git tells.
#[expect(clippy::needless_pass_by_value, reason = "a large event is not to be kept for as long as its sync takes")]
fn reference(headers: &HeaderMap, event: Bytes) -> Result<String, HttpError> {
    let push = json_object(headers, &event)?;
    let reference = push.fields.get("ref").and_then(Value::as_str);
    reference.map(str::to_owned).ok_or_else(|| wire::missing("ref").into())
}

fn refused(refusal: WebhookRefusal) -> HttpError {
    match refusal {
        // As if it were not there.
        WebhookRefusal::NotConfigured => HttpError::NoSuchRoute,
        WebhookRefusal::BadSignature => HttpError::InvalidSignature,
    }
}

/// The value of a field that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value: Option<&HeaderValue> = values.next().filter(|_| values.next().is_none());
    value.and_then(|value| value.to_str().ok())
}

fn taken(ignored: Option<&'static str>, pending: bool) -> Response {
    let mut response = json(&TakenJson { ok: true, ignored, pending }, None);
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn done(head: Option<ObjectName>, results: &[(UserName, SyncReport)]) -> DoneJson {
    let result = |(name, report): &(UserName, SyncReport)| ResultJson {
        user_id: name.as_str().to_owned(),
        files_changed: report.changed.len() + report.removed.len(),
        changed: report.changed.len(),
        deleted: report.removed.len(),
        skipped: report.skipped.count(),
        next_id: report.next_number.map(TaskNumber::get),
        cache_invalidation: InvalidationJson { cache_cleared: 0 },
    };
    let is_affected = |result: &ResultJson| result.files_changed + result.skipped > 0;
    let results: Vec<_> = results.iter().map(result).filter(is_affected).collect();
    DoneJson { ok: true, head: head.map(|head| head.to_string()), users_affected: results.len(), results }
}
