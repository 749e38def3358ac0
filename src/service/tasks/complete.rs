//! Marking a task as done, in a slot.

use std::sync::Arc;

use chrono::NaiveDate;

use super::slot::{done_in, usual_slot};
use super::update::{edit_document, put, require};
use super::{Completed, Expectation, IdempotencyKey, SlotFields, reusable};
use crate::domain::date;
use crate::domain::document::Changes;
use crate::domain::ids::{DocKey, UserId};
use crate::domain::task::Status;
use crate::service::Service;
use crate::service::change::{Decision, Situation};
use crate::service::error::ServiceError;
use crate::store::Origin;

impl Service {
    /// Marks a task as done in the slot named, or in the one that `usual_slot` gives. A task that is done
    /// already keeps its slot unless another is named.
    pub async fn complete_task(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        id: String,
        slot: Option<SlotFields>,
        expected: Option<Expectation>,
        key: Option<IdempotencyKey>,
    ) -> Result<Completed, ServiceError> {
        let expected = expected.unwrap_or(Expectation::Anything);
        let complete = move |situation: &mut Situation<'_>| complete(situation, &id, slot.as_ref(), &expected);
        let (completed, reused) = self.change_once(user, origin, key, complete).await?;
        Ok(Completed { saved: reusable((completed.saved, reused)), ..completed })
    }
}

fn complete(
    situation: &mut Situation<'_>,
    id: &str,
    slot: Option<&SlotFields>,
    expected: &Expectation,
) -> Result<Decision<Completed>, ServiceError> {
    let (key, raw) = require(situation, id, expected)?;
    let Completion { datum, zeit, changes } = completion(situation, &key, slot)?;
    let edited = edit_document(&key, &raw, &changes)?;
    let completed = move |saved| Completed { saved, datum: date::to_text(datum), zeit };
    put(situation, key, &raw, edited, "complete", completed)
}

/// The slot that a task is marked as done in, and what that changes.
pub(super) struct Completion {
    datum: NaiveDate,
    zeit: Option<String>,
    pub(super) changes: Changes,
}

pub(super) fn completion(
    situation: &mut Situation<'_>,
    key: &DocKey,
    slot: Option<&SlotFields>,
) -> Result<Completion, ServiceError> {
    let done = match situation.snapshot.tasks.get(key) {
        Some(Ok(task)) if task.status == Status::Abgeschlossen => task.abgeschlossen_am.clone(),
        _ => None,
    };
    if let (None, Some((datum, zeit))) = (slot, done.and_then(|done| Some((done.datum?, done.zeit)))) {
        return Ok(Completion { datum, zeit, changes: Changes::default() });
    }
    let (datum, zeit) = match slot {
        Some(slot) => done_in(slot, situation)?,
        None => usual_slot(situation)?,
    };
    let changes = Changes {
        status: Some(Status::Abgeschlossen),
        abgeschlossen_am: Some(Some((datum, zeit.clone()))),
        ..Changes::default()
    };
    Ok(Completion { datum, zeit: Some(zeit), changes })
}
