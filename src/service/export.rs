//! Everything that a user owns, as files or as one document: streamed, and all of one generation.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::archive::ArchiveWriter;
use super::error::{Refusal, ServiceError};
use super::history::{Moment, Past, PastState};
use super::rules::files;
use super::{Service, Streamed, planning, read};
use crate::domain::document;
use crate::domain::ids::{DocKey, UserId};
use crate::domain::script::RuleEntry;
use crate::store::{Outline, Settings, Snapshot, StoreError};
use crate::view::export::{ChangeJson, DocumentJson, ExportHeadJson, RawJson, StateJson};
use crate::view::json::utc;
use crate::view::rules::RuleJson;
use crate::view::settings::SettingsJson;
use crate::view::table::{Places, Table};

/// The form of [`Form::Json`] that this version writes.
pub(super) const VERSION: u32 = 1;

/// What [`Form::Json`] says that it is.
pub(super) const FORMAT: &str = "codexmiroir";

/// Bytes of documents that are read at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// Changes of the history that are read at a time.
const PIECE_CHANGES: usize = 50;

/// What an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The task files and the rules in a tar archive.
    Markdown,
    /// Everything, nothing lost: documents, settings, rules, next number, and the history if it is wanted.
    Json { history: bool },
    /// A table with a row for each task, for a spreadsheet.
    Csv,
    /// The timeline as a calendar.
    Calendar,
}

/// An export on its way. What is changed meanwhile is not in it.
pub struct Export {
    service: Arc<Service>,
    user: UserId,
    outline: Outline,
    form: Form,
    stage: Stage,
    archive: ArchiveWriter,
    table: Table,
    /// Of a table: where the tasks stand.
    places: Places,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Stage {
    Head,
    /// From this document on.
    Documents(usize),
    /// The changes before this moment.
    History(Moment, bool),
    End,
    Done,
}

impl Service {
    /// Begins an export of what the user has now.
    pub async fn export(self: &Arc<Self>, user: UserId, form: Form) -> Result<Export, ServiceError> {
        let (outline, places) = match form {
            Form::Csv => self.outline_with_places(user).await?,
            Form::Markdown | Form::Json { .. } | Form::Calendar => {
                let service = self.clone();
                let look = move || {
                    let outline = service.store.outline(user)?;
                    Ok(outline.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() })?)
                };
                (read(look).await?, Places::default())
            }
        };
        let (archive, table) = (ArchiveWriter::default(), Table::new(outline.settings.lang));
        Ok(Export { service: self.clone(), user, outline, form, stage: Stage::Head, archive, table, places })
    }

    /// The tasks, and where they stand by a plan of just these.
    async fn outline_with_places(self: &Arc<Self>, user: UserId) -> Result<(Outline, Places), ServiceError> {
        let (snapshot, answer) = self.planned(user, None, None).await?;
        let Snapshot { name, head, settings, tasks, .. } = snapshot;
        let keys = tasks.into_keys().collect();
        Ok((Outline { name, head, settings, keys, rules: None }, Places::of(&answer.timeline)))
    }
}

impl Streamed for Export {
    async fn next(&mut self) -> Result<Option<Bytes>, ServiceError> {
        loop {
            let piece = match self.stage {
                Stage::Head => self.head().await?,
                Stage::Documents(from) => self.documents(from).await?,
                Stage::History(before, is_first) => self.history(before, is_first).await?,
                Stage::End => self.end()?,
                Stage::Done => return Ok(None),
            };
            if !piece.is_empty() {
                return Ok(Some(piece.into()));
            }
        }
    }
}

impl Export {
    async fn head(&mut self) -> Result<Vec<u8>, ServiceError> {
        self.stage = Stage::Documents(0);
        match self.form {
            Form::Markdown => Ok(Vec::new()),
            Form::Json { .. } => Ok(self.json_head()),
            Form::Csv => {
                self.table.names();
                Ok(self.table.take())
            }
            Form::Calendar => {
                self.stage = Stage::Done;
                Ok(self.service.calendar(self.user, false).await?.entry.finished.body.to_vec())
            }
        }
    }

    fn json_head(&self) -> Vec<u8> {
        let Outline { name, head, settings, rules, .. } = &self.outline;
        let about = ExportHeadJson {
            format: FORMAT,
            version: VERSION,
            user: name.as_str(),
            generation: head.generation.0,
            committed_at: utc(head.committed_at),
            next_available_id: head.next_number.map(|number| number.to_string()),
            settings: settings_json(*settings),
            rules: rules.as_ref().map(|rules| RuleJson::list(&rules.entries)),
        };
        // The object goes on with what is streamed.
        let mut text = serde_json::to_vec(&about).unwrap_or_default();
        text.pop();
        text.extend_from_slice(b",\"documents\":[");
        text
    }

    async fn documents(&mut self, from: usize) -> Result<Vec<u8>, ServiceError> {
        let keys: Vec<DocKey> = self.outline.keys.iter().skip(from).take(PIECE_BYTES / 1_024).cloned().collect();
        if keys.is_empty() {
            let before = Moment(self.outline.head.generation.0 + 1, 0);
            self.stage = match self.form {
                Form::Json { history: true } => Stage::History(before, true),
                Form::Json { history: false } | Form::Markdown | Form::Csv | Form::Calendar => Stage::End,
            };
            return Ok(match self.form {
                Form::Json { history: true } => b"],\"history\":[".to_vec(),
                Form::Json { history: false } => b"]".to_vec(),
                Form::Markdown | Form::Csv | Form::Calendar => Vec::new(),
            });
        }
        let (service, user, generation) = (self.service.clone(), self.user, self.outline.head.generation);
        let load = move || {
            let documents = service.store.list_documents_at(user, generation, &keys, PIECE_BYTES)?;
            Ok(keys.into_iter().zip(documents).collect::<Vec<_>>())
        };
        let loaded = read(load).await?;
        self.stage = Stage::Documents(from + loaded.len());
        match self.form {
            Form::Markdown => self.as_files(&loaded),
            Form::Csv => Ok(self.as_rows(&loaded)),
            Form::Calendar => Ok(Vec::new()),
            Form::Json { .. } => {
                let documents =
                    loaded.iter().map(|(key, raw)| DocumentJson { file: key.file.as_str(), raw: RawJson::of(raw) });
                Ok(list(documents, from == 0))
            }
        }
    }

    fn as_files(&mut self, loaded: &[(DocKey, Vec<u8>)]) -> Result<Vec<u8>, ServiceError> {
        let (name, seconds) = self.owner_and_time();
        for (key, raw) in loaded {
            self.archive.append(&format!("{name}/tasks/{}", key.file), raw, seconds).map_err(unwritten)?;
        }
        Ok(self.archive.take())
    }

    fn as_rows(&mut self, loaded: &[(DocKey, Vec<u8>)]) -> Vec<u8> {
        for (key, raw) in loaded {
            // As it was when it was planned: a file that is no task then is none now.
            if let Some(reading) = planning::read(key, raw) {
                let body = document::body(raw).unwrap_or_default();
                self.table.task(key, reading.as_deref(), body, &self.places);
            }
        }
        self.table.take()
    }

    /// Whose files they are, and when they are said to be last changed, in seconds after 1970.
    fn owner_and_time(&self) -> (String, u64) {
        let seconds = u64::try_from(self.outline.head.committed_at.timestamp()).unwrap_or_default();
        (self.outline.name.as_str().to_owned(), seconds)
    }

    async fn history(&mut self, before: Moment, is_first: bool) -> Result<Vec<u8>, ServiceError> {
        let page = self.service.history(self.user, None, Some(before), PIECE_CHANGES).await?;
        let text = list(page.changes.iter().map(change_json), is_first);
        self.stage = match page.next {
            Some(next) => Stage::History(next, false),
            None => Stage::End,
        };
        Ok(if page.next.is_none() { [text, b"]".to_vec()].concat() } else { text })
    }

    fn end(&mut self) -> Result<Vec<u8>, ServiceError> {
        self.stage = Stage::Done;
        match self.form {
            Form::Json { .. } => Ok(b"}\n".to_vec()),
            Form::Csv | Form::Calendar => Ok(Vec::new()),
            Form::Markdown => {
                let (name, seconds) = self.owner_and_time();
                if let Some(rules) = &self.outline.rules {
                    for (file, raw) in files::files_of(&rules.entries) {
                        let path = format!("{name}/{}/{file}", files::FOLDER);
                        self.archive.append(&path, &raw, seconds).map_err(unwritten)?;
                    }
                }
                std::mem::take(&mut self.archive).finish().map_err(unwritten)
            }
        }
    }
}

/// Writing into memory fails only for what no archive can hold, which no document's name is.
#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
fn unwritten(error: io::Error) -> ServiceError {
    StoreError::Read(error.to_string()).into()
}

/// Items of a list that goes on, each on a line of its own.
fn list<T: Serialize>(items: impl Iterator<Item = T>, is_first: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for (index, item) in items.enumerate() {
        text.extend_from_slice(if is_first && index == 0 { b"\n" } else { b",\n" });
        text.extend(serde_json::to_vec(&item).unwrap_or_default());
    }
    text
}

fn change_json(past: &Past) -> ChangeJson<'_> {
    let (file, before, after) = match &past.what {
        PastState::Document { key, before, after } => {
            (Some(key.file.as_str().into()), document_state(before.as_deref()), document_state(after.as_deref()))
        }
        PastState::Merged { file, lost, kept, .. } => {
            (Some(file.name()), document_state(lost.as_deref()), document_state(kept.as_deref()))
        }
        PastState::Settings { before, after } => {
            let state = |settings| Some(StateJson::Settings(settings_json(settings)));
            (None, state(*before), state(*after))
        }
        PastState::Rules { before, after } => {
            (None, before.as_deref().map(rules_state), after.as_deref().map(rules_state))
        }
    };
    ChangeJson {
        generation: past.generation.0,
        at: utc(past.at),
        actor: &past.actor,
        through: &past.through,
        verb: &past.verb,
        file,
        before,
        after,
        conflict: past.is_conflict(),
        merged: matches!(past.what, PastState::Merged { .. }),
        brought: past.is_brought,
    }
}

fn rules_state(entries: &[RuleEntry]) -> StateJson<'_> {
    StateJson::Rules(RuleJson::list(entries))
}

fn document_state(raw: Option<&[u8]>) -> Option<StateJson<'_>> {
    raw.map(RawJson::of).map(StateJson::Document)
}

fn settings_json(settings: Settings) -> SettingsJson {
    SettingsJson::new(settings.zone, settings.lang, settings.days, settings.theme)
}
