//! What buttons do to tasks: each a form that comes back to the page it is on.

use axum::response::Response;

use crate::domain::lang::Phrase;
use crate::http::auth::own_path;
use crate::http::errors::HttpError;
use crate::http::extract::{Asked, FormOrJson, TaskId};
use crate::http::wire::{self, Known};
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::tasks::{Saved, SlotFields, Verb};

pub(in crate::http) const ACT_FIELDS: [&str; 1] = ["back"];
pub(in crate::http) const PIN_FIELDS: [&str; 4] = ["datum", "zeit", "slot", "back"];
pub(in crate::http) const UNDO_FIELDS: [&str; 2] = ["generation", "back"];

const SLOT: Phrase =
    Phrase { en: "a day and a slot, such as 15.10.2025/morgens", de: "ein Tag und ein Slot wie 15.10.2025/morgens" };
const NUMBER: Phrase = Phrase { en: "the number of a change", de: "die Nummer einer Änderung" };

/// The page that a form was on.
fn back(known: &Known<'_>) -> Result<String, Refusal> {
    Ok(known.text("back")?.as_deref().map_or("/", own_path).to_owned())
}

/// Back to the page, with what was done; a refusal is told on the task's own page, where there is more to choose from. Of a
/// task that is there no more it is said on the page that it was acted on from.
async fn done(
    asked: &Asked,
    id: &str,
    (back, word): (&str, &str),
    acted: Result<Saved, ServiceError>,
) -> Result<Response, HttpError> {
    let refused = match acted {
        Ok(saved) => return Ok(asked.tell_saved(back, word, &saved)),
        Err(error) => asked.task_again(id, error).await,
    };
    match refused {
        // Its own page is there no more either.
        Err(HttpError::Refused(Refusal::NoSuchTask { .. })) => {
            let back = if back.starts_with("/tasks/") { "/" } else { back };
            Ok(asked.tell(back, "gone", None, None))
        }
        told => told,
    }
}

/// `POST /tasks/{id}/complete`
pub async fn complete(
    asked: Asked,
    TaskId(id): TaskId,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &ACT_FIELDS)?;
    let back = back(&known)?;
    let service = &asked.site.service;
    let completed = service.complete_task(asked.actor.user, asked.origin(), id.clone(), None, None, None).await;
    done(&asked, &id, (&back, "completed"), completed.map(|completed| completed.saved)).await
}

/// `POST /tasks/{id}/cancel`
pub async fn cancel(asked: Asked, id: TaskId, sent: FormOrJson) -> Result<Response, HttpError> {
    plain(asked, id, sent, Verb::Cancel, "cancelled").await
}

/// `POST /tasks/{id}/reopen`
pub async fn reopen(asked: Asked, id: TaskId, sent: FormOrJson) -> Result<Response, HttpError> {
    plain(asked, id, sent, Verb::Reopen, "reopened").await
}

/// `POST /tasks/{id}/unpin`
pub async fn unpin(asked: Asked, id: TaskId, sent: FormOrJson) -> Result<Response, HttpError> {
    plain(asked, id, sent, Verb::Unpin, "unpinned").await
}

/// `POST /tasks/{id}/pin`: to `datum` and `zeit`, or to both in `slot`.
pub async fn pin(
    asked: Asked,
    TaskId(id): TaskId,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &PIN_FIELDS)?;
    let back = back(&known)?;
    let slot = match known.text("slot")?.filter(|slot| !slot.is_empty()) {
        Some(slot) => match day_and_slot(&slot) {
            Ok(slot) => slot,
            Err(malformed) => return done(&asked, &id, (&back, "pinned"), Err(malformed.into())).await,
        },
        None => SlotFields { datum: known.text("datum")?, zeit: known.text("zeit")? },
    };
    verb(&asked, &id, &back, Verb::Pin(slot), "pinned").await
}

/// A day and a slot as one field has them: `15.10.2025/morgens`.
pub(super) fn day_and_slot(text: &str) -> Result<SlotFields, Refusal> {
    let (datum, zeit) =
        text.split_once('/').ok_or_else(|| Refusal::field("datum", Fault::Malformed { expected: SLOT }))?;
    Ok(SlotFields { datum: Some(datum.to_owned()), zeit: Some(zeit.to_owned()) })
}

async fn plain(
    asked: Asked,
    TaskId(id): TaskId,
    FormOrJson { object, .. }: FormOrJson,
    act: Verb,
    word: &str,
) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &ACT_FIELDS)?;
    verb(&asked, &id, &back(&known)?, act, word).await
}

async fn verb(asked: &Asked, id: &str, back: &str, act: Verb, word: &str) -> Result<Response, HttpError> {
    let service = &asked.site.service;
    let saved = service.apply_verb(asked.actor.user, asked.origin(), id.to_owned(), act, None, None).await;
    done(asked, id, (back, word), saved).await
}

/// `POST /tasks/{id}/remove`
pub async fn remove(
    asked: Asked,
    TaskId(id): TaskId,
    FormOrJson { object, .. }: FormOrJson,
) -> Result<Response, HttpError> {
    Known::of(&object.fields, &ACT_FIELDS)?;
    let service = &asked.site.service;
    match service.remove_task(asked.actor.user, asked.origin(), id.clone(), None, None).await {
        Ok(saved) => Ok(asked.tell("/tasks", "removed", None, Some(saved.generation))),
        Err(error) => done(&asked, &id, ("/tasks", "removed"), Err(error)).await,
    }
}

/// `POST /undo`
pub async fn undo(asked: Asked, FormOrJson { object, .. }: FormOrJson) -> Result<Response, HttpError> {
    let known = Known::of(&object.fields, &UNDO_FIELDS)?;
    let back = back(&known)?;
    let generation = known.text("generation")?.ok_or_else(|| wire::missing("generation"))?;
    let malformed = || Refusal::field("generation", Fault::Malformed { expected: NUMBER });
    let generation = generation.parse().map_err(|_| malformed())?;
    match asked.site.service.undo(asked.actor.user, asked.origin(), Some(generation), None).await {
        Ok(_) => Ok(asked.tell(&back, "undone", None, None)),
        Err(error) => asked.week_again(error).await,
    }
}
