//! The requests that share one transaction: what each did, and telling everybody what became of it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::apply::{apply_commit, head_of};
use super::tables::Tables;
use super::views::Doubts;
use super::{accounts, entry};
use crate::domain::ids::{Generation, UserId};
use crate::store::hot::{Entry, Published};
use crate::store::{Administered, Administration, COMMITTED_TIMELINE_BYTES_MAX, Commit, Finished, Outcome, StoreError};

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) enum Request {
    Commit(Box<Commit>, Answer<Outcome>),
    PutTimeline(UserId, Finished),
    Administer(Box<Administration>, Answer<Administered>),
    /// The hash of a token and when it was used, in milliseconds.
    NoteUse([u8; 32], i64),
    /// A reader was failed by the database.
    Look,
}

/// A commit to be published, with its timeline, and answered.
type Committed = (UserId, Generation, Option<Arc<Entry>>, Answer<Outcome>);

/// What one group did, to be published and answered once it is durable.
#[derive(Default)]
pub(super) struct Group {
    committed: Vec<Committed>,
    stale: Vec<(Generation, Answer<Outcome>)>,
    administered: Vec<(Administered, Answer<Administered>)>,
    removed: Vec<UserId>,
    /// The last timeline of each user: a group stores one.
    pub(super) timelines: HashMap<UserId, Finished>,
    /// What the journal has to keep of the group.
    pub(super) record: Vec<u8>,
    /// Whether something was done that the journal does not know: the database alone has to keep the group.
    pub(super) is_beyond_journal: bool,
    /// Where each user stood whom the group changes.
    pub(super) before: Doubts,
    /// The request that the database failed at.
    failed_commit: Option<Answer<Outcome>>,
    failed_administration: Option<Answer<Administered>>,
}

impl Group {
    pub(super) fn apply(&mut self, tables: &mut Tables<'_>, request: Request) -> Result<(), redb::Error> {
        match request {
            Request::Commit(commit, answer) => match apply_commit(tables, &commit) {
                Ok(Outcome::Committed { generation }) => {
                    if !commit.is_confirmation() {
                        entry::append(&mut self.record, &commit);
                        self.before.entry(commit.user).or_insert(commit.expected);
                    }
                    self.is_beyond_journal |= commit.brought.is_some();
                    if !commit.changes.is_empty() {
                        self.timelines.remove(&commit.user);
                    }
                    let entry = commit.timeline.as_ref();
                    if let Some(entry) = entry.filter(|entry| entry.finished.body.len() <= COMMITTED_TIMELINE_BYTES_MAX)
                    {
                        self.timelines.insert(commit.user, entry.finished.clone());
                    }
                    self.committed.push((commit.user, generation, commit.timeline, answer));
                }
                Ok(Outcome::Stale { generation }) => self.stale.push((generation, answer)),
                Err(error) => {
                    self.failed_commit = Some(answer);
                    return Err(error);
                }
            },
            Request::PutTimeline(user, finished) => {
                if head_of(tables, user)?.is_some_and(|head| head.generation == finished.generation) {
                    self.timelines.insert(user, finished);
                }
            }
            Request::Administer(administration, answer) => match self.administer(tables, *administration) {
                Ok(administered) => {
                    self.is_beyond_journal = true;
                    self.administered.push((administered, answer));
                }
                Err(error) => {
                    self.failed_administration = Some(answer);
                    return Err(error);
                }
            },
            Request::NoteUse(hash, at) => accounts::note_use(tables.close(), &hash, at)?,
            Request::Look => {}
        }
        Ok(())
    }

    /// Whether anything in the group was promised to be durable.
    pub(super) fn is_durable(&self) -> bool {
        self.is_beyond_journal || !self.before.is_empty()
    }

    /// Whether somebody's data was removed.
    pub(super) fn removes(&self) -> bool {
        !self.removed.is_empty()
    }

    fn administer(
        &mut self,
        tables: &mut Tables<'_>,
        administration: Administration,
    ) -> Result<Administered, redb::Error> {
        if let Administration::Mend(rows) = &administration {
            // What was planned from a row that is mended is of no use.
            self.timelines.retain(|user, _| !rows.iter().any(|row| row.planned_for() == Some(*user)));
        }
        let removed = match &administration {
            Administration::RemoveUser { id } => head_of(tables, *id)?.map(|head| (*id, head.generation)),
            Administration::AddUser { .. }
            | Administration::ChangeUser { .. }
            | Administration::ReplaceCredential { .. }
            | Administration::AddToken { .. }
            | Administration::RemoveToken { .. }
            | Administration::RemoveSessions { .. }
            | Administration::PutRemote { .. }
            | Administration::NoteBasis(_)
            | Administration::Mend(_) => None,
        };
        let administered = accounts::apply(tables.close(), administration)?;
        if let (Administered::UserRemoved, Some((id, generation))) = (administered, removed) {
            self.timelines.remove(&id);
            self.before.entry(id).or_insert(generation);
            self.removed.push(id);
        }
        Ok(administered)
    }

    /// Generations first, answers last: whoever is answered finds what was promised.
    pub(super) fn publish(self, published: &Published) {
        for (user, generation, entry, _) in &self.committed {
            published.publish(*user, *generation, entry.as_ref());
        }
        for user in self.removed {
            published.remove(user);
        }
        for (_, generation, _, answer) in self.committed {
            // An asker that went away has lost interest, not the commit.
            let _ = answer.send(Ok(Outcome::Committed { generation }));
        }
        for (generation, answer) in self.stale {
            let _ = answer.send(Ok(Outcome::Stale { generation }));
        }
        for (administered, answer) in self.administered {
            let _ = answer.send(Ok(administered));
        }
    }

    /// Tells everybody in the group, and the requests that were not even tried, what went wrong.
    pub(super) fn fail(self, error: &StoreError, untried: impl Iterator<Item = Request>) {
        let committed = self.committed.into_iter().map(|(_, _, _, answer)| answer);
        let stale = self.stale.into_iter().map(|(_, answer)| answer);
        let administered = self.administered.into_iter().map(|(_, answer)| answer);
        let mut outcomes: Vec<_> = committed.chain(stale).chain(self.failed_commit).collect();
        let mut administrations: Vec<_> = administered.chain(self.failed_administration).collect();
        for request in untried {
            match request {
                Request::Commit(_, answer) => outcomes.push(answer),
                Request::Administer(_, answer) => administrations.push(answer),
                Request::PutTimeline(..) | Request::NoteUse(..) | Request::Look => {}
            }
        }
        for answer in outcomes {
            let _ = answer.send(Err(error.clone()));
        }
        for answer in administrations {
            let _ = answer.send(Err(error.clone()));
        }
    }
}
