//! Bringing a folder of task files, with its rules, into the store, in one commit.

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::archive::read_archive;
use super::change::{Decision, Plan, Situation};
use super::error::ServiceError;
use super::folder::Folder;
use super::rules::{self, files};
use super::{Service, planning, read};
use crate::domain::ids::{DocKey, FileName, TaskNumber, UserId};
use crate::domain::lang::{Lang, Phrase};
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::store::{Change, Origin, Reading};

/// The highest number that an import takes: far enough below the highest of all that no file can use up the
/// numbers of new tasks.
pub(super) const IMPORTED_NUMBER_MAX: u32 = 99_999_999;

/// Why a file that looks like a task file is none.
pub(super) const NOT_A_NAME: Phrase =
    Phrase { en: "its name cannot be the name of a task file", de: "ihr Name kann kein Name einer Aufgabendatei sein" };
pub(super) const TOO_LARGE: Phrase = Phrase { en: "it is larger than 64 KiB", de: "sie ist größer als 64 KiB" };
const NUMBER_TOO_HIGH: Phrase = Phrase { en: "its number is above 99999999", de: "ihre Nummer liegt über 99999999" };
const NOT_A_TASK: Phrase = Phrase { en: "it is not a task file", de: "sie ist keine Aufgabendatei" };

/// What became, or would become, of each file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub lines: Vec<Line>,
    pub generation: u64,
    /// The number that the next new task gets afterwards.
    pub next_number: Option<TaskNumber>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub file: String,
    pub fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Added,
    /// A document of this name was there with other bytes; the history keeps them.
    Replaced,
    Unchanged,
    /// Kept, and listed as invalid: line and reason.
    KeptUnreadable {
        line: u32,
        reason: String,
    },
    /// Not taken, and why.
    Skipped {
        reason: Cow<'static, str>,
    },
}

impl Service {
    /// Imports the files of a folder. A file that is here already and is the same stays; importing the same
    /// folder twice changes nothing the second time. `dry_run` only reports.
    pub async fn import(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        folder: Folder,
        dry_run: bool,
    ) -> Result<Report, ServiceError> {
        self.change(user, origin, move |situation| import(situation, &folder, dry_run)).await
    }
}

impl Service {
    /// As [`Service::import`], of a tar archive that is still on its way. What ends it early is passed on as an
    /// error of the last piece; then nothing is imported. Nor is it if `may_still` says no once the archive is there.
    pub async fn import_archive<E: From<ServiceError>>(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        archive: mpsc::Receiver<io::Result<Bytes>>,
        may_still: impl FnOnce() -> Result<(), E>,
        dry_run: bool,
    ) -> Result<Report, E> {
        let line = self.imports.get(user);
        let _turn = line.lock().await;
        let unpack = move || Ok(read_archive(Arriving { archive, piece: Bytes::new() })?);
        let folder = read(unpack).await?;
        may_still()?;
        Ok(self.import(user, origin, folder, dry_run).await?)
    }
}

/// Bytes that come in pieces, read on a thread that may wait for them.
struct Arriving {
    archive: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            match self.archive.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        buffer[..length].copy_from_slice(&self.piece.split_to(length));
        Ok(length)
    }
}

fn import(situation: &mut Situation<'_>, folder: &Folder, dry_run: bool) -> Result<Decision<Report>, ServiceError> {
    let mut changes = Vec::new();
    let left_out = folder.left_out.iter().map(|(file, reason)| Line { file: file.clone(), fate: skipped(*reason) });
    let mut lines: Vec<Line> = left_out.collect();
    for (name, raw) in &folder.files {
        let fate = match consider(situation, name, raw)? {
            (fate, Some(change)) => {
                changes.push(change);
                fate
            }
            (fate, None) => fate,
        };
        lines.push(Line { file: name.clone(), fate });
    }
    if !folder.rules.is_empty() {
        let (fate, change) = consider_rules(situation, &folder.rules)?;
        changes.extend(change);
        lines.push(Line { file: files::FOLDER.to_owned(), fate });
    }
    let next_number = planning::next_number_after(situation.snapshot.head.next_number, &changes);
    let report = Report { lines, generation: situation.snapshot.head.generation.0, next_number };
    if changes.is_empty() || dry_run {
        return Ok(Decision::Keep(report));
    }
    Ok(Decision::Change(Plan {
        changes,
        next_number: Some(next_number),
        with_timeline: false,
        sync: None,
        answer: Box::new(move |generation, _| Report { generation: generation.0, ..report }),
    }))
}

fn skipped(reason: impl Into<Cow<'static, str>>) -> Fate {
    Fate::Skipped { reason: reason.into() }
}

/// What is to become of the rules: a list that is refused is left out whole.
fn consider_rules(
    situation: &mut Situation<'_>,
    files: &files::RuleFiles,
) -> Result<(Fate, Option<Change>), ServiceError> {
    let entries = match files::list_of(files) {
        Ok(entries) => entries,
        Err(reason) => return Ok((skipped(reason), None)),
    };
    let has_rules = match &situation.snapshot.rules {
        Some(present) if present.entries == entries => return Ok((Fate::Unchanged, None)),
        present => present.is_some(),
    };
    match rules::change(situation, Some(entries), "import") {
        Ok(change) => Ok((if has_rules { Fate::Replaced } else { Fate::Added }, Some(change))),
        Err(ServiceError::Refused(refusal)) => Ok((skipped(refusal.text(Lang::En)), None)),
        Err(error) => Err(error),
    }
}

/// The document that a file is.
///
/// # Errors
/// Why it is none, or none that comes from outside.
pub(super) fn acceptable(name: &str, raw: &[u8]) -> Result<(DocKey, Reading), Phrase> {
    let file = FileName::parse(name).ok_or(NOT_A_NAME)?;
    if raw.len() > DOCUMENT_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    if file.number().is_some_and(|number| number.get() > IMPORTED_NUMBER_MAX) {
        return Err(NUMBER_TOO_HIGH);
    }
    let key = DocKey::of(file);
    let reading = planning::read(&key, raw).ok_or(NOT_A_TASK)?;
    Ok((key, reading))
}

/// What is to become of one file.
fn consider(situation: &Situation<'_>, name: &str, raw: &[u8]) -> Result<(Fate, Option<Change>), ServiceError> {
    let (key, reading) = match acceptable(name, raw) {
        Ok(accepted) => accepted,
        Err(reason) => return Ok((skipped(reason.en), None)),
    };
    let before = match situation.snapshot.tasks.contains_key(&key) {
        true => Some(situation.document(&key)?),
        false => None,
    };
    let is_there = before.as_ref().is_some_and(|before| before[..] == *raw);
    let fate = match &reading {
        // Said each time: it is still in nobody's plan.
        Err(problem) => Fate::KeptUnreadable { line: problem.line, reason: problem.text(Lang::En) },
        Ok(_) if is_there => Fate::Unchanged,
        Ok(_) if before.is_some() => Fate::Replaced,
        Ok(_) => Fate::Added,
    };
    if is_there {
        return Ok((fate, None));
    }
    let change = Change::PutDocument { key, raw: Arc::from(raw), reading, verb: "import".into() };
    Ok((fate, Some(change)))
}
