//! Changing a task: some of its fields, or the whole document.

use std::sync::Arc;

use super::find::find;
use super::{Expectation, Fields, IdempotencyKey, Saved, reusable, saved, validate};
use crate::domain::document::{self, Changes, EditError};
use crate::domain::ids::{DocKey, Generation, UserId};
use crate::domain::lang::Phrase;
use crate::domain::problem::{DOCUMENT_BYTES_MAX, Problem};
use crate::domain::task::Status;
use crate::service::change::{Decision, Plan, Situation};
use crate::service::error::{Fault, Refusal, ServiceError};
use crate::service::{Service, planning};
use crate::store::{Change, Origin};

const TYP_TASK: Phrase = Phrase { en: "typ: task", de: "typ: task" };

/// What is to become of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Fields(Fields),
    /// The whole raw file.
    Document(String),
}

impl Service {
    /// Changes a task. A change that leaves the document as it is commits nothing.
    pub async fn update_task(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        id: String,
        edit: Edit,
        expected: Option<Expectation>,
        key: Option<IdempotencyKey>,
    ) -> Result<Saved, ServiceError> {
        if matches!(edit, Edit::Document(_)) && expected.is_none() {
            return Err(Refusal::IfMatchNeeded.into());
        }
        let expected = expected.unwrap_or(Expectation::Anything);
        let update = move |situation: &mut Situation<'_>| {
            let (key, raw) = require(situation, &id, &expected)?;
            let edited = match &edit {
                Edit::Fields(fields) => edit_fields(situation, &key, &raw, fields)?,
                Edit::Document(text) => whole_document(&key, text)?,
            };
            put(situation, key, &raw, edited, "update", |saved| saved)
        };
        Ok(reusable(self.change_once(user, origin, key, update).await?))
    }
}

/// The document that `id` names, if it is the one that the client read.
pub(super) fn require(
    situation: &Situation<'_>,
    id: &str,
    expected: &Expectation,
) -> Result<(DocKey, Arc<[u8]>), ServiceError> {
    let key = find(situation.snapshot, id)?;
    let raw = situation.document(&key)?;
    if expected.admits(&raw) { Ok((key, raw)) } else { Err(changed(&key)) }
}

fn changed(key: &DocKey) -> ServiceError {
    Refusal::Changed { file: key.file.as_str().to_owned() }.into()
}

fn edit_fields(
    situation: &mut Situation<'_>,
    key: &DocKey,
    raw: &[u8],
    fields: &Fields,
) -> Result<Vec<u8>, ServiceError> {
    let mut changes = validate::changes(fields, situation)?;
    changes.abgeschlossen_am = match changes.status {
        // A task that is open again is not done, and one that is set to done was done now.
        Some(Status::Abgeschlossen) => match situation.snapshot.tasks.get(key) {
            Some(Ok(task)) if task.status == Status::Abgeschlossen && task.abgeschlossen_am.is_some() => None,
            _ => Some(Some(super::slot::usual_slot(situation)?)),
        },
        Some(Status::Offen | Status::Abgebrochen) => Some(None),
        None => None,
    };
    edit_document(key, raw, &changes)
}

/// The document with the changes, every other byte as it was.
pub(super) fn edit_document(key: &DocKey, raw: &[u8], changes: &Changes) -> Result<Vec<u8>, ServiceError> {
    document::edit(&key.file, raw, changes).map_err(|error| {
        let file = key.file.as_str().to_owned();
        let refusal = match error {
            EditError::Unreadable(problem) => unreadable(key, problem),
            EditError::TooLarge => Refusal::TooLarge,
            EditError::ControlCharacter { field } => Refusal::field(field, Fault::ControlCharacter),
            EditError::NotATask | EditError::Value { .. } | EditError::Layout { .. } => {
                Refusal::NotEditable { file, error }
            }
        };
        refusal.into()
    })
}

/// What is refused for a document that cannot be read as a task.
pub(super) fn unreadable(key: &DocKey, problem: Problem) -> Refusal {
    Refusal::Unreadable { file: key.file.as_str().to_owned(), problem }
}

fn whole_document(key: &DocKey, text: &str) -> Result<Vec<u8>, ServiceError> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(Refusal::TooLarge.into());
    }
    match planning::read(key, text.as_bytes()) {
        Some(Ok(_)) => Ok(text.as_bytes().to_vec()),
        Some(Err(problem)) => Err(Refusal::field("document", Fault::Unreadable(problem)).into()),
        None => Err(Refusal::field("document", Fault::Malformed { expected: TYP_TASK }).into()),
    }
}

/// Commits the edited document, unless it is the old one.
pub(super) fn put<T, F>(
    situation: &mut Situation<'_>,
    key: DocKey,
    before: &[u8],
    after: Vec<u8>,
    verb: &'static str,
    answer: F,
) -> Result<Decision<T>, ServiceError>
where
    F: FnOnce(Saved) -> T + Send + 'static,
    T: 'static,
{
    if after == before {
        return Ok(Decision::Keep(answer(unchanged(situation, &key, before))));
    }
    let raw: Arc<[u8]> = after.into();
    let change = written(&key, &raw, verb)?;
    Ok(Decision::Change(Plan {
        changes: vec![change],
        next_number: None,
        with_timeline: true,
        sync: None,
        brought: None,
        answer: Box::new(move |generation: Generation, planned| answer(saved(&key, &raw, generation, planned))),
    }))
}

/// The change that makes this the document.
pub(super) fn written(key: &DocKey, raw: &Arc<[u8]>, verb: &'static str) -> Result<Change, Refusal> {
    let Some(reading) = planning::read(key, raw) else {
        return Err(Refusal::field("document", Fault::Malformed { expected: TYP_TASK }));
    };
    Ok(Change::PutDocument { key: key.clone(), raw: raw.clone(), reading, verb: verb.into() })
}

/// The answer when nothing had to change.
fn unchanged(situation: &mut Situation<'_>, key: &DocKey, raw: &[u8]) -> Saved {
    let generation = situation.snapshot.head.generation;
    Saved { changed: false, ..saved(key, raw, generation, Some(&situation.plan())) }
}
