//! `/api/tasks`: handlers only; what they do is in `service::tasks`.

use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, ETAG, HeaderValue, VARY};
use hyper::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::conditional::{expectation, is_unchanged};
use super::errors::HttpError;
use super::extract::{Asked, JsonObject, MaybeJson, TaskId, idempotency_key};
use super::negotiate::language;
use super::prefer::Wait;
use super::query::Query;
use super::respond::{BY_ASKER, PRIVATE, json, private_json};
use super::wire::{self, CompletedJson, Known, SavedJson};
use crate::domain::ids::{DocKey, FileName, TaskNumber};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::task::Status;
use crate::service::error::Refusal;
use crate::service::tasks::{Filter, IdempotencyKey, PAGE_MAX, Saved, Summary, Verb};
use crate::view::task::{TaskJson, WholeTaskJson};

const STATUS: Phrase =
    Phrase { en: "offen, abgeschlossen or abgebrochen", de: "offen, abgeschlossen oder abgebrochen" };
const CURSOR: Phrase = Phrase { en: "the value of nextCursor", de: "der Wert von nextCursor" };
const NUMBER: Phrase = Phrase { en: "a task's number", de: "die Nummer einer Aufgabe" };
const LIMIT: Phrase = Phrase { en: "a number from 1 to 500", de: "eine Zahl von 1 bis 500" };

/// A page of tasks in the order of rank.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TaskList")]
pub struct ListJson<'a> {
    tasks: Vec<TaskJson<'a>>,
    /// The value for `cursor` that gives the next page; null on the last.
    next_cursor: Option<String>,
}

pub async fn list(asked: Asked, query: Query, headers: HeaderMap) -> Result<Response, HttpError> {
    let lang = language(&headers);
    let page = asked.site.service.list_tasks(asked.actor.user, filter(&query)?, lang).await?;
    let tasks = page.tasks.iter().map(|task| summary(task, lang)).collect();
    let body = serde_json::to_vec(&ListJson { tasks, next_cursor: page.next }).unwrap_or_default();
    // The list itself is in it, because a repair of what is derived makes another one of the same state.
    let etag = page.tag.map(|tag| HeaderValue::try_from(format!("\"{tag}-{:08x}\"", crc32fast::hash(&body))));
    let etag = etag.transpose().map_err(|_| HttpError::Unavailable)?;
    if let Some(etag) = etag.clone().filter(|etag| is_unchanged(&headers, etag.as_bytes())) {
        return Ok(
            (StatusCode::NOT_MODIFIED, [(ETAG, etag), (CACHE_CONTROL, PRIVATE), (VARY, BY_ASKER)]).into_response()
        );
    }
    Ok(private_json(body, etag))
}

fn filter(query: &Query) -> Result<Filter, HttpError> {
    let status = query
        .text("status")
        .map(|text| Status::parse(text).ok_or(HttpError::MalformedQuery { name: "status", expected: STATUS }));
    let cursor = query.text("cursor").map(|text| {
        let file = FileName::parse(text).ok_or(HttpError::MalformedQuery { name: "cursor", expected: CURSOR });
        file.map(DocKey::of)
    });
    let from = query.number("from", 0..=u64::from(TaskNumber::MAX.get()), NUMBER)?;
    let limit = query.number("limit", 1..=PAGE_MAX as u64, LIMIT)?;
    let text = |name: &str| query.text(name).map(str::to_owned);
    Ok(Filter {
        status: status.transpose()?,
        kategorie: text("kategorie"),
        tag: text("tag"),
        text: text("q"),
        from: from.and_then(|from| u32::try_from(from).ok()).and_then(TaskNumber::new),
        after: cursor.transpose()?,
        limit: limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX),
    })
}

pub async fn create(asked: Asked, headers: HeaderMap, object: JsonObject) -> Result<Response, HttpError> {
    let key = idempotency_key(&headers, "POST /api/tasks", "", Some(&object))?;
    let fields = wire::fields(&object.fields)?;
    let saved = asked.site.service.create_task(asked.actor.user, asked.origin(), fields, key).await?;
    Ok(saved_response(&asked, &headers, saved).await)
}

pub async fn show(asked: Asked, TaskId(id): TaskId, headers: HeaderMap) -> Result<Response, HttpError> {
    let shown = asked.site.service.show_task(asked.actor.user, id).await?;
    let task = summary(&shown.summary, language(&headers));
    let etag = HeaderValue::try_from(shown.etag.as_str()).ok();
    Ok(json(&WholeTaskJson::new(task, &shown.body, &shown.raw), etag))
}

pub async fn update(
    asked: Asked,
    TaskId(id): TaskId,
    headers: HeaderMap,
    object: JsonObject,
) -> Result<Response, HttpError> {
    let edit = wire::edit(&object.fields)?;
    let expected = expectation(&headers)?;
    let key = idempotency_key(&headers, "PUT /api/tasks/{id}", &id, Some(&object))?;
    let saved = asked.site.service.update_task(asked.actor.user, asked.origin(), id, edit, expected, key).await?;
    Ok(saved_response(&asked, &headers, saved).await)
}

pub async fn remove(asked: Asked, TaskId(id): TaskId, headers: HeaderMap) -> Result<Response, HttpError> {
    let expected = expectation(&headers)?;
    let key = idempotency_key(&headers, "DELETE /api/tasks/{id}", &id, None)?;
    let saved = asked.site.service.remove_task(asked.actor.user, asked.origin(), id, expected, key).await?;
    let wait = Wait::of(&headers);
    let git = asked.pushed(saved.generation, wait).await;
    Ok(wait.told(json(&SavedJson::new(&asked.folder(), saved, git), None)))
}

pub async fn complete(
    asked: Asked,
    TaskId(id): TaskId,
    headers: HeaderMap,
    MaybeJson(object): MaybeJson,
) -> Result<Response, HttpError> {
    let key = idempotency_key(&headers, "POST /api/tasks/{id}/complete", &id, object.as_ref())?;
    let slot = object.filter(|object| !object.fields.is_empty());
    let slot = slot.map(|object| wire::slot(&object.fields)).transpose()?;
    let expected = expectation(&headers)?;
    let service = &asked.site.service;
    let completed = service.complete_task(asked.actor.user, asked.origin(), id, slot, expected, key).await?;
    let (etag, wait) = (HeaderValue::try_from(completed.saved.etag.as_str()).ok(), Wait::of(&headers));
    let git = asked.pushed(completed.saved.generation, wait).await;
    Ok(wait.told(json(&CompletedJson::new(&asked.folder(), completed, git), etag)))
}

pub async fn cancel(
    asked: Asked,
    TaskId(id): TaskId,
    headers: HeaderMap,
    body: MaybeJson,
) -> Result<Response, HttpError> {
    apply_plain(asked, id, &headers, &body, ("POST /api/tasks/{id}/cancel", Verb::Cancel)).await
}

pub async fn reopen(
    asked: Asked,
    TaskId(id): TaskId,
    headers: HeaderMap,
    body: MaybeJson,
) -> Result<Response, HttpError> {
    apply_plain(asked, id, &headers, &body, ("POST /api/tasks/{id}/reopen", Verb::Reopen)).await
}

pub async fn pin(
    asked: Asked,
    TaskId(id): TaskId,
    headers: HeaderMap,
    object: JsonObject,
) -> Result<Response, HttpError> {
    let slot = wire::slot(&object.fields)?;
    let key = idempotency_key(&headers, "POST /api/tasks/{id}/pin", &id, Some(&object))?;
    apply(asked, id, &headers, Verb::Pin(slot), key).await
}

pub async fn unpin(
    asked: Asked,
    TaskId(id): TaskId,
    headers: HeaderMap,
    body: MaybeJson,
) -> Result<Response, HttpError> {
    apply_plain(asked, id, &headers, &body, ("POST /api/tasks/{id}/unpin", Verb::Unpin)).await
}

/// Applies a verb that takes nothing, on the route that it has.
async fn apply_plain(
    asked: Asked,
    id: String,
    headers: &HeaderMap,
    body: &MaybeJson,
    (route, verb): (&'static str, Verb),
) -> Result<Response, HttpError> {
    no_fields(body)?;
    let key = idempotency_key(headers, route, &id, None)?;
    apply(asked, id, headers, verb, key).await
}

async fn apply(
    asked: Asked,
    id: String,
    headers: &HeaderMap,
    verb: Verb,
    key: Option<IdempotencyKey>,
) -> Result<Response, HttpError> {
    let expected = expectation(headers)?;
    let saved = asked.site.service.apply_verb(asked.actor.user, asked.origin(), id, verb, expected, key).await?;
    Ok(saved_response(&asked, headers, saved).await)
}

/// A verb that takes nothing says so, instead of ignoring what was meant.
fn no_fields(MaybeJson(object): &MaybeJson) -> Result<(), Refusal> {
    object.as_ref().map_or(Ok(()), |object| Known::of(&object.fields, &[]).map(drop))
}

fn summary(task: &Summary, lang: Lang) -> TaskJson<'_> {
    let reading = task.reading.as_deref();
    TaskJson::new(&task.id, &task.file, reading, wire::placed(task.placed.clone()), lang)
}

/// The answer to a change, once the wait that it prefers is over.
async fn saved_response(asked: &Asked, headers: &HeaderMap, saved: Saved) -> Response {
    let (etag, wait) = (HeaderValue::try_from(saved.etag.as_str()).ok(), Wait::of(headers));
    let git = asked.pushed(saved.generation, wait).await;
    wait.told(json(&SavedJson::new(&asked.folder(), saved, git), etag))
}
