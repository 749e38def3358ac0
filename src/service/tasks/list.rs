//! Reading tasks: all of them in short, one of them whole.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::find::{Wanted, missing, only, wanted};
use super::{document_tag, id_of};
use crate::domain::document;
use crate::domain::ids::{DocKey, UserId};
use crate::domain::lang::Lang;
use crate::domain::problem::Problem;
use crate::domain::task::Task;
use crate::service::Service;
use crate::service::error::ServiceError;
use crate::service::planners::Interrupted;
use crate::service::planning;
use crate::store::{Reading, StoreError};
use crate::view::json::{Placements, placements};

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
    /// Every task of the user in the order of rank, with the entity tag of the list in that language.
    pub async fn list_tasks(
        self: &Arc<Self>,
        user: UserId,
        lang: Lang,
    ) -> Result<(Vec<Summary>, String), ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let served = self.timeline(user, false).await?;
        let places = placements(&served.entry.finished.body);
        let service = self.clone();
        let snapshot = read(move || service.require_snapshot(user)).await?;
        let tasks = snapshot.tasks.into_iter().map(|(key, reading)| summary(&key, reading, &places)).collect();
        let mut hash = Sha256::new();
        hash.update(b"tasks");
        hash.update(lang.pick("en", "de"));
        hash.update(&served.entry.etag);
        hash.update(snapshot.head.generation.0.to_be_bytes());
        Ok((tasks, format!("\"{}\"", planning::tag(&hash.finalize()))))
    }

    /// One task, whole.
    pub async fn show_task(self: &Arc<Self>, user: UserId, id: String) -> Result<Shown, ServiceError> {
        let service = self.clone();
        let (key, raw) = read(move || service.require_document(user, &id)).await?;
        let served = self.timeline(user, false).await?;
        let places = placements(&served.entry.finished.body);
        let reading = planning::read(&key, &raw).ok_or(StoreError::Damaged("documents"))?;
        let body = document::body(&raw).unwrap_or_default().to_owned();
        Ok(Shown { etag: document_tag(&raw), summary: summary(&key, reading, &places), body, raw })
    }

    /// The document that an id names, with its bytes, without reading any other.
    fn require_document(&self, user: UserId, id: &str) -> Result<(DocKey, Vec<u8>), ServiceError> {
        let key = match wanted(id)? {
            Wanted::Number(number) => only(id, self.store.list_documents_of(user, number)?)?,
            Wanted::File(key) => key,
        };
        let raw = self.store.get_document(user, &key)?.ok_or_else(|| missing(id))?;
        Ok((key, raw))
    }
}

/// Reads the database on a thread that may wait for the disk.
async fn read<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ServiceError::Interrupted(Interrupted)))
}

fn summary(key: &DocKey, reading: Reading, places: &Placements) -> Summary {
    Summary {
        id: id_of(key),
        file: key.file.as_str().to_owned(),
        reading,
        placed: places.get(key.file.as_str()).cloned(),
    }
}
