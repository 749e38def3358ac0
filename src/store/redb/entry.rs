//! Commits as the journal has them: what has to be carried out again, and nothing that follows from it.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codec::{self, StoredHead};
use super::past::StoredMark;
use super::sync::{StoredFiles, StoredSync};
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName, Generation, UserId};
use crate::store::{Basis, Change, Commit, MergedFile, Origin, Remembered, StoreError, Word};

const TABLE: &str = "the journal";

#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    user: u64,
    expected: u64,
    head: StoredHead,
    actor: &'a str,
    through: &'a str,
    #[serde(with = "serde_bytes")]
    basis: [u8; 16],
    #[serde(borrow)]
    changes: Vec<EntryChange<'a>>,
    #[serde(borrow)]
    answer: Option<EntryAnswer<'a>>,
    /// What was written before there was a sync ends before this.
    #[serde(default)]
    sync: Option<StoredSync>,
    /// And what was written before files had a row of their own, before this.
    #[serde(default)]
    sync_files: Option<StoredFiles>,
    /// And what was written before timelines were marked, before this.
    #[serde(default)]
    mark: Option<StoredMark>,
}

#[derive(Serialize, Deserialize)]
enum EntryChange<'a> {
    Put {
        file: &'a str,
        #[serde(with = "serde_bytes")]
        raw: &'a [u8],
        verb: &'a str,
    },
    Remove {
        file: &'a str,
        verb: &'a str,
    },
    Settings {
        #[serde(with = "serde_bytes")]
        settings: Cow<'a, [u8]>,
        verb: &'a str,
    },
    Rules {
        entries: Option<Vec<codec::StoredEntry>>,
        verb: &'a str,
    },
    Merged {
        file: Cow<'a, str>,
        #[serde(borrow, with = "serde_bytes")]
        lost: Option<&'a [u8]>,
        #[serde(borrow, with = "serde_bytes")]
        kept: Option<&'a [u8]>,
        is_conflict: bool,
        verb: &'a str,
    },
}

#[derive(Serialize, Deserialize)]
struct EntryAnswer<'a> {
    route: &'a str,
    key: &'a str,
    #[serde(with = "serde_bytes")]
    fingerprint: [u8; 32],
    #[serde(with = "serde_bytes")]
    answer: &'a [u8],
}

impl<'a> EntryChange<'a> {
    fn of(change: &'a Change) -> EntryChange<'a> {
        match change {
            Change::PutDocument { key, raw, verb, .. } => EntryChange::Put { file: key.file.as_str(), raw, verb },
            Change::RemoveDocument { key, verb } => EntryChange::Remove { file: key.file.as_str(), verb },
            Change::PutRules { entries, verb } => {
                EntryChange::Rules { entries: entries.as_deref().map(codec::stored_entries), verb }
            }
            Change::PutSettings { settings, verb } => {
                EntryChange::Settings { settings: codec::encode_settings(*settings).into(), verb }
            }
            Change::Merged { file, lost, kept, is_conflict, verb } => EntryChange::Merged {
                file: file.name(),
                lost: lost.as_deref(),
                kept: kept.as_deref(),
                is_conflict: *is_conflict,
                verb,
            },
        }
    }

    fn change(self) -> Result<Change, StoreError> {
        match self {
            EntryChange::Put { file, raw, verb } => {
                let key = key(file)?;
                let reading = match document::read(&key.file, raw) {
                    document::Outcome::Task(task) => Ok(Arc::from(task)),
                    document::Outcome::Invalid(problem) => Err(problem),
                    document::Outcome::NotATask => return Err(StoreError::Damaged(TABLE)),
                };
                Ok(Change::PutDocument { key, raw: Arc::from(raw), reading, verb: word(verb) })
            }
            EntryChange::Remove { file, verb } => Ok(Change::RemoveDocument { key: key(file)?, verb: word(verb) }),
            EntryChange::Rules { entries, verb } => {
                Ok(Change::PutRules { entries: entries.map(codec::entries), verb: word(verb) })
            }
            EntryChange::Settings { settings, verb } => {
                Ok(Change::PutSettings { settings: codec::decode_settings(&settings)?, verb: word(verb) })
            }
            EntryChange::Merged { file, lost, kept, is_conflict, verb } => Ok(Change::Merged {
                file: MergedFile::parse(&file).ok_or(StoreError::Damaged(TABLE))?,
                lost: lost.map(Arc::from),
                kept: kept.map(Arc::from),
                is_conflict,
                verb: word(verb),
            }),
        }
    }
}

/// Appends the commit to a record's content. Its timeline is not in it: that follows from the rest.
pub(super) fn append(content: &mut Vec<u8>, commit: &Commit) {
    let entry = Entry {
        user: commit.user.0,
        expected: commit.expected.0,
        head: StoredHead::of(&commit.head),
        actor: &commit.origin.actor,
        through: &commit.origin.through,
        basis: commit.basis.0,
        changes: commit.changes.iter().map(EntryChange::of).collect(),
        answer: commit.remember.as_ref().map(|remembered| EntryAnswer {
            route: &remembered.route,
            key: &remembered.key,
            fingerprint: remembered.fingerprint,
            answer: &remembered.answer,
        }),
        sync: commit.sync.as_ref().map(|sync| StoredSync::of(&sync.state)),
        sync_files: commit.sync.as_ref().and_then(|sync| sync.files.as_ref()).map(StoredFiles::of),
        mark: commit.mark.as_ref().map(StoredMark::of),
    };
    let bytes = codec::encode(&entry);
    content.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    content.extend(bytes);
}

/// The commits of a record's content, in their order.
///
/// # Errors
/// A content that this version would not write.
pub(super) fn decode(mut content: &[u8]) -> Result<Vec<Commit>, StoreError> {
    let mut commits = Vec::new();
    while let Some((len, rest)) = content.split_first_chunk().map(|(len, rest)| (u32::from_be_bytes(*len), rest)) {
        let (entry, rest) = rest.split_at_checked(len as usize).ok_or(StoreError::Damaged(TABLE))?;
        commits.push(commit(codec::decode(entry, TABLE)?)?);
        content = rest;
    }
    if content.is_empty() { Ok(commits) } else { Err(StoreError::Damaged(TABLE)) }
}

fn commit(entry: Entry<'_>) -> Result<Commit, StoreError> {
    Ok(Commit {
        user: UserId(entry.user),
        expected: Generation(entry.expected),
        head: entry.head.head(TABLE)?,
        changes: entry.changes.into_iter().map(EntryChange::change).collect::<Result<_, _>>()?,
        origin: Origin { actor: entry.actor.to_owned(), through: word(entry.through) },
        basis: Basis(entry.basis),
        timeline: None,
        mark: entry.mark.map(|mark| mark.mark(TABLE)).transpose()?,
        remember: entry.answer.map(|answer| Remembered {
            route: word(answer.route),
            key: answer.key.to_owned(),
            fingerprint: answer.fingerprint,
            answer: answer.answer.to_owned(),
        }),
        sync: entry.sync.map(|sync| sync.update(entry.sync_files)),
        // The database alone keeps a commit that brings a history.
        brought: None,
    })
}

fn key(file: &str) -> Result<DocKey, StoreError> {
    FileName::parse(file).map(DocKey::of).ok_or(StoreError::Damaged(TABLE))
}

fn word(word: &str) -> Word {
    Word::Owned(word.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::DateTime;
    use serde_bytes::Bytes;

    use super::*;
    use crate::domain::ids::ObjectName;
    use crate::store::{Head, HeldFile, Pushing, SyncFiles, SyncState, SyncUpdate, TimelineMark};

    const MARK: TimelineMark = TimelineMark { sha256: [9; 16], valid_from: DateTime::UNIX_EPOCH };

    fn framed(entry: &impl Serialize) -> Vec<u8> {
        let entry = codec::encode(entry);
        [&u32::try_from(entry.len()).unwrap().to_be_bytes()[..], &entry].concat()
    }

    #[test]
    fn an_entry_of_before_there_was_a_sync_is_read() {
        let head = Head { generation: Generation(5), committed_at: DateTime::UNIX_EPOCH, next_number: None };
        let basis = [7; 16];
        let changes = vec![EntryChange::Remove { file: "0001.md", verb: "delete" }];
        let answer: Option<EntryAnswer<'_>> = None;
        let before = (3_u64, 4_u64, StoredHead::of(&head), "lena", "token", Bytes::new(&basis), changes, answer);
        let commits = decode(&framed(&before)).unwrap();
        let [Commit { expected: Generation(4), sync: None, changes, .. }] = &commits[..] else { panic!("{commits:?}") };
        assert!(matches!(&changes[..], [Change::RemoveDocument { verb, .. }] if verb == "delete"));
    }

    #[test]
    fn what_a_sync_commits_is_read_as_it_was_written() {
        let name = |byte| ObjectName([byte; 20]);
        let held = |base| HeldFile { base, reason: "a link".to_owned() };
        let state = SyncState {
            remote: [1; 16],
            base: Some(name(2)),
            outbox_from: Generation(9),
            pushing: vec![Pushing { tip: name(3), until: Generation(10) }],
        };
        let files = SyncFiles {
            held: BTreeMap::from([("a".to_owned(), held(None)), ("b".to_owned(), held(Some(name(4))))]),
            held_more: 5,
            held_from: Some(name(6)),
            differing: BTreeSet::from(["0001.md".to_owned()]),
            held_back: BTreeSet::from(["a".to_owned()]),
            unreadable_names: 7,
        };
        let empty = SyncState { base: None, pushing: Vec::new(), ..state.clone() };
        let full = SyncUpdate { state, files: Some(files) };
        let bare = SyncUpdate { state: empty, files: None };
        for (update, lost) in [(full, Some(Arc::from(&b"lost"[..]))), (bare, None)] {
            let file = MergedFile::Rule("mine.rhai".to_owned());
            let merged =
                Change::Merged { file, lost: lost.clone(), kept: None, is_conflict: true, verb: "merge".into() };
            let commit = Commit {
                user: UserId(1),
                expected: Generation(4),
                head: Head { generation: Generation(5), committed_at: DateTime::UNIX_EPOCH, next_number: None },
                changes: vec![merged],
                origin: Origin { actor: "lena".to_owned(), through: "git".into() },
                basis: Basis([0; 16]),
                timeline: None,
                mark: lost.as_ref().map(|_| MARK),
                remember: None,
                sync: Some(update.clone()),
                brought: None,
            };
            let mut content = Vec::new();
            append(&mut content, &commit);
            let read = decode(&content).unwrap();
            assert_eq!((read[0].sync.as_ref(), read[0].mark), (Some(&update), commit.mark));
            let [Change::Merged { file, lost: read, kept: None, is_conflict: true, .. }] = &read[0].changes[..] else {
                panic!("{read:?}")
            };
            assert_eq!((file.name().as_ref(), read), ("rules/mine.rhai", &lost));
        }
    }
}
