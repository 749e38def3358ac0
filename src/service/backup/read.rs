//! Reading a backup: member by member, strictly in its order, and every value of it.

use std::io::Read;

use zeroize::Zeroizing;

use super::container::{Member, Members};
use super::manifest::{
    Beginning, HEAD_MEMBER, Head, MANIFEST_MEMBER, Manifest, RemovedLine, SECRETS_MEMBER, SUM_MEMBER, UserLine, VERSION,
};
use super::rows::{self, AccountRow, ChangeRow, DocumentRow, TimelineRow};
use super::{BackupError, member_of, piece_of};
use crate::domain::ids::{FileName, UserId};
use crate::secrets::passphrase::{Locked, unlock};
use crate::store::{AccountState, Past};

/// The longest member that is held in memory: the list of all members, of a million users.
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// The longest member with rows. One has a mebibyte, and one more row; an account has a hundred versions of rules.
const ROWS_BYTES_MAX: u64 = 256 * 1024 * 1024;
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// A part of a backup, in the order in which they come.
pub(super) enum Part {
    Account(Box<AccountState>, Option<TimelineRow>),
    /// The hash of the last account's timeline.
    Timeline(String),
    Documents(UserId, Vec<(FileName, Vec<u8>)>),
    History(UserId, Vec<Past>),
    /// Tokens of users' own repositories, encrypted.
    Secrets(Vec<u8>),
}

/// A backup that is read. What it gives is only to be believed once [`Reader::next`] gave `None`.
pub(super) struct Reader<R: Read> {
    members: Members<R>,
    pub(super) head: Head,
    seen: Vec<Member>,
    users: Vec<UserLine>,
    at: Place,
    /// There at the end.
    pub(super) manifest: Option<Manifest>,
}

/// Which member of a user came last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// None: there was no user yet.
    Head,
    Account {
        has_timeline: bool,
    },
    Timeline,
    Documents(u64),
    History(u64),
    Secrets,
}

impl<R: Read> Reader<R> {
    /// # Errors
    /// It is no backup, or of a newer format.
    pub(super) fn of(source: R) -> Result<Reader<R>, BackupError> {
        let mut members = Members::of(source)?;
        let Some((name, size)) = members.next()? else { return Err(BackupError::Foreign) };
        if name != HEAD_MEMBER {
            return Err(BackupError::Foreign);
        }
        let (member, content) = members.content(&name, size, HEAD_BYTES_MAX)?;
        let beginning: Beginning = serde_json::from_slice(&content).map_err(|_| BackupError::Foreign)?;
        match beginning {
            beginning if !beginning.is_ours() => return Err(BackupError::Foreign),
            Beginning { version, .. } if version > VERSION => return Err(BackupError::Newer { found: version }),
            Beginning { .. } => {}
        }
        let head = serde_json::from_slice(&content).map_err(|_| damaged(&name))?;
        Ok(Reader { members, head, seen: vec![member], users: Vec::new(), at: Place::Head, manifest: None })
    }

    /// The next part; `None` at the end, when all of it was as it must be.
    pub(super) fn next(&mut self) -> Result<Option<Part>, BackupError> {
        let Some((name, size)) = self.members.next()? else { return Err(damaged("the list of its members")) };
        if name == MANIFEST_MEMBER {
            return self.end(size).map(|()| None);
        }
        if name == SECRETS_MEMBER && self.at != Place::Secrets {
            self.at = Place::Secrets;
            return self.content(&name, size).map(|content| Some(Part::Secrets(content)));
        }
        if let Some(id) = account_of(&name) {
            return self.account(id, &name, size).map(Some);
        }
        let (Some(user), at) = (self.users.last().map(|user| user.id), self.at) else { return Err(damaged(&name)) };
        let next = match at {
            Place::Account { has_timeline: true } if name == member_of(user, "timeline.json") => {
                let member = self.members.pass(&name, size, |_| {})?;
                self.at = Place::Timeline;
                self.seen.push(member.clone());
                return Ok(Some(Part::Timeline(member.sha256)));
            }
            Place::Account { has_timeline: false } | Place::Timeline => [Place::Documents(0), Place::History(0)],
            Place::Documents(number) => [Place::Documents(number + 1), Place::History(0)],
            Place::History(number) => [Place::History(number + 1); 2],
            Place::Account { .. } | Place::Head | Place::Secrets => return Err(damaged(&name)),
        };
        let found = next.into_iter().find(|place| match place {
            Place::Documents(number) => name == piece_of(user, "documents", *number),
            Place::History(number) => name == piece_of(user, "history", *number),
            _ => false,
        });
        self.at = found.ok_or_else(|| damaged(&name))?;
        let content = self.content(&name, size)?;
        match self.at {
            Place::Documents(_) => self.documents(UserId(user), &name, &content).map(Some),
            _ => self.history(UserId(user), &name, &content).map(Some),
        }
    }

    fn content(&mut self, name: &str, size: u64) -> Result<Vec<u8>, BackupError> {
        let (member, content) = self.members.content(name, size, ROWS_BYTES_MAX)?;
        self.seen.push(member);
        Ok(content)
    }

    fn account(&mut self, id: u64, name: &str, size: u64) -> Result<Part, BackupError> {
        let is_next = self.users.last().is_none_or(|last| last.id < id);
        let is_due = !matches!(self.at, Place::Secrets | Place::Account { has_timeline: true });
        if !is_next || !is_due {
            return Err(damaged(name));
        }
        let content = self.content(name, size)?;
        let mut row: AccountRow = rows::decode(&content, name)?;
        let timeline = row.timeline.take();
        let state = row.state().map_err(|wrong| wrong.in_member(name))?;
        if state.user.id != UserId(id) {
            return Err(damaged(name));
        }
        self.at = Place::Account { has_timeline: timeline.is_some() };
        self.users.push(UserLine {
            id,
            name: state.user.name.as_str().to_owned(),
            generation: state.head.generation.0,
            documents: 0,
            changes: 0,
        });
        Ok(Part::Account(Box::new(state), timeline))
    }

    fn documents(&mut self, user: UserId, name: &str, content: &[u8]) -> Result<Part, BackupError> {
        let rows: Vec<DocumentRow> = rows::decode(content, name)?;
        let documents = rows.into_iter().map(DocumentRow::document).collect::<Result<Vec<_>, _>>();
        let documents = documents.map_err(|wrong| wrong.in_member(name))?;
        if documents.is_empty() || !documents.is_sorted_by(|(one, _), (other, _)| one < other) {
            return Err(damaged(name));
        }
        if let Some(line) = self.users.last_mut() {
            line.documents += documents.len() as u64;
        }
        Ok(Part::Documents(user, documents))
    }

    fn history(&mut self, user: UserId, name: &str, content: &[u8]) -> Result<Part, BackupError> {
        let rows: Vec<ChangeRow> = rows::decode(content, name)?;
        let changes = rows.into_iter().map(ChangeRow::past).collect::<Result<Vec<_>, _>>();
        let changes = changes.map_err(|wrong| wrong.in_member(name))?;
        let is_sorted =
            changes.is_sorted_by(|one, other| (one.generation, one.index) < (other.generation, other.index));
        let generation = self.users.last().map_or(0, |user| user.generation);
        if changes.last().is_none_or(|last| last.generation.0 > generation) || !is_sorted {
            return Err(damaged(name));
        }
        if let Some(line) = self.users.last_mut() {
            line.changes += changes.len() as u64;
        }
        Ok(Part::History(user, changes))
    }

    /// The manifest, with all that it says of what came before, and the sum of it.
    fn end(&mut self, size: u64) -> Result<(), BackupError> {
        if matches!(self.at, Place::Account { has_timeline: true }) {
            return Err(damaged("the list of its members"));
        }
        let (member, content) = self.members.content(MANIFEST_MEMBER, size, MANIFEST_BYTES_MAX)?;
        let sum = self.members.next()?.filter(|(name, _)| name == SUM_MEMBER).ok_or_else(|| damaged(SUM_MEMBER))?;
        let (_, sum) = self.members.content(SUM_MEMBER, sum.1, HEAD_BYTES_MAX)?;
        if sum != format!("{}  {MANIFEST_MEMBER}\n", member.sha256).as_bytes() || self.members.next()?.is_some() {
            return Err(damaged(SUM_MEMBER));
        }
        let manifest: Manifest = serde_json::from_slice(&content).map_err(|_| damaged(MANIFEST_MEMBER))?;
        let other = manifest.members.iter().zip(&self.seen).find(|(listed, seen)| listed != seen);
        if let Some((listed, _)) = other {
            return Err(damaged(&listed.name));
        }
        let is_removed = |user: &&UserLine| {
            let line = RemovedLine { id: user.id, name: user.name.clone() };
            manifest
                .removed
                .binary_search_by_key(&user.id, |removed| removed.id)
                .is_ok_and(|at| manifest.removed[at] == line)
        };
        let is_whole = self.users.iter().filter(|user| !is_removed(user)).eq(&manifest.users);
        let count = manifest.users.len() + manifest.removed.len();
        if manifest.members.len() != self.seen.len() || !is_whole || count != self.users.len() {
            return Err(damaged("the list of its members"));
        }
        self.manifest = Some(manifest);
        Ok(())
    }
}

fn damaged(place: &str) -> BackupError {
    // It may be a name that somebody made up.
    let shown = place.chars().filter(|c| !c.is_control()).take(100).collect();
    BackupError::Damaged { place: shown }
}

/// Whose account this member is, if it is one.
fn account_of(name: &str) -> Option<u64> {
    let id = name.strip_prefix("users/")?.strip_suffix("/account")?.parse().ok()?;
    (name == member_of(id, "account")).then_some(id)
}

/// The tokens in what was encrypted, by user.
pub(super) fn tokens(locked: &[u8], passphrase: &str) -> Result<Vec<(u64, Zeroizing<String>)>, BackupError> {
    let plain = unlock(passphrase, locked).map_err(|locked| match locked {
        Locked::WrongPassphrase => BackupError::WrongPassphrase,
        Locked::Damaged => damaged(SECRETS_MEMBER),
    })?;
    let rows: Vec<rows::RemoteTokenRow> = rows::decode(&plain, SECRETS_MEMBER)?;
    Ok(rows.into_iter().map(|row| (row.0, Zeroizing::new(row.1))).collect())
}
