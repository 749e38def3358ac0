//! `GET /api/tasks/{id}/explain`: why a task stands where it stands.

use axum::response::Response;

use super::errors::HttpError;
use super::extract::{Asked, TaskId};
use super::query::Query;
use super::respond::json;
use crate::domain::lang::Phrase;
use crate::service::explain::{Inquiry, slot_of};
use crate::view::explanation::ExplanationJson;

const SLOT: Phrase = Phrase {
    en: "a day of the calendar and the name of a slot, like 14.10.2025/morgens",
    de: "ein Kalendertag und der Name eines Slots, etwa 14.10.2025/morgens",
};

pub async fn explain(asked: Asked, TaskId(id): TaskId, query: Query) -> Result<Response, HttpError> {
    let malformed = HttpError::MalformedQuery { name: "slot", expected: SLOT };
    let slot = query.text("slot").map(|text| slot_of(text).ok_or(malformed)).transpose()?;
    let (days, now, width) = (query.days()?, query.now()?, query.width()?);
    let inquiry = Inquiry { id, slot, now, days };
    let explained = asked.site.service.explain(asked.actor.user, inquiry).await?;
    Ok(json(&ExplanationJson::of(&explained, width), None))
}
