//! Removing a task. Its number is not given again; the history keeps the document.

use std::sync::Arc;

use super::update::require;
use super::{Expectation, IdempotencyKey, Saved, reusable, saved};
use crate::domain::ids::UserId;
use crate::service::Service;
use crate::service::change::{Decision, Plan, Situation};
use crate::service::error::ServiceError;
use crate::store::{Change, Origin};

impl Service {
    pub async fn remove_task(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        id: String,
        expected: Option<Expectation>,
        key: Option<IdempotencyKey>,
    ) -> Result<Saved, ServiceError> {
        let expected = expected.unwrap_or(Expectation::Anything);
        let remove = move |situation: &mut Situation<'_>| {
            let (key, raw) = require(situation, &id, &expected)?;
            Ok(Decision::Change(Plan {
                changes: vec![Change::RemoveDocument { key: key.clone(), verb: "delete".into() }],
                next_number: None,
                with_timeline: true,
                sync: None,
                brought: None,
                answer: Box::new(move |generation, _| saved(&key, &raw, generation, None)),
            }))
        };
        Ok(reusable(self.change_once(user, origin, key, remove).await?))
    }
}
