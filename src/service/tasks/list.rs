//! Reading tasks: all of them in short, one of them whole.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::find::find;
use super::{document_tag, id_of};
use crate::domain::date;
use crate::domain::document;
use crate::domain::ids::{DocKey, UserId};
use crate::domain::problem::Problem;
use crate::domain::task::Task;
use crate::service::Service;
use crate::service::error::ServiceError;
use crate::service::planning;
use crate::store::{Reading, StoreError};
use crate::view::Answer;

/// Times that a task is read again because it was removed between two reads.
const READS_MAX: usize = 8;

/// A task in short.
#[derive(Clone, Debug)]
pub struct Summary {
    pub id: String,
    pub file: String,
    /// The task, or why the document cannot be read as one.
    pub reading: Result<Arc<Task>, Problem>,
    /// Day and slot that it stands in.
    pub placed: Option<(String, String)>,
}

/// A task whole.
#[derive(Clone, Debug)]
pub struct Shown {
    pub summary: Summary,
    /// The document, byte for byte.
    pub raw: Vec<u8>,
    /// The text after the frontmatter; empty for a document without any.
    pub body: String,
    pub etag: String,
}

impl Service {
    /// Every task of the user in the order of rank, with the entity tag of the list.
    pub async fn list_tasks(self: &Arc<Self>, user: UserId) -> Result<(Vec<Summary>, String), ServiceError> {
        let (snapshot, planned) = self.planned(user).await?;
        let tasks = snapshot.tasks.iter().map(|(key, reading)| summary(key, reading, &planned.answer)).collect();
        let mut hash = Sha256::new();
        hash.update(b"tasks");
        hash.update(&planned.entry.etag);
        Ok((tasks, format!("\"{}\"", planning::tag(&hash.finalize()))))
    }

    /// One task, whole.
    pub async fn show_task(self: &Arc<Self>, user: UserId, id: &str) -> Result<Shown, ServiceError> {
        // The plan and the document are read one after the other; a change between them makes another round.
        for _ in 0..READS_MAX {
            let (snapshot, planned) = self.planned(user).await?;
            let key = find(&snapshot, id)?;
            let Some(raw) = self.store.get_document(user, &key)? else { continue };
            let reading = planning::read(&key, &raw).ok_or(StoreError::Damaged("documents"))?;
            let summary = summary(&key, &reading, &planned.answer);
            let body = document::body(&raw).unwrap_or_default().to_owned();
            return Ok(Shown { etag: document_tag(&raw), summary, body, raw });
        }
        Err(StoreError::Damaged("documents").into())
    }
}

fn summary(key: &DocKey, reading: &Reading, answer: &Answer) -> Summary {
    let placed = answer.timeline.placed(key.file.as_str());
    Summary {
        id: id_of(key),
        file: key.file.as_str().to_owned(),
        reading: reading.clone(),
        placed: placed.map(|(day, zeit)| (date::to_text(day), zeit.to_owned())),
    }
}
