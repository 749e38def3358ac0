//! The verbs that people use beside "done": cancel, reopen, pin, unpin.

use std::sync::Arc;

use chrono::NaiveDate;

use super::slot::fixed_slot;
use super::update::{edit_document, put, require};
use super::{Expectation, IdempotencyKey, Saved, SlotFields, reusable};
use crate::domain::document::Changes;
use crate::domain::ids::{DocKey, UserId};
use crate::domain::task::Status;
use crate::service::Service;
use crate::service::change::Situation;
use crate::service::error::{Refusal, ServiceError};
use crate::store::Origin;

/// What is to happen to a task. A task that is so already stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Cancel,
    Reopen,
    /// Fix it to this slot, unless an open task is fixed there already.
    Pin(SlotFields),
    Unpin,
}

impl Verb {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Verb::Cancel => "cancel",
            Verb::Reopen => "reopen",
            Verb::Pin(_) => "pin",
            Verb::Unpin => "unpin",
        }
    }

    pub(super) fn changes(&self, situation: &mut Situation<'_>) -> Result<Changes, ServiceError> {
        let status = |status| Changes { status: Some(status), abgeschlossen_am: Some(None), ..Changes::default() };
        let fixed = |slot| Changes { fixed_slot: Some(slot), ..Changes::default() };
        Ok(match self {
            Verb::Cancel => status(Status::Abgebrochen),
            Verb::Reopen => status(Status::Offen),
            Verb::Unpin => fixed(None),
            Verb::Pin(slot) => fixed(Some(fixed_slot(slot, ["datum", "zeit"], situation)?)),
        })
    }
}

/// The open task, but for this one, that is fixed to that slot.
pub(super) fn holder(situation: &Situation<'_>, but: Option<&DocKey>, datum: NaiveDate, zeit: &str) -> Option<String> {
    let open = situation.snapshot.tasks.values().filter_map(|reading| reading.as_ref().ok());
    let mut others = open.filter(|task| task.is_open() && but != Some(&task.key));
    let holder = others.find(|task| task.binding_slot() == Some((datum, Some(zeit))))?;
    Some(format!("{} {}", holder.id(), holder.title))
}

impl Service {
    pub async fn apply_verb(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        id: String,
        verb: Verb,
        expected: Option<Expectation>,
        key: Option<IdempotencyKey>,
    ) -> Result<Saved, ServiceError> {
        let expected = expected.unwrap_or(Expectation::Anything);
        let apply = move |situation: &mut Situation<'_>| {
            let (key, raw) = require(situation, &id, &expected)?;
            let changes = verb.changes(situation)?;
            // Before it is asked whose the slot is: a task that cannot be read gets none.
            let edited = edit_document(&key, &raw, &changes)?;
            if let Some(Some((datum, zeit))) = changes.fixed_slot
                && let Some(by) = holder(situation, Some(&key), datum, &zeit)
            {
                return Err(Refusal::SlotTaken { datum, zeit, by }.into());
            }
            put(situation, key, &raw, edited, verb.name(), |saved| saved)
        };
        Ok(reusable(self.change_once(user, origin, key, apply).await?))
    }
}
