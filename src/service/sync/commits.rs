//! The outbox as commits in the bare repository: each action of the user's one, with exactly what it changed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::At;
use super::chain::{self, Names, PlannedCommit, PlannedEdit, Source, Step, Unit};
use super::failure::Failure;
use super::incoming::{RULE_FILES_MAX, RULES, TASKS, contents, file_of, why_unusable};
use super::link::Link;
use super::standing::note_held;
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName, Generation, ObjectName, UserId};
use crate::domain::lang::Phrase;
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::git::{CommitText, Content, Edit, Listing, Repository};
use crate::service::rules::files::{self, RuleFiles};
use crate::store::{
    Entries, OutboxFile, OutboxLine, Past, PastState, Store, StoreError, SyncFiles, SyncState, THROUGH_GIT,
};

/// Who commits: the server, for whoever wrote it.
const COMMITTER: (&str, &str) = ("CodexMiroir", "server@codexmiroir.invalid");

/// Commits that were written.
pub(super) struct Written {
    pub(super) tip: ObjectName,
    pub(super) commits: Vec<(Generation, ObjectName)>,
    pub(super) count: usize,
}

/// What became of the first part of a user's outbox.
pub(super) struct Slice {
    /// Everything up to this generation is in the commits, or in what they are written on, or held back.
    pub(super) until: Generation,
    /// `None`: the remote lacks nothing of it.
    pub(super) written: Option<Written>,
    /// What is known of files once the remote has it; `None`: what was known before.
    pub(super) files: Option<SyncFiles>,
}

/// Whose outbox it is, and where it is written.
pub(super) struct Outbox<'a> {
    pub(super) store: &'a Store,
    pub(super) repository: &'a Repository,
    pub(super) link: &'a Link,
    pub(super) user: UserId,
    pub(super) name: &'a str,
    pub(super) state: &'a SyncState,
    pub(super) files: &'a SyncFiles,
    pub(super) now: At,
}

/// A file's content, or a list of rules.
enum Brought {
    Document(Vec<u8>),
    Rules(Entries),
}

/// What an outbox is written on, as far as it was looked at.
struct Ground {
    tip: Option<ObjectName>,
    listing: Listing,
}

impl Outbox<'_> {
    /// Writes the commits of the first so many actions that the remote lacks on top of `tip`, and of what differs without
    /// an action when none is left after them.
    pub(super) fn write(&self, tip: Option<ObjectName>, actions_max: usize) -> Result<Slice, Failure> {
        let outbox = self.store.list_outbox(self.user, self.state.outbox_from, usize::MAX)?;
        let end = outbox.last().map_or(self.state.outbox_from, |line| line.generation);
        let mut steps = steps(&outbox);
        let mut files = self.files.clone();
        let ground = Ground { tip, listing: self.repository.list(tip, &self.link.path(self.name, TASKS))? };
        let mut known = Known::default();
        loop {
            let generations: BTreeSet<Generation> = steps.iter().map(|step| step.generation).collect();
            let is_last = generations.len() <= actions_max;
            let last_of_slice = generations.iter().nth(actions_max.saturating_sub(1)).copied();
            let until = last_of_slice.filter(|_| !is_last).unwrap_or(end);
            self.hold_back(&mut steps, until, &ground, &mut files, &mut known)?;
            let written = self.write_slice(&ground, &steps, until, is_last.then_some(&files.differing), &mut known)?;
            if is_last {
                files.differing.clear();
            }
            if is_last || written.is_some() {
                let files = (files != *self.files).then_some(files);
                return Ok(Slice { until, written, files });
            }
            steps.retain(|step| step.generation > until);
        }
    }

    /// Takes out what is not to be pushed, because what the remote has there cannot be taken, and is not to be lost.
    fn hold_back(
        &self,
        steps: &mut Vec<Step>,
        until: Generation,
        ground: &Ground,
        files: &mut SyncFiles,
        known: &mut Known,
    ) -> Result<(), Failure> {
        let differing = files.differing.iter().filter_map(|file| unit(file)).map(|unit| (unit, None));
        let mut units: BTreeMap<Unit, Option<Generation>> = differing.collect();
        for step in steps.iter().filter(|step| step.generation <= until).rev() {
            units.insert(step.unit.clone(), Some(step.generation));
        }
        let mut held = BTreeSet::new();
        for (unit, first) in units {
            let is_listed = files.held.contains_key(unit.file());
            let reason = if is_listed { None } else { self.unusable_there(&unit, first, ground, known)? };
            if let Some(reason) = reason {
                note_held(files, unit.file(), reason);
            } else if !is_listed {
                continue;
            }
            files.held_back.insert(unit.file().to_owned());
            files.differing.remove(unit.file());
            held.insert(unit);
        }
        steps.retain(|step| !held.contains(&step.unit));
        Ok(())
    }

    /// Why what the remote has in the place of a document is not to be written over. What the `first` action on it began
    /// from is.
    fn unusable_there(
        &self,
        unit: &Unit,
        first: Option<Generation>,
        ground: &Ground,
        known: &mut Known,
    ) -> Result<Option<Phrase>, Failure> {
        let Unit::Document(file) = unit else { return Ok(None) };
        let Some(entry) = ground.listing.entries.get(file.as_str()) else { return Ok(None) };
        let before = first.map(|first| self.names(first, unit, known)).transpose()?.and_then(|names| names.before);
        match file_of(Some(entry)) {
            Some(content) if Some(content) == before => Ok(None),
            Some(_) | None => why_unusable(self.repository, file, entry),
        }
    }

    fn write_slice(
        &self,
        ground: &Ground,
        steps: &[Step],
        until: Generation,
        differing: Option<&BTreeSet<String>>,
        known: &mut Known,
    ) -> Result<Option<Written>, Failure> {
        let in_steps: BTreeSet<&Unit> =
            steps.iter().filter(|step| step.generation <= until).map(|step| &step.unit).collect();
        let differing = differing.into_iter().flatten().filter_map(|file| unit(file));
        let differing: BTreeSet<Unit> = differing.filter(|unit| !in_steps.contains(unit)).collect();
        if in_steps.is_empty() && differing.is_empty() {
            return Ok(None);
        }
        let present = self.present(&differing)?;
        let tree = self.tree(ground, in_steps.into_iter().chain(&differing))?;
        let names_of = |generation, unit: &Unit| self.names(generation, unit, known);
        let mut planned = chain::plan(steps, until, &tree, names_of)?;
        let names = present.iter().map(|(unit, brought)| (unit.clone(), brought.name())).collect();
        planned.extend(chain::rest(differing.iter(), &tree, &names));
        let (mut tip, mut commits, mut count) = (ground.tip, Vec::new(), 0);
        for commit in &planned {
            let Some(made) = self.commit(tip, commit, &present)? else { continue };
            tip = Some(made);
            count += 1;
            commits.extend(commit.generation.map(|generation| (generation, made)));
        }
        Ok(tip.filter(|_| count > 0).map(|tip| Written { tip, commits, count }))
    }

    /// What a change of this generation found and left.
    fn names(&self, generation: Generation, unit: &Unit, known: &mut Known) -> Result<Names, Failure> {
        let of_generation = match known.entry(generation) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unread) => {
                let mut names: BTreeMap<Unit, Names> = BTreeMap::new();
                for (unit, found) in self.store.list_changes(self.user, generation)?.iter().filter_map(names_of) {
                    names.entry(unit).and_modify(|names| names.after = found.after).or_insert(found);
                }
                unread.insert(names)
            }
        };
        of_generation.get(unit).copied().ok_or_else(|| StoreError::Damaged("history").into())
    }

    /// What the store has now of what differs without an action.
    fn present(&self, differing: &BTreeSet<Unit>) -> Result<BTreeMap<Unit, Brought>, Failure> {
        let keys: Vec<DocKey> = differing
            .iter()
            .filter_map(|unit| match unit {
                Unit::Document(file) => Some(DocKey::of(file.clone())),
                Unit::Rules => None,
            })
            .collect();
        let (_, documents) = self.store.read_documents(self.user, &keys)?;
        let found = keys.into_iter().zip(documents);
        let mut present: BTreeMap<Unit, Brought> =
            found.filter_map(|(key, raw)| Some((Unit::Document(key.file), Brought::Document(raw?)))).collect();
        if differing.contains(&Unit::Rules)
            && let Some(entries) = self.store.list_rules(self.user)?.into_iter().next().and_then(|last| last.entries)
        {
            present.insert(Unit::Rules, Brought::Rules(entries));
        }
        Ok(present)
    }

    /// What the remote has of all that may be brought.
    fn tree<'u>(
        &self,
        ground: &Ground,
        units: impl Iterator<Item = &'u Unit>,
    ) -> Result<BTreeMap<Unit, ObjectName>, Failure> {
        let mut tree = BTreeMap::new();
        for unit in units {
            let name = match unit {
                Unit::Document(file) => file_of(ground.listing.entries.get(file.as_str())),
                Unit::Rules => {
                    let files = self.rule_files(ground.tip)?;
                    let entries = if files.is_empty() { None } else { files::list_of(&files).ok() };
                    entries.as_ref().map(rules_name)
                }
            };
            tree.extend(name.map(|name| (unit.clone(), name)));
        }
        Ok(tree)
    }

    fn rule_files(&self, tip: Option<ObjectName>) -> Result<RuleFiles, Failure> {
        let listing = self.repository.list(tip, &self.link.path(self.name, files::FOLDER))?;
        let mut found = RuleFiles::new();
        let considered = |(name, _): &(&str, ObjectName)| files::considered(name) == Some(Ok(()));
        for (name, content) in contents(&listing).into_iter().filter(considered).take(RULE_FILES_MAX) {
            if let Content::Bytes(bytes) = self.repository.read(content, DOCUMENT_BYTES_MAX)? {
                found.insert(name.to_owned(), bytes);
            }
        }
        Ok(found)
    }

    fn commit(
        &self,
        tip: Option<ObjectName>,
        planned: &PlannedCommit,
        present: &BTreeMap<Unit, Brought>,
    ) -> Result<Option<ObjectName>, Failure> {
        let mut files: BTreeMap<String, Option<Vec<u8>>> = BTreeMap::new();
        let mut pasts: BTreeMap<Generation, Vec<Past>> = BTreeMap::new();
        let sources = planned.edits.iter().filter_map(|edit| match edit.source {
            Source::Change(generation) => Some(generation),
            Source::Present => None,
        });
        for generation in sources.chain(planned.generation) {
            if let Entry::Vacant(unread) = pasts.entry(generation) {
                unread.insert(self.store.list_changes(self.user, generation)?);
            }
        }
        for edit in &planned.edits {
            self.add(tip, edit, &pasts, present, &mut files)?;
        }
        let own = planned.generation.and_then(|generation| pasts.get(&generation)).map_or(&[][..], Vec::as_slice);
        let edits: Vec<Edit<'_>> =
            files.iter().map(|(path, content)| Edit { path, content: content.as_deref() }).collect();
        if edits.is_empty() {
            return Ok(None);
        }
        let message = message(planned, own, &files);
        let seconds = own.first().map_or(self.now, |past| past.at).timestamp();
        let address = format!("{}@codexmiroir.invalid", self.name);
        let author = if planned.is_merge { COMMITTER } else { (self.name, address.as_str()) };
        let text = CommitText { author, committer: COMMITTER, seconds, message: &message };
        Ok(Some(self.repository.write_commit(tip, &edits, &text)?))
    }

    /// Adds the files of one edit.
    fn add(
        &self,
        tip: Option<ObjectName>,
        edit: &PlannedEdit,
        pasts: &BTreeMap<Generation, Vec<Past>>,
        present: &BTreeMap<Unit, Brought>,
        files: &mut BTreeMap<String, Option<Vec<u8>>>,
    ) -> Result<(), Failure> {
        let missing = || Failure::from(StoreError::Damaged("history"));
        let changed = match edit.source {
            Source::Change(generation) => {
                Some(left(pasts.get(&generation).ok_or_else(missing)?, &edit.unit).ok_or_else(missing)?)
            }
            Source::Present => None,
        };
        match &edit.unit {
            Unit::Document(file) => {
                let content = match (changed, present.get(&edit.unit)) {
                    (Some(PastState::Document { after, .. }), _) => after.clone(),
                    (None, Some(Brought::Document(raw))) => Some(raw.clone()),
                    (None, None) => None,
                    _ => return Err(missing()),
                };
                files.insert(self.link.task_path(self.name, file), content);
                Ok(())
            }
            Unit::Rules => {
                let entries = match (changed, present.get(&edit.unit)) {
                    (Some(PastState::Rules { after, .. }), _) => after.as_ref(),
                    (None, Some(Brought::Rules(entries))) => Some(entries),
                    (None, None) => None,
                    _ => return Err(missing()),
                };
                self.add_rules(tip, entries, files)
            }
        }
    }

    /// Adds what makes the folder of the rules this list, and no file that is right as it is.
    fn add_rules(
        &self,
        tip: Option<ObjectName>,
        entries: Option<&Entries>,
        files: &mut BTreeMap<String, Option<Vec<u8>>>,
    ) -> Result<(), Failure> {
        let there = self.rule_files(tip)?;
        let mut wanted: RuleFiles = entries.iter().flat_map(|entries| files::files_of(entries)).collect();
        files::leave_out_list(&mut wanted, &there, entries);
        for (name, text) in &wanted {
            if there.get(name) != Some(text) {
                files.insert(self.link.path(self.name, &format!("{RULES}{name}")), Some(text.clone()));
            }
        }
        for name in there.keys().filter(|name| !wanted.contains_key(*name)) {
            files.insert(self.link.path(self.name, &format!("{RULES}{name}")), None);
        }
        Ok(())
    }
}

impl Unit {
    /// The name that a user's state has for it.
    fn file(&self) -> &str {
        match self {
            Unit::Document(file) => file.as_str(),
            Unit::Rules => RULES,
        }
    }
}

impl Brought {
    fn name(&self) -> ObjectName {
        match self {
            Brought::Document(raw) => Repository::blob_name(raw),
            Brought::Rules(entries) => rules_name(entries),
        }
    }
}

/// What changes found and left, as far as it was read.
type Known = BTreeMap<Generation, BTreeMap<Unit, Names>>;

/// The changes of an outbox that a repository is told of, each unit once in a generation.
fn steps(outbox: &[OutboxLine]) -> Vec<Step> {
    let mut steps: Vec<Step> = outbox
        .iter()
        .filter_map(|line| {
            let unit = match &line.file {
                OutboxFile::Document(file) => Unit::Document(file.clone()),
                OutboxFile::Rules => Unit::Rules,
                OutboxFile::Settings => return None,
            };
            Some(Step { generation: line.generation, unit, is_merge: line.through == THROUGH_GIT })
        })
        .collect();
    steps.sort_by(|one, other| (one.generation, &one.unit).cmp(&(other.generation, &other.unit)));
    steps.dedup();
    steps
}

fn names_of(past: &Past) -> Option<(Unit, Names)> {
    match &past.what {
        PastState::Document { key, before, after } => {
            let name = |raw: &Option<Vec<u8>>| raw.as_deref().map(Repository::blob_name);
            Some((Unit::Document(key.file.clone()), Names { before: name(before), after: name(after) }))
        }
        PastState::Rules { before, after } => {
            let name = |entries: &Option<Entries>| entries.as_ref().map(rules_name);
            Some((Unit::Rules, Names { before: name(before), after: name(after) }))
        }
        PastState::Settings { .. } | PastState::Merged { .. } => None,
    }
}

/// What tells one list of rules from another.
fn rules_name(entries: &Entries) -> ObjectName {
    let mut all = Vec::new();
    for (name, text) in files::files_of(entries) {
        all.extend_from_slice(&(name.len() as u64).to_be_bytes());
        all.extend_from_slice(name.as_bytes());
        all.extend_from_slice(&(text.len() as u64).to_be_bytes());
        all.extend_from_slice(&text);
    }
    Repository::blob_name(&all)
}

/// The unit that a name in a user's state stands for.
fn unit(file: &str) -> Option<Unit> {
    if file == RULES { Some(Unit::Rules) } else { FileName::parse(file).map(Unit::Document) }
}

/// The last change of this unit in a commit of the store.
fn left<'a>(pasts: &'a [Past], unit: &Unit) -> Option<&'a PastState> {
    pasts.iter().rev().map(|past| &past.what).find(|what| match (what, unit) {
        (PastState::Document { key, .. }, Unit::Document(file)) => key.file == *file,
        (PastState::Rules { .. }, Unit::Rules) => true,
        (
            PastState::Document { .. }
            | PastState::Rules { .. }
            | PastState::Settings { .. }
            | PastState::Merged { .. },
            Unit::Document(_) | Unit::Rules,
        ) => false,
    })
}

/// The message of a commit: what was done, and with which task.
fn message(planned: &PlannedCommit, own: &[Past], files: &BTreeMap<String, Option<Vec<u8>>>) -> String {
    let documents: Vec<(&DocKey, Option<&[u8]>)> = own
        .iter()
        .filter_map(|past| match &past.what {
            PastState::Document { key, before, after } => Some((key, after.as_deref().or(before.as_deref()))),
            PastState::Rules { .. } | PastState::Settings { .. } | PastState::Merged { .. } => None,
        })
        .collect();
    let verb = own.first().map_or("sync", |past| past.verb.as_str());
    let word = match verb {
        "create" => "add",
        "delete" => "remove",
        "undo" => "take back a change of",
        "rules" => "change the",
        "remove_rules" => "remove the",
        "restore_rules" => "restore earlier",
        other => other,
    };
    let what = match &documents[..] {
        [] if planned.generation.is_some() => "rules".to_owned(),
        [] if files.len() == 1 => "1 file".to_owned(),
        [] => format!("{} files", files.len()),
        [(key, raw)] => {
            let kategorie = raw.and_then(|raw| match document::read(&key.file, raw) {
                document::Outcome::Task(task) => Some(task.kategorie),
                document::Outcome::Invalid(_) | document::Outcome::NotATask => None,
            });
            let kategorie = kategorie.map(|kategorie| format!(" ({})", printable(&kategorie))).unwrap_or_default();
            format!("task {}{kategorie}", key.id())
        }
        several => format!("{} tasks", several.len()),
    };
    format!("[codex] {word} {what}\n")
}

/// A word in one line: a category is whatever somebody wrote.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(60).collect()
}
