//! Reading tasks: all of them in short, one of them whole.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::document_tag;
use super::find::{Wanted, missing, only, wanted};
use crate::domain::document;
use crate::domain::ids::{DocKey, Generation, TaskNumber, UserId};
use crate::domain::lang::Lang;
use crate::domain::problem::Problem;
use crate::domain::task::{Status, Task};
use crate::service::error::ServiceError;
use crate::service::planning;
use crate::service::{Service, read};
use crate::store::{Reading, StoreError};
use crate::view::placements::{Placements, Without};

/// A task in short.
#[derive(Clone, Debug)]
pub struct Summary {
    pub id: String,
    pub file: String,
    /// The task, or why the document cannot be read as one.
    pub reading: Result<Arc<Task>, Problem>,
    /// Day and slot that it stands in.
    pub placed: Option<(String, String)>,
    /// Why it stands in none, where that is not because it is simply in line.
    pub without: Option<Without>,
}

/// Which tasks a list has. Each condition that is set must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub status: Option<Status>,
    pub kategorie: Option<String>,
    pub tag: Option<String>,
    /// Stands somewhere in the document, in any case.
    pub text: Option<String>,
    /// The lowest number.
    pub from: Option<TaskNumber>,
    /// The last document of the page before.
    pub after: Option<DocKey>,
    /// Tasks of a page at most.
    pub limit: usize,
}

/// Tasks of a page at most, whoever asks.
pub const PAGE_MAX: usize = 500;

impl Filter {
    /// A document that cannot be read has no fields, so only conditions on its place and text can hold.
    fn admits(&self, key: &DocKey, reading: &Reading) -> bool {
        let same = |wanted: &str, word: &str| wanted.to_lowercase() == word.to_lowercase();
        let has_fields = |task: &Task| {
            self.status.is_none_or(|status| task.status == status)
                && self.kategorie.as_ref().is_none_or(|wanted| same(wanted, &task.kategorie))
                && self.tag.as_ref().is_none_or(|wanted| task.tags.iter().any(|tag| same(wanted, tag)))
        };
        let needs_fields = self.status.is_some() || self.kategorie.is_some() || self.tag.is_some();
        self.after.as_ref().is_none_or(|after| key > after)
            && self.from.is_none_or(|from| key.number.is_none_or(|number| number >= from))
            && reading.as_ref().map_or(!needs_fields, |task| has_fields(task))
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    pub tasks: Vec<Summary>,
    /// The last document of this page, if there is another page.
    pub next: Option<String>,
    /// What it was asked of; `None` when the list is not to be kept.
    pub tag: Option<String>,
}

/// What a filter let through of a state.
struct Selection {
    tasks: Vec<(DocKey, Reading)>,
    generation: Generation,
    is_durable: bool,
    /// Whether there are more than were asked for.
    more: bool,
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
    /// A page of the user's tasks in the order of rank, with the entity tag of the list in that language.
    pub async fn list_tasks(self: &Arc<Self>, user: UserId, filter: Filter, lang: Lang) -> Result<Page, ServiceError> {
        let view = self.views.get(user);
        let _turn = view.lock().await;
        let opening = self.store.opening();
        let served = self.timeline(user, false).await?;
        let places = Placements::of(&served.entry.finished.body);
        let mut hash = Sha256::new();
        hash.update(b"tasks");
        hash.update(lang.pick("en", "de"));
        hash.update(&served.entry.etag);
        hash.update(format!("{filter:?}"));
        let service = self.clone();
        let Selection { tasks, generation, is_durable, more } = read(move || service.select(user, &filter)).await?;
        hash.update(generation.0.to_be_bytes());
        let tasks: Vec<_> = tasks.into_iter().map(|(key, reading)| summary(&key, reading, &places)).collect();
        let next = tasks.last().filter(|_| more).map(|last| last.file.clone());
        let is_certain = served.is_certain && is_durable && self.store.opening() == opening;
        let tag = planning::tag(&hash.finalize());
        Ok(Page { tasks, next, tag: Some(tag).filter(|_| is_certain) })
    }

    /// The documents that a filter lets through.
    fn select(&self, user: UserId, filter: &Filter) -> Result<Selection, ServiceError> {
        let snapshot = self.require_snapshot(user)?;
        let (generation, is_durable) = (snapshot.head.generation, snapshot.is_durable);
        let found = match &filter.text {
            Some(text) => Some(self.store.list_documents_with(user, text)?),
            None => None,
        };
        let wanted = |key: &DocKey, reading: &Reading| {
            let in_text = found.as_ref().is_none_or(|found| found.contains(key));
            in_text && filter.admits(key, reading)
        };
        let mut rest = snapshot.tasks.into_iter().filter(|(key, reading)| wanted(key, reading));
        let tasks = rest.by_ref().take(filter.limit).collect();
        Ok(Selection { tasks, generation, is_durable, more: rest.next().is_some() })
    }

    /// One task, whole.
    pub async fn show_task(self: &Arc<Self>, user: UserId, id: String) -> Result<Shown, ServiceError> {
        let service = self.clone();
        let (key, raw) = read(move || service.require_document(user, &id)).await?;
        let served = self.timeline(user, false).await?;
        let places = Placements::of(&served.entry.finished.body);
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

fn summary(key: &DocKey, reading: Reading, places: &Placements) -> Summary {
    Summary {
        id: key.id(),
        file: key.file.as_str().to_owned(),
        reading,
        placed: places.placed(key.file.as_str()).cloned(),
        without: places.without(key.file.as_str()).cloned(),
    }
}
