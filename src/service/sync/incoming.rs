//! What the remote has for one user, as far as it has to be looked at: read from the bare repository, before anything is
//! decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::failure::Failure;
use super::link::Link;
use super::{SkippedFiles, SyncMode, SyncRequest};
use crate::domain::ids::{FileName, ObjectName};
use crate::domain::lang::{Phrase, Sentence};
use crate::domain::problem::DOCUMENT_BYTES_MAX;
use crate::git::{Content, Entry, Listing, Repository};
use crate::service::import;
use crate::service::rules::files::{self, RuleFiles};
use crate::store::{SyncFiles, SyncState};

/// The folder of the task files in a user's folder.
pub(super) const TASKS: &str = "tasks";

/// What stands for the rules where files are named.
pub(super) const RULES: &str = "rules/";

/// Documents of one sync are in memory together; more than this is refused.
const DOCUMENTS_BYTES_MAX: usize = 256 << 20;

pub(super) const NOT_UTF_8: Phrase = Phrase {
    en: "names in it are not UTF-8; rename these files",
    de: "Namen darin sind kein UTF-8; bitte diese Dateien umbenennen",
};
const LINK: Phrase = Phrase {
    en: "it is a symbolic link; put the file itself there",
    de: "sie ist ein symbolischer Link; bitte die Datei selbst dorthin legen",
};
const SUBMODULE: Phrase = Phrase {
    en: "it is a submodule; put a file there, or give it another name",
    de: "sie ist ein Submodul; bitte eine Datei dorthin legen oder es umbenennen",
};
const FOLDER: Phrase = Phrase {
    en: "it is a folder; put a file there, or give it another name",
    de: "sie ist ein Ordner; bitte eine Datei dorthin legen oder ihn umbenennen",
};

/// Files of rules that are read: more than any list can have, with its tests.
pub(super) const RULE_FILES_MAX: usize = 100;

const TOO_MANY_RULES: Phrase = Phrase {
    en: "there are more than 100 files of rules; leave the folder those that apply",
    de: "es sind mehr als 100 Regeldateien; bitte nur die im Ordner lassen, die gelten",
};

/// A file as the remote has it.
#[derive(Clone, Debug)]
pub(super) enum Theirs {
    Absent,
    File(Arc<[u8]>),
    /// It is there, and cannot be taken for this reason.
    Unusable(Phrase),
}

/// A file to be looked at.
#[derive(Clone, Debug)]
pub(super) struct IncomingFile {
    /// What was last merged, and how Git names it.
    pub(super) base: Option<Arc<[u8]>>,
    pub(super) base_name: Option<ObjectName>,
    pub(super) theirs: Theirs,
}

/// The rules to be looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct IncomingRules {
    pub(super) base: RuleFiles,
    pub(super) base_name: Option<ObjectName>,
    pub(super) theirs: RuleFiles,
    /// Why they cannot be taken.
    pub(super) problem: Option<Sentence>,
}

/// What is to be taken in.
#[derive(Clone, Debug, Default)]
pub(super) struct Incoming {
    /// The commit that was looked at, the next base.
    pub(super) head: Option<ObjectName>,
    /// The commit that both sides come from.
    pub(super) base: Option<ObjectName>,
    pub(super) files: BTreeMap<FileName, IncomingFile>,
    /// All names that the remote's folder has.
    pub(super) names: BTreeSet<String>,
    pub(super) rules: Option<IncomingRules>,
    pub(super) skipped: SkippedFiles,
    /// How many names nobody may write.
    pub(super) unreadable_names: usize,
    /// Whether nothing was merged before: what is here and not there is new.
    pub(super) is_first: bool,
    /// Whether the remote's history does not have what was merged before.
    pub(super) is_rewritten: bool,
    /// Whether it has not even an ancestor in common with it.
    pub(super) is_unrelated: bool,
    pub(super) is_full: bool,
    /// Whether what the remote lacks is removed.
    pub(super) clean: bool,
}

impl Incoming {
    /// Whether what was merged before can be read nowhere any more: then what is here and not there is as good as new.
    pub(super) fn has_lost_base(&self) -> bool {
        self.is_rewritten && self.base.is_none()
    }
}

/// What one user's folder in the repository is asked for.
pub(super) struct Look<'a> {
    pub(super) repository: &'a Repository,
    pub(super) link: &'a Link,
    pub(super) user: &'a str,
    pub(super) state: Option<&'a SyncState>,
    /// What is known of files; of none where there is no state.
    pub(super) files: &'a SyncFiles,
    pub(super) head: Option<ObjectName>,
    pub(super) request: &'a SyncRequest,
}

impl Look<'_> {
    /// Reads what has to be looked at; `None` when there is nothing that was not merged before.
    pub(super) fn read(&self) -> Result<Option<Incoming>, Failure> {
        let is_full = self.request.mode == SyncMode::Full;
        let last = self.state.and_then(|state| state.base);
        let Some(head) = self.head else { return self.without_branch(last, is_full) };
        let is_first = self.state.is_none();
        if !is_full
            && !is_first
            && self.request.since.is_none()
            && (last == Some(head) || self.is_untouched(last, head)?)
        {
            return Ok(None);
        }
        let mut incoming = Incoming {
            head: Some(head),
            is_first,
            is_full,
            clean: self.request.clean && is_full,
            ..Incoming::default()
        };
        let at_hand = last.filter(|last| self.repository.has_commit(*last));
        incoming.is_rewritten = match at_hand {
            Some(last) => !self.repository.is_ancestor(last, head)?,
            None => last.is_some(),
        };
        incoming.base = match at_hand {
            // Without an ancestor in common the contents are compared with what was last merged.
            Some(last) if incoming.is_rewritten => {
                let ancestor = self.repository.merge_base(last, head)?;
                incoming.is_unrelated = ancestor.is_none();
                ancestor.or(Some(last))
            }
            last => last,
        };
        let abandoned = at_hand.filter(|_| incoming.is_rewritten);
        self.read_files(&mut incoming, head, abandoned)?;
        self.read_rules(&mut incoming, head, abandoned)?;
        Ok(Some(incoming))
    }

    /// The branch is not there: before the first commit that is as it should be.
    fn without_branch(&self, last: Option<ObjectName>, is_full: bool) -> Result<Option<Incoming>, Failure> {
        match (self.state, last) {
            (None, _) => Ok(Some(Incoming { is_first: true, ..Incoming::default() })),
            // Asked for everything, the branch is made anew of what is here.
            (Some(_), Some(_)) if is_full => Ok(Some(Incoming { is_first: true, ..Incoming::default() })),
            (Some(_), None) => Ok(None),
            (Some(_), Some(_)) => Err(Failure::BranchGone { branch: self.link.remote.remote.branch.to_string() }),
        }
    }

    /// Whether the user's folder is as it was when it was last merged.
    fn is_untouched(&self, last: Option<ObjectName>, head: ObjectName) -> Result<bool, Failure> {
        let Some(last) = last.filter(|last| self.repository.has_commit(*last)) else { return Ok(false) };
        for folder in [TASKS, files::FOLDER] {
            let path = self.link.path(self.user, folder);
            if self.repository.folder_name(last, &path)? != self.repository.folder_name(head, &path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the task files that differ from the base, and those that were not as they should be. `abandoned` is what was
    /// last merged where the remote's history has that no more.
    fn read_files(
        &self,
        incoming: &mut Incoming,
        head: ObjectName,
        abandoned: Option<ObjectName>,
    ) -> Result<(), Failure> {
        let folder = self.link.path(self.user, TASKS);
        let there = self.repository.list(Some(head), &folder)?;
        let before = self.repository.list(incoming.base, &folder)?;
        let mut looked_at: BTreeSet<&str> = differing(&before, &there);
        // What the remote lost is put back.
        let merged_last = self.repository.list(abandoned, &folder)?;
        if incoming.is_rewritten {
            looked_at.extend(differing(&before, &merged_last));
        }
        if let Some(since) = self.request.since.filter(|since| !self.repository.has_commit(*since)) {
            return Err(Failure::NoSuchCommit { commit: since.to_string() });
        }
        let since = self.repository.list(self.request.since, &folder)?;
        if self.request.since.is_some() {
            looked_at.extend(differing(&since, &there));
        }
        looked_at.extend(self.files.held.keys().map(String::as_str).filter(|name| *name != RULES));
        if incoming.is_full {
            looked_at.extend(there.entries.keys().chain(before.entries.keys()).map(String::as_str));
        }
        let merged_before_held = self.repository.list(self.files.held_from, &folder)?;
        if self.files.held_more > 0 {
            // Those that are not listed are found again.
            for (name, entry) in &there.entries {
                if !looked_at.contains(name.as_str()) && self.is_unusable(name, Some(entry))? {
                    looked_at.insert(name);
                }
            }
        }
        let mut bytes = 0;
        for name in looked_at {
            let Some(file) = self.task_file(name, there.entries.get(name), incoming) else { continue };
            let held = match self.files.held.get(name) {
                Some(held) => Some(held.base),
                None if self.files.held_more > 0 && self.is_unusable(name, before.entries.get(name))? => {
                    Some(file_of(merged_before_held.entries.get(name)))
                }
                None => None,
            };
            let (base_name, base) = match held {
                // It may be in no commit that the remote still has.
                Some(held) => (held, held.and_then(|base| self.base(base).ok().flatten())),
                None => {
                    // What a rewriting left as it was last merged is no change of the remote's.
                    let is_left = incoming.is_rewritten && there.entries.get(name) == merged_last.entries.get(name);
                    let name = file_of(if is_left { &merged_last } else { &before }.entries.get(name));
                    (name, name.map(|name| self.base(name)).transpose()?.flatten())
                }
            };
            let theirs = theirs(self.repository, there.entries.get(name))?;
            bytes += base.as_ref().map_or(0, |base| base.len());
            if let Theirs::File(theirs) = &theirs {
                bytes += theirs.len();
            }
            if bytes > DOCUMENTS_BYTES_MAX {
                return Err(Failure::TooMuch { bytes_max: DOCUMENTS_BYTES_MAX });
            }
            incoming.files.insert(file, IncomingFile { base, base_name, theirs });
        }
        if there.unreadable_names > 0 {
            incoming.skipped.push(format!("{folder}/"), NOT_UTF_8);
        }
        incoming.unreadable_names = there.unreadable_names;
        incoming.names = there.entries.into_keys().collect();
        Ok(())
    }

    /// The name, if a document can have it; else it is told where it looks as if it were meant to be one.
    fn task_file(&self, name: &str, entry: Option<&Entry>, incoming: &mut Incoming) -> Option<FileName> {
        let file = FileName::parse(name);
        if file.is_none() && entry.is_some() && name.to_lowercase().ends_with(".md") {
            incoming.skipped.push(name, import::NOT_A_NAME);
        }
        file
    }

    /// What was merged before; `None` if it cannot be read any more.
    fn base(&self, name: ObjectName) -> Result<Option<Arc<[u8]>>, Failure> {
        match self.repository.read(name, DOCUMENT_BYTES_MAX) {
            Ok(Content::Bytes(bytes)) => Ok(Some(bytes.into())),
            Ok(Content::TooLarge) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether this cannot be taken for a document, where its name is one's.
    fn is_unusable(&self, name: &str, entry: Option<&Entry>) -> Result<bool, Failure> {
        match (FileName::parse(name), entry) {
            (Some(file), Some(entry)) => Ok(why_unusable(self.repository, &file, entry)?.is_some()),
            (None, _) | (_, None) => Ok(false),
        }
    }

    /// Reads the rules, if they differ from the base or could not be taken before. `abandoned` as for files.
    fn read_rules(
        &self,
        incoming: &mut Incoming,
        head: ObjectName,
        abandoned: Option<ObjectName>,
    ) -> Result<(), Failure> {
        let folder = self.link.path(self.user, files::FOLDER);
        let tree =
            |commit: Option<ObjectName>| commit.map(|commit| self.repository.folder_name(commit, &folder)).transpose();
        let (before, there) = (tree(incoming.base)?.flatten(), tree(Some(head))?.flatten());
        let held = self.files.held.get(RULES);
        if before == there && held.is_none() && !incoming.is_full && !incoming.is_first && !incoming.is_rewritten {
            return Ok(());
        }
        let base_commit = match held {
            Some(held) => held.base.filter(|base| self.repository.has_commit(*base)),
            // As with files.
            None if abandoned.is_some() && tree(abandoned)?.flatten() == there => abandoned,
            None => incoming.base,
        };
        let mut rules = IncomingRules { base_name: base_commit, ..IncomingRules::default() };
        // What was merged before was fit to be.
        rules.base = self.rule_files(base_commit, &folder)?.0;
        (rules.theirs, rules.problem) = self.rule_files(Some(head), &folder)?;
        if incoming.is_unrelated {
            rules.base.retain(|name, _| rules.theirs.contains_key(name));
        }
        incoming.rules = Some(rules);
        Ok(())
    }

    /// The files of a folder of rules, and what of it cannot be taken.
    fn rule_files(&self, commit: Option<ObjectName>, folder: &str) -> Result<(RuleFiles, Option<Sentence>), Failure> {
        let (mut files, mut problem) = (RuleFiles::new(), None);
        let listing = self.repository.list(commit, folder)?.entries;
        let considered = listing.into_iter().filter_map(|(name, entry)| Some((files::considered(&name)?, name, entry)));
        for (number, (named, name, entry)) in considered.enumerate() {
            if number == RULE_FILES_MAX {
                return Ok((files, Some(TOO_MANY_RULES.into())));
            }
            let reason = match (named, theirs(self.repository, Some(&entry))?) {
                (Ok(()), Theirs::File(bytes)) => {
                    files.insert(name, bytes.to_vec());
                    continue;
                }
                (Ok(()), Theirs::Absent) => continue,
                (Err(Phrase { en, de }), _) | (Ok(()), Theirs::Unusable(Phrase { en, de })) => {
                    Sentence { en: format!("{name}: {en}"), de: format!("{name}: {de}") }
                }
            };
            problem = problem.or(Some(reason));
        }
        Ok((files, problem))
    }
}

/// What stands under a name.
fn theirs(repository: &Repository, entry: Option<&Entry>) -> Result<Theirs, Failure> {
    Ok(match entry {
        None => Theirs::Absent,
        Some(Entry::Link) => Theirs::Unusable(LINK),
        Some(Entry::Submodule) => Theirs::Unusable(SUBMODULE),
        Some(Entry::Folder(_)) => Theirs::Unusable(FOLDER),
        Some(Entry::File { content, .. }) => match repository.read(*content, DOCUMENT_BYTES_MAX)? {
            Content::Bytes(bytes) => Theirs::File(bytes.into()),
            Content::TooLarge => Theirs::Unusable(import::TOO_LARGE),
        },
    })
}

/// Why what stands under a document's name cannot be taken; `None`: it can.
pub(super) fn why_unusable(repository: &Repository, file: &FileName, entry: &Entry) -> Result<Option<Phrase>, Failure> {
    Ok(match theirs(repository, Some(entry))? {
        Theirs::Absent => None,
        Theirs::Unusable(reason) => Some(reason),
        Theirs::File(raw) => import::acceptable(file.as_str(), &raw).err(),
    })
}

/// The content of what is a plain file.
pub(super) fn file_of(entry: Option<&Entry>) -> Option<ObjectName> {
    match entry {
        Some(Entry::File { content, .. }) => Some(*content),
        Some(Entry::Link | Entry::Submodule | Entry::Folder(_)) | None => None,
    }
}

/// The names whose entries are not the same.
fn differing<'a>(before: &'a Listing, after: &'a Listing) -> BTreeSet<&'a str> {
    let names = before.entries.keys().chain(after.entries.keys());
    names.filter(|name| before.entries.get(*name) != after.entries.get(*name)).map(String::as_str).collect()
}

/// Which of two listings' entries are plain files, by name: what the chain of commits is planned on.
pub(super) fn contents(listing: &Listing) -> BTreeMap<&str, ObjectName> {
    listing.entries.iter().filter_map(|(name, entry)| Some((name.as_str(), file_of(Some(entry))?))).collect()
}
