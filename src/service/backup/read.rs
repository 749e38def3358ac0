//! Reading a backup: member by member, strictly in its order, and every value of it.

use std::io::Read;

use chrono::DateTime;
use zeroize::Zeroizing;

use super::container::{Member, Members};
use super::manifest::{
    Beginning, HEAD_MEMBER, Head, MANIFEST_MEMBER, Manifest, RemovedLine, SECRETS_MEMBER, SUM_MEMBER, UserLine, VERSION,
};
use super::rows::{self, AccountRow, ChangeRow, DocumentRow, TimelineRow};
use super::{BackupError, member_of, piece_of};
use crate::domain::date;
use crate::domain::ids::{FileName, Generation, UserId};
use crate::secrets::passphrase::{Locked, unlock};
use crate::store::{AccountState, Moment, Past};

/// The longest member that is held in memory: the list of all members, of a million users.
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// The longest account, which has a hundred versions of rules, and the longest list of tokens.
const ACCOUNT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The longest other member with rows. One has a mebibyte, and one more row.
const ROWS_BYTES_MAX: u64 = 16 * 1024 * 1024;
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// More ids than are ever given, and far from where numbers end.
const USERS_MAX: u64 = 1 << 40;

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
    /// Of the last user, what came last of each.
    last_document: Option<FileName>,
    last_change: Option<Moment>,
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
            Beginning { version, .. } if version > u64::from(VERSION) => {
                return Err(BackupError::Newer { found: version });
            }
            Beginning { version: 0, .. } => return Err(damaged(&name)),
            Beginning { .. } => {}
        }
        let head: Head = serde_json::from_slice(&content).map_err(|_| damaged(&name))?;
        if head.next_user > USERS_MAX {
            return Err(damaged(&name));
        }
        let (seen, users) = (vec![member], Vec::new());
        Ok(Reader {
            members,
            head,
            seen,
            users,
            at: Place::Head,
            last_document: None,
            last_change: None,
            manifest: None,
        })
    }

    /// The next part; `None` at the end, when all of it was as it must be.
    pub(super) fn next(&mut self) -> Result<Option<Part>, BackupError> {
        let Some((name, size)) = self.members.next()? else { return Err(damaged("the list of its members")) };
        if name == MANIFEST_MEMBER {
            return self.end(size).map(|()| None);
        }
        if name == SECRETS_MEMBER && self.at != Place::Secrets {
            self.at = Place::Secrets;
            return self.content(&name, size, ACCOUNT_BYTES_MAX).map(|content| Some(Part::Secrets(content)));
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
        let content = self.content(&name, size, ROWS_BYTES_MAX)?;
        match self.at {
            Place::Documents(_) => self.documents(UserId(user), &name, &content).map(Some),
            _ => self.history(UserId(user), &name, &content).map(Some),
        }
    }

    fn content(&mut self, name: &str, size: u64, bytes_max: u64) -> Result<Vec<u8>, BackupError> {
        let (member, content) = self.members.content(name, size, bytes_max)?;
        self.seen.push(member);
        Ok(content)
    }

    fn account(&mut self, id: u64, name: &str, size: u64) -> Result<Part, BackupError> {
        let is_next = self.users.last().is_none_or(|last| last.id < id);
        let is_due = !matches!(self.at, Place::Secrets | Place::Account { has_timeline: true });
        if !is_next || !is_due {
            return Err(damaged(name));
        }
        let content = self.content(name, size, ACCOUNT_BYTES_MAX)?;
        let mut row: AccountRow = rows::decode(&content, name)?;
        let timeline = row.timeline.take();
        let state = row.state().map_err(|wrong| wrong.in_member(name))?;
        let is_planned = |row: &TimelineRow| {
            DateTime::from_timestamp_millis(row.at).is_some_and(|instant| date::can_begin(&instant))
        };
        let is_possible = state.head.generation <= Generation::BROUGHT_MAX && id < USERS_MAX;
        if state.user.id != UserId(id) || !is_possible || !timeline.iter().all(is_planned) {
            return Err(damaged(name));
        }
        self.last_document = None;
        self.last_change = None;
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
        let is_sorted = documents.is_sorted_by(|(one, _), (other, _)| one < other);
        let first = documents.first().filter(|(first, _)| self.last_document.as_ref().is_none_or(|last| last < first));
        if first.is_none() || !is_sorted {
            return Err(damaged(name));
        }
        self.last_document = documents.last().map(|(last, _)| last.clone());
        if let Some(line) = self.users.last_mut() {
            line.documents += documents.len() as u64;
        }
        Ok(Part::Documents(user, documents))
    }

    fn history(&mut self, user: UserId, name: &str, content: &[u8]) -> Result<Part, BackupError> {
        let rows: Vec<ChangeRow> = rows::decode(content, name)?;
        let changes = rows.into_iter().map(ChangeRow::past).collect::<Result<Vec<_>, _>>();
        let changes = changes.map_err(|wrong| wrong.in_member(name))?;
        let moment = |past: &Past| Moment(past.generation.0, past.index);
        let is_sorted = changes.is_sorted_by(|one, other| moment(one) < moment(other));
        let first = changes.first().map(moment).filter(|first| self.last_change.is_none_or(|last| last < *first));
        let generation = self.users.last().map_or(0, |user| user.generation);
        if first.is_none() || !is_sorted || changes.last().is_some_and(|last| last.generation.0 > generation) {
            return Err(damaged(name));
        }
        self.last_change = changes.last().map(moment);
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

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::super::check;
    use super::super::container::Writer;
    use super::*;
    use crate::domain::ids::{DocKey, TaskNumber, UserName};
    use crate::domain::lang::Lang;
    use crate::domain::theme::Theme;
    use crate::domain::zone::Zone;
    use crate::service::rulebook::RuleBook;
    use crate::store::{Basis, Head as UserHead, PastState, Settings, User};

    /// What is in a backup of one user with a document and a change.
    struct Content {
        version: u64,
        next_user: u64,
        state: AccountState,
        timeline_at: i64,
        documents: Vec<Vec<(FileName, Vec<u8>)>>,
        history: Vec<Vec<Past>>,
    }

    fn content() -> Content {
        let at = DateTime::<Utc>::UNIX_EPOCH;
        let file = FileName::parse("0001-a.md").unwrap();
        let what = PastState::Document { key: DocKey::of(file.clone()), before: None, after: Some(b"a".to_vec()) };
        let text = || "test".to_owned();
        let past = Past {
            generation: Generation(1),
            index: 0,
            at,
            basis: Basis([0; 16]),
            actor: text(),
            through: text(),
            verb: text(),
            what,
            is_brought: false,
            left: None,
        };
        let user = User {
            id: UserId(1),
            name: UserName::parse("lena").unwrap(),
            admin: true,
            disabled: false,
            created_at: at,
        };
        let state = AccountState {
            user,
            head: UserHead { generation: Generation(1), committed_at: at, next_number: TaskNumber::new(2) },
            settings: Settings { zone: Zone::UTC, lang: Lang::En, days: 7, theme: Theme::Auto },
            credential: None,
            grants: Vec::new(),
            rules: Vec::new(),
            remote: None,
            sync: None,
            timeline: None,
            is_durable: true,
        };
        let (documents, history) = (vec![vec![(file, b"a".to_vec())]], vec![vec![past]]);
        Content { version: 1, next_user: 2, state, timeline_at: 0, documents, history }
    }

    /// A file that is as it must be in everything but, perhaps, its content.
    fn written(content: Content) -> Vec<u8> {
        let Content { version, next_user, state, timeline_at, documents, history } = content;
        let mut writer = Writer::new(0).unwrap();
        let head = Head::new(
            DateTime::UNIX_EPOCH,
            crate::store::Incarnation([0; 16]),
            next_user,
            RuleBook::builtin().parts().clone(),
        );
        let mut head = serde_json::to_value(head).unwrap();
        head["version"] = version.into();
        writer.append(HEAD_MEMBER, &serde_json::to_vec(&head).unwrap()).unwrap();
        let row = TimelineRow { basis: [0; 16], at: timeline_at };
        let account = rows::encode(&AccountRow::of(&state, None, Some(row)));
        let (id, name, generation) = (state.user.id.0, state.user.name.as_str().to_owned(), state.head.generation.0);
        writer.append(&member_of(id, "account"), &account).unwrap();
        writer.append(&member_of(id, "timeline.json"), b"{}").unwrap();
        let mut line = UserLine { id, name, generation, documents: 0, changes: 0 };
        for (piece, number) in documents.into_iter().zip(0..) {
            line.documents += piece.len() as u64;
            let rows: Vec<_> = piece.into_iter().map(DocumentRow::of).collect();
            writer.append(&piece_of(id, "documents", number), &rows::encode(&rows)).unwrap();
        }
        for (piece, number) in history.into_iter().zip(0..) {
            line.changes += piece.len() as u64;
            let rows: Vec<_> = piece.into_iter().map(ChangeRow::of).collect();
            writer.append(&piece_of(id, "history", number), &rows::encode(&rows)).unwrap();
        }
        let manifest = Manifest { users: vec![line], members: writer.members.clone(), ..Manifest::default() };
        writer.append(MANIFEST_MEMBER, &serde_json::to_vec(&manifest).unwrap()).unwrap();
        let sum = writer.members.last().unwrap().sha256.clone();
        writer.append(SUM_MEMBER, format!("{sum}  {MANIFEST_MEMBER}\n").as_bytes()).unwrap();
        writer.finish().unwrap()
    }

    fn read(change: impl FnOnce(&mut Content)) -> Result<(), BackupError> {
        let mut content = content();
        change(&mut content);
        check(&written(content)[..], None).map(drop)
    }

    #[test]
    fn what_no_program_of_ours_would_have_made_is_refused() {
        assert_eq!(read(|_| ()), Ok(()));
        let account = "users/0000000001/account";
        let in_member = |place: &str| Err(BackupError::Damaged { place: place.to_owned() });
        assert_eq!(read(|content| content.version = 0), in_member(HEAD_MEMBER));
        assert_eq!(read(|content| content.next_user = u64::MAX), in_member(HEAD_MEMBER));
        assert_eq!(read(|content| content.state.head.generation = Generation(u64::MAX)), in_member(account));
        for at in [i64::MAX, -1, 8_000_000_000_000_000] {
            assert_eq!(read(|content| content.timeline_at = at), in_member(account), "{at}");
        }
        // Each piece is in order, and they are not.
        let twice = read(|content| content.documents.push(content.documents[0].clone()));
        assert_eq!(twice, in_member("users/0000000001/documents/000001"));
        let twice = read(|content| content.history.push(content.history[0].clone()));
        assert_eq!(twice, in_member("users/0000000001/history/000001"));
        let large = read(|content| content.documents[0][0].1 = vec![0; 17 << 20]);
        assert_eq!(large, in_member("users/0000000001/documents/000000, which is too large"));
        for found in [2, u64::MAX] {
            assert_eq!(read(|content| content.version = found), Err(BackupError::Newer { found }));
        }
    }
}
