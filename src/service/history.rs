//! What was changed, by whom, and taking it back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::change::{Decision, Plan, Situation};
use super::error::{Refusal, ServiceError};
use super::idempotency::IdempotencyKey;
use super::tasks::{find, is_named, only};
use super::{Service, read};
use super::{planning, rules};
use crate::domain::ids::{DocKey, Generation, UserId};
use crate::store::{Change, Origin};

pub use crate::store::{Moment, Past, PastState};

/// Changes that one page of the history has at most.
pub const PAGE_MAX: usize = 5_000;

/// A commit of more changes than this is taken back without planning in the same step, as imports are made.
pub(super) const PLANNED_CHANGES_MAX: usize = 100;

/// A page of the history, the latest change first.
#[derive(Clone, Debug)]
pub struct Page {
    pub changes: Vec<Past>,
    /// Where the next page begins, if there is one.
    pub next: Option<Moment>,
}

/// What an undo took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The generation that the undo made.
    pub generation: u64,
    /// The generation that was taken back.
    pub undone: u64,
    /// The documents that are now as they were before; none for a change of the settings or the rules.
    pub files: Vec<String>,
    /// Whether this is the answer to an earlier request with the same `Idempotency-Key`.
    #[serde(default)]
    pub reused: bool,
}

impl Service {
    /// The user's changes; `task` narrows them to one document's, which may have been removed since.
    pub async fn history(
        self: &Arc<Self>,
        user: UserId,
        task: Option<String>,
        before: Option<Moment>,
        count: usize,
    ) -> Result<Page, ServiceError> {
        let count = count.clamp(1, PAGE_MAX);
        let service = self.clone();
        let page = move || {
            // One more than asked for tells whether there is another page.
            let mut changes = match task {
                None => service.store.list_history(user, before, count + 1)?,
                Some(id) => {
                    let file = service.document_of_history(user, &id)?.file;
                    service.store.list_history_of(user, &file, before, count + 1)?
                }
            };
            let more = changes.len() > count;
            changes.truncate(count);
            let next = changes.last().filter(|_| more).map(|last| Moment(last.generation.0, last.index));
            Ok(Page { changes, next })
        };
        read(page).await
    }

    /// The document that an id names, or named before it was removed.
    pub(super) fn document_of_history(&self, user: UserId, id: &str) -> Result<DocKey, ServiceError> {
        let snapshot = self.require_snapshot(user)?;
        match find(&snapshot, id) {
            Err(Refusal::NoSuchTask { .. }) => {}
            found => return Ok(found?),
        }
        let past = self.store.list_documents_of_history(user)?;
        let named = past.into_iter().map(DocKey::of).filter(|key| is_named(key, id));
        Ok(only(id, named.collect())?)
    }

    /// Takes back the user's last change that no sync brought, or that of a generation, by a new change. Undoing an undo brings
    /// the change back.
    ///
    /// # Errors
    /// [`Refusal::TouchedSince`] when a document is no longer as that change left it, [`Refusal::BroughtChange`] when it
    /// happened in another account, and
    /// [`Refusal::NoSuchChange`] when that generation changed nothing that is kept.
    pub async fn undo(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        generation: Option<u64>,
        key: Option<IdempotencyKey>,
    ) -> Result<Undone, ServiceError> {
        let decide = move |situation: &mut Situation<'_>| undo(situation, generation);
        let (undone, reused) = self.change_once(user, origin, key, decide).await?;
        Ok(Undone { reused, ..undone })
    }
}

fn undo(situation: &mut Situation<'_>, generation: Option<u64>) -> Result<Decision<Undone>, ServiceError> {
    let head = situation.snapshot.head.generation;
    let missing = |generation: Generation| Refusal::NoSuchChange { generation: generation.0 };
    let wanted = match generation {
        Some(generation) => Generation(generation),
        None => situation.last_own_generation()?.ok_or_else(|| missing(head))?,
    };
    if wanted == Generation(0) || wanted > head {
        return Err(missing(wanted).into());
    }
    if situation.is_brought(wanted)? {
        return Err(Refusal::BroughtChange { generation: wanted.0 }.into());
    }
    let past = situation.changes_of(wanted)?;
    let reversed = past.iter().rev().map(|past| reverse(situation, past)).collect::<Result<Vec<_>, _>>()?;
    let changes: Vec<Change> = reversed.into_iter().flatten().collect();
    if changes.is_empty() {
        return Err(missing(wanted).into());
    }
    let files = past.iter().filter_map(|past| match past {
        PastState::Document { key, .. } => Some(key.file.as_str().to_owned()),
        PastState::Settings { .. } | PastState::Rules { .. } | PastState::Merged { .. } => None,
    });
    let files = files.collect();
    Ok(Decision::Change(Plan {
        with_timeline: changes.len() <= PLANNED_CHANGES_MAX,
        changes,
        next_number: None,
        sync: None,
        brought: None,
        answer: Box::new(move |generation, _| Undone {
            generation: generation.0,
            undone: wanted.0,
            files,
            reused: false,
        }),
    }))
}

/// The change that takes a past one back, if nothing came between; `None` for what changed nothing.
fn reverse(situation: &mut Situation<'_>, past: &PastState) -> Result<Option<Change>, ServiceError> {
    const VERB: &str = "undo";
    let change = match past {
        PastState::Merged { .. } => return Ok(None),
        PastState::Settings { before, after } => {
            if situation.snapshot.settings != *after {
                return Err(Refusal::touched_since("settings", situation.snapshot.settings == *before).into());
            }
            Change::PutSettings { settings: *before, verb: VERB.into() }
        }
        PastState::Rules { before, after } => {
            let present = situation.snapshot.rules.as_ref().map(|rules| &rules.entries);
            if present != after.as_ref() {
                return Err(Refusal::touched_since("rules", present == before.as_ref()).into());
            }
            rules::change(situation, before.clone(), VERB)?
        }
        PastState::Document { key, before, after } => {
            let present = match situation.snapshot.tasks.contains_key(key) {
                true => Some(situation.document(key)?),
                false => None,
            };
            if present.as_deref() != after.as_deref() {
                return Err(Refusal::touched_since(key.file.as_str(), present.as_deref() == before.as_deref()).into());
            }
            match before {
                None => Change::RemoveDocument { key: key.clone(), verb: VERB.into() },
                Some(raw) => {
                    let reading = planning::read(key, raw).ok_or(crate::store::StoreError::Damaged("history"))?;
                    Change::PutDocument { key: key.clone(), raw: raw.as_slice().into(), reading, verb: VERB.into() }
                }
            }
        }
    };
    Ok(Some(change))
}
