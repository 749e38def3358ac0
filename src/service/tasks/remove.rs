//! Removing a task. Its number is not given again; the history keeps the document.

use std::sync::Arc;

use super::update::require;
use super::{Expectation, Saved, saved};
use crate::domain::ids::UserId;
use crate::service::Service;
use crate::service::change::{Decision, Plan};
use crate::service::error::ServiceError;
use crate::store::{Change, Origin};

impl Service {
    pub async fn remove_task(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        id: String,
        expected: Option<Expectation>,
    ) -> Result<Saved, ServiceError> {
        let expected = expected.unwrap_or(Expectation::Anything);
        self.change(user, origin, move |situation| {
            let (key, raw) = require(situation, &id, &expected)?;
            Ok(Decision::Change(Plan {
                changes: vec![Change::RemoveDocument { key: key.clone(), verb: "delete" }],
                next_number: None,
                with_timeline: true,
                answer: Box::new(move |generation, _| (saved(&key, &raw, generation, None), None)),
            }))
        })
        .await
    }
}
