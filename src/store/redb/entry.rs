//! Commits as the journal has them: what has to be carried out again, and nothing that follows from it.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codec::{self, StoredHead};
use crate::domain::document;
use crate::domain::ids::{DocKey, FileName, Generation, UserId};
use crate::store::{Basis, Change, Commit, Origin, Remembered, StoreError, Word};

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
        remember: entry.answer.map(|answer| Remembered {
            route: word(answer.route),
            key: answer.key.to_owned(),
            fingerprint: answer.fingerprint,
            answer: answer.answer.to_owned(),
        }),
    })
}

fn key(file: &str) -> Result<DocKey, StoreError> {
    FileName::parse(file).map(DocKey::of).ok_or(StoreError::Damaged(TABLE))
}

fn word(word: &str) -> Word {
    Word::Owned(word.to_owned())
}
