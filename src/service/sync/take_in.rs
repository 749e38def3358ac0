//! Taking in what the remote changed: three versions of each file (what was last merged, what is here, what is there)
//! become one, and nothing that was written on either side is dropped without a trace in the history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::incoming::{Incoming, IncomingFile, RULES, Theirs};
use super::link::Link;
use super::status::kept_reason;
use super::{ConflictLine, SyncReport};
use crate::domain::document::{self, MergeConflict, Merged, Side};
use crate::domain::ids::{DocKey, FILE_NAME_BYTES_MAX, FileName, Generation, ObjectName, TaskNumber};
use crate::domain::lang::Sentence;
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::git;
use crate::service::change::{Decision, Plan, Situation};
use crate::service::error::ServiceError;
use crate::service::import::{IMPORTED_NUMBER_MAX, acceptable};
use crate::service::planning;
use crate::store::{Change, HeldFile, MergedFile, SyncFiles, SyncState, SyncUpdate};

mod after;
mod renamed;
mod rules;
mod told;
mod twins;

use renamed::renamed;
use told::{REMOVED_HERE, REMOVED_THERE, loses, told};

/// A sync of up to this many changes brings its timeline; of more it is made by whoever reads next.
const PLANNED_CHANGES_MAX: usize = 20;

/// A merge takes as long as the square of the lines in the worst case, and the user's own changes wait for it.
const MERGED_LINES_MAX: usize = 4_000;

const TAKEN: &str = "sync";
const MERGED: &str = "merge";

/// When the remote last changed a file, in seconds after 1970.
pub(super) type ChangedThere = Box<dyn Fn(&FileName) -> Option<i64> + Send + Sync>;

/// Whether the remote's file had this content at some time.
pub(super) type WasThere = Box<dyn Fn(&FileName, &[u8]) -> bool + Send + Sync>;

/// What is taken in, by what and for whom.
pub(super) struct TakingIn {
    pub(super) link: Arc<Link>,
    pub(super) incoming: Incoming,
    /// Where the user stood before.
    pub(super) state: Option<SyncState>,
    /// And what was known of files.
    pub(super) files: SyncFiles,
    pub(super) changed_there: ChangedThere,
    pub(super) was_there: WasThere,
    /// As `was_there`, of the time since the base.
    pub(super) was_there_since: WasThere,
}

/// What one sync comes to, as it grows.
struct Work<'a, 's> {
    from: &'a TakingIn,
    situation: &'a mut Situation<'s>,
    /// What was changed here and may not be in the remote, and when, once somebody asked for it.
    changed_here: Option<BTreeMap<FileName, DateTime<Utc>>>,
    /// Of a full sync: files that were changed here and may not be in the remote.
    unpushed: BTreeSet<FileName>,
    changes: Vec<Change>,
    report: SyncReport,
    differing: BTreeSet<String>,
    /// All of them, also those that will not be listed.
    held: BTreeMap<String, HeldFile>,
    held_back: BTreeSet<String>,
    /// Names that the changes give to documents.
    given: BTreeSet<String>,
}

impl TakingIn {
    /// What is to become of the user's documents and rules.
    pub(super) fn decide(&self, situation: &mut Situation<'_>) -> Result<Decision<SyncReport>, ServiceError> {
        if self.link.is_closed() {
            return Ok(Decision::Keep(SyncReport::default()));
        }
        let incoming = &self.incoming;
        let report = SyncReport { skipped: incoming.skipped.clone(), ..SyncReport::default() };
        let mut work = Work {
            from: self,
            situation,
            changed_here: None,
            unpushed: BTreeSet::new(),
            changes: Vec::new(),
            report,
            differing: self.files.differing.clone(),
            held: BTreeMap::new(),
            held_back: self.files.held_back.clone(),
            given: BTreeSet::new(),
        };
        work.unpushed = work.find_unpushed()?;
        work.take_in()?;
        work.decision()
    }
}

impl Work<'_, '_> {
    fn take_in(&mut self) -> Result<(), ServiceError> {
        let incoming = &self.from.incoming;
        let renamed = renamed(incoming);
        let targets: BTreeSet<&FileName> = renamed.values().copied().collect();
        // What is looked at again says anew whether it differs. A rename says it of two.
        for name in incoming.files.keys() {
            self.differing.remove(name.as_str());
            self.held_back.remove(name.as_str());
        }
        for (name, file) in &incoming.files {
            if let Some(new_name) = renamed.get(name) {
                self.rename(name, file, new_name, &incoming.files[*new_name])?;
            } else if !targets.contains(name) {
                self.file(name, file)?;
            }
        }
        self.find_removed()?;
        if incoming.is_first || incoming.is_full || incoming.has_lost_base() {
            self.take_stock()?;
        }
        if let Some(incoming) = &incoming.rules {
            self.differing.remove(RULES);
            self.held_back.remove(RULES);
            self.rules(incoming)?;
        } else if (incoming.is_first || incoming.has_lost_base()) && self.situation.snapshot.rules.is_some() {
            self.differing.insert(RULES.to_owned());
        }
        Ok(())
    }

    /// What waits here to be pushed, although the remote had it since the base and has it no more: it was removed there.
    fn find_removed(&mut self) -> Result<(), ServiceError> {
        let incoming = &self.from.incoming;
        if incoming.base.is_none() {
            return Ok(());
        }
        let is_here_alone =
            |name: &&FileName| !incoming.names.contains(name.as_str()) && !incoming.files.contains_key(*name);
        let waiting: Vec<FileName> = self.changed_here()?.keys().filter(is_here_alone).cloned().collect();
        for name in waiting {
            let key = DocKey::of(name);
            if let Some(ours) = self.ours(&key)?
                && (self.from.was_there_since)(&key.file, &ours)
            {
                self.remove(key);
            }
        }
        Ok(())
    }

    /// Looks at what is here alone.
    fn take_stock(&mut self) -> Result<(), ServiceError> {
        let incoming = &self.from.incoming;
        let keys: Vec<DocKey> = self.situation.snapshot.tasks.keys().cloned().collect();
        for key in keys {
            if incoming.names.contains(key.file.as_str()) || incoming.files.contains_key(&key.file) {
                continue;
            }
            if incoming.clean && !self.unpushed.contains(&key.file) {
                self.remove(key);
            } else {
                self.differing.insert(key.file.as_str().to_owned());
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &FileName, file: &IncomingFile) -> Result<(), ServiceError> {
        let key = DocKey::of(name.clone());
        let ours = self.ours(&key)?;
        match &file.theirs {
            Theirs::Unusable(reason) => self.hold(name.as_str(), file.base_name, (*reason).into()),
            Theirs::Absent => self.gone(key, ours.as_deref(), file.base.as_deref()),
            Theirs::File(theirs) => match acceptable(name.as_str(), theirs) {
                // Somebody's notes beside the tasks.
                Err(_) if ours.is_none() && name.number().is_none() => {}
                Err(reason) => self.hold(name.as_str(), file.base_name, reason.into()),
                Ok(_) => return self.there(key, ours, file, theirs),
            },
        }
        Ok(())
    }

    /// Keeps what is here, and the remote's as it is, until that can be taken.
    fn hold(&mut self, name: &str, base: Option<ObjectName>, reason: Sentence) {
        self.held.insert(name.to_owned(), HeldFile { base, reason: kept_reason(&reason) });
        // What was changed here before still waits.
        let files = &self.from.files;
        if files.held_back.contains(name) || files.differing.contains(name) {
            self.held_back.insert(name.to_owned());
        }
        self.report.skipped.push(name, reason);
    }

    /// The remote does not have it.
    fn gone(&mut self, key: DocKey, ours: Option<&[u8]>, base: Option<&[u8]>) {
        let Some(ours) = ours else { return };
        let is_as_merged = base == Some(ours);
        let is_left_over = self.from.incoming.clean && !self.unpushed.contains(&key.file);
        // A history that has nothing in common does not say that somebody removed it.
        let is_earlier = is_as_merged || (self.from.was_there_since)(&key.file, ours);
        if is_left_over || (is_earlier && !self.from.incoming.is_unrelated) {
            self.remove(key);
            return;
        }
        self.differing.insert(key.file.as_str().to_owned());
        if base.is_some() && !is_as_merged {
            self.keep(&key, None, Some(ours.into()), true);
            self.conflict(&key.file, REMOVED_THERE.into());
        }
    }

    /// The remote has it.
    fn there(
        &mut self,
        key: DocKey,
        ours: Option<Arc<[u8]>>,
        file: &IncomingFile,
        theirs: &Arc<[u8]>,
    ) -> Result<(), ServiceError> {
        let is_as_merged = file.base.as_deref() == Some(&theirs[..]);
        match (ours, &file.base) {
            (Some(ours), _) if ours == *theirs => {}
            (None, Some(_)) if is_as_merged => {
                // Removed here; or lost, which a full sync mends.
                if self.from.incoming.is_full && !self.unpushed.contains(&key.file) {
                    self.put(key, theirs.clone(), TAKEN);
                } else {
                    self.differing.insert(key.file.as_str().to_owned());
                }
            }
            (None, Some(_)) => {
                self.conflict(&key.file, REMOVED_HERE.into());
                self.keep(&key, None, Some(theirs.clone()), true);
                self.put(key, theirs.clone(), TAKEN);
            }
            // It was removed here, when these two had not met yet.
            (None, None) if self.situation.was_here(&key.file, theirs)? => {
                self.differing.insert(key.file.as_str().to_owned());
            }
            (None, None) => self.put(key, theirs.clone(), TAKEN),
            // What is here was there before, so that what is there now is later.
            (Some(ours), None) if (self.from.was_there)(&key.file, &ours) => self.put(key, theirs.clone(), TAKEN),
            (Some(_), None) if self.situation.was_here(&key.file, theirs)? => {
                self.differing.insert(key.file.as_str().to_owned());
            }
            (Some(ours), None) => self.keep_both(key, ours, theirs.clone()),
            (Some(_), Some(_)) if is_as_merged => {
                self.differing.insert(key.file.as_str().to_owned());
            }
            // Another history that begins with an older version says nothing against the later one.
            (Some(ours), Some(base))
                if ours == *base
                    && self.from.incoming.is_unrelated
                    && self.situation.was_here(&key.file, theirs)? =>
            {
                self.differing.insert(key.file.as_str().to_owned());
            }
            (Some(ours), Some(base)) if ours == *base || (self.from.was_there_since)(&key.file, &ours) => {
                self.put(key, theirs.clone(), TAKEN);
            }
            (Some(ours), Some(base)) => {
                let merged = self.merge(&key, base, &ours, theirs)?;
                if merged[..] != ours[..] {
                    self.put(key, merged, MERGED);
                }
            }
        }
        Ok(())
    }

    /// The remote gave a file another name. What was changed here meanwhile goes with it.
    fn rename(
        &mut self,
        name: &FileName,
        file: &IncomingFile,
        new_name: &FileName,
        new_file: &IncomingFile,
    ) -> Result<(), ServiceError> {
        let (key, new_key) = (DocKey::of(name.clone()), DocKey::of(new_name.clone()));
        let (ours, taken) = (self.ours(&key)?, self.ours(&new_key)?);
        match (&file.base, &new_file.theirs, ours) {
            (Some(base), Theirs::File(theirs), Some(ours))
                if taken.is_none() && ours != *base && acceptable(new_name.as_str(), theirs).is_ok() =>
            {
                let merged = self.merge(&new_key, base, &ours, theirs)?;
                self.remove(key);
                self.put(new_key, merged, MERGED);
            }
            // Removed here, and only its name is another there.
            (Some(base), Theirs::File(theirs), None) if taken.is_none() && base == theirs => {
                self.differing.insert(new_name.as_str().to_owned());
            }
            (Some(_) | None, Theirs::File(_) | Theirs::Absent | Theirs::Unusable(_), _) => {
                self.file(name, file)?;
                self.file(new_name, new_file)?;
            }
        }
        Ok(())
    }

    /// One document of three versions. The remote's is kept in the history where it stands nowhere else.
    fn merge(&mut self, key: &DocKey, base: &[u8], ours: &[u8], theirs: &Arc<[u8]>) -> Result<Arc<[u8]>, ServiceError> {
        let newer = self.newer(&key.file)?;
        let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
        let Merged { document, conflicts } = match lines(base).max(lines(ours)).max(lines(theirs)) > MERGED_LINES_MAX {
            false => document::merge(base, ours, theirs, newer, &git::merge_lines),
            true => Merged {
                document: if newer == Side::Ours { ours.to_vec() } else { theirs.to_vec() },
                conflicts: vec![MergeConflict::Whole { winner: newer }],
            },
        };
        let is_document = document.len() <= DOCUMENT_BYTES_MAX && planning::read(key, &document).is_some();
        let (document, conflicts): (Arc<[u8]>, _) = match (is_document, newer) {
            (true, _) => (document.into(), conflicts),
            (false, Side::Ours) => (ours.into(), vec![MergeConflict::Whole { winner: newer }]),
            (false, Side::Theirs) => (theirs.clone(), vec![MergeConflict::Whole { winner: newer }]),
        };
        let loses = |side| conflicts.iter().any(|conflict| loses(conflict, side));
        if document != *theirs || loses(Side::Theirs) {
            self.keep(key, Some(theirs.clone()), Some(document.clone()), loses(Side::Theirs));
        }
        if loses(Side::Ours) {
            self.keep(key, Some(ours.into()), Some(document.clone()), true);
        }
        for conflict in &conflicts {
            self.conflict(&key.file, told(conflict));
        }
        self.report.merged.push(key.file.as_str().to_owned());
        if document != *theirs {
            self.differing.insert(key.file.as_str().to_owned());
        }
        Ok(document)
    }

    /// Which of the two versions of a file was written later. What cannot be told of the remote's counts as older: what
    /// is here was acknowledged.
    fn newer(&mut self, file: &FileName) -> Result<Side, ServiceError> {
        let ours = self.changed_here()?.get(file).map(DateTime::timestamp);
        let theirs = (self.from.changed_there)(file);
        Ok(if theirs > ours { Side::Theirs } else { Side::Ours })
    }

    fn changed_here(&mut self) -> Result<&BTreeMap<FileName, DateTime<Utc>>, ServiceError> {
        let changed = match self.changed_here.take() {
            Some(changed) => changed,
            None => {
                let from = self.from.state.as_ref().map_or(Generation(0), |state| state.outbox_from);
                self.situation.changed_since(from)?
            }
        };
        Ok(self.changed_here.insert(changed))
    }

    /// The files of here that may not be in the remote.
    fn find_unpushed(&mut self) -> Result<BTreeSet<FileName>, ServiceError> {
        match &self.from.state {
            Some(_) if self.from.incoming.is_full => {
                let files = &self.from.files;
                let differing = files.differing.iter().chain(&files.held_back).filter_map(|file| FileName::parse(file));
                Ok(self.changed_here()?.keys().cloned().chain(differing).collect())
            }
            // Of who was never here nothing was pushed.
            None => Ok(self.situation.snapshot.tasks.keys().map(|key| key.file.clone()).collect()),
            Some(_) => Ok(BTreeSet::new()),
        }
    }

    /// Two documents that were added under one name: the one of here, which is not in the remote, gets another.
    fn keep_both(&mut self, key: DocKey, ours: Arc<[u8]>, theirs: Arc<[u8]>) {
        let name = self.free_name(&key.file);
        let what = Sentence {
            en: format!("it was added here and in the repository; the one of here is now {name}"),
            de: format!("sie kam hier und im Repository dazu; die von hier heißt jetzt {name}"),
        };
        self.conflict(&key.file, what);
        self.differing.insert(name.as_str().to_owned());
        self.put(DocKey::of(name), ours, MERGED);
        self.put(key, theirs, TAKEN);
    }

    /// The name with a number at its end that nobody has.
    fn free_name(&self, file: &FileName) -> FileName {
        let mut number = 2_u32;
        loop {
            let ending = format!("-{number}.md");
            let mut stem = file.stem();
            while stem.len() + ending.len() > FILE_NAME_BYTES_MAX {
                let mut characters = stem.chars();
                characters.next_back();
                stem = characters.as_str();
            }
            let name = format!("{stem}{ending}");
            let free = FileName::parse(&name).filter(|name| {
                let is_here = self.situation.snapshot.tasks.contains_key(&DocKey::of(name.clone()));
                !is_here && !self.from.incoming.names.contains(name.as_str()) && !self.given.contains(name.as_str())
            });
            if let Some(free) = free {
                return free;
            }
            number += 1;
        }
    }

    fn ours(&self, key: &DocKey) -> Result<Option<Arc<[u8]>>, ServiceError> {
        match self.situation.snapshot.tasks.contains_key(key) {
            true => Ok(Some(self.situation.document(key)?)),
            false => Ok(None),
        }
    }

    fn put(&mut self, key: DocKey, raw: Arc<[u8]>, verb: &'static str) {
        // Whatever is put was accepted before.
        let Some(reading) = planning::read(&key, &raw) else { return };
        self.report.changed.push(key.file.as_str().to_owned());
        if !self.situation.snapshot.tasks.contains_key(&key) {
            self.report.added.push(key.file.as_str().to_owned());
        }
        self.given.insert(key.file.as_str().to_owned());
        self.changes.push(Change::PutDocument { key, raw, reading, verb: verb.into() });
    }

    fn remove(&mut self, key: DocKey) {
        self.report.removed.push(key.file.as_str().to_owned());
        self.changes.push(Change::RemoveDocument { key, verb: TAKEN.into() });
    }

    /// Keeps in the history what would stand nowhere else.
    fn keep(&mut self, key: &DocKey, lost: Option<Arc<[u8]>>, kept: Option<Arc<[u8]>>, is_conflict: bool) {
        let file = MergedFile::Document(key.clone());
        self.changes.push(Change::Merged { file, lost, kept, is_conflict, verb: MERGED.into() });
    }

    fn conflict(&mut self, file: &FileName, what: Sentence) {
        self.report.conflicts.push(ConflictLine { file: file.as_str().to_owned(), what });
    }

    /// The number after all that the remote's names have, also of what cannot be taken: it is not to be given again. Only
    /// a change raises the next number, so that one is made where there is no other.
    fn pass_by_numbers(&mut self) -> Option<TaskNumber> {
        let names = self.from.incoming.names.iter().filter_map(|name| FileName::parse(name));
        let taken = |file: &FileName| file.number().is_some_and(|number| number.get() <= IMPORTED_NUMBER_MAX);
        let highest = names.filter(taken).max_by_key(FileName::number)?;
        let next = highest.number()?.next();
        if self.changes.is_empty() && next > self.situation.snapshot.head.next_number {
            self.keep(&DocKey::of(highest), None, None, false);
        }
        next
    }

    fn decision(mut self) -> Result<Decision<SyncReport>, ServiceError> {
        self.tell_twins();
        self.tell_renamed();
        let held_number = self.pass_by_numbers();
        let Work { from, situation, changes, mut report, differing, held, held_back, .. } = self;
        let head = &situation.snapshot.head;
        let next_number = planning::next_number_after(head.next_number, &changes);
        let next_number = next_number.map(|next| held_number.map_or(next, |held| held.max(next)));
        let after = if changes.is_empty() { head.generation } else { head.generation.next() };
        let state = from.state_after(after);
        let files = from.files_after(differing, held, held_back);
        (report.next_number, report.generation) = (next_number, head.generation.0);
        if changes.is_empty() && from.state.as_ref() == Some(&state) && files.is_none() {
            return Ok(Decision::Keep(report));
        }
        Ok(Decision::Change(Plan {
            next_number: Some(next_number),
            with_timeline: !changes.is_empty() && changes.len() <= PLANNED_CHANGES_MAX,
            changes,
            sync: Some(Box::new(SyncUpdate { state, files })),
            brought: None,
            answer: Box::new(move |generation, _| SyncReport { generation: generation.0, ..report }),
        }))
    }
}
