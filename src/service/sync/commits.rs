//! The outbox as commits in the bare repository: each action of the user's one, with exactly what it changed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::At;
use super::chain::{self, Line, PlannedCommit, PlannedEdit, Source, Unit};
use super::failure::Failure;
use super::incoming::{RULE_FILES_MAX, RULES, TASKS, contents};
use super::link::Link;
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName, Generation, ObjectName, UserId};
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::git::{CommitText, Content, Edit, Repository};
use crate::service::rules::files::{self, RuleFiles};
use crate::store::{Entries, OutboxFile, OutboxLine, Past, PastState, Store, StoreError, SyncState, THROUGH_GIT};

/// Who commits: the server, for whoever wrote it.
const COMMITTER: (&str, &str) = ("CodexMiroir", "server@codexmiroir.invalid");

/// What a user's outbox became.
pub(super) struct Written {
    pub(super) tip: ObjectName,
    /// Everything up to this generation is in it.
    pub(super) until: Generation,
    pub(super) commits: Vec<(Generation, ObjectName)>,
    pub(super) count: usize,
}

/// Whose outbox it is, and where it is written.
pub(super) struct Outbox<'a> {
    pub(super) store: &'a Store,
    pub(super) repository: &'a Repository,
    pub(super) link: &'a Link,
    pub(super) user: UserId,
    pub(super) name: &'a str,
    pub(super) state: &'a SyncState,
    pub(super) now: At,
}

/// A file's content, or a list of rules.
enum Brought {
    Document(Vec<u8>),
    Rules(Entries),
}

impl Outbox<'_> {
    /// Writes the commits on top of `tip`; `None` when there is nothing that it lacks. The generation is that up to
    /// which everything is in `tip` or in the commits.
    pub(super) fn write(&self, tip: Option<ObjectName>) -> Result<(Generation, Option<Written>), Failure> {
        let (until, lines) = self.lines()?;
        let differing = self.state.differing.iter().filter(|file| !self.is_held(file));
        let differing: BTreeSet<Unit> = differing.filter_map(|file| unit(file)).collect();
        if lines.is_empty() && differing.is_empty() {
            return Ok((until, None));
        }
        let present = self.present(&differing)?;
        let names = present.iter().map(|(unit, brought)| (unit.clone(), brought.name())).collect();
        let tree = self.tree(tip, &lines, &differing)?;
        let planned = chain::plan(&lines, &tree, &differing, &names);
        let (mut tip, mut commits, mut count) = (tip, Vec::new(), 0);
        for commit in &planned {
            let Some(made) = self.commit(tip, commit, &present)? else { continue };
            tip = Some(made);
            count += 1;
            commits.extend(commit.generation.map(|generation| (generation, made)));
        }
        Ok((until, tip.filter(|_| count > 0).map(|tip| Written { tip, until, commits, count })))
    }

    /// Whether what the remote has under this name is not to be written over.
    fn is_held(&self, file: &str) -> bool {
        self.state.held.contains_key(file)
    }

    /// The changes that may not be in the remote, and the last generation that was looked at.
    fn lines(&self) -> Result<(Generation, Vec<Line>), Failure> {
        let outbox = self.store.list_outbox(self.user, self.state.outbox_from, usize::MAX)?;
        let until = outbox.last().map_or(self.state.outbox_from, |line| line.generation);
        let is_brought = |line: &&OutboxLine| match &line.file {
            OutboxFile::Document(file) => !self.is_held(file.as_str()),
            OutboxFile::Rules => !self.is_held(RULES),
            OutboxFile::Settings => false,
        };
        let generations: BTreeSet<Generation> = outbox.iter().filter(is_brought).map(|line| line.generation).collect();
        let mut lines = Vec::new();
        for generation in generations {
            for past in self.store.list_changes(self.user, generation)? {
                lines.extend(line(&past).filter(|line| !self.is_held(line.unit.file())));
            }
        }
        Ok((until, lines))
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
    fn tree(
        &self,
        tip: Option<ObjectName>,
        lines: &[Line],
        differing: &BTreeSet<Unit>,
    ) -> Result<BTreeMap<Unit, ObjectName>, Failure> {
        let listing = self.repository.list(tip, &self.link.path(self.name, TASKS))?;
        let contents = contents(&listing);
        let units: BTreeSet<&Unit> = lines.iter().map(|line| &line.unit).chain(differing).collect();
        let mut tree = BTreeMap::new();
        for unit in units {
            let name = match unit {
                Unit::Document(file) => contents.get(file.as_str()).copied(),
                Unit::Rules => {
                    let files = self.rule_files(tip)?;
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

fn line(past: &Past) -> Option<Line> {
    let (unit, before, after) = match &past.what {
        PastState::Document { key, before, after } => {
            let name = |raw: &Option<Vec<u8>>| raw.as_deref().map(Repository::blob_name);
            (Unit::Document(key.file.clone()), name(before), name(after))
        }
        PastState::Rules { before, after } => {
            (Unit::Rules, before.as_ref().map(rules_name), after.as_ref().map(rules_name))
        }
        PastState::Settings { .. } | PastState::Merged { .. } => return None,
    };
    let is_merge = past.through == THROUGH_GIT;
    Some(Line { generation: past.generation, unit, is_merge, before, after })
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
