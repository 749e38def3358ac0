//! A new task: the next number, a document, and where it goes, in one commit.

use std::sync::Arc;

use super::{Fields, IdempotencyKey, Saved, reusable, saved, validate};
use crate::domain::document::{self, NewTask};
use crate::domain::ids::{DocKey, TaskNumber, UserId};
use crate::domain::lang::Phrase;
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::domain::task::Status;
use crate::service::change::{Decision, Plan, Situation};
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::{Service, planning};
use crate::store::{Change, Origin};

const MARKDOWN: Phrase = Phrase { en: "Markdown", de: "Markdown" };

impl Service {
    /// Creates a task. The same key with the same request gives the first one's answer, with `reused`.
    pub async fn create_task(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        fields: Fields,
        key: Option<IdempotencyKey>,
    ) -> Result<Saved, ServiceError> {
        self.meet_remote(user).await?;
        let create = move |situation: &mut Situation<'_>| create(situation, &fields);
        Ok(reusable(self.change_once(user, origin, key, create).await?))
    }
}

pub(super) fn create(situation: &mut Situation<'_>, fields: &Fields) -> Result<Decision<Saved>, ServiceError> {
    let Composed { key, raw, number, change } = compose(situation, fields)?;
    Ok(Decision::Change(Plan {
        changes: vec![change],
        next_number: Some(number.next()),
        with_timeline: true,
        sync: None,
        brought: None,
        answer: Box::new(move |generation, planned| saved(&key, &raw, generation, planned)),
    }))
}

/// A new task's document, and the change that brings it.
pub(super) struct Composed {
    pub(super) key: DocKey,
    raw: Arc<[u8]>,
    number: TaskNumber,
    pub(super) change: Change,
}

pub(super) fn compose(situation: &mut Situation<'_>, fields: &Fields) -> Result<Composed, ServiceError> {
    let new = new_task(situation, fields)?;
    let number = situation.snapshot.head.next_number.ok_or(Refusal::NoNumberLeft)?;
    let raw: Arc<[u8]> = document::compose(&new).into();
    if raw.len() > DOCUMENT_BYTES_MAX {
        return Err(Refusal::TooLarge.into());
    }
    let key = DocKey::of(document::file_name(number, new.title.as_deref()));
    // What was composed is read back, so that the plan is made of what the file says.
    let reading = match planning::read(&key, &raw) {
        Some(Ok(task)) => Ok(task),
        Some(Err(problem)) => return Err(Refusal::field("body", Fault::Unreadable(problem)).into()),
        None => return Err(Refusal::field("body", Fault::Malformed { expected: MARKDOWN }).into()),
    };
    let change = Change::PutDocument { key: key.clone(), raw: raw.clone(), reading, verb: "create".into() };
    Ok(Composed { key, raw, number, change })
}

fn new_task(situation: &mut Situation<'_>, fields: &Fields) -> Result<NewTask, ServiceError> {
    let changes = validate::changes(fields, situation)?;
    let kategorie = changes.kategorie.ok_or_else(|| Refusal::field("kategorie", Fault::Missing))?;
    let status = changes.status.unwrap_or(Status::Offen);
    Ok(NewTask {
        kategorie,
        status,
        tags: changes.tags.unwrap_or_default(),
        deadline: changes.deadline.flatten(),
        fixed_slot: changes.fixed_slot.flatten(),
        abgeschlossen_am: match status {
            Status::Abgeschlossen => Some(super::slot::usual_slot(situation)?),
            Status::Offen | Status::Abgebrochen => None,
        },
        title: changes.title,
        body: changes.body,
    })
}
