//! The use cases of tasks.

mod complete;
mod create;
mod find;
mod list;
mod quick;
mod remove;
mod several;
mod slot;
mod update;
mod validate;
mod verbs;
mod words;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::planning::{self, Planned};
use crate::domain::date;
use crate::domain::ids::{DocKey, Generation};
use crate::view::json::SlotRefJson;

pub use super::idempotency::IdempotencyKey;
pub(super) use find::{find, is_named, only};
pub use list::{Filter, PAGE_MAX, Page, Shown, Summary};
pub use quick::{Line, Looked, Understood};
pub use several::{Act, Several};
pub use update::Edit;
pub use verbs::Verb;
pub(super) use words::KnownWords;
pub use words::Words;

/// Where a task stands in the timeline, as an answer says it.
pub type Placed = Option<SlotRefJson>;

/// The fields of a request as the client sent them: types checked, values not yet.
///
/// For the fields that can be removed, `Some(None)` means "remove".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pub kategorie: Option<String>,
    pub status: Option<String>,
    pub tags: Option<Vec<String>>,
    pub deadline: Option<Option<String>>,
    pub fixed_slot: Option<Option<SlotFields>>,
    pub title: Option<String>,
    pub body: Option<String>,
}

/// A slot as the client sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotFields {
    pub datum: Option<String>,
    pub zeit: Option<String>,
}

/// A task that was created or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub id: String,
    pub file: String,
    pub generation: u64,
    /// Where the task stands now; `None` when it has no slot.
    pub placed: Option<(String, String)>,
    /// Whether the rules that should apply to the task did; others stand in for those that fail.
    #[serde(default = "applied")]
    pub rules_ok: bool,
    /// The entity tag of the document.
    pub etag: String,
    /// Whether this is the answer to an earlier request with the same `Idempotency-Key`.
    #[serde(default)]
    pub reused: bool,
    /// Whether the document changed; else it was as asked already, and nothing made `generation`.
    #[serde(default = "applied")]
    pub changed: bool,
}

/// A task that was completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    pub saved: Saved,
    /// The slot that it is marked as done in.
    pub datum: String,
    pub zeit: Option<String>,
}

/// What the client says it read: the entity tags of `If-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    Anything,
    OneOf(Vec<String>),
}

impl Expectation {
    fn admits(&self, raw: &[u8]) -> bool {
        matches!(self, Expectation::Anything) || self.admits_tag(&document_tag(raw))
    }

    /// Whether something with this tag is what was read.
    pub(super) fn admits_tag(&self, tag: &str) -> bool {
        match self {
            Expectation::Anything => true,
            Expectation::OneOf(tags) => tags.iter().any(|expected| expected == tag),
        }
    }
}

/// The entity tag of a document: of its bytes alone, so that other tasks do not upset it.
pub fn document_tag(raw: &[u8]) -> String {
    format!("\"{}\"", planning::tag(&Sha256::digest(raw)))
}

/// Of answers that were kept by a version that did not say it.
fn applied() -> bool {
    true
}

fn saved(key: &DocKey, raw: &[u8], generation: Generation, planned: Option<&Planned>) -> Saved {
    let placed = planned.and_then(|planned| planned.answer.timeline.placed(key.file.as_str()));
    Saved {
        id: key.id(),
        file: key.file.as_str().to_owned(),
        generation: generation.0,
        placed: placed.map(|(day, zeit)| (date::to_text(day), zeit.to_owned())),
        rules_ok: planned.is_none_or(|planned| planned.answer.rules.error.is_none()),
        etag: document_tag(raw),
        reused: false,
        changed: true,
    }
}

/// The answer, saying whether it was given before.
fn reusable((saved, reused): (Saved, bool)) -> Saved {
    Saved { reused, ..saved }
}
