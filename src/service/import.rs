//! Bringing a folder of task files with its rules, or an account that was exported, into the store, in one commit.

mod account;
mod changes;
mod walk;

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

pub use self::account::{Account, BOM, read_account};
use super::archive::read_archive;
use super::change::{Decision, Plan, Situation};
use super::error::{Refusal, ServiceError};
use super::folder::Folder;
use super::rules::{self, files};
use super::{Service, planning, read};
use crate::domain::ids::{DocKey, FileName, Generation, TaskNumber, UserId};
use crate::domain::lang::{Phrase, Sentence};
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::store::{BroughtHistory, Change, Entries, Origin, Reading, Snapshot};

/// The highest number that an import takes: far enough below the highest of all that no file can use up the
/// numbers of new tasks.
pub(super) const IMPORTED_NUMBER_MAX: u32 = 99_999_999;

/// Why a file that looks like a task file is none.
pub(super) const NOT_A_NAME: Phrase =
    Phrase { en: "its name cannot be the name of a task file", de: "ihr Name kann kein Name einer Aufgabendatei sein" };
pub(super) const TOO_LARGE: Phrase = Phrase { en: "it is larger than 64 KiB", de: "sie ist größer als 64 KiB" };
const NUMBER_TOO_HIGH: Phrase = Phrase { en: "its number is above 99999999", de: "ihre Nummer liegt über 99999999" };
const NOT_A_TASK: Phrase = Phrase { en: "it is not a task file", de: "sie ist keine Aufgabendatei" };

const NOT_A_NUMBER: Phrase = Phrase { en: "it is not a number", de: "es ist keine Zahl" };
const NONE_LEFT: Phrase = Phrase {
    en: "the account that it comes from had no number left",
    de: "das Konto, aus dem es kommt, hatte keine Nummer mehr übrig",
};
const HISTORY_OF_ONES_OWN: Phrase = Phrase {
    en: "this account has a history of its own; import into a new account to have it",
    de: "dieses Konto hat einen eigenen Verlauf; in ein neues Konto importiert, wäre er da",
};

/// What the history says of an import.
const VERB: &str = "import";

/// The file of the old system that has the number of the next new task.
pub const NEXT_NUMBER_FILE: &str = "nextId.txt";

/// What stands for that number in the report.
const NEXT_NUMBER: &str = "nextAvailableId";

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
        reason: Sentence,
    },
    /// Something else than a document, such as a history or the number of the next new task.
    Taken,
    /// Not taken, and why.
    Skipped {
        reason: Sentence,
    },
}

/// What an import arrives packed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// A tar archive of task files and rules.
    Archive,
    /// An export in JSON.
    Json,
}

/// What arrived.
enum Goods {
    Folder(Folder),
    Account(Account),
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
        self.change(user, origin, move |situation| Work::of(situation).folder(&folder)?.decision(dry_run)).await
    }

    /// Imports an account that was exported. What the user has beside it stays.
    async fn import_account(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        mut account: Account,
        dry_run: bool,
    ) -> Result<Report, ServiceError> {
        let generation = account.generation;
        let history = account.history.take().map(|changes| Arc::new(BroughtHistory { generation, changes }));
        let decide =
            move |situation: &mut Situation<'_>| Work::of(situation).account(&account, &history)?.decision(dry_run);
        self.change(user, origin, decide).await
    }

    /// As [`Service::import`], of what is still on its way. What ends it early is passed on as an
    /// error of the last piece; then nothing is imported. Nor is it if `may_still` says no once all of it is there.
    pub async fn import_packed<E: From<ServiceError>>(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin,
        (packing, pieces): (Packing, mpsc::Receiver<io::Result<Bytes>>),
        may_still: impl FnOnce() -> Result<(), E>,
        dry_run: bool,
    ) -> Result<Report, E> {
        let line = self.imports.get(user);
        let _turn = line.lock().await;
        let source = Arriving { pieces, piece: Bytes::new() };
        let unpack = move || {
            Ok(match packing {
                Packing::Archive => Goods::Folder(read_archive(source)?),
                Packing::Json => Goods::Account(read_account(source)?),
            })
        };
        let goods = read(unpack).await?;
        may_still()?;
        Ok(match goods {
            Goods::Folder(folder) => self.import(user, origin, folder, dry_run).await?,
            Goods::Account(account) => self.import_account(user, origin, account, dry_run).await?,
        })
    }
}

/// Bytes that come in pieces, read on a thread that may wait for them.
struct Arriving {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        buffer[..length].copy_from_slice(&self.piece.split_to(length));
        Ok(length)
    }
}

/// An import being decided on.
struct Work<'s, 'w> {
    situation: &'s mut Situation<'w>,
    changes: Vec<Change>,
    lines: Vec<Line>,
    brought: Option<Arc<BroughtHistory>>,
    /// The number that the next new task is to get at least.
    number: Option<TaskNumber>,
}

impl<'s, 'w> Work<'s, 'w> {
    fn of(situation: &'s mut Situation<'w>) -> Self {
        Work { situation, changes: Vec::new(), lines: Vec::new(), brought: None, number: None }
    }

    fn tell(&mut self, file: &str, fate: Fate) {
        self.lines.push(Line { file: file.to_owned(), fate });
    }

    fn folder(mut self, folder: &Folder) -> Result<Self, ServiceError> {
        for (file, reason) in &folder.left_out {
            self.tell(file, skipped(*reason));
        }
        self.documents(folder.files.iter().map(|(name, raw)| (name.as_str(), raw.as_slice())))?;
        if !folder.rules.is_empty() {
            self.rules(files::list_of(&folder.rules))?;
        }
        if let Some(raw) = &folder.next_number {
            let text = str::from_utf8(raw).unwrap_or_default().trim_start_matches('\u{feff}').trim();
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            match text.parse().ok().filter(|_| is_number) {
                None if is_number => self.tell(NEXT_NUMBER_FILE, skipped(NUMBER_TOO_HIGH)),
                None => self.tell(NEXT_NUMBER_FILE, skipped(NOT_A_NUMBER)),
                Some(number) => self.next_number(NEXT_NUMBER_FILE, number),
            }
        }
        Ok(self)
    }

    fn account(mut self, account: &Account, history: &Option<Arc<BroughtHistory>>) -> Result<Self, ServiceError> {
        let settings = account.settings;
        let is_there = self.situation.snapshot.settings == settings;
        self.tell("settings", if is_there { Fate::Unchanged } else { Fate::Replaced });
        if !is_there {
            self.changes.push(Change::PutSettings { settings, verb: VERB.into() });
        }
        if let Some(fields) = &account.rules {
            self.rules(rules::checked_entries(fields.clone()).map_err(|refusal| both(&refusal)))?;
        }
        self.documents(account.documents.iter().map(|(file, raw)| (file.as_str(), raw.as_slice())))?;
        if let Some(history) = history.as_ref().filter(|history| !history.changes.is_empty()) {
            self.history(history)?;
        }
        match account.next_number {
            Some(number) => self.next_number(NEXT_NUMBER, number.get()),
            None => self.tell(NEXT_NUMBER, skipped(NONE_LEFT)),
        }
        Ok(self)
    }

    fn documents<'d>(&mut self, files: impl Iterator<Item = (&'d str, &'d [u8])>) -> Result<(), ServiceError> {
        for (name, raw) in files {
            let (fate, change) = consider(self.situation, name, raw)?;
            self.changes.extend(change);
            self.tell(name, fate);
        }
        Ok(())
    }

    /// A list that is refused is left out whole.
    fn rules(&mut self, entries: Result<Entries, Sentence>) -> Result<(), ServiceError> {
        let (fate, change) = consider_rules(self.situation, entries)?;
        self.changes.extend(change);
        self.tell(files::FOLDER, fate);
        Ok(())
    }

    /// Only somebody who has no history takes one: in another it would stand among changes that it knows nothing of.
    fn history(&mut self, history: &Arc<BroughtHistory>) -> Result<(), ServiceError> {
        let has_none = self.situation.snapshot.head.generation == Generation(0);
        let is_there = match history.changes.last() {
            Some(last) if !has_none => self.situation.has_past(last)?,
            _ => false,
        };
        if has_none {
            self.brought = Some(history.clone());
        }
        let fate = match (has_none, is_there) {
            (true, _) => Fate::Taken,
            (false, true) => Fate::Unchanged,
            (false, false) => skipped(HISTORY_OF_ONES_OWN),
        };
        self.tell("history", fate);
        Ok(())
    }

    /// Takes the number of the next new task over, if it is higher than what follows from the documents.
    fn next_number(&mut self, file: &str, number: u32) {
        let present = planning::next_number_after(self.situation.snapshot.head.next_number, &self.changes);
        let number = TaskNumber::new(number).filter(|number| number.get() <= IMPORTED_NUMBER_MAX + 1);
        let fate = match (number, present) {
            (None, _) => skipped(NUMBER_TOO_HIGH),
            (Some(number), Some(present)) if number > present => Fate::Taken,
            (Some(_), _) => Fate::Unchanged,
        };
        if fate == Fate::Taken {
            self.number = number;
        }
        self.tell(file, fate);
    }

    fn decision(self, dry_run: bool) -> Result<Decision<Report>, ServiceError> {
        let Work { situation, mut changes, lines, brought, number } = self;
        let Snapshot { head, settings, .. } = situation.snapshot;
        let after = planning::next_number_after(head.next_number, &changes);
        let next_number = after.map(|after| number.map_or(after, |number| number.max(after)));
        let report = Report { lines, generation: head.generation.0, next_number };
        // Only a change raises the next number, or has a history before it, so one is made where there is no other.
        if changes.is_empty() && (next_number != head.next_number || brought.is_some()) {
            changes.push(Change::PutSettings { settings: *settings, verb: VERB.into() });
        }
        if changes.is_empty() || dry_run {
            return Ok(Decision::Keep(report));
        }
        Ok(Decision::Change(Plan {
            changes,
            next_number: Some(next_number),
            with_timeline: false,
            sync: None,
            brought,
            answer: Box::new(move |generation, _| Report { generation: generation.0, ..report }),
        }))
    }
}

fn skipped(reason: impl Into<Sentence>) -> Fate {
    Fate::Skipped { reason: reason.into() }
}

fn both(refusal: &Refusal) -> Sentence {
    Sentence::of(|lang| refusal.text(lang))
}

fn consider_rules(
    situation: &mut Situation<'_>,
    entries: Result<Entries, Sentence>,
) -> Result<(Fate, Option<Change>), ServiceError> {
    let entries = match entries {
        Ok(entries) => entries,
        Err(reason) => return Ok((skipped(reason), None)),
    };
    let has_rules = match &situation.snapshot.rules {
        Some(present) if present.entries == entries => return Ok((Fate::Unchanged, None)),
        present => present.is_some(),
    };
    match rules::change(situation, Some(entries), VERB) {
        Ok(change) => Ok((if has_rules { Fate::Replaced } else { Fate::Added }, Some(change))),
        Err(ServiceError::Refused(refusal)) => Ok((skipped(both(&refusal)), None)),
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
        Err(reason) => return Ok((skipped(reason), None)),
    };
    let before = match situation.snapshot.tasks.contains_key(&key) {
        true => Some(situation.document(&key)?),
        false => None,
    };
    let is_there = before.as_ref().is_some_and(|before| before[..] == *raw);
    let fate = match &reading {
        // Said each time: it is still in nobody's plan.
        Err(problem) => Fate::KeptUnreadable { line: problem.line, reason: Sentence::of(|lang| problem.text(lang)) },
        Ok(_) if is_there => Fate::Unchanged,
        Ok(_) if before.is_some() => Fate::Replaced,
        Ok(_) => Fate::Added,
    };
    if is_there {
        return Ok((fate, None));
    }
    let change = Change::PutDocument { key, raw: Arc::from(raw), reading, verb: VERB.into() };
    Ok((fate, Some(change)))
}
